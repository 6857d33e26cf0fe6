//! What blur leaves of each band until noise hides it, for some ratios of the two.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::font::text_width;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles, draw_label};
use super::style::{BLUE, Colour, DARK_GREY, DOTTED, GREEN, ORANGE, PURPLE, SKY, SMALL_PX, Stroke, Text, VERMILLION};

/// What is drawn.
#[derive(Debug, Clone, Default)]
pub struct BlurNoiseFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess, κ.
    pub subtitle: String,
    /// Frequency of each annulus `j ≥ 1`, cycles per pixel.
    pub frequency_cycles_per_px: Vec<f64>,
    /// Ratios, and what they retain at each frequency (0 to 1); at most five.
    pub curves: Vec<(f64, Vec<f64>)>,
    /// ρ* and what it retains, if any band has power.
    pub star: Option<(f64, Vec<f64>)>,
    /// The share that ρ* retains everywhere.
    pub retain: f64,
}

/// Lines of the ratios: apart in grey, too.
const STROKES: [Stroke; 5] = [
    Stroke::solid(SKY, 2.0),
    Stroke::solid(GREEN, 2.0).dashed(&[10.0, 3.0]),
    Stroke::solid(ORANGE, 2.0).dashed(&[6.0, 3.0]),
    Stroke::solid(VERMILLION, 2.0).dashed(&[2.0, 2.5]),
    Stroke::solid(PURPLE, 2.0).dashed(&[9.0, 3.0, 2.0, 3.0]),
];
const STAR: Colour = BLUE;

impl Figure for BlurNoiseFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        frame::height_at(width_px, 460.0)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        for (_, curve) in self.curves.iter().chain(&self.star) {
            PlotError::check_length("curves", curve.len(), self.frequency_cycles_per_px.len())?;
        }
        let (Some(first), Some(last)) = (self.frequency_cycles_per_px.first(), self.frequency_cycles_per_px.last())
        else {
            return frame::draw_empty(canvas, room, "images of one pixel have no frequency to blur");
        };
        let frame = Frame::in_room(room, Axis::log(*first, *last, 0.3), Axis::linear(0.0, 1.0, 1.0))?;
        let legend = self.legend();
        let (frame, place) = legend.above(frame)?;
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        self.draw_retained(canvas, &frame)
    }
}

impl BlurNoiseFigure {
    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        if let Some((ratio, _)) = &self.star {
            legend.push(Key::Line(Stroke::solid(STAR, 3.2)), format!("ρ* = {ratio:.3} px/value, these images"));
        }
        for ((ratio, _), stroke) in self.curves.iter().zip(STROKES) {
            legend.push(Key::Line(stroke), format!("ρ = {ratio}"));
        }
        legend
    }

    fn draw_retained(&self, canvas: &mut Canvas<'_>, frame: &Frame) -> Result<(), PlotError> {
        let (_, y) = frame.place(frame.x.low(), self.retain);
        canvas.line(&[(frame.area.left, y), (frame.area.right, y)], Stroke::solid(DARK_GREY, 1.2).dashed(DOTTED))?;
        for ((_, curve), stroke) in self.curves.iter().zip(STROKES) {
            canvas.line(&frame.place_all(&self.frequency_cycles_per_px, curve), stroke)?;
        }
        if let Some((_, curve)) = &self.star {
            canvas.line(&frame.place_all(&self.frequency_cycles_per_px, curve), Stroke::solid(STAR, 3.2))?;
        }
        let mut obstacles = Obstacles::default();
        for (_, curve) in self.curves.iter().chain(&self.star) {
            obstacles.add_line(&frame.place_all(&self.frequency_cycles_per_px, curve));
        }
        let label = format!("{:.0} % kept", 100.0 * self.retain);
        let (start, end) = (frame.area.left + 8.0, frame.area.right - text_width(&label, SMALL_PX)? - 6.0);
        let places = [(end, y + 10.0), (start, y + 10.0), (start, y - 9.0), (end, y - 9.0)];
        draw_label(canvas, &label, Text::new(SMALL_PX, DARK_GREY), &places, &obstacles)?;
        frame.draw_axes(canvas, XLabels::Titled("radial frequency (cycles/pixel)"), "share of power left")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    #[test]
    fn curves_with_and_without_a_star_are_drawn() {
        let curve = |ratio: f64| (ratio, (0..16).map(|j| (-ratio * f64::from(j) * 0.1).exp()).collect::<Vec<_>>());
        let whole = BlurNoiseFigure {
            title: "Blur".to_owned(),
            subtitle: "3 images".to_owned(),
            frequency_cycles_per_px: (1..17).map(|j| f64::from(j) / 32.0).collect(),
            curves: [0.25, 0.5, 1.0, 2.0, 10.0].map(curve).to_vec(),
            star: Some(curve(0.41)),
            retain: 0.9,
        };
        let texts = check(&whole);
        assert!(
            texts.iter().any(|t| t.starts_with("ρ* = 0.410")) && texts.iter().any(|t| t == "90 % kept"),
            "{texts:?}"
        );
        check(&BlurNoiseFigure { star: None, ..whole });
        check(&BlurNoiseFigure::default());
    }
}
