//! The runs that need no process of their own: decoding alone, and a scan through the library.

use std::error::Error;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use specscan::dataset::{DecodeOptions, Decoder, PreprocessConfig, SkipReason, SourceFile, Transform};
use specscan::pipeline::observer::Silent;
use specscan::pipeline::{NoRows, ScanConfig, scan};
use specscan::spectral::Size;
use specscan::spectrum::{AnalysisConfig, Spectrum};

/// What a scan computed, and how fast.
pub struct Scanned {
    /// Images per second, reading to totals.
    pub images_per_s: f64,
    /// The totals.
    pub spectrum: Spectrum,
}

/// Workers of every run: all cores.
pub fn n_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

/// Images per second of reading and decoding to RGB, nothing else, with as many threads as a scan has.
pub fn decode_only(files: &[SourceFile]) -> Result<f64, Box<dyn Error>> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), SkipReason> {
        let mut decoder = Decoder::new();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            decoder.read(file.path())?;
            black_box(decoder.decode(&DecodeOptions::default())?);
        }
        Ok(())
    };
    let start = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..n_threads()).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })?;
    Ok(files.len() as f64 / start.elapsed().as_secs_f64())
}

/// Scans `files` with the default analysis at `side` pixels, prepared as the program would.
pub fn scan_all(files: &[SourceFile], side: usize) -> Result<Scanned, Box<dyn Error>> {
    let size = Size::square(side);
    let preprocess = PreprocessConfig {
        transform: Transform::CenterCropDhariwal,
        size,
        allow_upscale: false,
        drop_letterbox: false,
    };
    let config = ScanConfig { threads: n_threads(), ..ScanConfig::new(preprocess, AnalysisConfig::new(size)) };
    let start = Instant::now();
    let outcome = scan(files, &config, &mut NoRows, &Silent, &AtomicBool::new(false))?;
    let images_per_s = files.len() as f64 / start.elapsed().as_secs_f64();
    match outcome.skipped.first() {
        None => Ok(Scanned { images_per_s, spectrum: outcome.spectrum }),
        Some(skipped) => Err(format!("{} was skipped: {}", skipped.path, skipped.reason).into()),
    }
}
