//! Errors of runs that came to no answer because of their files: which files these were is not lost with the answer.

use anyhow::Error;

use crate::dataset::{ListError, ResolutionError, Skipped, compare_keys};
use crate::pipeline::ScanError;

/// A run without an answer, and what it could not use.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct NoAnswer {
    message: String,
    skipped: Vec<Skipped>,
}

/// Files that could not be used, or were left out by choice, by a run that ended in `error`; in path order.
pub fn skipped_in(error: &Error) -> &[Skipped] {
    let causes = || error.chain();
    let of_run = causes().find_map(|cause| cause.downcast_ref::<NoAnswer>()).map(|NoAnswer { skipped, .. }| skipped);
    let of_listing = causes().find_map(|cause| match cause.downcast_ref() {
        Some(ListError::NoImages { skipped, .. }) => Some(skipped),
        _ => None,
    });
    let of_headers = causes().find_map(|cause| match cause.downcast_ref() {
        Some(ResolutionError::NoHeader { skipped, .. }) => Some(skipped),
        _ => None,
    });
    let of_pass = causes().find_map(|cause| match cause.downcast_ref() {
        Some(ScanError::NothingUsable { skipped, .. }) => Some(skipped),
        _ => None,
    });
    of_run.or(of_listing).or(of_headers).or(of_pass).map_or(&[], Vec::as_slice)
}

/// The error with more such files, where it has any.
pub(super) fn with_more(error: Error, more: &[Skipped]) -> Error {
    match skipped_in(&error) {
        [] => error,
        known => no_answer(format!("{error:#}"), [known, more].concat()),
    }
}

/// An error of these words, with such files.
pub(super) fn no_answer(message: String, mut skipped: Vec<Skipped>) -> Error {
    skipped.sort_by(|a, b| compare_keys(&a.path, &b.path));
    skipped.dedup();
    NoAnswer { message, skipped }.into()
}
