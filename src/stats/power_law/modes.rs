//! The published estimator: ordinary least squares of `ln Γ` on `ln f` over modes.
//!
//! # Definition
//!
//! `ln Γ[k] = ln A² − 2Δ ln f_k + e_k` over the retained modes of the full plane, each with weight 1.
//!
//! # Conventions
//!
//! The interval comes from the residuals of the independent modes (Student's t). It asks how well these images' Γ
//! determines Δ; a property shared by all modes of an image, such as its own slope, is not noise to it. A says where the
//! mean of `ln Γ` lies, which for `n` Gaussian images is `ψ(n−1) − ln(n−1) ≈ −1/(2n)` below the log of the mean: A is low
//! by about `1/(4n)`; the other two estimators are not.
//!
//! # References
//!
//! Cloud Diffusion (arXiv 2507.05496), section 2.

use super::retained::RetainedModes;
use super::{Estimator, FitError, FitRange, MIN_IMAGES, PowerLawFit, goodness, half_width};
use crate::spectral::Grid;

/// Fits a power law to the modes' variances `covariance` (Γ, one per stored mode, value²) of `n_images` images.
///
/// # Errors
///
/// [`FitError::Range`], [`FitError::TooFewImages`] below 2 images, [`FitError::NoPower`] when a retained mode has no
/// logarithm, [`FitError::TooFewPoints`] below 3 independent modes.
///
/// # Panics
///
/// If `covariance` does not hold one value per stored mode.
pub fn fit_modes(grid: &Grid, covariance: &[f64], n_images: usize, range: &FitRange) -> Result<PowerLawFit, FitError> {
    let estimator = Estimator::Modes;
    if n_images < MIN_IMAGES {
        return Err(FitError::TooFewImages { estimator, n_images, needed: MIN_IMAGES });
    }
    let modes = RetainedModes::select(grid, covariance, range)?;
    let y: Vec<f64> = modes.power.iter().map(|p| p.ln()).collect();
    let mean = modes.sum(&y) / modes.n_modes as f64;
    let products: Vec<f64> = modes.x.iter().zip(&y).map(|(x, y)| x * (y - mean)).collect();
    let slope = modes.sum(&products) / modes.spread;
    let residual: Vec<f64> = modes.x.iter().zip(&y).map(|(x, y)| y - mean - slope * x).collect();
    let delta = -0.5 * slope;
    let half = half_width(0.5 * modes.slope_error(&residual), modes.degrees());
    let fit = goodness(&y, &residual, &modes.weight);
    Ok(PowerLawFit {
        estimator,
        delta,
        delta_low95: delta - half,
        delta_high95: delta + half,
        amplitude: (0.5 * (mean - slope * modes.mean_log_frequency)).exp(),
        r2: fit.r2,
        residual_db: fit.residual_db,
        range: *range,
        fitted_cycles_per_px: modes.frequencies,
        n_modes: modes.n_modes,
        n_images,
        curvature_p: modes.curvature_p(&residual),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    #[test]
    fn an_exact_law_is_recovered_on_any_size() {
        for (height, width) in [(32, 32), (31, 37), (24, 40)] {
            let grid = Grid::new(Size::new(height, width));
            for delta in [-0.5, 0.0, 0.7, 2.0] {
                let covariance: Vec<f64> = grid.frequencies().iter().map(|f| 0.09 * f.powf(-2.0 * delta)).collect();
                let fit = fit_modes(&grid, &covariance, 9, &FitRange::for_size(grid.size())).expect("a regular law");
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
        let (a, b) = (fit_modes(&grid, &rough, 5, &range), fit_modes(&grid, &louder, 5, &range));
        let (a, b) = (a.expect("has power"), b.expect("has power"));
        assert!((b.amplitude / a.amplitude - 7.0).abs() <= 1e-12);
        for (x, y) in [(a.delta, b.delta), (a.delta_high95, b.delta_high95), (a.r2, b.r2)] {
            assert!((x - y).abs() <= 1e-12);
        }
    }

    #[test]
    fn one_image_and_flat_sets_are_refused() {
        let grid = Grid::new(Size::square(16));
        let range = FitRange::paper();
        let one = fit_modes(&grid, &vec![1.0; grid.n_modes()], 1, &range).err();
        assert_eq!(one, Some(FitError::TooFewImages { estimator: Estimator::Modes, n_images: 1, needed: 2 }));
        let flat = fit_modes(&grid, &vec![0.0; grid.n_modes()], 9, &range).err();
        assert!(matches!(flat, Some(FitError::NoPower { n_powerless, n_retained, .. }) if n_powerless == n_retained));
    }
}
