//! What `compare` answers: the sets, each compared with the first, its tables and pictures.

use serde::Serialize;

use super::comparison::{AnnulusRow, Comparison, SetSummary};
use crate::analysis::about::SCHEMA_VERSION;

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
    /// Whether sets that were compared as separate ones have files of the same paths.
    #[serde(skip)]
    pub(super) have_same_paths: bool,
    #[serde(skip)]
    pub(super) curves: Vec<Curve>,
}

/// The mean RAPSD of one set, with its interval.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Annulus frequencies, cycles per pixel.
    pub(super) frequency_cycles_per_px: Vec<f64>,
    /// Mean power, value² per mode.
    pub(super) mean: Vec<f64>,
    /// Half the width of the 95 % interval over the mean; empty for fewer than two files.
    pub(super) relative_half_width: Vec<f64>,
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
    pub(super) fn new(
        summary: Vec<String>,
        sets: Vec<SetSummary>,
        comparisons: Vec<Comparison>,
        have_same_paths: bool,
        curves: Vec<Curve>,
    ) -> Self {
        Self { schema_version: SCHEMA_VERSION, summary, sets, comparisons, have_same_paths, curves }
    }

    /// Whether images were compared one by one.
    pub(super) fn is_paired(&self) -> bool {
        self.comparisons.iter().any(|comparison| comparison.n_pairs.is_some())
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

    /// The rows of `compare_annuli.csv`.
    pub fn annuli(&self) -> impl Iterator<Item = &AnnulusRow> {
        self.comparisons.iter().flat_map(|comparison| &comparison.annuli)
    }
}
