//! The rows of `blur_noise_images.csv`, and their ratios for quantiles.

use anyhow::Result;
use serde::Serialize;

use super::BlurNoiseRatios;
use crate::analysis::{SinkResult, row_key};
use crate::diffusion::blur_noise::BlurNoise;
use crate::pipeline::{ImageRow, RowSink};
use crate::report::tables::StreamedTable;

/// Row of `blur_noise_images.csv`: the ratio of one image.
#[derive(Debug, Clone, Serialize)]
pub struct ImageRatiosRow<'a> {
    /// Path below the input; tiles have their place in it, `#x,y`.
    pub path: &'a str,
    /// ρ* of the image, pixels per value; empty for a flat image.
    pub blur_noise_ratio: Option<f64>,
    /// Frequency that limits it, cycles per pixel.
    pub frequency_limiting_cycles_per_px: Option<f64>,
    /// Ratio from which blur empties some band of the image (8-bit rounding) before noise hides it, pixels per value; 0
    /// if one is below rounding from the start.
    pub ratio_emptying: Option<f64>,
}

/// `blur_noise_images.csv`, and the ratios in it.
pub struct ImageRatios {
    table: StreamedTable,
    options: BlurNoiseRatios,
    longer_side: usize,
    rounding_power: f64,
    retaining: Vec<f64>,
    emptying: Vec<f64>,
    key: String,
}

impl ImageRatios {
    /// Fills `table` for working images whose longer side has `longer_side` pixels; `rounding_power` in value² per
    /// mode.
    pub(super) fn new(table: StreamedTable, options: BlurNoiseRatios, longer_side: usize, rounding_power: f64) -> Self {
        let (retaining, emptying) = (Vec::new(), Vec::new());
        Self { table, options, longer_side, rounding_power, retaining, emptying, key: String::new() }
    }

    /// Completes the table; ρ* of the images that have one, and the ratio from which blur empties a band.
    pub(super) fn commit(self) -> Result<[Vec<f64>; 2]> {
        self.table.commit()?;
        Ok([self.retaining, self.emptying])
    }
}

impl RowSink for ImageRatios {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let BlurNoiseRatios { retain, kappa } = self.options;
        // The power of a flat image is rounding alone.
        let blur = (!row.summary.flat).then(|| BlurNoise::new(&row.summary.rapsd, self.longer_side, kappa));
        let limit = blur.as_ref().and_then(|blur| blur.largest_ratio(retain));
        let emptying = blur.as_ref().and_then(|blur| blur.least_emptying_ratio(self.rounding_power));
        self.retaining.extend(limit.map(|l| l.ratio));
        self.emptying.extend(emptying);
        self.table.push(&ImageRatiosRow {
            path: row_key(row, &mut self.key),
            blur_noise_ratio: limit.map(|l| l.ratio),
            frequency_limiting_cycles_per_px: limit.map(|l| l.annulus as f64 / self.longer_side as f64),
            ratio_emptying: emptying,
        })?;
        Ok(())
    }
}
