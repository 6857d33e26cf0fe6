//! Sums over a small vector of each image, added up by files: ln power of its octave bands, mean square and mean of its
//! channels, the square of these ([`crate::spectrum::SetVector`]); and counts of its strongest and weakest band.

use std::ops::Range;

use super::lanes::Lanes;
use super::outer::{histogram_bin, upper_triangle};
use super::summary::ImageSummary;
use crate::spectrum::SetVector;
use crate::spectrum::plan::{AnalysisPlan, EXTREME_BINS, EXTREME_BINS_PER_OCTAVE, at};

/// Scratch for one image's vector, and the sums over the images of the file at hand.
#[derive(Debug)]
pub(super) struct VectorSums {
    bands: Vec<Range<usize>>,
    vector: Vec<f64>,
    of_file: Vec<f64>,
    products: Vec<f64>,
}

impl VectorSums {
    pub(super) fn new(plan: &AnalysisPlan) -> Self {
        let length = plan.config.vector_length();
        Self {
            bands: plan.config.octave_bands(),
            vector: vec![0.0; length],
            of_file: vec![0.0; length],
            products: vec![0.0; length * (length + 1) / 2],
        }
    }

    /// Adds the image in `summary` to the sums of its file, and counts its strongest and weakest band.
    pub(super) fn add(&mut self, plan: &AnalysisPlan, summary: &ImageSummary, lanes: &mut Lanes) {
        let config = &plan.config;
        SetVector::write_image(&self.bands, config.least_band_power(), summary, &mut self.vector);
        // Exact sums are of numbers around 1.
        let unit = f64::from(config.value_unit_log2()).exp2();
        let (first, n_channels) = (self.bands.len(), config.channels.count());
        for (i, value) in self.vector[first..].iter_mut().enumerate() {
            *value /= if (n_channels..2 * n_channels).contains(&i) { unit } else { unit * unit };
        }
        for (sum, value) in self.of_file.iter_mut().zip(&self.vector) {
            *sum += value;
        }
        lanes.add(at::VECTOR_SUM, 0, &self.vector);
        let bands = || summary.rapsd.iter().skip(1).copied();
        // A single pixel has no band, and so no power in any.
        let extremes = [bands().fold(0.0, f64::max), bands().reduce(f64::min).unwrap_or(0.0)];
        let (first, lowest) = (config.rapsd_histogram_length(), config.histogram_lowest_log2());
        for (row, power) in extremes.into_iter().enumerate() {
            lanes.count(first + row * EXTREME_BINS + histogram_bin(power, lowest, EXTREME_BINS_PER_OCTAVE));
        }
    }

    /// Adds what the `n` images of one file have in common to the sums over files.
    pub(super) fn end_file(&mut self, n: u32, lanes: &mut Lanes) {
        upper_triangle(&self.of_file, &mut self.products);
        lanes.add(at::VECTOR_OUTER, 0, &self.products);
        self.of_file.iter_mut().for_each(|sum| *sum *= f64::from(n));
        lanes.add(at::FILE_VECTOR_SUM, 0, &self.of_file);
        self.of_file.fill(0.0);
    }
}
