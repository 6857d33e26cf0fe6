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
//! image decoded before. (libjpeg's code writes all that is wanted or fails, so its buffer need not be.)
//!
//! # Cost
//!
//! For 8-bit RGB the decoder writes into the recycled pixel buffer; nothing is copied. Buffers of
//! more than 64 MiB are given back with the next image that needs less, and all of them with [`Decoder::release`] if
//! they are more than the decoder may keep. Most files are read at once; one of more than [`READ_AT_ONCE_BYTES`] is
//! opened, judged by its header, and read once it is granted. All are judged in one order: size, memory, data.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Cursor, ErrorKind, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageFormat};

use super::buffer::release_if_large;
use super::colour::{Conversions, to_rgb8};
use super::exif::{ExifPolicy, orient, oriented_size};
use super::header::{DecodeOptions, Header, Opened, header, jpeg_header, one_line, reason_of};
use super::jpeg::{Layout, read_head};
use super::open::open_regular;
use super::opened::{OpenedFile, fill};
use super::part::{Part, reduced};
use super::skip::SkipReason;
use super::sniff::{Content, SNIFF_BYTES, format_name, sniff};
use super::stamp::FileStamp;
use super::{bmp, libjpeg};
use crate::spectral::Size;

/// What a decoder keeps from file to file if nobody says otherwise, bytes.
const RESERVE_BYTES: u64 = 128 << 20;

/// Larger files are not read before memory for them is granted, bytes. Workers keep at least twice as much.
pub const READ_AT_ONCE_BYTES: u64 = 4 << 20;

/// Bytes of a file that are read for its header.
const HEADER_BYTES: u64 = 256 << 10;

/// An image in memory: interleaved RGB, 8 bits a channel, rows from top to bottom without gaps.
#[derive(Debug, Clone, Copy)]
pub struct RgbImage<'a> {
    /// Height and width, pixels.
    pub size: Size,
    /// `H·W·3` bytes; any, where only a part of the image was decoded.
    pub pixels: &'a [u8],
}

/// A decoded image and what is known of the file it came from.
#[derive(Debug, Clone, Copy)]
pub struct Decoded<'a> {
    /// The pixels, oriented as [`DecodeOptions::exif`] and as many as [`DecodeOptions::scaled_for_px`] says.
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

/// Is asked, with the header, before memory for the pixels of a file is allocated, and says which of them are wanted;
/// an error stops the decoding.
type Admit<'a> = &'a mut dyn FnMut(&Header) -> Result<Part, SkipReason>;

/// Reads and decodes one file after the other with the same buffers. One for each worker.
///
/// A decoder that panics is caught and becomes [`SkipReason::DecoderPanic`]. The panic hook still runs first: a program
/// that wants silence installs one that asks [`is_decoding`].
#[derive(Debug)]
pub struct Decoder {
    file: OpenedFile,
    pixels: Vec<u8>,
    spare: Vec<u8>,
    reserve_bytes: u64,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder with empty buffers.
    pub fn new() -> Self {
        Self::with_reserve(RESERVE_BYTES)
    }

    /// A decoder with empty buffers that keeps at most `reserve_bytes` from file to file. If that is less than twice
    /// [`READ_AT_ONCE_BYTES`], files of more than half of it are not read at once.
    pub fn with_reserve(reserve_bytes: u64) -> Self {
        Self { file: OpenedFile::default(), pixels: Vec::new(), spare: Vec::new(), reserve_bytes }
    }

    /// Opens a file for [`Decoder::decode`], and reads it unless it is large. Returns its length, bytes.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is a folder or a special file, or is empty.
    pub fn read(&mut self, path: &Path) -> Result<u64, SkipReason> {
        self.file.open(path, READ_AT_ONCE_BYTES.min(self.reserve_bytes / 2))
    }

    /// Takes a file that was opened elsewhere, and leaves the one before.
    pub fn exchange(&mut self, file: &mut OpenedFile) {
        std::mem::swap(&mut self.file, file);
    }

    /// Length and time of the file read last, as they were when it was opened.
    pub fn stamp(&self) -> FileStamp {
        self.file.stamp()
    }

    /// The bytes of the file decoded last.
    pub fn bytes(&self) -> &[u8] {
        self.file.bytes()
    }

    /// Bytes of the buffers.
    pub fn held_bytes(&self) -> usize {
        self.file.held_bytes() + self.pixels.capacity() + self.spare.capacity()
    }

    /// Gives all buffers back.
    pub fn release(&mut self) {
        *self = Self::with_reserve(self.reserve_bytes);
    }

    /// Decodes the file that was opened last.
    ///
    /// # Errors
    ///
    /// If it is no image, promises too many pixels, takes too much memory, is truncated or damaged, or crashes the
    /// decoder.
    pub fn decode(&mut self, options: &DecodeOptions) -> Result<Decoded<'_>, SkipReason> {
        self.decode_when(options, |header| Ok(Part::whole(header.decoded_size)))
    }

    /// The same; `admit` sees the header before memory for a large file and for pixels is allocated, and may wait, or
    /// refuse. It returns the part of the decoded image that is wanted: pixels outside it may hold anything.
    ///
    /// # Errors
    ///
    /// As [`Decoder::decode`], and that of `admit`.
    pub fn decode_when(
        &mut self,
        options: &DecodeOptions,
        mut admit: impl FnMut(&Header) -> Result<Part, SkipReason>,
    ) -> Result<Decoded<'_>, SkipReason> {
        let mut granted = None;
        if let Some((mut file, n_bytes)) = self.file.take_unread() {
            let header = self.look_into(&mut file, n_bytes, options)?;
            header.check_memory(options)?;
            granted = Some((header.n_bytes, admit(&header)?));
            self.file.read_late(file, n_bytes)?;
        }
        let mut judge = |header: &Header| match granted.take() {
            Some((n_bytes, _)) if header.n_bytes > n_bytes => Err(SkipReason::Changed),
            Some((_, part)) => Ok(part),
            None => header.check_memory(options).and_then(|()| admit(header)),
        };
        let Self { file, pixels, spare, .. } = self;
        let file = file.bytes();
        guard(file, || decode_into(file, options, &mut judge, pixels, spare)).map(|meta| Decoded {
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
        let (mut file, metadata) = open_regular(path)?;
        self.look_into(&mut file, metadata.len(), options)
    }

    /// The header of a file of `n_bytes`, of which no more is read than it takes.
    fn look_into(&mut self, file: &mut File, n_bytes: u64, options: &DecodeOptions) -> Result<Header, SkipReason> {
        let head = self.file.buffer();
        fill(head, file, n_bytes.min(HEADER_BYTES))?;
        let header_of = |head: &[u8]| guard(head, || header(Cursor::new(head), head, n_bytes, options));
        let from_head = header_of(head);
        if from_head.is_ok() || n_bytes <= HEADER_BYTES {
            return from_head;
        }
        match sniff(&head[..SNIFF_BYTES.min(head.len())]) {
            // Long metadata; the frame header follows them.
            Content::Image(ImageFormat::Jpeg) => {
                file.rewind().map_err(|error| SkipReason::from_io(&error))?;
                head.clear();
                let format = format_name(ImageFormat::Jpeg);
                match read_head(&mut BufReader::new(&*file), head).map_err(|error| (error.kind(), error)) {
                    Ok(()) => header_of(head),
                    Err((ErrorKind::UnexpectedEof, _)) => Err(SkipReason::Truncated { format }),
                    Err((ErrorKind::InvalidData, error)) => {
                        Err(SkipReason::Corrupt { format, message: error.to_string() })
                    }
                    Err((_, error)) => Err(SkipReason::from_io(&error)),
                }
            }
            Content::Image(_) => guard(head, || {
                file.rewind().map_err(|error| SkipReason::from_io(&error))?;
                header(BufReader::new(&*file), head, n_bytes, options)
            }),
            _ => from_head,
        }
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

/// Decodes `bytes` into the front of `pixels`.
fn decode_into(
    bytes: &[u8],
    options: &DecodeOptions,
    admit: Admit<'_>,
    pixels: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Metadata, SkipReason> {
    if options.exif == ExifPolicy::Ignore
        && let Some(layout) = Layout::read_if_decodable(bytes)?
    {
        let header = jpeg_header(bytes.len() as u64, &layout, options)?;
        let part = admit(&header)?;
        layout.check_data(bytes, options.damaged)?;
        return decode_jpeg(bytes, &layout, options, &part, pixels);
    }
    let opened = Opened::new(Cursor::new(bytes), bytes, bytes.len() as u64, options)?;
    let part = admit(&opened.header)?;
    if let Some(layout) = &opened.layout {
        layout.check_data(bytes, options.damaged)?;
    }
    let Opened { decoder, format, layout, stored_size, orientation, .. } = opened;
    let color = decoder.color_type();
    let conversions = Conversions::needed(bytes, format, layout, decoder.original_color_type(), color);
    let (mut decoded_size, n_rgb) = (stored_size, stored_size.n_pixels() * 3);
    let n_raw = stored_size.n_pixels() * usize::from(color.bytes_per_pixel());
    let read = |buffer: &mut [u8]| {
        decoder.read_image_boxed(buffer).map_err(|error| reason_of(&error, format, bytes, bytes.len() as u64))
    };
    let mut warned = format == ImageFormat::Bmp && bmp::check(bytes, options.damaged)?;
    if layout.is_some_and(|layout| layout.n_components == 4) {
        warned = libjpeg::check_cmyk(bytes, options.damaged)?;
    }
    if let Some(layout) = layout.filter(Layout::is_decodable) {
        let is_turned = orientation != Orientation::NoTransforms;
        let whole = Part::whole(reduced(stored_size, options.denominator(stored_size)));
        let part = if is_turned { whole } else { part };
        let decoded = decode_jpeg(bytes, &layout, options, &part, pixels)?;
        (decoded_size, warned) = (decoded.size, decoded.warned);
    } else if color == ColorType::Rgb8 {
        read(cleared(pixels, n_rgb)?)?;
    } else {
        let raw = cleared(spare, n_raw)?;
        read(raw)?;
        to_rgb8(raw, color, cleared(pixels, n_rgb)?)?;
    }
    if orientation != Orientation::NoTransforms {
        let n_rgb = decoded_size.n_pixels() * 3;
        orient(&pixels[..n_rgb], decoded_size, orientation, cleared(spare, n_rgb)?);
        std::mem::swap(pixels, spare);
    }
    let size = oriented_size(decoded_size, orientation);
    Ok(Metadata { size, stored_size, format: format_name(format), conversions, warned })
}

/// Decodes `part` of a grey or colour JPEG, whose size and data were judged, into the front of `pixels`.
fn decode_jpeg(
    bytes: &[u8],
    layout: &Layout,
    options: &DecodeOptions,
    part: &Part,
    pixels: &mut Vec<u8>,
) -> Result<Metadata, SkipReason> {
    let (format, stored_size) = (format_name(ImageFormat::Jpeg), layout.size);
    let denominator = options.denominator(stored_size);
    let size = reduced(stored_size, denominator);
    let rgb = sized(pixels, size.n_pixels() * 3)?;
    let warned = libjpeg::decode_rgb(bytes, layout, options.damaged, (part, denominator), rgb)?;
    let conversions = Conversions { grey: layout.n_components == 1, ..Conversions::default() };
    Ok(Metadata { size, stored_size, format, conversions, warned })
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
}
