//! A pass in stages: after each it is looked at whether a sample of the files is enough.
//!
//! Where a stage ends follows from its files alone, and nobody works ahead into the next one: the files that are read
//! do not depend on the workers.

use std::borrow::Cow;

use super::config::ScanOutcome;
use super::error::ScanError;
use super::pass::Pass;
use crate::spectrum::{Spectrum, SpectrumError};
use crate::stats::octave_error::{MIN_FILES, Reached, check_points, error_of};

/// What has been added up of the files so far.
pub(super) trait Stage: Sized {
    /// Adds what came of the files after these.
    ///
    /// # Errors
    ///
    /// If a sum overflows.
    fn append(&mut self, later: Self) -> Result<(), SpectrumError>;

    /// The sums of all files so far.
    ///
    /// # Errors
    ///
    /// If a sum overflows.
    fn whole(&self) -> Result<Cow<'_, Spectrum>, SpectrumError>;
}

impl Stage for ScanOutcome {
    fn append(&mut self, later: Self) -> Result<(), SpectrumError> {
        ScanOutcome::append(self, later)
    }

    fn whole(&self) -> Result<Cow<'_, Spectrum>, SpectrumError> {
        Ok(Cow::Borrowed(&self.spectrum))
    }
}

/// Runs `add_up` on the files of `pass`: on all of them, or with `until` on one stage after the other until the
/// standard error of every octave's mean power is below that share of it.
///
/// # Errors
///
/// The first of `add_up`, and if a sum overflows.
pub(super) fn in_stages<S: Stage>(
    pass: Pass<'_>,
    until: Option<f64>,
    mut add_up: impl FnMut(Pass<'_>) -> Result<S, ScanError>,
) -> Result<(S, Option<Reached>), ScanError> {
    let n = pass.files.len();
    pass.observer.started(pass.what, pass.config.things(), n);
    let mut ends = if until.is_some() { check_points(n).collect() } else { vec![n] }.into_iter();
    let mut end = ends.next().unwrap_or(n);
    let mut sums = add_up(Pass { files: &pass.files[..end], ..pass })?;
    let mut reached = None;
    if let Some(asked_error) = until {
        loop {
            let whole = sums.whole()?;
            let so_far = Reached { asked_error, error: error_of(&whole), n_read: end as u64, n_files: n as u64 };
            reached = Some(so_far);
            // Of what was read some may be unusable.
            let is_enough = so_far.is_enough() && whole.counts().n_files >= MIN_FILES as u64;
            drop(whole);
            let Some(next) = ends.next().filter(|_| !is_enough) else { break };
            sums.append(add_up(Pass { files: &pass.files[end..next], ..pass })?)?;
            end = next;
        }
    }
    pass.observer.finished();
    Ok((sums, reached))
}
