//! One worker's engine: takes working images, transforms them, and adds them to exact sums; no allocation per image.
//!
//! The sums fall into five groups, each in a file of its own: over pixels (`pixels`), over the modes' powers and annuli
//! (`radial`), over a small vector of each image (`vector`), over the modes' higher moments and cross-channel products
//! (`moments`), and over reduced images (`reduced`).

mod lanes;
mod memory;
mod moments;
mod outer;
mod pixels;
mod radial;
mod reduced;
mod summary;
mod vector;

use std::sync::Arc;

use multiversion::multiversion;
use rustfft::num_complex::Complex32;

use self::lanes::Lanes;
pub use self::lanes::SharedSums;
use self::moments::MomentSums;
use self::pixels::PixelSums;
use self::radial::RadialSums;
use self::reduced::ReducedSums;
pub use self::summary::ImageSummary;
use self::vector::VectorSums;
use super::error::SpectrumError;
use super::exact::{ExactTensor, FLUSH_AFTER};
use super::plan::{AnalysisPlan, Detail};
use crate::spectral::channels::latent_codes;

/// Pixels of a channel, or modes, that are added up together: rows of small images are too short to be worth a call
/// each, and what is added has to stay in the first-level cache.
const AT_ONCE: usize = 512;

/// The engine of one worker.
#[derive(Debug)]
pub struct Analyzer {
    plan: Arc<AnalysisPlan>,
    lanes: Lanes,
    planes: Vec<f32>,
    n_pending: usize,
    n_files: u64,
    n_in_file: u32,
    pixels: PixelSums,
    radial: RadialSums,
    vector: VectorSums,
    moments: MomentSums,
    reduced: Option<ReducedSums>,
}

/// Totals of a pass, shared by all workers.
#[derive(Debug, Clone)]
pub struct Totals {
    /// The exact sums, in the plan's order.
    pub tensors: Vec<ExactTensor>,
    /// Counts of log-power bins: rows (see the plan) × annuli × bins, then those of the largest and the smallest band.
    pub histogram: Vec<u64>,
    /// Working images added.
    pub n_images: u64,
    /// Files that they came from.
    pub n_files: u64,
}

impl Totals {
    /// Empty totals for `plan`.
    pub fn new(plan: &AnalysisPlan) -> Self {
        Self::of(plan, plan.specs.iter().cloned().map(ExactTensor::zeros).collect())
    }

    /// These sums, with empty histograms and counts.
    pub(super) fn of(plan: &AnalysisPlan, tensors: Vec<ExactTensor>) -> Self {
        Self { tensors, histogram: vec![0; plan.config.histogram_length()], n_images: 0, n_files: 0 }
    }
}

impl Analyzer {
    /// An engine for `plan`, with all the memory it will ever need.
    pub fn new(plan: Arc<AnalysisPlan>) -> Self {
        let lanes = Lanes::own(&plan);
        Self::with_lanes(plan, lanes)
    }

    /// An engine for `plan` that adds into the sums of all workers.
    pub fn sharing(plan: Arc<AnalysisPlan>, sums: Arc<SharedSums>) -> Self {
        Self::with_lanes(plan, Lanes::Shared(sums))
    }

    fn with_lanes(plan: Arc<AnalysisPlan>, lanes: Lanes) -> Self {
        Self {
            lanes,
            planes: vec![0.0; plan.config.channels.count() * plan.config.size.n_pixels()],
            n_pending: 0,
            n_files: 0,
            n_in_file: 0,
            pixels: PixelSums::new(&plan.config),
            radial: RadialSums::new(&plan),
            vector: VectorSums::new(&plan),
            moments: MomentSums::new(&plan),
            reduced: plan.diagonality.as_ref().map(ReducedSums::new),
            plan,
        }
    }

    /// Whether the lanes must be emptied ([`Analyzer::drain_into`]) before another image is added.
    pub fn is_full(&self) -> bool {
        // Shared lanes see to it themselves. One less, because lanes that are emptied within a file still get what its
        // earlier images have in common with it.
        matches!(self.lanes, Lanes::Own { .. }) && self.n_pending + 1 >= FLUSH_AFTER
    }

    /// Says that the next image comes from another file: the images of one are no independent sample, so what the
    /// spread between images is measured by is added up once a file. A file without images counts for nothing.
    pub fn end_file(&mut self) {
        let n = std::mem::take(&mut self.n_in_file);
        if n == 0 {
            return;
        }
        self.n_files += 1;
        if self.plan.config.detail >= Detail::Radial {
            self.radial.end_file(&self.plan, n, &mut self.lanes);
        }
        if self.plan.config.detail >= Detail::Power {
            self.vector.end_file(n, &mut self.lanes);
        }
    }

    /// Adds one working image, given as its rows of interleaved RGB bytes, and describes it in `summary`.
    ///
    /// # Panics
    ///
    /// If the image does not have the planned size, latents are planned, or the lanes are full.
    pub fn add<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]>, summary: &mut ImageSummary) {
        self.begin();
        let Self { plan, lanes, planes, pixels, .. } = self;
        let (mut added, mut end) = (0, 0);
        for row in rows {
            plan.config.channels.split_row(row, end, planes);
            end += row.len() / 3;
            if end - added >= AT_ONCE {
                pixels.add_row(plan, planes, added..end, lanes);
                added = end;
            }
        }
        assert_eq!(end, plan.config.size.n_pixels(), "the rows hold one image");
        pixels.add_row(plan, planes, added..end, lanes);
        self.finish(summary);
    }

    /// Adds one latent, given as the rows of its channels, one channel after the other, and describes it in `summary`.
    /// Values are finite and at most [`MAX_LATENT`](crate::spectral::channels::MAX_LATENT) in magnitude.
    ///
    /// # Panics
    ///
    /// If it does not have the planned size and channels, or the lanes are full.
    pub fn add_latent<'a>(&mut self, rows: impl Iterator<Item = &'a [f32]>, summary: &mut ImageSummary) {
        self.begin();
        let Self { plan, lanes, planes, pixels, .. } = self;
        assert!(plan.config.channels.are_latent(), "the plan is for latents");
        let mut start = 0;
        for row in rows {
            latent_codes(row, &mut planes[start..start + row.len()]);
            start += row.len();
        }
        assert_eq!(start, planes.len(), "the rows hold one latent");
        let width = plan.config.size.width;
        for start in (0..plan.config.size.n_pixels()).step_by(width) {
            pixels.add_row(plan, planes, start..start + width, lanes);
        }
        self.finish(summary);
    }

    /// Makes ready for the next image.
    fn begin(&mut self) {
        assert!(!self.is_full(), "full lanes are drained before the next image");
        self.n_pending += 1;
        self.n_in_file += 1;
        self.pixels.clear();
    }

    /// Transforms the image whose pixels were added, and adds the rest.
    fn finish(&mut self, summary: &mut ImageSummary) {
        let Self { plan, lanes, planes, pixels, radial, vector, moments, reduced, .. } = self;
        pixels.finish(plan, lanes, summary);
        if plan.config.detail == Detail::Pixels {
            return;
        }
        prepare(plan, planes);
        radial.transform(plan, planes, moments.next_spectra(), lanes, summary);
        radial.add(plan, summary, lanes);
        if plan.config.detail >= Detail::Power {
            vector.add(plan, summary, lanes);
        }
        if let Some(reduced) = reduced {
            reduced.add(plan, planes, lanes);
        }
        if plan.config.detail == Detail::Full {
            moments.collect(plan, lanes);
        }
    }

    /// The spectra of the image added last: the unnormalised half-spectrum of each channel's codes
    /// ([`crate::spectral::fft2`]), prepared as planned. None unless the plan keeps them.
    pub fn latest_spectra(&self) -> Option<&[Complex32]> {
        self.plan.config.keep_spectra.then(|| self.moments.latest_spectra())
    }

    /// The image added last, prepared as planned: one plane of codes for each channel, one after the other.
    pub fn latest_planes(&self) -> &[f32] {
        &self.planes
    }

    /// Empties the engine's own lanes into `totals`, and tells it how many images and files were added; sums that
    /// workers share are emptied in the end ([`SharedSums::drain_into`]).
    ///
    /// # Errors
    ///
    /// If a total overflows, or a contribution was not finite.
    pub fn drain_into(&mut self, totals: &mut Totals) -> Result<(), SpectrumError> {
        self.moments.add_collected(&self.plan, &mut self.lanes);
        self.lanes.drain_into(totals)?;
        totals.n_images += std::mem::take(&mut self.n_pending) as u64;
        totals.n_files += std::mem::take(&mut self.n_files);
        Ok(())
    }
}

/// Centres, standardises and windows the planes, in place.
fn prepare(plan: &AnalysisPlan, planes: &mut [f32]) {
    if let Some(reference) = &plan.reference {
        for (x, m) in planes.iter_mut().zip(&reference.mean_code) {
            *x -= m;
        }
        if let Some(inverse_std) = &reference.inverse_std {
            for (x, s) in planes.iter_mut().zip(inverse_std) {
                *x *= s;
            }
        }
    }
    if let Some(window) = &plan.window {
        for plane in planes.chunks_exact_mut(plan.config.size.n_pixels()) {
            let mean = (sum(plane) / plane.len() as f64) as f32;
            for (x, w) in plane.iter_mut().zip(window) {
                *x = mean + (*x - mean) * w;
            }
        }
    }
}

/// The sum of a plane, in double precision.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn sum(plane: &[f32]) -> f64 {
    let mut lanes = [0.0f64; 8];
    let chunks = plane.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|&v| f64::from(v)).sum();
    for chunk in chunks {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(*v);
        }
    }
    lanes.iter().sum::<f64>() + rest
}
