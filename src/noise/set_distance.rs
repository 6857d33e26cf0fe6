//! Distances between two datasets as Gaussians, in closed form.
//!
//! # Definition
//!
//! Both are `N(M, diag Γ)` over the modes of every channel; sums run over the full plane and all channels:
//!
//! ```text
//! W₂²       = Σ |M₂ − M₁|² + (√Γ₂ − √Γ₁)²
//! KL(2‖1)   = ½ Σ [Γ₂/Γ₁ − 1 − ln(Γ₂/Γ₁) + |M₂ − M₁|²/Γ₁]        nats
//! by chance W₂² ≈ 5/4 Σ Γ (1/n₁ + 1/n₂),   KL ≈ ¾ D (1/n₁ + 1/n₂)  for Gaussian images of one law
//! ```
//!
//! In quotients and logarithms Γ is floored at the power of 8-bit rounding. The levels by chance are lower limits:
//! photographs differ in contrast, which adds to the spread of Γ.
//!
//! # References
//!
//! As of [`super::distance`]; the levels by chance follow from `var Γ̂/Γ² = 1/n`, `E|M̂₂ − M̂₁|² = Γ (1/n₁ + 1/n₂)`.

use serde::Serialize;

use super::distance::excess;
use super::power::full_sum;
use crate::spectrum::{Spectrum, SpectrumError};

/// How far one dataset is from another, per dimension of an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SetDistance {
    /// 2-Wasserstein distance over √D, value.
    pub w2_per_dim: f64,
    /// What it is by chance between sets of one law, about.
    pub w2_per_dim_by_chance: f64,
    /// `KL(second ‖ first)/D`, nats.
    pub kl_second_first_per_dim: f64,
    /// `KL(first ‖ second)/D`, nats.
    pub kl_first_second_per_dim: f64,
    /// What both are by chance, at least.
    pub kl_per_dim_by_chance: f64,
}

/// The distances between two spectra of one size with the same channels; `rounding_power` in value² per mode.
///
/// # Errors
///
/// If either has fewer than two images.
///
/// # Panics
///
/// If sizes or channels differ.
pub fn set_distance(first: &Spectrum, second: &Spectrum, rounding_power: f64) -> Result<SetDistance, SpectrumError> {
    let grid = first.grid();
    assert_eq!(grid.size(), second.grid().size(), "one size");
    let (gamma1, gamma2) = (first.mode_covariance()?.channels, second.mode_covariance()?.channels);
    assert_eq!(gamma1.len(), gamma2.len(), "the same channels");
    let (mean1, mean2) = (first.mean_field(), second.mean_field());
    // Files, not images: what tiles of one photograph share does not average out.
    let both = 1.0 / first.counts().n_files as f64 + 1.0 / second.counts().n_files as f64;
    let (mut w2, mut variance, mut kl21, mut kl12) = (0.0, 0.0, 0.0, 0.0);
    for c in 0..gamma1.len() {
        let modes = || {
            let powers = gamma1[c].iter().zip(&gamma2[c]);
            powers.zip(mean1[c].iter().zip(&mean2[c])).map(|((g1, g2), (m1, m2))| (*g1, *g2, (m2 - m1).norm_sqr()))
        };
        let sum = |of: &dyn Fn(f64, f64, f64) -> f64| full_sum(grid, modes().map(|(g1, g2, m)| of(g1, g2, m)));
        let floored = |g: f64| g.max(rounding_power);
        w2 += sum(&|g1, g2, m| m + (g2.sqrt() - g1.sqrt()).powi(2));
        variance += sum(&|g1, g2, _| 0.5 * (g1 + g2));
        kl21 += sum(&|g1, g2, m| 0.5 * (excess(floored(g2) / floored(g1)) + m / floored(g1)));
        kl12 += sum(&|g1, g2, m| 0.5 * (excess(floored(g1) / floored(g2)) + m / floored(g2)));
    }
    let dimensions = (grid.size().n_pixels() * gamma1.len()) as f64;
    Ok(SetDistance {
        w2_per_dim: (w2 / dimensions).sqrt(),
        w2_per_dim_by_chance: (1.25 * variance * both / dimensions).sqrt(),
        kl_second_first_per_dim: kl21 / dimensions,
        kl_first_second_per_dim: kl12 / dimensions,
        kl_per_dim_by_chance: 0.75 * both,
    })
}
