//! One noise level in every unit that trainers and samplers use.
//!
//! # Definition
//!
//! For a noised image `α x + σ ε` the relative noise level is `s = σ/α`. The other names of the same level are
//!
//! ```text
//! logSNR             λ = −2 ln s                       natural logarithm
//! ᾱ (VP)             ᾱ = 1/(1+s²)                      α = √ᾱ, σ = √(1−ᾱ)
//! flow time          t = s/(1+s)                       α = 1−t, σ = t
//! cosine time        t = (2/π) arctan s
//! EDM conditioning   c = ln(s)/4
//! shift S            s' = S s,  λ' = λ − 2 ln S,  t' = S t/(1+(S−1)t);  Flux `mu` = ln S
//! ```
//!
//! # Conventions
//!
//! These are ratios of coefficients: the variance of the data is not in them. Both ends are levels too: no noise
//! (`s = 0`, `λ = ∞`, `ᾱ = 1`, `t = 0`) and nothing but noise (`s = ∞`, `λ = −∞`, `ᾱ = 0`, `t = 1`).
//!
//! # References
//!
//! Kingma et al., Variational Diffusion Models (2107.00630); Karras et al., EDM (2206.00364); Esser et al., SD3
//! (2403.03206) for the shift.

use std::borrow::Cow;
use std::f64::consts::PI;

/// A relative noise level `s = σ/α` in `[0, ∞]`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct NoiseLevel {
    sigma: f64,
}

/// A number that is no noise level in the unit it was given in.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{value} is no {unit}; it must be {allowed}")]
pub struct ConvertError {
    /// The number given.
    pub value: f64,
    /// What it should have been.
    pub unit: &'static str,
    /// The values that unit has.
    pub allowed: Cow<'static, str>,
}

fn checked(value: f64, fits: bool, unit: &'static str, allowed: &'static str) -> Result<f64, ConvertError> {
    // NaN fits nowhere: every caller's condition is false for it.
    if fits { Ok(value) } else { Err(ConvertError { value, unit, allowed: allowed.into() }) }
}

impl NoiseLevel {
    /// From EDM's sigma, the relative level itself.
    ///
    /// # Errors
    ///
    /// If `sigma` is negative or NaN.
    pub fn from_sigma(sigma: f64) -> Result<Self, ConvertError> {
        checked(sigma, sigma >= 0.0, "sigma", "0 or more").map(|sigma| Self { sigma: sigma.abs() })
    }

    /// From a logSNR (natural): `s = exp(−λ/2)`.
    ///
    /// # Errors
    ///
    /// If `logsnr` is NaN.
    pub fn from_logsnr(logsnr: f64) -> Result<Self, ConvertError> {
        checked(logsnr, !logsnr.is_nan(), "logSNR", "a number").map(|l| Self { sigma: (-0.5 * l).exp() })
    }

    /// From a logSNR known to be a number.
    pub(super) fn of_finite_logsnr(logsnr: f64) -> Self {
        Self { sigma: (-0.5 * logsnr).exp() }
    }

    /// From ᾱ of a variance-preserving schedule: `s = √((1−ᾱ)/ᾱ)`.
    ///
    /// # Errors
    ///
    /// If `alpha_bar` lies outside `[0, 1]`.
    pub fn from_alpha_bar(alpha_bar: f64) -> Result<Self, ConvertError> {
        checked(alpha_bar, (0.0..=1.0).contains(&alpha_bar), "alpha_bar", "between 0 and 1")
            .map(|a| Self { sigma: ((1.0 - a) / a).sqrt() })
    }

    /// From the α of a variance-preserving schedule: `s = √(1−α²)/α`.
    ///
    /// # Errors
    ///
    /// If `alpha` lies outside `[0, 1]`.
    pub fn from_vp_alpha(alpha: f64) -> Result<Self, ConvertError> {
        checked(alpha, (0.0..=1.0).contains(&alpha), "vp_alpha", "between 0 and 1")
            // 1 − α² by its factors, which keeps its digits near one.
            .map(|a| Self { sigma: ((1.0 - a) * (1.0 + a)).sqrt() / a })
    }

    /// From the σ of a variance-preserving schedule: `s = σ/√(1−σ²)`.
    ///
    /// # Errors
    ///
    /// If `sigma` lies outside `[0, 1]`.
    pub fn from_vp_sigma(sigma: f64) -> Result<Self, ConvertError> {
        checked(sigma, (0.0..=1.0).contains(&sigma), "vp_sigma", "between 0 and 1")
            .map(|s| Self { sigma: s / ((1.0 - s) * (1.0 + s)).sqrt() })
    }

    /// From EDM's conditioning of the network: `s = exp(4c)`.
    ///
    /// # Errors
    ///
    /// If `c` is NaN.
    pub fn from_edm_conditioning(c: f64) -> Result<Self, ConvertError> {
        checked(c, !c.is_nan(), "c_noise", "a number").map(|c| Self { sigma: (4.0 * c).exp() })
    }

    /// From the time of flow matching, `(1−t) x + t ε`: `s = t/(1−t)`.
    ///
    /// # Errors
    ///
    /// If `t` lies outside `[0, 1]`.
    pub fn from_flow_time(t: f64) -> Result<Self, ConvertError> {
        checked(t, (0.0..=1.0).contains(&t), "flow time", "between 0 and 1").map(|t| Self { sigma: t / (1.0 - t) })
    }

    /// From the time of the cosine schedule without offset: `s = tan(πt/2)`.
    ///
    /// # Errors
    ///
    /// If `t` lies outside `[0, 1]`.
    pub fn from_cosine_time(t: f64) -> Result<Self, ConvertError> {
        checked(t, (0.0..=1.0).contains(&t), "cosine time", "between 0 and 1")
            // tan of the rounded π/2 is a large number, not the pole.
            .map(|t| Self { sigma: if t == 1.0 { f64::INFINITY } else { (0.5 * PI * t).tan() } })
    }

    /// The relative level `s = σ/α`.
    pub fn sigma(self) -> f64 {
        self.sigma
    }

    /// `λ = −2 ln s`.
    pub fn logsnr(self) -> f64 {
        -2.0 * self.sigma.ln()
    }

    /// `ᾱ = 1/(1+s²)`.
    pub fn alpha_bar(self) -> f64 {
        1.0 / (1.0 + self.sigma * self.sigma)
    }

    /// `(α, σ)` of a variance-preserving schedule: `(1, s)/√(1+s²)`. Accurate in both, however small.
    pub fn variance_preserving(self) -> (f64, f64) {
        if self.sigma.is_infinite() {
            return (0.0, 1.0);
        }
        let norm = 1f64.hypot(self.sigma);
        (1.0 / norm, self.sigma / norm)
    }

    /// `t = s/(1+s)`.
    pub fn flow_time(self) -> f64 {
        if self.sigma.is_infinite() { 1.0 } else { self.sigma / (1.0 + self.sigma) }
    }

    /// `t = (2/π) arctan s`.
    pub fn cosine_time(self) -> f64 {
        2.0 / PI * self.sigma.atan()
    }

    /// EDM's conditioning of the network, `ln(s)/4`.
    pub fn edm_conditioning(self) -> f64 {
        0.25 * self.sigma.ln()
    }

    /// The level that a schedule shifted by `shift` has instead of this one: `S·s`.
    ///
    /// # Errors
    ///
    /// If `shift` is not positive and finite.
    pub fn shifted(self, shift: f64) -> Result<Self, ConvertError> {
        check_shift(shift).map(|shift| Self { sigma: shift * self.sigma })
    }

    /// The level that becomes this one when a trainer applies `shift` to it: `s/S`.
    ///
    /// # Errors
    ///
    /// If `shift` is not positive and finite.
    pub fn before_shift(self, shift: f64) -> Result<Self, ConvertError> {
        check_shift(shift).map(|shift| Self { sigma: self.sigma / shift })
    }
}

fn check_shift(shift: f64) -> Result<f64, ConvertError> {
    checked(shift, shift > 0.0 && shift.is_finite(), "shift", "positive and finite")
}

/// Flow time after a shift, `t' = S t/(1+(S−1)t)`, for `t` in `[0, 1]` and a positive `shift`.
pub fn shift_flow_time(t: f64, shift: f64) -> f64 {
    shift * t / (1.0 + (shift - 1.0) * t)
}

/// The levels after each of the steps whose `betas` are given from clean to noise: `ᾱ_i = Π(1−β)`.
///
/// # Errors
///
/// If one lies outside `[0, 1]`.
pub fn levels_from_betas(betas: &[f64]) -> Result<Vec<NoiseLevel>, ConvertError> {
    // 1 − ᾱ is summed on its own: 1 − (1 − 1e-4) would lose four digits.
    let (mut alpha_bar, mut noise) = (1.0, 0.0);
    let mut step = |&beta: &f64| {
        let beta = checked(beta, (0.0..=1.0).contains(&beta), "beta", "between 0 and 1")?;
        noise += alpha_bar * beta;
        alpha_bar *= 1.0 - beta;
        Ok(NoiseLevel { sigma: (noise / alpha_bar).sqrt() })
    };
    betas.iter().map(&mut step).collect()
}

/// `β_t = 1 − ᾱ_t/ᾱ_{t−1} = (s_t² − s_{t−1}²)/(1 + s_t²)` of `levels` from clean to noise, the clean image before the
/// first: a step to a cleaner level than the one before has a negative β, one from nothing but noise has none (NaN).
pub fn betas_from_levels(levels: impl IntoIterator<Item = NoiseLevel>) -> Vec<f64> {
    let mut before = 0.0;
    let mut beta = |level: NoiseLevel| {
        let (from, to) = (std::mem::replace(&mut before, level.sigma), level.sigma);
        if to.is_infinite() && from.is_finite() {
            return 1.0;
        }
        // The difference of squares by its factors; the last two quotients are at most one.
        let norm = 1f64.hypot(to);
        (to - from) / norm * ((to + from) / norm)
    };
    levels.into_iter().map(&mut beta).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64, relative: f64) -> bool {
        (a - b).abs() <= relative * a.abs().max(b.abs())
    }

    proptest! {
        #[test]
        fn every_unit_goes_there_and_back(ln_sigma in -11.0..11.0f64) {
            let level = NoiseLevel::from_sigma(ln_sigma.exp()).expect("positive");
            let s = level.sigma();
            let from_logsnr = NoiseLevel::from_logsnr(level.logsnr()).expect("number");
            prop_assert!(close(from_logsnr.sigma(), s, 1e-14));
            // ᾱ and t near one have few digits left for their distance to one: an error of 1e-16 in them.
            let from_alpha_bar = NoiseLevel::from_alpha_bar(level.alpha_bar()).expect("share");
            prop_assert!(close(from_alpha_bar.sigma(), s, 1e-15 + 1e-16 * (1.0 + 1.0 / (s * s))));
            let from_flow = NoiseLevel::from_flow_time(level.flow_time()).expect("share");
            prop_assert!(close(from_flow.sigma(), s, 1e-15 + 1e-15 * (1.0 + s)));
            let from_cosine = NoiseLevel::from_cosine_time(level.cosine_time()).expect("share");
            prop_assert!(close(from_cosine.sigma(), s, 1e-14 + 1e-15 * (s + 1.0 / s)));
            let (alpha, sigma) = level.variance_preserving();
            prop_assert!(close(alpha * alpha + sigma * sigma, 1.0, 1e-15));
            prop_assert!(close(sigma / alpha, s, 1e-15));
            prop_assert!(close(alpha * alpha, level.alpha_bar(), 1e-15));
            prop_assert!(close(-8.0 * level.edm_conditioning(), level.logsnr(), 1e-15));
            let from_edm = NoiseLevel::from_edm_conditioning(level.edm_conditioning()).expect("number");
            prop_assert!(close(from_edm.sigma(), s, 1e-14));
            let from_alpha = NoiseLevel::from_vp_alpha(alpha).expect("share");
            prop_assert!(close(from_alpha.sigma(), s, 1e-15 + 2e-16 * (1.0 + 1.0 / (s * s))));
            let from_sigma = NoiseLevel::from_vp_sigma(sigma).expect("share");
            prop_assert!(close(from_sigma.sigma(), s, 1e-15 + 2e-16 * (1.0 + s * s)));
        }

        #[test]
        fn a_shift_is_the_same_in_every_unit(ln_sigma in -9.0..9.0f64, ln_shift in -3.0..3.0f64) {
            let shift = ln_shift.exp();
            let level = NoiseLevel::from_sigma(ln_sigma.exp()).expect("positive");
            let shifted = level.shifted(shift).expect("positive shift");
            prop_assert!((shifted.logsnr() - (level.logsnr() - 2.0 * ln_shift)).abs() <= 1e-13);
            prop_assert!(close(shifted.flow_time(), shift_flow_time(level.flow_time(), shift), 1e-13));
            prop_assert!(close(shifted.before_shift(shift).expect("positive shift").sigma(), level.sigma(), 1e-15));
        }
    }

    #[test]
    fn known_levels() {
        let even = NoiseLevel::from_sigma(1.0).expect("positive");
        assert_eq!((even.logsnr(), even.alpha_bar(), even.flow_time()), (0.0, 0.5, 0.5));
        assert!((even.cosine_time() - 0.5).abs() <= 1e-16);
        let edm = NoiseLevel::from_sigma(80.0).expect("positive");
        assert!((edm.logsnr() + 8.764_053_269_347_762).abs() <= 1e-14);
        assert!((edm.flow_time() - 0.987_654_320_987_654_3).abs() <= 1e-15);
        assert!((shift_flow_time(0.5, 3.0) - 0.75).abs() <= 1e-16);
    }

    #[test]
    fn both_ends_are_levels() {
        for clean in [
            NoiseLevel::from_sigma(-0.0),
            NoiseLevel::from_logsnr(f64::INFINITY),
            NoiseLevel::from_alpha_bar(1.0),
            NoiseLevel::from_flow_time(0.0),
            NoiseLevel::from_cosine_time(0.0),
            NoiseLevel::from_vp_alpha(1.0),
            NoiseLevel::from_vp_sigma(0.0),
            NoiseLevel::from_edm_conditioning(f64::NEG_INFINITY),
        ] {
            let clean = clean.expect("an end");
            assert_eq!((clean.sigma(), clean.logsnr()), (0.0, f64::INFINITY));
            assert_eq!((clean.alpha_bar(), clean.flow_time(), clean.cosine_time()), (1.0, 0.0, 0.0));
            assert_eq!(clean.variance_preserving(), (1.0, 0.0));
        }
        for noise in [
            NoiseLevel::from_sigma(f64::INFINITY),
            NoiseLevel::from_logsnr(f64::NEG_INFINITY),
            NoiseLevel::from_alpha_bar(0.0),
            NoiseLevel::from_flow_time(1.0),
            NoiseLevel::from_cosine_time(1.0),
        ] {
            let noise = noise.expect("an end");
            assert_eq!((noise.sigma(), noise.logsnr()), (f64::INFINITY, f64::NEG_INFINITY));
            assert_eq!((noise.alpha_bar(), noise.flow_time(), noise.cosine_time()), (0.0, 1.0, 1.0));
            assert_eq!(noise.variance_preserving(), (0.0, 1.0));
        }
    }

    #[test]
    fn what_is_no_level_is_refused_by_name() {
        assert!(NoiseLevel::from_sigma(-1.0).is_err());
        assert!(NoiseLevel::from_sigma(f64::NAN).is_err());
        assert!(NoiseLevel::from_logsnr(f64::NAN).is_err());
        assert!(NoiseLevel::from_flow_time(1.5).is_err());
        assert!(NoiseLevel::from_cosine_time(f64::NAN).is_err());
        let error = NoiseLevel::from_alpha_bar(1.25).expect_err("too large");
        assert_eq!(error.to_string(), "1.25 is no alpha_bar; it must be between 0 and 1");
        let level = NoiseLevel::from_sigma(1.0).expect("positive");
        for shift in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(level.shifted(shift).is_err() && level.before_shift(shift).is_err());
        }
    }

    #[test]
    fn betas_and_levels_are_each_others_inverse() {
        // DDPM's own betas, to the last of them.
        let betas: Vec<f64> = (0..1000).map(|i| 1e-4 + f64::from(i) * (0.02 - 1e-4) / 999.0).collect();
        let levels = levels_from_betas(&betas).expect("betas");
        assert!(close(levels[0].sigma(), 0.010_000_500_037_503_125, 1e-14));
        assert!(close(levels[999].sigma(), 157.407_280_810_407_43, 1e-12));
        for (got, want) in betas_from_levels(levels.iter().copied()).iter().zip(&betas) {
            assert!(close(*got, *want, 1e-12), "{got} instead of {want}");
        }
        let mut product = 1.0;
        for (beta, level) in betas.iter().zip(&levels) {
            product *= 1.0 - beta;
            assert!(close(product, level.alpha_bar(), 1e-13));
        }
        let all_noise = levels_from_betas(&[0.5, 1.0]).expect("betas");
        assert_eq!(all_noise[1].sigma(), f64::INFINITY);
        assert!(close(all_noise[0].sigma(), 1.0, 1e-15));
        assert_eq!(betas_from_levels(all_noise)[1], 1.0);
        assert!(betas_from_levels([]).is_empty() && levels_from_betas(&[1.5]).is_err());
        assert!(levels_from_betas(&[f64::NAN]).is_err());
    }
}
