//! What `fit-delta` answers: Δ and A of each estimator and channel, and Δ by frequency.

use std::sync::Arc;

use serde::Serialize;

use super::rows::{FitRow, LocalExponentRow};
use crate::analysis::words::{describe_enough, describe_law, explain_law, wrap};
use crate::analysis::{About, Headline, Outputs, Report};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::text::{align, short};
use crate::spectrum::Spectrum;
use crate::stats::jackknife::Interval;
use crate::stats::power_law::{Estimator, PowerLawFit};
use crate::stats::spectrum_fit::ChannelFits;

/// The power law of a set.
#[derive(Debug, Clone, Serialize)]
pub struct FitDeltaReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// A row for each estimator and channel.
    pub fits: Vec<FitRow>,
    /// Estimators that failed.
    pub failures: Vec<FitFailure>,
    /// The estimator that the text begins with.
    #[serde(skip)]
    pub(super) heads: Estimator,
    /// Δ in half-octave windows.
    #[serde(skip)]
    pub local: Vec<LocalExponentRow>,
    /// The fits behind the rows.
    #[serde(skip)]
    pub channels: Vec<ChannelFits>,
    /// The sums.
    #[serde(skip)]
    pub spectrum: Arc<Spectrum>,
}

/// An estimator that found no law.
#[derive(Debug, Clone, Serialize)]
pub struct FitFailure {
    /// Channel name, or `mean`.
    pub channel: &'static str,
    /// The estimator.
    pub estimator: &'static str,
    /// Why.
    pub reason: String,
}

/// The estimators that failed.
pub(super) fn failures(channels: &[ChannelFits]) -> Vec<FitFailure> {
    let all = channels.iter().flat_map(|c| c.fits.iter().map(move |(e, fit)| (c.channel, e.name(), fit)));
    all.filter_map(|(channel, estimator, fit)| {
        Some(FitFailure { channel, estimator, reason: fit.as_ref().err()?.to_string() })
    })
    .collect()
}

impl Report for FitDeltaReport {
    const OUTPUTS: Outputs = Outputs { files: &["fit.csv", "local_exponent.csv"], plots: &["fit"] };

    fn headline(&self) -> Option<Headline> {
        let fit = self.channels.first()?.fit(self.heads)?;
        let value = Interval { value: fit.delta, low95: fit.delta_low95, high95: fit.delta_high95 };
        Some(Headline { number: "delta".to_owned(), value })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(fit) = self.channels.first().and_then(|c| c.fit(self.heads)) {
            let (low, high) = fit.fitted_cycles_per_px;
            lines.push(describe_law(fit));
            if self.heads != Estimator::Radial {
                let name = self.heads.name();
                lines.push(format!("by {name}, the estimator of Cloud Diffusion; the others are in the table"));
            }
            lines.extend(wrap(&explain_law(fit, self.about.are_latents())));
            let half = fit.delta_high95.map(|high| high - fit.delta);
            lines.extend(describe_enough(fit.n_files, half));
            lines.push(String::new());
            let amplitude = short(fit.amplitude);
            lines.push(format!("Γ = A² f^(−2Δ), A = {amplitude}, f = {} … {} cycles/px", short(low), short(high)));
        }
        lines.push(self.about.describe());
        lines.extend(table(self.channels.iter().take(1)));
        lines.extend(self.failures.iter().map(|f| format!("no {} fit of {}: {}", f.estimator, f.channel, f.reason)));
        lines
    }

    fn details(&self) -> Vec<String> {
        if self.channels.len() > 1 { table(self.channels.iter().skip(1)) } else { Vec::new() }
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let local = (!self.local.is_empty()).then(|| Content::table("local_exponent.csv", &self.local));
        std::iter::once(Content::table("fit.csv", &self.fits)).chain(local).collect()
    }

    fn figures(&self) -> Vec<Plot> {
        // The mean over channels, if there are several.
        self.channels.first().map(|channel| Plot::new("fit", self.figure(channel))).into_iter().collect()
    }
}

/// The fits of some channels.
fn table<'a>(channels: impl Iterator<Item = &'a ChannelFits>) -> Vec<String> {
    let head = ["channel", "estimator", "Δ", "95 % interval", "coarse", "fine", "A", "residual"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    for channel in channels {
        let fits = channel.fits.iter().filter_map(|(_, fit)| fit.as_ref().ok());
        table.extend(fits.map(|fit| cells(channel.channel, fit)));
    }
    align(&table)
}

/// The row of a fit on the terminal.
fn cells(channel: &str, fit: &PowerLawFit) -> Vec<String> {
    let interval = fit.delta_low95.zip(fit.delta_high95);
    let half = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.2}"));
    vec![
        channel.to_owned(),
        fit.estimator.name().to_owned(),
        format!("{:.4}", fit.delta),
        interval.map_or("unknown".to_owned(), |(low, high)| format!("[{low:.3}, {high:.3}]")),
        half(fit.bend.as_ref().map(|bend| bend.coarse.value)),
        half(fit.bend.as_ref().map(|bend| bend.fine.value)),
        short(fit.amplitude),
        format!("{:.2} dB", fit.residual_db),
    ]
}
