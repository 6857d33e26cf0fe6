//! Rules in words: what is allowed, and what to look at if they are broken.

use super::metrics::{Kind, Metric};
use super::policy::Rule;
use crate::analysis::words::percent;
use crate::detect::findings::{Bound, DUPLICATE, Finding};
use crate::detect::{FINDINGS, SET_FINDINGS};
use crate::report::text::short;
use crate::stats::limits::Side;

/// A number as its metric's are read.
pub(super) fn number(value: f64, is_share: bool) -> String {
    match is_share {
        true => format!("{:.1} %", 100.0 * value),
        // Counts have no decimals.
        false if value.fract() == 0.0 => value.to_string(),
        false => short(value),
    }
}

/// What a rule allows.
pub(super) fn limit(rule: &Rule, baseline: Option<f64>) -> String {
    let is_share = rule.metric.is_share();
    let say = |value: f64| if is_share { format!("{} %", percent(value)) } else { value.to_string() };
    let limits = &rule.limits;
    let mut parts = Vec::new();
    parts.extend(limits.min.map(|min| format!("at least {}", say(min))));
    parts.extend(limits.max.map(|max| format!("at most {}", say(max))));
    let points = |atol: f64| if is_share { format!("{} percentage points", percent(atol)) } else { atol.to_string() };
    let tolerance = match (limits.atol, limits.rtol) {
        (None, None) => return parts.join(" and "),
        (Some(atol), None) => points(atol),
        (None, Some(rtol)) => format!("{} %", percent(rtol)),
        (Some(atol), Some(rtol)) => format!("{} plus {} %", points(atol), percent(rtol)),
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
        (Side::Both, true) => format!("the same as {before}"),
        (Side::Above, false) => format!("at most {tolerance} above {before}"),
        (Side::Below, false) => format!("at most {tolerance} below {before}"),
        (Side::Both, false) => format!("within {tolerance} of {before}"),
    });
    parts.join(" and ")
}

/// What to do if a rule is broken, as the end of a sentence.
pub(super) fn look_at(metric: &Metric) -> String {
    let listed = |meaning: &str, remedy: &str| format!("specscan inspect lists each such image ({meaning}): {remedy}");
    match metric {
        Metric::NImages => "see whether the folder is whole; specscan scan lists what it skipped".to_owned(),
        Metric::UnreadableFraction => "skipped.csv names each file and why: copy or download them again".to_owned(),
        Metric::Fraction { column, comparator, .. } => {
            let is_it = |f: &&Finding| f.column == column && (f.bound == Bound::Below) == comparator.is_below();
            match (FINDINGS.iter().find(is_it), column.as_str()) {
                (Some(finding), _) => listed(finding.meaning, finding.remedy),
                (None, "duplicate") => listed(SET_FINDINGS[DUPLICATE].meaning, SET_FINDINGS[DUPLICATE].remedy),
                (None, "oddness") => "specscan inspect shows the images that are unlike the others".to_owned(),
                (None, column) => of_column(column),
            }
        }
        Metric::Mean(column) | Metric::Quantile { column, .. } => of_column(column),
        Metric::BrightnessShift | Metric::SigmaData => {
            "exposure or gamma may have changed, or the images are others; specscan compare shows both sets".to_owned()
        }
        Metric::BlurNoiseRatio => "specscan blur-noise shows the strongest bands".to_owned(),
        Metric::ArtefactPeakDb => {
            "specscan compare names its frequency; networks that upsample leave such patterns, and JPEG".to_owned()
        }
        _ => "resizing, sharpening, compression or other images may be the cause; specscan compare shows every band"
            .to_owned(),
    }
}

/// Which command writes a column, to which file.
fn of_column(column: &str) -> String {
    let (command, table) = match column {
        "width_px" | "height_px" | "mean" | "std" | "delta" | "amplitude" | "delta_r2" => ("scan", "images.csv"),
        "sigma_min" | "sigma_max" => ("bounds", "bounds.csv"),
        _ => ("inspect", "inspect.csv"),
    };
    // A share of copies is kept as 1 and 0; the table names what each is a copy of.
    let column = if column == "duplicate" { "duplicate_of" } else { column };
    format!("specscan {command} writes `{column}` of each image to {table}: sort by it")
}
