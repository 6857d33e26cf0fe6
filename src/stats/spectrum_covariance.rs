//! Covariances of one spectrum beyond Γ: of the colour channels, and of all modes of reduced images.

use ndarray::Array2;
use serde::Serialize;

use super::covariance::{CovarianceError, EigenPairs, eigen_decomposition};
use super::diagonality::{Diagonality, compute_diagonality};
use crate::spectrum::{Spectrum, SpectrumError};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum SpectrumCovarianceError {
    /// The spectrum has no covariance.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
    /// The covariance has no decomposition.
    #[error(transparent)]
    Covariance(#[from] CovarianceError),
}

/// Pixel covariance of the channels, averaged over positions, with its eigenvectors.
#[derive(Debug, Clone, Serialize)]
pub struct ColorCovariance {
    /// Channel names, the order of rows and columns.
    pub channels: &'static [&'static str],
    /// `C×C`, row by row, value².
    pub covariance: Vec<f64>,
    /// Eigenvalues (value²) and unit eigenvectors.
    pub eigen: EigenPairs,
}

/// The colour covariance of a spectrum.
///
/// # Errors
///
/// If there are fewer than two images, or LAPACK does not converge.
pub fn color_covariance(spectrum: &Spectrum) -> Result<ColorCovariance, SpectrumCovarianceError> {
    let channels = spectrum.preprocess().channels.names();
    let covariance = spectrum.color_covariance()?;
    let n = channels.len();
    let matrix = Array2::from_shape_fn((n, n), |(c, d)| covariance[c * n + d]);
    let eigen = eigen_decomposition(matrix.view())?;
    Ok(ColorCovariance { channels, covariance, eigen })
}

/// How nearly diagonal the full covariance of the reduced images is in the real Fourier form; none if the spectrum does
/// not hold it.
///
/// # Errors
///
/// If there are fewer than two images, or LAPACK does not converge.
pub fn diagonality(spectrum: &Spectrum) -> Result<Option<Diagonality>, SpectrumCovarianceError> {
    let Some(reduced) = spectrum.real_form_covariance()? else { return Ok(None) };
    let (n, covariance) = (reduced.mean.len(), reduced.covariance);
    let n_images = usize::try_from(spectrum.n_images()).unwrap_or(usize::MAX);
    let matrix = Array2::from_shape_fn((n, n), |(i, j)| covariance[i * n + j]);
    Ok(Some(compute_diagonality(matrix.view(), n_images)?))
}
