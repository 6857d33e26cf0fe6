//! From the bytes of a file to 8-bit RGB pixels, within limits and without dying of a bad file.
//!
//! # Conventions
//!
//! Pixels are interleaved RGB. How other sample types become RGB is told in the `colour` module; of an animation the
//! first frame is taken. Colour profiles are ignored, as trainers' loaders ignore them.
//!
//! # Invariants
//!
//! The size is read from the header and judged before memory for pixels is asked for. A pixel buffer is cleared before
//! it is filled: what a decoder leaves out of a damaged file is then the same in every run, and never a piece of the
//! image decoded before. (libjpeg's code writes every row or fails, so its buffer need not be.)
//!
//! # Cost
//!
//! For 8-bit RGB the decoder writes into the recycled pixel buffer; nothing is copied. Buffers of
//! more than 64 MiB are given back with the next image that needs less.

use std::cell::Cell;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::buffer::release_if_large;
use super::colour::{Conversions, to_rgb8};
use super::damage::Damaged;
use super::exif::{ExifPolicy, orient, oriented_size};
use super::jpeg::Layout;
use super::own_mark::OwnPicture;
use super::skip::SkipReason;
use super::sniff::{Content, SNIFF_BYTES, format_name, sniff};
use super::stamp::FileStamp;
use super::{bmp, libjpeg};
use crate::spectral::Size;

/// What a decoder may allocate beside the pixels (tables, chunks of metadata).
const DECODER_OVERHEAD_BYTES: u64 = 64 << 20;

/// Bytes of a file that are read for its header.
const HEADER_BYTES: u64 = 256 << 10;

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
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self { max_pixels: 1 << 28, exif: ExifPolicy::Ignore, damaged: Damaged::Skip }
    }
}

/// An image in memory: interleaved RGB, 8 bits a channel, rows from top to bottom without gaps.
#[derive(Debug, Clone, Copy)]
pub struct RgbImage<'a> {
    /// Height and width, pixels.
    pub size: Size,
    /// `H·W·3` bytes.
    pub pixels: &'a [u8],
}

/// A decoded image and what is known of the file it came from.
#[derive(Debug, Clone, Copy)]
pub struct Decoded<'a> {
    /// The pixels, oriented as [`DecodeOptions::exif`] says.
    pub image: RgbImage<'a>,
    /// Size as stored in the file, pixels; its sides are swapped in `image` where EXIF turned it.
    pub stored_size: Size,
    /// Name of the file's format, told by content.
    pub format: &'static str,
    /// What had to be done to make it 8-bit RGB.
    pub conversions: Conversions,
    /// Whether the decoder found something amiss and went on: stray bytes, or damage that is tolerated.
    pub warned: bool,
}

/// What the header of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Height and width, pixels, once the EXIF orientation is obeyed (if it is to be).
    pub size: Size,
    /// Name of the file's format, told by content.
    pub format: &'static str,
}

/// Reads and decodes one file after the other with the same buffers. One for each worker.
///
/// A decoder that panics is caught and becomes [`SkipReason::DecoderPanic`]. The panic hook still runs first: a program
/// that wants silence installs one that asks [`is_decoding`].
#[derive(Debug, Default)]
pub struct Decoder {
    file: Vec<u8>,
    stamp: FileStamp,
    pixels: Vec<u8>,
    spare: Vec<u8>,
}

impl Decoder {
    /// A decoder with empty buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file whole and returns its bytes, for [`Decoder::decode`] and for hashing.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is a folder, or is empty.
    pub fn read(&mut self, path: &Path) -> Result<&[u8], SkipReason> {
        self.read_up_to(path, u64::MAX)
    }

    fn read_up_to(&mut self, path: &Path, n_bytes: u64) -> Result<&[u8], SkipReason> {
        release_if_large(&mut self.file, 0);
        self.file.clear();
        let read = std::fs::File::open(path).and_then(|mut file| {
            self.stamp = FileStamp::of(&file.metadata()?);
            match n_bytes {
                // A file knows its length, so that the buffer is made large enough at once.
                u64::MAX => file.read_to_end(&mut self.file),
                _ => file.take(n_bytes).read_to_end(&mut self.file),
            }
        });
        match read {
            Ok(0) => Err(SkipReason::Empty),
            Ok(_) => Ok(&self.file),
            Err(error) => {
                self.file.clear();
                Err(SkipReason::from_io(&error))
            }
        }
    }

    /// Length and time of the file read last, as they were when it was opened.
    pub fn stamp(&self) -> FileStamp {
        self.stamp
    }

    /// The bytes of the file read last.
    pub fn bytes(&self) -> &[u8] {
        &self.file
    }

    /// Decodes the file read last.
    ///
    /// # Errors
    ///
    /// If it is no image, promises too many pixels, is truncated or damaged, or crashes the decoder.
    pub fn decode(&mut self, options: &DecodeOptions) -> Result<Decoded<'_>, SkipReason> {
        let Self { file, pixels, spare, .. } = self;
        guard(file, || decode_into(file, options, pixels, spare)).map(|meta| Decoded {
            image: RgbImage { size: meta.size, pixels: &pixels[..meta.size.n_pixels() * 3] },
            stored_size: meta.stored_size,
            format: meta.format,
            conversions: meta.conversions,
            warned: meta.warned,
        })
    }

    /// Reads the header of a file: its size, without decoding.
    ///
    /// # Errors
    ///
    /// As [`Decoder::read`] and [`Decoder::decode`], as far as the header tells.
    pub fn probe(&mut self, path: &Path, options: &DecodeOptions) -> Result<Header, SkipReason> {
        // Most headers are at the beginning; what cannot be told from it is told from the whole file.
        self.read_up_to(path, HEADER_BYTES)?;
        if let Ok(header) = self.header(options) {
            return Ok(header);
        }
        self.read(path)?;
        self.header(options)
    }

    fn header(&self, options: &DecodeOptions) -> Result<Header, SkipReason> {
        let file = &self.file;
        guard(file, || {
            let opened = Opened::new(file, options)?;
            let size = oriented_size(opened.stored_size, opened.orientation);
            Ok(Header { size, format: format_name(opened.format) })
        })
    }
}

/// All but the pixels of a decoded image.
struct Metadata {
    size: Size,
    stored_size: Size,
    format: &'static str,
    conversions: Conversions,
    warned: bool,
}

/// A file whose header has been read and found within limits.
struct Opened<D> {
    decoder: D,
    format: ImageFormat,
    layout: Option<Layout>,
    stored_size: Size,
    orientation: Orientation,
}

impl<'a> Opened<Box<dyn ImageDecoder + 'a>> {
    fn new(bytes: &'a [u8], options: &DecodeOptions) -> Result<Self, SkipReason> {
        let format = match sniff(&bytes[..bytes.len().min(SNIFF_BYTES)]) {
            Content::Image(ImageFormat::Png) if OwnPicture::of_png(bytes) == Some(OwnPicture::Plot) => {
                return Err(SkipReason::OwnPlot);
            }
            Content::Image(format) => format,
            Content::OtherImage(format) => return Err(SkipReason::UnsupportedFormat { format }),
            Content::Unknown => return Err(SkipReason::NotAnImage),
        };
        let layout = (format == ImageFormat::Jpeg).then(|| Layout::read(bytes)).transpose()?;
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = Limits::no_limits();
        limits.max_alloc =
            Some(options.max_pixels.saturating_mul(MAX_BYTES_PER_PIXEL).saturating_add(DECODER_OVERHEAD_BYTES));
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(|error| reason_of(&error, format))?;
        let (width, height) = decoder.dimensions();
        let stored_size = check_size(u64::from(width), u64::from(height), options)?;
        let orientation = match options.exif {
            ExifPolicy::Ignore => Orientation::NoTransforms,
            // Damaged metadata say nothing about orientation; the pixels may be sound.
            ExifPolicy::Apply => decoder.orientation().unwrap_or(Orientation::NoTransforms),
        };
        Ok(Self { decoder: Box::new(decoder), format, layout, stored_size, orientation })
    }
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

/// Decodes `bytes` into the front of `pixels`.
fn decode_into(
    bytes: &[u8],
    options: &DecodeOptions,
    pixels: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Metadata, SkipReason> {
    if options.exif == ExifPolicy::Ignore
        && let Some(layout) = Layout::read_if_decodable(bytes)?
    {
        return decode_jpeg(bytes, &layout, options, pixels);
    }
    let Opened { decoder, format, layout, stored_size, orientation } = Opened::new(bytes, options)?;
    let color = decoder.color_type();
    let conversions = Conversions::needed(bytes, format, layout, decoder.original_color_type(), color);
    let n_rgb = stored_size.n_pixels() * 3;
    let n_raw = stored_size.n_pixels() * usize::from(color.bytes_per_pixel());
    let read = |buffer: &mut [u8]| decoder.read_image_boxed(buffer).map_err(|error| reason_of(&error, format));
    let mut warned = format == ImageFormat::Bmp && bmp::check(bytes, options.damaged)?;
    if let Some(layout) = layout.filter(|layout| !layout.is_decodable()) {
        layout.check_data(bytes, options.damaged)?;
        if layout.n_components == 4 {
            warned = libjpeg::check_cmyk(bytes, options.damaged)?;
        }
    }
    if let Some(layout) = layout.filter(Layout::is_decodable) {
        warned = decode_jpeg(bytes, &layout, options, pixels)?.warned;
    } else if color == ColorType::Rgb8 {
        read(cleared(pixels, n_rgb)?)?;
    } else {
        let raw = cleared(spare, n_raw)?;
        read(raw)?;
        to_rgb8(raw, color, cleared(pixels, n_rgb)?)?;
    }
    if orientation != Orientation::NoTransforms {
        orient(&pixels[..n_rgb], stored_size, orientation, cleared(spare, n_rgb)?);
        std::mem::swap(pixels, spare);
    }
    let size = oriented_size(stored_size, orientation);
    Ok(Metadata { size, stored_size, format: format_name(format), conversions, warned })
}

/// Decodes a grey or colour JPEG into the front of `pixels`.
fn decode_jpeg(
    bytes: &[u8],
    layout: &Layout,
    options: &DecodeOptions,
    pixels: &mut Vec<u8>,
) -> Result<Metadata, SkipReason> {
    let format = format_name(ImageFormat::Jpeg);
    let size = check_size(layout.size.width as u64, layout.size.height as u64, options)?;
    layout.check_data(bytes, options.damaged)?;
    let rgb = sized(pixels, size.n_pixels() * 3)?;
    let warned = libjpeg::decode_rgb(bytes, layout, options.damaged, rgb)?;
    let conversions = Conversions { grey: layout.n_components == 1, ..Conversions::default() };
    Ok(Metadata { size, stored_size: size, format, conversions, warned })
}

/// The first `len` bytes of a recycled buffer, all zero.
fn cleared(buffer: &mut Vec<u8>, len: usize) -> Result<&mut [u8], SkipReason> {
    let pixels = sized(buffer, len)?;
    pixels.fill(0);
    Ok(pixels)
}

/// The first `len` bytes of a recycled buffer, with whatever they hold.
fn sized(buffer: &mut Vec<u8>, len: usize) -> Result<&mut [u8], SkipReason> {
    release_if_large(buffer, len);
    if buffer.len() < len {
        buffer.clear();
        buffer.try_reserve_exact(len).map_err(|_| SkipReason::OutOfMemory { n_bytes: len })?;
        buffer.resize(len, 0);
    }
    Ok(&mut buffer[..len])
}

thread_local! {
    static IS_DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a decoder, whose panics are caught and reported as skipped files.
pub fn is_decoding() -> bool {
    IS_DECODING.get()
}

/// Runs a decoder; a panic in it becomes a reason to skip the file.
fn guard<T>(bytes: &[u8], decode: impl FnOnce() -> Result<T, SkipReason>) -> Result<T, SkipReason> {
    IS_DECODING.set(true);
    // The buffers hold plain bytes, whole at any point; what a panic leaves in them is overwritten by the next image.
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    IS_DECODING.set(false);
    outcome.unwrap_or_else(|payload| {
        let format = match sniff(&bytes[..bytes.len().min(SNIFF_BYTES)]) {
            Content::Image(format) => format_name(format),
            _ => "image",
        };
        let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Err(SkipReason::DecoderPanic { format, message: one_line(&message.unwrap_or_default()) })
    })
}

/// The reason behind a decoder's error. Running out of bytes, wherever it is found, means a truncated file.
fn reason_of(error: &ImageError, format: ImageFormat) -> SkipReason {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        let io = current.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof) {
            return SkipReason::Truncated { format: format_name(format) };
        }
        cause = current.source();
    }
    SkipReason::Corrupt { format: format_name(format), message: one_line(&error.to_string()) }
}

/// A message on one line, as a table's cell wants it.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_of_the_decoder_is_a_reason_to_skip() {
        let png = b"\x89PNG\r\n\x1a\n";
        let crash: Result<(), _> = guard(png, || panic!("index {} out\n of bounds", 3));
        let message = "index 3 out of bounds".to_owned();
        assert_eq!(crash, Err(SkipReason::DecoderPanic { format: "PNG", message }));
        assert_eq!(guard(png, || Ok(is_decoding())), Ok(true));
        assert!(!is_decoding());
    }

    #[test]
    fn a_recycled_buffer_is_blank() {
        let mut buffer = vec![7; 10];
        assert_eq!(cleared(&mut buffer, 4), Ok([0; 4].as_mut_slice()));
        assert_eq!(cleared(&mut buffer, 20), Ok([0; 20].as_mut_slice()));
        assert!(matches!(cleared(&mut buffer, usize::MAX), Err(SkipReason::OutOfMemory { .. })));
    }

    #[test]
    fn sizes_are_judged_without_overflow() {
        let options = DecodeOptions { max_pixels: u64::MAX, ..DecodeOptions::default() };
        assert!(matches!(check_size(0, 5, &options), Err(SkipReason::ZeroSize { .. })));
        assert!(matches!(check_size(1 << 33, 1 << 33, &options), Err(SkipReason::TooManyPixels { .. })));
        assert_eq!(check_size(5, 3, &options), Ok(Size::new(3, 5)));
    }
}
