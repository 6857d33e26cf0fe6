//! How nearly diagonal a covariance matrix is: how far the Fourier basis is from the basis of principal components.
//!
//! # Definition
//!
//! For the `D×D` covariance `Σ` of the real Fourier form, whose diagonal is Γ:
//!
//! ```text
//! off-diagonal energy = Σ_{i≠j} Σ_ij² / Σ_{ij} Σ_ij²
//! mean |correlation|  = mean over i<j of |Σ_ij| / √(Σ_ii Σ_jj)
//! ```
//!
//! and the eigenvalues beside the sorted diagonal: equal when the Fourier basis is the principal one; otherwise the
//! eigenvalues are the more unequal of the two (Schur–Horn).
//!
//! # Conventions
//!
//! A sample covariance of `n` images has off-diagonal entries by chance alone. Both numbers therefore come with the
//! value expected of independent Gaussian modes of the same variances: `E Σ̂_ij² = Σ_ii Σ_jj/(n−1)`, and
//! `E|r| = Γ((n−1)/2) / (√π Γ(n/2))` with the gamma function. What lies above them is structure.
//!
//! # Cost
//!
//! The eigenvalues take O(D³): about a second at D = 1024.

use ndarray::ArrayView2;
use ndarray_linalg::{EigValsh, UPLO};
use statrs::function::gamma::ln_gamma;

use super::blas::prepare_blas;
use super::covariance::{CovarianceError, check_square, refused};

/// How nearly diagonal a covariance matrix is.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Diagonality {
    /// Dimension `D` of the matrix.
    pub n_dimensions: usize,
    /// Images it was measured on.
    pub n_images: usize,
    /// Share of the squared entries that lies off the diagonal, 0 (diagonal) to 1. `None` for an all-zero matrix.
    pub off_diagonal_energy: Option<f64>,
    /// The share independent Gaussian modes would show by chance with as many images. `None` below two images.
    pub off_diagonal_energy_by_chance: Option<f64>,
    /// Mean absolute correlation over pairs of modes that vary. `None` without such a pair.
    pub mean_abs_correlation: Option<f64>,
    /// The mean absolute correlation of independent Gaussian modes with as many images. `None` below two images.
    pub mean_abs_correlation_by_chance: Option<f64>,
    /// Modes without variance, left out of the correlations.
    pub n_constant_modes: usize,
    /// Eigenvalues, descending, value² per mode.
    pub eigenvalues: Vec<f64>,
    /// The diagonal, descending, value² per mode.
    pub sorted_diagonal: Vec<f64>,
}

/// Measures how nearly diagonal `covariance` is: the symmetric `D×D` covariance of the real Fourier form over
/// `n_images` images.
///
/// # Errors
///
/// [`CovarianceError::NotFinite`], and [`CovarianceError::Factorisation`] when LAPACK does not converge.
pub fn compute_diagonality(covariance: ArrayView2<'_, f64>, n_images: usize) -> Result<Diagonality, CovarianceError> {
    check_square(covariance)?;
    prepare_blas()?;
    let n = covariance.nrows();
    let eigenvalues = covariance.to_owned().eigvalsh(UPLO::Lower).map_err(refused(n))?;
    let diagonal: Vec<f64> = covariance.diag().to_vec();
    let (energy, by_chance) = off_diagonal_energies(covariance, &diagonal, n_images);
    let n_varying = diagonal.iter().filter(|&&v| v > 0.0).count();
    Ok(Diagonality {
        n_dimensions: n,
        n_images,
        off_diagonal_energy: energy,
        off_diagonal_energy_by_chance: by_chance,
        mean_abs_correlation: mean_abs_correlation(covariance, &diagonal, n_varying),
        mean_abs_correlation_by_chance: expected_abs_correlation(n_images),
        n_constant_modes: n - n_varying,
        eigenvalues: descending(eigenvalues.to_vec()),
        sorted_diagonal: descending(diagonal),
    })
}

/// Measured share of squared entries off the diagonal, and the share expected by chance.
fn off_diagonal_energies(
    covariance: ArrayView2<'_, f64>,
    diagonal: &[f64],
    n_images: usize,
) -> (Option<f64>, Option<f64>) {
    // Relative to the largest entry, so that squares neither overflow nor vanish.
    let largest = covariance.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    if largest == 0.0 {
        return (None, None);
    }
    let square = |x: f64| (x / largest).powi(2);
    let on: f64 = diagonal.iter().map(|&x| square(x)).sum();
    let off: f64 = covariance.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, &x)| square(x)).sum();
    let trace: f64 = diagonal.iter().map(|x| x / largest).sum();
    let chance = (n_images >= 2).then(|| {
        let off = (trace * trace - on) / (n_images as f64 - 1.0);
        off / (off + on)
    });
    (Some(off / (off + on)), chance)
}

fn mean_abs_correlation(covariance: ArrayView2<'_, f64>, diagonal: &[f64], n_varying: usize) -> Option<f64> {
    let n_pairs = n_varying * n_varying.saturating_sub(1) / 2;
    let deviation: Vec<f64> = diagonal.iter().map(|v| v.max(0.0).sqrt()).collect();
    let sum: f64 = covariance
        .indexed_iter()
        .filter(|&((i, j), _)| i < j && diagonal[i] > 0.0 && diagonal[j] > 0.0)
        .map(|((i, j), &x)| x.abs() / deviation[i] / deviation[j])
        .sum();
    (n_pairs > 0).then(|| sum / n_pairs as f64)
}

/// Mean absolute sample correlation of two independent Gaussian variables over `n` samples; 1 for two samples.
fn expected_abs_correlation(n: usize) -> Option<f64> {
    let half = n as f64 / 2.0;
    let sqrt_pi = std::f64::consts::PI.sqrt();
    (n >= 2).then(|| (ln_gamma(half - 0.5) - ln_gamma(half)).exp() / sqrt_pi)
}

fn descending(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    fn covariance_of_independent_modes(n: usize, d: usize) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let rows = Array2::from_shape_fn((n, d), |(_, j)| {
            let z: f64 = StandardNormal.sample(&mut rng);
            z / (1.0 + j as f64)
        });
        let centred = &rows - &rows.mean_axis(ndarray::Axis(0)).expect("rows");
        centred.t().dot(&centred) / (n as f64 - 1.0)
    }

    #[test]
    fn a_worked_example_gives_the_definition() {
        // Squares: 4² + 1² on the diagonal, 2·1² off it; correlation 1/√4; eigenvalues (5 ± √13)/2.
        let result = compute_diagonality(array![[1.0, 1.0], [1.0, 4.0]].view(), 5).expect("regular");
        assert!((result.off_diagonal_energy.expect("nonzero") - 2.0 / 19.0).abs() <= 1e-15);
        assert!((result.mean_abs_correlation.expect("a pair") - 0.5).abs() <= 1e-15);
        assert!((result.eigenvalues[0] - (5.0 + 13f64.sqrt()) / 2.0).abs() <= 1e-12);
        assert_eq!(result.sorted_diagonal, vec![4.0, 1.0]);
        // By chance: off = 2·1·4/4 = 2 as well.
        assert!((result.off_diagonal_energy_by_chance.expect("n ≥ 2") - 2.0 / 19.0).abs() <= 1e-15);
    }

    #[test]
    fn eigenvalues_majorise_the_diagonal_and_keep_its_sum() {
        let result = compute_diagonality(covariance_of_independent_modes(12, 30).view(), 12).expect("regular");
        let (mut eigen, mut diagonal) = (0.0, 0.0);
        for (a, b) in result.eigenvalues.iter().zip(&result.sorted_diagonal) {
            eigen += a;
            diagonal += b;
            assert!(eigen >= diagonal - 1e-12);
        }
        assert!((eigen - diagonal).abs() <= 1e-12);
    }

    #[test]
    fn independent_modes_show_what_chance_predicts() {
        let result = compute_diagonality(covariance_of_independent_modes(40, 100).view(), 40).expect("regular");
        let (measured, chance) =
            (result.mean_abs_correlation.expect("pairs"), result.mean_abs_correlation_by_chance.expect("n ≥ 2"));
        assert!((measured / chance - 1.0).abs() <= 0.03, "{measured} and {chance}");
        let (measured, chance) =
            (result.off_diagonal_energy.expect("nonzero"), result.off_diagonal_energy_by_chance.expect("n ≥ 2"));
        assert!((measured / chance - 1.0).abs() <= 0.3, "{measured} and {chance}");
    }

    #[test]
    fn chance_correlation_has_its_known_values() {
        // Two samples always correlate fully; for three r follows the arcsine law with mean |r| = 2/π.
        assert!((expected_abs_correlation(2).expect("n ≥ 2") - 1.0).abs() <= 1e-12);
        assert!((expected_abs_correlation(3).expect("n ≥ 2") - std::f64::consts::FRAC_2_PI).abs() <= 1e-12);
        assert_eq!(expected_abs_correlation(1), None);
    }

    #[test]
    fn degenerate_matrices_leave_out_what_is_undefined() {
        let zero = compute_diagonality(Array2::zeros((3, 3)).view(), 9).expect("finite");
        assert_eq!((zero.off_diagonal_energy, zero.mean_abs_correlation, zero.n_constant_modes), (None, None, 3));
        let diagonal = compute_diagonality(array![[2.0, 0.0], [0.0, 0.0]].view(), 9).expect("finite");
        assert_eq!((diagonal.off_diagonal_energy, diagonal.mean_abs_correlation), (Some(0.0), None));
        let not_square = compute_diagonality(Array2::zeros((2, 3)).view(), 9);
        assert_eq!(not_square.err(), Some(CovarianceError::NotFinite { rows: 2, columns: 3 }));
    }
}
