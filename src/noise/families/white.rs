//! White noise: every pixel independent, `S[k] = 1`; the noise of DDPM (arXiv 2006.11239).

use crate::noise::error::NoiseError;
use crate::noise::family::{NoiseFamily, Parsed, no_parameters};
use crate::noise::power::Power;
use crate::noise::setting::Setting;

/// `S[k] = 1`.
#[derive(Debug)]
struct White;

/// Reads `white`.
pub fn parse(parameters: &str) -> Parsed {
    no_parameters(parameters)?;
    Ok(Box::new(White))
}

impl NoiseFamily for White {
    fn name(&self) -> String {
        "white".to_owned()
    }

    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError> {
        Ok(Power::common(vec![1.0; setting.grid.n_modes()]))
    }
}
