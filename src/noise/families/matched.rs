//! Noise with the dataset's own spectrum, `S = Γ`: every frequency keeps the same signal-to-noise ratio (EqualSNR,
//! arXiv 2505.11278).

use crate::noise::error::NoiseError;
use crate::noise::family::{Needs, NoiseFamily, Parsed, no_parameters};
use crate::noise::power::Power;
use crate::noise::setting::Setting;

/// `S = Γ`.
#[derive(Debug)]
struct Matched;

/// Reads `matched`.
pub fn parse(parameters: &str) -> Parsed {
    no_parameters(parameters)?;
    Ok(Box::new(Matched))
}

impl NoiseFamily for Matched {
    fn name(&self) -> String {
        "matched".to_owned()
    }

    fn needs(&self) -> Needs<'_> {
        Needs::Dataset
    }

    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError> {
        let gamma = setting.dataset_of("matched")?.gamma.clone();
        Ok(Power { is_at_dataset_level: true, ..Power::per_axis(gamma) })
    }
}
