//! One streaming pass: the `.spectrum` file that every later analysis can start from, with tables and pictures of the
//! set.

mod report;
mod rows;

use std::sync::Arc;

use anyhow::Result;

pub use report::ScanReport;
pub use rows::ImageRows;

use super::{About, Analysis, Needs, Run, Scanned};
use crate::spectral::Grid;
use crate::stats::power_law::FitRange;
use crate::stats::spectrum_fit::fit_set;

/// Scan a set.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Name of the `.spectrum` file, without its ending.
    pub name: String,
    /// Whether pseudo-power and fourth moments of every mode are summed up, for `covariance`; what follows needs them.
    pub moments: bool,
    /// Whether the spread of RAPSDs is summed up for each channel.
    pub per_channel: bool,
    /// Longest side of the reduced images whose full covariance is summed up, pixels.
    pub diagonality_side: Option<usize>,
    /// Whether cross-channel spectra are summed up.
    pub coherence: bool,
    /// Whether `images.csv` has the number of every detector, too.
    pub detectors: bool,
}

impl Analysis for Scan {
    /// None for a saved spectrum, which holds no single images.
    type Rows = Option<ImageRows>;
    type Report = ScanReport;

    fn needs(&self) -> Needs {
        let Self { moments, per_channel, diagonality_side, coherence, detectors, .. } = *self;
        let moments = moments || coherence || diagonality_side.is_some();
        Needs { moments, per_channel, diagonality_side, coherence, detectors, saves_spectrum: true, ..Needs::default() }
    }

    fn file_names(&self) -> Vec<String> {
        vec![format!("{}.spectrum", self.name)]
    }

    fn rows(&self, run: &Run<'_>) -> Result<Option<ImageRows>> {
        if run.source.images().is_none() {
            return Ok(None);
        }
        Ok(Some(ImageRows::new(run.desk.table("images.csv")?, &Grid::new(run.source.size()))))
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: Option<ImageRows>) -> Result<ScanReport> {
        rows.map(ImageRows::commit).transpose()?;
        let spectrum = &scanned.spectrum;
        let gamma = match spectrum.mode_covariance() {
            Ok(gamma) => Some(gamma),
            Err(reason) => {
                run.desk.warn(&format!("no gamma.npy and gamma_radial.csv: {reason}"));
                None
            }
        };
        let range = FitRange::for_size(spectrum.grid().size());
        let fit = if gamma.is_some() { fit_set(spectrum, &range)?.ok() } else { None };
        let deviation = spectrum.color_covariance().ok().map(|covariance| {
            let channels = spectrum.preprocess().channels.count();
            (0..channels).map(|c| covariance[c * channels + c]).collect::<Vec<f64>>()
        });
        Ok(ScanReport {
            about: About::of(spectrum),
            content_id: spectrum.content_id(),
            channel_means: spectrum.channel_means(),
            pixel_std: deviation.as_ref().map(|v| (v.iter().sum::<f64>() / v.len() as f64).sqrt()),
            pixel_std_per_channel: deviation.map(|v| v.into_iter().map(f64::sqrt).collect()),
            fit,
            file_name: format!("{}.spectrum", self.name),
            bytes: spectrum.to_bytes()?,
            gamma,
            spectrum: Arc::clone(spectrum),
        })
    }
}
