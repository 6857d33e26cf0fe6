//! Workflow commands of GitHub: each broken rule beside the file that it is about.

use super::judge::{Outcome, RuleResult};
use super::policy::Severity;
use super::report::CheckReport;
use super::words;

/// One line for each rule that did not pass, and each of its files.
pub(super) fn lines(report: &CheckReport) -> Vec<String> {
    let broken = report.by_outcome().into_iter().filter(|rule| rule.outcome != Outcome::Pass);
    let of_rules: Vec<Vec<String>> = broken.map(|rule| of_rule(report, rule)).collect();
    let n_most = of_rules.iter().map(Vec::len).max().unwrap_or(0);
    // GitHub shows the first ten or so of a step: one of every rule comes before the second of any.
    (0..n_most).flat_map(|i| of_rules.iter().filter_map(move |lines| lines.get(i).cloned())).collect()
}

fn of_rule(report: &CheckReport, rule: &RuleResult) -> Vec<String> {
    let level = if rule.severity == Severity::Warning { "warning" } else { "error" };
    let name = words::name(rule);
    let message = words::found(rule) + &words::remedy(rule);
    let annotate = |file: &str, message: &str| {
        format!("::{level} file={},title={}::{}", property(file), property(&name), data(message))
    };
    if rule.files.is_empty() {
        return vec![annotate(&report.policy, &message)];
    }
    let path = |file: &String| match &report.folder {
        Some(folder) => format!("{folder}/{file}"),
        None => file.clone(),
    };
    rule.files.iter().map(|file| annotate(&path(file), &message)).collect()
}

/// Text behind the last colons.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_end_a_command() {
        assert_eq!(property("a,b:c%\n::error::"), "a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3A");
        assert_eq!(data("5 %\nx"), "5 %25%0Ax");
    }
}
