//! Arrays as a source: latents (floating point) and images (bytes) in `.npy`, `.npz` and `.safetensors` files.
//!
//! # Conventions
//!
//! A file's header is read when files are listed ([`Array::find`]); samples are read one by one where they lie
//! ([`ArrayReader`]), so that memory holds one sample for each worker, whatever the file holds. Samples of deflated
//! members have no place of their own: each worker unpacks the member as far as its next sample.

mod axes;
mod element;
mod find;
mod npy;
mod reader;

use std::path::Path;

pub use self::axes::Layout;
pub use self::npy::{NPY_HEAD_BYTES, NpyHeader};
pub use self::reader::{ArrayReader, Sample};
use self::{axes::Axes, element::Element};
use super::stamp::FileStamp;
use crate::spectral::{Channels, Size};

/// Endings of the names of files that may hold arrays.
const EXTENSIONS: [&str; 3] = ["npy", "npz", "safetensors"];

/// Which array of a file is read, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArrayOptions {
    /// Its name, where a file holds several.
    pub key: Option<String>,
    /// The order of its axes; none for the usual one.
    pub layout: Option<Layout>,
    /// Bytes that the run may take; half of them may be for the list of samples. No limit if not given.
    pub max_memory_bytes: Option<u64>,
}

/// An array in a file, as its header promises; the file was long enough when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    format: &'static str,
    storage: Storage,
    element: Element,
    is_big_endian: bool,
    axes: Axes,
    /// Of the file, when its header was read.
    stamp: FileStamp,
}

/// Where the elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Storage {
    /// From this byte of the file on.
    Plain { start: u64 },
    /// In the stream that `n_bytes` of the file from byte `start` on unpack to, from byte `skip` of it on.
    Deflated { start: u64, n_bytes: u64, skip: u64 },
}

impl Array {
    /// Samples that it holds; none for an array that is one.
    pub fn n_samples(&self) -> Option<u32> {
        self.axes.n
    }

    /// Height and width of a sample, pixels.
    pub fn size(&self) -> Size {
        self.axes.size
    }

    /// The channels of latents; none for images, which become RGB.
    pub fn latent_channels(&self) -> Option<Channels> {
        let n = u16::try_from(self.axes.channels).ok()?;
        (self.element != Element::U8).then_some(Channels::Latent(n))
    }

    /// `NPY`, `NPZ` or `safetensors`.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// Length and time of its file when the header was read.
    pub fn stamp(&self) -> FileStamp {
        self.stamp
    }

    /// Bytes of one sample in the file.
    pub fn sample_bytes(&self) -> u64 {
        (self.axes.channels * self.axes.size.n_pixels() * self.element.n_bytes()) as u64
    }

    /// Bytes that it takes to read one: as stored, as singles, and where channels lie together in planes.
    pub(super) fn reading_bytes(&self) -> u64 {
        let n_values = (self.axes.channels * self.axes.size.n_pixels()) as u64;
        2 * self.sample_bytes() + 8 * n_values
    }
}

/// Whether the name promises an array.
pub(super) fn has_array_name(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)) && !name.starts_with("._")
}
