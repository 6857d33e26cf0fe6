//! Which noise is closest: divergence per dimension and Mahalanobis distance, a row a family, closest first.

use super::axes::{Axis, two_digits};
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::font::{text_width, widest};
use super::frame::{self, Frame, XLabels};
use super::style::{
    Align, BLACK, BLUE, DARK_GREY, DOTTED, MARGIN_PX, SMALL_PX, Stroke, TEXT_PX, Text, VERMILLION, tint,
};

/// One family.
#[derive(Debug, Clone, PartialEq)]
pub struct DistanceBar {
    /// Its name.
    pub name: String,
    /// `KL(dataset ‖ noise)` per dimension, nats, where it is defined.
    pub kl_per_dimension: Option<f64>,
    /// Mean of `d/√D`.
    pub distance: f64,
    /// Standard deviation of `d/√D` over samples.
    pub distance_std: f64,
    /// Whether it is the images themselves.
    pub is_baseline: bool,
}

/// What is drawn, in the order of the rows.
#[derive(Debug, Clone, Default)]
pub struct DistanceFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess, metric.
    pub subtitle: String,
    /// The families.
    pub bars: Vec<DistanceBar>,
    /// `d/√D` below which noise is too smooth.
    pub too_smooth: f64,
}

/// Height of a row, logical pixels: closer where there are two panels of them.
fn row_px(width_px: f64) -> f64 {
    if is_stacked(width_px) { 21.0 } else { 30.0 }
}
/// Radius of a dot.
const DOT_PX: f64 = 4.0;
/// Height of the marks above the rows.
const ABOVE_PX: f64 = 18.0;

/// Widest name on a page of that width.
fn name_px(width_px: f64) -> f64 {
    190_f64.min(0.32 * width_px)
}

/// Whether the distances are below the divergences rather than beside them.
fn is_stacked(width_px: f64) -> bool {
    width_px < 600.0
}

impl Figure for DistanceFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        let rows = row_px(width_px) * self.bars.len().max(2) as f64 + frame::X_AXIS_PX;
        if is_stacked(width_px) { 2.0 * (rows + ABOVE_PX) } else { rows + ABOVE_PX }
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        if self.bars.is_empty() {
            return frame::draw_empty(canvas, room, "no noise family was compared");
        }
        let page = canvas.bounds().right;
        let names = widest(self.bars.iter().map(|bar| bar.name.as_str()), TEXT_PX)?.min(name_px(page));
        let left = MARGIN_PX + names + 12.0;
        let rows = Axis::linear(0.0, self.bars.len() as f64, 1.0);
        let whole = Rect { left, top: room.top + ABOVE_PX, ..room };
        let (of_kl, of_distance) = if is_stacked(page) {
            let height = 0.5 * (whole.height() - frame::X_AXIS_PX - ABOVE_PX);
            (Rect { bottom: whole.top + height, ..whole }, Rect { top: whole.bottom - height, ..whole })
        } else {
            let middle = left + 0.52 * (room.right - left);
            (Rect { right: middle - 18.0, ..whole }, Rect { left: middle + 18.0, ..whole })
        };
        let kl = Frame { area: of_kl, x: self.kl_axis(), y: rows };
        let distance = Frame { area: of_distance, x: self.distance_axis(), y: rows };
        self.draw_rows(canvas, &kl, &distance)?;
        kl.draw_x_axis(canvas, XLabels::Titled("KL(dataset ‖ noise) per dimension (nats)"))?;
        distance.draw_x_axis(canvas, XLabels::Titled("Mahalanobis distance d/√D, mean ± std"))
    }
}

impl DistanceFigure {
    fn kl_axis(&self) -> Axis {
        let values = || self.bars.iter().filter_map(|b| b.kl_per_dimension).filter(|v| *v > 0.0 && v.is_finite());
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        if high > 0.0 { Axis::log(low / 1.5, high * 1.5, 1.0) } else { Axis::log(1e-3, 1.0, 1.0) }
    }

    fn distance_axis(&self) -> Axis {
        let ends = self.bars.iter().flat_map(|b| [b.distance - b.distance_std, b.distance + b.distance_std]);
        let ends = || ends.clone().filter(|v| v.is_finite() && *v > 0.0);
        let (low, high) = (ends().fold(self.too_smooth, f64::min), ends().fold(1.0, f64::max));
        Axis::log(low / 1.3, high * 1.3, 1.0)
    }

    fn draw_rows(&self, canvas: &mut Canvas<'_>, kl: &Frame, distance: &Frame) -> Result<(), PlotError> {
        self.draw_marks(canvas, kl, distance)?;
        let pitch = kl.area.height() / self.bars.len() as f64;
        let page = canvas.bounds().right;
        for (i, bar) in self.bars.iter().enumerate() {
            let row = |frame: &Frame| frame.area.top + (i as f64 + 0.5) * pitch;
            let colour = if bar.is_baseline { DARK_GREY } else { BLUE };
            let name = frame::shorten(&bar.name, TEXT_PX, name_px(page))?;
            for (frame, has_name) in [(kl, true), (distance, is_stacked(page))] {
                let y = row(frame);
                let line = [(frame.area.left, y), (frame.area.right, y)];
                canvas.line(&line, Stroke::solid(tint(BLACK, 0.12), 1.0))?;
                if has_name {
                    canvas.text(&name, (frame.area.left - 8.0, y), Text::new(TEXT_PX, BLACK).aligned(Align::End))?;
                }
            }
            let y = row(kl);
            if bar.kl_per_dimension == Some(f64::INFINITY) {
                self.label(canvas, kl, kl.area.right, y, "∞")?;
            } else if let Some(value) = bar.kl_per_dimension.filter(|v| *v > 0.0) {
                let (x, _) = kl.place(value, 0.0);
                canvas.dot((x, y), DOT_PX, colour)?;
                self.label(canvas, kl, x, y, &two_digits(value))?;
            } else if bar.is_baseline {
                // Images have no density to be compared with.
                self.label(canvas, kl, kl.area.left, y, "–")?;
            }
            let y = row(distance);
            let at = |v: f64| distance.place(v.max(distance.x.low()), 0.0).0;
            if bar.distance > 0.0 {
                let (low, high) = (at(bar.distance - bar.distance_std), at(bar.distance + bar.distance_std));
                canvas.line(&[(low, y), (high, y)], Stroke::solid(colour, 2.4))?;
                for (end, value) in [(low, bar.distance - bar.distance_std), (high, bar.distance + bar.distance_std)] {
                    // An end beyond the axis has no cap: the bar goes on.
                    if distance.x.contains(value) {
                        canvas.line(&[(end, y - 8.0), (end, y + 8.0)], Stroke::solid(colour, 1.6))?;
                    }
                }
                canvas.dot((at(bar.distance), y), DOT_PX, colour)?;
                let text = match bar.is_baseline {
                    true => format!("{:.2} ± {:.2}", bar.distance, bar.distance_std),
                    false => format!("{:.2}", bar.distance),
                };
                self.label(canvas, distance, high, y, &text)?;
            }
        }
        Ok(())
    }

    /// Where a typical member lies, and where noise is too smooth.
    fn draw_marks(&self, canvas: &mut Canvas<'_>, kl: &Frame, distance: &Frame) -> Result<(), PlotError> {
        kl.draw_grid_x(canvas)?;
        distance.draw_grid_x(canvas)?;
        let area = distance.area;
        let (smooth, _) = distance.place(self.too_smooth, 0.0);
        let (one, _) = distance.place(1.0, 0.0);
        canvas.rect(Rect { right: smooth, ..area }, tint(VERMILLION, 0.12))?;
        canvas.line(&[(one, area.top), (one, area.bottom)], Stroke::solid(BLACK, 1.2).dashed(DOTTED))?;
        let y = area.top - 11.0;
        canvas.text("too smooth", (area.left, y), Text::new(SMALL_PX, VERMILLION))?;
        let wide = area.left + text_width("too smooth", SMALL_PX)? + 12.0;
        let member = "1: a typical member";
        let last = canvas.bounds().right - MARGIN_PX - text_width(member, SMALL_PX)?;
        canvas.text(member, (one.min(last).max(wide), y), Text::new(SMALL_PX, DARK_GREY))
    }

    /// A number beside its mark, on the side where there is room.
    fn label(&self, canvas: &mut Canvas<'_>, frame: &Frame, x: f64, y: f64, text: &str) -> Result<(), PlotError> {
        let right = x + DOT_PX + 5.0;
        let fits = right + text_width(text, SMALL_PX)? <= frame.area.right + MARGIN_PX;
        let (at, align) = if fits { (right, Align::Start) } else { (x - DOT_PX - 5.0, Align::End) };
        canvas.text(
            text,
            (at, y - 8.0 + 8.0 * f64::from(u8::from(fits))),
            Text::new(SMALL_PX, DARK_GREY).aligned(align),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    fn bar(name: &str, kl: Option<f64>, distance: f64) -> DistanceBar {
        DistanceBar {
            name: name.to_owned(),
            kl_per_dimension: kl,
            distance,
            distance_std: 0.2 * distance,
            is_baseline: kl.is_none(),
        }
    }

    #[test]
    fn any_number_of_families_and_odd_values_are_drawn() {
        let bars = [
            bar("matched", Some(0.0), 1.0),
            bar("cloud:best", Some(0.05), 0.98),
            bar("images (held out)", None, 1.1),
            bar("white", Some(2.0), 30.0),
            bar("a family with a rather long name:0.123456,0.987654321", Some(f64::INFINITY), 0.01),
            bar("mean image", None, 0.0),
        ];
        for n in 0..=bars.len() {
            let figure = DistanceFigure {
                title: "Closest".to_owned(),
                subtitle: "3 images".to_owned(),
                bars: bars[..n].to_vec(),
                too_smooth: 0.9,
            };
            let texts = check(&figure);
            assert!(n < 5 || texts.iter().any(|t| t == "∞"), "{texts:?}");
            assert!(n < 2 || texts.iter().any(|t| t == "0.050"), "{texts:?}");
        }
    }
}
