//! The orthonormal 2-D DFT in double precision, for the few planes where exactness matters more than speed: mean images
//! and tests.
//!
//! Same layout as [`super::fft2`] (stored columns, index `kx·H + ky`), but normalised by `1/√(HW)`, so that Parseval's
//! theorem reads `Σ |X|² = Σ x²` over the full plane.

use realfft::RealFftPlanner;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;

use super::Size;

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
