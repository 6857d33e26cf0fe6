//! The working size when none is given: what the headers agree on.

use super::decode::{DecodeOptions, Decoder};
use super::listing::SourceFile;
use super::skip::SkipReason;
use crate::spectral::Size;

/// Headers that are read, evenly spaced over the list.
const N_PROBES: usize = 64;

/// Side of the working size, pixels, when the headers disagree and are large enough.
const DEFAULT_SIDE_PX: usize = 256;

/// A working size chosen from headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoResolution {
    /// The common size, or a square of 256 pixels, or of the smallest shorter side seen if that is less.
    pub size: Size,
    /// Whether all headers read gave the same size.
    pub sizes_agree: bool,
    /// Sizes in the headers that could be read, with the keys of their files.
    pub headers: Vec<(String, Size)>,
}

/// No working size could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolutionError {
    /// No file to look at.
    #[error("no working size can be chosen without images; give --resolution")]
    NoFiles,
    /// No header could be read.
    #[error(
        "no working size: none of the {n_tried} images tried has a readable header ({key} {reason}); give --resolution"
    )]
    NoHeader {
        /// Files tried.
        n_tried: usize,
        /// The first of them.
        key: String,
        /// What is wrong with the first.
        reason: SkipReason,
    },
}

/// Chooses the working size from up to 64 headers, evenly spaced over the sorted list. Files without a readable header
/// are passed over.
///
/// # Errors
///
/// If the list is empty or no header can be read.
pub fn choose_resolution(files: &[SourceFile], options: &DecodeOptions) -> Result<AutoResolution, ResolutionError> {
    let n_files = files.len();
    let n_tried = n_files.min(N_PROBES);
    let mut decoder = Decoder::new();
    let mut headers = Vec::with_capacity(n_tried);
    let mut failure = ResolutionError::NoFiles;
    for i in 0..n_tried {
        let file = &files[i * n_files / n_tried];
        match decoder.probe(&file.path, options) {
            Ok(header) => headers.push((file.key.clone(), header.size)),
            Err(reason) if failure == ResolutionError::NoFiles => {
                failure = ResolutionError::NoHeader { n_tried, key: file.key.clone(), reason };
            }
            Err(_) => {}
        }
    }
    let first = headers.first().ok_or(failure)?.1;
    let sizes_agree = headers.iter().all(|(_, size)| *size == first);
    let shorter_side = headers.iter().map(|(_, size)| size.height.min(size.width)).min();
    let square = Size::square(shorter_side.unwrap_or(DEFAULT_SIDE_PX).min(DEFAULT_SIDE_PX));
    Ok(AutoResolution { size: if sizes_agree { first } else { square }, sizes_agree, headers })
}
