//! The memory of a pass, before anything of it is allocated.

use rustfft::num_complex::{Complex32, Complex64};

use super::moments::spectra_kept;
use super::radial::scratch_bytes;
use crate::spectral::Window;
use crate::spectrum::plan::{AnalysisConfig, Detail, Standardize, rapsd_rows, tensor_specs};
use crate::spectrum::reduce::AreaAverage;

/// Bytes of one exact total.
const TOTAL_BYTES: usize = size_of::<i128>();

/// Bytes that an [`ImageSummary`](super::ImageSummary) holds beside its RAPSDs, with its place in a row.
const SUMMARY_BYTES: usize = 256;

/// Workers have lanes of their own, which is faster, as long as all of them together take no more than this.
const MOST_OWN_BYTES: u64 = 64 << 20;

impl AnalysisConfig {
    /// Whether so many workers share one set of lanes.
    pub fn shares_lanes(&self, threads: usize) -> bool {
        threads > 1 && threads as u64 * self.lanes_bytes() > MOST_OWN_BYTES
    }

    /// Bytes that the engines of so many workers hold.
    pub fn engines_bytes(&self, threads: usize) -> u64 {
        let n_lanes = if self.shares_lanes(threads) { 1 } else { threads };
        n_lanes as u64 * self.lanes_bytes() + threads as u64 * self.worker_bytes()
    }

    /// Bytes of one set of lanes.
    fn lanes_bytes(&self) -> u64 {
        let specs = tensor_specs(self, self.reduced_len());
        let lanes: usize = specs.iter().map(|spec| spec.n_elements() * spec.lane_bytes()).sum();
        (lanes + self.histogram_length() * size_of::<u32>()) as u64
    }

    /// Bytes that one worker's engine holds beside lanes: the planes and spectra of its images, and scratch.
    fn worker_bytes(&self) -> u64 {
        let (channels, n_modes) = (self.channels.count(), self.size.n_modes());
        let planes = channels * self.size.n_pixels() * size_of::<f32>();
        let transform = if self.detail >= Detail::Radial {
            // The transforms of all rows, and room to transform the longest.
            (n_modes + self.size.width) * size_of::<Complex32>() + scratch_bytes(self)
        } else {
            0
        };
        let reduced = self.reduced_len().map_or(0, |d| d * (d + 1) / 2 * size_of::<f64>() + d * 32);
        (planes + transform + spectra_kept(self).0 * size_of::<Complex32>() + reduced) as u64
    }

    /// Bytes of a spectrum: its totals and histograms.
    pub fn spectrum_bytes(&self) -> u64 {
        (self.n_totals() * TOTAL_BYTES + self.histogram_length() * size_of::<u64>()) as u64
    }

    /// Bytes of the arrays that are derived from a spectrum when results are made of it: each of its sums once, in
    /// double precision.
    pub fn derived_bytes(&self) -> u64 {
        (self.n_totals() * size_of::<f64>()) as u64
    }

    /// Bytes of what all workers share beside the totals: frequencies, annuli, window and reference.
    pub fn plan_bytes(&self) -> u64 {
        let (n_modes, n_pixels) = (self.size.n_modes(), self.size.n_pixels());
        // Of each mode its frequency and its annulus, and the latter once more for half of them.
        let grid = n_modes * (size_of::<f64>() + size_of::<u32>() + size_of::<u32>() / 2);
        // A window; the mean image and its deviations, which pixels are standardised by.
        let n_planes = usize::from(self.window != Window::None)
            + if self.standardize == Standardize::Pixel { 2 * self.channels.count() } else { 0 };
        let images = n_planes * n_pixels * size_of::<f32>();
        let reduced = self.reduced_len().map_or(0, |d| d * size_of::<Complex64>());
        (grid + images + reduced) as u64
    }

    /// Bytes of what is kept of one working image until its row is written.
    pub fn row_bytes(&self) -> u64 {
        (rapsd_rows(self.channels.count()) * self.size.n_annuli() * size_of::<f64>() + SUMMARY_BYTES) as u64
    }

    /// Sums of a spectrum, all tensors together.
    fn n_totals(&self) -> usize {
        tensor_specs(self, self.reduced_len()).iter().map(|spec| spec.n_elements()).sum()
    }

    /// Pixels of the reduced images, where there are any.
    fn reduced_len(&self) -> Option<usize> {
        let reduced = |side| AreaAverage::to_longest_side(self.size, side).output_size().n_pixels();
        self.diagonality_side.map(reduced)
    }
}
