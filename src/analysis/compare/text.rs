//! A comparison in words: what differs, by how much, how surely; and what to do about it.

use super::comparison::{BandRun, Comparison, FAMILY_LEVEL, SetSummary};
use super::report::CompareReport;
use crate::analysis::words::{or_dash, wrap};
use crate::report::text::{align, short};
use crate::stats::two_samples::Difference;

/// Decimals of decibels.
const DB_DECIMALS: usize = 2;

/// Sets in which differences up to this are missed are not called alike, dB: twice the power.
const COARSE_DB: f64 = 3.0;

/// A comparison in one sentence: bands, power law, brightness.
pub(super) fn sentence(comparison: &Comparison) -> String {
    let second = &comparison.second;
    let mut parts = vec![match comparison.runs.first() {
        Some(run) => format!("{second} has {}", describe_run(run, comparison.bands.len())),
        None => no_band_differs(comparison),
    }];
    for other in comparison.runs.iter().skip(1) {
        parts.push(describe_run(other, comparison.bands.len()));
    }
    if let Some(delta) = &comparison.delta {
        parts.push(describe_difference("its Δ", delta, 2, ("larger", "smaller"), "Δ"));
    }
    parts.push(describe_difference("it", &comparison.brightness, 3, ("brighter", "darker"), "brightness"));
    format!("{}.", parts.join("; "))
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

fn short_frequency(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').to_owned()
}

/// The largest difference of an octave band that the intervals leave open, dB; none if it is not known.
fn largest_open_db(comparison: &Comparison) -> Option<f64> {
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
    match largest_open_db(comparison) {
        _ if together.is_some() => {
            format!("{second} differs from {first} in its bands taken together, in none by itself")
        }
        Some(open) => {
            format!("no octave band of {second} differs from {first} beyond chance (each equal within ± {open:.1} dB)")
        }
        None => format!("too few files to tell {second} from {first}: each needs two at least"),
    }
}

/// `its Δ is 0.18 larger (95 %: 0.10 to 0.26)`, or that it is equal as far as can be told.
fn describe_difference(
    subject: &str,
    difference: &Difference,
    decimals: usize,
    (more, less): (&str, &str),
    name: &str,
) -> String {
    let Difference { value, low95, high95, p } = *difference;
    let (Some(low), Some(high)) = (low95, high95) else {
        return format!("{name} {value:+.decimals$}, without an interval");
    };
    if p.is_none_or(|p| p > FAMILY_LEVEL) {
        return format!("{name} equal within ± {:.decimals$}", low.abs().max(high.abs()));
    }
    let side = if value > 0.0 { more } else { less };
    let (low, high) = if value > 0.0 { (low, high) } else { (-high, -low) };
    format!("{subject} is {:.decimals$} {side} (95 %: {low:.decimals$} to {high:.decimals$})", value.abs())
}

/// What to do about it.
fn advice(report: &CompareReport) -> String {
    let differing: Vec<&Comparison> = report.comparisons.iter().filter(|c| c.spectra_differ()).collect();
    let Some(comparison) = differing.first() else {
        let is_coarse = |c: &Comparison| largest_open_db(c).is_none_or(|open| open.is_nan() || open > COARSE_DB);
        if report.comparisons.iter().any(is_coarse) {
            return "That is no proof that they are alike: with so few images large differences are not seen. Add \
                    images before you use one set in place of the other."
                .to_owned();
        }
        return "Nothing here speaks against using one set in place of the other; a change in a small share of the \
                images would not show in means: `specscan check` looks for that."
            .to_owned();
    };
    let second = &comparison.second;
    if comparison.runs.is_empty() {
        return format!(
            "Where {second} differs cannot be told with so few images: add some, or look at compare.png for the bands that \
             lie farthest out."
        );
    }
    let top = comparison.runs.iter().find(|run| run.last_band + 1 == comparison.bands.len());
    match top.map(|run| run.difference_db.value) {
        Some(db) if db < 0.0 => format!(
            "{second} is smoother: look for enlarging, blur or strong compression before training on both together \
             (`specscan inspect` names the images)."
        ),
        Some(_) => format!(
            "{second} has more fine detail or noise: look for sensor noise, sharpening or nearest-neighbour enlarging \
             (`specscan inspect` names the images)."
        ),
        None => format!(
            "{second} differs in its coarse structure (subjects, framing, contrast), not in its fine detail: noise \
             levels that fit one fit the other but for sigma_max (`specscan bounds` on each)."
        ),
    }
}

/// The answer, 80 columns wide.
pub(super) fn lines(report: &CompareReport) -> Vec<String> {
    let mut lines: Vec<String> = report.summary.iter().flat_map(|sentence| wrap(sentence)).collect();
    lines.extend(wrap(&advice(report)));
    for comparison in &report.comparisons {
        lines.push(String::new());
        lines.push(format!("{} over {}, octave by octave:", comparison.second, comparison.first));
        lines.extend(align(&band_table(comparison)));
        lines.extend(wrap(&describe_overall(comparison)));
    }
    lines.push(String::new());
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
fn chance(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

fn describe_overall(comparison: &Comparison) -> String {
    match &comparison.overall {
        Some(test) => {
            let verdict = if test.p <= FAMILY_LEVEL { "the spectra differ" } else { "no difference beyond chance" };
            format!("all {} bands together: {verdict} (Hotelling's T², p {})", test.n_numbers, equals(&chance(test.p)))
        }
        None => format!(
            "all bands together: not enough files for Hotelling's test (it takes more than {} in both sets together, and \
             bands that vary)",
            comparison.bands.len() + 2
        ),
    }
}

fn equals(chance: &str) -> String {
    if chance.starts_with('<') { chance.to_owned() } else { format!("= {chance}") }
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
    table.push(named("KL(it ‖ first) per dimension (nats)", distance(&|d| d.kl_second_first_per_dim)));
    table.push(named("KL(first ‖ it) per dimension (nats)", distance(&|d| d.kl_first_second_per_dim)));
    table
}

/// Peaks of one set where artefacts leave their mark.
fn describe_peaks(set: &SetSummary) -> Option<String> {
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
        if let Some(n) = comparison.n_pairs {
            lines.push(format!("{name}: {n} pairs of the same path; Δ is compared as of separate sets"));
        }
        if let Some(d) = &comparison.distance {
            lines.push(format!(
                "{name}: by chance alone 2-Wasserstein per dimension {}, KL per dimension {} at least",
                short(d.w2_per_dim_by_chance),
                short(d.kl_per_dim_by_chance)
            ));
        }
        lines.extend(comparison.channels.iter().map(|c| {
            let side = |d: &Difference| {
                let ends = d.low95.zip(d.high95).map(|(low, high)| format!(" ({low:+.4} to {high:+.4})"));
                format!("{:+.4}{}", d.value, ends.unwrap_or_default())
            };
            format!("{name}, channel {}: mean {}, deviation {}", c.channel, side(&c.mean), side(&c.std))
        }));
    }
    lines.push(
        "bands: mean over a band's annuli of ln R of each image, mean over files; Welch's t, Holm over the bands"
            .to_owned(),
    );
    lines
}
