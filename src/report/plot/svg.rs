//! A plotters backend that writes SVG: fractional coordinates, round joins, scaled images, text as text.
//!
//! Plotters' own SVG backend rounds every point to a whole pixel, which shows as steps in fine lines and bands, and
//! embeds images only at one image pixel per drawing unit. This one takes device units of a tenth of a pixel and writes
//! them as decimals, and stretches an image over any rectangle, so a map costs its own size and no more.

use std::convert::Infallible;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plotters_backend::text_anchor::HPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
};

use super::PlotError;
use super::bitmap::{Pixels, encode_png};
use super::canvas::Surface;
use super::font;

/// Device units per logical pixel.
const UNITS: i32 = 10;
/// Pixels along each side from which on an image is embedded as it is.
const LEAST_SIDE: usize = 256;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// An SVG document being drawn.
#[derive(Debug)]
pub struct SvgSurface {
    size_px: (u32, u32),
    document: String,
}

impl SvgSurface {
    /// An empty document of the given width and height in logical pixels.
    pub fn new(size_px: (u32, u32)) -> Self {
        let (w, h) = size_px;
        let document = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n"
        );
        Self { size_px, document }
    }

    /// Closes the document and returns it.
    pub fn finish(mut self) -> String {
        self.document.push_str("</svg>\n");
        self.document
    }

    /// Writes one element; what `fmt::Write` into a `String` returns is always success.
    fn element(&mut self, content: std::fmt::Arguments<'_>) {
        let _ = self.document.write_fmt(content);
        self.document.push('\n');
    }
}

/// A device length as logical pixels: a tenth at most, without a trailing zero.
struct Px(i32);

impl std::fmt::Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 % UNITS == 0 {
            write!(f, "{}", self.0 / UNITS)
        } else {
            write!(f, "{:.1}", f64::from(self.0) / f64::from(UNITS))
        }
    }
}

/// `attribute="#rrggbb"`, with the opacity if it is below one.
fn paint(attribute: &str, colour: BackendColor) -> String {
    let (r, g, b) = colour.rgb;
    let mut text = format!("{attribute}=\"#{r:02x}{g:02x}{b:02x}\"");
    if colour.alpha < 1.0 {
        let _ = write!(text, " {attribute}-opacity=\"{:.3}\"", colour.alpha);
    }
    text
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

/// A list of points as SVG wants it.
fn points(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut text = String::new();
    for (x, y) in path {
        let separator = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{separator}{},{}", Px(x), Px(y));
    }
    text
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

impl DrawingBackend for SvgSurface {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let units = UNITS.unsigned_abs();
        (self.size_px.0 * units, self.size_px.1 * units)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        let fill = paint("fill", colour);
        self.element(format_args!(r#"<rect x="{}" y="{}" width="0.1" height="0.1" {fill}/>"#, Px(x), Px(y)));
        Ok(())
    }

    fn draw_line<T: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &T) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<T: BackendStyle>(
        &mut self,
        (x0, y0): BackendCoord,
        (x1, y1): BackendCoord,
        style: &T,
        fill: bool,
    ) -> Drawn {
        if !fill {
            return self.draw_path([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], style);
        }
        let (w, h) = (Px(x1 - x0), Px(y1 - y0));
        let fill = paint("fill", style.color());
        self.element(format_args!(r#"<rect x="{}" y="{}" width="{w}" height="{h}" {fill}/>"#, Px(x0), Px(y0)));
        Ok(())
    }

    fn draw_path<T: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &T) -> Drawn {
        let (points, stroke) = (points(path), paint("stroke", style.color()));
        let width = Px(i32::try_from(style.stroke_width()).unwrap_or(UNITS));
        self.element(format_args!(
            r#"<polyline points="{points}" fill="none" {stroke} stroke-width="{width}" stroke-linejoin="round"/>"#
        ));
        Ok(())
    }

    fn fill_polygon<T: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &T) -> Drawn {
        let (points, fill) = (points(path), paint("fill", style.color()));
        self.element(format_args!(r#"<polygon points="{points}" {fill}/>"#));
        Ok(())
    }

    fn draw_circle<T: BackendStyle>(&mut self, (x, y): BackendCoord, radius: u32, style: &T, fill: bool) -> Drawn {
        let r = Px(i32::try_from(radius).unwrap_or(UNITS));
        let look = if fill {
            paint("fill", style.color())
        } else {
            let width = Px(i32::try_from(style.stroke_width()).unwrap_or(UNITS));
            format!(r#"fill="none" {} stroke-width="{width}""#, paint("stroke", style.color()))
        };
        self.element(format_args!(r#"<circle cx="{}" cy="{}" r="{r}" {look}/>"#, Px(x), Px(y)));
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Drawn {
        let offset = font::baseline_offset(style.size()).round() as i32;
        let em = (100.0 * font::em_of(style.size()) / f64::from(UNITS)).round() / 100.0;
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // A text turned by 270° hangs to the right of its anchor instead of below it.
        let (place, turn) = match style.transform() {
            FontTransform::Rotate270 => ((Px(x + offset), Px(y)), true),
            _ => ((Px(x), Px(y + offset)), false),
        };
        let turn = if turn { format!(r#" transform="rotate(-90 {} {})""#, place.0, place.1) } else { String::new() };
        let (fill, text) = (paint("fill", style.color()), escape(text));
        let family = font::FAMILY;
        self.element(format_args!(
            r#"<text x="{}" y="{}" font-family="{family}" font-size="{em}" text-anchor="{anchor}" {fill}{turn}>{text}</text>"#,
            place.0, place.1
        ));
        Ok(())
    }
}

impl Surface for SvgSurface {
    fn units_per_px(&self) -> f64 {
        f64::from(UNITS)
    }

    fn draw_image(&mut self, (x0, y0): BackendCoord, (x1, y1): BackendCoord, pixels: &Pixels) -> Result<(), PlotError> {
        let data = STANDARD.encode(encode_png(&repeated(pixels), None)?);
        let (w, h) = (Px(x1 - x0), Px(y1 - y0));
        self.element(format_args!(
            r#"<image x="{}" y="{}" width="{w}" height="{h}" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>"#,
            Px(x0),
            Px(y0)
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::style::{BLACK, BLUE};
    use plotters::style::Color;

    #[test]
    fn device_units_become_decimal_pixels() {
        let shown: Vec<String> = [0, 10, 15, -5, 1234].iter().map(|&u| Px(u).to_string()).collect();
        assert_eq!(shown, ["0", "1", "1.5", "-0.5", "123.4"]);
    }

    #[test]
    fn text_is_escaped_text_set_on_its_baseline() {
        let mut surface = SvgSurface::new((100, 50));
        let style = font::text_style(120.0, BLACK, font::Align::End, false);
        surface.draw_text("a < b & \u{1}c", &style, (300, 100)).unwrap();
        let document = surface.finish();
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
        let mut surface = SvgSurface::new((100, 50));
        surface.draw_path([(0, 5), (10, 20)], &Color::stroke_width(&BLUE, 15)).unwrap();
        surface.draw_rect((10, 10), (30, 25), &BLUE.filled(), true).unwrap();
        surface.draw_circle((10, 10), 25, &BLUE.mix(0.5).filled(), true).unwrap();
        let document = surface.finish();
        assert!(
            document.contains(r##"points="0,0.5 1,2" fill="none" stroke="#0072b2" stroke-width="1.5""##),
            "{document}"
        );
        assert!(document.contains(r#"x="1" y="1" width="2" height="1.5""#), "{document}");
        assert!(document.contains(r#"r="2.5""#) && document.contains("fill-opacity=\"0.500\""), "{document}");
    }
}
