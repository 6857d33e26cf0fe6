//! Adjusted offset noise: how much of a constant field each step of a diffusion adds, so that brightness is noised as
//! far as the rest.
//!
//! # Definition
//!
//! `x_t = √ᾱ_t x₀ + √(1−ᾱ_t) (σ₀ε + ψ_t ξ)` with a constant field ξ, the target `σ₀ε + φ_t ξ`. One step is
//! `x_t = √α_t (x_{t−1} + γ_t ξ) + √β_t σ₀ε`, so exactly
//!
//! ```text
//! √(1−ᾱ_t) ψ_t = √α_t (√(1−ᾱ_{t−1}) ψ_{t−1} + γ_t),   φ_t = γ_t √α_t √(1−ᾱ_t) / β_t
//! ```
//!
//! The balanced strategy `φ_t = ψ_t`, `ψ_T = 1` has the closed form `ψ_t = √(SNR_T/SNR_t)` with `SNR_t = ᾱ_t/(1−ᾱ_t)`,
//! and `γ_t = β_t ψ_t / (√α_t √(1−ᾱ_t))`.
//!
//! # References
//!
//! Adjusted Offset Noise (arXiv 2412.03134).

use super::convert::NoiseLevel;
use super::schedules::ReferenceSchedule;

/// One step of the table.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct AdjustedOffsetStep {
    /// Step, from 1 (least noise) to T.
    pub t: usize,
    /// `β_t = 1 − ᾱ_t/ᾱ_{t−1}`.
    pub beta: f64,
    /// `ᾱ_t`.
    pub alpha_bar: f64,
    /// What the step adds of ξ.
    pub gamma: f64,
    /// How much of ξ is in `x_t`, over the noise level.
    pub psi: f64,
    /// How much of ξ is in the target.
    pub phi: f64,
}

/// Why a schedule has no such table.
#[derive(Debug, thiserror::Error)]
pub enum AdjustedOffsetError {
    /// It ends in pure noise.
    #[error(
        "the schedule {name} ends in pure noise (ᾱ_T = 0), where brightness needs no offset and the balanced strategy \
         has none; give another, like linear or cosine"
    )]
    EndsInPureNoise {
        /// The schedule.
        name: String,
    },
    /// A step without noise.
    #[error("the schedule {name} adds no noise at step {t}: its levels have to rise from step to step")]
    NoNoise {
        /// The schedule.
        name: String,
        /// The step.
        t: usize,
    },
}

/// The `ᾱ` of a schedule, step 1 (least noise) first.
pub fn alpha_bars(schedule: &ReferenceSchedule) -> Vec<f64> {
    // A level of infinity is pure noise.
    let alpha_bar = |s: &f64| NoiseLevel::from_sigma(*s).map_or(0.0, NoiseLevel::alpha_bar);
    schedule.sigmas().iter().rev().map(alpha_bar).collect()
}

/// The table of the balanced strategy for `schedule`, steps 1 … T.
///
/// # Errors
///
/// If the schedule ends in pure noise, or does not add noise at every step.
pub fn adjusted_offset(schedule: &ReferenceSchedule) -> Result<Vec<AdjustedOffsetStep>, AdjustedOffsetError> {
    let sigmas = schedule.sigmas();
    let name = || schedule.to_string();
    let last = *sigmas.first().unwrap_or(&f64::INFINITY);
    if !last.is_finite() {
        return Err(AdjustedOffsetError::EndsInPureNoise { name: name() });
    }
    let mut steps = Vec::with_capacity(sigmas.len());
    let mut before = 0.0;
    for (i, &sigma) in sigmas.iter().rev().enumerate() {
        // In σ = √(1−ᾱ)/√ᾱ nothing cancels where noise is faint: SNR = 1/σ².
        let total = 1.0 + sigma * sigma;
        let alpha = (1.0 + before * before) / total;
        let beta = (sigma - before) * (sigma + before) / total;
        if beta.is_nan() || beta <= 0.0 {
            return Err(AdjustedOffsetError::NoNoise { name: name(), t: i + 1 });
        }
        let noise = sigma / total.sqrt();
        let psi = sigma / last;
        let gamma = beta * psi / (alpha.sqrt() * noise);
        let phi = gamma * alpha.sqrt() * noise / beta;
        steps.push(AdjustedOffsetStep { t: i + 1, beta, alpha_bar: 1.0 / total, gamma, psi, phi });
        before = sigma;
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> ReferenceSchedule {
        name.parse().expect("a schedule")
    }

    #[test]
    fn the_recursion_is_the_closed_form() {
        let faint = ReferenceSchedule::from_list("faint", &[10.0, 1e-9]).expect("two levels");
        for schedule in [named("ddpm-linear:1000"), named("ddpm-linear:21"), named("cosine:1000"), faint] {
            let steps = adjusted_offset(&schedule).expect("a table");
            // What the steps so far have put into the image, from their β and γ alone.
            let (mut in_image, mut alpha_bar) = (0.0, 1.0);
            for (step, sigma) in steps.iter().zip(schedule.sigmas().iter().rev()) {
                let alpha = 1.0 - step.beta;
                in_image = alpha.sqrt() * (in_image + step.gamma);
                alpha_bar *= alpha;
                assert!((alpha_bar / step.alpha_bar - 1.0).abs() <= 1e-9, "{schedule}: {step:?}");
                let noise = sigma / (1.0 + sigma * sigma).sqrt();
                assert!((in_image / noise - step.psi).abs() <= 1e-9, "{schedule}: {in_image} after {step:?}");
            }
            let last = steps.last().expect("steps");
            assert!((last.psi - 1.0).abs() <= 1e-12, "{schedule}: ψ_T = {}", last.psi);
            for step in &steps {
                assert!((step.phi - step.psi).abs() <= 1e-9 * step.psi, "balanced: {step:?}");
                assert!(step.gamma > 0.0 && step.beta > 0.0 && step.beta < 1.0, "{step:?}");
            }
            assert!(steps.windows(2).all(|p| p[0].psi < p[1].psi), "{schedule}: ψ rises");
        }
    }

    #[test]
    fn betas_and_numbers_of_the_linear_schedule() {
        let steps = adjusted_offset(&named("ddpm-linear:1000")).expect("a table");
        // β from 10⁻⁴ to 0.02; ψ₁ = √(SNR_T/SNR_1) with ᾱ_T = 4.0358e-5.
        let (first, last) = (steps[0], steps[999]);
        assert!((first.beta - 1e-4).abs() <= 1e-10 && (last.beta - 0.02).abs() <= 1e-9);
        let snr_end = last.alpha_bar / (1.0 - last.alpha_bar);
        assert!((last.alpha_bar - 4.0358e-5).abs() <= 1e-8, "{}", last.alpha_bar);
        assert!((first.psi - (snr_end * 1e-4 / 0.9999).sqrt()).abs() <= 1e-9);
        assert!((last.gamma - 0.02 / (0.98_f64.sqrt() * (1.0 - last.alpha_bar).sqrt())).abs() <= 1e-9);
    }

    #[test]
    fn schedules_without_a_table_say_why() {
        assert!(matches!(adjusted_offset(&named("flow:10")), Err(AdjustedOffsetError::EndsInPureNoise { .. })));
        let twice = ReferenceSchedule::from_list("twice", &[10.0, 5.0, 5.0, 1.0]).expect("a list");
        assert!(matches!(adjusted_offset(&twice), Err(AdjustedOffsetError::NoNoise { t: 3, .. })));
    }
}
