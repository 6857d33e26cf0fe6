//! PNG: plotters' bitmap backend, drawn finer than the output and averaged down.
//!
//! Plotters places points on whole pixels. Drawing at twice the output's resolution and averaging blocks gives
//! fractional positions and smooth edges without any other library.

use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, TextStyle};

use super::error::PlotError;
use super::font;
use super::pixels::{Pixels, encode_png};
use super::style::{Align, Colour, Text};
use super::surface::{DevicePoint, Surface};
use crate::dataset::OwnPicture;

/// Output pixels per logical pixel: sharp on dense screens and in print.
const OUTPUT_PER_PX: u32 = 2;
/// Drawn pixels per output pixel, along each axis.
const FINER: u32 = 2;
/// Drawn pixels per logical pixel: the device units.
const UNITS: u32 = OUTPUT_PER_PX * FINER;

/// The drawn pixels.
#[derive(Debug)]
pub struct BitmapSurface {
    size_px: (u32, u32),
    scale: f64,
    fine: Vec<u8>,
}

impl BitmapSurface {
    /// A white page of the given width and height in logical pixels, shown at `scale` CSS pixels to each.
    pub fn new(size_px: (u32, u32), scale: f64) -> Self {
        let n_pixels = (size_px.0 * UNITS) as usize * (size_px.1 * UNITS) as usize;
        Self { size_px, scale, fine: vec![255; 3 * n_pixels] }
    }

    fn backend(&mut self) -> BitMapBackend<'_> {
        let (width, height) = self.size_px;
        BitMapBackend::with_buffer(&mut self.fine, (width * UNITS, height * UNITS))
    }

    /// A straight line; along an axis it is an exact rectangle.
    fn segment(&mut self, from: DevicePoint, to: DevicePoint, width: i32, colour: Colour) -> Result<(), PlotError> {
        let (before, after) = (width / 2, width - width / 2);
        let low = (from.0.min(to.0), from.1.min(to.1));
        let high = (from.0.max(to.0), from.1.max(to.1));
        if low.0 == high.0 {
            self.rect((low.0 - before, low.1), (low.0 + after, high.1), colour)
        } else if low.1 == high.1 {
            self.rect((low.0, low.1 - before), (high.0, low.1 + after), colour)
        } else {
            let style = colour.stroke_width(width.unsigned_abs());
            self.backend().draw_line(from, to, &style).map_err(PlotError::draw)
        }
    }
}

impl Surface for BitmapSurface {
    fn size_px(&self) -> (u32, u32) {
        self.size_px
    }

    fn units_per_px(&self) -> f64 {
        f64::from(UNITS)
    }

    /// One quadrilateral per segment and a disc at each inner point. The backend's own outline of a wide path crosses
    /// itself at sharp turns and leaves holes there, and noisy spectra have many.
    fn path(&mut self, points: &[DevicePoint], width: i32, colour: Colour) -> Result<(), PlotError> {
        let mut points = points.to_vec();
        points.dedup();
        for (i, pair) in points.windows(2).enumerate() {
            if i > 0 && width > 2 {
                self.disc(pair[0], width / 2, colour)?;
            }
            self.segment(pair[0], pair[1], width, colour)?;
        }
        Ok(())
    }

    fn polygon(&mut self, points: &[DevicePoint], colour: Colour) -> Result<(), PlotError> {
        self.backend().fill_polygon(points.iter().copied(), &colour).map_err(PlotError::draw)
    }

    fn rect(&mut self, from: DevicePoint, to: DevicePoint, colour: Colour) -> Result<(), PlotError> {
        self.backend().draw_rect(from, to, &colour, true).map_err(PlotError::draw)
    }

    fn disc(&mut self, centre: DevicePoint, radius: i32, colour: Colour) -> Result<(), PlotError> {
        self.backend().draw_circle(centre, radius.unsigned_abs(), &colour, true).map_err(PlotError::draw)
    }

    fn text(&mut self, text: &str, at: DevicePoint, look: Text) -> Result<(), PlotError> {
        let turn = if look.rising { FontTransform::Rotate270 } else { FontTransform::None };
        let side = match look.align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        let font = font::sized(look.size_px * self.units_per_px()).transform(turn);
        // Anchored at the top, plotters sets the baseline as far below the point as the surface promises.
        let style = TextStyle { font, color: look.colour.to_backend_color(), pos: Pos::new(side, VPos::Top) };
        self.backend().draw_text(text, &style, at).map_err(PlotError::draw)
    }

    fn image(&mut self, from: DevicePoint, to: DevicePoint, pixels: &Pixels) -> Result<(), PlotError> {
        let (width, height) = ((to.0 - from.0).max(0) as usize, (to.1 - from.1).max(0) as usize);
        let mut stretched = Vec::with_capacity(3 * width * height);
        for y in 0..height {
            let row = y * pixels.height / height;
            if y > 0 && (y - 1) * pixels.height / height == row {
                stretched.extend_from_within(stretched.len().saturating_sub(3 * width)..);
                continue;
            }
            for x in 0..width {
                let at = 3 * (row * pixels.width + x * pixels.width / width);
                // Of a list that is too short nothing is taken, and the next check fails.
                stretched.extend_from_slice(pixels.rgb.get(at..at + 3).unwrap_or_default());
            }
        }
        PlotError::check_length("image", stretched.len(), 3 * width * height)?;
        self.backend().blit_bitmap(from, (width as u32, height as u32), &stretched).map_err(PlotError::draw)
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>, PlotError> {
        let (width, height) = self.size_px;
        let (width, height) = ((width * UNITS) as usize, (height * UNITS) as usize);
        let fine = Pixels { width, height, rgb: self.fine };
        let pixels_per_inch = 96.0 * f64::from(OUTPUT_PER_PX) / self.scale;
        encode_png(&average_blocks(&fine), OwnPicture::Plot, Some(pixels_per_inch))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::style::BLACK;
    use crate::report::plot::testing::decode_png;

    const U: i32 = UNITS as i32;

    fn finished(surface: BitmapSurface) -> Pixels {
        decode_png(&Box::new(surface).finish().unwrap())
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
        let mut surface = BitmapSurface::new((20, 10), 1.0);
        surface.path(&[(5 * U, 5 * U), (15 * U, 5 * U)], 2 * U, BLACK).unwrap();
        let pixels = finished(surface);
        assert_eq!((pixels.width, pixels.height), (40, 20));
        let black = pixels.rgb.chunks(3).filter(|p| p[0] == 0).count();
        assert_eq!(black, 20 * 4);
    }

    #[test]
    fn an_image_is_stretched_over_its_rectangle() {
        let pixels = Pixels { width: 2, height: 1, rgb: vec![10, 20, 30, 200, 210, 220] };
        let (from, to) = ((U, U), (3 * U, 2 * U));
        let mut surface = BitmapSurface::new((4, 4), 1.0);
        assert!(surface.image(from, to, &Pixels { rgb: vec![0; 3], ..pixels.clone() }).is_err());
        surface.image(from, to, &pixels).unwrap();
        let drawn = finished(surface);
        let at = |x: usize, y: usize| drawn.rgb[3 * (y * drawn.width + x)..][..3].to_vec();
        assert_eq!(at(2, 2), [10, 20, 30]);
        assert_eq!(at(5, 3), [200, 210, 220]);
        assert_eq!(at(6, 3), [255, 255, 255]);
    }
}
