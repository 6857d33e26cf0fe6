//! From powers to colours on a logarithmic scale, and the bar that explains them.

use super::axes::Axis;
use super::canvas::{Canvas, Rect};
use super::error::PlotError;
use super::font::widest;
use super::style::{Align, BLACK, DARK_GREY, NO_POWER, Stroke, TEXT_PX, TICK_PX, Text, viridis};

/// The part of the cells whose power is below the darkest colour, and above the brightest.
const CLIPPED: (f64, f64) = (0.005, 0.001);
/// Power below this part of the highest counts as none.
pub const NEGLIGIBLE: f64 = 1e-12;
/// Length of the points that a colour bar ends in, logical pixels.
pub const BAR_POINT_PX: f64 = 12.0;

/// A logarithmic scale of colours, and whether there are powers beyond its ends.
#[derive(Debug, Clone, Copy)]
pub struct ColourScale {
    axis: Axis,
    /// Lowest power that gets a colour.
    least: f64,
    has_lower: bool,
    has_higher: bool,
}

impl ColourScale {
    /// A scale over the percentiles of the powers; none without a positive one.
    pub fn over(power: &[f64]) -> Option<Self> {
        let highest = power.iter().copied().filter(|p| p.is_finite()).fold(0.0, f64::max);
        let least = (NEGLIGIBLE * highest).max(f64::MIN_POSITIVE);
        let mut sorted: Vec<f64> = power.iter().copied().filter(|&p| p >= least && p.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let &lowest = sorted.first()?;
        let at = |share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
        let axis = Axis::log(at(CLIPPED.0), at(1.0 - CLIPPED.1), 0.5);
        let has_lower = lowest < axis.low() * (1.0 - 1e-9);
        let has_higher = highest > axis.high() * (1.0 + 1e-9);
        Some(Self { axis, least, has_lower, has_higher })
    }

    /// A scale from `low` to `high`, both above zero; there are powers beyond both.
    pub fn between(low: f64, high: f64) -> Self {
        Self { axis: Axis::log(low, high, 0.5), least: f64::MIN_POSITIVE, has_lower: true, has_higher: true }
    }

    /// Whether a power has a colour of its own.
    pub fn has_colour(&self, power: f64) -> bool {
        power >= self.least && power.is_finite()
    }

    /// The colour of a power; grey without one.
    pub fn rgb(&self, power: f64) -> [u8; 3] {
        let colour = if self.has_colour(power) { viridis(self.axis.fraction(power)) } else { NO_POWER };
        [colour.0, colour.1, colour.2]
    }

    /// The colours from dark at the bottom to bright at the top, labelled on the right.
    pub fn draw_bar(&self, canvas: &mut Canvas<'_>, bar: Rect, quantity: &str) -> Result<(), PlotError> {
        // Each step reaches to the bottom and is covered by the next: no hairlines between them at any zoom.
        const STEPS: usize = 128;
        for i in (0..STEPS).rev() {
            let top = bar.bottom - (i + 1) as f64 / STEPS as f64 * bar.height();
            canvas.rect(Rect { top, ..bar }, viridis((i as f64 + 0.5) / STEPS as f64))?;
        }
        let middle = (bar.left + bar.right) / 2.0;
        if self.has_higher {
            canvas.polygon(
                &[(bar.left, bar.top), (bar.right, bar.top), (middle, bar.top - BAR_POINT_PX)],
                viridis(1.0),
            )?;
        }
        if self.has_lower {
            canvas.polygon(
                &[(bar.left, bar.bottom), (bar.right, bar.bottom), (middle, bar.bottom + BAR_POINT_PX)],
                viridis(0.0),
            )?;
        }
        let ticks = self.axis.ticks(bar.height(), 30.0);
        for tick in &ticks {
            let y = bar.bottom - self.axis.fraction(tick.value) * bar.height();
            let length = if tick.label.is_some() { 5.0 } else { 3.0 };
            canvas.line(&[(bar.right, y), (bar.right + length, y)], Stroke::solid(DARK_GREY, 1.0))?;
            if let Some(label) = &tick.label {
                canvas.text(label, (bar.right + 9.0, y), Text::new(TICK_PX, BLACK))?;
            }
        }
        let widest = widest(ticks.iter().filter_map(|t| t.label.as_deref()), TICK_PX)?;
        let title_at = (bar.right + 9.0 + widest + 8.0 + 0.5 * TEXT_PX, (bar.top + bar.bottom) / 2.0);
        canvas.text(quantity, title_at, Text::new(TEXT_PX, BLACK).aligned(Align::Middle).rising())
    }
}
