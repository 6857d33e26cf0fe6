//! The font built into the program, so that text needs nothing installed.
//!
//! # Conventions
//!
//! Sizes here are logical pixels **per em**, as in CSS. Plotters' font code takes the height from the highest ascender
//! to the lowest descender instead, and sets the baseline half of it below the point it is given: [`baseline_offset`],
//! which both surfaces keep to.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

use super::error::PlotError;

/// CSS font list of SVG text. Verdana has nearly the same widths, so a layout made with DejaVu holds there too.
pub const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// Ascender plus descender of DejaVu Sans in ems: (1901 + 483) / 2048.
const HEIGHT_EM: f64 = 2384.0 / 2048.0;

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

/// The font at `em` units per em, for plotters.
pub fn sized(em: f64) -> FontDesc<'static> {
    FontDesc::new(FontFamily::Name(FAMILY), em * HEIGHT_EM, FontStyle::Normal)
}

/// How far below its anchor plotters sets the baseline of a text of `em` units per em.
pub fn baseline_offset(em: f64) -> f64 {
    em * HEIGHT_EM / 2.0
}

/// Width of `text` at `em` pixels per em, in pixels.
///
/// # Errors
///
/// [`PlotError::Draw`] if the font is not registered.
pub fn text_width(text: &str, em: f64) -> Result<f64, PlotError> {
    // Measured large, because plotters returns whole units.
    const ENLARGE: f64 = 32.0;
    let ((left, _), (right, _)) = sized(em * ENLARGE).layout_box(text).map_err(PlotError::draw)?;
    Ok(f64::from(right - left) / ENLARGE)
}

/// Width of the widest of some texts at `em` pixels per em, in pixels; 0 without one.
///
/// # Errors
///
/// [`PlotError::Draw`] if the font is not registered.
pub fn widest<'a>(texts: impl IntoIterator<Item = &'a str>, em: f64) -> Result<f64, PlotError> {
    texts.into_iter().try_fold(0.0, |widest: f64, text| Ok(widest.max(text_width(text, em)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font_file() {
        register().unwrap();
        // Advance widths of DejaVu Sans in units of 1/2048 em: 0 is 1303, Γ is 1141.
        assert!((text_width("0", 2048.0).unwrap() - 1303.0).abs() <= 1.0);
        assert!((text_width("Γ", 2048.0).unwrap() - 1141.0).abs() <= 1.0);
        assert!((text_width("000", 10.0).unwrap() - 30.0 * 1303.0 / 2048.0).abs() <= 0.1);
        assert!(text_width("", 10.0).unwrap() <= 0.0);
        assert!((widest(["0", "00", "Γ"], 10.0).unwrap() - text_width("00", 10.0).unwrap()).abs() <= 0.0);
        assert!(widest([], 10.0).unwrap().abs() <= 0.0);
    }

    /// Pixels that plotters inks for `text`.
    fn ink(text: &str) -> Vec<(i32, i32)> {
        let mut inked = Vec::new();
        let dot = |x, y, _| {
            inked.push((x, y));
            Ok::<(), ()>(())
        };
        sized(100.0).draw(text, (0, 0), dot).unwrap().unwrap();
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
