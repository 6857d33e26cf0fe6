//! Fits the power law `Γ(f) = A² f^(−2Δ)` to a spectrum, with intervals and how far it bends.
//!
//! # Definition
//!
//! Three estimators of the same two numbers, each in its own file:
//!
//! | estimator | what it minimises | what it speaks of |
//! |---|---|---|
//! | [`fit_radial`] | squares of `ln Γ̄[j] − ln S̄_j` over annuli, weights `1/j` | all octaves alike: the Δ of a set |
//! | [`fit_modes`] | squares of `ln Γ[k] − ln S_k` over modes | the finest octave, as published |
//! | [`fit_whittle`] | `Σ ln S_k + Γ[k]/S_k` over modes (maximum likelihood) | the finest octave |
//!
//! Beside them [`local_exponents`] (Δ as a function of frequency) and [`ImageFitPlan`] (one image's Δ).
//!
//! # Intervals
//!
//! Each estimate is, near its solution, a linear function of the annulus powers, `δΔ = Σ_j c_j δR_j`. Its variance is
//! `cᵀ V c` with `V` the covariance of the mean RAPSD between files
//! ([`RadialStatistics`](crate::spectrum::RadialStatistics)), its quantile Student's t with as many degrees of
//! freedom as there are files, less one. It says what another sample of as many files of the same kind would give.
//! Fewer than five files give no interval. The estimators over modes vary by more than their annuli do, because the
//! cross mask leaves part of an annulus out and the rest is less steady; that much is added (`retained`).
//!
//! # Conventions
//!
//! - Natural logarithms; frequencies in cycles per pixel; powers in value² per mode.
//! - Sums over modes run over the full plane, so a stored mode counts twice when its conjugate is not stored.
//! - Every result carries its [`FitRange`]: resampling bends a spectrum, so Δ without its range says little.
//! - r² is `1 − Σ w (residual²)/Σ w (ln Γ − mean)²`, and can be negative where a fit other than least squares misses.
//!
//! # References
//!
//! Model, cross mask and mode-wise estimator: Cloud Diffusion (arXiv 2507.05496, section 2).

mod annulus_law;
mod linear;
mod local;
mod modes;
mod per_image;
mod radial;
mod range;
mod retained;
mod whittle;

pub use linear::{LinearEstimate, MIN_FILES};
pub use local::{LocalExponent, local_exponents};
pub use modes::fit_modes;
pub use per_image::{ImageFit, ImageFitPlan};
pub use radial::fit_radial;
pub use range::FitRange;
pub use whittle::fit_whittle;

/// How Δ was estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// Least squares over annuli, every unit of ln f with the same vote: the Δ of a set.
    Radial,
    /// Ordinary least squares of `ln Γ` on `ln f` over modes.
    Modes,
    /// Maximum likelihood over modes.
    Whittle,
}

impl Estimator {
    /// The name used in tables: `radial`, `modes`, `whittle`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Modes => "modes",
            Self::Radial => "radial",
            Self::Whittle => "whittle",
        }
    }
}

impl std::fmt::Display for Estimator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// A fitted power law `Γ(f) = A² f^(−2Δ)`.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PowerLawFit {
    /// How it was estimated.
    pub estimator: Estimator,
    /// Exponent Δ; power falls as `f^(−2Δ)`.
    pub delta: f64,
    /// Lower end of the 95 % interval of Δ; none for fewer than five files.
    pub delta_low95: Option<f64>,
    /// Upper end of the 95 % interval of Δ.
    pub delta_high95: Option<f64>,
    /// Standard error of Δ between files, as the annuli tell it: for the estimators over modes not all of it.
    pub delta_se_by_annuli: Option<f64>,
    /// Amplitude A, in pixel values: the standard deviation per mode the law gives at `f = 1` cycle per pixel.
    pub amplitude: f64,
    /// Lower end of the 95 % interval of A; only of [`Estimator::Radial`], and of five files or more.
    pub amplitude_low95: Option<f64>,
    /// Upper end of the 95 % interval of A.
    pub amplitude_high95: Option<f64>,
    /// Coefficient of determination of the log power: over modes, or over annuli for the radial estimator.
    pub r2: f64,
    /// Standard errors of A and of r² between files; only of [`Estimator::Radial`], none for fewer than five files.
    #[serde(skip)]
    pub amplitude_and_r2_se: Option<(f64, f64)>,
    /// Root mean square of the residuals of the log power, in dB.
    pub residual_db: f64,
    /// Where it was asked to be fitted.
    pub range: FitRange,
    /// Lowest and highest frequency that entered, cycles per pixel: the cross mask and the grid leave less than the
    /// range.
    pub fitted_cycles_per_px: (f64, f64),
    /// Modes of the full plane that entered.
    pub n_modes: usize,
    /// Images behind the spectrum.
    pub n_images: u64,
    /// Files that they come from: the unit of sampling.
    pub n_files: u64,
    /// The two halves of the range; only of [`Estimator::Radial`], and where both halves have two annuli.
    pub bend: Option<Bend>,
}

/// How a law bends: the same fit over the lower and the upper half of its range in ln f.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Bend {
    /// Frequency between the halves, cycles per pixel.
    pub middle_cycles_per_px: f64,
    /// Δ of the lower half.
    pub coarse: LinearEstimate,
    /// Δ of the upper half.
    pub fine: LinearEstimate,
    /// Δ of the upper half less that of the lower.
    pub rise: LinearEstimate,
    /// Chance of a rise as large if the law is straight (two-sided t-test); none for fewer than five files.
    pub p_value: Option<f64>,
    /// Whether the halves differ by more than 0.1 and by more than chance.
    pub is_bent: bool,
}

/// Why no power law was fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// The range selects nothing by construction.
    #[error("the frequency range {low} < f ≤ {high} cycles per pixel is empty; give 0 ≤ low < high")]
    Range {
        /// Lower end, exclusive.
        low: f64,
        /// Upper end, inclusive.
        high: f64,
    },
    /// Some powers have no logarithm.
    #[error(
        "{n_powerless} of {n_retained} {unit} in the range have no usable power (zero, negative or not finite); \
         leave out flat images or channels, or narrow the frequency range"
    )]
    NoPower {
        /// What was counted: stored modes or annuli.
        unit: &'static str,
        /// How many have no logarithm.
        n_powerless: usize,
        /// How many the range retains.
        n_retained: usize,
    },
    /// Too few data points, or all at one frequency.
    #[error(
        "the range retains {n} {unit}; a power law needs {needed} at different frequencies: widen the range, lower the cross mask or work at a larger resolution"
    )]
    TooFewPoints {
        /// What was counted: independent modes or annuli.
        unit: &'static str,
        /// How many there are.
        n: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The minimisation did not settle.
    #[error(
        "the {estimator} fit did not converge within {n_iterations} steps; the spectrum is far from a power law, narrow the frequency range"
    )]
    NotConverged {
        /// Which estimator.
        estimator: Estimator,
        /// Steps taken.
        n_iterations: usize,
    },
}

/// How well a fitted log power describes the observed one.
struct Goodness {
    r2: f64,
    residual_db: f64,
}

/// Goodness of a fit from log powers, residuals and weights (of equal length).
fn goodness(log_power: &[f64], residual: &[f64], weight: &[f64]) -> Goodness {
    let total: f64 = weight.iter().sum();
    let mean = weight.iter().zip(log_power).map(|(w, y)| w * y).sum::<f64>() / total;
    let spread: f64 = weight.iter().zip(log_power).map(|(w, y)| w * (y - mean).powi(2)).sum();
    let missed: f64 = weight.iter().zip(residual).map(|(w, r)| w * r * r).sum();
    Goodness { r2: 1.0 - missed / spread, residual_db: 10.0 / std::f64::consts::LN_10 * (missed / total).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goodness_of_a_worked_example() {
        // Observed 1, 2, 6 with weights 1, 1, 2: mean 3.75, spread 20.75; residuals 1, 0, −1 miss 3.
        let result = goodness(&[1.0, 2.0, 6.0], &[1.0, 0.0, -1.0], &[1.0, 1.0, 2.0]);
        assert!((result.r2 - (1.0 - 3.0 / 20.75)).abs() <= 1e-15);
        assert!((result.residual_db - 4.342_944_819 * 0.75f64.sqrt()).abs() <= 1e-8);
    }
}
