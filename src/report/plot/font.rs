//! The font built into the program, so that text needs nothing installed.
//!
//! # Conventions
//!
//! Sizes here are logical pixels **per em**, as in CSS. Plotters' font code takes the height from the highest ascender
//! to the lowest descender instead, and sets the baseline half of it below the point it is given; the two conversions
//! are [`line_height`] and [`baseline_offset`], used by both surfaces.

use std::sync::OnceLock;

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, TextStyle, register_font};

use super::PlotError;
use super::style::Colour;

/// CSS font list of SVG text. Verdana has nearly the same widths, so a layout made with DejaVu holds there too.
pub const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// Ascender plus descender of DejaVu Sans in ems: (1901 + 483) / 2048.
const HEIGHT_EM: f64 = 2384.0 / 2048.0;

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

/// Makes the built-in font known to plotters. Calling it again does nothing.
///
/// # Errors
///
/// [`PlotError::Font`] if the font data is not understood.
pub fn register() -> Result<(), PlotError> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let ok = REGISTERED.get_or_init(|| register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular()).is_ok());
    if *ok { Ok(()) } else { Err(PlotError::Font) }
}

/// Plotters' font size for `em` units per em.
pub fn line_height(em: f64) -> f64 {
    em * HEIGHT_EM
}

/// Units per em for plotters' font size.
pub fn em_of(line_height: f64) -> f64 {
    line_height / HEIGHT_EM
}

/// How far below its anchor plotters sets the baseline of a text of the given font size.
pub fn baseline_offset(line_height: f64) -> f64 {
    line_height / 2.0
}

/// A text style for plotters: `em` device units per em, anchored at the top so that [`baseline_offset`] holds.
pub fn text_style(em: f64, colour: Colour, align: Align, rising: bool) -> TextStyle<'static> {
    let h_pos = match align {
        Align::Start => HPos::Left,
        Align::Middle => HPos::Center,
        Align::End => HPos::Right,
    };
    let transform = if rising { FontTransform::Rotate270 } else { FontTransform::None };
    let font = FontDesc::new(FontFamily::Name(FAMILY), line_height(em), FontStyle::Normal).transform(transform);
    TextStyle { font, color: colour.to_backend_color(), pos: Pos::new(h_pos, VPos::Top) }
}

/// Width of `text` at `em` pixels per em, in pixels.
///
/// # Errors
///
/// [`PlotError::Draw`] if the font is not registered.
pub fn text_width(text: &str, em: f64) -> Result<f64, PlotError> {
    // Measured large, because plotters returns whole units.
    const ENLARGE: f64 = 32.0;
    let font = FontDesc::new(FontFamily::Name(FAMILY), line_height(em * ENLARGE), FontStyle::Normal);
    let ((left, _), (right, _)) = font.layout_box(text).map_err(|e| PlotError::Draw(Box::new(e)))?;
    Ok(f64::from(right - left) / ENLARGE)
}

#[cfg(test)]
mod tests {
    use plotters_backend::BackendTextStyle;

    use super::super::style::BLACK;
    use super::*;

    #[test]
    fn widths_are_those_of_the_font_file() {
        register().unwrap();
        // Advance widths of DejaVu Sans in units of 1/2048 em: 0 is 1303, Γ is 1141.
        assert!((text_width("0", 2048.0).unwrap() - 1303.0).abs() <= 1.0);
        assert!((text_width("Γ", 2048.0).unwrap() - 1141.0).abs() <= 1.0);
        assert!((text_width("000", 10.0).unwrap() - 30.0 * 1303.0 / 2048.0).abs() <= 0.1);
        assert!(text_width("", 10.0).unwrap() <= 0.0);
    }

    /// Pixels that plotters inks for `text`.
    fn ink(text: &str) -> Vec<(i32, i32)> {
        let mut inked = Vec::new();
        let style = text_style(100.0, BLACK, Align::Start, false);
        let dot = |x, y, _| {
            inked.push((x, y));
            Ok::<(), ()>(())
        };
        style.draw(text, (0, 0), dot).unwrap().unwrap();
        inked
    }

    #[test]
    fn every_sign_the_plots_use_is_in_the_font() {
        register().unwrap();
        let unknown = ink("\u{E123}"); // Private use: the box for missing signs.
        for sign in "ΓΔσαρ⁻⁰¹²³⁴⁵⁶⁷⁸⁹×–−≤≥…·±√∥₀₁".chars() {
            let inked = ink(&sign.to_string());
            assert!(!inked.is_empty() && inked != unknown, "{sign} is missing");
        }
    }
}
