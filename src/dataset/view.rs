//! Working images as windows onto pixels: what a transform yields, without copying.

use crate::spectral::Size;

/// One working image: a rectangle of an interleaved RGB image, 8 bits a channel.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Column of the first pixel in the decoded image, for `crop` and `tile`; zero for transforms that resample, whose
    /// pixels have no single place in it.
    pub x_px: usize,
    /// Row of the first pixel, likewise.
    pub y_px: usize,
    size: Size,
    /// From the first pixel on.
    pixels: &'a [u8],
    /// Bytes from row to row.
    stride: usize,
}

impl<'a> View<'a> {
    /// A window of `size` onto `pixels` (rows of `stride` bytes) with its first pixel at `(x_px, y_px)`.
    ///
    /// # Panics
    ///
    /// If the window is empty or reaches beyond the pixels.
    pub(super) fn new(pixels: &'a [u8], stride: usize, x_px: usize, y_px: usize, size: Size) -> Self {
        assert!(size.n_pixels() > 0 && (x_px + size.width) * 3 <= stride, "a window lies within the rows");
        let first = y_px * stride + x_px * 3;
        let last = first + (size.height - 1) * stride + size.width * 3;
        Self { x_px, y_px, size, pixels: &pixels[first..last], stride }
    }

    /// A window onto a whole image without gaps between rows.
    ///
    /// # Panics
    ///
    /// If `pixels` does not hold `size`.
    pub fn whole(pixels: &'a [u8], size: Size) -> Self {
        Self::new(pixels, size.width * 3, 0, 0, size)
    }

    /// Height and width, pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Rows from top to bottom, `W·3` bytes each.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let n_bytes = self.size.width * 3;
        // The last row ends with the window, short of a whole stride.
        self.pixels.chunks(self.stride).map(move |row| &row[..n_bytes])
    }

    /// Row `y`, `W·3` bytes.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, y: usize) -> &'a [u8] {
        &self.pixels[y * self.stride..][..self.size.width * 3]
    }
}

/// The working images of one decoded image: one, or for `tile` many, row of tiles after row of tiles.
#[derive(Debug, Clone)]
pub struct Views<'a> {
    pixels: &'a [u8],
    stride: usize,
    size: Size,
    x_px: usize,
    y_px: usize,
    n_columns: usize,
    next: usize,
    end: usize,
    /// Whether the place in `pixels` is the place in the decoded image.
    keeps_origin: bool,
}

impl<'a> Views<'a> {
    /// `n_rows × n_columns` adjoining windows of `size`, the first at `(x_px, y_px)`.
    pub(super) fn grid(pixels: &'a [u8], stride: usize, origin: (usize, usize), size: Size, n: (usize, usize)) -> Self {
        let (x_px, y_px) = origin;
        let (n_rows, n_columns) = n;
        Self { pixels, stride, size, x_px, y_px, n_columns, next: 0, end: n_rows * n_columns, keeps_origin: true }
    }

    /// One window of a resampled image.
    pub(super) fn resampled(pixels: &'a [u8], stride: usize, origin: (usize, usize), size: Size) -> Self {
        Self { keeps_origin: false, ..Self::grid(pixels, stride, origin, size, (1, 1)) }
    }
}

impl<'a> Iterator for Views<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<View<'a>> {
        if self.next == self.end {
            return None;
        }
        let x_px = self.x_px + self.next % self.n_columns * self.size.width;
        let y_px = self.y_px + self.next / self.n_columns * self.size.height;
        self.next += 1;
        let view = View::new(self.pixels, self.stride, x_px, y_px, self.size);
        Some(if self.keeps_origin { view } else { View { x_px: 0, y_px: 0, ..view } })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.end - self.next;
        (n, Some(n))
    }
}

impl ExactSizeIterator for Views<'_> {}
