//! `run.json`: what was run, on what, with which settings; enough to make every number again.

use serde::Serialize;

use super::output_dir::{OutputDir, OutputError};
use crate::spectrum::{Counts, Preprocess};

/// Content of `run.json`.
#[derive(Debug, Clone, Serialize)]
pub struct Manifest {
    /// Version of this layout.
    pub schema_version: u32,
    /// Version of the program.
    pub specscan_version: &'static str,
    /// The command line, program name left out.
    pub arguments: Vec<String>,
    /// How images were prepared.
    pub preprocess: Option<Preprocess>,
    /// Code path of the transform.
    pub fft_kernel: Option<String>,
    /// Images, files, skips.
    pub counts: Option<Counts>,
    /// Files beside the images that are no images.
    pub n_ignored: u64,
    /// Order-independent identity of the images.
    pub content_id: Option<String>,
    /// Seed of everything random; none where nothing is.
    pub seed: Option<u64>,
    /// Workers; none where one was enough.
    pub threads: Option<usize>,
    /// Wall time, seconds.
    pub wall_time_s: f64,
    /// Files written beside this one.
    pub files: Vec<String>,
    /// Files of earlier runs that are still there.
    pub earlier_files: Vec<String>,
    /// Noise samples in the folder: images to whom the folder is given, and none of a set that it happens to lie in.
    pub samples: Vec<String>,
}

impl Manifest {
    /// That of a run with this process's arguments, of which nothing else is known yet.
    pub fn new() -> Self {
        Self {
            schema_version: 1,
            specscan_version: env!("CARGO_PKG_VERSION"),
            arguments: std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect(),
            preprocess: None,
            fft_kernel: None,
            counts: None,
            n_ignored: 0,
            content_id: None,
            seed: None,
            threads: None,
            wall_time_s: 0.0,
            files: Vec::new(),
            earlier_files: Vec::new(),
            samples: Vec::new(),
        }
    }
}

impl Default for Manifest {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes a JSON document, indented, as `name`.
///
/// # Errors
///
/// If it cannot be written; no file appears then.
pub fn write_json(out: &OutputDir, name: &str, document: &impl Serialize) -> Result<(), OutputError> {
    out.write_atomic(name, |file| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        use std::io::Write;
        serde_json::to_writer_pretty(&mut *file, document)?;
        file.write_all(b"\n")?;
        Ok(())
    })
}
