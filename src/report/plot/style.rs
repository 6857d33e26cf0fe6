//! Colours, strokes, texts and sizes shared by every picture.
//!
//! Line colours are those of Okabe and Ito, which stay apart under the common kinds of colour blindness; lines that
//! must also survive grey print differ in dash and width. Maps use viridis, whose lightness rises monotonically.
//!
//! # References
//!
//! M. Okabe and K. Ito, *Color Universal Design* (2008). Viridis by S. van der Walt and N. Smith, through `colorous`.

/// An opaque sRGB colour.
pub use plotters::style::RGBColor as Colour;

/// Okabe–Ito blue: the measured quantity.
pub const BLUE: Colour = Colour(0, 114, 178);
/// Okabe–Ito vermillion: what is fitted or compared.
pub const VERMILLION: Colour = Colour(213, 94, 0);
/// Okabe–Ito bluish green.
pub const GREEN: Colour = Colour(0, 158, 115);
/// Okabe–Ito orange.
pub const ORANGE: Colour = Colour(230, 159, 0);
/// Okabe–Ito sky blue.
pub const SKY: Colour = Colour(86, 180, 233);
/// Okabe–Ito reddish purple.
pub const PURPLE: Colour = Colour(204, 121, 167);
/// Text and the strongest lines.
pub const BLACK: Colour = Colour(0, 0, 0);
/// Axes, ticks and secondary text.
pub const DARK_GREY: Colour = Colour(70, 70, 70);
/// Grid lines at decades and labelled ticks.
pub const GRID_MAJOR: Colour = Colour(222, 222, 222);
/// Grid lines between them.
pub const GRID_MINOR: Colour = Colour(242, 242, 242);
/// Background.
pub const WHITE: Colour = Colour(255, 255, 255);
/// Map cells that hold no power: a grey that viridis does not contain.
pub const NO_POWER: Colour = Colour(205, 205, 205);

/// Font size of a figure's title, logical pixels per em.
pub const TITLE_PX: f64 = 16.0;
/// Font size of axis titles, legends and subtitles.
pub const TEXT_PX: f64 = 13.0;
/// Font size of tick labels.
pub const TICK_PX: f64 = 12.0;
/// Smallest font size used: labels on lines, and titles squeezed to fit.
pub const SMALL_PX: f64 = 11.5;

/// Free space at the figure's edges, logical pixels.
pub const MARGIN_PX: f64 = 14.0;

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Colour.
    pub colour: Colour,
    /// Width in logical pixels.
    pub width_px: f64,
    /// Lengths of stroke and gap in turn, logical pixels; empty for a solid line.
    pub dash_px: &'static [f64],
}

/// Strokes of 7 px and gaps of 4 px.
pub const DASHED: &[f64] = &[7.0, 4.0];
/// Points as long as a thin line is wide.
pub const DOTTED: &[f64] = &[1.5, 3.0];
/// A long stroke and a point in turn.
pub const DASH_DOTTED: &[f64] = &[9.0, 3.5, 2.0, 3.5];

impl Stroke {
    /// A line without gaps.
    pub const fn solid(colour: Colour, width_px: f64) -> Self {
        Self { colour, width_px, dash_px: &[] }
    }

    /// The same line with gaps.
    pub const fn dashed(self, dash_px: &'static [f64]) -> Self {
        Self { dash_px, ..self }
    }
}

/// Where a text lies relative to its anchor point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// How a text looks and lies.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// Font size, pixels per em.
    pub size_px: f64,
    /// Colour.
    pub colour: Colour,
    /// Which part of it lies at the given point.
    pub align: Align,
    /// Whether it is turned to read upward.
    pub rising: bool,
}

impl Text {
    /// Upright text beginning at its point.
    pub const fn new(size_px: f64, colour: Colour) -> Self {
        Self { size_px, colour, align: Align::Start, rising: false }
    }

    /// The same text, otherwise aligned.
    pub const fn aligned(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// The same text, reading upward.
    pub const fn rising(self) -> Self {
        Self { rising: true, ..self }
    }
}

/// The colour that `share` of `colour` leaves on white: `share = 1` is the colour itself.
///
/// Bands are drawn in such opaque tints: transparency would add up where bands overlap and prints badly.
pub fn tint(colour: Colour, share: f64) -> Colour {
    let blend = |c: u8| (255.0 - share.clamp(0.0, 1.0) * (255.0 - f64::from(c))).round() as u8;
    Colour(blend(colour.0), blend(colour.1), blend(colour.2))
}

/// Viridis at `fraction` of its range, 0 dark to 1 bright; fractions outside take the nearest end.
pub fn viridis(fraction: f64) -> Colour {
    let fraction = if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) };
    let c = colorous::VIRIDIS.eval_continuous(fraction);
    Colour(c.r, c.g, c.b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Perceived lightness, near enough: linear-light luma.
    fn luma(c: Colour) -> f64 {
        let linear = |v: u8| (f64::from(v) / 255.0).powf(2.2);
        0.2126 * linear(c.0) + 0.7152 * linear(c.1) + 0.0722 * linear(c.2)
    }

    #[test]
    fn viridis_has_its_known_ends_and_grows_lighter() {
        assert_eq!(viridis(0.0), Colour(68, 1, 84));
        assert_eq!(viridis(1.0), Colour(253, 231, 37));
        assert_eq!(viridis(f64::NAN), viridis(-3.0));
        assert_eq!(viridis(7.0), viridis(1.0));
        let lightness: Vec<f64> = (0..=50).map(|i| luma(viridis(f64::from(i) / 50.0))).collect();
        assert!(lightness.windows(2).all(|w| w[1] > w[0]));
    }

    #[test]
    fn a_tint_lies_between_white_and_the_colour() {
        assert_eq!(tint(BLUE, 0.0), WHITE);
        assert_eq!(tint(BLUE, 1.0), BLUE);
        assert_eq!(tint(BLACK, 0.5), Colour(128, 128, 128));
        assert_eq!(tint(BLACK, 9.0), BLACK);
    }
}
