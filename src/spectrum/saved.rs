//! A finished spectrum: exact sums, counts and everything needed to say how they were made; and the merging of spectra.

use serde::{Deserialize, Serialize};

use super::analyzer::Totals;
use super::error::SpectrumError;
use super::exact::{ExactTensor, TensorSpec};
use super::plan::{AnalysisConfig, AnalysisPlan, Detail, Standardize};
use super::sketch::ContentSketch;
use crate::spectral::{Channels, Grid, Size, ValueRange, Window};

/// How images became the planes that were transformed. Spectra are comparable, and mergeable, when this is equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocess {
    /// Geometric transform, by its command-line name.
    pub transform: String,
    /// Working size, pixels.
    pub size: Size,
    /// `ignore` or `apply`.
    pub exif: String,
    /// Whether images smaller than the working size were enlarged.
    pub allow_upscale: bool,
    /// Whether images with uniform bars were left out.
    pub drop_letterbox: bool,
    /// Whether JPEGs of more than four times the working size were decoded at a half, a quarter or an eighth of theirs.
    pub decode_scale: bool,
    /// Which channels were transformed.
    pub channels: Channels,
    /// Values of black and white; none of latents, whose values are as they are stored.
    pub range: Option<ValueRange>,
    /// Centring and scaling.
    pub standardize: Standardize,
    /// Apodisation.
    pub window: Window,
}

impl Preprocess {
    /// The transform, and whether decoders did a part of it, in words.
    pub fn describe_transform(&self) -> String {
        let scaled = if self.decode_scale { " after --decode-scale" } else { "" };
        format!("{}{scaled}", self.transform)
    }

    /// Of images that have the working size and are taken as they are.
    pub fn untouched(config: &AnalysisConfig) -> Self {
        Self {
            transform: "none".to_owned(),
            size: config.size,
            exif: "ignore".to_owned(),
            allow_upscale: false,
            drop_letterbox: false,
            decode_scale: false,
            channels: config.channels,
            range: config.range_of_pixels(),
            standardize: config.standardize,
            window: config.window,
        }
    }
}

/// What a spectrum was made of. All counts add up when spectra are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Working images (tiles count one each).
    pub n_images: u64,
    /// Files they came from.
    pub n_files: u64,
    /// Files (or folder entries) that could not be used.
    pub n_skipped: u64,
    /// Files left out by choice: too small, of another size, letterboxed.
    #[serde(default)]
    pub n_left_out: u64,
    /// Files that were not read, because a sample told enough.
    #[serde(default)]
    pub n_unread: u64,
    /// Files whose pixels were not 8-bit RGB and were converted: alpha dropped, palette, grey, CMYK or 16 bits.
    pub n_converted: u64,
    /// Files whose decoder found something amiss and went on: stray bytes, or damage (`--damaged keep`).
    #[serde(default)]
    pub n_warned: u64,
}

impl Counts {
    /// The counts of both.
    ///
    /// # Errors
    ///
    /// If one of them does not fit 64 bits.
    fn plus(self, other: Counts) -> Result<Self, SpectrumError> {
        let sum = |a: u64, b: u64, name: &str| {
            a.checked_add(b).ok_or_else(|| SpectrumError::Overflow { name: name.to_owned() })
        };
        Ok(Self {
            n_images: sum(self.n_images, other.n_images, "n_images")?,
            n_files: sum(self.n_files, other.n_files, "n_files")?,
            n_skipped: sum(self.n_skipped, other.n_skipped, "n_skipped")?,
            n_left_out: sum(self.n_left_out, other.n_left_out, "n_left_out")?,
            n_unread: sum(self.n_unread, other.n_unread, "n_unread")?,
            n_converted: sum(self.n_converted, other.n_converted, "n_converted")?,
            n_warned: sum(self.n_warned, other.n_warned, "n_warned")?,
        })
    }
}

/// Exact sums over a set of images, and how they were made.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    pub(super) preprocess: Preprocess,
    pub(super) fft_kernel: String,
    pub(super) counts: Counts,
    pub(super) content: ContentSketch,
    pub(super) detail: Detail,
    pub(super) per_channel: bool,
    pub(super) diagonality_side: Option<usize>,
    pub(super) coherence: bool,
    pub(super) tensors: Vec<ExactTensor>,
    pub(super) histogram: Vec<u64>,
    pub(super) grid: Grid,
}

impl Spectrum {
    /// Wraps the totals of a pass.
    pub fn new(
        plan: &AnalysisPlan,
        totals: Totals,
        preprocess: Preprocess,
        counts: Counts,
        content: ContentSketch,
    ) -> Self {
        Self {
            fft_kernel: crate::spectral::fft2::fft_kernel().to_owned(),
            counts: Counts { n_images: totals.n_images, n_files: totals.n_files, ..counts },
            content,
            detail: plan.config.detail,
            per_channel: plan.config.per_channel,
            diagonality_side: plan.config.diagonality_side,
            coherence: plan.config.coherence,
            tensors: totals.tensors,
            histogram: totals.histogram,
            grid: plan.grid.clone(),
            preprocess,
        }
    }

    /// The same spectrum with `n` more skipped entries: those that were skipped before they could be tried.
    pub fn with_listed_skips(mut self, n: u64) -> Self {
        self.counts.n_skipped = self.counts.n_skipped.saturating_add(n);
        self
    }

    /// The same spectrum as that of a sample, `n` files of the set not read.
    pub fn with_unread(mut self, n: u64) -> Self {
        self.counts.n_unread = n;
        self
    }

    /// How the images were prepared.
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// What was summed up.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The frequency grid of the working size.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Order-independent identity of the files, hexadecimal.
    pub fn content_id(&self) -> String {
        format!("{:032x}", self.content.identity)
    }

    /// Share of files that repeat another one byte for byte, told from a sample; 0 for a spectrum that was loaded.
    pub fn repeated_share(&self) -> f64 {
        self.content.repeated_share()
    }

    /// Code path of the transform that made the spectrum.
    pub fn fft_kernel(&self) -> &str {
        &self.fft_kernel
    }

    /// The exact sums it holds: names, shapes, quanta.
    pub fn sums(&self) -> impl Iterator<Item = &TensorSpec> {
        self.tensors.iter().map(|tensor| &tensor.spec)
    }

    /// The analysis this spectrum came from.
    pub fn analysis_config(&self) -> AnalysisConfig {
        AnalysisConfig {
            diagonality_side: self.diagonality_side,
            coherence: self.coherence,
            ..config_of(&self.preprocess, self.detail, self.per_channel)
        }
    }

    /// Adds another spectrum: the result is what one pass over both sets would have left, to the last bit.
    ///
    /// # Errors
    ///
    /// If the two were made differently, are standardised by their own pixels, or share images while `allow_shared` is
    /// false; if a sum overflows. The spectrum is then unchanged, except after an overflow.
    pub fn merge(&mut self, other: &Spectrum, allow_shared: bool) -> Result<(), SpectrumError> {
        if let Some(difference) = self.difference_to(other) {
            return Err(SpectrumError::Different { difference });
        }
        if self.preprocess.standardize == Standardize::Pixel {
            return Err(SpectrumError::OwnReference);
        }
        let n_shared = self.content.n_shared(&other.content);
        if n_shared > 0 && !allow_shared {
            return Err(SpectrumError::SharedImages { n_shared });
        }
        let counts = self.counts.plus(other.counts)?;
        for (tensor, more) in self.tensors.iter_mut().zip(&other.tensors) {
            tensor.merge(more)?;
        }
        for (count, more) in self.histogram.iter_mut().zip(&other.histogram) {
            let overflow = || SpectrumError::Overflow { name: "histogram".to_owned() };
            *count = count.checked_add(*more).ok_or_else(overflow)?;
        }
        self.content.merge(&other.content);
        self.counts = counts;
        Ok(())
    }

    /// The first thing in which two spectra were made differently, in words.
    fn difference_to(&self, other: &Spectrum) -> Option<String> {
        let describe = |s: &Spectrum| {
            let p = &s.preprocess;
            [
                ("detail", format!("{:?}", s.detail).to_lowercase()),
                ("per-channel", s.per_channel.to_string()),
                ("resolution", p.size.to_string()),
                ("transform", p.transform.clone()),
                ("exif", p.exif.clone()),
                ("allow-upscale", p.allow_upscale.to_string()),
                ("drop-letterbox", p.drop_letterbox.to_string()),
                ("decode-scale", p.decode_scale.to_string()),
                ("channels", p.channels.to_string()),
                ("range", p.range.map_or("none".to_owned(), |range| range.to_string())),
                ("standardize", p.standardize.to_string()),
                ("window", p.window.to_string()),
                ("FFT kernel", s.fft_kernel.clone()),
                ("diagonality", s.diagonality_side.map_or("none".to_owned(), |side| side.to_string())),
                ("coherence", s.coherence.to_string()),
            ]
        };
        let (mine, theirs) = (describe(self), describe(other));
        mine.iter()
            .zip(&theirs)
            .find(|(a, b)| a != b)
            .map(|((name, a), (_, b))| format!("{name} is {a} in one and {b} in the other"))
    }
}

/// The analysis that leaves these sums, optional ones left out.
pub(super) fn config_of(preprocess: &Preprocess, detail: Detail, per_channel: bool) -> AnalysisConfig {
    AnalysisConfig {
        size: preprocess.size,
        channels: preprocess.channels,
        window: preprocess.window,
        range: preprocess.range.unwrap_or(ValueRange::SIGNED),
        standardize: preprocess.standardize,
        detail,
        per_channel,
        diagonality_side: None,
        coherence: false,
        keep_spectra: false,
    }
}
