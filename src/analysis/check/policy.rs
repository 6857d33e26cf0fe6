//! The policy file: rules in TOML, with errors that name the nearest known key.

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use toml::{Table, Value};

use super::metrics::{Kind, Metric};
use crate::spectral::nearest;
use crate::stats::limits::Side;

/// How bad it is if a rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The check fails.
    Error,
    /// It is reported.
    Warning,
}

/// Limits of a number; at least one is given.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Least value.
    pub min: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Largest difference from the baseline, in the unit of the number.
    pub atol: Option<f64>,
    /// The same as a share of the baseline's number; both add up.
    pub rtol: Option<f64>,
    /// On which side of the baseline a difference counts.
    pub side: Side,
}

impl Limits {
    /// Whether the number is held against the baseline's.
    pub fn is_relative(&self) -> bool {
        self.atol.is_some() || self.rtol.is_some()
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it is called wherever results are shown.
    pub name: String,
    /// The metric, as it is written.
    pub text: String,
    /// The metric.
    pub metric: Metric,
    /// Its limits.
    pub limits: Limits,
    /// How bad it is if it is broken.
    pub severity: Severity,
}

impl Rule {
    /// Whether a baseline is needed.
    pub fn needs_baseline(&self) -> bool {
        self.limits.is_relative() || matches!(self.metric.kind(), Kind::Difference | Kind::Distance)
    }
}

/// A policy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// The baseline, relative to the policy's folder.
    pub baseline: Option<String>,
    /// How images are to be prepared, by the names of the options.
    pub preprocess: Vec<(String, String)>,
    /// The rules, in their order.
    pub rules: Vec<Rule>,
}

/// Keys of the file.
const KEYS: [&str; 3] = ["baseline", "preprocess", "check"];
/// Keys of `[preprocess]`.
const PREPROCESS_KEYS: [&str; 4] = ["resolution", "transform", "channels", "exif"];
/// Keys of `[[check]]`.
const RULE_KEYS: [&str; 8] = ["name", "metric", "min", "max", "atol", "rtol", "side", "severity"];

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with the name of the rule.
    pub fn parse(text: &str) -> Result<Self> {
        let table: Table = text.parse().context("it is not TOML")?;
        known_keys(&table, &KEYS, "the policy")?;
        let baseline = table.get("baseline").map(|value| string(value, "baseline")).transpose()?;
        let mut preprocess = Vec::new();
        if let Some(section) = table.get("preprocess") {
            let section = section.as_table().context("`preprocess` is a section: write [preprocess]")?;
            known_keys(section, &PREPROCESS_KEYS, "[preprocess]")?;
            for (key, value) in section {
                let value = value.as_integer().map_or_else(|| string(value, key), |n| Ok(n.to_string()))?;
                preprocess.push((key.clone(), value));
            }
        }
        let list = table.get("check").context("it has no rule: write at least one [[check]]")?;
        let list = list.as_array().context("`check` is a list of rules: write [[check]] with two brackets")?;
        let mut rules: Vec<Rule> = Vec::new();
        for (i, value) in list.iter().enumerate() {
            let rule = value.as_table().context("a rule is a section: write [[check]]")?;
            let name = match rule.get("name") {
                Some(name) => string(name, "name")?,
                None => bail!("rule {} has no `name`", i + 1),
            };
            ensure!(rules.iter().all(|other| other.name != name), "two rules are called `{name}`");
            rules.push(parse_rule(rule, name.clone()).with_context(|| format!("in rule `{name}`"))?);
        }
        ensure!(!rules.is_empty(), "it has no rule: write at least one [[check]]");
        Ok(Self { baseline, preprocess, rules })
    }
}

fn parse_rule(table: &Table, name: String) -> Result<Rule> {
    known_keys(table, &RULE_KEYS, "a rule")?;
    let text = string(table.get("metric").context("it has no `metric`")?, "metric")?;
    let metric = Metric::parse(&text)?;
    let limit = |key: &str| table.get(key).map(|value| limit(value, key)).transpose();
    let side = match table.get("side").map(|value| string(value, "side")).transpose()?.as_deref() {
        None | Some("both") => Side::Both,
        Some("above") => Side::Above,
        Some("below") => Side::Below,
        Some(other) => bail!("`side` is `{other}`; it can be above, below or both"),
    };
    let severity = match table.get("severity").map(|value| string(value, "severity")).transpose()?.as_deref() {
        None | Some("error") => Severity::Error,
        Some("warning") => Severity::Warning,
        Some(other) => bail!("`severity` is `{other}`; it can be error or warning"),
    };
    let limits = Limits { min: limit("min")?, max: limit("max")?, atol: limit("atol")?, rtol: limit("rtol")?, side };
    check_limits(&metric, &limits, &text)?;
    Ok(Rule { name, text, metric, limits, severity })
}

/// Refuses limits that mean nothing for the metric.
fn check_limits(metric: &Metric, limits: &Limits, text: &str) -> Result<()> {
    let Limits { min, max, atol, rtol, side } = *limits;
    let has_any = [min, max, atol, rtol].iter().any(Option::is_some);
    ensure!(has_any, "it has no limit: give min, max, atol (a difference from the baseline) or rtol (a share of it)");
    ensure!([atol, rtol].iter().flatten().all(|limit| *limit >= 0.0), "tolerances are not negative");
    let is_empty = min.zip(max).is_some_and(|(min, max)| min > max);
    ensure!(!is_empty, "`min` is above `max`: no number is allowed");
    let values = [min, max, atol].into_iter().flatten();
    ensure!(
        !metric.is_share() || values.into_iter().all(|value| (0.0..=1.0).contains(&value)),
        "`{text}` is a share between 0 and 1: write \"5%\" or 0.05 for five percent"
    );
    match metric.kind() {
        Kind::Fact => ensure!(
            !limits.is_relative(),
            "{}",
            match metric {
                Metric::NImages => "`n_images` is a count, which sampling does not change: give min or max",
                _ => {
                    "`artefact_peak_db` is the highest of many modes, and 0 where none stands out, so how far it is off by \
                 chance is not known: give max, or hold the share of images with peaks against the baseline: \
                 metric = \"fraction(peak_deviations > 4)\" with atol"
                }
            }
        ),
        Kind::Difference => ensure!(rtol.is_none(), "`{text}` is a difference already: give atol in its unit"),
        Kind::Distance => ensure!(
            max.is_some_and(|max| max >= 0.0) && !limits.is_relative() && min.is_none(),
            "`{text}` is already how far the set is from the baseline, and never below 0: give max, which fails only \
             beyond what sampling explains"
        ),
        Kind::Number => {}
    }
    ensure!(side == Side::Both || limits.is_relative(), "`side` is about atol and rtol; min and max say their own");
    Ok(())
}

fn known_keys(table: &Table, known: &[&str], of: &str) -> Result<()> {
    let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    match nearest(key, known.iter().copied()) {
        Some(near) => bail!("{of} has no key `{key}`; did you mean `{near}`?"),
        None => bail!("{of} has no key `{key}`; there are {}", known.join(", ")),
    }
}

fn string(value: &Value, key: &str) -> Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("`{key}` is a text: write it in quotes"))
}

/// A number, or a share like "5%".
fn limit(value: &Value, key: &str) -> Result<f64> {
    let number = match value {
        Value::Integer(n) => Some(*n as f64),
        Value::Float(x) => Some(*x),
        Value::String(text) => text.strip_suffix('%').and_then(|p| p.trim().parse::<f64>().ok()).map(|p| p / 100.0),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite());
    number.with_context(|| format!("`{key}` is a number, or a share in quotes like \"5%\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_policy_is_read() {
        let policy = Policy::parse(
            "baseline = \"base\"\n[preprocess]\ntransform = \"center-crop\"\nresolution = 64\n\
             [[check]]\nname = \"a\"\nmetric = \"band_db[0.25,0.5]\"\natol = 1\nseverity = \"warning\"\n\
             [[check]]\nname = \"b\"\nmetric = \"fraction(bar_share > 0)\"\nmax = \"5%\"\n\
             rtol = 0.1\nside = \"above\"\n",
        )
        .expect("a policy");
        assert_eq!(policy.baseline.as_deref(), Some("base"));
        let preprocess = [("resolution", "64"), ("transform", "center-crop")];
        assert_eq!(policy.preprocess, preprocess.map(|(k, v)| (k.to_owned(), v.to_owned())));
        let [a, b] = policy.rules.as_slice() else { panic!("{:?}", policy.rules) };
        assert_eq!((a.limits.atol, a.severity, a.needs_baseline()), (Some(1.0), Severity::Warning, true));
        assert_eq!(b.limits, Limits { max: Some(0.05), rtol: Some(0.1), side: Side::Above, ..Limits::default() });
    }

    #[test]
    fn what_is_wrong_is_named() {
        let rule = |lines: &str| format!("[[check]]\nname = \"a\"\n{lines}\n");
        for (text, part) in [
            ("baselin = \"x\"".to_owned(), "did you mean `baseline`"),
            ("[preprocess]\nresolutoin = 3\n".to_owned() + &rule("metric = \"delta\"\nmin = 1"), "`resolution`"),
            (rule("metrc = \"delta\""), "did you mean `metric`"),
            (rule("metric = \"dleta\"\nmin = 1"), "did you mean `delta`"),
            (rule("metric = \"delta\""), "no limit"),
            (rule("metric = \"delta\"\nmin = 2\nmax = 1"), "above `max`"),
            (rule("metric = \"delta\"\nmin = \"two\""), "`min` is a number"),
            (rule("metric = \"fraction(duplicate > 0)\"\nmax = 5"), "write \"5%\" or 0.05"),
            (rule("metric = \"unreadable_fraction\"\natol = 1.5"), "a share between 0 and 1"),
            (rule("metric = \"delta\"\nmin = nan"), "`min` is a number"),
            (rule("metric = \"delta\"\natol = -1"), "not negative"),
            (rule("metric = \"n_images\"\natol = 1"), "is a count"),
            (rule("metric = \"artefact_peak_db\"\nrtol = 1"), "fraction(peak_deviations > 4)"),
            (rule("metric = \"band_db[0,0.5]\"\nrtol = 1"), "give atol"),
            (rule("metric = \"w2_per_dim\"\natol = 1"), "give max"),
            (rule("metric = \"delta\"\nmin = 1\nside = \"above\""), "`side` is about"),
            (rule("metric = \"delta\"\nmin = 1\nseverity = \"eror\""), "error or warning"),
            (rule("metric = \"delta\"\nmin = 1") + &rule("metric = \"r2\"\nmin = 1"), "two rules"),
            ("check = []".to_owned(), "no rule"),
            ("[[check]]\nmetric = \"delta\"\nmin = 1".to_owned(), "rule 1 has no `name`"),
            ("[check".to_owned(), "not TOML"),
        ] {
            let error = format!("{:#}", Policy::parse(&text).expect_err(&text));
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
