//! Mean, covariance and kurtosis of the reduced images, over the numbers of their real Fourier form.

use super::derived::centred_products;
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
    /// `E‖y‖⁴/[(tr S)² + 2‖S‖²]` of the weighed numbers y less their mean, S their covariance: how unevenly contrast is
    /// spread over the images. 1 if they are Gaussian, more if some have much more contrast than others.
    pub kurtosis: f64,
}

/// Makes of working images the reduced ones whose covariance was summed up.
#[derive(Debug)]
pub struct ReducedForm {
    plan: DiagonalityPlan,
    /// What a code of each channel adds.
    scale: Vec<f64>,
    mean: Vec<f64>,
}

impl ReducedForm {
    /// For images of which the mean of `spectrum` was removed; none unless it holds reduced images.
    ///
    /// # Errors
    ///
    /// As [`Spectrum::real_form_covariance`].
    pub fn new(spectrum: &Spectrum) -> Result<Option<Self>, SpectrumError> {
        let (Some(side), Some(reduced)) = (spectrum.diagonality_side, spectrum.real_form_covariance()?) else {
            return Ok(None);
        };
        let (config, n) = (spectrum.analysis_config(), spectrum.n_channels());
        let is_standardized = config.standardize == Standardize::Pixel;
        let scale = |c| if is_standardized { 1.0 } else { config.value_per_code(c) } / n as f64;
        let plan = DiagonalityPlan::new(config.size, side);
        Ok(Some(Self { plan, scale: (0..n).map(scale).collect(), mean: reduced.mean }))
    }

    /// The numbers of one image, from its planes of codes less the mean, one after the other; the mean is in the
    /// numbers again.
    pub fn of(&self, planes: &[f32]) -> Vec<f64> {
        let n = self.plan.form.len();
        let (mut reduced, mut numbers) = (vec![0.0; n], vec![0.0; n]);
        for (plane, scale) in planes.chunks_exact(planes.len() / self.scale.len()).zip(&self.scale) {
            self.plan.average.add_average(plane, *scale, &mut reduced);
        }
        self.plan.form.apply(&orthonormal_dft(self.plan.average.output_size(), &reduced), &mut numbers);
        numbers.iter_mut().zip(&self.mean).for_each(|(x, m)| *x += m);
        numbers
    }
}

impl Spectrum {
    /// Mean and covariance of the reduced images' real Fourier form. The channels are averaged. None unless the scan
    /// summed it up.
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
        let covariance = centred_products(&outer, &mean, |centred| centred * unbiasing);
        let biased: Vec<f64> = covariance.iter().map(|v| v / unbiasing).collect();
        let kurtosis = self.reduced_kurtosis(&plan.weights, &mean, &biased);
        Ok(Some(ReducedCovariance { size, mean, covariance, kurtosis }))
    }

    /// [`ReducedCovariance::kurtosis`], from sums over images whose mean is still in them. With `q = ‖y‖²` and m the
    /// mean, both weighed, `‖y − m‖⁴ = (q − 2 y·m + ‖m‖²)²`.
    fn reduced_kurtosis(&self, weights: &[f64], mean: &[f64], covariance: &[f64]) -> f64 {
        let n = mean.len();
        let weighed: Vec<f64> = mean.iter().zip(weights).map(|(m, w)| w * m).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let of_mean = dot(&weighed, mean);
        let trace: f64 = (0..n).map(|i| weights[i] * covariance[i * (n + 1)]).sum();
        let along_mean: f64 = covariance.chunks_exact(n).zip(&weighed).map(|(row, w)| w * dot(row, &weighed)).sum();
        let squares = covariance.chunks_exact(n).zip(weights);
        let squares: f64 =
            squares.map(|(row, w)| w * row.iter().zip(weights).map(|(v, other)| other * v * v).sum::<f64>()).sum();
        let [norm4, with_mean] =
            [self.mean_of("real_form_norm4_sum")[0], dot(&self.mean_of("real_form_norm2_field_sum"), &weighed)];
        let centred = norm4 - 4.0 * with_mean + 4.0 * along_mean + 3.0 * of_mean * of_mean + 2.0 * of_mean * trace;
        let gaussian = trace * trace + 2.0 * squares;
        if gaussian > 0.0 { centred / gaussian } else { 1.0 }
    }
}
