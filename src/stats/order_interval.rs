//! Quantiles of a sample with intervals that suppose nothing of its distribution.
//!
//! # Definition
//!
//! With `B` binomial of `n` and the level `q`, the `r`-th of `n` numbers in rising order is at most the true quantile
//! with probability `P(B ≥ r)`. The lower end is the largest of the numbers for which that is 97.5 % or more, the upper
//! end the same counted from above. Where no number is far enough out that end is open: the 95 % quantile has no upper
//! end below 72 numbers, the median no ends below 6.
//!
//! # References
//!
//! David and Nagaraja (2003), Order statistics, §7.1.

use statrs::function::beta::beta_reg;

use super::jackknife::Interval;
use crate::spectrum::order_statistics::quantile;

/// Chance with which an end has to be on its side of the true quantile.
const ONE_SIDED: f64 = 0.975;

/// A quantile and its 95 % interval; an end is none where it is open.
pub type QuantileInterval = Interval;

/// The quantile at `q` in `[0, 1]` of independent numbers in rising order, with its interval; the quantile is linear
/// between neighbours, and not a number of no numbers.
pub fn order_interval(sorted: &[f64], q: f64) -> QuantileInterval {
    let n = sorted.len();
    let [low95, high95] = order_ranks(n, n as f64, q).map(|rank| rank.map(|rank| sorted[rank]));
    QuantileInterval { value: quantile(sorted, q).unwrap_or(f64::NAN), low95, high95 }
}

/// The ranks (from 0) of the ends among `n` numbers that are worth `effective` independent ones.
pub fn order_ranks(n: usize, effective: f64, q: f64) -> [Option<usize>; 2] {
    let low = rank_below(n, effective, q).checked_sub(1);
    let from_above = rank_below(n, effective, 1.0 - q).checked_sub(1);
    [low, from_above.map(|rank| n - 1 - rank)]
}

/// The largest rank (from 1; 0 if there is none) that of `n` numbers, worth `effective` independent ones, lies at or
/// below the quantile at `level` with a chance of 97.5 %.
fn rank_below(n: usize, effective: f64, level: f64) -> usize {
    let is_sure = |rank: usize| {
        // However little a number is worth, with fewer than one file there is nothing below the quantile.
        let worth = (rank as f64 * effective / n as f64).max(1.0);
        // P(B ≥ r) of a binomial is a regularised incomplete beta function, also between whole numbers.
        beta_reg(worth, effective - worth + 1.0, level) >= ONE_SIDED
    };
    let (mut sure, mut unsure) = (0, n + 1);
    while unsure - sure > 1 {
        let middle = usize::midpoint(sure, unsure);
        *(if is_sure(middle) { &mut sure } else { &mut unsure }) = middle;
    }
    sure
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, LogNormal};

    /// `P(B ≤ k)` for `k = 0 … n`, term by term.
    fn cumulative(n: usize, q: f64) -> Vec<f64> {
        let (mut term, mut sum) = ((1.0 - q).powi(n as i32), 0.0);
        (0..=n)
            .map(|k| {
                sum += term;
                term *= (n - k) as f64 / (k + 1) as f64 * q / (1.0 - q);
                sum
            })
            .collect()
    }

    #[test]
    fn ends_are_those_of_a_sum_over_the_binomial() {
        for n in [1, 2, 3, 5, 6, 10, 57, 71, 72, 73, 130, 200] {
            for q in [0.05, 0.25, 0.5, 0.9, 0.95] {
                let sorted: Vec<f64> = (0..n).map(|i| f64::from(i as u32).powi(2)).collect();
                let below = cumulative(n, q);
                let low = below.iter().position(|p| *p >= 0.025).expect("the sum is 1");
                let high = below.iter().position(|p| *p >= 0.975).expect("the sum is 1");
                let got = order_interval(&sorted, q);
                assert_eq!(got.low95, low.checked_sub(1).map(|i| sorted[i]), "{n} numbers, {q}");
                assert_eq!(got.high95, sorted.get(high).copied(), "{n} numbers, {q}");
            }
        }
    }

    #[test]
    fn of_many_samples_at_least_95_percent_cover_the_true_quantile() {
        let distribution = LogNormal::new(0.0, 1.5).expect("a distribution");
        let mut random = ChaCha8Rng::seed_from_u64(7);
        // exp(1.5 z) at the normal quantiles of 0.05, 0.5 and 0.95.
        for (q, truth) in [(0.05, (-1.5_f64 * 1.644853627).exp()), (0.5, 1.0), (0.95, (1.5_f64 * 1.644853627).exp())] {
            for n in [12, 100, 500] {
                let covers = (0..2000).filter(|_| {
                    let mut sample: Vec<f64> = (0..n).map(|_| distribution.sample(&mut random)).collect();
                    sample.sort_by(f64::total_cmp);
                    let got = order_interval(&sample, q);
                    got.low95.is_none_or(|low| low <= truth) && got.high95.is_none_or(|high| high >= truth)
                });
                let share = covers.count() as f64 / 2000.0;
                // Its standard error is 0.5 %. Few ranks leave more than 95 %, yet no end may be needlessly far.
                assert!((0.938..=1.0).contains(&share), "{q} of {n}: {share}");
                assert!(n < 500 || share <= 0.985, "{q} of {n}: {share}");
            }
        }
    }

    #[test]
    fn ends_are_open_where_no_number_is_far_enough_out() {
        let of = |n: u32, q| order_interval(&(0..n).map(f64::from).collect::<Vec<_>>(), q);
        assert_eq!(of(1, 0.5), QuantileInterval::unknown(0.0));
        assert_eq!(of(2, 0.5), QuantileInterval::unknown(0.5));
        assert_eq!(of(2, 0.95).low95, Some(0.0), "0.05² of samples lie above the quantile altogether");
        assert!(of(0, 0.5).value.is_nan() && of(0, 0.5).low95.is_none() && of(0, 0.5).high95.is_none());
        assert_eq!((of(5, 0.5).low95, of(6, 0.5).low95), (None, Some(0.0)));
        assert_eq!((of(71, 0.95).high95, of(72, 0.95).high95), (None, Some(71.0)));
        assert_eq!((of(71, 0.05).low95, of(72, 0.05).low95), (None, Some(0.0)));
        let equal = order_interval(&[3.0; 80], 0.95);
        assert_eq!(equal, QuantileInterval { value: 3.0, low95: Some(3.0), high95: Some(3.0) });
    }

    #[test]
    fn numbers_that_say_less_give_wider_intervals() {
        let [independent, clustered] =
            [100.0, 25.0].map(|effective| order_ranks(100, effective, 0.5).map(Option::unwrap));
        assert!(clustered[0] < independent[0] && clustered[1] > independent[1], "{clustered:?} {independent:?}");
        // Six files of a hundred equal tiles: the largest lies below the 95 % quantile with a chance of 0.95⁶.
        assert_eq!(order_ranks(600, 6.0, 0.95)[1], None);
        // Of 72 such files it is the first tile of the largest.
        assert_eq!(order_ranks(7200, 72.0, 0.95)[1], Some(7100));
    }
}
