//! The forward 2-D FFT of a real plane in single precision: planned once, shared by all workers, scratch owned by each.
//!
//! # Definition
//!
//! `X[ky, kx] = Σ x[y, x] e^{-2πi(ky·y/H + kx·x/W)}` for the stored columns `kx = 0 … ⌊W/2⌋`.
//!
//! # Conventions
//!
//! The transform does **not** normalise: divide by `√(HW)` for the orthonormal DFT in which white noise of variance `s²`
//! has the expected power `s²` at every mode. The output is stored column by column, index `kx·H + ky` (see
//! [`super::grid`]). Rows go through `realfft`, columns through `rustfft`; any size works, also odd and prime.
//!
//! # Cost
//!
//! `O(HW log HW)`, no allocation. Rows are transformed a few at a time and scattered into columns while they are still in
//! the first-level cache.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::Size;

/// Rows transformed before they are scattered into columns: eight complex numbers fill a cache line.
const ROWS_AT_ONCE: usize = 8;

/// An immutable plan for one image size; cheap to clone and to share between threads.
#[derive(Clone)]
pub struct Fft2Plan {
    size: Size,
    rows: Arc<dyn RealToComplex<f32>>,
    columns: Arc<dyn Fft<f32>>,
}

impl std::fmt::Debug for Fft2Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fft2Plan").field("size", &self.size).finish_non_exhaustive()
    }
}

/// The scratch memory one worker needs to run a [`Fft2Plan`].
#[derive(Debug, Clone)]
pub struct Fft2Workspace {
    row: Vec<f32>,
    row_spectra: Vec<Complex32>,
    row_scratch: Vec<Complex32>,
    column_scratch: Vec<Complex32>,
}

impl Fft2Plan {
    /// Plans the transform of planes of `size`.
    pub fn new(size: Size) -> Self {
        let rows = RealFftPlanner::<f32>::new().plan_fft_forward(size.width);
        let columns = FftPlanner::<f32>::new().plan_fft_forward(size.height);
        Self { size, rows, columns }
    }

    /// The plane size, in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Length of the output: `H·(⌊W/2⌋ + 1)` stored modes.
    pub fn n_modes(&self) -> usize {
        self.size.height * self.n_columns()
    }

    fn n_columns(&self) -> usize {
        self.size.width / 2 + 1
    }

    /// Scratch for one worker.
    pub fn workspace(&self) -> Fft2Workspace {
        let zero = Complex32::default();
        Fft2Workspace {
            row: vec![0.0; self.size.width],
            row_spectra: vec![zero; ROWS_AT_ONCE * self.n_columns()],
            row_scratch: vec![zero; self.rows.get_scratch_len()],
            column_scratch: vec![zero; self.columns.get_inplace_scratch_len()],
        }
    }

    /// Transforms `plane` (`H·W` values, row by row) into `spectrum` (`H·(⌊W/2⌋+1)` modes, column by column).
    ///
    /// # Panics
    ///
    /// If a slice has another length than the plan asks for, or the workspace belongs to another plan.
    pub fn forward(&self, plane: &[f32], spectrum: &mut [Complex32], workspace: &mut Fft2Workspace) {
        let (h, w, n_columns) = (self.size.height, self.size.width, self.n_columns());
        assert_eq!(plane.len(), h * w, "a plane of {}", self.size);
        assert_eq!(spectrum.len(), h * n_columns, "a half-spectrum of {}", self.size);
        for (block, rows) in plane.chunks(ROWS_AT_ONCE * w).enumerate() {
            let n_rows = rows.len() / w;
            for (row, out) in rows.chunks_exact(w).zip(workspace.row_spectra.chunks_exact_mut(n_columns)) {
                workspace.row.copy_from_slice(row);
                // The lengths come from the plan, so this cannot fail.
                let done = self.rows.process_with_scratch(&mut workspace.row, out, &mut workspace.row_scratch);
                debug_assert!(done.is_ok(), "row lengths come from the plan");
            }
            let y0 = block * ROWS_AT_ONCE;
            for (kx, column) in spectrum.chunks_exact_mut(h).enumerate() {
                let target = &mut column[y0..y0 + n_rows];
                for (value, row) in target.iter_mut().zip(workspace.row_spectra.chunks_exact(n_columns)) {
                    *value = row[kx];
                }
            }
        }
        self.columns.process_with_scratch(spectrum, &mut workspace.column_scratch);
    }
}

/// Name of the FFT code path this machine runs. Results are identical on every machine that names the same kernel; another
/// instruction set rounds differently in the last bits.
pub fn fft_kernel() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx") && std::arch::is_x86_feature_detected!("fma") {
            return "rustfft-f32-avx-fma";
        }
        if std::arch::is_x86_feature_detected!("sse4.1") {
            return "rustfft-f32-sse41";
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        return "rustfft-f32-neon";
    }
    #[allow(unreachable_code)]
    "rustfft-f32-scalar"
}

#[cfg(test)]
mod tests;
