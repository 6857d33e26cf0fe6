//! Which inputs a run has, said when there are several.

use std::path::{Path, PathBuf};

use crate::pipeline::Observer;
use crate::spectrum::Counts;

/// Says that several inputs are one set.
pub(super) fn note_one_set(inputs: &[PathBuf], n_files: &[u64], observer: &dyn Observer) {
    if inputs.len() > 1 {
        let named = |(i, n): (usize, &u64)| {
            let input = inputs[i].display();
            match (n, holder(&inputs[i], &inputs[..i])) {
                (0, Some(earlier)) => format!("{input} (already read as {})", earlier.display()),
                (1, _) => format!("{input} (1 file)"),
                _ => format!("{input} ({n} files)"),
            }
        };
        let named: Vec<String> = n_files.iter().enumerate().map(named).collect();
        let (n, named) = (inputs.len(), named.join(", "));
        observer.noted(&format!("{n} inputs, taken as one set: {named}; --by-input answers for each"));
    }
}

/// Warns where a sample is added to other spectra: each counts by the files that were read of it, not by those that it
/// stands for.
pub(super) fn warn_of_samples(spectra: &[PathBuf], counts: &[Counts], observer: &dyn Observer) {
    let sample = spectra.iter().zip(counts).find(|(_, counts)| counts.n_unread > 0);
    if let (Some((path, Counts { n_files, n_unread, .. })), true) = (sample, spectra.len() > 1) {
        observer.warned(&format!(
            "{} is a sample ({n_files} files, {n_unread} not read): in the merged set each spectrum counts by the \
             files that were read, not by those that it stands for; scan without --until to keep their weights",
            path.display()
        ));
    }
}

/// The first of `others` that is the same file or folder as `input`, or holds it.
fn holder<'a>(input: &Path, others: &'a [PathBuf]) -> Option<&'a PathBuf> {
    let input = input.canonicalize().ok()?;
    others.iter().find(|other| other.canonicalize().is_ok_and(|other| input.starts_with(other)))
}
