//! The small vector of each image whose mean and spread between files every spectrum holds.

use std::ops::Range;

use super::analyzer::ImageSummary;
use super::between_files::variance_along;
use super::plan::AnalysisConfig;

/// Mean and spread of a small vector of each image: ln of its power in every octave band (the mean over the band's
/// annuli of ln R, R the mean of the channels' RAPSDs), then the mean square of each channel (value², around zero),
/// then the mean of each channel (value), last the mean over channels of the square of that (value²).
///
/// R is held at a hundredth of the 8-bit rounding power, so that images without power count with a number.
#[derive(Debug, Clone, PartialEq)]
pub struct SetVector {
    /// Images.
    pub n_images: u64,
    /// Files they come from: the unit of sampling.
    pub n_files: u64,
    /// Annuli of each octave band.
    pub bands: Vec<Range<usize>>,
    /// Channels.
    pub n_channels: usize,
    /// Mean over images: bands, mean squares, means, squared brightness.
    pub mean: Vec<f64>,
    /// Covariance of that mean between files, row by row; empty for fewer than two files.
    pub covariance_of_mean: Vec<f64>,
}

impl SetVector {
    /// That of no images yet, analysed as `config` says.
    pub fn empty(config: &AnalysisConfig) -> Self {
        Self {
            n_images: 0,
            n_files: 0,
            bands: config.octave_bands(),
            n_channels: config.channels.count(),
            mean: Vec::new(),
            covariance_of_mean: Vec::new(),
        }
    }

    /// The mean of these vectors, one for each file, and its covariance.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn over_files(&self, vectors: &[Vec<f64>]) -> Self {
        let (n, length) = (vectors.len() as f64, vectors[0].len());
        let mean: Vec<f64> = (0..length).map(|i| vectors.iter().map(|v| v[i]).sum::<f64>() / n).collect();
        let mut covariance_of_mean = Vec::new();
        if vectors.len() >= 2 {
            covariance_of_mean = vec![0.0; length * length];
            for vector in vectors {
                for i in 0..length {
                    for j in 0..length {
                        covariance_of_mean[i * length + j] += (vector[i] - mean[i]) * (vector[j] - mean[j]);
                    }
                }
            }
            covariance_of_mean.iter_mut().for_each(|c| *c /= (n - 1.0) * n);
        }
        let n_files = vectors.len() as u64;
        Self { n_images: n_files, n_files, mean, covariance_of_mean, ..self.clone() }
    }

    /// Writes the vector of one image, whose bands have at least `least_power` (value² per mode).
    ///
    /// # Panics
    ///
    /// If `vector` is not as long as bands, twice the channels and one.
    pub fn write_image(bands: &[Range<usize>], least_power: f64, image: &ImageSummary, vector: &mut [f64]) {
        let n_channels = image.channel_mean.len();
        assert_eq!(vector.len(), bands.len() + 2 * n_channels + 1, "one number for each of the vector");
        let (logarithms, values) = vector.split_at_mut(bands.len());
        for (mean, band) in logarithms.iter_mut().zip(bands) {
            let powers = &image.rapsd[band.clone()];
            *mean = powers.iter().map(|power| power.max(least_power).ln()).sum::<f64>() / powers.len() as f64;
        }
        values[..n_channels].copy_from_slice(&image.channel_mean_square);
        values[n_channels..2 * n_channels].copy_from_slice(&image.channel_mean);
        values[2 * n_channels] = image.channel_mean.iter().map(|m| m * m).sum::<f64>() / n_channels as f64;
    }

    /// Positions of the channels' mean squares.
    pub fn mean_squares(&self) -> Range<usize> {
        let start = self.bands.len();
        start..start + self.n_channels
    }

    /// Positions of the channels' means.
    pub fn means(&self) -> Range<usize> {
        let start = self.bands.len() + self.n_channels;
        start..start + self.n_channels
    }

    /// Position of the mean over channels of the channels' squared means.
    pub fn squared_brightness(&self) -> usize {
        self.mean.len() - 1
    }

    /// Variance between files of an estimate that follows the mean as `Σ_i gradient_i δv_i`; none for fewer than two
    /// files.
    ///
    /// # Panics
    ///
    /// If `gradient` is not as long as the vector.
    pub fn variance_of(&self, gradient: &[f64]) -> Option<f64> {
        assert_eq!(gradient.len(), self.mean.len(), "one value for each number of the vector");
        variance_along(&self.covariance_of_mean, gradient)
    }
}
