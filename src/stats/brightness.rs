//! How the brightness of images is distributed: moments and quantiles with intervals, and how far that is from a
//! Gaussian.
//!
//! # Definition
//!
//! Each image contributes one number per variable (the mean of a channel, and of all). Moments divide by `n`: they are
//! those of these images. Quantiles interpolate linearly between order statistics. The 1-Wasserstein distance from
//! `N(0, τ²)` is `∫ |F(x) − Φ(x/τ)| dx`, integrated in closed form between neighbouring images (`∫ Φ(x/τ) dx = xΦ +
//! τφ`).
//!
//! # Intervals
//!
//! Moments and distances go through [`Jackknife`](super::jackknife::Jackknife). Quantiles do not: leaving out one image
//! moves a quantile by a single step, which says nothing of its error. Theirs lie between order statistics
//! ([`order_interval`](super::order_interval)). Where files hold several images `n` is divided by how much more the
//! share below the quantile varies between files than between independent images, and corrected for few files.
//!
//! # References
//!
//! Binomial intervals from clusters: Korn and Graubard (1998), Confidence intervals for proportions with small expected
//! number of positive counts estimated from survey data.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::jackknife::{Interval, Kept};
use super::order_interval::order_ranks;
use super::power_law::MIN_FILES;
use super::student::student_quantile;
use crate::spectrum::order_statistics::quantile_of_ranks;

/// The numbers of all images: one list per variable.
#[derive(Debug, Clone)]
pub struct Sample {
    variables: Vec<Vec<f64>>,
    /// The file of each image.
    file: Vec<u32>,
    /// Images in rising order of each variable.
    order: Vec<Vec<u32>>,
}

impl Sample {
    /// A sample of `variables`, one list of `n` numbers each, of images from the files `file` (numbers from 0 on).
    ///
    /// # Panics
    ///
    /// If the lists differ in length, or there are more than 2³² images.
    pub fn new(variables: Vec<Vec<f64>>, file: Vec<u32>) -> Self {
        assert!(variables.iter().all(|v| v.len() == file.len()), "one number per image");
        let n = u32::try_from(file.len()).expect("fewer than 2³² images");
        let sort = |values: &Vec<f64>| {
            let mut order: Vec<u32> = (0..n).collect();
            order.sort_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
            order
        };
        Self { order: variables.iter().map(sort).collect(), variables, file }
    }

    /// Images.
    pub fn len(&self) -> usize {
        self.file.len()
    }

    /// Variables.
    pub fn n_variables(&self) -> usize {
        self.variables.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of variable `v`.
    pub fn values(&self, v: usize) -> &[f64] {
        &self.variables[v]
    }

    /// The file of each image.
    pub fn files(&self) -> &[u32] {
        &self.file
    }

    /// Mean of variable `v`.
    pub fn mean(&self, v: usize, kept: &Kept) -> f64 {
        mean_of(kept, |i| self.variables[v][i])
    }

    /// Covariance of two variables, over `n`.
    pub fn covariance(&self, v: usize, w: usize, kept: &Kept) -> f64 {
        let (a, b) = (self.mean(v, kept), self.mean(w, kept));
        mean_of(kept, |i| (self.variables[v][i] - a) * (self.variables[w][i] - b))
    }

    /// Skewness of variable `v`, `E(x−m)³/σ³`; not a number where it does not vary.
    pub fn skewness(&self, v: usize, kept: &Kept) -> f64 {
        let mean = self.mean(v, kept);
        let third = mean_of(kept, |i| (self.variables[v][i] - mean).powi(3));
        let variance = self.covariance(v, v, kept);
        // Equal numbers differ from their mean by rounding alone.
        let rounding = (f64::EPSILON * mean.abs().max(f64::MIN_POSITIVE)).powi(2) * 16.0;
        if variance > rounding { third / variance.powf(1.5) } else { f64::NAN }
    }

    /// Quantile of variable `v` at `level` in `[0, 1]`, with its interval.
    pub fn quantile(&self, v: usize, level: f64) -> Interval {
        let sorted = |rank: usize| self.variables[v][self.order[v][rank] as usize];
        let n = self.len();
        let value = quantile_of_ranks(n as u64, level, |rank| sorted(rank as usize)).unwrap_or(f64::NAN);
        let Some(effective) = self.effective_images(v, value) else { return Interval::unknown(value) };
        let [low95, high95] = order_ranks(n, effective, level).map(|rank| rank.map(sorted));
        Interval { value, low95, high95 }
    }

    /// How many independent images would tell the share of those with at most `value` as well; none for fewer than five
    /// files.
    fn effective_images(&self, v: usize, value: f64) -> Option<f64> {
        let n_files = self.file.iter().max().map_or(0, |last| *last as usize + 1);
        let (n, files) = (self.len() as f64, n_files as f64);
        if (n_files as u64) < MIN_FILES {
            return None;
        }
        if n_files == self.len() {
            return Some(n);
        }
        let is_below = |x: &f64| f64::from(u8::from(*x <= value));
        let share = self.variables[v].iter().map(is_below).sum::<f64>() / n;
        let mut deviation = vec![0.0; n_files];
        self.file.iter().zip(&self.variables[v]).for_each(|(f, x)| deviation[*f as usize] += is_below(x) - share);
        let between = files / (files - 1.0) * deviation.iter().map(|d| d * d).sum::<f64>() / (n * n);
        let independent = share * (1.0 - share) / n;
        // All at most `value`: as many as there are files, at least.
        let excess = if independent > 0.0 { (between / independent).max(1.0) } else { n / files };
        let few_files = student_quantile(n - 1.0) / student_quantile(files - 1.0);
        Some(n / excess * few_files * few_files)
    }
}

/// Mean over the kept images.
fn mean_of(kept: &Kept, value: impl Fn(usize) -> f64) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for i in (0..kept.len()).filter(|i| kept[*i]) {
        sum += value(i);
        n += 1.0;
    }
    sum / n
}

/// 1-Wasserstein distance of one variable from a zero-mean Gaussian, for any part of the images.
#[derive(Debug, Clone)]
pub struct DistanceFromNormal<'a> {
    /// Images in rising order of the variable.
    order: &'a [u32],
    normal: Normal,
    tau: f64,
    /// In that order: the variable, `Φ(x/τ)` and `∫_{−∞}^x Φ(u/τ) du`.
    steps: Vec<[f64; 3]>,
}

impl<'a> DistanceFromNormal<'a> {
    /// Of variable `v` from the Gaussian of the deviation `tau`; all of it lies at zero if that is 0.
    pub fn new(sample: &'a Sample, v: usize, tau: f64) -> Self {
        let normal = Normal::standard();
        let step = |i: &u32| {
            let x = sample.variables[v][*i as usize];
            let z = if tau > 0.0 { x / tau } else { f64::INFINITY.copysign(x) };
            [x, normal.cdf(z), x * normal.cdf(z) + tau * normal.pdf(z)]
        };
        let order = &sample.order[v];
        Self { order, steps: order.iter().map(step).collect(), normal, tau }
    }

    /// The distance of the kept images.
    pub fn of(&self, kept: &Kept) -> f64 {
        let mut images = self.order.iter().zip(&self.steps).filter(|(i, _)| kept[**i as usize]).map(|(_, step)| *step);
        let n = kept.iter().filter(|k| **k).count() as f64;
        let Some(mut last) = images.next() else { return f64::NAN };
        let (mut sum, mut before) = (last[2], 1.0);
        for step in images {
            sum += self.between(last, step, before / n);
            (last, before) = (step, before + 1.0);
        }
        // ∫ (1 − Φ) above the last one.
        sum + last[2] - last[0]
    }

    /// `∫ |share − Φ(x/τ)| dx` between two images.
    fn between(&self, from: [f64; 3], to: [f64; 3], share: f64) -> f64 {
        let above = |from: [f64; 3], to: [f64; 3]| share * (to[0] - from[0]) - (to[2] - from[2]);
        if share >= to[1] {
            above(from, to)
        } else if share <= from[1] {
            -above(from, to)
        } else {
            let z = self.normal.inverse_cdf(share);
            let x = self.tau * z;
            let crossing = [x, share, x * share + self.tau * self.normal.pdf(z)];
            above(from, crossing) - above(crossing, to)
        }
    }
}

/// Bins of a histogram, at the most.
const MAX_BINS: usize = 60;

/// Edges and densities (per unit of the values) of a histogram, with as many bins as Rice's rule says: twice the cube
/// root of their number. Equal values give one bin of density 0.
pub fn histogram(values: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high <= low {
        return (vec![low - 0.05, low + 0.05], vec![0.0]);
    }
    let n_bins = ((2.0 * (values.len() as f64).cbrt()).ceil() as usize).clamp(4, MAX_BINS);
    let width = (high - low) / n_bins as f64;
    let mut density = vec![0.0; n_bins];
    for value in values {
        let bin = (((value - low) / width) as usize).min(n_bins - 1);
        density[bin] += 1.0 / (values.len() as f64 * width);
    }
    ((0..=n_bins).map(|i| low + i as f64 * width).collect(), density)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::jackknife::{Jackknife, Scale};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
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

    /// One variable, every image a file.
    fn of_files(values: Vec<f64>) -> Sample {
        let files = (0..values.len() as u32).collect();
        Sample::new(vec![values], files)
    }

    #[test]
    fn moments_and_quantiles_of_worked_examples() {
        let sample = Sample::new(vec![vec![4.0, 1.0, 2.0, 9.0], vec![1.0, 0.0, 0.0, 3.0]], vec![0, 1, 2, 3]);
        let all = [true; 4];
        assert_eq!((sample.mean(0, &all), sample.covariance(0, 0, &all)), (4.0, 9.5));
        assert_eq!(sample.covariance(0, 1, &all), 0.25 * (0.0 + 3.0 + 2.0 + 10.0));
        // Deviations 0, −3, −2, 5: third moment (−27 − 8 + 125)/4.
        assert!((sample.skewness(0, &all) - 22.5 / 9.5_f64.powf(1.5)).abs() <= 1e-12);
        let quantiles = [0.0, 0.25, 0.5, 1.0].map(|level| sample.quantile(0, level));
        assert_eq!(quantiles, [1.0, 1.75, 3.0, 9.0].map(Interval::unknown), "four files");
        // What is left out does not count.
        let part = [true, false, true, false];
        assert_eq!((sample.mean(0, &part), sample.covariance(0, 1, &part)), (3.0, 0.5));
        assert!(of_files(vec![0.1; 5]).skewness(0, &[true; 5]).is_nan());
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
            let (sample, part) = (of_files(values.clone()), &values[..n.div_ceil(2)]);
            let distance = DistanceFromNormal::new(&sample, 0, tau);
            let first: Vec<bool> = (0..n).map(|i| i < part.len()).collect();
            for (got, want) in [
                (distance.of(&vec![true; n]), naive_distance(&values, tau)),
                (distance.of(&first), naive_distance(part, tau)),
            ] {
                let what = format!("{n}, {mean}, {deviation}, {tau}: {got} instead of {want}");
                assert!((got - want).abs() <= 1e-4 * (1.0 + want), "{what}");
            }
        }
        // Shifting a Gaussian by m moves all of it by m; and nothing is |x| from a point at zero.
        let sample = of_files(normal_sample(40_000, 2.0, 0.5, 4));
        let all = vec![true; 40_000];
        assert!((DistanceFromNormal::new(&sample, 0, 0.5).of(&all) - 2.0).abs() <= 0.01);
        let around = of_files(vec![0.5, -0.25, 0.0, 1.0]);
        assert!((DistanceFromNormal::new(&around, 0, 0.0).of(&[true; 4]) - 1.75 / 4.0).abs() <= 1e-15);
    }

    #[test]
    fn quantiles_lie_between_binomial_order_statistics() {
        // Of 20 numbers P(B ≥ 6) = 0.979 and P(B ≥ 7) = 0.942 at the median: the 6th and the 15th.
        let sample = of_files((1..=20).map(f64::from).collect());
        let median = sample.quantile(0, 0.5);
        assert_eq!(median, Interval { value: 10.5, low95: Some(6.0), high95: Some(15.0) });
        // 1 − 0.95²⁰ = 0.64: no number is surely below the 5 % quantile.
        let [low, high] = [0.05, 0.95].map(|level| sample.quantile(0, level));
        assert!(low.low95.is_none() && high.high95.is_none() && low.high95 < Some(6.0), "{low:?}");
        // 1 − 0.95⁷² = 0.9751.
        for (n, is_known) in [(71, false), (72, true)] {
            let got = of_files((0..n).map(f64::from).collect()).quantile(0, 0.05);
            assert_eq!(got.low95.is_some(), is_known, "{n}");
        }
    }

    #[test]
    fn tiles_alike_are_worth_a_file() {
        let each = normal_sample(100, 0.0, 1.0, 9);
        let plain = of_files(each.clone()).quantile(0, 0.5);
        let tiles: Vec<f64> = each.iter().flat_map(|x| [*x; 10]).collect();
        let got = Sample::new(vec![tiles.clone()], (0..1000).map(|i| i / 10).collect()).quantile(0, 0.5);
        let width = |i: Interval| i.high95.expect("an end") - i.low95.expect("an end");
        assert!((0.8..=1.4).contains(&(width(got) / width(plain))), "{got:?} and {plain:?}");
        assert!(width(of_files(tiles).quantile(0, 0.5)) < 0.5 * width(plain));
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let mut covered = [0; 4];
        let n_sets = 300;
        for seed in 0..n_sets {
            let sample = of_files(normal_sample(80, 0.4, 0.3, 1000 + seed));
            let mut intervals = Jackknife::new(sample.files(), seed).intervals(|kept| {
                let variance = sample.covariance(0, 0, kept);
                vec![(sample.mean(0, kept), Scale::Linear), (variance, Scale::Log)]
            });
            intervals.extend([0.5, 0.95].map(|level| sample.quantile(0, level)));
            // scipy.stats.norm.ppf(0.95)
            for (count, (interval, truth)) in
                covered.iter_mut().zip(intervals.iter().zip([0.4, 0.09, 0.4, 0.4 + 0.3 * 1.644_853_627]))
            {
                let (low, high) = (interval.low95.expect("an interval"), interval.high95.expect("an interval"));
                assert!(low <= interval.value && high >= interval.value, "{interval:?}");
                *count += u64::from(low <= truth && truth <= high);
            }
        }
        for count in covered {
            let share = count as f64 / n_sets as f64;
            assert!((0.90..=0.99).contains(&share), "{covered:?}");
        }
    }

    #[test]
    fn a_histogram_counts_every_value_once() {
        let values = normal_sample(1000, 0.2, 0.3, 8);
        let (edges, density) = histogram(&values);
        assert_eq!((edges.len(), density.len()), (21, 20), "Rice's rule");
        for (pair, density) in edges.windows(2).zip(&density) {
            let inside = values.iter().filter(|v| pair[0] <= **v && **v < pair[1]).count();
            let width = pair[1] - pair[0];
            // A value on an edge may fall to either side of it, and the largest lies on the last.
            assert!((density * width * 1000.0 - inside as f64).abs() <= 1.0 + 1e-9, "{inside} in {pair:?}");
        }
        let total: f64 = edges.windows(2).zip(&density).map(|(pair, d)| d * (pair[1] - pair[0])).sum();
        assert!((total - 1.0).abs() <= 1e-12, "{total}");
        assert_eq!(histogram(&[0.5; 9]).1, [0.0]);
    }
}
