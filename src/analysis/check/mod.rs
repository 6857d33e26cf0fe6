//! Whether a set keeps the rules of a policy, and whether what broke them is more than chance (docs/ci.md).
//!
//! # Invariants
//!
//! - [`judge::judge`] is a pure function of a policy and the numbers of two sets.
//! - Rules that are held against a baseline are tests, with the file as the unit of sampling; all of a policy together
//!   fail in at most 5 % of sets that differ by sampling alone (Holm).
//! - A rule that could not be run never passes.

mod annotations;
pub mod baseline;
mod folders;
pub mod init;
pub mod judge;
mod junit;
mod markdown;
pub mod metrics;
mod outputs;
pub mod policy;
pub mod readings;
mod report;
mod rows;
mod rule_words;
pub mod values;
mod words;

use anyhow::{Context, Result, bail, ensure};

pub use baseline::Baseline;
pub use init::{Init, NotRenewed, POLICY_FILE, Purpose};
pub use policy::Policy;
pub use report::CheckReport;
pub use rows::{CheckRows, column_names};

use super::compare::prepared_like;
use super::inspect::Inspect;
use super::{About, Analysis, Needs, Run, Scanned, SkipLimit, Source, SourceOptions};
use crate::dataset::key_of_path;
use crate::spectral::nearest;
use crate::spectrum::Preprocess;
use values::Between;

/// Check a set.
#[derive(Debug, Clone)]
pub struct Check {
    /// The rules.
    pub policy: Policy,
    /// Where they came from, for reports.
    pub policy_path: String,
    /// What the set is compared with.
    pub baseline: Option<Baseline>,
    /// Whether the rules are applied to each folder by itself.
    pub by_class: bool,
    /// Whether warnings are failures.
    pub error_on_warning: bool,
    /// How many files may be unusable: with more the run fails, whatever the rules say.
    pub max_skipped: SkipLimit,
    /// Whether a set that was prepared otherwise than the baseline is compared with it all the same.
    pub allow_different_preprocess: bool,
}

impl Check {
    const WHY_IMAGES: &'static str = "rules are about them";

    /// Refuses rules that cannot be run whatever the images are.
    ///
    /// # Errors
    ///
    /// A column that does not exist, with the nearest name; a missing baseline.
    pub fn validate(&self) -> Result<()> {
        let names = column_names()?;
        for rule in &self.policy.rules {
            if let Some(column) = rule.metric.column().filter(|column| !names.iter().any(|name| name == column)) {
                match nearest(column, names.iter().map(String::as_str)) {
                    Some(near) => {
                        bail!("in rule `{}`: there is no column `{column}`; did you mean `{near}`?", rule.name)
                    }
                    None => {
                        bail!("in rule `{}`: there is no column `{column}`; there are {}", rule.name, names.join(", "))
                    }
                }
            }
            ensure!(
                !rule.needs_baseline() || self.baseline.is_some(),
                "rule `{}` is about a baseline, and there is none: name one in the policy (baseline = \"…\") or with \
                 --baseline, or make one with `specscan check FOLDER --init`",
                rule.name
            );
        }
        Ok(())
    }
}

/// The options that prepare images as a baseline's were; those that were given must agree with it.
///
/// # Errors
///
/// The option that contradicts it.
pub fn prepared_like_baseline(options: &SourceOptions, baseline: &Preprocess) -> Result<SourceOptions> {
    prepared_like(options, baseline)
        .context("the baseline was prepared otherwise; --allow-different-preprocess compares all the same")
}

/// What looks at each image.
fn inspected(run: &Run<'_>) -> Result<CheckRows> {
    let images = run.source.require_images(Check::WHY_IMAGES)?;
    Ok(CheckRows::new(&images.config.analysis, Inspect { has_pictures: false }.rows(run)?))
}

impl Analysis for Check {
    type Rows = CheckRows;
    type Report = CheckReport;

    fn needs(&self) -> Needs {
        Needs { detectors: true, ..Needs::default() }
    }

    fn check(&self, source: &Source) -> Result<()> {
        source.require_images(Self::WHY_IMAGES)?;
        self.validate()
    }

    fn rows(&self, run: &Run<'_>) -> Result<CheckRows> {
        inspected(run)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: CheckRows) -> Result<CheckReport> {
        let mut values = rows.into_values(&scanned.skipped)?;
        values.whole = Some(baseline::whole(&scanned.spectrum)?);
        let between = match &self.baseline {
            Some(b) => baseline::between(&b.spectrum, &scanned.spectrum, self.allow_different_preprocess)?,
            None => Between::default(),
        };
        let before = self.baseline.as_ref().map(|baseline| &baseline.values);
        let mut results = judge::judge(&self.policy, &values, before, &between, self.by_class);
        let n_used = scanned.spectrum.counts().n_files;
        results.extend(judge::skipped(self.max_skipped, &values.unreadable, n_used + scanned.left_out.len() as u64));
        let mut report =
            CheckReport::new(About::of(&scanned.spectrum), self.policy_path.clone(), results, self.error_on_warning);
        report.baseline = self.baseline.as_ref().map(|baseline| key_of_path(&baseline.path));
        report.folder = match run.desk.inputs.as_slice() {
            [one] => Some(one.trim_end_matches('/').to_owned()),
            _ => None,
        };
        Ok(report)
    }
}
