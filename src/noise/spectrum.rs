//! The power spectrum of a noise in values: scaled, coloured, and what follows from it.

use super::error::NoiseError;
use super::model::ColorAxes;
use super::power::{Modes, Power, pixel_variance};
use super::setting::Setting;
use crate::spectral::Grid;

/// The scaled power spectrum of a noise family.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseSpectrum {
    /// The family.
    pub name: String,
    /// Exponent Δ, for power laws.
    pub delta: Option<f64>,
    /// `S` of each axis, value² per mode: half-spectra, column by column.
    pub power: Vec<Vec<f64>>,
    /// Standard deviation of the part of each axis' zero-frequency coefficient that all axes share, value; the power of
    /// it is in `power`, too. Zero in all axes for noise whose axes are independent.
    pub shared: Vec<f64>,
    /// Factor from the family's own power to `power`, per axis.
    pub scale: Vec<f64>,
}

impl NoiseSpectrum {
    /// Scales a family's own power to the pixel variance of `setting`, mean over axes, and gives each colour axis its
    /// share.
    ///
    /// # Errors
    ///
    /// [`NoiseError::NoPower`] if there is nothing to scale.
    pub fn scaled(name: &str, setting: &Setting<'_>, power: Power) -> Result<Self, NoiseError> {
        let n_axes = setting.n_axes;
        let color = setting.dataset.and_then(|d| d.color.as_ref());
        let (mut modes, mut weights) = match power.modes {
            Modes::PerAxis(modes) => (modes, vec![1.0; n_axes]),
            Modes::Common(modes) => {
                (vec![modes; n_axes], color.map_or_else(|| vec![1.0; n_axes], |c| c.relative_variance.clone()))
            }
        };
        // A constant equal in all channels has, along an axis v, the component Σ v.
        let direction: Vec<f64> =
            color.map_or_else(|| vec![1.0; n_axes], |c| c.axes.iter().map(|v| v.iter().sum()).collect());
        let mut variance = 0.0;
        for (axis, (modes, weight)) in modes.iter_mut().zip(&weights).enumerate() {
            modes.iter_mut().for_each(|p| *p *= weight);
            modes[0] += power.shared_offset * direction[axis].powi(2);
            variance += pixel_variance(setting.grid, modes) / n_axes as f64;
        }
        let level = setting.dataset.filter(|_| power.is_at_dataset_level).map_or(variance, |d| d.pixel_variance);
        let scale = setting.pixel_variance / level;
        if !(scale.is_finite() && scale > 0.0 && variance > 0.0) {
            return Err(NoiseError::NoPower { name: name.to_owned(), size: setting.grid.size() });
        }
        modes.iter_mut().flatten().for_each(|p| *p *= scale);
        weights.iter_mut().for_each(|w| *w *= scale);
        let shared = direction.iter().map(|d| d * (power.shared_offset * scale).sqrt()).collect();
        Ok(Self { name: name.to_owned(), delta: power.delta, power: modes, shared, scale: weights })
    }

    /// Whether the axes share a constant.
    pub fn has_shared_offset(&self) -> bool {
        self.shared.iter().any(|w| *w != 0.0)
    }

    /// Variance of the brightness (mean pixel over all channels) of its samples, value².
    pub fn brightness_variance(&self, grid: &Grid, color: Option<&ColorAxes>) -> f64 {
        let n = self.power.len() as f64;
        // The mean over channels, along each axis.
        let along = |axis: usize| color.map_or(1.0, |c| c.axes[axis].iter().sum::<f64>()) / n;
        let terms = self.power.iter().zip(&self.shared).enumerate();
        let own: f64 = terms.map(|(e, (p, w))| along(e).powi(2) * (p[0] - w * w).max(0.0)).sum();
        let shared: f64 = self.shared.iter().enumerate().map(|(e, w)| along(e) * w).sum();
        (own + shared * shared) / grid.size().n_pixels() as f64
    }

    /// Annulus means of its power, mean over axes, value² per mode.
    pub fn radial_mean(&self, grid: &Grid) -> Vec<f64> {
        let mut mean = vec![0.0; grid.n_annuli()];
        for power in &self.power {
            let radial = grid.radial_mean(power);
            mean.iter_mut().zip(radial).for_each(|(m, r)| *m += r / self.power.len() as f64);
        }
        mean
    }

    /// Standard deviation of the pixels, root mean square over axes, value.
    pub fn pixel_std(&self, grid: &Grid) -> f64 {
        let variances = self.power.iter().map(|power| pixel_variance(grid, power));
        (variances.sum::<f64>() / self.power.len() as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::testing::{free_families, setting};
    use crate::noise::{parse_family, realise};
    use crate::spectral::Size;

    #[test]
    fn every_family_has_the_pixel_variance_asked_for() {
        for size in [Size::new(8, 8), Size::new(9, 13), Size::new(2, 5)] {
            let grid = Grid::new(size);
            let setting = Setting { pixel_variance: 0.09, n_axes: 3, ..setting(&grid) };
            for name in free_families() {
                let noise = realise(&*parse_family(name).expect(name), &setting).expect(name);
                let std = noise.spectrum.pixel_std(&grid);
                assert!((std - 0.3).abs() <= 1e-12, "{name} at {size}: {std}");
                assert!(noise.spectrum.power.iter().flatten().all(|p| p.is_finite() && *p >= 0.0), "{name} at {size}");
            }
        }
    }

    #[test]
    fn brightness_varies_as_that_of_drawn_samples() {
        use crate::noise::field::{Role, SampledNoise};
        let grid = Grid::new(Size::new(6, 5));
        let setting = Setting { n_axes: 3, ..setting(&grid) };
        for name in free_families() {
            let noise = realise(&*parse_family(name).expect(name), &setting).expect(name);
            let sampled = SampledNoise::new(noise.sampler, 2, Role::Noise);
            let mut worker = sampled.worker();
            let mut planes = vec![0.0; sampled.len()];
            let n = 8000;
            let squares: Vec<f64> = (0..n)
                .map(|i| {
                    worker.draw(i, &mut planes);
                    (f64::from(planes.iter().sum::<f32>()) / planes.len() as f64).powi(2)
                })
                .collect();
            let drawn = squares.iter().sum::<f64>() / n as f64;
            let expected = noise.spectrum.brightness_variance(&grid, None);
            // The variance of a variance over 8000 samples: 1.6 %; and where there is none, single precision.
            assert!((drawn - expected).abs() <= 0.08 * expected + 1e-12, "{name}: {drawn} instead of {expected}");
        }
    }

    #[test]
    fn matched_noise_is_gamma_itself_whatever_its_pixel_variance() {
        // As under a fitted law, which need not have the variance of the images.
        let grid = Grid::new(Size::new(4, 6));
        let gamma: Vec<f64> = grid.frequencies().iter().map(|f| 1.0 / (0.1 + f)).collect();
        let zero = vec![rustfft::num_complex::Complex64::default(); grid.n_modes()];
        let mut model = crate::noise::testing::model(&grid, vec![gamma.clone()], vec![zero], 100);
        model.pixel_variance *= 3.0;
        let matched = parse_family("matched").expect("a name");
        assert_eq!(realise(&*matched, &model.setting()).expect("noise").spectrum.power[0], gamma);
        let louder = Setting { pixel_variance: 4.0 * model.pixel_variance, ..model.setting() };
        let louder = realise(&*matched, &louder).expect("noise").spectrum;
        assert!(louder.power[0].iter().zip(&gamma).all(|(s, g)| (s / g - 4.0).abs() <= 1e-12));
    }

    #[test]
    fn nothing_to_scale_is_an_error() {
        let grid = Grid::new(Size::square(1));
        let zero = Setting { zero_frequency: crate::noise::ZeroFrequency::Zero, ..setting(&grid) };
        let failed = realise(&*parse_family("cloud:1").expect("a name"), &zero);
        assert!(matches!(failed, Err(NoiseError::NoPower { .. })), "{failed:?}");
    }

    #[test]
    fn a_constant_of_strength_s_has_that_deviation_at_any_size() {
        for size in [Size::square(16), Size::new(40, 30)] {
            let grid = Grid::new(size);
            for name in ["offset:0.5", "offset:0.5,shared"] {
                let noise =
                    realise(&*parse_family(name).expect(name), &Setting { n_axes: 3, ..setting(&grid) }).expect(name);
                let power = &noise.spectrum.power[0];
                // Relative to the white part, the constant alone has the pixel variance s².
                let constant = (power[0] - power[1]) / size.n_pixels() as f64 / power[1];
                assert!((constant - 0.25).abs() <= 1e-12, "{name}: {constant}");
                assert_eq!(noise.spectrum.has_shared_offset(), name.ends_with("shared"));
            }
        }
    }
}
