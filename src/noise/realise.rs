//! From a family to noise in values: a scaled spectrum, and what draws it.

use std::sync::Arc;

use super::error::NoiseError;
use super::family::NoiseFamily;
use super::field::FieldSampler;
use super::setting::Setting;
use super::spectrum::NoiseSpectrum;

/// A family in one setting: its spectrum, and what draws it.
#[derive(Debug, Clone)]
pub struct Noise {
    /// The spectrum.
    pub spectrum: NoiseSpectrum,
    /// Draws fields with that spectrum.
    pub sampler: Arc<dyn FieldSampler>,
    /// Whether its modes are independent.
    pub is_periodic: bool,
}

/// Makes `family` real in `setting`.
///
/// # Errors
///
/// What the family says, and [`NoiseError::NoPower`].
pub fn realise(family: &dyn NoiseFamily, setting: &Setting<'_>) -> Result<Noise, NoiseError> {
    let spectrum = NoiseSpectrum::scaled(&family.name(), setting, family.power(setting)?)?;
    let sampler = family.sampler(setting, &spectrum)?;
    Ok(Noise { spectrum, sampler, is_periodic: family.is_periodic() })
}
