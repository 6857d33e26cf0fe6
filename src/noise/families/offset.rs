//! Offset noise: white noise plus a constant field of standard deviation `s`, `S[k] = 1 + s²·HW·[k = 0]` (arXiv
//! 2412.03134).
//!
//! # Conventions
//!
//! `s` is relative to white noise of variance one, as the `noise_offset` of training scripts is. The constant is drawn
//! for each channel by default (the scripts do), or one for all channels (`shared`).

use crate::noise::error::NoiseError;
use crate::noise::family::{NoiseFamily, Parsed, number};
use crate::noise::power::Power;
use crate::noise::setting::Setting;

/// White noise plus a constant.
#[derive(Debug)]
struct Offset {
    strength: f64,
    is_shared: bool,
}

/// Reads `offset:s` and `offset:s,shared`.
pub fn parse(parameters: &str) -> Parsed {
    if parameters.is_empty() {
        return Err("write the strength, a number, after the colon, as offset:0.1".to_owned());
    }
    let (strength, is_shared) = match parameters.split_once(',') {
        None => (parameters, false),
        Some((strength, "shared")) => (strength, true),
        Some((_, other)) => return Err(format!("after the comma only `shared` can follow, not `{other}`")),
    };
    let strength = number(strength, "the strength of the offset", 0.0..=1e3)?;
    Ok(Box::new(Offset { strength, is_shared }))
}

impl NoiseFamily for Offset {
    fn name(&self) -> String {
        format!("offset:{}{}", self.strength, if self.is_shared { ",shared" } else { "" })
    }

    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError> {
        let mut power = vec![1.0; setting.grid.n_modes()];
        let constant = self.strength.powi(2) * setting.grid.size().n_pixels() as f64;
        if !self.is_shared {
            power[0] += constant;
        }
        let shared_offset = if self.is_shared { constant } else { 0.0 };
        Ok(Power { shared_offset, ..Power::common(power) })
    }
}
