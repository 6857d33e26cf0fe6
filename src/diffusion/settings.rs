//! The numbers that a trainer takes: what follows from a dataset, before it is written as any trainer's file.

use serde::Serialize;

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
    /// Lowest noise level of sampling, above zero.
    pub sigma_min: f64,
    /// Highest noise level of sampling, finite, above `sigma_min`.
    pub sigma_max: f64,
    /// Mean of `ln s` over training draws (EDM's P_mean; natural logarithm).
    pub p_mean: f64,
    /// Standard deviation of `ln s` over training draws (EDM's P_std).
    pub p_std: f64,
    /// Shift of the noise level relative to 64 pixels, `s' = shift · s` (SD3); 1 for none.
    pub shift: f64,
    /// Strength of offset noise: standard deviation of a constant field added to noise of unit variance, drawn for each
    /// channel on its own; 0 for none.
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
