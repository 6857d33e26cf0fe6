//! Exact sums: each contribution is rounded once to a fixed-point grid and then added as an integer, so a sum does not depend
//! on the order, the grouping or the number of threads.
//!
//! # Definition
//!
//! A tensor with quantum `2^q` holds integers `N`; the value it stands for is `N · 2^q`. A contribution `v` adds the integer
//! nearest to `v · 2^{-q}`, halves to even. Integer addition is associative, hence the bytes of the result are a function of
//! the set of contributions alone.
//!
//! # Cost
//!
//! A worker adds into 64-bit lanes: scaling, one floating-point addition that rounds (see `ROUNDER`) and one integer
//! addition per value, all vectorised. Blocks that hold a value too large for that (the low frequencies of photographs do)
//! split their values into two limbs with a lane each, vectorised too, with the same rounding; only values beyond 2¹⁰¹
//! quanta go through 128-bit arithmetic one by one. Lanes are emptied into 128-bit totals every [`FLUSH_AFTER`]
//! contributions, before they can overflow.

use multiversion::multiversion;

use super::SpectrumError;

/// Contributions after which a worker's lanes must be emptied: each is below 2⁵¹, so 4096 of them stay below 2⁶³.
pub const FLUSH_AFTER: usize = 4096;

/// Lanes that share the decision between the narrow and the wide path.
const BLOCK: usize = 64;

/// Magnitudes below this, in quanta, are rounded exactly by [`ROUNDER`].
const NARROW_LIMIT: f64 = (1u64 << 51) as f64;

/// One unit of a wide value's upper limb, in quanta. The lower limb is at most half of it, so that a lane holds
/// [`FLUSH_AFTER`] of them.
const LIMB: f64 = (1u64 << 50) as f64;

/// Magnitudes below this, in quanta, have an upper limb that is rounded exactly.
const WIDE_LIMIT: f64 = NARROW_LIMIT * LIMB;

/// 1.5 · 2⁵²: adding it to a number below 2⁵¹ leaves that number, rounded to the nearest integer, in the low mantissa bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

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
    /// Whether a contribution was not finite; reported when the lanes are emptied.
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

    /// Adds `values`, which are whole numbers within the bounds of the specification, to the sums that start at `offset`, and
    /// returns their total.
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

    /// Adds the squares of `values`, under the same conditions as [`ExactLanes::add_integers`], and returns their total.
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
    /// Adds the rounded `quanta` from position `first` on; returns false if one of them is not finite. Inlined, so that it is
    /// compiled for its caller's instruction set.
    #[inline(always)]
    fn add(&mut self, first: usize, quanta: &[f64]) -> bool {
        let n = quanta.len();
        if quanta.iter().fold(true, |fits, q| fits & (q.abs() < WIDE_LIMIT)) {
            let limbs = self.upper[first..first + n].iter_mut().zip(&mut self.lower[first..first + n]);
            for ((upper, lower), q) in limbs.zip(quanta) {
                // The subtraction is exact, and whole limbs are even: rounding the rest rounds the whole, ties included.
                let limbs = (q * (1.0 / LIMB) + ROUNDER) - ROUNDER;
                *upper = upper.wrapping_add(round_narrow(limbs));
                *lower = lower.wrapping_add(round_narrow(q - limbs * LIMB));
            }
            return true;
        }
        let beyond = self.beyond.get_or_insert_with(|| Box::new([0; BLOCK]));
        for (sum, q) in beyond[first..first + n].iter_mut().zip(quanta) {
            *sum += q.round_ties_even() as i128;
        }
        quanta.iter().all(|q| q.is_finite())
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

/// The integer nearest to `value`, of magnitude below [`NARROW_LIMIT`]; halves to even.
#[inline]
fn round_narrow(value: f64) -> i64 {
    ((value + ROUNDER).to_bits() as i64).wrapping_sub(ROUNDER.to_bits() as i64)
}

/// Adds the rounded `values · scale` to `lanes`, the first of which is the `phase`-th of its block, and what is too large
/// for them to `wide`. Returns false if a value is not finite.
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
        let (lanes, values) = (&mut lanes[start..end], &values[start..end]);
        // Blocks that never saw a large value most likely see none now: add first, and take it back if one was.
        if wide.is_some() || !add_narrow(lanes, values, scale) {
            let quanta = &mut quanta[..end - start];
            for (q, value) in quanta.iter_mut().zip(values) {
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

/// Values whose total fits the narrow lanes of a specification: as many as may be added to one of its lanes.
const RUN: usize = FLUSH_AFTER;

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn add_integers_narrow(lanes: &mut [i32], values: &[f32]) -> i64 {
    let mut total = 0;
    for (lanes, values) in lanes.chunks_mut(RUN).zip(values.chunks(RUN)) {
        let mut sum = 0i32;
        for (lane, value) in lanes.iter_mut().zip(values) {
            let value = narrow(*value);
            *lane = lane.wrapping_add(value);
            sum = sum.wrapping_add(value);
        }
        total += i64::from(sum);
    }
    total
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn add_squares_narrow(lanes: &mut [i32], values: &[f32]) -> i64 {
    let mut total = 0;
    for (lanes, values) in lanes.chunks_mut(RUN).zip(values.chunks(RUN)) {
        let mut sum = 0i32;
        for (lane, value) in lanes.iter_mut().zip(values) {
            let square = narrow(value * value);
            *lane = lane.wrapping_add(square);
            sum = sum.wrapping_add(square);
        }
        total += i64::from(sum);
    }
    total
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn add_integers_wide(lanes: &mut [i64], values: &[f32]) -> i64 {
    let mut sum = 0i64;
    for (lane, value) in lanes.iter_mut().zip(values) {
        // Whole numbers below 2²⁴ are exact in `f32`, and the rounder takes them to integers without a conversion call.
        let value = round_narrow(f64::from(*value));
        *lane = lane.wrapping_add(value);
        sum = sum.wrapping_add(value);
    }
    sum
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn add_squares_wide(lanes: &mut [i64], values: &[f32]) -> i64 {
    let mut sum = 0i64;
    for (lane, value) in lanes.iter_mut().zip(values) {
        let square = round_narrow(f64::from(*value) * f64::from(*value));
        *lane = lane.wrapping_add(square);
        sum = sum.wrapping_add(square);
    }
    sum
}

/// A whole number of magnitude below 2²² as an integer, by its bits: conversions saturate, and saturation costs.
#[inline(always)]
fn narrow(value: f32) -> i32 {
    const ROUNDER: f32 = 12_582_912.0; // 1.5 · 2²³
    ((value + ROUNDER).to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32)
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
mod tests {
    use super::*;

    fn sum_of(values: &[f64], quantum_log2: i32) -> Vec<i128> {
        let mut lanes = ExactLanes::new(values.len(), quantum_log2);
        lanes.add(0, values);
        let mut totals = vec![0; values.len()];
        lanes.drain_into(&mut totals, "test").unwrap();
        totals
    }

    #[test]
    fn contributions_are_rounded_to_the_nearest_quantum_with_halves_to_even() {
        assert_eq!(sum_of(&[0.5, 1.5, 2.5, -0.5, -1.5, 0.49, -0.51], 0), [0, 2, 2, 0, -2, 0, -1]);
        assert_eq!(sum_of(&[0.25, 0.125, -0.375], -2), [1, 0, -2]);
    }

    #[test]
    fn the_wide_path_rounds_as_the_fast_one_and_does_not_touch_its_neighbours() {
        let small = [3.25, -7.75, 0.125, 1e-3];
        let alone = sum_of(&small, -20);
        let mut with_giant = small.to_vec();
        with_giant.push(1e30);
        let together = sum_of(&with_giant, -20);
        assert_eq!(together[..4], alone[..]);
        assert_eq!(together[4], (1e30 * f64::from(20).exp2()) as i128);
    }

    #[test]
    fn every_magnitude_is_rounded_as_128_bit_arithmetic_rounds_it() {
        // Halves and odd numbers of units in the last place, up to magnitudes beyond two limbs.
        for exponent in 40..120 {
            for step in -9..=9 {
                let value = 2f64.powi(exponent) * (1.0 + f64::from(step) * 2f64.powi(-52)) + f64::from(step) * 0.5;
                let expected = value.round_ties_even() as i128;
                assert_eq!(sum_of(&[value, -value], 0), [expected, -expected], "{value:e}");
            }
        }
    }

    #[test]
    fn values_may_start_and_end_inside_a_block() {
        let n = 3 * BLOCK;
        for (offset, length) in [(0, n), (5, n - 9), (BLOCK - 1, 2), (BLOCK, BLOCK), (n - 1, 1), (n, 0)] {
            let values: Vec<f64> = (0..length).map(|i| if i % 50 == 7 { 1e20 } else { i as f64 + 1.0 }).collect();
            let mut lanes = ExactLanes::new(n, 0);
            lanes.add(offset, &values);
            let mut totals = vec![0; n];
            lanes.drain_into(&mut totals, "test").unwrap();
            let expected: Vec<i128> = values.iter().map(|v| *v as i128).collect();
            assert_eq!(totals[offset..offset + length], expected[..], "{offset} {length}");
            assert_eq!(totals.iter().sum::<i128>(), expected.iter().sum::<i128>(), "{offset} {length}");
        }
    }

    #[test]
    fn order_and_grouping_do_not_matter() {
        let values: Vec<f64> = (0..1000).map(|i| ((i * 7919) % 1013) as f64 * 1.37e-5 * 10f64.powi(i % 18)).collect();
        let total = |order: &mut dyn Iterator<Item = usize>, flush: usize| {
            let mut lanes = ExactLanes::new(1, -40);
            let mut totals = [0i128];
            for (n, i) in order.enumerate() {
                lanes.add(0, &values[i..i + 1]);
                if n % flush == 0 {
                    lanes.drain_into(&mut totals, "test").unwrap();
                }
            }
            lanes.drain_into(&mut totals, "test").unwrap();
            totals[0]
        };
        let forward = total(&mut (0..1000), 7);
        assert_eq!(forward, total(&mut (0..1000).rev(), 1));
        assert_eq!(forward, total(&mut (0..1000).map(|i| (i * 377) % 1000), FLUSH_AFTER));
    }

    #[test]
    fn lanes_hold_the_promised_number_of_largest_contributions() {
        let largest = NARROW_LIMIT - 1.0;
        let mut lanes = ExactLanes::new(1, 0);
        for _ in 0..FLUSH_AFTER {
            lanes.add(0, &[largest]);
        }
        let mut totals = [0i128];
        lanes.drain_into(&mut totals, "test").unwrap();
        assert_eq!(totals[0], largest as i128 * FLUSH_AFTER as i128);
    }

    #[test]
    fn whole_numbers_are_summed_exactly_in_lanes_of_either_width() {
        // The bounds of 8-bit channels, of luma, and of colour differences: narrow, narrow and wide, wide.
        for largest in [255u64, 255_000, 1_275_000] {
            let values: Vec<f32> = (0..5003).map(|i| (i * 7919 % (2 * largest + 1)) as f32 - largest as f32).collect();
            let specs = [TensorSpec::integers("sum", &[5003], largest), TensorSpec::integers("squares", &[5003], largest * largest)];
            let [mut sums, mut squares] = specs.map(|spec| ExactLanes::of(&spec));
            let (mut total, mut square_total) = (0, 0);
            for _ in 0..3 {
                total += sums.add_integers(0, &values);
                square_total += squares.add_squares(0, &values);
            }
            let (mut got, mut got_squares) = (vec![0; 5003], vec![0; 5003]);
            sums.drain_into(&mut got, "sum").unwrap();
            squares.drain_into(&mut got_squares, "squares").unwrap();
            for (i, value) in values.iter().enumerate() {
                assert_eq!(got[i], 3 * *value as i128, "{largest}");
                assert_eq!(got_squares[i], 3 * (*value as i128).pow(2), "{largest}");
            }
            assert_eq!(i128::from(total), got.iter().sum::<i128>());
            assert_eq!(i128::from(square_total), got_squares.iter().sum::<i128>());
        }
    }

    #[test]
    fn narrow_lanes_and_totals_hold_the_largest_contributions() {
        // The largest bound that is still narrow.
        let largest = i32::MAX as u64 / FLUSH_AFTER as u64;
        let spec = TensorSpec::integers("sum", &[FLUSH_AFTER], largest);
        assert_eq!((spec.lane_bytes(), TensorSpec::integers("sum", &[1], largest + 1).lane_bytes()), (4, 8));
        for sign in [1.0, -1.0] {
            let mut lanes = ExactLanes::of(&spec);
            let values = vec![sign * largest as f32; FLUSH_AFTER];
            let total: i64 = (0..FLUSH_AFTER).map(|_| lanes.add_integers(0, &values)).sum();
            let mut totals = vec![0; FLUSH_AFTER];
            lanes.drain_into(&mut totals, "sum").unwrap();
            let expected = sign as i128 * largest as i128 * FLUSH_AFTER as i128;
            assert!(totals.iter().all(|t| *t == expected));
            assert_eq!(i128::from(total), expected * FLUSH_AFTER as i128);
        }
    }

    #[test]
    fn a_contribution_that_is_not_finite_is_an_error() {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut lanes = ExactLanes::new(2, 0);
            lanes.add(0, &[1.0, bad]);
            assert!(matches!(lanes.drain_into(&mut [0; 2], "test"), Err(SpectrumError::NotFinite { .. })));
        }
    }

    #[test]
    fn overflow_is_an_error() {
        let mut tensor = ExactTensor::zeros(TensorSpec::new("test", &[1], 0));
        tensor.totals[0] = i128::MAX;
        let mut one = ExactTensor::zeros(TensorSpec::new("test", &[1], 0));
        one.totals[0] = 1;
        assert!(matches!(tensor.merge(&one), Err(SpectrumError::Overflow { .. })));
    }
}
