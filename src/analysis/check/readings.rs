//! What a rule's number is, with its interval, and the chance of one as far beyond its limits.

use super::metrics::{Kind, Metric};
use super::policy::{Limits, Rule};
use super::values::{Between, SetValues};
use crate::analysis::compare::DB_PER_LN;
use crate::spectrum::SetVector;
use crate::stats::limits::{Share, distance_beyond, mean_beyond, quantile, quantile_beyond, share_beyond, wilson};
use crate::stats::student::student_quantile;
use crate::stats::two_samples::{LEAST_FILES, Mean, welch_error};

/// Distances whose spread is not known fail from the limit and this many times what they are by chance, at least.
const TIMES_CHANCE: f64 = 2.0;

/// What a rule's number is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The number.
    pub value: f64,
    /// That of the baseline, where the rule asks for it.
    pub baseline: Option<f64>,
    /// The number's 95 % interval between files, where it is known.
    pub interval: Option<(f64, f64)>,
    /// Whether the number is outside `min` and `max`, which are about the files as they are.
    pub is_outside: bool,
    /// Whether the number is outside the limits that are about the baseline, be it by chance.
    pub is_beyond: bool,
    /// Chance of a number as far outside the limits that are about the baseline; none if there is no such limit.
    pub p: Option<f64>,
}

/// A set's number with what is known of its error.
enum Number {
    Exact(f64),
    Mean(Mean),
    Share(Share),
    /// Numbers in ascending order, and the level.
    Quantile(Vec<f64>, f64),
}

/// Reads the number of a rule.
///
/// # Errors
///
/// Why the rule cannot be run on these sets.
pub fn read(rule: &Rule, set: &SetValues, baseline: Option<&SetValues>, between: &Between) -> Result<Reading, String> {
    let baseline = match (rule.needs_baseline(), baseline) {
        (true, None) => return Err("there is no baseline to compare with".to_owned()),
        (needs, baseline) => baseline.filter(|_| needs),
    };
    let counts_alone = matches!(rule.metric, Metric::NImages | Metric::UnreadableFraction);
    let reading = match (rule.metric.kind(), baseline) {
        (Kind::Difference, Some(baseline)) => difference(rule, set, baseline)?,
        (Kind::Distance, Some(_)) => distance(rule, between)?,
        _ => of_set(rule, set, baseline)?,
    };
    // What is broken by so few files is broken; what is not cannot be judged.
    let is_broken = counts_alone && reading.is_outside;
    // Files that cannot be read are what this rule is about.
    let is_about_unreadable = rule.metric == Metric::UnreadableFraction;
    let n_judged = |set: &SetValues| set.n_files() + if is_about_unreadable { set.unreadable.len() as u64 } else { 0 };
    let enough = |set: &SetValues, what: &str| match n_judged(set) {
        n if n >= LEAST_FILES || is_broken => Ok(()),
        n => Err(format!("{what} {n} files, and at least {LEAST_FILES} are needed to judge")),
    };
    enough(set, "there are")?;
    baseline.map_or(Ok(()), |baseline| enough(baseline, "the baseline has"))?;
    if reading.value.is_nan() || reading.p.is_some_and(f64::is_nan) {
        return Err("the number, or its error, could not be computed".to_owned());
    }
    Ok(reading)
}

fn is_outside(value: f64, limits: &Limits) -> bool {
    let keeps_min = limits.min.is_none_or(|min| value >= min);
    let keeps_max = limits.max.is_none_or(|max| value <= max);
    !(keeps_min && keeps_max)
}

/// A number of the set itself, held against its limits and, if there is one, the baseline's.
fn of_set(rule: &Rule, set: &SetValues, baseline: Option<&SetValues>) -> Result<Reading, String> {
    let own = number(&rule.metric, set)?;
    let (value, interval) = value_of(&own);
    let mut reading = Reading { value, interval, is_outside: is_outside(value, &rule.limits), ..Reading::default() };
    let Some(baseline) = baseline else { return Ok(reading) };
    let of_baseline = number(&rule.metric, baseline).map_err(|reason| format!("in the baseline {reason}"))?;
    let (before, _) = value_of(&of_baseline);
    let Limits { atol, rtol, side, .. } = rule.limits;
    let tolerance = atol.unwrap_or(0.0) + rtol.unwrap_or(0.0) * before.abs();
    let (above, below) = side.ends();
    let p = match (&of_baseline, &own) {
        (Number::Mean(first), Number::Mean(second)) => {
            let (error, degrees) = welch_error(*first, *second).ok_or("there are too few files for an error")?;
            let low = if below { -tolerance } else { f64::NEG_INFINITY };
            let high = if above { tolerance } else { f64::INFINITY };
            mean_beyond(value - before, error, degrees, low, high)
        }
        (Number::Share(first), Number::Share(second)) => share_beyond(*first, *second, tolerance, side),
        (Number::Quantile(first, level), Number::Quantile(second, _)) => {
            quantile_beyond(first, second, *level, tolerance, side)
        }
        _ => return Err("its error is not known".to_owned()),
    };
    (reading.baseline, reading.p) = (Some(before), Some(p));
    reading.is_beyond = (above && value - before > tolerance) || (below && before - value > tolerance);
    Ok(reading)
}

/// A number of a set.
fn number(metric: &Metric, set: &SetValues) -> Result<Number, String> {
    let whole = || set.whole.ok_or_else(|| "only the whole set has this number".to_owned());
    let no_law = || "there is no power law to fit".to_owned();
    let vector = || set.vector().ok_or_else(|| "there are no spectra of single files".to_owned());
    Ok(match metric {
        Metric::NImages => Number::Exact(set.files.iter().map(|file| file.n_images as f64).sum()),
        Metric::UnreadableFraction => {
            let n = set.unreadable.len() as u64;
            Number::Share((n, n + set.n_files()))
        }
        Metric::Delta => Number::Mean(whole()?.delta.ok_or_else(no_law)?),
        Metric::Amplitude => Number::Mean(whole()?.amplitude.ok_or_else(no_law)?),
        Metric::R2 => Number::Mean(whole()?.r2.ok_or_else(no_law)?),
        Metric::SigmaData => Number::Mean(vector()?.contrast()),
        Metric::BlurNoiseRatio => {
            Number::Mean(whole()?.blur_noise_ratio.ok_or_else(|| "no band has any power".to_owned())?)
        }
        Metric::ArtefactPeakDb => Number::Exact(whole()?.artefact_peak_db),
        Metric::Mean(column) => {
            let none = || format!("no file has a `{column}`");
            Number::Mean(set.mean(known(set, column)?).ok_or_else(none)?)
        }
        Metric::Fraction { column, comparator, value } => {
            let column = known(set, column)?;
            let hits = set.numbers(column).filter(|number| comparator.holds(*number, *value)).count();
            Number::Share((hits as u64, set.n_files()))
        }
        Metric::Quantile { column, level } => {
            let mut sorted: Vec<f64> = set.numbers(known(set, column)?).filter(|v| !v.is_nan()).collect();
            sorted.sort_by(f64::total_cmp);
            Number::Quantile(sorted, *level)
        }
        Metric::BandDb { .. } | Metric::BrightnessShift | Metric::LogSpectralDistanceDb | Metric::W2PerDim => {
            return Err("it is about two sets; this is a bug, please report it".to_owned());
        }
    })
}

/// The position of a column in which any file has a number.
fn known(set: &SetValues, column: &str) -> Result<usize, String> {
    let position = set.column(column).ok_or_else(|| format!("there is no column `{column}`"))?;
    let is_known = set.numbers(position).any(|number| !number.is_nan());
    is_known.then_some(position).ok_or_else(|| format!("`{column}` cannot be told of any file"))
}

fn value_of(number: &Number) -> (f64, Option<(f64, f64)>) {
    match number {
        Number::Exact(value) => (*value, None),
        Number::Mean(mean) => {
            let half = student_quantile(mean.n_files as f64 - 1.0) * mean.variance.sqrt();
            (mean.value, half.is_finite().then_some((mean.value - half, mean.value + half)))
        }
        Number::Share((hits, n)) => (*hits as f64 / *n as f64, wilson((*hits, *n))),
        Number::Quantile(sorted, level) => match quantile(sorted, *level) {
            Some((value, low, high)) => (value, Some((low, high))),
            None => (f64::NAN, None),
        },
    }
}

/// A difference from the baseline, which is allowed between the tolerances and `min` and `max`.
fn difference(rule: &Rule, set: &SetValues, baseline: &SetValues) -> Result<Reading, String> {
    let estimate = |set: &SetValues| -> Result<Mean, String> {
        let vector = set.vector().ok_or("there are no spectra of single files; renew the baseline")?;
        match &rule.metric {
            Metric::BandDb { low, high } => band(&vector, set.longer_side_px, *low, *high),
            _ => Ok(vector.brightness()),
        }
    };
    let (first, second) = (estimate(baseline)?, estimate(set)?);
    let (error, degrees) = welch_error(first, second).ok_or("there are too few files for an error")?;
    let value = second.value - first.value;
    let Limits { min, max, atol, side, .. } = rule.limits;
    let (above, below) = side.ends();
    let tolerance = atol.unwrap_or(f64::INFINITY);
    let low = min.unwrap_or(f64::NEG_INFINITY).max(if below { -tolerance } else { f64::NEG_INFINITY });
    let high = max.unwrap_or(f64::INFINITY).min(if above { tolerance } else { f64::INFINITY });
    let half = student_quantile(degrees) * error;
    let p = mean_beyond(value, error, degrees, low, high);
    let is_beyond = value < low || value > high;
    Ok(Reading { value, interval: Some((value - half, value + half)), is_beyond, p: Some(p), ..Reading::default() })
}

/// Mean log power, dB, over the octave bands that lie between two frequencies, each with the share of its annuli.
fn band(vector: &SetVector, longer_side_px: usize, low: f64, high: f64) -> Result<Mean, String> {
    let is_inside = |j: usize| {
        let frequency = j as f64 / longer_side_px as f64;
        low <= frequency && frequency <= high
    };
    let counts: Vec<f64> =
        vector.bands.iter().map(|band| band.clone().filter(|j| is_inside(*j)).count() as f64).collect();
    let n: f64 = counts.iter().sum();
    if n == 0.0 {
        return Err(format!("images of {longer_side_px} pixels have no frequency between {low} and {high} cycles/px"));
    }
    let mut gradient = vec![0.0; vector.mean.len()];
    gradient.iter_mut().zip(&counts).for_each(|(g, count)| *g = DB_PER_LN * count / n);
    let value = gradient.iter().zip(&vector.mean).map(|(g, v)| g * v).sum();
    Ok(vector.estimate(value, &gradient))
}

/// A distance from the baseline.
fn distance(rule: &Rule, between: &Between) -> Result<Reading, String> {
    let max = rule.limits.max.ok_or("there is no `max`")?;
    if rule.metric == Metric::W2PerDim {
        let (value, by_chance) = between.w2_per_dim.ok_or("it takes two images at least in each set")?;
        let is_outside = value > max + TIMES_CHANCE * by_chance;
        return Ok(Reading { value, is_outside, is_beyond: value > max, ..Reading::default() });
    }
    let n = between.ln_quotients.len();
    if n == 0 || between.covariance.len() != n * n {
        return Err("it takes two files at least in each set".to_owned());
    }
    let mean = between.ln_quotients.iter().map(|d| d * d).sum::<f64>() / n as f64;
    let p = distance_beyond(&between.ln_quotients, &between.covariance, between.degrees, max / DB_PER_LN);
    let value = DB_PER_LN * mean.sqrt();
    Ok(Reading { value, is_beyond: value > max, p: Some(p), ..Reading::default() })
}
