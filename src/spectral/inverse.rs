//! The inverse 2-D FFT in single precision: from a half-spectrum to a real plane, or to a part of it.
//!
//! # Definition
//!
//! `x[y, x] = Σ X[ky, kx] e^{2πi(ky·y/H + kx·x/W)}` over the full plane, of which the columns `kx = 0 … ⌊W/2⌋` are given
//! (column by column, as [`super::fft2`] leaves them).
//!
//! # Conventions
//!
//! Nothing is normalised: an orthonormal half-spectrum has to be divided by `√(HW)`. The columns that are their own conjugates
//! (`kx = 0` and, W even, `W/2`) must be Hermitian along `ky`; what is not is dropped.
//!
//! # Cost
//!
//! `O(HW log HW)`, no allocation. Of a plane that is cropped only the rows that are kept are transformed back.

use std::ops::Range;
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner};
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::grid::Size;

/// Rows gathered together: eight complex numbers fill a cache line of a column.
const ROWS_AT_ONCE: usize = 8;

/// An immutable plan for one plane size and the part of it that is wanted.
#[derive(Clone)]
pub struct InverseFft2Plan {
    size: Size,
    kept_rows: Range<usize>,
    kept_columns: Range<usize>,
    columns: Arc<dyn Fft<f32>>,
    rows: Arc<dyn ComplexToReal<f32>>,
}

impl std::fmt::Debug for InverseFft2Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InverseFft2Plan").field("size", &self.size).field("kept", &self.output_size()).finish()
    }
}

/// The scratch memory one worker needs to run an [`InverseFft2Plan`].
#[derive(Debug, Clone)]
pub struct InverseFft2Workspace {
    row_spectra: Vec<Complex32>,
    row: Vec<f32>,
    row_scratch: Vec<Complex32>,
    column_scratch: Vec<Complex32>,
}

impl InverseFft2Plan {
    /// Plans the inverse transform to planes of `size`.
    pub fn new(size: Size) -> Self {
        Self::cropped(size, size)
    }

    /// Plans the inverse transform to planes of `size`, of which only the central `kept` is wanted: from row
    /// `⌊(H − h)/2⌋` and column `⌊(W − w)/2⌋` on.
    ///
    /// # Panics
    ///
    /// If the part is larger than the whole.
    pub fn cropped(size: Size, kept: Size) -> Self {
        assert!(kept.height <= size.height && kept.width <= size.width, "a part is no larger than the whole");
        let (top, left) = ((size.height - kept.height) / 2, (size.width - kept.width) / 2);
        Self {
            size,
            kept_rows: top..top + kept.height,
            kept_columns: left..left + kept.width,
            columns: FftPlanner::<f32>::new().plan_fft_inverse(size.height),
            rows: RealFftPlanner::<f32>::new().plan_fft_inverse(size.width),
        }
    }

    /// Size of the planes that come out, pixels.
    pub fn output_size(&self) -> Size {
        Size::new(self.kept_rows.len(), self.kept_columns.len())
    }

    /// Length of the input: `H·(⌊W/2⌋ + 1)` stored modes.
    pub fn n_modes(&self) -> usize {
        self.size.height * self.n_columns()
    }

    fn n_columns(&self) -> usize {
        self.size.width / 2 + 1
    }

    /// Scratch for one worker.
    pub fn workspace(&self) -> InverseFft2Workspace {
        let zero = Complex32::default();
        InverseFft2Workspace {
            row_spectra: vec![zero; ROWS_AT_ONCE * self.n_columns()],
            row: vec![0.0; self.size.width],
            row_scratch: vec![zero; self.rows.get_scratch_len()],
            column_scratch: vec![zero; self.columns.get_inplace_scratch_len()],
        }
    }

    /// Transforms `spectrum` (column by column; scratch afterwards) into `plane` (row by row, of [`Self::output_size`]).
    ///
    /// # Panics
    ///
    /// If a slice has another length than the plan asks for, or the workspace belongs to another plan.
    pub fn inverse(&self, spectrum: &mut [Complex32], plane: &mut [f32], workspace: &mut InverseFft2Workspace) {
        let (h, n_columns) = (self.size.height, self.n_columns());
        let width = self.kept_columns.len();
        assert_eq!(spectrum.len(), self.n_modes(), "a half-spectrum of {}", self.size);
        assert_eq!(plane.len(), self.output_size().n_pixels(), "a plane of {}", self.output_size());
        self.columns.process_with_scratch(spectrum, &mut workspace.column_scratch);
        let mut first = self.kept_rows.start;
        for block in plane.chunks_mut(ROWS_AT_ONCE * width) {
            let n_rows = block.len() / width;
            for (kx, column) in spectrum.chunks_exact(h).enumerate() {
                for (r, value) in column[first..first + n_rows].iter().enumerate() {
                    workspace.row_spectra[r * n_columns + kx] = *value;
                }
            }
            for (row_spectrum, out) in
                workspace.row_spectra.chunks_exact_mut(n_columns).zip(block.chunks_exact_mut(width))
            {
                self.make_real(row_spectrum);
                let done = self.rows.process_with_scratch(row_spectrum, &mut workspace.row, &mut workspace.row_scratch);
                debug_assert!(done.is_ok(), "lengths come from the plan, and the ends are real");
                out.copy_from_slice(&workspace.row[self.kept_columns.clone()]);
            }
            first += n_rows;
        }
    }

    /// Drops what rounding left of the imaginary parts of a row's self-conjugate modes.
    fn make_real(&self, row_spectrum: &mut [Complex32]) {
        row_spectrum[0].im = 0.0;
        if self.size.width.is_multiple_of(2) {
            row_spectrum[self.n_columns() - 1].im = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::fft2::Fft2Plan;
    use crate::spectral::naive::{SIZES, normal_plane};

    fn spectrum_of(size: Size, plane: &[f32]) -> Vec<Complex32> {
        let plan = Fft2Plan::new(size);
        let mut spectrum = vec![Complex32::default(); plan.n_modes()];
        plan.forward(plane, &mut spectrum, &mut plan.workspace());
        spectrum
    }

    fn single(size: Size, seed: u64) -> Vec<f32> {
        normal_plane(size, seed).into_iter().map(|v| v as f32).collect()
    }

    #[test]
    fn forward_and_back_is_the_plane_times_its_pixels() {
        for (h, w) in SIZES.into_iter().chain([(24, 40), (33, 17)]) {
            let size = Size::new(h, w);
            let plane = single(size, 3);
            let plan = InverseFft2Plan::new(size);
            let mut back = vec![f32::NAN; h * w];
            plan.inverse(&mut spectrum_of(size, &plane), &mut back, &mut plan.workspace());
            for (got, want) in back.iter().zip(&plane) {
                let want = want * (h * w) as f32;
                assert!((got - want).abs() <= 1e-5 * (h * w) as f32, "{size}: {got} instead of {want}");
            }
        }
    }

    #[test]
    fn a_part_is_cut_from_the_whole() {
        for ((h, w), (kept_h, kept_w)) in
            [((12, 15), (4, 5)), ((9, 9), (3, 3)), ((21, 6), (7, 6)), ((5, 5), (4, 2)), ((3, 3), (1, 1))]
        {
            let size = Size::new(h, w);
            let plane = single(size, 4);
            let plan = InverseFft2Plan::cropped(size, Size::new(kept_h, kept_w));
            let mut part = vec![f32::NAN; kept_h * kept_w];
            plan.inverse(&mut spectrum_of(size, &plane), &mut part, &mut plan.workspace());
            let (top, left) = ((h - kept_h) / 2, (w - kept_w) / 2);
            for (i, got) in part.iter().enumerate() {
                let want = plane[(top + i / kept_w) * w + left + i % kept_w] * (h * w) as f32;
                assert!((got - want).abs() <= 1e-5 * (h * w) as f32, "{size}, {i}: {got} instead of {want}");
            }
        }
    }
}
