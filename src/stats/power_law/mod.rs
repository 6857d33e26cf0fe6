//! Fits the power law `Γ(f) = A² f^(−2Δ)` to a spectrum, with intervals and a test of whether it is one.
//!
//! # Definition
//!
//! Three estimators of the same two numbers, each in its own file:
//!
//! | estimator | what it minimises | its interval holds for |
//! |---|---|---|
//! | [`fit_modes`] | squares of `ln Γ[k] − ln S_k` over modes | these images |
//! | [`fit_whittle`] | `Σ ln S_k + Γ[k]/S_k` over modes (maximum likelihood) | these images |
//! | [`fit_radial`] | squares of `ln R̄[j] − ln S̄_j` over annuli, whitened | the population they come from |
//!
//! So where images have slopes of their own, the first two intervals are too narrow as a statement about other images of
//! the same kind: measured on images whose exponents scatter by 0.2, they hold the average estimate in 70 % of sets, the
//! radial one in 90 %. Differences of contrast alone do not mislead any of them.
//!
//! Beside them [`local_exponents`] (Δ as a function of frequency) and [`ImageFitPlan`] (one image's Δ).
//!
//! # Conventions
//!
//! - Natural logarithms; frequencies in cycles per pixel; powers in value² per mode.
//! - Sums run over the full plane, so a stored mode counts twice when its conjugate is not stored. What is *known* is
//!   less: a mode and its conjugate are one observation. With `N` modes of which `s` are their own conjugates there are
//!   `(N + s)/2` independent ones, and a self-conjugate one (real, one degree of freedom instead of two) is known half
//!   as well: its weight relative to a pair is that of one mode to two, which is what the full plane gives it.
//! - Every result carries its [`FitRange`]: resampling bends a spectrum, so Δ without its range says little.
//! - r² is `1 − Σ(residual²)/Σ((ln Γ − mean)²)`, and can be negative where a fit other than least squares misses.
//!
//! # References
//!
//! Model, cross mask and mode-wise estimator: Cloud Diffusion (arXiv 2507.05496, section 2).

mod gls;
mod local;
mod modes;
mod per_image;
mod radial;
mod range;
mod retained;
mod whittle;

pub use local::{LocalExponent, local_exponents};
pub use modes::fit_modes;
pub use per_image::{ImageFit, ImageFitPlan};
pub use radial::{RadialMoments, fit_radial};
pub use range::FitRange;
pub use whittle::fit_whittle;

use statrs::distribution::{ContinuousCDF, FisherSnedecor, StudentsT};

use super::covariance::CovarianceError;

/// Images below which a covariance across images does not exist.
const MIN_IMAGES: usize = 2;

/// Confidence level's upper quantile: 0.975 leaves 95 % between both ends.
const UPPER_QUANTILE: f64 = 0.975;

/// The normal distribution's quantile at that level.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// Degrees of freedom from which Student's t is expanded about the normal distribution.
const MANY_DEGREES: f64 = 500.0;

/// How Δ was estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimator {
    /// Ordinary least squares of `ln Γ` on `ln f` over modes.
    Modes,
    /// Generalised least squares of the log mean RAPSD.
    Radial,
    /// Maximum likelihood over modes.
    Whittle,
}

impl Estimator {
    /// The name used in tables: `modes`, `radial`, `whittle`.
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
    /// Lower end of the 95 % interval of Δ.
    pub delta_low95: f64,
    /// Upper end of the 95 % interval of Δ.
    pub delta_high95: f64,
    /// Amplitude A, in pixel values: the standard deviation per mode the law gives at `f = 1` cycle per pixel.
    pub amplitude: f64,
    /// Coefficient of determination of the log power: over modes, or over annuli for the radial estimator.
    pub r2: f64,
    /// Root mean square of the residuals of the log power, in dB.
    pub residual_db: f64,
    /// Where it was asked to be fitted.
    pub range: FitRange,
    /// Lowest and highest frequency that entered, cycles per pixel: the cross mask and the grid leave less than the range.
    pub fitted_cycles_per_px: (f64, f64),
    /// Modes of the full plane that entered.
    pub n_modes: usize,
    /// Images behind the spectrum.
    pub n_images: usize,
    /// Chance of a curvature (a term in `(ln f)²`) as large as the observed one if the law is straight: small means
    /// bent. `None` with too few degrees of freedom, or when nothing is left unexplained.
    pub curvature_p: Option<f64>,
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
        "the range retains {n} {unit}, a power law needs {needed} at different frequencies; widen the range, lower the cross mask or work at a larger resolution"
    )]
    TooFewPoints {
        /// What was counted: independent modes or annuli.
        unit: &'static str,
        /// How many there are.
        n: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Too few images for this estimator's covariance.
    #[error(
        "{n_images} image(s) say nothing about the variation between images; the {estimator} estimator needs {needed}"
    )]
    TooFewImages {
        /// Which estimator.
        estimator: Estimator,
        /// Images there are.
        n_images: usize,
        /// Images it needs.
        needed: usize,
    },
    /// The covariance of the RAPSD cannot be used.
    #[error(
        "the covariance of the RAPSD across images cannot weight the fit; use the whittle estimator, or more and more varied images"
    )]
    Covariance(#[from] CovarianceError),
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

/// Half width of the 95 % interval of an estimate with standard error `error` and `degrees` degrees of freedom.
fn half_width(error: f64, degrees: f64) -> f64 {
    error * student_quantile(degrees)
}

/// The 97.5 % quantile of Student's t. NaN for degrees of freedom that are not positive.
fn student_quantile(degrees: f64) -> f64 {
    if degrees < MANY_DEGREES {
        return StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |t| t.inverse_cdf(UPPER_QUANTILE));
    }
    // statrs inverts the incomplete beta function, which loses its digits as t approaches the normal; the expansion in
    // 1/ν (Cornish–Fisher) is exact to 1e-9 by then.
    let z = NORMAL_QUANTILE;
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + ((third / degrees + second) / degrees + first) / degrees
}

/// Upper tail of the F distribution with 1 and `degrees` degrees of freedom at `f`; `None` if it does not exist.
fn f_test(f: f64, degrees: f64) -> Option<f64> {
    if !(degrees >= 1.0 && f >= 0.0) {
        return None;
    }
    FisherSnedecor::new(1.0, degrees).ok().map(|distribution| distribution.sf(f))
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
    fn half_width_uses_student_t() {
        // scipy.stats.t.ppf(0.975, ν)
        for (degrees, quantile) in [
            (1.0, 12.706204736175),
            (2.3, 3.807163208232),
            (5.0, 2.570581835636),
            (30.0, 2.042272456301),
            (47.7, 2.010961494105),
            (499.0, 1.964729390988),
            (500.0, 1.964719837467),
            (2500.0, 1.960913344796),
            (1e6, 1.959966356814),
            (1e9, 1.959963986912),
        ] {
            assert!((half_width(2.0, degrees) - 2.0 * quantile).abs() <= 1e-8, "{degrees}");
        }
        assert!(half_width(1.0, f64::NAN).is_nan());
    }

    #[test]
    fn f_test_agrees_with_the_t_test_and_survives_extremes() {
        let p = f_test(2.042_272_456_f64.powi(2), 30.0).expect("exists");
        assert!((p - 0.05).abs() <= 1e-8);
        assert!(f_test(1e6, 1e6).expect("exists") <= 1e-100);
        assert!((f_test(3.841_458_821, 1e7).expect("exists") - 0.05).abs() <= 1e-5);
        assert_eq!(f_test(0.0, 12.0), Some(1.0));
        assert_eq!(f_test(f64::NAN, 12.0), None);
        assert_eq!(f_test(1.0, 0.5), None);
    }

    #[test]
    fn goodness_of_a_worked_example() {
        // Observed 1, 2, 6 with weights 1, 1, 2: mean 3.75, spread 20.75; residuals 1, 0, −1 miss 3.
        let result = goodness(&[1.0, 2.0, 6.0], &[1.0, 0.0, -1.0], &[1.0, 1.0, 2.0]);
        assert!((result.r2 - (1.0 - 3.0 / 20.75)).abs() <= 1e-15);
        assert!((result.residual_db - 4.342_944_819 * 0.75f64.sqrt()).abs() <= 1e-8);
    }
}
