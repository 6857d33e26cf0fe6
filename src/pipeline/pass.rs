//! One streaming pass: workers decode, transform and add up; rows come out in path order while the pass runs.
//!
//! # Invariants
//!
//! - Those of the ordered run (`ordered.rs`); totals are locked once every few thousand images, and lanes that all
//!   workers share row by row.
//! - Sums are exact and rows are put in order, so nothing depends on which worker took which file.

use std::sync::{Arc, Mutex, PoisonError};

use super::config::{ScanConfig, ScanOutcome};
use super::error::{Cancel, ScanError};
use super::observer::Observer;
use super::ordered::{Jobs, Schedule, run_ordered};
use super::probe::{ImageProbe, ProbeSource};
use crate::dataset::{Decoder, PreprocessError, Preprocessor, SkipReason, Skipped, SourceFile, Transform, Views};
use crate::spectrum::analyzer::{SharedSums, Totals};
use crate::spectrum::{AnalysisPlan, Analyzer, ContentSketch, Counts, ImageSummary, Spectrum, SpectrumError};

/// Files that may be in flight: read, but with a row that waits for an earlier one.
const WINDOW: usize = 256;

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
    let collected = Mutex::new((Totals::new(plan), ContentSketch::default()));
    let shared = plan.shares_lanes(config.threads).then(|| Arc::new(SharedSums::new(plan)));
    let mut counts = Counts::default();
    let (mut skipped, mut left_out) = (Vec::new(), Vec::new());
    let live = |jobs: &Jobs<'_, FileOutcome>| {
        let mut worker = Worker::new(&pass, shared.as_ref(), &collected)?;
        jobs.run(|index, outcome| worker.analyze_file(index, outcome))?;
        Ok(worker.sums.collect()?)
    };
    let emit = |index: usize, outcome: &FileOutcome| {
        let key = &files[index].key;
        match &outcome.skip {
            Some(reason) => {
                let list = if reason.is_by_choice() { &mut left_out } else { &mut skipped };
                list.push(Skipped { path: key.clone(), reason: reason.to_string() });
            }
            None => {
                counts.n_files += 1;
                counts.n_converted += u64::from(outcome.converted);
                outcome.emit_images(key, sink)?;
            }
        }
        Ok(())
    };
    let schedule = Schedule { n: files.len(), threads: config.threads, window: WINDOW, cancel: pass.cancel };
    observer.started(pass.what, files.len());
    run_ordered(schedule, live, |outcome| observer.advanced(outcome.n_bytes), emit)?;
    observer.finished();
    counts.n_skipped = skipped.len() as u64;
    counts.n_left_out = left_out.len() as u64;
    let (mut totals, content) = collected.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = shared.and_then(Arc::into_inner) {
        shared.drain_into(&mut totals)?;
    }
    if totals.n_images == 0 {
        let (first, reason) = match skipped.into_iter().chain(left_out).min_by(|a, b| a.path.cmp(&b.path)) {
            Some(first) => (first.path, first.reason),
            None => (String::new(), "no files were given".to_owned()),
        };
        return Err(ScanError::NothingUsable { n_files: files.len(), first, reason });
    }
    let spectrum = Spectrum::new(plan, totals, config.preprocess_record(), counts, content);
    Ok(ScanOutcome { spectrum, skipped, left_out })
}

/// What one worker owns.
struct Worker<'a> {
    pass: &'a Pass<'a>,
    reader: Reader,
    sums: Sums<'a>,
    probe: Option<Box<dyn ImageProbe + 'a>>,
}

impl<'a> Worker<'a> {
    fn new(
        pass: &'a Pass<'a>,
        shared: Option<&Arc<SharedSums>>,
        collected: &'a Mutex<(Totals, ContentSketch)>,
    ) -> Result<Self, PreprocessError> {
        let plan = Arc::clone(pass.plan);
        let analyzer = match shared {
            Some(sums) => Analyzer::sharing(plan, Arc::clone(sums)),
            None => Analyzer::new(plan),
        };
        Ok(Self {
            pass,
            reader: Reader { decoder: Decoder::new(), preprocessor: Preprocessor::new(pass.config.preprocess)? },
            sums: Sums { analyzer, content: ContentSketch::default(), collected },
            probe: pass.probes.map(ProbeSource::probe),
        })
    }

    /// Reads, decodes, cuts and analyses one file.
    fn analyze_file(&mut self, index: usize, outcome: &mut FileOutcome) -> Result<(), ScanError> {
        let Self { pass: Pass { files, config, .. }, reader, sums, probe } = self;
        outcome.reset();
        let views = match reader.read(&files[index], config, outcome) {
            Ok(views) => views,
            Err(reason) => {
                outcome.skip = Some(reason);
                return Ok(());
            }
        };
        let is_tile = config.preprocess.transform == Transform::Tile;
        for view in views {
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
struct Reader {
    decoder: Decoder,
    preprocessor: Preprocessor,
}

impl Reader {
    fn read(
        &mut self,
        file: &SourceFile,
        config: &ScanConfig,
        outcome: &mut FileOutcome,
    ) -> Result<Views<'_>, SkipReason> {
        outcome.n_bytes = self.decoder.read(&file.path)?.len() as u64;
        let decoded = self.decoder.decode(&config.decode)?;
        outcome.width_px = decoded.image.size.width;
        outcome.height_px = decoded.image.size.height;
        outcome.format = decoded.format;
        outcome.converted = decoded.conversions.any();
        self.preprocessor.apply(&decoded.image)
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

    fn emit_images(&self, key: &str, sink: &mut dyn RowSink) -> Result<(), ScanError> {
        for record in &self.images[..self.n_images] {
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
