//! The brightness of every image, kept for its quantiles.

use super::SinkResult;
use crate::pipeline::{ImageRow, RowSink};

/// Mean of each channel, and of all, of every image.
#[derive(Debug)]
pub struct BrightnessCollector {
    /// One list per channel, the overall mean last (once, when there is one channel).
    pub variables: Vec<Vec<f64>>,
    n_channels: usize,
}

impl BrightnessCollector {
    /// For images of `n_channels`.
    pub fn new(n_channels: usize) -> Self {
        let n_variables = if n_channels > 1 { n_channels + 1 } else { 1 };
        Self { variables: vec![Vec::new(); n_variables], n_channels }
    }
}

impl RowSink for BrightnessCollector {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        for (list, mean) in self.variables.iter_mut().zip(&row.summary.channel_mean) {
            list.push(*mean);
        }
        if self.n_channels > 1 {
            self.variables[self.n_channels].push(row.summary.mean);
        }
        Ok(())
    }
}
