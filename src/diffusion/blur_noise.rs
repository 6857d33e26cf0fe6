//! Blur and noise together: at which ratio of the two noise hides a band before blur empties it.
//!
//! # Definition
//!
//! `x_t = B_b(x) + σε` with a Gaussian blur of `b` pixels, `H_b(f) = exp(−2π²b²f²)`, and the blur-to-noise ratio
//! `ρ = b/σ` (pixels per unit of value). Noise hides the band `f` at `σ(f)² = κR(f)`; until then blur at the ratio ρ
//! has left of the band's power the share
//!
//! ```text
//! T(f; ρ) = exp(−4π²ρ²κR(f)f²)
//! ```
//!
//! `ρ*(q) = min_f √(−ln q / (4π²κR(f)f²))` is the largest ratio at which every band keeps the share `q`. A band is
//! *empty* when its power falls to that of 8-bit rounding `r`; blur does that before noise hides it from
//! `√(ln(R/r)/(4π²κRf²))` on.
//!
//! # Conventions
//!
//! Frequencies are the annuli `j ≥ 1`, `f = j/L`; bands without power limit nothing. For a spectrum `A²/f²` the product
//! `R f²` is the same everywhere, and ρ* does not depend on the resolution.
//!
//! # Intervals
//!
//! That of the power of the limiting band, from the covariance between files, in logarithms. Which band limits is taken
//! as known: where many bands limit alike (an exact 1/f² law), ρ* of few images lies a little low, since the strongest
//! of all their deviations limits.
//!
//! # References
//!
//! Warm Diffusion (arXiv 2511.16904).

use std::f64::consts::PI;

use crate::spectrum::RadialStatistics;
use crate::stats::jackknife::Interval;
use crate::stats::power_law::LinearEstimate;

/// Ratios whose retained power is tabulated.
pub const RATIOS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 10.0];

/// A ratio and the annulus that limits it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct LimitingRatio {
    /// ρ, pixels per unit of value.
    pub ratio: f64,
    /// The annulus that limits it.
    pub annulus: usize,
}

/// A spectrum under blur and noise.
#[derive(Debug, Clone)]
pub struct BlurNoise<'a> {
    /// R of each annulus from 0 on, value² per mode.
    rapsd: &'a [f64],
    /// L, pixels.
    longer_side: f64,
    kappa: f64,
}

impl<'a> BlurNoise<'a> {
    /// Of images with the RAPSD `rapsd` (annuli 0 … ⌊L/2⌋) and a longer side of `longer_side` pixels; noise hides a
    /// band at the noise-to-signal ratio `kappa`.
    pub fn new(rapsd: &'a [f64], longer_side: usize, kappa: f64) -> Self {
        Self { rapsd, longer_side: longer_side as f64, kappa }
    }

    /// `4π²κR(f)f²` of an annulus: minus the logarithm of what blur leaves at ρ = 1.
    fn rate(&self, annulus: usize) -> f64 {
        let f = annulus as f64 / self.longer_side;
        4.0 * PI * PI * self.kappa * self.rapsd[annulus] * f * f
    }

    /// `T(f; ρ)`: the share of a band's power that blur has left when noise hides the band.
    pub fn retained(&self, annulus: usize, ratio: f64) -> f64 {
        (-ratio * ratio * self.rate(annulus)).exp()
    }

    /// σ at which noise hides a band, value.
    pub fn hidden_sigma(&self, annulus: usize) -> f64 {
        (self.kappa * self.rapsd[annulus]).sqrt()
    }

    /// The ratio up to which a band keeps the share `retain` of its power until noise hides it; none for a band without
    /// power.
    pub fn ratio_of_band(&self, annulus: usize, retain: f64) -> Option<f64> {
        let rate = self.rate(annulus);
        (rate > 0.0).then(|| (-retain.ln() / rate).sqrt())
    }

    /// `ρ*(q)`: the largest ratio at which every band keeps the share `retain`; none if no band has power.
    pub fn largest_ratio(&self, retain: f64) -> Option<LimitingRatio> {
        let ratios = (1..self.rapsd.len()).filter_map(|j| Some((j, self.ratio_of_band(j, retain)?)));
        let least = ratios.min_by(|a, b| a.1.total_cmp(&b.1));
        least.map(|(annulus, ratio)| LimitingRatio { ratio, annulus })
    }

    /// ρ* with the interval of another sample of as many files. `statistics` are those of the images' RAPSDs. By the
    /// delta method: ρ goes with the inverse root of the power of the limiting band, `δ ln ρ = −½ δR_j/R_j`.
    ///
    /// # Panics
    ///
    /// If there is not one power per annulus.
    pub fn interval(&self, limit: LimitingRatio, statistics: &RadialStatistics) -> Interval {
        let mut gradient = vec![0.0; self.rapsd.len()];
        gradient[limit.annulus] = -0.5 / self.rapsd[limit.annulus];
        let log = LinearEstimate::new(limit.ratio.ln(), &gradient, statistics);
        Interval { value: limit.ratio, low95: log.low95.map(f64::exp), high95: log.high95.map(f64::exp) }
    }

    /// The ratio from which blur has brought a band down to `rounding_power` before noise hides it: 0 where it is there
    /// already, none for a band without power.
    pub fn emptying_ratio(&self, annulus: usize, rounding_power: f64) -> Option<f64> {
        let power = self.rapsd[annulus];
        (power > 0.0).then(|| ((power / rounding_power).ln().max(0.0) / self.rate(annulus)).sqrt())
    }

    /// The ratio from which blur empties some band before noise hides it; none if no band has power.
    pub fn least_emptying_ratio(&self, rounding_power: f64) -> Option<f64> {
        (1..self.rapsd.len()).filter_map(|j| self.emptying_ratio(j, rounding_power)).reduce(f64::min)
    }

    /// The hot limit, ρ = 0: the noise level from which every band is hidden, value.
    pub fn hot_sigma(&self) -> f64 {
        (1..self.rapsd.len()).map(|j| self.hidden_sigma(j)).fold(0.0, f64::max)
    }

    /// The cold limit, ρ = ∞: the blur that brings every band down to `rounding_power`, pixels.
    pub fn cold_blur_px(&self, rounding_power: f64) -> f64 {
        let blur = |j: usize| {
            let f = j as f64 / self.longer_side;
            ((self.rapsd[j] / rounding_power).ln().max(0.0) / (4.0 * PI * PI * f * f)).sqrt()
        };
        (1..self.rapsd.len()).filter(|j| self.rapsd[*j] > 0.0).map(blur).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// `A²/f²` at every annulus.
    fn inverse_square(longer_side: usize, amplitude: f64) -> Vec<f64> {
        let f = |j: usize| j as f64 / longer_side as f64;
        (0..longer_side / 2 + 1).map(|j| if j == 0 { 3.0 } else { (amplitude / f(j)).powi(2) }).collect()
    }

    #[test]
    fn an_inverse_square_law_has_one_ratio_at_every_size() {
        for longer_side in [16, 64, 65, 256] {
            let rapsd = inverse_square(longer_side, 0.07);
            for (retain, kappa) in [(0.9, 1.0), (0.5, 0.3)] {
                let bn = BlurNoise::new(&rapsd, longer_side, kappa);
                let closed = (-f64::ln(retain) / (4.0 * PI * PI * kappa * 0.07 * 0.07)).sqrt();
                let got = bn.largest_ratio(retain).expect("power");
                assert!((got.ratio / closed - 1.0).abs() <= 1e-12, "{longer_side}: {got:?} instead of {closed}");
                for j in 1..rapsd.len() {
                    assert!((bn.retained(j, closed) - retain).abs() <= 1e-12);
                }
            }
        }
    }

    #[test]
    fn the_limit_is_the_band_with_the_most_power_times_frequency_squared() {
        let rapsd = [9.0, 4.0, 1.0, 0.0, 0.9];
        let bn = BlurNoise::new(&rapsd, 8, 1.0);
        let got = bn.largest_ratio(0.9).expect("power");
        assert_eq!(got.annulus, 4, "0.9·16 is more than 4·1 and 1·4");
        for j in [1, 2, 4] {
            assert!(bn.retained(j, got.ratio) >= 0.9 - 1e-12);
        }
        assert_eq!(bn.ratio_of_band(3, 0.9), None);
        assert_eq!(bn.retained(3, 5.0), 1.0);
        // More retained power or more noise allowed asks for less blur.
        assert!(bn.largest_ratio(0.99).expect("power").ratio < got.ratio);
        assert!(BlurNoise::new(&rapsd, 8, 2.0).largest_ratio(0.9).expect("power").ratio < got.ratio);
    }

    #[test]
    fn emptied_means_down_to_the_rounding_power() {
        let rapsd = [1.0, 0.5, 0.01, 1e-7];
        let (bn, rounding) = (BlurNoise::new(&rapsd, 6, 1.0), 5e-6);
        for (j, power) in rapsd.iter().enumerate().take(3).skip(1) {
            let ratio = bn.emptying_ratio(j, rounding).expect("power");
            assert!((power * bn.retained(j, ratio) / rounding - 1.0).abs() <= 1e-9);
        }
        assert_eq!(bn.emptying_ratio(3, rounding), Some(0.0), "it is empty already");
        assert_eq!(bn.least_emptying_ratio(rounding), Some(0.0));
        let fuller = BlurNoise::new(&rapsd[..3], 6, 1.0);
        let each = [1, 2].map(|j| fuller.emptying_ratio(j, rounding).expect("power"));
        assert_eq!(fuller.least_emptying_ratio(rounding), Some(each[0].min(each[1])));
        let blur = bn.cold_blur_px(rounding);
        let left = |j: usize| rapsd[j] * (-(2.0 * PI * blur * j as f64 / 6.0).powi(2)).exp();
        assert!((1..4).all(|j| left(j) <= rounding * (1.0 + 1e-9)) && (left(1) / rounding - 1.0).abs() <= 1e-9);
        assert!((bn.hot_sigma() - 0.5_f64.sqrt()).abs() <= 1e-15);
    }

    /// Statistics of RAPSDs by file, as their definition has it.
    fn statistics(files: &[Vec<Vec<f64>>]) -> RadialStatistics {
        let n = files.iter().map(Vec::len).sum::<usize>() as f64;
        let annuli = files[0][0].len();
        let mean: Vec<f64> = (0..annuli).map(|j| files.iter().flatten().map(|r| r[j]).sum::<f64>() / n).collect();
        let count = files.len() as f64;
        let covariance = |i: usize, j: usize| {
            let deviation = |file: &Vec<Vec<f64>>, j: usize| file.iter().map(|r| r[j] - mean[j]).sum::<f64>();
            let sum: f64 = files.iter().map(|file| deviation(file, i) * deviation(file, j)).sum();
            count / (count - 1.0) * sum / (n * n)
        };
        let covariance_of_mean = (0..annuli * annuli).map(|k| covariance(k / annuli, k % annuli)).collect();
        let nothing_known = RadialStatistics::without_spread(mean.clone(), n as u64, files.len() as u64);
        RadialStatistics { covariance_of_mean, ..nothing_known }
    }

    #[test]
    fn the_interval_follows_the_power_of_the_limiting_band() {
        // Annulus 2 limits: power 0.3, standard error 0.01 over 11 files.
        let rapsd = [0.0, 0.3, 0.3];
        let mut files = RadialStatistics::without_spread(rapsd.to_vec(), 11, 11);
        files.covariance_of_mean = vec![9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 1e-4];
        let bn = BlurNoise::new(&rapsd, 4, 1.0);
        let limit = bn.largest_ratio(0.9).expect("power");
        assert_eq!(limit.annulus, 2);
        let got = bn.interval(limit, &files);
        // scipy.stats.t.ppf(0.975, 10)
        let half = 0.5 * 0.01 / 0.3 * 2.228_138_851_965;
        assert!((got.high95.expect("files") / limit.ratio / f64::exp(half) - 1.0).abs() <= 1e-9, "{got:?}");
        assert!((got.low95.expect("files") / limit.ratio / f64::exp(-half) - 1.0).abs() <= 1e-9, "{got:?}");
        files.n_files = 4;
        assert_eq!(bn.interval(limit, &files), Interval::unknown(limit.ratio));
    }

    #[test]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        let (side, n_sets) = (32, 400);
        for exponent in [1.8, 2.2] {
            let law: Vec<f64> = (0..17).map(|j| if j == 0 { 1.0 } else { (j as f64 / 32.0).powf(-exponent) }).collect();
            let truth = BlurNoise::new(&law, side, 1.0).largest_ratio(0.9).expect("power").ratio;
            for (n_files, tiles) in [(12, 1), (50, 1), (200, 1), (12, 6)] {
                let covered = (0..n_sets).filter(|seed| {
                    let mut random = ChaCha8Rng::seed_from_u64(*seed);
                    let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
                    let files: Vec<Vec<Vec<f64>>> = (0..n_files)
                        .map(|_| {
                            // Contrast differs between files, a band's power between tiles as of 2πj independent
                            // numbers.
                            let contrast = (0.6 * normal() - 0.18).exp();
                            let mut band = |(j, r): (usize, &f64)| {
                                let n = (2.0 * PI * j as f64).round().max(1.0) as usize;
                                r * contrast * (0..n).map(|_| normal().powi(2)).sum::<f64>() / n as f64
                            };
                            (0..tiles).map(|_| law.iter().enumerate().map(&mut band).collect()).collect()
                        })
                        .collect();
                    let found = statistics(&files);
                    let bn = BlurNoise::new(&found.mean, side, 1.0);
                    let got = bn.interval(bn.largest_ratio(0.9).expect("power"), &found);
                    got.low95 <= Some(truth) && got.high95 >= Some(truth)
                });
                let share = covered.count() as f64 / n_sets as f64;
                println!("1/f^{exponent}, {n_files} files of {tiles}: {share}");
                assert!((0.90..=0.99).contains(&share), "1/f^{exponent}, {n_files} files of {tiles}: {share}");
            }
        }
    }

    #[test]
    fn nothing_limits_images_without_power() {
        for rapsd in [vec![2.0, 0.0, 0.0], vec![1.0]] {
            let bn = BlurNoise::new(&rapsd, 4, 1.0);
            assert_eq!((bn.largest_ratio(0.9), bn.hot_sigma(), bn.cold_blur_px(1e-6)), (None, 0.0, 0.0));
        }
    }
}
