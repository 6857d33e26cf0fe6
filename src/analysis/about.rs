//! What every report says first: which images, how prepared.

use serde::Serialize;

use crate::spectral::Channels;
use crate::spectrum::{Counts, Preprocess, Spectrum, Standardize};

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
        let plural = if n == 1 { "" } else { "s" };
        match p.channels {
            Channels::Latent(1) => format!("{n} latent{plural} of 1 channel at {}, {}", p.size, p.transform),
            Channels::Latent(c) => format!("{n} latent{plural} of {c} channels at {}, {}", p.size, p.transform),
            channels => format!("{n} image{plural} at {} {channels}, {}", p.size, p.transform),
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

    /// As [`About::describe`], and what was removed from the images.
    pub fn describe_centred(&self) -> String {
        let removed = match self.preprocess.standardize {
            Standardize::None => "nothing removed",
            Standardize::Mean => "mean image removed",
            Standardize::Pixel => "pixels standardised",
        };
        format!("{}, {removed}", self.describe())
    }

    /// Unit of powers, before `per mode`.
    pub fn power_unit(&self) -> &'static str {
        match self.preprocess.standardize {
            Standardize::Pixel => "standard deviations²",
            _ => "value²",
        }
    }
}
