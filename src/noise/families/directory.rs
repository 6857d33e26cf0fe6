//! Noise measured on a folder of noise images: Gaussian with their Γ.

use std::path::{Path, PathBuf};

use crate::noise::error::NoiseError;
use crate::noise::family::{Needs, NoiseFamily, Parsed};
use crate::noise::power::Power;
use crate::noise::setting::Setting;

/// The Γ of a folder of images.
#[derive(Debug)]
struct Directory {
    path: PathBuf,
}

/// Reads `dir:PATH`.
pub fn parse(parameters: &str) -> Parsed {
    if parameters.is_empty() {
        return Err("write the folder of noise images after the colon, as dir:PATH".to_owned());
    }
    Ok(Box::new(Directory { path: PathBuf::from(parameters) }))
}

impl NoiseFamily for Directory {
    fn name(&self) -> String {
        format!("dir:{}", self.path.display())
    }

    fn needs(&self) -> Needs<'_> {
        Needs::Folder(Path::new(&self.path))
    }

    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError> {
        let measured = setting.measured.ok_or_else(|| NoiseError::NotMeasured { name: self.name() })?;
        Ok(Power::per_axis(measured.to_vec()))
    }
}
