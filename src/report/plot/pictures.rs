//! A page of small pictures with captions: samples of noise side by side, or the images farthest from a set.

use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::frame;
use super::pixels::Pixels;
use super::style::{Align, BLACK, DARK_GREY, MARGIN_PX, SMALL_PX, TEXT_PX, Text};

/// One picture and what is said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The picture.
    pub pixels: Pixels,
    /// Its name.
    pub name: String,
    /// A line of numbers below the name.
    pub note: String,
}

/// What is drawn: pictures, row by row.
#[derive(Debug, Clone, Default)]
pub struct PicturesFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess.
    pub subtitle: String,
    /// The pictures.
    pub pictures: Vec<Picture>,
}

/// Pictures in a row of `n` on a page of that width: four where they fit, five where that saves a row, and more where
/// all fit into one. Pairs, twice as wide as high, are fewer.
fn columns(width_px: f64, n: usize, are_pairs: bool) -> usize {
    let most = (width_px / if are_pairs { 280.0 } else { 150.0 }) as usize;
    let usual = most.clamp(1, 4);
    match n {
        5.. if n <= most => n,
        _ if most > 5 && n.div_ceil(5) < n.div_ceil(usual) => 5,
        _ => usual,
    }
}

/// Space between pictures.
const GAP_PX: f64 = 16.0;
/// Height of a caption: two lines, and air below.
const CAPTION_PX: f64 = 2.0 * TEXT_PX + 20.0;

impl PicturesFigure {
    /// Pictures in a row on a page of that width.
    fn columns(&self, width_px: f64) -> usize {
        let is_pair = |p: &Picture| p.pixels.width >= 2 * p.pixels.height;
        columns(width_px, self.pictures.len(), !self.pictures.is_empty() && self.pictures.iter().all(is_pair))
    }

    /// Side of the square that a picture fits into.
    fn cell_px(&self, width_px: f64) -> f64 {
        let columns = self.columns(width_px) as f64;
        (width_px - 2.0 * MARGIN_PX - (columns - 1.0) * GAP_PX) / columns
    }

    /// Height of a picture as wide as a cell, for the tallest of them.
    fn row_px(&self, width_px: f64) -> f64 {
        let height = |p: &Picture| p.pixels.height as f64 / p.pixels.width.max(1) as f64;
        let tallest = self.pictures.iter().map(height).fold(0.0, f64::max).clamp(0.2, 1.0);
        tallest * self.cell_px(width_px)
    }
}

impl Figure for PicturesFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        let rows = self.pictures.len().div_ceil(self.columns(width_px)).max(1) as f64;
        rows * (self.row_px(width_px) + CAPTION_PX) + MARGIN_PX
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        if self.pictures.is_empty() {
            return frame::draw_empty(canvas, room, "there is no picture to show");
        }
        let width = canvas.bounds().right;
        let (columns, cell, row) = (self.columns(width), self.cell_px(width), self.row_px(width));
        for (i, picture) in self.pictures.iter().enumerate() {
            let (x, y) = ((i % columns) as f64, (i / columns) as f64);
            let (left, top) = (MARGIN_PX + x * (cell + GAP_PX), room.top + y * (row + CAPTION_PX));
            // As large as the cell allows, in the picture's own shape.
            let (w, h) = (picture.pixels.width.max(1) as f64, picture.pixels.height.max(1) as f64);
            let scale = (cell / w).min(row / h);
            let rect = Rect { left, top, right: left + scale * w, bottom: top + scale * h };
            canvas.image(rect, &picture.pixels)?;
            let line = top + row + 0.5 * TEXT_PX + 5.0;
            for (text, size, colour, y) in
                [(&picture.name, TEXT_PX, BLACK, line), (&picture.note, SMALL_PX, DARK_GREY, line + TEXT_PX + 3.0)]
            {
                let text = frame::shorten(text, size, cell)?;
                canvas.text(&text, (left, y), Text::new(size, colour).aligned(Align::Start))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    #[test]
    fn rows_are_few() {
        let of = |width: f64, are_pairs| [1, 4, 6, 7, 8, 10, 12, 16].map(|n| columns(width, n, are_pairs));
        assert_eq!(of(900.0, false), [4, 4, 6, 4, 4, 5, 4, 4]);
        assert_eq!(of(326.0, false), [2; 8], "3.4 in");
        assert_eq!((of(900.0, true), of(326.0, true)), ([3; 8], [1; 8]));
    }

    #[test]
    fn any_number_and_shape_of_pictures_is_drawn() {
        for n in [0, 1, 4, 5, 16] {
            let picture = |i: usize| Picture {
                pixels: Pixels { width: 8 + i, height: 8, rgb: vec![40 * (i % 6) as u8; 3 * 8 * (8 + i)] },
                name: format!("a name that is far too long for one small picture, number {i}"),
                note: "d/√D = 2.31".to_owned(),
            };
            let texts = check(&PicturesFigure {
                title: "Pictures".to_owned(),
                subtitle: "3 images".to_owned(),
                pictures: (0..n).map(picture).collect(),
            });
            assert_eq!(texts.iter().filter(|t| t.starts_with("d/√D")).count(), n, "{texts:?}");
        }
    }
}
