//! What every report says first: which images, how prepared.

use serde::Serialize;

use crate::spectral::Channels;
use crate::spectrum::{Counts, Preprocess, Spectrum, Standardize};
use crate::stats::power_law::MIN_FILES;

/// Version of the layout of all reports.
pub const SCHEMA_VERSION: u32 = 1;

/// Which images a report is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    /// Version of the report's layout.
    pub schema_version: u32,
    /// Images, files, skips.
    pub counts: Counts,
    /// How the images were prepared.
    pub preprocess: Preprocess,
}

impl About {
    /// That of reports on `spectrum`.
    pub fn of(spectrum: &Spectrum) -> Self {
        Self { schema_version: SCHEMA_VERSION, counts: spectrum.counts(), preprocess: spectrum.preprocess().clone() }
    }

    /// The head of every summary: what was analysed.
    pub fn describe(&self) -> String {
        let p = &self.preprocess;
        let n = self.counts.n_images;
        let sample = if self.counts.n_unread > 0 { "a sample of " } else { "" };
        let plural = if n == 1 { "" } else { "s" };
        match p.channels {
            Channels::Latent(1) => format!("{sample}{n} latent{plural} of 1 channel at {}, {}", p.size, p.transform),
            Channels::Latent(c) => format!("{sample}{n} latent{plural} of {c} channels at {}, {}", p.size, p.transform),
            channels => format!("{sample}{n} image{plural} at {} {channels}, {}", p.size, p.describe_transform()),
        }
    }

    /// Whether latents were analysed.
    pub fn are_latents(&self) -> bool {
        self.preprocess.channels.are_latent()
    }

    /// What powers are held at from below.
    pub fn rounding(&self) -> &'static str {
        if self.are_latents() { "rounding to 2⁻²⁰" } else { "8-bit rounding" }
    }

    /// What the standard deviation of the values is called.
    pub fn deviation(&self) -> &'static str {
        if self.are_latents() { "deviation" } else { "pixel deviation" }
    }

    /// As [`About::describe`], and what was removed from the images.
    pub fn describe_centred(&self) -> String {
        let removed = match self.preprocess.standardize {
            Standardize::None => "nothing removed",
            Standardize::Mean => "mean image removed",
            Standardize::Pixel => "pixels standardised",
        };
        format!("{}, {removed}", self.describe())
    }

    /// How many independent images `n` of them are worth, at the least: tiles of one file may all be alike. None below
    /// five files, of which no interval is given.
    pub fn independent_images(&self, n: u64) -> Option<f64> {
        let n_files = self.counts.n_files.min(n);
        (n_files >= MIN_FILES).then_some(n_files as f64)
    }

    /// Unit of powers, before `per mode`.
    pub fn power_unit(&self) -> &'static str {
        match self.preprocess.standardize {
            Standardize::Pixel => "standard deviations²",
            _ => "value²",
        }
    }
}
