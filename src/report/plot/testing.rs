//! Checks that every picture must pass, for the tests of each kind.

use super::canvas::{Figure, Rect};
use super::page::{PT_PER_PX, Page};
use super::pixels::Pixels;
use super::{PlotFormat, font, render};

/// Draws the figure in all formats at full width and in a column of a paper, and checks what holds for all of them:
/// the same SVG again, a PNG of the right size that is not blank, finite numbers, and readable texts that lie on the
/// page and off each other.
///
/// Returns the texts of the SVG at full width, in the order they were drawn.
pub fn check(figure: &impl Figure) -> Vec<String> {
    let column = Page::of_width(3.4 * 96.0).unwrap();
    check_on(figure, column);
    check_on(figure, Page { has_heading: false, ..column });
    check_on(figure, Page::default())
}

fn check_on(figure: &impl Figure, page: Page) -> Vec<String> {
    let svg = render(figure, page, PlotFormat::Svg).unwrap();
    assert_eq!(svg, render(figure, page, PlotFormat::Svg).unwrap());
    let svg = String::from_utf8(svg).unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    assert!(svg.len() < 2_000_000, "{} bytes", svg.len());
    for attribute in svg.split('"').skip(1).step_by(2).filter(|a| a.len() < 100_000) {
        assert!(!attribute.contains("NaN") && !attribute.contains("inf"), "{attribute}");
    }
    let (_, size) = svg.split_once("viewBox=\"0 0 ").unwrap();
    let (size, _) = size.split_once('"').unwrap();
    let (width, height) =
        size.split_once(' ').map(|(w, h)| (w.parse::<u32>().unwrap(), h.parse::<u32>().unwrap())).unwrap();
    assert_eq!(width, page.width_px);
    check_png(figure, page, height);
    let pdf = render(figure, page, PlotFormat::Pdf).unwrap();
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() < 4_000_000, "{} bytes", pdf.len());
    check_texts(&svg, page, height)
}

/// The pixels of a PNG in RGB.
pub fn decode_png(png: &[u8]) -> Pixels {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    Pixels { width: info.width as usize, height: info.height as usize, rgb }
}

fn check_png(figure: &impl Figure, page: Page, page_height: u32) {
    let Pixels { width, height, rgb } = decode_png(&render(figure, page, PlotFormat::Png).unwrap());
    assert_eq!((width, height), (2 * page.width_px as usize, 2 * page_height as usize));
    let inked = rgb.chunks(3).filter(|p| p.iter().any(|&v| v < 200)).count();
    assert!(inked > 500, "only {inked} dark pixels");
    let edge = rgb.chunks(3).take(width).all(|p| p == [255; 3]);
    assert!(edge, "something touches the upper edge");
}

fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    let from = element.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    &element[from..from + element[from..].find('"').unwrap()]
}

fn check_texts(svg: &str, page: Page, height: u32) -> Vec<String> {
    let least_pt = if page == Page::default() { 8.0 } else { 7.0 };
    let scale = page.scale * PT_PER_PX;
    let page = Rect { left: 0.0, top: 0.0, right: f64::from(page.width_px), bottom: f64::from(height) };
    let mut boxes: Vec<(Rect, String)> = Vec::new();
    for element in svg.lines().filter(|line| line.starts_with("<text")) {
        let text = &element[element.find('>').unwrap() + 1..element.rfind("</text>").unwrap()];
        let number = |name: &str| attribute(element, name).parse::<f64>().unwrap();
        let (x, y, size) = (number("x"), number("y"), number("font-size"));
        assert!(size * scale >= least_pt, "{size}: {text}");
        let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let long = font::text_width(&plain, size).unwrap();
        let before = match attribute(element, "text-anchor") {
            "start" => 0.0,
            "middle" => long / 2.0,
            _ => long,
        };
        let (ascent, descent) = (0.75 * size, 0.1 * size);
        let place = if element.contains("rotate") {
            Rect { left: x - ascent, top: y - (long - before), right: x + descent, bottom: y + before }
        } else {
            Rect { left: x - before, top: y - ascent, right: x + (long - before), bottom: y + descent }
        };
        assert!(
            page.contains((place.left, place.top)) && page.contains((place.right, place.bottom)),
            "{text} leaves the page: {place:?}"
        );
        for (other, words) in &boxes {
            let is_apart = place.right <= other.left
                || other.right <= place.left
                || place.bottom <= other.top
                || other.bottom <= place.top;
            assert!(is_apart, "{text} overlaps {words}");
        }
        boxes.push((place, plain));
    }
    boxes.into_iter().map(|(_, text)| text).collect()
}
