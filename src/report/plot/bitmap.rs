//! Drawing into pixels: plotters' bitmap backend, drawn finer than the output and averaged down, packed as PNG.
//!
//! Plotters places points on whole pixels. Drawing at twice the output's resolution and averaging blocks gives fractional
//! positions and smooth edges without any other library.

use std::io::Write as _;

use plotters::backend::BitMapBackend;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use super::PlotError;
use super::canvas::Surface;

/// Output pixels per logical pixel: sharp on dense screens and in print.
pub const OUTPUT_PER_PX: u32 = 2;
/// Drawn pixels per output pixel, along each axis.
const FINER: u32 = 2;
/// Drawn pixels per logical pixel.
const UNITS: u32 = OUTPUT_PER_PX * FINER;

/// Plotters' error type for bitmaps, which it does not export by name.
type BitmapError = <BitMapBackend<'static> as DrawingBackend>::ErrorType;
type Drawn = Result<(), DrawingErrorKind<BitmapError>>;

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

/// Packs an image as PNG. `pixels_per_inch` is recorded if given, so that it opens at its logical size.
///
/// # Errors
///
/// [`PlotError::Encode`], for an image without pixels or with a wrong number of bytes.
pub fn encode_png(pixels: &Pixels, pixels_per_inch: Option<f64>) -> Result<Vec<u8>, PlotError> {
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
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels.rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// Draws with `draw` on white at `size_px` logical pixels and returns the PNG.
///
/// # Errors
///
/// What `draw` returns, and [`PlotError::Encode`].
pub fn render_png(
    size_px: (u32, u32),
    draw: impl FnOnce(&mut BitmapSurface<'_>) -> Result<(), PlotError>,
) -> Result<Vec<u8>, PlotError> {
    let (width, height) = (size_px.0 * UNITS, size_px.1 * UNITS);
    let mut fine = vec![255_u8; 3 * width as usize * height as usize];
    {
        let backend = BitMapBackend::with_buffer(&mut fine, (width, height));
        draw(&mut BitmapSurface { backend })?;
    }
    let fine = Pixels { width: width as usize, height: height as usize, rgb: fine };
    encode_png(&average_blocks(&fine), Some(96.0 * f64::from(OUTPUT_PER_PX)))
}

/// The image at `1/FINER` the size, each pixel the mean of its block.
fn average_blocks(fine: &Pixels) -> Pixels {
    let block = FINER as usize;
    let (width, height) = (fine.width / block, fine.height / block);
    let mut rgb = Vec::with_capacity(3 * width * height);
    let mut sums = vec![0_u32; 3 * width];
    for rows in fine.rgb.chunks_exact(3 * fine.width * block) {
        sums.fill(0);
        for row in rows.chunks_exact(3 * fine.width) {
            for (sum, cell) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * block)) {
                for pixel in cell.chunks_exact(3) {
                    for (s, &value) in sum.iter_mut().zip(pixel) {
                        *s += u32::from(value);
                    }
                }
            }
        }
        let n = (block * block) as u32;
        rgb.extend(sums.iter().map(|&s| ((s + n / 2) / n) as u8));
    }
    Pixels { width, height, rgb }
}

/// Plotters' bitmap backend at the fine scale, with lines that join roundly.
pub struct BitmapSurface<'a> {
    backend: BitMapBackend<'a>,
}

impl DrawingBackend for BitmapSurface<'_> {
    type ErrorType = BitmapError;

    fn get_size(&self) -> (u32, u32) {
        self.backend.get_size()
    }

    fn ensure_prepared(&mut self) -> Drawn {
        self.backend.ensure_prepared()
    }

    fn present(&mut self) -> Drawn {
        self.backend.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, colour: BackendColor) -> Drawn {
        self.backend.draw_pixel(point, colour)
    }

    fn draw_line<T: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &T) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<T: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &T, fill: bool) -> Drawn {
        self.backend.draw_rect(from, to, style, fill)
    }

    /// One quadrilateral per segment and a disc at each inner point. The backend's own outline of a wide path crosses
    /// itself at sharp turns and leaves holes there, and noisy spectra have many.
    fn draw_path<T: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &T) -> Drawn {
        let width = style.stroke_width();
        let mut path = path.into_iter();
        let Some(mut from) = path.next() else { return Ok(()) };
        let mut is_first = true;
        for to in path {
            if to == from {
                continue;
            }
            if !is_first && width > 2 {
                self.backend.draw_circle(from, width / 2, &style.color(), true)?;
            }
            is_first = false;
            self.draw_segment(from, to, style)?;
            from = to;
        }
        Ok(())
    }

    fn fill_polygon<T: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &T) -> Drawn {
        self.backend.fill_polygon(path, style)
    }

    fn draw_circle<T: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &T, fill: bool) -> Drawn {
        self.backend.draw_circle(centre, radius, style, fill)
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Drawn {
        self.backend.draw_text(text, style, at)
    }
}

impl BitmapSurface<'_> {
    /// A straight line of the style's width; along an axis it is an exact rectangle.
    fn draw_segment<T: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &T) -> Drawn {
        let width = style.stroke_width() as i32;
        let (before, after) = (width / 2, width - width / 2);
        let low = (from.0.min(to.0), from.1.min(to.1));
        let high = (from.0.max(to.0), from.1.max(to.1));
        if low.0 == high.0 {
            self.backend.draw_rect((low.0 - before, low.1), (low.0 + after, high.1), &style.color(), true)
        } else if low.1 == high.1 {
            self.backend.draw_rect((low.0, low.1 - before), (high.0, low.1 + after), &style.color(), true)
        } else {
            self.backend.draw_line(from, to, style)
        }
    }
}

impl Surface for BitmapSurface<'_> {
    fn units_per_px(&self) -> f64 {
        f64::from(UNITS)
    }

    fn draw_image(&mut self, from: BackendCoord, to: BackendCoord, pixels: &Pixels) -> Result<(), PlotError> {
        let (width, height) = ((to.0 - from.0).max(0) as usize, (to.1 - from.1).max(0) as usize);
        let mut stretched = Vec::with_capacity(3 * width * height);
        for y in 0..height {
            let row = y * pixels.height / height * pixels.width;
            for x in 0..width {
                let at = 3 * (row + x * pixels.width / width);
                // A list that is too short is an empty write, and then an error below.
                stretched
                    .write_all(pixels.rgb.get(at..at + 3).unwrap_or_default())
                    .map_err(|e| PlotError::Draw(e.into()))?;
            }
        }
        PlotError::check_length("image", stretched.len(), 3 * width * height)?;
        self.backend
            .blit_bitmap(from, (width as u32, height as u32), &stretched)
            .map_err(|e| PlotError::Draw(Box::new(e)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::style::BLACK;
    use plotters::style::Color;

    fn decode(png: &[u8]) -> Pixels {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        Pixels { width: info.width as usize, height: info.height as usize, rgb }
    }

    #[test]
    fn what_is_packed_comes_back() {
        let pixels = Pixels { width: 3, height: 2, rgb: (0..18).collect() };
        assert_eq!(decode(&encode_png(&pixels, Some(192.0)).unwrap()), pixels);
        assert!(encode_png(&Pixels { width: 0, height: 2, rgb: vec![] }, None).is_err());
        assert!(encode_png(&Pixels { width: 3, height: 2, rgb: vec![0; 17] }, None).is_err());
    }

    #[test]
    fn blocks_are_averaged() {
        let fine = Pixels {
            width: 4,
            height: 2,
            rgb: [[0; 3], [4; 3], [100; 3], [100; 3], [0; 3], [4; 3], [100; 3], [104; 3]].concat(),
        };
        assert_eq!(average_blocks(&fine), Pixels { width: 2, height: 1, rgb: vec![2, 2, 2, 101, 101, 101] });
    }

    #[test]
    fn a_line_covers_its_width_and_length() {
        let style = Color::stroke_width(&BLACK, 2 * UNITS);
        let png = render_png((20, 10), |s| {
            let u = UNITS as i32;
            s.draw_path([(5 * u, 5 * u), (15 * u, 5 * u)], &style).map_err(|e| PlotError::Draw(Box::new(e)))
        });
        let pixels = decode(&png.unwrap());
        assert_eq!((pixels.width, pixels.height), (40, 20));
        let black = pixels.rgb.chunks(3).filter(|p| p[0] == 0).count();
        assert_eq!(black, 20 * 4);
    }

    #[test]
    fn an_image_is_stretched_over_its_rectangle() {
        let pixels = Pixels { width: 2, height: 1, rgb: vec![10, 20, 30, 200, 210, 220] };
        let u = UNITS as i32;
        let drawn = decode(&render_png((4, 4), |s| s.draw_image((u, u), (3 * u, 2 * u), &pixels)).unwrap());
        let at = |x: usize, y: usize| drawn.rgb[3 * (y * drawn.width + x)..][..3].to_vec();
        assert_eq!(at(2, 2), [10, 20, 30]);
        assert_eq!(at(5, 3), [200, 210, 220]);
        assert_eq!(at(6, 3), [255, 255, 255]);
        assert!(
            render_png((4, 4), |s| s.draw_image((u, u), (3 * u, 2 * u), &Pixels { rgb: vec![0; 3], ..pixels }))
                .is_err()
        );
    }
}
