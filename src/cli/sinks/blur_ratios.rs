//! The rows of `blur_noise_images.csv`, and their ratios for quantiles.

use anyhow::Result;

use super::{SinkResult, row_key};
use crate::diffusion::blur_noise::BlurNoise;
use crate::pipeline::{ImageRow, RowSink};
use crate::report::diffusion_tables::BlurNoiseImagesRow;
use crate::report::output_dir::OutputDir;
use crate::report::tables::StreamedTable;

/// Ratios of the images that have any, rising.
#[derive(Debug, Default)]
pub struct BlurRatios {
    /// ρ*.
    pub retaining: Vec<f64>,
    /// From which blur empties a band.
    pub emptying: Vec<f64>,
}

/// The blur-to-noise ratio of every image.
pub struct BlurRatioTable {
    table: StreamedTable,
    longer_side: usize,
    kappa: f64,
    retain: f64,
    rounding_power: f64,
    ratios: BlurRatios,
    key: String,
}

impl BlurRatioTable {
    /// Opens the table.
    pub fn create(out: &OutputDir, longer_side: usize, kappa: f64, retain: f64, rounding_power: f64) -> Result<Self> {
        let table = StreamedTable::create(out, "blur_noise_images.csv")?;
        let ratios = BlurRatios::default();
        Ok(Self { table, longer_side, kappa, retain, rounding_power, ratios, key: String::new() })
    }

    /// Completes the table; the ratios in it.
    pub fn commit(mut self) -> Result<BlurRatios> {
        self.table.commit()?;
        self.ratios.retaining.sort_by(f64::total_cmp);
        self.ratios.emptying.sort_by(f64::total_cmp);
        Ok(self.ratios)
    }
}

impl RowSink for BlurRatioTable {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        // The power of a flat image is rounding alone.
        let blur = (!row.summary.flat).then(|| BlurNoise::new(&row.summary.rapsd, self.longer_side, self.kappa));
        let limit = blur.as_ref().and_then(|blur| blur.largest_ratio(self.retain));
        let emptying = blur.as_ref().and_then(|blur| blur.least_emptying_ratio(self.rounding_power));
        self.ratios.retaining.extend(limit.map(|l| l.ratio));
        self.ratios.emptying.extend(emptying);
        self.table.push(&BlurNoiseImagesRow {
            path: row_key(row, &mut self.key),
            blur_noise_ratio: limit.map(|l| l.ratio),
            frequency_limiting_cycles_per_px: limit.map(|l| l.annulus as f64 / self.longer_side as f64),
            ratio_emptying: emptying,
        })?;
        Ok(())
    }
}
