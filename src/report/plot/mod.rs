//! Pictures for people, drawn once and written as SVG, PNG or PDF.
//!
//! A picture is a plain struct of numbers and words that implements [`canvas::Figure`]. One drawing function feeds all
//! formats: it works on a [`Canvas`] in logical pixels, and the canvas on one of three [`Surface`]s. The result is
//! bytes, so the output folder can write a picture as atomically as a table.
//!
//! # Conventions
//!
//! Text is set in DejaVu Sans, which is built in: no font has to be installed. PNGs hold two pixels per logical pixel.
//! The same figure gives the same bytes on every run.
//!
//! # Layers
//!
//! A file uses those before it: `error`, `style` (colours, sizes), `page` (widths) → `font`, `pixels` → `surface` (what
//! a format must draw) → `svg`, `bitmap`, `pdf` (formats) → `canvas` → `axes`, `frame`, `legend`, `colour_scale` → one
//! file per picture → [`render`].

pub mod adjusted_offset;
pub mod axes;
pub mod bitmap;
pub mod blur_noise;
pub mod bounds;
pub mod canvas;
pub mod colour_scale;
pub mod compare;
pub mod distance;
pub mod error;
pub mod fit;
pub mod font;
pub mod frame;
pub mod gamma;
pub mod legend;
pub mod noise;
pub mod offset;
pub mod page;
pub mod pdf;
pub mod pictures;
pub mod pixels;
pub mod rapsd;
pub mod recommend;
pub mod schedule;
pub mod snr;
pub mod spectrum_pair;
pub mod style;
pub mod surface;
pub mod svg;
#[cfg(test)]
mod testing;
pub mod waste;

use bitmap::BitmapSurface;
use canvas::{Canvas, Figure};
use error::PlotError;
use frame::Heading;
use page::Page;
use pdf::PdfSurface;
use surface::Surface;
use svg::SvgSurface;

use crate::spectral::named;

/// A file format for pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlotFormat {
    /// Scalable, with text as text.
    Svg,
    /// Pixels, two per logical pixel.
    Png,
    /// One page, for papers; shapes and text as in SVG.
    Pdf,
}

// The names are the usual ends of file names, too.
named!(PlotFormat { Svg = "svg", Png = "png", Pdf = "pdf" });

/// Draws `figure` on `page` and returns the content of the file.
///
/// # Errors
///
/// [`PlotError`]; unusual values (zero, NaN, infinite, too few) are no error: what cannot be drawn is left out, and an
/// empty picture says why it is empty.
pub fn render(figure: &dyn Figure, page: Page, format: PlotFormat) -> Result<Vec<u8>, PlotError> {
    font::register()?;
    let width = f64::from(page.width_px);
    let (title, subtitle) = if page.has_heading { figure.heading() } else { ("", "") };
    let heading = Heading::new(title, subtitle, width)?;
    let size_px = (page.width_px, (heading.height_px() + figure.body_px(width)).ceil() as u32);
    let mut surface: Box<dyn Surface> = match format {
        PlotFormat::Svg => Box::new(SvgSurface::new(size_px, page.scale)),
        PlotFormat::Pdf => Box::new(PdfSurface::new(size_px, page.scale)?),
        PlotFormat::Png => Box::new(BitmapSurface::new(size_px, page.scale)),
    };
    let mut canvas = Canvas::new(surface.as_mut())?;
    let room = heading.draw(&mut canvas)?;
    figure.draw(&mut canvas, room)?;
    surface.finish()
}

/// A picture with the name of its files.
pub struct Plot {
    /// Name, without an ending.
    pub name: &'static str,
    /// Whether it is drawn as pixels only: a page of photographs gains nothing from scaling.
    pub is_png_only: bool,
    figure: Box<dyn Figure + Sync>,
}

impl Plot {
    /// The picture `figure`, to be called `name`.
    pub fn new(name: &'static str, figure: impl Figure + Sync + 'static) -> Self {
        Self { name, is_png_only: false, figure: Box::new(figure) }
    }

    /// The same picture, as pixels only.
    pub fn png_only(self) -> Self {
        Self { is_png_only: true, ..self }
    }

    /// The content of the file of that format.
    ///
    /// # Errors
    ///
    /// As [`render`].
    pub fn render(&self, page: Page, format: PlotFormat) -> Result<Vec<u8>, PlotError> {
        render(self.figure.as_ref(), page, format)
    }
}

/// The contents of files, in their order, drawn at the same time, each on a thread of its own.
pub fn render_together(plots: &[(&Plot, PlotFormat)], page: Page) -> Vec<Result<Vec<u8>, PlotError>> {
    std::thread::scope(|scope| {
        let started: Vec<_> = plots
            .iter()
            .map(|(plot, format)| {
                let draw = || plot.render(page, *format);
                // Where no more threads are to be had it is drawn here.
                std::thread::Builder::new().spawn_scoped(scope, draw).map_err(|_| draw())
            })
            .collect();
        let drawn = started.into_iter().map(|picture| match picture {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(drawn) => drawn,
        });
        drawn.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use canvas::Rect;
    use style::{BLUE, DASHED, Stroke, Text};

    /// A slanted dashed line and a word.
    struct Mark;

    impl Figure for Mark {
        fn heading(&self) -> (&str, &str) {
            ("", "")
        }

        fn body_px(&self, _: f64) -> f64 {
            40.0
        }

        fn draw(&self, canvas: &mut Canvas<'_>, _: Rect) -> Result<(), PlotError> {
            canvas.line(&[(5.0, 5.0), (50.0, 33.0)], Stroke::solid(BLUE, 3.0).dashed(DASHED))?;
            canvas.text("Γ", (30.0, 10.0), Text::new(12.0, BLUE))
        }
    }

    #[test]
    fn the_same_figure_gives_the_same_bytes() {
        for format in [PlotFormat::Svg, PlotFormat::Png, PlotFormat::Pdf] {
            assert_eq!(
                render(&Mark, Page::default(), format).unwrap(),
                render(&Mark, Page::default(), format).unwrap(),
                "{}",
                format
            );
        }
    }

    #[test]
    fn an_error_of_the_figure_is_returned_in_all_formats() {
        struct Broken;
        impl Figure for Broken {
            fn heading(&self) -> (&str, &str) {
                ("", "")
            }
            fn body_px(&self, _: f64) -> f64 {
                10.0
            }
            fn draw(&self, _: &mut Canvas<'_>, _: Rect) -> Result<(), PlotError> {
                PlotError::check_length("list", 1, 2)
            }
        }
        for format in [PlotFormat::Svg, PlotFormat::Png, PlotFormat::Pdf] {
            assert!(matches!(render(&Broken, Page::default(), format), Err(PlotError::Length { what: "list", .. })));
        }
    }
}
