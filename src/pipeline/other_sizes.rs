//! The other sizes of a pass: what is decoded for the working size is prepared and added up at each of them as well, by
//! the same worker, while it has the pixels.
//!
//! # Invariants
//!
//! - A file is opened, read and decoded once, whatever the number of sizes.
//! - The spectrum of a size is that of a pass of its own over the same images, to the last bit.
//! - A size that one of the images cannot be prepared at has no spectrum: that of fewer images would not compare.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::config::ScanConfig;
use super::sums::{PassSums, Sums};
use crate::dataset::{Part, Preprocessor, RgbImage};
use crate::spectral::Size;
use crate::spectrum::{AnalysisPlan, ContentSketch, Counts, ImageSummary, Spectrum, SpectrumError};

/// A size beside the working size, and what is summed up there.
pub struct OtherSize {
    /// How images are brought to it.
    pub config: ScanConfig,
    /// What is summed up.
    pub plan: Arc<AnalysisPlan>,
}

impl OtherSize {
    /// Those of a scan.
    pub(super) fn all(config: &ScanConfig) -> Vec<Self> {
        let of = |config: ScanConfig| Self { plan: AnalysisPlan::new(config.analysis.clone(), None), config };
        config.at_other_sizes().map(of).collect()
    }
}

/// What all workers have at one of them.
pub(super) struct OtherSums<'a> {
    of: &'a OtherSize,
    sums: PassSums,
    is_complete: AtomicBool,
}

impl<'a> OtherSums<'a> {
    /// Nothing yet.
    pub fn new(of: &'a OtherSize, threads: usize) -> Self {
        Self { of, sums: PassSums::new(&of.plan, threads), is_complete: AtomicBool::new(true) }
    }

    /// One worker's share.
    pub fn worker(&self) -> OtherWorker<'_> {
        OtherWorker { of: self, sums: self.sums.worker(), summary: ImageSummary::default() }
    }

    /// The spectrum of a pass that used these files; none if one of them could not be prepared.
    ///
    /// # Errors
    ///
    /// If a sum overflows.
    pub fn finish(self, counts: Counts, content: &ContentSketch) -> Result<Option<Spectrum>, SpectrumError> {
        let OtherSize { config, plan } = self.of;
        let (totals, _) = self.sums.finish()?;
        let spectrum = || Spectrum::new(plan, totals, config.preprocess_record(), counts, content.clone());
        Ok(self.is_complete.into_inner().then(spectrum))
    }
}

/// What one worker has at one of them.
pub(super) struct OtherWorker<'a> {
    of: &'a OtherSums<'a>,
    sums: Sums<'a>,
    summary: ImageSummary,
}

impl OtherWorker<'_> {
    /// The smallest part of an image of the size `found` that holds `part` and what is looked at here.
    pub fn extend(&self, part: Part, found: Size) -> Part {
        part.union(&self.of.of.config.preprocess.part(found))
    }

    /// Makes room for an image, where there is none.
    ///
    /// # Errors
    ///
    /// If a sum overflows.
    pub fn make_room(&mut self) -> Result<(), SpectrumError> {
        self.sums.make_room()
    }

    /// Adds an image, prepared in the buffers of `preprocessor`.
    pub fn add(&mut self, image: &RgbImage<'_>, preprocessor: &mut Preprocessor) {
        if !self.of.is_complete.load(Ordering::Relaxed) {
            return;
        }
        match preprocessor.apply_as(self.of.of.config.preprocess, image) {
            Ok(views) => views.for_each(|view| self.sums.add(&view, &mut self.summary)),
            Err(_) => self.of.is_complete.store(false, Ordering::Relaxed),
        }
        self.sums.analyzer.end_file();
    }

    /// Moves the sums into those of all workers.
    ///
    /// # Errors
    ///
    /// If a sum overflows.
    pub fn collect(&mut self) -> Result<(), SpectrumError> {
        self.sums.collect()
    }
}

#[cfg(test)]
mod tests;
