//! Γ and everything that says how far the images are from a stationary Gaussian set (docs/maths.md §4).

mod report;
mod rows;

use std::sync::Arc;

use anyhow::Result;

pub use report::{CovarianceReport, DiagonalitySummary};
pub use rows::{CoherenceRow, GammaRadialRow, coherence_rows, gamma_array, gamma_radial_rows};

use super::{About, Analysis, Needs, Run, Scanned};
use crate::pipeline::NoRows;
use crate::spectrum::RapsdOf;
use crate::stats::octave_precision::octave_precision;
use crate::stats::spectrum_covariance::{color_covariance, diagonality};

/// Γ of a set, its colours, its diagonality.
#[derive(Debug, Clone, Copy, Default)]
pub struct Covariance {
    /// Longest side of the reduced images whose full covariance is taken, pixels.
    pub diagonality_side: Option<usize>,
    /// Whether cross-channel coherence is reported.
    pub coherence: bool,
}

impl Analysis for Covariance {
    type Rows = NoRows;
    type Report = CovarianceReport;

    fn needs(&self) -> Needs {
        Needs { moments: true, diagonality_side: self.diagonality_side, coherence: self.coherence, ..Needs::default() }
    }

    fn rows(&self, _: &Run<'_>) -> Result<NoRows> {
        Ok(NoRows)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, _: NoRows) -> Result<CovarianceReport> {
        let spectrum = &scanned.spectrum;
        let gamma = spectrum.mode_covariance()?;
        let coherence = if self.coherence { coherence_rows(spectrum, &gamma)? } else { Vec::new() };
        if self.coherence && coherence.is_empty() {
            run.desk.warn(
                "no coherence.csv: the spectrum holds no cross-channel sums; scan with --coherence and several channels",
            );
        }
        if spectrum.raw_moments(0).is_none() {
            run.desk.warn(
                "the columns pseudo_covariance_ratio and kurtosis are empty: the spectrum does not hold the moments of \
                 modes; scan with --moments",
            );
        }
        let full = diagonality(spectrum)?;
        if full.is_none() && self.diagonality_side.is_some() {
            run.desk.warn("no diagonality.json: the spectrum holds no full covariance; scan with --diagonality 32");
        }
        let rows = gamma_radial_rows(spectrum, &gamma);
        let power = spectrum.grid().radial_mean(&gamma.channel_mean());
        let statistics = spectrum.radial_statistics(RapsdOf::ChannelMean);
        let first = rows.first().map_or("", |r| r.channel);
        Ok(CovarianceReport {
            about: About::of(spectrum),
            gamma_radial: rows.iter().filter(|r| r.channel == first).cloned().collect(),
            precision: octave_precision(spectrum.grid(), &power, &statistics),
            color: color_covariance(spectrum)?,
            diagonality: full.as_ref().map(DiagonalitySummary::from),
            rows,
            coherence,
            full,
            gamma,
            spectrum: Arc::clone(spectrum),
        })
    }
}
