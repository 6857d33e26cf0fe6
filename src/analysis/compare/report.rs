//! What `compare` answers: the sets, each compared with the first, its tables and pictures.

use serde::Serialize;

use super::comparison::{AnnulusRow, Comparison, SetSummary};
use super::figure::Curve;
use super::{figure, markdown, text};
use crate::analysis::about::SCHEMA_VERSION;
use crate::analysis::{Outputs, Report};
use crate::report::content::Content;
use crate::report::plot::Plot;

/// Sets beside each other.
#[derive(Debug, Clone, Serialize)]
pub struct CompareReport {
    /// Version of the report's layout.
    pub schema_version: u32,
    /// Each comparison in a sentence.
    pub summary: Vec<String>,
    /// The sets, in the order in which they were named.
    pub sets: Vec<SetSummary>,
    /// Each set but the first, compared with the first.
    pub comparisons: Vec<Comparison>,
    #[serde(skip)]
    curves: Vec<Curve>,
}

/// Row of `compare.csv`: one octave band of two sets.
#[derive(Debug, Clone, Serialize)]
pub struct CompareRow<'a> {
    /// First set.
    pub first: &'a str,
    /// Second set.
    pub second: &'a str,
    /// Lowest frequency of the band, cycles per pixel.
    pub frequency_low_cycles_per_px: f64,
    /// Highest.
    pub frequency_high_cycles_per_px: f64,
    /// Mean log power of the second over that of the first, dB.
    pub difference_db: f64,
    /// Its 95 % interval.
    pub difference_db_low95: Option<f64>,
    /// Upper end.
    pub difference_db_high95: Option<f64>,
    /// Chance of a difference as large if there is none.
    pub p: Option<f64>,
    /// The same, as one of all bands.
    pub p_holm: Option<f64>,
    /// Whether that is at most 5 %.
    pub differs: bool,
}

impl CompareReport {
    /// The report on `sets`, `comparisons` with the first.
    pub(super) fn new(sets: Vec<SetSummary>, comparisons: Vec<Comparison>, curves: Vec<Curve>) -> Self {
        let summary = comparisons.iter().map(text::sentence).collect();
        Self { schema_version: SCHEMA_VERSION, summary, sets, comparisons, curves }
    }

    /// The rows of `compare.csv`.
    pub fn rows(&self) -> impl Iterator<Item = CompareRow<'_>> {
        self.comparisons.iter().flat_map(|comparison| {
            comparison.bands.iter().map(|band| CompareRow {
                first: &comparison.first,
                second: &comparison.second,
                frequency_low_cycles_per_px: band.frequency_low_cycles_per_px,
                frequency_high_cycles_per_px: band.frequency_high_cycles_per_px,
                difference_db: band.difference_db.value,
                difference_db_low95: band.difference_db.low95,
                difference_db_high95: band.difference_db.high95,
                p: band.difference_db.p,
                p_holm: band.p_holm,
                differs: band.differs,
            })
        })
    }

    fn annuli(&self) -> impl Iterator<Item = &AnnulusRow> {
        self.comparisons.iter().flat_map(|comparison| &comparison.annuli)
    }
}

impl Report for CompareReport {
    const OUTPUTS: Outputs =
        Outputs { files: &["compare.csv", "compare_annuli.csv", "compare.json", "compare.md"], plots: &["compare"] };

    fn lines(&self) -> Vec<String> {
        text::lines(self)
    }

    fn details(&self) -> Vec<String> {
        text::details(self)
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![
            Content::table("compare.csv", self.rows()),
            Content::table("compare_annuli.csv", self.annuli()),
            Content::json("compare.json", self),
            Content::bytes("compare.md", markdown::page(self).into_bytes()),
        ]
    }

    fn figures(&self) -> Vec<Plot> {
        vec![Plot::new("compare", figure::figure(self, &self.curves))]
    }
}
