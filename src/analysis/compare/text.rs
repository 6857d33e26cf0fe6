//! A comparison in words: what differs, by how much, how surely; and what to do about it.

use super::comparison::{BandDifference, BandRun, Comparison, FAMILY_LEVEL, SetSummary};
use super::report::CompareReport;
use crate::analysis::words::{or_dash, wrap};
use crate::report::text::{align, short};
use crate::stats::two_samples::{Difference, LEAST_FILES};

/// Decimals of decibels.
pub(super) const DB_DECIMALS: usize = 2;

/// Decimals of brightness, value.
pub(super) const BRIGHTNESS_DECIMALS: usize = 3;

/// A comparison in one sentence: pairs, bands, power law, brightness. `n_files` are those of both sets.
pub(super) fn sentence(comparison: &Comparison, n_files: [u64; 2]) -> String {
    let second = &comparison.second;
    let mut parts: Vec<String> = told_runs(comparison)
        .map(|run| describe_run(run, comparison.bands.len()) + &describe_peak(comparison, run))
        .collect();
    match parts.first_mut() {
        Some(run) => *run = format!("{second} has {run}"),
        None => parts.push(no_band_differs(comparison)),
    }
    if let Some(delta) = comparison.delta.as_ref().filter(|delta| is_told(comparison, delta, 2)) {
        let names =
            if comparison.n_pairs.is_some() { ("its Δ (unpaired)", "Δ (unpaired)") } else { ("its Δ", "Δ") };
        // Of separate sets, so that the number of pairs says nothing about it.
        parts.push(describe_difference(names, delta, 2, ("larger", "smaller"), false));
    }
    if is_told(comparison, &comparison.brightness, BRIGHTNESS_DECIMALS) {
        let names = ("it", "brightness");
        parts.push(describe_difference(
            names,
            &comparison.brightness,
            BRIGHTNESS_DECIMALS,
            ("brighter", "darker"),
            has_few_pairs(comparison),
        ));
    }
    let pairs = match comparison.n_pairs {
        Some(n) => {
            let of =
                if n_files == [n, n] { String::new() } else { format!(" of {} and {} files", n_files[0], n_files[1]) };
            format!("{n} pair{}{of}: ", if n == 1 { "" } else { "s" })
        }
        None => String::new(),
    };
    format!("{pairs}{}.", parts.join("; "))
}

/// Whether a difference has something to say: not if it is beyond chance and none of the digits shown, nor between
/// pairs that are the same.
fn is_told(comparison: &Comparison, difference: &Difference, decimals: usize) -> bool {
    let is_certain = difference.p.is_some_and(|p| p <= FAMILY_LEVEL);
    let is_same = comparison.n_pairs.is_some() && is_nothing(difference);
    !(is_certain && rounds_to_zero(difference.value, decimals) || is_same)
}

/// Whether a difference is more than chance, and than nothing in the digits shown.
pub(super) fn is_beyond_chance(difference: &Difference, decimals: usize) -> bool {
    difference.p.is_some_and(|p| p <= FAMILY_LEVEL) && !rounds_to_zero(difference.value, decimals)
}

fn rounds_to_zero(value: f64, decimals: usize) -> bool {
    value.abs() < 0.5 * 0.1_f64.powi(decimals as i32)
}

/// A limit, with more decimals where it would read as zero.
pub(super) fn bound(value: f64, decimals: usize) -> String {
    let enough = (decimals..=6).find(|&n| value == 0.0 || !rounds_to_zero(value, n)).unwrap_or(6);
    format!("{value:.enough$}")
}

/// The bands that differ together by as much as the digits show.
pub(super) fn told_runs(comparison: &Comparison) -> impl Iterator<Item = &BandRun> {
    comparison.runs.iter().filter(|run| !rounds_to_zero(run.difference_db.value, DB_DECIMALS))
}

/// A difference of zero in each pair.
fn is_nothing(difference: &Difference) -> bool {
    [Some(difference.value), difference.low95, difference.high95].iter().flatten().all(|x| *x == 0.0)
}

/// Whether the pairs have the same spectra to the last digit.
fn pairs_are_same(comparison: &Comparison) -> bool {
    comparison.n_pairs.is_some() && comparison.bands.iter().all(|band| is_nothing(&band.difference_db))
}

/// Whether there are too few pairs to call sets equal.
pub(super) fn has_few_pairs(comparison: &Comparison) -> bool {
    comparison.n_pairs.is_some_and(|n| n < LEAST_FILES)
}

/// The band that differs most, if it lies in `run` with others: `, most from 0.25 cycles/px up: 6.75 dB (…)`.
fn describe_peak(comparison: &Comparison, run: &BandRun) -> String {
    let differing = comparison.bands.iter().enumerate().filter(|(_, band)| band.differs);
    let size = |band: &BandDifference| band.difference_db.value.abs();
    let most = differing.max_by(|(_, a), (_, b)| size(a).total_cmp(&size(b)));
    match most {
        Some((at, band)) if run.first_band < run.last_band && (run.first_band..=run.last_band).contains(&at) => {
            let alone = BandRun {
                first_band: at,
                last_band: at,
                frequency_low_cycles_per_px: band.frequency_low_cycles_per_px,
                frequency_high_cycles_per_px: band.frequency_high_cycles_per_px,
                difference_db: band.difference_db,
            };
            format!(", at most {}", describe_run(&alone, comparison.bands.len()))
        }
        _ => String::new(),
    }
}

/// `2.1 dB less above 0.25 cycles/px (95 %: 1.8 to 2.4)`.
fn describe_run(run: &BandRun, n_bands: usize) -> String {
    let Difference { value, low95, high95, .. } = run.difference_db;
    let (low, high) =
        (short_frequency(run.frequency_low_cycles_per_px), short_frequency(run.frequency_high_cycles_per_px));
    let place = match (run.first_band, run.last_band + 1 == n_bands) {
        (0, true) => "at all frequencies".to_owned(),
        (0, false) => format!("up to {high} cycles/px"),
        (_, true) => format!("from {low} cycles/px up"),
        (_, false) => format!("from {low} to {high} cycles/px"),
    };
    let side = if value > 0.0 { "more" } else { "less" };
    let mut ends = [low95, high95].map(|end| end.map(|end| if value > 0.0 { end } else { -end }));
    ends.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let interval = match ends {
        [Some(low), Some(high)] => format!(" (95 %: {low:.DB_DECIMALS$} to {high:.DB_DECIMALS$})"),
        _ => String::new(),
    };
    format!("{:.DB_DECIMALS$} dB {side} {place}{interval}", value.abs())
}

pub(super) fn short_frequency(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').to_owned()
}

/// The largest difference of an octave band that the intervals leave open, dB; none if it is not known.
pub(super) fn largest_open_db(comparison: &Comparison) -> Option<f64> {
    let ends = comparison.bands.iter().filter_map(|band| {
        let Difference { low95, high95, .. } = band.difference_db;
        Some(low95?.abs().max(high95?.abs()))
    });
    ends.reduce(f64::max)
}

/// That no band differs, and which difference is not excluded.
fn no_band_differs(comparison: &Comparison) -> String {
    let (first, second) = (&comparison.first, &comparison.second);
    let together = comparison.overall.filter(|test| test.p <= FAMILY_LEVEL);
    let no = if comparison.n_pairs.is_some() { "no" } else { "No" };
    match largest_open_db(comparison) {
        _ if pairs_are_same(comparison) => format!("the images of {first} and {second} have the same spectra"),
        _ if !comparison.runs.is_empty() => {
            format!("{second} differs from {first} beyond chance, by less than 0.01 dB over the octave bands that do")
        }
        _ if together.is_some() => {
            format!("{second} differs from {first} in its bands taken together, in none by itself")
        }
        _ if has_few_pairs(comparison) => format!(
            "too few to call {second} and {first} equal, which takes {LEAST_FILES}; no octave band was seen to differ"
        ),
        Some(open) => {
            format!(
                "{no} octave band of {second} differs from {first} beyond chance (each equal within ± {open:.1} dB)"
            )
        }
        None => format!("Too few files to tell {second} from {first}: each needs two at least"),
    }
}

/// `its Δ is 0.18 larger (95 %: 0.10 to 0.26)`, or that it is equal as far as can be told, unless there are too few
/// pairs to say so. `names` are those of what differs and of the number.
fn describe_difference(
    (subject, name): (&str, &str),
    difference: &Difference,
    decimals: usize,
    (more, less): (&str, &str),
    is_few: bool,
) -> String {
    let Difference { value, low95, high95, p } = *difference;
    let (Some(low), Some(high)) = (low95, high95) else {
        return format!("{name} {value:+.decimals$}, without an interval");
    };
    if p.is_none_or(|p| p > FAMILY_LEVEL) {
        return match is_few {
            true => format!("{name} {value:+.decimals$} (95 %: {low:+.decimals$} to {high:+.decimals$})"),
            false => format!("{name} equal within ± {}", bound(low.abs().max(high.abs()), decimals)),
        };
    }
    let side = if value > 0.0 { more } else { less };
    let (low, high) = if value > 0.0 { (low, high) } else { (-high, -low) };
    format!("{subject} is {:.decimals$} {side} (95 %: {low:.decimals$} to {high:.decimals$})", value.abs())
}

/// The answer, 80 columns wide, with what to do about it.
pub(super) fn lines(report: &CompareReport, advice: &str) -> Vec<String> {
    let mut lines: Vec<String> = report.summary.iter().flat_map(|sentence| wrap(sentence)).collect();
    lines.extend(wrap(advice));
    if report.have_same_paths {
        lines.extend(wrap(
            "The files have the same paths: if they are the same images under two preparations, `specscan compare \
             --paired` sees far smaller differences.",
        ));
    }
    for (comparison, second) in report.comparisons.iter().zip(&report.sets[1..]) {
        lines.push(String::new());
        lines.push(format!("{} over {}, octave by octave:", comparison.second, comparison.first));
        lines.extend(align(&band_table(comparison)));
        lines.extend(wrap(&describe_overall(comparison, [report.sets[0].n_files, second.n_files])));
    }
    lines.push(String::new());
    if report.is_paired() {
        lines.push("The sets as wholes, not their pairs:".to_owned());
    }
    lines.extend(align(&set_table(report)));
    lines.extend(report.sets.iter().filter_map(describe_peaks));
    lines
}

fn band_table(comparison: &Comparison) -> Vec<Vec<String>> {
    let head = ["cycles/px", "dB", "95 % interval", "p (Holm)", ""];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    table.extend(comparison.bands.iter().map(|band| {
        let Difference { value, low95, high95, .. } = band.difference_db;
        let interval = low95.zip(high95).map(|(low, high)| format!("{low:+.DB_DECIMALS$} to {high:+.DB_DECIMALS$}"));
        vec![
            format!(
                "{}–{}",
                short_frequency(band.frequency_low_cycles_per_px),
                short_frequency(band.frequency_high_cycles_per_px)
            ),
            format!("{value:+.DB_DECIMALS$}"),
            interval.unwrap_or("–".to_owned()),
            or_dash(band.p_holm, chance),
            if band.differs { "differs".to_owned() } else { String::new() },
        ]
    }));
    table
}

/// A chance, as people write it.
pub(super) fn chance(p: f64) -> String {
    match p {
        p if p < 1e-4 => "< 0.0001".to_owned(),
        p if p > 0.99995 => "1".to_owned(),
        p => format!("{p:.4}"),
    }
}

/// Hotelling's test, or why there is none.
fn describe_overall(comparison: &Comparison, n_files: [u64; 2]) -> String {
    let n_bands = comparison.bands.len() as u64;
    if let Some(test) = &comparison.overall {
        let verdict = if test.p <= FAMILY_LEVEL { "the spectra differ" } else { "no difference beyond chance" };
        let p = chance(test.p);
        let sign = if p.starts_with('<') { "" } else { "= " };
        return format!("All {} bands together: {verdict} (Hotelling's T², p {sign}{p})", test.n_numbers);
    }
    let why = match comparison.n_pairs {
        Some(_) if pairs_are_same(comparison) => "nothing to test, for the pairs have the same spectra".to_owned(),
        Some(n) if n <= n_bands => {
            format!("not enough pairs for Hotelling's test (it takes more than {n_bands}, and there are {n})")
        }
        None if n_files.contains(&1) || n_files.iter().sum::<u64>() <= n_bands + 2 => format!(
            "not enough files for Hotelling's test (it takes more than {} in both sets together, and two in each)",
            n_bands + 2
        ),
        _ => "no Hotelling's test, for some bands do not vary, or only together".to_owned(),
    };
    format!("All bands together: {why}")
}

/// One column for each set, one row for each number; differences are in the JSON and the Markdown.
fn set_table(report: &CompareReport) -> Vec<Vec<String>> {
    let row = |name: &str, of: &dyn Fn(&SetSummary) -> String| {
        std::iter::once(name.to_owned()).chain(report.sets.iter().map(of)).collect::<Vec<String>>()
    };
    let compared = |name: &str, of: &dyn Fn(&Comparison) -> String| {
        let first = ["–".to_owned()].into_iter();
        std::iter::once(name.to_owned()).chain(first).chain(report.comparisons.iter().map(of)).collect::<Vec<String>>()
    };
    let distance = |of: &dyn Fn(&crate::noise::set_distance::SetDistance) -> f64| {
        let of = |c: &Comparison| or_dash(c.distance.as_ref().map(of), short);
        report.comparisons.iter().map(of).collect::<Vec<String>>()
    };
    let mut table = vec![
        row("", &|set| set.name.clone()),
        row("images", &|set| set.n_images.to_string()),
        row("files", &|set| set.n_files.to_string()),
        row("Δ", &|set| or_dash(set.law.as_ref().map(|law| law.delta), |d| format!("{d:.3}"))),
        row("brightness (value)", &|set| format!("{:.4}", set.brightness)),
        row("contrast (value)", &|set| format!("{:.4}", set.contrast)),
        compared("log-spectral distance (dB)", &|c| format!("{:.2}", c.log_spectral_distance_db)),
    ];
    let named = |name: &str, cells: Vec<String>| [name.to_owned(), "–".to_owned()].into_iter().chain(cells).collect();
    table.push(named("2-Wasserstein per dimension (value)", distance(&|d| d.w2_per_dim)));
    table.push(named("  by chance, about", distance(&|d| d.w2_per_dim_by_chance)));
    table.push(named("KL(it ‖ first) per dimension (nats)", distance(&|d| d.kl_second_first_per_dim)));
    table.push(named("KL(first ‖ it) per dimension (nats)", distance(&|d| d.kl_first_second_per_dim)));
    table.push(named("  both by chance, at least", distance(&|d| d.kl_per_dim_by_chance)));
    table
}

/// Peaks of one set where artefacts leave their mark.
pub(super) fn describe_peaks(set: &SetSummary) -> Option<String> {
    let peak = set.artefact_peaks.first()?;
    let peaks = match set.artefact_peaks.len() {
        1 => "1 periodic peak,".to_owned(),
        n => format!("{n} periodic peaks, the highest"),
    };
    Some(format!(
        "{}: {peaks} {:.1} dB at ({}, {}) cycles/px (vertical, horizontal)",
        set.name, peak.height_db, peak.vertical_cycles_per_px, peak.horizontal_cycles_per_px
    ))
}

/// What it rests on.
pub(super) fn details(report: &CompareReport) -> Vec<String> {
    let mut lines = vec![String::new()];
    for comparison in &report.comparisons {
        let name = &comparison.second;
        lines.extend(comparison.channels.iter().map(|c| {
            let side = |d: &Difference| {
                let ends = d.low95.zip(d.high95).map(|(low, high)| format!(" ({low:+.4} to {high:+.4})"));
                format!("{:+.4}{}", d.value, ends.unwrap_or_default())
            };
            format!("{name}, channel {}: mean {}, deviation {}", c.channel, side(&c.mean), side(&c.std))
        }));
    }
    let test = if report.is_paired() { "Student's t of the pairs' differences" } else { "Welch's t" };
    lines.extend(wrap(&format!(
        "Bands: mean over a band's annuli of ln R of each image, mean over files; {test}, Holm over the bands"
    )));
    lines
}
