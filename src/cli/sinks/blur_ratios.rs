//! The rows of `blur_noise_images.csv`, and their ratios for quantiles.

use anyhow::Result;

use super::{SinkResult, row_key};
use crate::diffusion::blur_noise::BlurNoise;
use crate::pipeline::{ImageRow, RowSink};
use crate::report::diffusion_tables::BlurNoiseImagesRow;
use crate::report::output_dir::OutputDir;
use crate::report::tables::StreamedTable;

/// The blur-to-noise ratio of every image.
pub struct BlurRatioTable {
    table: StreamedTable,
    longer_side: usize,
    kappa: f64,
    retain: f64,
    ratios: Vec<f64>,
    key: String,
}

impl BlurRatioTable {
    /// Opens the table.
    pub fn create(out: &OutputDir, longer_side: usize, kappa: f64, retain: f64) -> Result<Self> {
        let table = StreamedTable::create(out, "blur_noise_images.csv")?;
        Ok(Self { table, longer_side, kappa, retain, ratios: Vec::new(), key: String::new() })
    }

    /// Completes the table; the ratios of the images that have one, rising.
    pub fn commit(mut self) -> Result<Vec<f64>> {
        self.table.commit()?;
        self.ratios.sort_by(f64::total_cmp);
        Ok(self.ratios)
    }
}

impl RowSink for BlurRatioTable {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        // The power of a flat image is rounding alone.
        let limit = (!row.summary.flat)
            .then(|| BlurNoise::new(&row.summary.rapsd, self.longer_side, self.kappa).largest_ratio(self.retain))
            .flatten();
        self.ratios.extend(limit.map(|l| l.ratio));
        self.table.push(&BlurNoiseImagesRow {
            path: row_key(row, &mut self.key),
            blur_noise_ratio: limit.map(|l| l.ratio),
            frequency_limiting_cycles_per_px: limit.map(|l| l.annulus as f64 / self.longer_side as f64),
        })?;
        Ok(())
    }
}
