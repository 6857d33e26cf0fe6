//! One streaming pass: workers decode, transform and add up; rows come out in path order while the pass runs.
//!
//! # Invariants
//!
//! - Those of the ordered run (`ordered.rs`); totals are locked once every few thousand images, and lanes that all
//!   workers share row by row.
//! - Memory is bounded (`memory.rs`), whatever the files are.
//! - Sums are exact and rows are put in order, so nothing depends on which worker took which file.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::config::{ScanConfig, ScanOutcome, UsedFile};
use super::error::{Cancel, ScanError};
use super::memory::{KEPT_ROWS, Memory, WINDOW};
use super::observer::Observer;
use super::ordered::{Jobs, Schedule, run_ordered};
use super::probe::{ImageProbe, ProbeSource};
use crate::dataset::{
    Decoder, FileStamp, Lease, PreprocessError, Preprocessor, SkipReason, Skipped, SourceFile, Transform, Views,
    compare_keys,
};
use crate::spectrum::analyzer::{SharedSums, Totals};
use crate::spectrum::{AnalysisPlan, Analyzer, ContentSketch, Counts, ImageSummary, Spectrum, SpectrumError};

/// What is reported of one working image, in path order.
#[derive(Debug)]
pub struct ImageRow<'a> {
    /// Path of the file below its input; the key of every table.
    pub key: &'a str,
    /// Left and top edge of the tile in the file's image, pixels; none when the image is not cut into tiles.
    pub tile_origin: Option<(usize, usize)>,
    /// Width of the file's image before preprocessing, pixels.
    pub width_px: usize,
    /// Height of the file's image before preprocessing, pixels.
    pub height_px: usize,
    /// Image format by content, e.g. `jpeg`.
    pub format: &'static str,
    /// What its transform says.
    pub summary: &'a ImageSummary,
    /// What the pass's probe measured, in the probe's order; empty without one.
    pub numbers: &'a [f64],
}

/// Takes the rows of a pass, in path order, from one thread.
pub trait RowSink {
    /// One working image.
    ///
    /// # Errors
    ///
    /// Whatever stops the row from being kept; the pass then ends.
    fn image(&mut self, row: &ImageRow<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// A sink for passes whose rows nobody wants.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRows;

impl RowSink for NoRows {
    fn image(&mut self, _: &ImageRow<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

/// There may be nobody to see the rows.
impl<S: RowSink> RowSink for Option<S> {
    fn image(&mut self, row: &ImageRow<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.as_mut().map_or(Ok(()), |sink| sink.image(row))
    }
}

/// Both see every row.
impl<A: RowSink, B: RowSink> RowSink for (A, B) {
    fn image(&mut self, row: &ImageRow<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.image(row)?;
        self.1.image(row)
    }
}

/// A pass to be run: which files, how, and who looks on.
#[derive(Clone, Copy)]
pub struct Pass<'a> {
    /// What it is for, for people.
    pub what: &'a str,
    /// What it reads.
    pub files: &'a [SourceFile],
    /// How files become working images, and on how many workers.
    pub config: &'a ScanConfig,
    /// What is summed up, over images of the working size.
    pub plan: &'a Arc<AnalysisPlan>,
    /// What an earlier pass of the run over the same files used: other files are skipped as changed.
    pub earlier: Option<&'a [UsedFile]>,
    /// Measures every image beside the sums.
    pub probes: Option<&'a dyn ProbeSource>,
    /// Hears of every file.
    pub observer: &'a dyn Observer,
    /// Stops it.
    pub cancel: &'a Cancel,
}

/// What became of one file; recycled from file to file.
#[derive(Default)]
struct FileOutcome {
    n_bytes: u64,
    stamp: FileStamp,
    /// Bytes that its rows have taken of the share of all rows.
    rows_bytes: u64,
    images: Vec<ImageRecord>,
    n_images: usize,
    width_px: usize,
    height_px: usize,
    format: &'static str,
    converted: bool,
    warned: bool,
    skip: Option<SkipReason>,
}

#[derive(Default)]
struct ImageRecord {
    tile_origin: Option<(usize, usize)>,
    summary: ImageSummary,
    numbers: Vec<f64>,
}

/// Runs one pass; rows go to `sink`.
///
/// # Errors
///
/// If no file is usable, a row cannot be kept, a sum overflows, threads cannot be started, or the pass was cancelled.
///
/// # Panics
///
/// If a probe, the sink or the observer does, or the plan is not for the working size; once all workers have stopped.
pub fn run_pass(pass: Pass<'_>, sink: &mut dyn RowSink) -> Result<ScanOutcome, ScanError> {
    let Pass { files, config, plan, observer, .. } = pass;
    let memory = Memory::of(config);
    let collected = Mutex::new((Totals::new(plan), ContentSketch::default()));
    let shared = plan.config().shares_lanes(config.threads).then(|| Arc::new(SharedSums::new(plan)));
    let mut counts = Counts::default();
    let (mut skipped, mut left_out) = (Vec::new(), Vec::new());
    let mut used = Vec::with_capacity(files.len());
    let live = |jobs: &Jobs<'_, FileOutcome>| {
        let mut worker = Worker::new(&pass, &memory, shared.as_ref(), &collected)?;
        jobs.run(|index, outcome| worker.analyze_file(jobs, index, outcome))?;
        Ok(worker.sums.collect()?)
    };
    let emit = |index: usize, outcome: &mut FileOutcome| {
        let key = &files[index].key;
        used.push(outcome.skip.is_none().then_some(outcome.stamp));
        match &outcome.skip {
            Some(reason) => {
                let list = if reason.is_by_choice() { &mut left_out } else { &mut skipped };
                list.push(Skipped { path: key.clone(), reason: reason.to_string() });
            }
            None => {
                counts.n_files += 1;
                counts.n_converted += u64::from(outcome.converted);
                counts.n_warned += u64::from(outcome.warned);
                outcome.emit_images(key, sink, pass.cancel)?;
            }
        }
        memory.give_rows_back(outcome.rows_bytes);
        outcome.images.truncate(KEPT_ROWS);
        Ok(())
    };
    let schedule = Schedule { n: files.len(), threads: config.threads, window: WINDOW, cancel: pass.cancel };
    observer.started(pass.what, config.things(), files.len());
    run_ordered(schedule, live, |outcome| observer.advanced(outcome.n_bytes), emit)?;
    observer.finished();
    counts.n_skipped = skipped.len() as u64;
    counts.n_left_out = left_out.len() as u64;
    let (mut totals, content) = collected.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = shared.and_then(Arc::into_inner) {
        shared.drain_into(&mut totals)?;
    }
    if totals.n_images == 0 {
        skipped.extend(left_out);
        skipped.sort_by(|a, b| compare_keys(&a.path, &b.path));
        let reasons = if files.is_empty() { "no files were given".to_owned() } else { Skipped::summary(&skipped) };
        return Err(ScanError::NothingUsable { n_files: files.len(), reasons });
    }
    let spectrum = Spectrum::new(plan, totals, config.preprocess_record(), counts, content);
    Ok(ScanOutcome { spectrum, skipped, left_out, used })
}

/// What one worker owns.
struct Worker<'a> {
    pass: &'a Pass<'a>,
    memory: &'a Memory,
    reader: Reader<'a>,
    sums: Sums<'a>,
    probe: Option<Box<dyn ImageProbe + 'a>>,
}

impl<'a> Worker<'a> {
    fn new(
        pass: &'a Pass<'a>,
        memory: &'a Memory,
        shared: Option<&Arc<SharedSums>>,
        collected: &'a Mutex<(Totals, ContentSketch)>,
    ) -> Result<Self, PreprocessError> {
        let decoder = Decoder::with_reserve(memory.reserve_bytes);
        let plan = Arc::clone(pass.plan);
        let analyzer = match shared {
            Some(sums) => Analyzer::sharing(plan, Arc::clone(sums)),
            None => Analyzer::new(plan),
        };
        Ok(Self {
            pass,
            memory,
            reader: Reader { decoder, preprocessor: Preprocessor::new(pass.config.preprocess)?, lease: None },
            sums: Sums { analyzer, content: ContentSketch::default(), collected },
            probe: pass.probes.map(ProbeSource::probe),
        })
    }

    /// Reads, decodes, cuts and analyses one file.
    fn analyze_file(
        &mut self,
        jobs: &Jobs<'_, FileOutcome>,
        index: usize,
        outcome: &mut FileOutcome,
    ) -> Result<(), ScanError> {
        outcome.reset();
        let analyzed = self.add_file(jobs, index, outcome);
        // What waits for the window after this must hold nothing that others wait for.
        self.reader.release(self.memory.reserve_bytes);
        analyzed
    }

    fn add_file(
        &mut self,
        jobs: &Jobs<'_, FileOutcome>,
        index: usize,
        outcome: &mut FileOutcome,
    ) -> Result<(), ScanError> {
        let Self { pass, memory, reader, sums, probe } = self;
        let views = match reader.read(pass, memory, (jobs, index), outcome, probe) {
            Ok(views) => views,
            Err(SkipReason::Stopped) => return Err(ScanError::Interrupted),
            Err(reason) => {
                outcome.skip = Some(reason);
                return Ok(());
            }
        };
        let is_tile = pass.config.preprocess.transform == Transform::Tile;
        for view in views {
            if jobs.is_stopped() {
                return Err(ScanError::Interrupted);
            }
            if sums.analyzer.is_full() {
                sums.collect()?;
            }
            let record = outcome.next_record();
            record.tile_origin = is_tile.then_some((view.x_px, view.y_px));
            sums.analyzer.add(view.rows(), &mut record.summary);
            record.numbers.clear();
            if let Some(probe) = probe {
                probe.measure(index, &sums.analyzer, &view, &mut record.numbers);
            }
        }
        sums.analyzer.end_file();
        sums.content.add_file(reader.decoder.bytes());
        Ok(())
    }
}

/// From a file to working images.
struct Reader<'a> {
    decoder: Decoder,
    preprocessor: Preprocessor,
    /// What the file at hand has taken of the memory for large files.
    lease: Option<Lease<'a>>,
}

impl<'a> Reader<'a> {
    fn read(
        &mut self,
        pass: &Pass<'_>,
        memory: &'a Memory,
        (jobs, index): (&Jobs<'_, FileOutcome>, usize),
        outcome: &mut FileOutcome,
        probe: &mut Option<Box<dyn ImageProbe + '_>>,
    ) -> Result<Views<'_>, SkipReason> {
        let Self { decoder, preprocessor, lease } = self;
        let config = pass.config;
        let before = pass.earlier.map(|used| used[index]);
        outcome.n_bytes = decoder.read(&pass.files[index].path)?;
        outcome.stamp = decoder.stamp();
        if before.flatten().is_some_and(|stamp| stamp != outcome.stamp) {
            return Err(SkipReason::Changed);
        }
        let rows_bytes = &mut outcome.rows_bytes;
        let decoded = decoder.decode_when(&config.decode, |header| {
            *rows_bytes = memory.take_rows(config, header, || jobs.is_due(index), || jobs.is_stopped())?;
            *lease = memory.take(header, || jobs.is_stopped())?;
            Ok(())
        })?;
        outcome.width_px = decoded.image.size.width;
        outcome.height_px = decoded.image.size.height;
        outcome.format = decoded.format;
        outcome.converted = decoded.conversions.any();
        outcome.warned = decoded.warned;
        let views = preprocessor.apply(&decoded.image)?;
        if let Some(probe) = probe {
            probe.look_at_file(&decoded.image);
        }
        // What could not be used before has changed, too, if it can be used now.
        if before == Some(None) { Err(SkipReason::Changed) } else { Ok(views) }
    }

    /// Keeps no more than `reserve_bytes`, and gives back what the file at hand has taken beyond them.
    fn release(&mut self, reserve_bytes: u64) {
        if (self.decoder.held_bytes() + self.preprocessor.held_bytes()) as u64 > reserve_bytes {
            self.decoder.release();
            self.preprocessor.release();
        }
        self.lease = None;
    }
}

/// What one worker adds up, and where it goes in the end, or when there is no more room.
struct Sums<'a> {
    analyzer: Analyzer,
    content: ContentSketch,
    collected: &'a Mutex<(Totals, ContentSketch)>,
}

impl Sums<'_> {
    /// Moves the sums into those of all workers.
    fn collect(&mut self) -> Result<(), SpectrumError> {
        let mut collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        let (totals, content) = &mut *collected;
        content.merge(&std::mem::take(&mut self.content));
        self.analyzer.drain_into(totals)
    }
}

impl FileOutcome {
    fn reset(&mut self) {
        *self = Self { images: std::mem::take(&mut self.images), ..Self::default() };
    }

    fn next_record(&mut self) -> &mut ImageRecord {
        if self.n_images == self.images.len() {
            self.images.push(ImageRecord::default());
        }
        self.n_images += 1;
        &mut self.images[self.n_images - 1]
    }

    fn emit_images(&self, key: &str, sink: &mut dyn RowSink, cancel: &Cancel) -> Result<(), ScanError> {
        for record in &self.images[..self.n_images] {
            if cancel.load(Ordering::Relaxed) {
                return Err(ScanError::Interrupted);
            }
            let row = ImageRow {
                key,
                tile_origin: record.tile_origin,
                width_px: self.width_px,
                height_px: self.height_px,
                format: self.format,
                summary: &record.summary,
                numbers: &record.numbers,
            };
            sink.image(&row).map_err(|source| ScanError::Row { key: key.to_owned(), source })?;
        }
        Ok(())
    }
}
