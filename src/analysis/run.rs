//! One run: the dataset, the folder for what comes of it, who watches, how it is stopped.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};

use super::lost::with_more;
use super::rows::class_of;
use super::source::{Images, Source};
use crate::dataset::{Skipped, SourceFile, compare_keys};
use crate::pipeline::{Cancel, Halves, Observer, RowSink, ScanOutcome, UsedFile, scan, scan_classes, scan_halves};
use crate::report::arrays::StreamedNpy;
use crate::report::manifest::Manifest;
use crate::report::output_dir::OutputDir;
use crate::report::tables::{SkippedRow, StreamedTable, write_table};
use crate::spectrum::Spectrum;
use crate::stats::octave_error::Reached;

/// Where results go while they are made, who watches, and how work is stopped: what every command has, with or without
/// images.
pub struct Desk<'a> {
    /// The command, after which the manifest is called.
    pub command: &'static str,
    /// What is read, for the manifest.
    pub inputs: Vec<String>,
    /// The folder for files; without one, tables that grow with a pass are not kept.
    pub folder: Option<OutputDir>,
    /// Is told how far work has come, and warned.
    pub observer: &'a dyn Observer,
    /// Set from outside to stop.
    pub cancel: &'a Cancel,
    /// Seed of everything random.
    pub seed: u64,
    /// Workers; no result depends on it.
    pub threads: usize,
    /// Bytes that the run may take.
    pub max_memory_bytes: u64,
    /// When the run began.
    pub started: Instant,
    /// What was lost in passes beside the one that the result speaks of.
    pub losses: Mutex<Vec<Loss>>,
}

/// Files that could not be used in a pass beside the one that the result speaks of.
#[derive(Debug, Clone, Default)]
pub struct Loss {
    /// What the pass was for, for people.
    pub what: String,
    /// What could not be used, in path order.
    pub skipped: Vec<Skipped>,
    /// What was left out by choice, in path order.
    pub left_out: Vec<Skipped>,
    /// Files that were used.
    pub n_used: u64,
}

impl<'a> Desk<'a> {
    /// The desk of a run of `command` that begins now and writes no files: one worker, seed 0, no limit of memory.
    pub fn new(command: &'static str, observer: &'a dyn Observer, cancel: &'a Cancel) -> Self {
        Self {
            command,
            inputs: Vec::new(),
            folder: None,
            observer,
            cancel,
            seed: 0,
            threads: 1,
            max_memory_bytes: u64::MAX,
            started: Instant::now(),
            losses: Mutex::default(),
        }
    }
}

impl Desk<'_> {
    /// A desk for a pass whose files are not kept, for the same watcher.
    pub fn without_folder(&self) -> Desk<'_> {
        Desk { inputs: self.inputs.clone(), folder: None, losses: Mutex::default(), ..*self }
    }

    /// A table that grows with the pass.
    ///
    /// # Errors
    ///
    /// If the file cannot be created.
    pub fn table(&self, name: &str) -> Result<StreamedTable> {
        match &self.folder {
            Some(folder) => Ok(StreamedTable::create(folder, name)?),
            None => Ok(StreamedTable::nowhere()),
        }
    }

    /// An array of items of `item_shape` that grows with the pass; none without a folder.
    ///
    /// # Errors
    ///
    /// If the file cannot be created.
    pub fn array(&self, name: &str, item_shape: &[usize]) -> Result<Option<StreamedNpy>> {
        let create = |folder| StreamedNpy::create(folder, name, item_shape);
        Ok(self.folder.as_ref().map(create).transpose()?)
    }

    /// The folder, for analyses whose result is files.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn folder(&self) -> Result<&OutputDir> {
        self.folder.as_ref().context("there is no folder for the files of this analysis; open the run with one")
    }

    /// Keeps what a pass lost, if anything: it is listed and judged with the rest.
    pub fn lost(&self, loss: Loss) {
        if !(loss.skipped.is_empty() && loss.left_out.is_empty()) {
            self.losses.lock().unwrap_or_else(PoisonError::into_inner).push(loss);
        }
    }

    /// What was lost so far.
    pub fn losses(&self) -> Vec<Loss> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes `skipped.csv` and `left_out.csv`: these, and what was lost in other passes. Their names come back: where
    /// there was nothing to write, those of an earlier run are stale.
    ///
    /// # Errors
    ///
    /// If one cannot be written.
    pub fn write_skips(&self, skipped: &[Skipped], left_out: &[Skipped]) -> Result<[String; 2]> {
        let losses = self.losses();
        let lost = losses.iter().flat_map(|loss| &loss.skipped);
        let skipped: Vec<&Skipped> = skipped.iter().chain(lost).collect();
        let left_out = left_out.iter().chain(losses.iter().flat_map(|loss| &loss.left_out)).collect();
        let lists: [(&str, Vec<&Skipped>); 2] = [("skipped.csv", skipped), ("left_out.csv", left_out)];
        for (name, list) in &lists {
            if let (Some(out), false) = (&self.folder, list.is_empty()) {
                write_table(
                    out,
                    name,
                    list.iter().map(|s| SkippedRow { path: &s.path, reason: s.reason.to_string() }),
                )?;
            }
        }
        Ok(lists.map(|(name, _)| name.to_owned()))
    }

    /// Warns whoever watches.
    pub fn warn(&self, message: &str) {
        self.observer.warned(message);
    }

    /// Puts all files of the run in place, with `<command>.json`: `manifest` with what the desk knows. The files called
    /// `stale`, which the command may leave, and which an earlier run of it left but this one did not write, are
    /// removed: they speak of other images.
    ///
    /// # Errors
    ///
    /// As [`Manifest::write`].
    pub fn finish(&self, stale: &[String], manifest: Manifest) -> Result<()> {
        let Some(out) = &self.folder else { return Ok(()) };
        Ok(self.signed(manifest).write(out, stale)?)
    }

    /// Puts the lists of files that could not be used in place, for a run that came to no answer: the results in the
    /// folder stay what they are. The paths of the lists come back.
    ///
    /// # Errors
    ///
    /// As [`Manifest::write`].
    pub fn finish_without_answer(&self, skipped: &[Skipped]) -> Result<Vec<PathBuf>> {
        let (left_out, skipped) = skipped.iter().cloned().partition(|s| s.reason.is_by_choice());
        let (left_out, skipped): (Vec<Skipped>, Vec<Skipped>) = (left_out, skipped);
        self.write_skips(&skipped, &left_out)?;
        let out = self.folder()?;
        let lists = out.written();
        self.signed(Manifest::new()).write_lists(out)?;
        Ok(lists.iter().map(|name| out.path_of(name)).collect())
    }

    /// The manifest with what the desk knows.
    fn signed(&self, manifest: Manifest) -> Manifest {
        let wall_time_s = self.started.elapsed().as_secs_f64();
        Manifest { command: self.command, inputs: self.inputs.clone(), wall_time_s, ..manifest }
    }
}

/// More than this share of files that repeat others is worth a warning.
const MANY_REPEATED: f64 = 0.01;

/// A desk and a dataset.
pub struct Run<'a> {
    /// The dataset.
    pub source: Source,
    /// Where results go, who watches.
    pub desk: Desk<'a>,
}

/// What a pass leaves.
#[derive(Debug, Clone)]
pub struct Scanned {
    /// The sums.
    pub spectrum: Arc<Spectrum>,
    /// Everything that could not be used, in path order.
    pub skipped: Vec<Skipped>,
    /// Everything that was left out by choice, in path order.
    pub left_out: Vec<Skipped>,
    /// Each half of the files on its own, where they were asked for and could be had.
    pub halves: Option<Arc<Halves>>,
    /// What was used of each file that was read, in the order of the files (by class, in that of the classes); none of
    /// a saved spectrum.
    pub used: Arc<[UsedFile]>,
    /// How far a scan came that was to stop as soon as a sample was enough.
    pub reached: Option<Reached>,
    /// The sums at those of the other sizes ([`Needs::other_sides_px`](super::Needs)) that every image could be
    /// prepared at.
    pub at_other_sizes: Arc<[Spectrum]>,
}

impl Run<'_> {
    /// Runs the pass over images, rows into `sink`; a saved spectrum is handed on as it is.
    ///
    /// # Errors
    ///
    /// As [`scan()`].
    pub fn scan(&self, sink: &mut dyn RowSink) -> Result<Scanned> {
        let images = match &self.source {
            Source::Saved(spectrum) => return Ok(Scanned::saved(spectrum)),
            Source::Images(images) => images,
        };
        let outcome = scan(&images.files, &images.config, sink, self.desk.observer, self.desk.cancel)
            .map_err(|error| with_more(error.into(), &images.skipped))?;
        Ok(self.scanned(images, outcome, None))
    }

    /// As [`Run::scan`] without rows, each half of the files on its own where that is possible.
    ///
    /// # Errors
    ///
    /// As [`scan_halves`].
    pub fn scan_halves(&self) -> Result<Scanned> {
        let images = match &self.source {
            Source::Saved(spectrum) => return Ok(Scanned::saved(spectrum)),
            Source::Images(images) => images,
        };
        let (outcome, halves) = scan_halves(&images.files, &images.config, self.desk.observer, self.desk.cancel)
            .map_err(|error| with_more(error.into(), &images.skipped))?;
        Ok(self.scanned(images, outcome, halves))
    }

    /// As [`Run::scan`], class by class: `each` sees the spectrum of every class. The class of a file is the first
    /// folder of its path below the input.
    ///
    /// # Errors
    ///
    /// As [`scan_classes`].
    pub fn scan_classes(&self, sink: &mut dyn RowSink, each: impl FnMut(&str, &Spectrum)) -> Result<Scanned> {
        let images = match &self.source {
            Source::Saved(spectrum) => return Ok(Scanned::saved(spectrum)),
            Source::Images(images) => images,
        };
        let class = |file: &SourceFile| class_of(&file.key()).to_owned();
        // Files in no folder lie between the folders.
        let mut files = images.files.clone();
        files.sort_by_cached_key(class);
        let (observer, cancel) = (self.desk.observer, self.desk.cancel);
        let outcome = scan_classes(&files, &images.config, class, sink, each, observer, cancel)
            .map_err(|error| with_more(error.into(), &images.skipped))?;
        Ok(self.scanned(images, outcome, None))
    }

    /// The outcome of a pass, with what was skipped before it.
    fn scanned(&self, images: &Images, outcome: ScanOutcome, halves: Option<Halves>) -> Scanned {
        let ScanOutcome { mut skipped, left_out, spectrum, used, reached, at_other_sizes } = outcome;
        let repeated_share = spectrum.repeated_share();
        if repeated_share > MANY_REPEATED {
            self.desk.warn(&format!(
                "{:.0} % of the files repeat another one byte for byte: they count twice, and intervals are too narrow; \
                 remove them if the set is not meant to repeat images",
                100.0 * repeated_share
            ));
        }
        skipped.extend(images.skipped.iter().cloned());
        skipped.sort_by(|a, b| compare_keys(&a.path, &b.path));
        let spectrum = Arc::new(spectrum.with_listed_skips(images.skipped.len() as u64));
        let at_other_sizes = at_other_sizes.into_iter().flatten().collect();
        let halves = halves.map(Arc::new);
        Scanned { spectrum, skipped, left_out, halves, used: used.into(), reached, at_other_sizes }
    }

    /// Writes `skipped.csv`, `left_out.csv` and, as [`Desk::finish`], the manifest.
    ///
    /// # Errors
    ///
    /// If a file cannot be removed or written.
    pub fn finish(&self, scanned: &Scanned, stale: &[String]) -> Result<()> {
        let mut stale = stale.to_vec();
        stale.extend(self.desk.write_skips(&scanned.skipped, &scanned.left_out)?);
        let spectrum = &scanned.spectrum;
        let manifest = Manifest {
            preprocess: Some(spectrum.preprocess().clone()),
            fft_kernel: Some(spectrum.fft_kernel().to_owned()),
            counts: Some(spectrum.counts()),
            n_ignored: self.source.n_ignored(),
            content_id: Some(spectrum.content_id()),
            until: scanned.reached,
            seed: Some(self.desk.seed),
            threads: Some(self.desk.threads),
            ..Manifest::new()
        };
        self.desk.finish(&stale, manifest)
    }
}

impl Scanned {
    fn saved(spectrum: &Arc<Spectrum>) -> Self {
        let (skipped, left_out) = (Vec::new(), Vec::new());
        let spectrum = Arc::clone(spectrum);
        let (used, at_other_sizes) = (Arc::default(), Arc::default());
        Self { spectrum, skipped, left_out, halves: None, used, reached: None, at_other_sizes }
    }
}
