//! The power law against what was measured: above, power and the fitted lines; below, the exponent frequency by
//! frequency.
//!
//! The estimators often agree to within a line's width. They are drawn from wide and solid to thin and dotted, so that
//! each stays visible where they coincide, in colour and in grey.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Point, Rect};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::legend::{Key, Legend, Obstacles};
use super::style::{BLACK, BLUE, ORANGE, Stroke, VERMILLION, tint};
use crate::stats::power_law::Estimator;

/// What is drawn: frequencies in cycles per pixel, powers in value² per mode.
#[derive(Debug, Clone, Default)]
pub struct FitFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess, range of the fit.
    pub subtitle: String,
    /// Annulus frequencies in rising order; those that are not positive are left out.
    pub frequency_cycles_per_px: Vec<f64>,
    /// Measured power at each frequency. NaN is left out.
    pub power: Vec<f64>,
    /// What was measured, for the legend, such as `Γ, annulus mean`.
    pub power_label: String,
    /// Lower and upper end of the 95 % interval of the measured power at each frequency.
    pub power_band95: Option<(Vec<f64>, Vec<f64>)>,
    /// The fitted laws, at most one per estimator.
    pub estimates: Vec<EstimateCurve>,
    /// The exponent frequency by frequency; without a finite value in it the lower panel is left out.
    pub local: Option<LocalExponent>,
}

/// Look of an estimator's lines: told apart by width and dash, because the laws often lie on each other.
fn stroke_of(estimator: Estimator) -> Stroke {
    match estimator {
        Estimator::Modes => Stroke::solid(ORANGE, 6.0),
        Estimator::Radial => Stroke::solid(VERMILLION, 3.2).dashed(&[12.0, 6.0]),
        Estimator::Whittle => Stroke::solid(BLACK, 1.8).dashed(&[2.0, 4.0]),
    }
}

/// Widest first, the order in which lines are drawn over each other.
const DRAWN: [Estimator; 3] = [Estimator::Modes, Estimator::Radial, Estimator::Whittle];

/// A fitted power law over the range it was fitted on.
#[derive(Debug, Clone)]
pub struct EstimateCurve {
    /// Where it comes from.
    pub estimator: Estimator,
    /// Its exponent Δ.
    pub delta: f64,
    /// Ends of the 95 % interval of Δ, if known.
    pub interval95: Option<(f64, f64)>,
    /// Where it is given, cycles per pixel, in the range it was fitted on.
    pub frequency_cycles_per_px: Vec<f64>,
    /// Its power there, value² per mode.
    pub power: Vec<f64>,
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
/// Height of the lower panel, logical pixels.
const LOWER_PX: f64 = 170.0;
/// Space between the panels, logical pixels.
const GAP_PX: f64 = 26.0;
const X_TITLE: XLabels<'static> = XLabels::Titled("radial frequency (cycles/pixel)");

impl Figure for FitFigure {
    fn size_px(&self) -> (u32, u32) {
        (900, if self.local().is_some() { 700 } else { 560 })
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<(), PlotError> {
        self.check()?;
        let room = frame::draw_heading(canvas, &self.title, &self.subtitle, 6.0)?;
        let Some((x, y)) = self.upper_axes() else {
            return frame::draw_empty(canvas, room, "no power at any frequency above zero: there is nothing to fit");
        };
        let lower_y = self.local().map(|local| local.axis(&self.estimates));
        let upper_bottom = if lower_y.is_some() { room.bottom - LOWER_PX - GAP_PX } else { room.bottom };
        let mut upper = Frame::in_room(Rect { bottom: upper_bottom, ..room }, x, y)?;
        if let Some(lower_y) = &lower_y {
            upper.area.left = upper.area.left.max(frame::y_axis_px(lower_y, LOWER_PX)?);
        }
        self.draw_upper(canvas, upper, if lower_y.is_some() { XLabels::Hidden } else { X_TITLE })?;
        match (self.local(), lower_y) {
            (Some(local), Some(y)) => {
                let area = Rect { top: upper_bottom + GAP_PX, bottom: room.bottom, ..upper.area };
                self.draw_lower(canvas, &Frame { area, x, y }, local)
            }
            _ => Ok(()),
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
        for estimate in &self.estimates {
            PlotError::check_length("estimate", estimate.power.len(), estimate.frequency_cycles_per_px.len())?;
        }
        let Some(local) = &self.local else { return Ok(()) };
        let n = local.frequency_cycles_per_px.len();
        [&local.delta, &local.low95, &local.high95]
            .into_iter()
            .try_for_each(|v| PlotError::check_length("local", v.len(), n))
    }

    /// The local exponent, if any of it can be drawn.
    fn local(&self) -> Option<&LocalExponent> {
        self.local.as_ref().filter(|local| local.delta.iter().any(|d| d.is_finite()))
    }

    /// Axes of the upper panel; none if nothing positive was measured.
    fn upper_axes(&self) -> Option<(Axis, Axis)> {
        let measured = || self.frequency_cycles_per_px.iter().copied().zip(self.power.iter().copied());
        let shown = || measured().filter(|&(f, p)| f > 0.0 && f.is_finite() && p > 0.0 && p.is_finite());
        let first = shown().map(|(f, _)| f).reduce(f64::min)?;
        let highest = shown().map(|(_, p)| p).reduce(f64::max)?;
        let fitted = self.estimates.iter().flat_map(|e| e.power.iter().copied());
        let floor = highest * 1e-12;
        // A law that misses the data by more than three decades must not flatten them.
        let fitted = fitted.filter(|&p| p <= highest * 1e3);
        let powers = shown().map(|(_, p)| p).chain(fitted).filter(|&p| p >= floor);
        let (low, high) = powers.fold((highest, highest), |(l, h), p| (l.min(p), h.max(p)));
        // Laws that were fitted in the corners, too, reach beyond the last annulus.
        let fitted = self.estimates.iter().flat_map(|e| e.frequency_cycles_per_px.iter().copied());
        let last = measured().map(|(f, _)| f).chain(fitted).filter(|f| f.is_finite()).fold(0.5, f64::max);
        Some((Axis::log(first / 1.02, last * 1.02, 0.3), Axis::log(low / 1.5, high * 1.5, 2.0)))
    }

    /// Places of the measured values at positive frequencies.
    fn curve(&self, frame: &Frame, values: &[f64]) -> Vec<Point> {
        let first = self.frequency_cycles_per_px.iter().position(|&f| f > 0.0).unwrap_or(0);
        frame.place_all(&self.frequency_cycles_per_px[first..], &values[first..])
    }

    fn estimates_as_drawn(&self) -> impl Iterator<Item = &EstimateCurve> {
        DRAWN.into_iter().flat_map(|e| self.estimates.iter().filter(move |curve| curve.estimator == e))
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        legend.push(Key::Dot(BLUE, DOT_PX + 0.7), self.power_label.as_str());
        if self.power_band95.is_some() || self.local().is_some() {
            legend.push(Key::Band(tint(BLUE, 0.25)), "95 % interval");
        }
        for estimate in self.estimates_as_drawn() {
            legend.push(Key::Line(stroke_of(estimate.estimator)), estimate.label());
        }
        legend
    }

    fn obstacles(&self, frame: &Frame) -> Obstacles {
        let mut obstacles = Obstacles::default();
        obstacles.add_line(&self.curve(frame, &self.power));
        if let Some((low, high)) = &self.power_band95 {
            obstacles.add_band(&self.curve(frame, low), &self.curve(frame, high));
        }
        for estimate in &self.estimates {
            obstacles.add_line(&frame.curve(&estimate.frequency_cycles_per_px, &estimate.power));
        }
        obstacles
    }

    fn draw_upper(&self, canvas: &mut Canvas<'_>, frame: Frame, x: XLabels<'_>) -> Result<(), PlotError> {
        let legend = self.legend();
        let (frame, place) = legend.arrange(frame, |frame| self.obstacles(frame))?;
        frame.draw_grid(canvas)?;
        legend.draw(canvas, place)?;
        if let Some((low, high)) = &self.power_band95 {
            canvas.band(&self.curve(&frame, low), &self.curve(&frame, high), tint(BLUE, 0.25))?;
        }
        for (i, estimate) in self.estimates_as_drawn().enumerate() {
            if i == 1 {
                self.draw_measured(canvas, &frame)?;
            }
            canvas.line(
                &frame.curve(&estimate.frequency_cycles_per_px, &estimate.power),
                stroke_of(estimate.estimator),
            )?;
        }
        if self.estimates.len() < 2 {
            self.draw_measured(canvas, &frame)?;
        }
        frame.draw_axes(canvas, x, "power (value² per mode)")
    }

    /// The measured points, over the widest law and under the others.
    fn draw_measured(&self, canvas: &mut Canvas<'_>, frame: &Frame) -> Result<(), PlotError> {
        let inside = |p: &Point| p.1.is_finite() && p.1 < frame.area.bottom;
        self.curve(frame, &self.power).into_iter().filter(inside).try_for_each(|p| canvas.dot(p, DOT_PX, BLUE))
    }

    fn draw_lower(&self, canvas: &mut Canvas<'_>, frame: &Frame, local: &LocalExponent) -> Result<(), PlotError> {
        let f = &local.frequency_cycles_per_px;
        frame.draw_grid(canvas)?;
        canvas.band(&frame.place_all(f, &local.low95), &frame.place_all(f, &local.high95), tint(BLUE, 0.25))?;
        for estimate in self.estimates_as_drawn() {
            let ends = estimate.frequency_cycles_per_px.iter().copied().filter(|f| f.is_finite());
            let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), f| (l.min(f), h.max(f)));
            canvas.line(&frame.curve(&[low, high], &[estimate.delta; 2]), stroke_of(estimate.estimator))?;
        }
        let line = frame.curve(f, &local.delta);
        canvas.line(&line, Stroke::solid(BLUE, 2.0))?;
        if line.len() <= 40 {
            line.iter().try_for_each(|&p| canvas.dot(p, DOT_PX, BLUE))?;
        }
        frame.draw_axes(canvas, X_TITLE, "local exponent Δ(f)")
    }
}

impl EstimateCurve {
    /// `name: Δ = 1.47 [1.45, 1.49]`, with as many decimals as tell the ends of the interval apart, two at least.
    pub fn label(&self) -> String {
        let name = self.estimator.name();
        let signed = |value: f64, decimals: usize| format!("{value:.decimals$}").replace('-', "−");
        match self.interval95.filter(|(low, high)| low.is_finite() && high.is_finite()) {
            Some((low, high)) => {
                let wanted = (2.0 - (high - low).abs().max(1e-6).log10()).floor();
                let decimals = wanted.clamp(2.0, 5.0) as usize;
                let [delta, low, high] = [self.delta, low, high].map(|v| signed(v, decimals));
                format!("{name}: Δ = {delta} [{low}, {high}]")
            }
            None => format!("{name}: Δ = {}", signed(self.delta, 2)),
        }
    }
}

impl LocalExponent {
    /// An axis over the line, its band and the estimates, save values so far out (five times the interquartile range
    /// from the quartiles of the line) that they would flatten the rest.
    fn axis(&self, estimates: &[EstimateCurve]) -> Axis {
        let mut sorted: Vec<f64> = self.delta.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let quartile = |share: f64| sorted.get((share * sorted.len() as f64) as usize).copied();
        let (low, high) = quartile(0.25).zip(quartile(0.75)).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let reach = 5.0 * (high - low).max(0.1);
        let is_near = |v: &f64| v.is_finite() && *v >= low - reach && *v <= high + reach;
        let drawn = [&self.delta, &self.low95, &self.high95].into_iter().flatten().copied().filter(is_near);
        let marks = estimates.iter().map(|e| e.delta).filter(|d| d.is_finite());
        let ends = drawn.chain(marks).map(|v| (v, v)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let (low, high) = ends.unwrap_or((0.0, 2.0));
        let pad = 0.08 * (high - low);
        Axis::linear(low - pad, high + pad, 0.6)
    }
}

#[cfg(test)]
mod tests;
