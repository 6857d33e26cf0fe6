//! SVG: coordinates in tenths of a pixel, round joins, stretched images, text as text.
//!
//! An image is embedded as a PNG and stretched over its rectangle by the viewer: a map costs its own size, no more.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::PlotError;
use super::font;
use super::pixels::{Pixels, encode_png};
use super::style::{Align, Colour, Text};
use super::surface::{DevicePoint, Surface};
use crate::dataset::OwnPicture;

/// Device units per logical pixel.
const UNITS: f64 = 10.0;
/// Pixels along each side from which on an image is embedded as it is.
const LEAST_SIDE: usize = 256;

/// An SVG document being drawn.
#[derive(Debug)]
pub struct SvgSurface {
    size_px: (u32, u32),
    document: String,
}

impl SvgSurface {
    /// An empty document of the given width and height in logical pixels, shown at `scale` CSS pixels to each.
    pub fn new(size_px: (u32, u32), scale: f64) -> Self {
        let (w, h) = size_px;
        let shown = [w, h].map(|side| (1e3 * f64::from(side) * scale).round() / 1e3);
        let document = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {w} {h}\">\n\
             <!-- {} -->\n",
            shown[0],
            shown[1],
            OwnPicture::Plot.text()
        );
        Self { size_px, document }
    }

    fn element(&mut self, element: &str) -> Result<(), PlotError> {
        self.document.push_str(element);
        self.document.push('\n');
        Ok(())
    }
}

/// A device length as logical pixels; it is printed with a decimal only where it has one.
fn px(units: i32) -> f64 {
    f64::from(units) / UNITS
}

/// A colour as SVG wants it.
fn hex(Colour(r, g, b): Colour) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// A list of points as SVG wants it.
fn list(points: &[DevicePoint]) -> String {
    points.iter().map(|&(x, y)| format!("{},{}", px(x), px(y))).collect::<Vec<_>>().join(" ")
}

/// The image with each pixel repeated until both sides have about [`LEAST_SIDE`]: some viewers smooth whatever they
/// stretch, and ignore the request not to.
fn repeated(pixels: &Pixels) -> Pixels {
    let times = |side: usize| (LEAST_SIDE / side.max(1)).max(1);
    let (across, down) = (times(pixels.width), times(pixels.height));
    let mut rgb = Vec::with_capacity(pixels.rgb.len() * across * down);
    for row in pixels.rgb.chunks(3 * pixels.width.max(1)) {
        let wide: Vec<u8> = row.chunks(3).flat_map(|pixel| pixel.repeat(across)).collect();
        rgb.extend(wide.repeat(down));
    }
    Pixels { width: pixels.width * across, height: pixels.height * down, rgb }
}

/// Text with the characters XML gives a meaning written as entities, and those it forbids left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

impl Surface for SvgSurface {
    fn size_px(&self) -> (u32, u32) {
        self.size_px
    }

    fn units_per_px(&self) -> f64 {
        UNITS
    }

    fn path(&mut self, points: &[DevicePoint], width: i32, colour: Colour) -> Result<(), PlotError> {
        let (points, width, stroke) = (list(points), px(width), hex(colour));
        self.element(&format!(
            r#"<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="{width}" stroke-linejoin="round"/>"#
        ))
    }

    fn polygon(&mut self, points: &[DevicePoint], colour: Colour) -> Result<(), PlotError> {
        self.element(&format!(r#"<polygon points="{}" fill="{}"/>"#, list(points), hex(colour)))
    }

    fn rect(&mut self, (x0, y0): DevicePoint, (x1, y1): DevicePoint, colour: Colour) -> Result<(), PlotError> {
        let (x, y, w, h, fill) = (px(x0), px(y0), px(x1 - x0), px(y1 - y0), hex(colour));
        self.element(&format!(r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{fill}"/>"#))
    }

    fn disc(&mut self, (x, y): DevicePoint, radius: i32, colour: Colour) -> Result<(), PlotError> {
        let (x, y, r, fill) = (px(x), px(y), px(radius), hex(colour));
        self.element(&format!(r#"<circle cx="{x}" cy="{y}" r="{r}" fill="{fill}"/>"#))
    }

    fn text(&mut self, text: &str, (x, y): DevicePoint, look: Text) -> Result<(), PlotError> {
        let offset = font::baseline_offset(look.size_px * UNITS).round() as i32;
        let (x, y) = if look.rising { (px(x + offset), px(y)) } else { (px(x), px(y + offset)) };
        let turn = if look.rising { format!(r#" transform="rotate(-90 {x} {y})""#) } else { String::new() };
        let anchor = match look.align {
            Align::Start => "start",
            Align::Middle => "middle",
            Align::End => "end",
        };
        let (family, size, fill, text) = (font::FAMILY, look.size_px, hex(look.colour), escape(text));
        self.element(&format!(
            r#"<text x="{x}" y="{y}" font-family="{family}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"{turn}>{text}</text>"#
        ))
    }

    fn image(&mut self, (x0, y0): DevicePoint, (x1, y1): DevicePoint, pixels: &Pixels) -> Result<(), PlotError> {
        let data = STANDARD.encode(encode_png(&repeated(pixels), OwnPicture::Plot, None)?);
        let (x, y, w, h) = (px(x0), px(y0), px(x1 - x0), px(y1 - y0));
        self.element(&format!(
            r#"<image x="{x}" y="{y}" width="{w}" height="{h}" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>"#
        ))
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, PlotError> {
        self.document.push_str("</svg>\n");
        Ok(self.document.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::style::{BLACK, BLUE};

    #[test]
    fn device_units_become_decimal_pixels() {
        let shown: Vec<String> = [0, 10, 15, -5, 1234].iter().map(|&u| px(u).to_string()).collect();
        assert_eq!(shown, ["0", "1", "1.5", "-0.5", "123.4"]);
    }

    #[test]
    fn text_is_escaped_text_set_on_its_baseline() {
        let mut surface = SvgSurface::new((100, 50), 1.0);
        let look = Text::new(12.0, BLACK).aligned(Align::End);
        surface.text("a < b & \u{1}c", (300, 100), look).unwrap();
        let document = surface.document;
        assert!(document.contains(">a &lt; b &amp; \u{FFFD}c</text>"), "{document}");
        assert!(document.contains(r#"text-anchor="end""#) && document.contains(r#"font-size="12""#), "{document}");
        assert!(document.contains(r#"x="30" y="17""#), "{document}");
    }

    #[test]
    fn small_images_are_repeated_and_large_ones_kept() {
        let small = Pixels { width: 2, height: 1, rgb: vec![1, 2, 3, 4, 5, 6] };
        let big = repeated(&small);
        assert_eq!((big.width, big.height, big.rgb.len()), (256, 256, 3 * 256 * 256));
        assert_eq!(big.rgb[3 * 127..3 * 129], [1, 2, 3, 4, 5, 6]);
        assert_eq!(big.rgb[..3 * 256], big.rgb[3 * 255 * 256..]);
        let large = Pixels { width: 300, height: 200, rgb: vec![7; 3 * 300 * 200] };
        assert_eq!(repeated(&large), large);
    }

    #[test]
    fn shapes_keep_their_numbers() {
        let mut surface = SvgSurface::new((100, 50), 1.0);
        surface.path(&[(0, 5), (10, 20)], 15, BLUE).unwrap();
        surface.rect((10, 10), (30, 25), BLUE).unwrap();
        surface.disc((10, 10), 25, BLUE).unwrap();
        let document = surface.document;
        assert!(
            document.contains(r##"points="0,0.5 1,2" fill="none" stroke="#0072b2" stroke-width="1.5""##),
            "{document}"
        );
        assert!(document.contains(r#"x="1" y="1" width="2" height="1.5""#), "{document}");
        assert!(document.contains(r##"r="2.5" fill="#0072b2""##), "{document}");
    }
}
