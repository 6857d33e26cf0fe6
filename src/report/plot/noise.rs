//! Samples of noise families side by side, and their spectra below: families that look alike to the eye differ there.
//!
//! The zero frequency, all that an offset changes, has no place on a logarithmic axis: it stands at its left end, set
//! apart.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles};
use super::pictures::PicturesFigure;
use super::style::{
    Align, BLACK, BLUE, DARK_GREY, DASH_DOTTED, DASHED, DOTTED, GREEN, MARGIN_PX, ORANGE, PURPLE, SKY, Stroke, TICK_PX,
    Text, VERMILLION, WHITE,
};

/// What is drawn: frequencies in cycles per pixel, powers in value² per mode.
#[derive(Debug, Clone, Default)]
pub struct NoiseFigure {
    /// The samples, with title and subtitle.
    pub sheet: PicturesFigure,
    /// Annulus frequencies in rising order, the first zero.
    pub frequency_cycles_per_px: Vec<f64>,
    /// Name of each family and its power at these frequencies.
    pub spectra: Vec<(String, Vec<f64>)>,
}

/// Lines of the first families: apart in grey, too.
const STROKES: [Stroke; 7] = [
    Stroke::solid(BLACK, 2.0),
    Stroke::solid(VERMILLION, 2.4).dashed(DASHED),
    Stroke::solid(GREEN, 2.4).dashed(DASH_DOTTED),
    Stroke::solid(BLUE, 2.4),
    Stroke::solid(ORANGE, 2.4).dashed(&[12.0, 4.0]),
    Stroke::solid(PURPLE, 2.4).dashed(DOTTED),
    Stroke::solid(SKY, 2.4).dashed(&[4.0, 3.0]),
];
/// Height of the spectra with their axis on the widest page.
const SPECTRA_PX: f64 = 380.0;
/// Height of a row of the legend on a narrow page.
const LEGEND_ROW_PX: f64 = 18.0;
/// Width of the place of the zero frequency.
const ZERO_PX: f64 = 44.0;
/// Power below this part of the highest counts as none.
const NEGLIGIBLE: f64 = 1e-9;

/// The line of family `i`: colours and dashes are combined anew where there are more families than strokes.
fn stroke(i: usize) -> Stroke {
    let (n, round) = (STROKES.len(), i / STROKES.len());
    Stroke { dash_px: STROKES[(i + 2 * round) % n].dash_px, ..STROKES[(i + 3 * round) % n] }
}

/// How a family's zero frequency is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Dot,
    Ring,
    Square,
}

/// The marker of family `i`: another one where colours begin anew.
fn marker(i: usize) -> Marker {
    [Marker::Dot, Marker::Ring, Marker::Square][i / STROKES.len() % 3]
}

impl Figure for NoiseFigure {
    fn heading(&self) -> (&str, &str) {
        self.sheet.heading()
    }

    fn body_px(&self, width_px: f64) -> f64 {
        // On a narrow page the legend stands above, two names in a row.
        let legend = if width_px < 600.0 { LEGEND_ROW_PX * self.spectra.len().div_ceil(2) as f64 } else { 0.0 };
        let spectra = if self.axes().is_some() { frame::height_at(width_px, SPECTRA_PX) + legend } else { 0.0 };
        self.sheet.body_px(width_px) + spectra
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        for (_, power) in &self.spectra {
            PlotError::check_length("spectra", power.len(), self.frequency_cycles_per_px.len())?;
        }
        self.sheet.draw(canvas, room)?;
        let Some((x, y)) = self.axes() else { return Ok(()) };
        let top = room.top + self.sheet.body_px(canvas.bounds().right);
        let mut frame = Frame::in_room(Rect { top, ..room }, x, y)?;
        let zero_left = frame.area.left;
        frame.area.left += ZERO_PX;
        let legend = self.legend();
        let (frame, place) = legend.arrange(frame, |frame| {
            let mut obstacles = Obstacles::default();
            self.curves(frame).iter().for_each(|line| obstacles.add_line(line));
            obstacles
        })?;
        let zero = Frame { area: Rect { left: zero_left, right: zero_left + ZERO_PX - 8.0, ..frame.area }, ..frame };
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        for (i, line) in self.curves(&frame).iter().enumerate() {
            canvas.line(line, stroke(i))?;
        }
        self.draw_zero_frequency(canvas, &zero)?;
        frame.draw_x_axis(canvas, XLabels::Titled("radial frequency (cycles/pixel)"))?;
        zero.draw_y_axis(canvas, "power (value² per mode)")
    }
}

impl NoiseFigure {
    /// The axes of the spectra; none without power at a frequency above zero.
    fn axes(&self) -> Option<(Axis, Axis)> {
        let frequency = &self.frequency_cycles_per_px;
        let (first, last) = (*frequency.get(1)?, *frequency.last()?);
        let powers = || self.spectra.iter().flat_map(|(_, p)| p).copied().filter(|p| p.is_finite() && *p > 0.0);
        let highest = powers().reduce(f64::max)?;
        let lowest = powers().filter(|p| *p >= NEGLIGIBLE * highest).fold(highest, f64::min);
        let x = Axis::log(first.min(last / 2.0) / 1.02, last * 1.02, 0.3);
        Some((x, Axis::log(lowest / 1.5, highest * 1.5, 2.0)))
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        for (i, (name, _)) in self.spectra.iter().enumerate() {
            legend.push(Key::Line(stroke(i)), name.as_str());
        }
        legend
    }

    fn curves(&self, frame: &Frame) -> Vec<Vec<(f64, f64)>> {
        let curve = |power: &[f64]| frame.curve(&self.frequency_cycles_per_px[1..], &power[1..]);
        self.spectra.iter().map(|(_, power)| curve(power)).collect()
    }

    /// A short bar for each family at the power of its zero frequency, side by side where they coincide.
    fn draw_zero_frequency(&self, canvas: &mut Canvas<'_>, zero: &Frame) -> Result<(), PlotError> {
        let Rect { left, right, bottom, .. } = zero.area;
        canvas.line(&[(left, bottom), (right, bottom)], Stroke::solid(DARK_GREY, 1.0))?;
        let middle = 0.5 * (left + right);
        let look = Text::new(TICK_PX, BLACK).aligned(Align::Middle);
        canvas.text("0", (middle, bottom + 15.0), look)?;
        let n = self.spectra.len().max(1) as f64;
        for (i, (_, power)) in self.spectra.iter().enumerate() {
            if zero.y.contains(power[0]) {
                let (_, y) = zero.place(zero.x.low(), power[0]);
                let x = left + MARGIN_PX / 2.0 + (i as f64 + 0.5) / n * (right - left - MARGIN_PX);
                let (colour, centre) = (stroke(i).colour, (x, y));
                match marker(i) {
                    Marker::Dot => canvas.dot(centre, 3.0, colour)?,
                    Marker::Ring => {
                        canvas.dot(centre, 3.6, colour)?;
                        canvas.dot(centre, 1.8, WHITE)?;
                    }
                    Marker::Square => {
                        canvas.rect(Rect { left: x - 2.8, top: y - 2.8, right: x + 2.8, bottom: y + 2.8 }, colour)?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::pictures::Picture;
    use crate::report::plot::pixels::Pixels;
    use crate::report::plot::testing::check;

    #[test]
    fn no_two_of_twenty_families_look_alike() {
        let looks: Vec<_> = (0..20).map(|i| (stroke(i).colour, stroke(i).dash_px, marker(i))).collect();
        for (i, a) in looks.iter().enumerate() {
            for b in &looks[..i] {
                assert!(a.0 != b.0 || (a.1 != b.1 && a.2 != b.2), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn any_number_of_families_is_drawn_with_its_spectrum() {
        for n in [0, 1, 3, 9] {
            let picture = |i: usize| Picture {
                pixels: Pixels { width: 8, height: 8, rgb: vec![20 * i as u8; 3 * 64] },
                name: format!("family {i}"),
                note: "Δ = 1".to_owned(),
            };
            let power = |i: usize| (0..17).map(|j| 1.0 / f64::from(1 + j).powi(i as i32 % 3)).collect();
            let figure = NoiseFigure {
                sheet: PicturesFigure {
                    title: "Noise".to_owned(),
                    subtitle: "32 px".to_owned(),
                    pictures: (0..n).map(picture).collect(),
                },
                frequency_cycles_per_px: (0..17).map(|j| f64::from(j) / 32.0).collect(),
                spectra: (0..n).map(|i| (format!("spectrum {i}"), power(i))).collect(),
            };
            let texts = check(&figure);
            assert_eq!(texts.iter().filter(|t| t.starts_with("spectrum")).count(), n, "{texts:?}");
            assert_eq!(texts.iter().any(|t| t == "0"), n > 0, "{texts:?}");
        }
    }

    #[test]
    fn no_two_families_have_the_same_line() {
        let strokes: Vec<Stroke> = (0..21).map(stroke).collect();
        for (i, a) in strokes.iter().enumerate() {
            assert!(strokes[..i].iter().all(|b| a.colour != b.colour || a.dash_px != b.dash_px), "{i}: {a:?}");
        }
        // White and an offset differ at the zero frequency alone: their lines lie on each other.
        assert_ne!(strokes[0].colour, strokes[7].colour);
    }

    #[test]
    fn odd_spectra_leave_the_sheet_alone() {
        for power in [vec![0.0; 17], vec![f64::NAN; 17], vec![f64::INFINITY; 17]] {
            let figure = NoiseFigure {
                frequency_cycles_per_px: (0..17).map(|j| f64::from(j) / 32.0).collect(),
                spectra: vec![("flat".to_owned(), power)],
                ..NoiseFigure::default()
            };
            assert!(!check(&figure).iter().any(|t| t == "flat"));
        }
    }
}
