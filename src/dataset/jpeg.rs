//! JPEG files: their marker structure (size, components, coding, whether the file is all there).
//!
//! # Definition
//!
//! A JPEG is a chain of segments, `FF`, a marker byte and (for most) a big-endian length, up to a start of scan (`DA`);
//! then entropy-coded data, in which an `FF` is always followed by `00` or a restart marker, and which may be
//! interrupted by further segments and scans, up to the end of image (`D9`).
//!
//! Decoders fill what is missing with grey and say nothing, so completeness is checked here: an end-of-image marker has
//! to lie behind the first start of scan. Segments before it are stepped over whole, so that the marker of a thumbnail
//! (which lies inside one) does not count. Bytes behind the end of image are no fault. Looking starts at the end of the
//! file, where the marker usually is.
//!
//! A Huffman code has one bit or more, and every block of 8×8 samples has a code. The component that is sampled most
//! often along one side is sampled at least a quarter as often as any along the other, so a file holds at most
//! [`MAX_PIXELS_PER_BYTE`]: one that promises more is told before memory is asked for.
//!
//! Grey and colour files are decoded by libjpeg-turbo's code (through MozJPEG), the decoder of Pillow, OpenCV and
//! torchvision: decoders differ by a few levels in the inverse transform and in how they enlarge subsampled colour, and
//! a spectrum shows it. CMYK files are left to the `image` crate.
//!
//! # References
//!
//! ITU-T T.81, annex B.

use std::io::{self, BufRead, BufReader, Read, Seek};

use image::ImageFormat;

use super::damage::Damaged;
use super::skip::SkipReason;
use super::sniff::{Content, SNIFF_BYTES, sniff};
use crate::spectral::Size;

/// Most pixels that a byte of Huffman-coded data can hold: eight blocks of 64, four times for subsampling.
const MAX_PIXELS_PER_BYTE: usize = 8 * 64 * 4;

/// Scans of a JPEG beyond which it is not decoded: each takes as long as decoding the whole image, and a few kilobytes
/// hold thousands of them. libjpeg-turbo's own programs have the same limit.
const MAX_SCANS: usize = 500;

/// What the segments before the first scan say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Height and width, pixels.
    pub size: Size,
    /// Colour components: 1 grey, 3 colour, 4 CMYK.
    pub n_components: u8,
    /// Bits of a sample.
    precision_bits: u8,
    /// The second byte of the start of frame, which tells the kind of coding.
    frame_marker: u8,
    /// Where the first scan's data begin.
    pub scan_start: usize,
    /// Components of the first scan.
    n_in_scan: u8,
    /// Coefficients of all components, those that fill up the blocks included.
    n_coefficients: u64,
}

/// Walks the segments up to the first scan; `None` if the file ends before it.
fn read_layout(bytes: &[u8]) -> Option<Layout> {
    let mut layout = Layout {
        size: Size { height: 0, width: 0 },
        n_components: 0,
        precision_bits: 8,
        frame_marker: 0,
        scan_start: 0,
        n_in_scan: 0,
        n_coefficients: 0,
    };
    let mut at = 2;
    loop {
        // Stray bytes between segments are skipped, as decoders do.
        at += bytes.get(at..)?.iter().position(|&b| b == 0xFF)?;
        let marker = *bytes.get(at + 1)?;
        at += match marker {
            0xFF => 1,                      // fill byte
            0x00 | 0x01 | 0xD0..=0xD8 => 2, // no length follows
            0xD9 => return None,            // ends without a scan
            _ => {
                let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
                if marker == 0xDA {
                    layout.scan_start = at + 2 + length;
                    layout.n_in_scan = *bytes.get(at + 4)?;
                    return (layout.scan_start <= bytes.len()).then_some(layout);
                }
                if is_frame_header(marker) {
                    let side = |i: usize| Some(usize::from(u16::from_be_bytes([*bytes.get(i)?, *bytes.get(i + 1)?])));
                    layout.frame_marker = marker;
                    layout.precision_bits = *bytes.get(at + 4)?;
                    layout.size = Size { height: side(at + 5)?, width: side(at + 7)? };
                    layout.n_components = *bytes.get(at + 9)?;
                    let components = bytes.get(at + 10..at + 2 + length).unwrap_or_default();
                    layout.n_coefficients = count_coefficients(layout.size, components);
                }
                2 + length
            }
        };
    }
}

/// Most bytes of the segments up to the first scan beside those that [`read_head`] steps over: tables take a few
/// thousand.
const MAX_HEAD_BYTES: usize = 1 << 20;

/// Puts the segments up to the first scan behind `head`, without those that say nothing of the image's layout and
/// orientation (texts, profiles, previews), however long they are: these are stepped over.
///
/// # Errors
///
/// If the file cannot be read; `UnexpectedEof` if it ends before, `InvalidData` if the other segments take more than
/// any image needs.
pub(super) fn read_head<R: Read + Seek>(reader: &mut BufReader<R>, head: &mut Vec<u8>) -> io::Result<()> {
    head.extend([0xFF, 0xD8]);
    loop {
        reader.skip_until(0xFF)?;
        let mut byte = [0xFF];
        while byte == [0xFF] {
            reader.read_exact(&mut byte)?;
        }
        let [marker] = byte;
        if matches!(marker, 0x00 | 0x01 | 0xD0..=0xD8) {
            continue;
        }
        head.extend([0xFF, marker]);
        if marker == 0xD9 {
            return Ok(());
        }
        let start = head.len();
        reader.by_ref().take(2 + EXIF.len() as u64).read_to_end(head)?;
        let [high, low, content @ ..] = &head[start..] else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let is_kept = match marker {
            0xE1 => content == EXIF,
            // Adobe's tells how colours are coded.
            0xE0..=0xEF => marker == 0xEE,
            _ => marker != 0xFE,
        };
        let n_read = head.len() - start;
        if is_kept && length > n_read {
            reader.by_ref().take((length - n_read) as u64).read_to_end(head)?;
        } else {
            reader.seek_relative(length as i64 - n_read as i64)?;
            head.truncate(if is_kept { start + length.max(2) } else { start - 2 });
        }
        if head.len() > MAX_HEAD_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its tables take more than any image needs"));
        }
        if marker == 0xDA {
            return Ok(());
        }
    }
}

/// How the content of a segment with camera data begins.
const EXIF: &[u8] = b"Exif\0\0";

/// Coefficients of the `components` of a frame header, three bytes each.
fn count_coefficients(size: Size, components: &[u8]) -> u64 {
    // The second byte holds the sampling factors, horizontal ones in the upper half.
    let factors =
        components.chunks_exact(3).map(|component| (u64::from(component[1] >> 4), u64::from(component[1] & 15)));
    let largest = |a: (u64, u64), b: (u64, u64)| (a.0.max(b.0), a.1.max(b.1));
    let (across, down) = factors.clone().fold((1, 1), largest);
    let units = (size.width as u64).div_ceil(8 * across) * (size.height as u64).div_ceil(8 * down);
    units * factors.map(|(h, v)| h * v * 64).sum::<u64>()
}

/// Whether a segment with this marker is a start of frame. `C4`, `C8` and `CC` are tables and extensions.
fn is_frame_header(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

impl Layout {
    /// The layout of a JPEG file.
    ///
    /// # Errors
    ///
    /// If the file ends before its first scan, or its coding is one that no decoder here reads.
    pub fn read(bytes: &[u8]) -> Result<Self, SkipReason> {
        let layout = read_layout(bytes).ok_or(SkipReason::Truncated { format: "JPEG" })?;
        layout.unread_coding().map_or(Ok(layout), |format| Err(SkipReason::UnsupportedFormat { format }))
    }

    /// The layout of a file that [`decode_rgb`](super::libjpeg::decode_rgb) makes pixels of; none of other files.
    ///
    /// # Errors
    ///
    /// As [`Layout::read`].
    pub fn read_if_decodable(bytes: &[u8]) -> Result<Option<Self>, SkipReason> {
        let is_jpeg = sniff(&bytes[..bytes.len().min(SNIFF_BYTES)]) == Content::Image(ImageFormat::Jpeg);
        let layout = is_jpeg.then(|| Self::read(bytes)).transpose()?;
        Ok(layout.filter(Self::is_decodable))
    }

    /// Looks whether the data can be decoded in reasonable time, can hold the pixels, and have an end.
    ///
    /// # Errors
    ///
    /// If not; the latter two only unless damaged files are wanted.
    pub fn check_data(&self, bytes: &[u8], damaged: Damaged) -> Result<(), SkipReason> {
        if self.is_progressive() && count_scans(bytes, self, MAX_SCANS + 1) > MAX_SCANS {
            return Err(SkipReason::TooManyScans { limit: MAX_SCANS });
        }
        let is_whole = is_complete(bytes, self) && !is_too_short(bytes, self);
        if is_whole || damaged == Damaged::Keep { Ok(()) } else { Err(SkipReason::Truncated { format: "JPEG" }) }
    }

    /// What the file is, if its coding is one that no decoder here reads.
    fn unread_coding(&self) -> Option<&'static str> {
        match (self.frame_marker, self.precision_bits) {
            (0xC3, _) => Some("a lossless JPEG"),
            (0xC5..=0xC7 | 0xCD..=0xCF, _) => Some("a hierarchical JPEG"),
            (0xC9..=0xCB, _) => Some("a JPEG with arithmetic coding"),
            (_, 8) => None,
            (_, 12) => Some("a JPEG of 12 bits a sample"),
            _ => Some("a JPEG of other than 8 bits a sample"),
        }
    }

    /// Whether the image comes in scans of increasing detail.
    fn is_progressive(&self) -> bool {
        matches!(self.frame_marker, 0xC2 | 0xC6 | 0xCA | 0xCE)
    }

    /// Whether the decoder has to keep the coefficients of the whole image until it has seen the last scan.
    pub fn keeps_coefficients(&self) -> bool {
        self.is_progressive() || self.n_in_scan < self.n_components
    }

    /// Coefficients of all components, those that fill up the blocks included.
    pub fn n_coefficients(&self) -> u64 {
        self.n_coefficients
    }

    /// Whether libjpeg decodes it to pixels here: grey and three colours.
    pub fn is_decodable(&self) -> bool {
        matches!(self.n_components, 1 | 3)
    }
}

/// Whether the file is too short for the pixels it promises, whatever they are.
fn is_too_short(bytes: &[u8], layout: &Layout) -> bool {
    (bytes.len() - layout.scan_start).saturating_mul(MAX_PIXELS_PER_BYTE) < layout.size.n_pixels()
}

/// Scans of a JPEG; counting stops at `limit`.
fn count_scans(bytes: &[u8], layout: &Layout, limit: usize) -> usize {
    let (mut at, mut n_scans) = (layout.scan_start, 1);
    while n_scans < limit {
        let Some(found) = bytes[at..].iter().position(|&b| b == 0xFF) else { break };
        at += found;
        let [_, marker, rest @ ..] = &bytes[at..] else { break };
        at += match (marker, rest) {
            (0xFF, _) => 1,
            (0x00 | 0x01 | 0xD0..=0xD8, _) => 2,
            (0xD9, _) => break,
            (_, [high, low, ..]) => {
                n_scans += usize::from(*marker == 0xDA);
                2 + usize::from(u16::from_be_bytes([*high, *low]))
            }
            _ => break,
        };
        at = at.min(bytes.len());
    }
    n_scans
}

/// Whether an end of image follows the first scan.
fn is_complete(bytes: &[u8], layout: &Layout) -> bool {
    bytes[layout.scan_start..].windows(2).rev().any(|pair| pair == [0xFF, 0xD9])
}
