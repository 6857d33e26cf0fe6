//! The adjusted offset over the steps of a schedule.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles};
use super::style::{BLUE, DASH_DOTTED, DASHED, ORANGE, Stroke, VERMILLION};

/// What is drawn: amounts of the offset ξ at steps 1 … T.
#[derive(Debug, Clone, Default)]
pub struct AdjustedOffsetFigure {
    /// The message in plain words.
    pub title: String,
    /// What the amounts are of.
    pub subtitle: String,
    /// The schedule's name.
    pub schedule: String,
    /// γ, what each step adds.
    pub gamma: Vec<f64>,
    /// ψ, in the noised image.
    pub psi: Vec<f64>,
    /// φ, in the target.
    pub phi: Vec<f64>,
}

/// Steps drawn, at the most.
const MAX_STEPS: usize = 500;

impl Figure for AdjustedOffsetFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        frame::height_at(width_px, 400.0)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        let n = self.gamma.len();
        PlotError::check_length("psi", self.psi.len(), n)?;
        PlotError::check_length("phi", self.phi.len(), n)?;
        let values = || [&self.gamma, &self.psi, &self.phi].into_iter().flatten().copied().filter(|v| *v > 0.0);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        if high <= 0.0 {
            return frame::draw_empty(canvas, room, "no step of the schedule has an offset");
        }
        let y = Axis::log(low / 1.3, high * 1.3, 1.0);
        let frame = Frame::in_room(room, Axis::linear(0.0, n as f64, 1.0), y)?;
        let step = n.div_ceil(MAX_STEPS).max(1);
        let pick =
            |values: &[f64]| values.iter().copied().step_by(step).chain(values.last().copied()).collect::<Vec<_>>();
        let t: Vec<f64> = pick(&(1..=n).map(|t| t as f64).collect::<Vec<_>>());
        let lines = [
            (pick(&self.psi), Stroke::solid(BLUE, 3.6), "ψ: in the noised image"),
            (pick(&self.phi), Stroke::solid(ORANGE, 1.8).dashed(DASHED), "φ: in the target (here φ = ψ)"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    #[test]
    fn any_number_of_steps_is_drawn() {
        for n in [0, 1, 2, 1000, 4001] {
            let values = |factor: f64| (1..=n).map(|t| f64::from(t) * factor).collect::<Vec<_>>();
            let texts = check(&AdjustedOffsetFigure {
                title: "The adjusted offset grows".to_owned(),
                subtitle: "balanced".to_owned(),
                schedule: "ddpm-linear:1000".to_owned(),
                gamma: values(1e-5),
                psi: values(1e-3),
                phi: values(1e-3),
            });
            assert_eq!(texts.iter().any(|t| t.starts_with('γ')), n > 0, "{texts:?}");
        }
    }
}
