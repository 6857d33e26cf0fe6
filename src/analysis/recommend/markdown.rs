//! `recommend.md`: the answer as a document to paste into a wiki.

use super::{RecommendReport, by_class_text, text};
use crate::report::text::short;

/// The document.
pub(super) fn document(report: &RecommendReport) -> String {
    let mut lines = vec![
        "# Noise settings for this dataset".to_owned(),
        String::new(),
        format!("{}.", preparation(report)),
        String::new(),
        text::advice(report),
        String::new(),
        "| setting | value | 95 % interval | unit | default | difference | why |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    for s in &report.settings {
        let default = match s.default_of {
            Some(whose) => format!("{} ({whose})", s.default_text()),
            None => s.default_text(),
        };
        let difference = s.difference.as_deref().unwrap_or("–");
        let cells = [&s.name, &s.value_text(), &s.interval_text(), s.unit, &default, difference, &s.why];
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines.extend(["", "## Common schedules and densities on these images", ""].map(str::to_owned));
    lines.extend(table(&text::audit_rows(report)));
    if !report.planner.is_empty() {
        lines.extend(["", "## Other sizes", ""].map(str::to_owned));
        lines.extend(table(&text::planner(report)));
        lines.extend([String::new(), text::PLANNER_NOTE.to_owned()]);
    }
    if !report.by_class.is_empty() {
        lines.extend(["", "## Classes", ""].map(str::to_owned));
        lines.extend(table(&by_class_text::cells(&report.by_class, |name| name.replace('|', "\\|"))));
        let [note, advice] = [by_class_text::NOTE.to_owned(), by_class_text::advice(&report.by_class)];
        lines.extend([String::new(), note, String::new(), advice]);
    }
    let sigmas: Vec<String> = report.trainer.sigmas.iter().map(|sigma| short(*sigma)).collect();
    lines.extend([
        String::new(),
        text::distances(report),
        String::new(),
        text::closest(report),
        String::new(),
        format!("Sampling levels, {} steps: {}.", sigmas.len(), sigmas.join(", ")),
        String::new(),
    ]);
    lines.join("\n")
}

/// Which images, and everything about how they were prepared.
fn preparation(report: &RecommendReport) -> String {
    let (p, counts) = (&report.about.preprocess, report.about.counts);
    format!(
        "{} images of {} files at {} {}, transform {}, EXIF orientation {}, range {}, specscan {}",
        counts.n_images,
        counts.n_files,
        p.size,
        p.channels.name(),
        p.transform,
        p.exif,
        p.range.map_or("that of latents".to_owned(), |range| range.to_string()),
        env!("CARGO_PKG_VERSION")
    )
}

/// Cells as a table, the first row its header.
fn table(rows: &[Vec<String>]) -> Vec<String> {
    let line = |cells: &Vec<String>| format!("| {} |", cells.join(" | "));
    let rule = format!("|{}", "---|".repeat(rows.first().map_or(0, Vec::len)));
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.insert(1.min(lines.len()), rule);
    lines
}
