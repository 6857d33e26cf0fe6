//! One streaming pass: workers decode, transform and add up; rows come out in the order of the files while the pass
//! runs.
//!
//! # Invariants
//!
//! - Those of the ordered run (`ordered.rs`); totals are locked once every few thousand images, and lanes that all
//!   workers share row by row.
//! - Memory is bounded (`memory.rs`), whatever the files are.
//! - Sums are exact and rows are put in order, so nothing depends on which worker took which file.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::config::{ScanConfig, ScanOutcome, UsedFile};
use super::error::{Cancel, ScanError};
use super::memory::{KEPT_ROWS, Memory, WINDOW};
use super::observer::Observer;
use super::ordered::{Jobs, Schedule, run_ordered};
use super::other_sizes::{OtherSize, OtherSums, OtherWorker};
use super::probe::{ImageProbe, ProbeSource};
use super::readahead::Readahead;
use super::rows::{ImageRow, RowSink};
use super::sums::{PassSums, Sums};
use super::working::Working;
use crate::dataset::{
    ArrayReader, Decoder, FileStamp, Header, Lease, Part, PreprocessError, Preprocessor, RgbImage, Sample, SkipReason,
    Skipped, SourceFile, Transform,
};
use crate::spectrum::{AnalysisPlan, Counts, ImageSummary, Spectrum};

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
    /// The same at other sizes.
    pub other_sizes: &'a [OtherSize],
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
    pass.observer.started(pass.what, pass.config.things(), pass.files.len());
    let outcome = add_up(pass, sink)?;
    pass.observer.finished();
    outcome.finish(None)
}

/// A part of a pass, of which its beginning and its end are not told, and which may have no usable image.
pub(super) fn add_up(pass: Pass<'_>, sink: &mut dyn RowSink) -> Result<ScanOutcome, ScanError> {
    let Pass { files, config, plan, observer, .. } = pass;
    let memory = Memory::of(config);
    let readahead = Readahead::new(files, config.io_threads, memory.readahead_bytes);
    let sums = PassSums::new(plan, config.threads);
    let others: Vec<_> = pass.other_sizes.iter().map(|other| OtherSums::new(other, config.threads)).collect();
    let mut counts = Counts::default();
    let (mut skipped, mut left_out) = (Vec::new(), Vec::new());
    let mut used = Vec::with_capacity(files.len());
    let live = |jobs: &Jobs<'_, FileOutcome>| {
        let mut worker = Worker::new(&pass, &memory, &readahead, &sums, &others)?;
        jobs.run(|index, outcome| worker.analyze_file(jobs, index, outcome))?;
        worker.reader.others.iter_mut().try_for_each(OtherWorker::collect)?;
        Ok(worker.sums.collect()?)
    };
    let emit = |index: usize, outcome: &mut FileOutcome| {
        let key = files[index].key();
        used.push(outcome.skip.is_none().then_some(outcome.stamp));
        match outcome.skip.take() {
            Some(reason) => {
                let list = if reason.is_by_choice() { &mut left_out } else { &mut skipped };
                list.push(Skipped { path: key.into_owned(), reason });
            }
            None => {
                counts.n_files += 1;
                counts.n_converted += u64::from(outcome.converted);
                counts.n_warned += u64::from(outcome.warned);
                outcome.emit_images(&key, sink, pass.cancel)?;
            }
        }
        memory.give_rows_back(outcome.rows_bytes);
        outcome.images.truncate(KEPT_ROWS);
        Ok(())
    };
    let schedule = Schedule { n: files.len(), threads: config.threads, window: WINDOW, cancel: pass.cancel };
    std::thread::scope(|scope| {
        let _readers = readahead.start(scope);
        run_ordered(schedule, live, |outcome| observer.advanced(outcome.n_bytes), emit)
    })?;
    counts.n_skipped = skipped.len() as u64;
    counts.n_left_out = left_out.len() as u64;
    let (totals, content) = sums.finish()?;
    let at_other_sizes = others.into_iter().map(|other| other.finish(counts, &content)).collect::<Result<_, _>>()?;
    let spectrum = Spectrum::new(plan, totals, config.preprocess_record(), counts, content);
    Ok(ScanOutcome { spectrum, skipped, left_out, used, reached: None, at_other_sizes })
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
        readahead: &'a Readahead<'a>,
        sums: &'a PassSums,
        others: &'a [OtherSums<'a>],
    ) -> Result<Self, PreprocessError> {
        let decoder = Decoder::with_reserve(memory.reserve_bytes);
        let preprocessor = Preprocessor::new(pass.config.preprocess)?;
        let others = others.iter().map(OtherSums::worker).collect();
        Ok(Self {
            pass,
            memory,
            reader: Reader { readahead, decoder, arrays: ArrayReader::default(), preprocessor, others, lease: None },
            sums: sums.worker(),
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
        reader.others.iter_mut().try_for_each(OtherWorker::make_room)?;
        let images = match reader.read(pass, memory, (jobs, index), outcome, probe) {
            Ok(images) => images,
            Err(SkipReason::Stopped) => return Err(ScanError::Interrupted),
            Err(reason) => {
                outcome.skip = Some(reason);
                return Ok(());
            }
        };
        let is_tile = pass.config.preprocess.transform == Transform::Tile;
        for image in images {
            if jobs.is_stopped() {
                return Err(ScanError::Interrupted);
            }
            sums.make_room()?;
            let record = outcome.next_record();
            record.tile_origin = is_tile.then_some(image.origin());
            match &image {
                Working::Image(view) => sums.add(view, &mut record.summary),
                Working::Latent(latent) => sums.analyzer.add_latent(latent.rows(), &mut record.summary),
            }
            record.numbers.clear();
            if let Some(probe) = probe {
                probe.measure(index, &sums.analyzer, &image, &mut record.numbers);
            }
        }
        sums.analyzer.end_file();
        sums.content.add_file(reader.bytes(pass.files[index].sample().is_some()));
        Ok(())
    }
}

/// From a file to working images.
struct Reader<'a> {
    readahead: &'a Readahead<'a>,
    decoder: Decoder,
    arrays: ArrayReader,
    preprocessor: Preprocessor,
    /// What is added up of the same pixels at other sizes.
    others: Vec<OtherWorker<'a>>,
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
    ) -> Result<Box<dyn Iterator<Item = Working<'_>> + '_>, SkipReason> {
        let Self { readahead, decoder, arrays, preprocessor, others, lease } = self;
        let config = pass.config;
        let before = pass.earlier.map(|used| used[index]);
        let rows_bytes = &mut outcome.rows_bytes;
        let mut admit = |header: &Header| {
            *rows_bytes =
                memory.take_rows(config, header, || jobs.is_due(index), || jobs.is_stopped_while_waiting())?;
            *lease = memory.take(header, || jobs.is_stopped_while_waiting())?;
            Ok(())
        };
        let file = &pass.files[index];
        if let Some((array, number)) = file.sample() {
            let header = Header::of_sample(array);
            header.check_memory(&config.decode)?;
            admit(&header)?;
            outcome.n_bytes = array.sample_bytes();
            outcome.stamp = array.stamp();
            (outcome.width_px, outcome.height_px) = (array.size().width, array.size().height);
            outcome.format = array.format();
            let sample = arrays.read(file, array, number)?;
            if before == Some(None) {
                return Err(SkipReason::Changed);
            }
            return match sample {
                Sample::Latent(latent) => Ok(Box::new(latent.windows(&config.preprocess)?.map(Working::Latent))),
                Sample::Image(image) => {
                    add_at_other_sizes(&image, others, preprocessor, config)?;
                    Ok(Box::new(preprocessor.apply(&image)?.map(Working::Image)))
                }
            };
        }
        outcome.n_bytes = readahead.read(index, decoder, || jobs.is_stopped_while_waiting())?;
        outcome.stamp = decoder.stamp();
        if before.flatten().is_some_and(|stamp| stamp != outcome.stamp) {
            return Err(SkipReason::Changed);
        }
        let decoded = decoder.decode_when(&config.decode, |header| {
            admit(header)?;
            (outcome.width_px, outcome.height_px) = (header.size.width, header.size.height);
            let size = header.decoded_size;
            // Detectors look at the middle of the file's own image.
            let part = if config.detectors { Part::whole(size) } else { config.preprocess.part(size) };
            Ok(others.iter().fold(part, |part, other| other.extend(part, size)))
        })?;
        outcome.format = decoded.format;
        outcome.converted = decoded.conversions.any();
        outcome.warned = decoded.warned;
        add_at_other_sizes(&decoded.image, others, preprocessor, config)?;
        let views = preprocessor.apply(&decoded.image)?;
        if let Some(probe) = probe {
            probe.look_at_file(&decoded.image);
        }
        // What could not be used before has changed, too, if it can be used now.
        if before == Some(None) { Err(SkipReason::Changed) } else { Ok(Box::new(views.map(Working::Image))) }
    }

    /// The bytes of the file, or sample, at hand.
    fn bytes(&self, is_sample: bool) -> &[u8] {
        if is_sample { self.arrays.bytes() } else { self.decoder.bytes() }
    }

    /// Keeps no more than `reserve_bytes`, and gives back what the file at hand has taken beyond them.
    fn release(&mut self, reserve_bytes: u64) {
        let held_bytes = self.decoder.held_bytes() + self.arrays.held_bytes() + self.preprocessor.held_bytes();
        if held_bytes as u64 > reserve_bytes {
            self.decoder.release();
            self.arrays.release();
            self.preprocessor.release();
        }
        self.lease = None;
    }
}

/// Adds an image at the other sizes, if it is one of the set at the working size.
///
/// # Errors
///
/// Why it is none.
fn add_at_other_sizes(
    image: &RgbImage<'_>,
    others: &mut [OtherWorker<'_>],
    preprocessor: &mut Preprocessor,
    config: &ScanConfig,
) -> Result<(), SkipReason> {
    if others.is_empty() {
        return Ok(());
    }
    // Whether there are bars is seen in the working image.
    match config.preprocess.drop_letterbox {
        true => preprocessor.apply(image).map(|_| ())?,
        false => config.preprocess.accepts(image.size)?,
    }
    others.iter_mut().for_each(|other| other.add(image, preprocessor));
    Ok(())
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
