//! Intervals by leaving out one file at a time.
//!
//! # Definition
//!
//! With `θ` of all images and `θ₋c` of those that are not in file `c` of `G`, the pseudo-values are
//! `G·θ − (G−1)·θ₋c`: their mean is `θ` less its bias of order `1/G`, their standard error that of `θ`, and the
//! interval
//! `mean ± t·se` with Student's t of `G−1` degrees of freedom. Numbers that are positive are taken in logarithms: the
//! spread of a variance grows with it.
//!
//! # Conventions
//!
//! The unit of sampling is the file: tiles of one photograph have everything in common. Fewer than five files give no
//! interval. From [`MAX_BLOCKS`] files on they are left out in as many seeded random blocks, which keeps the work
//! proportional to the number of images.
//!
//! # References
//!
//! Tukey (1958), Bias and confidence in not quite large samples; Efron and Stein (1981), The jackknife estimate of
//! variance.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::power_law::MIN_FILES;
use super::student::student_quantile;

/// Most blocks that are left out one by one.
pub const MAX_BLOCKS: usize = 200;

/// Standard errors of a logarithm up to which a number that need not be positive is taken in logarithms.
const CLEARLY_POSITIVE: f64 = 0.5;

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

    /// Half the width.
    pub fn half_width(self) -> Option<f64> {
        Some(0.5 * (self.high95? - self.low95?))
    }

    /// The number and its ends through a function that never falls; ends that are no numbers then are unknown.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        let end = |end: Option<f64>| end.map(&f).filter(|end| end.is_finite());
        Self { value: f(self.value), low95: end(self.low95), high95: end(self.high95) }
    }
}

/// The scale on which a number deviates evenly to both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Its own.
    Linear,
    /// Logarithms: the number is never negative.
    Log,
    /// Logarithms where it is clearly positive (no file makes it negative, and the standard error of its logarithm is
    /// at most a half), else its own.
    LogIfClear,
}

/// Which images count.
pub type Kept = [bool];

/// The files of a set's images, ready to be left out.
#[derive(Debug, Clone)]
pub struct Jackknife {
    /// The block of each image.
    block: Vec<usize>,
    n_files: usize,
}

impl Jackknife {
    /// Of images whose files have these numbers, `0 … G−1`; `seed` decides on the blocks of many files.
    pub fn new(file: &[u32], seed: u64) -> Self {
        let n_files = file.iter().max().map_or(0, |last| *last as usize + 1);
        let mut block_of_file: Vec<usize> = (0..n_files).map(|f| f % MAX_BLOCKS).collect();
        if n_files > MAX_BLOCKS {
            block_of_file.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        }
        Self { block: file.iter().map(|f| block_of_file[*f as usize]).collect(), n_files }
    }

    /// Every number of `statistics` with its interval.
    pub fn intervals(&self, statistics: impl Fn(&Kept) -> Vec<(f64, Scale)>) -> Vec<Interval> {
        let mut kept = vec![true; self.block.len()];
        let all = statistics(&kept);
        if (self.n_files as u64) < MIN_FILES {
            return all.into_iter().map(|(value, _)| Interval::unknown(value)).collect();
        }
        let n_blocks = self.n_files.min(MAX_BLOCKS);
        let mut without: Vec<Vec<f64>> = vec![Vec::with_capacity(n_blocks); all.len()];
        for block in 0..n_blocks {
            kept.iter_mut().zip(&self.block).for_each(|(kept, b)| *kept = *b != block);
            for (list, (value, _)) in without.iter_mut().zip(statistics(&kept)) {
                list.push(value);
            }
        }
        all.into_iter().zip(&without).map(|((value, scale), without)| interval(value, without, scale)).collect()
    }
}

fn interval(value: f64, without: &[f64], scale: Scale) -> Interval {
    let in_log = || {
        let (centre, se) = centre_and_error(value.ln(), without.iter().map(|v| v.ln()));
        (scale == Scale::Log || se <= CLEARLY_POSITIVE).then_some((centre, se))
    };
    let t = student_quantile(without.len() as f64 - 1.0);
    let ends = if without.iter().all(|v| *v == value) {
        [value; 2]
    } else if let Some((centre, se)) = (scale != Scale::Linear).then(in_log).flatten() {
        [(centre - t * se).exp(), (centre + t * se).exp()]
    } else {
        let (centre, se) = centre_and_error(value, without.iter().copied());
        [centre - t * se, centre + t * se]
    };
    let [low95, high95] = ends.map(|end| Some(end).filter(|e| e.is_finite()));
    if low95.is_none() || high95.is_none() { Interval::unknown(value) } else { Interval { value, low95, high95 } }
}

/// Mean and standard error of the pseudo-values; not numbers where one of `without` is none.
fn centre_and_error(value: f64, without: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let n = without.len() as f64;
    let mean = without.clone().sum::<f64>() / n;
    let squares: f64 = without.map(|v| (v - mean).powi(2)).sum();
    (n * value - (n - 1.0) * mean, ((n - 1.0) / n * squares).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64], kept: &Kept) -> f64 {
        let all = values.iter().zip(kept).filter(|(_, kept)| **kept).map(|(v, _)| *v);
        all.clone().sum::<f64>() / all.count() as f64
    }

    #[test]
    fn the_interval_of_a_mean_is_students() {
        let values = [4.0, 1.0, 2.0, 9.0, 3.0, 5.0];
        let jackknife = Jackknife::new(&[0, 1, 2, 3, 4, 5], 0);
        let got = jackknife.intervals(|kept| vec![(mean(&values, kept), Scale::Linear)])[0];
        // Mean 4, sum of squared deviations 40: se = √(40/5/6), scipy.stats.t.ppf(0.975, 5)
        let half = (40.0_f64 / 30.0).sqrt() * 2.570_581_835_636;
        assert!((got.low95.expect("six files") - (4.0 - half)).abs() <= 1e-9, "{got:?}");
        assert!((got.high95.expect("six files") - (4.0 + half)).abs() <= 1e-9, "{got:?}");
    }

    #[test]
    fn the_bias_of_a_variance_is_taken_out() {
        // Of Σ(x−m)²/n the mean of the pseudo-values is Σ(x−m)²/(n−1).
        let values = [4.0, 1.0, 2.0, 9.0, 3.0, 5.0];
        let variance = |kept: &Kept| {
            let squares: Vec<f64> = values.iter().map(|x| x * x).collect();
            mean(&squares, kept) - mean(&values, kept).powi(2)
        };
        let got = Jackknife::new(&[0, 1, 2, 3, 4, 5], 0).intervals(|kept| vec![(variance(kept), Scale::Linear)])[0];
        let centre = 0.5 * (got.low95.expect("files") + got.high95.expect("files"));
        assert!((centre - 8.0).abs() <= 1e-9 && (got.value - 40.0 / 6.0).abs() <= 1e-12, "{got:?}");
    }

    #[test]
    fn images_of_one_file_go_together() {
        let each = [4.0, 1.0, 2.0, 9.0, 3.0, 5.0];
        let twice: Vec<f64> = each.iter().flat_map(|v| [*v, *v]).collect();
        let files: Vec<u32> = (0..12).map(|i| i / 2).collect();
        let of = |values: &[f64], files: &[u32]| {
            Jackknife::new(files, 0).intervals(|kept| vec![(mean(values, kept), Scale::Log)])[0]
        };
        let (a, b) = (of(&each, &[0, 1, 2, 3, 4, 5]), of(&twice, &files));
        for (a, b) in [(a.low95, b.low95), (a.high95, b.high95)] {
            assert!((a.expect("files") / b.expect("files") - 1.0).abs() <= 1e-12);
        }
        assert!(of(&twice, &(0..12).collect::<Vec<_>>()).high95 < a.high95, "taken as images they seem to say more");
    }

    #[test]
    fn few_files_have_none_and_equal_numbers_an_empty_one() {
        for n in 0..5_u32 {
            let files: Vec<u32> = (0..10 * n).map(|i| i / 10).collect();
            let got = Jackknife::new(&files, 0).intervals(|_| vec![(0.5, Scale::Log)]);
            assert_eq!(got, [Interval::unknown(0.5)], "{n} files");
        }
        let five = Jackknife::new(&[0, 1, 2, 3, 4], 0);
        let equal = |value, scale| five.intervals(|_| vec![(value, scale)])[0];
        let empty = |value| Interval { value, low95: Some(value), high95: Some(value) };
        assert_eq!((equal(0.0, Scale::Log), equal(0.3, Scale::Linear)), (empty(0.0), empty(0.3)));
        assert!(equal(f64::NAN, Scale::Linear).low95.is_none());
        // One file has all the spread: without it nothing is left, and no logarithm.
        let one = five.intervals(|kept| vec![(f64::from(u8::from(kept[2])), Scale::Log)])[0];
        assert_eq!(one, Interval::unknown(1.0));
    }

    #[test]
    fn many_files_in_blocks_say_the_same() {
        let n = 4000_u32;
        let values: Vec<f64> = (0..n).map(|i| f64::from((i * 7919) % 4001) / 4001.0).collect();
        let files: Vec<u32> = (0..n).collect();
        let of = |seed| Jackknife::new(&files, seed).intervals(|kept| vec![(mean(&values, kept), Scale::Linear)])[0];
        // Evenly spread over 0 … 1: se = √(1/12/n).
        let half = 1.96 * (1.0 / 12.0 / f64::from(n)).sqrt();
        for seed in 0..4 {
            let got = of(seed).high95.expect("files") - of(seed).value;
            assert!((got / half - 1.0).abs() <= 0.2, "{got} and {half}");
        }
        assert_eq!(of(3), of(3));
    }
}
