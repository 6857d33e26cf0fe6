//! From a policy and the numbers of a set to an outcome of every rule. A pure function: it reads no files.

use serde::Serialize;

use super::folders::{FOLDER, LoneFolder};
use super::metrics::Metric;
use super::policy::{Policy, Rule, Severity};
use super::readings::{Reading, read};
use super::rule_words;
use super::values::{Between, SetValues};
use crate::analysis::compare::FAMILY_LEVEL;
use crate::analysis::{SkipLimit, Verdict};
use crate::stats::limits::wilson;
use crate::stats::two_samples::holm;

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Broken.
    Fail,
    /// Could not be run, and so did not pass.
    NotRun,
    /// Broken, and a warning only.
    Warn,
    /// Kept.
    Pass,
}

/// A rule and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleResult {
    /// Its name.
    pub name: String,
    /// The folder that it was applied to; none for the whole set.
    pub class: Option<String>,
    /// Its metric, as written.
    pub metric: String,
    /// How bad it is if it is broken.
    pub severity: Severity,
    /// What became of it.
    pub outcome: Outcome,
    /// The number; none if the rule could not be run.
    pub value: Option<f64>,
    /// Lower end of its 95 % interval between files, where it is known.
    pub low95: Option<f64>,
    /// Upper end.
    pub high95: Option<f64>,
    /// The baseline's number, where the rule is about it.
    pub baseline: Option<f64>,
    /// What is allowed, in words.
    pub limit: String,
    /// Chance of a number as far beyond the limit if nothing but sampling differs; none where the limit is about the
    /// files as they are.
    pub p: Option<f64>,
    /// The same, as one of all rules of the policy (Holm).
    pub p_holm: Option<f64>,
    /// Why it could not be run.
    pub reason: Option<String>,
    /// What to look at.
    pub look_at: String,
    /// The files that it is about, the worst first, a few of them.
    pub files: Vec<String>,
    /// Whether the number is a share.
    #[serde(skip)]
    pub is_share: bool,
    /// Whether the number is past a limit about the baseline, by chance or not.
    #[serde(skip)]
    pub is_beyond: bool,
    /// Rules that it stands for.
    #[serde(skip)]
    pub n_rules: usize,
    /// Rules whose chances are one family.
    #[serde(skip)]
    pub n_family: usize,
}

/// Name of the result about files that were skipped.
pub(super) const SKIPPED: &str = "files skipped";

/// Most files that a result names.
const N_FILES: usize = 5;

/// Applies a policy to a set, with its baseline if there is one, or rule by rule to each of its folders.
pub fn judge(
    policy: &Policy,
    set: &SetValues,
    baseline: Option<&SetValues>,
    between: &Between,
    by_class: bool,
) -> Vec<RuleResult> {
    let mut results: Vec<(RuleResult, bool)> = Vec::new();
    let lone = baseline.filter(|_| by_class).map(|baseline| LoneFolder::find(set, baseline)).unwrap_or_default();
    for rule in &policy.rules {
        if !by_class || rule.metric.is_of_whole() {
            results.push(apply(rule, None, set, baseline, between));
            continue;
        }
        // A folder of the baseline that is gone is no pass.
        let mut classes: Vec<String> =
            [Some(set), baseline].into_iter().flatten().flat_map(SetValues::classes).collect();
        classes.sort();
        classes.dedup();
        classes.retain(|class| !lone.iter().any(|lone| lone.class == *class && lone.hides(rule)));
        for class in classes {
            let before = baseline.map(|baseline| baseline.of_class(&class));
            results.push(apply(rule, Some(class.clone()), &set.of_class(&class), before.as_ref(), between));
        }
    }
    results.extend(lone.iter().filter_map(|lone| about_folder(lone, policy)).map(|result| (result, false)));
    // All chances of the policy are one family.
    let known: Vec<f64> = results.iter().filter_map(|(result, _)| result.p).collect();
    let mut adjusted = holm(&known).into_iter();
    let mut settle = |(mut result, is_outside): (RuleResult, bool)| {
        result.p_holm = result.p.and_then(|_| adjusted.next());
        result.n_family = known.len();
        let is_broken = is_outside || result.p_holm.is_some_and(|p| p <= FAMILY_LEVEL || p.is_nan());
        result.outcome = match (result.reason.is_some(), is_broken, result.severity) {
            (true, ..) => Outcome::NotRun,
            (_, false, _) => Outcome::Pass,
            (_, true, Severity::Warning) => Outcome::Warn,
            (_, true, Severity::Error) => Outcome::Fail,
        };
        result
    };
    results.into_iter().map(&mut settle).collect()
}

/// The failure of a run that could not use more files than `limit` allows, as the exit status says it: of `n_others`
/// more it could, or left them out by choice. None within the limit.
pub fn skipped(limit: SkipLimit, unreadable: &[String], n_others: u64) -> Option<RuleResult> {
    let n_skipped = unreadable.len() as u64;
    let total = n_skipped + n_others;
    let interval = wilson((n_skipped, total));
    limit.is_exceeded(n_skipped, total).then(|| RuleResult {
        name: SKIPPED.to_owned(),
        class: None,
        metric: "unreadable_fraction".to_owned(),
        severity: Severity::Error,
        outcome: Outcome::Fail,
        value: Some(n_skipped as f64 / total as f64),
        low95: interval.map(|(low, _)| low),
        high95: interval.map(|(_, high)| high),
        baseline: None,
        limit: format!("at most --max-skipped {limit}"),
        p: None,
        p_holm: None,
        reason: None,
        look_at: rule_words::look_at(&Metric::UnreadableFraction),
        files: unreadable.iter().take(N_FILES).cloned().collect(),
        is_share: true,
        is_beyond: true,
        n_rules: 1,
        n_family: 0,
    })
}

/// What is said in place of all rules that a folder hides; none if it hides none.
fn about_folder(lone: &LoneFolder, policy: &Policy) -> Option<RuleResult> {
    let hidden = lone.hidden(policy);
    let is_error = hidden.iter().any(|rule| rule.severity == Severity::Error);
    let n = hidden.len();
    (n > 0).then(|| RuleResult {
        name: if n == 1 { "1 rule".to_owned() } else { format!("{n} rules") },
        class: Some(lone.class.clone()),
        metric: FOLDER.to_owned(),
        severity: if is_error { Severity::Error } else { Severity::Warning },
        outcome: Outcome::NotRun,
        value: None,
        low95: None,
        high95: None,
        baseline: None,
        limit: "the same folders as in the baseline".to_owned(),
        p: None,
        p_holm: None,
        reason: Some(lone.reason()),
        look_at: "put the folder back, or renew the baseline".to_owned(),
        files: Vec::new(),
        is_share: false,
        is_beyond: false,
        n_rules: n,
        n_family: 0,
    })
}

/// The result of a rule before the other rules are looked at, and whether it is broken whatever they say.
fn apply(
    rule: &Rule,
    class: Option<String>,
    set: &SetValues,
    baseline: Option<&SetValues>,
    between: &Between,
) -> (RuleResult, bool) {
    let reading = read(rule, set, baseline, between);
    let reason = reading.as_ref().err().cloned();
    let is_known = reason.is_none();
    let Reading { value, baseline, interval, is_outside, is_beyond, p } = reading.unwrap_or_default();
    let finite = |value: f64| Some(value).filter(|v| is_known && v.is_finite());
    let result = RuleResult {
        name: rule.name.clone(),
        class,
        metric: rule.text.clone(),
        severity: rule.severity,
        outcome: Outcome::NotRun,
        value: finite(value),
        low95: interval.and_then(|(low, _)| finite(low)),
        high95: interval.and_then(|(_, high)| finite(high)),
        baseline: baseline.and_then(finite),
        limit: rule_words::limit(rule, baseline),
        p,
        p_holm: None,
        reason,
        look_at: rule_words::look_at(&rule.metric),
        files: files_of(&rule.metric, set),
        is_share: rule.metric.is_share(),
        is_beyond,
        n_rules: 1,
        n_family: 0,
    };
    (result, is_outside)
}

/// The files that a share counts, those with the clearest numbers first.
fn files_of(metric: &Metric, set: &SetValues) -> Vec<String> {
    use super::metrics::Comparator::{Greater, GreaterOrEqual};
    match metric {
        Metric::UnreadableFraction => set.unreadable.iter().take(N_FILES).cloned().collect(),
        Metric::Fraction { column, comparator, value } => {
            let Some(column) = set.column(column) else { return Vec::new() };
            let sign = if matches!(comparator, Greater | GreaterOrEqual) { -1.0 } else { 1.0 };
            let mut hits: Vec<(f64, &str)> = set
                .files
                .iter()
                .filter(|file| comparator.holds(file.numbers[column], *value))
                .map(|file| (sign * file.numbers[column], file.key.as_str()))
                .collect();
            hits.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
            hits.into_iter().take(N_FILES).map(|(_, key)| key.to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// What all results say together.
pub fn verdict(results: &[RuleResult], error_on_warning: bool) -> Verdict {
    let any = |outcome: Outcome| results.iter().any(|result| result.outcome == outcome);
    if any(Outcome::Fail) || (error_on_warning && any(Outcome::Warn)) {
        return Verdict::NotAcceptable;
    }
    let counts = |result: &&RuleResult| error_on_warning || result.severity == Severity::Error;
    let is_open = results.iter().filter(counts).any(|result| result.outcome == Outcome::NotRun);
    let has_run = results.iter().any(|result| result.outcome != Outcome::NotRun);
    if is_open || !has_run { Verdict::NotEnough } else { Verdict::Acceptable }
}
