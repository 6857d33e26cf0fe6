//! What to read and how to prepare it, as it was asked for.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::dataset::{ArrayOptions, Damaged, ExifPolicy, ListFormat, Transform};
use crate::spectral::{Channels, Size, ValueRange, Window};
use crate::spectrum::Standardize;

/// The working size that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Chosen from the images' headers.
    Auto,
    /// Fixed.
    Fixed(Size),
}

/// What to read, and how to prepare it. What is `None` has a default that may depend on the images.
#[derive(Debug, Clone, Default)]
pub struct SourceOptions {
    /// Folders, images, or saved spectra.
    pub inputs: Vec<PathBuf>,
    /// A list of paths in place of inputs; `-` is standard input.
    pub files_from: Option<PathBuf>,
    /// How the paths of that list are told apart.
    pub list_format: ListFormat,
    /// Which array of a file is read, and how.
    pub arrays: ArrayOptions,
    /// Only the first so many files.
    pub num: Option<usize>,
    /// So many files at random.
    pub sample: Option<usize>,
    /// Files in random order, until the standard error of every octave's mean power is below this share of it.
    pub until: Option<f64>,
    /// Seed of that choice, and of that order.
    pub seed: u64,
    /// Largest number of pixels of an image.
    pub max_pixels: Option<u64>,
    /// What is done with the orientation that cameras write.
    pub exif: Option<ExifPolicy>,
    /// Whether damaged files are used.
    pub damaged: Option<Damaged>,
    /// Working size.
    pub resolution: Option<Resolution>,
    /// How images reach it.
    pub transform: Option<Transform>,
    /// Whether smaller images are enlarged.
    pub allow_upscale: bool,
    /// Whether images with uniform bars are left out.
    pub drop_letterbox: bool,
    /// Whether JPEGs of more than four times the working size are made smaller by the decoder.
    pub decode_scale: bool,
    /// What is transformed.
    pub channels: Option<Channels>,
    /// What is removed before covariances.
    pub standardize: Option<Standardize>,
    /// Apodisation.
    pub window: Option<Window>,
    /// Values of black and white.
    pub range: Option<ValueRange>,
    /// Workers.
    pub threads: usize,
    /// Readers ahead of them.
    pub io_threads: Option<usize>,
    /// Bytes that the run may take; no limit if not given.
    pub max_memory_bytes: Option<u64>,
}

impl SourceOptions {
    /// Whether there is anything to read.
    pub fn has_inputs(&self) -> bool {
        !self.inputs.is_empty() || self.files_from.is_some()
    }

    /// The first option about reading files that was given, by its name on the command line.
    pub fn first_about_files(&self) -> Option<&'static str> {
        first_of(&[
            (self.num.is_some(), "--num"),
            (self.sample.is_some(), "--sample"),
            (self.until.is_some(), "--until"),
            (self.exif.is_some(), "--exif"),
            (self.damaged.is_some(), "--damaged"),
            (self.max_pixels.is_some(), "--max-pixels"),
            (self.io_threads.is_some(), "--io-threads"),
        ])
    }

    /// The first option about the values of images that was given: noise that is drawn without images has none.
    pub fn first_about_values(&self) -> Option<&'static str> {
        first_of(&[
            (self.drop_letterbox, "--drop-letterbox"),
            (self.standardize.is_some(), "--standardize"),
            (self.window.is_some(), "--window"),
            (self.range.is_some(), "--range"),
        ])
    }

    /// The first option about the preparation of images that was given: a saved spectrum was prepared when it was
    /// scanned.
    pub(super) fn first_about_preparation(&self) -> Option<&'static str> {
        let about_size = [
            (self.resolution.is_some(), "--resolution"),
            (self.transform.is_some(), "--transform"),
            (self.allow_upscale, "--allow-upscale"),
            (self.decode_scale, "--decode-scale"),
            (self.channels.is_some(), "--channels"),
        ];
        first_of(&about_size).or(self.first_about_values())
    }

    /// The first option about image files and their pixels that was given: latents have neither.
    fn first_about_images(&self) -> Option<&'static str> {
        first_of(&[
            (self.channels.is_some(), "--channels"),
            (self.range.is_some(), "--range"),
            (self.exif.is_some(), "--exif"),
            (self.damaged.is_some(), "--damaged"),
            (self.drop_letterbox, "--drop-letterbox"),
            (self.decode_scale, "--decode-scale"),
            (self.allow_upscale, "--allow-upscale"),
        ])
    }

    /// Refuses what latents do not have.
    ///
    /// # Errors
    ///
    /// That it is about images, and the remedy.
    pub(super) fn check_latents(&self) -> Result<()> {
        if let Some(option) = self.first_about_images() {
            bail!("{option} is about the pixels of images, and the input holds latents; leave it out");
        }
        if let Some(transform) = self.transform.filter(|transform| transform.resamples()) {
            bail!(
                "--transform {transform} resamples, and a resampled latent is not that of a resampled image: use none, \
                 crop or tile, or encode the images at the size you want"
            );
        }
        Ok(())
    }
}

/// The name of the first option that was given.
fn first_of(options: &[(bool, &'static str)]) -> Option<&'static str> {
    options.iter().find_map(|(given, name)| given.then_some(*name))
}
