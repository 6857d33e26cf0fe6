//! Pictures that several reports share: the RAPSD of a set, Γ as a map, power laws as curves.

use super::{About, QUANTILE_LEVELS};
use crate::diffusion::rounding_power;
use crate::report::plot::gamma::GammaFigure;
use crate::report::plot::rapsd::{Bands, ChannelCurve, ChannelRole, FitCurve, RapsdFigure};
use crate::spectrum::{ModeCovariance, Preprocess, RapsdOf, Spectrum, Standardize};
use crate::stats::power_law::{FitRange, PowerLawFit, fit_radial};

/// Images from which percentile bands say something.
pub const BANDS_FROM_IMAGES: u64 = 5;

/// Points of a drawn power law: straight on the axes used, so few suffice.
const CURVE_POINTS: usize = 33;

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
            Some(fit) if n == 1 => format!("Power falls as 1/f^{:.2}", 2.0 * fit.delta),
            Some(fit) => format!("Power falls as 1/f^{:.2} on average", 2.0 * fit.delta),
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
            let (frequency_cycles_per_px, power) = curve(&fit);
            FitCurve { label: format!("power law, Δ = {:.2}", fit.delta), frequency_cycles_per_px, power }
        }),
        rounding_noise_power: rounding_noise_power(spectrum),
        channels: channels.iter().map(|&c| channel_curve(spectrum, c)).collect(),
        frequency_cycles_per_px: spectrum.grid().annulus_frequencies(),
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

/// Frequencies over which a law was fitted, evenly spaced in their logarithm, and the law's power there.
fn curve(fit: &PowerLawFit) -> (Vec<f64>, Vec<f64>) {
    let (low, high) = fit.fitted_cycles_per_px;
    let step = (high / low).ln() / (CURVE_POINTS - 1) as f64;
    let frequency: Vec<f64> = (0..CURVE_POINTS).map(|i| low * (step * i as f64).exp()).collect();
    let power = frequency.iter().map(|f| fit.amplitude * fit.amplitude * f.powf(-2.0 * fit.delta)).collect();
    (frequency, power)
}

/// Power of 8-bit rounding noise per mode in the set's value range; none where pixels were standardised.
fn rounding_noise_power(spectrum: &Spectrum) -> Option<f64> {
    let Preprocess { range, standardize, .. } = spectrum.preprocess();
    (*standardize != Standardize::Pixel).then(|| rounding_power(range.low, range.high))
}
