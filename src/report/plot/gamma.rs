//! The power of every mode as a map: zero frequency in the middle, brightness on a logarithmic scale.
//!
//! # Conventions
//!
//! Power is given unshifted (`fftfreq` order, row by row) and drawn with the zero frequency in the middle. Each cell is
//! centred on its frequency, so the map reaches half a cell beyond the outermost ones; for an even size the frequency
//! −1/2 is on the left and upper edge only. Vertical frequency rises **downward**, as rows of an image do.
//!
//! Colours span the powers between two percentiles; the colour bar has a point at an end beyond which there is more.
//! Cells whose power is zero, negative or not a number are grey.
//!
//! # Cost
//!
//! More than [`MAX_CELLS`] frequencies along an axis are averaged in blocks. In SVG the map is one embedded PNG, so a
//! file stays below about a megabyte at any size.

use super::axes::{self, Axis, Frame, XLabels};
use super::bitmap::Pixels;
use super::canvas::{Canvas, Rect, Surface, Text};
use super::font::Align;
use super::style::{BLACK, DARK_GREY, MARGIN_PX, NO_POWER, Stroke, TEXT_PX, TICK_PX, viridis};
use super::{Figure, PlotError};

/// Most cells drawn along each axis; more would be finer than the output.
pub const MAX_CELLS: usize = 512;

/// What is drawn: one power for each mode of the full plane.
#[derive(Debug, Clone, Default)]
pub struct GammaFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess.
    pub subtitle: String,
    /// Rows `H`.
    pub height: usize,
    /// Columns `W`.
    pub width: usize,
    /// Power of mode `(ky, kx)` at `ky·W + kx`, unshifted, in the unit that `quantity` names.
    pub power: Vec<f64>,
    /// What the colours stand for, with its unit, such as `Γ (value² per mode)`.
    pub quantity: String,
}

/// The part of the cells whose power is below the darkest colour, and above the brightest.
const CLIPPED: (f64, f64) = (0.005, 0.001);
/// Most decades that colours span.
const MAX_DECADES: f64 = 12.0;

impl Figure for GammaFigure {
    fn size_px(&self) -> (u32, u32) {
        (780, 680)
    }

    fn draw<S: Surface>(&self, canvas: &mut Canvas<'_, S>) -> Result<(), PlotError> {
        PlotError::check_length("power", self.power.len(), self.height * self.width)?;
        let page = canvas.bounds();
        let top = axes::draw_heading(canvas, &self.title, &self.subtitle)? + 6.0;
        let map = reduce(&self.power, self.height, self.width);
        let Some(colours) = ColourScale::over(&map.power) else {
            let area = Rect { left: MARGIN_PX, top, right: page.right - MARGIN_PX, bottom: page.bottom - MARGIN_PX };
            return axes::draw_note(canvas, area, "no power: every mode is zero or unknown");
        };
        let (x, y) = (frequency_axis(self.width), frequency_axis(self.height).reversed());
        let bottom = page.bottom - axes::X_AXIS_PX;
        let left = axes::y_axis_px(&y, bottom - top)?;
        // A square: both axes show the same frequencies, whatever the image's proportions.
        let area = Rect { left, top, right: left + (bottom - top), bottom };
        canvas.image(area, &map.paint(&colours))?;
        let frame = Frame { area, x, y };
        outline(canvas, area)?;
        frame.draw_axes(
            canvas,
            XLabels::Titled("horizontal frequency (cycles/pixel)"),
            "vertical frequency (cycles/pixel), downward",
        )?;
        let bar = Rect {
            left: area.right + 30.0,
            top: top + BAR_POINT_PX,
            right: area.right + 50.0,
            bottom: bottom - BAR_POINT_PX,
        };
        let has_grey = map.power.iter().any(|&p| !has_power(p));
        let bar = if has_grey { Rect { bottom: bar.bottom - 30.0, ..bar } } else { bar };
        colours.draw_bar(canvas, bar, &self.quantity)?;
        if has_grey { draw_grey_key(canvas, bar, bottom) } else { Ok(()) }
    }
}

/// Length of the points that a colour bar ends in, logical pixels.
const BAR_POINT_PX: f64 = 12.0;

/// Whether a cell gets a colour of the scale.
fn has_power(power: f64) -> bool {
    power > 0.0 && power.is_finite()
}

/// Signed frequencies of `n` pixels, from half a cell below the lowest to half a cell above the highest.
fn frequency_axis(n: usize) -> Axis {
    let (n, half) = (n as f64, (n / 2) as f64);
    Axis::linear((-half - 0.5) / n, (n - half - 0.5) / n, 0.0)
}

/// A map with its origin in the middle, rows from the top.
struct Map {
    height: usize,
    width: usize,
    power: Vec<f64>,
}

/// Shifts the zero frequency to the middle and averages blocks until no side is longer than [`MAX_CELLS`].
///
/// A block is the mean of its finite powers, NaN without any.
fn reduce(power: &[f64], full_height: usize, full_width: usize) -> Map {
    let (height, width) = (full_height.min(MAX_CELLS), full_width.min(MAX_CELLS));
    let mut sums = vec![(0.0, 0_u32); height * width];
    for (i, row) in power.chunks_exact(full_width.max(1)).enumerate() {
        let y = (i + full_height / 2) % full_height * height / full_height;
        for (j, &p) in row.iter().enumerate().filter(|(_, p)| p.is_finite()) {
            let x = (j + full_width / 2) % full_width * width / full_width;
            let (sum, count) = &mut sums[y * width + x];
            *sum += p;
            *count += 1;
        }
    }
    let mean = |(sum, count): (f64, u32)| if count > 0 { sum / f64::from(count) } else { f64::NAN };
    Map { height, width, power: sums.into_iter().map(mean).collect() }
}

impl Map {
    fn paint(&self, colours: &ColourScale) -> Pixels {
        let rgb = self.power.iter().flat_map(|&p| colours.rgb(p)).collect();
        Pixels { width: self.width, height: self.height, rgb }
    }
}

/// A logarithmic scale of colours, and whether there are powers beyond its ends.
struct ColourScale {
    axis: Axis,
    has_lower: bool,
    has_higher: bool,
}

impl ColourScale {
    /// A scale over the percentiles of the powers; none without a positive one.
    fn over(power: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = power.iter().copied().filter(|&p| has_power(p)).collect();
        sorted.sort_by(f64::total_cmp);
        let (&lowest, &highest) = (sorted.first()?, sorted.last()?);
        let at = |share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
        let high = at(1.0 - CLIPPED.1);
        let low = at(CLIPPED.0).max(high * 10_f64.powf(-MAX_DECADES));
        let axis = Axis::log(low, high, 0.5);
        Some(Self {
            axis,
            has_lower: lowest < axis.low() * (1.0 - 1e-9),
            has_higher: highest > axis.high() * (1.0 + 1e-9),
        })
    }

    fn rgb(&self, power: f64) -> [u8; 3] {
        let colour = if has_power(power) { viridis(self.axis.fraction(power)) } else { NO_POWER };
        [colour.0, colour.1, colour.2]
    }

    /// The colours from dark at the bottom to bright at the top, labelled on the right.
    fn draw_bar<S: Surface>(&self, canvas: &mut Canvas<'_, S>, bar: Rect, quantity: &str) -> Result<(), PlotError> {
        const STEPS: usize = 256;
        let rgb = (0..STEPS).rev().flat_map(|i| {
            let c = viridis(i as f64 / (STEPS - 1) as f64);
            [c.0, c.1, c.2]
        });
        canvas.image(bar, &Pixels { width: 1, height: STEPS, rgb: rgb.collect() })?;
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
        for tick in self.axis.ticks(bar.height(), 30.0) {
            let y = bar.bottom - self.axis.fraction(tick.value) * bar.height();
            let length = if tick.label.is_some() { 5.0 } else { 3.0 };
            canvas.line(&[(bar.right, y), (bar.right + length, y)], Stroke::solid(DARK_GREY, 1.0))?;
            if let Some(label) = tick.label {
                canvas.text(&label, (bar.right + 9.0, y), Text::new(TICK_PX, BLACK))?;
            }
        }
        let title_at = (canvas.bounds().right - MARGIN_PX - 0.5 * TEXT_PX, (bar.top + bar.bottom) / 2.0);
        canvas.text(quantity, title_at, Text::new(TEXT_PX, BLACK).aligned(Align::Middle).rising())
    }
}

/// Says what grey cells are, below the colour bar.
fn draw_grey_key<S: Surface>(canvas: &mut Canvas<'_, S>, bar: Rect, bottom: f64) -> Result<(), PlotError> {
    let swatch = Rect { left: bar.left, top: bottom - 14.0, right: bar.right, bottom };
    canvas.rect(swatch, NO_POWER)?;
    canvas.text("no power", (bar.right + 9.0, bottom - 7.0), Text::new(TICK_PX, BLACK))
}

/// The upper and right edge of the map; the axes draw the others.
fn outline<S: Surface>(canvas: &mut Canvas<'_, S>, area: Rect) -> Result<(), PlotError> {
    let corners = [(area.left, area.top), (area.right, area.top), (area.right, area.bottom)];
    canvas.line(&corners, Stroke::solid(DARK_GREY, 1.0))
}
