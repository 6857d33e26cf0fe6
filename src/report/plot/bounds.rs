//! The useful noise of each image, and the ranges that schedules spend their steps on.
//!
//! Images lie one above the other, by their largest useful noise; each is a bar from its smallest to its largest. Where
//! there are too many to draw ([`crate::diffusion::statistics::SINGLE_IMAGES`]), a row stands for several, and shades
//! of its left edge show how their smallest differ. So the two bounds are seen together, whatever their number.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::font::text_width;
use super::frame::{self, Frame, XLabels};
use super::style::{
    Align, BLACK, BLUE, DARK_GREY, DASHED, DOTTED, GREEN, MARGIN_PX, ORANGE, PURPLE, SMALL_PX, Stroke, Text,
    VERMILLION, WHITE, tint,
};
use crate::diffusion::BoundsBand;

/// What is drawn. Noise levels are relative, in pixel values.
#[derive(Debug, Clone, Default)]
pub struct BoundsFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess, thresholds.
    pub subtitle: String,
    /// Images in order of their largest useful noise.
    pub rows: Vec<BoundsBand>,
    /// Whether a row is one image.
    pub has_single_images: bool,
    /// Names and ranges of schedules; a range may end at infinity.
    pub schedules: Vec<(String, f64, f64)>,
    /// Both ends of the useful noise, that of the heading.
    pub useful: Option<(f64, f64)>,
    /// Noise level of 8-bit rounding; none of latents.
    pub rounding_sigma: Option<f64>,
}

/// Height of the strip of one schedule, logical pixels: on narrow pages its name is above its bar.
fn strip_px(width_px: f64) -> f64 {
    if is_narrow(width_px) { 32.0 } else { 21.0 }
}

fn is_narrow(width_px: f64) -> bool {
    width_px < 600.0
}

const COLOURS: [super::style::Colour; 6] = [VERMILLION, GREEN, PURPLE, ORANGE, BLACK, DARK_GREY];
/// Height from which on the bars of single images have a gap between them.
const LEAST_BAR_PX: f64 = 1.5;
/// Schedules are cut off at so many times the largest bound of an image.
const CUT_FACTOR: f64 = 2.0;

impl Figure for BoundsFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        frame::height_at(width_px, 410.0) + strip_px(width_px) * self.schedules.len() as f64
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        let Some(x) = self.x_axis() else {
            return frame::draw_empty(canvas, room, "every image is flat: there is no noise level to bound");
        };
        let strips_px = strip_px(canvas.bounds().right) * self.schedules.len() as f64 + 10.0;
        let upper = Rect { bottom: room.bottom - strips_px, ..room };
        let images = Frame::in_room(upper, x, Axis::linear(0.0, 100.0, 1.0))?;
        images.draw_grid(canvas)?;
        self.draw_images(canvas, &images)?;
        self.draw_rounding(canvas, &images)?;
        images.draw_axes(canvas, XLabels::Hidden, "images, by largest useful noise (%)")?;
        let strips = Frame { area: Rect { top: images.area.bottom, bottom: room.bottom, ..images.area }, ..images };
        // Below the schedules' names, which these lines would cross on narrow pages.
        self.draw_useful(canvas, Rect { bottom: strips.area.bottom, ..images.area }, &images)?;
        self.draw_schedules(canvas, &strips)?;
        self.draw_shares(canvas, &images)?;
        strips.draw_x_axis(canvas, XLabels::Titled("relative noise level σ/α (pixel values)"))
    }
}

impl BoundsFigure {
    /// Noise level at which schedules are cut off, so that those without an end leave room for the images.
    fn largest_sigma(&self) -> f64 {
        CUT_FACTOR * self.rows.last().map_or(0.0, |row| row.sigma_max)
    }

    /// An axis over all bounds and all finite ends of schedules.
    fn x_axis(&self) -> Option<Axis> {
        let (first, last) = (self.rows.first()?, self.rows.last()?);
        let low = self.rows.iter().map(|r| r.sigma_min[0]).fold(first.sigma_min[0], f64::min);
        let ends = self.schedules.iter().flat_map(|(_, low, high)| [*low, *high]);
        let ends = ends.filter(|s| *s > 0.0).map(|s| s.min(self.largest_sigma())).chain(self.rounding_sigma);
        let (low, high) = ends.fold((low, last.sigma_max), |(l, h), s| (l.min(s), h.max(s)));
        // Room at the right for the schedules' names.
        Some(Axis::log(low / 1.3, high * 1.3, 1.0).with_headroom(0.05))
    }

    fn draw_images(&self, canvas: &mut Canvas<'_>, frame: &Frame) -> Result<(), PlotError> {
        for row in &self.rows {
            let (_, bottom) = frame.place(1.0, 100.0 * row.share.0);
            let (_, top) = frame.place(1.0, 100.0 * row.share.1);
            let is_apart = self.has_single_images && bottom - top >= LEAST_BAR_PX;
            let top = if is_apart { top + 0.25 * (bottom - top) } else { top };
            let [q05, q25, q50, q75, q95] = row.sigma_min.map(|s| frame.place(s, 0.0).0);
            let (right, _) = frame.place(row.sigma_max, 0.0);
            // From the faint edge, where few images begin, to the full bar.
            let edges = [(q05, q25, 0.16), (q25, q50, 0.28), (q50, q75, 0.4), (q75, q95, 0.5), (q95, right, 0.58)];
            for (left, right, share) in edges {
                if right > left {
                    canvas.rect(Rect { left, top, right, bottom }, tint(BLUE, share))?;
                }
            }
        }
        Ok(())
    }

    /// Both ends of the useful noise, through images and schedules.
    fn draw_useful(&self, canvas: &mut Canvas<'_>, area: Rect, frame: &Frame) -> Result<(), PlotError> {
        let Some((low, high)) = self.useful else { return Ok(()) };
        for sigma in [low, high] {
            let (x, _) = frame.place(sigma, 0.0);
            canvas.line(&[(x, area.top), (x, area.bottom)], Stroke::solid(BLACK, 1.2).dashed(DASHED))?;
        }
        Ok(())
    }

    /// Which share of a row's images begins at the edges of its shades, in the row two thirds up.
    fn draw_shares(&self, canvas: &mut Canvas<'_>, frame: &Frame) -> Result<(), PlotError> {
        let Some(row) = self.rows.iter().find(|row| row.share.1 > 2.0 / 3.0).filter(|_| !self.has_single_images) else {
            return Ok(());
        };
        let (_, y) = frame.place(1.0, 50.0 * (row.share.0 + row.share.1));
        let mut free = frame.area.left;
        for (sigma, text) in row.sigma_min.into_iter().zip(["5 %", "25 %", "50 %", "75 %", "95 %"]) {
            let (x, width) = (frame.place(sigma, 0.0).0 + 2.0, text_width(text, SMALL_PX)?);
            // Where edges are close some go without.
            if x >= free {
                canvas.text(text, (x, y), Text::new(SMALL_PX, BLACK))?;
                free = x + width + 2.0;
            }
        }
        Ok(())
    }

    fn draw_rounding(&self, canvas: &mut Canvas<'_>, frame: &Frame) -> Result<(), PlotError> {
        let Some(sigma) = self.rounding_sigma else { return Ok(()) };
        let (x, _) = frame.place(sigma, 0.0);
        let Rect { top, bottom, .. } = frame.area;
        canvas.line(&[(x, top), (x, bottom)], Stroke::solid(DARK_GREY, 1.2).dashed(DOTTED))?;
        let look = Text::new(SMALL_PX, DARK_GREY).aligned(Align::Middle).rising();
        // On the left where there is room.
        let x = if x - 18.0 >= frame.area.left { x - 9.0 } else { x + 9.0 };
        canvas.text("8-bit rounding noise", (x, top + 0.3 * (bottom - top)), look)
    }

    fn draw_schedules(&self, canvas: &mut Canvas<'_>, frame: &Frame) -> Result<(), PlotError> {
        let page = canvas.bounds().right;
        for (i, (name, low, high)) in self.schedules.iter().enumerate() {
            let y = frame.area.top + 10.0 + (i as f64 + 0.5) * strip_px(page);
            let colour = COLOURS[i % COLOURS.len()];
            let (from, _) = frame.place(*low, 0.0);
            let (to, _) = frame.place(high.min(self.largest_sigma()), 0.0);
            let end = if *high > self.largest_sigma() { " →" } else { "" };
            let label = format!("{name}{end}");
            let width = text_width(&label, SMALL_PX)?;
            let last = page - MARGIN_PX - width;
            let (bar, at) = match is_narrow(page) {
                true => (y + 8.0, (from.min(last), y - 6.0)),
                false => (y, ((to + 6.0).min(last), y)),
            };
            canvas.line(&[(from, bar), (to, bar)], Stroke::solid(colour, 5.0))?;
            if at.0 < to && !is_narrow(page) {
                canvas.rect(Rect { left: at.0 - 3.0, top: y - 7.0, right: at.0 + width, bottom: y + 7.0 }, WHITE)?;
            }
            canvas.text(&label, at, Text::new(SMALL_PX, colour))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    fn row(low: f64, high: f64, sigma_max: f64) -> BoundsBand {
        BoundsBand { share: (low, high), sigma_max, sigma_min: [0.01, 0.02, 0.04, 0.08, 0.16] }
    }

    #[test]
    fn an_endless_schedule_does_not_stretch_the_axis() {
        let rows = vec![row(0.0, 1.0, 300.0)];
        let schedules = vec![("cosine:1000".to_owned(), 0.002, 2e4)];
        let figure = BoundsFigure { rows, schedules, rounding_sigma: Some(0.00226), ..BoundsFigure::default() };
        let high = figure.x_axis().expect("an axis").high();
        assert!((300.0..2000.0).contains(&high), "{high}");
    }

    #[test]
    fn one_image_many_images_and_none_are_drawn() {
        let schedules = vec![("edm:18".to_owned(), 0.002, 80.0), ("flow:50,1".to_owned(), 0.02, f64::INFINITY)];
        for rows in [
            vec![],
            vec![row(0.0, 1.0, 20.0)],
            (0..100).map(|i| row(f64::from(i) / 100.0, f64::from(i + 1) / 100.0, f64::from(i + 1))).collect(),
        ] {
            let figure = BoundsFigure {
                title: "Useful noise".to_owned(),
                subtitle: "images".to_owned(),
                has_single_images: rows.len() < 100,
                rows,
                schedules: schedules.clone(),
                useful: Some((0.012, 30.0)),
                rounding_sigma: Some(0.00226),
            };
            let texts = check(&figure);
            // Shades say whose they are.
            let has_shares = texts.iter().any(|text| text == "5 %") && texts.iter().any(|text| text == "95 %");
            assert_eq!(has_shares, !figure.has_single_images && !figure.rows.is_empty(), "{texts:?}");
        }
    }
}
