//! One streaming pass: workers decode, transform and add up; rows come out in path order while the pass runs.
//!
//! # Invariants
//!
//! - Memory is bounded by the workers and a fixed window of files in flight, not by the number of files.
//! - No lock in the hot loop: files are handed out by one atomic counter, outcomes travel through bounded channels and come
//!   back empty for the next file, totals are locked once every few thousand images.
//! - Sums are exact and rows are put in order, so nothing depends on which worker took which file.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Observer;
use super::probe::{ImageProbe, ProbeSource};
use super::scan::ScanConfig;
use crate::dataset::{Decoder, PreprocessError, Preprocessor, SkipReason, Skipped, SourceFile, Transform};
use crate::spectrum::analyzer::Totals;
use crate::spectrum::{AnalysisPlan, Analyzer, ContentSketch, Counts, ImageSummary, SpectrumError};

/// Files that may be in flight: read, but with a row that waits for an earlier one.
const WINDOW: usize = 256;

/// How long a worker waits before it looks again whether the window has moved.
const WINDOW_WAIT: Duration = Duration::from_micros(200);

/// Set from outside to stop a pass.
pub type Cancel = AtomicBool;

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

/// What can end a pass.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It was stopped from outside.
    #[error("interrupted; nothing was written under a final name")]
    Interrupted,
    /// No image was usable.
    #[error("none of the {n_files} images could be used (first: {first}: {reason})")]
    NothingUsable {
        /// Files tried.
        n_files: usize,
        /// Path of the first one.
        first: String,
        /// Why it was skipped.
        reason: String,
    },
    /// A worker pool could not be started.
    #[error("cannot start {threads} worker threads; pass a smaller --threads")]
    Threads {
        /// Workers asked for.
        threads: usize,
        /// The cause.
        source: rayon::ThreadPoolBuildError,
    },
    /// Rows could not be kept.
    #[error("cannot keep the row of {key}")]
    Row {
        /// The image.
        key: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The transform and the working size do not go together.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// Sums failed.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
}

/// What a pass leaves.
pub(super) struct PassOutcome {
    pub totals: Totals,
    pub counts: Counts,
    pub content: ContentSketch,
    pub skipped: Vec<Skipped>,
}

/// What became of one file; recycled from file to file.
#[derive(Default)]
struct FileOutcome {
    index: usize,
    n_bytes: u64,
    images: Vec<ImageRecord>,
    n_images: usize,
    width_px: usize,
    height_px: usize,
    format: &'static str,
    converted: bool,
    skip: Option<SkipReason>,
}

#[derive(Default)]
struct ImageRecord {
    tile_origin: Option<(usize, usize)>,
    summary: ImageSummary,
    numbers: Vec<f64>,
}

struct Shared<'a> {
    files: &'a [SourceFile],
    config: &'a ScanConfig,
    plan: Arc<AnalysisPlan>,
    next: AtomicUsize,
    emitted: AtomicUsize,
    stop: AtomicBool,
    cancel: &'a Cancel,
    collected: Mutex<Result<(Totals, ContentSketch), SpectrumError>>,
}

/// A pass to be run: which files, how, and who looks on.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub files: &'a [SourceFile],
    pub config: &'a ScanConfig,
    pub plan: &'a Arc<AnalysisPlan>,
    /// Measures every image beside the sums.
    pub probes: Option<&'a dyn ProbeSource>,
    pub observer: &'a dyn Observer,
    pub cancel: &'a Cancel,
}

/// Runs one pass; rows go to `sink`.
pub(super) fn run_pass(pass: Pass<'_>, sink: &mut dyn RowSink) -> Result<PassOutcome, ScanError> {
    let Pass { files, config, plan, probes, observer, cancel } = pass;
    let threads = config.threads.max(1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("specscan-{i}"))
        .build()
        .map_err(|source| ScanError::Threads { threads, source })?;
    let preprocessors = (0..threads).map(|_| Preprocessor::new(config.preprocess)).collect::<Result<Vec<_>, _>>()?;
    let shared = Shared {
        files,
        config,
        plan: Arc::clone(plan),
        next: AtomicUsize::new(0),
        emitted: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        cancel,
        collected: Mutex::new(Ok((Totals::new(plan), ContentSketch::default()))),
    };
    let (outcome_sender, outcomes) = bounded(WINDOW);
    let (recycle, recycled) = bounded(WINDOW);
    let emitted = pool.in_place_scope(|scope| {
        for preprocessor in preprocessors {
            let (sender, recycled, shared) = (outcome_sender.clone(), recycled.clone(), &shared);
            let probe = probes.map(|source| source.probe());
            scope.spawn(move |_| work(Worker::new(shared, preprocessor, probe), &sender, &recycled));
        }
        drop(outcome_sender);
        let emitted = emit_in_order(&shared, &outcomes, &recycle, sink, observer);
        shared.stop.store(true, Ordering::Relaxed);
        // Workers may be blocked on a full channel; letting go of its other end wakes them.
        drop(outcomes);
        emitted
    });
    if cancel.load(Ordering::Relaxed) {
        return Err(ScanError::Interrupted);
    }
    let (counts, skipped) = emitted?;
    let (totals, content) = shared.collected.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    Ok(PassOutcome { totals, counts, content, skipped })
}

/// What one worker owns.
struct Worker<'a> {
    shared: &'a Shared<'a>,
    decoder: Decoder,
    preprocessor: Preprocessor,
    analyzer: Analyzer,
    probe: Option<Box<dyn ImageProbe + 'a>>,
}

/// One worker's life.
fn work(mut worker: Worker<'_>, outcomes: &Sender<FileOutcome>, recycled: &Receiver<FileOutcome>) {
    let shared = worker.shared;
    let mut content = ContentSketch::default();
    while !shared.stopped() {
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = shared.files.get(index) else { break };
        while index >= shared.emitted.load(Ordering::Relaxed) + WINDOW && !shared.stopped() {
            std::thread::sleep(WINDOW_WAIT);
        }
        let mut outcome = recycled.try_recv().unwrap_or_default();
        outcome.reset(index);
        match worker.analyze_file(file, &mut outcome) {
            Ok(()) => content.add_file(worker.decoder.bytes()),
            Err(reason) => outcome.skip = Some(reason),
        }
        if outcomes.send(outcome).is_err() {
            break;
        }
    }
    shared.collect(&mut worker.analyzer);
    let mut collected = shared.collected.lock().unwrap_or_else(PoisonError::into_inner);
    if let Ok((_, all)) = &mut *collected {
        all.merge(&content);
    }
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared<'a>, preprocessor: Preprocessor, probe: Option<Box<dyn ImageProbe + 'a>>) -> Self {
        let analyzer = Analyzer::new(Arc::clone(&shared.plan));
        Self { shared, decoder: Decoder::new(), preprocessor, analyzer, probe }
    }

    /// Reads, decodes, cuts and analyses one file.
    fn analyze_file(&mut self, file: &SourceFile, outcome: &mut FileOutcome) -> Result<(), SkipReason> {
        let Self { shared, decoder, preprocessor, analyzer, probe } = self;
        outcome.n_bytes = decoder.read(&file.path)?.len() as u64;
        let decoded = decoder.decode(&shared.config.decode)?;
        outcome.width_px = decoded.image.size.width;
        outcome.height_px = decoded.image.size.height;
        outcome.format = decoded.format;
        outcome.converted = decoded.conversions.any();
        let is_tile = shared.config.preprocess.transform == Transform::Tile;
        for view in preprocessor.apply(&decoded.image)? {
            if analyzer.is_full() {
                shared.collect(analyzer);
            }
            let index = outcome.index;
            let record = outcome.next_record();
            record.tile_origin = is_tile.then_some((view.x_px, view.y_px));
            analyzer.add(view.rows(), &mut record.summary);
            record.numbers.clear();
            if let Some(probe) = probe {
                probe.measure(index, analyzer, &view, &mut record.numbers);
            }
        }
        Ok(())
    }
}

impl Shared<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.cancel.load(Ordering::Relaxed)
    }

    /// Moves a worker's sums into the totals; the first failure ends the pass.
    fn collect(&self, analyzer: &mut Analyzer) {
        let mut collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok((totals, _)) = &mut *collected
            && let Err(error) = analyzer.drain_into(totals)
        {
            *collected = Err(error);
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl FileOutcome {
    fn reset(&mut self, index: usize) {
        self.index = index;
        self.n_bytes = 0;
        self.n_images = 0;
        self.converted = false;
        self.skip = None;
    }

    fn next_record(&mut self) -> &mut ImageRecord {
        if self.n_images == self.images.len() {
            self.images.push(ImageRecord::default());
        }
        self.n_images += 1;
        &mut self.images[self.n_images - 1]
    }
}

/// Puts outcomes in path order and hands them on; returns what was counted and skipped.
fn emit_in_order(
    shared: &Shared<'_>,
    outcomes: &Receiver<FileOutcome>,
    recycle: &Sender<FileOutcome>,
    sink: &mut dyn RowSink,
    observer: &dyn Observer,
) -> Result<(Counts, Vec<Skipped>), ScanError> {
    let mut waiting: Vec<Option<FileOutcome>> = (0..WINDOW).map(|_| None).collect();
    let mut counts = Counts::default();
    let mut skipped = Vec::new();
    let mut next = 0;
    for outcome in outcomes {
        observer.advanced(outcome.n_bytes);
        let slot = outcome.index % WINDOW;
        waiting[slot] = Some(outcome);
        while let Some(mut outcome) = waiting[next % WINDOW].take() {
            let key = &shared.files[next].key;
            match outcome.skip.take() {
                Some(reason) => skipped.push(Skipped { path: key.clone(), reason: reason.to_string() }),
                None => {
                    counts.n_files += 1;
                    counts.n_converted += u64::from(outcome.converted);
                    emit_images(key, &outcome, sink)?;
                }
            }
            next += 1;
            shared.emitted.store(next, Ordering::Relaxed);
            // A full recycling channel only means that this outcome is freed instead.
            let _ = recycle.try_send(outcome);
        }
    }
    counts.n_skipped = skipped.len() as u64;
    Ok((counts, skipped))
}

fn emit_images(key: &str, outcome: &FileOutcome, sink: &mut dyn RowSink) -> Result<(), ScanError> {
    for record in &outcome.images[..outcome.n_images] {
        let row = ImageRow {
            key,
            tile_origin: record.tile_origin,
            width_px: outcome.width_px,
            height_px: outcome.height_px,
            format: outcome.format,
            summary: &record.summary,
            numbers: &record.numbers,
        };
        sink.image(&row).map_err(|source| ScanError::Row { key: key.to_owned(), source })?;
    }
    Ok(())
}
