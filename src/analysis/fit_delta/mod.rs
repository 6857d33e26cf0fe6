//! The power law of a set: exponent Δ and amplitude A, by several estimators (docs/maths.md §5).

mod figure;
mod report;
mod rows;

use std::sync::Arc;

use anyhow::{Result, ensure};

pub use report::{FitDeltaReport, FitFailure};
pub use rows::{FitRow, LocalExponentRow, fit_rows};

use super::{About, Analysis, Needs, Run, Scanned, Source};
use crate::pipeline::NoRows;
use crate::spectral::{Channels, Grid, Size};
use crate::spectrum::Standardize;
use crate::stats::power_law::{Estimator, FitRange};
use crate::stats::spectrum_fit::{ChannelFits, fit_spectrum};

/// Which modes the law is fitted to. What is `None` follows the working size.
#[derive(Debug, Clone, Copy, Default)]
pub struct FitDelta {
    /// The recipe of Cloud Diffusion: luma, standardised pixels, cross of 3, no limits.
    pub paper: bool,
    /// Frequencies above this, cycles per pixel.
    pub low: Option<f64>,
    /// Frequencies up to this, cycles per pixel.
    pub high: Option<f64>,
    /// Whether each channel is fitted beside the channels' mean.
    pub per_channel: bool,
    /// Half-width of the central cross that is left out, wave numbers; `Some(None)` leaves nothing out.
    pub cross_mask: Option<Option<u32>>,
}

impl FitDelta {
    fn range(&self, size: Size) -> Result<FitRange> {
        if self.paper {
            return Ok(FitRange::paper());
        }
        let default = FitRange::for_size(size);
        let range = FitRange {
            low_exclusive: self.low.unwrap_or(default.low_exclusive),
            high_inclusive: self.high.unwrap_or(default.high_inclusive),
            cross_mask: self.cross_mask.unwrap_or(default.cross_mask),
        };
        let (low, high) = (range.low_exclusive, range.high_inclusive);
        ensure!(low >= 0.0 && low < high, "the fit range {low} < f ≤ {high} is empty; give 0 ≤ --fit-low < --fit-high");
        Ok(range)
    }
}

impl Analysis for FitDelta {
    type Rows = NoRows;
    type Report = FitDeltaReport;

    fn needs(&self) -> Needs {
        Needs {
            per_channel: self.per_channel,
            standardize: self.paper.then_some(Standardize::Pixel),
            channels: self.paper.then_some(Channels::Luma),
            ..Needs::default()
        }
    }

    fn check(&self, source: &Source) -> Result<()> {
        self.range(source.size())?.check(&Grid::new(source.size()))?;
        // The recipe says how images are prepared, which a saved spectrum cannot make up for.
        let preprocess = source.preprocess();
        ensure!(
            !(self.paper && preprocess.channels.are_latent()),
            "--paper takes the luma of images, which latents do not have; leave it out"
        );
        let fits = preprocess.channels == Channels::Luma && preprocess.standardize == Standardize::Pixel;
        ensure!(
            fits || !self.paper || source.saved().is_none(),
            "--paper takes luma and standardised pixels, and this spectrum holds {} with the standardisation {}: \
             scan the images with --channels luma --standardize pixel, or leave --paper out",
            preprocess.channels.name(),
            preprocess.standardize
        );
        Ok(())
    }

    fn rows(&self, _: &Run<'_>) -> Result<NoRows> {
        Ok(NoRows)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, _: NoRows) -> Result<FitDeltaReport> {
        let spectrum = &scanned.spectrum;
        let channels = fit_spectrum(spectrum, &self.range(spectrum.grid().size())?, self.per_channel)?;
        if self.per_channel && !spectrum.analysis_config().per_channel {
            run.desk.warn(
                "no intervals for single channels: the spectrum does not hold their spread; scan with --per-channel",
            );
        }
        let fitted = channels.iter().flat_map(|c| &c.fits).any(|(_, fit)| fit.is_ok());
        ensure!(fitted, "no estimator could fit a power law: {}", first_failure(&channels));
        let local = rows::local_exponent_rows(&channels);
        if local.is_empty() {
            run.desk.warn("no local_exponent.csv: images of this size have too few annuli");
        }
        Ok(FitDeltaReport {
            about: About::of(spectrum),
            fits: rows::fit_rows(&channels),
            failures: report::failures(&channels),
            heads: if self.paper { Estimator::Modes } else { Estimator::Radial },
            local,
            channels,
            spectrum: Arc::clone(spectrum),
        })
    }
}

fn first_failure(channels: &[ChannelFits]) -> String {
    let failures = channels.iter().flat_map(|c| &c.fits).filter_map(|(_, fit)| fit.as_ref().err());
    failures.map(ToString::to_string).next().unwrap_or_default()
}
