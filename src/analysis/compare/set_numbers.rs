//! Numbers of a set from its vector of means, each with the variance that its gradient gives it.

use crate::spectrum::SetVector;
use crate::stats::two_samples::Mean;

impl SetVector {
    pub(in crate::analysis) fn estimate(&self, value: f64, gradient: &[f64]) -> Mean {
        Mean { value, variance: self.variance_of(gradient).unwrap_or(f64::NAN), n_files: self.n_files }
    }

    /// The number at `at`.
    pub(super) fn number(&self, at: usize) -> Mean {
        self.estimate(self.mean[at], &self.gradient(&[(at, 1.0)]))
    }

    fn gradient(&self, parts: &[(usize, f64)]) -> Vec<f64> {
        let mut gradient = vec![0.0; self.mean.len()];
        parts.iter().for_each(|(at, factor)| gradient[*at] += factor);
        gradient
    }

    /// Mean over channels of the channels' means, value.
    pub(in crate::analysis) fn brightness(&self) -> Mean {
        let share = 1.0 / self.n_channels as f64;
        let parts: Vec<(usize, f64)> = self.means().map(|at| (at, share)).collect();
        let value = parts.iter().map(|(at, share)| self.mean[*at] * share).sum();
        self.estimate(value, &self.gradient(&parts))
    }

    /// Standard deviation of the pixels of some channels around each channel's mean: `√ mean_c (E x² − m²)`, value.
    pub(super) fn deviation(&self, channels: std::ops::Range<usize>) -> Mean {
        let share = 1.0 / channels.len() as f64;
        let (squares, means) = (self.mean_squares().start, self.means().start);
        let variance: f64 =
            channels.clone().map(|c| share * (self.mean[squares + c] - self.mean[means + c].powi(2))).sum();
        // Rounding may leave less than nothing; what is no number stays none.
        let value = if variance < 0.0 { 0.0 } else { variance.sqrt() };
        let slope = share / (2.0 * value);
        let parts: Vec<(usize, f64)> =
            channels.flat_map(|c| [(squares + c, slope), (means + c, -2.0 * self.mean[means + c] * slope)]).collect();
        // Where nothing varies the root has no slope, and no error is known.
        self.estimate(value, &self.gradient(&parts))
    }

    pub(in crate::analysis) fn contrast(&self) -> Mean {
        self.deviation(0..self.n_channels)
    }

    /// Mean over the bands `first..=last` of ln power.
    pub(super) fn bands_mean(&self, first: usize, last: usize) -> Mean {
        let share = 1.0 / (last - first + 1) as f64;
        let parts: Vec<(usize, f64)> = (first..=last).map(|at| (at, share)).collect();
        let value = parts.iter().map(|(at, share)| self.mean[*at] * share).sum();
        self.estimate(value, &self.gradient(&parts))
    }

    /// Covariance of the bands alone, row by row.
    pub(super) fn band_covariance(&self) -> Vec<f64> {
        let (n, bands) = (self.mean.len(), self.bands.len());
        if self.covariance_of_mean.is_empty() {
            return Vec::new();
        }
        (0..bands * bands).map(|at| self.covariance_of_mean[at / bands * n + at % bands]).collect()
    }
}
