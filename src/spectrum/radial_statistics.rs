//! Mean and spread of the RAPSDs of a set, and the variance of what follows from the mean.

use super::between_files::variance_along;

/// Mean and spread of RAPSDs: over images, and between the files that images come from.
///
/// # Definition
///
/// With file `c` holding `m_c` images whose RAPSDs add up to `S_c`, `n = Σ m_c` images in `G` files, `R̄ = Σ S_c / n`:
/// `cov(R̄) = G/(G−1) · Σ_c (S_c − m_c R̄)(S_c − m_c R̄)ᵀ / n²`.
#[derive(Debug, Clone)]
pub struct RadialStatistics {
    /// Images.
    pub n_images: u64,
    /// Files they come from: the unit of sampling, because tiles of one photograph have everything in common.
    pub n_files: u64,
    /// Mean RAPSD, value² per mode.
    pub mean: Vec<f64>,
    /// Variance over images of each annulus (n−1), value⁴; empty for fewer than two images.
    pub variance: Vec<f64>,
    /// Covariance of the mean between files, annuli × annuli row by row, value⁴; empty for fewer than two files, and
    /// for one of several channels unless channels were summed up ([`super::AnalysisConfig::per_channel`]).
    pub covariance_of_mean: Vec<f64>,
    /// Variances at or below this are lost on the fixed-point grid, value⁴.
    pub least_variance: f64,
}

impl RadialStatistics {
    /// Those of a set of which nothing but the mean is known.
    pub fn without_spread(mean: Vec<f64>, n_images: u64, n_files: u64) -> Self {
        let (variance, covariance_of_mean) = (Vec::new(), Vec::new());
        Self { n_images, n_files, mean, variance, covariance_of_mean, least_variance: 0.0 }
    }

    /// Standard deviation over images of one annulus; none for fewer than two images, or where it is too small to be
    /// told.
    pub fn std_of(&self, annulus: usize) -> Option<f64> {
        let variance = *self.variance.get(annulus)?;
        // Nothing varies: that is known exactly. Anything else below the grid is not.
        let is_known = variance > self.least_variance || self.mean[annulus] == 0.0;
        is_known.then(|| variance.max(0.0).sqrt())
    }

    /// Standard deviation over images of each annulus; empty for fewer than two images.
    pub fn std(&self) -> Vec<f64> {
        self.variance.iter().map(|v| v.max(0.0).sqrt()).collect()
    }

    /// Standard error of the mean between files, of each annulus; empty for fewer than two files.
    pub fn standard_error(&self) -> Vec<f64> {
        self.covariance_of_mean.iter().step_by(self.mean.len() + 1).map(|v| v.max(0.0).sqrt()).collect()
    }

    /// Variance between files of an estimate that follows the mean RAPSD as `Σ_j gradient_j δR_j`; none for fewer than
    /// two files.
    ///
    /// # Panics
    ///
    /// If `gradient` does not hold one value per annulus.
    pub fn variance_of(&self, gradient: &[f64]) -> Option<f64> {
        assert_eq!(gradient.len(), self.mean.len(), "one value per annulus");
        variance_along(&self.covariance_of_mean, gradient)
    }
}
