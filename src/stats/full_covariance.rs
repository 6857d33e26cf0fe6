//! Gaussians with a full covariance: Mahalanobis distances and divergences by the Cholesky factor of the shrunk
//! covariance.
//!
//! # Definition
//!
//! With `Σ = L Lᵀ` of `D` dimensions and the mean μ: `d²(x) = |L⁻¹(x − μ)|²`. Against independent zero-mean noise of
//! variances `s`:
//!
//! ```text
//! E d²         = Σ_i s_i (Σ⁻¹)_ii + μᵀ Σ⁻¹ μ
//! KL(data‖noise) = ½ [Σ_i (Σ_ii + μ_i²)/s_i − D − ln det Σ + Σ_i ln s_i]
//! KL(noise‖data) = ½ [Σ_i s_i (Σ⁻¹)_ii − D + ln det Σ − Σ_i ln s_i + μᵀ Σ⁻¹ μ]
//! W₂²          = |μ|² + tr Σ + Σ_i s_i − 2 tr (Lᵀ S L)^½
//! ```
//!
//! # Conventions
//!
//! The covariance is shrunk towards its diagonal ([`super::covariance`]) and its diagonal floored, so that it can be
//! factorised with fewer images than dimensions. Noise without any variance where the data's lies above the floor is
//! infinitely far in both KL.

use ndarray::{Array1, Array2, ArrayView2};
use ndarray_linalg::{Cholesky, Diag, EigValsh, SolveTriangular, UPLO};

use super::blas::prepare_blas;
use super::covariance::{CovarianceError, check_square, refused, shrink_correlations};

/// A Gaussian with a full covariance.
#[derive(Debug, Clone)]
pub struct FullGaussian {
    mean: Array1<f64>,
    covariance: Array2<f64>,
    /// L, lower triangular.
    factor: Array2<f64>,
    /// L⁻¹.
    inverse_factor: Array2<f64>,
    /// Diagonal of the inverse.
    inverse_diagonal: Vec<f64>,
    /// Weight of the diagonal in the shrunk covariance, 0 to 1.
    pub shrinkage: f64,
}

/// How far independent noise is from such a Gaussian; nats, values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FullDivergence {
    /// `E d²` of a noise sample.
    pub expected_square: f64,
    /// Variance of `d²` of noise samples, or somewhat less.
    pub square_variance: f64,
    /// 2-Wasserstein distance squared.
    pub w2_square: f64,
    /// `KL(noise ‖ data)`.
    pub kl_noise_data: f64,
    /// `KL(data ‖ noise)`.
    pub kl_data_noise: f64,
}

impl FullGaussian {
    /// Shrinks and factorises `covariance` (`D×D`, of `n_images` with this kurtosis); its diagonal is held at `floor`
    /// at least.
    ///
    /// # Errors
    ///
    /// [`CovarianceError`] if the matrix is not finite or LAPACK cannot factorise it.
    pub fn new(
        mean: &[f64],
        covariance: ArrayView2<'_, f64>,
        n_images: usize,
        kurtosis: f64,
        floor: f64,
    ) -> Result<Self, CovarianceError> {
        // Before the floor, which would take the place of what is not a number.
        check_square(covariance)?;
        prepare_blas()?;
        let mut floored = covariance.to_owned();
        floored.diag_mut().iter_mut().for_each(|v| *v = v.max(floor));
        let shrunk = shrink_correlations(floored.view(), n_images as f64, kurtosis)?;
        let n = mean.len();
        let factor = shrunk.matrix.cholesky(UPLO::Lower).map_err(refused(n))?;
        let inverse = factor.solve_triangular(UPLO::Lower, Diag::NonUnit, &Array2::eye(n)).map_err(refused(n))?;
        // Σ⁻¹ = L⁻ᵀ L⁻¹: its diagonal holds the squared lengths of the columns of L⁻¹.
        let inverse_diagonal = inverse.columns().into_iter().map(|c| c.dot(&c)).collect();
        Ok(Self {
            mean: Array1::from(mean.to_vec()),
            covariance: shrunk.matrix,
            factor,
            inverse_factor: inverse,
            inverse_diagonal,
            shrinkage: shrunk.intensity,
        })
    }

    /// `d²` of `x`.
    pub fn square(&self, x: &[f64]) -> f64 {
        self.square_of(x.iter().zip(&self.mean).map(|(x, m)| x - m).collect())
    }

    /// Workers call it side by side, which LAPACK would need memory of its own for, each time.
    fn square_of(&self, difference: Array1<f64>) -> f64 {
        self.inverse_factor.dot(&difference).iter().map(|v| v * v).sum()
    }

    /// `d²` of a member with the distance `square`, as if the covariance of `n` had been measured without it: out of
    /// the shrunk covariance it is taken by the formula of Sherman and Morrison, while shrinkage and variances stay.
    pub fn square_without(&self, square: f64, n: f64) -> f64 {
        let share = (1.0 - self.shrinkage) * n / ((n - 1.0) * (n - 2.0).max(1.0));
        let left = (1.0 - share * square).max(1.0 / n);
        square * (n / (n - 1.0)).powi(2) / left
    }

    /// How far zero-mean noise with independent numbers of `variances` is; these enter quotients and logarithms no
    /// smaller than `floor`.
    ///
    /// # Errors
    ///
    /// [`CovarianceError::Factorisation`] if LAPACK fails.
    pub fn divergence(&self, variances: &[f64], floor: f64) -> Result<FullDivergence, CovarianceError> {
        let n = variances.len();
        let floored: Vec<f64> = variances.iter().map(|v| v.max(floor)).collect();
        let of_mean = self.square_of(self.mean.mapv(|m| -m));
        let log_determinant = 2.0 * self.factor.diag().iter().map(|v| v.ln()).sum::<f64>();
        let log_noise: f64 = floored.iter().map(|v| v.ln()).sum();
        let trace = |s: &[f64]| s.iter().zip(&self.inverse_diagonal).map(|(s, i)| s * i).sum::<f64>();
        let second_moments = self.covariance.diag().to_vec();
        let reverse: f64 = (0..n).map(|i| (second_moments[i] + self.mean[i].powi(2)) / floored[i]).sum();
        let is_hole = (0..n).any(|i| variances[i] == 0.0 && second_moments[i] > floor);
        let kl = |kl: f64| if is_hole { f64::INFINITY } else { kl };
        let scaled = &self.factor * &Array1::from(variances.to_vec()).mapv(f64::sqrt).insert_axis(ndarray::Axis(1));
        let roots = scaled.t().dot(&scaled).eigvalsh(UPLO::Lower).map_err(refused(n))?;
        let overlap: f64 = roots.iter().map(|v| v.max(0.0).sqrt()).sum();
        Ok(FullDivergence {
            expected_square: trace(variances) + of_mean,
            square_variance: variances.iter().zip(&self.inverse_diagonal).map(|(s, i)| 2.0 * (s * i).powi(2)).sum(),
            w2_square: self.mean.dot(&self.mean) + second_moments.iter().sum::<f64>() + variances.iter().sum::<f64>()
                - 2.0 * overlap,
            kl_noise_data: kl(0.5 * (trace(&floored) - n as f64 + log_determinant - log_noise + of_mean)),
            kl_data_noise: kl(0.5 * (reverse - n as f64 - log_determinant + log_noise)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn two_dimensions_by_hand() {
        // Few images shrink the correlation; the formulas are checked with what is left of it.
        let sample = array![[2.0, 0.6], [0.6, 0.5]];
        let mean = [0.3, -0.2];
        let full = FullGaussian::new(&mean, sample.view(), 40, 1.0, 1e-9).expect("positive definite");
        let (a, b, c) = (2.0, 0.5, full.covariance[[0, 1]]);
        assert!(c > 0.3 && c < 0.6 && full.shrinkage > 0.0, "{c}");
        let det = a * b - c * c;
        let quadratic = |x: f64, y: f64| (b * x * x - 2.0 * c * x * y + a * y * y) / det;
        let got = full.square(&[1.0, 2.0]);
        assert!((got - quadratic(0.7, 2.2)).abs() <= 1e-12, "{got}");
        let s = [0.7, 1.1];
        let d = full.divergence(&s, 1e-9).expect("numbers");
        let of_mean = quadratic(0.3, -0.2);
        let trace = (b * s[0] + a * s[1]) / det;
        assert!((d.expected_square - trace - of_mean).abs() <= 1e-12);
        let logs = (det / (s[0] * s[1])).ln();
        assert!((d.kl_noise_data - 0.5 * (trace - 2.0 + logs + of_mean)).abs() <= 1e-12);
        let reverse = (a + 0.09) / s[0] + (b + 0.04) / s[1];
        assert!((d.kl_data_noise - 0.5 * (reverse - 2.0 - logs)).abs() <= 1e-12);
        // For 2×2 matrices tr √B = √(tr B + 2 √det B), B similar to ΣS.
        let root = (a * s[0] + b * s[1] + 2.0 * (det * s[0] * s[1]).sqrt()).sqrt();
        assert!((d.w2_square - (0.13 + a + b + s[0] + s[1] - 2.0 * root)).abs() <= 1e-12, "{}", d.w2_square);
    }

    #[test]
    fn a_member_is_taken_out_as_if_it_had_not_been_measured() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(8);
        let (n, p) = (60, 3);
        let rows = Array2::from_shape_fn((n, p), |_| -> f64 { StandardNormal.sample(&mut random) });
        let of = |rows: &Array2<f64>| {
            let mean = rows.mean_axis(ndarray::Axis(0)).expect("rows");
            let centred = rows - &mean;
            let covariance = centred.t().dot(&centred) / (rows.nrows() as f64 - 1.0);
            FullGaussian::new(&mean.to_vec(), covariance.view(), rows.nrows(), 1.0, 1e-9).expect("definite")
        };
        let whole = of(&rows);
        for i in [0, 7, 30] {
            let others: Vec<usize> = (0..n).filter(|o| *o != i).collect();
            let without = of(&rows.select(ndarray::Axis(0), &others));
            let row = rows.row(i).to_vec();
            let (got, want) = (whole.square(&row), without.square(&row));
            let got = whole.square_without(got, n as f64);
            assert!((got / want - 1.0).abs() <= 0.08, "{i}: {got} instead of {want}");
        }
        assert!(whole.square_without(1e9, 3.0).is_finite());
    }

    #[test]
    fn a_diagonal_is_left_alone_and_agrees_with_itself() {
        let diagonal = [0.5, 2.0, 1.0, 0.0];
        let covariance = Array2::from_diag(&Array1::from(diagonal.to_vec()));
        let full = FullGaussian::new(&[0.0; 4], covariance.view(), 3, 1.0, 1e-4).expect("the floor makes it definite");
        let d = full.divergence(&diagonal, 1e-4).expect("numbers");
        assert!(d.kl_data_noise.abs() <= 1e-12 && d.kl_noise_data.abs() <= 1e-12, "{d:?}");
        assert!((d.expected_square - 3.0).abs() <= 1e-12 && d.w2_square.abs() <= 1e-3, "{d:?}");
        let white = full.divergence(&[1.0; 4], 1e-4).expect("numbers");
        assert!(white.kl_data_noise > 0.0 && white.kl_noise_data > 0.0 && white.w2_square > 0.0);
        let hole = full.divergence(&[1.0, 0.0, 1.0, 1.0], 1e-4).expect("numbers");
        assert_eq!((hole.kl_data_noise, hole.kl_noise_data), (f64::INFINITY, f64::INFINITY));
        assert!(hole.expected_square.is_finite() && hole.w2_square.is_finite(), "{hole:?}");
        let not_finite = FullGaussian::new(&[0.0], array![[f64::NAN]].view(), 3, 1.0, 1e-4);
        assert!(not_finite.is_err());
    }
}
