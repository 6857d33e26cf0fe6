//! How wide pictures are, and whether they carry their heading.
//!
//! # Conventions
//!
//! Figures are laid out in logical pixels with fixed font sizes. A page of a wanted width is laid out as narrow as it
//! takes for the smallest text to have seven points after scaling, the least that journals print.

use super::style::SMALL_PX;

/// CSS pixels in an inch.
const PX_PER_INCH: f64 = 96.0;
/// Points in a CSS pixel.
pub const PT_PER_PX: f64 = 0.75;
/// Width without a wish, and the widest layout, logical pixels.
const WIDEST_PX: f64 = 900.0;
/// Smallest text on a page of a wanted width, points.
const LEAST_PT: f64 = 7.0;
/// Widths that can be asked for, CSS pixels: at the lower end figures still have room beside their axes.
const WIDTHS_PX: std::ops::RangeInclusive<f64> = 240.0..=4800.0;

/// What pictures are drawn on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Page {
    /// Width of the layout, logical pixels.
    pub width_px: u32,
    /// CSS pixels in a logical pixel.
    pub scale: f64,
    /// Whether title and subtitle are drawn; papers have captions instead.
    pub has_heading: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self { width_px: WIDEST_PX as u32, scale: 1.0, has_heading: true }
    }
}

impl Page {
    /// A page `width` CSS pixels wide; none for a width outside 2.5 in … 50 in.
    pub fn of_width(width: f64) -> Option<Self> {
        let scale_of_least_text = LEAST_PT / (SMALL_PX * PT_PER_PX);
        let width_px = (width / scale_of_least_text).floor().min(WIDEST_PX);
        WIDTHS_PX.contains(&width).then(|| Self {
            width_px: width_px as u32,
            scale: width / width_px,
            ..Self::default()
        })
    }
}

/// CSS pixels of a width such as `3.4in`, `8.6cm`, `86mm` or `326px`.
pub fn parse_width(text: &str) -> Option<f64> {
    let units = [("in", PX_PER_INCH), ("cm", PX_PER_INCH / 2.54), ("mm", PX_PER_INCH / 25.4), ("px", 1.0)];
    units.into_iter().find_map(|(unit, px)| Some(text.strip_suffix(unit)?.trim().parse::<f64>().ok()? * px))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_read_with_their_unit() {
        for (text, px) in [("3.4in", 326.4), ("2.54 cm", 96.0), ("25.4mm", 96.0), ("640px", 640.0)] {
            assert!((parse_width(text).unwrap() - px).abs() <= 1e-9, "{text}");
        }
        for text in ["", "in", "3.4", "3,4in", "3.4 inches", "px3"] {
            assert_eq!(parse_width(text), None, "{text}");
        }
    }

    #[test]
    fn the_smallest_text_has_seven_points_and_the_width_is_exact() {
        for inches in [2.5, 3.4, 5.0, 7.0, 7.7, 20.0] {
            let page = Page::of_width(inches * PX_PER_INCH).unwrap();
            assert!((f64::from(page.width_px) * page.scale - inches * PX_PER_INCH).abs() <= 1e-9);
            let smallest = SMALL_PX * page.scale * PT_PER_PX;
            assert!(smallest >= LEAST_PT && page.width_px <= 900, "{inches} in: {smallest} pt");
            // No larger than it has to be, as long as the layout is not at its widest.
            assert!(page.width_px == 900 || smallest <= 1.01 * LEAST_PT, "{inches} in: {smallest} pt");
        }
        for width in [239.0, 4801.0, f64::NAN, f64::INFINITY, -5.0] {
            assert_eq!(Page::of_width(width), None);
        }
    }
}
