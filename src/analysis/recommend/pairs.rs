//! Distances between images: the typical one in closed form, the largest over a seeded sample of pairs.

use anyhow::Result;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::analysis::Images;
use crate::pipeline::ImageRow;
use crate::spectral::Channels;
use crate::spectrum::{AnalysisConfig, Spectrum};

/// Most images in the sample.
const MOST_IMAGES: usize = 64;
/// Fewest, where images are large.
const LEAST_IMAGES: usize = 8;
/// Numbers compared over all pairs, about: a second of work.
const MOST_COMPARED: f64 = 2e9;

/// How far images lie from each other, value: roots of sums of squares over pixels and channels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairDistances {
    /// Root of the mean square over all pairs of the kind: `√(2 ΣΓ)`.
    pub typical: f64,
    /// The largest of the sample; none of a saved spectrum.
    pub largest: Option<f64>,
    /// Pairs in the sample.
    pub n_pairs: u64,
}

/// A random sample of the images of a pass, each with the same chance: its file, and its place if it is a tile.
#[derive(Debug)]
pub(super) struct PairSample {
    random: ChaCha8Rng,
    n_seen: usize,
    n_images: usize,
    kept: Vec<(String, Option<(usize, usize)>)>,
}

impl PairSample {
    /// Of images of so many numbers.
    pub(super) fn new(dimensions: usize, seed: u64) -> Self {
        let affordable = (2.0 * MOST_COMPARED / dimensions as f64).sqrt() as usize;
        let n_images = affordable.clamp(LEAST_IMAGES, MOST_IMAGES);
        Self { random: ChaCha8Rng::seed_from_u64(seed), n_seen: 0, n_images, kept: Vec::new() }
    }

    /// Keeps the image, in place of another, or does not (reservoir sampling); rows come in path order.
    pub(super) fn offer(&mut self, row: &ImageRow<'_>) {
        let place = if self.kept.len() < self.n_images {
            self.kept.push((String::new(), None));
            self.kept.len() - 1
        } else {
            self.random.random_range(0..=self.n_seen)
        };
        self.n_seen += 1;
        if let Some(kept) = self.kept.get_mut(place) {
            *kept = (row.key.to_owned(), row.tile_origin);
        }
    }
}

/// The distances of a set; `sample` is read again from `images`, where there are any.
///
/// # Errors
///
/// If the set has no covariance.
pub(super) fn distances(images: Option<&Images>, spectrum: &Spectrum, sample: &PairSample) -> Result<PairDistances> {
    let config = spectrum.analysis_config();
    let covariance = spectrum.color_covariance()?;
    let channels = config.channels.count();
    let total: f64 = covariance.iter().step_by(channels + 1).sum::<f64>() * config.size.n_pixels() as f64;
    let planes: Vec<Vec<f32>> = images
        .map_or(Vec::new(), |images| sample.kept.iter().filter_map(|kept| planes(images, kept, &config)).collect());
    let mut squares = Vec::new();
    for (i, a) in planes.iter().enumerate() {
        squares.extend(planes[..i].iter().map(|b| square(a, b, &config)));
    }
    let largest = squares.iter().copied().reduce(f64::max).map(f64::sqrt);
    Ok(PairDistances { typical: (2.0 * total).sqrt(), largest, n_pairs: squares.len() as u64 })
}

/// The codes of an image, read again; none if its file is gone or was changed.
fn planes(images: &Images, kept: &(String, Option<(usize, usize)>), config: &AnalysisConfig) -> Option<Vec<f32>> {
    let (size, bytes) = images.read_again(&kept.0, kept.1)?;
    if size != config.size {
        return None;
    }
    let mut planes = vec![0.0; size.n_pixels() * config.channels.count()];
    let channels: Channels = config.channels;
    channels.split(bytes.chunks_exact(3 * size.width), size.n_pixels(), &mut planes);
    Some(planes)
}

/// Squared distance of two images, value².
fn square(a: &[f32], b: &[f32], config: &AnalysisConfig) -> f64 {
    let n = config.size.n_pixels();
    let of_channel = |(c, (a, b)): (usize, (&[f32], &[f32]))| {
        let codes: f64 = a.iter().zip(b).map(|(x, y)| f64::from(x - y).powi(2)).sum();
        codes * config.value_per_code(c).powi(2)
    };
    a.chunks_exact(n).zip(b.chunks_exact(n)).enumerate().map(of_channel).sum()
}
