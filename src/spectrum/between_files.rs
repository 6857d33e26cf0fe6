//! How much a mean over images varies between the files that they come from, and the vector of each image whose mean
//! and spread every spectrum holds.
//!
//! # Definition
//!
//! With file `c` holding `m_c` images whose vectors add up to `s_c`, `n = Σ m_c` images in `G` files, `v̄ = Σ s_c / n`:
//! `cov(v̄) = G/(G−1) · Σ_c (s_c − m_c v̄)(s_c − m_c v̄)ᵀ / n²`. Tiles of one photograph are no independent images, so
//! the unit of sampling is the file.

use super::order_statistics::position_of_rank;
use super::plan::{Detail, EXTREME_BINS, EXTREME_BINS_PER_OCTAVE};
use super::saved::Spectrum;
use super::set_vector::SetVector;

/// Which of an image's bands, of all annuli but the brightness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// The strongest one.
    Largest,
    /// The weakest one.
    Smallest,
}

/// Counts of images by the power of their strongest or weakest band, in 128 bins per octave: powers read from it are
/// exact to 0.3 %.
#[derive(Debug, Clone, Copy)]
pub struct PowerHistogram<'a> {
    counts: &'a [u64],
    lowest_log2: i32,
}

impl PowerHistogram<'_> {
    /// The order statistic of `rank` (0 the least), value² per mode, the powers of a bin spread evenly over it; zero
    /// for what lies below all bins but the first. None beyond the last image.
    pub fn order_statistic(&self, rank: u64) -> Option<f64> {
        let position = position_of_rank(self.counts, rank)?;
        Some(if position < 1.0 { 0.0 } else { self.power_at(position) })
    }

    /// Images whose power is at most `power`, to the bin it lies in.
    pub fn n_at_most(&self, power: f64) -> u64 {
        let below = self.counts.iter().enumerate().take_while(|(bin, _)| self.power_at(*bin as f64 + 0.5) <= power);
        // The first bin holds everything down to zero.
        if power < 0.0 { 0 } else { below.map(|(_, n)| n).sum::<u64>() }
    }

    /// The bins in use: the power in the middle of each (zero of the first), and its images.
    pub fn bins(&self) -> impl Iterator<Item = (f64, u64)> {
        let power = |bin: usize| if bin == 0 { 0.0 } else { self.power_at(bin as f64 + 0.5) };
        self.counts.iter().enumerate().filter(|(_, n)| **n > 0).map(move |(bin, n)| (power(bin), *n))
    }

    fn power_at(&self, position: f64) -> f64 {
        (position / f64::from(EXTREME_BINS_PER_OCTAVE) + f64::from(self.lowest_log2)).exp2()
    }
}

impl Spectrum {
    /// Mean and spread of the images' vectors; none with less detail than `power`.
    pub fn set_vector(&self) -> Option<SetVector> {
        if self.detail < Detail::Power {
            return None;
        }
        let config = self.analysis_config();
        let (bands, n_channels) = (config.octave_bands(), self.n_channels());
        let raw = self.mean_of("vector_sum");
        let unit = f64::from(config.value_unit_log2()).exp2();
        let unit_of = |i: usize| match i.checked_sub(bands.len()) {
            None => 1.0,
            Some(i) if (n_channels..2 * n_channels).contains(&i) => unit,
            Some(_) => unit * unit,
        };
        let mut covariance_of_mean = Vec::new();
        if self.counts.n_files >= 2 {
            let (outer, weighted) = (self.mean_of("vector_outer"), self.mean_of("file_vector_sum"));
            covariance_of_mean = self.covariance_between_files(&outer, &weighted, &raw);
            for (i, row) in covariance_of_mean.chunks_exact_mut(raw.len()).enumerate() {
                row.iter_mut().enumerate().for_each(|(j, value)| *value *= unit_of(i) * unit_of(j));
            }
        }
        let mean = raw.iter().enumerate().map(|(i, value)| value * unit_of(i)).collect();
        let (n_images, n_files) = (self.counts.n_images, self.counts.n_files);
        Some(SetVector { n_images, n_files, bands, n_channels, mean, covariance_of_mean })
    }

    /// The images counted by the power of their strongest or weakest band; none with less detail than `power`.
    pub fn extreme_powers(&self, which: Extreme) -> Option<PowerHistogram<'_>> {
        let config = self.analysis_config();
        let (_, extremes) = self.histogram.split_at_checked(config.rapsd_histogram_length())?;
        let (largest, smallest) = extremes.split_at_checked(EXTREME_BINS)?;
        let counts = if which == Extreme::Largest { largest } else { smallest };
        Some(PowerHistogram { counts, lowest_log2: config.histogram_lowest_log2() })
    }

    /// Covariance between files of a mean over images, row by row, from the means over images of the packed
    /// `Σ_c s_c s_cᵀ` and of `Σ_c m_c s_c`; two files or more.
    pub(super) fn covariance_between_files(&self, outer: &[f64], weighted: &[f64], mean: &[f64]) -> Vec<f64> {
        let (n, files) = (self.counts.n_images as f64, self.counts.n_files as f64);
        let sizes = self.mean_of("file_size_square_sum")[0];
        // Of the sums over files all are means over images here: one n of the n² is in them.
        let scale = files / (files - 1.0) / n;
        let length = mean.len();
        let mut covariance = vec![0.0; length * length];
        let mut products = outer.iter();
        for i in 0..length {
            for (j, product) in (i..length).zip(&mut products) {
                let cross = weighted[i] * mean[j] + mean[i] * weighted[j];
                let value = (product - cross + sizes * mean[i] * mean[j]) * scale;
                covariance[i * length + j] = value;
                covariance[j * length + i] = value;
            }
        }
        covariance
    }
}

/// The quadratic form of a covariance (row by row) along `gradient`, zero where rounding makes it less, NaN where it is
/// not a number; none of none.
pub(super) fn variance_along(covariance: &[f64], gradient: &[f64]) -> Option<f64> {
    if covariance.is_empty() {
        return None;
    }
    let rows = covariance.chunks_exact(gradient.len()).zip(gradient).filter(|(_, g)| **g != 0.0);
    let sum: f64 = rows.map(|(row, g)| g * row.iter().zip(gradient).map(|(v, other)| v * other).sum::<f64>()).sum();
    Some(if sum < 0.0 { 0.0 } else { sum })
}

#[cfg(test)]
mod tests;
