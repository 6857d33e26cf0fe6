//! What every analysis and every report is: the traits that the command line, and any other caller, rely on.

use anyhow::{Error, Result};
use serde::Serialize;

use super::lost::{no_answer, with_more};
use super::needs::Needs;
use super::run::{Loss, Run, Scanned};
use super::source::Source;
use crate::dataset::Skipped;
use crate::pipeline::{RowSink, ScanError};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::stats::jackknife::Interval;

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

    /// Names of its files that its options give; the others are in [`Report::OUTPUTS`].
    fn file_names(&self) -> Vec<String> {
        Vec::new()
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

    /// The answer in words, a line of at most 80 columns each: the result, what it means, then its table.
    fn lines(&self) -> Vec<String>;

    /// The number that stands for the answer where several are compared.
    fn headline(&self) -> Option<Headline> {
        None
    }

    /// Whether the answer is acceptable; of most it is.
    fn verdict(&self) -> Verdict {
        Verdict::Acceptable
    }

    /// What a CI service shows beside the files that it is about, in the form of GitHub's workflow commands.
    fn annotations(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the answer rests on, for those who ask: printed below it with `--verbose`.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }

    /// Tables, arrays and documents, in the order in which they are written.
    fn tables(&self) -> Vec<Content<'_>> {
        Vec::new()
    }

    /// Pictures. They come last, and one that cannot be drawn takes nothing else with it.
    fn figures(&self) -> Vec<Plot> {
        Vec::new()
    }
}

/// The number that an answer begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Headline {
    /// What it is, with its unit, as a name of a column.
    pub number: String,
    /// It, and its 95 % interval.
    pub value: Interval,
}

/// Whether an answer is acceptable to whoever set limits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is.
    Acceptable,
    /// A limit is passed.
    NotAcceptable,
    /// There was too little to judge by.
    NotEnough,
}

/// Names of all files that a command may leave in its folder, beside `<command>.json`, `skipped.csv` and
/// `left_out.csv`.
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
    let report =
        analysis.report(run, &scanned, rows).map_err(|error| with_skips(error, &scanned, &run.desk.losses()))?;
    Ok((scanned, report))
}

/// Fewer files than these may be too few for what was asked.
const FEW_FILES: u64 = 64;

/// The error with all that could not be used, and in words what was skipped if that may be its cause.
fn with_skips(error: Error, scanned: &Scanned, losses: &[Loss]) -> Error {
    let Scanned { skipped, left_out, .. } = scanned;
    let lists = losses.iter().flat_map(|loss| [&loss.skipped, &loss.left_out]).chain([skipped, left_out]);
    let lost: Vec<Skipped> = lists.flatten().cloned().collect();
    if error.is::<ScanError>() || lost.is_empty() {
        return with_more(error, &lost);
    }
    let (n_used, n_skipped) = (scanned.spectrum.counts().n_files, skipped.len() as u64);
    let why = if n_skipped == 0 || n_used >= FEW_FILES {
        String::new()
    } else {
        let n_files = n_used + n_skipped + left_out.len() as u64;
        format!(". {n_skipped} of {n_files} files were skipped: {}", Skipped::summary(skipped))
    };
    no_answer(format!("{error:#}{why}"), lost)
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
