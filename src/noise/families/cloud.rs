//! Cloud noise: a periodic power law, `S[k] = f^(−2Δ)` (Cloud Diffusion, arXiv 2507.05496), and the colours that are
//! such laws.
//!
//! # Conventions
//!
//! Colours are named by the exponent of the power, `2Δ`, as everywhere but in the paper's notebook: pink is 1/f (Δ =
//! 0.5), brown 1/f² (Δ = 1), blue f (Δ = −0.5).

use crate::noise::best::best_delta;
use crate::noise::error::NoiseError;
use crate::noise::family::{Needs, NoiseFamily, Parsed, no_parameters, number};
use crate::noise::law::power_law;
use crate::noise::model::DatasetModel;
use crate::noise::power::Power;
use crate::noise::setting::Setting;
use crate::noise::spectrum::NoiseSpectrum;
use crate::stats::power_law::FitError;

/// No spectrum is steeper; far beyond it powers would overflow.
const MAX_DELTA: f64 = 8.0;

/// Where Δ comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Exponent {
    /// It is given.
    Given(f64),
    /// The dataset's own, by least squares over modes.
    Fit,
    /// The one with the least divergence from the dataset.
    Best,
}

impl Exponent {
    /// Reads a number, `fit` or `best`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("write the exponent after a colon: a number, `fit` or `best`".to_owned()),
            "fit" => Ok(Self::Fit),
            "best" => Ok(Self::Best),
            _ => Ok(Self::Given(number(text, "Δ (or `fit`, or `best`)", -MAX_DELTA..=MAX_DELTA)?)),
        }
    }

    pub(super) fn needs(self) -> Needs<'static> {
        if matches!(self, Self::Given(_)) { Needs::Nothing } else { Needs::Dataset }
    }

    /// The number, for a family called `name` whose spectrum at an exponent is `power`.
    pub(super) fn resolve(
        self,
        name: &str,
        setting: &Setting<'_>,
        power: impl Fn(f64) -> Vec<f64>,
    ) -> Result<f64, NoiseError> {
        match self {
            Self::Given(delta) => Ok(delta),
            Self::Fit => fitted_delta(name, setting.dataset_of(name)?),
            Self::Best => {
                let dataset = setting.dataset_of(name)?;
                let spectrum = |delta| NoiseSpectrum::scaled(name, setting, Power::law(power(delta), delta));
                best_delta(dataset, spectrum)
            }
        }
    }
}

fn fitted_delta(name: &str, dataset: &DatasetModel) -> Result<f64, NoiseError> {
    match &dataset.fit {
        Ok(fit) => Ok(fit.delta),
        // The default range is empty on images of a few pixels.
        Err(FitError::Range { .. }) => {
            let reason =
                format!("images of {} have too few frequencies; give a larger --resolution", dataset.grid.size());
            Err(NoiseError::NoPowerLaw { name: name.to_owned(), reason })
        }
        Err(reason) => Err(NoiseError::NoPowerLaw { name: name.to_owned(), reason: reason.to_string() }),
    }
}

impl std::fmt::Display for Exponent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given(delta) => write!(f, "{delta}"),
            Self::Fit => f.write_str("fit"),
            Self::Best => f.write_str("best"),
        }
    }
}

/// `S[k] = f^(−2Δ)`.
#[derive(Debug)]
struct Cloud {
    exponent: Exponent,
    /// Its name, if it is a colour.
    colour: Option<&'static str>,
}

/// Reads `cloud:Δ|fit|best`.
pub fn parse(parameters: &str) -> Parsed {
    Ok(Box::new(Cloud { exponent: Exponent::parse(parameters)?, colour: None }))
}

/// Reads `pink`.
pub fn parse_pink(parameters: &str) -> Parsed {
    colour(parameters, "pink", 0.5)
}

/// Reads `brown`.
pub fn parse_brown(parameters: &str) -> Parsed {
    colour(parameters, "brown", 1.0)
}

/// Reads `blue`.
pub fn parse_blue(parameters: &str) -> Parsed {
    colour(parameters, "blue", -0.5)
}

fn colour(parameters: &str, name: &'static str, delta: f64) -> Parsed {
    no_parameters(parameters)?;
    Ok(Box::new(Cloud { exponent: Exponent::Given(delta), colour: Some(name) }))
}

impl NoiseFamily for Cloud {
    fn name(&self) -> String {
        self.colour.map_or_else(|| format!("cloud:{}", self.exponent), str::to_owned)
    }

    fn needs(&self) -> Needs<'_> {
        self.exponent.needs()
    }

    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError> {
        let power = |delta| power_law(setting.grid, delta, setting.zero_frequency);
        let delta = self.exponent.resolve(&self.name(), setting, power)?;
        Ok(Power::law(power(delta), delta))
    }
}

#[cfg(test)]
mod tests {
    use crate::noise::parse_family;
    use crate::noise::power::Modes;
    use crate::noise::testing::setting;
    use crate::spectral::{Grid, Size};

    #[test]
    fn colours_are_laws_of_the_power() {
        let grid = Grid::new(Size::square(16));
        for (name, two_delta) in [("pink", 1.0), ("brown", 2.0), ("blue", -1.0)] {
            let power = parse_family(name).expect(name).power(&setting(&grid)).expect(name);
            assert_eq!(power.delta, Some(0.5 * two_delta));
            let Modes::Common(modes) = power.modes else { panic!("{name} has no channels of its own") };
            assert!((modes[1] / modes[2] - 2f64.powf(two_delta)).abs() <= 1e-12, "{name}");
        }
        let error = parse_family("cloud:fit").expect("a name").power(&setting(&grid)).expect_err("no dataset");
        assert!(error.to_string().contains("follows a dataset"), "{error}");
    }
}
