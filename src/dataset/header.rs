//! What the header of a file promises: format, size, and the memory that decoding takes, judged before any is asked
//! for.

use std::io::{BufRead, Seek};

use image::metadata::Orientation;
use image::{ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::array::Array;
use super::budget::Shares;
use super::damage::Damaged;
use super::demand::{METADATA_BYTES, image_bytes, jpeg_bytes};
use super::exif::{ExifPolicy, oriented_size};
use super::jpeg::Layout;
use super::own_mark::OwnPicture;
use super::part::{denominator, reduced};
use super::skip::SkipReason;
use super::sniff::{Content, SNIFF_BYTES, format_name, sniff};
use crate::spectral::Size;

/// Bytes of the largest pixel that is read, RGBA of 16 bits.
const MAX_BYTES_PER_PIXEL: u64 = 8;

/// How files are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Most pixels a header may promise; default 2²⁸.
    pub max_pixels: u64,
    /// Whether the EXIF orientation is obeyed; default no.
    pub exif: ExifPolicy,
    /// Whether damaged files are used; default no.
    pub damaged: Damaged,
    /// Working side for which JPEGs of more than four times as much are decoded at a half, a quarter or an eighth of
    /// their size, at least twice the working side, pixels; default none: whole.
    pub scaled_for_px: Option<usize>,
    /// Bytes that the whole run may take; a file may take its share of them ([`Shares`]). Default no limit.
    pub max_memory_bytes: u64,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            max_pixels: 1 << 28,
            exif: ExifPolicy::Ignore,
            damaged: Damaged::Skip,
            scaled_for_px: None,
            max_memory_bytes: u64::MAX,
        }
    }
}

impl DecodeOptions {
    /// What both sides of a JPEG of `stored` pixels are divided by while it is decoded: 1, 2, 4 or 8.
    pub(super) fn denominator(&self, stored: Size) -> usize {
        self.scaled_for_px.map_or(1, |side_px| denominator(stored, side_px))
    }
}

/// What the header of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Height and width, pixels, once the EXIF orientation is obeyed (if it is to be).
    pub size: Size,
    /// That of the decoded image: smaller where the decoder makes it so ([`DecodeOptions::scaled_for_px`]).
    pub decoded_size: Size,
    /// Name of the file's format, told by content.
    pub format: &'static str,
    /// Bytes that it takes to decode the file and to bring it to the working size, the file's own among them.
    pub n_bytes: u64,
}

impl Header {
    /// That of a sample of `array`.
    pub fn of_sample(array: &Array) -> Self {
        let size = array.size();
        Self { size, decoded_size: size, format: array.format(), n_bytes: array.reading_bytes() }
    }

    /// Judges the memory that decoding takes.
    ///
    /// # Errors
    ///
    /// If it is more than one file may take.
    pub fn check_memory(&self, options: &DecodeOptions) -> Result<(), SkipReason> {
        let limit_bytes = Shares::of(options.max_memory_bytes).decoding_bytes;
        let Self { size, n_bytes, .. } = *self;
        if n_bytes > limit_bytes { Err(SkipReason::TooLarge { size, n_bytes, limit_bytes }) } else { Ok(()) }
    }
}

/// What the file of `n_bytes` in `reader`, which begins with `head`, promises.
pub(super) fn header<R: BufRead + Seek>(
    reader: R,
    head: &[u8],
    n_bytes: u64,
    options: &DecodeOptions,
) -> Result<Header, SkipReason> {
    if options.exif == ExifPolicy::Ignore
        && let Some(layout) = Layout::read_if_decodable(head)?
    {
        return jpeg_header(n_bytes, &layout, options);
    }
    Opened::new(reader, head, n_bytes, options).map(|opened| opened.header)
}

/// A file whose header has been read and found within limits.
pub(super) struct Opened<D> {
    pub decoder: D,
    pub format: ImageFormat,
    pub layout: Option<Layout>,
    pub stored_size: Size,
    pub orientation: Orientation,
    pub header: Header,
}

impl<'a> Opened<Box<dyn ImageDecoder + 'a>> {
    /// Opens a file of `n_bytes` that begins with `head`.
    pub fn new<R: BufRead + Seek + 'a>(
        reader: R,
        head: &[u8],
        n_bytes: u64,
        options: &DecodeOptions,
    ) -> Result<Self, SkipReason> {
        let format = match sniff(&head[..head.len().min(SNIFF_BYTES)]) {
            Content::Image(ImageFormat::Png) if OwnPicture::of_png(head) == Some(OwnPicture::Plot) => {
                return Err(SkipReason::OwnPlot);
            }
            Content::Image(format) => format,
            Content::OtherImage(format) => return Err(SkipReason::UnsupportedFormat { format }),
            Content::Unknown => return Err(SkipReason::NotAnImage),
        };
        let layout = (format == ImageFormat::Jpeg).then(|| Layout::read(head)).transpose()?;
        let mut reader = ImageReader::with_format(reader, format);
        // Colour profiles are unpacked with the header, so that their size is limited before anything else is known.
        reader.limits(limits(METADATA_BYTES.saturating_add(png_row_bytes(format, head, options)?)));
        let reason = |error| reason_of(&error, format, head, n_bytes);
        let mut decoder = reader.into_decoder().map_err(reason)?;
        let (width, height) = decoder.dimensions();
        let stored_size = check_size(u64::from(width), u64::from(height), options)?;
        let color = decoder.color_type();
        let raw_bytes = (stored_size.n_pixels() as u64).saturating_mul(u64::from(color.bytes_per_pixel()));
        let max_bytes = raw_bytes.saturating_mul(3).saturating_add(METADATA_BYTES);
        decoder.set_limits(limits(max_bytes)).map_err(reason)?;
        let turned = options.exif == ExifPolicy::Apply;
        // Damaged metadata say nothing about orientation; the pixels may be sound.
        let orientation = if turned { decoder.orientation().ok() } else { None };
        let orientation = orientation.unwrap_or(Orientation::NoTransforms);
        let (decoded_size, n_bytes) = match layout.filter(Layout::is_decodable) {
            Some(layout) => {
                let decoded_size = reduced(stored_size, options.denominator(stored_size));
                (decoded_size, jpeg_bytes(n_bytes, &layout, decoded_size, turned))
            }
            None => (stored_size, image_bytes(n_bytes, format, stored_size, color, turned)),
        };
        let [size, decoded_size] = [stored_size, decoded_size].map(|size| oriented_size(size, orientation));
        let header = Header { size, decoded_size, format: format_name(format), n_bytes };
        Ok(Self { decoder: Box::new(decoder), format, layout, stored_size, orientation, header })
    }
}

/// Limits of what a decoder allocates.
fn limits(max_bytes: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(max_bytes);
    limits
}

/// Bytes of two rows of a PNG, which its decoder keeps, from the chunk that always comes first; 0 for other formats.
fn png_row_bytes(format: ImageFormat, head: &[u8], options: &DecodeOptions) -> Result<u64, SkipReason> {
    let side = |at: usize| head.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    match (format, side(16), side(20)) {
        (ImageFormat::Png, Some(width), Some(height)) => {
            let size = check_size(u64::from(width), u64::from(height), options)?;
            Ok(2 * MAX_BYTES_PER_PIXEL * size.width as u64)
        }
        _ => Ok(0),
    }
}

/// What a JPEG of `n_bytes` promises that is decoded without a look at its metadata.
pub(super) fn jpeg_header(n_bytes: u64, layout: &Layout, options: &DecodeOptions) -> Result<Header, SkipReason> {
    let size = check_size(layout.size.width as u64, layout.size.height as u64, options)?;
    let decoded_size = reduced(size, options.denominator(size));
    let n_bytes = jpeg_bytes(n_bytes, layout, decoded_size, false);
    Ok(Header { size, decoded_size, format: format_name(ImageFormat::Jpeg), n_bytes })
}

/// Judges the size a header promises.
fn check_size(width: u64, height: u64, options: &DecodeOptions) -> Result<Size, SkipReason> {
    let max_pixels = options.max_pixels;
    if width == 0 || height == 0 {
        return Err(SkipReason::ZeroSize { width, height });
    }
    match width.checked_mul(height) {
        Some(n) if n <= max_pixels => Ok(Size::new(height as usize, width as usize)),
        _ => Err(SkipReason::TooManyPixels { width, height, max_pixels }),
    }
}

/// The words of decoders that have a file end before its image, and no error type for it.
const TRUNCATED_WORDS: [&str; 3] = ["image truncated", "Unexpected End of File", "failed to fill whole buffer"];

/// The reason behind the error of the decoder of a file of `n_bytes` that begins with `head`. Running out of bytes,
/// wherever it is found, means a truncated file.
pub(super) fn reason_of(error: &ImageError, format: ImageFormat, head: &[u8], n_bytes: u64) -> SkipReason {
    // An I/O error is not among its own causes.
    let mut cause: Option<&(dyn std::error::Error + 'static)> = match error {
        ImageError::IoError(io) => Some(io),
        _ => Some(error),
    };
    let message = error.to_string();
    let mut is_truncated = TRUNCATED_WORDS.iter().any(|words| message.contains(words))
        || (format == ImageFormat::WebP && webp_bytes(head).is_some_and(|promised| promised > n_bytes));
    while let Some(current) = cause {
        let io = current.downcast_ref::<std::io::Error>();
        is_truncated |= io.is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof);
        cause = current.source();
    }
    let format = format_name(format);
    if is_truncated {
        return SkipReason::Truncated { format };
    }
    SkipReason::Corrupt { format, message: one_line(&message) }
}

/// Bytes that the first of a WebP file say it has. Its decoder calls what ends too early corrupt.
fn webp_bytes(head: &[u8]) -> Option<u64> {
    let length = head.get(4..8)?.try_into().ok()?;
    Some(u64::from(u32::from_le_bytes(length)) + 8)
}

/// A message on one line, as a table's cell wants it.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_judged_without_overflow() {
        let options = DecodeOptions { max_pixels: u64::MAX, ..DecodeOptions::default() };
        assert!(matches!(check_size(0, 5, &options), Err(SkipReason::ZeroSize { .. })));
        assert!(matches!(check_size(1 << 33, 1 << 33, &options), Err(SkipReason::TooManyPixels { .. })));
        assert_eq!(check_size(5, 3, &options), Ok(Size::new(3, 5)));
    }
}
