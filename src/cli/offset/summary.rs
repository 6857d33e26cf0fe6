//! What `offset` says on the terminal.

use anyhow::Result;
use serde_json::json;

use super::{Brightness, OffsetArgs};
use crate::cli::console::{self, align, short};
use crate::cli::scan::describe;
use crate::spectrum::Spectrum;
use crate::stats::brightness::Interval;

/// Prints the summary, or the JSON object.
pub fn print(
    args: &OffsetArgs,
    spectrum: &Spectrum,
    brightness: &Brightness,
    document: &serde_json::Value,
) -> Result<()> {
    if args.shared.output.json {
        let mut document = document.clone();
        document["brightness"] = json!(brightness.rows);
        document["families"] = json!(brightness.families);
        return console::print_json(&document);
    }
    let mut lines = vec![describe(spectrum)];
    let with_interval = |i: &Interval| match (i.low95, i.high95) {
        (Some(low), Some(high)) => format!("{:.4} [{low:.4}, {high:.4}]", i.value),
        _ => format!("{:.4}", i.value),
    };
    let mut table = vec![["brightness", "mean", "variance", "skewness"].map(str::to_owned).to_vec()];
    let mut channels: Vec<&str> = brightness.rows.iter().map(|r| r.channel.as_str()).collect();
    channels.dedup();
    for channel in channels {
        let cell = |statistic: &str| {
            let row = brightness.rows.iter().find(|r| r.channel == channel && r.statistic == statistic);
            let interval = row.and_then(|r| Some(Interval { value: r.value?, low95: r.low95, high95: r.high95 }));
            interval.as_ref().map_or("–".to_owned(), with_interval)
        };
        table.push(vec![channel.to_owned(), cell("mean"), cell("variance"), cell("skewness")]);
    }
    lines.extend(align(&table));
    if !brightness.families.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "noise with pixel deviation {} (--noise-std 1 for a trainer's); families draw each channel on its own, with --color as the images do",
            short(brightness.noise_std)
        ));
        let head = ["noise", "std of its brightness", "variance: images over noise", "1-Wasserstein"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        for f in &brightness.families {
            let number = |v: Option<f64>| v.map_or("–".to_owned(), short);
            table.push(vec![
                f.family.clone(),
                short(f.brightness_std),
                number(f.variance_ratio),
                number(f.wasserstein1),
            ]);
        }
        lines.extend(align(&table));
    }
    lines.push(String::new());
    let [overall, common, per_channel, independent] = &brightness.matching;
    if spectrum.n_images() < 2 {
        lines.push("one image has no spread of brightness: what offset would match is unknown".to_owned());
    } else if brightness.matching.iter().all(|m| m.value == 0.0) {
        let zero = brightness.covariance.iter().all(|k| k.abs() <= 1e-12);
        lines.push(match zero {
            true => "the images are all equally bright: the matching offset is 0".to_owned(),
            false => "the brightness of the images varies no more than that of white noise: the matching offset is 0"
                .to_owned(),
        });
    }
    lines.push(format!("noise_offset that matches, drawn for each channel   {}", with_interval(independent)));
    lines.push(format!("                           one for all channels      {}", with_interval(overall)));
    lines.push(format!(
        "                           shared / on top per channel {} / {}",
        with_interval(common),
        with_interval(per_channel)
    ));
    let at = |side: usize| {
        let row = document["resolutions"].as_array()?.iter().find(|r| r["resolution_px"] == side)?;
        Some(format!(
            "{side} px: {:.4} ({}×)",
            row["matching_offset"]["independent"].as_f64()?,
            short(row["zero_frequency_power_over_white"].as_f64()?)
        ))
    };
    let sizes: Vec<String> = [64, 256, 1024].into_iter().filter_map(at).collect();
    lines.push(format!(
        "the same brightness at other sizes (zero-frequency power over white noise): {}",
        sizes.join(", ")
    ));
    lines.push(String::new());
    let mut table = vec![["schedule", "sigma_max", "brightness SNR left at its end"].map(str::to_owned).to_vec()];
    for row in document["terminal"].as_array().into_iter().flatten() {
        let number = |v: &serde_json::Value, none: &str| v.as_f64().map_or(none.to_owned(), short);
        let name = row["schedule"].as_str().unwrap_or_default().to_owned();
        table.push(vec![name, number(&row["sigma_max"], "∞"), number(&row["brightness_snr"], "–")]);
    }
    lines.extend(align(&table));
    if let Some(adjusted) = document["adjusted_offset"].as_object() {
        lines.push(format!(
            "adjusted offset over {}: ψ from {} to 1",
            adjusted["schedule"].as_str().unwrap_or_default(),
            adjusted["psi_first"].as_f64().map_or(String::new(), short)
        ));
    }
    console::print_lines(args.shared.output.quiet, &lines)
}
