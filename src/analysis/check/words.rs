//! Rules and results in words: what is allowed, what a number is, what to look at.

use super::judge::{Outcome, RuleResult};
use super::metrics::{Kind, Metric};
use super::policy::Rule;
use crate::analysis::words::percent;
use crate::detect::{FINDINGS, SET_FINDINGS, findings::DUPLICATE};
use crate::report::text::short;
use crate::stats::limits::Side;

/// A number as its metric's are read.
pub(super) fn number(value: f64, is_share: bool) -> String {
    match is_share {
        true => format!("{:.1} %", 100.0 * value),
        false => short(value),
    }
}

/// What a rule allows.
pub(super) fn limit(rule: &Rule, baseline: Option<f64>) -> String {
    let is_share = rule.metric.is_share();
    let say = |value: f64| if is_share { format!("{} %", percent(value)) } else { short(value) };
    let limits = &rule.limits;
    let mut parts = Vec::new();
    parts.extend(limits.min.map(|min| format!("at least {}", say(min))));
    parts.extend(limits.max.map(|max| format!("at most {}", say(max))));
    let tolerance = match (limits.atol, limits.rtol) {
        (None, None) => return parts.join(" and "),
        (Some(atol), None) => say(atol),
        (None, Some(rtol)) => format!("{} % of it", percent(rtol)),
        (Some(atol), Some(rtol)) => format!("{} and {} % of it", say(atol), percent(rtol)),
    };
    let before = match (rule.metric.kind(), baseline) {
        (Kind::Difference, _) => "the baseline".to_owned(),
        (_, Some(before)) => format!("the baseline's {}", number(before, is_share)),
        (_, None) => "the baseline's".to_owned(),
    };
    let is_exact = limits.atol.unwrap_or(0.0) == 0.0 && limits.rtol.unwrap_or(0.0) == 0.0;
    parts.push(match (limits.side, is_exact) {
        (Side::Above, true) => format!("no more than {before}"),
        (Side::Below, true) => format!("no less than {before}"),
        (Side::Both, true) => format!("as {before}"),
        (Side::Above, false) => format!("at most {tolerance} above {before}"),
        (Side::Below, false) => format!("at most {tolerance} below {before}"),
        (Side::Both, false) => format!("within {tolerance} of {before}"),
    });
    parts.join(" and ")
}

/// What to look at if a rule is broken.
pub(super) fn look_at(metric: &Metric) -> String {
    let finding = |column: &str| FINDINGS.iter().find(|finding| finding.column == column);
    match metric {
        Metric::NImages => "is the folder whole? specscan scan lists what was skipped".to_owned(),
        Metric::UnreadableFraction => "skipped.csv names each file and why; copy or download them again".to_owned(),
        Metric::Fraction { column, .. } | Metric::Mean(column) | Metric::Quantile { column, .. } => {
            match (finding(column), column.as_str()) {
                (Some(finding), _) => format!("{}: {}; specscan inspect lists them", finding.meaning, finding.remedy),
                (None, "duplicate") => {
                    let finding = &SET_FINDINGS[DUPLICATE];
                    format!("{}: {}; specscan inspect lists them", finding.meaning, finding.remedy)
                }
                (None, "oddness") => "images unlike the others of the set; specscan inspect shows them".to_owned(),
                (None, column) => format!("column `{column}` of specscan scan --detectors"),
            }
        }
        Metric::BrightnessShift | Metric::SigmaData => {
            "exposure, gamma, or other images; specscan compare shows brightness and contrast".to_owned()
        }
        Metric::BlurNoiseRatio => "the strongest bands; specscan blur-noise shows them".to_owned(),
        Metric::ArtefactPeakDb => "periodic patterns, as of networks that upsample; specscan compare names them".to_owned(),
        _ => "resizing, sharpening, compression, or other images; specscan compare shows every band".to_owned(),
    }
}

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
        (Outcome::Fail | Outcome::Warn, Some(p)) => format!(", by chance in {}", rarity(p)),
        _ => String::new(),
    };
    format!("{value}{interval}, allowed: {}{chance}", result.limit)
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
