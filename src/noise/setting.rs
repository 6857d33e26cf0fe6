//! Where a noise family is made real: the size, the axes and the pixel variance, and the dataset it may follow.

use super::error::NoiseError;
use super::law::ZeroFrequency;
use super::model::DatasetModel;
use crate::spectral::Grid;

/// Where a family is to be realised.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Frequencies of the images.
    pub grid: &'a Grid,
    /// Axes of a pixel: channels, or colour axes.
    pub n_axes: usize,
    /// The dataset, if there is one.
    pub dataset: Option<&'a DatasetModel>,
    /// Γ of the family's folder, one half-spectrum per axis, if it has one.
    pub measured: Option<&'a [Vec<f64>]>,
    /// What the zero frequency of power-law noise gets.
    pub zero_frequency: ZeroFrequency,
    /// Mean pixel variance of the noise, value².
    pub pixel_variance: f64,
}

impl<'a> Setting<'a> {
    /// No dataset, `n_axes` axes of unit pixel variance.
    pub fn free(grid: &'a Grid, n_axes: usize) -> Self {
        let zero_frequency = ZeroFrequency::default();
        Self { grid, n_axes, dataset: None, measured: None, zero_frequency, pixel_variance: 1.0 }
    }
}

impl Setting<'_> {
    /// The dataset, for a family called `name` that follows it.
    ///
    /// # Errors
    ///
    /// [`NoiseError::NeedsDataset`] if there is none.
    pub fn dataset_of(&self, name: &str) -> Result<&DatasetModel, NoiseError> {
        self.dataset.ok_or_else(|| NoiseError::NeedsDataset { name: name.to_owned() })
    }
}

impl DatasetModel {
    /// The setting in which families are compared with this dataset: its size, its axes, its pixel variance.
    pub fn setting(&self) -> Setting<'_> {
        Setting {
            grid: &self.grid,
            n_axes: self.gamma.len(),
            dataset: Some(self),
            measured: None,
            zero_frequency: ZeroFrequency::default(),
            pixel_variance: self.pixel_variance,
        }
    }
}
