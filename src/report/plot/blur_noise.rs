//! What blur leaves of each band until noise hides it, for some ratios of the two, and published image quality by ratio
//! beside it.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend};
use super::style::{
    Align, BLACK, BLUE, Colour, DARK_GREY, DOTTED, GREEN, MARGIN_PX, ORANGE, PURPLE, SKY, SMALL_PX, Stroke, Text,
    VERMILLION,
};

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
    /// ρ* in the units of the published ratios.
    pub star_as_published: Option<f64>,
    /// The share that ρ* retains everywhere.
    pub retain: f64,
    /// Published pairs of ratio and FID.
    pub published: Vec<(f64, f64)>,
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
/// On the axis of ratios zero stands here.
const ZERO_AT: f64 = 0.17;

impl Figure for BlurNoiseFigure {
    fn size_px(&self) -> (u32, u32) {
        (900, 520)
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<(), PlotError> {
        for (_, curve) in self.curves.iter().chain(&self.star) {
            PlotError::check_length("curves", curve.len(), self.frequency_cycles_per_px.len())?;
        }
        let room = frame::draw_heading(canvas, &self.title, &self.subtitle, 6.0)?;
        let (Some(first), Some(last)) = (self.frequency_cycles_per_px.first(), self.frequency_cycles_per_px.last())
        else {
            return frame::draw_empty(canvas, room, "images of one pixel have no frequency to blur");
        };
        let legend = self.legend();
        let middle = 0.6 * canvas.bounds().right;
        let below = Rect { top: room.top + 20.0, ..room };
        let left_half = Rect { right: middle - 24.0, ..below };
        let power = Frame::in_room(left_half, Axis::log(*first, *last, 0.3), Axis::linear(0.0, 1.0, 1.0))?;
        self.draw_retained(canvas, &power)?;
        let fid_y = Axis::log(1.5, 15.0, 0.5);
        let left = middle + frame::y_axis_px(&fid_y, below.height())?;
        let height = legend.height_px();
        let area = Rect { left, top: below.top + height + 24.0, ..below };
        let right = room.right + MARGIN_PX;
        legend.draw(canvas, Rect { left: middle, right, bottom: room.top + height - 16.0, ..room })?;
        self.draw_published(canvas, &Frame { area, x: Axis::log(0.75 * ZERO_AT, 15.0, 1.0), y: fid_y })
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
        frame.draw_grid(canvas)?;
        let (_, y) = frame.place(frame.x.low(), self.retain);
        canvas.line(&[(frame.area.left, y), (frame.area.right, y)], Stroke::solid(DARK_GREY, 1.2).dashed(DOTTED))?;
        for ((_, curve), stroke) in self.curves.iter().zip(STROKES) {
            canvas.line(&frame.place_all(&self.frequency_cycles_per_px, curve), stroke)?;
        }
        if let Some((_, curve)) = &self.star {
            canvas.line(&frame.place_all(&self.frequency_cycles_per_px, curve), Stroke::solid(STAR, 3.2))?;
        }
        let label = format!("{:.0} % kept", 100.0 * self.retain);
        let look = Text::new(SMALL_PX, DARK_GREY).aligned(Align::End);
        canvas.text(&label, (frame.area.right - 4.0, y + 10.0), look)?;
        frame.draw_axes(
            canvas,
            XLabels::Titled("frequency (cycles/pixel)"),
            "share of a band's power left when noise hides it",
        )
    }

    /// FID by ratio as published, with ρ* of these images.
    fn draw_published(&self, canvas: &mut Canvas<'_>, frame: &Frame) -> Result<(), PlotError> {
        frame.draw_grid(canvas)?;
        let heading = (frame.area.left, frame.area.top - 12.0);
        canvas.text("published: CIFAR-10, arXiv 2511.16904", heading, Text::new(SMALL_PX, DARK_GREY))?;
        let place = |(ratio, fid): &(f64, f64)| frame.place(ratio.max(ZERO_AT), *fid);
        let points: Vec<_> = self.published.iter().map(place).collect();
        // Zero has no place on a logarithmic axis, so no line leads to it.
        let n_zeros = self.published.iter().take_while(|(ratio, _)| *ratio == 0.0).count();
        canvas.line(&points[n_zeros..], Stroke::solid(DARK_GREY, 1.4))?;
        for point in &points {
            canvas.dot(*point, 4.0, BLACK)?;
        }
        if let Some((x, y)) = points[..n_zeros].last() {
            canvas.text("ρ = 0", (x + 2.0, y - 13.0), Text::new(SMALL_PX, DARK_GREY))?;
        }
        if let Some(ratio) = self.star_as_published.filter(|ratio| frame.x.contains(*ratio)) {
            let (x, _) = frame.place(ratio, frame.y.low());
            canvas.line(&[(x, frame.area.top), (x, frame.area.bottom)], Stroke::solid(STAR, 2.2).dashed(DOTTED))?;
            canvas.text("ρ*", (x + 5.0, frame.area.top + 9.0), Text::new(SMALL_PX, STAR))?;
        }
        frame.draw_y_axis_beside(canvas, "FID (lower is better)")?;
        frame.draw_x_axis(canvas, XLabels::Titled("blur-to-noise ratio ρ"))
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
            star_as_published: Some(0.41),
            retain: 0.9,
            published: vec![(0.0, 1.97), (0.5, 1.85), (10.0, 11.97)],
        };
        let texts = check(&whole);
        assert!(
            texts.iter().any(|t| t.starts_with("ρ* = 0.410")) && texts.iter().any(|t| t == "90 % kept"),
            "{texts:?}"
        );
        check(&BlurNoiseFigure { star: None, star_as_published: None, published: Vec::new(), ..whole });
        check(&BlurNoiseFigure::default());
    }
}
