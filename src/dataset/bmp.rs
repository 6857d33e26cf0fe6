//! Run-length BMP files: whether the runs reach the end of the image.
//!
//! # Definition
//!
//! The data are pairs of bytes. `n v` is a run of n pixels; `0 n` with n ≥ 3 is followed by n pixels one by one (a
//! nibble each with 4 bits), padded to two bytes; `0 0` ends a row, `0 1` the image, and `0 2 x y` skips. Decoders fill
//! what no run has reached with black and say nothing: an end of the image before its last pixel is damage. (Skipping
//! pixels is allowed, and no sign of any.)

use super::damage::Damaged;
use super::skip::SkipReason;

/// Bytes of the smallest header with a field for the compression.
const INFO_HEADER_BYTES: u32 = 40;

/// Whether the file ends before its image does, where that is tolerated.
///
/// # Errors
///
/// If it does, and damaged files are not wanted.
pub(super) fn check(bytes: &[u8], damaged: Damaged) -> Result<bool, SkipReason> {
    let is_short = ends_early(bytes);
    if is_short && damaged == Damaged::Skip {
        return Err(SkipReason::Damaged { format: "BMP", what: "its runs end before its pixels do" });
    }
    Ok(is_short)
}

/// Whether the file is run-length coded and ends before its image does. Headers that make no sense are not judged here.
fn ends_early(bytes: &[u8]) -> bool {
    let number = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let header = || Some((number(10)?, number(14)?, number(18)?, number(22)?, number(30)?));
    let Some((start, header_bytes, width, height, compression)) = header() else { return false };
    let pixels_per_byte = match compression {
        1 => 1,
        2 => 2,
        _ => return false,
    };
    let (width, height) = (u64::from(width), u64::from(height));
    if header_bytes < INFO_HEADER_BYTES || width == 0 || height > i32::MAX as u64 {
        return false;
    }
    let data = bytes.get(start as usize..).unwrap_or_default();
    let (x, y) = position_at_end(data, pixels_per_byte);
    y < height && (y + 1 < height || x < width)
}

/// Column and row behind the last pixel, rows counted in the order of the file.
fn position_at_end(mut data: &[u8], pixels_per_byte: usize) -> (u64, u64) {
    let (mut x, mut y) = (0u64, 0u64);
    while let [first, second, rest @ ..] = data {
        data = rest;
        match (first, second, rest) {
            (0, 0, _) => (x, y) = (0, y + 1),
            (0, 1, _) => break,
            (0, 2, [right, down, rest @ ..]) => {
                (x, y) = (x + u64::from(*right), y + u64::from(*down));
                data = rest;
            }
            (0, 2, _) => break,
            (0, n, _) => {
                let n_bytes = usize::from(*n).div_ceil(pixels_per_byte).next_multiple_of(2);
                // What is cut off there the decoder misses, too.
                let Some(rest) = rest.get(n_bytes..) else { break };
                x += u64::from(*n);
                data = rest;
            }
            (n, _, _) => x += u64::from(*n),
        }
    }
    (x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 4×2 BMP of 8 bits with these runs.
    fn bmp(runs: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 54];
        bytes[..2].copy_from_slice(b"BM");
        for (at, value) in [(10, 54u32), (14, 40), (18, 4), (22, 2), (26, 1 + (8 << 16)), (30, 1)] {
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        bytes.extend_from_slice(runs);
        bytes
    }

    #[test]
    fn an_end_before_the_last_pixel_is_seen() {
        let whole: [&[u8]; 5] = [
            &[4, 7, 0, 0, 4, 7, 0, 1],
            &[4, 7, 0, 0, 4, 7, 0, 0, 0, 1],
            &[0, 4, 1, 2, 3, 4, 0, 0, 4, 7, 0, 1],
            &[0, 3, 1, 2, 3, 0, 1, 9, 0, 0, 4, 7, 0, 1],
            &[0, 2, 4, 1, 0, 1],
        ];
        for runs in whole {
            assert!(!ends_early(&bmp(runs)), "{runs:?}");
        }
        let early: [&[u8]; 6] =
            [&[], &[0, 1], &[4, 7, 0, 1], &[4, 7, 0, 0, 0, 1], &[4, 7, 0, 0, 3, 7, 0, 1], &[4, 7, 0, 0, 0, 4, 1, 2]];
        for runs in early {
            assert!(ends_early(&bmp(runs)), "{runs:?}");
        }
        let mut plain = bmp(&[0, 1]);
        plain[30] = 0;
        assert!(!ends_early(&plain) && !ends_early(&plain[..20]));
    }
}
