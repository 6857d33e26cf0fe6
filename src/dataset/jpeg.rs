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
}

/// Walks the segments up to the first scan; `None` if the file ends before it.
pub(super) fn read_layout(bytes: &[u8]) -> Option<Layout> {
    let mut n_components = 0;
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
                    return (scan_start <= bytes.len()).then_some(Layout { size, n_components, scan_start });
                }
                if is_frame_header(marker) {
                    n_components = *bytes.get(at + 9)?;
                    let side = |i: usize| Some(usize::from(u16::from_be_bytes([*bytes.get(i)?, *bytes.get(i + 1)?])));
                    size = Size { height: side(at + 5)?, width: side(at + 7)? };
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
