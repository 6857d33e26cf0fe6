//! The families against the full covariance of reduced images.

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::Distance;
use crate::analysis::words::finite;
use crate::analysis::{Families, Run};
use crate::noise::field::Role;
use crate::noise::{FullComparison, FullModel, Moments, Noise, NoiseError, SampledNoise};
use crate::pipeline::noise::draw_samples;
use crate::spectrum::Spectrum;

/// Row of `distance_full.csv`: one noise family against the full covariance of reduced images.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FullDistanceRow {
    /// The family; `images` are the set's own.
    pub family: String,
    /// Exponent Δ at the reduced size, for power laws.
    pub delta: Option<f64>,
    /// Standard deviation of the noise's pixels, value.
    pub noise_std: Option<f64>,
    /// Mean Mahalanobis distance of the samples.
    pub d_mean: Option<f64>,
    /// Its standard deviation over samples.
    pub d_std: Option<f64>,
    /// Root of the expected squared distance, in closed form; none for families whose modes are not independent.
    pub d_rms_expected: Option<f64>,
    /// `d_mean/√D`.
    pub d_normalized: Option<f64>,
    /// How many standard errors the drawn mean square lies from the expected one.
    pub d_standard_errors: Option<f64>,
    /// 2-Wasserstein distance over √D, value.
    pub w2_per_dim: Option<f64>,
    /// `KL(noise ‖ dataset)` per dimension, nats; none where it is infinite.
    pub kl_noise_data_per_dim: Option<f64>,
    /// `KL(dataset ‖ noise)` per dimension, nats; none where it is infinite.
    pub kl_data_noise_per_dim: Option<f64>,
    /// Rank by `KL(dataset ‖ noise)`, 1 the closest.
    pub rank: Option<usize>,
}

/// What was found.
#[derive(Debug, Clone)]
pub(super) struct FullOutcome {
    /// The rows of `distance_full.csv`.
    pub rows: Vec<FullDistanceRow>,
    /// Families whose drawn and expected distances do not agree.
    pub disagreeing: Vec<String>,
}

/// Refuses sets that are too small.
pub(super) fn check(spectrum: &Spectrum) -> Result<()> {
    let n = spectrum.n_images();
    ensure!(
        n >= 3,
        "a full covariance needs at least 3 images, and there are {n}; add images, or leave --full-covariance out"
    );
    Ok(())
}

/// The model of the full covariance that `spectrum` holds.
pub(super) fn model(spectrum: &Spectrum, floor: f64) -> Result<FullModel> {
    let reduced =
        spectrum.real_form_covariance()?.context("the full covariance is missing; this is a bug, please report it")?;
    let n_images = usize::try_from(spectrum.n_images()).unwrap_or(usize::MAX);
    Ok(FullModel::new(&reduced, n_images, floor)?)
}

/// Compares `families`, made at the reduced size, with `model`; `images` are the distances of the images themselves.
pub(super) fn compare(
    question: &Distance,
    run: &Run<'_>,
    model: &FullModel,
    families: &Families,
    images: Option<Moments>,
) -> Result<FullOutcome> {
    let setting = question.families.adjust(model.diagonal.setting());
    let noises = families.realise_or(&setting, None, |name, reason| {
        let reason = match reason {
            NoiseError::NotMeasured { .. } => "it was measured at the working size".to_owned(),
            reason => reason.to_string(),
        };
        run.desk.warn(&format!("no {name} against the full covariance: {reason}"));
        Ok(())
    })?;
    let drawn = noises.iter().map(|noise| drawn_squares(question.samples, run, noise, model));
    let compared = model.compare(&noises, &drawn.collect::<Result<Vec<_>>>()?)?;
    let n = model.n_dimensions();
    let mut rows: Vec<FullDistanceRow> = compared.iter().map(|c| row(c, n)).collect();
    rows.extend(images.map(|m| FullDistanceRow {
        d_mean: Some(m.mean),
        d_std: m.std,
        d_normalized: Some(m.mean / n.sqrt()),
        family: "images".to_owned(),
        ..FullDistanceRow::default()
    }));
    let n_compared = compared.len();
    let disagreeing = compared.into_iter().filter(|c| !c.agrees(n_compared)).map(|c| c.name);
    Ok(FullOutcome { rows, disagreeing: disagreeing.collect() })
}

/// Squared distances of `n` samples of `noise`.
fn drawn_squares(n: usize, run: &Run<'_>, noise: &Noise, model: &FullModel) -> Result<Vec<f64>> {
    let sampled = SampledNoise::new(noise.sampler.clone(), run.desk.seed, Role::Trial);
    let finish = |planes: &[f32], square: &mut f64| *square = model.square(planes);
    let mut squares = Vec::with_capacity(n);
    let emit = |_: usize, square: &f64| {
        squares.push(*square);
        Ok(())
    };
    let watch = (run.desk.observer, run.desk.cancel);
    draw_samples(&sampled, n, run.desk.threads, watch, finish, emit)?;
    Ok(squares)
}

/// The row of a family over `n` dimensions.
fn row(c: &FullComparison, n: f64) -> FullDistanceRow {
    let (closed, drawn) = (c.divergence, c.drawn);
    FullDistanceRow {
        family: c.name.clone(),
        delta: c.delta,
        noise_std: Some(c.noise_std),
        d_mean: drawn.map(|m| m.mean),
        d_std: drawn.and_then(|m| m.std),
        d_rms_expected: closed.map(|d| d.expected_square.sqrt()),
        d_normalized: drawn.map(|m| m.mean / n.sqrt()),
        d_standard_errors: c.expected().zip(drawn).and_then(|(expected, m)| m.standard_errors_from(expected)),
        w2_per_dim: closed.map(|d| (d.w2_square.max(0.0) / n).sqrt()),
        kl_noise_data_per_dim: closed.and_then(|d| finite(d.kl_noise_data / n)),
        kl_data_noise_per_dim: closed.and_then(|d| finite(d.kl_data_noise / n)),
        rank: c.rank,
    }
}
