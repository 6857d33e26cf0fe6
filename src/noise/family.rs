//! What a noise family is.
//!
//! # Definition
//!
//! A family is a zero-mean Gaussian (or, where trainers make it so, a mixture of Gaussians) with a power spectrum
//! `S[k]`, value² per mode, in the units of [`crate::spectral`]. The families give `S` up to a factor;
//! [`super::realise::realise`] scales it so that the mean pixel variance `(1/HW) Σ S[k]` is the wanted one.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::error::NoiseError;
use super::field::{FieldSampler, FourierSampler};
use super::power::Power;
use super::setting::Setting;
use super::spectrum::NoiseSpectrum;

/// What a family depends on besides the image size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs<'a> {
    /// Nothing.
    Nothing,
    /// The dataset's spectrum.
    Dataset,
    /// The spectrum of the images in this folder.
    Folder(&'a Path),
}

/// A family of noise.
pub trait NoiseFamily: fmt::Debug + Send + Sync {
    /// The name it is asked for by, parameters included.
    fn name(&self) -> String;

    /// What it depends on.
    fn needs(&self) -> Needs<'_> {
        Needs::Nothing
    }

    /// Whether its modes are independent. Noise that is cut from something larger, or made of several resolutions, has
    /// only its expected powers in common with the periodic noise of the same spectrum.
    fn is_periodic(&self) -> bool {
        true
    }

    /// Its power spectrum, up to a factor.
    ///
    /// # Errors
    ///
    /// If it does not exist in this setting.
    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError>;

    /// What draws fields with the scaled spectrum `noise`. The default draws periodic fields, mode by mode.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    fn sampler(&self, setting: &Setting<'_>, noise: &NoiseSpectrum) -> Result<Arc<dyn FieldSampler>, NoiseError> {
        Ok(Arc::new(FourierSampler::periodic(setting.grid, noise)))
    }
}

/// A parsed family, or what is wrong with its parameters (the text after the colon, empty without one).
pub type Parsed = Result<Box<dyn NoiseFamily>, String>;

/// Reads a finite number within `range` from a family's parameters.
///
/// # Errors
///
/// What is wrong, in words.
pub(super) fn number(text: &str, what: &str, range: std::ops::RangeInclusive<f64>) -> Result<f64, String> {
    let value: f64 = text.trim().parse().map_err(|_| format!("{what} must be a number, not `{text}`"))?;
    if range.contains(&value) {
        return Ok(value);
    }
    Err(format!("{what} must lie between {} and {}, not {value}", range.start(), range.end()))
}

/// Refuses parameters of a family that has none.
///
/// # Errors
///
/// If there are any.
pub(super) fn no_parameters(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { Err(format!("it takes no parameters; remove `:{text}`")) }
}
