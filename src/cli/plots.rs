//! From results to pictures in the output folder. A picture that fails is a warning: the tables it shows are already written.

use super::console::{self, short};
use super::scan::describe;
use super::session::Session;
use super::shared::{PlotFormats, SharedArgs};
use crate::diffusion::rounding_power;
use crate::report::output_dir::OutputDir;
use crate::report::plot::fit::{EstimateCurve, FitFigure, LocalExponent};
use crate::report::plot::gamma::GammaFigure;
use crate::report::plot::rapsd::{Bands, ChannelCurve, ChannelRole, FitCurve, RapsdFigure};
use crate::report::plot::{Figure, render};
use crate::report::rows::RAPSD_LEVELS;
use crate::spectrum::{ModeCovariance, RapsdOf, Spectrum, Standardize};
use crate::stats::power_law::{Estimator, PowerLawFit};
use crate::stats::spectrum_fit::ChannelFits;

/// Images from which percentile bands say something.
const BANDS_FROM_IMAGES: u64 = 5;

/// Points of a drawn power law: straight on the axes used, so few suffice.
const CURVE_POINTS: usize = 33;

/// Draws the RAPSD of the set as `rapsd`; `channels` are drawn beside the mean.
pub fn rapsd(
    session: &Session<'_>,
    shared: &SharedArgs,
    spectrum: &Spectrum,
    fits: Option<&ChannelFits>,
    channels: &[usize],
) {
    let n = spectrum.n_images();
    let frequency = spectrum.grid().annulus_frequencies();
    let fit = fits.and_then(|f| f.fit(Estimator::Whittle)).map(|fit| {
        let (frequency, power) = curve(fit);
        let label = format!("power law, Δ = {:.2} on {}", fit.delta, range_text(fit));
        FitCurve { label, frequency_cycles_per_px: frequency, power }
    });
    let figure = RapsdFigure {
        title: rapsd_title(spectrum, fits),
        // An image's own RAPSD has no mean image removed, but pixels may have been standardised.
        subtitle: match spectrum.preprocess().standardize {
            Standardize::Pixel => subtitle(spectrum),
            _ => format!("{}, nothing removed", describe(spectrum)),
        },
        power_unit: unit(spectrum),
        mean: spectrum.radial_statistics(RapsdOf::ChannelMean).mean,
        mean_label: if n == 1 { "power".to_owned() } else { format!("mean of {n} images") },
        bands: (n >= BANDS_FROM_IMAGES).then(|| {
            let mut quantiles = spectrum.rapsd_quantiles(RapsdOf::ChannelMean, &RAPSD_LEVELS).into_iter();
            let mut next = || quantiles.next().unwrap_or_default();
            let (q05, q25, _, q75, q95) = (next(), next(), next(), next(), next());
            Bands { q05, q25, q75, q95 }
        }),
        fit,
        rounding_noise_power: rounding_noise_power(spectrum),
        channels: channels.iter().map(|&c| channel_curve(spectrum, c)).collect(),
        frequency_cycles_per_px: frequency,
    };
    write(session, shared, "rapsd", &figure);
}

fn rapsd_title(spectrum: &Spectrum, fits: Option<&ChannelFits>) -> String {
    match fits.and_then(|f| f.fit(Estimator::Whittle)) {
        Some(fit) => format!("Power falls as 1/f^{:.2} on average", 2.0 * fit.delta),
        None if spectrum.n_images() == 1 => "Radially averaged power of the image".to_owned(),
        None => "Radially averaged power of the images".to_owned(),
    }
}

fn channel_curve(spectrum: &Spectrum, c: usize) -> ChannelCurve {
    let name = spectrum.preprocess().channels.names()[c];
    let role = match name {
        "r" => ChannelRole::Red,
        "g" => ChannelRole::Green,
        "b" => ChannelRole::Blue,
        "cb" => ChannelRole::Cb,
        "cr" => ChannelRole::Cr,
        _ => ChannelRole::Luma,
    };
    ChannelCurve { name: name.to_owned(), role, power: spectrum.radial_statistics(RapsdOf::Channel(c)).mean }
}

/// Draws Γ, mean over channels, as `gamma`.
pub fn gamma(session: &Session<'_>, shared: &SharedArgs, spectrum: &Spectrum, gamma: &ModeCovariance) {
    let size = spectrum.grid().size();
    let figure = GammaFigure {
        title: "Diagonal covariance Γ: variance of each Fourier mode over the images".to_owned(),
        subtitle: subtitle(spectrum),
        height: size.height,
        width: size.width,
        power: spectrum.grid().to_full_plane(&gamma.channel_mean()),
        quantity: format!("Γ ({} per mode)", unit(spectrum)),
    };
    write(session, shared, "gamma", &figure);
}

/// Draws the fits of the first channel (the mean over channels, if there are several) as `fit`.
pub fn fit(session: &Session<'_>, shared: &SharedArgs, spectrum: &Spectrum, channels: &[ChannelFits]) {
    let Some(channel) = channels.first() else { return };
    let band = (!channel.radial_power_se.is_empty()).then(|| {
        let ends = |sign: f64| {
            channel.radial_power.iter().zip(&channel.radial_power_se).map(|(p, se)| p + sign * 1.96 * se).collect()
        };
        (ends(-1.0), ends(1.0))
    });
    let local = &channel.local;
    let figure = FitFigure {
        title: channel
            .fit(Estimator::Whittle)
            .map_or("No power law fits".to_owned(), |f| format!("Γ falls as f^(−2Δ) with Δ = {:.2}", f.delta)),
        subtitle: subtitle(spectrum),
        frequency_cycles_per_px: spectrum.grid().annulus_frequencies(),
        power: channel.radial_power.clone(),
        power_label: "Γ, annulus mean".to_owned(),
        power_band95: band,
        estimates: channel.fits.iter().filter_map(|(_, fit)| fit.as_ref().ok()).map(estimate_curve).collect(),
        local: (!local.is_empty()).then(|| LocalExponent {
            frequency_cycles_per_px: local.iter().map(|l| l.frequency_cycles_per_px).collect(),
            delta: local.iter().map(|l| l.delta).collect(),
            low95: local.iter().map(|l| l.delta - 1.96 * l.delta_se).collect(),
            high95: local.iter().map(|l| l.delta + 1.96 * l.delta_se).collect(),
        }),
    };
    write(session, shared, "fit", &figure);
}

fn estimate_curve(fit: &PowerLawFit) -> EstimateCurve {
    let (frequency, power) = curve(fit);
    let interval = (fit.delta_low95, fit.delta_high95);
    EstimateCurve {
        estimator: fit.estimator,
        delta: fit.delta,
        interval95: (interval.0.is_finite() && interval.1.is_finite()).then_some(interval),
        frequency_cycles_per_px: frequency,
        power,
    }
}

/// Frequencies over which a law was fitted, evenly spaced in their logarithm, and the law's power there.
fn curve(fit: &PowerLawFit) -> (Vec<f64>, Vec<f64>) {
    let (low, high) = fit.fitted_cycles_per_px;
    let step = (high / low).ln() / (CURVE_POINTS - 1) as f64;
    let frequency: Vec<f64> = (0..CURVE_POINTS).map(|i| low * (step * i as f64).exp()).collect();
    let power = frequency.iter().map(|f| fit.amplitude * fit.amplitude * f.powf(-2.0 * fit.delta)).collect();
    (frequency, power)
}

fn range_text(fit: &PowerLawFit) -> String {
    format!("{:.3}–{:.2} cycles/px", fit.fitted_cycles_per_px.0, fit.fitted_cycles_per_px.1)
}

/// What was analysed, and what was removed.
fn subtitle(spectrum: &Spectrum) -> String {
    let removed = match spectrum.preprocess().standardize {
        Standardize::None => "nothing removed",
        Standardize::Mean => "mean image removed",
        Standardize::Pixel => "pixels standardised",
    };
    format!("{}, {removed}", describe(spectrum))
}

/// Unit of the powers of `spectrum`, before `per mode`.
pub fn unit(spectrum: &Spectrum) -> &'static str {
    match spectrum.preprocess().standardize {
        Standardize::Pixel => "standard deviations²",
        _ => "value²",
    }
}

/// Power of 8-bit rounding noise per mode in the set's value range; none where pixels were standardised.
fn rounding_noise_power(spectrum: &Spectrum) -> Option<f64> {
    let [low, high] = spectrum.preprocess().range;
    (spectrum.preprocess().standardize != Standardize::Pixel).then(|| rounding_power(low, high))
}

/// Writes a figure in every format asked for.
fn write<F: Figure>(session: &Session<'_>, shared: &SharedArgs, name: &str, figure: &F) {
    write_to(&session.out, &shared.output.plots, shared.output.quiet, name, figure);
}

/// Writes a figure as `name` into `out`, in every one of `formats`.
pub fn write_to<F: Figure>(out: &OutputDir, formats: &PlotFormats, quiet: bool, name: &str, figure: &F) {
    for format in &formats.0 {
        let file_name = format!("{name}.{}", format.extension());
        let written = render(figure, *format)
            .map_err(anyhow::Error::new)
            .and_then(|bytes| Ok(out.write_atomic(&file_name, |file| std::io::Write::write_all(file, &bytes))?));
        if let Err(error) = written {
            console::warn(quiet, &format!("no {file_name}: {error:#}"));
        }
    }
}
