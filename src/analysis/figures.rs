//! Pictures that several reports share: the RAPSD of a set, Γ as a map, power laws as curves.

use super::words::describe_delta;
use super::{About, QUANTILE_LEVELS};
use crate::diffusion::rounding_power;
use crate::report::plot::gamma::GammaFigure;
use crate::report::plot::rapsd::{Bands, ChannelCurve, ChannelRole, FitCurve, RapsdFigure};
use crate::spectral::Grid;
use crate::spectrum::{ModeCovariance, Preprocess, RapsdOf, Spectrum, Standardize};
use crate::stats::power_law::{FitRange, PowerLawFit, fit_radial};

/// Images from which percentile bands say something.
pub const BANDS_FROM_IMAGES: u64 = 5;

/// Channels that a picture shows beside their mean.
const MAX_CHANNEL_CURVES: usize = 6;

/// The RAPSD of the set with the power law of that curve; `channels` are drawn beside the mean.
pub fn rapsd(spectrum: &Spectrum, channels: &[usize]) -> RapsdFigure {
    let about = About::of(spectrum);
    let n = spectrum.n_images();
    let statistics = spectrum.radial_statistics(RapsdOf::ChannelMean);
    let range = FitRange::for_size(spectrum.grid().size());
    // Not that of Γ: the curve holds the mean image, too, and title and law speak of what is drawn.
    let fit = fit_radial(spectrum.grid(), &statistics.mean, &statistics, &range).ok();
    RapsdFigure {
        title: match &fit {
            Some(fit) if n == 1 => format!("Δ = {:.2}: power falls as 1/f^{:.2}", fit.delta, 2.0 * fit.delta),
            Some(fit) => {
                format!("Δ = {:.2}: power falls as 1/f^{:.2} on average", fit.delta, 2.0 * fit.delta)
            }
            None if n == 1 => "Radially averaged power of the image".to_owned(),
            None => "Radially averaged power of the images".to_owned(),
        },
        // An image's own RAPSD has no mean image removed, but pixels may have been standardised.
        subtitle: match spectrum.preprocess().standardize {
            Standardize::Pixel => about.describe_centred(),
            _ => format!("{}, nothing removed", about.describe()),
        },
        power_unit: about.power_unit(),
        mean: statistics.mean,
        mean_label: if n == 1 { "power".to_owned() } else { format!("mean of {n} images") },
        bands: (n >= BANDS_FROM_IMAGES).then(|| {
            let mut quantiles = spectrum.rapsd_quantiles(RapsdOf::ChannelMean, &QUANTILE_LEVELS).into_iter();
            let mut next = || quantiles.next().unwrap_or_default();
            let (q05, q25, _, q75, q95) = (next(), next(), next(), next(), next());
            Bands { q05, q25, q75, q95 }
        }),
        fit: fit.map(|fit| {
            let frequencies = spectrum.grid().annulus_frequencies();
            let drawn = frequencies.into_iter().zip(annulus_means(spectrum.grid(), &fit));
            let (frequency_cycles_per_px, power) = drawn.filter(|(f, _)| range.contains(*f)).unzip();
            let label = format!("power law, {}", describe_delta(Some(fit.delta)));
            FitCurve { label, frequency_cycles_per_px, power }
        }),
        rounding_noise_power: rounding_noise_power(spectrum),
        // More cannot be told apart; their numbers are in the table.
        channels: channels.iter().take(MAX_CHANNEL_CURVES).map(|&c| channel_curve(spectrum, c)).collect(),
        frequency_cycles_per_px: spectrum.grid().annulus_frequencies(),
    }
}

fn channel_curve(spectrum: &Spectrum, c: usize) -> ChannelCurve {
    let name = spectrum.preprocess().channels.names()[c];
    let role = match name {
        "r" | "0" => ChannelRole::Red,
        "g" | "1" => ChannelRole::Green,
        "b" | "2" => ChannelRole::Blue,
        "cb" | "4" => ChannelRole::Cb,
        "cr" | "5" => ChannelRole::Cr,
        _ => ChannelRole::Luma,
    };
    ChannelCurve { name: name.to_owned(), role, power: spectrum.radial_statistics(RapsdOf::Channel(c)).mean }
}

/// Γ, mean over channels, as a map.
pub fn gamma(spectrum: &Spectrum, gamma: &ModeCovariance) -> GammaFigure {
    let about = About::of(spectrum);
    let size = spectrum.grid().size();
    GammaFigure {
        title: "Diagonal covariance Γ: variance of each Fourier mode over the images".to_owned(),
        subtitle: about.describe_centred(),
        height: size.height,
        width: size.width,
        power: spectrum.grid().to_full_plane(&gamma.channel_mean()),
        quantity: format!("Γ ({} per mode)", about.power_unit()),
    }
}

/// The law's own annulus means (B values), which are what was compared with those of the images; value² per mode.
pub fn annulus_means(grid: &Grid, fit: &PowerLawFit) -> Vec<f64> {
    let power = |f: &f64| fit.amplitude.powi(2) * f.powf(-2.0 * fit.delta);
    grid.radial_mean(&grid.frequencies().iter().map(power).collect::<Vec<_>>())
}

/// Power of 8-bit rounding noise per mode in the set's value range; none where pixels were standardised, and of
/// latents.
fn rounding_noise_power(spectrum: &Spectrum) -> Option<f64> {
    let Preprocess { range, standardize, .. } = spectrum.preprocess();
    range.filter(|_| *standardize != Standardize::Pixel).map(|range| rounding_power(range.low, range.high))
}
