//! The middle of a file's image as planes of single precision: luma, and what its red and green do not share.

use crate::spectral::Size;

/// Longest side of the window that is looked at, pixels: enough for every detector, and a bound on time and memory.
pub const WINDOW_PX: usize = 384;

/// Blocks of JPEG files: the window begins at a multiple, so that their grid keeps its place.
pub const BLOCK_PX: usize = 8;

/// Planes of one window, codes of 0 … 255, row by row.
#[derive(Debug, Clone)]
pub struct Planes {
    /// `0.299 R + 0.587 G + 0.114 B`.
    pub luma: Vec<f32>,
    /// `(R − G)/√2`: independent noise of the channels has the same deviation in it as in each of them.
    pub chroma: Vec<f32>,
    /// Whether every pixel has R = G: an image without colour.
    pub is_grey: bool,
    /// Height and width of the window, pixels.
    pub size: Size,
}

impl Default for Planes {
    fn default() -> Self {
        let plane = || Vec::with_capacity(WINDOW_PX * WINDOW_PX);
        Self { luma: plane(), chroma: plane(), is_grey: true, size: Size::new(1, 1) }
    }
}

impl Planes {
    /// Takes the middle of an image of `size`, interleaved RGB bytes, rows without gaps. No allocation.
    ///
    /// # Panics
    ///
    /// If `pixels` does not hold `size`.
    pub fn fill(&mut self, pixels: &[u8], size: Size) {
        assert_eq!(pixels.len(), 3 * size.n_pixels(), "three bytes a pixel");
        let begin = |side: usize| side.saturating_sub(WINDOW_PX) / 2 / BLOCK_PX * BLOCK_PX;
        let (top, left) = (begin(size.height), begin(size.width));
        self.size = Size::new(size.height.min(WINDOW_PX), size.width.min(WINDOW_PX));
        self.luma.clear();
        self.chroma.clear();
        self.is_grey = true;
        for row in pixels.chunks_exact(3 * size.width).skip(top).take(self.size.height) {
            let row = &row[3 * left..][..3 * self.size.width];
            let luma = row
                .chunks_exact(3)
                .map(|p| 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]));
            self.luma.extend(luma);
            let difference = |p: &[u8]| (f32::from(p[0]) - f32::from(p[1])) * std::f32::consts::FRAC_1_SQRT_2;
            self.chroma.extend(row.chunks_exact(3).map(difference));
            self.is_grey &= row.chunks_exact(3).all(|p| p[0] == p[1]);
        }
    }

    /// Rows of luma.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.luma.chunks_exact(self.size.width)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    /// Values of 20 … 230 without structure, `side × side`.
    pub fn grained(side: usize, seed: u64) -> Vec<f32> {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        (0..side * side).map(|_| random.random_range(20.0f32..230.0)).collect()
    }

    /// A grey square image, each value rounded to a code.
    pub fn planes_of(side: usize, value: impl Fn(usize, usize) -> f32) -> Planes {
        let codes = (0..side * side).flat_map(|i| [value(i % side, i / side).round().clamp(0.0, 255.0) as u8; 3]);
        let mut planes = Planes::default();
        planes.fill(&codes.collect::<Vec<u8>>(), Size::square(side));
        planes
    }

    #[test]
    fn the_window_is_the_middle_and_begins_at_a_block() {
        let size = Size::new(10, 1000);
        let pixels: Vec<u8> = (0..10_000).flat_map(|i| [(i % 1000 / 4) as u8, 0, 0]).collect();
        let mut planes = Planes::default();
        planes.fill(&pixels, size);
        assert_eq!(planes.size, Size::new(10, WINDOW_PX));
        assert_eq!(planes.luma.len(), 10 * WINDOW_PX);
        // 1000 − 384 = 616, half of it rounded down to a multiple of 8 is 304.
        assert!((planes.luma[0] - 0.299 * 76.0).abs() <= 1e-4, "{}", planes.luma[0]);
        assert!((planes.chroma[0] - 76.0 / 2f32.sqrt()).abs() <= 1e-4 && !planes.is_grey);
    }
}
