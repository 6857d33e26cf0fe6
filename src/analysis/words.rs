//! Phrases that several reports share.

use crate::diffusion::Kappa;
use crate::diffusion::bounds::KappaReading;
use crate::report::text::short;
use crate::stats::jackknife::Interval;
use crate::stats::octave_error::Reached;
use crate::stats::octave_precision::OctavePrecision;
use crate::stats::power_law::{MIN_FILES, PowerLawFit};

/// Columns of a terminal.
const COLUMNS: usize = 80;

/// Difference of an interval's two sides, as a share of its width, from which on it is not told by its half.
const UNEQUAL_SIDES: f64 = 0.05;

/// Text in lines of at most 80 columns; a number and its unit stay together, and what stands between backticks.
pub fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        while let Some(unit) = words.next_if(|next| next.starts_with('%') || next.starts_with("bits")) {
            word = format!("{word} {unit}");
        }
        while word.matches('`').count() % 2 == 1 {
            let Some(next) = words.next() else { break };
            word = format!("{word} {next}");
        }
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS => *line += &format!(" {word}"),
            _ => lines.push(word),
        }
    }
    lines
}

/// A share that was asked for, as it was written: `2 %`.
pub fn asked_percent(share: f64) -> String {
    format!("{} %", (1e6 * share).round() / 1e4)
}

/// What a scan that was to stop early says of itself: how many files it read, of which seed's order, how well octaves
/// are known, and what more would give.
pub fn describe_reached(reached: &Reached, seed: u64) -> Vec<String> {
    let Reached { asked_error, error, n_read, n_files } = *reached;
    let asked = asked_percent(asked_error);
    let read = match n_files {
        1 => "The 1 file was read".to_owned(),
        n if n == n_read => format!("All {n} files were read"),
        n => format!("A sample: {n_read} of {n} files were read, in the random order of seed {seed}"),
    };
    let Some(error) = error.filter(|error| error.is_finite()) else {
        return wrap(&format!("{read}: the error of the mean power cannot be told; it takes more files."));
    };
    let known = format!("{read}; standard error of an octave's mean power: {} % at most", short(100.0 * error));
    let what = match (reached.is_enough(), n_read == n_files) {
        (true, false) => format!("below the {asked} asked for. Half the error takes about four times as many files."),
        (true, true) => format!("below the {asked} asked for."),
        (false, _) => format!("not below the {asked} asked for, which takes more images."),
    };
    wrap(&format!("{known}, {what}"))
}

/// A number with its interval: `0.2712, 95 % interval 0.2489 to 0.2954`, of which an end may be open.
pub fn describe_interval(value: Interval) -> String {
    match (value.low95, value.high95) {
        (Some(low), Some(high)) => format!("{}, 95 % interval {} to {}", short(value.value), short(low), short(high)),
        (Some(low), None) => format!("{}, 95 % interval from {} on", short(value.value), short(low)),
        (None, Some(high)) => format!("{}, 95 % interval up to {}", short(value.value), short(high)),
        (None, None) => short(value.value),
    }
}

/// Whether there were enough images to know the power of octaves, as [`describe_enough`].
pub fn describe_octaves(n_files: u64, precision: Option<OctavePrecision>) -> Vec<String> {
    let known =
        precision.and_then(|p| Some((p.half_width_typical_db?, p.half_width_worst_db?, p.worst_from_cycles_per_px?)));
    match known {
        Some((typical, worst, from)) => wrap(&format!(
            "{n_files} files give the mean power of an octave ± {} dB (95 %; at worst ± {} dB, in that from f = {}); \
             about {} would halve that",
            short(typical),
            short(worst),
            short(from),
            4 * n_files
        )),
        None => describe_enough(n_files, None).into_iter().collect(),
    }
}

/// Whether there were enough images: what half of the interval's width so many files gave, and how many would halve it.
/// Widths go with the inverse root of the files. None where there are files and yet no interval.
pub fn describe_enough(n_files: u64, half_width: Option<f64>) -> Option<String> {
    let files = if n_files == 1 { "file" } else { "files" };
    match half_width {
        Some(half) => Some(format!("{n_files} {files} give ± {}; about {} would halve that", short(half), 4 * n_files)),
        None if n_files < MIN_FILES => {
            Some(format!("{n_files} {files}: no interval, which takes {MIN_FILES}; tiles of one file count once"))
        }
        None => None,
    }
}

/// As [`describe_enough`], for an interval that may reach further to one side: a `±` would then say a wrong end.
pub fn describe_enough_of(n_files: u64, value: Interval) -> Option<String> {
    match (value.low95, value.high95) {
        (Some(low), Some(high)) if (low + high - 2.0 * value.value).abs() > UNEQUAL_SIDES * (high - low) => {
            let files = if n_files == 1 { "file gives" } else { "files give" };
            Some(format!("{n_files} {files} this interval; about {} would halve its width", 4 * n_files))
        }
        _ => describe_enough(n_files, value.half_width()),
    }
}

/// Both thresholds in words, a line each.
pub fn describe_kappa(kappa: Kappa) -> [String; 2] {
    let percent = |r: KappaReading| format!("{:.3} %", 100.0 * r.relative_error);
    let bits = |r: KappaReading| format!("{:.3} bits per mode", r.bits_left);
    let (low, high) = (kappa.reading_at_min(), kappa.reading_at_max());
    let plain = |value: f64| match short(value) {
        text if text.contains('.') && !text.contains('e') => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        text => text,
    };
    [
        format!(
            "κ_min = {}: at sigma_min every band keeps at least {}; relative denoising error at most {}",
            plain(kappa.min()),
            bits(low),
            percent(low)
        ),
        format!(
            "κ_max = {}: at sigma_max every band keeps at most {}; relative denoising error at least {}",
            plain(kappa.max()),
            bits(high),
            percent(high)
        ),
    ]
}

/// What a cell can hold: it is empty where a number is infinite or none.
pub fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|v| v.is_finite())
}

/// What a power law is called, in words.
pub fn describe_delta(delta: Option<f64>) -> String {
    match delta {
        None => "no power law".to_owned(),
        Some(d) if d < 0.0 => format!("Δ = {d:.2}, power f^{:.2}", -2.0 * d).replace('-', "−"),
        Some(d) => format!("Δ = {d:.2}, power 1/f^{:.2}", 2.0 * d),
    }
}

/// The Δ of a set with its interval, and how it bends: `Δ = 1.29 ± 0.01, from 1.18 (coarse) to 1.46 (fine)`.
pub fn describe_law(fit: &PowerLawFit) -> String {
    let half = fit.delta_high95.map(|high| high - fit.delta);
    // Enough digits for the interval to have one.
    let digits = half.map_or(2, |half| (-half.max(1e-4).log10()).ceil().clamp(1.0, 4.0) as usize + 1).max(2);
    let mut text = match half {
        Some(half) => format!("Δ = {:.digits$} ± {half:.digits$}", fit.delta),
        None => format!("Δ = {:.2}", fit.delta),
    };
    if let Some(bend) = fit.bend.as_ref().filter(|bend| bend.is_bent) {
        text += &format!(", from {:.2} (coarse) to {:.2} (fine)", bend.coarse.value, bend.fine.value);
    }
    text
}

/// What an exponent means and what to do with it, in a sentence; photographs are no measure of latents.
pub fn explain_law(fit: &PowerLawFit, are_latents: bool) -> String {
    let place = match fit.delta {
        d if are_latents && d.abs() < 0.1 => "nearly white, as the noise of most trainers is".to_owned(),
        _ if are_latents => "and that of the noise of most trainers does not".to_owned(),
        d if d < 0.25 => "nearly white: these images are mostly noise, or standardised".to_owned(),
        d if d < 0.9 => "flatter than photographs (Δ near 1.3): texture, noise or heavy JPEG".to_owned(),
        d if d <= 1.7 => "as photographs do (Δ near 1.3)".to_owned(),
        _ => "steeper than photographs (Δ near 1.3): smooth, blurred or enlarged images".to_owned(),
    };
    format!(
        "Power falls as 1/f^{:.2}, {place}; noise that falls alike is `--family cloud:{:.2}`, and `specscan distance` says whether it \
         is close.",
        2.0 * fit.delta,
        fit.delta
    )
}

/// A share in percent, with as many digits as it takes.
pub fn percent(share: f64) -> String {
    let text = format!("{:.6}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number, or a dash where there is none.
pub fn or_dash(value: Option<f64>, number: impl Fn(f64) -> String) -> String {
    value.map_or("–".to_owned(), number)
}
