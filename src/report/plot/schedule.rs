//! The fan of the images' own schedules over time, with common schedules beside them.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles};
use super::rapsd::Bands;
use super::style::{BLUE, DASH_DOTTED, DASHED, ORANGE, Stroke, VERMILLION, tint};

/// What is drawn: logSNRs (natural) over times from 0 (clean) to 1 (noise).
#[derive(Debug, Clone, Default)]
pub struct ScheduleFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess, kind of schedule.
    pub subtitle: String,
    /// Times of the images' schedules.
    pub t: Vec<f64>,
    /// Median over the images; empty if all are flat.
    pub median: Vec<f64>,
    /// What the median line is called.
    pub median_label: String,
    /// Percentiles over the images, if there are enough for them.
    pub bands: Option<Bands>,
    /// Name, times and logSNRs of common schedules, at most three.
    pub references: Vec<(String, Vec<f64>, Vec<f64>)>,
}

/// Looks of the common schedules: apart in grey, too.
const STROKES: [Stroke; 3] = [
    Stroke::solid(VERMILLION, 2.2).dashed(DASHED),
    Stroke::solid(ORANGE, 2.2).dashed(DASH_DOTTED),
    Stroke::solid(super::style::DARK_GREY, 1.6),
];
/// How far the axis follows common schedules beyond the images'.
const REACH: f64 = 4.0;

impl Figure for ScheduleFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        frame::height_at(width_px, 500.0)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        self.check()?;
        let Some(y) = self.y_axis() else {
            return frame::draw_empty(canvas, room, "every image is flat: none has a schedule");
        };
        let frame = Frame::in_room(room, Axis::linear(0.0, 1.0, 1.0), y)?;
        let legend = self.legend();
        let (frame, place) = legend.arrange(frame, |frame| self.obstacles(frame))?;
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        if let Some(bands) = &self.bands {
            for (low, high, share) in [(&bands.q05, &bands.q95, 0.2), (&bands.q25, &bands.q75, 0.4)] {
                canvas.band(&frame.place_all(&self.t, low), &frame.place_all(&self.t, high), tint(BLUE, share))?;
            }
        }
        canvas.line(&frame.curve(&self.t, &self.median), Stroke::solid(BLUE, 2.6))?;
        for ((_, t, logsnr), stroke) in self.references.iter().zip(STROKES) {
            canvas.line(&frame.curve(t, logsnr), stroke)?;
        }
        frame.draw_axes(canvas, XLabels::Titled("time t (0: clean, 1: noise)"), "logSNR λ = −2 ln(σ/α)")
    }
}

impl ScheduleFigure {
    fn check(&self) -> Result<(), PlotError> {
        let n = self.t.len();
        if !self.median.is_empty() {
            PlotError::check_length("median", self.median.len(), n)?;
        }
        if let Some(bands) = &self.bands {
            for band in [&bands.q05, &bands.q25, &bands.q75, &bands.q95] {
                PlotError::check_length("bands", band.len(), n)?;
            }
        }
        self.references.iter().try_for_each(|(_, t, l)| PlotError::check_length("references", l.len(), t.len()))
    }

    /// An axis over the images' schedules, and what lies near them of the common ones.
    fn y_axis(&self) -> Option<Axis> {
        let bands = self.bands.iter().flat_map(|b| b.q05.iter().chain(&b.q95));
        let own = || self.median.iter().chain(bands.clone()).copied().filter(|l| l.is_finite());
        let (low, high) = (own().reduce(f64::min)?, own().reduce(f64::max)?);
        let others = self.references.iter().flat_map(|(_, _, logsnr)| logsnr).copied();
        let near = others.filter(|l| *l >= low - REACH && *l <= high + REACH);
        let (low, high) = near.fold((low, high), |(l, h), v| (l.min(v), h.max(v)));
        Some(Axis::linear(low - 0.5, high + 0.5, 2.0))
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        legend.push(Key::Line(Stroke::solid(BLUE, 2.6)), self.median_label.as_str());
        if self.bands.is_some() {
            legend.push(Key::Band(tint(BLUE, 0.4)), "25–75 % of them");
            legend.push(Key::Band(tint(BLUE, 0.2)), "5–95 % of them");
        }
        for ((name, ..), stroke) in self.references.iter().zip(STROKES) {
            legend.push(Key::Line(stroke), name.as_str());
        }
        legend
    }

    fn obstacles(&self, frame: &Frame) -> Obstacles {
        let mut obstacles = Obstacles::default();
        obstacles.add_line(&frame.place_all(&self.t, &self.median));
        if let Some(bands) = &self.bands {
            obstacles.add_band(&frame.place_all(&self.t, &bands.q05), &frame.place_all(&self.t, &bands.q95));
        }
        for (_, t, logsnr) in &self.references {
            obstacles.add_line(&frame.curve(t, logsnr));
        }
        obstacles
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    fn line(from: f64, to: f64) -> Vec<f64> {
        (0..33).map(|i| from + (to - from) * f64::from(i) / 32.0).collect()
    }

    #[test]
    fn a_fan_one_schedule_and_none_are_drawn() {
        let bands = Bands { q05: line(7.0, -10.0), q25: line(7.5, -9.0), q75: line(9.0, -7.0), q95: line(10.0, -6.0) };
        let edm = ("edm:18".to_owned(), line(0.0, 1.0), line(12.0, -9.0));
        let whole = ScheduleFigure {
            title: "Schedules".to_owned(),
            subtitle: "9 images".to_owned(),
            t: line(0.0, 1.0),
            median: line(8.0, -8.0),
            median_label: "median of 9 images".to_owned(),
            bands: Some(bands),
            references: vec![edm.clone(), ("cosine:1000".to_owned(), line(0.0, 1.0), line(10.0, -20.0))],
        };
        let texts = check(&whole);
        assert!(texts.iter().any(|t| t == "5–95 % of them") && texts.iter().any(|t| t == "edm:18"), "{texts:?}");
        check(&ScheduleFigure { bands: None, references: vec![edm], ..whole.clone() });
        let texts = check(&ScheduleFigure { bands: None, median: Vec::new(), references: Vec::new(), ..whole });
        assert!(texts.iter().any(|t| t.contains("flat")), "{texts:?}");
    }
}
