//! The rows of `images.csv`.

use anyhow::Result;
use serde::Serialize;

use crate::analysis::{SinkResult, row_key};
use crate::detect::Measured;
use crate::pipeline::{ImageRow, RowSink};
use crate::report::tables::StreamedTable;
use crate::spectral::Grid;
use crate::stats::power_law::{FitRange, ImageFitPlan};

/// Row of `images.csv`: one working image.
#[derive(Debug, Clone, Serialize)]
pub struct ImagesRow<'a> {
    /// Path below the input; tiles have `#x,y` appended, their left and top edge in pixels.
    pub path: &'a str,
    /// Format by content.
    pub format: &'a str,
    /// Width of the file's image before preprocessing, pixels.
    pub width_px: usize,
    /// Height of the file's image before preprocessing, pixels.
    pub height_px: usize,
    /// Mean value over pixels and channels.
    pub mean: f64,
    /// Standard deviation over pixels and channels.
    pub std: f64,
    /// Exponent of the power law `A² f^(−2Δ)` of this image (whittle on its own RAPSD); empty for a flat image.
    pub delta: Option<f64>,
    /// Amplitude A of that law, value; empty for a flat image.
    pub amplitude: Option<f64>,
    /// Coefficient of determination of ln RAPSD on ln f; empty for a flat image.
    pub delta_r2: Option<f64>,
    /// Whether every channel has one value: no power at any band.
    pub flat: bool,
}

/// `images.csv`.
pub struct ImageRows {
    table: StreamedTable,
    /// None for images too small to hold a power law.
    plan: Option<ImageFitPlan>,
    key: String,
}

impl ImageRows {
    /// Fills `table` with images on `grid`.
    pub(super) fn new(table: StreamedTable, grid: &Grid) -> Self {
        let plan = ImageFitPlan::new(grid, &FitRange::for_size(grid.size())).ok();
        Self { table, plan, key: String::new() }
    }

    /// Completes the table.
    pub(super) fn commit(self) -> Result<()> {
        Ok(self.table.commit()?)
    }
}

impl RowSink for ImageRows {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        // The spectrum of a flat image is rounding noise.
        let plan = self.plan.as_mut().filter(|_| !row.summary.flat);
        let fit = plan.and_then(|plan| plan.fit(&row.summary.rapsd));
        let path = row_key(row, &mut self.key);
        let row_of_image = ImagesRow {
            path,
            format: row.format,
            width_px: row.width_px,
            height_px: row.height_px,
            mean: row.summary.mean,
            std: row.summary.std,
            delta: fit.as_ref().map(|f| f.delta),
            amplitude: fit.as_ref().map(|f| f.amplitude),
            delta_r2: fit.as_ref().map(|f| f.r2).filter(|r2| r2.is_finite()),
            flat: row.summary.flat,
        };
        // A pass without detectors has no numbers.
        match Measured::from_numbers(row.numbers) {
            Some((measured, _)) => self.table.push(&(row_of_image, measured))?,
            None => self.table.push(&row_of_image)?,
        }
        Ok(())
    }
}
