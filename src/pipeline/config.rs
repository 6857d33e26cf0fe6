//! How files are scanned, and what that leaves.

use crate::dataset::{DecodeOptions, FileStamp, PreprocessConfig, Skipped, Transform};
use crate::spectrum::{AnalysisConfig, Preprocess, Spectrum, Standardize};

/// Everything a pass needs to know.
#[derive(Debug, Clone)]
pub struct ScanConfig {
    /// How files become pixels.
    pub decode: DecodeOptions,
    /// How pixels become working images.
    pub preprocess: PreprocessConfig,
    /// What is computed of them.
    pub analysis: AnalysisConfig,
    /// Whether the effective resolution of every image is measured on the way; its rows hold it.
    pub effective_resolution: bool,
    /// Whether every image is looked at by all detectors, effective resolution among them; its rows hold the numbers of
    /// [`crate::detect::Measured`] and, in two halves, a hash of the working image.
    pub detectors: bool,
    /// Workers; the result does not depend on it.
    pub threads: usize,
}

/// What a pass used of a file: its length and time of last change; none if it was skipped.
pub type UsedFile = Option<FileStamp>;

/// What a scan leaves.
#[derive(Debug)]
pub struct ScanOutcome {
    /// The sums.
    pub spectrum: Spectrum,
    /// Files that could not be used, in path order.
    pub skipped: Vec<Skipped>,
    /// Files left out by choice, in path order.
    pub left_out: Vec<Skipped>,
    /// What was used of each file, in the order of the files.
    pub used: Vec<UsedFile>,
}

impl ScanConfig {
    /// What files are to people: `images`, or `files` where each is cut into several.
    pub fn things(&self) -> &'static str {
        if self.preprocess.transform == Transform::Tile { "files" } else { "images" }
    }

    /// Passes of a scan: pixels are standardised by what a first one measures.
    pub fn n_passes(&self) -> u32 {
        if self.analysis.standardize == Standardize::Pixel { 2 } else { 1 }
    }

    /// How images become planes, as it is recorded in spectra.
    pub fn preprocess_record(&self) -> Preprocess {
        Preprocess {
            transform: self.preprocess.transform.to_string(),
            size: self.analysis.size,
            exif: self.decode.exif.to_string(),
            allow_upscale: self.preprocess.allow_upscale,
            drop_letterbox: self.preprocess.drop_letterbox,
            channels: self.analysis.channels,
            range: self.analysis.range,
            standardize: self.analysis.standardize,
            window: self.analysis.window,
        }
    }
}
