//! JPEG files: their marker structure (size, components, whether the file is all there) and their pixels.
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
//! Grey and colour files are decoded by libjpeg-turbo's code (through MozJPEG), the decoder of Pillow, OpenCV and
//! torchvision: decoders differ by a few levels in the inverse transform and in how they enlarge subsampled colour, and
//! a spectrum shows it. CMYK files are left to the `image` crate.
//!
//! # References
//!
//! ITU-T T.81, annex B.

use crate::spectral::Size;

/// What the segments before the first scan say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Height and width, pixels.
    pub size: Size,
    /// Colour components: 1 grey, 3 colour, 4 CMYK.
    pub n_components: u8,
    /// Where the first scan's data begin.
    pub scan_start: usize,
    /// Components of the first scan.
    pub n_in_scan: u8,
    /// Whether the image comes in scans of increasing detail.
    pub is_progressive: bool,
    /// Coefficients of all components, those that fill up the blocks included.
    n_coefficients: u64,
}

impl Layout {
    /// Whether the decoder has to keep the coefficients of the whole image until it has seen the last scan.
    pub fn keeps_coefficients(&self) -> bool {
        self.is_progressive || self.n_in_scan < self.n_components
    }

    /// Coefficients of all components, those that fill up the blocks included.
    pub fn n_coefficients(&self) -> u64 {
        self.n_coefficients
    }
}

/// Walks the segments up to the first scan; `None` if the file ends before it.
pub(super) fn read_layout(bytes: &[u8]) -> Option<Layout> {
    let (mut n_components, mut is_progressive, mut n_coefficients) = (0, false, 0);
    let mut size = Size { height: 0, width: 0 };
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
                    let scan_start = at + 2 + length;
                    let n_in_scan = *bytes.get(at + 4)?;
                    let layout = Layout { size, n_components, scan_start, n_in_scan, is_progressive, n_coefficients };
                    return (scan_start <= bytes.len()).then_some(layout);
                }
                if is_frame_header(marker) {
                    n_components = *bytes.get(at + 9)?;
                    let side = |i: usize| Some(usize::from(u16::from_be_bytes([*bytes.get(i)?, *bytes.get(i + 1)?])));
                    size = Size { height: side(at + 5)?, width: side(at + 7)? };
                    is_progressive = matches!(marker, 0xC2 | 0xC6 | 0xCA | 0xCE);
                    n_coefficients = count_coefficients(size, bytes.get(at + 10..at + 2 + length).unwrap_or_default());
                }
                2 + length
            }
        };
    }
}

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

/// Scans of a JPEG; counting stops at `limit`.
pub(super) fn count_scans(bytes: &[u8], layout: &Layout, limit: usize) -> usize {
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

/// Whether a segment with this marker is a start of frame. `C4`, `C8` and `CC` are tables and extensions.
fn is_frame_header(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// Whether [`decode_rgb`] reads files of this layout: grey and three colours.
pub(super) fn is_decodable(layout: &Layout) -> bool {
    matches!(layout.n_components, 1 | 3)
}

/// Decodes a grey or colour JPEG of the layout's size into `pixels`, interleaved RGB.
///
/// # Errors
///
/// If the decoder refuses the file, or finds another size than the layout's.
///
/// # Panics
///
/// libjpeg's fatal errors arrive as unwinding panics (without a message on stderr); the caller catches them.
pub(super) fn decode_rgb(bytes: &[u8], layout: &Layout, pixels: &mut [u8]) -> std::io::Result<()> {
    let decoder = mozjpeg::Decompress::new_mem(bytes)?;
    if decoder.size() != (layout.size.width, layout.size.height) {
        return Err(std::io::Error::other("its headers contradict each other"));
    }
    let mut started = decoder.rgb()?;
    started.read_scanlines_into::<u8>(pixels)?;
    started.finish()
}

/// Whether an end of image follows the first scan.
pub(super) fn is_complete(bytes: &[u8], layout: &Layout) -> bool {
    bytes[layout.scan_start..].windows(2).rev().any(|pair| pair == [0xFF, 0xD9])
}
