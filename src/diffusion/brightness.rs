//! What the brightness of a set says of noise: how it is distributed, the offset that matches it, how far noise is from
//! it.
//!
//! # Conventions
//!
//! The variables are the brightness of each channel and, if there are several, last that over all of them. Intervals
//! are as in [`crate::stats::brightness`]. Of a saved spectrum moments are known and single images are not: there are
//! no intervals then, no skewness, quantiles and distances.

use super::matching_offset::MatchingOffset;
use crate::stats::brightness::{Interval, NormalTable, Sample, Weights};

/// Quantiles of the brightness, by name and level.
pub const QUANTILES: [(&str, f64); 5] = [("q05", 0.05), ("q25", 0.25), ("q50", 0.5), ("q75", 0.75), ("q95", 0.95)];

/// How one brightness is distributed over the images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrightnessDistribution {
    /// Its mean, value.
    pub mean: Interval,
    /// Its variance, value².
    pub variance: Interval,
    /// Its skewness; not a number where it does not vary.
    pub skewness: Option<Interval>,
    /// Its [`QUANTILES`], value.
    pub quantiles: Option<[Interval; 5]>,
}

/// The overall brightness against that of one noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrightnessAgainstNoise {
    /// Its variance over that of the noise; infinite or not a number for noise whose brightness does not vary.
    pub variance_ratio: Interval,
    /// 1-Wasserstein distance between both, value.
    pub wasserstein1: Option<Interval>,
}

/// What the brightness of a set says.
#[derive(Debug, Clone, PartialEq)]
pub struct Brightness {
    /// How each variable is distributed.
    pub variables: Vec<BrightnessDistribution>,
    /// Covariance of the channels' brightness, `C×C`, value².
    pub covariance: Vec<f64>,
    /// The offset that matches it.
    pub matching: MatchingOffset<Interval>,
    /// The overall brightness against each noise.
    pub against: Vec<BrightnessAgainstNoise>,
}

/// Numbers that describe one distribution.
const N_NUMBERS: usize = 3 + QUANTILES.len();

impl Brightness {
    /// From the brightness of every image of `n_pixels`, as the variables of `sample`. `noise_stds` are the standard
    /// deviations of the brightness of each noise, value. All numbers are resampled together.
    ///
    /// # Panics
    ///
    /// If there is no variable.
    pub fn of_sample(sample: &Sample, n_pixels: usize, noise_stds: &[f64], seed: u64) -> Self {
        let overall = sample.n_variables() - 1;
        let n_channels = overall.max(1);
        let table = NormalTable::new(sample.len());
        let covariance_of = |w: &Weights| -> Vec<f64> {
            (0..n_channels * n_channels).map(|i| sample.covariance(i / n_channels, i % n_channels, w)).collect()
        };
        let statistics = |w: &Weights| {
            let mut all = Vec::new();
            for v in 0..=overall {
                all.extend([sample.mean(v, w), sample.covariance(v, v, w), sample.skewness(v, w)]);
                all.extend(QUANTILES.map(|(_, level)| sample.quantile(v, level, w)));
            }
            all.extend(MatchingOffset::new(&covariance_of(w), n_pixels).to_array());
            for std in noise_stds {
                all.push(sample.covariance(overall, overall, w) / (std * std));
                all.push(sample.wasserstein_to_normal(overall, *std, &table, w));
            }
            all
        };
        let all = sample.intervals(seed, statistics);
        let (variables, all) = all.split_at(N_NUMBERS * (overall + 1));
        let (matching, against) = all.split_at(4);
        let distribution =
            |[mean, variance, skewness, quantiles @ ..]: &[Interval; N_NUMBERS]| BrightnessDistribution {
                mean: *mean,
                variance: *variance,
                skewness: Some(*skewness),
                quantiles: Some(*quantiles),
            };
        let compared = |[ratio, distance]: &[Interval; 2]| BrightnessAgainstNoise {
            variance_ratio: *ratio,
            wasserstein1: Some(*distance),
        };
        Self {
            variables: variables.as_chunks().0.iter().map(distribution).collect(),
            covariance: covariance_of(&vec![1; sample.len()]),
            matching: MatchingOffset::from_array(std::array::from_fn(|i| matching[i])),
            against: against.as_chunks().0.iter().map(compared).collect(),
        }
    }

    /// From the mean of each channel's brightness (value) and their covariance (`C×C`, row by row, value²) over images
    /// of `n_pixels`; `noise_stds` as in [`Brightness::of_sample`].
    ///
    /// # Panics
    ///
    /// If the covariance is not square, or there is not one mean per channel.
    pub fn of_moments(means: &[f64], covariance: Vec<f64>, n_pixels: usize, noise_stds: &[f64]) -> Self {
        let n = means.len();
        let overall_variance = covariance.iter().sum::<f64>() / (n * n) as f64;
        let distribution = |mean: f64, variance: f64| BrightnessDistribution {
            mean: Interval::unknown(mean),
            variance: Interval::unknown(variance),
            skewness: None,
            quantiles: None,
        };
        let mut variables: Vec<_> = (0..n).map(|c| distribution(means[c], covariance[c * (n + 1)])).collect();
        if n > 1 {
            variables.push(distribution(means.iter().sum::<f64>() / n as f64, overall_variance));
        }
        let against = |std: &f64| BrightnessAgainstNoise {
            variance_ratio: Interval::unknown(overall_variance / (std * std)),
            wasserstein1: None,
        };
        Self {
            variables,
            matching: MatchingOffset::new(&covariance, n_pixels).map(Interval::unknown),
            against: noise_stds.iter().map(against).collect(),
            covariance,
        }
    }
}

/// Signal-to-noise ratio of the brightness where a diffusion ends, from Γ of the zero frequency (value²) and the
/// largest relative noise level: nothing is left under infinite noise.
pub fn terminal_snr(gamma_zero: f64, sigma_max: f64) -> f64 {
    gamma_zero / (sigma_max * sigma_max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::brightness::N_RESAMPLES;

    /// Three channels and their mean over twelve images.
    fn images() -> Vec<Vec<f64>> {
        let mut channels: Vec<Vec<f64>> =
            (0..3).map(|c| (0..12).map(|i| f64::from((i * (7 + 2 * c)) % 13) / 13.0 - 0.4).collect()).collect();
        channels.push((0..12).map(|i| (channels[0][i] + channels[1][i] + channels[2][i]) / 3.0).collect());
        channels
    }

    #[test]
    fn every_number_is_that_of_its_variable() {
        let variables = images();
        let sample = Sample::new(variables.clone());
        let got = Brightness::of_sample(&sample, 256, &[0.1, 0.4], 5);
        assert_eq!((got.variables.len(), got.against.len(), N_RESAMPLES), (4, 2, 200));
        for (values, got) in variables.iter().zip(&got.variables) {
            let mean = values.iter().sum::<f64>() / 12.0;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 12.0;
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            assert!((got.mean.value - mean).abs() <= 1e-15 && (got.variance.value - variance).abs() <= 1e-15);
            let [.., q50, _, _] = got.quantiles.expect("images");
            assert!((q50.value - 0.5 * (sorted[5] + sorted[6])).abs() <= 1e-15);
            assert!(got.mean.low95 < Some(mean) && got.mean.high95 > Some(mean), "{:?}", got.mean);
        }
        let overall = got.variables[3].variance.value;
        for (noise, std) in got.against.iter().zip([0.1, 0.4]) {
            assert!((noise.variance_ratio.value - overall / (std * std)).abs() <= 1e-12);
            assert!(noise.wasserstein1.expect("images").low95.is_some());
        }
        let plain = MatchingOffset::new(&got.covariance, 256);
        assert_eq!(got.matching.map(|i| i.value), plain);
        assert!((got.covariance[1] - got.covariance[3]).abs() <= 1e-15 && got.covariance[1] != got.covariance[0]);
    }

    #[test]
    fn moments_alone_say_the_same_without_intervals() {
        let sample = Sample::new(images());
        let whole = Brightness::of_sample(&sample, 64, &[0.2], 0);
        let means: Vec<f64> = whole.variables[..3].iter().map(|v| v.mean.value).collect();
        let moments = Brightness::of_moments(&means, whole.covariance.clone(), 64, &[0.2]);
        for (a, b) in whole.variables.iter().zip(&moments.variables) {
            assert!(
                (a.mean.value - b.mean.value).abs() <= 1e-15 && (a.variance.value - b.variance.value).abs() <= 1e-15
            );
            assert_eq!((b.mean.low95, b.skewness, b.quantiles), (None, None, None));
        }
        assert_eq!(moments.matching.map(|i| i.value), whole.matching.map(|i| i.value));
        let ratios = [&whole, &moments].map(|b| b.against[0].variance_ratio.value);
        assert!((ratios[0] / ratios[1] - 1.0).abs() <= 1e-12 && moments.against[0].wasserstein1.is_none());
    }

    #[test]
    fn one_channel_is_the_whole_and_one_image_has_no_spread() {
        let one = Brightness::of_sample(&Sample::new(vec![vec![0.25]]), 100, &[0.0, 1.0], 0);
        assert_eq!((one.variables.len(), one.covariance.as_slice()), (1, &[0.0][..]));
        assert_eq!(one.variables[0].mean, Interval::unknown(0.25));
        assert!(one.variables[0].skewness.expect("an image").value.is_nan());
        assert!(one.against[0].variance_ratio.value.is_nan(), "nothing over nothing");
        assert_eq!(one.matching.map(|i| i.value).to_array(), [0.0; 4]);
        assert_eq!(Brightness::of_moments(&[0.25], vec![0.0], 100, &[]).variables.len(), 1);
    }

    #[test]
    fn infinite_noise_leaves_nothing_of_the_brightness() {
        assert_eq!((terminal_snr(8.0, 2.0), terminal_snr(8.0, f64::INFINITY)), (2.0, 0.0));
    }
}
