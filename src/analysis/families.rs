//! Noise families of a run: which are asked for, and the same made real for a dataset, or for a size alone.
//!
//! ```text
//! FamilyOptions ──parse──► Families ──measure_folders──► Measured
//!       └──model, adjust──► Setting ──realise──► Vec<Noise>
//! ```

use std::path::Path;

use anyhow::{Context, Error, Result, bail, ensure};

use super::lost::{no_answer, skipped_in};
use super::needs::Needs;
use super::run::{Desk, Loss};
use super::source::Source;
use crate::dataset::{DecodeOptions, PreprocessConfig, Skipped, Transform, key_of_path, list_inputs};
use crate::noise::{
    AxesOf, DatasetModel, Metric, ModelOptions, Needs as FamilyNeeds, Noise, NoiseError, NoiseFamily, Setting,
    ZeroFrequency, parse_family, realise,
};
use crate::pipeline::{NoRows, Observer, ScanConfig, scan};
use crate::spectral::ValueRange;
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
#[derive(Debug, Clone, Default)]
pub struct FamilyOptions {
    /// Families by their names, as [`parse_family`] reads them; none for the defaults.
    pub names: Vec<String>,
    /// Standard deviation of the noise's pixels, value; none for the dataset's.
    pub noise_std: Option<f64>,
    /// What the zero frequency of power-law noise gets.
    pub zero_frequency: ZeroFrequency,
    /// Whether the noise's channels are correlated as the dataset's.
    pub color: bool,
}

/// Families of a run, in the order in which they were asked for.
#[derive(Debug)]
pub struct Families {
    families: Vec<Box<dyn NoiseFamily>>,
    /// Whether they are the default ones: of these, families that do not exist here are left out.
    are_default: bool,
    color: bool,
}

/// Scans of the folders that families are measured on, in the order of the families.
#[derive(Debug)]
pub struct Measured(Vec<Option<Spectrum>>);

impl Families {
    /// How many there are.
    pub(super) fn n(&self) -> usize {
        self.families.len()
    }
}

impl FamilyOptions {
    /// The sums that families of the options need.
    pub fn needs(&self) -> Needs {
        Needs { moments: self.color, coherence: self.color, ..Needs::default() }
    }

    /// Refuses what cannot be had of `source`.
    ///
    /// # Errors
    ///
    /// [`NoiseError`] about colours.
    pub fn check(&self, source: &Source) -> Result<(), NoiseError> {
        let prepared = source.preprocess();
        let is_missing = || source.saved().is_some_and(|spectrum| !spectrum.analysis_config().coherence);
        match self.color {
            true if prepared.channels.count() == 1 => Err(NoiseError::OneChannel),
            true if prepared.standardize == Standardize::Pixel => Err(NoiseError::StandardizedColor),
            true if is_missing() => Err(NoiseError::NoCoherence),
            _ => Ok(()),
        }
    }

    /// Reads the names; without any, the defaults of a run with or without a dataset.
    ///
    /// # Errors
    ///
    /// As [`FamilyOptions::parse_or`].
    pub fn parse(&self, has_dataset: bool) -> Result<Families> {
        self.parse_or(if has_dataset { WITH_DATASET } else { WITHOUT_DATASET }, has_dataset)
    }

    /// Reads the names; without any, `defaults`.
    ///
    /// # Errors
    ///
    /// If a name is none, is there twice, or asks for a dataset or a folder that is not there, or an option is out of
    /// range.
    pub fn parse_or(&self, defaults: &[&str], has_dataset: bool) -> Result<Families> {
        if let Some(std) = self.noise_std {
            ensure!((1e-6..=1e6).contains(&std), "--noise-std {std}: it must lie between 1e-6 and 1e6");
        }
        let are_default = self.names.is_empty();
        let names: Vec<&str> =
            if are_default { defaults.to_vec() } else { self.names.iter().map(String::as_str).collect() };
        let families = names.into_iter().map(parse_family).collect::<Result<Vec<_>, _>>()?;
        for (i, family) in families.iter().enumerate() {
            let name = family.name();
            ensure!(families[..i].iter().all(|f| f.name() != name), "--family {name} was given twice; leave one out");
            if !has_dataset && family.needs() == FamilyNeeds::Dataset {
                bail!("the noise family `{name}` follows a dataset; give images or a saved spectrum as input");
            }
            if let FamilyNeeds::Folder(path) = family.needs() {
                ensure!(
                    path.exists(),
                    "there is no folder {} of noise images; check the path after dir:",
                    path.display()
                );
            }
        }
        ensure!(has_dataset || !self.color, "--color follows a dataset; give images or a saved spectrum as input");
        Ok(Families { families, are_default, color: self.color })
    }

    /// The dataset as families follow it, with Γ of each mode; `rounding_power` is that of 8-bit rounding, value² per
    /// mode.
    ///
    /// # Errors
    ///
    /// As [`DatasetModel::new`].
    pub fn model(&self, spectrum: &Spectrum, rounding_power: f64) -> Result<DatasetModel, NoiseError> {
        let axes = AxesOf::colors_if(self.color);
        DatasetModel::new(spectrum, ModelOptions { metric: Some(Metric::Modes), axes, rounding_power })
    }

    /// `setting` with what the options say of it.
    pub fn adjust<'a>(&self, setting: Setting<'a>) -> Setting<'a> {
        Setting {
            zero_frequency: self.zero_frequency,
            pixel_variance: self.noise_std.map_or(setting.pixel_variance, |std| std * std),
            ..setting
        }
    }
}

impl Families {
    /// Measures the folders of the `dir:` families as images prepared like `like`.
    ///
    /// # Errors
    ///
    /// If one cannot be read, or holds nothing usable.
    pub fn measure_folders(&self, desk: &Desk<'_>, like: &Preprocess) -> Result<Measured> {
        let measure = |family: &dyn NoiseFamily| match family.needs() {
            FamilyNeeds::Folder(path) => {
                let scanned = measure_folder(path, desk, like, self.color);
                Ok(Some(scanned.with_context(|| format!("cannot measure the noise of {}", family.name()))?))
            }
            FamilyNeeds::Nothing | FamilyNeeds::Dataset => Ok(None),
        };
        Ok(Measured(self.families.iter().map(|f| measure(&**f)).collect::<Result<_>>()?))
    }

    /// Makes every family real in `setting`. Of the default ones those that cannot be had are left out, and `observer`
    /// is told.
    ///
    /// # Errors
    ///
    /// If a family that was asked for cannot be had, or none is left.
    pub fn realise(&self, setting: &Setting<'_>, measured: &Measured, observer: &dyn Observer) -> Result<Vec<Noise>> {
        let noises = self.realise_or(setting, Some(measured), |name, reason| {
            ensure!(self.are_default, reason);
            observer.warned(&format!("no {name}: {reason}"));
            Ok(())
        })?;
        ensure!(!noises.is_empty(), "no noise family exists at this size; give a larger --resolution");
        Ok(noises)
    }

    /// Makes every family real in `setting`; `missing` is told the name of each that cannot be had, and why, and says
    /// whether to go on. Without `measured`, families measured on folders cannot be had.
    ///
    /// # Errors
    ///
    /// That of `missing`, or if the images of a folder do not go with the dataset.
    pub fn realise_or(
        &self,
        setting: &Setting<'_>,
        measured: Option<&Measured>,
        mut missing: impl FnMut(&str, NoiseError) -> Result<()>,
    ) -> Result<Vec<Noise>> {
        let mut noises = Vec::with_capacity(self.families.len());
        for (i, family) in self.families.iter().enumerate() {
            let spectrum = measured.and_then(|measured| measured.0[i].as_ref());
            let gamma = spectrum.map(|s| measured_gamma(s, setting.dataset)).transpose();
            let gamma = gamma.with_context(|| format!("cannot use the images of {}", family.name()))?;
            match realise(&**family, &Setting { measured: gamma.as_deref(), ..*setting }) {
                Ok(noise) => noises.push(noise),
                Err(reason) => missing(&family.name(), reason)?,
            }
        }
        Ok(noises)
    }
}

/// Γ of noise images along the axes of the dataset.
fn measured_gamma(spectrum: &Spectrum, dataset: Option<&DatasetModel>) -> Result<Vec<Vec<f64>>, NoiseError> {
    let gamma = match dataset.and_then(|d| d.color.as_ref()) {
        Some(axes) => axes.gamma_along(spectrum)?,
        None => spectrum.mode_covariance()?.channels,
    };
    // As for the dataset: with few images Γ of a single mode is mostly sampling error.
    let n_images = usize::try_from(spectrum.n_images()).unwrap_or(usize::MAX);
    Metric::for_families(n_images).apply(spectrum.grid(), gamma)
}

/// Scans a folder of noise images, prepared like the dataset's.
fn measure_folder(path: &Path, desk: &Desk<'_>, like: &Preprocess, coherence: bool) -> Result<Spectrum> {
    // Their keys are those below the folder, and the lists name the files of the dataset, too.
    let below = |s: &Skipped| Skipped { path: format!("{}/{}", key_of_path(path), s.path), reason: s.reason.clone() };
    let with_lists = |error: Error, listed: &[Skipped]| {
        let lost: Vec<Skipped> = listed.iter().chain(skipped_in(&error)).map(below).collect();
        if lost.is_empty() { error } else { no_answer(format!("{error:#}"), lost) }
    };
    let listing = list_inputs(&[path.to_owned()]).map_err(|error| with_lists(error.into(), &[]))?;
    let kinds = (like.channels.are_latent().then_some(like.channels), listing.latent_channels);
    ensure!(
        kinds.0 == kinds.1,
        "{} holds {}, and the set {}: noise is measured on samples of the same kind",
        path.display(),
        kinds.1.map_or("images".to_owned(), |c| format!("latents of {} channels", c.count())),
        kinds.0.map_or("images".to_owned(), |c| format!("latents of {} channels", c.count())),
    );
    // Resampled noise is other noise.
    let preprocess =
        PreprocessConfig { transform: Transform::Crop, size: like.size, allow_upscale: false, drop_letterbox: false };
    let analysis = AnalysisConfig {
        size: like.size,
        channels: like.channels,
        window: like.window,
        range: like.range.unwrap_or(ValueRange::SIGNED),
        standardize: Standardize::Mean,
        detail: if coherence { Detail::Full } else { Detail::Power },
        per_channel: false,
        diagonality_side: None,
        coherence,
        keep_spectra: false,
    };
    let config = ScanConfig {
        decode: DecodeOptions { max_memory_bytes: desk.max_memory_bytes, ..DecodeOptions::default() },
        threads: desk.threads,
        ..ScanConfig::new(preprocess, analysis)
    };
    let outcome = scan(&listing.files, &config, &mut NoRows, desk.observer, desk.cancel)
        .map_err(|error| with_lists(error.into(), &listing.skipped))?;
    desk.lost(Loss {
        what: format!("measuring the noise of {}", path.display()),
        skipped: listing.skipped.iter().chain(&outcome.skipped).map(below).collect(),
        left_out: outcome.left_out.iter().map(below).collect(),
        n_used: outcome.spectrum.counts().n_files,
    });
    Ok(outcome.spectrum)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::spectral::{Grid, Size};

    #[derive(Default)]
    struct Warnings(Mutex<Vec<String>>);

    impl Observer for Warnings {
        fn warned(&self, message: &str) {
            self.0.lock().expect("no panic").push(message.to_owned());
        }
    }

    /// Without its zero frequency a power law has nothing left on one pixel.
    fn setting(grid: &Grid) -> Setting<'_> {
        Setting { zero_frequency: ZeroFrequency::Zero, ..Setting::free(grid, 1) }
    }

    fn names(noises: &[Noise]) -> Vec<&str> {
        noises.iter().map(|noise| noise.spectrum.name.as_str()).collect()
    }

    #[test]
    fn default_families_that_cannot_be_had_are_left_out_and_named_ones_refused() {
        let grid = Grid::new(Size::square(1));
        let realise = |names: &[&str], defaults: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let families = FamilyOptions { names, ..FamilyOptions::default() }.parse_or(defaults, false)?;
            let warnings = Warnings::default();
            let noises = families.realise(&setting(&grid), &Measured(vec![None, None]), &warnings)?;
            Ok::<_, anyhow::Error>((noises, warnings.0.into_inner().expect("no panic")))
        };
        let (noises, warnings) = realise(&[], &["cloud:1", "white"]).expect("one is left");
        assert_eq!(names(&noises), ["white"]);
        assert!(warnings.len() == 1 && warnings[0].starts_with("no cloud:1: "), "{warnings:?}");
        let refused = |names: &[&str], defaults: &[&str]| realise(names, defaults).expect_err("nothing").to_string();
        assert!(refused(&["white", "cloud:1"], &[]).contains("cloud:1"));
        assert!(refused(&[], &["cloud:1"]).contains("no noise family exists"));
    }

    #[test]
    fn without_measurements_families_of_folders_are_missing() {
        let grid = Grid::new(Size::square(4));
        let options = FamilyOptions { names: vec!["dir:.".to_owned(), "white".to_owned()], ..FamilyOptions::default() };
        let families = options.parse(false).expect("the folder is there");
        let mut missing = Vec::new();
        let noises = families.realise_or(&setting(&grid), None, |name, reason| {
            missing.push((name.to_owned(), matches!(reason, NoiseError::NotMeasured { .. })));
            Ok(())
        });
        assert_eq!(names(&noises.expect("nothing was refused")), ["white"]);
        assert_eq!(missing, [("dir:.".to_owned(), true)]);
    }
}
