//! One worker's engine: takes working images, transforms them, and adds them to exact sums; no allocation per image.
//!
//! # Cost
//!
//! Spectra are collected in small batches, because the sums of one pass (megabytes) are larger than a core's cache: they are
//! walked once per batch, in blocks that stay in the cache while the batch's images are added to them.

use std::sync::Arc;

use multiversion::multiversion;
use rustfft::num_complex::{Complex32, Complex64};

use super::SpectrumError;
use super::exact::{ExactLanes, ExactTensor, FLUSH_AFTER};
use super::plan::{
    AnalysisPlan, Detail, DiagonalityPlan, HISTOGRAM_BINS, HISTOGRAM_BINS_PER_OCTAVE, LOG_FLOOR_POWER, at,
    batch_length, outer_rows,
};
use crate::spectral::fft2::Fft2Workspace;

/// Modes whose sums are brought into the cache together.
const MODE_BLOCK: usize = 256;

/// What is known of one working image after its transform.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageSummary {
    /// Mean value over pixels and channels.
    pub mean: f64,
    /// Standard deviation over pixels and channels.
    pub std: f64,
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
    spectra: Vec<Complex32>,
    n_collected: usize,
    batch_length: usize,
    n_pending: usize,
    fft: Fft2Workspace,
    radial: RadialScratch,
    products: Box<Products>,
    reduced: Option<ReducedScratch>,
}

#[derive(Debug)]
struct RadialScratch {
    column_power: Vec<f64>,
    log_rapsd: Vec<f64>,
    line: Vec<f64>,
}

#[derive(Debug)]
struct ReducedScratch {
    values: Vec<f64>,
    plane: Vec<f32>,
    spectrum: Vec<Complex32>,
    exact: Vec<Complex64>,
    form: Vec<f64>,
    line: Vec<f64>,
    fft: Fft2Workspace,
}

/// The products of one block of modes that are summed up.
#[derive(Debug)]
struct Products {
    power: [f64; MODE_BLOCK],
    pseudo_real: [f64; MODE_BLOCK],
    pseudo_imag: [f64; MODE_BLOCK],
    power_square: [f64; MODE_BLOCK],
    power_real: [f64; MODE_BLOCK],
    power_imag: [f64; MODE_BLOCK],
}

impl Products {
    fn zeros() -> Box<Self> {
        let zero = [0.0; MODE_BLOCK];
        Box::new(Self {
            power: zero,
            pseudo_real: zero,
            pseudo_imag: zero,
            power_square: zero,
            power_real: zero,
            power_imag: zero,
        })
    }
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
    if plan.config.detail != Detail::Full {
        return 0;
    }
    outer_rows(plan.config.channels.count()) * plan.grid.n_annuli() * HISTOGRAM_BINS
}

impl Analyzer {
    /// An engine for `plan`, with all the memory it will ever need.
    pub fn new(plan: Arc<AnalysisPlan>) -> Self {
        let n_pixels = plan.config.size.n_pixels();
        let channels = plan.config.channels.count();
        let spectrum_length = channels * plan.grid.n_modes();
        let batch_length = if plan.config.detail == Detail::Full { batch_length(spectrum_length * 8) } else { 1 };
        let reduced = plan.diagonality.as_ref().map(|d| ReducedScratch {
            values: vec![0.0; d.form.len()],
            plane: vec![0.0; d.form.len()],
            spectrum: vec![Complex32::default(); d.fft.n_modes()],
            exact: vec![Complex64::default(); d.fft.n_modes()],
            form: vec![0.0; d.form.len()],
            line: vec![0.0; d.form.len()],
            fft: d.fft.workspace(),
        });
        Self {
            lanes: plan.specs.iter().map(|s| ExactLanes::new(s.n_elements(), s.quantum_log2)).collect(),
            histogram: vec![0; histogram_length(&plan)],
            planes: vec![0.0; channels * n_pixels],
            spectra: vec![Complex32::default(); batch_length * spectrum_length],
            n_collected: 0,
            batch_length,
            n_pending: 0,
            fft: plan.fft.workspace(),
            radial: RadialScratch {
                column_power: vec![0.0; plan.config.size.height],
                log_rapsd: Vec::with_capacity(plan.grid.n_annuli()),
                line: vec![0.0; plan.grid.n_annuli()],
            },
            products: Products::zeros(),
            reduced,
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
        let n_pixels = self.plan.config.size.n_pixels();
        self.plan.config.channels.split(rows, n_pixels, &mut self.planes);
        self.add_pixels(summary);
        if self.plan.config.detail == Detail::Pixels {
            return;
        }
        self.prepare_planes();
        self.transform();
        self.add_radial(summary);
        self.add_reduced();
        if self.plan.config.detail == Detail::Full {
            self.n_collected += 1;
            if self.n_collected == self.batch_length {
                self.add_collected();
            }
        }
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

    /// Sums of pixels and brightness; also the image's mean and standard deviation.
    fn add_pixels(&mut self, summary: &mut ImageSummary) {
        let plan = &*self.plan;
        let n_pixels = plan.config.size.n_pixels();
        let channels = plan.config.channels.count();
        let full = plan.config.detail == Detail::Full;
        let mut code_sum = [0.0f64; 3];
        let mut variance_sum = 0.0;
        let mut pair = 0;
        summary.flat = true;
        for (c, plane) in self.planes.chunks_exact(n_pixels).enumerate() {
            self.lanes[at::PIXEL_SUM].add_integers(c * n_pixels, plane);
            self.lanes[at::PIXEL_SQUARE_SUM].add_squares(c * n_pixels, plane);
            code_sum[c] = sum(plane);
            summary.flat &= plane.iter().all(|code| *code == plane[0]);
            for (d, other) in self.planes.chunks_exact(n_pixels).enumerate().take(c + 1) {
                if full || d == c {
                    let product = dot(plane, other);
                    if full {
                        self.lanes[at::COLOR_OUTER].add(pair, &[product]);
                    }
                    pair += 1;
                    if d == c {
                        let mean_code = code_sum[c] / n_pixels as f64;
                        let variance = product / n_pixels as f64 - mean_code * mean_code;
                        variance_sum += plan.value_per_code(c).powi(2) * variance.max(0.0);
                    }
                }
            }
        }
        // Channel means enter as differences from the first: a grey image has a deviation of exactly zero.
        let channel_mean = |c: usize| plan.value_per_code(c) * code_sum[c] / n_pixels as f64;
        let differences = (0..channels).map(|c| channel_mean(c) - channel_mean(0));
        let (sum, square_sum) = differences.fold((0.0, 0.0), |(s, q), d| (s + d, q + d * d));
        let n = channels as f64;
        summary.mean = plan.config.middle_value() + channel_mean(0) + sum / n;
        summary.std = ((variance_sum + square_sum) / n - (sum / n).powi(2)).max(0.0).sqrt();
        if full {
            self.add_brightness(&code_sum);
        }
    }

    fn add_brightness(&mut self, code_sum: &[f64; 3]) {
        let config = &self.plan.config;
        let n_pixels = config.size.n_pixels() as f64;
        let mut mean = [0.0; 3];
        let mut pair = 0;
        for c in 0..config.channels.count() {
            mean[c] = config.middle_value() + config.value_per_code(c) * code_sum[c] / n_pixels;
            self.lanes[at::CHANNEL_MEAN_SUM].add(c, &mean[c..=c]);
            for d in 0..=c {
                self.lanes[at::CHANNEL_MEAN_OUTER].add(pair, &[mean[c] * mean[d]]);
                pair += 1;
            }
        }
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

    fn spectrum_range(&self) -> std::ops::Range<usize> {
        let length = self.plan.config.channels.count() * self.plan.grid.n_modes();
        self.n_collected * length..(self.n_collected + 1) * length
    }

    /// Transforms the planes into the next spectrum of the batch.
    fn transform(&mut self) {
        let range = self.spectrum_range();
        let plan = &*self.plan;
        let size = plan.config.size;
        let spectra = self.spectra[range].chunks_exact_mut(plan.grid.n_modes());
        for (c, (plane, spectrum)) in self.planes.chunks_exact(size.n_pixels()).zip(spectra).enumerate() {
            plan.fft.forward(plane, spectrum, &mut self.fft);
            if plan.reference.is_none() {
                // Code zero stands for the middle of the range, which only the zero frequency sees.
                let middle_code = plan.config.middle_value() / plan.value_per_code(c);
                spectrum[0].re += (middle_code * size.n_pixels() as f64) as f32;
            }
        }
    }

    /// Radial averages of the latest spectrum, and their sums.
    fn add_radial(&mut self, summary: &mut ImageSummary) {
        let range = self.spectrum_range();
        let plan = &*self.plan;
        let annuli = plan.grid.n_annuli();
        let channels = plan.config.channels.count();
        summary.channel_rapsd.clear();
        summary.channel_rapsd.resize(channels * annuli, 0.0);
        summary.rapsd.clear();
        summary.rapsd.resize(annuli, 0.0);
        for (c, spectrum) in self.spectra[range].chunks_exact(plan.grid.n_modes()).enumerate() {
            let rapsd = &mut summary.channel_rapsd[c * annuli..(c + 1) * annuli];
            radial_average(plan, spectrum, plan.power_factor(c), &mut self.radial.column_power, rapsd);
            for (mean, r) in summary.rapsd.iter_mut().zip(rapsd) {
                *mean += *r / channels as f64;
            }
        }
        self.lanes[at::RAPSD_SUM].add(0, &summary.channel_rapsd);
        let lowest = plan.config.histogram_lowest_log2();
        let rows = outer_rows(channels);
        let pairs = annuli * (annuli + 1) / 2;
        for row in 0..rows {
            let rapsd =
                if row < channels { &summary.channel_rapsd[row * annuli..][..annuli] } else { &summary.rapsd[..] };
            add_outer(&mut self.lanes[at::RAPSD_OUTER], row * pairs, rapsd, &mut self.radial.line);
            if plan.config.detail == Detail::Full {
                for (j, power) in rapsd.iter().enumerate() {
                    self.histogram[(row * annuli + j) * HISTOGRAM_BINS + histogram_bin(*power, lowest)] += 1;
                }
            }
        }
        if plan.config.detail == Detail::Full {
            self.add_log_radial(summary);
        }
    }

    fn add_log_radial(&mut self, summary: &ImageSummary) {
        self.radial.log_rapsd.clear();
        self.radial.log_rapsd.extend(summary.rapsd.iter().map(|r| r.max(LOG_FLOOR_POWER).ln()));
        self.lanes[at::LOG_RAPSD_SUM].add(0, &self.radial.log_rapsd);
        let RadialScratch { log_rapsd, line, .. } = &mut self.radial;
        add_outer(&mut self.lanes[at::LOG_RAPSD_OUTER], 0, log_rapsd, line);
    }

    /// The reduced image in the real Fourier form, and the products of its numbers.
    fn add_reduced(&mut self) {
        let plan = &*self.plan;
        let (Some(diagonality), Some(scratch)) = (&plan.diagonality, &mut self.reduced) else { return };
        let config = &plan.config;
        let standardized = plan.reference.as_ref().is_some_and(|r| r.inverse_std.is_some());
        scratch.values.fill(if plan.reference.is_none() { config.middle_value() } else { 0.0 });
        let channels = config.channels.count();
        for (c, plane) in self.planes.chunks_exact(config.size.n_pixels()).enumerate() {
            let scale = if standardized { 1.0 } else { plan.value_per_code(c) };
            diagonality.average.add_average(plane, scale / channels as f64, &mut scratch.values);
        }
        diagonality.real_form_of(scratch);
        add_outer(&mut self.lanes[plan.real_form_outer_at()], 0, &scratch.form, &mut scratch.line);
    }

    /// Adds the collected spectra to the sums over modes, block by block.
    fn add_collected(&mut self) {
        let n_collected = std::mem::take(&mut self.n_collected);
        let plan = Arc::clone(&self.plan);
        let n_modes = plan.grid.n_modes();
        let channels = plan.config.channels.count();
        for c in 0..channels {
            let factor = plan.power_factor(c);
            for start in (0..n_modes).step_by(MODE_BLOCK) {
                let end = (start + MODE_BLOCK).min(n_modes);
                for image in 0..n_collected {
                    let offset = c * n_modes + start;
                    let spectrum = &self.spectra[(image * channels + c) * n_modes..][start..end];
                    mode_products(spectrum, factor, &mut self.products);
                    let (products, n) = (&*self.products, end - start);
                    self.lanes[at::POWER_SUM].add(offset, &products.power[..n]);
                    self.lanes[at::PSEUDO_REAL_SUM].add(offset, &products.pseudo_real[..n]);
                    self.lanes[at::PSEUDO_IMAG_SUM].add(offset, &products.pseudo_imag[..n]);
                    self.lanes[at::POWER_SQUARE_SUM].add(offset, &products.power_square[..n]);
                    self.lanes[at::POWER_FIELD_REAL_SUM].add(offset, &products.power_real[..n]);
                    self.lanes[at::POWER_FIELD_IMAG_SUM].add(offset, &products.power_imag[..n]);
                }
            }
        }
        if plan.config.coherence && channels > 1 {
            self.add_cross_powers(n_collected);
        }
    }

    /// Adds the products of different channels of the collected spectra.
    fn add_cross_powers(&mut self, n_collected: usize) {
        let plan = Arc::clone(&self.plan);
        let n_modes = plan.grid.n_modes();
        let channels = plan.config.channels.count();
        let mut pair = 0;
        for c in 1..channels {
            for d in 0..c {
                let factor = plan.power_factor(c) * plan.power_factor(d);
                for start in (0..n_modes).step_by(MODE_BLOCK) {
                    let end = (start + MODE_BLOCK).min(n_modes);
                    for image in 0..n_collected {
                        let spectrum = &self.spectra[image * channels * n_modes..][..channels * n_modes];
                        let (x, y) = (&spectrum[c * n_modes..][start..end], &spectrum[d * n_modes..][start..end]);
                        let products = &mut *self.products;
                        for (i, (x, y)) in x.iter().zip(y).enumerate() {
                            let (x_re, x_im) = (f64::from(x.re), f64::from(x.im));
                            let (y_re, y_im) = (f64::from(y.re), f64::from(y.im));
                            products.pseudo_real[i] = factor * (x_re * y_re + x_im * y_im);
                            products.pseudo_imag[i] = factor * (x_im * y_re - x_re * y_im);
                        }
                        let (offset, n) = (pair * n_modes + start, end - start);
                        self.lanes[at::CROSS_POWER_REAL_SUM].add(offset, &products.pseudo_real[..n]);
                        self.lanes[at::CROSS_POWER_IMAG_SUM].add(offset, &products.pseudo_imag[..n]);
                    }
                }
                pair += 1;
            }
        }
    }
}

impl DiagonalityPlan {
    /// The real Fourier form of the reduced image in `scratch.values`.
    fn real_form_of(&self, scratch: &mut ReducedScratch) {
        for (single, double) in scratch.plane.iter_mut().zip(&scratch.values) {
            *single = *double as f32;
        }
        self.fft.forward(&scratch.plane, &mut scratch.spectrum, &mut scratch.fft);
        let scale = 1.0 / (self.fft.size().n_pixels() as f64).sqrt();
        for (exact, x) in scratch.exact.iter_mut().zip(&scratch.spectrum) {
            *exact = Complex64::new(f64::from(x.re) * scale, f64::from(x.im) * scale);
        }
        self.form.apply(&scratch.exact, &mut scratch.form);
    }
}

/// The products of one block of modes; `factor` makes the transform orthonormal and turns codes into values.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn mode_products(spectrum: &[Complex32], factor: f64, products: &mut Products) {
    let n = spectrum.len().min(MODE_BLOCK);
    for (i, x) in spectrum[..n].iter().enumerate() {
        let (re, im) = (factor * f64::from(x.re), factor * f64::from(x.im));
        let (re_re, im_im) = (re * re, im * im);
        let power = re_re + im_im;
        products.power[i] = power;
        products.pseudo_real[i] = re_re - im_im;
        products.pseudo_imag[i] = 2.0 * re * im;
        products.power_square[i] = power * power;
        products.power_real[i] = power * re;
        products.power_imag[i] = power * im;
    }
}

/// The annulus means of one half-spectrum into `rapsd`. Modes `ky` and `-ky` of a column share an annulus, so a column is
/// folded before it is scattered.
fn radial_average(
    plan: &AnalysisPlan,
    spectrum: &[Complex32],
    factor: f64,
    column_power: &mut [f64],
    rapsd: &mut [f64],
) {
    let h = plan.config.size.height;
    let factor = factor * factor;
    for (kx, (column, annuli)) in spectrum.chunks_exact(h).zip(&plan.folded_annuli).enumerate() {
        fold_powers(column, &mut column_power[..annuli.len()]);
        let multiplicity = factor * plan.grid.multiplicity(kx);
        for (power, &j) in column_power.iter().zip(annuli) {
            rapsd[j as usize] += multiplicity * power;
        }
    }
    for (r, n) in rapsd.iter_mut().zip(plan.grid.modes_per_annulus()) {
        *r /= n;
    }
}

/// Powers of the modes `ky = 0, 1, …` of a column, each with that of `-ky` where that is another mode.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn fold_powers(column: &[Complex32], folded: &mut [f64]) {
    let h = column.len();
    let power = |x: &Complex32| {
        let (re, im) = (f64::from(x.re), f64::from(x.im));
        re * re + im * im
    };
    for (p, x) in folded.iter_mut().zip(column) {
        *p = power(x);
    }
    let last = folded.len().min(h.div_ceil(2));
    if last > 1 {
        for (p, x) in folded[1..last].iter_mut().zip(column.iter().rev()) {
            *p += power(x);
        }
    }
}

/// Adds the products `v[i]·v[j]`, `i ≤ j`, row by row of the upper triangle.
fn add_outer(lanes: &mut ExactLanes, offset: usize, values: &[f64], line: &mut [f64]) {
    let mut next = offset;
    for (i, v) in values.iter().enumerate() {
        let line = &mut line[..values.len() - i];
        for (product, w) in line.iter_mut().zip(&values[i..]) {
            *product = v * w;
        }
        lanes.add(next, line);
        next += line.len();
    }
}

/// The bin of a power in the logarithmic histograms; zero power lies in the first.
fn histogram_bin(power: f64, lowest_log2: i32) -> usize {
    let octaves = power.log2() - f64::from(lowest_log2);
    // The cast saturates, so zero power (minus infinity) lands in the first bin.
    ((octaves * f64::from(HISTOGRAM_BINS_PER_OCTAVE)) as usize).min(HISTOGRAM_BINS - 1)
}

/// The sum of a plane; exact for codes, whose sums are integers far below 2⁵³.
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

/// The scalar product of two planes; exact for codes below 2¹⁶ times their number of pixels below 2⁵³.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0.0f64; 8];
    let (chunks_a, chunks_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 =
        chunks_a.remainder().iter().zip(chunks_b.remainder()).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
    for (chunk_a, chunk_b) in chunks_a.zip(chunks_b) {
        for ((lane, x), y) in lanes.iter_mut().zip(chunk_a).zip(chunk_b) {
            *lane += f64::from(*x) * f64::from(*y);
        }
    }
    lanes.iter().sum::<f64>() + rest
}
