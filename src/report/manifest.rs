//! `<command>.json`: what was run, on what, with which settings; enough to make every number again.
//!
//! # Invariants
//!
//! A run replaces the manifest of its own command only, and what is there as that command's earlier runs left it goes
//! on in [`Manifest::earlier_runs`]: no file of specscan is without the run that made it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::output_dir::{OutputDir, OutputError};
use crate::dataset::{key_of_path, manifest_name};
use crate::spectrum::{Counts, Preprocess};

/// A file that a run left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResultFile {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub n_bytes: u64,
    /// XXH3 (64 bits) of its bytes, hexadecimal.
    pub xxh3: String,
}

/// Content of `<command>.json`. A command whose result is a document of that name has both in it.
#[derive(Debug, Clone, Serialize)]
pub struct Manifest {
    /// Version of this layout.
    pub schema_version: u32,
    /// Version of the program.
    pub specscan_version: &'static str,
    /// The command; that of a command of a command after a dash.
    pub command: &'static str,
    /// The command line, program name left out.
    pub arguments: Vec<String>,
    /// Folders and files that were read.
    pub inputs: Vec<String>,
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
    pub results: Vec<ResultFile>,
    /// Noise samples: images to whom the folder is given, and none of a set that it happens to lie in.
    pub samples: Vec<ResultFile>,
    /// Manifests of earlier runs of the command, with those of their files that are there as they left them.
    pub earlier_runs: Vec<Value>,
}

impl Manifest {
    /// That of a run with this process's arguments, of which nothing else is known yet.
    pub fn new() -> Self {
        Self {
            schema_version: 2,
            specscan_version: env!("CARGO_PKG_VERSION"),
            command: "",
            arguments: std::env::args_os().skip(1).map(|a| key_of_path(a.as_ref())).collect(),
            inputs: Vec::new(),
            preprocess: None,
            fft_kernel: None,
            counts: None,
            n_ignored: 0,
            content_id: None,
            seed: None,
            threads: None,
            wall_time_s: 0.0,
            results: Vec::new(),
            samples: Vec::new(),
            earlier_runs: Vec::new(),
        }
    }

    /// Writes it, with the files that `out` holds now. Of the files called `stale`, those that an earlier run of the
    /// command left and nobody has changed are removed first: they speak of other images.
    ///
    /// # Errors
    ///
    /// If a file cannot be removed, read or written.
    pub fn write(mut self, out: &OutputDir, stale: &[String]) -> Result<(), OutputError> {
        let name = manifest_name(self.command);
        let previous = out.own().manifest(&name);
        for file in previous.iter().flat_map(|run| files(run, "results")) {
            let Some(left) = stale.iter().find(|name| text(file, "name") == Some(name)) else { continue };
            if self.is_as_left(out, file) {
                out.remove_stale(left)?;
            }
        }
        let describe = |names: Vec<String>| -> Result<Vec<ResultFile>, OutputError> {
            names.iter().filter(|written| **written != name).map(|name| result_file(out, name)).collect()
        };
        (self.results, self.samples) = (describe(out.written())?, describe(out.samples())?);
        self.earlier_runs = previous.map(|run| self.still_there(out, run)).unwrap_or_default();
        if !out.written().contains(&name) {
            return write_json(out, &name, &self);
        }
        // The result of the command is a document of this name.
        let document = || -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
            let mut document: Value = serde_json::from_reader(BufReader::new(File::open(out.path_of(&name))?))?;
            let (Value::Object(manifest), Some(fields)) = (serde_json::to_value(&self)?, document.as_object_mut())
            else {
                return Ok(document);
            };
            for (key, value) in manifest {
                fields.entry(key).or_insert(value);
            }
            Ok(document)
        };
        let document = document().map_err(|source| OutputError::Content { path: out.path_of(&name), source })?;
        write_json(out, &name, &document)
    }

    /// What the manifest of an earlier run, and those before it, say of files that are there as it left them.
    fn still_there(&self, out: &OutputDir, previous: &Value) -> Vec<Value> {
        let is_left = |file: &Value| self.is_as_left(out, file);
        let keys = serde_json::to_value(self).ok();
        let is_ours = |key: &String| key != "earlier_runs" && keys.as_ref().is_some_and(|keys| keys.get(key).is_some());
        let left_of = |run: &Value| {
            let mut run = run.as_object()?.clone();
            run.retain(|key, _| is_ours(key));
            let mut n_left = 0;
            for key in ["results", "samples"] {
                let files = run.get_mut(key).and_then(Value::as_array_mut)?;
                files.retain(is_left);
                n_left += files.len();
            }
            (n_left > 0).then_some(Value::Object(run))
        };
        std::iter::once(previous).chain(files(previous, "earlier_runs")).filter_map(left_of).collect()
    }

    /// Whether a file of an earlier run is there as that run left it, and none of this one or of another command.
    fn is_as_left(&self, out: &OutputDir, file: &Value) -> bool {
        let (Some(name), Some(hash)) = (text(file, "name"), text(file, "xxh3")) else { return false };
        let is_ours = [out.written(), out.samples()].iter().flatten().any(|written| written == name);
        let is_of_another = || out.own().is_of_another(&manifest_name(self.command), name);
        !is_ours && !is_of_another() && result_file(out, name).is_ok_and(|now| now.xxh3 == hash)
    }
}

fn files<'a>(run: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    run.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(file: &'a Value, key: &str) -> Option<&'a str> {
    file.get(key).and_then(Value::as_str)
}

/// Size and hash of a file in the folder.
fn result_file(out: &OutputDir, name: &str) -> Result<ResultFile, OutputError> {
    let path = out.path_of(name);
    match hash(&path) {
        Ok((n_bytes, hash)) => Ok(ResultFile { name: name.to_owned(), n_bytes, xxh3: format!("{hash:016x}") }),
        Err(source) => Err(OutputError::Content { path, source: source.into() }),
    }
}

fn hash(path: &Path) -> std::io::Result<(u64, u64)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut n_bytes) = (xxhash_rust::xxh3::Xxh3::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((n_bytes, hasher.digest())),
            n => {
                hasher.update(&buffer[..n]);
                n_bytes += n as u64;
            }
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
fn write_json(out: &OutputDir, name: &str, document: &impl Serialize) -> Result<(), OutputError> {
    out.write_atomic(name, |file| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        use std::io::Write;
        serde_json::to_writer_pretty(&mut *file, document)?;
        file.write_all(b"\n")?;
        Ok(())
    })
}
