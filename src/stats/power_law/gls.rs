//! Generalised least squares with an estimated covariance: weights, and intervals that know the weights are estimated.
//!
//! # Definition
//!
//! Data `y` (`p` values), design `J` (`p×q`), covariance `V̂` of `y` estimated from the same `n` images, working
//! covariance `V` (equal to `V̂`, or shrunk with intensity α), `W = V⁻¹`:
//!
//! ```text
//! β = C Jᵀ W r,   C = (Jᵀ W J)⁻¹
//! var(β) = C Jᵀ W V̂ W J C · (n−1)/d · (1 + T²/(n−1)) · (n−1)/(n−2),    d = n − 1 − h degrees of freedom
//! h  = (1 − α) tr(P V̂),   P = W − W J C Jᵀ W,      T² = residualᵀ W residual
//! ```
//!
//! The usual `C` pretends that `V̂` is exact and is far too small once `p` is a fair share of `n`. Weighting by `V̂` is a
//! regression of the `q` wanted combinations on the `p − q` others, whose expectation is zero: an analysis of covariance.
//! Without shrinkage `h = p − q`, the sandwich is `C`, and the first two factors with Student's t are *exact* for
//! Gaussian rows (Rao 1967, Least squares theory using an estimated dispersion matrix). With shrinkage that regression is
//! a ridge regression: `h` is its effective number of regressors, and the rule is an approximation between the exact one
//! (α = 0) and the sandwich for fixed weights (α = 1).
//!
//! The last factor undoes what removing the mean image does to the rows: it correlates the powers `|X − M|²` of Gaussian
//! images by `1/n²` (in units of the power), so that their mean varies `(n−1)/(n−2)` times as much as `Ĉ/n` says.

use ndarray::{Array1, Array2};
use ndarray_linalg::InverseC;

use crate::stats::blas::pin_blas_threads;
use crate::stats::covariance::{CovarianceError, shrink_correlations};

/// Images per annulus from which the sample covariance is used as it is.
const IMAGES_PER_BIN: usize = 4;

/// Weights of log mean powers.
pub(super) struct Weighting {
    /// `W`, `p×p`.
    inverse: Array2<f64>,
    /// `V̂`, `p×p`: covariance of the log of the mean.
    sample: Array2<f64>,
    /// α, 0 for the sample covariance itself.
    intensity: f64,
    n_images: f64,
}

/// One generalised least squares step with its error.
pub(super) struct Estimate {
    /// Change of the parameters that the residual asks for.
    pub step: Array1<f64>,
    /// Their variances.
    pub variance: Vec<f64>,
    /// Degrees of freedom of the variances.
    pub degrees: f64,
}

impl Weighting {
    /// Weights for `ln mean` (`p` positive values) from the `p×p` covariance of single images.
    pub fn new(mean: &Array1<f64>, covariance: &Array2<f64>, n_images: usize) -> Result<Self, CovarianceError> {
        pin_blas_threads();
        let n = n_images as f64;
        let sample = Array2::from_shape_fn(covariance.dim(), |(i, j)| covariance[[i, j]] / n / mean[i] / mean[j]);
        let shrunk = shrink_correlations(sample.view(), n_images)?;
        let enough = n_images >= IMAGES_PER_BIN * mean.len();
        let (working, intensity) =
            if enough { (sample.clone(), 0.0) } else { (shrunk.matrix, shrunk.intensity) };
        Ok(Self { inverse: inverse(&working)?, sample, intensity, n_images: n })
    }

    /// The parameters' change alone.
    pub fn solve(&self, design: &Array2<f64>, residual: &Array1<f64>) -> Result<Array1<f64>, CovarianceError> {
        let weighted = self.inverse.dot(design);
        Ok(inverse(&design.t().dot(&weighted))?.dot(&weighted.t().dot(residual)))
    }

    /// The parameters' change with its variance (see the module's definition).
    pub fn estimate(&self, design: &Array2<f64>, residual: &Array1<f64>) -> Result<Estimate, CovarianceError> {
        let weighted = self.inverse.dot(design);
        let bread = inverse(&design.t().dot(&weighted))?;
        let step = bread.dot(&weighted.t().dot(residual));
        let meat = weighted.t().dot(&self.sample.dot(&weighted));
        let sandwich = bread.dot(&meat).dot(&bread);
        let left = residual - &design.dot(&step);
        let t_square = left.dot(&self.inverse.dot(&left));
        let trace = (&self.inverse * &self.sample).sum() - (&bread * &meat).sum();
        let spent = (1.0 - self.intensity) * trace;
        let rows = self.n_images - 1.0;
        let degrees = rows - spent;
        let factor = rows / degrees * (1.0 + t_square / rows) * rows / (rows - 1.0);
        let variance = sandwich.diag().iter().map(|v| v * factor).collect();
        Ok(Estimate { step, variance, degrees })
    }
}

/// Inverse of a symmetric positive definite matrix, scaled to unit diagonal first so that decades between its variables do
/// not cost digits.
fn inverse(matrix: &Array2<f64>) -> Result<Array2<f64>, CovarianceError> {
    let n = matrix.nrows();
    let scale: Vec<f64> = matrix.diag().iter().map(|v| v.sqrt()).collect();
    let scaled = Array2::from_shape_fn((n, n), |(i, j)| matrix[[i, j]] / (scale[i] * scale[j]));
    let mut inverse =
        scaled.invc().map_err(|e| CovarianceError::Factorisation { n, reason: e.to_string() })?;
    for ((i, j), value) in inverse.indexed_iter_mut() {
        *value /= scale[i] * scale[j];
    }
    Ok(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn inverse_times_matrix_is_one_across_decades() {
        let matrix = array![[4e6, 1.0, 30.0], [1.0, 1e-6, 2e-5], [30.0, 2e-5, 1e-3]];
        let product = inverse(&matrix).expect("positive definite").dot(&matrix);
        for ((i, j), value) in product.indexed_iter() {
            let scale = (matrix[[j, j]] / matrix[[i, i]]).sqrt();
            assert!((value - f64::from(u8::from(i == j))).abs() <= 1e-9 * scale.max(1.0), "{i} {j} {value}");
        }
    }

    #[test]
    fn the_unshrunk_error_is_the_analysis_of_covariance() {
        // Rows (u, v) with J = (1, 0): regressing u on v, whose mean is zero, is the same estimate. Worked by formula.
        let rows = [(1.0, 0.4), (2.5, 1.1), (0.3, -0.9), (1.9, 0.2), (1.2, -0.5), (2.2, 0.1), (0.8, 0.3), (1.6, -0.4)];
        let n = rows.len() as f64;
        let (mu, mv) = rows.iter().fold((0.0, 0.0), |(a, b), (u, v)| (a + u / n, b + v / n));
        let s = |f: &dyn Fn(f64, f64) -> f64| rows.iter().map(|&(u, v)| f(u - mu, v - mv)).sum::<f64>();
        let (suu, suv, svv) = (s(&|u, _| u * u), s(&|u, v| u * v), s(&|_, v| v * v));
        let covariance = array![[suu, suv], [suv, svv]] / (n - 1.0);
        let weighting = Weighting::new(&array![1.0, 1.0], &covariance, 8).expect("regular");
        assert_eq!(weighting.intensity, 0.0);
        let estimate = weighting.estimate(&array![[1.0], [0.0]], &array![mu, mv]).expect("regular");
        let intercept = mu - suv / svv * mv;
        let variance = (suu - suv * suv / svv) / (n - 2.0) * (1.0 / n + mv * mv / svv);
        assert!((estimate.step[0] - intercept).abs() <= 1e-12);
        assert!((estimate.degrees - (n - 2.0)).abs() <= 1e-12);
        let mean_removal = (n - 1.0) / (n - 2.0);
        assert!((estimate.variance[0] / (variance * mean_removal) - 1.0).abs() <= 1e-12);
    }

    #[test]
    fn few_images_are_shrunk_and_keep_degrees_of_freedom() {
        let covariance = array![[1.0, 0.9, 0.2], [0.9, 1.0, 0.3], [0.2, 0.3, 1.0]];
        let weighting = Weighting::new(&array![1.0, 1.0, 1.0], &covariance, 11).expect("regular");
        assert!(weighting.intensity > 0.0);
        let estimate = weighting.estimate(&array![[1.0], [1.0], [1.0]], &array![0.1, 0.0, 0.2]).expect("regular");
        assert!(estimate.degrees > 8.0 && estimate.degrees < 10.0, "{}", estimate.degrees);
        let many = Weighting::new(&array![1.0, 1.0, 1.0], &covariance, 12).expect("regular");
        assert_eq!(many.intensity, 0.0);
    }

    #[test]
    fn a_singular_covariance_is_refused() {
        let covariance = Array2::from_elem((3, 3), 1.0);
        let error = Weighting::new(&array![1.0, 1.0, 1.0], &covariance, 90).err();
        assert!(matches!(error, Some(CovarianceError::Factorisation { n: 3, .. })));
    }
}
