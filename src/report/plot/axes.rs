//! Axes: the map from values to pixels, ticks with labels, grid lines, and the heading above the frame.
//!
//! # Conventions
//!
//! Logarithmic axes are labelled at powers of ten, written 10ⁿ, and also at 2 and 5 times them (or at every digit) where
//! fewer than three labels would remain; unlabelled digits get minor ticks. Linear axes are labelled at multiples of
//! 1, 2 or 5 times a power of ten. Values outside an axis are drawn on its edge.

use super::PlotError;
use super::canvas::{Canvas, Point, Rect, Surface, Text};
use super::font::{Align, text_width};
use super::style::{BLACK, DARK_GREY, GRID_MAJOR, GRID_MINOR, MARGIN_PX, Stroke, TEXT_PX, TICK_PX, TITLE_PX};

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    Linear,
    /// Equal ratios are equally long; only positive values have a place.
    Log,
}

/// A range of values and how they are spread. `low < high`, both finite, and positive if logarithmic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    is_reversed: bool,
}

/// A marked value; only labelled ones are major.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Where it is.
    pub value: f64,
    /// What is written there.
    pub label: Option<String>,
}

impl Axis {
    /// A linear axis over at least `min_span`, widened about the middle where the range is narrower or not finite.
    pub fn linear(low: f64, high: f64, min_span: f64) -> Self {
        let (low, high) = widen(low, high, min_span);
        Self { scale: Scale::Linear, low, high, is_reversed: false }
    }

    /// A logarithmic axis over at least `min_decades`, widened about the middle where the range is narrower; a range that
    /// is not positive becomes one about 1.
    pub fn log(low: f64, high: f64, min_decades: f64) -> Self {
        let (low, high) = widen(low.log10(), high.log10(), min_decades);
        // Two steps inside the range of doubles, so that ticks just outside stay finite and positive.
        let power = |exponent: f64| 10_f64.powf(exponent.clamp(-300.0, 300.0));
        Self { scale: Scale::Log, low: power(low), high: power(high), is_reversed: false }
    }

    /// The same axis with its low end where the high end was.
    pub fn reversed(self) -> Self {
        Self { is_reversed: !self.is_reversed, ..self }
    }

    /// Whether the value is neither off the axis nor NaN.
    pub fn contains(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }

    /// Smallest value.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Largest value.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// The same axis with free space of `share` of the new length beyond its high end.
    pub fn with_headroom(self, share: f64) -> Self {
        let grow = 1.0 / (1.0 - share.clamp(0.0, 0.8));
        match self.scale {
            Scale::Linear => Self { high: self.low + (self.high - self.low) * grow, ..self },
            Scale::Log => Self { high: self.low * (self.high / self.low).powf(grow), ..self },
        }
    }

    /// Where `value` lies, from 0 at the left or lower end to 1; outside values take the nearest end, NaN stays.
    pub fn fraction(&self, value: f64) -> f64 {
        let fraction = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log if value.is_nan() => f64::NAN,
            Scale::Log => (value.max(0.0) / self.low).ln() / (self.high / self.low).ln(),
        };
        let fraction = fraction.clamp(0.0, 1.0);
        if self.is_reversed { 1.0 - fraction } else { fraction }
    }

    /// Ticks in rising order for an axis of `length_px`, labels no closer than `gap_px`.
    pub fn ticks(&self, length_px: f64, gap_px: f64) -> Vec<Tick> {
        match self.scale {
            Scale::Linear => self.linear_ticks(length_px, gap_px),
            Scale::Log => self.log_ticks(length_px, gap_px),
        }
    }

    fn linear_ticks(&self, length_px: f64, gap_px: f64) -> Vec<Tick> {
        let span = self.high - self.low;
        let wanted = span * gap_px.max(1.0) / length_px.max(1.0);
        let magnitude = 10_f64.powf(wanted.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * magnitude).into_iter().find(|&s| s >= wanted * (1.0 - 1e-9));
        let step = step.unwrap_or(span);
        let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let slack = 1e-9 * span;
        let first = ((self.low - slack) / step).ceil();
        let count = (((self.high + slack) / step).floor() - first).clamp(0.0, 1000.0) as usize + 1;
        let tick = |i: usize| {
            let value = (first + i as f64) * step;
            Tick { value, label: Some(decimal(value, decimals)) }
        };
        (0..count).map(tick).filter(|t| t.value <= self.high + slack).collect()
    }

    fn log_ticks(&self, length_px: f64, gap_px: f64) -> Vec<Tick> {
        let decade_px = length_px / (self.high / self.low).log10();
        let inside = |v: f64| v >= self.low * (1.0 - 1e-9) && v <= self.high * (1.0 + 1e-9);
        let exponents = (self.low.log10().floor() as i32)..=(self.high.log10().ceil() as i32);
        let labelled_digits = [[1].as_slice(), &[1, 2, 5], &[1, 2, 3, 4, 5, 6, 7, 8, 9]]
            .into_iter()
            .filter(|digits| digits.len() == 1 || decade_px * narrowest_gap(digits) >= gap_px)
            .scan(false, |enough, digits| {
                let n = exponents
                    .clone()
                    .flat_map(|e| digits.iter().map(move |&d| mark(d, e)))
                    .filter(|&v| inside(v))
                    .count();
                (!std::mem::replace(enough, n >= 3)).then_some(digits)
            })
            .last()
            .unwrap_or(&[1]);
        // Where decades are narrow, every second, third … one is labelled and the others are the minor ticks.
        let stride = (gap_px / decade_px).ceil().max(1.0) as i32;
        let digits = if decade_px >= 24.0 { 1..=9 } else { 1..=1 };
        let tick = |digit: i32, exponent: i32| {
            let is_labelled = labelled_digits.contains(&digit) && exponent.rem_euclid(stride) == 0;
            Tick { value: mark(digit, exponent), label: is_labelled.then(|| scientific(digit, exponent)) }
        };
        exponents
            .flat_map(|e| digits.clone().map(move |d| (d, e)))
            .map(|(d, e)| tick(d, e))
            .filter(|t| inside(t.value))
            .collect()
    }
}

/// `digit·10^exponent`, correctly rounded as the literal would be.
fn mark(digit: i32, exponent: i32) -> f64 {
    format!("{digit}e{exponent}").parse().unwrap_or(f64::NAN)
}

/// Shortest distance between neighbouring labelled digits, in decades.
fn narrowest_gap(digits: &[i32]) -> f64 {
    let next = digits.iter().skip(1).chain(&[10]);
    digits.iter().zip(next).map(|(&a, &b)| (f64::from(b) / f64::from(a)).log10()).fold(1.0, f64::min)
}

/// A range of at least `span`, about the same middle; about 0 if the range is not one.
fn widen(low: f64, high: f64, span: f64) -> (f64, f64) {
    let (low, high) = if low.is_finite() && high.is_finite() && low <= high { (low, high) } else { (0.0, 0.0) };
    let lacking = (span - (high - low)).max(0.0) / 2.0;
    (low - lacking, high + lacking)
}

/// `10ⁿ`, or `d×10ⁿ` for a digit above one.
pub fn scientific(digit: i32, exponent: i32) -> String {
    let power: String = exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            _ => '⁰',
        })
        .collect();
    if digit == 1 { format!("10{power}") } else { format!("{digit}×10{power}") }
}

/// A decimal with a real minus sign and no negative zero.
fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let is_zero = text.bytes().all(|b| b == b'0' || b == b'.');
    if value < 0.0 && !is_zero { format!("−{text}") } else { text }
}

/// An area with an axis along its lower and its left edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Where values are drawn.
    pub area: Rect,
    /// The axis along the lower edge, rising to the right.
    pub x: Axis,
    /// The axis along the left edge, rising upward.
    pub y: Axis,
}

/// Least distance between labels along `x`, logical pixels.
const X_GAP_PX: f64 = 58.0;
/// Least distance between labels along `y`, logical pixels.
const Y_GAP_PX: f64 = 30.0;
/// Least mean distance of grid lines, logical pixels.
const MIN_GRID_PX: f64 = 14.0;
/// Length of a labelled tick.
const TICK_LENGTH_PX: f64 = 5.0;

/// Which parts of the `x` axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XLabels<'a> {
    /// Ticks only: the panel below has the same axis.
    Hidden,
    /// Labels and this title.
    Titled(&'a str),
}

impl Frame {
    /// Where a pair of values lies. Values outside the axes lie on the edge; not finite if either is NaN.
    pub fn place(&self, x: f64, y: f64) -> Point {
        let (fx, fy) = (self.x.fraction(x), self.y.fraction(y));
        (self.area.left + fx * self.area.width(), self.area.bottom - fy * self.area.height())
    }

    /// Where pairs of values lie.
    pub fn place_all(&self, x: &[f64], y: &[f64]) -> Vec<Point> {
        x.iter().zip(y).map(|(&x, &y)| self.place(x, y)).collect()
    }

    /// A curve through pairs of values. Where it leaves the `y` axis it runs to the edge and stops there, so that
    /// values off the axis do not look like values on its edge.
    pub fn curve(&self, x: &[f64], y: &[f64]) -> Vec<Point> {
        let is_inside = |i: usize| y.get(i).is_some_and(|&v| self.y.contains(v));
        let is_shown = |i: usize| is_inside(i) || is_inside(i + 1) || (i > 0 && is_inside(i - 1));
        let point = |(i, p): (usize, Point)| if is_shown(i) { p } else { (p.0, f64::NAN) };
        self.place_all(x, y).into_iter().enumerate().map(point).collect()
    }

    fn x_ticks(&self) -> Vec<Tick> {
        self.x.ticks(self.area.width(), X_GAP_PX)
    }

    fn y_ticks(&self) -> Vec<Tick> {
        self.y.ticks(self.area.height(), Y_GAP_PX)
    }

    /// Draws grid lines at all ticks, light at the minor ones, which are left out where they would be crowded. Comes
    /// before the data.
    pub fn draw_grid<S: Surface>(&self, canvas: &mut Canvas<'_, S>) -> Result<(), PlotError> {
        let (x_ticks, y_ticks) = (self.x_ticks(), self.y_ticks());
        for is_major in [false, true] {
            let stroke = Stroke::solid(if is_major { GRID_MAJOR } else { GRID_MINOR }, 1.0);
            let is_drawn = |ticks: &[Tick], px: f64| is_major || px / ticks.len() as f64 >= MIN_GRID_PX;
            for tick in
                x_ticks.iter().filter(|t| t.label.is_some() == is_major && is_drawn(&x_ticks, self.area.width()))
            {
                let (x, _) = self.place(tick.value, self.y.low);
                canvas.line(&[(x, self.area.top), (x, self.area.bottom)], stroke)?;
            }
            for tick in
                y_ticks.iter().filter(|t| t.label.is_some() == is_major && is_drawn(&y_ticks, self.area.height()))
            {
                let (_, y) = self.place(self.x.low, tick.value);
                canvas.line(&[(self.area.left, y), (self.area.right, y)], stroke)?;
            }
        }
        Ok(())
    }

    /// Draws both axes with ticks, labels and titles. Comes after the data.
    pub fn draw_axes<S: Surface>(
        &self,
        canvas: &mut Canvas<'_, S>,
        x: XLabels<'_>,
        y_title: &str,
    ) -> Result<(), PlotError> {
        let Rect { left, top, right, bottom } = self.area;
        let stroke = Stroke::solid(DARK_GREY, 1.0);
        canvas.line(&[(left, bottom), (right, bottom)], stroke)?;
        canvas.line(&[(left, top), (left, bottom)], stroke)?;
        let text = Text::new(TICK_PX, BLACK);
        for tick in self.x_ticks() {
            let (at, _) = self.place(tick.value, self.y.low);
            let length = if tick.label.is_some() { TICK_LENGTH_PX } else { 0.6 * TICK_LENGTH_PX };
            canvas.line(&[(at, bottom), (at, bottom + length)], stroke)?;
            if let (Some(label), XLabels::Titled(_)) = (&tick.label, x) {
                canvas.text(label, (at, bottom + TICK_LENGTH_PX + 10.0), text.aligned(Align::Middle))?;
            }
        }
        for tick in self.y_ticks() {
            let (_, at) = self.place(self.x.low, tick.value);
            let length = if tick.label.is_some() { TICK_LENGTH_PX } else { 0.6 * TICK_LENGTH_PX };
            canvas.line(&[(left - length, at), (left, at)], stroke)?;
            if let Some(label) = &tick.label {
                canvas.text(label, (left - TICK_LENGTH_PX - 4.0, at), text.aligned(Align::End))?;
            }
        }
        let title = Text::new(TEXT_PX, BLACK).aligned(Align::Middle);
        if let XLabels::Titled(x_title) = x {
            canvas.text(x_title, ((left + right) / 2.0, bottom + 38.0), title)?;
        }
        canvas.text(y_title, (MARGIN_PX + 0.5 * TEXT_PX, (top + bottom) / 2.0), title.rising())
    }
}

/// Space below a frame for the labels and title of its `x` axis, logical pixels.
pub const X_AXIS_PX: f64 = 38.0 + 0.7 * TEXT_PX + 4.0;

/// Space left of a frame for the title and labels of its `y` axis, logical pixels from the page's edge.
///
/// # Errors
///
/// [`PlotError::Draw`] if the font is missing.
pub fn y_axis_px(y: &Axis, height_px: f64) -> Result<f64, PlotError> {
    let mut widest = 0.0_f64;
    for label in y.ticks(height_px, Y_GAP_PX).iter().filter_map(|t| t.label.as_ref()) {
        widest = widest.max(text_width(label, TICK_PX)?);
    }
    Ok(MARGIN_PX + TEXT_PX + 8.0 + widest + TICK_LENGTH_PX + 4.0)
}

/// Writes title and subtitle at the upper left, each on one or two lines, and returns the `y` below them.
///
/// # Errors
///
/// [`PlotError::Draw`].
pub fn draw_heading<S: Surface>(canvas: &mut Canvas<'_, S>, title: &str, subtitle: &str) -> Result<f64, PlotError> {
    let room = canvas.bounds().width() - 2.0 * MARGIN_PX;
    let mut y = MARGIN_PX + 0.5 * TITLE_PX;
    for (text, size, colour) in [(title, TITLE_PX, BLACK), (subtitle, TEXT_PX, DARK_GREY)] {
        for line in wrap(text, size, room)? {
            canvas.text(&line, (MARGIN_PX, y), Text::new(size, colour))?;
            y += 5.0 + size;
        }
    }
    Ok(y + 2.0)
}

/// `text` on at most two lines of `room_px`, broken between words; what is still too long is shortened.
fn wrap(text: &str, size_px: f64, room_px: f64) -> Result<Vec<String>, PlotError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut break_at = None;
    if text_width(text, size_px)? > room_px {
        for (at, _) in text.match_indices(' ') {
            if text_width(&text[..at], size_px)? > room_px {
                break;
            }
            break_at = Some(at);
        }
    }
    let lines = match break_at {
        Some(at) => vec![&text[..at], &text[at + 1..]],
        None => vec![text],
    };
    lines.into_iter().map(|line| shorten(line, size_px, room_px)).collect()
}

/// `text`, or as much of its beginning as fits into `room_px` with an ellipsis.
///
/// # Errors
///
/// [`PlotError::Draw`] if the font is missing.
pub fn shorten(text: &str, size_px: f64, room_px: f64) -> Result<String, PlotError> {
    if text_width(text, size_px)? <= room_px {
        return Ok(text.to_owned());
    }
    let mut kept = String::new();
    for c in text.chars() {
        if text_width(&format!("{kept}{c}…"), size_px)? > room_px {
            break;
        }
        kept.push(c);
    }
    Ok(format!("{}…", kept.trim_end()))
}

/// Says in the middle of `area` why there is nothing to see.
///
/// # Errors
///
/// [`PlotError::Draw`].
pub fn draw_note<S: Surface>(canvas: &mut Canvas<'_, S>, area: Rect, note: &str) -> Result<(), PlotError> {
    canvas.rect(area, GRID_MINOR)?;
    let middle = ((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0);
    let note = shorten(note, TEXT_PX, area.width() - 20.0)?;
    canvas.text(&note, middle, Text::new(TEXT_PX, DARK_GREY).aligned(Align::Middle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::font;

    fn labels(axis: &Axis, length: f64, gap: f64) -> Vec<String> {
        axis.ticks(length, gap).into_iter().filter_map(|t| t.label).collect()
    }

    #[test]
    fn decades_are_written_as_powers_of_ten() {
        let axis = Axis::log(1e-3, 1e2, 1.0);
        assert_eq!(labels(&axis, 400.0, 30.0), ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹", "10²"]);
        assert_eq!(axis.ticks(400.0, 30.0).len(), 5 * 9 + 1);
    }

    #[test]
    fn few_decades_get_more_labels_and_many_get_fewer() {
        assert_eq!(
            labels(&Axis::log(1.0 / 256.0, 0.5, 0.1), 800.0, 58.0),
            ["5×10⁻³", "10⁻²", "2×10⁻²", "5×10⁻²", "10⁻¹", "2×10⁻¹", "5×10⁻¹"]
        );
        assert_eq!(labels(&Axis::log(0.125, 0.5, 0.1), 800.0, 58.0), ["2×10⁻¹", "3×10⁻¹", "4×10⁻¹", "5×10⁻¹"]);
        let many = labels(&Axis::log(1e-40, 1e20, 1.0), 400.0, 30.0);
        assert!(many.len() >= 5 && many.len() <= 14, "{many:?}");
    }

    #[test]
    fn linear_ticks_are_round_and_inside() {
        assert_eq!(labels(&Axis::linear(-0.5, 0.5, 0.1), 450.0, 80.0), ["−0.4", "−0.2", "0.0", "0.2", "0.4"]);
        assert_eq!(labels(&Axis::linear(0.0, 3.0, 0.1), 100.0, 30.0), ["0", "1", "2", "3"]);
        let axis = Axis::linear(1.4371, 1.4399, 0.0);
        assert!(axis.ticks(400.0, 30.0).iter().all(|t| t.value >= 1.437 && t.value <= 1.44));
    }

    #[test]
    fn places_are_inside_and_nan_stays_nan() {
        let axis = Axis::log(1e-2, 1e2, 1.0);
        assert!((axis.fraction(1.0) - 0.5).abs() <= 1e-12);
        for (value, fraction) in [(0.0, 0.0), (-1.0, 0.0), (1e-30, 0.0), (f64::INFINITY, 1.0), (1e9, 1.0)] {
            assert!((axis.fraction(value) - fraction).abs() <= 0.0, "{value}");
        }
        assert!(axis.fraction(f64::NAN).is_nan());
        assert!(Axis::linear(0.0, 1.0, 0.0).fraction(f64::NAN).is_nan());
    }

    #[test]
    fn ranges_that_are_none_become_usable() {
        for (low, high) in
            [(0.0, 0.0), (f64::NAN, 1.0), (1.0, 1.0), (5.0, 1.0), (1e-320, 1e308), (f64::INFINITY, f64::INFINITY)]
        {
            for axis in [Axis::log(low, high, 2.0), Axis::linear(low, high.min(1e300), 1.0)] {
                assert!(axis.low().is_finite() && axis.high().is_finite() && axis.low() < axis.high(), "{axis:?}");
                assert!(axis.ticks(400.0, 30.0).len() <= 1001);
            }
        }
    }

    #[test]
    fn a_curve_stops_where_it_leaves_the_axis() {
        let area = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
        let frame = Frame { area, x: Axis::linear(0.0, 6.0, 0.0), y: Axis::log(1.0, 100.0, 0.0) };
        let x: Vec<f64> = (0..7).map(f64::from).collect();
        let shown: Vec<f64> =
            frame.curve(&x, &[10.0, 0.0, 0.0, 0.0, 1.0, f64::NAN, 10.0]).iter().map(|p| p.1).collect();
        assert_eq!(format!("{shown:?}"), "[50.0, 100.0, NaN, 100.0, 100.0, NaN, 50.0]");
        let down = Frame { y: frame.y.reversed(), ..frame };
        assert!((down.place(0.0, 100.0).1 - 100.0).abs() <= 1e-9 && down.place(0.0, 1.0).1.abs() <= 1e-9);
    }

    #[test]
    fn headroom_is_the_share_asked_for() {
        for axis in [Axis::linear(1.0, 3.0, 0.0), Axis::log(1.0, 100.0, 0.0)] {
            let fraction = axis.with_headroom(0.25).fraction(axis.high());
            assert!((fraction - 0.75).abs() <= 1e-12, "{axis:?}: {fraction}");
        }
    }

    #[test]
    fn long_texts_are_shortened_to_their_room() {
        font::register().unwrap();
        let short = shorten(&"a folder with a long name ".repeat(20), 13.0, 300.0).unwrap();
        assert!(short.ends_with('…') && text_width(&short, 13.0).unwrap() <= 300.0);
        assert_eq!(shorten("brief", 13.0, 300.0).unwrap(), "brief");
        let lines = wrap(&"words ".repeat(100), 13.0, 300.0).unwrap();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("words") && lines[1].ends_with('…'), "{lines:?}");
        assert_eq!(wrap(&"w".repeat(100), 13.0, 300.0).unwrap().len(), 1);
        assert!(wrap("", 13.0, 300.0).unwrap().is_empty());
    }
}
