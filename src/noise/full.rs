//! Noise against images reduced to a few pixels, taken for one Gaussian with a full covariance.
//!
//! # Conventions
//!
//! Both live in the real Fourier form of the reduced images, whose numbers are independent for periodic noise. Other
//! noise has no closed form here, only drawn distances.

use ndarray::Array2;

use super::error::NoiseError;
use super::model::DatasetModel;
use super::monte_carlo::{ExpectedSquare, Moments};
use super::realise::Noise;
use crate::spectral::RealForm;
use crate::spectral::dft64::orthonormal_dft;
use crate::spectrum::ReducedCovariance;
use crate::stats::full_covariance::{FullDivergence, FullGaussian};

/// Reduced images as a Gaussian.
#[derive(Debug, Clone)]
pub struct FullModel {
    /// The same images with independent modes: what families follow at that size.
    pub diagonal: DatasetModel,
    form: RealForm,
    gaussian: FullGaussian,
}

/// One family against the full covariance.
#[derive(Debug, Clone)]
pub struct FullComparison {
    /// The family.
    pub name: String,
    /// Exponent Δ at the reduced size, for power laws.
    pub delta: Option<f64>,
    /// Standard deviation of the pixels, value.
    pub noise_std: f64,
    /// Closed forms, for periodic noise.
    pub divergence: Option<FullDivergence>,
    /// Drawn distances.
    pub drawn: Option<Moments>,
    /// Rank by `KL(dataset ‖ noise)`, 1 the closest, among those that have one.
    pub rank: Option<usize>,
}

impl FullComparison {
    /// Whether the drawn mean agrees with its closed form, as one of `n_compared`, where both are known.
    pub fn agrees(&self, n_compared: usize) -> bool {
        self.expected().zip(self.drawn).is_none_or(|(expected, drawn)| drawn.agrees_with(expected, n_compared))
    }

    /// What drawn distances should be; none where modes are not independent.
    pub fn expected(&self) -> Option<ExpectedSquare> {
        self.divergence.map(|d| ExpectedSquare { mean: d.expected_square, variance: d.square_variance })
    }
}

impl FullModel {
    /// The model of `n_images` reduced images; `floor` is the power of 8-bit rounding, value² per mode.
    ///
    /// # Errors
    ///
    /// As [`FullGaussian::new`].
    pub fn new(reduced: &ReducedCovariance, n_images: usize, floor: f64) -> Result<Self, NoiseError> {
        let n = reduced.mean.len();
        let measured = Array2::from_shape_fn((n, n), |(i, j)| reduced.covariance[i * n + j]);
        let gaussian = FullGaussian::new(&reduced.mean, measured.view(), n_images, reduced.kurtosis, floor)?;
        let diagonal = DatasetModel::of_reduced(reduced, n_images, floor);
        Ok(Self { form: RealForm::new(&diagonal.grid), diagonal, gaussian })
    }

    /// Number of real dimensions, the pixels of a reduced image.
    pub fn n_dimensions(&self) -> f64 {
        self.form.len() as f64
    }

    /// `d²` of a plane of noise; no number if LAPACK fails.
    ///
    /// # Panics
    ///
    /// If `plane` is no reduced image.
    pub fn square(&self, plane: &[f32]) -> f64 {
        let plane: Vec<f64> = plane.iter().map(|v| f64::from(*v)).collect();
        let mut numbers = vec![0.0; self.form.len()];
        self.form.apply(&orthonormal_dft(self.diagonal.grid.size(), &plane), &mut numbers);
        self.square_of_form(&numbers)
    }

    /// `d²` of the numbers of an image's real Fourier form; no number if LAPACK fails.
    pub fn square_of_form(&self, numbers: &[f64]) -> f64 {
        self.gaussian.square(numbers)
    }

    /// The same of one of the images that were measured, approximately as if it had not been.
    pub fn square_of_member(&self, numbers: &[f64]) -> f64 {
        self.gaussian.square_without(self.square_of_form(numbers), self.diagonal.n_images as f64)
    }

    /// Compares `noises`, made in the setting of [`FullModel::diagonal`], closest first; `squares` holds each one's
    /// drawn `d²`.
    ///
    /// # Errors
    ///
    /// If LAPACK fails.
    pub fn compare(&self, noises: &[Noise], squares: &[Vec<f64>]) -> Result<Vec<FullComparison>, NoiseError> {
        let mut compared = Vec::with_capacity(noises.len());
        for (noise, squares) in noises.iter().zip(squares) {
            let closed = || {
                let variances = self.form.variances(&noise.spectrum.power[0]);
                self.gaussian.divergence(&variances, self.diagonal.rounding_power)
            };
            compared.push(FullComparison {
                name: noise.spectrum.name.clone(),
                delta: noise.spectrum.delta,
                noise_std: noise.spectrum.pixel_std(&self.diagonal.grid),
                divergence: noise.is_periodic.then(closed).transpose()?,
                drawn: Moments::of(squares),
                rank: None,
            });
        }
        let key = |c: &FullComparison| c.divergence.map_or(f64::INFINITY, |d| d.kl_data_noise);
        compared.sort_by(|a, b| key(a).total_cmp(&key(b)));
        let ranked = compared.iter_mut().filter(|c| c.divergence.is_some());
        ranked.enumerate().for_each(|(i, c)| c.rank = Some(i + 1));
        Ok(compared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::field::{Role, SampledNoise};
    use crate::noise::{divergence, parse_family, realise};
    use crate::spectral::{Grid, Size};

    const FLOOR: f64 = 1e-6;

    /// Reduced images with a power of `0.1/(1/4 + f)`; neighbours among the numbers of their real form correlate by
    /// `coupling`.
    fn model(size: Size, coupling: f64) -> FullModel {
        let grid = Grid::new(size);
        let power: Vec<f64> = grid.frequencies().iter().map(|f| 0.1 / (0.25 + f)).collect();
        let variances = RealForm::new(&grid).variances(&power);
        let n = variances.len();
        let mut covariance = vec![0.0; n * n];
        for i in 0..n {
            covariance[i * (n + 1)] = variances[i];
            for j in [i + 1, i.wrapping_sub(1)].into_iter().filter(|j| *j < n) {
                covariance[i * n + j] = coupling * (variances[i] * variances[j]).sqrt();
            }
        }
        let reduced = ReducedCovariance { size, mean: vec![0.0; n], covariance, kurtosis: 1.0 };
        FullModel::new(&reduced, 2000, FLOOR).expect("positive definite")
    }

    fn noises(model: &FullModel, names: &[&str]) -> Vec<Noise> {
        let make = |name: &&str| realise(&*parse_family(name).expect(name), &model.diagonal.setting()).expect(name);
        names.iter().map(make).collect()
    }

    #[test]
    fn without_correlations_the_closed_forms_are_those_of_independent_modes() {
        for size in [Size::new(4, 4), Size::new(3, 5), Size::new(1, 6)] {
            let model = model(size, 0.0);
            let noises = noises(&model, &["white", "cloud:0.5", "matched"]);
            let none = vec![Vec::new(); noises.len()];
            let compared = model.compare(&noises, &none).expect("numbers");
            assert_eq!(compared.iter().map(|c| c.rank).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
            assert_eq!(compared[0].name, "matched");
            for c in &compared {
                let noise = noises.iter().find(|n| n.spectrum.name == c.name).expect("the same families");
                let want = divergence(&model.diagonal, &noise.spectrum).expect("numbers");
                let got = c.divergence.expect("periodic");
                for (got, want) in [
                    (got.expected_square, want.expected_square),
                    (got.w2_square, want.w2_square),
                    (got.kl_noise_data, want.kl_noise_data),
                    (got.kl_data_noise, want.kl_data_noise),
                ] {
                    assert!((got - want).abs() <= 1e-9 * (1.0 + want), "{}, {size}: {got} instead of {want}", c.name);
                }
                assert!(c.agrees(1), "nothing was drawn that could disagree");
            }
        }
    }

    #[test]
    fn drawn_distances_agree_with_correlated_images_and_without_periods_there_is_no_closed_form() {
        let model = model(Size::new(4, 6), 0.3);
        let noises = noises(&model, &["white", "pyramid:0.5,2"]);
        let draw = |noise: &Noise| {
            let sampled = SampledNoise::new(noise.sampler.clone(), 3, Role::Trial);
            let (mut worker, mut plane) = (sampled.worker(), vec![0.0; sampled.len()]);
            let square = |index| {
                worker.draw(index, &mut plane);
                model.square(&plane)
            };
            (0..2000).map(square).collect::<Vec<f64>>()
        };
        let squares: Vec<_> = noises.iter().map(draw).collect();
        let compared = model.compare(&noises, &squares).expect("numbers");
        let [white, pyramid] = compared.as_slice() else { panic!("two families") };
        let (closed, drawn) = (white.expected().expect("periodic"), white.drawn.expect("samples"));
        assert!(white.agrees(2), "{drawn:?}, expected {closed:?}");
        let wrong = ExpectedSquare { mean: 1.2 * closed.mean, ..closed };
        assert!(!drawn.agrees_with(wrong, 2), "{drawn:?} could be anything");
        assert!(pyramid.divergence.is_none() && pyramid.rank.is_none() && pyramid.agrees(2));
    }
}
