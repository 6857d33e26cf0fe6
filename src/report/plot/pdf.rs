//! PDF for papers: one page, shapes as shapes, text as text in the built-in font, of which the used signs are embedded.
//!
//! # Conventions
//!
//! A device unit is a tenth of a logical pixel, and the page's matrix turns it to points with `y` downward. Text is
//! written with glyph numbers of the embedded part of the font; a table beside them tells viewers the letters, so that
//! text can be searched and copied. Streams are deflated; there is no date in the file, so that the same figure gives
//! the same bytes.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, LineJoinStyle, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

use super::error::PlotError;
use super::font;
use super::page::PT_PER_PX;
use super::pixels::Pixels;
use super::style::{Align, Colour, Text};
use super::surface::{DevicePoint, Surface};
use crate::dataset::OwnPicture;

/// Device units per logical pixel.
const UNITS: f64 = 10.0;
/// Distance of the control points that make a quarter circle of a cubic curve, in radii.
const ROUND: f32 = 0.552_284_8;
/// Units of glyph widths in an em.
const EM: f32 = 1000.0;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const FONT: Ref = Ref::new(5);
const CID_FONT: Ref = Ref::new(6);
const DESCRIPTOR: Ref = Ref::new(7);
const FONT_FILE: Ref = Ref::new(8);
const LETTERS: Ref = Ref::new(9);
const INFO: Ref = Ref::new(10);
/// Images come last.
const FIRST_IMAGE: i32 = 11;
/// Name of the font: six letters mark one that is not whole.
const FONT_NAME: Name<'_> = Name(b"SPSCAN+DejaVuSans");
const FONT_KEY: Name<'_> = Name(b"F");
const SYSTEM: SystemInfo<'_> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A PDF page being drawn.
pub struct PdfSurface {
    size_px: (u32, u32),
    points_per_px: f64,
    content: Content,
    face: Face<'static>,
    glyphs: GlyphRemapper,
    /// Letter of each embedded glyph.
    letters: BTreeMap<u16, char>,
    images: Vec<Pixels>,
}

impl PdfSurface {
    /// An empty page of the given width and height in logical pixels, at `scale` CSS pixels to each.
    ///
    /// # Errors
    ///
    /// [`PlotError::Font`] if the built-in font is not understood.
    pub fn new(size_px: (u32, u32), scale: f64) -> Result<Self, PlotError> {
        let face = Face::parse(dejavu::sans::regular(), 0).map_err(|_| PlotError::Font)?;
        let points_per_px = scale * PT_PER_PX;
        let mut content = Content::new();
        let unit = (points_per_px / UNITS) as f32;
        content.transform([unit, 0.0, 0.0, -unit, 0.0, (f64::from(size_px.1) * points_per_px) as f32]);
        content.set_line_join(LineJoinStyle::RoundJoin);
        let (glyphs, letters) = (GlyphRemapper::new(), BTreeMap::new());
        Ok(Self { size_px, points_per_px, content, face, glyphs, letters, images: Vec::new() })
    }

    fn fill(&mut self, Colour(r, g, b): Colour) {
        self.content.set_fill_rgb(share(r), share(g), share(b));
    }

    fn outline(&mut self, points: &[DevicePoint]) {
        for (i, &(x, y)) in points.iter().enumerate() {
            let (x, y) = (x as f32, y as f32);
            if i == 0 {
                self.content.move_to(x, y)
            } else {
                self.content.line_to(x, y)
            };
        }
    }

    /// Width of a glyph of the whole font, thousandths of an em.
    fn advance(&self, glyph: u16) -> f32 {
        let units = self.face.glyph_hor_advance(GlyphId(glyph)).unwrap_or(0);
        f32::from(units) * EM / f32::from(self.face.units_per_em())
    }

    /// The glyphs of a text as the embedded font numbers them, two bytes each, and its width in ems.
    fn encode(&mut self, text: &str) -> (Vec<u8>, f32) {
        let mut encoded = Vec::with_capacity(2 * text.len());
        let mut width = 0.0;
        for letter in text.chars() {
            let glyph = self.face.glyph_index(letter).map_or(0, |glyph| glyph.0);
            width += self.advance(glyph) / EM;
            let number = self.glyphs.remap(glyph);
            self.letters.entry(number).or_insert(letter);
            encoded.extend(number.to_be_bytes());
        }
        (encoded, width)
    }

    fn write_font(&self, pdf: &mut Pdf) -> Result<(), PlotError> {
        pdf.type0_font(FONT)
            .base_font(FONT_NAME)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(CID_FONT)
            .to_unicode(LETTERS);
        let mut font = pdf.cid_font(CID_FONT);
        font.subtype(CidFontType::Type2).base_font(FONT_NAME).system_info(SYSTEM).font_descriptor(DESCRIPTOR);
        font.cid_to_gid_map_predefined(Name(b"Identity"));
        font.widths().consecutive(0, self.glyphs.remapped_gids().map(|glyph| self.advance(glyph)));
        font.finish();
        let per_mille = |units: i16| f32::from(units) * EM / f32::from(self.face.units_per_em());
        let bounds = self.face.global_bounding_box();
        pdf.font_descriptor(DESCRIPTOR)
            .name(FONT_NAME)
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(
                per_mille(bounds.x_min),
                per_mille(bounds.y_min),
                per_mille(bounds.x_max),
                per_mille(bounds.y_max),
            ))
            .italic_angle(0.0)
            .ascent(per_mille(self.face.ascender()))
            .descent(per_mille(self.face.descender()))
            .cap_height(per_mille(self.face.capital_height().unwrap_or(self.face.ascender())))
            .stem_v(80.0)
            .font_file2(FONT_FILE);
        let part = subsetter::subset(dejavu::sans::regular(), 0, &self.glyphs).map_err(PlotError::draw)?;
        let deflated = deflate(&part)?;
        let mut file = pdf.stream(FONT_FILE, &deflated);
        file.filter(Filter::FlateDecode).pair(Name(b"Length1"), part.len() as i32);
        file.finish();
        let mut letters = UnicodeCmap::new(Name(b"Letters"), SYSTEM);
        self.letters.iter().for_each(|(glyph, letter)| letters.pair(*glyph, *letter));
        let deflated = deflate(letters.finish().as_slice())?;
        pdf.cmap(LETTERS, &deflated).filter(Filter::FlateDecode);
        Ok(())
    }
}

/// A colour's part from 0 to 1.
fn share(part: u8) -> f32 {
    f32::from(part) / 255.0
}

/// Number and name of the image at a position.
fn image_id(i: usize) -> (Ref, String) {
    (Ref::new(FIRST_IMAGE + i as i32), format!("I{i}"))
}

fn deflate(bytes: &[u8]) -> Result<Vec<u8>, PlotError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(PlotError::draw)
}

impl Surface for PdfSurface {
    fn size_px(&self) -> (u32, u32) {
        self.size_px
    }

    fn units_per_px(&self) -> f64 {
        UNITS
    }

    fn path(&mut self, points: &[DevicePoint], width: i32, Colour(r, g, b): Colour) -> Result<(), PlotError> {
        self.content.set_stroke_rgb(share(r), share(g), share(b)).set_line_width(width as f32);
        self.outline(points);
        self.content.stroke();
        Ok(())
    }

    fn polygon(&mut self, points: &[DevicePoint], colour: Colour) -> Result<(), PlotError> {
        self.fill(colour);
        self.outline(points);
        self.content.close_path().fill_nonzero();
        Ok(())
    }

    fn rect(&mut self, (x0, y0): DevicePoint, (x1, y1): DevicePoint, colour: Colour) -> Result<(), PlotError> {
        self.fill(colour);
        self.content.rect(x0 as f32, y0 as f32, (x1 - x0) as f32, (y1 - y0) as f32).fill_nonzero();
        Ok(())
    }

    fn disc(&mut self, (x, y): DevicePoint, radius: i32, colour: Colour) -> Result<(), PlotError> {
        self.fill(colour);
        let (x, y, r) = (x as f32, y as f32, radius as f32);
        let k = ROUND * r;
        self.content
            .move_to(x + r, y)
            .cubic_to(x + r, y + k, x + k, y + r, x, y + r)
            .cubic_to(x - k, y + r, x - r, y + k, x - r, y)
            .cubic_to(x - r, y - k, x - k, y - r, x, y - r)
            .cubic_to(x + k, y - r, x + r, y - k, x + r, y)
            .fill_nonzero();
        Ok(())
    }

    fn text(&mut self, text: &str, (x, y): DevicePoint, look: Text) -> Result<(), PlotError> {
        let (encoded, width) = self.encode(text);
        let size = (look.size_px * UNITS) as f32;
        let below = font::baseline_offset(look.size_px * UNITS) as f32;
        let before = width
            * size
            * match look.align {
                Align::Start => 0.0,
                Align::Middle => 0.5,
                Align::End => 1.0,
            };
        let (x, y) = (x as f32, y as f32);
        // The page is turned upside down, so letters are turned back.
        let matrix = match look.rising {
            false => [1.0, 0.0, 0.0, -1.0, x - before, y + below],
            true => [0.0, -1.0, -1.0, 0.0, x + below, y + before],
        };
        self.fill(look.colour);
        self.content.begin_text().set_font(FONT_KEY, size).set_text_matrix(matrix).show(Str(&encoded)).end_text();
        Ok(())
    }

    fn image(&mut self, from: DevicePoint, to: DevicePoint, pixels: &Pixels) -> Result<(), PlotError> {
        PlotError::check_length("image", pixels.rgb.len(), 3 * pixels.width * pixels.height)?;
        let (width, height) = ((to.0 - from.0) as f32, (to.1 - from.1) as f32);
        let (_, name) = image_id(self.images.len());
        self.content
            .save_state()
            .transform([width, 0.0, 0.0, -height, from.0 as f32, to.1 as f32])
            .x_object(Name(name.as_bytes()))
            .restore_state();
        self.images.push(pixels.clone());
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, PlotError> {
        let mut pdf = Pdf::new();
        pdf.catalog(CATALOG).pages(PAGES);
        pdf.document_info(INFO).producer(TextStr(OwnPicture::Plot.text()));
        pdf.pages(PAGES).kids([PAGE]).count(1);
        let points = |px: u32| (f64::from(px) * self.points_per_px) as f32;
        let mut page = pdf.page(PAGE);
        page.media_box(Rect::new(0.0, 0.0, points(self.size_px.0), points(self.size_px.1))).parent(PAGES);
        page.contents(CONTENT);
        let mut resources = page.resources();
        resources.fonts().pair(FONT_KEY, FONT);
        let mut images = resources.x_objects();
        for i in 0..self.images.len() {
            let (id, name) = image_id(i);
            images.pair(Name(name.as_bytes()), id);
        }
        images.finish();
        resources.finish();
        page.finish();
        let content = std::mem::replace(&mut self.content, Content::new()).finish();
        let deflated = deflate(content.as_slice())?;
        pdf.stream(CONTENT, &deflated).filter(Filter::FlateDecode);
        self.write_font(&mut pdf)?;
        for (i, pixels) in self.images.iter().enumerate() {
            let deflated = deflate(&pixels.rgb)?;
            let mut image = pdf.image_xobject(image_id(i).0, &deflated);
            image.width(pixels.width as i32).height(pixels.height as i32).filter(Filter::FlateDecode);
            image.color_space().device_rgb();
            image.bits_per_component(8);
        }
        Ok(pdf.finish())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::report::plot::style::BLACK;

    /// The inflated streams of a file, as text as far as they are.
    fn streams(pdf: &[u8]) -> Vec<String> {
        let find =
            |from: usize, what: &[u8]| (from..pdf.len()).find(|&i| pdf[i..].starts_with(what)).map(|i| i + what.len());
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(start) = find(at, b"stream\n") {
            at = find(start, b"endstream").unwrap();
            let mut bytes = Vec::new();
            flate2::read::ZlibDecoder::new(&pdf[start..at]).read_to_end(&mut bytes).unwrap();
            found.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        found
    }

    fn drawn(draw: impl Fn(&mut PdfSurface)) -> Vec<u8> {
        let mut surface = PdfSurface::new((400, 200), 0.8).unwrap();
        draw(&mut surface);
        Surface::finish(Box::new(surface)).unwrap()
    }

    #[test]
    fn the_page_has_its_size_in_points_and_shapes_their_places() {
        let pdf = drawn(|s| {
            s.path(&[(0, 0), (100, 50)], 20, BLACK).unwrap();
            s.disc((500, 600), 30, BLACK).unwrap();
        });
        let text = String::from_utf8_lossy(&pdf).into_owned();
        assert!(text.starts_with("%PDF-") && text.trim_end().ends_with("%%EOF"));
        assert!(text.contains("/MediaBox [0 0 240 120]"), "{text}");
        let content = &streams(&pdf)[0];
        for operator in ["0.06 0 0 -0.06 0 120 cm", "20 w", "0 0 m\n100 50 l\nS", "530 600 m"] {
            assert!(content.contains(operator), "{operator} is missing in {content}");
        }
        assert_eq!(
            pdf,
            drawn(|s| {
                s.path(&[(0, 0), (100, 50)], 20, BLACK).unwrap();
                s.disc((500, 600), 30, BLACK).unwrap();
            })
        );
    }

    #[test]
    fn text_can_be_read_back_and_brings_only_its_own_signs() {
        let pdf = drawn(|s| s.text("Γ Δ", (100, 100), Text::new(12.0, BLACK)).unwrap());
        let streams = streams(&pdf);
        let letters = streams.iter().find(|s| s.contains("beginbfchar")).unwrap();
        for code in ["<0393>", "<0020>", "<0394>"] {
            assert!(letters.contains(code), "{code} is missing in {letters}");
        }
        assert!(pdf.len() < 20_000, "{} bytes", pdf.len());
        // In the middle it begins half its width to the left: Γ, space and Δ are 1141, 651 and 1401 of 2048 to an em.
        let mut surface = PdfSurface::new((400, 200), 1.0).unwrap();
        let (encoded, width) = surface.encode("Γ Δ");
        assert!((width - (1141.0 + 651.0 + 1401.0) / 2048.0).abs() <= 1e-4, "{width}");
        assert_eq!(encoded, [0, 1, 0, 2, 0, 3]);
        assert_eq!(surface.encode("ΔΓ").0, [0, 3, 0, 1]);
    }

    #[test]
    fn images_are_kept_as_they_are_and_malformed_ones_refused() {
        let pixels = Pixels { width: 2, height: 1, rgb: vec![65, 66, 67, 68, 69, 70] };
        let pdf = drawn(|s| s.image((0, 0), (200, 100), &pixels).unwrap());
        let streams = streams(&pdf);
        assert!(streams[0].contains("200 0 0 -100 0 100 cm\n/I0 Do"), "{}", streams[0]);
        assert!(streams.iter().any(|s| s == "ABCDEF"), "{streams:?}");
        let mut surface = PdfSurface::new((4, 4), 1.0).unwrap();
        assert!(surface.image((0, 0), (1, 1), &Pixels { rgb: vec![0; 3], ..pixels }).is_err());
    }
}
