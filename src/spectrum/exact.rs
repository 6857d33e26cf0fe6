//! Exact sums: each contribution is rounded once to a fixed-point grid and then added as an integer, so a sum does not
//! depend on the order, the grouping or the number of threads.
//!
//! # Definition
//!
//! A tensor with quantum `2^q` holds integers `N`; the value it stands for is `N · 2^q`. A contribution `v` adds the
//! integer nearest to `v · 2^{-q}`, halves to even. Integer addition is associative, hence the bytes of the result are
//! a function of the set of contributions alone.
//!
//! # Cost
//!
//! A worker adds into 64-bit lanes: scaling, one floating-point addition that rounds (see `ROUNDER`) and one integer
//! addition per value, all vectorised. Blocks that hold a value too large for that (the low frequencies of photographs
//! do) split their values into two limbs with a lane each, vectorised too, with the same rounding; only values beyond
//! 2¹⁰¹ quanta go through 128-bit arithmetic one by one. Lanes are emptied into 128-bit totals every [`FLUSH_AFTER`]
//! contributions, before they can overflow.

mod integers;
mod rounding;

use multiversion::multiversion;

use self::integers::{add_integers_narrow, add_integers_wide, add_squares_narrow, add_squares_wide};
pub use self::rounding::FLUSH_AFTER;
use self::rounding::{NARROW_LIMIT, ROUNDER, round_narrow};
use super::error::SpectrumError;

/// Lanes that share the decision between the narrow and the wide path.
const BLOCK: usize = 64;

/// One unit of a wide value's upper limb, in quanta. The lower limb is at most half of it, so that a lane holds
/// [`FLUSH_AFTER`] of them.
const LIMB: f64 = (1u64 << 50) as f64;

/// Magnitudes below this, in quanta, have an upper limb that is rounded exactly.
const WIDE_LIMIT: f64 = NARROW_LIMIT * LIMB;

/// Magnitudes from this on, in quanta, do not fit 128 bits: 2¹²⁷.
const BEYOND_LIMIT: f64 = i128::MAX as f64;

/// Name, shape and quantum of a tensor of exact sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Name in the file.
    pub name: &'static str,
    /// Extents, slowest first.
    pub shape: Vec<usize>,
    /// Exponent of the quantum: one unit is worth `2^quantum_log2`.
    pub quantum_log2: i32,
    /// Largest magnitude of a contribution, where contributions are whole numbers.
    pub largest_integer: Option<u64>,
}

impl TensorSpec {
    /// A tensor called `name`.
    pub fn new(name: &'static str, shape: &[usize], quantum_log2: i32) -> Self {
        Self { name, shape: shape.to_vec(), quantum_log2, largest_integer: None }
    }

    /// A tensor called `name` of sums of whole numbers of magnitude up to `largest`.
    pub fn integers(name: &'static str, shape: &[usize], largest: u64) -> Self {
        Self { name, shape: shape.to_vec(), quantum_log2: 0, largest_integer: Some(largest) }
    }

    /// Whether [`FLUSH_AFTER`] contributions fit lanes of 32 bits.
    fn fits_narrow_lanes(&self) -> bool {
        self.largest_integer.is_some_and(|n| n.saturating_mul(FLUSH_AFTER as u64) <= i32::MAX as u64)
    }

    /// Bytes of the lane of one element.
    pub(super) fn lane_bytes(&self) -> usize {
        if self.fits_narrow_lanes() { size_of::<i32>() } else { size_of::<i64>() }
    }

    /// Number of elements.
    pub fn n_elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The lanes one worker adds into.
#[derive(Debug, Clone)]
pub struct ExactLanes {
    scale: f64,
    lanes: Vec<i64>,
    /// In place of `lanes` for sums of small whole numbers: half the memory to walk through.
    narrow: Vec<i32>,
    /// Contributions too large for the lanes, allocated for the few blocks that see any.
    wide: Vec<Option<Box<WideBlock>>>,
    /// Whether a contribution was not finite, or too large; reported when the lanes are emptied.
    not_finite: bool,
}

/// Sums of a block's contributions that are too large for its lanes.
#[derive(Debug, Clone)]
struct WideBlock {
    /// Sums of upper limbs, in units of [`LIMB`] quanta.
    upper: [i64; BLOCK],
    /// Sums of lower limbs, in quanta.
    lower: [i64; BLOCK],
    /// Sums of what is too large even for two limbs, in quanta.
    beyond: Option<Box<[i128; BLOCK]>>,
}

impl Default for WideBlock {
    fn default() -> Self {
        Self { upper: [0; BLOCK], lower: [0; BLOCK], beyond: None }
    }
}

impl ExactLanes {
    /// Empty lanes for `n` sums with quantum `2^quantum_log2`.
    pub fn new(n: usize, quantum_log2: i32) -> Self {
        Self {
            scale: f64::from(-quantum_log2).exp2(),
            lanes: vec![0; n],
            narrow: Vec::new(),
            wide: vec![None; n.div_ceil(BLOCK)],
            not_finite: false,
        }
    }

    /// Empty lanes for the sums of `spec`.
    pub fn of(spec: &TensorSpec) -> Self {
        if spec.fits_narrow_lanes() {
            let narrow = vec![0; spec.n_elements()];
            return Self { scale: 1.0, lanes: Vec::new(), narrow, wide: Vec::new(), not_finite: false };
        }
        Self::new(spec.n_elements(), spec.quantum_log2)
    }

    /// Number of sums.
    pub fn n_sums(&self) -> usize {
        self.lanes.len().max(self.narrow.len())
    }

    /// Adds `values` to the sums that start at `offset`.
    ///
    /// # Panics
    ///
    /// If the values reach beyond the last sum.
    pub fn add(&mut self, offset: usize, values: &[f64]) {
        let lanes = &mut self.lanes[offset..offset + values.len()];
        let is_finite = add_values(lanes, &mut self.wide[offset / BLOCK..], offset % BLOCK, values, self.scale);
        self.not_finite |= !is_finite;
    }

    /// Adds `values`, which are whole numbers within the bounds of the specification, to the sums that start at
    /// `offset`, and returns their total.
    ///
    /// # Panics
    ///
    /// If the values reach beyond the last sum, or these are not sums of whole numbers.
    pub fn add_integers(&mut self, offset: usize, values: &[f32]) -> i64 {
        if self.narrow.is_empty() {
            add_integers_wide(&mut self.lanes[offset..offset + values.len()], values)
        } else {
            add_integers_narrow(&mut self.narrow[offset..offset + values.len()], values)
        }
    }

    /// Adds the squares of `values`, under the same conditions as [`ExactLanes::add_integers`], and returns their
    /// total.
    ///
    /// # Panics
    ///
    /// As [`ExactLanes::add_integers`].
    pub fn add_squares(&mut self, offset: usize, values: &[f32]) -> i64 {
        if self.narrow.is_empty() {
            add_squares_wide(&mut self.lanes[offset..offset + values.len()], values)
        } else {
            add_squares_narrow(&mut self.narrow[offset..offset + values.len()], values)
        }
    }

    /// Empties the lanes into `totals`.
    ///
    /// # Errors
    ///
    /// If a total overflows 128 bits, or a contribution was not a finite number.
    pub fn drain_into(&mut self, totals: &mut [i128], name: &'static str) -> Result<(), SpectrumError> {
        if self.not_finite {
            return Err(SpectrumError::NotFinite { name });
        }
        let overflow = || SpectrumError::Overflow { name: name.to_owned() };
        for (total, lane) in totals.iter_mut().zip(&mut self.lanes) {
            *total = total.checked_add(i128::from(std::mem::take(lane))).ok_or_else(overflow)?;
        }
        for (total, lane) in totals.iter_mut().zip(&mut self.narrow) {
            *total = total.checked_add(i128::from(std::mem::take(lane))).ok_or_else(overflow)?;
        }
        for (block, totals) in self.wide.iter_mut().zip(totals.chunks_mut(BLOCK)) {
            if let Some(block) = block {
                block.drain_into(totals).ok_or_else(overflow)?;
            }
        }
        Ok(())
    }
}

impl WideBlock {
    /// Adds the rounded `quanta` from position `first` on; returns false if one of them is not finite or too large.
    /// Inlined, so that it is compiled for its caller's instruction set.
    #[inline(always)]
    fn add(&mut self, first: usize, quanta: &[f64]) -> bool {
        let n = quanta.len();
        if quanta.iter().fold(true, |fits, q| fits & (q.abs() < WIDE_LIMIT)) {
            let limbs = self.upper[first..first + n].iter_mut().zip(&mut self.lower[first..first + n]);
            for ((upper, lower), q) in limbs.zip(quanta) {
                // The subtraction is exact, and whole limbs are even: rounding the rest rounds the whole, ties
                // included.
                let limbs = (q * (1.0 / LIMB) + ROUNDER) - ROUNDER;
                *upper = upper.wrapping_add(round_narrow(limbs));
                *lower = lower.wrapping_add(round_narrow(q - limbs * LIMB));
            }
            return true;
        }
        let beyond = self.beyond.get_or_insert_with(|| Box::new([0; BLOCK]));
        let mut fits = true;
        for (sum, q) in beyond[first..first + n].iter_mut().zip(quanta) {
            let total = sum.checked_add(q.round_ties_even() as i128);
            // False for NaN, too.
            fits &= q.abs() < BEYOND_LIMIT && total.is_some();
            *sum = total.unwrap_or(*sum);
        }
        fits
    }

    /// Empties the block into `totals`; none if one overflows.
    fn drain_into(&mut self, totals: &mut [i128]) -> Option<()> {
        let beyond = self.beyond.take();
        for (i, total) in totals.iter_mut().enumerate() {
            let limbs = i128::from(std::mem::take(&mut self.upper[i])) * LIMB as i128;
            let sum = limbs + i128::from(std::mem::take(&mut self.lower[i]));
            *total = total.checked_add(sum)?.checked_add(beyond.as_ref().map_or(0, |b| b[i]))?;
        }
        Some(())
    }
}

/// Adds the rounded `values · scale` to `lanes`, the first of which is the `phase`-th of its block, and what is too
/// large for them to `wide`. Returns false if a value is not finite.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn add_values(
    lanes: &mut [i64],
    wide: &mut [Option<Box<WideBlock>>],
    phase: usize,
    values: &[f64],
    scale: f64,
) -> bool {
    let mut is_finite = true;
    let mut quanta = [0.0; BLOCK];
    let (mut start, mut phase) = (0, phase);
    for wide in wide {
        let end = (start + BLOCK - phase).min(values.len());
        let block = &values[start..end];
        // Blocks that never saw a large value most likely see none now: add first, and take it back if one was. The
        // others look first.
        let may_fit = wide.is_none() || all_fit(block, scale);
        if !(may_fit && add_narrow(&mut lanes[start..end], block, scale)) {
            let quanta = &mut quanta[..end - start];
            for (q, value) in quanta.iter_mut().zip(block) {
                *q = value * scale;
            }
            is_finite &= wide.get_or_insert_default().add(phase, quanta);
        }
        (start, phase) = (end, 0);
        if start == values.len() {
            break;
        }
    }
    is_finite
}

#[inline(always)]
fn all_fit(values: &[f64], scale: f64) -> bool {
    values.iter().fold(true, |fits, value| fits & ((value * scale).abs() < NARROW_LIMIT))
}

/// Adds the rounded `values · scale` to `lanes`, or returns false and leaves them as they were if one is too large.
#[inline(always)]
fn add_narrow(lanes: &mut [i64], values: &[f64], scale: f64) -> bool {
    let mut fits = true;
    for (lane, value) in lanes.iter_mut().zip(values) {
        let quanta = value * scale;
        fits &= quanta.abs() < NARROW_LIMIT;
        *lane = lane.wrapping_add(round_narrow(quanta));
    }
    if !fits {
        for (lane, value) in lanes.iter_mut().zip(values) {
            *lane = lane.wrapping_sub(round_narrow(value * scale));
        }
    }
    fits
}

/// A finished tensor of exact sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExactTensor {
    /// Name, shape, quantum.
    pub spec: TensorSpec,
    /// The sums, in quanta.
    pub totals: Vec<i128>,
}

impl ExactTensor {
    /// A tensor of zeros.
    pub fn zeros(spec: TensorSpec) -> Self {
        let totals = vec![0; spec.n_elements()];
        Self { spec, totals }
    }

    /// Adds another tensor of the same name, shape and quantum.
    ///
    /// # Errors
    ///
    /// If a sum overflows 128 bits.
    ///
    /// # Panics
    ///
    /// If the specifications differ.
    pub fn merge(&mut self, other: &ExactTensor) -> Result<(), SpectrumError> {
        assert_eq!(self.spec, other.spec, "tensors to add have equal specifications");
        for (total, more) in self.totals.iter_mut().zip(&other.totals) {
            *total =
                total.checked_add(*more).ok_or_else(|| SpectrumError::Overflow { name: self.spec.name.to_owned() })?;
        }
        Ok(())
    }

    /// The sums as numbers, in the unit of the contributions.
    pub fn values(&self) -> Vec<f64> {
        let quantum = f64::from(self.spec.quantum_log2).exp2();
        self.totals.iter().map(|n| *n as f64 * quantum).collect()
    }
}

#[cfg(test)]
mod tests;
