//! An estimate that is, near its solution, a linear function of annulus powers; and its interval.

use crate::spectrum::RadialStatistics;
use crate::stats::student::{NORMAL_QUANTILE, student_p, student_quantile};

/// Files below which no interval is given.
pub const MIN_FILES: u64 = 5;

/// An estimate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct LinearEstimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval; none for fewer than five files.
    pub low95: Option<f64>,
    /// Upper end of the interval.
    pub high95: Option<f64>,
    /// Standard error over files, as the annuli tell it; none for fewer than five.
    #[serde(skip)]
    pub standard_error: Option<f64>,
    #[serde(skip)]
    n_files: u64,
}

impl LinearEstimate {
    /// An estimate `value` whose change is `Σ_j gradient_j δR_j`, with the mean RAPSD of `statistics` (one entry per
    /// annulus): variance `cᵀ V c`, Student's t with one degree of freedom less than files.
    ///
    /// # Panics
    ///
    /// If `gradient` does not hold one value per annulus.
    pub fn new(value: f64, gradient: &[f64], statistics: &RadialStatistics) -> Self {
        Self::with_unseen(value, gradient, statistics, 0.0)
    }

    /// As [`LinearEstimate::new`], of an estimate with the variance `unseen` beyond what the annuli tell. It is a
    /// known variance, so its quantile is that of the normal distribution: half-width `√(t² cᵀVc + z² unseen)`.
    ///
    /// # Panics
    ///
    /// If `gradient` does not hold one value per annulus.
    pub fn with_unseen(value: f64, gradient: &[f64], statistics: &RadialStatistics, unseen: f64) -> Self {
        let n_files = statistics.n_files;
        let variance = if n_files < MIN_FILES { None } else { statistics.variance_of(gradient) };
        let standard_error = variance.map(f64::sqrt);
        let by_files = standard_error.map(|se| se * student_quantile(n_files as f64 - 1.0));
        let half = by_files.map(|half| half.hypot(NORMAL_QUANTILE * unseen.sqrt()));
        Self { value, low95: half.map(|h| value - h), high95: half.map(|h| value + h), standard_error, n_files }
    }

    /// Half the width of the interval.
    pub fn half_width(&self) -> Option<f64> {
        self.high95.map(|high| high - self.value)
    }

    /// Whether zero lies outside the interval. Without one nothing is beyond chance.
    pub fn is_beyond_chance(&self) -> bool {
        self.half_width().is_some_and(|half| self.value.abs() > half)
    }

    /// Chance of a value as far from zero if the truth is zero.
    pub fn p_value(&self) -> Option<f64> {
        let t = self.value / self.standard_error.filter(|se| *se > 0.0)?;
        Some(student_p(t, self.n_files as f64 - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_a_mean() {
        // One annulus, eleven files: the variance of the mean is 0.04, the gradient 3.
        let mut statistics = RadialStatistics::without_spread(vec![1.0], 11, 11);
        statistics.covariance_of_mean = vec![0.04];
        let estimate = LinearEstimate::new(2.0, &[3.0], &statistics);
        // scipy.stats.t.ppf(0.975, 10)
        let half = 0.6 * 2.228_138_851_965;
        assert!((estimate.half_width().expect("files") - half).abs() <= 1e-9);
        assert!(estimate.is_beyond_chance());
        // 2·scipy.stats.t.sf(2/0.6, 10)
        assert!((estimate.p_value().expect("files") - 0.007_575_166_498).abs() <= 1e-9);
    }

    #[test]
    fn what_the_annuli_do_not_see_is_added_as_known() {
        let mut statistics = RadialStatistics::without_spread(vec![1.0], 11, 11);
        statistics.covariance_of_mean = vec![0.04];
        let estimate = LinearEstimate::with_unseen(2.0, &[3.0], &statistics, 0.25);
        let half = (0.6 * 2.228_138_851_965_f64).hypot(0.5 * 1.959_963_984_540);
        assert!((estimate.half_width().expect("files") - half).abs() <= 1e-9);
        assert_eq!(estimate.standard_error, LinearEstimate::new(2.0, &[3.0], &statistics).standard_error);
    }

    #[test]
    fn without_files_nothing_is_beyond_chance() {
        for n_files in 0..MIN_FILES {
            let statistics = RadialStatistics::without_spread(vec![1.0], n_files, n_files);
            let estimate = LinearEstimate::new(9.0, &[1.0], &statistics);
            assert_eq!((estimate.low95, estimate.high95, estimate.p_value()), (None, None, None));
            assert!(!estimate.is_beyond_chance());
        }
    }
}
