//! What blurred images plus white noise look like on average, `S = H_b(f)²·Γ + σ²` (Warm Diffusion, arXiv 2511.16904).
//!
//! # Definition
//!
//! `H_b(f) = exp(−2π²b²f²)` is a Gaussian blur of `b = ρσ` pixels, with the blur-to-noise ratio ρ in pixels per unit of
//! value and σ in values.

use std::f64::consts::PI;

use crate::noise::error::NoiseError;
use crate::noise::family::{Needs, NoiseFamily, Parsed, number};
use crate::noise::power::Power;
use crate::noise::setting::Setting;

/// Blurred images and noise.
#[derive(Debug)]
struct BlurNoise {
    ratio: f64,
    sigma: f64,
}

/// Reads `blur-noise:ρ,σ`.
pub fn parse(parameters: &str) -> Parsed {
    let (ratio, sigma) = parameters.split_once(',').ok_or("write both parameters, as blur-noise:ρ,σ")?;
    let ratio = number(ratio, "the blur-to-noise ratio ρ", 0.0..=1e6)?;
    let sigma = number(sigma, "the noise level σ", 0.0..=1e6)?;
    Ok(Box::new(BlurNoise { ratio, sigma }))
}

impl NoiseFamily for BlurNoise {
    fn name(&self) -> String {
        format!("blur-noise:{},{}", self.ratio, self.sigma)
    }

    fn needs(&self) -> Needs<'_> {
        Needs::Dataset
    }

    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError> {
        let dataset = setting.dataset_of(&self.name())?;
        let blur_px = self.ratio * self.sigma;
        let kept = |f: f64| (-(2.0 * PI * blur_px * f).powi(2)).exp();
        let frequencies = setting.grid.frequencies();
        let axis =
            |gamma: &Vec<f64>| gamma.iter().zip(frequencies).map(|(g, &f)| kept(f) * g + self.sigma.powi(2)).collect();
        Ok(Power::per_axis(dataset.gamma.iter().map(axis).collect()))
    }
}
