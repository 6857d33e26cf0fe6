//! The first half of a transform: that of every row, many rows in one call.
//!
//! # Definition
//!
//! A row of even width `W = 2m` is read as `m` complex numbers, its even pixels the real parts. Their transform `Z`
//! mixes the transforms `E` and `O` of even and odd pixels, which the symmetry of real input tells apart:
//!
//! `E[k] = (Z[k] + Z*[m−k])/2`, `O[k] = (Z[k] − Z*[m−k])/2i`, `X[k] = E[k] + w^k O[k]`, `X[m−k] = (E[k] − w^k O[k])*`,
//!
//! with `w = e^{−2πi/W}`. `X[0]` and `X[m]` are real and share one place, so that a row takes `m` complex numbers
//! before and after. Rows of odd width go through `realfft`, one by one. Results are those of `realfft` bit for bit,
//! but for signs of zeros: what differs is that many rows are transformed in one call, and eight pairs are separated at
//! a time.
//!
//! # References
//!
//! Press et al., Numerical Recipes, §12.3.

use std::sync::Arc;

use multiversion::multiversion;
use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::COLUMNS_AT_ONCE;
use crate::spectral::Size;

/// Pairs that are separated together: the numbers of each side fill a cache line.
const PAIRS_AT_ONCE: usize = 8;

/// Numbers of the rows that are transformed together: as many as stay in the first-level cache.
const NUMBERS_AT_ONCE: usize = 1024;

/// How rows of one width are transformed.
#[derive(Clone)]
pub(super) enum RowPlan {
    /// Through the transform of half the length, and `w^k/2` for the pairs.
    Even(Arc<dyn Fft<f32>>, Arc<Twiddles>),
    /// By the library.
    Odd(Arc<dyn RealToComplex<f32>>),
}

/// Real and imaginary parts of `w^k/2`, `k < m/2`.
pub(super) struct Twiddles {
    re: Vec<f32>,
    im: Vec<f32>,
}

/// The transforms of all rows of a plane, and scratch.
#[derive(Debug, Clone)]
pub(super) struct RowSpectra {
    pub row: Vec<f32>,
    pub spectra: Vec<Complex32>,
    pub scratch: Vec<Complex32>,
}

impl RowPlan {
    /// Plans rows of `width` pixels.
    pub fn new(width: usize) -> Self {
        if !width.is_multiple_of(2) {
            return Self::Odd(RealFftPlanner::<f32>::new().plan_fft_forward(width));
        }
        let half = width / 2;
        let angles = || (0..half.div_ceil(2)).map(|k| -std::f64::consts::TAU * k as f64 / width as f64);
        let re = angles().map(|angle| 0.5 * angle.cos() as f32).collect();
        let im = angles().map(|angle| 0.5 * angle.sin() as f32).collect();
        Self::Even(FftPlanner::<f32>::new().plan_fft_forward(half), Arc::new(Twiddles { re, im }))
    }

    /// Room for the rows of a plane of `size`.
    pub fn workspace(&self, size: Size) -> RowSpectra {
        let zero = Complex32::default();
        let (row, stride, scratch) = match self {
            Self::Even(half, _) => (0, size.width / 2, half.get_immutable_scratch_len()),
            Self::Odd(rows) => (size.width, size.n_columns(), rows.get_scratch_len()),
        };
        RowSpectra { row: vec![0.0; row], spectra: vec![zero; size.height * stride], scratch: vec![zero; scratch] }
    }

    /// Transforms the rows of `plane`.
    pub fn transform(&self, plane: &[f32], out: &mut RowSpectra) {
        match self {
            Self::Even(half, twiddles) => {
                let at_once = (NUMBERS_AT_ONCE / half.len()).max(1) * half.len();
                let rows = bytemuck::cast_slice::<f32, Complex32>(plane).chunks(at_once);
                for (rows, spectra) in rows.zip(out.spectra.chunks_mut(at_once)) {
                    half.process_immutable_with_scratch(rows, spectra, &mut out.scratch);
                    separate(spectra, half.len(), twiddles);
                }
            }
            Self::Odd(rows) => {
                let (width, n_columns) = (rows.len(), rows.complex_len());
                for (row, spectrum) in plane.chunks_exact(width).zip(out.spectra.chunks_exact_mut(n_columns)) {
                    out.row.copy_from_slice(row);
                    // The lengths come from the plan, so this cannot fail.
                    let done = rows.process_with_scratch(&mut out.row, spectrum, &mut out.scratch);
                    debug_assert!(done.is_ok(), "row lengths come from the plan");
                }
            }
        }
    }

    /// Copies the columns from `first` on out of the rows' transforms, as many as `columns` holds at `height` values
    /// each.
    pub fn gather(&self, rows: &[Complex32], first: usize, height: usize, columns: &mut [Complex32]) {
        let stride = rows.len() / height;
        let n = columns.len() / height;
        // Of even widths the last column is beside the first.
        let n_stored = n.min(stride - first);
        if n_stored > 0 {
            gather_columns(rows, stride, first, height, &mut columns[..n_stored * height]);
        }
        if let Self::Even(..) = self {
            if n_stored < n {
                let last = &mut columns[n_stored * height..];
                for (value, row) in last.iter_mut().zip(rows.chunks_exact(stride)) {
                    *value = Complex32::new(row[0].im, 0.0);
                }
            }
            if first == 0 {
                columns[..height].iter_mut().for_each(|value| value.im = 0.0);
            }
        }
    }
}

/// Makes transforms of pixels out of those of pairs of pixels, row by row of `m` numbers.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn separate(rows: &mut [Complex32], m: usize, twiddles: &Twiddles) {
    let n_pairs = twiddles.re.len();
    for row in rows.chunks_exact_mut(m) {
        let zero = row[0];
        let mut k = 0;
        while let Some(twiddle_re) = twiddles.re[k..].first_chunk::<PAIRS_AT_ONCE>()
            && let Some(twiddle_im) = twiddles.im[k..].first_chunk::<PAIRS_AT_ONCE>()
        {
            // The first number is its own partner, and not behind the others'. Lengths are constant: copies of a length
            // that varies take longer than all else here.
            let mut a = [zero; PAIRS_AT_ONCE];
            let mut b = [zero; PAIRS_AT_ONCE];
            a.copy_from_slice(&row[k..k + PAIRS_AT_ONCE]);
            let right = m - k + 1 - PAIRS_AT_ONCE;
            match k {
                0 => b[..PAIRS_AT_ONCE - 1].copy_from_slice(&row[right..right + PAIRS_AT_ONCE - 1]),
                _ => b.copy_from_slice(&row[right..right + PAIRS_AT_ONCE]),
            }
            separate_pairs(&mut a, &mut b, twiddle_re, twiddle_im);
            match k {
                0 => row[right..right + PAIRS_AT_ONCE - 1].copy_from_slice(&b[..PAIRS_AT_ONCE - 1]),
                _ => row[right..right + PAIRS_AT_ONCE].copy_from_slice(&b),
            }
            row[k..k + PAIRS_AT_ONCE].copy_from_slice(&a);
            k += PAIRS_AT_ONCE;
        }
        for k in k.max(1)..n_pairs {
            (row[k], row[m - k]) = pair(row[k], row[m - k], twiddles.re[k], twiddles.im[k]);
        }
        row[0] = Complex32::new(zero.re + zero.im, zero.re - zero.im);
        if m.is_multiple_of(2) {
            row[m / 2].im = -row[m / 2].im;
        }
    }
}

/// [`pair`] of the numbers in `a` and those in `b`, which run backwards. Real and imaginary parts are taken apart: so
/// the compiler adds and multiplies eight at a time.
#[inline(always)]
fn separate_pairs(
    a: &mut [Complex32; PAIRS_AT_ONCE],
    b: &mut [Complex32; PAIRS_AT_ONCE],
    twiddle_re: &[f32; PAIRS_AT_ONCE],
    twiddle_im: &[f32; PAIRS_AT_ONCE],
) {
    const LAST: usize = PAIRS_AT_ONCE - 1;
    let [mut a_re, mut a_im, mut b_re, mut b_im] = [[0.0; PAIRS_AT_ONCE]; 4];
    for i in 0..PAIRS_AT_ONCE {
        (a_re[i], a_im[i], b_re[i], b_im[i]) = (a[i].re, a[i].im, b[LAST - i].re, b[LAST - i].im);
    }
    for i in 0..PAIRS_AT_ONCE {
        let (a, b) = (Complex32::new(a_re[i], a_im[i]), Complex32::new(b_re[i], b_im[i]));
        let (a, b) = pair(a, b, twiddle_re[i], twiddle_im[i]);
        (a_re[i], a_im[i], b_re[i], b_im[i]) = (a.re, a.im, b.re, b.im);
    }
    for i in 0..PAIRS_AT_ONCE {
        (a[i], b[LAST - i]) = (Complex32::new(a_re[i], a_im[i]), Complex32::new(b_re[i], b_im[i]));
    }
}

/// `X[k]` and `X[m−k]` from `Z[k]`, `Z[m−k]` and `w^k/2`.
#[inline(always)]
fn pair(a: Complex32, b: Complex32, twiddle_re: f32, twiddle_im: f32) -> (Complex32, Complex32) {
    let (sum, difference) = (a + b, a - b);
    let re = sum.im * twiddle_re + difference.re * twiddle_im;
    let im = sum.im * twiddle_im - difference.re * twiddle_re;
    let (half_sum, half_difference) = (0.5 * sum.re, 0.5 * difference.im);
    (Complex32::new(half_sum + re, half_difference + im), Complex32::new(half_sum - re, im - half_difference))
}

/// Copies the columns from `first` on out of rows of `stride` numbers, as many as `columns` holds at `h` values each.
fn gather_columns(rows: &[Complex32], stride: usize, first: usize, h: usize, columns: &mut [Complex32]) {
    let rows = rows.chunks_exact(stride);
    if columns.len() == COLUMNS_AT_ONCE * h {
        let mut columns = columns.chunks_exact_mut(h);
        let mut columns: [&mut [Complex32]; COLUMNS_AT_ONCE] =
            std::array::from_fn(|_| columns.next().unwrap_or_default());
        for (y, row) in rows.enumerate() {
            for (column, value) in columns.iter_mut().zip(&row[first..first + COLUMNS_AT_ONCE]) {
                column[y] = *value;
            }
        }
        return;
    }
    for (y, row) in rows.enumerate() {
        for (column, value) in columns.chunks_exact_mut(h).zip(&row[first..]) {
            column[y] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::naive::normal_plane;

    /// Rows of every kind of width: pairs by the eight and left over, with and without a number in the middle.
    #[test]
    fn rows_are_those_of_the_library_bit_for_bit() {
        for width in (1..=70).chain([94, 96, 100, 128, 130, 202, 250, 256, 500, 502, 512, 1000, 1018, 1024]) {
            let size = Size::new(3, width);
            let plane: Vec<f32> = normal_plane(size, width as u64).into_iter().map(|v| v as f32).collect();
            let plan = RowPlan::new(width);
            let mut workspace = plan.workspace(size);
            workspace.spectra.fill(Complex32::new(f32::NAN, 1e30));
            plan.transform(&plane, &mut workspace);
            let mut columns = vec![Complex32::new(f32::NAN, f32::NAN); size.n_modes()];
            for first in (0..size.n_columns()).step_by(COLUMNS_AT_ONCE) {
                let end = size.n_columns().min(first + COLUMNS_AT_ONCE);
                plan.gather(&workspace.spectra, first, 3, &mut columns[first * 3..end * 3]);
            }
            let library = RealFftPlanner::<f32>::new().plan_fft_forward(width);
            for (y, row) in plane.chunks_exact(width).enumerate() {
                let mut expected = library.make_output_vec();
                library.process(&mut row.to_vec(), &mut expected).expect("lengths are the plan's");
                for (x, expected) in expected.iter().enumerate() {
                    let got = columns[x * 3 + y];
                    assert!(
                        got.re.to_bits() == expected.re.to_bits()
                            && (got.im + 0.0).to_bits() == (expected.im + 0.0).to_bits(),
                        "width {width}, row {y}, column {x}: {got} instead of {expected}"
                    );
                }
            }
        }
    }
}
