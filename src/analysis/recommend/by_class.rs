//! `--by-class`: the settings of each folder, and how far and how surely they differ from those of all other files.
//!
//! The settings of a class are those of its own spectrum. The test is about single files: of each the logarithms of its
//! own settings are known, the mean over its images if it is cut into several, and their means over the class and over
//! all other files are compared (Welch). A class whose images differ from each other in another way, with the same
//! means, is not found.

use anyhow::Result;
use serde::Serialize;

use super::measure;
use crate::analysis::compare::FAMILY_LEVEL;
use crate::analysis::rows::class_of;
use crate::diffusion::{Kappa, compute_bounds, training_density};
use crate::pipeline::ImageRow;
use crate::spectrum::{ImageSummary, RadialStatistics, Spectrum};
use crate::stats::groups::{FromTheRest, Group, each_against_the_rest};
use crate::stats::jackknife::Interval;

/// Settings that are told of every class.
pub const CLASS_SETTINGS: [&str; 5] = ["sigma_data", "sigma_min", "sigma_bands", "P_mean", "P_std"];

/// Factors from the rest below which a class is not worth settings of its own: the interval of P_mean is as wide at a
/// dozen photographs.
pub const LEAST_FACTOR: f64 = 1.25;

/// One setting of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassSetting {
    /// Its name.
    pub name: &'static str,
    /// The number, from the images of the class alone, with its interval; none of one image, or flat ones.
    #[serde(flatten)]
    pub estimate: Option<Interval>,
    /// The setting of the typical file of the class (geometric mean) over that of all other files, of P_mean in noise
    /// levels; none of fewer than five files.
    pub factor: Option<f64>,
    /// Lower end of its 95 % interval.
    pub factor_low95: Option<f64>,
    /// Upper end.
    pub factor_high95: Option<f64>,
    /// Chance of a factor as far from 1 if the class were like the rest, as one of all classes and settings (Holm).
    pub p_holm: Option<f64>,
}

/// The settings of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassRow {
    /// The first folder below the input, `.` for files in none.
    pub class: String,
    /// Files that were used.
    pub n_files: u64,
    /// Working images.
    pub n_images: u64,
    /// Whether a setting differs from the rest by more than chance; none where there are too few files for a test.
    pub differs: Option<bool>,
    /// The setting that differs most: of those beyond chance, if there are any.
    pub most: Option<&'static str>,
    /// Its factor.
    pub factor: Option<f64>,
    /// The least chance of all settings.
    pub p_holm: Option<f64>,
    /// Each of [`CLASS_SETTINGS`].
    pub settings: Vec<ClassSetting>,
}

/// The logarithms of one image's own settings, in the order of [`CLASS_SETTINGS`] (P_mean is one already); NaN where it
/// has none. `longer_side` is that of the working image, pixels; `rounding_power` as in
/// [`compute_bounds`].
pub fn image_settings(summary: &ImageSummary, longer_side: usize, kappa: Kappa, rounding_power: f64) -> [f64; 5] {
    let bounds = compute_bounds(&summary.rapsd, kappa, rounding_power);
    let Some(range) = bounds.range() else { return [f64::NAN; 5] };
    let statistics = RadialStatistics::without_spread(summary.rapsd.clone(), 1, 1);
    let one = Kappa::new(1.0, 1.0).ok();
    let density = one.and_then(|one| training_density(&statistics, longer_side, one, rounding_power));
    let (mean, std) = density.map_or((f64::NAN, f64::NAN), |d| (d.p_mean.value, d.p_std.value));
    [summary.std.ln(), range.sigma_min.ln(), range.sigma_max.ln(), mean, std.ln()]
}

/// What is kept of the classes while a pass runs.
#[derive(Debug)]
pub(super) struct Classes {
    longer_side: usize,
    kappa: Kappa,
    rounding_power: f64,
    /// Names and files, in the order of the pass.
    groups: Vec<(String, Group)>,
    file: Option<FileSums>,
    /// What the spectrum of each class says.
    pub settled: Vec<Settled>,
}

/// What the spectrum of a class says.
#[derive(Debug)]
pub struct Settled {
    class: String,
    n_images: u64,
    /// Of each of [`CLASS_SETTINGS`].
    estimates: Option<[Interval; 5]>,
}

impl Settled {
    /// Of the images of `spectrum`; without settings if there are fewer than two, or all are flat.
    ///
    /// # Errors
    ///
    /// If it has no covariance.
    pub(super) fn of(class: &str, spectrum: &Spectrum, kappa: Kappa, rounding_power: f64) -> Result<Self> {
        let n_images = spectrum.n_images();
        let measured = if n_images < 2 { None } else { measure::measure(spectrum, kappa, rounding_power)? };
        let estimates = measured.map(|m| {
            let [mean, std] = [m.density.p_mean, m.density.p_std].map(measure::interval);
            [m.sigma_data, m.sigma_min, m.sigma_max_bands, mean, std]
        });
        Ok(Self { class: class.to_owned(), n_images, estimates })
    }
}

/// The file whose images come: sums over them.
#[derive(Debug)]
struct FileSums {
    key: String,
    sums: [f64; 5],
    n_images: f64,
}

impl Classes {
    /// None yet.
    pub(super) fn new(longer_side: usize, kappa: Kappa, rounding_power: f64) -> Self {
        let (groups, file, settled) = (Vec::new(), None, Vec::new());
        Self { longer_side, kappa, rounding_power, groups, file, settled }
    }

    /// Looks at an image; those of one class and file come one after the other.
    pub(super) fn add(&mut self, row: &ImageRow<'_>) {
        let numbers = image_settings(row.summary, self.longer_side, self.kappa, self.rounding_power);
        match &mut self.file {
            Some(file) if file.key == row.key => {
                file.sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
                file.n_images += 1.0;
            }
            _ => {
                self.end_file();
                self.file = Some(FileSums { key: row.key.to_owned(), sums: numbers, n_images: 1.0 });
            }
        }
    }

    fn end_file(&mut self) {
        let Some(FileSums { key, sums, n_images }) = self.file.take() else { return };
        let class = class_of(&key);
        if self.groups.last().is_none_or(|(name, _)| name != class) {
            self.groups.push((class.to_owned(), Group::default()));
        }
        if let Some((_, group)) = self.groups.last_mut() {
            group.add(&sums.map(|sum| sum / n_images));
        }
    }

    /// A row for each class with a usable file, ranked.
    pub(super) fn rows(mut self) -> Vec<ClassRow> {
        self.end_file();
        ranked(self.groups, &self.settled)
    }
}

/// A row for each of these classes: first those that differ from the rest by more than chance, then the others, then
/// those with too few files; the farthest from the rest first, else by name. Of each file its [`image_settings`] are in
/// the group of its class; of the spectra of classes `settled` is what is known.
pub fn ranked(classes: Vec<(String, Group)>, settled: &[Settled]) -> Vec<ClassRow> {
    let (names, groups): (Vec<String>, Vec<Group>) = classes.into_iter().unzip();
    let tests = each_against_the_rest(&groups);
    let row = |(class, (group, tests)): (String, (&Group, &Vec<Option<FromTheRest>>))| {
        let settled = settled.iter().find(|settled| settled.class == class);
        let (n_images, estimates) = settled.map_or((0, None), |s| (s.n_images, s.estimates));
        row(class, group.n_files(), n_images, estimates, tests)
    };
    let mut rows: Vec<ClassRow> = names.into_iter().zip(groups.iter().zip(&tests)).map(row).collect();
    let distance = |row: &ClassRow| row.factor.map_or(-1.0, |factor| factor.ln().abs());
    rows.sort_by(|a, b| {
        let by_test = b.differs.cmp(&a.differs);
        by_test.then(distance(b).total_cmp(&distance(a))).then_with(|| a.class.cmp(&b.class))
    });
    rows
}

fn row(
    class: String,
    n_files: u64,
    n_images: u64,
    estimates: Option<[Interval; 5]>,
    tests: &[Option<FromTheRest>],
) -> ClassRow {
    let setting = |(i, name): (usize, &&'static str)| {
        let test = tests.get(i).copied().flatten();
        let difference = test.map(|test| test.difference);
        ClassSetting {
            name,
            estimate: estimates.map(|estimates| estimates[i]),
            factor: difference.map(|d| d.value.exp()),
            factor_low95: difference.and_then(|d| d.low95).map(f64::exp),
            factor_high95: difference.and_then(|d| d.high95).map(f64::exp),
            p_holm: test.map(|test| test.p_holm),
        }
    };
    let settings: Vec<ClassSetting> = CLASS_SETTINGS.iter().enumerate().map(setting).collect();
    let is_beyond_chance = |s: &&ClassSetting| s.p_holm.is_some_and(|p| p <= FAMILY_LEVEL);
    let is_tested = settings.iter().any(|s| s.p_holm.is_some());
    let differs = is_tested.then(|| settings.iter().any(|s| is_beyond_chance(&s)));
    let distance = |s: &&ClassSetting| s.factor.map_or(-1.0, |factor| factor.ln().abs());
    let most = settings
        .iter()
        .filter(|s| s.factor.is_some() && (differs != Some(true) || is_beyond_chance(s)))
        .max_by(|a, b| distance(a).total_cmp(&distance(b)));
    let p_holm = settings.iter().filter_map(|s| s.p_holm).reduce(f64::min);
    let (most, factor) = (most.map(|s| s.name), most.and_then(|s| s.factor));
    ClassRow { class, n_files, n_images, differs, most, factor, p_holm, settings }
}
