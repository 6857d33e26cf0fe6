//! Axes: the map from values to a length, and the ticks with their labels.
//!
//! # Conventions
//!
//! Logarithmic axes are labelled at powers of ten, and also at 2 and 5 times them (or at every digit) where fewer than
//! three labels would remain; unlabelled digits get minor ticks. Labels are plain decimals where all of them lie within
//! 0.001 … 10000, and 10ⁿ otherwise. Linear axes are labelled at multiples of 1, 2 or 5 times a power of ten. Values
//! outside an axis lie on its nearest end.

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

    /// A logarithmic axis over at least `min_decades`, widened about the middle where the range is narrower; a range
    /// that is not positive becomes one about 1.
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
        let marks: Vec<(i32, i32)> =
            exponents.flat_map(|e| digits.clone().map(move |d| (d, e))).filter(|&(d, e)| inside(mark(d, e))).collect();
        let is_labelled = |d: i32, e: i32| labelled_digits.contains(&d) && e.rem_euclid(stride) == 0;
        let is_plain = marks.iter().all(|&(d, e)| !is_labelled(d, e) || PLAIN.contains(&mark(d, e)));
        let label = |d: i32, e: i32| if is_plain { mark(d, e).to_string() } else { scientific(d, e) };
        let tick = |(d, e)| Tick { value: mark(d, e), label: is_labelled(d, e).then(|| label(d, e)) };
        marks.into_iter().map(tick).collect()
    }
}

/// Numbers that read best without a power of ten.
const PLAIN: std::ops::RangeInclusive<f64> = 1e-3..=1e4;

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

/// A number with two significant digits and no exponent; `0` for what is not above zero.
pub fn two_digits(value: f64) -> String {
    if value.is_nan() || value <= 0.0 {
        return "0".to_owned();
    }
    let decimals = (1.0 - value.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, length: f64, gap: f64) -> Vec<String> {
        axis.ticks(length, gap).into_iter().filter_map(|t| t.label).collect()
    }

    #[test]
    fn decades_are_plain_or_powers_of_ten_but_never_both() {
        assert_eq!(labels(&Axis::log(1e-3, 1e4, 1.0), 400.0, 30.0)[..5], ["0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(labels(&Axis::log(7e-4, 200.0, 1.0), 400.0, 30.0)[..2], ["0.001", "0.01"]);
        let axis = Axis::log(1e-4, 10.0, 1.0);
        assert_eq!(labels(&axis, 400.0, 30.0), ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]);
        assert_eq!(axis.ticks(400.0, 30.0).len(), 5 * 9 + 1);
    }

    #[test]
    fn few_decades_get_more_labels_and_many_get_fewer() {
        assert_eq!(
            labels(&Axis::log(1.0 / 256.0, 0.5, 0.1), 800.0, 52.0),
            ["0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]
        );
        assert_eq!(labels(&Axis::log(0.125, 0.5, 0.1), 800.0, 52.0), ["0.2", "0.3", "0.4", "0.5"]);
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
    fn headroom_is_the_share_asked_for() {
        for axis in [Axis::linear(1.0, 3.0, 0.0), Axis::log(1.0, 100.0, 0.0)] {
            let fraction = axis.with_headroom(0.25).fraction(axis.high());
            assert!((fraction - 0.75).abs() <= 1e-12, "{axis:?}: {fraction}");
        }
    }
}
