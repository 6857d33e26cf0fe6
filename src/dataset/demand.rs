//! How many bytes it takes to decode a file, told from its header: never less than it then takes.
//!
//! Counted are the file, the pixels as the decoder leaves them and as RGB, what the decoder holds beside them, and what
//! halving and resampling them takes.

use image::{ColorType, ImageFormat};

use super::jpeg::Layout;
use crate::spectral::Size;

/// Most bytes that metadata (colour profiles, texts) may take; what is larger is not unpacked.
pub(super) const METADATA_BYTES: u64 = 16 << 20;

/// How far compressed metadata may grow, at most: deflate's limit, rounded up.
const DEFLATE_RATIO: u64 = 1100;

/// Bytes of an RGB pixel.
const RGB_BYTES: u64 = 3;

/// Bytes a pixel for halving and resampling it: ¾ and 3⁄16 for the first two halves, 1½ between rows and columns.
const RESAMPLING_BYTES: u64 = 3;

/// Bytes of a coefficient that libjpeg keeps.
const COEFFICIENT_BYTES: u64 = 2;

/// Bytes for a JPEG of `file_bytes` that libjpeg decodes to `decoded` pixels; with `turned` ones there is a second copy
/// of them.
pub(super) fn jpeg_bytes(file_bytes: u64, layout: &Layout, decoded: Size, turned: bool) -> u64 {
    let n_pixels = decoded.n_pixels() as u64;
    // A file that is not decoded in one go keeps the coefficients of the whole image.
    let coefficients = if layout.keeps_coefficients() { layout.n_coefficients() * COEFFICIENT_BYTES } else { 0 };
    // To read the orientation the `image` crate copies the file.
    let turning = if turned { RGB_BYTES * n_pixels + file_bytes } else { 0 };
    sum([file_bytes, n_pixels.saturating_mul(RGB_BYTES + RESAMPLING_BYTES), coefficients, turning])
}

/// Bytes for a file of `file_bytes` that the `image` crate decodes to samples of type `color`.
pub(super) fn image_bytes(file_bytes: u64, format: ImageFormat, size: Size, color: ColorType, turned: bool) -> u64 {
    let n_pixels = size.n_pixels() as u64;
    let raw = n_pixels.saturating_mul(u64::from(color.bytes_per_pixel()));
    let beside = match format {
        // Two rows, and what unpacking needs.
        ImageFormat::Png => (16 * size.width as u64).saturating_add(1 << 20),
        // Coefficients or planes of four inks, and the file once more.
        ImageFormat::Jpeg => n_pixels.saturating_mul(12).saturating_add(file_bytes),
        // Four bytes a pixel while it is unpacked, and tables.
        ImageFormat::WebP | ImageFormat::Gif => n_pixels.saturating_mul(8).saturating_add(file_bytes),
        // The samples as stored, and a strip of them.
        _ => raw.saturating_mul(2),
    };
    let raw_copy = if color == ColorType::Rgb8 { 0 } else { raw };
    let turning = if turned { RGB_BYTES * n_pixels } else { 0 };
    let metadata = METADATA_BYTES.min(file_bytes.saturating_mul(DEFLATE_RATIO));
    let rgb = n_pixels.saturating_mul(RGB_BYTES + RESAMPLING_BYTES);
    sum([file_bytes, rgb, raw_copy, beside, turning, metadata])
}

fn sum(parts: impl IntoIterator<Item = u64>) -> u64 {
    parts.into_iter().fold(0, u64::saturating_add)
}
