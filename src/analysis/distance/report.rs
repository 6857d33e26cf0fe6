//! What `distance` answers: families closest first, images oddest first.

use serde::Serialize;

use super::full::FullOutcome;
use super::rows::rows;
use super::{Distance, DistanceImagesRow, DistanceRow, FullDistanceRow, ImageDistances, MetricResult};
use crate::analysis::{About, Headline, Outputs, Report, Run};
use crate::noise::distance::ChanceLevel;
use crate::noise::{Comparison, Metric, Moments};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::spectrum::Spectrum;
use crate::stats::jackknife::Interval;

/// Images named in the summary.
const N_NAMED: usize = 3;

/// The family that is the images' own spectrum.
const MATCHED: &str = "matched";

/// Distances of noise families, and of single images, from a set.
#[derive(Debug, Clone, Serialize)]
pub struct DistanceReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Seed of the samples.
    pub seed: u64,
    /// The main metric of the families.
    pub metric: Metric,
    /// The metric of single images.
    pub image_metric: Metric,
    /// Unit vectors over the channels along which distances are taken; none for the channels themselves.
    pub color_axes: Option<Vec<Vec<f64>>>,
    /// D: real dimensions of an image.
    pub n_dimensions: f64,
    /// Modes whose Γ is held at the power of 8-bit rounding.
    pub n_floored_modes: usize,
    /// What of the set each image is held against.
    pub images_judged_by: &'static str,
    /// KL(dataset ‖ noise) per dimension that chance alone makes, nats.
    pub kl_per_dim_by_chance: ChanceLevel,
    /// The closest family by `KL(dataset ‖ noise)`; none if all are infinitely far.
    pub closest: Option<String>,
    /// Whether all drawn distances agree with their closed forms.
    pub drawn_agrees: bool,
    /// Families and baselines in every metric.
    pub distances: Vec<DistanceRow>,
    /// Families against the full covariance of reduced images, where it was asked for.
    pub full_covariance: Option<Vec<FullDistanceRow>>,
    /// The oddest images; none of a saved spectrum.
    pub farthest_images: Option<Vec<DistanceImagesRow>>,
    /// All images, oddest first.
    #[serde(skip)]
    pub images: Option<ImageDistances>,
    /// The question, as far as the summary repeats it.
    #[serde(skip)]
    pub(super) question: Distance,
    /// A result for each metric; the first is the main one.
    #[serde(skip)]
    pub(super) results: Vec<MetricResult>,
    /// Families whose distances from the full covariance do not agree with their closed forms.
    #[serde(skip)]
    pub(super) full_disagreeing: Vec<String>,
    /// Drawn means that are compared with closed forms.
    #[serde(skip)]
    pub(super) n_compared: usize,
    /// Whether there were single images to be measured.
    #[serde(skip)]
    pub(super) has_images: bool,
    /// Whether images were judged by the half they are not in.
    #[serde(skip)]
    pub(super) is_held_out: bool,
}

impl DistanceReport {
    pub(super) fn new(
        question: &Distance,
        run: &Run<'_>,
        spectrum: &Spectrum,
        results: Vec<MetricResult>,
        images: Option<ImageDistances>,
        full: Option<FullOutcome>,
        is_held_out: bool,
    ) -> Self {
        let (full_covariance, disagreeing) = full.map(|full| (full.rows, full.disagreeing)).unzip();
        let full_disagreeing: Vec<String> = disagreeing.unwrap_or_default();
        let MetricResult { model, compared } = &results[0];
        let n_compared = 2 * results.iter().map(|r| r.compared.len()).sum::<usize>();
        let all_agree = results.iter().flat_map(|r| &r.compared).all(|c| c.agrees(n_compared));
        Self {
            about: About::of(spectrum),
            seed: run.desk.seed,
            metric: model.metric,
            image_metric: question.image_metric,
            color_axes: model.color.as_ref().map(|c| c.axes.clone()),
            n_dimensions: model.n_dimensions(),
            n_floored_modes: model.n_floored(),
            images_judged_by: if is_held_out { "the other half" } else { "all others" },
            kl_per_dim_by_chance: ChanceLevel::of(model),
            closest: compared.first().filter(|c| c.divergence.kl_data_noise.is_finite()).map(|c| c.name.clone()),
            drawn_agrees: all_agree && full_disagreeing.is_empty(),
            distances: rows(&results, images.as_ref().and_then(|images| images.baseline)),
            full_covariance,
            farthest_images: images.as_ref().map(|images| images.rows.iter().take(N_NAMED).cloned().collect()),
            images,
            question: question.clone(),
            results,
            full_disagreeing,
            n_compared,
            has_images: run.source.images().is_some(),
            is_held_out,
        }
    }

    /// Families in the main metric.
    pub(super) fn main(&self) -> &MetricResult {
        &self.results[0]
    }

    /// Distances of the images, in the main metric.
    pub(super) fn image_moments(&self) -> Option<Moments> {
        self.images.as_ref()?.baseline
    }

    pub(super) fn images_name(&self) -> &'static str {
        if self.is_held_out { "images (other half)" } else { "images (all others)" }
    }

    /// The closest family; after the images' own spectrum, where that is closest, the next one. Whether it is such a
    /// next one. None if all are infinitely far.
    pub(super) fn closest_family(&self) -> Option<(&Comparison, bool)> {
        let is_finite = |(c, _): &(&Comparison, bool)| c.divergence.kl_data_noise.is_finite();
        let closest = match self.main().compared.as_slice() {
            [first, next, ..] if first.name == MATCHED => Some((next, true)),
            compared => compared.first().map(|first| (first, false)),
        };
        closest.filter(is_finite)
    }
}

impl Report for DistanceReport {
    const OUTPUTS: Outputs = Outputs {
        files: &["distance.csv", "distance_images.csv", "distance_full.csv"],
        plots: &["distance", "farthest"],
    };

    fn headline(&self) -> Option<Headline> {
        let (closest, _) = self.closest_family()?;
        let value = Interval::unknown(closest.divergence.kl_data_noise / self.n_dimensions);
        Some(Headline { number: format!("kl_data_noise_per_dim of {}", closest.name), value })
    }

    fn lines(&self) -> Vec<String> {
        self.summary()
    }

    fn details(&self) -> Vec<String> {
        self.rests_on()
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let images = self.images.iter().map(|images| Content::table("distance_images.csv", &images.rows));
        let full = self.full_covariance.iter().map(|rows| Content::table("distance_full.csv", rows));
        std::iter::once(Content::table("distance.csv", &self.distances)).chain(images).chain(full).collect()
    }

    fn figures(&self) -> Vec<Plot> {
        // Latents are no pictures.
        let pictures = self.images.iter().filter(|_| !self.about.are_latents());
        let farthest = pictures.map(|images| Plot::new("farthest", self.farthest_figure(images)).png_only());
        std::iter::once(Plot::new("distance", self.distance_figure())).chain(farthest).collect()
    }
}
