//! A scan class by class, in one pass: the spectrum of every class as soon as its files are read, and that of all.

use super::config::{ScanConfig, ScanOutcome};
use super::error::{Cancel, ScanError};
use super::observer::Observer;
use super::other_sizes::OtherSize;
use super::pass::{Pass, add_up};
use super::rows::RowSink;
use super::stages::in_stages;
use crate::dataset::SourceFile;
use crate::spectrum::{AnalysisPlan, Spectrum};

/// Streams `files` once, those of one class after those of another: neighbours for which `class_of` has the same name
/// are one. `each` sees the spectrum of every class, which may be without images; rows go to `sink` in the order of the
/// files. What comes back is, to the last bit, that of one scan.
///
/// [`ScanConfig::until`] and standardised pixels are about the whole set, and are not for scans by class.
///
/// # Errors
///
/// As [`scan`](super::scan::scan).
pub fn scan_classes(
    files: &[SourceFile],
    config: &ScanConfig,
    class_of: impl Fn(&SourceFile) -> String,
    sink: &mut dyn RowSink,
    mut each: impl FnMut(&str, &Spectrum),
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<ScanOutcome, ScanError> {
    let (plan, other_sizes) = (AnalysisPlan::new(config.analysis.clone(), None), OtherSize::all(config));
    let (what, plan, other_sizes) = ("scanning", &plan, other_sizes.as_slice());
    let pass = Pass { what, files, config, plan, other_sizes, earlier: None, probes: None, observer, cancel };
    let (outcome, reached) = in_stages(pass, None, |pass| {
        let mut classes = files.chunk_by(|a, b| class_of(a) == class_of(b));
        let mut add_up = |files: &[SourceFile]| -> Result<ScanOutcome, ScanError> {
            let outcome = add_up(Pass { files, ..pass }, sink)?;
            if let Some(file) = files.first() {
                each(&class_of(file), &outcome.spectrum);
            }
            Ok(outcome)
        };
        let mut whole = add_up(classes.next().unwrap_or_default())?;
        for class in classes {
            whole.append(add_up(class)?)?;
        }
        Ok(whole)
    })?;
    outcome.finish(reached)
}
