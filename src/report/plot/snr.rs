//! When each frequency emerges from each noise: maps of the signal-to-noise ratio over frequency and time.

use super::axes::Axis;
use super::canvas::{Canvas, Figure, Rect};
use super::colour_scale::{BAR_POINT_PX, ColourScale};
use super::error::PlotError;
use super::frame::{self, Frame, XLabels};
use super::pixels::Pixels;
use super::style::{Align, BLACK, DARK_GREY, MARGIN_PX, SMALL_PX, Stroke, TEXT_PX, Text, WHITE};

/// One noise.
#[derive(Debug, Clone)]
pub struct SnrPanel {
    /// Its name.
    pub name: String,
    /// What is said of it: the spread.
    pub note: String,
    /// `ln(R/S)` of each annulus `j ≥ 1`; not a number without power.
    pub log_ratio: Vec<f64>,
    /// t/T at which each of these annuli emerges; not a number where it does not within the schedule.
    pub unit_snr_t: Vec<f64>,
    /// t/T at which the brightness (annulus 0) emerges, which no logarithmic axis shows.
    pub brightness_t: Option<f64>,
}

/// What is drawn.
#[derive(Debug, Clone, Default)]
pub struct SnrFigure {
    /// The message in plain words.
    pub title: String,
    /// Number of images, size, preprocess, schedule.
    pub subtitle: String,
    /// Frequency of each annulus `j ≥ 1`, cycles per pixel.
    pub frequency_cycles_per_px: Vec<f64>,
    /// `ln(ᾱ/(1−ᾱ))` of each step, least noise first.
    pub schedule_log_ratio: Vec<f64>,
    /// The noises.
    pub panels: Vec<SnrPanel>,
}

/// Columns of `n` panels on a page of that width, and the height of a row with what is above and below it, logical
/// pixels.
fn layout(width_px: f64, n: usize) -> (usize, f64) {
    match n {
        _ if width_px < 600.0 => (1, 200.0),
        0..=4 => (2, 300.0),
        _ => (3, 240.0),
    }
}

/// SNR of the ends of the colours.
const ENDS: (f64, f64) = (1e-4, 1e4);
/// Cells of a map.
const CELLS: (usize, usize) = (240, 160);

impl Figure for SnrFigure {
    fn heading(&self) -> (&str, &str) {
        (&self.title, &self.subtitle)
    }

    fn body_px(&self, width_px: f64) -> f64 {
        let (columns, row_px) = layout(width_px, self.panels.len());
        self.panels.len().div_ceil(columns).max(1) as f64 * row_px
    }

    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError> {
        for panel in &self.panels {
            for list in [&panel.log_ratio, &panel.unit_snr_t] {
                PlotError::check_length("log_ratio", list.len(), self.frequency_cycles_per_px.len())?;
            }
        }
        let (Some(first), Some(last)) = (self.frequency_cycles_per_px.first(), self.frequency_cycles_per_px.last())
        else {
            return frame::draw_empty(canvas, room, "images of one pixel have no frequency to show");
        };
        let colours = ColourScale::between(ENDS.0, ENDS.1);
        let x = Axis::log(*first, *last, 0.2);
        let y = Axis::linear(0.0, 1.0, 1.0);
        let (top, page, bar_px) = (room.top, canvas.bounds(), 90.0);
        let (columns, row_px) = layout(page.right, self.panels.len());
        let pitch = (page.right - MARGIN_PX - bar_px) / columns as f64;
        for (i, panel) in self.panels.iter().enumerate() {
            let (column, row) = ((i % columns) as f64, (i / columns) as f64);
            let left = column * pitch;
            let y_axis = frame::y_axis_px(&y, row_px)?;
            let area = Rect {
                left: left + y_axis,
                top: top + row * row_px + 24.0,
                right: left + pitch - 12.0,
                bottom: top + (row + 1.0) * row_px - frame::X_AXIS_PX - 6.0,
            };
            self.draw_panel(canvas, &Frame { area, x, y }, panel, &colours)?;
        }
        let left = page.right - bar_px + 6.0;
        let bottom = top + row_px - frame::X_AXIS_PX - 6.0 - BAR_POINT_PX;
        let bar = Rect { left, top: top + 24.0 + BAR_POINT_PX, right: left + 18.0, bottom };
        colours.draw_bar(canvas, bar, "signal-to-noise ratio")
    }
}

impl SnrFigure {
    fn draw_panel(
        &self,
        canvas: &mut Canvas<'_>,
        frame: &Frame,
        panel: &SnrPanel,
        colours: &ColourScale,
    ) -> Result<(), PlotError> {
        let area = frame.area;
        let heading = Text::new(TEXT_PX, BLACK);
        canvas.text(
            &frame::shorten(&panel.name, TEXT_PX, 0.5 * area.width())?,
            (area.left, area.top - 12.0),
            heading,
        )?;
        let note = Text::new(SMALL_PX, DARK_GREY).aligned(Align::End);
        canvas.text(&panel.note, (area.right, area.top - 12.0), note)?;
        canvas.image(area, &self.map(frame, panel, colours))?;
        let line = frame.place_all(&self.frequency_cycles_per_px, &panel.unit_snr_t);
        canvas.line(&line, Stroke::solid(WHITE, 4.0))?;
        canvas.line(&line, Stroke::solid(BLACK, 2.0))?;
        if let Some(t) = panel.brightness_t {
            let (_, y) = frame.place(frame.x.low(), t);
            canvas.dot((area.left, y), 6.0, WHITE)?;
            canvas.dot((area.left, y), 4.5, BLACK)?;
        }
        frame.draw_y_axis_beside(canvas, "time t/T")?;
        frame.draw_x_axis(canvas, XLabels::Titled("frequency (cycles/pixel)"))
    }

    /// The map's pixels, rows from the top (t = T).
    fn map(&self, frame: &Frame, panel: &SnrPanel, colours: &ColourScale) -> Pixels {
        let (width, height) = CELLS;
        let n_steps = self.schedule_log_ratio.len();
        let mut rgb = Vec::with_capacity(3 * width * height);
        // Where on the logarithmic axis each annulus begins.
        let nearest = |share: f64| {
            let by_distance = |j: &usize| (frame.x.fraction(self.frequency_cycles_per_px[*j]) - share).abs();
            (0..panel.log_ratio.len()).min_by(|a, b| by_distance(a).total_cmp(&by_distance(b))).unwrap_or(0)
        };
        let annuli: Vec<usize> = (0..width).map(|c| nearest((c as f64 + 0.5) / width as f64)).collect();
        for row in 0..height {
            let share = 1.0 - (row as f64 + 0.5) / height as f64;
            let step = ((share * n_steps as f64) as usize).min(n_steps.saturating_sub(1));
            let at = self.schedule_log_ratio.get(step).copied().unwrap_or(f64::NAN);
            for &j in &annuli {
                let snr = (at + panel.log_ratio[j]).clamp(-600.0, 600.0).exp();
                rgb.extend(colours.rgb(snr));
            }
        }
        Pixels { width, height, rgb }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::testing::check;

    #[test]
    fn any_number_of_noises_and_unknown_ratios_are_drawn() {
        let panel = |i: usize| SnrPanel {
            name: format!("noise {i}"),
            note: "spread 0.123".to_owned(),
            unit_snr_t: (0..16).map(|j| if j == 3 { f64::NAN } else { f64::from(j) / 16.0 }).collect(),
            brightness_t: (i > 0).then_some(0.4),
            log_ratio: (0..16).map(|j| if j == 3 { f64::NAN } else { f64::from(j * i as i32) - 4.0 }).collect(),
        };
        for n in [0, 1, 2, 4, 5] {
            let texts = check(&SnrFigure {
                title: "SNR".to_owned(),
                subtitle: "3 images".to_owned(),
                frequency_cycles_per_px: (1..17).map(|j| f64::from(j) / 32.0).collect(),
                schedule_log_ratio: (0..50).map(|t| 8.0 - 0.4 * f64::from(t)).collect(),
                panels: (0..n).map(panel).collect(),
            });
            assert_eq!(texts.iter().filter(|t| t.starts_with("noise ")).count(), n, "{texts:?}");
        }
        let texts = check(&SnrFigure { panels: Vec::new(), ..SnrFigure::default() });
        assert!(texts.iter().any(|t| t.contains("one pixel")), "{texts:?}");
    }
}
