//! Results in words: the number with its interval, what is allowed, how rare that is by chance.

use super::judge::{Outcome, RuleResult};
use super::rule_words::number;
use crate::analysis::compare::FAMILY_LEVEL;
use crate::report::text::short;

/// The number with its interval and its limit: `15.0 % (95 %: 10.7 % to 20.6 %), no more than the baseline's 3.0 %`.
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
        (Outcome::Fail | Outcome::Warn, Some(p)) if p <= FAMILY_LEVEL => {
            format!(", so far off by chance in {}", rarity(p))
        }
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

/// How rare something is.
fn rarity(p: f64) -> String {
    match p {
        p if p < 1e-6 => "less than 1 of a million sets".to_owned(),
        p => format!("{} % of sets", short(100.0 * p)),
    }
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
