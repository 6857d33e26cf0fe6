//! The forward 2-D FFT of a real plane in single precision: planned once, shared by all workers, scratch owned by each.
//!
//! # Definition
//!
//! `X[ky, kx] = Σ x[y, x] e^{-2πi(ky·y/H + kx·x/W)}` for the stored columns `kx = 0 … ⌊W/2⌋`.
//!
//! # Conventions
//!
//! The transform does **not** normalise: divide by `√(HW)` for the orthonormal DFT in which white noise of variance
//! `s²` has the expected power `s²` at every mode. The output is stored column by column, index `kx·H + ky` (see
//! [`super::grid`]). Rows are transformed in `rows`, columns by `rustfft`; any size works, also odd and prime.
//!
//! # Cost
//!
//! `O(HW log HW)`, no allocation. All rows are transformed first, many in one call; then a few columns at a
//! time are gathered from them (a whole cache line of each row), transformed, and shown to the caller while they are in
//! the first-level cache.

mod rows;

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use self::rows::{RowPlan, RowSpectra};
use super::grid::Size;

/// Columns gathered and transformed together: eight complex numbers fill a cache line.
const COLUMNS_AT_ONCE: usize = 8;

/// Length of the largest block of columns of an image of `size` that are transformed together.
pub fn block_length(size: Size) -> usize {
    size.height * COLUMNS_AT_ONCE.min(size.n_columns())
}

/// An immutable plan for one image size; cheap to clone and to share between threads.
#[derive(Clone)]
pub struct Fft2Plan {
    size: Size,
    rows: RowPlan,
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
    rows: RowSpectra,
    column_scratch: Vec<Complex32>,
}

impl Fft2Plan {
    /// Plans the transform of planes of `size`.
    pub fn new(size: Size) -> Self {
        let rows = RowPlan::new(size.width);
        let columns = FftPlanner::<f32>::new().plan_fft_forward(size.height);
        Self { size, rows, columns }
    }

    /// The plane size, in pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Length of the output: `H·(⌊W/2⌋ + 1)` stored modes.
    pub fn n_modes(&self) -> usize {
        self.size.n_modes()
    }

    /// Length of the largest block of columns that are transformed together.
    pub fn block_length(&self) -> usize {
        block_length(self.size)
    }

    /// Scratch for one worker.
    pub fn workspace(&self) -> Fft2Workspace {
        let zero = Complex32::default();
        Fft2Workspace {
            rows: self.rows.workspace(self.size),
            column_scratch: vec![zero; self.columns.get_inplace_scratch_len()],
        }
    }

    /// Transforms `plane` (`H·W` values, row by row) into `spectrum` (`H·(⌊W/2⌋+1)` modes, column by column).
    ///
    /// # Panics
    ///
    /// If a slice has another length than the plan asks for, or the workspace belongs to another plan.
    pub fn forward(&self, plane: &[f32], spectrum: &mut [Complex32], workspace: &mut Fft2Workspace) {
        self.forward_by_columns(plane, spectrum, workspace, |_, _| {});
    }

    /// As [`Fft2Plan::forward`]; `finished` sees each block of whole columns as soon as it is done, with the index `kx`
    /// of its first, and may change it. A `spectrum` of [`Fft2Plan::block_length`] holds the latest block alone.
    ///
    /// # Panics
    ///
    /// As [`Fft2Plan::forward`].
    pub fn forward_by_columns(
        &self,
        plane: &[f32],
        spectrum: &mut [Complex32],
        workspace: &mut Fft2Workspace,
        mut finished: impl FnMut(usize, &mut [Complex32]),
    ) {
        let (h, n_columns) = (self.size.height, self.size.n_columns());
        let is_whole = spectrum.len() == self.n_modes();
        assert!(is_whole || spectrum.len() == self.block_length(), "a half-spectrum of {}, or a block", self.size);
        assert_eq!(plane.len(), self.size.n_pixels(), "a plane of {}", self.size);
        self.rows.transform(plane, &mut workspace.rows);
        for kx in (0..n_columns).step_by(COLUMNS_AT_ONCE) {
            let start = if is_whole { kx * h } else { 0 };
            let columns = &mut spectrum[start..start + COLUMNS_AT_ONCE.min(n_columns - kx) * h];
            self.rows.gather(&workspace.rows.spectra, kx, h, columns);
            self.columns.process_with_scratch(columns, &mut workspace.column_scratch);
            finished(kx, columns);
        }
    }
}

/// Name of the FFT code path this machine runs. Results are identical on every machine that names the same kernel;
/// another instruction set rounds differently in the last bits.
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
