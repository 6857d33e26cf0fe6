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
//!
//! Latents have no range: their code is the value in steps of 2⁻²⁰, halves to even, for values up to 2¹⁰. A code from
//! 2²⁴ on is that of a single whose digits end above the step, so these codes are exact integers in `f32`, too.

use std::fmt;
use std::sync::LazyLock;

use multiversion::multiversion;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::named::Named;

/// Most channels that latents may have.
pub const MAX_LATENT_CHANNELS: usize = 4096;

/// Largest magnitude of a latent.
pub const MAX_LATENT: f32 = 1024.0;

/// Steps of latents in one unit: what is finer is rounded.
const LATENT_STEPS: f32 = (1 << 20) as f32;

/// What latents' channels are called: their numbers.
static NUMBERS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| (0..MAX_LATENT_CHANNELS).map(|c| &*c.to_string().leak()).collect());

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
    /// So many channels of latents, whose values are taken as they are; at most [`MAX_LATENT_CHANNELS`].
    Latent(u16),
}

/// What can be made of images.
impl Named for Channels {
    const NAMES: &'static [(Self, &'static [&'static str])] =
        &[(Self::Rgb, &["rgb"]), (Self::Luma, &["luma"]), (Self::Ycbcr, &["ycbcr"])];
}

impl Channels {
    /// The name used on the command line; `latent` for latents of any number of channels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rgb => "rgb",
            Self::Luma => "luma",
            Self::Ycbcr => "ycbcr",
            Self::Latent(_) => "latent",
        }
    }

    /// Number of planes: 3, 1 or 3, or that of the latents.
    pub fn count(self) -> usize {
        self.names().len()
    }

    /// Whether values are those of latents, without a range and without rounding to 8 bits.
    pub fn are_latent(self) -> bool {
        matches!(self, Self::Latent(_))
    }

    /// Names of the planes, in order.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Channels::Rgb => &["r", "g", "b"],
            Channels::Luma => &["luma"],
            Channels::Ycbcr => &["y", "cb", "cr"],
            Channels::Latent(n) => &NUMBERS[..usize::from(n)],
        }
    }

    /// Largest magnitude of a code of any channel.
    pub fn largest_code(self) -> u64 {
        match self {
            Channels::Rgb => 255,
            Channels::Luma => 255_000,
            Channels::Ycbcr => 1_275_000,
            Channels::Latent(_) => (MAX_LATENT * LATENT_STEPS) as u64,
        }
    }

    /// Half-ranges per code step of `channel`: codes of pixels times this lie in `[-1, 1]`; of latents values.
    pub fn code_unit(self, channel: usize) -> f64 {
        match (self, channel) {
            (Channels::Rgb, _) => 1.0 / 255.0,
            (Channels::Luma, _) | (Channels::Ycbcr, 0) => 1.0 / 255_000.0,
            (Channels::Ycbcr, _) => 1.0 / 1_275_000.0,
            (Channels::Latent(_), _) => 1.0 / f64::from(LATENT_STEPS),
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
    /// If a plane ends before the row does, or the channels are latents.
    pub fn split_row(self, row: &[u8], start: usize, planes: &mut [f32]) {
        let n_pixels = planes.len() / self.count();
        let end = start + row.len() / 3;
        assert!(!self.are_latent(), "latents are no RGB");
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

/// Writes the codes of latents; values beyond [`MAX_LATENT`] have none.
///
/// # Panics
///
/// If there are not as many codes as values.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn latent_codes(values: &[f32], codes: &mut [f32]) {
    assert_eq!(values.len(), codes.len(), "a code for each value");
    for (code, value) in codes.iter_mut().zip(values) {
        *code = (value * LATENT_STEPS).round_ties_even();
    }
}

impl fmt::Display for Channels {
    /// As in files: `rgb`, or `latent:4` for latents of four channels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latent(n) => write!(f, "latent:{n}"),
            _ => f.pad(self.name()),
        }
    }
}

impl Serialize for Channels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Channels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let count = || name.strip_prefix("latent:")?.parse().ok();
        let latent = || count().filter(|n| (1..=MAX_LATENT_CHANNELS).contains(&usize::from(*n))).map(Self::Latent);
        let unknown = || serde::de::Error::custom(format!("`{name}` is none of rgb, luma, ycbcr, latent:N"));
        Self::from_name(&name).or_else(latent).ok_or_else(unknown)
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
