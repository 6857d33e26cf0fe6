//! What ends a pass before its time: a failure, or a request from outside.

use std::sync::atomic::AtomicBool;

use super::memory_need::MemoryNeed;
use crate::dataset::{PreprocessError, Skipped};
use crate::spectrum::SpectrumError;

/// Set from outside to stop a pass.
pub type Cancel = AtomicBool;

/// What can end a pass.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It was stopped from outside.
    #[error("interrupted; the results in the folder are as they were before")]
    Interrupted,
    /// No image was usable.
    #[error("none of the {n_files} images could be used ({})", reasons(skipped))]
    NothingUsable {
        /// Files tried.
        n_files: usize,
        /// All of them, in path order, also those that were left out by choice.
        skipped: Vec<Skipped>,
    },
    /// A worker pool could not be started.
    #[error("cannot start {threads} worker threads; pass a smaller --threads")]
    Threads {
        /// Workers asked for.
        threads: usize,
        /// The cause.
        source: rayon::ThreadPoolBuildError,
    },
    /// Sums that take more memory than there is for them.
    #[error("{0}")]
    Memory(MemoryNeed),
    /// Rows could not be kept.
    #[error("cannot keep the row of {key}")]
    Row {
        /// The image.
        key: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The transform and the working size do not go together.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// Sums failed.
    #[error(transparent)]
    Spectrum(#[from] SpectrumError),
}

fn reasons(skipped: &[Skipped]) -> String {
    if skipped.is_empty() { "no files were given".to_owned() } else { Skipped::summary(skipped) }
}
