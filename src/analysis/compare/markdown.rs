//! `compare.md`: the comparison as a page to paste into a wiki or a pull request.

use super::comparison::{Comparison, SetSummary};
use super::report::CompareReport;
use super::text::{chance, describe_peaks};
use crate::noise::set_distance::SetDistance;
use crate::report::text::short;
use crate::stats::two_samples::Difference;

/// The page.
pub(super) fn page(report: &CompareReport) -> String {
    let mut lines = vec!["# Spectra compared".to_owned(), String::new()];
    for sentence in &report.summary {
        lines.extend([sentence.clone(), String::new()]);
    }
    lines.extend([
        "| set | images | files | Δ | brightness | contrast |".to_owned(),
        "|---|---:|---:|---:|---:|---:|".to_owned(),
    ]);
    lines.extend(report.sets.iter().map(set_row));
    for peaks in report.sets.iter().filter_map(describe_peaks) {
        lines.extend([String::new(), format!("{peaks}.")]);
    }
    for comparison in &report.comparisons {
        lines.extend([String::new(), format!("## {} over {}", cell(&comparison.second), cell(&comparison.first))]);
        lines.extend([
            String::new(),
            "| what | difference | 95 % interval | p |".to_owned(),
            "|---|---:|---:|---:|".to_owned(),
        ]);
        lines.extend(rows(comparison));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn set_row(set: &SetSummary) -> String {
    let delta = set.law.as_ref().map_or("–".to_owned(), |law| format!("{:.3}", law.delta));
    format!(
        "| {} | {} | {} | {delta} | {:.4} | {:.4} |",
        cell(&set.name),
        set.n_images,
        set.n_files,
        set.brightness,
        set.contrast
    )
}

fn rows(comparison: &Comparison) -> Vec<String> {
    let mut rows: Vec<String> = comparison
        .bands
        .iter()
        .map(|band| {
            let (low, high) = (band.frequency_low_cycles_per_px, band.frequency_high_cycles_per_px);
            row(&format!("{low:.4}–{high:.4} cycles/px (dB)"), &band.difference_db, band.p_holm)
        })
        .collect();
    if let Some(test) = &comparison.overall {
        rows.push(format!("| all bands together (Hotelling) | | | {} |", chance(test.p)));
    }
    let name = if comparison.n_pairs.is_some() { "Δ (unpaired)" } else { "Δ" };
    rows.extend(comparison.delta.iter().map(|delta| row(name, delta, delta.p)));
    rows.push(row("brightness (value)", &comparison.brightness, comparison.brightness.p));
    rows.push(row("contrast (value)", &comparison.contrast, comparison.contrast.p));
    for channel in &comparison.channels {
        rows.push(row(&format!("mean of {} (value)", channel.channel), &channel.mean, channel.mean.p));
        rows.push(row(&format!("deviation of {} (value)", channel.channel), &channel.std, channel.std.p));
    }
    rows.push(format!("| log-spectral distance (dB) | {:.3} | | |", comparison.log_spectral_distance_db));
    if let Some(distance) = &comparison.distance {
        rows.extend(distance_rows(distance));
    }
    rows
}

/// The distances between Gaussians, with what they are by chance.
fn distance_rows(distance: &SetDistance) -> [String; 3] {
    let SetDistance { w2_per_dim, kl_second_first_per_dim, kl_first_second_per_dim, .. } = *distance;
    let w2 = format!("2-Wasserstein per dimension (value; by chance about {})", short(distance.w2_per_dim_by_chance));
    let kl = |of: &str| {
        format!("KL({of}) per dimension (nats; by chance at least {})", short(distance.kl_per_dim_by_chance))
    };
    [(w2, w2_per_dim), (kl("second ‖ first"), kl_second_first_per_dim), (kl("first ‖ second"), kl_first_second_per_dim)]
        .map(|(what, value)| format!("| {what} | {} | | |", short(value)))
}

fn row(what: &str, difference: &Difference, p: Option<f64>) -> String {
    let interval = difference.low95.zip(difference.high95).map(|(low, high)| format!("{low:+.4} to {high:+.4}"));
    let p = p.map(chance);
    format!("| {what} | {:+.4} | {} | {} |", difference.value, interval.unwrap_or_default(), p.unwrap_or_default())
}

/// A name that cannot end a cell.
fn cell(name: &str) -> String {
    name.replace('|', "\\|")
}
