//! `--dry-run`: what a run would do, without doing it.

use anyhow::Result;
use indicatif::HumanBytes;
use serde_json::Value;

use super::console;
use super::shared::SharedArgs;
use crate::analysis::{About, Images, Source, asked_percent};
use crate::dataset::{ArrayReader, Decoder, SourceFile};
use crate::pipeline::memory_bytes;
use crate::spectrum::Spectrum;
use crate::stats::octave_error::check_points;

/// Files decoded to estimate the time.
const TIMED_FILES: usize = 8;

/// Share of a run's time that is decoding, roughly; the estimate says it is one.
const DECODING_SHARE: f64 = 0.6;

/// Prints what a run on `source` would do, or returns it as the object of `--json`.
pub fn print(args: &SharedArgs, source: &Source) -> Result<Option<Value>> {
    match source {
        Source::Saved(spectrum) => print_saved(args, spectrum),
        Source::Images(images) => print_images(args, images),
    }
}

/// A saved spectrum takes no pass.
fn print_saved(args: &SharedArgs, spectrum: &Spectrum) -> Result<Option<Value>> {
    if args.output.json {
        return Ok(Some(serde_json::json!({
            "counts": spectrum.counts(),
            "preprocess": spectrum.preprocess(),
            "passes": 0,
            "out": args.output.out,
        })));
    }
    let rows = [
        ("spectrum", About::of(spectrum).describe()),
        ("passes", "0: the images were scanned before".to_owned()),
        ("output", args.output.out.display().to_string()),
    ];
    console::print_lines(false, &rows.map(|(name, value)| format!("{name:<14}{value}")))?;
    Ok(None)
}

/// The plan of scanning `images`.
fn print_images(args: &SharedArgs, images: &Images) -> Result<Option<Value>> {
    let config = &images.config;
    let bytes: u64 = images.files.iter().filter_map(SourceFile::n_bytes).sum();
    let passes = config.n_passes() + u32::from(images.second_pass);
    let memory = memory_bytes(config, images.held);
    let preprocess = config.preprocess_record();
    let time = estimate_seconds(images).map(|s| s * f64::from(passes) / config.threads as f64);
    let skipped = images.skipped.len();
    if args.output.json {
        return Ok(Some(serde_json::json!({
            "n_files": images.files.len(),
            "n_bytes": bytes,
            "n_skipped": skipped,
            "n_ignored": images.n_ignored,
            "preprocess": preprocess,
            "until": config.until,
            "passes": passes,
            "threads": config.threads,
            "memory_bytes": memory,
            "estimated_time_s": time,
            "out": args.output.out,
        })));
    }
    let time = time.map_or("unknown: none of the first files can be decoded".to_owned(), |s| {
        format!("{} {s:.0} s", if config.until.is_some() { "at most" } else { "about" })
    });
    let rows = [
        (
            "files",
            format!("{} ({}), {skipped} unusable, {} ignored", images.files.len(), HumanBytes(bytes), images.n_ignored),
        ),
        ("working size", preprocess.size.to_string()),
        ("transform", preprocess.describe_transform()),
        (
            "channels",
            match preprocess.range {
                Some(range) => format!("{}, values {} to {}", preprocess.channels, range.low, range.high),
                None => format!("{} of latents", preprocess.channels.count()),
            },
        ),
        ("passes", passes.to_string()),
        ("threads", config.threads.to_string()),
        ("memory", format!("about {} of buffers and sums", HumanBytes(memory))),
        ("time", time),
        ("output", args.output.out.display().to_string()),
    ];
    let mut rows: Vec<_> = rows.into_iter().map(|(name, value)| format!("{name:<14}{value}")).collect();
    if let Some(error) = config.until {
        rows.extend(describe_until(error, images.files.len(), args.input.seed));
    }
    console::print_lines(false, &rows)?;
    Ok(None)
}

/// When a run that may stop early looks whether it can.
fn describe_until(error: f64, n: usize, seed: u64) -> [String; 2] {
    let mut points: Vec<String> = check_points(n).map(|point| point.to_string()).collect();
    if points.len() > 4 {
        points.splice(3..points.len() - 1, ["…".to_owned()]);
    }
    [
        format!("{:<14}after {} files in the random order of seed {seed},", "stop", points.join(", ")),
        format!("{:<14}once every octave's mean power has a standard error below {}", "", asked_percent(error)),
    ]
}

/// Single-thread seconds of one pass, from decoding a few evenly spaced files.
fn estimate_seconds(images: &Images) -> Option<f64> {
    let (mut decoder, mut arrays) = (Decoder::new(), ArrayReader::default());
    let step = images.files.len().div_ceil(TIMED_FILES).max(1);
    let started = std::time::Instant::now();
    let decoded = images.files.iter().step_by(step).filter(|f| match f.sample() {
        Some((array, number)) => arrays.read(f, array, number).is_ok(),
        None => decoder.read(f.path()).is_ok() && decoder.decode(&images.config.decode).is_ok(),
    });
    let n_decoded = decoded.count();
    let per_file = started.elapsed().as_secs_f64() / n_decoded as f64;
    (n_decoded > 0).then(|| per_file / DECODING_SHARE * images.files.len() as f64)
}
