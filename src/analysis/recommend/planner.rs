//! The same settings at other sizes: measured where the images can be prepared at that size, else predicted from the
//! spectrum.

use serde::Serialize;

use crate::diffusion::matching_offset::MatchingOffset;
use crate::diffusion::resized::{LowPass, continued_rapsd};
use crate::diffusion::{Kappa, training_density};
use crate::spectrum::{RadialStatistics, RapsdOf, Spectrum};

/// Settings at one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanRow {
    /// Side, pixels.
    pub resolution_px: usize,
    /// `measured` on the same images at that size, or `predicted` from the spectrum at the working size.
    pub source: &'static str,
    /// Noise level that hides the strongest band of the mean spectrum, value.
    pub sigma_hides_mean: f64,
    /// Mean of ln σ over training draws.
    pub p_mean: f64,
    /// Its standard deviation.
    pub p_std: f64,
    /// That noise level over the one at the working size.
    pub shift: f64,
    /// Strength of the matching offset noise.
    pub noise_offset: f64,
}

/// A row for each side, in the order given; `at_other_sizes` are the sums of the same images at some of them.
pub(super) fn rows(
    sides: &[usize],
    at_other_sizes: &[Spectrum],
    spectrum: &Spectrum,
    kappa: Kappa,
    rounding_power: f64,
) -> Vec<PlanRow> {
    let own = spectrum.radial_statistics(RapsdOf::ChannelMean);
    let low_pass = LowPass::of(spectrum.preprocess().channels);
    let hides = |rapsd: &[f64]| (kappa.max() * rapsd.iter().skip(1).copied().fold(0.0, f64::max)).sqrt();
    let row = |side: &usize| {
        let measured = at_other_sizes.iter().chain([spectrum]).find(|s| s.grid().size().longer_side() == *side);
        let statistics = match measured {
            Some(measured) => measured.radial_statistics(RapsdOf::ChannelMean),
            None => {
                let rapsd = continued_rapsd(spectrum.grid(), &own.mean, low_pass, *side)?;
                RadialStatistics::without_spread(rapsd, own.n_images, own.n_files)
            }
        };
        let one = Kappa::new(1.0, 1.0).ok()?;
        let density = training_density(&statistics, *side, one, rounding_power)?;
        let brightness = measured.unwrap_or(spectrum).channel_mean_covariance();
        Some(PlanRow {
            resolution_px: *side,
            source: if measured.is_some() { "measured" } else { "predicted" },
            sigma_hides_mean: hides(&statistics.mean),
            p_mean: density.p_mean.value,
            p_std: density.p_std.value,
            shift: hides(&statistics.mean) / hides(&own.mean),
            noise_offset: MatchingOffset::new(&brightness, side * side).independent,
        })
    };
    sides.iter().filter_map(row).collect()
}
