//! The numbers that a trainer takes: what follows from a dataset, before it is written as any trainer's file.

use serde::Serialize;

use super::convert::{NoiseLevel, betas_from_levels};

/// Settings of training and sampling for one dataset at one working size.
///
/// Sigmas are relative noise levels `s = σ/α`; they, `sigma_data` and `noise_offset` are in units of the working values
/// (pixels in −1 … 1, or latents as they were given). Where a trainer rescales its values by c, they scale by c.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainerSettings {
    /// Standard deviation of the values, over all channels.
    pub sigma_data: f64,
    /// Standard deviation of the values of each channel; as many as `channels`.
    pub sigma_data_per_channel: Vec<f64>,
    /// Mean of each channel over all values of all images.
    pub raw_mean: Vec<f64>,
    /// Standard deviation of each channel over all values of all images, the mean image's among them: what EDM2 divides
    /// latents by.
    pub raw_std: Vec<f64>,
    /// Lowest noise level of sampling, above zero.
    pub sigma_min: f64,
    /// Highest noise level of sampling, finite, above `sigma_min`.
    pub sigma_max: f64,
    /// Noise level that hides the brightness of the images; `sigma_max` is at least that.
    pub sigma_brightness: f64,
    /// Mean of `ln s` over training draws (EDM's P_mean; natural logarithm).
    pub p_mean: f64,
    /// Standard deviation of `ln s` over training draws (EDM's P_std).
    pub p_std: f64,
    /// Shift of the noise level relative to 64 pixels, `s' = shift · s` (SD3); 1 for none.
    pub shift: f64,
    /// Strength of the offset noise that matches the images: standard deviation of a constant field added to noise of
    /// unit variance, drawn for each channel on its own; 0 for none. Of use where noise ends below `sigma_brightness`.
    pub noise_offset: f64,
    /// Noise levels of sampling, descending, each finite and above zero; the final 0 of samplers is not among them.
    pub sigmas: Vec<f64>,
    /// Exponent that spaces levels between `sigma_max` and `sigma_min` (EDM's ρ).
    pub rho: f64,
    /// Width and height of what the model sees, px.
    pub resolution: [usize; 2],
    /// Channels of what the model sees.
    pub channels: usize,
    /// Whether the values are latents of an autoencoder rather than pixels.
    pub is_latent: bool,
}

/// Timesteps of a trained variance-preserving schedule, as nearly every trainer has them.
const TRAINING_STEPS: usize = 1000;

impl TrainerSettings {
    /// Root mean square of `raw_std` over channels, value.
    pub fn raw_std_overall(&self) -> f64 {
        (self.raw_std.iter().map(|std| std * std).sum::<f64>() / self.raw_std.len() as f64).sqrt()
    }

    /// Levels of a training schedule, ascending: 1000 (or as many as there are sampling levels, if those are more) on
    /// which every sampling level has its place, `ln s` linear between them.
    pub fn training_levels(&self) -> Vec<NoiseLevel> {
        let places = self.places();
        let (Some((last, _)), Some((_, lowest))) = (places.first(), places.last()) else { return Vec::new() };
        let mut logs = vec![lowest.ln(); 1 + last];
        for pair in places.windows(2) {
            let [(to, high), (from, low)] = [pair[0], pair[1]];
            for (i, log) in logs.iter_mut().enumerate().take(to + 1).skip(from) {
                let share = (i - from) as f64 / (to - from) as f64;
                *log = low.ln() + share * (high.ln() - low.ln());
            }
        }
        logs.into_iter().map(|log| NoiseLevel::of_finite_logsnr(-2.0 * log)).collect()
    }

    /// β of each step of [`Self::training_levels`], in the order of noising.
    pub fn trained_betas(&self) -> Vec<f64> {
        betas_from_levels(self.training_levels())
    }

    /// Places of the sampling levels among [`Self::training_levels`], descending.
    pub fn timesteps(&self) -> Vec<usize> {
        self.places().into_iter().map(|(place, _)| place).collect()
    }

    /// Place and level of each sampling level, descending.
    fn places(&self) -> Vec<(usize, f64)> {
        let n_levels = self.sigmas.len();
        let last = TRAINING_STEPS.max(n_levels) - 1;
        let intervals = n_levels.saturating_sub(1).max(1);
        // A single level is all there is.
        let last = if n_levels > 1 { last } else { 0 };
        let place = |i: usize| last - (i * last + intervals / 2) / intervals;
        self.sigmas.iter().enumerate().map(|(i, sigma)| (place(i), *sigma)).collect()
    }

    /// The sampling levels in every unit.
    pub fn levels(&self) -> Vec<NoiseLevel> {
        self.sigmas.iter().map(|s| NoiseLevel::of_finite_logsnr(-2.0 * s.ln())).collect()
    }

    /// Flow times of sampling as they must be before a scheduler applies `shift` to them: `t/(S − (S−1) t)`.
    pub fn flow_times_before_shift(&self) -> Vec<f64> {
        let before = |sigma: &f64| {
            let sigma = sigma / self.shift;
            sigma / (1.0 + sigma)
        };
        self.sigmas.iter().map(before).collect()
    }

    /// The `logit_mean` of trainers that draw flow time itself, `ln s ~ N(logit_mean, p_std²)`: positive is more noise.
    pub fn logit_mean_of_time(&self) -> f64 {
        self.p_mean
    }

    /// The `logit_mean` of trainers that draw the index of a descending list of timesteps shifted by `shift`: there
    /// positive is less noise, and the list has the shift in it already, `ln s = ln shift − logit(u)`.
    pub fn logit_mean_of_index(&self, shift: f64) -> f64 {
        shift.ln() - self.p_mean
    }
}

#[cfg(test)]
pub(crate) fn example(sigmas: &[f64]) -> TrainerSettings {
    TrainerSettings {
        sigma_data: 0.497,
        sigma_data_per_channel: vec![0.51, 0.49, 0.49],
        raw_mean: vec![-0.1, 0.0, 0.1],
        raw_std: vec![0.52, 0.5, 0.5],
        sigma_min: sigmas.last().copied().unwrap_or(0.002),
        sigma_max: sigmas.first().copied().unwrap_or(80.0),
        sigma_brightness: sigmas.first().copied().unwrap_or(80.0),
        p_mean: -1.25,
        p_std: 0.97,
        shift: 4.0,
        noise_offset: 0.2889,
        sigmas: sigmas.to_vec(),
        rho: 7.0,
        resolution: [256, 192],
        channels: 3,
        is_latent: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::ReferenceSchedule;
    use crate::diffusion::convert::{levels_from_betas, shift_flow_time};

    fn edm(name: &str) -> TrainerSettings {
        example(name.parse::<ReferenceSchedule>().expect("a schedule").sigmas())
    }

    #[test]
    fn a_training_schedule_holds_every_sampling_level_where_its_timestep_says() {
        for (name, n) in [("edm:18", 1000), ("edm:2", 1000), ("edm:1000", 1000), ("edm:1500", 1500)] {
            let settings = edm(name);
            let (levels, timesteps) = (settings.training_levels(), settings.timesteps());
            assert_eq!((levels.len(), timesteps[0], *timesteps.last().expect("steps")), (n, n - 1, 0), "{name}");
            assert!(levels.windows(2).all(|w| w[0].sigma() < w[1].sigma()), "{name}");
            for (timestep, sigma) in timesteps.iter().zip(&settings.sigmas) {
                assert!((levels[*timestep].sigma() / sigma - 1.0).abs() <= 1e-13, "{name}: {sigma}");
            }
            let betas = settings.trained_betas();
            assert!(betas.iter().all(|beta| (0.0..1.0).contains(beta)), "{name}");
            for (rebuilt, level) in levels_from_betas(&betas).expect("betas").iter().zip(&levels) {
                assert!((rebuilt.sigma() / level.sigma() - 1.0).abs() <= 1e-11, "{name}");
            }
        }
    }

    #[test]
    fn one_level_and_none_are_no_reason_to_fail() {
        let one = example(&[3.0]);
        assert_eq!((one.timesteps(), one.training_levels().len()), (vec![0], 1));
        assert!((one.trained_betas()[0] - 0.9).abs() <= 1e-15);
        let none = example(&[]);
        assert!(none.timesteps().is_empty() && none.training_levels().is_empty() && none.trained_betas().is_empty());
    }

    #[test]
    fn a_shift_brings_exported_times_back_to_the_levels() {
        let settings = edm("edm:18");
        for (t, level) in settings.flow_times_before_shift().iter().zip(settings.levels()) {
            assert!(*t > 0.0 && *t <= 1.0);
            assert!((shift_flow_time(*t, settings.shift) - level.flow_time()).abs() <= 1e-14);
        }
    }

    #[test]
    fn both_signs_of_the_logit_mean_draw_the_same_noise() {
        let settings = edm("edm:18");
        // The median draw: of time itself, and of the index of descending times under a shift.
        let median = 1.0 / (1.0 + (-settings.logit_mean_of_time()).exp());
        assert!((median / (1.0 - median) - settings.p_mean.exp()).abs() <= 1e-15);
        for shift in [1.0, 3.0] {
            let index = 1.0 / (1.0 + (-settings.logit_mean_of_index(shift)).exp());
            let t = shift_flow_time(1.0 - index, shift);
            assert!((t / (1.0 - t) - settings.p_mean.exp()).abs() <= 1e-13, "{shift}");
        }
    }
}
