//! Pictures for people, drawn once and written as SVG or PNG.
//!
//! A picture is a plain struct of numbers and words that implements [`Figure`]. One drawing function feeds both
//! formats: it works on a [`Canvas`] in logical pixels, and the canvas draws through plotters on one of
//! two surfaces. The result is bytes, so the output folder can write a picture as atomically as a table.
//!
//! # Conventions
//!
//! Text is set in DejaVu Sans, which is built in: no font has to be installed. PNGs hold two pixels per logical pixel.
//! The same figure gives the same bytes on every run.
//!
//! # Layers
//!
//! `style` (colours, sizes) → `font`, `svg`, `bitmap` (surfaces) → `canvas` → `axes`, `frame`, `legend` → one file per picture.

use std::error::Error;

pub mod axes;
pub mod bitmap;
pub mod blur_noise;
pub mod bounds;
pub mod canvas;
pub mod colour_scale;
pub mod distance;
pub mod fit;
pub mod font;
pub mod frame;
pub mod gamma;
pub mod legend;
pub mod offset;
pub mod pictures;
pub mod rapsd;
pub mod schedule;
pub mod snr;
pub mod style;
pub mod svg;
#[cfg(test)]
mod testing;
pub mod waste;

use canvas::{Canvas, Surface};

use crate::spectral::named;

/// A file format for pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlotFormat {
    /// Scalable, with text as text.
    Svg,
    /// Pixels, two per logical pixel.
    Png,
}

// The names are the usual ends of file names, too.
named!(PlotFormat { Svg = "svg", Png = "png" });

/// Why a picture could not be drawn. The tables it was drawn from are not concerned.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// Two lists of one figure that belong together differ in length.
    #[error("the plot's `{what}` has {found} values where {expected} are needed; this is a bug, please report it")]
    Length {
        /// The field that is off.
        what: &'static str,
        /// Values found.
        found: usize,
        /// Values needed.
        expected: usize,
    },
    /// The built-in font was refused.
    #[error(
        "the built-in plot font cannot be loaded; this is a bug, please report it, or turn plots off with --plots none"
    )]
    Font,
    /// The drawing library failed.
    #[error("the plot could not be drawn; turn plots off with --plots none")]
    Draw(#[source] Box<dyn Error + Send + Sync>),
    /// The finished pixels could not be packed as PNG.
    #[error("the plot could not be packed as PNG; try --plots svg")]
    Encode(#[from] png::EncodingError),
}

impl PlotError {
    /// Checks that a figure's list has the length its companion asks for.
    pub(crate) fn check_length(what: &'static str, found: usize, expected: usize) -> Result<(), Self> {
        if found == expected { Ok(()) } else { Err(Self::Length { what, found, expected }) }
    }
}

/// A picture: numbers and words, and how they are laid out.
pub trait Figure {
    /// Width and height in logical pixels.
    fn size_px(&self) -> (u32, u32);

    /// Draws the whole picture on a white canvas of that size.
    ///
    /// # Errors
    ///
    /// [`PlotError::Length`] if the figure's lists do not belong together, [`PlotError::Draw`] from the backend.
    fn draw<S: Surface>(&self, canvas: &mut Canvas<'_, S>) -> Result<(), PlotError>;
}

/// Draws `figure` and returns the content of the file.
///
/// # Errors
///
/// [`PlotError`]; unusual values (zero, NaN, infinite, too few) are no error: what cannot be drawn is left out, and an
/// empty picture says why it is empty.
pub fn render<F: Figure>(figure: &F, format: PlotFormat) -> Result<Vec<u8>, PlotError> {
    font::register()?;
    let size = figure.size_px();
    match format {
        PlotFormat::Svg => {
            let mut surface = svg::SvgSurface::new(size);
            figure.draw(&mut Canvas::new(&mut surface)?)?;
            Ok(surface.finish().into_bytes())
        }
        PlotFormat::Png => bitmap::render_png(size, |surface| figure.draw(&mut Canvas::new(surface)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use style::{BLUE, DASHED, Stroke};

    /// A slanted dashed line and a word.
    struct Mark;

    impl Figure for Mark {
        fn size_px(&self) -> (u32, u32) {
            (60, 40)
        }

        fn draw<S: Surface>(&self, canvas: &mut Canvas<'_, S>) -> Result<(), PlotError> {
            canvas.line(&[(5.0, 5.0), (50.0, 33.0)], Stroke::solid(BLUE, 3.0).dashed(DASHED))?;
            canvas.text("Γ", (30.0, 10.0), canvas::Text::new(12.0, BLUE))
        }
    }

    #[test]
    fn the_same_figure_gives_the_same_bytes() {
        for format in [PlotFormat::Svg, PlotFormat::Png] {
            assert_eq!(render(&Mark, format).unwrap(), render(&Mark, format).unwrap(), "{}", format);
        }
    }

    #[test]
    fn an_error_of_the_figure_is_returned_in_both_formats() {
        struct Broken;
        impl Figure for Broken {
            fn size_px(&self) -> (u32, u32) {
                (10, 10)
            }
            fn draw<S: Surface>(&self, _: &mut Canvas<'_, S>) -> Result<(), PlotError> {
                PlotError::check_length("list", 1, 2)
            }
        }
        for format in [PlotFormat::Svg, PlotFormat::Png] {
            assert!(matches!(render(&Broken, format), Err(PlotError::Length { what: "list", .. })));
        }
    }
}
