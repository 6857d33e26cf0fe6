//! Rows of `distance.csv`: families, and the baselines beside them.

use crate::noise::distance::{mean_image_to_member, mean_image_w2_square};
use crate::noise::{Comparison, DatasetModel, Moments, TOO_SMOOTH};
use crate::report::noise_tables::DistanceRow;

/// Root mean square of `d/√D` of the set's members: 1, unless Γ is held at the floor somewhere.
pub fn typical(model: &DatasetModel) -> f64 {
    (mean_image_to_member(model) / model.n_dimensions()).sqrt()
}

/// Whether noise is smoother than the images.
pub fn is_too_smooth(model: &DatasetModel, c: &Comparison) -> bool {
    c.expected_normalized(model.n_dimensions()) < TOO_SMOOTH * typical(model)
}

/// The row of a family.
pub fn family_row(model: &DatasetModel, c: &Comparison) -> DistanceRow {
    let n = model.n_dimensions();
    let d = &c.divergence;
    DistanceRow {
        family: c.name.clone(),
        delta: c.delta,
        noise_std: Some(c.noise_std),
        d_mean: c.to_mean.map(|m| m.mean),
        d_std: c.to_mean.and_then(|m| m.std),
        d_rms_expected: Some(d.expected_square.sqrt()),
        d_normalized: c.to_mean.map(|m| m.mean / n.sqrt()),
        d_to_images_mean: c.to_member.map(|m| m.mean),
        w2: Some(d.w2_square.max(0.0).sqrt()),
        w2_per_dim: Some((d.w2_square.max(0.0) / n).sqrt()),
        kl_noise_data_per_dim: Some(d.kl_noise_data / n),
        kl_data_noise_per_dim: Some(d.kl_data_noise / n),
        rank: Some(c.rank),
        metric: model.metric.name(),
        d_to_images_rms_expected: Some(d.expected_square_to_member.sqrt()),
        d_standard_errors: c.to_mean.and_then(|m| m.standard_errors_from(d.expected_square)),
        d_to_images_standard_errors: c.to_member.and_then(|m| m.standard_errors_from(d.expected_square_to_member)),
        too_smooth: Some(is_too_smooth(model, c)),
        n_samples: c.to_mean.map(|m| m.n_samples as u64),
    }
}

/// A row without numbers.
fn empty_row(model: &DatasetModel, family: &str) -> DistanceRow {
    DistanceRow { family: family.to_owned(), metric: model.metric.name(), ..DistanceRow::default() }
}

/// The row of the images themselves.
pub fn images_row(model: &DatasetModel, m: Moments) -> DistanceRow {
    DistanceRow {
        d_mean: Some(m.mean),
        d_std: m.std,
        d_normalized: Some(m.mean / model.n_dimensions().sqrt()),
        n_samples: Some(m.n_samples as u64),
        ..empty_row(model, "images")
    }
}

/// The mean image as if it were noise without any power: at distance zero, and closest to nothing.
pub fn mean_image_row(model: &DatasetModel, images: Option<Moments>) -> DistanceRow {
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
