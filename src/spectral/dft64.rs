//! The orthonormal 2-D DFT in double precision, for the few planes where exactness matters more than speed: mean images
//! and tests.
//!
//! Same layout as [`super::fft2`] (stored columns, index `kx·H + ky`), but normalised by `1/√(HW)`, so that Parseval's
//! theorem reads `Σ |X|² = Σ x²` over the full plane.

use realfft::RealFftPlanner;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;

use super::grid::Size;

/// The orthonormal half-spectrum of `plane` (`H·W` values, row by row): `H·(⌊W/2⌋+1)` modes, column by column.
///
/// Plans and allocates on every call.
///
/// # Panics
///
/// If `plane` does not hold `H·W` values.
pub fn orthonormal_dft(size: Size, plane: &[f64]) -> Vec<Complex64> {
    let (h, w) = (size.height, size.width);
    assert_eq!(plane.len(), h * w, "a plane of {size}");
    let n_columns = w / 2 + 1;
    let rows = RealFftPlanner::<f64>::new().plan_fft_forward(w);
    let columns = FftPlanner::<f64>::new().plan_fft_forward(h);
    let mut spectrum = vec![Complex64::default(); h * n_columns];
    let mut row = rows.make_input_vec();
    let mut row_spectrum = rows.make_output_vec();
    let mut scratch = rows.make_scratch_vec();
    for (y, values) in plane.chunks_exact(w).enumerate() {
        row.copy_from_slice(values);
        let done = rows.process_with_scratch(&mut row, &mut row_spectrum, &mut scratch);
        debug_assert!(done.is_ok(), "row lengths come from the plan");
        for (kx, value) in row_spectrum.iter().enumerate() {
            spectrum[kx * h + y] = *value;
        }
    }
    columns.process(&mut spectrum);
    let scale = 1.0 / (size.n_pixels() as f64).sqrt();
    spectrum.iter_mut().for_each(|x| *x *= scale);
    spectrum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Grid;
    use crate::spectral::naive::{SIZES, half_of, naive_dft, normal_plane};

    #[test]
    fn every_mode_equals_the_double_sum() {
        for (h, w) in SIZES {
            let size = Size::new(h, w);
            let plane = normal_plane(size, 8);
            let expected = half_of(size, &naive_dft(size, &plane));
            for (i, (x, y)) in orthonormal_dft(size, &plane).iter().zip(&expected).enumerate() {
                assert!((x - y).norm() <= 1e-12, "{size}, mode {i}: {x} instead of {y}");
            }
        }
    }

    #[test]
    fn parseval_closes_and_a_constant_is_its_zero_frequency_alone() {
        for (h, w) in SIZES {
            let size = Size::new(h, w);
            let grid = Grid::new(size);
            let plane = normal_plane(size, 9);
            let energy: f64 = plane.iter().map(|v| v * v).sum();
            let powers = orthonormal_dft(size, &plane).into_iter().enumerate();
            let power: f64 = powers.map(|(i, x)| grid.multiplicity(i / h) * x.norm_sqr()).sum();
            assert!((power - energy).abs() <= 1e-12 * energy, "{size}");
            let constant = orthonormal_dft(size, &vec![-0.5; h * w]);
            assert!((constant[0] + 0.5 * ((h * w) as f64).sqrt()).norm() <= 1e-12, "{size}");
            assert!(constant[1..].iter().all(|x| x.norm() <= 1e-12), "{size}");
        }
    }
}
