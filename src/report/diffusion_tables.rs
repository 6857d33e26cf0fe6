//! Rows of the tables about brightness and signal-to-noise: one struct per CSV file, its fields the columns.

use serde::Serialize;

/// Row of `brightness.csv`: one statistic of the images' brightness.
#[derive(Debug, Clone, Serialize)]
pub struct BrightnessRow {
    /// Channel, or `overall`.
    pub channel: String,
    /// `mean`, `variance`, `skewness`, or a quantile such as `q05`.
    pub statistic: String,
    /// Its value: value, value² for the variance, a pure number for the skewness.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low95: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high95: Option<f64>,
}

/// Row of `brightness_families.csv`: the overall brightness against that of a noise family.
#[derive(Debug, Clone, Serialize)]
pub struct BrightnessFamilyRow {
    /// The family.
    pub family: String,
    /// Standard deviation of the noise's pixels, value.
    pub noise_std: f64,
    /// Standard deviation of the brightness of its samples, value.
    pub brightness_std: f64,
    /// Variance of the images' brightness over that of the noise.
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

/// Row of `snr_crossing.csv`: when one frequency emerges from one noise.
#[derive(Debug, Clone, Serialize)]
pub struct SnrCrossingRow {
    /// The family.
    pub family: String,
    /// Annulus, 0 the brightness.
    pub bin: usize,
    /// Frequency, cycles per pixel.
    pub frequency_cycles_per_px: f64,
    /// Mean power of the mean-removed images, value² per mode.
    pub power_mean: f64,
    /// Mean power of the noise, value² per mode.
    pub noise_power_mean: f64,
    /// Step at which the ratio is nearest to 1, from 1 (least noise).
    pub step: Option<usize>,
    /// Time at which it is 1, step over T, interpolated.
    pub t: Option<f64>,
    /// Whether it passes 1 within the schedule; if not, `t` is the nearer end.
    pub inside: Option<bool>,
}
