//! What `check` answers: every rule with its outcome, and what they say together.

use serde::Serialize;

use super::folders::FOLDER;
use super::judge::{Outcome, RuleResult, SKIPPED, verdict};
use crate::analysis::{About, Verdict};

/// A checked set.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// What all rules say together.
    pub verdict: Verdict,
    /// The policy's path.
    pub policy: String,
    /// The baseline's path; none without one.
    pub baseline: Option<String>,
    /// The rules in the order of the policy, each with every folder that it was applied to.
    pub rules: Vec<RuleResult>,
    /// The folder in which annotations look for the files, if there is one input.
    #[serde(skip)]
    pub(super) folder: Option<String>,
}

impl CheckReport {
    /// The report on these results; with `error_on_warning` warnings are failures.
    pub(super) fn new(about: About, policy: String, rules: Vec<RuleResult>, error_on_warning: bool) -> Self {
        let verdict = verdict(&rules, error_on_warning);
        Self { about, verdict, policy, baseline: None, rules, folder: None }
    }

    /// How many results have an outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.rules.iter().filter(|rule| rule.outcome == outcome).count()
    }

    /// Rules, the failed ones first, then those that were not run, then warnings.
    pub(super) fn by_outcome(&self) -> Vec<&RuleResult> {
        let mut rules: Vec<&RuleResult> = self.rules.iter().collect();
        rules.sort_by_key(|rule| match rule.outcome {
            Outcome::Fail => 0,
            Outcome::NotRun => 1,
            Outcome::Warn => 2,
            Outcome::Pass => 3,
        });
        rules
    }

    /// The result in a sentence.
    pub fn sentence(&self) -> String {
        let n: usize = self.rules.iter().map(|rule| rule.n_rules).sum();
        let count = |outcome: Outcome| -> usize {
            self.rules.iter().filter(|rule| rule.outcome == outcome).map(|rule| rule.n_rules).sum()
        };
        let [failed, open, warned, passed] = [Outcome::Fail, Outcome::NotRun, Outcome::Warn, Outcome::Pass].map(count);
        let mut parts = vec![format!("{passed} of {n} rules pass")];
        let ending = |count: usize| if count == 1 { "s" } else { "" };
        let others = [
            (failed, format!("fail{}", ending(failed))),
            (open, "could not be run".to_owned()),
            (warned, format!("warn{}", ending(warned))),
        ];
        parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        let verdict = match self.verdict {
            Verdict::Acceptable => "check passed",
            Verdict::NotAcceptable => "check failed",
            Verdict::NotEnough => "check could not judge",
        };
        format!("{verdict}: {}", parts.join(", "))
    }

    /// What to do now.
    pub(super) fn advice(&self) -> String {
        // Files that cannot be read are no state to keep.
        let mut failed = self.rules.iter().filter(|rule| matches!(rule.outcome, Outcome::Fail | Outcome::Warn));
        let renew = match self.baseline {
            Some(_) if failed.any(|rule| rule.name != SKIPPED) => {
                "; if the change is meant, renew the baseline with specscan check --update-baseline"
            }
            _ => "",
        };
        let mut open = self.rules.iter().filter(|rule| rule.outcome == Outcome::NotRun);
        let is_folder = |rule: &RuleResult| rule.metric == FOLDER;
        let any_folder = open.clone().any(is_folder);
        match self.verdict {
            Verdict::Acceptable => {
                "Train on it. A change that is smaller than the intervals in check.json would not have been seen."
                    .to_owned()
            }
            Verdict::NotAcceptable => format!("Repair what is named below{renew}."),
            Verdict::NotEnough if any_folder => {
                let others = match open.all(is_folder) {
                    true => "",
                    false => " Add images for the other rules that could not be run, or take these out.",
                };
                format!(
                    "This is not a pass: its folders are not those of the baseline. Put back those that are gone; if \
                     the folders are meant, renew the baseline with specscan check --update-baseline.{others}"
                )
            }
            Verdict::NotEnough => {
                "This is not a pass: add images, or take out the rules that could not be run.".to_owned()
            }
        }
    }
}
