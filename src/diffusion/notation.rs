//! The names a noise level goes by, each with how it is read and written.
//!
//! # Conventions
//!
//! Most notations say one level in one number ([`super::convert`] has the formulas). Two need more: a `beta` is a step
//! from the next cleaner level, and a `timestep` is a place in a schedule, 0 at its cleanest level, as training counts.
//! Between whole timesteps `ln s` is linear, as in the Euler scheduler of diffusers and in k-diffusion; flow time is
//! where a schedule ends in nothing but noise, whose `ln s` is infinite.

use super::convert::{ConvertError, NoiseLevel, betas_from_levels, levels_from_betas};
use super::schedules::ReferenceSchedule;
use crate::spectral::named;

/// A way to write noise levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notation {
    /// Relative level `s = σ/α`.
    Sigma,
    /// `λ = −2 ln s`.
    Logsnr,
    /// ᾱ of a variance-preserving schedule.
    AlphaBar,
    /// α of a variance-preserving schedule.
    VpAlpha,
    /// σ of a variance-preserving schedule.
    VpSigma,
    /// Time of flow matching.
    FlowTime,
    /// Time of the cosine schedule without offset.
    CosineTime,
    /// EDM's conditioning of the network.
    EdmConditioning,
    /// Variance of the step from the next cleaner level; from the clean image for the cleanest.
    Beta,
    /// Place in a schedule.
    Timestep,
}

named!(Notation {
    Sigma = "sigma",
    Logsnr = "logsnr",
    AlphaBar = "alpha_bar" | "alpha-bar",
    VpAlpha = "vp_alpha" | "vp-alpha" | "alpha",
    VpSigma = "vp_sigma" | "vp-sigma",
    FlowTime = "flow_time" | "flow-time" | "flow",
    CosineTime = "cosine_time" | "cosine-time",
    EdmConditioning = "c_noise" | "c-noise",
    Beta = "beta" | "betas",
    Timestep = "timestep" | "timesteps",
});

/// Why a level has no number in a notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoNumber {
    /// A timestep: it is cleaner than the schedule's cleanest level.
    Below,
    /// A timestep: it is noisier than the schedule's noisiest level.
    Above,
    /// A β after a level that is nothing but noise, or a timestep of no schedule.
    Undefined,
    /// It is infinite.
    Infinite,
}

named!(NoNumber { Below = "below", Above = "above", Undefined = "undefined", Infinite = "infinite" });

impl Notation {
    /// What it is, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Sigma => "noise over signal, σ/α: EDM, Euler",
            Self::Logsnr => "−2 ln sigma (natural logarithm)",
            Self::AlphaBar => "1/(1 + sigma²), DDPM's alphas_cumprod",
            Self::VpAlpha => "α = √ᾱ",
            Self::VpSigma => "σ = √(1 − ᾱ)",
            Self::FlowTime => "sigma/(1 + sigma): flow matching, SD3",
            Self::CosineTime => "t where sigma = tan(πt/2)",
            Self::EdmConditioning => "ln(sigma)/4: EDM's network is told this",
            Self::Beta => "1 − ᾱ/ᾱ of the next cleaner level",
            Self::Timestep => "place in the schedule, 0 the cleanest",
        }
    }

    /// The levels that `values` are in this notation; betas go from clean to noise, timesteps are those of `schedule`.
    ///
    /// # Errors
    ///
    /// If a value is none of the notation, or timesteps come without a schedule.
    pub fn read(self, values: &[f64], schedule: Option<&ReferenceSchedule>) -> Result<Vec<NoiseLevel>, ConvertError> {
        let one: fn(f64) -> Result<NoiseLevel, ConvertError> = match self {
            Self::Sigma => NoiseLevel::from_sigma,
            Self::Logsnr => NoiseLevel::from_logsnr,
            Self::AlphaBar => NoiseLevel::from_alpha_bar,
            Self::VpAlpha => NoiseLevel::from_vp_alpha,
            Self::VpSigma => NoiseLevel::from_vp_sigma,
            Self::FlowTime => NoiseLevel::from_flow_time,
            Self::CosineTime => NoiseLevel::from_cosine_time,
            Self::EdmConditioning => NoiseLevel::from_edm_conditioning,
            Self::Beta => return levels_from_betas(values),
            Self::Timestep => {
                let timesteps = Timesteps::of(schedule);
                return values.iter().map(|t| timesteps.level(*t)).collect();
            }
        };
        values.iter().map(|value| one(*value)).collect()
    }

    /// `levels` in this notation, in any order; numbers may be infinite. A reason in place of a timestep outside
    /// `schedule`, and of a β that is not defined because the next cleaner level is nothing but noise.
    pub fn write(self, levels: &[NoiseLevel], schedule: Option<&ReferenceSchedule>) -> Vec<Result<f64, NoNumber>> {
        let one: fn(NoiseLevel) -> f64 = match self {
            Self::Sigma => NoiseLevel::sigma,
            Self::Logsnr => NoiseLevel::logsnr,
            Self::AlphaBar => NoiseLevel::alpha_bar,
            Self::VpAlpha => |level| level.variance_preserving().0,
            Self::VpSigma => |level| level.variance_preserving().1,
            Self::FlowTime => NoiseLevel::flow_time,
            Self::CosineTime => NoiseLevel::cosine_time,
            Self::EdmConditioning => NoiseLevel::edm_conditioning,
            Self::Beta => return betas_of(levels),
            Self::Timestep => {
                let timesteps = Timesteps::of(schedule);
                return levels.iter().map(|level| timesteps.timestep(*level)).collect();
            }
        };
        levels.iter().map(|level| Ok(one(*level))).collect()
    }
}

/// β of each level from the next cleaner one, whatever order they come in.
fn betas_of(levels: &[NoiseLevel]) -> Vec<Result<f64, NoNumber>> {
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by(|a, b| levels[*a].sigma().total_cmp(&levels[*b].sigma()));
    let mut betas = vec![Err(NoNumber::Undefined); levels.len()];
    for (i, beta) in order.iter().zip(betas_from_levels(order.iter().map(|i| levels[*i]))) {
        if !beta.is_nan() {
            betas[*i] = Ok(beta);
        }
    }
    betas
}

/// A schedule as a scale of timesteps.
struct Timesteps {
    /// Where each timestep lies, ascending: `ln s`, or flow time.
    points: Vec<f64>,
    is_flow: bool,
}

impl Timesteps {
    /// Those of `schedule`; none at all without one.
    fn of(schedule: Option<&ReferenceSchedule>) -> Self {
        let sigmas = schedule.map_or(&[][..], ReferenceSchedule::sigmas);
        let mut scale = Self { points: Vec::new(), is_flow: sigmas.first().is_some_and(|s| s.is_infinite()) };
        // Sigmas of a schedule are levels: positive numbers.
        let levels = sigmas.iter().rev().filter_map(|s| NoiseLevel::from_sigma(*s).ok());
        scale.points = levels.map(|level| scale.point(level)).collect();
        scale
    }

    fn point(&self, level: NoiseLevel) -> f64 {
        if self.is_flow { level.flow_time() } else { level.sigma().ln() }
    }

    fn level(&self, timestep: f64) -> Result<NoiseLevel, ConvertError> {
        let last = self.points.len().saturating_sub(1);
        if self.points.is_empty() || !(timestep >= 0.0 && timestep <= last as f64) {
            let allowed = format!("a place in the schedule, from 0 (clean) to {last}");
            return Err(ConvertError { value: timestep, unit: "timestep", allowed: allowed.into() });
        }
        let below = timestep.floor();
        let (low, high) = (self.points[below as usize], self.points[last.min(below as usize + 1)]);
        let point = low + (timestep - below) * (high - low);
        if self.is_flow { NoiseLevel::from_flow_time(point) } else { NoiseLevel::from_logsnr(-2.0 * point) }
    }

    /// The timestep of `level`, or on which side of the schedule it lies.
    fn timestep(&self, level: NoiseLevel) -> Result<f64, NoNumber> {
        let point = self.point(level);
        // Ends are theirs though a level that went through another notation is a rounding error beyond them.
        let slack = 1e-12;
        let above = self.points.partition_point(|p| *p < point);
        match (above.checked_sub(1).map(|i| self.points[i]), self.points.get(above)) {
            (Some(low), Some(high)) => Ok(above as f64 - (high - point) / (high - low)),
            (None, Some(first)) => (first - point <= slack).then_some(0.0).ok_or(NoNumber::Below),
            (Some(last), None) => (point - last <= slack).then_some(above as f64 - 1.0).ok_or(NoNumber::Above),
            (None, None) => Err(NoNumber::Undefined),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schedule(name: &str) -> ReferenceSchedule {
        name.parse().expect("a schedule")
    }

    fn level(sigma: f64) -> NoiseLevel {
        NoiseLevel::from_sigma(sigma).expect("a level")
    }

    proptest! {
        #[test]
        fn any_notation_and_back_is_the_same_number(ln_sigmas in prop::collection::vec(-3.5..3.5f64, 1..6)) {
            // Shares near one have 16 digits in all: beyond these levels fewer than 12 of them are left for the rest.
            let linear = schedule("ddpm-linear:1000");
            let mut levels: Vec<NoiseLevel> = ln_sigmas.iter().map(|x| level(x.exp())).collect();
            levels.sort_by(|a, b| a.sigma().total_cmp(&b.sigma()));
            for from in Notation::ALL {
                let numbers: Vec<f64> = from.write(&levels, Some(&linear)).into_iter().flatten().collect();
                prop_assert_eq!(numbers.len(), levels.len(), "{}", from);
                for to in Notation::ALL {
                    let between = from.read(&numbers, Some(&linear)).expect("numbers of this notation");
                    let written: Vec<f64> = to.write(&between, Some(&linear)).into_iter().flatten().collect();
                    let there = to.read(&written, Some(&linear)).expect("numbers of that notation");
                    for (back, number) in from.write(&there, Some(&linear)).into_iter().zip(&numbers) {
                        let back = back.expect("a number");
                        prop_assert!((back - number).abs() <= 1e-12 * number.abs().max(1.0), "{from} {to}: {back}");
                    }
                }
            }
        }
    }

    #[test]
    fn closed_forms() {
        // sigma = 1 is the middle of every notation that has one; √3 is ᾱ = ¼.
        let written = |n: Notation, s: f64| n.write(&[level(s)], None)[0];
        assert_eq!(written(Notation::Logsnr, 1.0), Ok(0.0));
        assert_eq!(written(Notation::EdmConditioning, 1.0), Ok(0.0));
        let near = |found: Result<f64, NoNumber>, value: f64| (found.expect("a number") - value).abs() <= 1e-15;
        assert!(near(written(Notation::AlphaBar, 3f64.sqrt()), 0.25));
        assert!(near(written(Notation::VpAlpha, 3f64.sqrt()), 0.5));
        assert!(near(written(Notation::VpSigma, 3f64.sqrt()), 0.75f64.sqrt()));
        assert!(near(written(Notation::CosineTime, 3f64.sqrt()), 2.0 / 3.0));
        assert!(near(written(Notation::FlowTime, 3.0), 0.75));
        assert!(near(written(Notation::Beta, 1.0), 0.5));
        let read = |n: Notation, v: f64| n.read(&[v], None).expect("a value")[0].sigma();
        assert!((read(Notation::Logsnr, -3.0) - 1.5f64.exp()).abs() <= 1e-15 * 5.0);
        assert!((read(Notation::VpAlpha, 0.5) - 3f64.sqrt()).abs() <= 1e-15);
    }

    #[test]
    fn timesteps_are_places_in_the_schedule_and_halves_lie_between_in_logarithms() {
        for name in ["ddpm-linear:1000", "edm:18", "flow:8,3"] {
            let schedule = schedule(name);
            let sigmas = schedule.sigmas();
            for (i, sigma) in sigmas.iter().rev().enumerate() {
                let t = Notation::Timestep.write(&[level(*sigma)], Some(&schedule))[0].expect("a place");
                assert!((t - i as f64).abs() <= 1e-12, "{name}: {t} for {i}");
                let back = Notation::Timestep.read(&[i as f64], Some(&schedule)).expect("a place")[0].sigma();
                assert!(back == *sigma || (back / sigma - 1.0).abs() <= 1e-12, "{name}: {back} instead of {sigma}");
            }
            let middle = Notation::Timestep.read(&[2.5], Some(&schedule)).expect("a place")[0];
            let (a, b) = (level(sigmas[sigmas.len() - 4]), level(sigmas[sigmas.len() - 3]));
            let expected = match name {
                "flow:8,3" => {
                    NoiseLevel::from_flow_time(0.5 * (a.flow_time() + b.flow_time())).expect("a time").sigma()
                }
                _ => (a.sigma() * b.sigma()).sqrt(),
            };
            assert!((middle.sigma() / expected - 1.0).abs() <= 1e-12, "{name}");
        }
    }

    #[test]
    fn what_lies_outside_a_schedule_has_no_timestep() {
        let edm = schedule("edm:18");
        let outside = [level(0.001), level(90.0), level(0.0), level(f64::INFINITY)];
        let sides = [NoNumber::Below, NoNumber::Above, NoNumber::Below, NoNumber::Above].map(Err);
        assert_eq!(Notation::Timestep.write(&outside, Some(&edm)), sides);
        assert_eq!(Notation::Timestep.write(&[level(1.0)], None), [Err(NoNumber::Undefined)]);
        for bad in [-0.5, 17.5, f64::NAN] {
            let error = Notation::Timestep.read(&[bad], Some(&edm)).expect_err("outside").to_string();
            assert!(error.ends_with("from 0 (clean) to 17"), "{error}");
        }
        assert!(Notation::Timestep.read(&[0.0], None).is_err());
    }

    #[test]
    fn betas_belong_to_their_levels_in_any_order() {
        let [a, b, c] = [0.5, 1.0, 2.0].map(level);
        let up = Notation::Beta.write(&[a, b, c], None);
        let mixed = Notation::Beta.write(&[c, a, b], None);
        assert_eq!(mixed, [up[2], up[0], up[1]]);
        let noise = level(f64::INFINITY);
        assert_eq!(Notation::Beta.write(&[noise, noise], None), [Ok(1.0), Err(NoNumber::Undefined)]);
    }
}
