//! The published estimator: ordinary least squares of `ln Γ` on `ln f` over modes.
//!
//! # Definition
//!
//! `ln Γ[k] = ln A² − 2Δ ln f_k + e_k` over the retained modes of the full plane, each with weight 1.
//!
//! # Conventions
//!
//! For the interval `c_j = Σ_{k∈j} C_k/Γ̄[j]`, `C_k = −½ (ln f_k − mean)/Σ (ln f − mean)²`; corners beyond the last
//! annulus count with it. A says where the mean of `ln Γ` lies, which for `n` Gaussian images is
//! `ψ(n−1) − ln(n−1) ≈ −1/(2n)` below the log of the mean: A is low by
//! about `1/(4n)`; the other two estimators are not.
//!
//! # References
//!
//! Cloud Diffusion (arXiv 2507.05496), section 2.

use super::retained::RetainedModes;
use super::{Estimator, FitError, FitRange, LinearEstimate, PowerLawFit, goodness};
use crate::spectral::Grid;
use crate::spectrum::RadialStatistics;

/// Fits a power law to the modes' variances `covariance` (Γ, one per stored mode, value²); `statistics` are those of
/// the images' RAPSDs as they are, from which the interval comes.
///
/// # Errors
///
/// [`FitError::Range`], [`FitError::NoPower`] when a retained mode has no logarithm, [`FitError::TooFewPoints`] below
/// 3 independent modes.
///
/// # Panics
///
/// If `covariance` does not hold one value per stored mode.
pub fn fit_modes(
    grid: &Grid,
    covariance: &[f64],
    statistics: &RadialStatistics,
    range: &FitRange,
) -> Result<PowerLawFit, FitError> {
    let modes = RetainedModes::select(grid, covariance, range)?;
    let y: Vec<f64> = modes.power.iter().map(|p| p.ln()).collect();
    let mean = modes.sum(&y) / modes.n_modes as f64;
    let products: Vec<f64> = modes.x.iter().zip(&y).map(|(x, y)| x * (y - mean)).collect();
    let slope = modes.sum(&products) / modes.spread;
    let residual: Vec<f64> = modes.x.iter().zip(&y).map(|(x, y)| y - mean - slope * x).collect();
    let delta = -0.5 * slope;
    let radial = grid.radial_mean(covariance);
    let factor = |i: usize| -0.5 / radial[modes.annulus[i]];
    let gradient = modes.slope_by_annulus(grid.n_annuli(), factor);
    let unseen = modes.unseen_variance(grid, &radial, statistics, log_variance(statistics.n_images), factor);
    let estimate = LinearEstimate::with_unseen(delta, &gradient, statistics, unseen);
    let fit = goodness(&y, &residual, &modes.weight);
    Ok(PowerLawFit {
        estimator: Estimator::Modes,
        delta,
        delta_low95: estimate.low95,
        delta_high95: estimate.high95,
        delta_se_by_annuli: estimate.standard_error,
        amplitude_and_r2_se: None,
        amplitude: (0.5 * (mean - slope * modes.mean_log_frequency)).exp(),
        amplitude_low95: None,
        amplitude_high95: None,
        r2: fit.r2,
        residual_db: fit.residual_db,
        range: *range,
        fitted_cycles_per_px: modes.frequencies,
        n_modes: modes.n_modes,
        n_images: statistics.n_images,
        n_files: statistics.n_files,
        bend: None,
    })
}

/// Variance of the logarithm of a complex mode's variance as measured on `n_images` Gaussian images: ψ′(n−1), by its
/// expansion, which is right to 1 % for two degrees of freedom and to 1e-4 for four.
fn log_variance(n_images: u64) -> f64 {
    let m = n_images.saturating_sub(1).max(1) as f64;
    1.0 / m + 0.5 / (m * m) + 1.0 / (6.0 * m.powi(3)) - 1.0 / (30.0 * m.powi(5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    /// `n` files of which nothing is known but their number.
    fn of(grid: &Grid, n: u64) -> RadialStatistics {
        RadialStatistics::without_spread(vec![1.0; grid.n_annuli()], n, n)
    }

    #[test]
    fn an_exact_law_is_recovered_on_any_size() {
        for (height, width) in [(32, 32), (31, 37), (24, 40)] {
            let grid = Grid::new(Size::new(height, width));
            for delta in [-0.5, 0.0, 0.7, 2.0] {
                let covariance: Vec<f64> = grid.frequencies().iter().map(|f| 0.09 * f.powf(-2.0 * delta)).collect();
                let fit = fit_modes(&grid, &covariance, &of(&grid, 9), &FitRange::for_size(grid.size()))
                    .expect("a regular law");
                assert!((fit.delta - delta).abs() <= 1e-12);
                assert!((fit.amplitude - 0.3).abs() <= 1e-12);
                assert!(fit.residual_db <= 1e-12);
            }
        }
    }

    #[test]
    fn scaling_the_images_scales_the_amplitude_alone() {
        let grid = Grid::new(Size::new(21, 18));
        let rough: Vec<f64> = (0..grid.n_modes()).map(|i| (1.5 + (i as f64).sin()) / (1.0 + i as f64)).collect();
        let louder: Vec<f64> = rough.iter().map(|p| 49.0 * p).collect();
        let range = FitRange { cross_mask: Some(1), ..FitRange::paper() };
        let (a, b) =
            (fit_modes(&grid, &rough, &of(&grid, 5), &range), fit_modes(&grid, &louder, &of(&grid, 5), &range));
        let (a, b) = (a.expect("has power"), b.expect("has power"));
        assert!((b.amplitude / a.amplitude - 7.0).abs() <= 1e-12);
        for (x, y) in [(a.delta, b.delta), (a.r2, b.r2)] {
            assert!((x - y).abs() <= 1e-12);
        }
    }

    #[test]
    fn the_variance_of_a_logarithm_is_the_trigamma_function() {
        let trigamma = |m: u64| std::f64::consts::PI.powi(2) / 6.0 - (1..m).map(|k| (k as f64).powi(-2)).sum::<f64>();
        for (m, tolerance) in [(2, 1e-2), (4, 1e-4), (11, 1e-7), (200, 1e-12)] {
            assert!((log_variance(m + 1) / trigamma(m) - 1.0).abs() <= tolerance, "{m}");
        }
    }

    #[test]
    fn flat_sets_are_refused() {
        let grid = Grid::new(Size::square(16));
        let flat = fit_modes(&grid, &vec![0.0; grid.n_modes()], &of(&grid, 9), &FitRange::paper()).err();
        assert!(matches!(flat, Some(FitError::NoPower { n_powerless, n_retained, .. }) if n_powerless == n_retained));
    }
}
