//! The picture of `fit-delta`.

use super::FitDeltaReport;
use crate::analysis::figures::annulus_means;
use crate::analysis::words::describe_law;
use crate::report::plot::fit::{FitFigure, FittedLaw, LocalExponent, PartOfLaw};
use crate::stats::power_law::{Estimator, MIN_FILES, PowerLawFit};
use crate::stats::spectrum_fit::ChannelFits;
use crate::stats::student::student_quantile;

impl FitDeltaReport {
    /// The fit of a channel.
    pub(super) fn figure(&self, channel: &ChannelFits) -> FitFigure {
        let band = (self.about.counts.n_files >= MIN_FILES).then(|| {
            let t = student_quantile(self.about.counts.n_files as f64 - 1.0);
            let ends = |sign: f64| {
                channel.radial_power.iter().zip(&channel.radial_power_se).map(|(p, se)| p + sign * t * se).collect()
            };
            (ends(-1.0), ends(1.0))
        });
        let local = &channel.local;
        let law = channel.fit(self.heads);
        FitFigure {
            title: law
                .map_or("No power law fits".to_owned(), |f| format!("Γ falls as 1/f^(2Δ) with {}", describe_law(f))),
            subtitle: self.subtitle(channel),
            frequency_cycles_per_px: self.spectrum.grid().annulus_frequencies(),
            power_unit: self.about.power_unit(),
            power: channel.radial_power.clone(),
            power_band95: band,
            law: law.map(|fit| self.law(fit)),
            local: (!local.is_empty()).then(|| LocalExponent {
                frequency_cycles_per_px: local.iter().map(|l| l.frequency_cycles_per_px).collect(),
                delta: local.iter().map(|l| l.delta.value).collect(),
                low95: local.iter().map(|l| l.delta.low95.unwrap_or(f64::NAN)).collect(),
                high95: local.iter().map(|l| l.delta.high95.unwrap_or(f64::NAN)).collect(),
            }),
        }
    }

    /// Which images, and what the other estimators say.
    fn subtitle(&self, channel: &ChannelFits) -> String {
        let others = [
            (Estimator::Radial, "octaves alike"),
            (Estimator::Modes, "every mode alike"),
            (Estimator::Whittle, "maximum likelihood"),
        ];
        let others = others.into_iter().filter(|(estimator, _)| *estimator != self.heads);
        let others = others.filter_map(|(estimator, name)| Some((name, channel.fit(estimator)?.delta)));
        let others: Vec<String> = others.map(|(name, delta)| format!("{name} {delta:.2}")).collect();
        let text = self.about.describe_centred();
        if others.is_empty() { text } else { format!("{text}; Δ by {}", others.join(", by ")) }
    }

    fn law(&self, fit: &PowerLawFit) -> FittedLaw {
        let (low, high) = fit.fitted_cycles_per_px;
        let part = |name, delta, cycles_per_px| PartOfLaw { name, delta, cycles_per_px };
        FittedLaw {
            label: "power law A² / f^(2Δ)".to_owned(),
            delta: fit.delta,
            power: annulus_means(self.spectrum.grid(), fit),
            fitted_cycles_per_px: (low, high),
            parts: fit
                .bend
                .iter()
                .flat_map(|bend| {
                    let middle = bend.middle_cycles_per_px;
                    [part("coarse", bend.coarse.value, (low, middle)), part("fine", bend.fine.value, (middle, high))]
                })
                .collect(),
        }
    }
}
