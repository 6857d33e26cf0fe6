//! From interleaved 8-bit RGB to the planes that are transformed: RGB, luma or YCbCr, as exact integers in single
//! precision.
//!
//! # Definition
//!
//! Each channel of a pixel is an integer *code* centred on the middle of the value range: `2v − 255` for an RGB
//! channel, `2(299R + 587G + 114B) − 255000` for luma (ITU-R BT.601, the weights of Pillow's `L`), and the JFIF
//! combinations to four digits for Cb and Cr. The value of the pixel in a range `[lo, hi]` is `(lo+hi)/2 + code ·
//! (hi−lo)/2 · unit`, with the channel's [`Channels::code_unit`]. Every code is below 2²⁴ in magnitude, so it is exact
//! in `f32`, and sums of codes are exact integers.

use multiversion::multiversion;

use super::named::named;

/// Which channels are transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Channels {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// One channel: `0.299 R + 0.587 G + 0.114 B`.
    Luma,
    /// Luma and the two colour differences of JPEG files.
    Ycbcr,
}

named!(Channels { Rgb = "rgb", Luma = "luma", Ycbcr = "ycbcr" });

impl Channels {
    /// Number of planes: 3, 1 or 3.
    pub fn count(self) -> usize {
        self.names().len()
    }

    /// Names of the planes, in order.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Channels::Rgb => &["r", "g", "b"],
            Channels::Luma => &["luma"],
            Channels::Ycbcr => &["y", "cb", "cr"],
        }
    }

    /// Largest magnitude of a code of any channel.
    pub fn largest_code(self) -> u64 {
        match self {
            Channels::Rgb => 255,
            Channels::Luma => 255_000,
            Channels::Ycbcr => 1_275_000,
        }
    }

    /// Half-ranges per code step of `channel`: codes times this lie in `[-1, 1]`.
    pub fn code_unit(self, channel: usize) -> f64 {
        match (self, channel) {
            (Channels::Rgb, _) => 1.0 / 255.0,
            (Channels::Luma, _) | (Channels::Ycbcr, 0) => 1.0 / 255_000.0,
            (Channels::Ycbcr, _) => 1.0 / 1_275_000.0,
        }
    }

    /// Writes the codes of the rows of an image (interleaved RGB, 3 bytes a pixel) into `planes`, one plane of
    /// `n_pixels` after the other.
    ///
    /// # Panics
    ///
    /// If `planes` does not hold [`Channels::count`] values per pixel, or the rows hold more pixels than that.
    pub fn split<'a>(self, rows: impl Iterator<Item = &'a [u8]>, n_pixels: usize, planes: &mut [f32]) {
        assert_eq!(planes.len(), n_pixels * self.count(), "one plane per channel");
        let mut start = 0;
        for row in rows {
            self.split_row(row, start, planes);
            start += row.len() / 3;
        }
        assert_eq!(start, n_pixels, "the rows hold one image");
    }

    /// Writes the codes of one row into each of `planes`, from position `start` of the plane on.
    ///
    /// # Panics
    ///
    /// If a plane ends before the row does.
    pub fn split_row(self, row: &[u8], start: usize, planes: &mut [f32]) {
        let n_pixels = planes.len() / self.count();
        let end = start + row.len() / 3;
        if self == Channels::Luma {
            for (p, y) in row.chunks_exact(3).zip(&mut planes[start..end]) {
                *y = luma_code(p) as f32;
            }
            return;
        }
        let (first, rest) = planes.split_at_mut(n_pixels);
        let (second, third) = rest.split_at_mut(n_pixels);
        let planes = [&mut first[start..end], &mut second[start..end], &mut third[start..end]];
        if self == Channels::Rgb { split_rgb(row, planes) } else { split_ycbcr(row, planes) }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn split_rgb(row: &[u8], planes: [&mut [f32]; 3]) {
    let [red, green, blue] = planes;
    for (((p, r), g), b) in row.chunks_exact(3).zip(red).zip(green).zip(blue) {
        *r = (2 * i32::from(p[0]) - 255) as f32;
        *g = (2 * i32::from(p[1]) - 255) as f32;
        *b = (2 * i32::from(p[2]) - 255) as f32;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn split_ycbcr(row: &[u8], planes: [&mut [f32]; 3]) {
    let [luma, blue, red] = planes;
    for (((p, y), cb), cr) in row.chunks_exact(3).zip(luma).zip(blue).zip(red) {
        let [r, g, b] = [i32::from(p[0]), i32::from(p[1]), i32::from(p[2])];
        *y = luma_code(p) as f32;
        *cb = (-1687 * r - 3313 * g + 5000 * b) as f32;
        *cr = (5000 * r - 4187 * g - 813 * b) as f32;
    }
}

fn luma_code(p: &[u8]) -> i32 {
    2 * (299 * i32::from(p[0]) + 587 * i32::from(p[1]) + 114 * i32::from(p[2])) - 255_000
}

#[cfg(test)]
mod tests;
