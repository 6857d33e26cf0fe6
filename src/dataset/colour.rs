//! From the samples a decoder yields to 8-bit RGB.
//!
//! # Conventions
//!
//! As Pillow's `convert("RGB")`: grey is repeated in the three channels, alpha is dropped (not blended with anything),
//! palettes and CMYK are expanded. Of 16 bits the upper 8 are kept, which is what Pillow does with 16-bit RGB; 16-bit
//! grey it clips at 255 instead, which turns photographs white, so grey is treated as colour is here.

use image::{ColorType, ExtendedColorType, ImageFormat};

use super::jpeg::Layout;
use super::skip::SkipReason;

/// What had to be done to an image to make it 8-bit RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conversions {
    /// One channel was repeated in three.
    pub grey: bool,
    /// An alpha channel was dropped.
    pub alpha_dropped: bool,
    /// A palette was expanded.
    pub palette: bool,
    /// CMYK inks were turned into light.
    pub cmyk: bool,
    /// Only the upper 8 of 16 bits were kept.
    pub sixteen_bit: bool,
}

impl Conversions {
    /// Whether anything had to be done.
    pub fn any(self) -> bool {
        self != Self::default()
    }

    /// What has to be done to the file `bytes`, whose decoder finds samples of type `stored` and yields `color`.
    pub(super) fn needed(
        bytes: &[u8],
        format: ImageFormat,
        layout: Option<Layout>,
        stored: ExtendedColorType,
        color: ColorType,
    ) -> Self {
        let palette = match format {
            ImageFormat::Gif => true,
            // The colour type in the IHDR chunk, which always comes first.
            ImageFormat::Png => bytes.get(25) == Some(&3),
            // Bits per pixel in the information header.
            ImageFormat::Bmp => bytes.get(28).is_some_and(|&bits| bits <= 8),
            _ => false,
        };
        Self {
            grey: !color.has_color(),
            // A GIF decoder always yields alpha, whether the file has any or not.
            alpha_dropped: color.has_alpha() && format != ImageFormat::Gif,
            palette,
            // The JPEG decoder does not tell that it has expanded CMYK.
            cmyk: layout.is_some_and(|layout| layout.n_components == 4)
                || matches!(stored, ExtendedColorType::Cmyk8 | ExtendedColorType::Cmyk16),
            sixteen_bit: color.bytes_per_pixel() / color.channel_count() == 2,
        }
    }
}

/// Writes `raw`, samples of type `color` in the machine's byte order, as RGB over `out`.
///
/// # Errors
///
/// If samples of this type have no 8-bit meaning (floats).
pub(super) fn to_rgb8(raw: &[u8], color: ColorType, out: &mut [u8]) -> Result<(), SkipReason> {
    let upper = if cfg!(target_endian = "little") { 1 } else { 0 };
    match color {
        ColorType::L8 => spread::<1>(raw, [0, 0, 0], out),
        ColorType::La8 => spread::<2>(raw, [0, 0, 0], out),
        ColorType::Rgb8 => out.copy_from_slice(raw),
        ColorType::Rgba8 => spread::<4>(raw, [0, 1, 2], out),
        ColorType::L16 => spread::<2>(raw, [upper; 3], out),
        ColorType::La16 => spread::<4>(raw, [upper; 3], out),
        ColorType::Rgb16 => spread::<6>(raw, [upper, upper + 2, upper + 4], out),
        ColorType::Rgba16 => spread::<8>(raw, [upper, upper + 2, upper + 4], out),
        other => return Err(SkipReason::UnsupportedSamples { samples: format!("{other:?}") }),
    }
    Ok(())
}

/// Picks the bytes `pick` of every `N` bytes.
fn spread<const N: usize>(raw: &[u8], pick: [usize; 3], out: &mut [u8]) {
    for (out, pixel) in out.chunks_exact_mut(3).zip(raw.chunks_exact(N)) {
        out.copy_from_slice(&pick.map(|i| pixel[i]));
    }
}
