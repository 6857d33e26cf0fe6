//! The rows of `brightness.csv` and `brightness_families.csv`.

use serde::Serialize;

use super::NoiseBrightness;
use crate::analysis::About;
use crate::analysis::words::finite;
use crate::diffusion::brightness::{Brightness, BrightnessAgainstNoise, QUANTILES};
use crate::stats::jackknife::Interval;

/// Row of `brightness.csv`: one statistic of the images' brightness.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BrightnessRow {
    /// Channel, or `overall`.
    pub channel: &'static str,
    /// `mean`, `variance`, `skewness`, or a quantile such as `q05`.
    pub statistic: &'static str,
    /// Its value: value, value² for the variance, a pure number for the skewness.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low95: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high95: Option<f64>,
}

/// Row of `brightness_families.csv`: the overall brightness against that of a noise family.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BrightnessFamilyRow {
    /// The family.
    pub family: String,
    /// Standard deviation of the noise's pixels, value.
    pub noise_std: f64,
    /// Standard deviation of the brightness of its samples, value.
    pub brightness_std: f64,
    /// Variance of the images' brightness over that of the noise; none for noise whose brightness does not vary.
    pub variance_ratio: Option<f64>,
    /// Lower end of the 95 % interval.
    pub variance_ratio_low95: Option<f64>,
    /// Upper end of the 95 % interval.
    pub variance_ratio_high95: Option<f64>,
    /// 1-Wasserstein distance between both brightnesses, value.
    pub wasserstein1: Option<f64>,
    /// Lower end of the 95 % interval.
    pub wasserstein1_low95: Option<f64>,
    /// Upper end of the 95 % interval.
    pub wasserstein1_high95: Option<f64>,
}

/// Names of the variables: channels, and `overall` if there are several.
pub(super) fn variables(about: &About) -> Vec<&'static str> {
    let channels = about.preprocess.channels.names();
    let overall = (channels.len() > 1).then_some("overall");
    channels.iter().copied().chain(overall).collect()
}

/// The rows of `brightness.csv`.
pub(super) fn brightness_rows(about: &About, brightness: &Brightness) -> Vec<BrightnessRow> {
    let row = |channel, statistic, i: Interval| BrightnessRow {
        channel,
        statistic,
        value: finite(i.value),
        low95: i.low95,
        high95: i.high95,
    };
    let mut rows = Vec::new();
    for (channel, of) in variables(about).into_iter().zip(&brightness.variables) {
        rows.extend([row(channel, "mean", of.mean), row(channel, "variance", of.variance)]);
        rows.extend(of.skewness.map(|skewness| row(channel, "skewness", skewness)));
        let quantiles = of.quantiles.iter().flatten().zip(QUANTILES);
        rows.extend(quantiles.map(|(quantile, (name, _))| row(channel, name, *quantile)));
    }
    rows
}

/// The row of a family.
pub(super) fn family_row(noise: NoiseBrightness, against: &BrightnessAgainstNoise) -> BrightnessFamilyRow {
    let BrightnessAgainstNoise { variance_ratio: ratio, wasserstein1: distance } = *against;
    BrightnessFamilyRow {
        family: noise.family,
        noise_std: noise.noise_std,
        brightness_std: noise.brightness_std,
        variance_ratio: finite(ratio.value),
        variance_ratio_low95: ratio.low95,
        variance_ratio_high95: ratio.high95,
        wasserstein1: distance.and_then(|d| finite(d.value)),
        wasserstein1_low95: distance.and_then(|d| d.low95),
        wasserstein1_high95: distance.and_then(|d| d.high95),
    }
}
