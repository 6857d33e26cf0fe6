//! Rules in words: what is allowed, and what to look at if they are broken.

use super::metrics::{Kind, Metric};
use super::policy::Rule;
use crate::analysis::words::percent;
use crate::detect::findings::DUPLICATE;
use crate::detect::{FINDINGS, SET_FINDINGS};
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
        (None, Some(rtol)) => format!("{} %", percent(rtol)),
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
        Metric::ArtefactPeakDb => {
            "periodic patterns, as of networks that upsample; specscan compare names them".to_owned()
        }
        _ => "resizing, sharpening, compression, or other images; specscan compare shows every band".to_owned(),
    }
}
