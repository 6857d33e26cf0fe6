//! The brightness of the images against that of noise, without and with a constant added to it.

use super::axes::{Axis, two_digits};
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles};
use super::style::{BLACK, BLUE, DARK_GREY, DASHED, DOTTED, GREEN, Stroke, VERMILLION, tint};

/// What is drawn.
#[derive(Debug, Clone, Default)]
pub struct OffsetFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess, what the noise is.
    pub subtitle: String,
    /// What is counted, for the legend.
    pub counted: &'static str,
    /// Edges of the histogram's bins, value; empty if there is none.
    pub edges: Vec<f64>,
    /// Density in each bin, per value.
    pub density: Vec<f64>,
    /// Mean brightness of the images, value.
    pub mean: Option<f64>,
    /// Name, and standard deviation of the brightness of each noise; at most three, narrow ones first.
    pub noises: Vec<(String, f64)>,
}

/// Lines of the noises: apart in grey, too.
const STROKES: [Stroke; 3] =
    [Stroke::solid(BLACK, 1.8), Stroke::solid(VERMILLION, 2.2).dashed(DASHED), Stroke::solid(GREEN, 2.8)];
const MEAN: Stroke = Stroke::solid(DARK_GREY, 1.4).dashed(DOTTED);
/// Points of a Gaussian.
const POINTS: usize = 801;
/// Height of the panel in heights of the histogram, at least and at most: higher curves run out of it.
const HEADROOM: f64 = 1.2;
const MOST_HEADROOM: f64 = 3.0;
/// Standard deviations of noise beside the middle that are always on the axis.
const SHOWN_STDS: f64 = 2.5;
/// Noise narrower than this share of the axis is drawn as a spike.
const SPIKE: f64 = 0.01;

impl Figure for OffsetFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        frame::height_at(width_px, 430.0)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        let highest = self.density.iter().copied().filter(|d| d.is_finite()).fold(0.0, f64::max);
        let (Some(low), Some(high)) = (self.edges.first(), self.edges.last()) else {
            return frame::draw_empty(canvas, room, "a saved spectrum holds no single images: there is no histogram");
        };
        PlotError::check_length("density", self.density.len() + 1, self.edges.len())?;
        if highest <= 0.0 {
            return frame::draw_empty(canvas, room, "all images are equally bright");
        }
        let widest = self.noises.iter().map(|(_, std)| SHOWN_STDS * std).filter(|w| w.is_finite()).fold(0.0, f64::max);
        let x = Axis::linear(low.min(-widest), high.max(widest), 1e-6);
        let frame = Frame::in_room(room, x, Axis::linear(0.0, self.highest_shown(highest), 0.0))?;
        let legend = self.legend();
        let (frame, place) = legend.arrange(frame, |frame| self.obstacles(frame))?;
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        for (pair, density) in self.edges.windows(2).zip(&self.density) {
            let ((left, bottom), (right, top)) = (frame.place(pair[0], 0.0), frame.place(pair[1], *density));
            canvas.rect(Rect { left, top, right: right.max(left + 1.0), bottom }, tint(BLUE, 0.35))?;
        }
        for line in self.lines(&frame) {
            canvas.line(&line.0, line.1)?;
        }
        frame.draw_axes(canvas, XLabels::Titled("brightness: mean of the pixels (value)"), "density (1/value)")
    }
}

impl OffsetFigure {
    /// Upper end of the densities drawn, from that of the highest bin: curves not much higher are drawn to their tops.
    fn highest_shown(&self, bin: f64) -> f64 {
        let tops = self.noises.iter().map(|(_, std)| 1.05 / (std * (2.0 * std::f64::consts::PI).sqrt()));
        tops.filter(|top| *top <= MOST_HEADROOM * bin).fold(HEADROOM * bin, f64::max)
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        legend.push(Key::Band(tint(BLUE, 0.35)), self.counted);
        if let Some(mean) = self.mean {
            let sign = if mean < 0.0 { "−" } else { "" };
            legend.push(Key::Line(MEAN), format!("their mean, {sign}{}", two_digits(mean.abs())));
        }
        for ((name, std), stroke) in self.noises.iter().zip(STROKES) {
            legend.push(Key::Line(stroke), format!("{name}: std {}", two_digits(*std)));
        }
        legend
    }

    /// The lines over the histogram as they lie in `frame`.
    fn lines(&self, frame: &Frame) -> Vec<(Vec<(f64, f64)>, Stroke)> {
        let upright = |at: f64| vec![frame.place(at, 0.0), frame.place(at, frame.y.high())];
        let noises = self.noises.iter().zip(STROKES).map(|((_, std), stroke)| {
            if *std < SPIKE * (frame.x.high() - frame.x.low()) {
                return (upright(0.0), stroke);
            }
            let (x, y) = gaussian(*std);
            let on_axis: Vec<f64> =
                x.iter().zip(y).map(|(x, y)| if frame.x.contains(*x) { y } else { f64::NAN }).collect();
            (frame.curve(&x, &on_axis), stroke)
        });
        self.mean.map(|mean| (upright(mean), MEAN)).into_iter().chain(noises).collect()
    }

    fn obstacles(&self, frame: &Frame) -> Obstacles {
        let mut obstacles = Obstacles::default();
        let tops: Vec<_> =
            self.edges.windows(2).zip(&self.density).map(|(p, d)| frame.place(0.5 * (p[0] + p[1]), *d)).collect();
        let feet: Vec<_> = tops.iter().map(|(x, _)| (*x, frame.area.bottom)).collect();
        obstacles.add_band(&feet, &tops);
        self.lines(frame).iter().for_each(|(line, _)| obstacles.add_line(line));
        obstacles
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
    fn with_and_without_histogram_and_spread() {
        let whole = OffsetFigure {
            title: "Brightness".to_owned(),
            subtitle: "3 images".to_owned(),
            counted: "images",
            edges: (0..11).map(|i| f64::from(i) * 0.1 - 0.5).collect(),
            density: (0..10).map(|i| 1.0 + f64::from(i % 4)).collect(),
            mean: Some(-0.09),
            noises: vec![
                ("white".to_owned(), 0.004),
                ("noise_offset 0.1".to_owned(), 0.1),
                ("it matches".to_owned(), 0.3),
            ],
        };
        let texts = check(&whole);
        for text in ["white: std 0.0040", "noise_offset 0.1: std 0.10", "their mean, −0.090"] {
            assert!(texts.iter().any(|t| t == text), "{text} is missing in {texts:?}");
        }
        check(&OffsetFigure { mean: None, noises: vec![("none".to_owned(), 0.0)], ..whole.clone() });
        check(&OffsetFigure { density: vec![0.0; 10], ..whole.clone() });
        let texts = check(&OffsetFigure { edges: Vec::new(), density: Vec::new(), ..whole });
        assert!(texts.iter().any(|t| t.contains("saved spectrum")), "{texts:?}");
    }
}
