//! The power law against what it was fitted to: power with the law, below it what the law misses, below that the
//! exponent frequency by frequency.
//!
//! A fit is judged by its residuals: on an axis over six decades every law looks good. The law is drawn through its own
//! annulus means, which are what was compared with the dots; at the lowest frequencies they lie off the straight line.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Point, Rect};
use super::error::PlotError;
use super::font::text_width;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles, draw_label};
use super::style::{BLUE, Colour, DARK_GREY, DASHED, SMALL_PX, Stroke, Text, VERMILLION, tint};

/// What is drawn: frequencies in cycles per pixel, powers in the figure's unit per mode.
#[derive(Debug, Clone, Default)]
pub struct FitFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess, what other estimators say.
    pub subtitle: String,
    /// Annulus frequencies in rising order; those that are not positive are left out.
    pub frequency_cycles_per_px: Vec<f64>,
    /// Unit of the powers, before `per mode`.
    pub power_unit: &'static str,
    /// Measured power at each frequency. NaN is left out.
    pub power: Vec<f64>,
    /// Lower and upper end of the 95 % interval of the measured power at each frequency.
    pub power_band95: Option<(Vec<f64>, Vec<f64>)>,
    /// The fitted law.
    pub law: Option<FittedLaw>,
    /// The exponent frequency by frequency; without a finite value in it its panel is left out.
    pub local: Option<LocalExponent>,
}

/// A fitted power law.
#[derive(Debug, Clone, Default)]
pub struct FittedLaw {
    /// Its name in the legend.
    pub label: String,
    /// Its exponent Δ.
    pub delta: f64,
    /// Its annulus means at each of the figure's frequencies.
    pub power: Vec<f64>,
    /// Lowest and highest frequency that it was fitted to.
    pub fitted_cycles_per_px: (f64, f64),
    /// The same fit over parts of the range.
    pub parts: Vec<PartOfLaw>,
}

/// A power law over a part of the range.
#[derive(Debug, Clone, Default)]
pub struct PartOfLaw {
    /// Its name, such as `coarse`.
    pub name: &'static str,
    /// Its exponent Δ.
    pub delta: f64,
    /// The ends of its part.
    pub cycles_per_px: (f64, f64),
}

/// The exponent of a power law through neighbouring frequencies, with its 95 % interval.
#[derive(Debug, Clone, Default)]
pub struct LocalExponent {
    /// Middle of each window, cycles per pixel.
    pub frequency_cycles_per_px: Vec<f64>,
    /// Δ of each window. NaN interrupts the line.
    pub delta: Vec<f64>,
    /// Lower end of its interval.
    pub low95: Vec<f64>,
    /// Upper end of its interval.
    pub high95: Vec<f64>,
}

/// Radius of a measured point, logical pixels.
const DOT_PX: f64 = 2.3;
/// Height of the upper panel on the widest page, of the panel of residuals and of that of the exponent, logical pixels.
const POWER_PX: f64 = 330.0;
const RESIDUAL_PX: f64 = 110.0;
const LOCAL_PX: f64 = 130.0;
/// Space between the panels, logical pixels.
const GAP_PX: f64 = 22.0;
/// Narrower pages have no panel of the exponent.
const LOCAL_FROM_PX: f64 = 600.0;
/// Residuals beyond this lie off the axis, dB.
const FARTHEST_DB: f64 = 12.0;
const X_TITLE: XLabels<'static> = XLabels::Titled("radial frequency (cycles/pixel)");
const LAW: Stroke = Stroke::solid(VERMILLION, 2.2);

impl Figure for FitFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        let below: f64 = self.lower_panels(width_px).iter().map(|panel| panel.height_px() + GAP_PX).sum();
        frame::height_at(width_px, POWER_PX) + below + frame::X_AXIS_PX
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        self.check()?;
        let Some((x, y)) = self.power_axes() else {
            return frame::draw_empty(canvas, room, "no power at any frequency above zero: there is nothing to fit");
        };
        let mut panels = vec![Panel::Power];
        panels.extend(self.lower_panels(canvas.bounds().right));
        let below: f64 = panels.iter().skip(1).map(|panel| panel.height_px() + GAP_PX).sum();
        let mut frames: Vec<Frame> = Vec::new();
        for panel in &panels {
            let top = frames.last().map_or(room.top, |above| above.area.bottom + GAP_PX);
            let (y, bottom) = match panel {
                Panel::Power => (y, room.bottom - below),
                Panel::Residuals(law) => (self.residual_axis(law), top + RESIDUAL_PX),
                Panel::Local(local) => (local.axis(self.law.as_ref()), top + LOCAL_PX),
            };
            frames.push(Frame::in_room(Rect { top, bottom, ..room }, x, y)?);
        }
        let left = frames.iter().map(|frame| frame.area.left).fold(0.0, f64::max);
        for (i, (panel, mut frame)) in panels.iter().zip(frames).enumerate() {
            frame.area.left = left;
            let x = if i + 1 == panels.len() { X_TITLE } else { XLabels::Hidden };
            match panel {
                Panel::Power => self.draw_power(canvas, frame, x)?,
                Panel::Residuals(law) => self.draw_residuals(canvas, &frame, law, x)?,
                Panel::Local(local) => self.draw_local(canvas, &frame, local, x)?,
            }
        }
        Ok(())
    }
}

/// What lies one above the other.
enum Panel<'a> {
    Power,
    Residuals(&'a FittedLaw),
    Local(&'a LocalExponent),
}

impl Panel<'_> {
    fn height_px(&self) -> f64 {
        match self {
            Self::Power => POWER_PX,
            Self::Residuals(_) => RESIDUAL_PX,
            Self::Local(_) => LOCAL_PX,
        }
    }
}

impl FitFigure {
    fn check(&self) -> Result<(), PlotError> {
        let n = self.frequency_cycles_per_px.len();
        PlotError::check_length("power", self.power.len(), n)?;
        if let Some((low, high)) = &self.power_band95 {
            PlotError::check_length("power_band95", low.len(), n)?;
            PlotError::check_length("power_band95", high.len(), n)?;
        }
        if let Some(law) = &self.law {
            PlotError::check_length("law", law.power.len(), n)?;
        }
        let Some(local) = &self.local else { return Ok(()) };
        let n = local.frequency_cycles_per_px.len();
        [&local.delta, &local.low95, &local.high95]
            .into_iter()
            .try_for_each(|v| PlotError::check_length("local", v.len(), n))
    }

    /// The panels below the power on a page of that width.
    fn lower_panels(&self, width_px: f64) -> Vec<Panel<'_>> {
        let local = self.local.as_ref().filter(|local| local.delta.iter().any(|d| d.is_finite()));
        let local = local.filter(|_| width_px >= LOCAL_FROM_PX);
        self.law.iter().map(Panel::Residuals).chain(local.map(Panel::Local)).collect()
    }

    /// Annuli that the law was fitted to; all without a law.
    fn is_fitted(&self, j: usize) -> bool {
        let f = self.frequency_cycles_per_px[j];
        self.law.as_ref().is_none_or(|law| {
            let (low, high) = law.fitted_cycles_per_px;
            f >= low * (1.0 - 1e-9) && f <= high * (1.0 + 1e-9)
        })
    }

    fn fitted(&self) -> impl Iterator<Item = usize> {
        (0..self.power.len()).filter(|&j| self.frequency_cycles_per_px[j] > 0.0 && self.is_fitted(j))
    }

    /// Axes of the upper panel; none if nothing positive was measured.
    fn power_axes(&self) -> Option<(Axis, Axis)> {
        let measured = || self.frequency_cycles_per_px.iter().copied().zip(self.power.iter().copied());
        let shown = || measured().filter(|&(f, p)| f > 0.0 && f.is_finite() && p > 0.0 && p.is_finite());
        let first = shown().map(|(f, _)| f).reduce(f64::min)?;
        let last = measured().map(|(f, _)| f).filter(|f| f.is_finite()).fold(0.5, f64::max);
        let highest = shown().map(|(_, p)| p).reduce(f64::max)?;
        let law = self.law.iter().flat_map(|law| self.fitted().map(|j| law.power[j]));
        // A law that misses the data by more than three decades must not flatten them.
        let powers = shown().map(|(_, p)| p).chain(law.filter(|&p| p <= highest * 1e3));
        let powers = powers.filter(|&p| p >= highest * 1e-12);
        let (low, high) = powers.fold((highest, highest), |(l, h), p| (l.min(p), h.max(p)));
        Some((Axis::log(first / 1.05, last * 1.05, 0.3), Axis::log(low / 1.5, high * 1.5, 1.0)))
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        legend.push(Key::Dot(BLUE, DOT_PX + 0.7), "Γ, mean of each annulus");
        if let Some(law) = &self.law {
            legend.push(Key::Line(LAW), law.label.as_str());
            if self.power_band95.is_some() {
                legend.push(Key::Band(band_colour()), "95 % interval (below)");
            }
            if (0..self.power.len()).any(|j| self.frequency_cycles_per_px[j] > 0.0 && !self.is_fitted(j)) {
                legend.push(Key::Dot(unfitted_colour(), DOT_PX), "not fitted");
            }
        }
        legend
    }

    /// Values of the annuli as curve points; an annulus that is not `chosen` is a gap.
    fn curve(&self, frame: &Frame, values: &[f64], chosen: impl Fn(usize) -> bool) -> Vec<Point> {
        let chosen = |j: usize| self.frequency_cycles_per_px[j] > 0.0 && chosen(j);
        let values: Vec<f64> = values.iter().enumerate().map(|(j, &v)| if chosen(j) { v } else { f64::NAN }).collect();
        frame.curve(&self.frequency_cycles_per_px, &values)
    }

    fn draw_power(&self, canvas: &mut Canvas<'_>, frame: Frame, x: XLabels<'_>) -> Result<(), PlotError> {
        let legend = self.legend();
        let law_line = |frame: &Frame| {
            self.law.as_ref().map_or(Vec::new(), |law| self.curve(frame, &law.power, |j| self.is_fitted(j)))
        };
        let (frame, place) = legend.arrange(frame, |frame| {
            let mut obstacles = Obstacles::default();
            obstacles.add_line(&self.curve(frame, &self.power, |_| true));
            obstacles.add_line(&law_line(frame));
            obstacles
        })?;
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        canvas.line(&law_line(&frame), LAW)?;
        self.draw_dots(canvas, &frame, &self.power)?;
        let unit = if self.power_unit.is_empty() { "value²" } else { self.power_unit };
        frame.draw_axes(canvas, x, &format!("power ({unit} per mode)"))
    }

    /// A dot for each annulus whose value lies on the axis; paler where it was not fitted.
    fn draw_dots(&self, canvas: &mut Canvas<'_>, frame: &Frame, values: &[f64]) -> Result<(), PlotError> {
        for (j, (&f, &value)) in self.frequency_cycles_per_px.iter().zip(values).enumerate() {
            if f > 0.0 && frame.y.contains(value) {
                let colour = if self.is_fitted(j) { BLUE } else { unfitted_colour() };
                canvas.dot(frame.place(f, value), DOT_PX, colour)?;
            }
        }
        Ok(())
    }

    /// An axis over what the fit misses and its intervals, as far as they are near.
    fn residual_axis(&self, law: &FittedLaw) -> Axis {
        let band = self.power_band95.iter().flat_map(|(low, high)| [low, high]);
        let drawn = std::iter::once(&self.power).chain(band);
        let decibels = drawn.flat_map(|values| self.fitted().map(|j| decibel(values[j], law.power[j])));
        let farthest = decibels.filter(|v| v.abs() <= FARTHEST_DB).fold(0.8, |far: f64, v| far.max(v.abs()));
        Axis::linear(-1.1 * farthest, 1.1 * farthest, 0.0)
    }

    fn draw_residuals(
        &self,
        canvas: &mut Canvas<'_>,
        frame: &Frame,
        law: &FittedLaw,
        x: XLabels<'_>,
    ) -> Result<(), PlotError> {
        let over =
            |values: &[f64]| -> Vec<f64> { values.iter().zip(&law.power).map(|(p, law)| decibel(*p, *law)).collect() };
        frame.draw_grid(canvas)?;
        if let Some((low, high)) = &self.power_band95 {
            let first = self.frequency_cycles_per_px.iter().position(|&f| f > 0.0).unwrap_or(0);
            let edge = |values: &[f64]| frame.place_all(&self.frequency_cycles_per_px[first..], &over(values)[first..]);
            // An interval down to no power at all reaches to the bottom; it is not interrupted.
            let bottom = frame.place(frame.x.low(), frame.y.low()).1;
            let low: Vec<_> = edge(low).into_iter().map(|(x, y)| (x, lower_end(y, bottom))).collect();
            canvas.band(&low, &edge(high), band_colour())?;
        }
        canvas.line(&[frame.place(frame.x.low(), 0.0), frame.place(frame.x.high(), 0.0)], LAW)?;
        self.draw_dots(canvas, frame, &over(&self.power))?;
        frame.draw_axes(canvas, x, "over the law (dB)")
    }

    fn draw_local(
        &self,
        canvas: &mut Canvas<'_>,
        frame: &Frame,
        local: &LocalExponent,
        x: XLabels<'_>,
    ) -> Result<(), PlotError> {
        let f = &local.frequency_cycles_per_px;
        frame.draw_grid(canvas)?;
        let (low, high) = (frame.place_all(f, &local.low95), frame.place_all(f, &local.high95));
        canvas.band(&low, &high, band_colour())?;
        let mut obstacles = Obstacles::default();
        obstacles.add_band(&low, &high);
        let line = frame.curve(f, &local.delta);
        obstacles.add_line(&line);
        if let Some(law) = &self.law {
            let level = |delta: f64, (from, to): (f64, f64)| [frame.place(from, delta), frame.place(to, delta)];
            let whole = level(law.delta, law.fitted_cycles_per_px);
            obstacles.add_line(&whole);
            canvas.line(&whole, LAW)?;
            let parts = || law.parts.iter().filter(|part| frame.y.contains(part.delta));
            for part in parts() {
                let ends = level(part.delta, part.cycles_per_px);
                obstacles.add_line(&ends);
                canvas.line(&ends, Stroke::solid(DARK_GREY, 1.6).dashed(DASHED))?;
            }
            for part in parts() {
                let [start, end] = level(part.delta, part.cycles_per_px);
                let label = format!("{} {:.2}", part.name, part.delta);
                let middle = 0.5 * (start.0 + end.0 - text_width(&label, SMALL_PX)?);
                let rows = [start.1 - 9.0, start.1 + 10.0].into_iter();
                let rows = rows.filter(|y| *y > frame.area.top + 6.0 && *y < frame.area.bottom - 8.0);
                let places: Vec<Point> = rows.flat_map(|y| [(middle, y), (start.0 + 4.0, y)]).collect();
                draw_label(canvas, &label, Text::new(SMALL_PX, DARK_GREY), &places, &obstacles)?;
            }
        }
        canvas.line(&line, Stroke::solid(BLUE, 2.0))?;
        if line.len() <= 40 {
            line.iter().try_for_each(|&p| canvas.dot(p, DOT_PX, BLUE))?;
        }
        frame.draw_axes(canvas, x, "local Δ(f)")
    }
}

/// Power over that of the law, decibels; not finite where either has none.
fn decibel(power: f64, law: f64) -> f64 {
    10.0 * (power / law).log10()
}

/// Where a band ends below: at `y`, but not below `bottom`; there, too, where `y` is not a number.
fn lower_end(y: f64, bottom: f64) -> f64 {
    if y <= bottom { y } else { bottom }
}

fn band_colour() -> Colour {
    tint(BLUE, 0.25)
}

fn unfitted_colour() -> Colour {
    tint(BLUE, 0.45)
}

impl LocalExponent {
    /// An axis over the line, its band and the law, save values so far out (five times the interquartile range from the
    /// quartiles of the line) that they would flatten the rest.
    fn axis(&self, law: Option<&FittedLaw>) -> Axis {
        let mut sorted: Vec<f64> = self.delta.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let quartile = |share: f64| sorted.get((share * sorted.len() as f64) as usize).copied();
        let (low, high) = quartile(0.25).zip(quartile(0.75)).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let reach = 5.0 * (high - low).max(0.1);
        let is_near = |v: &f64| v.is_finite() && *v >= low - reach && *v <= high + reach;
        let drawn = [&self.delta, &self.low95, &self.high95].into_iter().flatten().copied().filter(is_near);
        let levels = law
            .into_iter()
            .flat_map(|law| law.parts.iter().map(|part| part.delta).chain([law.delta]).filter(|d| d.is_finite()));
        let ends = drawn.chain(levels).map(|v| (v, v)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let (low, high) = ends.unwrap_or((0.0, 2.0));
        let pad = 0.08 * (high - low);
        Axis::linear(low - pad, high + pad, 0.6)
    }
}

#[cfg(test)]
mod tests;
