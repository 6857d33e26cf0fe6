//! Images in memory, and their packing as PNG.

use super::error::PlotError;
use crate::dataset::OwnPicture;

/// An RGB image, rows from the top, three bytes per pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue of each pixel, `3·width·height` bytes.
    pub rgb: Vec<u8>,
}

/// Packs an image as PNG, with the mark of what it is; that of a plot has its number of pixels per inch, so that it
/// opens at its logical size.
///
/// # Errors
///
/// [`PlotError::Encode`], for an image without pixels or with a wrong number of bytes.
pub fn encode_png(pixels: &Pixels, mark: OwnPicture, pixels_per_inch: Option<f64>) -> Result<Vec<u8>, PlotError> {
    let side = |n: usize| u32::try_from(n).unwrap_or(0); // The encoder refuses zero.
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side(pixels.width), side(pixels.height));
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    if let Some(ppi) = pixels_per_inch {
        let per_metre = (ppi / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    }
    encoder.add_text_chunk(OwnPicture::KEYWORD.to_owned(), mark.text().to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels.rgb)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::testing::decode_png;
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let pixels = Pixels { width: 3, height: 2, rgb: (0..18).collect() };
        assert_eq!(decode_png(&encode_png(&pixels, OwnPicture::Plot, Some(192.0)).unwrap()), pixels);
        assert!(encode_png(&Pixels { width: 0, height: 2, rgb: vec![] }, OwnPicture::Plot, None).is_err());
        assert!(encode_png(&Pixels { width: 3, height: 2, rgb: vec![0; 17] }, OwnPicture::Plot, None).is_err());
    }
}
