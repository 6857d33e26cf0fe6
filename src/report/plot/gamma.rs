//! The power of every mode as a map: zero frequency in the middle, brightness on a logarithmic scale.
//!
//! # Conventions
//!
//! Power is given unshifted (`fftfreq` order, row by row) and drawn with the zero frequency in the middle. Each cell is
//! centred on its frequency, so the map reaches half a cell beyond the outermost ones; for an even size the frequency
//! −1/2 is on the left and upper edge only. Vertical frequency rises **downward**, as rows of an image do.
//!
//! Colours span the powers between two percentiles; the colour bar has a point at an end beyond which there is more.
//! Cells without power are grey: zero, negative, not a number, or below [`super::colour_scale::NEGLIGIBLE`] times the
//! highest, which is what rounding leaves of a mode that was removed.
//!
//! # Cost
//!
//! More than [`MAX_CELLS`] frequencies along an axis are averaged in blocks. In SVG the map is one embedded PNG, so a
//! file stays below about a megabyte at any size.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::colour_scale::{BAR_POINT_PX, ColourScale};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::pixels::Pixels;
use super::style::{BLACK, DARK_GREY, NO_POWER, Stroke, TICK_PX, Text};

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

/// Space beside the map for the colour bar, its labels and title, and beside both for the `y` axis, logical pixels.
const BAR_PX: f64 = 100.0;
const Y_AXIS_PX: f64 = 72.0;
/// Largest side of the map.
const MOST_SIDE_PX: f64 = 640.0;

impl GammaFigure {
    /// Side of the map on a page of that width.
    fn side_px(width_px: f64) -> f64 {
        (width_px - BAR_PX - Y_AXIS_PX - 28.0).min(MOST_SIDE_PX)
    }
}

impl Figure for GammaFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        Self::side_px(width_px) + frame::X_AXIS_PX
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        PlotError::check_length("power", self.power.len(), self.height * self.width)?;
        let map = reduce(&self.power, self.height, self.width);
        let Some(colours) = ColourScale::over(&map.power) else {
            return frame::draw_empty(canvas, room, "no power: every mode is zero or unknown");
        };
        let (x, y) = (frequency_axis(self.width), frequency_axis(self.height).reversed());
        let mut frame = Frame::in_room(room, x, y)?;
        // A square: both axes show the same frequencies, whatever the image's proportions.
        let side = frame.area.height().min(room.right - BAR_PX - frame.area.left);
        frame.area.right = frame.area.left + side;
        frame.area.bottom = frame.area.top + side;
        let area = frame.area;
        canvas.image(area, &map.paint(&colours))?;
        outline(canvas, area)?;
        frame.draw_axes(
            canvas,
            XLabels::Titled("horizontal frequency (cycles/pixel)"),
            "vertical frequency, downward",
        )?;
        let bar = Rect {
            left: area.right + 30.0,
            top: area.top + BAR_POINT_PX,
            right: area.right + 50.0,
            bottom: area.bottom - BAR_POINT_PX,
        };
        let has_grey = map.power.iter().any(|&p| !colours.has_colour(p));
        let bar = if has_grey { Rect { bottom: bar.bottom - 30.0, ..bar } } else { bar };
        colours.draw_bar(canvas, bar, &self.quantity)?;
        if has_grey { draw_grey_key(canvas, bar, area.bottom) } else { Ok(()) }
    }
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

/// Says what grey cells are, below the colour bar.
fn draw_grey_key(canvas: &mut Canvas<'_>, bar: Rect, bottom: f64) -> Result<(), PlotError> {
    let swatch = Rect { left: bar.left, top: bottom - 14.0, right: bar.right, bottom };
    canvas.rect(swatch, NO_POWER)?;
    canvas.text("no power", (bar.right + 9.0, bottom - 7.0), Text::new(TICK_PX, BLACK))
}

/// The upper and right edge of the map; the axes draw the others.
fn outline(canvas: &mut Canvas<'_>, area: Rect) -> Result<(), PlotError> {
    let corners = [(area.left, area.top), (area.right, area.top), (area.right, area.bottom)];
    canvas.line(&corners, Stroke::solid(DARK_GREY, 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::*;

    /// Power `(1 + |k|²)^(-1)` of the signed wave numbers, unshifted.
    fn figure(height: usize, width: usize) -> GammaFigure {
        let signed = |k: usize, n: usize| if 2 * k >= n { k as f64 - n as f64 } else { k as f64 };
        let power = |i: usize| 1.0 / (1.0 + signed(i / width, height).powi(2) + signed(i % width, width).powi(2));
        GammaFigure {
            title: "Most power lies at low frequencies".into(),
            subtitle: format!("100 images, {width}×{height} px"),
            height,
            width,
            power: (0..height * width).map(power).collect(),
            quantity: "Γ (value² per mode)".into(),
        }
    }

    fn has(texts: &[String], text: &str) -> bool {
        texts.iter().any(|t| t == text)
    }

    #[test]
    fn axes_and_colours_are_named() {
        let texts = check(&figure(64, 64));
        for text in [
            "horizontal frequency (cycles/pixel)",
            "vertical frequency, downward",
            "Γ (value² per mode)",
            "0.1",
            "0.01",
            "0.0",
            "−0.4",
        ] {
            assert!(has(&texts, text), "{text} is missing in {texts:?}");
        }
        assert!(!has(&texts, "no power"));
    }

    #[test]
    fn the_zero_frequency_lies_in_the_cell_under_the_axes_zero() {
        for (height, width) in [(8, 8), (5, 12), (7, 7), (1, 4), (600, 513), (1024, 64)] {
            let f = figure(height, width);
            let map = reduce(&f.power, height, width);
            let brightest = (0..map.power.len()).max_by(|&a, &b| map.power[a].total_cmp(&map.power[b])).unwrap();
            let (x, y) = (frequency_axis(width).fraction(0.0), frequency_axis(height).fraction(0.0));
            // Where blocks are uneven, the zero frequency may lie on the edge of its block.
            let slack = |n: usize| if n > MAX_CELLS { 0.500001 } else { 0.25 };
            let off = |cell: usize, fraction: f64, cells: usize| (cell as f64 + 0.5 - fraction * cells as f64).abs();
            assert!(off(brightest / map.width, y, map.height) <= slack(height), "{width}×{height}");
            assert!(off(brightest % map.width, x, map.width) <= slack(width), "{width}×{height}");
        }
    }

    #[test]
    fn small_maps_are_shifted_as_fftshift_does() {
        let map = reduce(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 2, 3);
        assert_eq!(map.power, [5.0, 3.0, 4.0, 2.0, 0.0, 1.0]);
    }

    #[test]
    fn blocks_keep_the_mean_and_skip_what_is_unknown() {
        let mut f = figure(2 * MAX_CELLS, 2 * MAX_CELLS);
        let mean = |p: &[f64]| p.iter().sum::<f64>() / p.len() as f64;
        let map = reduce(&f.power, f.height, f.width);
        assert_eq!((map.height, map.width), (MAX_CELLS, MAX_CELLS));
        assert!((mean(&map.power) / mean(&f.power) - 1.0).abs() <= 1e-12);
        f.power[0] = f64::NAN;
        assert!(reduce(&f.power, f.height, f.width).power.iter().all(|p| p.is_finite()));
    }

    #[test]
    fn large_noisy_maps_stay_small_files() {
        let mut f = figure(1024, 1023);
        let mut state = 1_u64;
        for p in &mut f.power {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *p *= -((state >> 40) as f64 / 16_777_216.0).max(1e-9).ln();
        }
        check(&f); // It checks the size.
    }

    #[test]
    fn modes_without_power_are_grey_and_named() {
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-20] {
            let mut f = figure(16, 16);
            f.power[0] = odd;
            assert!(has(&check(&f), "no power"), "{odd}");
        }
        let colours = ColourScale::over(&[1.0, 2.0, 0.0]).unwrap();
        assert_eq!(colours.rgb(0.0), [NO_POWER.0, NO_POWER.1, NO_POWER.2]);
        assert_ne!(colours.rgb(1.0), colours.rgb(0.0));
    }

    #[test]
    fn degenerate_maps_are_drawn_or_explained() {
        for (height, width) in [(1, 1), (1, 2), (2, 1), (3, 5), (8, 8)] {
            check(&figure(height, width));
        }
        let mut f = figure(8, 8);
        f.power.fill(0.5);
        check(&f);
        for nothing in [0.0, f64::NAN] {
            f.power.fill(nothing);
            assert!(check(&f).iter().any(|t| t.starts_with("no power: every mode")));
        }
        assert!(
            check(&GammaFigure { title: "nothing".into(), ..GammaFigure::default() })
                .iter()
                .any(|t| t.starts_with("no power"))
        );
        let mut f = figure(64, 64);
        f.power.iter_mut().enumerate().for_each(|(i, p)| *p = 10_f64.powi(i as i32 % 600 - 300));
        check(&f);
    }

    #[test]
    fn a_list_that_does_not_fill_the_map_is_an_error() {
        let f = GammaFigure { height: 5, ..figure(4, 4) };
        assert!(matches!(
            super::super::render(&f, super::super::page::Page::default(), super::super::PlotFormat::Png),
            Err(PlotError::Length { found: 16, expected: 20, .. })
        ));
    }
}
