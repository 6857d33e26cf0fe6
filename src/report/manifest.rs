//! `<command>.json`: what was run, on what, with which settings; enough to make every number again.
//!
//! # Invariants
//!
//! A run replaces the manifest of its own command, and what is there as that command's earlier runs left it goes on in
//! [`Manifest::earlier_runs`]: no file of specscan is without the run that made it. Where it writes over another
//! command's result with other bytes, that command's manifest has it in [`Manifest::replaced`] from then on: what a
//! manifest names as a result is there with its hash, unless somebody else has changed it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Write};

use serde::{Deserialize as _, Serialize};
use serde_json::Value;

use super::output_dir::{OutputDir, OutputError, Sink};
use super::own_results::{list, manifest_name, runs};
use super::result_file::ResultFile;
use crate::dataset::key_of_path;
use crate::spectrum::{Counts, Preprocess};
use crate::stats::octave_error::Reached;

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
    /// How far a scan came that was to stop as soon as a sample of the files was enough; none of one that was not.
    pub until: Option<Reached>,
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
    /// Results of this run that a later run of another command has written over.
    pub replaced: Vec<ResultFile>,
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
            until: None,
            n_ignored: 0,
            content_id: None,
            seed: None,
            threads: None,
            wall_time_s: 0.0,
            results: Vec::new(),
            samples: Vec::new(),
            earlier_runs: Vec::new(),
            replaced: Vec::new(),
        }
    }

    /// Ends the run: writes the manifest with the files that `out` has complete, and puts all in place together. Of the
    /// files called `stale`, and those that were retired, the ones that an earlier run of the command left and nobody
    /// has changed are removed: they speak of other images.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, written, put in place or removed; [`super::journal`] says what is there then.
    pub fn write(mut self, out: &OutputDir, stale: &[String]) -> Result<(), OutputError> {
        let name = manifest_name(self.command);
        let describe = |names: Vec<String>| -> Result<Vec<ResultFile>, OutputError> {
            names.iter().filter(|written| **written != name).map(|name| staged_file(out, name)).collect()
        };
        (self.results, self.samples) = (describe(out.written())?, describe(out.samples())?);
        let new = self.results.iter().chain(&self.samples).map(|file| (file.name.as_str(), file.xxh3.as_str()));
        let amended = out.own().without(&name, &new.collect::<HashMap<_, _>>());
        let mut removed = Vec::new();
        if let Some(previous) = out.own().manifest(&name) {
            (self.earlier_runs, removed) = self.still_there(out, previous, stale);
        }
        let document = self.with_result(out, &name)?;
        out.write_atomic(&name, |file| write_json(file, &document))?;
        for (name, manifest) in amended {
            out.write_amended(&name, |file| write_json(file, &manifest))?;
        }
        out.publish(&name, removed)
    }

    /// The manifest, with the keys of the document of its name where the result of the command is one.
    fn with_result(&self, out: &OutputDir, name: &str) -> Result<Value, OutputError> {
        let document = || -> Result<Value, BoxError> {
            let manifest = serde_json::to_value(self)?;
            if !out.written().iter().any(|written| written == name) {
                return Ok(manifest);
            }
            let mut document: Value = serde_json::from_reader(BufReader::new(File::open(out.staging().join(name))?))?;
            if let (Value::Object(manifest), Some(fields)) = (manifest, document.as_object_mut()) {
                for (key, value) in manifest {
                    fields.entry(key).or_insert(value);
                }
            }
            Ok(document)
        };
        document().map_err(|source| OutputError::Content { path: out.path_of(name), source })
    }

    /// What the manifest of an earlier run, and those before it, say of files that are there as it left them; and
    /// those of them that go.
    fn still_there(&self, out: &OutputDir, previous: &Value, stale: &[String]) -> (Vec<Value>, Vec<ResultFile>) {
        let keys = serde_json::to_value(self).ok();
        let is_ours = |key: &String| {
            !["earlier_runs", "replaced"].contains(&key.as_str())
                && keys.as_ref().is_some_and(|keys| keys.get(key).is_some())
        };
        let written: HashSet<&str> = self.results.iter().chain(&self.samples).map(|file| file.name.as_str()).collect();
        let retired = out.retired();
        let stale: HashSet<&str> = stale.iter().chain(&retired).map(String::as_str).collect();
        let name = manifest_name(self.command);
        // Whether it is there as the run left it, and none of this one or of another command.
        let is_left = |file: &ResultFile| {
            !written.contains(file.name.as_str())
                && !out.own().is_of_another(&name, &file.name)
                && file.is_in(out.path()).unwrap_or(false)
        };
        let mut removed = Vec::new();
        let left_of = |run: &Value| {
            let mut n_left = 0;
            let mut run_left = run.as_object()?.clone();
            run_left.retain(|key, _| is_ours(key));
            for key in ["results", "samples"] {
                let there = list(run, key).filter_map(|file| ResultFile::deserialize(file).ok()).filter(is_left);
                let (gone, kept): (Vec<_>, Vec<_>) = there.partition(|file| stale.contains(file.name.as_str()));
                removed.extend(gone);
                n_left += kept.len();
                run_left.insert(key.to_owned(), serde_json::to_value(kept).ok()?);
            }
            (n_left > 0).then_some(Value::Object(run_left))
        };
        (runs(previous).filter_map(left_of).collect(), removed)
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Size and hash of a file that is complete.
fn staged_file(out: &OutputDir, name: &str) -> Result<ResultFile, OutputError> {
    let file = ResultFile::read(&out.staging().join(name), name);
    file.map_err(|source| OutputError::Content { path: out.path_of(name), source: source.into() })
}

impl Default for Manifest {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes a JSON document, indented.
fn write_json(file: &mut Sink, document: &Value) -> Result<(), BoxError> {
    serde_json::to_writer_pretty(&mut *file, document)?;
    Ok(file.write_all(b"\n")?)
}
