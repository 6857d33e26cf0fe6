//! What the brightness of a set says of noise: how it is distributed, the offset that matches it, how far noise is from
//! it.
//!
//! # Conventions
//!
//! The variables are the brightness of each channel and, if there are several, last that over all of them. Intervals
//! are as in [`crate::stats::brightness`]; those of offsets are those of the variances they follow from. Of a saved
//! spectrum moments are known and single images are not: there are no intervals then, no skewness, quantiles and
//! distances.

use super::matching_offset::{MatchingOffset, strength};
use crate::stats::brightness::{DistanceFromNormal, Sample};
use crate::stats::jackknife::{Interval, Jackknife, Kept, Scale};

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

impl Brightness {
    /// From the brightness of every image of `n_pixels`, as the variables of `sample`. `noise_stds` are the standard
    /// deviations of the brightness of each noise, value. `seed` is that of [`Jackknife::new`].
    ///
    /// # Panics
    ///
    /// If there is no variable.
    pub fn of_sample(sample: &Sample, n_pixels: usize, noise_stds: &[f64], seed: u64) -> Self {
        let overall = sample.n_variables() - 1;
        let n_channels = overall.max(1);
        let distances: Vec<_> = noise_stds.iter().map(|std| DistanceFromNormal::new(sample, overall, *std)).collect();
        let covariance_of = |kept: &Kept| -> Vec<f64> {
            (0..n_channels * n_channels).map(|i| sample.covariance(i / n_channels, i % n_channels, kept)).collect()
        };
        let statistics = |kept: &Kept| {
            let mut all = Vec::new();
            for v in 0..=overall {
                all.push((sample.mean(v, kept), Scale::Linear));
                all.push((sample.covariance(v, v, kept), Scale::Log));
                all.push((sample.skewness(v, kept), Scale::Linear));
            }
            // Channels may share less than nothing.
            let scales = [Scale::Log, Scale::LogIfClear, Scale::Log, Scale::Log];
            all.extend(MatchingOffset::variances(&covariance_of(kept)).to_array().into_iter().zip(scales));
            all.extend(distances.iter().map(|distance| (distance.of(kept), Scale::Log)));
            all
        };
        let all = Jackknife::new(sample.files(), seed).intervals(statistics);
        let (moments, all) = all.split_at(3 * (overall + 1));
        let (variances, distances) = all.split_at(4);
        let white = MatchingOffset::of_white_noise(n_channels, n_pixels).to_array();
        let matching = std::array::from_fn(|i| variances[i].map(|variance| strength(variance, white[i])));
        let distribution = |(v, [mean, variance, skewness]): (usize, &[Interval; 3])| BrightnessDistribution {
            mean: *mean,
            variance: *variance,
            skewness: Some(*skewness),
            quantiles: Some(QUANTILES.map(|(_, level)| sample.quantile(v, level))),
        };
        let variables: Vec<_> = moments.as_chunks().0.iter().enumerate().map(distribution).collect();
        let compared = |(std, distance): (&f64, &Interval)| BrightnessAgainstNoise {
            variance_ratio: variables[overall].variance.map(|variance| variance / (std * std)),
            wasserstein1: Some(*distance),
        };
        Self {
            against: noise_stds.iter().zip(distances).map(compared).collect(),
            covariance: covariance_of(&vec![true; sample.len()]),
            matching: MatchingOffset::from_array(matching),
            variables,
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
    use std::f64::consts::PI;

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// Three channels and their mean over twelve images, each a file.
    fn images() -> Sample {
        let mut channels: Vec<Vec<f64>> =
            (0..3).map(|c| (0..12).map(|i| f64::from((i * (7 + 2 * c)) % 13) / 13.0 - 0.4).collect()).collect();
        channels.push((0..12).map(|i| (channels[0][i] + channels[1][i] + channels[2][i]) / 3.0).collect());
        Sample::new(channels, (0..12).collect())
    }

    #[test]
    fn every_number_is_that_of_its_variable() {
        let sample = images();
        let got = Brightness::of_sample(&sample, 256, &[0.1, 0.4], 5);
        assert_eq!((got.variables.len(), got.against.len()), (4, 2));
        for (values, got) in (0..4).map(|v| sample.values(v)).zip(&got.variables) {
            let mean = values.iter().sum::<f64>() / 12.0;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 12.0;
            let mut sorted = values.to_vec();
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
        let whole = Brightness::of_sample(&images(), 64, &[0.2], 0);
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
        let one = Brightness::of_sample(&Sample::new(vec![vec![0.25]], vec![0]), 100, &[0.0, 1.0], 0);
        assert_eq!((one.variables.len(), one.covariance.as_slice()), (1, &[0.0][..]));
        assert_eq!(one.variables[0].mean, Interval::unknown(0.25));
        assert!(one.variables[0].skewness.expect("an image").value.is_nan());
        assert!(one.against[0].variance_ratio.value.is_nan(), "nothing over nothing");
        assert_eq!(one.matching.map(|i| i.value).to_array(), [0.0; 4]);
        assert_eq!(Brightness::of_moments(&[0.25], vec![0.0], 100, &[]).variables.len(), 1);
    }

    /// Share of the sets of `n_files` files, each with `tiles` images, whose interval of the independent offset holds
    /// the truth. A file's brightness is `draw`n with the deviation 0.3; of a tile's variance the share `alike` is the
    /// file's.
    fn coverage(n_files: usize, tiles: usize, alike: f64, draw: fn(&mut ChaCha8Rng) -> f64) -> f64 {
        let n_sets = if n_files < 30 { 600 } else { 300 };
        let n = n_files * tiles;
        let mut covered = 0;
        for seed in 0..n_sets {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut values = Vec::new();
            for _ in 0..n_files {
                let of_file = draw(&mut random);
                let own = |random: &mut ChaCha8Rng| alike.sqrt() * of_file + (1.0 - alike).sqrt() * draw(random);
                values.extend((0..tiles).map(|_| 0.3 * own(&mut random)));
            }
            let sample = Sample::new(vec![values], (0..n as u32).map(|i| i / tiles as u32).collect());
            let got = Brightness::of_sample(&sample, 4096, &[], seed).matching.independent;
            let truth = strength(0.09, 1.0 / 4096.0);
            covered += u64::from(got.low95 <= Some(truth) && got.high95 >= Some(truth));
        }
        covered as f64 / n_sets as f64
    }

    fn gaussian(random: &mut ChaCha8Rng) -> f64 {
        StandardNormal.sample(random)
    }

    /// Many dark images, few bright ones: a Rayleigh distribution of deviation 1, skewness 0.63.
    fn skewed(random: &mut ChaCha8Rng) -> f64 {
        let (a, b) = (gaussian(random), gaussian(random));
        (a.hypot(b) - (PI / 2.0).sqrt()) / (2.0 - PI / 2.0).sqrt()
    }

    #[test]
    fn intervals_of_the_offset_hold_the_truth_also_of_few_skewed_or_tiled_images() {
        for (n_files, tiles, alike, least) in [
            (5, 1, 0.0, 0.86),
            (12, 1, 0.0, 0.86),
            (50, 1, 0.0, 0.90),
            (200, 1, 0.0, 0.90),
            (12, 9, 0.8, 0.86),
            (50, 9, 0.8, 0.90),
        ] {
            for (name, draw) in [("gaussian", gaussian as fn(&mut ChaCha8Rng) -> f64), ("skewed", skewed)] {
                let share = coverage(n_files, tiles, alike, draw);
                println!("{n_files} files of {tiles}, {name}: {share}");
                assert!(share >= least && share <= 0.99, "{n_files} files of {tiles}, {name}: {share}");
            }
        }
    }

    #[test]
    fn infinite_noise_leaves_nothing_of_the_brightness() {
        assert_eq!((terminal_snr(8.0, 2.0), terminal_snr(8.0, f64::INFINITY)), (2.0, 0.0));
    }
}
