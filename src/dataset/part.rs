//! Which part of an image is wanted, and how large: what a decoder may leave out.

use std::ops::Range;

use crate::spectral::Size;

/// Times the working size that the shorter side of a JPEG has to be longer than for the decoder to make it smaller.
const REDUCED_BEYOND: usize = 4;

/// Times the working size that the decoder leaves of the shorter side, at the least: the resampler does the rest.
const LEFT_BY_DECODER: usize = 2;

/// What both sides of a JPEG of `stored` pixels are divided by while it is decoded, for a working side of `side_px`: 1
/// up to 4 times the working side, else the largest of 2, 4 and 8 that leaves at least twice as much.
pub(super) fn denominator(stored: Size, side_px: usize) -> usize {
    let side = stored.shorter_side();
    let leaves_enough = |d: &usize| side >= d.saturating_mul(LEFT_BY_DECODER).saturating_mul(side_px);
    if side <= side_px.saturating_mul(REDUCED_BEYOND) {
        return 1;
    }
    [8, 4, 2].into_iter().find(leaves_enough).unwrap_or(1)
}

/// What libjpeg makes of `stored` with both sides divided by `denominator`: a block that is begun counts as whole.
pub(super) fn reduced(stored: Size, denominator: usize) -> Size {
    Size::new(stored.height.div_ceil(denominator), stored.width.div_ceil(denominator))
}

/// The rows and columns of an image that are wanted. What lies outside need not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Columns, pixels of the decoded image.
    pub columns: Range<usize>,
    /// Rows, pixels of the decoded image.
    pub rows: Range<usize>,
}

impl Part {
    /// All of an image of `size`.
    pub fn whole(size: Size) -> Self {
        Self { columns: 0..size.width, rows: 0..size.height }
    }

    /// The smallest part that holds both.
    pub fn union(&self, other: &Self) -> Self {
        let around = |a: &Range<usize>, b: &Range<usize>| a.start.min(b.start)..a.end.max(b.end);
        Self { columns: around(&self.columns, &other.columns), rows: around(&self.rows, &other.rows) }
    }

    /// A window of `size` with its first pixel at `(x, y)`.
    pub(super) fn window((x, y): (usize, usize), size: Size) -> Self {
        Self { columns: x..x + size.width, rows: y..y + size.height }
    }

    /// Column and row of the first pixel.
    pub(super) fn origin(&self) -> (usize, usize) {
        (self.columns.start, self.rows.start)
    }
}
