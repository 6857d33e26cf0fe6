//! Densities from which trainers draw noise levels.
//!
//! # Definition
//!
//! | name | ln σ | whose |
//! |---|---|---|
//! | `edm:MEAN,STD` | normal: `P_mean`, `P_std` | EDM |
//! | `logit-normal:MEAN,STD` | the same: `t = σ/(1+σ)` has the logit `ln σ` | flow matching, t the share of noise |
//! | `flow-shift:S` | logistic about `ln S`, scale 1 | flow matching, t uniform, then shifted |

use std::fmt;
use std::str::FromStr;

use statrs::distribution::{ContinuousCDF, Normal};

/// A density of ln σ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NoiseDraws {
    /// Normal, as EDM's.
    Edm {
        /// Mean of ln σ.
        mean: f64,
        /// Standard deviation of ln σ, above zero.
        std: f64,
    },
    /// The same under the name that flow matching has for it.
    LogitNormal {
        /// Mean of the logit of the share of noise.
        mean: f64,
        /// Its standard deviation, above zero.
        std: f64,
    },
    /// Uniform flow times under a shift.
    FlowShift {
        /// The shift, above zero.
        shift: f64,
    },
}

/// A density that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no density of noise levels; write edm:P_MEAN,P_STD or logit-normal:MEAN,STD or flow-shift:SHIFT, as edm:-1.2,1.2"
)]
pub struct NotDraws(String);

impl NoiseDraws {
    /// EDM's own.
    pub const EDM: Self = Self::Edm { mean: -1.2, std: 1.2 };
    /// Stable Diffusion 3's, without a shift.
    pub const FLOW: Self = Self::LogitNormal { mean: 0.0, std: 1.0 };

    /// Whether a text names a density and no schedule: `edm:18` is a schedule.
    pub fn is_named_by(text: &str) -> bool {
        let (keyword, parameters) = text.split_once(':').unwrap_or((text, ""));
        matches!(keyword, "logit-normal" | "flow-shift") || (keyword == "edm" && parameters.contains(','))
    }

    /// Share of the draws below `sigma`.
    pub fn share_below(self, sigma: f64) -> f64 {
        match self.normal() {
            Some(normal) => normal.cdf(sigma.ln()),
            None => sigma / (sigma + self.shift()),
        }
    }

    /// The noise level below which lies the share `level` of the draws, between 0 and 1.
    pub fn quantile(self, level: f64) -> f64 {
        match self.normal() {
            Some(normal) => normal.inverse_cdf(level).exp(),
            None => self.shift() * level / (1.0 - level),
        }
    }

    /// Density of ln σ at `sigma`.
    pub fn density(self, sigma: f64) -> f64 {
        match self {
            Self::Edm { mean, std } | Self::LogitNormal { mean, std } => {
                let z = (sigma.ln() - mean) / std;
                (-0.5 * z * z).exp() / (std * std::f64::consts::TAU.sqrt())
            }
            Self::FlowShift { .. } => self.share_below(sigma) * (1.0 - self.share_below(sigma)),
        }
    }

    fn normal(self) -> Option<Normal> {
        match self {
            Self::Edm { mean, std } | Self::LogitNormal { mean, std } => Normal::new(mean, std).ok(),
            Self::FlowShift { .. } => None,
        }
    }

    fn shift(self) -> f64 {
        if let Self::FlowShift { shift } = self { shift } else { 1.0 }
    }
}

impl FromStr for NoiseDraws {
    type Err = NotDraws;

    fn from_str(text: &str) -> Result<Self, NotDraws> {
        let refused = || NotDraws(text.to_owned());
        let (keyword, parameters) = text.split_once(':').ok_or_else(refused)?;
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        let numbers: Option<Vec<f64>> = parameters.split(',').map(number).collect();
        match (keyword, numbers.as_deref()) {
            ("edm", Some(&[mean, std])) if std > 0.0 => Ok(Self::Edm { mean, std }),
            ("logit-normal", Some(&[mean, std])) if std > 0.0 => Ok(Self::LogitNormal { mean, std }),
            ("flow-shift", Some(&[shift])) if shift > 0.0 => Ok(Self::FlowShift { shift }),
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for NoiseDraws {
    /// The name that reads back as this density.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edm { mean, std } => write!(f, "edm:{mean},{std}"),
            Self::LogitNormal { mean, std } => write!(f, "logit-normal:{mean},{std}"),
            Self::FlowShift { shift } => write!(f, "flow-shift:{shift}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_other_texts_are_refused() {
        for name in ["edm:-1.2,1.2", "logit-normal:0,1", "flow-shift:3"] {
            assert!(NoiseDraws::is_named_by(name));
            assert_eq!(name.parse::<NoiseDraws>().expect("a density").to_string(), name);
        }
        for name in ["edm:1,0", "edm:1", "flow-shift:-1", "flow-shift:1,2", "logit-normal:nan,1", "logit-normal", ""] {
            assert!(name.parse::<NoiseDraws>().is_err(), "{name}");
        }
        assert!(!NoiseDraws::is_named_by("edm:18") && !NoiseDraws::is_named_by("flow:50,3"));
    }

    #[test]
    fn shares_are_integrals_of_the_density_and_quantiles_invert_them() {
        for draws in [NoiseDraws::EDM, NoiseDraws::FLOW, NoiseDraws::FlowShift { shift: 3.0 }] {
            for level in [0.01, 0.3, 0.5, 0.99] {
                let sigma = draws.quantile(level);
                assert!((draws.share_below(sigma) - level).abs() <= 1e-9, "{draws} at {level}");
                let (low, n) = (-40.0_f64, 400_000);
                let width = (sigma.ln() - low) / f64::from(n);
                let sum: f64 = (0..n).map(|i| draws.density((low + (f64::from(i) + 0.5) * width).exp())).sum();
                assert!((sum * width - level).abs() <= 1e-6, "{draws} at {level}: {}", sum * width);
            }
        }
        // Flow matching draws t uniformly: half of the draws lie below t = 1/2, σ = shift.
        assert!((NoiseDraws::FlowShift { shift: 3.0 }.share_below(3.0) - 0.5).abs() <= 1e-15);
        assert!((NoiseDraws::EDM.share_below((-1.2_f64).exp()) - 0.5).abs() <= 1e-12);
    }
}
