//! The marker structure of a JPEG file: how many components it has, and whether it is all there.
//!
//! # Definition
//!
//! A JPEG is a chain of segments, `FF`, a marker byte and (for most) a big-endian length, up to a start of scan (`DA`);
//! then entropy-coded data, in which an `FF` is always followed by `00` or a restart marker, and which may be interrupted
//! by further segments and scans, up to the end of image (`D9`).
//!
//! Decoders fill what is missing with grey and say nothing, so completeness is checked here: an end-of-image marker has
//! to lie behind the first start of scan. Segments before it are stepped over whole, so that the marker of a thumbnail
//! (which lies inside one) does not count. Bytes behind the end of image are no fault. Looking starts at the end of the
//! file, where the marker usually is.
//!
//! # References
//!
//! ITU-T T.81, annex B.

/// What the segments before the first scan say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Colour components: 1 grey, 3 colour, 4 CMYK.
    pub n_components: u8,
    /// Where the first scan's data begin.
    pub scan_start: usize,
}

/// Walks the segments up to the first scan; `None` if the file ends before it.
pub(super) fn read_layout(bytes: &[u8]) -> Option<Layout> {
    let mut n_components = 0;
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
                    return (scan_start <= bytes.len()).then_some(Layout { n_components, scan_start });
                }
                if is_frame_header(marker) {
                    n_components = *bytes.get(at + 9)?;
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

/// Whether an end of image follows the first scan.
pub(super) fn is_complete(bytes: &[u8], layout: &Layout) -> bool {
    bytes[layout.scan_start..].windows(2).rev().any(|pair| pair == [0xFF, 0xD9])
}
