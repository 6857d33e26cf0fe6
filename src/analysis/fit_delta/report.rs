//! What `fit-delta` answers: Δ and A of each estimator and channel, and Δ by frequency.

use std::sync::Arc;

use serde::Serialize;

use super::rows::{FitRow, LocalExponentRow};
use crate::analysis::{About, Outputs, Report};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::text::{align, short};
use crate::spectrum::Spectrum;
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
    /// Whose covariance the radial estimator's interval comes from.
    pub radial_covariance: &'static str,
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

    fn lines(&self) -> Vec<String> {
        let head = ["channel", "estimator", "Δ", "95 % interval", "2Δ", "A", "r²", "residual", "curved?"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        let fits = || self.channels.iter().flat_map(|c| &c.fits).filter_map(|(_, fit)| fit.as_ref().ok());
        let mut lines = vec![self.about.describe()];
        if let Some(fit) = fits().find(|f| f.estimator != Estimator::Radial).or_else(|| fits().next()) {
            let cross =
                fit.range.cross_mask.map_or("whole plane".to_owned(), |a| format!("without the cross |k| ≤ {a}"));
            let (low, high) = fit.fitted_cycles_per_px;
            lines.push(format!("Γ = A² f^(−2Δ) over f = {} … {} cycles/px, {cross}", short(low), short(high)));
        }
        for channel in &self.channels {
            let fits = channel.fits.iter().filter_map(|(_, fit)| fit.as_ref().ok());
            table.extend(fits.map(|fit| cells(channel.channel, fit)));
        }
        lines.extend(align(&table));
        lines.push(
            "intervals of modes and whittle hold for these images, that of radial for all of their kind".to_owned(),
        );
        lines.extend(self.failures.iter().map(|f| format!("no {} fit of {}: {}", f.estimator, f.channel, f.reason)));
        lines
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

/// The row of a fit on the terminal.
fn cells(channel: &str, fit: &PowerLawFit) -> Vec<String> {
    vec![
        channel.to_owned(),
        fit.estimator.name().to_owned(),
        format!("{:.4}", fit.delta),
        format!("[{:.4}, {:.4}]", fit.delta_low95, fit.delta_high95),
        format!("{:.3}", 2.0 * fit.delta),
        short(fit.amplitude),
        format!("{:.4}", fit.r2),
        format!("{:.2} dB", fit.residual_db),
        fit.curvature_p.map_or(String::new(), |p| if p < 0.05 { "yes" } else { "no" }.to_owned()),
    ]
}
