//! `distance`: which noise is closest to the images, by how much, and which images are far from all others.

mod figures;
mod full;
mod images;
mod report;
mod rows;
mod summary;

use anyhow::{Result, ensure};

use super::source::rounding_power_of;
use super::{Analysis, Families, FamilyOptions, Measured, Needs, Run, Scanned, Source};
use crate::noise::metric::MODES_FROM_IMAGES;
use crate::noise::{
    AxesOf, Comparison, DatasetModel, FullModel, Metric, ModelOptions, Moments, NoiseError, compare, parse_family,
    realise,
};
use crate::pipeline::noise::{Draws, sample_distances};
use crate::pipeline::observer::Silent;
use crate::pipeline::{Halves, NoRows, Observer};
use crate::spectrum::{Spectrum, Standardize};

pub use full::FullDistanceRow;
pub use images::{DistanceImagesRow, ImageDistances};
pub use report::DistanceReport;
pub use rows::DistanceRow;

/// Number of images from which each is measured against the other half of the set; each half needs enough for Γ of
/// single modes.
const HALVES_FROM_IMAGES: u64 = 200;

/// What is compared with the images, and how.
#[derive(Debug, Clone)]
pub struct Distance {
    /// Which Γ families are compared in, the main one first; none for what the number of images allows.
    pub metrics: Vec<Metric>,
    /// Γ used to measure single images.
    pub image_metric: Metric,
    /// Number of samples drawn from each family, two or more.
    pub samples: usize,
    /// Longest side of the reduced images whose full covariance families are compared with, pixels.
    pub full_covariance: Option<usize>,
    /// Whether the oddest images are drawn.
    pub has_pictures: bool,
    /// The families.
    pub families: FamilyOptions,
}

/// Families in one metric.
#[derive(Debug, Clone)]
struct MetricResult {
    model: DatasetModel,
    /// Closest first.
    compared: Vec<Comparison>,
}

impl Distance {
    /// The full covariance of the whole and of each half, if it was asked for.
    fn full_models(&self, spectrum: &Spectrum, halves: Option<&Halves>, floor: f64) -> Result<Vec<FullModel>> {
        let spectra = std::iter::once(spectrum).chain(halves.iter().flat_map(|halves| &halves.spectra));
        self.full_covariance.map_or(Ok(Vec::new()), |_| spectra.map(|s| full::model(s, floor)).collect())
    }

    /// Every family in every metric.
    fn compare_families(
        &self,
        run: &Run<'_>,
        spectrum: &Spectrum,
        floor: f64,
        families: &Families,
        measured: &Measured,
    ) -> Result<Vec<MetricResult>> {
        let metrics: Vec<Option<Metric>> =
            if self.metrics.is_empty() { vec![None] } else { self.metrics.iter().copied().map(Some).collect() };
        let draws = Draws { n: self.samples, seed: run.desk.seed, threads: run.desk.threads };
        let mut results = Vec::with_capacity(metrics.len());
        for metric in metrics {
            let axes = AxesOf::colors_if(self.families.color);
            let model = DatasetModel::new(spectrum, ModelOptions { metric, axes, rounding_power: floor })?;
            // A family that does not exist is reported once, not in every metric.
            let observer: &dyn Observer = if results.is_empty() { run.desk.observer } else { &Silent };
            let noises = families.realise(&self.families.adjust(model.setting()), measured, observer)?;
            let members = realise(&*parse_family("matched")?, &model.setting())?;
            let squares = sample_distances(&model, &members, &noises, draws, run.desk.observer, run.desk.cancel)?;
            let drawn: Vec<_> = squares.iter().map(|s| (Moments::of(&s.to_mean), Moments::of(&s.to_member))).collect();
            let compared = compare(&model, &noises, &drawn)?;
            results.push(MetricResult { model, compared });
        }
        Ok(results)
    }
}

impl Analysis for Distance {
    type Rows = NoRows;
    type Report = DistanceReport;

    fn needs(&self) -> Needs {
        let own = Needs {
            moments: self.full_covariance.is_some(),
            diagonality_side: self.full_covariance,
            second_pass: true,
            ..Needs::default()
        };
        own.and(self.families.needs())
    }

    fn check(&self, source: &Source) -> Result<()> {
        self.families.parse(true)?;
        ensure!(source.preprocess().standardize != Standardize::None, NoiseError::MeanNotRemoved);
        self.families.check(source)?;
        if let (Some(spectrum), Some(side)) = (source.saved(), self.full_covariance) {
            ensure!(
                spectrum.analysis_config().diagonality_side == Some(side),
                "--full-covariance {side} needs a spectrum with the full covariance at {side} pixels; \
                 scan the images with --diagonality {side}"
            );
        }
        for (i, metric) in self.metrics.iter().enumerate() {
            ensure!(!self.metrics[..i].contains(metric), "--metric {metric} was given twice; leave one out");
        }
        Ok(())
    }

    fn rows(&self, _: &Run<'_>) -> Result<NoRows> {
        Ok(NoRows)
    }

    fn pass(&self, run: &Run<'_>, _: &mut NoRows) -> Result<Scanned> {
        run.scan_halves()
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, _: NoRows) -> Result<DistanceReport> {
        let spectrum = &scanned.spectrum;
        if self.full_covariance.is_some() {
            full::check(spectrum)?;
        }
        let floor = rounding_floor(spectrum)?;
        let families = self.families.parse(true)?;
        let measured = families.measure_folders(&run.desk, spectrum.preprocess())?;
        let results = self.compare_families(run, spectrum, floor, &families, &measured)?;
        let halves = scanned.halves.as_deref().filter(|halves| are_large(spectrum, halves));
        let full_models = self.full_models(spectrum, halves, floor)?;
        // Images are judged by the models after the first, that of the whole, where there are any.
        let judges = if full_models.len() > 1 { &full_models[1..] } else { &full_models[..] };
        let images = images::measure(self, run, scanned, halves, &results[0].model, judges)?;
        let of_images = images.as_ref().and_then(|images| images.full_baseline);
        let full =
            full_models.first().map(|model| full::compare(self, run, model, &families, of_images)).transpose()?;
        Ok(DistanceReport::new(self, run, spectrum, results, images, full, halves.is_some()))
    }
}

/// Whether each half holds enough images to judge those of the other.
fn are_large(whole: &Spectrum, halves: &Halves) -> bool {
    let is_large = |s: &Spectrum| s.n_images() as usize >= MODES_FROM_IMAGES;
    whole.n_images() >= HALVES_FROM_IMAGES && halves.spectra.iter().all(is_large)
}

/// The power of rounding per mode in the units of `spectrum`.
fn rounding_floor(spectrum: &Spectrum) -> Result<f64> {
    let power = rounding_power_of(spectrum.preprocess());
    if spectrum.preprocess().standardize != Standardize::Pixel {
        return Ok(power);
    }
    // Standardised pixels are in units of their own standard deviation; its mean over all pixels is used.
    let covariance = spectrum.color_covariance()?;
    let channels = spectrum.preprocess().channels.count();
    let variance = covariance.iter().step_by(channels + 1).sum::<f64>() / channels as f64;
    Ok(if variance > 0.0 { power / variance } else { power })
}
