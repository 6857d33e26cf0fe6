//! Which part of an image is wanted, and how large: what a decoder may leave out.

use std::ops::Range;

use crate::spectral::Size;

/// The rows and columns of an image that are wanted. What lies outside need not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Columns, pixels of the image.
    pub columns: Range<usize>,
    /// Rows, pixels of the image.
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
