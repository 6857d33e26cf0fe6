//! What to do about a comparison: a sentence on what differs, or on what is not known to be alike.

use super::comparison::{BandDifference, Comparison};
use super::report::CompareReport;
use super::text::{
    BRIGHTNESS_DECIMALS, DB_DECIMALS, bound, has_few_pairs, is_beyond_chance, largest_open_db, short_frequency,
    told_runs,
};
use crate::stats::two_samples::{Difference, LEAST_FILES};

/// Sets in which differences up to this are missed are not called alike, dB: twice the power.
const COARSE_DB: f64 = 3.0;

/// What to do about it.
pub(super) fn advice(report: &CompareReport) -> String {
    let is_worth = |c: &&Comparison| c.spectra_differ() && (c.runs.is_empty() || told_runs(c).next().is_some());
    let Some(comparison) = report.comparisons.iter().find(is_worth) else { return advice_without_difference(report) };
    let second = &comparison.second;
    let Some(last) = told_runs(comparison).max_by_key(|run| run.last_band) else {
        return format!(
            "Where {second} differs cannot be told with so few images: add some, or look at compare.png for the bands \
             that lie farthest out."
        );
    };
    if last.last_band + 1 < comparison.bands.len() {
        return advice_on_coarse(comparison, last.last_band);
    }
    match last.difference_db.value < 0.0 {
        true => format!(
            "{second} is smoother: look for enlarging, blur or strong compression before training on both together \
             (`specscan inspect` names the images)."
        ),
        false => format!(
            "{second} has more fine detail or noise: look for sensor noise, sharpening or nearest-neighbour enlarging \
             (`specscan inspect` names the images)."
        ),
    }
}

/// What to do where no difference was found that is worth a word.
fn advice_without_difference(report: &CompareReport) -> String {
    if let Some(n) = report.comparisons.iter().find(|c| has_few_pairs(c)).and_then(|c| c.n_pairs) {
        return format!(
            "That is no proof that the sets are alike: a verdict takes {LEAST_FILES} pairs; here: {n}. Add files of \
             the same path to both sets, or leave --paired out if they hold different images."
        );
    }
    if report.comparisons.iter().any(|c| largest_open_db(c).is_none_or(|open| open > COARSE_DB)) {
        return "That is no proof that they are alike: with so few images large differences are not seen. Add images \
                before you use one set in place of the other."
            .to_owned();
    }
    if let Some(c) = report.comparisons.iter().find(|c| is_beyond_chance(&c.brightness, BRIGHTNESS_DECIMALS)) {
        let (second, value) = (&c.second, c.brightness.value);
        let word = if value < 0.0 { "darker" } else { "brighter" };
        return format!(
            "The bands agree, brightness does not: {second} is {:.BRIGHTNESS_DECIMALS$} {word}. Bring both to one \
             exposure before you use one in place of the other, or measure `specscan offset` on each.",
            value.abs()
        );
    }
    "Nothing here speaks against using one set in place of the other; a change in a small share of the images would \
     not show in means: `specscan check` looks for that."
        .to_owned()
}

/// What to do where no band above `last_band` differs beyond chance: that alone does not make fine detail equal.
fn advice_on_coarse(comparison: &Comparison, last_band: usize) -> String {
    let second = &comparison.second;
    let reach = |band: &BandDifference| {
        let Difference { low95, high95, .. } = band.difference_db;
        low95.zip(high95).map_or(f64::INFINITY, |(low, high)| low.abs().max(high.abs()))
    };
    let above = comparison.bands[last_band + 1..].iter();
    let Some(widest) = above.max_by(|a, b| reach(a).total_cmp(&reach(b))) else { return String::new() };
    if reach(widest) <= COARSE_DB && !has_few_pairs(comparison) {
        return format!(
            "{second} differs in its coarse structure (subjects, framing, contrast), not in its fine detail (equal \
             within ± {} dB): noise levels that fit one fit the other but for sigma_max (`specscan bounds` on each).",
            bound(reach(widest), 1)
        );
    }
    let Difference { value, low95, high95, .. } = widest.difference_db;
    let interval =
        low95.zip(high95).map(|(low, high)| format!(" (95 %: {low:+.DB_DECIMALS$} to {high:+.DB_DECIMALS$})"));
    format!(
        "{second} differs in its coarse structure (subjects, framing, contrast). Whether its fine detail differs, too, \
         is not known: {value:+.DB_DECIMALS$} dB{} at {}–{} cycles/px. Add images before you use the noise levels of \
         one for the other.",
        interval.unwrap_or_default(),
        short_frequency(widest.frequency_low_cycles_per_px),
        short_frequency(widest.frequency_high_cycles_per_px)
    )
}
