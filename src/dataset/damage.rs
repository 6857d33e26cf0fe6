//! What is done with files that are damaged and can be decoded all the same.

use crate::spectral::named;

/// Whether damaged files are used. Decoders fill what they cannot read with grey, black, or what they last had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Damaged {
    /// They are skipped, with the reason `damaged`.
    #[default]
    Skip,
    /// Whatever the decoder makes of them is used, and counted.
    Keep,
}

named!(Damaged { Skip = "skip", Keep = "keep" });
