//! Rows of `distance.csv`: families, and the baselines beside them.

use serde::Serialize;

use super::MetricResult;
use crate::analysis::words::finite;
use crate::noise::distance::{mean_image_to_member, mean_image_w2_square};
use crate::noise::{Comparison, DatasetModel, Moments};

/// Row of `distance.csv`: one noise family (or baseline) in one metric.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DistanceRow {
    /// The family; `images` and `mean-image` are baselines.
    pub family: String,
    /// Exponent Δ, for power laws.
    pub delta: Option<f64>,
    /// Standard deviation of the noise's pixels, value.
    pub noise_std: Option<f64>,
    /// Mean Mahalanobis distance of the samples (or images) from the set.
    pub d_mean: Option<f64>,
    /// Its standard deviation over samples.
    pub d_std: Option<f64>,
    /// Root of the expected squared distance, in closed form.
    pub d_rms_expected: Option<f64>,
    /// `d_mean/√D`: 1 for a typical member.
    pub d_normalized: Option<f64>,
    /// Mean distance of the samples from members of the set.
    pub d_to_images_mean: Option<f64>,
    /// 2-Wasserstein distance, value.
    pub w2: Option<f64>,
    /// 2-Wasserstein distance over √D, value: root mean square per dimension.
    pub w2_per_dim: Option<f64>,
    /// `KL(noise ‖ dataset)` per dimension, nats; none where it is infinite.
    pub kl_noise_data_per_dim: Option<f64>,
    /// `KL(dataset ‖ noise)` per dimension, nats; none where it is infinite.
    pub kl_data_noise_per_dim: Option<f64>,
    /// Rank by `KL(dataset ‖ noise)`, 1 the closest.
    pub rank: Option<usize>,
    /// Which Γ: `modes`, `radial` or `power-law`.
    pub metric: &'static str,
    /// Root of the expected squared distance from members, in closed form.
    pub d_to_images_rms_expected: Option<f64>,
    /// How many standard errors the drawn mean square lies from the expected one.
    pub d_standard_errors: Option<f64>,
    /// The same of the distances from members.
    pub d_to_images_standard_errors: Option<f64>,
    /// Whether the expected `d` is below 0.9 of the images' own: smoother than they are.
    pub too_smooth: Option<bool>,
    /// Samples (or images) behind the means.
    pub n_samples: Option<u64>,
}

/// All rows: those of the families, and in the main metric those of the images with the distances `images`.
pub(super) fn rows(results: &[MetricResult], images: Option<Moments>) -> Vec<DistanceRow> {
    let mut rows = Vec::new();
    for (i, MetricResult { model, compared }) in results.iter().enumerate() {
        rows.extend(compared.iter().map(|c| family_row(model, c)));
        let images = images.filter(|_| i == 0);
        rows.extend(images.map(|m| images_row(model, m)));
        rows.push(mean_image_row(model, images));
    }
    rows
}

fn family_row(model: &DatasetModel, c: &Comparison) -> DistanceRow {
    let n = model.n_dimensions();
    let d = &c.divergence;
    DistanceRow {
        delta: c.delta,
        noise_std: Some(c.noise_std),
        d_mean: c.to_mean.map(|m| m.mean),
        d_std: c.to_mean.and_then(|m| m.std),
        d_rms_expected: Some(d.expected_square.sqrt()),
        d_normalized: c.to_mean.map(|m| m.mean / n.sqrt()),
        d_to_images_mean: c.to_member.map(|m| m.mean),
        w2: Some(d.w2_square.max(0.0).sqrt()),
        w2_per_dim: Some((d.w2_square.max(0.0) / n).sqrt()),
        kl_noise_data_per_dim: finite(d.kl_noise_data / n),
        kl_data_noise_per_dim: finite(d.kl_data_noise / n),
        rank: Some(c.rank),
        d_to_images_rms_expected: Some(d.expected_square_to_member.sqrt()),
        d_standard_errors: c.to_mean.and_then(|m| m.standard_errors_from(d.square())),
        d_to_images_standard_errors: c.to_member.and_then(|m| m.standard_errors_from(d.square_to_member())),
        too_smooth: Some(c.is_too_smooth(model)),
        n_samples: c.to_mean.map(|m| m.n_samples as u64),
        ..empty_row(model, &c.name)
    }
}

/// A row without numbers.
fn empty_row(model: &DatasetModel, family: &str) -> DistanceRow {
    DistanceRow { family: family.to_owned(), metric: model.metric.name(), ..DistanceRow::default() }
}

/// The row of the images themselves.
fn images_row(model: &DatasetModel, m: Moments) -> DistanceRow {
    DistanceRow {
        d_mean: Some(m.mean),
        d_std: m.std,
        d_normalized: Some(m.mean / model.n_dimensions().sqrt()),
        n_samples: Some(m.n_samples as u64),
        ..empty_row(model, "images")
    }
}

/// The mean image as if it were noise without any power: at distance zero, and closest to nothing.
fn mean_image_row(model: &DatasetModel, images: Option<Moments>) -> DistanceRow {
    let n = model.n_dimensions();
    let w2 = mean_image_w2_square(model);
    DistanceRow {
        noise_std: Some(0.0),
        d_mean: Some(0.0),
        d_std: Some(0.0),
        d_rms_expected: Some(0.0),
        d_normalized: Some(0.0),
        // An image is as far from the mean image as from the set.
        d_to_images_mean: images.map(|m| m.mean),
        w2: Some(w2.sqrt()),
        w2_per_dim: Some((w2 / n).sqrt()),
        d_to_images_rms_expected: Some(mean_image_to_member(model).sqrt()),
        ..empty_row(model, "mean-image")
    }
}
