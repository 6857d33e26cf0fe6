//! The radially averaged power spectrum of each image and of the set (docs/maths.md §3).

mod images;
mod rows;

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

pub use images::RapsdImages;
pub use rows::{RapsdRow, rapsd_rows};

use super::words::{describe_octaves, wrap};
use super::{About, Analysis, Headline, Outputs, Report, Run, Scanned, figures};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::text::{align, short};
use crate::spectral::{Grid, named};
use crate::spectrum::{RapsdOf, Spectrum};
use crate::stats::octave_precision::{OctavePrecision, octave_precision};

/// How the RAPSD of each image is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImagesFormat {
    /// A table: path, then one power per annulus.
    #[default]
    Csv,
    /// A matrix, and a table of the paths of its rows.
    Npy,
    /// Not at all.
    None,
}

named!(ImagesFormat { Csv = "csv", Npy = "npy", None = "none" });

/// RAPSDs of a set.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rapsd {
    /// How single images are kept.
    pub images: ImagesFormat,
    /// Whether each channel is reported beside the mean.
    pub per_channel: bool,
}

impl Analysis for Rapsd {
    type Rows = RapsdImages;
    type Report = RapsdReport;

    fn rows(&self, run: &Run<'_>) -> Result<RapsdImages> {
        let grid = Grid::new(run.source.size());
        match (self.images, run.source.images()) {
            (ImagesFormat::Csv, Some(_)) => RapsdImages::csv(&run.desk, &grid),
            (ImagesFormat::Npy, Some(_)) => RapsdImages::npy(&run.desk, &grid),
            (ImagesFormat::Npy, None) => {
                run.desk.warn("no rapsd_images.npy: a saved spectrum does not hold single images");
                Ok(RapsdImages::None)
            }
            _ => Ok(RapsdImages::None),
        }
    }

    fn report(&self, _: &Run<'_>, scanned: &Scanned, rows: RapsdImages) -> Result<RapsdReport> {
        rows.commit()?;
        let spectrum = &scanned.spectrum;
        let n_channels = if self.per_channel { spectrum.preprocess().channels.count() } else { 0 };
        let statistics = spectrum.radial_statistics(RapsdOf::ChannelMean);
        Ok(RapsdReport {
            about: About::of(spectrum),
            precision: octave_precision(spectrum.grid(), &statistics.mean, &statistics),
            rapsd: rapsd_rows(spectrum, RapsdOf::ChannelMean),
            n_channels,
            spectrum: Arc::clone(spectrum),
        })
    }
}

/// RAPSD of a set.
#[derive(Debug, Clone, Serialize)]
pub struct RapsdReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// How surely the mean power is known; none where the images have none beside their brightness.
    pub precision: Option<OctavePrecision>,
    /// A row for each annulus.
    pub rapsd: Vec<RapsdRow>,
    /// Channels that are reported beside the mean.
    #[serde(skip)]
    pub n_channels: usize,
    /// The sums.
    #[serde(skip)]
    pub spectrum: Arc<Spectrum>,
}

impl Report for RapsdReport {
    const OUTPUTS: Outputs = Outputs {
        files: &["rapsd_images.csv", "rapsd_images.npy", "rapsd_images_paths.csv", "rapsd.csv", "rapsd_channels.csv"],
        plots: &["rapsd"],
    };

    fn headline(&self) -> Option<Headline> {
        self.precision.map(|p| Headline { number: "power_db".to_owned(), value: p.power_db })
    }

    fn lines(&self) -> Vec<String> {
        let head = ["frequency (cycles/px)", "modes", "mean power", "5 %", "median", "95 %"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        // The zero frequency, then bins 1, 2, 4, 8 … and the last.
        let last = self.rapsd.len().saturating_sub(1);
        let octaves = self.rapsd.iter().filter(|r| r.bin == 0 || r.bin.is_power_of_two() || r.bin == last);
        table.extend(octaves.map(|r| {
            let frequency = format!("{:.5}", r.frequency_cycles_per_px);
            let powers = [r.power_mean, r.power_q05, r.power_q50, r.power_q95].map(short);
            [frequency, format!("{:.0}", r.n_modes)].into_iter().chain(powers).collect()
        }));
        let unit = self.about.power_unit();
        let mut lines = Vec::new();
        if let [_, first, .., last] = self.rapsd.as_slice() {
            let (p, q) = (first.power_mean, last.power_mean);
            let how = if p > q { "falls" } else { "rises" };
            let (f, g) = (short(first.frequency_cycles_per_px), short(last.frequency_cycles_per_px));
            let text = format!("power {how} from {} {unit} at f = {f} to {} at f = {g} cycles/px", short(p), short(q));
            lines.extend(wrap(&text));
            lines.extend(wrap(
                "White noise of standard deviation s has the power s² at every frequency: it hides those whose power \
                 lies below that, and `specscan bounds` says which s are worth using.",
            ));
            lines.extend(describe_octaves(self.about.counts.n_files, self.precision));
            lines.push(String::new());
        }
        lines.push(self.about.describe());
        lines.push(format!("power in {unit} per mode, one annulus per octave (all in rapsd.csv):"));
        lines.extend(align(&table));
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let mut tables = vec![Content::table("rapsd.csv", &self.rapsd)];
        if self.n_channels > 0 {
            let rows = (0..self.n_channels).flat_map(|c| rapsd_rows(&self.spectrum, RapsdOf::Channel(c)));
            tables.push(Content::table("rapsd_channels.csv", rows));
        }
        tables
    }

    fn figures(&self) -> Vec<Plot> {
        let channels: Vec<usize> = (0..self.n_channels).collect();
        vec![Plot::new("rapsd", figures::rapsd(&self.spectrum, &channels))]
    }
}
