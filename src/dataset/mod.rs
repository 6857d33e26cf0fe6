//! Where images and latents come from: listing, decoding, and the transforms that trainers apply. The only layer that
//! knows image formats and arrays.
//!
//! # From a folder to what the network would see
//!
//! ```text
//! list_inputs ──► Listing (sorted keys, skips)
//!                   │ choose_resolution (1,024 headers)
//!                   ▼
//! Decoder::read ──► bytes ──► Decoder::decode ──► RgbImage ──► Preprocessor::apply ──► Views (H×W×3, 8 bits)
//! ```
//!
//! Samples of arrays come from an [`ArrayReader`] in place of the decoder: bytes as an `RgbImage`, floating point as a
//! [`Latent`], whose windows are cut without resampling.
//!
//! # Conventions
//!
//! Pixels are interleaved RGB, 8 bits a channel, rows from top to bottom. A bad file is never an error of the run: it
//! yields a [`SkipReason`] or a [`Skipped`] entry, and the rest goes on. [`Decoder`] and [`Preprocessor`] own their
//! buffers and recycle them; give each worker its own. Nothing here starts threads or prints.

mod array;
mod bmp;
mod budget;
mod buffer;
mod bytes_text;
mod colour;
mod damage;
mod decode;
mod demand;
mod exif;
mod file_list;
mod header;
mod jpeg;
mod key;
mod letterbox;
mod libjpeg;
mod links;
mod list_error;
mod listing;
mod open;
mod opened;
mod own_mark;
mod part;
mod resample;
mod resolution;
mod skip;
mod skipped;
mod sniff;
mod source_file;
mod stamp;
mod suggest;
mod transform;
mod values;
mod view;
mod walk;
mod weights;

pub use array::{Array, ArrayOptions, ArrayReader, Layout, NPY_HEAD_BYTES, NpyHeader, Sample};
pub use budget::{Budget, Lease, Shares};
pub use bytes_text::apart as bytes_apart;
pub use colour::Conversions;
pub use damage::Damaged;
pub use decode::{Decoded, Decoder, READ_AT_ONCE_BYTES, RgbImage, is_decoding};
pub use exif::ExifPolicy;
pub use file_list::{ListFormat, list_from_reader};
pub use header::{DecodeOptions, Header};
pub use key::{compare_keys, key_of_path};
pub use letterbox::{bar_share, is_letterboxed};
pub use list_error::ListError;
pub use listing::{Listing, list_inputs, list_inputs_with};
pub use open::{open_ordinary, read_regular};
pub use opened::OpenedFile;
pub use own_mark::{OwnPicture, RESULT_FOLDERS, WORKSHOP};
pub use part::Part;
pub use resolution::{AutoResolution, ResolutionError, choose_resolution};
pub use skip::SkipReason;
pub use skipped::Skipped;
pub use sniff::is_image;
pub use source_file::SourceFile;
pub use stamp::FileStamp;
pub use transform::{PreprocessConfig, PreprocessError, Preprocessor, Transform};
pub use values::Latent;
pub use view::{View, Views};
