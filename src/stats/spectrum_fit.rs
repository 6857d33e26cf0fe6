//! All power-law estimators on all channels of one spectrum.

use super::power_law::{
    Estimator, FitError, FitRange, LocalExponent, PowerLawFit, fit_modes, fit_radial, fit_whittle, local_exponents,
};
use crate::spectrum::{ModeCovariance, RapsdOf, Spectrum, SpectrumError};

/// The fits of one channel, or of the mean over channels.
#[derive(Debug, Clone)]
pub struct ChannelFits {
    /// Channel name, or `mean`.
    pub channel: &'static str,
    /// One result per estimator: radial, modes, whittle.
    pub fits: Vec<(Estimator, Result<PowerLawFit, FitError>)>,
    /// Δ over a sliding window.
    pub local: Vec<LocalExponent>,
    /// Annulus means of Γ, value² per mode.
    pub radial_power: Vec<f64>,
    /// Standard error of the mean RAPSD between files, value² per mode; empty for fewer than two files.
    pub radial_power_se: Vec<f64>,
}

impl ChannelFits {
    /// The fit of one estimator, if it succeeded.
    pub fn fit(&self, estimator: Estimator) -> Option<&PowerLawFit> {
        self.fits.iter().find(|(e, _)| *e == estimator).and_then(|(_, fit)| fit.as_ref().ok())
    }
}

/// The channels a spectrum is reported for: the mean over channels and, with `per_channel`, each channel if there are
/// several.
fn reported_channels(spectrum: &Spectrum, per_channel: bool) -> Vec<(&'static str, RapsdOf)> {
    let names = spectrum.preprocess().channels.names();
    if let [only] = names {
        return vec![(*only, RapsdOf::ChannelMean)];
    }
    let n = if per_channel { names.len() } else { 0 };
    let each = names.iter().take(n).enumerate().map(|(c, name)| (*name, RapsdOf::Channel(c)));
    std::iter::once(("mean", RapsdOf::ChannelMean)).chain(each).collect()
}

/// Γ of a reported channel.
fn gamma_of(gamma: &ModeCovariance, of: RapsdOf) -> Vec<f64> {
    match of {
        RapsdOf::ChannelMean => gamma.channel_mean(),
        RapsdOf::Channel(c) => gamma.channels[c].clone(),
    }
}

/// *The* Δ of a set: [`fit_radial`] on Γ of the channels' mean.
///
/// # Errors
///
/// If Γ does not exist; a fit that fails is the inner error.
pub fn fit_set(spectrum: &Spectrum, range: &FitRange) -> Result<Result<PowerLawFit, FitError>, SpectrumError> {
    let power = spectrum.grid().radial_mean(&spectrum.mode_covariance()?.channel_mean());
    Ok(fit_radial(spectrum.grid(), &power, &spectrum.radial_statistics(RapsdOf::ChannelMean), range))
}

/// Fits every estimator to the channels' mean of `spectrum` and, with `per_channel`, to each of them; these have
/// intervals where the spectrum holds the spread of channels.
///
/// # Errors
///
/// If Γ does not exist; a fit that fails is reported as such.
pub fn fit_spectrum(
    spectrum: &Spectrum,
    range: &FitRange,
    per_channel: bool,
) -> Result<Vec<ChannelFits>, SpectrumError> {
    let gamma = spectrum.mode_covariance()?;
    let grid = spectrum.grid();
    let fits = reported_channels(spectrum, per_channel).into_iter().map(|(channel, of)| {
        let power = gamma_of(&gamma, of);
        let statistics = spectrum.radial_statistics(of);
        let radial_power = grid.radial_mean(&power);
        ChannelFits {
            channel,
            fits: vec![
                (Estimator::Radial, fit_radial(grid, &radial_power, &statistics, range)),
                (Estimator::Modes, fit_modes(grid, &power, &statistics, range)),
                (Estimator::Whittle, fit_whittle(grid, &power, &statistics, range)),
            ],
            local: local_exponents(grid, &radial_power, &statistics),
            radial_power_se: statistics.standard_error(),
            radial_power,
        }
    });
    Ok(fits.collect())
}
