//! Over one axis of noise levels: which noise hides each frequency of the images, the levels of use to them, and the
//! densities that training noise is drawn from.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend};
use super::style::{BLACK, BLUE, Colour, DASH_DOTTED, DASHED, ORANGE, Stroke, VERMILLION, tint};
use crate::diffusion::NoiseDraws;

/// What is drawn. Noise levels are relative, in pixel values.
#[derive(Debug, Clone)]
pub struct RecommendFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess.
    pub subtitle: String,
    /// Least and largest useful noise of the set.
    pub bounds: [f64; 2],
    /// Frequency of each annulus `j ≥ 1`, cycles per pixel.
    pub frequency_cycles_per_px: Vec<f64>,
    /// Noise level that hides it, at a noise-to-signal ratio of 1.
    pub hidden_sigma: Vec<f64>,
    /// Labels and densities, the images' own first; at most three.
    pub densities: Vec<(String, NoiseDraws)>,
}

/// Looks of the densities: apart in grey, too.
const STROKES: [Stroke; 3] = [
    Stroke::solid(BLUE, 2.8),
    Stroke::solid(VERMILLION, 2.2).dashed(DASHED),
    Stroke::solid(ORANGE, 2.2).dashed(DASH_DOTTED),
];
/// The line of the spectrum.
const SPECTRUM: Stroke = Stroke::solid(BLACK, 2.2);
/// Share of the height that the spectrum takes, and the space between both panels, logical pixels.
const UPPER_SHARE: f64 = 0.45;
const BETWEEN_PX: f64 = 22.0;
/// Height below which the labels of the two panels would be cut off.
const LEAST_HEIGHT_PX: f64 = 490.0;
/// Share of the draws beyond either end of the axis.
const BEYOND: f64 = 0.002;
/// Points of a curve.
const N_POINTS: usize = 240;

fn bounds_colour() -> Colour {
    tint(BLUE, 0.14)
}

impl Figure for RecommendFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        frame::height_at(width_px, 560.0).max(LEAST_HEIGHT_PX)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        PlotError::check_length("noise levels", self.hidden_sigma.len(), self.frequency_cycles_per_px.len())?;
        let (Some(first), Some(last)) = (self.frequency_cycles_per_px.first(), self.frequency_cycles_per_px.last())
        else {
            return frame::draw_empty(canvas, room, "images of one pixel have no frequency to hide");
        };
        let x = self.x_axis();
        let legend = self.legend();
        let whole = Frame::in_room(room, x, Axis::log(*first, *last, 1.0))?;
        let (whole, place) = legend.above(whole)?;
        legend.draw(canvas, place)?;
        let middle = whole.area.top + UPPER_SHARE * whole.area.height();
        let upper = Frame { area: Rect { bottom: middle - 0.5 * BETWEEN_PX, ..whole.area }, ..whole };
        let curves = self.curves(&x);
        let highest = curves.iter().flat_map(|(_, density)| density).copied().fold(0.0, f64::max);
        let y = Axis::linear(0.0, 1.05 * highest, 0.1);
        let lower = Frame { area: Rect { top: middle + 0.5 * BETWEEN_PX, ..whole.area }, x, y };
        for frame in [&upper, &lower] {
            let [(left, _), (right, _)] = self.bounds.map(|sigma| frame.place(sigma, frame.y.low()));
            canvas.rect(Rect { left, right, ..frame.area }, bounds_colour())?;
            frame.draw_grid(canvas)?;
        }
        canvas.line(&upper.place_all(&self.hidden_sigma, &self.frequency_cycles_per_px), SPECTRUM)?;
        for ((sigmas, density), stroke) in curves.iter().zip(STROKES) {
            canvas.line(&lower.place_all(sigmas, density), stroke)?;
        }
        upper.draw_axes(canvas, XLabels::Hidden, "frequency (cycles/pixel)")?;
        lower.draw_axes(canvas, XLabels::Titled("relative noise level σ/α (pixel values)"), "density of ln σ")
    }
}

impl RecommendFigure {
    /// An axis over the bounds, and nearly all of what is drawn from the densities.
    fn x_axis(&self) -> Axis {
        let ends = self.densities.iter().flat_map(|(_, d)| [d.quantile(BEYOND), d.quantile(1.0 - BEYOND)]);
        let [low, high] = self.bounds;
        let (low, high) = ends.fold((low, high), |(l, h), s| (l.min(s), h.max(s)));
        Axis::log(low / 1.2, high * 1.2, 1.0)
    }

    /// Noise levels and values of each density.
    fn curves(&self, x: &Axis) -> Vec<(Vec<f64>, Vec<f64>)> {
        let at = |i: usize| x.low() * (x.high() / x.low()).powf(i as f64 / (N_POINTS - 1) as f64);
        let sigmas: Vec<f64> = (0..N_POINTS).map(at).collect();
        self.densities.iter().map(|(_, d)| (sigmas.clone(), sigmas.iter().map(|s| d.density(*s)).collect())).collect()
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        legend.push(Key::Band(bounds_colour()), "of use to these images");
        legend.push(Key::Line(SPECTRUM), "noise that hides each frequency");
        for ((label, _), stroke) in self.densities.iter().zip(STROKES) {
            legend.push(Key::Line(stroke), label.as_str());
        }
        legend
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    #[test]
    fn densities_over_a_spectrum_are_drawn_and_images_of_one_pixel_are_said() {
        let frequencies: Vec<f64> = (1..65).map(|j| f64::from(j) / 128.0).collect();
        let figure = RecommendFigure {
            title: "These images need noise".to_owned(),
            subtitle: "9 images".to_owned(),
            bounds: [0.0023, 31.0],
            hidden_sigma: frequencies.iter().map(|f| 0.05 / f).collect(),
            frequency_cycles_per_px: frequencies,
            densities: vec![
                ("these images: ln σ ~ N(−1.26, 1.06²)".to_owned(), NoiseDraws::Edm { mean: -1.26, std: 1.06 }),
                ("EDM: ln σ ~ N(−1.20, 1.20²)".to_owned(), NoiseDraws::EDM),
                ("flow matching: ln σ ~ N(0.00, 1.00²)".to_owned(), NoiseDraws::FLOW),
            ],
        };
        let texts = check(&figure);
        assert!(
            texts.iter().any(|t| t == "density of ln σ") && texts.iter().any(|t| t.starts_with("EDM")),
            "{texts:?}"
        );
        let x = figure.x_axis();
        assert!(x.low() <= 0.0023 && x.high() >= 31.0);
        // The area below a density is one.
        for (sigmas, density) in figure.curves(&x) {
            let step = (sigmas[1] / sigmas[0]).ln();
            let area = density.iter().sum::<f64>() * step;
            assert!((0.98..=1.02).contains(&area), "{area}");
        }
        let empty = RecommendFigure { frequency_cycles_per_px: Vec::new(), hidden_sigma: Vec::new(), ..figure };
        assert!(check(&empty).iter().any(|t| t.contains("no frequency")));
    }
}
