//! Why an image was left out: one reason for each way a file can fail, worded for `skipped.csv`.

use std::borrow::Cow;

use super::bytes_text::apart;
use crate::spectral::Size;

/// Why an image was left out of a run. The message says what is wrong and, where something helps, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// The file could not be opened or read.
    #[error("cannot be read: {message}; check that the file exists and its permissions")]
    Unreadable {
        /// What the operating system said.
        message: String,
    },
    /// A folder, whatever its name says.
    #[error("is a folder, not an image")]
    Folder,
    /// A pipe, socket or device.
    #[error("is a {kind}, not a regular file; remove it")]
    NotAFile {
        /// What it is.
        kind: &'static str,
    },
    /// A link whose target does not exist.
    #[error("is a link to a file that does not exist; remove it or restore its target")]
    DanglingLink,
    /// A link to a folder it lies in.
    #[error("is a link that leads back to {ancestor}; remove it")]
    LinkLoop {
        /// Where the loop closes.
        ancestor: String,
    },
    /// A file of no bytes.
    #[error("is empty (0 bytes)")]
    Empty,
    /// The content is no image format known here.
    #[error("holds no image of a known format, whatever its name says; remove it or replace it")]
    NotAnImage,
    /// An image of a format that is not read.
    #[error("is {format}, which is not read; convert it to PNG or JPEG")]
    UnsupportedFormat {
        /// Name of the format.
        format: &'static str,
    },
    /// An image of a known format with samples that have no 8-bit meaning.
    #[error("holds {samples} samples, which are not read; convert it to 8 or 16 bits per channel")]
    UnsupportedSamples {
        /// The decoder's name of the sample type.
        samples: String,
    },
    /// A file of arrays without one that could be meant.
    #[error("holds no array that can be read: {what}")]
    NoArray {
        /// What is there instead, and the remedy.
        what: String,
    },
    /// A latent with a value that cannot be used.
    #[error(
        "has the value {value} in channel {channel}, row {row}, column {column}: {}",
        if *is_finite {
            "values are read up to ±1024; divide the latents by their deviation"
        } else {
            "remove or encode it again"
        }
    )]
    LatentValue {
        /// The value.
        value: String,
        /// Where it is.
        channel: usize,
        /// Where it is, from the top.
        row: usize,
        /// Where it is, from the left.
        column: usize,
        /// Whether it is a number.
        is_finite: bool,
    },
    /// A plot that specscan made.
    #[error("is a plot that specscan made, not an image of the set; move it elsewhere")]
    OwnPlot,
    /// A file that ends before its image does.
    #[error("is a truncated {format}: the file ends before the image does; fetch it again")]
    Truncated {
        /// Name of the format.
        format: &'static str,
    },
    /// Pixels that are not those that were stored, as the file itself tells.
    #[error("is a damaged {format}: {what}; fetch it again, or use it as it is with --damaged keep")]
    Damaged {
        /// Name of the format.
        format: &'static str,
        /// What gives it away.
        what: &'static str,
    },
    /// The decoder gave up.
    #[error("cannot be decoded as {format}: {message}; fetch it again, or remove it")]
    Corrupt {
        /// Name of the format.
        format: &'static str,
        /// What the decoder said.
        message: String,
    },
    /// The header promises more pixels than allowed.
    #[error(
        "declares {width}×{height} pixels, more than the limit of {max_pixels}; raise --max-pixels if that is right"
    )]
    TooManyPixels {
        /// Columns the header promises.
        width: u64,
        /// Rows the header promises.
        height: u64,
        /// The limit.
        max_pixels: u64,
    },
    /// The header promises an image without pixels.
    #[error("has no pixels: its header says {width}×{height}")]
    ZeroSize {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
    },
    /// Decoding takes more memory than there is for it.
    #[error(
        "takes {} to decode it ({size}), more than the {} that --max-memory leaves for one image; raise it if the \
         machine has more",
        apart([*n_bytes, *limit_bytes])[0], apart([*n_bytes, *limit_bytes])[1]
    )]
    TooLarge {
        /// Size of the image.
        size: Size,
        /// Bytes it takes.
        n_bytes: u64,
        /// Bytes there are.
        limit_bytes: u64,
    },
    /// Its tiles are too many to be kept until they are written.
    #[error(
        "would be cut into {n_tiles} tiles, whose numbers take {}, more than the {} that --max-memory leaves for one \
         image; raise --resolution",
        apart([*n_bytes, *limit_bytes])[0], apart([*n_bytes, *limit_bytes])[1]
    )]
    TooManyTiles {
        /// Tiles.
        n_tiles: u64,
        /// Bytes of their rows.
        n_bytes: u64,
        /// Bytes there are.
        limit_bytes: u64,
    },
    /// A progressive JPEG whose scans would take minutes to decode.
    #[error("is a JPEG of more than {limit} scans, made to take long; save it again in fewer")]
    TooManyScans {
        /// The limit.
        limit: usize,
    },
    /// The run was stopped before the file was read.
    #[error("was not read: the run was stopped")]
    Stopped,
    /// The pixels do not fit in memory.
    #[error("needs {n_bytes} bytes of memory, which are not available; lower --max-memory or --threads")]
    OutOfMemory {
        /// Bytes asked for.
        n_bytes: usize,
    },
    /// The decoder crashed; the run went on.
    #[error("made the {format} decoder crash: {message}")]
    DecoderPanic {
        /// Name of the format.
        format: &'static str,
        /// The panic's message.
        message: String,
    },
    /// Not the file that an earlier pass of the run has read, or whose header it has.
    #[error("has changed since it was first read; run again when nobody writes to the images")]
    Changed,
    /// Smaller than the working size, where enlarging is possible.
    #[error("is {found}, too small for {needed}; lower --resolution, or enlarge with --allow-upscale")]
    WouldEnlarge {
        /// Size of the image.
        found: Size,
        /// Working size.
        needed: Size,
    },
    /// Smaller than the working size, with a transform that never resamples.
    #[error("is {found}, too small for a {transform} of {needed}; lower --resolution")]
    TooSmall {
        /// Size of the image.
        found: Size,
        /// Working size.
        needed: Size,
        /// Name of the transform.
        transform: &'static str,
    },
    /// Another size than the working size, with no transform.
    #[error("is {found} where all images have to be {needed}; choose a --transform that brings them to one size")]
    OtherSize {
        /// Size of the image.
        found: Size,
        /// Working size.
        needed: Size,
    },
    /// Uniform bars on two opposite sides, and the run leaves such images out.
    #[error("is letterboxed: uniform bars on opposite sides (--drop-letterbox)")]
    Letterboxed,
    /// Used by the pass before, and not by the second one.
    #[error("in the second pass: {0}")]
    InSecondPass(Box<SkipReason>),
}

impl SkipReason {
    /// Whether there is nothing wrong with the file: the options of the run leave such images out.
    pub fn is_by_choice(&self) -> bool {
        use SkipReason::{Letterboxed, OtherSize, OwnPlot, TooSmall, WouldEnlarge};
        matches!(self, WouldEnlarge { .. } | TooSmall { .. } | OtherSize { .. } | Letterboxed | OwnPlot)
    }

    /// The reason in a few words, without the numbers and the words of the one file: what all files of a kind share.
    pub fn short(&self) -> Cow<'static, str> {
        match self {
            Self::WouldEnlarge { needed, .. } | Self::TooSmall { needed, .. } => {
                format!("too small for {needed}").into()
            }
            Self::OtherSize { .. } => "of another size".into(),
            Self::Letterboxed => "letterboxed".into(),
            Self::OwnPlot => "plots of specscan".into(),
            Self::LinkLoop { .. } => "links that lead back".into(),
            Self::Damaged { format, .. } => format!("damaged {format}").into(),
            Self::Corrupt { format, .. } => format!("no decodable {format}").into(),
            Self::TooManyPixels { .. } => "of too many pixels".into(),
            Self::ZeroSize { .. } => "without pixels".into(),
            Self::TooLarge { .. } => "too large for --max-memory".into(),
            Self::TooManyTiles { .. } => "of too many tiles".into(),
            Self::OutOfMemory { .. } => "too large for the memory there is".into(),
            Self::DecoderPanic { format, .. } => format!("{format} that crash the decoder").into(),
            Self::InSecondPass(reason) => reason.short(),
            // Of these all of a kind have the same message.
            other => other.to_string().into(),
        }
    }

    /// The reason for an I/O error met while opening or reading.
    pub(super) fn from_io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::IsADirectory => Self::Folder,
            _ => Self::Unreadable { message: plain_io_message(error) },
        }
    }
}

/// The operating system's words without Rust's error number.
pub(super) fn plain_io_message(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
