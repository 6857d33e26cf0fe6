//! Mean and covariance of the reduced images, over the numbers of their real Fourier form.

use super::error::SpectrumError;
use super::plan::{DiagonalityPlan, Standardize};
use super::saved::Spectrum;
use crate::spectral::Size;
use crate::spectral::dft64::orthonormal_dft;

/// The full covariance of images reduced to a few pixels, channels averaged.
#[derive(Debug, Clone)]
pub struct ReducedCovariance {
    /// Size of the reduced images, pixels.
    pub size: Size,
    /// Mean of each of the `D` numbers of the real Fourier form, value; zero where no mean image is removed.
    pub mean: Vec<f64>,
    /// `D×D` row by row, value².
    pub covariance: Vec<f64>,
}

impl Spectrum {
    /// Mean and covariance of the reduced images' real Fourier form. The channels are averaged. None unless the scan summed it up.
    ///
    /// # Errors
    ///
    /// If there are fewer than two images and means are removed.
    pub fn real_form_covariance(&self) -> Result<Option<ReducedCovariance>, SpectrumError> {
        let Some(side) = self.diagonality_side else { return Ok(None) };
        let unbiasing = self.unbiasing()?;
        let plan = DiagonalityPlan::new(self.preprocess.size, side);
        let n = plan.form.len();
        let size = plan.average.output_size();
        let mut mean = vec![0.0; n];
        if self.preprocess.standardize == Standardize::Mean {
            let mut reduced = vec![0.0; n];
            for plane in self.windowed_mean_image() {
                plan.average.add_average(&plane, 1.0 / self.n_channels() as f64, &mut reduced);
            }
            plan.form.apply(&orthonormal_dft(size, &reduced), &mut mean);
        }
        let outer = self.mean_of("real_form_outer");
        let mut products = outer.iter();
        let mut covariance = vec![0.0; n * n];
        for i in 0..n {
            for (j, product) in (i..n).zip(&mut products) {
                let value = (product - mean[i] * mean[j]) * unbiasing;
                covariance[i * n + j] = value;
                covariance[j * n + i] = value;
            }
        }
        Ok(Some(ReducedCovariance { size, mean, covariance }))
    }
}
