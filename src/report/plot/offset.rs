//! The brightness of the images against that of noise families, and the adjusted offset over time.

use super::axes::{Axis, two_digits};
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles};
use super::style::{BLACK, BLUE, DASH_DOTTED, DASHED, DOTTED, GREEN, ORANGE, PURPLE, Stroke, VERMILLION, tint};

/// What is drawn.
#[derive(Debug, Clone, Default)]
pub struct OffsetFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess.
    pub subtitle: String,
    /// Edges of the histogram's bins, value; empty if there is none.
    pub edges: Vec<f64>,
    /// Density in each bin, per value.
    pub density: Vec<f64>,
    /// Name, and standard deviation of the brightness of each noise family; at most five.
    pub families: Vec<(String, f64)>,
    /// The schedule's name.
    pub schedule: String,
    /// γ, ψ and φ at steps 1 … T; empty if there is no table.
    pub gamma: Vec<f64>,
    /// See `gamma`.
    pub psi: Vec<f64>,
    /// See `gamma`.
    pub phi: Vec<f64>,
}

/// Lines of the families: apart in grey, too.
const STROKES: [Stroke; 5] = [
    Stroke::solid(VERMILLION, 2.0),
    Stroke::solid(GREEN, 2.2).dashed(DASHED),
    Stroke::solid(ORANGE, 2.2).dashed(DASH_DOTTED),
    Stroke::solid(PURPLE, 2.2).dashed(DOTTED),
    Stroke::solid(BLACK, 1.6).dashed(&[4.0, 2.0]),
];
/// Points of a Gaussian.
const POINTS: usize = 801;
/// Room above the histogram, of its height: higher curves run out of the panel.
const HEADROOM: f64 = 1.5;
/// Steps drawn, at the most.
const MAX_STEPS: usize = 500;

impl Figure for OffsetFigure {
    fn size_px(&self) -> (u32, u32) {
        (900, 760)
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<(), PlotError> {
        if !self.edges.is_empty() {
            PlotError::check_length("density", self.density.len() + 1, self.edges.len())?;
        }
        PlotError::check_length("psi", self.psi.len(), self.gamma.len())?;
        PlotError::check_length("phi", self.phi.len(), self.gamma.len())?;
        let room = frame::draw_heading(canvas, &self.title, &self.subtitle, 6.0)?;
        let middle = room.top + 0.55 * (canvas.bounds().bottom - room.top);
        self.draw_brightness(canvas, Rect { bottom: middle - frame::X_AXIS_PX - 8.0, ..room })?;
        self.draw_table(canvas, Rect { top: middle + 8.0, ..room })
    }
}

impl OffsetFigure {
    fn draw_brightness(&self, canvas: &mut Canvas<'_>, area: Rect) -> Result<(), PlotError> {
        let highest = self.density.iter().copied().filter(|d| d.is_finite()).fold(0.0, f64::max);
        let (Some(low), Some(high)) = (self.edges.first(), self.edges.last()) else {
            return frame::draw_note(canvas, area, "a saved spectrum holds no single images, so there is no histogram");
        };
        if highest <= 0.0 {
            return frame::draw_note(canvas, area, "all images are equally bright");
        }
        let widest = self.families.iter().map(|(_, std)| 2.5 * std).filter(|w| w.is_finite()).fold(0.0, f64::max);
        let x = Axis::linear(low.min(-widest), high.max(widest), 1e-6);
        let frame = Frame::in_room(area, x, Axis::linear(0.0, HEADROOM * highest, 0.0))?;
        let mut legend = Legend::default();
        legend.push(Key::Band(tint(BLUE, 0.35)), "images");
        for ((name, std), stroke) in self.families.iter().zip(STROKES) {
            legend.push(Key::Line(stroke), format!("{name}: std {}", two_digits(*std)));
        }
        let (frame, place) = legend.arrange(frame, |frame| self.obstacles(frame))?;
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        for (pair, density) in self.edges.windows(2).zip(&self.density) {
            let ((left, bottom), (right, top)) = (frame.place(pair[0], 0.0), frame.place(pair[1], *density));
            canvas.rect(Rect { left, top, right: right.max(left + 1.0), bottom }, tint(BLUE, 0.35))?;
        }
        for ((_, std), stroke) in self.families.iter().zip(STROKES) {
            let (x, y) = gaussian(*std);
            let on_axis = x.iter().zip(y).map(|(x, y)| if frame.x.contains(*x) { y } else { f64::NAN });
            canvas.line(&frame.curve(&x, &on_axis.collect::<Vec<_>>()), stroke)?;
        }
        frame.draw_axes(
            canvas,
            XLabels::Titled("brightness of an image: mean of its pixels (value)"),
            "density (1/value)",
        )
    }

    fn obstacles(&self, frame: &Frame) -> Obstacles {
        let mut obstacles = Obstacles::default();
        let tops: Vec<_> =
            self.edges.windows(2).zip(&self.density).map(|(p, d)| frame.place(0.5 * (p[0] + p[1]), *d)).collect();
        let feet: Vec<_> = tops.iter().map(|(x, _)| (*x, frame.area.bottom)).collect();
        obstacles.add_band(&feet, &tops);
        for (_, std) in &self.families {
            let (x, y) = gaussian(*std);
            obstacles.add_line(&frame.curve(&x, &y));
        }
        obstacles
    }

    fn draw_table(&self, canvas: &mut Canvas<'_>, area: Rect) -> Result<(), PlotError> {
        let values = || [&self.gamma, &self.psi, &self.phi].into_iter().flatten().copied().filter(|v| *v > 0.0);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        if high <= 0.0 {
            let note = "no adjusted offset: the schedule ends in pure noise, where brightness needs none";
            return frame::draw_note(canvas, area, note);
        }
        let n = self.gamma.len();
        let y = Axis::log(low / 1.3, high * 1.3, 1.0);
        let frame = Frame::in_room(area, Axis::linear(0.0, n as f64, 1.0), y)?;
        let step = n.div_ceil(MAX_STEPS).max(1);
        let pick =
            |values: &[f64]| values.iter().copied().step_by(step).chain(values.last().copied()).collect::<Vec<_>>();
        let t: Vec<f64> = pick(&(1..=n).map(|t| t as f64).collect::<Vec<_>>());
        let lines = [
            (pick(&self.psi), Stroke::solid(BLUE, 3.6), "ψ: offset in the noised image"),
            (pick(&self.phi), Stroke::solid(ORANGE, 1.8).dashed(DASHED), "φ: offset in the target (balanced: φ = ψ)"),
            (pick(&self.gamma), Stroke::solid(VERMILLION, 2.2).dashed(DASH_DOTTED), "γ: what each step adds"),
        ];
        let mut legend = Legend::default();
        lines.iter().for_each(|(_, stroke, label)| legend.push(Key::Line(*stroke), *label));
        let (frame, place) = legend.arrange(frame, |frame| {
            let mut obstacles = Obstacles::default();
            lines.iter().for_each(|(values, ..)| obstacles.add_line(&frame.place_all(&t, values)));
            obstacles
        })?;
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        for (values, stroke, _) in &lines {
            canvas.line(&frame.place_all(&t, values), *stroke)?;
        }
        frame.draw_axes(canvas, XLabels::Titled(&format!("step t of {}", self.schedule)), "amount of the offset ξ")
    }
}

/// A zero-mean Gaussian density over four standard deviations.
fn gaussian(std: f64) -> (Vec<f64>, Vec<f64>) {
    let z = |i: usize| 8.0 * i as f64 / (POINTS - 1) as f64 - 4.0;
    let density = |z: f64| (-0.5 * z * z).exp() / (std * (2.0 * std::f64::consts::PI).sqrt());
    ((0..POINTS).map(|i| std * z(i)).collect(), (0..POINTS).map(|i| density(z(i))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    #[test]
    fn with_and_without_histogram_and_table() {
        let whole = OffsetFigure {
            title: "Brightness".to_owned(),
            subtitle: "3 images".to_owned(),
            edges: (0..11).map(|i| f64::from(i) * 0.1 - 0.5).collect(),
            density: (0..10).map(|i| 1.0 + f64::from(i % 4)).collect(),
            families: vec![("white".to_owned(), 0.002), ("matched".to_owned(), 0.3), ("none".to_owned(), 0.0)],
            schedule: "ddpm-linear:1000".to_owned(),
            gamma: (1..1001).map(|t| f64::from(t) * 1e-5).collect(),
            psi: (1..1001).map(|t| f64::from(t) * 1e-3).collect(),
            phi: (1..1001).map(|t| f64::from(t) * 1e-3).collect(),
        };
        let texts = check(&whole);
        assert!(
            texts.iter().any(|t| t == "white: std 0.0020") && texts.iter().any(|t| t.starts_with("γ")),
            "{texts:?}"
        );
        let none = Vec::new;
        check(&OffsetFigure { gamma: none(), psi: none(), phi: none(), ..whole.clone() });
        check(&OffsetFigure { density: vec![0.0; 10], ..whole.clone() });
        let texts = check(&OffsetFigure { edges: none(), density: none(), ..whole });
        assert!(texts.iter().any(|t| t.contains("saved spectrum")), "{texts:?}");
    }
}
