//! The blur-to-noise ratio at which noise hides each band before blur empties it (MATH: docs/maths.md §13).

mod report;
mod rows;

use anyhow::{Result, ensure};

pub use report::{BandRow, BlurNoiseReport};
pub use rows::{ImageRatios, ImageRatiosRow};

use super::{Analysis, Run, Scanned, Source};
use crate::spectrum::Standardize;

/// How much blur can go with how much noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlurNoiseRatios {
    /// Share of its power that every band has to keep until noise hides it, between 0 and 1.
    pub retain: f64,
    /// Noise-to-signal ratio at which noise hides a band, above 0.
    pub kappa: f64,
}

impl Analysis for BlurNoiseRatios {
    type Rows = ImageRatios;
    type Report = BlurNoiseReport;

    fn check(&self, source: &Source) -> Result<()> {
        let Self { retain, kappa } = *self;
        ensure!(retain > 0.0 && retain < 1.0, "--retain {retain}: a share between 0 and 1, as 0.9");
        ensure!(kappa > 0.0 && kappa.is_finite(), "--kappa {kappa}: a number above 0");
        source.rounding_power()?;
        ensure!(
            source.size().longer_side() >= 2,
            "images of one pixel have no frequency to blur; give a larger --resolution"
        );
        Ok(())
    }

    fn rows(&self, run: &Run<'_>) -> Result<ImageRatios> {
        let table = run.desk.table("blur_noise_images.csv")?;
        Ok(ImageRatios::new(table, *self, run.source.size().longer_side(), run.source.rounding_power()?))
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: ImageRatios) -> Result<BlurNoiseReport> {
        let spectrum = &scanned.spectrum;
        // Of a saved spectrum there are no rows, and the table is dropped.
        let images = run.source.images().map(|_| rows.commit()).transpose()?;
        ensure!(
            spectrum.preprocess().standardize != Standardize::Mean || spectrum.n_images() >= 2,
            "the mean-removed power needs at least 2 images, and there is 1: add images, cut this one with \
             --transform tile, or use --standardize none"
        );
        Ok(BlurNoiseReport::new(*self, spectrum, images, run.source.rounding_power()?))
    }
}
