//! `<command>.json`: what was run, on what, with which settings; enough to make every number again.
//!
//! # Invariants
//!
//! A run replaces the manifest of its own command, and what is there as that command's earlier runs left it goes on in
//! [`PastRun::earlier_runs`]: no file of specscan is without the run that made it. Where it writes over another
//! command's result with other bytes, that command's manifest has it in [`PastRun::replaced`] from then on: what a
//! manifest names as a result is there with its hash, unless somebody else has changed it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::output_dir::{OutputDir, OutputError, Sink};
use super::own_results::{PastRun, manifest_name};
use super::result_file::ResultFile;
use crate::dataset::key_of_path;
use crate::spectrum::{Counts, Preprocess};
use crate::stats::octave_error::Reached;

/// Content of `<command>.json`, but for the lists of files, which [`PastRun`] has. A command whose result is a document
/// of that name has both in it.
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
    /// Whether the run came to an answer; one that did not has left lists of files that could not be used.
    pub answered: bool,
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
}

impl Manifest {
    /// That of a run with this process's arguments, of which nothing else is known yet.
    pub fn new() -> Self {
        Self {
            schema_version: 2,
            specscan_version: env!("CARGO_PKG_VERSION"),
            command: "",
            arguments: std::env::args_os().skip(1).map(|a| key_of_path(a.as_ref())).collect(),
            answered: true,
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
        }
    }

    /// Ends the run: writes the manifest with the files that `out` has complete, and puts all in place together. Of the
    /// files called `stale`, and those that were retired, the ones that an earlier run of the command left and nobody
    /// has changed are removed: they speak of other images.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, written, put in place or removed; [`super::journal`] says what is there then.
    pub fn write(self, out: &OutputDir, stale: &[String]) -> Result<(), OutputError> {
        let name = manifest_name(self.command);
        let (results, samples) = (staged_files(out, out.written(), &name)?, staged_files(out, out.samples(), &name)?);
        let rest = self.with_result(out, &name)?;
        let mut run = PastRun { rest, results, samples, ..PastRun::default() };
        let amended = out.own().without(&name, &hashes(&run));
        let mut removed = Vec::new();
        if let Some(previous) = out.own().manifest(&name) {
            (run.earlier_runs, removed) = self.still_there(out, previous, &run, stale);
        }
        write_all(out, &name, &run, amended)?;
        out.publish(&name, removed)
    }

    /// Ends a run that came to no answer, with the files that `out` has complete. The answer of an earlier run of the
    /// command stays what its manifest is about, and has this run among its earlier ones.
    ///
    /// # Errors
    ///
    /// As [`Manifest::write`].
    pub fn write_lists(mut self, out: &OutputDir) -> Result<(), OutputError> {
        self.answered = false;
        let name = manifest_name(self.command);
        let results = staged_files(out, out.written(), &name)?;
        let is_new = |file: &ResultFile| results.iter().any(|new| new.name == file.name);
        let mut own = out.own().manifest(&name).cloned().unwrap_or_default();
        let lost = own.take_files(is_new);
        own.earlier_runs.iter_mut().for_each(|run| drop(run.take_files(is_new)));
        own.earlier_runs.retain(|run| run.files().next().is_some());
        if own.files().next().is_none() {
            return self.write(out, &[]);
        }
        own.replaced.extend(lost);
        let run = PastRun { rest: self.with_result(out, &name)?, results, ..PastRun::default() };
        let amended = out.own().without(&name, &hashes(&run));
        own.earlier_runs.push(run);
        write_all(out, &name, &own, amended)?;
        out.publish(&name, Vec::new())
    }

    /// The manifest without its lists, with the keys of the document of its name where the result of the command is
    /// one.
    fn with_result(&self, out: &OutputDir, name: &str) -> Result<Map<String, Value>, OutputError> {
        let document = || -> Result<_, BoxError> {
            let mut fields: Map<String, Value> = if out.written().iter().any(|written| written == name) {
                serde_json::from_reader(BufReader::new(File::open(out.staging().join(name))?))?
            } else {
                Map::new()
            };
            for (key, value) in self.fields()? {
                fields.entry(key).or_insert(value);
            }
            Ok(fields)
        };
        document().map_err(|source| OutputError::Content { path: out.path_of(name), source })
    }

    /// Its own keys.
    fn fields(&self) -> serde_json::Result<Map<String, Value>> {
        serde_json::from_value(serde_json::to_value(self)?)
    }

    /// What the manifest of an earlier run, and those before it, say of files that are there as it left them; and
    /// those of them that go.
    fn still_there(
        &self,
        out: &OutputDir,
        previous: &PastRun,
        new: &PastRun,
        stale: &[String],
    ) -> (Vec<PastRun>, Vec<ResultFile>) {
        let keys = self.fields().unwrap_or_default();
        let written: HashSet<&str> = new.files().map(|file| file.name.as_str()).collect();
        let retired = out.retired();
        let stale: HashSet<&str> = stale.iter().chain(&retired).map(String::as_str).collect();
        let name = manifest_name(self.command);
        // Whether it is there as the run left it, and none of this one or of another command.
        let is_left = |file: &&ResultFile| {
            !written.contains(file.name.as_str())
                && !out.own().is_of_another(&name, &file.name)
                && out.hash_of(&file.name).is_ok_and(|hash| hash.as_ref() == Some(&file.xxh3))
        };
        let mut removed = Vec::new();
        let mut left = |files: &[ResultFile]| -> Vec<ResultFile> {
            let there = files.iter().filter(is_left).cloned();
            let (gone, kept): (Vec<_>, Vec<_>) = there.partition(|file| stale.contains(file.name.as_str()));
            removed.extend(gone);
            kept
        };
        let mut runs = Vec::new();
        for run in previous.runs() {
            let (results, samples) = (left(&run.results), left(&run.samples));
            if !(results.is_empty() && samples.is_empty()) {
                let rest = run.rest.iter().filter(|(key, _)| keys.contains_key(*key));
                let rest = rest.map(|(key, value)| (key.clone(), value.clone())).collect();
                runs.push(PastRun { rest, results, samples, ..PastRun::default() });
            }
        }
        (runs, removed)
    }
}

/// Writes the manifest of a run, and those of others that it changes.
fn write_all(out: &OutputDir, name: &str, run: &PastRun, amended: Vec<(String, PastRun)>) -> Result<(), OutputError> {
    out.write_atomic(name, |file| write_json(file, run))?;
    amended.into_iter().try_for_each(|(name, run)| out.write_amended(&name, |file| write_json(file, &run)))
}

/// Hashes of a run's files by their names.
fn hashes(run: &PastRun) -> HashMap<&str, &str> {
    run.files().map(|file| (file.name.as_str(), file.xxh3.as_str())).collect()
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sizes and hashes of files that are complete, without that of the manifest `own`.
fn staged_files(out: &OutputDir, names: Vec<String>, own: &str) -> Result<Vec<ResultFile>, OutputError> {
    let described = names.iter().filter(|name| *name != own).map(|name| {
        let file = ResultFile::read(&out.staging().join(name), name);
        file.map_err(|source| OutputError::Content { path: out.path_of(name), source: source.into() })
    });
    described.collect()
}

impl Default for Manifest {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes a JSON document, indented.
fn write_json(file: &mut Sink, document: &PastRun) -> Result<(), BoxError> {
    serde_json::to_writer_pretty(&mut *file, document)?;
    Ok(file.write_all(b"\n")?)
}
