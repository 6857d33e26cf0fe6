//! The recommended numbers of a set, from its spectrum alone.

use anyhow::Result;
use serde::Serialize;

use crate::analysis::FamilyOptions;
use crate::diffusion::blur_noise::BlurNoise;
use crate::diffusion::bounds::brightness_sigma_max;
use crate::diffusion::matching_offset::{MatchingOffset, strength};
use crate::diffusion::resized::{LowPass, resized_rapsd};
use crate::diffusion::{Kappa, ScheduleKind, SetBounds, TightPlan, TrainingDensity, training_density};
use crate::noise::{AxesOf, DatasetModel, ModelOptions, compare};
use crate::pipeline::Observer;
use crate::spectrum::{RadialStatistics, RapsdOf, SetVector, Spectrum};
use crate::stats::jackknife::Interval;
use crate::stats::power_law::{FitRange, LinearEstimate, PowerLawFit};
use crate::stats::set_intervals::{brightness_variance, pixel_deviation};
use crate::stats::spectrum_fit::fit_set;

/// Levels of the quantiles over images that the ends of the noise axis are: nine of ten images are covered.
const END_LEVELS: [f64; 2] = [0.05, 0.95];
/// Side relative to which shifts of flow matching are told, pixels.
pub(super) const SHIFT_SIDE_PX: usize = 64;
/// Steps of the recommended sampling schedule.
const SAMPLING_STEPS: usize = 40;
/// Share of its power that every band keeps under blur noise.
const RETAIN: f64 = 0.9;
/// Families among which the closest is sought: `matched`, the images' own spectrum, would always be it.
const FAMILIES: &[&str] =
    &["white", "cloud:fit", "cloud:best", "cloud-crop:fit", "pink", "brown", "blue", "offset:0.1", "pyramid"];

/// The noise family closest to the images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClosestNoise {
    /// Its name; `matched`, the images' own spectrum, does not take part.
    pub family: String,
    /// Its exponent, for power laws.
    pub delta: Option<f64>,
    /// KL(dataset‖noise) per dimension, nats.
    pub kl_per_dim: f64,
    /// The same of white noise.
    pub white_kl_per_dim: Option<f64>,
}

/// What decides the largest noise level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DecidedBy {
    /// The strongest bands of the images.
    Bands,
    /// The variance of the images' brightness.
    Brightness,
}

/// What follows from the sums of a set.
pub(super) struct Measured<'a> {
    pub bounds: SetBounds<'a>,
    pub sigma_data: Interval,
    /// By channel.
    pub sigma_data_channels: Vec<Interval>,
    pub sigma_min: Interval,
    pub sigma_max_bands: Interval,
    pub sigma_max_brightness: Interval,
    /// At κ = 1.
    pub density: TrainingDensity,
    /// At the thresholds of the bounds.
    pub wide_density: TrainingDensity,
    /// Relative to [`SHIFT_SIDE_PX`].
    pub shift: Interval,
    pub noise_offset: Interval,
    pub blur_ratio: Option<Interval>,
    pub law: Option<PowerLawFit>,
    /// Noise levels of sampling, descending.
    pub sigmas: Vec<f64>,
}

impl Measured<'_> {
    /// The larger of both upper ends, and what decides it.
    pub(super) fn sigma_max(&self) -> (Interval, DecidedBy) {
        match self.sigma_max_brightness.value >= self.sigma_max_bands.value {
            true => (self.sigma_max_brightness, DecidedBy::Brightness),
            false => (self.sigma_max_bands, DecidedBy::Bands),
        }
    }
}

/// Measures everything; none if all images, or their mean spectrum, are flat.
///
/// # Errors
///
/// If the set has no covariance.
pub(super) fn measure<'a>(spectrum: &'a Spectrum, kappa: Kappa, rounding_power: f64) -> Result<Option<Measured<'a>>> {
    let Some(bounds) = SetBounds::new(spectrum, kappa, rounding_power) else { return Ok(None) };
    let Some(set) = spectrum.set_vector() else { return Ok(None) };
    let size = spectrum.grid().size();
    let statistics = spectrum.radial_statistics(RapsdOf::ChannelMean);
    let one = Kappa::new(1.0, 1.0)?;
    let densities = [one, kappa].map(|k| training_density(&statistics, size.longer_side(), k, rounding_power));
    let [Some(density), Some(wide_density)] = densities else { return Ok(None) };
    let law = fit_set(spectrum, &FitRange::for_size(size))?.ok();
    let (sigma_data, sigma_data_channels) = deviations(spectrum, &set)?;
    let zero_power = spectrum.mode_covariance()?.channel_mean()[0];
    let variance = brightness_variance(&set);
    let [sigma_min, sigma_max_bands] = [bounds.sigma_min(END_LEVELS[0]), bounds.sigma_max(END_LEVELS[1])];
    // Γ of the zero frequency is that variance times HW·n/(n−1).
    let n = spectrum.n_images() as f64;
    let relative = |end: Option<f64>| end.map(|end| (end / variance.value * (n - 1.0) / n).sqrt());
    let level = brightness_sigma_max(kappa, zero_power);
    let sigma_max_brightness = Interval {
        value: level,
        low95: relative(variance.low95).map(|r| r * level),
        high95: relative(variance.high95).map(|r| r * level),
    };
    let sigma_max = sigma_max_bands.value.max(level);
    let ends = [sigma_min.value.min(sigma_max), sigma_max];
    Ok(Some(Measured {
        sigmas: sampling_sigmas(&statistics.mean, size.longer_side(), kappa, rounding_power, ends),
        shift: shift(&statistics, LowPass::of(spectrum.preprocess().channels), size.longer_side()),
        noise_offset: noise_offset(spectrum, variance),
        blur_ratio: blur_ratio(spectrum),
        bounds,
        sigma_data,
        sigma_data_channels,
        sigma_min,
        sigma_max_bands,
        sigma_max_brightness,
        density,
        wide_density,
        law,
    }))
}

/// Standard deviation of the pixels, overall and of each channel.
fn deviations(spectrum: &Spectrum, set: &SetVector) -> Result<(Interval, Vec<Interval>)> {
    let covariance = spectrum.color_covariance()?;
    let channels: Vec<usize> = (0..set.n_channels).collect();
    let variance = |c: &usize| covariance[c * (set.n_channels + 1)].max(0.0);
    let overall = (channels.iter().map(variance).sum::<f64>() / channels.len() as f64).sqrt();
    let each = channels.iter().map(|c| pixel_deviation(variance(c).sqrt(), &[*c], set)).collect();
    Ok((pixel_deviation(overall, &channels, set), each))
}

/// The matching offset with the interval of the variance that it follows from.
fn noise_offset(spectrum: &Spectrum, variance: Interval) -> Interval {
    let n_pixels = spectrum.grid().size().n_pixels();
    let covariance = spectrum.channel_mean_covariance();
    let white = MatchingOffset::of_white_noise(covariance.len().isqrt(), n_pixels).independent;
    let value = MatchingOffset::new(&covariance, n_pixels).independent;
    let end = |end: Option<f64>| end.map(|end| strength(end, white));
    Interval { value, low95: end(variance.low95), high95: end(variance.high95) }
}

fn blur_ratio(spectrum: &Spectrum) -> Option<Interval> {
    let rapsd = spectrum.centred_rapsd(RapsdOf::ChannelMean);
    let blur = BlurNoise::new(&rapsd, spectrum.grid().size().longer_side(), 1.0);
    let statistics = spectrum.radial_statistics(RapsdOf::ChannelMean);
    blur.largest_ratio(RETAIN).map(|limit| blur.interval(limit, &statistics))
}

/// `s_max(N)/s_max(64)` of the mean spectrum, the one at 64 pixels predicted from it. Where one band is the strongest
/// at both sizes the ratio follows from the sizes alone, of any images, and has no interval; else δ ln of it is half
/// that of both bands.
fn shift(statistics: &RadialStatistics, low_pass: LowPass, side: usize) -> Interval {
    let rapsd = &statistics.mean;
    let reference = resized_rapsd(rapsd, low_pass, side, SHIFT_SIDE_PX);
    let [(here, high), (there, low)] = [rapsd, &reference].map(|rapsd| strongest(rapsd));
    let ratio = (high / low).sqrt();
    if here == there {
        return Interval::unknown(ratio);
    }
    let mut gradient = vec![0.0; rapsd.len()];
    gradient[here] += 0.5 / rapsd[here];
    gradient[there] -= 0.5 / rapsd[there];
    let log = LinearEstimate::new(ratio.ln(), &gradient, statistics);
    Interval { value: ratio, low95: log.low95.map(f64::exp), high95: log.high95.map(f64::exp) }
}

/// The strongest annulus but the brightness, and its power.
fn strongest(rapsd: &[f64]) -> (usize, f64) {
    let bands = rapsd.iter().copied().enumerate().skip(1);
    bands.fold((1, 0.0), |best, band| if band.1 > best.1 { band } else { best })
}

/// The mixed tight schedule of the mean spectrum, its logSNR stretched evenly to end at `low` and `high`; descending.
fn sampling_sigmas(rapsd: &[f64], side: usize, kappa: Kappa, rounding_power: f64, [low, high]: [f64; 2]) -> Vec<f64> {
    let plan = TightPlan::new(side, kappa, rounding_power, SAMPLING_STEPS).ok();
    let Some(schedule) = plan.and_then(|plan| plan.schedule(rapsd, ScheduleKind::Mixed)) else { return Vec::new() };
    let (clean, noisy) = (schedule.logsnr[0], schedule.logsnr[SAMPLING_STEPS - 1]);
    let stretched = |logsnr: &f64| {
        let share = if noisy < clean { (logsnr - clean) / (noisy - clean) } else { 0.0 };
        (low.ln() + share * (high / low).ln()).exp()
    };
    let mut sigmas: Vec<f64> = schedule.logsnr.iter().rev().map(stretched).collect();
    // To the last digit the ends that are recommended.
    sigmas[0] = high;
    sigmas[SAMPLING_STEPS - 1] = low;
    sigmas
}

/// An estimate with its interval.
pub(super) fn interval(estimate: LinearEstimate) -> Interval {
    Interval { value: estimate.value, low95: estimate.low95, high95: estimate.high95 }
}

/// The family of the least KL(dataset‖noise) in closed form; none where families have no model of the set.
///
/// # Errors
///
/// If a spectrum cannot be had.
pub(super) fn closest_noise(
    spectrum: &Spectrum,
    rounding_power: f64,
    observer: &dyn Observer,
) -> Result<Option<ClosestNoise>> {
    let options = ModelOptions { metric: None, axes: AxesOf::Channels, rounding_power };
    let model = match DatasetModel::new(spectrum, options) {
        Ok(model) => model,
        Err(reason) => {
            observer.warned(&format!("no closest noise: {reason}"));
            return Ok(None);
        }
    };
    let families = FamilyOptions::default().parse_or(FAMILIES, true)?;
    // Families that do not exist at this size are not missed.
    let noises = families.realise_or(&model.setting(), None, |_, _| Ok(()))?;
    let compared = compare(&model, &noises, &vec![(None, None); noises.len()])?;
    let per_dimension = |name: &str| {
        let found = compared.iter().find(|c| c.name == name)?;
        Some(found.divergence.kl_data_noise / model.n_dimensions())
    };
    Ok(compared.first().filter(|c| c.divergence.kl_data_noise.is_finite()).map(|closest| ClosestNoise {
        family: closest.name.clone(),
        delta: closest.delta,
        kl_per_dim: closest.divergence.kl_data_noise / model.n_dimensions(),
        white_kl_per_dim: per_dimension("white"),
    }))
}
