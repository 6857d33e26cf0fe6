//! Mean spectra of several sets over each other and, below, what each has over the first in decibels.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Point, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles};
use super::style::{
    BLACK, BLUE, Colour, DARK_GREY, DASH_DOTTED, DASHED, DOTTED, GREEN, ORANGE, PURPLE, SKY, Stroke, VERMILLION, tint,
};

/// What is drawn: frequencies in cycles per pixel, powers in value² per mode.
#[derive(Debug, Clone, Default)]
pub struct CompareFigure {
    /// The message in plain words.
    pub title: String,
    /// The sets, size.
    pub subtitle: String,
    /// Annulus frequencies in rising order; those that are not positive are left out.
    pub frequency_cycles_per_px: Vec<f64>,
    /// The sets; the first is what the others are compared with.
    pub overlays: Vec<Overlay>,
}

/// One set.
#[derive(Debug, Clone, Default)]
pub struct Overlay {
    /// Its name in the legend.
    pub label: String,
    /// Mean power at each frequency.
    pub power: Vec<f64>,
    /// Half the width of its 95 % interval as a share of it; empty if unknown.
    pub relative_half_width: Vec<f64>,
    /// What it has over the first, dB, and half the width of its 95 % interval, dB (NaN if unknown); none of the first.
    pub over_first: Option<(Vec<f64>, Vec<f64>)>,
}

/// Height of the upper panel on the widest page and of the lower one, logical pixels.
const POWER_PX: f64 = 330.0;
const DIFFERENCE_PX: f64 = 170.0;
/// Space between the panels.
const GAP_PX: f64 = 22.0;
/// Differences beyond this lie off the axis, dB.
const FARTHEST_DB: f64 = 30.0;
/// The lower panel shows this much at least, dB to each side.
const LEAST_DB: f64 = 0.5;
/// The first set is black, the others have colours; dashes tell them apart in grey print.
const LOOKS: [(Colour, &[f64]); 7] = [
    (BLACK, &[]),
    (VERMILLION, DASHED),
    (BLUE, DASH_DOTTED),
    (GREEN, DOTTED),
    (PURPLE, DASHED),
    (ORANGE, DASH_DOTTED),
    (SKY, DOTTED),
];

fn look(i: usize) -> Stroke {
    // After the last colour the others follow again, without black.
    let (colour, dash) = if i < LOOKS.len() { LOOKS[i] } else { LOOKS[1 + (i - 1) % (LOOKS.len() - 1)] };
    Stroke::solid(colour, 2.0).dashed(dash)
}

fn band_colour(i: usize) -> Colour {
    tint(look(i).colour, 0.22)
}

impl Figure for CompareFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        frame::height_at(width_px, POWER_PX) + GAP_PX + DIFFERENCE_PX + frame::X_AXIS_PX
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        self.check()?;
        let Some((x, y)) = self.power_axes() else {
            return frame::draw_empty(
                canvas,
                room,
                "no power at any frequency above zero: there is nothing to compare",
            );
        };
        let below = GAP_PX + DIFFERENCE_PX + frame::X_AXIS_PX;
        let mut upper = Frame::in_room(Rect { bottom: room.bottom - below + frame::X_AXIS_PX, ..room }, x, y)?;
        let top = upper.area.bottom + GAP_PX;
        let mut lower = Frame::in_room(Rect { top, ..room }, x, self.difference_axis())?;
        let left = upper.area.left.max(lower.area.left);
        (upper.area.left, lower.area.left) = (left, left);
        self.draw_power(canvas, upper)?;
        self.draw_differences(canvas, &lower)
    }
}

impl CompareFigure {
    fn check(&self) -> Result<(), PlotError> {
        let n = self.frequency_cycles_per_px.len();
        for overlay in &self.overlays {
            PlotError::check_length("power", overlay.power.len(), n)?;
            if !overlay.relative_half_width.is_empty() {
                PlotError::check_length("relative_half_width", overlay.relative_half_width.len(), n)?;
            }
            if let Some((difference, half)) = &overlay.over_first {
                PlotError::check_length("over_first", difference.len(), n)?;
                PlotError::check_length("over_first", half.len(), n)?;
            }
        }
        Ok(())
    }

    fn first(&self) -> usize {
        self.frequency_cycles_per_px.iter().position(|&f| f > 0.0).unwrap_or(self.frequency_cycles_per_px.len())
    }

    /// Axes of the upper panel; none if nothing has power.
    fn power_axes(&self) -> Option<(Axis, Axis)> {
        let first = self.first();
        let frequency = self.frequency_cycles_per_px.get(first..)?;
        let powers = || {
            let all = self.overlays.iter().flat_map(|o| o.power.iter().skip(first).copied());
            all.filter(|p| *p > 0.0 && p.is_finite())
        };
        let highest = powers().reduce(f64::max)?;
        let lowest = powers().filter(|&p| p >= highest * 1e-12).fold(highest, f64::min);
        let last = frequency.iter().copied().fold(0.5, f64::max);
        Some((Axis::log(frequency.first()? / 1.05, last * 1.05, 0.3), Axis::log(lowest / 1.5, highest * 1.5, 1.0)))
    }

    fn difference_axis(&self) -> Axis {
        let first = self.first();
        let ends = self.overlays.iter().filter_map(|o| o.over_first.as_ref()).flat_map(|(difference, half)| {
            let values = difference.iter().zip(half).skip(first);
            values.map(|(d, h)| d.abs() + if h.is_finite() { *h } else { 0.0 })
        });
        let farthest = ends.filter(|v| v.is_finite()).fold(LEAST_DB, f64::max).min(FARTHEST_DB);
        Axis::linear(-1.1 * farthest, 1.1 * farthest, 0.0)
    }

    fn curve(&self, frame: &Frame, values: &[f64]) -> Vec<Point> {
        let first = self.first();
        frame.curve(&self.frequency_cycles_per_px[first..], &values[first..])
    }

    fn edges(
        &self,
        frame: &Frame,
        values: &[f64],
        edge: impl Fn(usize, f64) -> (f64, f64),
    ) -> (Vec<Point>, Vec<Point>) {
        let first = self.first();
        let frequency = &self.frequency_cycles_per_px[first..];
        let (low, high): (Vec<f64>, Vec<f64>) = (first..values.len()).map(|j| edge(j, values[j])).unzip();
        (frame.place_all(frequency, &low), frame.place_all(frequency, &high))
    }

    fn draw_power(&self, canvas: &mut Canvas<'_>, frame: Frame) -> Result<(), PlotError> {
        let mut legend = Legend::default();
        for (i, overlay) in self.overlays.iter().enumerate() {
            legend.push(Key::Line(look(i)), overlay.label.as_str());
        }
        let (frame, place) = legend.arrange(frame, |frame| {
            let mut obstacles = Obstacles::default();
            self.overlays.iter().for_each(|o| obstacles.add_line(&self.curve(frame, &o.power)));
            obstacles
        })?;
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        for (i, overlay) in self.overlays.iter().enumerate() {
            if !overlay.relative_half_width.is_empty() {
                // The interval of the logarithm, as below: that of the power itself would reach down to nothing.
                let factor = |j: usize| overlay.relative_half_width[j].exp();
                let (low, high) = self.edges(&frame, &overlay.power, |j, p| (p / factor(j), p * factor(j)));
                canvas.band(&low, &high, band_colour(i))?;
            }
        }
        for (i, overlay) in self.overlays.iter().enumerate() {
            canvas.line(&self.curve(&frame, &overlay.power), look(i))?;
        }
        frame.draw_axes(canvas, XLabels::Hidden, "power (value² per mode)")
    }

    fn draw_differences(&self, canvas: &mut Canvas<'_>, frame: &Frame) -> Result<(), PlotError> {
        frame.draw_grid(canvas)?;
        let compared = || self.overlays.iter().enumerate().filter_map(|(i, o)| Some((i, o.over_first.as_ref()?)));
        for (i, (difference, half)) in compared() {
            if half.iter().skip(self.first()).all(|h| h.is_finite()) {
                let (low, high) = self.edges(frame, difference, |j, d| (d - half[j], d + half[j]));
                canvas.band(&low, &high, band_colour(i))?;
            }
        }
        let zero = [frame.place(frame.x.low(), 0.0), frame.place(frame.x.high(), 0.0)];
        canvas.line(&zero, Stroke::solid(DARK_GREY, 1.2))?;
        for (i, (difference, _)) in compared() {
            canvas.line(&self.curve(frame, difference), look(i))?;
        }
        frame.draw_axes(canvas, XLabels::Titled("radial frequency (cycles/pixel)"), "over the first (dB)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    fn figure(n_sets: usize) -> CompareFigure {
        let frequency: Vec<f64> = (0..=32).map(|j| f64::from(j) / 64.0).collect();
        let overlay = |i: usize| Overlay {
            label: format!("set {i}, 100 images"),
            power: frequency.iter().map(|f| (1.0 + 0.2 * i as f64) * 1e-3 * f.max(1e-3).powi(-2)).collect(),
            relative_half_width: vec![0.05; 33],
            over_first: (i > 0).then(|| (vec![0.5 * i as f64; 33], vec![0.3; 33])),
        };
        CompareFigure {
            title: "The spectrum of set 1 differs from that of set 0".into(),
            subtitle: "64×64".into(),
            overlays: (0..n_sets).map(overlay).collect(),
            frequency_cycles_per_px: frequency,
        }
    }

    #[test]
    fn both_panels_and_all_sets_are_named() {
        for n_sets in [2, 3, 9] {
            let texts = check(&figure(n_sets));
            for text in [
                "set 0, 100 images",
                "over the first (dB)",
                "power (value² per mode)",
                "radial frequency (cycles/pixel)",
            ] {
                assert!(texts.iter().any(|t| t == text), "{text} is missing in {texts:?}");
            }
        }
    }

    #[test]
    fn sets_look_different() {
        let looks: Vec<Stroke> = (0..7).map(look).collect();
        for (i, a) in looks.iter().enumerate() {
            assert!(looks[..i].iter().all(|b| b.colour != a.colour));
        }
        assert!((7..20).all(|i| look(i).colour != BLACK));
    }

    #[test]
    fn unusual_values_do_not_stop_it() {
        let mut figure = figure(2);
        figure.overlays[1].power.fill(0.0);
        figure.overlays[1].over_first = Some((vec![f64::NAN; 33], vec![f64::NAN; 33]));
        figure.overlays[0].relative_half_width.clear();
        check(&figure);
        check(&CompareFigure::default());
    }
}
