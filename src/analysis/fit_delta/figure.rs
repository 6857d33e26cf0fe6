//! The picture of `fit-delta`.

use super::FitDeltaReport;
use crate::analysis::figures::curve;
use crate::report::plot::fit::{EstimateCurve, FitFigure, LocalExponent};
use crate::stats::power_law::{Estimator, PowerLawFit};
use crate::stats::spectrum_fit::ChannelFits;

impl FitDeltaReport {
    /// The fits of a channel.
    pub(super) fn figure(&self, channel: &ChannelFits) -> FitFigure {
        let band = (!channel.radial_power_se.is_empty()).then(|| {
            let ends = |sign: f64| {
                channel.radial_power.iter().zip(&channel.radial_power_se).map(|(p, se)| p + sign * 1.96 * se).collect()
            };
            (ends(-1.0), ends(1.0))
        });
        let local = &channel.local;
        FitFigure {
            title: channel
                .fit(Estimator::Whittle)
                .map_or("No power law fits".to_owned(), |f| format!("Γ falls as f^(−2Δ) with Δ = {:.2}", f.delta)),
            subtitle: self.about.describe_centred(),
            frequency_cycles_per_px: self.spectrum.grid().annulus_frequencies(),
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
        }
    }
}

fn estimate_curve(fit: &PowerLawFit) -> EstimateCurve {
    let (frequency_cycles_per_px, power) = curve(fit);
    let interval = (fit.delta_low95, fit.delta_high95);
    EstimateCurve {
        estimator: fit.estimator,
        delta: fit.delta,
        interval95: (interval.0.is_finite() && interval.1.is_finite()).then_some(interval),
        frequency_cycles_per_px,
        power,
    }
}
