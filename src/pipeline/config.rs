//! How files are scanned, and what that leaves.

use super::error::ScanError;
use crate::dataset::{DecodeOptions, FileStamp, PreprocessConfig, Skipped, Transform, compare_keys};
use crate::spectrum::{AnalysisConfig, Preprocess, Spectrum, SpectrumError, Standardize};
use crate::stats::octave_error::Reached;

/// Everything a pass needs to know.
#[derive(Debug, Clone)]
pub struct ScanConfig {
    /// How files become pixels.
    pub decode: DecodeOptions,
    /// How pixels become working images.
    pub preprocess: PreprocessConfig,
    /// What is computed of them.
    pub analysis: AnalysisConfig,
    /// How the same pixels become working images of other sizes, whose spectra are summed up beside; not of
    /// standardised pixels.
    pub other_sizes: Vec<PreprocessConfig>,
    /// Whether the effective resolution of every image is measured on the way; its rows hold it.
    pub effective_resolution: bool,
    /// Largest standard error of an octave's mean power, as a share of it, at which a scan may stop before the last
    /// file (`stats::octave_error`). Files have to be in random order then.
    pub until: Option<f64>,
    /// Whether every image is looked at by all detectors, effective resolution among them; its rows hold the numbers of
    /// [`crate::detect::Measured`] and, in two halves, a hash of the working image.
    pub detectors: bool,
    /// Workers; the result does not depend on it.
    pub threads: usize,
    /// Readers ahead of the workers; none given: a few where reads take long. The result does not depend on it.
    pub io_threads: Option<usize>,
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
    /// What was used of each file, in the order of the files; of a scan that stopped early, of those that it read.
    pub used: Vec<UsedFile>,
    /// How far a scan came that was to stop early.
    pub reached: Option<Reached>,
    /// The sums at each of [`ScanConfig::other_sizes`]; none where an image that was used cannot be prepared so.
    pub at_other_sizes: Vec<Option<Spectrum>>,
}

impl ScanOutcome {
    /// Adds that of a pass over the files after these.
    ///
    /// # Errors
    ///
    /// If a sum overflows.
    pub(super) fn append(&mut self, later: Self) -> Result<(), SpectrumError> {
        // A file that is there twice is two files of one set.
        self.spectrum.merge(&later.spectrum, true)?;
        self.skipped.extend(later.skipped);
        self.left_out.extend(later.left_out);
        self.used.extend(later.used);
        for (own, later) in self.at_other_sizes.iter_mut().zip(later.at_other_sizes) {
            match (own.as_mut(), later) {
                (Some(own), Some(later)) => own.merge(&later, true)?,
                _ => *own = None,
            }
        }
        Ok(())
    }

    /// Refuses that of a scan without usable images, and puts its lists in path order; `reached` says how far one came
    /// that was to stop early.
    ///
    /// # Errors
    ///
    /// [`ScanError::NothingUsable`].
    pub(super) fn finish(self, reached: Option<Reached>) -> Result<Self, ScanError> {
        let Self { spectrum, mut skipped, mut left_out, used, at_other_sizes, .. } = self;
        let is_empty = spectrum.n_images() == 0;
        if is_empty {
            skipped.append(&mut left_out);
        }
        for list in [&mut skipped, &mut left_out] {
            list.sort_by(|a, b| compare_keys(&a.path, &b.path));
        }
        if is_empty {
            return Err(ScanError::NothingUsable { n_files: used.len(), skipped });
        }
        let n_unread = reached.map_or(0, |reached| reached.n_files - reached.n_read);
        Ok(Self { spectrum: spectrum.with_unread(n_unread), skipped, left_out, used, reached, at_other_sizes })
    }
}

impl ScanConfig {
    /// A pass over every file, one worker, that measures no more than the spectrum of images as they decode.
    pub fn new(preprocess: PreprocessConfig, analysis: AnalysisConfig) -> Self {
        Self {
            decode: DecodeOptions::default(),
            preprocess,
            analysis,
            other_sizes: Vec::new(),
            effective_resolution: false,
            until: None,
            detectors: false,
            threads: 1,
            io_threads: None,
        }
    }

    /// What files are to people: `images` or `latents`, or `files` where each is cut into several.
    pub fn things(&self) -> &'static str {
        match self.preprocess.transform {
            Transform::Tile => "files",
            _ if self.analysis.channels.are_latent() => "latents",
            _ => "images",
        }
    }

    /// The scan at each of the other sizes alone.
    pub fn at_other_sizes(&self) -> impl Iterator<Item = Self> + '_ {
        let alone = |preprocess: &PreprocessConfig| Self {
            preprocess: *preprocess,
            analysis: AnalysisConfig { size: preprocess.size, ..self.analysis.clone() },
            other_sizes: Vec::new(),
            ..self.clone()
        };
        self.other_sizes.iter().map(alone)
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
            decode_scale: self.decode.scaled_for_px.is_some(),
            channels: self.analysis.channels,
            range: self.analysis.range_of_pixels(),
            standardize: self.analysis.standardize,
            window: self.analysis.window,
        }
    }
}
