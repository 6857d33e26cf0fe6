//! Folders that only one of two sets has: each is told once, in place of every rule that cannot be run for that.

use super::metrics::Metric;
use super::policy::{Policy, Rule};
use super::values::SetValues;

/// In place of a metric, of results about a folder itself.
pub(super) const FOLDER: &str = "folder";

/// A folder that the set or its baseline lacks.
pub(super) struct LoneFolder {
    /// Its name, `.` of files in none.
    pub class: String,
    /// Whether the set lacks it; else the baseline does.
    is_gone: bool,
}

impl LoneFolder {
    /// All of them.
    pub fn find(set: &SetValues, baseline: &SetValues) -> Vec<Self> {
        let (now, before) = (set.classes(), baseline.classes());
        let lone = |from: &[String], other: &[String], is_gone| -> Vec<Self> {
            let lone = from.iter().filter(|class| !other.contains(class));
            lone.map(|class| Self { class: class.clone(), is_gone }).collect()
        };
        let mut all = lone(&now, &before, false);
        all.extend(lone(&before, &now, true));
        all
    }

    /// Whether a rule cannot be run on it: of no files only their number is known.
    pub fn hides(&self, rule: &Rule) -> bool {
        let is_open = if self.is_gone { rule.metric != Metric::NImages } else { rule.needs_baseline() };
        is_open && !rule.metric.is_of_whole()
    }

    /// The rules of a policy that it hides.
    pub fn hidden<'a>(&self, policy: &'a Policy) -> Vec<&'a Rule> {
        policy.rules.iter().filter(|rule| self.hides(rule)).collect()
    }

    /// Why they cannot be run.
    pub fn reason(&self) -> String {
        let Self { class, is_gone } = self;
        match (class.as_str(), is_gone) {
            (".", false) => "the baseline has no files outside of folders".to_owned(),
            (".", true) => "the files outside of folders, which the baseline has, are gone".to_owned(),
            (_, false) => format!("the baseline has no folder {class}"),
            (_, true) => format!("folder {class}, which the baseline has, is gone"),
        }
    }
}
