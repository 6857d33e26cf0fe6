//! Spectra and moments derived from the exact sums, in double precision.
//!
//! # Definitions
//!
//! With `n` images, mean image `m` and `M = DFT(m)`: `Γ[k] = (Σ|X[k]|²/n − |M[k]|²) · n/(n−1)` per channel. With
//! `--standardize none` nothing is removed and Γ is the mean power; with `--standardize pixel` the images were centred
//! before their transform, so `M = 0` and only the factor `n/(n−1)` remains. RAPSD statistics are over images, with
//! `n−1` degrees of freedom.
//!
//! # References
//!
//! Cloud Diffusion (arXiv 2507.05496) §2 for Γ; Spectrally-Guided Noise Schedules (arXiv 2603.19222) for the RAPSD.

use rustfft::num_complex::Complex64;

use super::error::SpectrumError;
use super::order_statistics::{position_of_rank, quantile_of_ranks};
use super::plan::{Detail, HISTOGRAM_BINS, HISTOGRAM_BINS_PER_OCTAVE, Reference, Standardize, rapsd_rows};
use super::radial_statistics::RadialStatistics;
use super::saved::{Counts, Spectrum};
use crate::spectral::dft64::orthonormal_dft;

/// Diagonal covariance of a set, per channel.
#[derive(Debug, Clone)]
pub struct ModeCovariance {
    /// Γ of each channel, value² per mode: half-spectra, column by column.
    pub channels: Vec<Vec<f64>>,
    /// Modes whose Γ came out below zero by rounding and were set to zero.
    pub n_clamped: usize,
}

impl ModeCovariance {
    /// The mean over channels, value² per mode.
    pub fn channel_mean(&self) -> Vec<f64> {
        let scale = 1.0 / self.channels.len() as f64;
        let mut mean = vec![0.0; self.channels[0].len()];
        for channel in &self.channels {
            for (m, g) in mean.iter_mut().zip(channel) {
                *m += g * scale;
            }
        }
        mean
    }
}

/// Means over images of the raw (uncentred) products of one channel's transform, one per stored mode.
#[derive(Debug, Clone)]
pub struct ModeMoments {
    /// `E|X|²`.
    pub power: Vec<f64>,
    /// `E X²`.
    pub pseudo_power: Vec<Complex64>,
    /// `E|X|⁴`.
    pub power_square: Vec<f64>,
    /// `E|X|²X`.
    pub power_field: Vec<Complex64>,
    /// `E X`.
    pub field: Vec<Complex64>,
    /// How far the fixed-point grid may have moved the second, third and fourth moments.
    pub grid_error: [f64; 3],
}

/// Which RAPSD is meant: one channel's, or the mean of the channels'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RapsdOf {
    /// The mean over channels.
    ChannelMean,
    /// One channel, by its position.
    Channel(usize),
}

impl Spectrum {
    /// Number of working images.
    pub fn n_images(&self) -> u64 {
        self.counts.n_images
    }

    /// A sum by its name, divided by the number of images; empty if this spectrum does not hold it.
    pub(super) fn mean_of(&self, name: &str) -> Vec<f64> {
        let n = self.counts.n_images as f64;
        let tensor = self.tensors.iter().find(|t| t.spec.name == name);
        tensor.map(|t| t.values().iter().map(|v| v / n).collect()).unwrap_or_default()
    }

    /// The quantum of a sum, in the unit of its contributions; zero if this spectrum does not hold it.
    fn quantum(&self, name: &str) -> f64 {
        let tensor = self.tensors.iter().find(|t| t.spec.name == name);
        tensor.map_or(0.0, |t| f64::from(t.spec.quantum_log2).exp2())
    }

    pub(super) fn n_channels(&self) -> usize {
        self.preprocess.channels.count()
    }

    /// The mean image before any standardisation, value units: one plane of `H·W` values per channel.
    pub fn mean_image(&self) -> Vec<Vec<f64>> {
        let config = self.analysis_config();
        let codes = self.mean_of("pixel_sum");
        let planes = codes.chunks_exact(self.preprocess.size.n_pixels()).enumerate();
        planes
            .map(|(c, plane)| {
                let scale = config.value_per_code(c);
                plane.iter().map(|v| config.middle_value() + scale * v).collect()
            })
            .collect()
    }

    /// What a second pass compares every image with: the mean image and, if asked for, each pixel's standard deviation
    /// (over `n`, as the paper's code has it).
    ///
    /// # Panics
    ///
    /// If deviations are asked for and the squares of pixels were summed up for channels only, as with detail `Power`
    /// and `Full` unless pixels are standardised.
    pub fn reference(&self, with_std: bool) -> Reference {
        let mean = self.mean_of("pixel_sum");
        let inverse_std = with_std.then(|| {
            let square = self.mean_of("pixel_square_sum");
            assert_eq!(square.len(), mean.len(), "squares of every pixel");
            let variances = square.iter().zip(&mean).map(|(s, m)| s - m * m);
            variances.map(|v| if v > 1e-9 { (1.0 / v.sqrt()) as f32 } else { 0.0 }).collect()
        });
        Reference { mean_code: mean.iter().map(|m| *m as f32).collect(), inverse_std }
    }

    /// `M`, the transform of what is removed from every image: one half-spectrum per channel, value units. Zero unless
    /// the mean image is removed after the transform.
    pub fn mean_field(&self) -> Vec<Vec<Complex64>> {
        let size = self.preprocess.size;
        if self.preprocess.standardize != Standardize::Mean {
            return vec![vec![Complex64::default(); self.grid.n_modes()]; self.n_channels()];
        }
        self.windowed_mean_image().iter().map(|plane| orthonormal_dft(size, plane)).collect()
    }

    /// The mean image as it is transformed. A window acts linearly, so that of the mean is the mean of the windowed
    /// images.
    pub(super) fn windowed_mean_image(&self) -> Vec<Vec<f64>> {
        let window = self.preprocess.window.weights(self.preprocess.size);
        let planes = self.mean_image().into_iter().map(|mut plane| {
            if let Some(window) = &window {
                let mean = plane.iter().sum::<f64>() / plane.len() as f64;
                for (x, w) in plane.iter_mut().zip(window) {
                    *x = mean + (*x - mean) * f64::from(*w);
                }
            }
            plane
        });
        planes.collect()
    }

    /// Factor that makes a mean over images of centred squares unbiased: `n/(n−1)`, or 1 when nothing was centred.
    pub(super) fn unbiasing(&self) -> Result<f64, SpectrumError> {
        let n = self.counts.n_images as f64;
        if self.preprocess.standardize == Standardize::None {
            return Ok(1.0);
        }
        if self.counts.n_images < 2 {
            return Err(SpectrumError::TooFewImages { n_images: self.counts.n_images, needed: 2 });
        }
        Ok(n / (n - 1.0))
    }

    /// The diagonal covariance Γ of each channel.
    ///
    /// # Errors
    ///
    /// If there are fewer than two images and means are removed.
    pub fn mode_covariance(&self) -> Result<ModeCovariance, SpectrumError> {
        let unbiasing = self.unbiasing()?;
        let power = self.mean_of("power_sum");
        let mut n_clamped = 0;
        let mut channels = Vec::with_capacity(self.n_channels());
        for (power, field) in power.chunks_exact(self.grid.n_modes()).zip(self.mean_field()) {
            let gamma = power.iter().zip(&field).map(|(p, m)| {
                let gamma = (p - m.norm_sqr()) * unbiasing;
                n_clamped += usize::from(gamma < 0.0);
                gamma.max(0.0)
            });
            channels.push(gamma.collect());
        }
        Ok(ModeCovariance { channels, n_clamped })
    }

    /// The raw moments of one channel's transform; none unless the scan had full detail.
    pub fn raw_moments(&self, channel: usize) -> Option<ModeMoments> {
        if self.detail < Detail::Full {
            return None;
        }
        let n_modes = self.grid.n_modes();
        let part = |name: &str| self.mean_of(name)[channel * n_modes..(channel + 1) * n_modes].to_vec();
        let complex = |re: &str, im: &str| {
            part(re).into_iter().zip(part(im)).map(|(re, im)| Complex64::new(re, im)).collect::<Vec<_>>()
        };
        Some(ModeMoments {
            power: part("power_sum"),
            pseudo_power: complex("pseudo_power_real_sum", "pseudo_power_imag_sum"),
            power_square: part("power_square_sum"),
            power_field: complex("power_field_real_sum", "power_field_imag_sum"),
            field: self.mean_field().swap_remove(channel),
            grid_error: ["power_sum", "power_field_real_sum", "power_square_sum"].map(|name| 0.5 * self.quantum(name)),
        })
    }

    /// Cross-covariance of two channels' transforms, `E[(X_c − M_c)(X_d − M_d)*]` with `c > d`, per stored mode; none
    /// unless cross-channel spectra were summed up.
    ///
    /// # Errors
    ///
    /// If there are fewer than two images and means are removed.
    pub fn cross_covariance(&self, c: usize, d: usize) -> Result<Option<Vec<Complex64>>, SpectrumError> {
        if !self.coherence || c <= d || c >= self.n_channels() {
            return Ok(None);
        }
        let (n_modes, unbiasing) = (self.grid.n_modes(), self.unbiasing()?);
        let start = (c * (c - 1) / 2 + d) * n_modes;
        let (re, im) = (self.mean_of("cross_power_real_sum"), self.mean_of("cross_power_imag_sum"));
        let field = self.mean_field();
        let cross = (0..n_modes).map(|k| {
            let raw = Complex64::new(re[start + k], im[start + k]);
            (raw - field[c][k] * field[d][k].conj()) * unbiasing
        });
        Ok(Some(cross.collect()))
    }

    /// Mean and spread of the RAPSDs as they are (no mean image removed).
    pub fn radial_statistics(&self, of: RapsdOf) -> RadialStatistics {
        let annuli = self.grid.n_annuli();
        let mean = self.row_or_mean(&self.mean_of("rapsd_sum"), of);
        let Counts { n_images, n_files, .. } = self.counts;
        let n = n_images as f64;
        let mut variance = Vec::new();
        if n_images >= 2 {
            let squares = self.mean_of("rapsd_square_sum");
            let squares = &squares[self.row_of(of) * annuli..][..annuli];
            variance = squares.iter().zip(&mean).map(|(square, m)| (square - m * m) * n / (n - 1.0)).collect();
        }
        let mut covariance_of_mean = Vec::new();
        let summed = self.analysis_config().outer_rows();
        if n_files >= 2 && summed.contains(&self.row_of(of)) {
            let pairs = annuli * (annuli + 1) / 2;
            let outer = self.mean_of("rapsd_outer");
            let outer = &outer[(self.row_of(of) - summed.start) * pairs..][..pairs];
            let weighted = self.row_or_mean(&self.mean_of("file_rapsd_sum"), of);
            covariance_of_mean = self.covariance_between_files(outer, &weighted, &mean);
        }
        let least_variance = 4.0 * self.quantum("rapsd_square_sum");
        RadialStatistics { n_images, n_files, mean, variance, covariance_of_mean, least_variance }
    }

    /// Of values by channel and annulus those of one channel, or their mean over channels.
    fn row_or_mean(&self, values: &[f64], of: RapsdOf) -> Vec<f64> {
        let annuli = self.grid.n_annuli();
        match of {
            RapsdOf::Channel(c) => values[c * annuli..(c + 1) * annuli].to_vec(),
            RapsdOf::ChannelMean => {
                let channels = self.n_channels() as f64;
                (0..annuli).map(|j| values.iter().skip(j).step_by(annuli).sum::<f64>() / channels).collect()
            }
        }
    }

    /// Mean RAPSD of the images with the mean image removed: `R̄[j]` less the annulus mean of `|M|²`.
    pub fn centred_rapsd(&self, of: RapsdOf) -> Vec<f64> {
        let mut mean = self.radial_statistics(of).mean;
        let field = self.mean_field();
        let chosen = match of {
            RapsdOf::Channel(c) => &field[c..=c],
            RapsdOf::ChannelMean => &field[..],
        };
        for channel in chosen {
            let power: Vec<f64> = channel.iter().map(|m| m.norm_sqr()).collect();
            for (r, p) in mean.iter_mut().zip(self.grid.radial_mean(&power)) {
                *r -= p / chosen.len() as f64;
            }
        }
        mean.iter_mut().for_each(|r| *r = r.max(0.0));
        mean
    }

    /// Row of the channel (or the channels' mean, last) in the sums and histograms that hold both.
    fn row_of(&self, of: RapsdOf) -> usize {
        match of {
            RapsdOf::Channel(c) => c,
            RapsdOf::ChannelMean => rapsd_rows(self.n_channels()) - 1,
        }
    }

    /// Quantiles over images of the RAPSD in each annulus: for each of `levels` (in `[0, 1]`) one value per annulus.
    ///
    /// Read from logarithmic histograms of 32 bins per octave, so exact to the width of a bin, 2.2 %: memory does not
    /// grow with the number of images, and merged spectra have the quantiles of the union. Between order statistics
    /// they are interpolated linearly.
    pub fn rapsd_quantiles(&self, of: RapsdOf, levels: &[f64]) -> Vec<Vec<f64>> {
        let annuli = self.grid.n_annuli();
        let rows = &self.histogram[self.row_of(of) * annuli * HISTOGRAM_BINS..][..annuli * HISTOGRAM_BINS];
        if self.counts.n_images == 1 {
            // One image is its own quantile, to the last digit.
            return vec![self.radial_statistics(of).mean; levels.len()];
        }
        let lowest = f64::from(self.analysis_config().histogram_lowest_log2());
        let quantile = |row: &[u64], level: f64| {
            let power = |rank: u64| match position_of_rank(row, rank) {
                // The first bin holds what lies below all others.
                Some(position) if position < 1.0 => 0.0,
                Some(position) => (position / f64::from(HISTOGRAM_BINS_PER_OCTAVE) + lowest).exp2(),
                None => f64::NAN,
            };
            quantile_of_ranks(row.iter().sum(), level, power).unwrap_or(f64::NAN)
        };
        let of_annuli = |level: &f64| rows.chunks_exact(HISTOGRAM_BINS).map(|row| quantile(row, *level)).collect();
        levels.iter().map(of_annuli).collect()
    }

    /// Pixel covariance of the channels, averaged over positions: `C×C` row by row, value².
    ///
    /// # Errors
    ///
    /// If there are fewer than two images and means are removed.
    pub fn color_covariance(&self) -> Result<Vec<f64>, SpectrumError> {
        let (channels, unbiasing) = (self.n_channels(), self.unbiasing()?);
        let config = self.analysis_config();
        let n_pixels = self.preprocess.size.n_pixels();
        let outer = self.mean_of("color_outer");
        let mean = self.mean_of("pixel_sum");
        let mut covariance = vec![0.0; channels * channels];
        for c in 0..channels {
            for d in 0..=c {
                let (a, b) = (&mean[c * n_pixels..][..n_pixels], &mean[d * n_pixels..][..n_pixels]);
                let of_mean: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
                let scale = config.value_per_code(c) * config.value_per_code(d) / n_pixels as f64;
                let value = (outer[c * (c + 1) / 2 + d] - of_mean) * scale * unbiasing;
                covariance[c * channels + d] = value;
                covariance[d * channels + c] = value;
            }
        }
        Ok(covariance)
    }

    /// Covariance of the channels' brightness over images, over `n`: `C×C` row by row, value².
    pub fn channel_mean_covariance(&self) -> Vec<f64> {
        let (mean, outer) = (self.channel_means(), self.mean_of("channel_mean_outer"));
        let n = self.n_channels();
        let pair = |c: usize, d: usize| if c >= d { c * (c + 1) / 2 + d } else { d * (d + 1) / 2 + c };
        (0..n * n).map(|i| (i / n, i % n)).map(|(c, d)| outer[pair(c, d)] - mean[c] * mean[d]).collect()
    }

    /// Mean brightness of each channel, value units.
    pub fn channel_means(&self) -> Vec<f64> {
        self.mean_of("channel_mean_sum")
    }
}

/// The symmetric matrix of which `products` are the upper triangle, row by row, less the products of `mean`, each made
/// unbiased.
pub(super) fn centred_products(products: &[f64], mean: &[f64], unbiased: impl Fn(f64) -> f64) -> Vec<f64> {
    let n = mean.len();
    let mut matrix = vec![0.0; n * n];
    let mut products = products.iter();
    for i in 0..n {
        for (j, product) in (i..n).zip(&mut products) {
            let value = unbiased(product - mean[i] * mean[j]);
            matrix[i * n + j] = value;
            matrix[j * n + i] = value;
        }
    }
    matrix
}

#[cfg(test)]
mod tests;
