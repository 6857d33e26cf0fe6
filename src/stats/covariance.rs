//! Covariance matrices: shrinkage of a poorly known one, and eigenvectors of a small one such as that of the colours.
//!
//! # Definition
//!
//! Shrinkage: a sample covariance `Σ̂` of `p` variables is written `D^½ R̂ D^½` with its own variances `D`, and the
//! correlations are drawn towards none, `R* = (1 − α) R̂ + α I`. So the target is `D`, unequal variances without
//! correlation: variables whose variances lie decades apart (the bins of a spectrum) are all shrunk alike, where a
//! multiple of the identity would swamp the weak ones.
//!
//! The intensity α is that of Ledoit and Wolf (2004) on standardised rows z, with the diagonal as the target:
//!
//! ```text
//! α = [E‖z‖⁴ − tr R̂²] / [n (tr R̂² − p)],   E‖z‖⁴ = κ (p² + 2 tr R̂²)
//! ```
//!
//! between `1/n`, which keeps the matrix positive definite, and 1. It needs every row only for `E‖z‖⁴`. A streaming
//! pass does not know the standard deviations yet, so it takes the kurtosis κ from rows that are weighed otherwise.
//! That is the same where rows are elliptical (one common factor of contrast for each), and exact where the weights are
//! one over the standard deviations.

use ndarray::{Array2, ArrayView2};
use ndarray_linalg::error::LinalgError;
use ndarray_linalg::{Eigh, UPLO};

use super::blas::{NoRoom, prepare_blas};

/// Relative difference below which two components count as equally large when the sign is chosen.
const SIGN_TIE: f64 = 1e-9;

/// Why a covariance matrix cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CovarianceError {
    /// Not `p×p`, or an entry is not finite.
    #[error(
        "the covariance matrix is {rows}×{columns} or holds a value that is not finite; give a finite square matrix"
    )]
    NotFinite {
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        columns: usize,
    },
    /// A variable does not vary.
    #[error("variable {index} of the covariance matrix has variance {variance}; leave out what does not vary")]
    NoVariance {
        /// Index of the first such variable.
        index: usize,
        /// Its variance.
        variance: f64,
    },
    /// LAPACK cannot be called.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// LAPACK found the matrix not positive definite, or did not converge.
    #[error("LAPACK could not factorise the {n}×{n} covariance matrix ({reason}); give more images or fewer bins")]
    Factorisation {
        /// Side of the matrix.
        n: usize,
        /// LAPACK's own words.
        reason: String,
    },
}

/// What LAPACK's refusal of an `n×n` matrix means.
pub(super) fn refused(n: usize) -> impl Fn(LinalgError) -> CovarianceError {
    move |error| CovarianceError::Factorisation { n, reason: error.to_string() }
}

/// A covariance matrix drawn towards its own diagonal.
#[derive(Debug, Clone)]
pub struct ShrunkCovariance {
    /// The shrunk matrix, `p×p`; its diagonal is the sample's.
    pub matrix: Array2<f64>,
    /// Weight α of the target, 0 (sample) to 1 (diagonal).
    pub intensity: f64,
}

/// Shrinks the correlations of `covariance` (`p×p`, of `n` rows with this kurtosis, 1 for Gaussian ones) towards none.
///
/// # Errors
///
/// [`CovarianceError::NotFinite`] and [`CovarianceError::NoVariance`].
pub fn shrink_correlations(
    covariance: ArrayView2<'_, f64>,
    n: f64,
    kurtosis: f64,
) -> Result<ShrunkCovariance, CovarianceError> {
    let scale = standard_deviations(covariance)?;
    let p = scale.len() as f64;
    let correlation = |i: usize, j: usize| covariance[[i, j]] / (scale[i] * scale[j]);
    let trace_square: f64 = covariance.indexed_iter().map(|((i, j), _)| correlation(i, j).powi(2)).sum();
    let by_chance = (kurtosis * (p * p + 2.0 * trace_square) - trace_square) / n;
    let excess = trace_square - p;
    // Uncorrelated samples (excess 0) are their own target.
    let intensity = if excess > 0.0 { (by_chance / excess).clamp(1.0 / n, 1.0) } else { 1.0 };
    let mut matrix = covariance.to_owned();
    for ((i, j), value) in matrix.indexed_iter_mut() {
        if i != j {
            *value *= 1.0 - intensity;
        }
    }
    Ok(ShrunkCovariance { matrix, intensity })
}

/// Standard deviations of a covariance matrix's variables, after checking that it is finite, square and varies.
fn standard_deviations(covariance: ArrayView2<'_, f64>) -> Result<Vec<f64>, CovarianceError> {
    check_square(covariance)?;
    covariance
        .diag()
        .iter()
        .enumerate()
        .map(
            |(index, &variance)| {
                if variance > 0.0 { Ok(variance.sqrt()) } else { Err(CovarianceError::NoVariance { index, variance }) }
            },
        )
        .collect()
}

/// Checks that a matrix is square and finite.
pub(crate) fn check_square(matrix: ArrayView2<'_, f64>) -> Result<(), CovarianceError> {
    let (rows, columns) = matrix.dim();
    if rows == columns && matrix.iter().all(|x| x.is_finite()) {
        Ok(())
    } else {
        Err(CovarianceError::NotFinite { rows, columns })
    }
}

/// Eigenvalues and eigenvectors of a symmetric matrix, largest eigenvalue first.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct EigenPairs {
    /// Eigenvalues, descending; the unit is the matrix's.
    pub values: Vec<f64>,
    /// `vectors[i]` is the unit eigenvector of `values[i]`. Its sign makes the component of largest magnitude positive
    /// (the first of them when several are equally large), so that equal data gives equal output everywhere.
    pub vectors: Vec<Vec<f64>>,
}

/// Eigen-decomposition of a symmetric `C×C` matrix, such as the covariance of the colour channels. Only the lower
/// triangle is read.
///
/// # Errors
///
/// [`CovarianceError::NotFinite`], and [`CovarianceError::Factorisation`] when LAPACK does not converge.
pub fn eigen_decomposition(matrix: ArrayView2<'_, f64>) -> Result<EigenPairs, CovarianceError> {
    check_square(matrix)?;
    prepare_blas()?;
    let (values, vectors) = matrix.to_owned().eigh(UPLO::Lower).map_err(refused(matrix.nrows()))?;
    let vectors = vectors.columns().into_iter().rev().map(|v| with_fixed_sign(v.to_vec())).collect();
    Ok(EigenPairs { values: values.iter().rev().copied().collect(), vectors })
}

fn with_fixed_sign(mut vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let leader = vector.iter().find(|x| x.abs() >= largest * (1.0 - SIGN_TIE)).copied();
    if leader.is_some_and(|x| x < 0.0) {
        vector.iter_mut().for_each(|x| *x = -*x);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    fn sample_covariance(rows: &Array2<f64>) -> Array2<f64> {
        let mean = rows.mean_axis(ndarray::Axis(0)).expect("rows");
        let centred = rows - &mean;
        centred.t().dot(&centred) / (rows.nrows() as f64 - 1.0)
    }

    fn independent_rows(n: usize, p: usize, seed: u64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_fn((n, p), |(_, j)| {
            let z: f64 = StandardNormal.sample(&mut rng);
            z * 10f64.powi(-(j as i32))
        })
    }

    /// Rows in units of their own standard deviation, about their mean.
    fn standardised(rows: &Array2<f64>) -> Array2<f64> {
        let centred = rows - &rows.mean_axis(ndarray::Axis(0)).expect("rows");
        let std = centred.map_axis(ndarray::Axis(0), |c| (c.dot(&c) / c.len() as f64).sqrt());
        &centred / &std
    }

    fn kurtosis(z: &Array2<f64>) -> f64 {
        let (n, p) = z.dim();
        let r = z.t().dot(z) / n as f64;
        let fourth = z.rows().into_iter().map(|row| row.dot(&row).powi(2)).sum::<f64>() / n as f64;
        fourth / ((p * p) as f64 + 2.0 * r.iter().map(|v| v * v).sum::<f64>())
    }

    fn shrink(rows: &Array2<f64>) -> ShrunkCovariance {
        let n = rows.nrows() as f64;
        shrink_correlations(sample_covariance(rows).view(), n, kurtosis(&standardised(rows))).expect("regular")
    }

    #[test]
    fn intensity_is_that_of_ledoit_and_wolf_on_standardised_rows() {
        for (n, p, seed) in [(40, 6, 4), (15, 20, 5), (300, 4, 6)] {
            let mut rows = independent_rows(n, p, seed);
            // Correlations, and rows of very different contrast.
            for (i, mut row) in rows.rows_mut().into_iter().enumerate() {
                row[1] += 0.05 * row[0];
                row *= 1.0 + (i % 5) as f64;
            }
            let z = standardised(&rows);
            // As sklearn.covariance.ledoit_wolf has it.
            let squared = z.mapv(|v| v * v);
            let beta_sum = squared.t().dot(&squared).sum();
            let delta_sum = z.t().dot(&z).mapv(|v| v * v).sum() / (n * n) as f64;
            let (n_f, p_f) = (n as f64, p as f64);
            let mu = z.iter().map(|v| v * v).sum::<f64>() / n_f / p_f;
            let beta = (beta_sum / n_f - delta_sum) / (p_f * n_f);
            let delta = (delta_sum - 2.0 * mu * mu * p_f + p_f * mu * mu) / p_f;
            let want = beta.min(delta) / delta;
            let got = shrink(&rows);
            assert!((got.intensity - want).abs() <= 1e-9, "{n}×{p}: {} instead of {want}", got.intensity);
            let sample = sample_covariance(&rows);
            assert!((got.matrix[[0, 1]] - (1.0 - want) * sample[[0, 1]]).abs() <= 1e-12);
            assert_eq!(got.matrix[[1, 1]], sample[[1, 1]]);
        }
    }

    #[test]
    fn independent_variables_lose_their_chance_correlations_whatever_their_scale() {
        let rows = independent_rows(20, 12, 1);
        let shrunk = shrink(&rows);
        assert!(shrunk.intensity >= 0.7 && shrunk.intensity <= 1.0, "{}", shrunk.intensity);
        let again = shrink(&(&rows * &Array1::from_iter((0..12).map(|j| 10f64.powi(2 * j)))));
        assert!((shrunk.intensity - again.intensity).abs() <= 1e-9);
    }

    #[test]
    fn strong_correlations_survive_many_samples() {
        let mut rows = independent_rows(2000, 3, 2);
        for mut row in rows.rows_mut() {
            row[1] = row[0] + 0.1 * row[1];
        }
        let shrunk = shrink(&rows);
        assert!(shrunk.intensity <= 0.01 && shrunk.intensity > 0.0, "{}", shrunk.intensity);
    }

    #[test]
    fn two_samples_still_give_a_positive_definite_matrix() {
        let shrunk = shrink(&independent_rows(2, 5, 3));
        assert_eq!(shrunk.intensity, 0.5);
        let eigen = eigen_decomposition(shrunk.matrix.view()).expect("converges");
        assert!(eigen.values.iter().all(|&v| v > 0.0));
    }

    #[test]
    fn useless_matrices_are_named() {
        let still = array![[1.0, 0.0], [0.0, 0.0]];
        assert_eq!(
            shrink_correlations(still.view(), 8.0, 1.0).err(),
            Some(CovarianceError::NoVariance { index: 1, variance: 0.0 })
        );
        let nan = array![[1.0, f64::NAN], [f64::NAN, 1.0]];
        assert_eq!(eigen_decomposition(nan.view()).err(), Some(CovarianceError::NotFinite { rows: 2, columns: 2 }));
    }

    #[test]
    fn eigenvectors_rebuild_the_matrix_and_are_orthonormal() {
        let matrix = array![[2.0, 0.9, 0.4], [0.9, 1.5, 0.7], [0.4, 0.7, 1.1]];
        let eigen = eigen_decomposition(matrix.view()).expect("converges");
        assert!(eigen.values.windows(2).all(|w| w[0] >= w[1]));
        for i in 0..3 {
            for j in 0..3 {
                let rebuilt: f64 = eigen.values.iter().zip(&eigen.vectors).map(|(value, v)| value * v[i] * v[j]).sum();
                assert!((rebuilt - matrix[[i, j]]).abs() <= 1e-12);
                let dot: f64 = eigen.vectors[i].iter().zip(&eigen.vectors[j]).map(|(a, b)| a * b).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() <= 1e-12);
            }
        }
    }

    #[test]
    fn signs_are_fixed_by_the_largest_component() {
        assert_eq!(with_fixed_sign(vec![0.1, -0.9, 0.3]), vec![-0.1, 0.9, -0.3]);
        let tie = 0.5f64.sqrt();
        assert_eq!(with_fixed_sign(vec![-tie, 0.0, tie * (1.0 + 1e-14)]), vec![tie, -0.0, -tie * (1.0 + 1e-14)]);
    }

    #[test]
    fn one_channel_and_no_variation_decompose() {
        let one = eigen_decomposition(array![[0.25]].view()).expect("converges");
        assert_eq!((one.values, one.vectors), (vec![0.25], vec![vec![1.0]]));
        let flat = eigen_decomposition(Array2::zeros((3, 3)).view()).expect("converges");
        assert_eq!(flat.values, vec![0.0; 3]);
    }
}
