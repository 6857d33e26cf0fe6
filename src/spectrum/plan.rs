//! What one pass computes for every image, planned once and shared by all workers: grid, transform, window, reference,
//! and the list of exact sums with their quanta.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::exact::TensorSpec;
use super::reduce::AreaAverage;
use crate::spectral::fft2::Fft2Plan;
use crate::spectral::{AnnulusSums, Channels, Grid, RealForm, Size, ValueRange, Window, named};

/// How the images are centred and scaled before anything is said about their covariance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standardize {
    /// Not at all: Γ is the mean power.
    None,
    /// The mean image is removed: Γ is a covariance.
    #[default]
    Mean,
    /// Every pixel is centred and divided by its own standard deviation over the set (Cloud Diffusion); takes two
    /// passes.
    Pixel,
}

named!(Standardize { None = "none", Mean = "mean", Pixel = "pixel" });

/// How much is summed up over the images; each level holds the sums of those before it, but for the variances of single
/// pixels, which end with `Radial` unless pixels are standardised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// Means and variances of every pixel only: the first of two passes.
    Pixels,
    /// Radial averages as well: a second pass around a known mean image.
    Radial,
    /// The power of every mode, brightness, colour and the spread of RAPSDs: what Γ, RAPSD and Δ are made of.
    Power,
    /// Everything that later analysis starts from: pseudo-power and fourth moments of every mode as well.
    Full,
}

/// What is computed from the working images of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisConfig {
    /// Working size, pixels.
    pub size: Size,
    /// Which channels are transformed.
    pub channels: Channels,
    /// Apodisation.
    pub window: Window,
    /// Values of black and white; −1 and 1 of latents, whose values stay as they are.
    pub range: ValueRange,
    /// Centring and scaling.
    pub standardize: Standardize,
    /// How much is summed up.
    pub detail: Detail,
    /// Whether the spread of RAPSDs between files is summed up for each channel, beside that of the channels' mean.
    pub per_channel: bool,
    /// Longest side of the reduced images whose full covariance is summed up, pixels; none for no full covariance.
    pub diagonality_side: Option<usize>,
    /// Whether cross-channel spectra are summed up; this and the full covariance need full detail.
    pub coherence: bool,
    /// Whether the spectra of the image added last can be looked at ([`super::Analyzer::latest_spectra`]).
    pub keep_spectra: bool,
}

impl AnalysisConfig {
    /// The same analysis with less detail, and so without its optional parts.
    pub fn with_less_detail(&self, detail: Detail) -> Self {
        Self { detail, diagonality_side: None, coherence: false, keep_spectra: false, ..self.clone() }
    }

    /// The default analysis of images of `size`: RGB in `[-1, 1]`, mean removed, no window, full detail, per channel.
    pub fn new(size: Size) -> Self {
        Self {
            size,
            channels: Channels::Rgb,
            window: Window::None,
            range: ValueRange::SIGNED,
            standardize: Standardize::Mean,
            detail: Detail::Full,
            per_channel: true,
            diagonality_side: None,
            coherence: false,
            keep_spectra: false,
        }
    }
}

/// What every image is compared with in a second pass: a mean image and, for standardised pixels, their spread.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Mean of each pixel, in codes, planes one after the other.
    pub mean_code: Vec<f32>,
    /// One over the standard deviation of each pixel, per code; zero where the pixel never varies.
    pub inverse_std: Option<Vec<f32>>,
}

/// The immutable plan of a pass.
#[derive(Debug)]
pub struct AnalysisPlan {
    pub(super) config: AnalysisConfig,
    pub(super) grid: Grid,
    pub(super) fft: Fft2Plan,
    pub(super) window: Option<Vec<f32>>,
    pub(super) reference: Option<Reference>,
    pub(super) annuli: AnnulusSums,
    pub(super) diagonality: Option<DiagonalityPlan>,
    pub(super) specs: Vec<TensorSpec>,
}

/// The part of a plan that sums up the full covariance of reduced images.
#[derive(Debug)]
pub(super) struct DiagonalityPlan {
    pub(super) average: AreaAverage,
    pub(super) fft: Fft2Plan,
    pub(super) form: RealForm,
    /// What the squares of the form's numbers are weighed by, so that those of photographs come out about alike:
    /// `f^(2Δ)`.
    pub(super) weights: Vec<f64>,
}

/// Δ of photographs, near enough: what the reduced images' numbers are made alike by.
const TYPICAL_DELTA: f64 = 1.3;

impl DiagonalityPlan {
    pub(super) fn new(size: Size, longest_side: usize) -> Self {
        let average = AreaAverage::to_longest_side(size, longest_side);
        let reduced = average.output_size();
        let grid = Grid::new(reduced);
        let lowest = 0.5 / reduced.longer_side() as f64;
        let weights: Vec<f64> = grid.frequencies().iter().map(|f| f.max(lowest).powf(2.0 * TYPICAL_DELTA)).collect();
        let form = RealForm::new(&grid);
        Self { average, fft: Fft2Plan::new(reduced), weights: form.variances(&weights), form }
    }
}

/// Logarithmic bins per octave of the RAPSD histograms from which quantiles are read.
pub(super) const HISTOGRAM_BINS_PER_OCTAVE: i32 = 32;
/// Lowest power the histograms resolve on the range -1:1, as a power of two; anything below shares the first bin.
const HISTOGRAM_LOWEST_LOG2: i32 = -50;
/// Octaves of the histograms: from 2⁻⁵⁰ to 2³⁰.
const HISTOGRAM_OCTAVES: usize = 80;
/// Histogram bins of an annulus.
pub(super) const HISTOGRAM_BINS: usize = HISTOGRAM_OCTAVES * HISTOGRAM_BINS_PER_OCTAVE as usize;
/// Logarithmic bins per octave of the histograms of images' largest and smallest band power.
pub(super) const EXTREME_BINS_PER_OCTAVE: i32 = 128;
/// Bins of such a histogram.
pub(super) const EXTREME_BINS: usize = HISTOGRAM_OCTAVES * EXTREME_BINS_PER_OCTAVE as usize;

/// Most octave bands of [`AnalysisConfig::octave_bands`].
const MAX_OCTAVE_BANDS: usize = 11;

/// Bands weaker than this share of the 8-bit rounding power count as that strong in logarithms of band powers, so that
/// those of images without power are finite.
const LEAST_BAND_SHARE: f64 = 0.01;

impl AnalysisPlan {
    /// Plans a pass. `reference` is the mean (and spread) that every image is compared with, for second passes.
    ///
    /// # Panics
    ///
    /// If optional sums are asked for without full detail.
    pub fn new(config: AnalysisConfig, reference: Option<Reference>) -> Arc<Self> {
        let is_optional = config.coherence || config.diagonality_side.is_some();
        assert!(config.detail == Detail::Full || !is_optional, "optional sums need full detail");
        let grid = Grid::new(config.size);
        let annuli = AnnulusSums::new(&grid);
        let diagonality = config.diagonality_side.map(|side| DiagonalityPlan::new(config.size, side));
        let specs = tensor_specs(&config, diagonality.as_ref().map(|plan| plan.form.len()));
        Arc::new(Self {
            fft: Fft2Plan::new(config.size),
            window: config.window.weights(config.size),
            grid,
            reference,
            annuli,
            diagonality,
            specs,
            config,
        })
    }

    /// The configuration this plan was made for.
    pub fn config(&self) -> &AnalysisConfig {
        &self.config
    }

    /// The frequency grid of the working size.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Factor from an unnormalised transform of codes of `channel` to the orthonormal transform of values.
    pub(super) fn power_factor(&self, channel: usize) -> f64 {
        let per_code = match self.reference.as_ref().and_then(|r| r.inverse_std.as_ref()) {
            Some(_) => 1.0,
            None => self.value_per_code(channel),
        };
        per_code / (self.config.size.n_pixels() as f64).sqrt()
    }

    /// Value units per code step of `channel`.
    pub(super) fn value_per_code(&self, channel: usize) -> f64 {
        self.config.value_per_code(channel)
    }

    /// Position of the first of the three sums over reduced images: the last ones, where there are any.
    pub(super) fn real_form_at(&self) -> usize {
        self.specs.len() - 3
    }
}

impl AnalysisConfig {
    /// Value units per code step of `channel`.
    pub fn value_per_code(&self, channel: usize) -> f64 {
        0.5 * self.range.width() * self.channels.code_unit(channel)
    }

    /// The range, where it means black and white.
    pub fn range_of_pixels(&self) -> Option<ValueRange> {
        (!self.channels.are_latent()).then_some(self.range)
    }

    /// The value in the middle of the range, which code zero stands for.
    pub fn middle_value(&self) -> f64 {
        0.5 * (self.range.low + self.range.high)
    }

    /// Whether the squares of pixels are summed up at every position, and not just those of a channel, which spares a
    /// walk through as much memory as the mean image takes: what pixels are standardised by.
    pub(super) fn has_pixel_squares(&self) -> bool {
        self.detail < Detail::Power || self.standardize == Standardize::Pixel
    }

    /// Of the RAPSDs of each channel and, last, of their mean: those whose products are summed up.
    pub(super) fn outer_rows(&self) -> Range<usize> {
        let rows = rapsd_rows(self.channels.count());
        if self.per_channel { 0..rows } else { rows - 1..rows }
    }

    /// Counts of log-power bins that are kept: rows of RAPSDs × annuli × bins, then the largest and the smallest power
    /// of an image's bands.
    pub(super) fn histogram_length(&self) -> usize {
        if self.detail < Detail::Power { 0 } else { self.rapsd_histogram_length() + 2 * EXTREME_BINS }
    }

    /// Of these, those of RAPSDs.
    pub(super) fn rapsd_histogram_length(&self) -> usize {
        rapsd_rows(self.channels.count()) * self.size.n_annuli() * HISTOGRAM_BINS
    }

    /// The octaves of annuli ([`Size::octaves`]); the last ones are one band where there are more than eleven.
    pub fn octave_bands(&self) -> Vec<Range<usize>> {
        let mut bands = self.size.octaves();
        bands.truncate(MAX_OCTAVE_BANDS);
        if let Some(last) = bands.last_mut() {
            last.end = self.size.n_annuli();
        }
        bands
    }

    /// Length of the vector of each image whose spread between files is summed up: octave bands, twice the channels,
    /// and one more ([`super::SetVector`]).
    pub(super) fn vector_length(&self) -> usize {
        self.octave_bands().len() + 2 * self.channels.count() + 1
    }

    /// Exponent of the power of two nearest to half the value range: the unit of values in those vectors.
    pub(super) fn value_unit_log2(&self) -> i32 {
        (0.5 * self.range.width()).log2().round() as i32
    }

    /// The least power of a band in those vectors.
    pub fn least_band_power(&self) -> f64 {
        let step = match self.channels.are_latent() {
            true => self.channels.code_unit(0),
            false if self.standardize == Standardize::Pixel => 2.0 / 255.0,
            false => self.range.width() / 255.0,
        };
        LEAST_BAND_SHARE * step.powi(2) / 12.0
    }

    /// Exponent of the power of two nearest to one working unit: half the value range, or one standard deviation.
    /// Quanta and histograms scale with it, so that their resolution does not depend on `--range`.
    pub(super) fn unit_log2(&self) -> i32 {
        if self.standardize == Standardize::Pixel { 0 } else { self.value_unit_log2() }
    }

    /// Lowest power the RAPSD histograms resolve, as a power of two.
    pub(super) fn histogram_lowest_log2(&self) -> i32 {
        HISTOGRAM_LOWEST_LOG2 + 2 * self.unit_log2()
    }
}

/// Positions of the sums in a plan's list; the optional ones come after the last of these.
pub(super) mod at {
    pub const PIXEL_SUM: usize = 0;
    pub const PIXEL_SQUARE_SUM: usize = 1;
    pub const RAPSD_SUM: usize = 2;
    pub const RAPSD_OUTER: usize = 3;
    pub const RAPSD_SQUARE_SUM: usize = 4;
    pub const FILE_RAPSD_SUM: usize = 5;
    pub const FILE_SIZE_SQUARE_SUM: usize = 6;
    pub const POWER_SUM: usize = 7;
    pub const COLOR_OUTER: usize = 8;
    pub const CHANNEL_MEAN_SUM: usize = 9;
    pub const CHANNEL_MEAN_OUTER: usize = 10;
    pub const VECTOR_SUM: usize = 11;
    pub const VECTOR_OUTER: usize = 12;
    pub const FILE_VECTOR_SUM: usize = 13;
    pub const PSEUDO_REAL_SUM: usize = 14;
    pub const PSEUDO_IMAG_SUM: usize = 15;
    pub const POWER_SQUARE_SUM: usize = 16;
    pub const POWER_FIELD_REAL_SUM: usize = 17;
    pub const POWER_FIELD_IMAG_SUM: usize = 18;
    pub const CROSS_POWER_REAL_SUM: usize = 19;
    pub const CROSS_POWER_IMAG_SUM: usize = 20;
}

/// Every tensor of exact sums of a pass, in the order of [`at`], with the quantum of its unit. Powers reach `HW` value²
/// and matter down to 1e-6; the quanta leave at least three digits below that for one image. `reduced_len` is the
/// number of pixels of the reduced images, where there are any.
pub(super) fn tensor_specs(config: &AnalysisConfig, reduced_len: Option<usize>) -> Vec<TensorSpec> {
    let unit = config.unit_log2();
    let channels = config.channels.count();
    let pixels = [channels, config.size.height, config.size.width];
    let largest = config.channels.largest_code();
    let mut specs = vec![
        TensorSpec::integers("pixel_sum", &pixels, largest),
        match config.has_pixel_squares() {
            true => TensorSpec::integers("pixel_square_sum", &pixels, largest * largest),
            false => TensorSpec::new("pixel_square_sum", &[channels], 0),
        },
    ];
    if config.detail >= Detail::Radial {
        let annuli = config.size.n_annuli();
        let pairs = annuli * (annuli + 1) / 2;
        specs.push(TensorSpec::new("rapsd_sum", &[channels, annuli], 2 * unit - 44));
        // Once a file, of the sums over its images: images of one file are no independent sample.
        specs.push(TensorSpec::new("rapsd_outer", &[config.outer_rows().len(), pairs], 4 * unit - 50));
        specs.push(TensorSpec::new("rapsd_square_sum", &[rapsd_rows(channels), annuli], 4 * unit - 50));
        specs.push(TensorSpec::new("file_rapsd_sum", &[channels, annuli], 2 * unit - 44));
        specs.push(TensorSpec::new("file_size_square_sum", &[1], 0));
    }
    if config.detail >= Detail::Power {
        push_power_specs(&mut specs, config);
    }
    if config.detail >= Detail::Full {
        push_moment_specs(&mut specs, config, reduced_len);
    }
    specs
}

fn push_power_specs(specs: &mut Vec<TensorSpec>, config: &AnalysisConfig) {
    let (unit, channels) = (config.unit_log2(), config.channels.count());
    let color_pairs = channels * (channels + 1) / 2;
    specs.push(TensorSpec::new("power_sum", &[channels, config.size.n_columns(), config.size.height], 2 * unit - 40));
    specs.push(TensorSpec::new("color_outer", &[color_pairs], 0));
    specs.push(TensorSpec::new("channel_mean_sum", &[channels], unit - 44));
    specs.push(TensorSpec::new("channel_mean_outer", &[color_pairs], 2 * unit - 44));
    // Logarithms, and values in their own unit: no quantum of theirs depends on the range.
    let length = config.vector_length();
    specs.push(TensorSpec::new("vector_sum", &[length], -44));
    specs.push(TensorSpec::new("vector_outer", &[length * (length + 1) / 2], -50));
    specs.push(TensorSpec::new("file_vector_sum", &[length], -44));
}

fn push_moment_specs(specs: &mut Vec<TensorSpec>, config: &AnalysisConfig, reduced_len: Option<usize>) {
    let (unit, channels) = (config.unit_log2(), config.channels.count());
    let modes = [channels, config.size.n_columns(), config.size.height];
    specs.push(TensorSpec::new("pseudo_power_real_sum", &modes, 2 * unit - 40));
    specs.push(TensorSpec::new("pseudo_power_imag_sum", &modes, 2 * unit - 40));
    specs.push(TensorSpec::new("power_square_sum", &modes, 4 * unit - 48));
    specs.push(TensorSpec::new("power_field_real_sum", &modes, 3 * unit - 44));
    specs.push(TensorSpec::new("power_field_imag_sum", &modes, 3 * unit - 44));
    if config.coherence && channels > 1 {
        let cross = [channels * (channels - 1) / 2, config.size.n_columns(), config.size.height];
        specs.push(TensorSpec::new("cross_power_real_sum", &cross, 2 * unit - 40));
        specs.push(TensorSpec::new("cross_power_imag_sum", &cross, 2 * unit - 40));
    }
    if let Some(d) = reduced_len {
        specs.push(TensorSpec::new("real_form_outer", &[d * (d + 1) / 2], 2 * unit - 40));
        specs.push(TensorSpec::new("real_form_norm2_field_sum", &[d], 3 * unit - 44));
        specs.push(TensorSpec::new("real_form_norm4_sum", &[1], 4 * unit - 48));
    }
}

/// Rows of RAPSDs: each channel and, when there are several, their mean last.
pub(super) fn rapsd_rows(channels: usize) -> usize {
    if channels == 1 { 1 } else { channels + 1 }
}
