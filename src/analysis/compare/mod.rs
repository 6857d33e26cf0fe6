//! Two sets or more beside each other: where their spectra differ, by how much, and whether by more than chance
//! (docs/maths.md §13).

mod advice;
mod alike;
mod comparison;
mod figure;
mod markdown;
mod pairs;
mod report;
mod set_numbers;
mod sets;
mod text;

use anyhow::{Result, ensure};

pub use alike::check_alike;
pub use comparison::{
    AnnulusRow, BandDifference, BandRun, ChannelDifference, Comparison, DB_PER_LN, FAMILY_LEVEL, Measured, SetSummary,
    test_of_bands,
};
pub use pairs::{FileVectors, PairedMeans};
pub use report::{CompareReport, CompareRow};
pub use sets::open_sets;

pub(super) use comparison::delta_of;
pub(super) use sets::prepared_like;

use super::{Desk, Loss, Outputs, Report, Run, Scanned, Source};
use crate::report::content::Content;
use crate::report::plot::Plot;

/// What is compared, and how.
#[derive(Debug, Clone, Default)]
pub struct Compare {
    /// Whether images of the same path are the same image under two preparations.
    pub paired: bool,
    /// Whether sets that were prepared differently are compared all the same.
    pub allow_different_preprocess: bool,
}

impl Compare {
    /// Reads each set in a pass of its own and compares all with the first. `desk` is told what was lost.
    ///
    /// # Errors
    ///
    /// If a set cannot be read, sets cannot be compared, or pairs are asked for where there are none.
    pub fn report(&self, desk: &Desk<'_>, sets: Vec<(String, Source)>) -> Result<CompareReport> {
        ensure!(sets.len() >= 2, "compare takes two sets at least: name a second folder or saved spectrum");
        let have_same_paths = !self.paired && sets[1..].iter().any(|(_, other)| have_same_paths(&sets[0].1, other));
        let mut scanned = Vec::new();
        for (name, source) in sets {
            scanned.push(self.read(desk, name, source)?);
        }
        let measured: Vec<Measured<'_>> =
            scanned.iter().map(|(name, set, _)| Measured::new(name, &set.spectrum)).collect::<Result<_>>()?;
        let (first, others) = measured.split_first().expect("two sets at least");
        let mut comparisons = Vec::new();
        for (i, other) in others.iter().enumerate() {
            check_alike(first, other, self.allow_different_preprocess)?;
            let pairs = match self.paired {
                true => Some(self.pairs(desk, &scanned[0], &scanned[i + 1])?),
                false => None,
            };
            comparisons.push(Comparison::of(first, other, pairs.as_ref())?);
        }
        let curves = figure::curves(&scanned);
        let sets: Vec<SetSummary> = measured.into_iter().map(|m| m.summary).collect();
        let said = comparisons.iter().zip(&sets[1..]);
        let summary = said.map(|(c, second)| text::sentence(c, [sets[0].n_files, second.n_files])).collect();
        Ok(CompareReport::new(summary, sets, comparisons, have_same_paths, curves))
    }

    /// One set, with what is known of each of its files if pairs are asked for.
    fn read(&self, desk: &Desk<'_>, name: String, source: Source) -> Result<(String, Scanned, FileVectors)> {
        let mut files = FileVectors::default();
        if self.paired {
            let images = source.require_images("pairs of images were asked for (--paired)")?;
            files = FileVectors::of(&images.config.analysis);
        }
        let run = Run { source, desk: desk.without_folder() };
        let scanned = run.scan(&mut files)?;
        let (skipped, left_out) = (scanned.skipped.clone(), scanned.left_out.clone());
        let n_used = scanned.spectrum.counts().n_files;
        desk.lost(Loss { what: format!("reading {name}"), skipped, left_out, n_used });
        Ok((name, scanned, files))
    }

    fn pairs(
        &self,
        desk: &Desk<'_>,
        first: &(String, Scanned, FileVectors),
        second: &(String, Scanned, FileVectors),
    ) -> Result<PairedMeans> {
        let (pairs, n_alone) = PairedMeans::of(&first.2, &second.2);
        let (a, b) = (&first.0, &second.0);
        let Some(pairs) = pairs else {
            anyhow::bail!(
                "no image of {a} has the same path below its folder as one of {b}: --paired compares the same images \
                 under two preparations; leave it out for sets of different images"
            );
        };
        if n_alone > 0 {
            desk.warn(&format!(
                "{n_alone} files of {a} and {b} have no partner of the same path and are not in the pairs"
            ));
        }
        Ok(pairs)
    }
}

/// Whether both are folders with files of the same paths, all of them.
fn have_same_paths(first: &Source, second: &Source) -> bool {
    let (Some(first), Some(second)) = (first.images(), second.images()) else { return false };
    let mut keys = first.files.iter().zip(&second.files);
    first.files.len() == second.files.len() && keys.all(|(a, b)| a.key() == b.key())
}

impl Report for CompareReport {
    const OUTPUTS: Outputs =
        Outputs { files: &["compare.csv", "compare_annuli.csv", "compare.json", "compare.md"], plots: &["compare"] };

    fn lines(&self) -> Vec<String> {
        text::lines(self, &advice::advice(self))
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
