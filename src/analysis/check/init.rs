//! `check --init`: a policy and a baseline from the present state of a set; `--update-baseline`: the baseline alone.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::baseline::{BASELINE_SPECTRUM, BASELINE_TABLE};
use super::metrics::Comparator;
use super::rows::{CheckRows, table};
use super::values::SetValues;
use super::{Check, inspected};
use crate::analysis::words::wrap;
use crate::analysis::{About, Analysis, Needs, Outputs, Report, Run, Scanned, SkipLimit, Source, Verdict};
use crate::detect::findings::{Bound, DUPLICATE, LEAST_ODDNESS};
use crate::detect::{FINDINGS, SET_FINDINGS};
use crate::report::content::Content;
use crate::stats::two_samples::LEAST_FILES;

/// Name of the policy in the folder that `--init` makes.
pub const POLICY_FILE: &str = "policy.toml";

/// Difference of a band's power that matters, dB: about an eighth of the power.
const BAND_ATOL_DB: f64 = 0.5;
/// Difference of the mean brightness that matters, value.
const BRIGHTNESS_ATOL: f64 = 0.02;
/// Difference of the contrast that matters, as a share.
const CONTRAST_RTOL: f64 = 0.03;

/// Ranges of frequencies that have a rule of their own, cycles per pixel, and what they are called.
const BANDS: [(&str, f64, f64); 3] =
    [("coarse structure, dB", 0.0, 0.06), ("middle frequencies, dB", 0.06, 0.25), ("fine detail, dB", 0.25, 0.5)];

/// Keep the present state of a set as the baseline.
#[derive(Debug, Clone, Copy)]
pub struct Init {
    /// What it is for.
    pub purpose: Purpose,
}

/// What a baseline is made for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Purpose {
    /// A policy is written beside it.
    WithPolicy,
    /// It takes the place of another, which stays if more than so many files cannot be used, or too few can to judge
    /// by.
    Renewal(SkipLimit),
}

/// A baseline stays what it is: by what would take its place nothing could be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotRenewed {
    /// What a check of the same set would end with.
    pub verdict: Verdict,
    message: String,
}

/// Refuses to renew a baseline from `n_used` files where `n_skipped` of `n_total` could not be used.
fn check_renewal(limit: SkipLimit, n_used: u64, n_skipped: u64, n_total: u64) -> Result<(), NotRenewed> {
    let (verdict, why) = if limit.is_exceeded(n_skipped, n_total) {
        let why = format!(
            "{n_skipped} of {n_total} files cannot be used, more than --max-skipped {limit} allows: repair or remove \
             them (specscan scan lists them), or raise the limit"
        );
        (Verdict::NotAcceptable, why)
    } else if n_used < LEAST_FILES {
        let why = format!(
            "there are {n_used} of the {LEAST_FILES} files that are needed at least to judge by: see whether the folder \
             is whole, or add images"
        );
        (Verdict::NotEnough, why)
    } else {
        return Ok(());
    };
    Err(NotRenewed { verdict, message: format!("the baseline was not renewed, it stays as it was: {why}") })
}

/// What was kept.
#[derive(Debug, Clone, Serialize)]
pub struct InitReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Rules of the policy; none if only the baseline was renewed.
    pub n_rules: Option<usize>,
    /// The folder.
    pub folder: PathBuf,
    #[serde(skip)]
    policy: Option<String>,
    #[serde(skip)]
    bytes: Vec<u8>,
    /// The numbers of every file.
    #[serde(skip)]
    pub values: SetValues,
}

impl Analysis for Init {
    type Rows = CheckRows;
    type Report = InitReport;

    fn needs(&self) -> Needs {
        Needs { detectors: true, saves_spectrum: true, ..Needs::default() }
    }

    fn check(&self, source: &Source) -> Result<()> {
        source.require_images(Check::WHY_IMAGES).map(drop)
    }

    fn file_names(&self) -> Vec<String> {
        let policy = (self.purpose == Purpose::WithPolicy).then_some(POLICY_FILE);
        policy.into_iter().chain([BASELINE_SPECTRUM]).map(str::to_owned).collect()
    }

    fn rows(&self, run: &Run<'_>) -> Result<CheckRows> {
        inspected(run)
    }

    fn pass(&self, run: &Run<'_>, rows: &mut CheckRows) -> Result<Scanned> {
        let scanned = run.scan(rows)?;
        if let Purpose::Renewal(limit) = self.purpose {
            let (n_used, n_skipped) = (scanned.spectrum.counts().n_files, scanned.skipped.len() as u64);
            check_renewal(limit, n_used, n_skipped, n_used + n_skipped + scanned.left_out.len() as u64)?;
        }
        Ok(scanned)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: CheckRows) -> Result<InitReport> {
        let values = rows.into_values(&scanned.skipped)?;
        let policy = (self.purpose == Purpose::WithPolicy).then(|| policy_of(&values));
        let folder = run.desk.folder.as_ref().map(|out| out.path().to_owned()).unwrap_or_default();
        Ok(InitReport {
            about: About::of(&scanned.spectrum),
            n_rules: policy.as_ref().map(|policy| policy.matches("\n[[check]]").count()),
            folder,
            policy,
            bytes: scanned.spectrum.to_bytes()?,
            values,
        })
    }
}

impl Report for InitReport {
    const OUTPUTS: Outputs = Outputs { files: &["*.toml", "*.spectrum", BASELINE_TABLE], plots: &[] };

    fn lines(&self) -> Vec<String> {
        let folder = self.folder.display();
        let mut lines = Vec::new();
        let n_files = self.values.n_files();
        lines.push(match self.n_rules {
            Some(n) => format!("{n} rules written to {folder}/{POLICY_FILE}, with the baseline beside it"),
            None => format!("baseline renewed in {folder}"),
        });
        let advice = match self.n_rules {
            _ if n_files < LEAST_FILES => format!(
                "Nothing can be judged by this baseline: it has {n_files} of the {LEAST_FILES} files that are needed at \
                 least, and no rule about it can pass. Make it again from more images."
            ),
            Some(_) => format!(
                "Read it, change what you know better, and commit the folder; then run specscan check FOLDER \
                 --policy {folder} wherever the images change."
            ),
            None => "From now on sets are held against this state; commit the folder.".to_owned(),
        };
        lines.extend(wrap(&advice));
        lines.extend([String::new(), self.about.describe()]);
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let policy = self.policy.as_ref().map(|policy| Content::bytes(POLICY_FILE, policy));
        let others =
            [Content::bytes(BASELINE_SPECTRUM, &self.bytes), Content::cells(BASELINE_TABLE, table(&self.values))];
        policy.into_iter().chain(others).collect()
    }
}

/// A commented policy that the set itself keeps.
pub fn policy_of(values: &SetValues) -> String {
    let mut text = format!(
        "# Rules of `specscan check`, written from {} files. A rule about the baseline (atol, rtol) fails only if the\n\
         # difference is larger than that beyond what sampling explains; all such rules of this file together raise a\n\
         # false alarm in at most 5 % of sets. min and max are about the files as they are, without a margin.\n\
         # severity = \"warning\" reports without failing. docs/ci.md says what metrics there are.\n\n\
         baseline = \".\"   # the folder of this file\n",
        values.n_files()
    );
    let comment = format!(
        "# The set is whole: uncomment, with the least number of images that you expect.\n\
         # [[check]]\n# name = \"enough images\"\n# metric = \"n_images\"\n# min = {}\n",
        values.files.iter().map(|file| file.n_images).sum::<u64>()
    );
    text += &format!("\n{comment}");
    let unreadable = "files that cannot be read, or are damaged";
    text += &rule(unreadable, "unreadable files", "unreadable_fraction", "atol = 0\nside = \"above\"");
    for finding in FINDINGS {
        let comparator = match finding.bound {
            Bound::Below => Comparator::Less,
            Bound::Above => Comparator::Greater,
        };
        text += &share(values, finding.name, finding.meaning, finding.column, comparator, finding.threshold);
    }
    let meaning = SET_FINDINGS[DUPLICATE].meaning;
    text += &share(values, SET_FINDINGS[DUPLICATE].name, meaning, "duplicate", Comparator::Greater, 0.0);
    let unlike = "unlike the other images of the set";
    text += &share(values, "odd", unlike, "oddness", Comparator::Greater, LEAST_ODDNESS);
    for (name, low, high) in BANDS {
        let metric = format!("band_db[{low},{high}]");
        text += &rule(
            "difference of the mean log power of these frequencies",
            name,
            &metric,
            &format!("atol = {BAND_ATOL_DB:?}"),
        );
    }
    text += &rule("mean of all pixels, value", "brightness", "brightness_shift", &format!("atol = {BRIGHTNESS_ATOL}"));
    text += &rule("deviation of the pixels, value", "contrast", "sigma_data", &format!("rtol = {CONTRAST_RTOL}"));
    text
}

/// The rule for a share of images, or a note if none has the number.
fn share(
    values: &SetValues,
    name: &str,
    meaning: &str,
    column: &str,
    comparator: Comparator,
    threshold: f64,
) -> String {
    let numbers = || values.column(column).map(|column| values.numbers(column)).into_iter().flatten();
    let n = numbers().filter(|number| !number.is_nan()).count();
    let hits = numbers().filter(|number| comparator.holds(*number, threshold)).count();
    if n == 0 {
        return format!("\n# No rule for {name}: `{column}` cannot be told of these images.\n");
    }
    let sign = if comparator == Comparator::Less { "<" } else { ">" };
    let comment = format!("{meaning}: now {hits} of {}", values.n_files());
    rule(
        &comment,
        &format!("{name} images"),
        &format!("fraction({column} {sign} {threshold})"),
        "atol = 0\nside = \"above\"",
    )
}

fn rule(comment: &str, name: &str, metric: &str, limit: &str) -> String {
    format!("\n# {comment}\n[[check]]\nname = \"{name}\"\nmetric = \"{metric}\"\n{limit}\n")
}
