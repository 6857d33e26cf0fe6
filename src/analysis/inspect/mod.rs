//! Images that are not what they seem: enlarged, blurred, compressed to blocks, noisy, framed by bars, too dark,
//! repeated, odd (docs/detectors.md).

mod figures;
mod report;
mod rows;

use anyhow::Result;

pub use report::{FindingSummary, InspectReport};
pub use rows::{FileColumns, InspectRow, InspectRows, SetColumns};

use super::{About, Analysis, Needs, Run, Scanned, Source};
use crate::detect::Bands;
use crate::diffusion::rounding_power;
use crate::noise::odd_images::OddImages;
use crate::spectral::Grid;

/// Inspect a set.
#[derive(Debug, Clone)]
pub struct Inspect {
    /// Whether contact sheets are drawn: their images are read once more.
    pub has_pictures: bool,
}

impl Analysis for Inspect {
    type Rows = InspectRows;
    type Report = InspectReport;

    fn needs(&self) -> Needs {
        Needs { detectors: true, ..Needs::default() }
    }

    fn check(&self, source: &Source) -> Result<()> {
        source.require_images("findings are about them").map(drop)
    }

    fn rows(&self, run: &Run<'_>) -> Result<InspectRows> {
        let range = run.source.preprocess().range;
        let bands = Bands::new(&Grid::new(run.source.size()));
        let odd = OddImages::new(bands.odd_annuli(rounding_power(range.low, range.high)));
        Ok(InspectRows::new(bands, odd))
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: InspectRows) -> Result<InspectReport> {
        let images = run.source.require_images("findings are about them")?;
        let mut report = InspectReport::new(About::of(&scanned.spectrum), rows.judge());
        if self.has_pictures {
            let n_lost = report.read_pictures(images);
            if n_lost > 0 {
                run.desk.warn(&format!("{n_lost} images could not be read again for the contact sheets"));
            }
        }
        Ok(report)
    }
}
