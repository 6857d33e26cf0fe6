//! The dataset as distances see it: the Gaussian `Q = N(M, diag Γ)` over the modes of every channel or colour axis.
//!
//! # Conventions
//!
//! Where Γ divides, it is floored at the power of 8-bit rounding: below it a mode holds nothing of the images.

use rustfft::num_complex::Complex64;

use super::error::NoiseError;
use super::law::fit_law;
use super::metric::Metric;
use super::power::{full_sum, pixel_variance};
use crate::spectral::{Grid, RealForm};
use crate::spectrum::{ReducedCovariance, Spectrum, Standardize};
use crate::stats::power_law::{FitError, PowerLawFit};
use crate::stats::spectrum_covariance::{SpectrumCovarianceError, color_covariance};

/// What a model is built for.
#[derive(Debug, Clone)]
pub struct ModelOptions {
    /// Which Γ; none for the default of families.
    pub metric: Option<Metric>,
    /// Which axes a pixel has.
    pub axes: AxesOf,
    /// Power of 8-bit rounding per mode, value².
    pub rounding_power: f64,
}

/// Which axes a pixel has.
#[derive(Debug, Clone)]
pub enum AxesOf {
    /// The channels.
    Channels,
    /// The eigenvectors of the set's own colour covariance.
    Colors,
    /// The given axes, those of another set; none: the channels.
    Given(Option<ColorAxes>),
}

impl AxesOf {
    /// Colours if asked for.
    pub fn colors_if(color: bool) -> Self {
        if color { Self::Colors } else { Self::Channels }
    }
}

/// The axes of the pixel colours.
#[derive(Debug, Clone, PartialEq)]
pub struct ColorAxes {
    /// Unit vectors over the channels, largest variance first.
    pub axes: Vec<Vec<f64>>,
    /// Pixel variance along each axis over the mean of all.
    pub relative_variance: Vec<f64>,
}

impl ColorAxes {
    /// Γ of `spectrum` along each axis, `Σ_cd v_c v_d Re Γ_cd`, value² per mode.
    ///
    /// # Errors
    ///
    /// If it has another number of channels, or no cross-channel spectra.
    pub fn gamma_along(&self, spectrum: &Spectrum) -> Result<Vec<Vec<f64>>, NoiseError> {
        let gamma = spectrum.mode_covariance()?.channels;
        let mut cross = Vec::new();
        for c in 0..gamma.len() {
            for d in 0..c {
                cross.push((c, d, spectrum.cross_covariance(c, d)?.ok_or(NoiseError::NoCoherence)?));
            }
        }
        let along = |v: &Vec<f64>| {
            let mut sum = vec![0.0; gamma[0].len()];
            for (weight, gamma) in v.iter().zip(&gamma) {
                sum.iter_mut().zip(gamma).for_each(|(s, g)| *s += weight * weight * g);
            }
            for (c, d, cross) in &cross {
                sum.iter_mut().zip(cross).for_each(|(s, x)| *s += 2.0 * v[*c] * v[*d] * x.re);
            }
            sum.iter_mut().for_each(|s| *s = s.max(0.0));
            sum
        };
        Ok(self.axes.iter().map(along).collect())
    }

    /// Turns the axes' planes (one after the other) into those of the channels, in place.
    pub fn to_channels(&self, planes: &mut [f32]) {
        let n_pixels = planes.len() / self.axes.len();
        let mut pixel = vec![0.0; self.axes.len()];
        for p in 0..n_pixels {
            for (c, value) in pixel.iter_mut().enumerate() {
                let terms = self.axes.iter().enumerate().map(|(e, v)| v[c] as f32 * planes[e * n_pixels + p]);
                *value = terms.sum();
            }
            pixel.iter().enumerate().for_each(|(c, value)| planes[c * n_pixels + p] = *value);
        }
    }
}

/// The Gaussian model of a dataset.
#[derive(Debug, Clone)]
pub struct DatasetModel {
    /// Frequencies of the images.
    pub grid: Grid,
    /// Images it was measured on.
    pub n_images: usize,
    /// Which Γ this is.
    pub metric: Metric,
    /// Γ of each axis, value² per mode: half-spectra, column by column.
    pub gamma: Vec<Vec<f64>>,
    /// Γ, nowhere below the power of 8-bit rounding.
    pub floored: Vec<Vec<f64>>,
    /// M of each axis, value.
    pub mean_field: Vec<Vec<Complex64>>,
    /// Mean pixel variance of the set, value².
    pub pixel_variance: f64,
    /// Least squares fit of the power law over the modes of the axes' mean.
    pub fit: Result<PowerLawFit, FitError>,
    /// The colour axes, if the axes are these.
    pub color: Option<ColorAxes>,
    /// The floor, value² per mode.
    pub rounding_power: f64,
}

impl DatasetModel {
    /// The model of `spectrum`.
    ///
    /// # Errors
    ///
    /// If Γ does not exist, nothing varies beyond 8-bit rounding, the mean was left in, the metric has no power law, or
    /// the colour axes cannot be had.
    pub fn new(spectrum: &Spectrum, options: ModelOptions) -> Result<Self, NoiseError> {
        if spectrum.preprocess().standardize == Standardize::None {
            return Err(NoiseError::MeanNotRemoved);
        }
        let grid = spectrum.grid().clone();
        let n_images = usize::try_from(spectrum.n_images()).unwrap_or(usize::MAX);
        let mut gamma = spectrum.mode_covariance()?.channels;
        let mut mean_field = spectrum.mean_field();
        let mut color = None;
        let axes = match options.axes {
            AxesOf::Channels => None,
            AxesOf::Colors => Some(color_axes(spectrum)?),
            AxesOf::Given(axes) => axes,
        };
        if let Some(axes) = axes {
            gamma = axes.gamma_along(spectrum)?;
            mean_field = axes.axes.iter().map(|v| combine(v, &mean_field)).collect();
            color = Some(axes);
        }
        let n_axes = gamma.len() as f64;
        let pixel_variance = gamma.iter().map(|g| pixel_variance(&grid, g)).sum::<f64>() / n_axes;
        if !(pixel_variance > options.rounding_power && pixel_variance.is_finite()) {
            return Err(NoiseError::NoVariance);
        }
        let mean: Vec<f64> = (0..grid.n_modes()).map(|i| gamma.iter().map(|g| g[i]).sum::<f64>() / n_axes).collect();
        let fit = fit_law(&grid, &mean);
        let metric = options.metric.unwrap_or_else(|| Metric::for_families(n_images));
        let gamma = metric.apply(&grid, gamma)?;
        let rounding_power = options.rounding_power;
        let floored = gamma.iter().map(|g| g.iter().map(|g| g.max(rounding_power)).collect()).collect();
        Ok(Self { grid, n_images, metric, gamma, floored, mean_field, pixel_variance, fit, color, rounding_power })
    }

    /// Images reduced to a few pixels, as a set of one channel with mean zero: what families follow at that size.
    /// `floor` is in value² per mode.
    pub fn of_reduced(reduced: &ReducedCovariance, n_images: usize, floor: f64) -> Self {
        let grid = Grid::new(reduced.size);
        let n = reduced.mean.len();
        let variances: Vec<f64> = (0..n).map(|i| reduced.covariance[i * (n + 1)].max(0.0)).collect();
        let gamma = RealForm::new(&grid).powers(&grid, &variances);
        Self {
            n_images,
            metric: Metric::Modes,
            fit: fit_law(&grid, &gamma),
            floored: vec![gamma.iter().map(|g| g.max(floor)).collect()],
            pixel_variance: variances.iter().sum::<f64>() / n as f64,
            mean_field: vec![vec![Complex64::default(); gamma.len()]],
            gamma: vec![gamma],
            color: None,
            rounding_power: floor,
            grid,
        }
    }

    /// Share of the variance that is brightness: Γ of the zero frequency against that of all modes.
    pub fn brightness_share(&self) -> f64 {
        let at_zero: f64 = self.gamma.iter().map(|g| g[0]).sum();
        at_zero / (self.n_dimensions() * self.pixel_variance)
    }

    /// Number of real dimensions, `axes · H · W`.
    pub fn n_dimensions(&self) -> f64 {
        (self.gamma.len() * self.grid.size().n_pixels()) as f64
    }

    /// Modes of the full plane, all axes, whose Γ lies below the power of 8-bit rounding.
    pub fn n_floored(&self) -> usize {
        let count =
            |g: &Vec<f64>| full_sum(&self.grid, g.iter().map(|g| f64::from(u8::from(*g < self.rounding_power))));
        self.gamma.iter().map(|g| count(g) as usize).sum()
    }
}

/// The eigenvectors of the channels' pixel covariance.
fn color_axes(spectrum: &Spectrum) -> Result<ColorAxes, NoiseError> {
    if spectrum.preprocess().channels.count() == 1 {
        return Err(NoiseError::OneChannel);
    }
    if spectrum.preprocess().standardize == Standardize::Pixel {
        return Err(NoiseError::StandardizedColor);
    }
    let covariance = color_covariance(spectrum).map_err(|error| match error {
        SpectrumCovarianceError::Spectrum(error) => NoiseError::Spectrum(error),
        SpectrumCovarianceError::Covariance(error) => NoiseError::Covariance(error),
    })?;
    let eigen = covariance.eigen;
    let mean = eigen.values.iter().sum::<f64>() / eigen.values.len() as f64;
    if mean.is_nan() || mean <= 0.0 {
        return Err(NoiseError::NoVariance);
    }
    let relative_variance = eigen.values.iter().map(|v| (v / mean).max(0.0)).collect();
    Ok(ColorAxes { axes: eigen.vectors, relative_variance })
}

/// `Σ_c v_c X_c`.
fn combine(v: &[f64], fields: &[Vec<Complex64>]) -> Vec<Complex64> {
    let mut sum = vec![Complex64::default(); fields[0].len()];
    for (weight, field) in v.iter().zip(fields) {
        sum.iter_mut().zip(field).for_each(|(s, x)| *s += *weight * x);
    }
    sum
}
