//! Options of the commands about noise families, and the families made real for a dataset, a folder of noise, or neither.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use super::console;
use super::interrupt;
use super::named::choice;
use super::progress::Progress;
use super::session::{Input, Wants};
use super::shared::SharedArgs;
use crate::dataset::{DecodeOptions, PreprocessConfig, Transform, list_inputs};
use crate::noise::{
    AxesOf, DatasetModel, Metric, ModelOptions, Needs, Noise, NoiseError, NoiseFamily, Setting, ZeroFrequency,
    family_usages, parse_family, realise,
};
use crate::pipeline::{NoRows, ScanConfig, scan};
use crate::spectrum::{AnalysisConfig, Detail, Preprocess, Spectrum, Standardize};

/// Families compared where none are named.
const WITH_DATASET: &[&str] = &[
    "white",
    "cloud:fit",
    "cloud:best",
    "cloud-crop:fit",
    "pink",
    "brown",
    "blue",
    "offset:0.1",
    "pyramid",
    "matched",
];
/// Families drawn where none are named and there is no dataset to follow.
const WITHOUT_DATASET: &[&str] =
    &["white", "cloud:1.5", "cloud-crop:1.5", "pink", "brown", "blue", "offset:0.1", "pyramid"];

/// Which noise.
#[derive(Debug, Args)]
#[command(next_help_heading = "Noise")]
pub struct FamilyArgs {
    #[arg(
        long = "family",
        value_name = "FAMILY",
        help = format!("A noise family; may be repeated: {} [default: some of these]", family_usages())
    )]
    pub families: Vec<String>,

    /// Standard deviation of the noise's pixels [default: the dataset's, or 1 without one]
    #[arg(long, value_name = "STD")]
    pub noise_std: Option<f64>,

    /// What the zero frequency of power-law noise gets: the power of half the lowest frequency, or none as in Cloud Diffusion
    #[arg(long, value_name = "half|zero", value_parser = choice::<ZeroFrequency>(), default_value_t)]
    pub dc: ZeroFrequency,

    /// Noise whose channels are correlated as the dataset's: it has the eigenvectors of the pixel colours' covariance
    #[arg(long)]
    pub color: bool,
}

/// The families of a run, parsed before any image is read.
pub struct Families {
    families: Vec<Box<dyn NoiseFamily>>,
    /// Whether they are the default ones: one of these that cannot be had is left out.
    are_default: bool,
}

impl FamilyArgs {
    /// Reads the names; without any, the defaults for a run with or without a dataset.
    pub fn parse(&self, has_dataset: bool) -> Result<Families> {
        self.parse_or(if has_dataset { WITH_DATASET } else { WITHOUT_DATASET }, has_dataset)
    }

    /// Reads the names; without any, `defaults`.
    pub fn parse_or(&self, defaults: &[&str], has_dataset: bool) -> Result<Families> {
        if let Some(std) = self.noise_std {
            ensure!((1e-6..=1e6).contains(&std), "--noise-std {std}: the deviation of noise lies between 1e-6 and 1e6");
        }
        let are_default = self.families.is_empty();
        let names: Vec<&str> =
            if are_default { defaults.to_vec() } else { self.families.iter().map(String::as_str).collect() };
        let families = names.into_iter().map(parse_family).collect::<Result<Vec<_>, _>>()?;
        for (i, family) in families.iter().enumerate() {
            let name = family.name();
            ensure!(families[..i].iter().all(|f| f.name() != name), "--family {name} was given twice; leave one out");
            if !has_dataset && family.needs() == Needs::Dataset {
                bail!("the noise family `{name}` follows a dataset; give images or a saved spectrum as input");
            }
            if let Needs::Folder(path) = family.needs() {
                ensure!(
                    path.exists(),
                    "there is no folder {} of noise images; check the path after dir:",
                    path.display()
                );
            }
        }
        ensure!(has_dataset || !self.color, "--color follows a dataset; give images or a saved spectrum as input");
        Ok(Families { families, are_default })
    }

    /// The sums that the options need.
    pub fn wants(&self) -> Wants {
        Wants { moments: self.color, coherence: self.color, ..Wants::default() }
    }

    /// The dataset as families follow it, with Γ of each mode.
    pub fn model(&self, spectrum: &Spectrum, rounding_power: f64) -> Result<DatasetModel, NoiseError> {
        let axes = AxesOf::colors_if(self.color);
        DatasetModel::new(spectrum, ModelOptions { metric: Some(Metric::Modes), axes, rounding_power })
    }

    /// Refuses what cannot be had of `input`, before any image is read.
    pub fn check(&self, input: &Input) -> Result<()> {
        if !self.color {
            return Ok(());
        }
        let (channels, standardize) = match input {
            Input::Saved(spectrum) => (spectrum.preprocess().channels, spectrum.preprocess().standardize),
            Input::Images(images) => (images.config.analysis.channels, images.config.analysis.standardize),
        };
        ensure!(channels.count() > 1, NoiseError::OneChannel);
        ensure!(standardize != Standardize::Pixel, NoiseError::StandardizedColor);
        let is_missing = matches!(input, Input::Saved(spectrum) if !spectrum.analysis_config().coherence);
        ensure!(!is_missing, NoiseError::NoCoherence);
        Ok(())
    }

    /// `setting` with the options of the command line.
    pub fn adjust<'a>(&self, setting: Setting<'a>) -> Setting<'a> {
        Setting {
            zero_frequency: self.dc,
            pixel_variance: self.noise_std.map_or(setting.pixel_variance, |std| std * std),
            ..setting
        }
    }
}

/// Scans of the folders that families are measured on, in the order of the families.
pub struct Measured(Vec<Option<Spectrum>>);

impl Families {
    /// Measures the folders of the `dir:` families as images prepared like `like`.
    pub fn measure_folders(
        &self,
        shared: &SharedArgs,
        progress: &Progress,
        like: &Preprocess,
        coherence: bool,
    ) -> Result<Measured> {
        let measure = |family: &dyn NoiseFamily| match family.needs() {
            Needs::Folder(path) => {
                let scanned = measure_folder(path, shared, progress, like, coherence);
                Ok(Some(scanned.with_context(|| format!("cannot measure the noise of {}", family.name()))?))
            }
            Needs::Nothing | Needs::Dataset => Ok(None),
        };
        Ok(Measured(self.families.iter().map(|f| measure(&**f)).collect::<Result<_>>()?))
    }

    /// Makes every family but those measured on folders real in `setting`: the folders were measured at another size.
    pub fn realise_without_folders(&self, setting: &Setting<'_>, quiet: bool) -> Result<Vec<Noise>> {
        let is_folder = |family: &dyn NoiseFamily| matches!(family.needs(), Needs::Folder(_));
        let mut noises = Vec::with_capacity(self.families.len());
        for family in &self.families {
            match realise(&**family, setting) {
                _ if is_folder(&**family) => {
                    console::warn(
                        quiet,
                        &format!(
                            "no {} against the full covariance: it was measured at the working size",
                            family.name()
                        ),
                    );
                }
                Ok(noise) => noises.push(noise),
                Err(reason) => {
                    console::warn(quiet, &format!("no {} against the full covariance: {reason}", family.name()))
                }
            }
        }
        Ok(noises)
    }

    /// Makes every family real in `setting`.
    pub fn realise(&self, setting: &Setting<'_>, measured: &Measured, quiet: bool) -> Result<Vec<Noise>> {
        let mut noises = Vec::with_capacity(self.families.len());
        for (family, spectrum) in self.families.iter().zip(&measured.0) {
            let gamma = spectrum.as_ref().map(|s| measured_gamma(s, setting.dataset)).transpose();
            let gamma = gamma.with_context(|| format!("cannot use the images of {}", family.name()))?;
            match realise(&**family, &Setting { measured: gamma.as_deref(), ..*setting }) {
                Ok(noise) => noises.push(noise),
                Err(reason) if self.are_default => console::warn(quiet, &format!("no {}: {reason}", family.name())),
                Err(reason) => return Err(reason.into()),
            }
        }
        ensure!(!noises.is_empty(), "no noise family can be had at this size; give a larger --resolution");
        Ok(noises)
    }
}

/// Γ of noise images along the axes of the dataset.
fn measured_gamma(spectrum: &Spectrum, dataset: Option<&DatasetModel>) -> Result<Vec<Vec<f64>>> {
    let gamma = match dataset.and_then(|d| d.color.as_ref()) {
        Some(axes) => axes.gamma_along(spectrum)?,
        None => spectrum.mode_covariance()?.channels,
    };
    // As for the dataset: of few images Γ of a single mode is mostly chance.
    let n_images = usize::try_from(spectrum.n_images()).unwrap_or(usize::MAX);
    Ok(Metric::for_families(n_images).apply(spectrum.grid(), gamma, n_images)?)
}

/// Scans a folder of noise images, prepared like the dataset's.
fn measure_folder(
    path: &Path,
    shared: &SharedArgs,
    progress: &Progress,
    like: &Preprocess,
    coherence: bool,
) -> Result<Spectrum> {
    let listing = list_inputs(&[path.to_owned()])?;
    let config = ScanConfig {
        decode: DecodeOptions::default(),
        preprocess: PreprocessConfig {
            // Resampled noise is other noise.
            transform: Transform::Crop,
            size: like.size,
            allow_upscale: false,
            drop_letterbox: false,
        },
        analysis: AnalysisConfig {
            size: like.size,
            channels: like.channels,
            window: like.window,
            range: like.range,
            standardize: Standardize::Mean,
            detail: if coherence { Detail::Full } else { Detail::Power },
            diagonality_side: None,
            coherence,
            keep_spectra: false,
        },
        effective_resolution: false,
        threads: shared.compute.threads()?,
    };
    let outcome = scan(&listing.files, &config, &mut NoRows, progress, interrupt::flag())?;
    if let Some(skipped) = listing.skipped.iter().chain(&outcome.skipped).next() {
        let n = listing.skipped.len() + outcome.skipped.len();
        let message =
            format!("{n} files of {} were skipped (first: {}: {})", path.display(), skipped.path, skipped.reason);
        console::warn(shared.output.quiet, &message);
    }
    Ok(outcome.spectrum)
}
