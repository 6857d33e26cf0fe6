//! All power-law estimators on all channels of one spectrum.

use ndarray::ArrayView2;

use super::power_law::{
    Estimator, FitError, FitRange, LocalExponent, PowerLawFit, RadialMoments, fit_modes, fit_radial, fit_whittle,
    local_exponents,
};
use crate::spectrum::{RadialStatistics, RapsdOf, Spectrum, SpectrumError};

/// The fits of one channel, or of the mean over channels.
#[derive(Debug, Clone)]
pub struct ChannelFits {
    /// Channel name, or `mean`.
    pub channel: &'static str,
    /// One result per estimator: modes, radial, whittle.
    pub fits: Vec<(Estimator, Result<PowerLawFit, FitError>)>,
    /// Δ over a sliding window.
    pub local: Vec<LocalExponent>,
    /// Annulus means of Γ, value² per mode.
    pub radial_power: Vec<f64>,
    /// Standard error of the mean RAPSD, value² per mode; empty for fewer than two images.
    pub radial_power_se: Vec<f64>,
}

impl ChannelFits {
    /// The fit of one estimator, if it succeeded.
    pub fn fit(&self, estimator: Estimator) -> Option<&PowerLawFit> {
        self.fits.iter().find(|(e, _)| *e == estimator).and_then(|(_, fit)| fit.as_ref().ok())
    }
}

/// The channels a spectrum is reported for: the mean over channels first, then each channel if there are several.
pub fn reported_channels(spectrum: &Spectrum) -> Vec<(&'static str, RapsdOf)> {
    let names = spectrum.preprocess().channels.names();
    if let [only] = names {
        return vec![(*only, RapsdOf::ChannelMean)];
    }
    let each = names.iter().enumerate().map(|(c, name)| (*name, RapsdOf::Channel(c)));
    std::iter::once(("mean", RapsdOf::ChannelMean)).chain(each).collect()
}

/// Fits every estimator to every reported channel of `spectrum`.
///
/// `centred` holds the statistics of the mean-removed images' RAPSDs, each channel's and the channels' mean last; only
/// their covariance is used, because the mean follows from the spectrum itself. Without them (saved spectra) the
/// covariance is that of the RAPSDs as they are.
///
/// # Errors
///
/// If Γ does not exist; a fit that fails is reported as such.
pub fn fit_spectrum(
    spectrum: &Spectrum,
    centred: Option<&[RadialStatistics]>,
    range: &FitRange,
) -> Result<Vec<ChannelFits>, SpectrumError> {
    let gamma = spectrum.mode_covariance()?;
    let mean_gamma = gamma.channel_mean();
    let n_images = usize::try_from(spectrum.n_images()).unwrap_or(usize::MAX);
    let channels = reported_channels(spectrum);
    let fits = channels.into_iter().map(|(channel, of)| {
        let (power, centred) = match of {
            RapsdOf::ChannelMean => (&mean_gamma, centred.and_then(|rows| rows.last())),
            RapsdOf::Channel(c) => (&gamma.channels[c], centred.and_then(|rows| rows.get(c))),
        };
        let statistics = centred.cloned().unwrap_or_else(|| spectrum.radial_statistics(of));
        let mean = spectrum.centred_rapsd(of);
        let grid = spectrum.grid();
        let radial = fit_radial_of(spectrum, &mean, &statistics, n_images, range);
        let scale = 1.0 / (spectrum.n_images() as f64).sqrt();
        ChannelFits {
            channel,
            fits: vec![
                (Estimator::Modes, fit_modes(grid, power, n_images, range)),
                (Estimator::Radial, radial),
                (Estimator::Whittle, fit_whittle(grid, power, n_images, range)),
            ],
            local: local_exponents(grid, &mean),
            radial_power: grid.radial_mean(power),
            radial_power_se: statistics.std().iter().map(|s| s * scale).collect(),
        }
    });
    Ok(fits.collect())
}

fn fit_radial_of(
    spectrum: &Spectrum,
    mean: &[f64],
    statistics: &RadialStatistics,
    n_images: usize,
    range: &FitRange,
) -> Result<PowerLawFit, FitError> {
    let n = mean.len();
    let Ok(covariance) = ArrayView2::from_shape((n, n), &statistics.covariance) else {
        return Err(FitError::TooFewImages { estimator: Estimator::Radial, n_images, needed: 2 });
    };
    fit_radial(spectrum.grid(), &RadialMoments { mean, covariance, n_images }, range)
}
