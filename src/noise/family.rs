//! What a noise family is, and the table of those there are.
//!
//! # Definition
//!
//! A family is a zero-mean Gaussian (or, where trainers make it so, a mixture of Gaussians) with a power spectrum `S[k]`, value²
//! per mode, in the units of [`crate::spectral`]. The families give `S` up to a factor; [`super::spectrum::realise`] scales it so
//! that the mean pixel variance `(1/HW) Σ S[k]` is the wanted one.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::NoiseError;
use super::families::{blur_noise, cloud, cloud_crop, directory, matched, offset, pyramid, white};
use super::field::{FieldSampler, FourierSampler};
use super::model::DatasetModel;
use super::spectrum::NoiseSpectrum;
use crate::spectral::{Grid, named};

/// What a family has to know beyond the image size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs<'a> {
    /// Nothing.
    Nothing,
    /// The dataset's spectrum.
    Dataset,
    /// The spectrum of the images in this folder.
    Folder(&'a Path),
}

/// What the zero frequency of power-law noise gets, where the law itself is infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroFrequency {
    /// The power of half the lowest frequency, `f = 1/(2L)`.
    #[default]
    HalfPeriod,
    /// No power, as in Cloud Diffusion.
    Zero,
}

named!(ZeroFrequency { HalfPeriod = "half", Zero = "zero" });

/// Where a family is to be realised.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Frequencies of the images.
    pub grid: &'a Grid,
    /// Axes of a pixel: channels, or colour axes.
    pub n_axes: usize,
    /// The dataset, if there is one.
    pub dataset: Option<&'a DatasetModel>,
    /// Γ of the family's folder, one half-spectrum per axis, if it has one.
    pub measured: Option<&'a [Vec<f64>]>,
    /// What the zero frequency of power-law noise gets.
    pub zero_frequency: ZeroFrequency,
    /// Mean pixel variance of the noise, value².
    pub pixel_variance: f64,
}

impl Setting<'_> {
    /// The dataset, for a family called `name` that follows it.
    ///
    /// # Errors
    ///
    /// [`NoiseError::NeedsDataset`] if there is none.
    pub fn dataset_of(&self, name: &str) -> Result<&DatasetModel, NoiseError> {
        self.dataset.ok_or_else(|| NoiseError::NeedsDataset { name: name.to_owned() })
    }
}

/// Powers of the stored modes (half-spectra, column by column), up to a common factor.
#[derive(Debug, Clone, PartialEq)]
pub enum Modes {
    /// The same for every channel; coloured noise has it times the variance of each colour axis.
    Common(Vec<f64>),
    /// Each axis' own.
    PerAxis(Vec<Vec<f64>>),
}

/// The power spectrum of a family before it is scaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Power {
    /// Powers of the modes.
    pub modes: Modes,
    /// Exponent Δ of a power law `f^(−2Δ)`, for those that are one.
    pub delta: Option<f64>,
    /// Power of a constant field that all channels share, on top of `modes`; it lies at the zero frequency.
    pub shared_offset: f64,
    /// Whether the powers are already at the dataset's level: then they are scaled only as far as the wanted pixel variance differs from
    /// the dataset's. (A fitted law need not have the pixel variance of the images it was fitted to.)
    pub is_at_dataset_level: bool,
}

impl Power {
    /// The same power for all channels, no power law.
    pub fn common(power: Vec<f64>) -> Self {
        Self { modes: Modes::Common(power), delta: None, shared_offset: 0.0, is_at_dataset_level: false }
    }

    /// A power law of all channels.
    pub fn law(power: Vec<f64>, delta: f64) -> Self {
        Self { delta: Some(delta), ..Self::common(power) }
    }

    /// Each axis' own power, no power law.
    pub fn per_axis(power: Vec<Vec<f64>>) -> Self {
        Self { modes: Modes::PerAxis(power), ..Self::common(Vec::new()) }
    }
}

/// A family of noise.
pub trait NoiseFamily: fmt::Debug + Send + Sync {
    /// The name it is asked for by, parameters included.
    fn name(&self) -> String;

    /// What it has to know.
    fn needs(&self) -> Needs<'_> {
        Needs::Nothing
    }

    /// Whether its modes are independent. Noise that is cut from something larger, or made of several resolutions, has only its
    /// expected powers in common with the periodic noise of the same spectrum.
    fn is_periodic(&self) -> bool {
        true
    }

    /// Its power spectrum, up to a factor.
    ///
    /// # Errors
    ///
    /// If it does not exist in this setting.
    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError>;

    /// What draws fields with the scaled spectrum `noise`. The default draws periodic fields, mode by mode.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    fn sampler(&self, setting: &Setting<'_>, noise: &NoiseSpectrum) -> Result<Arc<dyn FieldSampler>, NoiseError> {
        Ok(Arc::new(FourierSampler::periodic(setting.grid, noise)))
    }
}

/// A parsed family, or what is wrong with its parameters (the text after the colon, empty without one).
pub type Parsed = Result<Box<dyn NoiseFamily>, String>;

/// A line of the table of families.
#[derive(Debug)]
pub struct FamilyEntry {
    /// The name before the colon.
    pub keyword: &'static str,
    /// How it is written, for help texts.
    pub usage: &'static str,
    /// Reads the text after the colon.
    pub parse: fn(&str) -> Parsed,
}

/// Every family there is.
pub const FAMILIES: &[FamilyEntry] = &[
    FamilyEntry { keyword: "white", usage: "white", parse: white::parse },
    FamilyEntry { keyword: "cloud", usage: "cloud:Δ|fit|best", parse: cloud::parse },
    FamilyEntry { keyword: "cloud-crop", usage: "cloud-crop:Δ|fit|best", parse: cloud_crop::parse },
    FamilyEntry { keyword: "pink", usage: "pink", parse: cloud::parse_pink },
    FamilyEntry { keyword: "brown", usage: "brown", parse: cloud::parse_brown },
    FamilyEntry { keyword: "blue", usage: "blue", parse: cloud::parse_blue },
    FamilyEntry { keyword: "offset", usage: "offset:s[,shared]", parse: offset::parse },
    FamilyEntry { keyword: "pyramid", usage: "pyramid[:discount[,iterations]]", parse: pyramid::parse },
    FamilyEntry { keyword: "matched", usage: "matched", parse: matched::parse },
    FamilyEntry { keyword: "blur-noise", usage: "blur-noise:ρ,σ", parse: blur_noise::parse },
    FamilyEntry { keyword: "dir", usage: "dir:PATH", parse: directory::parse },
];

/// Reads a family: a keyword of the table, and its parameters after a colon.
///
/// # Errors
///
/// [`NoiseError::UnknownFamily`] and [`NoiseError::Parameter`].
pub fn parse_family(text: &str) -> Result<Box<dyn NoiseFamily>, NoiseError> {
    let (keyword, parameters) = text.split_once(':').unwrap_or((text, ""));
    let Some(entry) = FAMILIES.iter().find(|entry| entry.keyword == keyword) else {
        let known: Vec<_> = FAMILIES.iter().map(|entry| entry.usage).collect();
        return Err(NoiseError::UnknownFamily { text: text.to_owned(), known: known.join(", ") });
    };
    (entry.parse)(parameters).map_err(|reason| NoiseError::Parameter { text: text.to_owned(), reason })
}

/// Reads a finite number within `range` from a family's parameters.
///
/// # Errors
///
/// What is wrong, in words.
pub(super) fn number(text: &str, what: &str, range: std::ops::RangeInclusive<f64>) -> Result<f64, String> {
    let value: f64 = text.trim().parse().map_err(|_| format!("{what} is a number, not `{text}`"))?;
    if range.contains(&value) {
        return Ok(value);
    }
    Err(format!("{what} lies between {} and {}, and {value} does not", range.start(), range.end()))
}

/// Refuses parameters of a family that has none.
///
/// # Errors
///
/// If there are any.
pub(super) fn no_parameters(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { Err(format!("it takes no parameters, so `:{text}` has to go")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_round_trip_and_bad_ones_say_why() {
        for name in [
            "white",
            "cloud:1.5",
            "cloud:fit",
            "cloud:best",
            "cloud-crop:1",
            "cloud-crop:fit",
            "pink",
            "brown",
            "blue",
            "offset:0.1",
            "offset:0.05,shared",
            "pyramid:0.3,6",
            "pyramid:0.9,10",
            "matched",
            "blur-noise:0.5,0.2",
            "dir:some/folder",
        ] {
            assert_eq!(parse_family(name).expect(name).name(), name);
        }
        for (text, word) in [
            ("grey", "cloud:Δ|fit|best"),
            ("", "white"),
            ("white:1", "no parameters"),
            ("cloud", "fit"),
            ("cloud:x", "number"),
            ("cloud:nan", "between"),
            ("cloud:99", "between"),
            ("offset", "number"),
            ("offset:-1", "between"),
            ("offset:0.1,common", "shared"),
            ("pyramid:0.3,0", "iterations"),
            ("pyramid:2", "between"),
            ("blur-noise:0.5", "ρ,σ"),
            ("dir:", "folder"),
        ] {
            let error = parse_family(text).expect_err(text).to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
