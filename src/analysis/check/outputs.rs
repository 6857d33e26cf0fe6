//! The answer of `check` as text, failures first, JSON, JUnit XML, Markdown and annotations of GitHub.

use super::judge::{Outcome, RuleResult};
use super::report::CheckReport;
use super::{annotations, junit, markdown, words};
use crate::analysis::words::wrap;
use crate::analysis::{Outputs, Report, Verdict};
use crate::report::content::Content;

/// Most files that a line names.
const N_NAMED: usize = 2;

impl Report for CheckReport {
    const OUTPUTS: Outputs = Outputs { files: &["check.json", "check.xml", "check.md"], plots: &[] };

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.sentence()];
        lines.extend(wrap(&self.advice()));
        lines.extend([String::new(), self.about.describe()]);
        for rule in self.by_outcome() {
            let mut line = format!("{} {}: {}", words::outcome(rule.outcome), words::name(rule), words::found(rule));
            if rule.outcome != Outcome::Pass {
                line += &words::remedy(rule);
                if !rule.files.is_empty() {
                    line += &format!(" ({})", rule.files.iter().take(N_NAMED).cloned().collect::<Vec<_>>().join(", "));
                }
            }
            lines.push(line);
        }
        lines
    }

    fn details(&self) -> Vec<String> {
        let p = |p: Option<f64>| p.map_or("–".to_owned(), |p| format!("{p:.2e}"));
        let describe = |rule: &RuleResult| {
            format!("{}: {}; p {}, of all rules {}", words::name(rule), rule.metric, p(rule.p), p(rule.p_holm))
        };
        self.rules.iter().map(describe).collect()
    }

    fn verdict(&self) -> Verdict {
        self.verdict
    }

    fn annotations(&self) -> Vec<String> {
        annotations::lines(self)
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![
            Content::json("check.json", self),
            Content::bytes("check.xml", junit::document(self)),
            Content::bytes("check.md", markdown::page(self)),
        ]
    }
}
