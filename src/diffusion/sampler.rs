//! Conditional sampling of schedules: a Gaussian mixture of the tight schedules of a set, per class or for all.
//!
//! # Definition
//!
//! A schedule of [`N_POINTS`] points is described by its ends `λ(0)`, `λ(1)` and by how it falls between them,
//! `u(t) = (λ(0) − λ(t))/(λ(0) − λ(1))`, which rises from 0 to 1: by the [`N_SHAPE`] first principal coefficients of u
//! over the set. The six numbers of every schedule are modelled by a [`GaussianMixture`] per class, its number of
//! components chosen by BIC.
//!
//! Backwards, a draw's coefficients give a curve that need not rise everywhere. Its steps are raised to at least half
//! the smallest step in the set, and divided by their sum. So **every drawn schedule is strictly decreasing by
//! construction**, and curves that rise anyway (nearly all) stay what they are.
//!
//! # Conventions
//!
//! - A draw whose ends are closer than half the least distance in the class is drawn anew.
//! - The rounding floor puts many images on exactly one clean end. Draws within four ridge deviations of the cleanest
//!   end of the class, or beyond it, get that end.
//! - Draw `i` of a class has a random stream of its own: it is the same however many are drawn, and in whatever order.
//! - Principal components of the steps' logarithms would make any draw monotone, but four of them hold a third of what
//!   distinguishes the shapes of photographs, where four of u hold nine tenths.
//!
//! # References
//!
//! Spectrally-Guided Noise Schedules (arXiv 2603.19222) for sampling schedules from a model of them.

mod checks;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::bounds::Kappa;
use super::mixture::{GaussianMixture, MixtureError, RIDGE, fit_mixture};
use super::small_matrix::symmetric_eigen;
use super::tight::{ScheduleKind, TightSchedule};
use crate::spectral::ValueRange;

/// Points of the schedules that are modelled.
pub const N_POINTS: usize = 65;
/// Principal coefficients of the shape.
pub const N_SHAPE: usize = 4;
/// Numbers that describe one schedule.
pub const N_DIMENSIONS: usize = 2 + N_SHAPE;
/// What the `format` of a file of a sampler says.
pub const FORMAT: &str = "specscan-schedule-sampler";
/// Version of that format.
pub const FORMAT_VERSION: u32 = 1;

/// Most components tried per class by default.
pub const DEFAULT_MAX_COMPONENTS: usize = 8;

/// Least step of u that is told from rounding.
const LEAST_STEP: f64 = 1e-9;

const MAX_REDRAWS: usize = 100;
/// Draws that a class can have without sharing random streams with the next.
const STREAMS_PER_CLASS_LOG2: u32 = 40;

/// A fitted sampler; it serialises to the JSON text that [`ScheduleSampler::from_json`] reads.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSampler {
    /// [`FORMAT`].
    pub format: String,
    /// [`FORMAT_VERSION`].
    pub version: u32,
    /// The kind of schedules it was fitted to.
    pub kind: ScheduleKind,
    /// What the schedules were made from, if known.
    pub source: Option<SamplerSource>,
    /// Smallest step of u in the set.
    pub shape_least_step: f64,
    /// Mean of u at the points after the first, `N_POINTS − 1` values.
    pub shape_mean: Vec<f64>,
    /// Their principal components, `N_SHAPE` rows of `N_POINTS − 1` values, orthonormal.
    pub shape_basis: Vec<Vec<f64>>,
    /// Share of the shapes' variance that the components hold, 0 to 1; 1 if the shapes do not vary.
    pub shape_explained: f64,
    /// One model per class.
    pub classes: Vec<ClassModel>,
}

/// How the schedules of a sampler were made: what their noise levels mean.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplerSource {
    /// Thresholds of the bounds they run between.
    pub kappa: Kappa,
    /// Values of black and white, in which sigmas are; none of latents.
    pub range: Option<ValueRange>,
    /// Working size of the images, width×height.
    pub resolution: String,
    /// How the images reached it.
    pub transform: String,
}

/// The schedules of one class.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassModel {
    /// Its name: the folder; empty for all images together.
    pub name: String,
    /// Schedules it was fitted to.
    pub n_schedules: usize,
    /// Largest `λ(0)` of them.
    pub logsnr_cleanest: f64,
    /// Standard deviation of their `λ(0)`.
    pub logsnr_clean_std: f64,
    /// Least `λ(0) − λ(1)` of them.
    pub logsnr_least_span: f64,
    /// The mixture over `λ(0)`, `λ(1)` and the principal coefficients.
    pub mixture: GaussianMixture,
}

/// What can be wrong with a sampler or with what it is fitted to.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SamplerError {
    /// A text that holds no sampler.
    #[error("no sampler can be read from it: {0}")]
    NoSampler(String),
    /// No schedules at all, or none of a class.
    #[error("no schedules to fit the sampler of {0} to; every image was flat, or there were none")]
    NoSchedules(String),
    /// A schedule that does not fall.
    #[error("schedule {0} does not fall strictly; fit a sampler to schedules with kappa-min below kappa-max")]
    NotDecreasing(usize),
    /// Another format or version.
    #[error(
        "this is a {format} of version {version}, not a {FORMAT} of version {FORMAT_VERSION}; fit the sampler again"
    )]
    Format {
        /// The format it claims.
        format: String,
        /// The version it claims.
        version: u32,
    },
    /// Parts that do not go together.
    #[error("the sampler is damaged: {0}; fit it again")]
    Damaged(&'static str),
    /// A class it does not know.
    #[error("the sampler has no class '{class}'; it has {known}")]
    UnknownClass {
        /// The class asked for.
        class: String,
        /// Those it has.
        known: String,
    },
    /// A mixture failed.
    #[error(transparent)]
    Mixture(#[from] MixtureError),
}

/// What is looked for first in a text: a newer version may have other fields, and those are not to blame.
#[derive(serde::Deserialize)]
struct Versioned {
    format: String,
    version: u32,
}

/// The schedules a sampler is fitted to.
#[derive(Debug, Clone, Copy)]
pub struct SamplerData<'a> {
    /// λ of every schedule, `N_POINTS` values each, one after the other.
    pub logsnr: &'a [f64],
    /// Class of every schedule, an index into `class_names`.
    pub class: &'a [usize],
    /// Names of the classes.
    pub class_names: &'a [String],
}

impl ScheduleSampler {
    /// Fits a sampler to schedules of `kind`. Classes share the basis of shapes; each has a mixture of at most
    /// `max_components`. The same input gives the same sampler.
    ///
    /// # Errors
    ///
    /// If there are no schedules (also of one class only), or one is not strictly decreasing.
    ///
    /// # Panics
    ///
    /// If the slices of `data` do not fit together.
    pub fn fit(
        data: SamplerData<'_>,
        kind: ScheduleKind,
        max_components: usize,
        seed: u64,
    ) -> Result<Self, SamplerError> {
        assert_eq!(data.logsnr.len(), data.class.len() * N_POINTS, "one schedule per class index");
        assert!(data.class.iter().all(|&c| c < data.class_names.len()), "every class has a name");
        if data.class.is_empty() {
            return Err(SamplerError::NoSchedules("the set".to_owned()));
        }
        let mut shapes = Vec::with_capacity(data.class.len() * (N_POINTS - 1));
        for (i, logsnr) in data.logsnr.chunks_exact(N_POINTS).enumerate() {
            shapes.extend(shape_of(logsnr).ok_or(SamplerError::NotDecreasing(i + 1))?);
        }
        let mut sampler = Self::with_basis_of(&shapes, kind);
        for (index, name) in data.class_names.iter().enumerate() {
            let members = || (0..data.class.len()).filter(move |&i| data.class[i] == index);
            let schedules = || members().map(|i| &data.logsnr[i * N_POINTS..(i + 1) * N_POINTS]);
            let rows: Vec<f64> = schedules()
                .zip(members().map(|i| &shapes[i * (N_POINTS - 1)..(i + 1) * (N_POINTS - 1)]))
                .flat_map(|(logsnr, shape)| sampler.coordinates_of_shape(logsnr, shape))
                .collect();
            sampler.classes.push(class_model(name, &rows, max_components, seed)?);
        }
        Ok(sampler)
    }

    /// A sampler without classes, with the principal components of `shapes`.
    fn with_basis_of(shapes: &[f64], kind: ScheduleKind) -> Self {
        let d = N_POINTS - 1;
        let n = (shapes.len() / d) as f64;
        let mut mean = vec![0.0; d];
        for shape in shapes.chunks_exact(d) {
            mean.iter_mut().zip(shape).for_each(|(m, s)| *m += s / n);
        }
        let mut covariance = vec![0.0; d * d];
        for shape in shapes.chunks_exact(d) {
            let centred: Vec<f64> = shape.iter().zip(&mean).map(|(s, m)| s - m).collect();
            for (row, x) in covariance.chunks_exact_mut(d).zip(&centred) {
                row.iter_mut().zip(&centred).for_each(|(c, y)| *c += x * y / n);
            }
        }
        let (values, vectors) = symmetric_eigen(&covariance, d);
        let total: f64 = values.iter().map(|v| v.max(0.0)).sum();
        let kept: f64 = values[..N_SHAPE].iter().map(|v| v.max(0.0)).sum();
        Self {
            format: FORMAT.to_owned(),
            version: FORMAT_VERSION,
            kind,
            source: None,
            shape_least_step: shapes.chunks_exact(d).map(least_step).fold(f64::INFINITY, f64::min).max(LEAST_STEP),
            shape_mean: mean,
            shape_basis: vectors.chunks_exact(d).take(N_SHAPE).map(<[f64]>::to_vec).collect(),
            shape_explained: if total > 0.0 { kept / total } else { 1.0 },
            classes: Vec::new(),
        }
    }

    /// The numbers that describe a schedule: `λ(0)`, `λ(1)`, principal coefficients. `None` if it is not strictly
    /// decreasing.
    ///
    /// # Panics
    ///
    /// If it does not have [`N_POINTS`] points.
    pub fn coordinates(&self, logsnr: &[f64]) -> Option<[f64; N_DIMENSIONS]> {
        shape_of(logsnr).map(|shape| self.coordinates_of_shape(logsnr, &shape))
    }

    fn coordinates_of_shape(&self, logsnr: &[f64], shape: &[f64]) -> [f64; N_DIMENSIONS] {
        let mut coordinates = [0.0; N_DIMENSIONS];
        coordinates[0] = logsnr[0];
        coordinates[1] = logsnr[N_POINTS - 1];
        for (c, basis) in coordinates[2..].iter_mut().zip(&self.shape_basis) {
            *c = basis.iter().zip(shape).zip(&self.shape_mean).map(|((b, s), m)| b * (s - m)).sum();
        }
        coordinates
    }

    /// The schedule that has these coordinates, at [`N_POINTS`] evenly spaced times; strictly decreasing if
    /// `λ(0) > λ(1)`.
    pub fn schedule_at(&self, coordinates: &[f64; N_DIMENSIONS]) -> TightSchedule {
        let [clean, noisy, ..] = *coordinates;
        let curve = (0..N_POINTS - 1).map(|i| {
            let moved = coordinates[2..].iter().zip(&self.shape_basis).map(|(c, b)| c * b[i]);
            self.shape_mean[i] + moved.sum::<f64>()
        });
        let least_step = 0.5 * self.shape_least_step;
        let mut before = 0.0;
        let steps = curve.map(|u| (u - std::mem::replace(&mut before, u)).max(least_step));
        let steps: Vec<f64> = steps.collect();
        let total: f64 = steps.iter().sum();
        let mut risen = 0.0;
        let mut logsnr = vec![clean];
        for step in &steps {
            risen += step;
            logsnr.push(clean + (noisy - clean) * (risen / total));
        }
        logsnr[N_POINTS - 1] = noisy;
        let t = (0..N_POINTS).map(|i| i as f64 / (N_POINTS - 1) as f64).collect();
        TightSchedule { t, logsnr }
    }

    /// A drawer of the schedules of one class.
    ///
    /// # Errors
    ///
    /// If the class is unknown, or the sampler was damaged.
    pub fn drawer(&self, class: &str, seed: u64) -> Result<ScheduleDrawer<'_>, SamplerError> {
        let found = self.classes.iter().enumerate().find(|(_, c)| c.name == class);
        let (index, model) = found.ok_or_else(|| SamplerError::UnknownClass {
            class: class.to_owned(),
            known: match self.classes.as_slice() {
                [all] if all.name.is_empty() => "one model of all images, without classes".to_owned(),
                classes => classes.iter().map(|c| format!("'{}'", c.name)).collect::<Vec<_>>().join(", "),
            },
        })?;
        Ok(ScheduleDrawer { sampler: self, model, rows: model.mixture.drawer()?, index, seed })
    }

    /// Reads the JSON text that a sampler serialises to.
    ///
    /// # Errors
    ///
    /// If it is another format or version, no sampler, or one whose parts do not go together.
    pub fn from_json(text: &str) -> Result<Self, SamplerError> {
        match serde_json::from_str(text) {
            Ok(Versioned { format, version }) if (format.as_str(), version) != (FORMAT, FORMAT_VERSION) => {
                return Err(SamplerError::Format { format, version });
            }
            _ => {}
        }
        let sampler: Self = serde_json::from_str(text).map_err(|e| SamplerError::NoSampler(e.to_string()))?;
        sampler.check_parts()?;
        Ok(sampler)
    }
}

/// The model of the class whose coordinates are `rows`.
fn class_model(name: &str, rows: &[f64], max_components: usize, seed: u64) -> Result<ClassModel, SamplerError> {
    if rows.is_empty() {
        return Err(SamplerError::NoSchedules(format!("class '{name}'")));
    }
    let schedules = || rows.chunks_exact(N_DIMENSIONS);
    let n = schedules().len() as f64;
    let mean = schedules().map(|r| r[0]).sum::<f64>() / n;
    let variance = schedules().map(|r| (r[0] - mean).powi(2)).sum::<f64>() / n;
    Ok(ClassModel {
        name: name.to_owned(),
        n_schedules: schedules().len(),
        logsnr_cleanest: schedules().map(|r| r[0]).fold(f64::NEG_INFINITY, f64::max),
        logsnr_clean_std: variance.sqrt(),
        logsnr_least_span: schedules().map(|r| r[0] - r[1]).fold(f64::INFINITY, f64::min),
        mixture: fit_mixture(rows, N_DIMENSIONS, max_components, seed)?.mixture,
    })
}

/// u at the points after the first; `None` if the schedule does not fall strictly.
fn shape_of(logsnr: &[f64]) -> Option<Vec<f64>> {
    assert_eq!(logsnr.len(), N_POINTS, "a schedule of the modelled length");
    let (clean, noisy) = (logsnr[0], logsnr[N_POINTS - 1]);
    let falls = logsnr.windows(2).all(|w| w[0] > w[1]) && clean.is_finite() && noisy.is_finite();
    falls.then(|| logsnr[1..].iter().map(|l| (clean - l) / (clean - noisy)).collect())
}

/// The smallest step of a curve given by [`shape_of`].
fn least_step(shape: &[f64]) -> f64 {
    let before = std::iter::once(&0.0).chain(shape);
    shape.iter().zip(before).map(|(u, before)| u - before).fold(f64::INFINITY, f64::min)
}

/// Draws the schedules of one class.
pub struct ScheduleDrawer<'a> {
    sampler: &'a ScheduleSampler,
    model: &'a ClassModel,
    rows: super::mixture::MixtureDrawer<'a>,
    index: usize,
    seed: u64,
}

impl ScheduleDrawer<'_> {
    /// Draw `i`: the same for the same sampler, class and seed, whatever else is drawn.
    pub fn draw(&self, i: u64) -> TightSchedule {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(((self.index as u64) << STREAMS_PER_CLASS_LOG2) | i);
        let model = self.model;
        let snap = model.logsnr_cleanest - 4.0 * RIDGE.sqrt() * model.logsnr_clean_std;
        let mut coordinates = [0.0; N_DIMENSIONS];
        for _ in 0..MAX_REDRAWS {
            coordinates.copy_from_slice(&self.rows.draw(&mut random));
            if coordinates[0] >= snap {
                coordinates[0] = model.logsnr_cleanest;
            }
            if coordinates[0] - coordinates[1] >= 0.5 * model.logsnr_least_span {
                return self.sampler.schedule_at(&coordinates);
            }
        }
        // Only a model edited by hand comes here: its mean ends lie the wrong way round.
        coordinates[1] = coordinates[0] - model.logsnr_least_span;
        self.sampler.schedule_at(&coordinates)
    }
}

#[cfg(test)]
mod tests;
