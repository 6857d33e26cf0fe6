//! Results in words: the number with its interval, what is allowed, how rare that is by chance.

use super::judge::{Outcome, RuleResult};
use super::rule_words::number;
use crate::analysis::compare::FAMILY_LEVEL;

/// The number with its interval and its limit, and with the chance of one that is past it:
/// `15.0 % (95 %: 10.7 % to 20.6 %), allowed: no more than the baseline's 3.0 %, p = 0.00025 among 19 rules`.
pub(super) fn found(result: &RuleResult) -> String {
    if let Some(reason) = &result.reason {
        return reason.clone();
    }
    let say = |value: f64| number(value, result.is_share);
    let value = result.value.map_or_else(|| "no number".to_owned(), say);
    let interval = match (result.low95, result.high95) {
        (Some(low), Some(high)) => format!(" (95 %: {} to {})", say(low), say(high)),
        _ => String::new(),
    };
    let chance = match (result.outcome, result.p_holm) {
        (Outcome::Fail | Outcome::Warn, Some(p)) if p <= FAMILY_LEVEL => format!(", {}", among(p, result.n_family)),
        (Outcome::Pass, Some(p)) if result.is_beyond => {
            format!("; that is off by no more than chance explains ({})", among(p, result.n_family))
        }
        (Outcome::Pass, None) if result.is_beyond => "; that is off by no more than chance explains".to_owned(),
        _ => String::new(),
    };
    format!("{value}{interval}, allowed: {}{chance}", result.limit)
}

/// What to do about a broken rule, as the end of a sentence; nothing of others.
pub(super) fn remedy(result: &RuleResult) -> String {
    match result.outcome {
        Outcome::Fail | Outcome::Warn => format!("; {}", result.look_at),
        Outcome::NotRun | Outcome::Pass => String::new(),
    }
}

/// The chance of a number as far off as one of all rules: `p = 0.014 among 19 rules`.
fn among(p: f64, n_rules: usize) -> String {
    let p = match p {
        p if p < 1e-6 => "p < 0.000001".to_owned(),
        // Two digits.
        p => format!("p = {p:.*}", (1.0 - p.log10().floor()).max(2.0) as usize),
    };
    if n_rules == 1 { p } else { format!("{p} among {n_rules} rules") }
}

/// Name of a rule, with its folder.
pub(super) fn name(result: &RuleResult) -> String {
    match &result.class {
        Some(class) => format!("{} in {class}", result.name),
        None => result.name.clone(),
    }
}

/// An outcome as it is printed.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "FAIL",
        Outcome::NotRun => "NOT RUN",
        Outcome::Warn => "WARN",
        Outcome::Pass => "pass",
    }
}
