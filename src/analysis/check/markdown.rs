//! `check.md`: the result for the summary of a job or for a pull request.

use super::judge::RuleResult;
use super::report::CheckReport;
use super::words;

/// The page.
pub(super) fn page(report: &CheckReport) -> String {
    let mut lines = vec![
        format!("## Spectral check: {}", report.sentence()),
        String::new(),
        format!("{}. {}", report.about.describe(), report.advice()),
        String::new(),
        "| | rule | found | what to do |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    lines.extend(report.by_outcome().into_iter().map(row));
    lines.push(String::new());
    lines.join("\n")
}

fn row(rule: &RuleResult) -> String {
    let outcome = words::outcome(rule.outcome);
    let (look_at, files) = match outcome {
        "pass" => (String::new(), String::new()),
        _ => (
            cell(words::remedy(rule).trim_start_matches("; ")),
            rule.files.iter().map(|file| format!("<br>`{}`", cell(file))).collect(),
        ),
    };
    format!("| {outcome} | {} | {} | {look_at}{files} |", cell(&words::name(rule)), cell(&words::found(rule)))
}

/// Text that cannot end a cell, or its row.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r', '`'], " ").replace('<', "&lt;")
}
