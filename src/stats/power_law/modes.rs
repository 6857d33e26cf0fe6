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
pub fn fit_modes(
    grid: &Grid,
    covariance: &[f64],
    n_images: usize,
    range: &FitRange,
) -> Result<PowerLawFit, FitError> {
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
        n_modes: modes.n_modes,
        n_images,
        curvature_p: modes.curvature_p(&residual),
    })
}
