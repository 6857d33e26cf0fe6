//! The noise schedules in common use, as lists of relative noise levels, and the share of them wasted on one image.
//!
//! # Definition
//!
//! Every schedule becomes sigmas `s = σ/α` in descending order, the order of sampling:
//!
//! ```text
//! ddpm-linear:N   β_i from 1e-4 to 0.02 in equal steps (N = 1000), ᾱ_i = Π(1−β), s = √((1−ᾱ)/ᾱ)
//! cosine:N        ᾱ(t) = cos²(π/2 · (t+0.008)/1.008), β_i = min(0.999, 1 − ᾱ(i/N)/ᾱ((i−1)/N)), i = 1 … N
//! edm:N           s_i = (80^{1/7} + i/(N−1) (0.002^{1/7} − 80^{1/7}))^7, i = 0 … N−1
//! flow:N,S        t_i = 1 − i/N, i = 0 … N−1, shifted by S;  s = t/(1−t); the first is pure noise, s = ∞
//! vp:N            s(t) = √(exp(½·19.9 t² + 0.1 t) − 1), t from 1 to 10⁻³ in N equal steps
//! ```
//!
//! # Conventions
//!
//! `ddpm-linear:N` with another N scales both ends of β by 1000/N, as guided-diffusion does, so that the last level stays
//! near the same; fewer than 21 steps would need β > 1. `cosine` is the one that is trained with: offset 0.008 and β clipped
//! at 0.999 (Nichol and Dhariwal; `squaredcos_cap_v2` in diffusers), and so its last level is finite, unlike that of the
//! bare `tan(πt/2)`. A trailing zero of a list, which samplers add, is the clean image and no step: it is left out.
//!
//! # References
//!
//! DDPM 2006.11239; Nichol and Dhariwal 2102.09672; EDM 2206.00364 (its equation 5, and table 1 for VP); score SDE
//! 2011.13456; SD3 2403.03206.

use std::fmt;
use std::str::FromStr;

use super::bounds::NoiseRange;

/// Steps a schedule may have: enough for any trainer, and few enough for memory.
pub const MAX_STEPS: usize = 1_000_000;

const DDPM_BETAS: (f64, f64) = (1e-4, 0.02);
const DDPM_STEPS: usize = 1000;
const COSINE_OFFSET: f64 = 0.008;
const COSINE_MAX_BETA: f64 = 0.999;
const EDM_RHO: f64 = 7.0;
const EDM_SIGMAS: (f64, f64) = (0.002, 80.0);
const VP_BETA_MIN: f64 = 0.1;
const VP_BETA_RANGE: f64 = 19.9;
const VP_LAST_TIME: f64 = 1e-3;

/// A schedule of noise levels that does not look at the image.
#[derive(Debug, Clone, PartialEq)]
pub enum ReferenceSchedule {
    /// DDPM's linear betas.
    DdpmLinear {
        /// Steps, at least 21.
        n_steps: usize,
    },
    /// The cosine schedule of Nichol and Dhariwal.
    Cosine {
        /// Steps.
        n_steps: usize,
    },
    /// EDM's sampling levels, ρ = 7, 0.002 to 80.
    Edm {
        /// Steps, at least 2.
        n_steps: usize,
    },
    /// Flow matching, uniform in its time before the shift.
    Flow {
        /// Steps.
        n_steps: usize,
        /// The shift `S`, positive; 1 for none.
        shift: f64,
    },
    /// The variance-preserving SDE, uniform in time.
    Vp {
        /// Steps, at least 2.
        n_steps: usize,
    },
    /// Any list.
    List {
        /// What it is called in tables.
        name: String,
        /// Its sigmas, descending, without a trailing zero.
        sigmas: Vec<f64>,
    },
}

/// A schedule that cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// No such name.
    #[error(
        "unknown schedule '{0}'; choose one of ddpm-linear:1000, cosine:1000, edm:18, flow:50,3 (steps, shift), vp:1000"
    )]
    UnknownName(String),
    /// A parameter that is no number.
    #[error("schedule '{name}': {what} '{value}' is no number; write e.g. {example}")]
    NotANumber {
        /// The whole name given.
        name: String,
        /// Which parameter.
        what: &'static str,
        /// What stands there.
        value: String,
        /// How it should look.
        example: &'static str,
    },
    /// Too few or too many steps.
    #[error("a {kind} schedule has {least} to {MAX_STEPS} steps, not {n_steps}")]
    Steps {
        /// The schedule.
        kind: &'static str,
        /// The number given.
        n_steps: usize,
        /// The fewest it can have.
        least: usize,
    },
    /// A shift that is no factor.
    #[error("the shift {0} must be positive and finite; 1 stands for none")]
    Shift(f64),
    /// A list without levels.
    #[error("the schedule '{0}' holds no sigma above 0; give at least one")]
    EmptyList(String),
    /// A list with something else in it.
    #[error("entry {entry} of schedule '{name}' is '{value}'; sigmas are numbers, 0 or more")]
    Entry {
        /// The list.
        name: String,
        /// Which entry, from 1.
        entry: usize,
        /// What stands there.
        value: String,
    },
}

impl ReferenceSchedule {
    /// The schedules that tables of bounds compare with: `edm:18`, `ddpm-linear:1000`, `cosine:1000`.
    pub fn standard() -> [Self; 3] {
        [Self::Edm { n_steps: 18 }, Self::DdpmLinear { n_steps: DDPM_STEPS }, Self::Cosine { n_steps: DDPM_STEPS }]
    }

    /// A list of sigmas in any order. Trailing or other zeros are left out.
    ///
    /// # Errors
    ///
    /// If one is negative, NaN or infinite, or none is above zero.
    pub fn from_list(name: &str, sigmas: &[f64]) -> Result<Self, ScheduleError> {
        if let Some(i) = sigmas.iter().position(|s| !(*s >= 0.0 && s.is_finite())) {
            return Err(ScheduleError::Entry { name: name.to_owned(), entry: i + 1, value: sigmas[i].to_string() });
        }
        let mut sigmas: Vec<f64> = sigmas.iter().copied().filter(|s| *s > 0.0).collect();
        if sigmas.is_empty() {
            return Err(ScheduleError::EmptyList(name.to_owned()));
        }
        sigmas.sort_by(|a, b| b.total_cmp(a));
        Ok(Self::List { name: name.to_owned(), sigmas })
    }

    /// A list as text: a JSON array, or numbers separated by line breaks, blanks or commas; `#` starts a comment.
    ///
    /// # Errors
    ///
    /// As [`ReferenceSchedule::from_list`], or if an entry is no number.
    pub fn from_text(name: &str, text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        let lines = inner.lines().map(|line| line.split('#').next().unwrap_or_default());
        let words = lines.flat_map(|line| line.split(|c: char| c == ',' || c.is_whitespace()));
        let mut sigmas = Vec::new();
        for word in words.filter(|w| !w.is_empty()) {
            let entry = sigmas.len() + 1;
            let sigma = word.parse().map_err(|_| ScheduleError::Entry {
                name: name.to_owned(),
                entry,
                value: word.to_owned(),
            })?;
            sigmas.push(sigma);
        }
        Self::from_list(name, &sigmas)
    }

    /// Checks the number of steps and the shift.
    ///
    /// # Errors
    ///
    /// If the schedule does not exist with them.
    pub fn validate(&self) -> Result<(), ScheduleError> {
        let (kind, n_steps, least) = match *self {
            Self::DdpmLinear { n_steps } => ("ddpm-linear", n_steps, 21),
            Self::Cosine { n_steps } => ("cosine", n_steps, 1),
            Self::Edm { n_steps } => ("edm", n_steps, 2),
            Self::Vp { n_steps } => ("vp", n_steps, 2),
            Self::Flow { shift, .. } if !(shift > 0.0 && shift.is_finite()) => return Err(ScheduleError::Shift(shift)),
            Self::Flow { n_steps, .. } => ("flow", n_steps, 1),
            Self::List { .. } => return Ok(()),
        };
        if (least..=MAX_STEPS).contains(&n_steps) { Ok(()) } else { Err(ScheduleError::Steps { kind, n_steps, least }) }
    }

    /// The relative noise levels, descending, without a trailing zero. The first of `flow` is infinite.
    ///
    /// # Errors
    ///
    /// As [`ReferenceSchedule::validate`].
    pub fn sigmas(&self) -> Result<Vec<f64>, ScheduleError> {
        self.validate()?;
        Ok(match *self {
            Self::DdpmLinear { n_steps } => ddpm_linear(n_steps),
            Self::Cosine { n_steps } => cosine(n_steps),
            Self::Edm { n_steps } => edm(n_steps),
            Self::Flow { n_steps, shift } => flow(n_steps, shift),
            Self::Vp { n_steps } => vp(n_steps),
            Self::List { ref sigmas, .. } => sigmas.clone(),
        })
    }
}

/// Sigmas, descending, of betas in the order of noising.
fn sigmas_of_betas(betas: impl Iterator<Item = f64>) -> Vec<f64> {
    // 1 − ᾱ is summed on its own: 1 − (1 − 1e-4) would lose four digits.
    let (mut alpha_bar, mut noise) = (1.0, 0.0);
    let mut sigmas: Vec<f64> = betas
        .map(|beta| {
            noise += alpha_bar * beta;
            alpha_bar *= 1.0 - beta;
            (noise / alpha_bar).sqrt()
        })
        .collect();
    sigmas.reverse();
    sigmas
}

fn ddpm_linear(n_steps: usize) -> Vec<f64> {
    let scale = DDPM_STEPS as f64 / n_steps as f64;
    let (first, last) = (scale * DDPM_BETAS.0, scale * DDPM_BETAS.1);
    let step = (last - first) / (n_steps - 1) as f64;
    sigmas_of_betas((0..n_steps).map(|i| first + i as f64 * step))
}

fn cosine(n_steps: usize) -> Vec<f64> {
    let alpha_bar = |i: usize| {
        let t = i as f64 / n_steps as f64;
        (0.5 * std::f64::consts::PI * (t + COSINE_OFFSET) / (1.0 + COSINE_OFFSET)).cos().powi(2)
    };
    sigmas_of_betas((1..=n_steps).map(|i| (1.0 - alpha_bar(i) / alpha_bar(i - 1)).min(COSINE_MAX_BETA)))
}

fn edm(n_steps: usize) -> Vec<f64> {
    let (low, high) = (EDM_SIGMAS.0.powf(1.0 / EDM_RHO), EDM_SIGMAS.1.powf(1.0 / EDM_RHO));
    let last = n_steps - 1;
    let sigma = |i: usize| match i {
        // The ends are the published numbers, not their seventh root to the seventh.
        0 => EDM_SIGMAS.1,
        i if i == last => EDM_SIGMAS.0,
        i => (high + i as f64 / last as f64 * (low - high)).powf(EDM_RHO),
    };
    (0..n_steps).map(sigma).collect()
}

fn flow(n_steps: usize, shift: f64) -> Vec<f64> {
    let sigma = |i: usize| {
        // 1 − t = i/N without rounding; the shift multiplies s.
        let clean = i as f64 / n_steps as f64;
        shift * (1.0 - clean) / clean
    };
    (0..n_steps).map(sigma).collect()
}

fn vp(n_steps: usize) -> Vec<f64> {
    let step = (1.0 - VP_LAST_TIME) / (n_steps - 1) as f64;
    let sigma = |i: usize| {
        let t = 1.0 - i as f64 * step;
        (0.5 * VP_BETA_RANGE * t * t + VP_BETA_MIN * t).exp_m1().sqrt()
    };
    (0..n_steps).map(sigma).collect()
}

impl fmt::Display for ReferenceSchedule {
    /// The name that reads back as this schedule (for a list, its own name).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DdpmLinear { n_steps } => write!(f, "ddpm-linear:{n_steps}"),
            Self::Cosine { n_steps } => write!(f, "cosine:{n_steps}"),
            Self::Edm { n_steps } => write!(f, "edm:{n_steps}"),
            Self::Flow { n_steps, shift } => write!(f, "flow:{n_steps},{shift}"),
            Self::Vp { n_steps } => write!(f, "vp:{n_steps}"),
            Self::List { name, .. } => f.pad(name),
        }
    }
}

impl FromStr for ReferenceSchedule {
    type Err = ScheduleError;

    /// Reads `NAME`, `NAME:STEPS` or `flow:STEPS,SHIFT` (also `flow:STEPS,shift=SHIFT`).
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let (kind, parameters) = match name.split_once(':') {
            Some((kind, parameters)) => (kind, Some(parameters)),
            None => (name, None),
        };
        let number = |what, value: &str, example| ScheduleError::NotANumber {
            name: name.to_owned(),
            what,
            value: value.to_owned(),
            example,
        };
        let steps = |default, example| match parameters {
            None => Ok(default),
            Some(value) => value.parse().map_err(|_| number("the number of steps", value, example)),
        };
        let schedule = match kind {
            "ddpm-linear" => Self::DdpmLinear { n_steps: steps(DDPM_STEPS, "ddpm-linear:1000")? },
            "cosine" => Self::Cosine { n_steps: steps(1000, "cosine:1000")? },
            "edm" => Self::Edm { n_steps: steps(18, "edm:18")? },
            "vp" => Self::Vp { n_steps: steps(1000, "vp:1000")? },
            "flow" => {
                let parameters = parameters.unwrap_or("50");
                let (n_steps, shift) = parameters.split_once(',').unwrap_or((parameters, "1"));
                let shift = shift.strip_prefix("shift=").unwrap_or(shift);
                Self::Flow {
                    n_steps: n_steps.parse().map_err(|_| number("the number of steps", n_steps, "flow:50"))?,
                    shift: shift.parse().map_err(|_| number("the shift", shift, "flow:50,3"))?,
                }
            }
            _ => return Err(ScheduleError::UnknownName(name.to_owned())),
        };
        schedule.validate().map(|()| schedule)
    }
}

/// The shares of a schedule's steps that do nothing for an image.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Waste {
    /// Share of the steps with `s < σ_min`, 0 to 1.
    pub below: f64,
    /// Share of the steps with `s > σ_max`, 0 to 1.
    pub above: f64,
}

impl Waste {
    /// Share of the steps outside the bounds.
    pub fn total(self) -> f64 {
        self.below + self.above
    }
}

/// The waste of `sigmas` (descending, as [`ReferenceSchedule::sigmas`] gives them) on an image with these bounds. Steps on
/// a bound are not wasted. `O(log N)`.
///
/// # Panics
///
/// If there are no sigmas.
pub fn compute_waste(sigmas: &[f64], range: &NoiseRange) -> Waste {
    assert!(!sigmas.is_empty(), "a schedule has steps");
    let n = sigmas.len() as f64;
    let above = sigmas.partition_point(|s| *s > range.sigma_max);
    let not_below = sigmas.partition_point(|s| *s >= range.sigma_min);
    Waste { below: (sigmas.len() - not_below) as f64 / n, above: above as f64 / n }
}

#[cfg(test)]
mod tests;
