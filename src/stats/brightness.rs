//! How the brightness of images is distributed: moments and quantiles with bootstrap intervals, and how far that is
//! from a Gaussian.
//!
//! # Definition
//!
//! Each image contributes one number per variable (the mean of a channel, and of all). Moments divide by `n`: they are
//! those of these images. Quantiles interpolate linearly between order statistics. The 1-Wasserstein distance from
//! `N(0, τ²)` is `∫₀¹ |F⁻¹(u) − τΦ⁻¹(u)| du`, each step of the empirical quantile function integrated in closed form
//! (`∫ Φ⁻¹ = −φ(Φ⁻¹)`).
//!
//! # Conventions
//!
//! Intervals are percentiles (2.5 and 97.5 %) over seeded resamples of the images, all variables of an image together.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

/// Resamples behind an interval.
pub const N_RESAMPLES: usize = 200;

/// Images below which resamples repeat each other too often for an interval.
const MIN_IMAGES: usize = 10;

/// A number and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The number.
    pub value: f64,
    /// Lower end; none where it is unknown.
    pub low95: Option<f64>,
    /// Upper end; none where it is unknown.
    pub high95: Option<f64>,
}

impl Interval {
    /// A number without an interval.
    pub fn unknown(value: f64) -> Self {
        Self { value, low95: None, high95: None }
    }
}

/// The numbers of all images: one list per variable.
#[derive(Debug, Clone)]
pub struct Sample {
    variables: Vec<Vec<f64>>,
    /// Images in rising order of each variable.
    order: Vec<Vec<u32>>,
}

/// How often each image counts.
pub type Weights = [u32];

impl Sample {
    /// A sample of `variables`, one list of `n` numbers each.
    ///
    /// # Panics
    ///
    /// If the lists differ in length, or there are more than 2³² images.
    pub fn new(variables: Vec<Vec<f64>>) -> Self {
        let n = variables.first().map_or(0, Vec::len);
        assert!(variables.iter().all(|v| v.len() == n), "one number per image");
        let n = u32::try_from(n).expect("fewer than 2³² images");
        let sort = |values: &Vec<f64>| {
            let mut order: Vec<u32> = (0..n).collect();
            order.sort_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
            order
        };
        Self { order: variables.iter().map(sort).collect(), variables }
    }

    /// Images.
    pub fn len(&self) -> usize {
        self.variables.first().map_or(0, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of variable `v`.
    pub fn values(&self, v: usize) -> &[f64] {
        &self.variables[v]
    }

    /// Mean of variable `v`.
    pub fn mean(&self, v: usize, weights: &Weights) -> f64 {
        self.mean_of(weights, |i| self.variables[v][i])
    }

    /// Covariance of two variables, over `n`.
    pub fn covariance(&self, v: usize, w: usize, weights: &Weights) -> f64 {
        let (a, b) = (self.mean(v, weights), self.mean(w, weights));
        self.mean_of(weights, |i| (self.variables[v][i] - a) * (self.variables[w][i] - b))
    }

    /// Skewness of variable `v`, `E(x−m)³/σ³`; not a number where it does not vary.
    pub fn skewness(&self, v: usize, weights: &Weights) -> f64 {
        let mean = self.mean(v, weights);
        let third = self.mean_of(weights, |i| (self.variables[v][i] - mean).powi(3));
        let variance = self.covariance(v, v, weights);
        // Equal numbers differ from their mean by rounding alone.
        let rounding = (f64::EPSILON * mean.abs().max(f64::MIN_POSITIVE)).powi(2) * 16.0;
        if variance > rounding { third / variance.powf(1.5) } else { f64::NAN }
    }

    fn mean_of(&self, weights: &Weights, value: impl Fn(usize) -> f64) -> f64 {
        let sum: f64 = weights.iter().enumerate().map(|(i, &w)| f64::from(w) * value(i)).sum();
        sum / self.len() as f64
    }

    /// Quantile of variable `v` at `level` in `[0, 1]`.
    pub fn quantile(&self, v: usize, level: f64, weights: &Weights) -> f64 {
        let position = level * (self.len() as f64 - 1.0);
        let (below, share) = (position.floor() as u64, position.fract());
        let (mut before, mut low) = (0u64, None);
        for &i in &self.order[v] {
            before += u64::from(weights[i as usize]);
            let value = self.variables[v][i as usize];
            if low.is_none() && before > below {
                low = Some(value);
            }
            if before > below + u64::from(share > 0.0) {
                let low = low.unwrap_or(value);
                return low + share * (value - low);
            }
        }
        low.unwrap_or(f64::NAN)
    }

    /// 1-Wasserstein distance of variable `v` from a zero-mean Gaussian of the deviation `tau`; `table` belongs to as
    /// many images.
    pub fn wasserstein_to_normal(&self, v: usize, tau: f64, table: &NormalTable, weights: &Weights) -> f64 {
        if tau <= 0.0 {
            // All of the Gaussian lies at zero.
            return self.mean_of(weights, |i| self.variables[v][i].abs());
        }
        let mut before = 0;
        let mut sum = 0.0;
        for &i in &self.order[v] {
            let weight = weights[i as usize] as usize;
            if weight > 0 {
                sum += table.step(self.variables[v][i as usize], tau, before, before + weight);
                before += weight;
            }
        }
        sum
    }

    /// Every number of `statistics` with its interval over seeded resamples.
    pub fn intervals(&self, seed: u64, statistics: impl Fn(&Weights) -> Vec<f64>) -> Vec<Interval> {
        let n = self.len();
        let values = statistics(&vec![1; n]);
        if n < MIN_IMAGES {
            return values.into_iter().map(Interval::unknown).collect();
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut weights = vec![0u32; n];
        let mut resampled: Vec<Vec<f64>> = vec![Vec::with_capacity(N_RESAMPLES); values.len()];
        for _ in 0..N_RESAMPLES {
            weights.fill(0);
            (0..n).for_each(|_| weights[random.random_range(0..n)] += 1);
            for (all, value) in resampled.iter_mut().zip(statistics(&weights)) {
                all.push(value);
            }
        }
        values.into_iter().zip(resampled).map(|(value, all)| percentile_interval(value, all)).collect()
    }
}

fn percentile_interval(value: f64, mut all: Vec<f64>) -> Interval {
    if !all.iter().all(|v| v.is_finite()) {
        return Interval::unknown(value);
    }
    all.sort_by(f64::total_cmp);
    Interval { value, low95: quantile(&all, 0.025), high95: quantile(&all, 0.975) }
}

/// The quantile at `level` in `[0, 1]` of numbers in rising order, linear between order statistics; none of no numbers.
pub fn quantile(sorted: &[f64], level: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = level * last as f64;
    let (below, share) = (position.floor() as usize, position.fract());
    Some(sorted[below] + share * (sorted[(below + 1).min(last)] - sorted[below]))
}

/// The standard normal at the steps `k/n` of an empirical distribution.
#[derive(Debug, Clone)]
pub struct NormalTable {
    normal: Normal,
    n: f64,
    /// `Φ⁻¹(k/n)` and `φ` there, `k = 0 … n`.
    quantile: Vec<f64>,
    density: Vec<f64>,
}

impl NormalTable {
    /// For samples of `n` numbers.
    pub fn new(n: usize) -> Self {
        let normal = Normal::standard();
        let quantile: Vec<f64> = (0..=n).map(|k| normal.inverse_cdf(k as f64 / n as f64)).collect();
        let density = quantile.iter().map(|z| if z.is_finite() { normal.pdf(*z) } else { 0.0 }).collect();
        Self { normal, n: n as f64, quantile, density }
    }

    /// `∫ |x − τΦ⁻¹(u)| du` over `[from/n, to/n]`, for `τ > 0`.
    fn step(&self, x: f64, tau: f64, from: usize, to: usize) -> f64 {
        let (a, b) = (from as f64 / self.n, to as f64 / self.n);
        let (density_a, density_b) = (self.density[from], self.density[to]);
        // ∫ (τΦ⁻¹ − x) over a part where it is not negative.
        let above = |a: f64, density_a: f64, b: f64, density_b: f64| tau * (density_a - density_b) - x * (b - a);
        let z = x / tau;
        if z <= self.quantile[from] {
            above(a, density_a, b, density_b)
        } else if z >= self.quantile[to] {
            -above(a, density_a, b, density_b)
        } else {
            let (at, density) = (self.normal.cdf(z), self.normal.pdf(z));
            above(at, density, b, density_b) - above(a, density_a, at, density)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, StandardNormal};

    fn normal_sample(n: usize, mean: f64, deviation: f64, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..n)
            .map(|_| {
                let z: f64 = StandardNormal.sample(&mut random);
                mean + deviation * z
            })
            .collect()
    }

    #[test]
    fn moments_and_quantiles_of_worked_examples() {
        let sample = Sample::new(vec![vec![4.0, 1.0, 2.0, 9.0], vec![1.0, 0.0, 0.0, 3.0]]);
        let once = [1; 4];
        assert_eq!((sample.mean(0, &once), sample.covariance(0, 0, &once)), (4.0, 9.5));
        assert_eq!(sample.covariance(0, 1, &once), 0.25 * (0.0 + 3.0 + 2.0 + 10.0));
        // Deviations 0, −3, −2, 5: third moment (−27 − 8 + 125)/4.
        assert!((sample.skewness(0, &once) - 22.5 / 9.5_f64.powf(1.5)).abs() <= 1e-12);
        let quantiles = [0.0, 0.25, 0.5, 1.0].map(|level| sample.quantile(0, level, &once));
        assert_eq!(quantiles, [1.0, 1.75, 3.0, 9.0]);
        // Weights are copies.
        let copies = Sample::new(vec![vec![1.0, 1.0, 9.0, 9.0]]);
        let weights = [0, 2, 0, 2];
        for level in [0.0, 0.2, 0.4, 0.5, 0.9, 1.0] {
            assert_eq!(sample.quantile(0, level, &weights), copies.quantile(0, level, &once), "{level}");
        }
        assert_eq!(sample.mean(0, &weights), copies.mean(0, &once));
        assert!(Sample::new(vec![vec![0.1; 5]]).skewness(0, &[1; 5]).is_nan());
    }

    /// The distance by many points of both quantile functions.
    fn naive_distance(values: &[f64], tau: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (normal, n) = (Normal::standard(), 400_000);
        let term = |k: usize| {
            let u = (k as f64 + 0.5) / n as f64;
            let x = sorted[((u * sorted.len() as f64) as usize).min(sorted.len() - 1)];
            (x - tau * normal.inverse_cdf(u)).abs()
        };
        (0..n).map(term).sum::<f64>() / n as f64
    }

    #[test]
    fn the_wasserstein_distance_is_the_area_between_quantiles() {
        for (n, mean, deviation, tau) in
            [(1, 0.3, 0.0, 1.0), (7, 0.2, 0.5, 0.4), (50, -1.0, 0.1, 2.0), (31, 0.0, 1.0, 1e-3)]
        {
            let values = normal_sample(n, mean, deviation, 3);
            let sample = Sample::new(vec![values.clone()]);
            let got = sample.wasserstein_to_normal(0, tau, &NormalTable::new(n), &vec![1; n]);
            let want = naive_distance(&values, tau);
            assert!(
                (got - want).abs() <= 1e-4 * (1.0 + want),
                "{n}, {mean}, {deviation}, {tau}: {got} instead of {want}"
            );
        }
        // Shifting a Gaussian by m moves all of it by m; and nothing is |x| from a point at zero.
        let values = normal_sample(40_000, 2.0, 0.5, 4);
        let sample = Sample::new(vec![values]);
        let table = NormalTable::new(40_000);
        let weights = vec![1; 40_000];
        assert!((sample.wasserstein_to_normal(0, 0.5, &table, &weights) - 2.0).abs() <= 0.01);
        let exact = sample.mean_of(&weights, |i| sample.variables[0][i].abs());
        assert!((sample.wasserstein_to_normal(0, 0.0, &table, &weights) - exact).abs() <= 1e-12);
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let mut covered = [0; 3];
        let n_sets = 200;
        for seed in 0..n_sets {
            let sample = Sample::new(vec![normal_sample(150, 0.4, 0.3, 1000 + seed)]);
            let statistics =
                |w: &Weights| vec![sample.mean(0, w), sample.covariance(0, 0, w).sqrt(), sample.quantile(0, 0.5, w)];
            for (count, (interval, truth)) in
                covered.iter_mut().zip(sample.intervals(seed, statistics).iter().zip([0.4, 0.3, 0.4]))
            {
                let (low, high) = (interval.low95.expect("an interval"), interval.high95.expect("an interval"));
                assert!(low <= interval.value + 0.05 && high >= interval.value - 0.05);
                *count += u64::from(low <= truth && truth <= high);
            }
        }
        for count in covered {
            let share = count as f64 / n_sets as f64;
            assert!((0.88..=0.99).contains(&share), "{covered:?}");
        }
    }

    #[test]
    fn quantiles_of_a_list_lie_between_its_numbers() {
        let sorted = [1.0, 2.0, 4.0, 9.0];
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|level| quantile(&sorted, level)), [1.0, 1.75, 3.0, 9.0].map(Some));
        assert_eq!((quantile(&[7.0], 0.3), quantile(&[], 0.3)), (Some(7.0), None));
    }

    #[test]
    fn one_image_and_equal_images_have_no_interval_or_an_empty_one() {
        let one = Sample::new(vec![vec![0.7]]);
        let got = one.intervals(0, |w| vec![one.mean(0, w), one.skewness(0, w)]);
        assert_eq!((got[0], got[1].low95), (Interval::unknown(0.7), None));
        let few = Sample::new(vec![vec![0.25, 0.5]]);
        assert_eq!(few.intervals(0, |w| vec![few.mean(0, w)]), [Interval::unknown(0.375)]);
        let equal = Sample::new(vec![vec![0.25; 12]]);
        let got = equal.intervals(0, |w| vec![equal.covariance(0, 0, w), equal.skewness(0, w)]);
        assert_eq!((got[0].value, got[0].low95, got[0].high95), (0.0, Some(0.0), Some(0.0)));
        assert!(got[1].value.is_nan() && got[1].low95.is_none());
    }
}
