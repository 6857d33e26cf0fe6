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

use image::ImageFormat;

use super::damage::Damaged;
use super::skip::SkipReason;
use super::sniff::{Content, SNIFF_BYTES, sniff};
use crate::spectral::Size;

/// Most pixels that a byte of Huffman-coded data can hold: eight blocks of 64, four times for subsampling.
const MAX_PIXELS_PER_BYTE: usize = 8 * 64 * 4;

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
}

/// Walks the segments up to the first scan; `None` if the file ends before it.
fn read_layout(bytes: &[u8]) -> Option<Layout> {
    let mut layout = Layout {
        size: Size { height: 0, width: 0 },
        n_components: 0,
        precision_bits: 8,
        frame_marker: 0,
        scan_start: 0,
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
                    return (layout.scan_start <= bytes.len()).then_some(layout);
                }
                if is_frame_header(marker) {
                    let side = |i: usize| Some(usize::from(u16::from_be_bytes([*bytes.get(i)?, *bytes.get(i + 1)?])));
                    layout.frame_marker = marker;
                    layout.precision_bits = *bytes.get(at + 4)?;
                    layout.size = Size { height: side(at + 5)?, width: side(at + 7)? };
                    layout.n_components = *bytes.get(at + 9)?;
                }
                2 + length
            }
        };
    }
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

    /// Looks whether the data can hold the pixels and have an end.
    ///
    /// # Errors
    ///
    /// If not, unless damaged files are wanted.
    pub fn check_data(&self, bytes: &[u8], damaged: Damaged) -> Result<(), SkipReason> {
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

    /// Whether libjpeg decodes it to pixels here: grey and three colours.
    pub fn is_decodable(&self) -> bool {
        matches!(self.n_components, 1 | 3)
    }
}

/// Whether the file is too short for the pixels it promises, whatever they are.
fn is_too_short(bytes: &[u8], layout: &Layout) -> bool {
    (bytes.len() - layout.scan_start).saturating_mul(MAX_PIXELS_PER_BYTE) < layout.size.n_pixels()
}

/// Whether an end of image follows the first scan.
fn is_complete(bytes: &[u8], layout: &Layout) -> bool {
    bytes[layout.scan_start..].windows(2).rev().any(|pair| pair == [0xFF, 0xD9])
}
