//! One worker's engine: takes working images, transforms them, and adds them to exact sums; no allocation per image.
//!
//! The sums fall into four groups, each in a file of its own: over pixels (`pixels`), over the modes' powers and annuli
//! (`radial`), over the modes' higher moments and cross-channel products (`moments`), and over reduced images (`reduced`).

mod moments;
mod pixels;
mod radial;
mod reduced;

use std::sync::Arc;

use multiversion::multiversion;
use rustfft::num_complex::Complex32;

use self::moments::{Products, batch_length};
use self::radial::RadialScratch;
use self::reduced::ReducedScratch;
use super::SpectrumError;
use super::exact::{ExactLanes, ExactTensor, FLUSH_AFTER};
use super::plan::{AnalysisPlan, Detail, HISTOGRAM_BINS, outer_rows};
use crate::spectral::fft2::Fft2Workspace;

/// What is known of one working image after its transform.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageSummary {
    /// Mean value over pixels and channels.
    pub mean: f64,
    /// Standard deviation over pixels and channels.
    pub std: f64,
    /// Mean value of each channel.
    pub channel_mean: Vec<f64>,
    /// Whether every channel has one value: an image without power at any band.
    pub flat: bool,
    /// RAPSD of each channel, value² per mode: channels × annuli.
    pub channel_rapsd: Vec<f64>,
    /// Mean of the channels' RAPSDs, value² per mode.
    pub rapsd: Vec<f64>,
}

/// The engine of one worker.
#[derive(Debug)]
pub struct Analyzer {
    plan: Arc<AnalysisPlan>,
    /// Lanes of each tensor, in the plan's order.
    lanes: Vec<ExactLanes>,
    histogram: Vec<u32>,
    planes: Vec<f32>,
    /// Spectra that wait for their moments, image by image; with less detail, room for that of one channel.
    spectra: Vec<Complex32>,
    n_collected: usize,
    batch_length: usize,
    /// Where in `spectra` those of the image added last begin.
    latest: usize,
    n_pending: usize,
    fft: Fft2Workspace,
    radial: RadialScratch,
    products: Box<Products>,
    reduced: Option<ReducedScratch>,
}

/// Totals of a pass, shared by all workers.
#[derive(Debug, Clone)]
pub struct Totals {
    /// The exact sums, in the plan's order.
    pub tensors: Vec<ExactTensor>,
    /// Counts of log-power bins: rows (see the plan) × annuli × bins.
    pub histogram: Vec<u64>,
    /// Working images added.
    pub n_images: u64,
}

impl Totals {
    /// Empty totals for `plan`.
    pub fn new(plan: &AnalysisPlan) -> Self {
        Self {
            tensors: plan.specs.iter().cloned().map(ExactTensor::zeros).collect(),
            histogram: vec![0; histogram_length(plan)],
            n_images: 0,
        }
    }
}

fn histogram_length(plan: &AnalysisPlan) -> usize {
    if plan.config.detail < Detail::Power {
        return 0;
    }
    outer_rows(plan.config.channels.count()) * plan.grid.n_annuli() * HISTOGRAM_BINS
}

/// Complex numbers of the spectra that a worker keeps, and images they belong to.
fn spectra_kept(plan: &AnalysisPlan) -> (usize, usize) {
    let length = plan.config.channels.count() * plan.grid.n_modes();
    match plan.config.detail {
        Detail::Pixels => (0, 1),
        Detail::Radial | Detail::Power if plan.config.keep_spectra => (length, 1),
        Detail::Radial | Detail::Power => (plan.grid.n_modes(), 1),
        Detail::Full => {
            let n = batch_length(length * size_of::<Complex32>());
            (n * length, n)
        }
    }
}

impl AnalysisPlan {
    /// Bytes one worker holds, beside its decoder.
    pub fn worker_bytes(&self) -> usize {
        let sums: usize = self.specs.iter().map(|s| s.n_elements() * s.lane_bytes()).sum();
        let planes = self.config.channels.count() * self.config.size.n_pixels() * size_of::<f32>();
        sums + spectra_kept(self).0 * size_of::<Complex32>() + histogram_length(self) * size_of::<u32>() + planes
    }
}

impl Analyzer {
    /// An engine for `plan`, with all the memory it will ever need.
    pub fn new(plan: Arc<AnalysisPlan>) -> Self {
        let n_pixels = plan.config.size.n_pixels();
        let (n_kept, batch_length) = spectra_kept(&plan);
        Self {
            lanes: plan.specs.iter().map(ExactLanes::of).collect(),
            histogram: vec![0; histogram_length(&plan)],
            planes: vec![0.0; plan.config.channels.count() * n_pixels],
            spectra: vec![Complex32::default(); n_kept],
            n_collected: 0,
            batch_length,
            latest: 0,
            n_pending: 0,
            fft: plan.fft.workspace(),
            radial: RadialScratch::new(&plan),
            products: Products::zeros(),
            reduced: plan.diagonality.as_ref().map(ReducedScratch::new),
            plan,
        }
    }

    /// Whether the lanes must be emptied ([`Analyzer::drain_into`]) before another image is added.
    pub fn is_full(&self) -> bool {
        self.n_pending >= FLUSH_AFTER
    }

    /// Adds one working image, given as its rows of interleaved RGB bytes, and describes it in `summary`.
    ///
    /// # Panics
    ///
    /// If the image does not have the planned size, or the lanes are full.
    pub fn add<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]>, summary: &mut ImageSummary) {
        assert!(!self.is_full(), "full lanes are drained before the next image");
        self.n_pending += 1;
        self.add_pixels(rows, summary);
        if self.plan.config.detail == Detail::Pixels {
            return;
        }
        self.prepare_planes();
        self.transform(summary);
        self.add_radial(summary);
        self.add_reduced();
        if self.plan.config.detail == Detail::Full {
            self.n_collected += 1;
            if self.n_collected == self.batch_length {
                self.add_collected();
            }
        }
    }

    /// The spectra of the image added last: the unnormalised half-spectrum of each channel's codes
    /// ([`crate::spectral::fft2`]), prepared as planned. None unless the plan keeps them.
    pub fn latest_spectra(&self) -> Option<&[Complex32]> {
        let length = self.plan.config.channels.count() * self.plan.grid.n_modes();
        self.plan.config.keep_spectra.then(|| &self.spectra[self.latest..self.latest + length])
    }

    /// Empties the lanes into `totals`.
    ///
    /// # Errors
    ///
    /// If a total overflows, or a contribution was not finite.
    pub fn drain_into(&mut self, totals: &mut Totals) -> Result<(), SpectrumError> {
        self.add_collected();
        for (lanes, tensor) in self.lanes.iter_mut().zip(&mut totals.tensors) {
            lanes.drain_into(&mut tensor.totals, tensor.spec.name)?;
        }
        for (total, count) in totals.histogram.iter_mut().zip(&mut self.histogram) {
            *total += u64::from(std::mem::take(count));
        }
        totals.n_images += std::mem::take(&mut self.n_pending) as u64;
        Ok(())
    }

    /// Centres, standardises and windows the planes, in place.
    fn prepare_planes(&mut self) {
        let plan = &*self.plan;
        if let Some(reference) = &plan.reference {
            for (x, m) in self.planes.iter_mut().zip(&reference.mean_code) {
                *x -= m;
            }
            if let Some(inverse_std) = &reference.inverse_std {
                for (x, s) in self.planes.iter_mut().zip(inverse_std) {
                    *x *= s;
                }
            }
        }
        if let Some(window) = &plan.window {
            for plane in self.planes.chunks_exact_mut(plan.config.size.n_pixels()) {
                let mean = (sum(plane) / plane.len() as f64) as f32;
                for (x, w) in plane.iter_mut().zip(window) {
                    *x = mean + (*x - mean) * w;
                }
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

/// Adds the products `v[i]·v[j]`, `i ≤ j`, row by row of the upper triangle; `products` is scratch for all of them.
fn add_outer(lanes: &mut ExactLanes, offset: usize, values: &[f64], products: &mut [f64]) {
    upper_triangle(values, products);
    lanes.add(offset, products);
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn upper_triangle(values: &[f64], products: &mut [f64]) {
    let mut rest = products;
    for (i, v) in values.iter().enumerate() {
        let (line, after) = rest.split_at_mut(values.len() - i);
        for (product, w) in line.iter_mut().zip(&values[i..]) {
            *product = v * w;
        }
        rest = after;
    }
}
