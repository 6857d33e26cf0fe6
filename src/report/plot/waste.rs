//! How much of each schedule the images use: one bar a schedule, divided into the steps that are too fine, used, too
//! coarse.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::font::{text_width, widest};
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend};
use super::style::{Align, BLACK, BLUE, Colour, MARGIN_PX, SMALL_PX, TEXT_PX, Text, VERMILLION, tint};

/// What is drawn: shares from 0 to 1.
#[derive(Debug, Clone, Default)]
pub struct WasteFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess.
    pub subtitle: String,
    /// Name of each schedule, and the mean shares of its steps below and above an image's bounds.
    pub bars: Vec<(String, f64, f64)>,
}

/// Height of a bar with the space below it, logical pixels.
const BAR_PX: f64 = 34.0;
/// Height of the legend where each entry takes a row.
const LEGEND_PX: f64 = 67.0;
/// Height of a bar.
const INK_PX: f64 = 22.0;
/// Most space for a name, logical pixels and as a share of the page.
const NAME_PX: f64 = 260.0;
const NAME_SHARE: f64 = 0.32;

fn below_colour() -> Colour {
    tint(BLUE, 0.75)
}

fn used_colour() -> Colour {
    tint(BLACK, 0.12)
}

fn above_colour() -> Colour {
    tint(VERMILLION, 0.8)
}

impl Figure for WasteFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, _: f64) -> f64 {
        LEGEND_PX + BAR_PX * self.bars.len().max(2) as f64 + frame::X_AXIS_PX
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        if self.bars.is_empty() {
            return frame::draw_empty(canvas, room, "every image is flat: no step of a schedule can be of use");
        }
        let mut legend = Legend::default();
        legend.push(Key::Band(below_colour()), "below σ_min: finer than any band needs");
        legend.push(Key::Band(used_colour()), "used");
        legend.push(Key::Band(above_colour()), "above σ_max: the image is hidden already");
        let strip = Rect { right: room.right + MARGIN_PX, ..room };
        let strip = Rect { bottom: strip.top + legend.strip_px(strip.width())?, ..strip };
        legend.draw(canvas, strip)?;
        let most = NAME_PX.min(NAME_SHARE * canvas.bounds().right);
        let names = widest(self.bars.iter().map(|(name, ..)| name.as_str()), TEXT_PX)?.min(most);
        let area = Rect { left: MARGIN_PX + names + 10.0, top: strip.bottom + 10.0, ..room };
        let frame = Frame { area, x: Axis::linear(0.0, 100.0, 1.0), y: Axis::linear(0.0, 1.0, 1.0) };
        let pitch = area.height() / self.bars.len() as f64;
        for (i, (name, below, above)) in self.bars.iter().enumerate() {
            let y = area.top + (i as f64 + 0.5) * pitch;
            let name = frame::shorten(name, TEXT_PX, most)?;
            canvas.text(&name, (area.left - 8.0, y), Text::new(TEXT_PX, BLACK).aligned(Align::End))?;
            let parts = [
                (0.0, *below, below_colour()),
                (*below, 1.0 - below - above, used_colour()),
                (1.0 - above, *above, above_colour()),
            ];
            for (start, share, colour) in parts {
                let (left, _) = frame.place(100.0 * start, 0.0);
                let (right, _) = frame.place(100.0 * (start + share), 0.0);
                canvas.rect(Rect { left, top: y - INK_PX / 2.0, right, bottom: y + INK_PX / 2.0 }, colour)?;
                let label = format!("{:.0} %", 100.0 * share);
                if text_width(&label, SMALL_PX)? + 6.0 <= right - left {
                    let look = Text::new(SMALL_PX, BLACK).aligned(Align::Middle);
                    canvas.text(&label, ((left + right) / 2.0, y), look)?;
                }
            }
        }
        frame.draw_x_axis(canvas, XLabels::Titled("share of the schedule's steps, mean over images (%)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    #[test]
    fn any_number_of_bars_and_any_shares_are_drawn() {
        let bars =
            [("edm:18", 0.2, 0.1), ("a file with a rather long name.txt", 0.0, 1.0), ("cosine:1000", 0.004, 0.5)];
        for n in 0..=3 {
            let figure = WasteFigure {
                title: "Waste".to_owned(),
                subtitle: "3 images".to_owned(),
                bars: bars[..n].iter().map(|(name, b, a)| ((*name).to_owned(), *b, *a)).collect(),
            };
            let texts = check(&figure);
            assert!(n < 2 || texts.iter().any(|t| t == "100 %"), "{texts:?}");
        }
    }
}
