//! The picture of `fit-delta`.

use super::FitDeltaReport;
use crate::analysis::figures::curve;
use crate::analysis::words::describe_law;
use crate::report::plot::fit::{EstimateCurve, FitFigure, LocalExponent};
use crate::stats::power_law::{Estimator, MIN_FILES, PowerLawFit};
use crate::stats::spectrum_fit::ChannelFits;
use crate::stats::student::student_quantile;

impl FitDeltaReport {
    /// The fits of a channel.
    pub(super) fn figure(&self, channel: &ChannelFits) -> FitFigure {
        let band = (self.about.counts.n_files >= MIN_FILES).then(|| {
            let t = student_quantile(self.about.counts.n_files as f64 - 1.0);
            let ends = |sign: f64| {
                channel.radial_power.iter().zip(&channel.radial_power_se).map(|(p, se)| p + sign * t * se).collect()
            };
            (ends(-1.0), ends(1.0))
        });
        let local = &channel.local;
        FitFigure {
            title: channel
                .fit(Estimator::Radial)
                .map_or("No power law fits".to_owned(), |f| format!("Γ falls as f^(−2Δ) with {}", describe_law(f))),
            subtitle: self.about.describe_centred(),
            frequency_cycles_per_px: self.spectrum.grid().annulus_frequencies(),
            power: channel.radial_power.clone(),
            power_label: "Γ, annulus mean".to_owned(),
            power_band95: band,
            estimates: channel.fits.iter().filter_map(|(_, fit)| fit.as_ref().ok()).map(estimate_curve).collect(),
            local: (!local.is_empty()).then(|| LocalExponent {
                frequency_cycles_per_px: local.iter().map(|l| l.frequency_cycles_per_px).collect(),
                delta: local.iter().map(|l| l.delta.value).collect(),
                low95: local.iter().map(|l| l.delta.low95.unwrap_or(f64::NAN)).collect(),
                high95: local.iter().map(|l| l.delta.high95.unwrap_or(f64::NAN)).collect(),
            }),
        }
    }
}

fn estimate_curve(fit: &PowerLawFit) -> EstimateCurve {
    let (frequency_cycles_per_px, power) = curve(fit);
    EstimateCurve {
        estimator: fit.estimator,
        delta: fit.delta,
        interval95: fit.delta_low95.zip(fit.delta_high95),
        frequency_cycles_per_px,
        power,
    }
}
