//! Why inputs cannot be listed, with the remedy for each way.

use std::path::PathBuf;

use bytesize::ByteSize;

use super::skip::SkipReason;
use super::skipped::Skipped;

/// Inputs that cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// No input at all.
    #[error("no input; give a folder of images, an image, an array, or a list of paths with --files-from")]
    NoInput,
    /// An input that does not exist.
    #[error("input {} does not exist; {}", path.display(), hint(suggestion))]
    Missing {
        /// The input.
        path: PathBuf,
        /// An existing path with a similar name.
        suggestion: Option<PathBuf>,
    },
    /// An input that cannot be looked at.
    #[error("input {} cannot be read: {message}; check its permissions", path.display())]
    Unreadable {
        /// The input.
        path: PathBuf,
        /// What the operating system said.
        message: String,
    },
    /// A kind of input that is not read.
    #[error("input {} is {kind}, which is not read yet; {remedy}", path.display())]
    UnsupportedInput {
        /// The input.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A single file that is no image.
    #[error(
        "input {} is not an image; give a folder of images or an image (a list of paths is read with --files-from)",
        path.display()
    )]
    NotAnImage {
        /// The input.
        path: PathBuf,
    },
    /// Nothing to read in all the inputs.
    #[error("no images in {inputs}: {}; {}", none_found(*n_ignored, first_ignored, skipped), remedy(spectrum))]
    NoImages {
        /// The inputs, as given.
        inputs: String,
        /// Files seen that are no images.
        n_ignored: u64,
        /// The first of them in byte order.
        first_ignored: Option<String>,
        /// What was skipped.
        skipped: Vec<Skipped>,
        /// A saved spectrum in one of the inputs.
        spectrum: Option<PathBuf>,
    },
    /// A file of arrays that was given, or none of several, cannot be used.
    #[error("{path} {reason}")]
    NoArray {
        /// Its key.
        path: String,
        /// Why.
        reason: SkipReason,
    },
    /// Images and arrays.
    #[error("{image} is an image and {array} holds an array: give images or arrays, each in a run of its own")]
    ImagesAndArrays {
        /// An image.
        image: String,
        /// A file of arrays.
        array: String,
    },
    /// A list of samples that takes more memory than there is for it.
    #[error(
        "{path} brings the set to {n_samples} samples, whose list takes {}, more than half of --max-memory: give a part \
         of them, or raise it",
        ByteSize(*n_bytes)
    )]
    TooManySamples {
        /// Key of the file.
        path: String,
        /// Samples.
        n_samples: u64,
        /// Bytes that they take.
        n_bytes: u64,
    },
    /// Arrays of different kinds.
    #[error(
        "{first} holds {of_first} and {other} {of_other}: a set has one kind of samples; give each kind in a run of its own"
    )]
    MixedArrays {
        /// A file.
        first: String,
        /// What it holds.
        of_first: String,
        /// Another.
        other: String,
        /// What that holds.
        of_other: String,
    },
    /// A list of paths that cannot be read.
    #[error("the list of paths {name} cannot be read: {message}")]
    UnreadableList {
        /// What the list is called.
        name: String,
        /// What the operating system said.
        message: String,
    },
}

fn hint(suggestion: &Option<PathBuf>) -> String {
    match suggestion {
        Some(path) => format!("did you mean {}?", path.display()),
        None => "check the path".to_owned(),
    }
}

fn remedy(spectrum: &Option<PathBuf>) -> String {
    match spectrum {
        Some(path) => format!("did you mean the saved spectrum {}?", path.display()),
        None => "give a folder that holds images".to_owned(),
    }
}

fn none_found(n_ignored: u64, first_ignored: &Option<String>, skipped: &[Skipped]) -> String {
    let mut parts = Vec::new();
    match (n_ignored, first_ignored) {
        (0, _) => {}
        (1, Some(first)) => parts.push(format!("the 1 file seen, {first}, is none")),
        (n, Some(first)) => parts.push(format!("none of the {n} files seen is one (the first is {first})")),
        (n, None) => parts.push(format!("none of the {n} files seen is one")),
    }
    if let Some(first) = skipped.first() {
        parts.push(format!("{} skipped (the first, {}, {})", skipped.len(), first.path, first.reason));
    }
    if parts.is_empty() { "there are no files".to_owned() } else { parts.join(", ") }
}
