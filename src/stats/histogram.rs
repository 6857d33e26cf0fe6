//! Quantiles over any number of values in fixed memory: counts on an even grid.
//!
//! # Conventions
//!
//! Quantiles are those of [`crate::spectrum::order_statistics`], with the values of a bin spread evenly over it: exact
//! to a bin width, and exact where all values are one. Values beyond the grid count in its end bins; quantiles never
//! leave the range of the values seen.

use super::order_interval::{QuantileInterval, order_ranks};
use crate::spectrum::order_statistics::{position_of_rank, quantile_of_ranks};

/// Counts of values on an even grid.
#[derive(Debug, Clone)]
pub struct Histogram {
    first: f64,
    bin_width: f64,
    counts: Vec<u64>,
    n: u64,
    least: f64,
    largest: f64,
}

impl Histogram {
    /// An empty histogram of `n_bins` bins of `bin_width` from `first` on.
    pub fn new(first: f64, bin_width: f64, n_bins: usize) -> Self {
        Self { first, bin_width, counts: vec![0; n_bins], n: 0, least: f64::INFINITY, largest: f64::NEG_INFINITY }
    }

    /// Counts a value.
    ///
    /// # Panics
    ///
    /// If it is NaN.
    pub fn add(&mut self, value: f64) {
        assert!(!value.is_nan(), "NaN has no place among values");
        // The cast saturates: values beyond the grid count in the end bins.
        let bin = ((value - self.first) / self.bin_width) as usize;
        let last = self.counts.len() - 1;
        self.counts[bin.min(last)] += 1;
        self.n += 1;
        self.least = self.least.min(value);
        self.largest = self.largest.max(value);
    }

    /// Values counted.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The quantile at `level` in `[0, 1]`; none without values.
    pub fn quantile(&self, level: f64) -> Option<f64> {
        let value = quantile_of_ranks(self.n, level, |rank| self.order_statistic(rank))?;
        Some(value.clamp(self.least, self.largest))
    }

    /// The quantile at `level` of values that are worth `effective` independent ones, with its interval; not a number
    /// without values.
    pub fn quantile_interval(&self, level: f64, effective: f64) -> QuantileInterval {
        let n = usize::try_from(self.n).unwrap_or(usize::MAX);
        let end = |rank: Option<usize>| rank.map(|rank| self.order_statistic(rank as u64));
        let [low95, high95] = order_ranks(n, effective, level).map(end);
        QuantileInterval { value: self.quantile(level).unwrap_or(f64::NAN), low95, high95 }
    }

    fn order_statistic(&self, rank: u64) -> f64 {
        match position_of_rank(&self.counts, rank) {
            _ if rank == 0 => self.least,
            Some(bin) if rank + 1 < self.n => (self.first + bin * self.bin_width).clamp(self.least, self.largest),
            _ => self.largest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::order_interval::order_interval;

    #[test]
    fn quantiles_are_those_of_the_sorted_values_to_a_bin() {
        let mut histogram = Histogram::new(-10.0, 0.01, 2000);
        let mut values: Vec<f64> = (0..1001).map(|i| f64::from(i * 7919 % 1009) / 101.0 - 5.0).collect();
        values.iter().for_each(|v| histogram.add(*v));
        values.sort_by(f64::total_cmp);
        for level in [0.0f64, 0.05, 0.25, 0.5, 0.777, 0.95, 1.0] {
            let position = level * 1000.0;
            let (i, share) = (position as usize, position.fract());
            let expected = values[i] + share * (values[(i + 1).min(1000)] - values[i]);
            let got = histogram.quantile(level).expect("values");
            assert!((got - expected).abs() <= 0.0101, "{level}: {got} and {expected}");
        }
        assert_eq!(histogram.n(), 1001);
    }

    #[test]
    fn intervals_are_those_of_the_sorted_values_to_a_bin() {
        let mut histogram = Histogram::new(-10.0, 0.01, 2000);
        let mut values: Vec<f64> = (0..501).map(|i| f64::from(i * 7919 % 1009) / 101.0 - 5.0).collect();
        values.iter().for_each(|v| histogram.add(*v));
        values.sort_by(f64::total_cmp);
        for level in [0.05, 0.5, 0.95] {
            let (got, expected) = (histogram.quantile_interval(level, 501.0), order_interval(&values, level));
            for (got, expected) in [(got.low95, expected.low95), (got.high95, expected.high95)] {
                let (got, expected) = (got.expect("many values"), expected.expect("many values"));
                assert!((got - expected).abs() <= 0.0101, "{level}: {got} and {expected}");
            }
            // Values that come in fives say less.
            let fives = histogram.quantile_interval(level, 501.0 / 5.0);
            assert!(fives.low95 < got.low95 && fives.high95 > got.high95, "{fives:?} {got:?}");
        }
        assert_eq!(histogram.quantile_interval(0.95, 60.0).high95, None, "worth too few");
    }

    #[test]
    fn one_value_is_its_own_quantile_and_none_has_none() {
        let mut histogram = Histogram::new(0.0, 1.0, 3);
        assert_eq!(histogram.quantile(0.5), None);
        for _ in 0..3 {
            histogram.add(77.25);
            assert_eq!(histogram.quantile(0.3), Some(77.25));
        }
    }
}
