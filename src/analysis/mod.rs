//! What the program answers, as values: each analysis takes options, looks at a dataset, and returns a report that can be printed,
//! tabulated, drawn, checked, or used by another analysis.
//!
//! # From a folder to an answer
//!
//! ```text
//! SourceOptions ──Source::open(needs)──► Source ──┐
//! options: impl Analysis ──────────────────────── Run ──rows + one pass──► Scanned ──report──► impl Report
//!                                                  │                                          │ is the JSON
//!                                                  └ Desk: folder, progress, stop, seed        └ lines, tables, figures
//! ```
//!
//! A tuple of two analyses is an analysis: both look at the same pass. What an analysis leaves in a folder is declared once, in
//! [`Report::OUTPUTS`]. Nothing here knows the command line.

mod about;
mod families;
mod figures;
mod run;
mod schedule_file;
mod source;
mod words;

pub mod blur_noise;
pub mod bounds;
pub mod covariance;
pub mod distance;
pub mod export;
pub mod fit_delta;
pub mod info;
pub mod merge;
pub mod noise;
pub mod offset;
pub mod rapsd;
pub mod scan;
pub mod schedule;
pub mod snr;

use anyhow::Result;
use serde::Serialize;

pub use about::About;
pub use families::{Families, FamilyOptions, Measured};
pub use run::{Desk, Run, Scanned};
pub use schedule_file::read_schedule;
pub use source::{Images, Resolution, Source, SourceOptions};

use crate::pipeline::{ImageRow, RowSink};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::spectral::Channels;
use crate::spectrum::Standardize;

/// Levels of the quantiles over images that reports give.
pub const QUANTILE_LEVELS: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Sums and measurements of each image that an analysis needs beyond the standard ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Pseudo-power and fourth moments of every mode; what follows needs them too.
    pub moments: bool,
    /// Whether the images are read once more after the pass.
    pub second_pass: bool,
    /// The effective resolution of every image.
    pub effective_resolution: bool,
    /// Longest side of the reduced images whose full covariance is summed up, pixels.
    pub diagonality_side: Option<usize>,
    /// Cross-channel spectra.
    pub coherence: bool,
    /// Standardisation in place of the usual default.
    pub standardize: Option<Standardize>,
    /// Channels in place of the usual default.
    pub channels: Option<Channels>,
}

impl Needs {
    /// What two analyses need together; where both ask for a default of their own, the first has it.
    pub fn and(self, other: Self) -> Self {
        Self {
            moments: self.moments || other.moments,
            second_pass: self.second_pass || other.second_pass,
            effective_resolution: self.effective_resolution || other.effective_resolution,
            diagonality_side: self.diagonality_side.max(other.diagonality_side),
            coherence: self.coherence || other.coherence,
            standardize: self.standardize.or(other.standardize),
            channels: self.channels.or(other.channels),
        }
    }
}

/// A question with its options. The value itself holds the options and nothing of the dataset.
pub trait Analysis {
    /// Looks at each image while the pass runs.
    type Rows: RowSink;
    /// The answer.
    type Report;

    /// What it needs of the pass.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// Refuses what cannot be had of `source`, before any image is read.
    ///
    /// # Errors
    ///
    /// What cannot be had, and what to do about it.
    fn check(&self, source: &Source) -> Result<()> {
        let _ = source;
        Ok(())
    }

    /// Makes what looks at each image; tables that grow with the pass are opened here.
    ///
    /// # Errors
    ///
    /// If a file cannot be created.
    fn rows(&self, run: &Run<'_>) -> Result<Self::Rows>;

    /// Reads the images; one pass for most.
    ///
    /// # Errors
    ///
    /// As [`Run::scan`].
    fn pass(&self, run: &Run<'_>, rows: &mut Self::Rows) -> Result<Scanned> {
        run.scan(rows)
    }

    /// The answer, from the sums and from what was seen of each image.
    ///
    /// # Errors
    ///
    /// If there is none.
    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: Self::Rows) -> Result<Self::Report>;
}

/// An answer. Serialised it is the JSON object that the command prints.
pub trait Report: Serialize {
    /// Every file that it, or its analysis while it runs, may leave in the folder.
    const OUTPUTS: Outputs;

    /// The answer in words, a line each.
    fn lines(&self) -> Vec<String>;

    /// Tables, arrays and documents, in the order in which they are written.
    fn tables(&self) -> Vec<Content<'_>> {
        Vec::new()
    }

    /// Pictures. They come last, and one that fails takes nothing else with it.
    fn figures(&self) -> Vec<Plot> {
        Vec::new()
    }
}

/// Names of all files that a command may leave in its folder, beside `run.json` and `skipped.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outputs {
    /// Tables, arrays and documents; a leading `*` stands for a name that the user or a noise family gives.
    pub files: &'static [&'static str],
    /// Plots, without their ending.
    pub plots: &'static [&'static str],
}

impl Outputs {
    /// Whether a file of this name was declared.
    pub fn declares(&self, name: &str) -> bool {
        let is_file = |declared: &&str| match declared.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => *declared == name,
        };
        let plot = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        self.files.iter().any(is_file) || self.plots.contains(&plot)
    }
}

/// Runs an analysis from the first image to its report.
///
/// # Errors
///
/// As the steps of [`Analysis`].
pub fn answer<A: Analysis>(run: &Run<'_>, analysis: &A) -> Result<(Scanned, A::Report)> {
    let mut rows = analysis.rows(run)?;
    let scanned = analysis.pass(run, &mut rows)?;
    let report = analysis.report(run, &scanned, rows)?;
    Ok((scanned, report))
}

impl<A: Analysis, B: Analysis> Analysis for (A, B) {
    type Rows = (A::Rows, B::Rows);
    type Report = (A::Report, B::Report);

    fn needs(&self) -> Needs {
        self.0.needs().and(self.1.needs())
    }

    fn check(&self, source: &Source) -> Result<()> {
        self.0.check(source)?;
        self.1.check(source)
    }

    fn rows(&self, run: &Run<'_>) -> Result<Self::Rows> {
        Ok((self.0.rows(run)?, self.1.rows(run)?))
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: Self::Rows) -> Result<Self::Report> {
        Ok((self.0.report(run, scanned, rows.0)?, self.1.report(run, scanned, rows.1)?))
    }
}

/// The key of a row: the path, and for tiles their left and top edge. `buffer` holds it for tiles.
fn row_key<'a>(row: &ImageRow<'a>, buffer: &'a mut String) -> &'a str {
    use std::fmt::Write;
    match row.tile_origin {
        None => row.key,
        Some((x, y)) => {
            buffer.clear();
            // Writing to a string cannot fail.
            let _ = write!(buffer, "{}#{x},{y}", row.key);
            buffer
        }
    }
}

/// What a sink of rows returns.
type SinkResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[cfg(test)]
mod tests;
