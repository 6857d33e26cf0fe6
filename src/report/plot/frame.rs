//! What surrounds data: the frame with its axes and grid, the heading above it, and the note that replaces it.

use super::axes::{Axis, Tick};
use super::canvas::{Canvas, Point, Rect};
use super::error::PlotError;
use super::font::{text_width, widest};
use super::style::{
    Align, BLACK, DARK_GREY, GRID_MAJOR, GRID_MINOR, MARGIN_PX, Stroke, TEXT_PX, TICK_PX, TITLE_PX, Text,
};

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
const X_GAP_PX: f64 = 44.0;
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
    /// A frame over these axes in `room`, which reaches to the page's left edge.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`] if the font is missing.
    pub fn in_room(room: Rect, x: Axis, y: Axis) -> Result<Self, PlotError> {
        Ok(Self { area: Rect { left: y_axis_px(&y, room.height())?, ..room }, x, y })
    }

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
    pub fn draw_grid(&self, canvas: &mut Canvas<'_>) -> Result<(), PlotError> {
        let (x_ticks, y_ticks) = (self.x_ticks(), self.y_ticks());
        for is_major in [false, true] {
            let stroke = Stroke::solid(if is_major { GRID_MAJOR } else { GRID_MINOR }, 1.0);
            let is_drawn = |ticks: &[Tick], px: f64| is_major || px / ticks.len() as f64 >= MIN_GRID_PX;
            for tick in
                x_ticks.iter().filter(|t| t.label.is_some() == is_major && is_drawn(&x_ticks, self.area.width()))
            {
                let (x, _) = self.place(tick.value, self.y.low());
                canvas.line(&[(x, self.area.top), (x, self.area.bottom)], stroke)?;
            }
            for tick in
                y_ticks.iter().filter(|t| t.label.is_some() == is_major && is_drawn(&y_ticks, self.area.height()))
            {
                let (_, y) = self.place(self.x.low(), tick.value);
                canvas.line(&[(self.area.left, y), (self.area.right, y)], stroke)?;
            }
        }
        Ok(())
    }

    /// Draws the vertical grid lines at labelled ticks alone, for frames whose rows are things.
    pub fn draw_grid_x(&self, canvas: &mut Canvas<'_>) -> Result<(), PlotError> {
        for tick in self.x_ticks().iter().filter(|t| t.label.is_some()) {
            let (x, _) = self.place(tick.value, self.y.low());
            canvas.line(&[(x, self.area.top), (x, self.area.bottom)], Stroke::solid(GRID_MAJOR, 1.0))?;
        }
        Ok(())
    }

    /// Draws both axes with ticks, labels and titles. Comes after the data.
    pub fn draw_axes(&self, canvas: &mut Canvas<'_>, x: XLabels<'_>, y_title: &str) -> Result<(), PlotError> {
        self.draw_x_axis(canvas, x)?;
        self.draw_y_axis(canvas, y_title)
    }

    /// Draws the left axis alone, its title at the page's left edge.
    pub fn draw_y_axis(&self, canvas: &mut Canvas<'_>, y_title: &str) -> Result<(), PlotError> {
        self.draw_y_axis_titled_at(canvas, y_title, MARGIN_PX + 0.5 * TEXT_PX)
    }

    /// Draws the left axis alone, of a panel that is not at the page's edge: its title lies beside the labels.
    pub fn draw_y_axis_beside(&self, canvas: &mut Canvas<'_>, y_title: &str) -> Result<(), PlotError> {
        let labels = y_axis_px(&self.y, self.area.height())? - MARGIN_PX - TEXT_PX;
        self.draw_y_axis_titled_at(canvas, y_title, self.area.left - labels - 0.5 * TEXT_PX)
    }

    fn draw_y_axis_titled_at(&self, canvas: &mut Canvas<'_>, y_title: &str, title_x: f64) -> Result<(), PlotError> {
        let Rect { left, top, bottom, .. } = self.area;
        let stroke = Stroke::solid(DARK_GREY, 1.0);
        canvas.line(&[(left, top), (left, bottom)], stroke)?;
        let text = Text::new(TICK_PX, BLACK);
        for tick in self.y_ticks() {
            let (_, at) = self.place(self.x.low(), tick.value);
            let length = if tick.label.is_some() { TICK_LENGTH_PX } else { 0.6 * TICK_LENGTH_PX };
            canvas.line(&[(left - length, at), (left, at)], stroke)?;
            if let Some(label) = &tick.label {
                canvas.text(label, (left - TICK_LENGTH_PX - 4.0, at), text.aligned(Align::End))?;
            }
        }
        let title = Text::new(TEXT_PX, BLACK).aligned(Align::Middle);
        let y_title = shorten(y_title, TEXT_PX, bottom - top + 2.0 * MARGIN_PX)?;
        canvas.text(&y_title, (title_x, (top + bottom) / 2.0), title.rising())
    }

    /// Draws the lower axis alone.
    pub fn draw_x_axis(&self, canvas: &mut Canvas<'_>, x: XLabels<'_>) -> Result<(), PlotError> {
        let Rect { left, right, bottom, .. } = self.area;
        let stroke = Stroke::solid(DARK_GREY, 1.0);
        canvas.line(&[(left, bottom), (right, bottom)], stroke)?;
        let text = Text::new(TICK_PX, BLACK).aligned(Align::Middle);
        for tick in self.x_ticks() {
            let (at, _) = self.place(tick.value, self.y.low());
            let length = if tick.label.is_some() { TICK_LENGTH_PX } else { 0.6 * TICK_LENGTH_PX };
            canvas.line(&[(at, bottom), (at, bottom + length)], stroke)?;
            if let (Some(label), XLabels::Titled(_)) = (&tick.label, x) {
                canvas.text(label, (at, bottom + TICK_LENGTH_PX + 10.0), text)?;
            }
        }
        let XLabels::Titled(title) = x else { return Ok(()) };
        // In the middle of the axis, or as near to it as the page allows.
        let page = canvas.bounds().grown(-0.5 * MARGIN_PX);
        let title = shorten(title, TEXT_PX, page.width())?;
        let width = text_width(&title, TEXT_PX)?;
        let start = ((left + right - width) / 2.0).min(page.right - width).max(page.left);
        canvas.text(&title, (start, bottom + 38.0), Text::new(TEXT_PX, BLACK))
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
    let ticks = y.ticks(height_px, Y_GAP_PX);
    let widest = widest(ticks.iter().filter_map(|t| t.label.as_deref()), TICK_PX)?;
    Ok(MARGIN_PX + TEXT_PX + 8.0 + widest + TICK_LENGTH_PX + 4.0)
}

/// The title and subtitle of a page, broken into lines.
#[derive(Debug, Clone, Default)]
pub struct Heading {
    lines: Vec<(String, Text)>,
}

/// Space between the lines of a heading, and below it, logical pixels.
const LEADING_PX: f64 = 5.0;
const BELOW_HEADING_PX: f64 = 8.0;

impl Heading {
    /// On a page of `width_px`; an empty text has no line.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`] if the font is missing.
    pub fn new(title: &str, subtitle: &str, width_px: f64) -> Result<Self, PlotError> {
        let mut lines = Vec::new();
        for (text, look) in [(title, Text::new(TITLE_PX, BLACK)), (subtitle, Text::new(TEXT_PX, DARK_GREY))] {
            let wrapped = wrap(text, look.size_px, width_px - 2.0 * MARGIN_PX)?;
            lines.extend(wrapped.into_iter().map(|line| (line, look)));
        }
        Ok(Self { lines })
    }

    /// Height from the page's upper edge to the room below, logical pixels.
    pub fn height_px(&self) -> f64 {
        let lines: f64 = self.lines.iter().map(|(_, look)| look.size_px + LEADING_PX).sum();
        MARGIN_PX + if self.lines.is_empty() { 0.0 } else { lines + BELOW_HEADING_PX }
    }

    /// Writes it at the upper left, and returns the room for frames below.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`].
    pub fn draw(&self, canvas: &mut Canvas<'_>) -> Result<Rect, PlotError> {
        let page = canvas.bounds();
        let mut y = MARGIN_PX;
        for (line, look) in &self.lines {
            canvas.text(line, (MARGIN_PX, y + 0.5 * look.size_px), *look)?;
            y += look.size_px + LEADING_PX;
        }
        let (right, bottom) = (page.right - 2.0 * MARGIN_PX, page.bottom - X_AXIS_PX);
        Ok(Rect { left: MARGIN_PX, top: self.height_px(), right, bottom })
    }
}

/// Height of a figure on a page of `width_px` that is `natural_px` high on the widest: narrow ones are less flat.
pub fn height_at(width_px: f64, natural_px: f64) -> f64 {
    natural_px * (0.4 + 0.6 * (width_px / 900.0).min(1.0))
}

/// `text` on lines of `room_px`, at most four, broken between words; what is still too long is shortened.
fn wrap(text: &str, size_px: f64, room_px: f64) -> Result<Vec<String>, PlotError> {
    wrap_into(MAX_LINES, text, size_px, room_px)
}

/// As many lines of `text` as it takes, and `most` at most; what is too long for them is shortened.
///
/// # Errors
///
/// [`PlotError::Draw`] if the font is missing.
pub fn wrap_into(most: usize, text: &str, size_px: f64, room_px: f64) -> Result<Vec<String>, PlotError> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (longer, lines.len()) {
            (Some(longer), n) if n == most || text_width(&longer, size_px)? <= room_px => lines[n - 1] = longer,
            _ => lines.push(word.to_owned()),
        }
    }
    lines.into_iter().map(|line| shorten(&line, size_px, room_px)).collect()
}

/// Lines of a title or subtitle, at most.
const MAX_LINES: usize = 4;

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

/// Says on the whole page below the heading, which left `room`, why there is nothing to see.
///
/// # Errors
///
/// [`PlotError::Draw`].
pub fn draw_empty(canvas: &mut Canvas<'_>, room: Rect, note: &str) -> Result<(), PlotError> {
    let area = Rect { top: room.top, ..canvas.bounds().grown(-MARGIN_PX) };
    draw_note(canvas, area, note)
}

/// Says in the middle of `area` why there is nothing to see.
///
/// # Errors
///
/// [`PlotError::Draw`].
pub fn draw_note(canvas: &mut Canvas<'_>, area: Rect, note: &str) -> Result<(), PlotError> {
    canvas.rect(area, GRID_MINOR)?;
    let middle = ((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0);
    let note = shorten(note, TEXT_PX, area.width() - 20.0)?;
    canvas.text(&note, middle, Text::new(TEXT_PX, DARK_GREY).aligned(Align::Middle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::font;

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
    fn long_texts_are_shortened_to_their_room() {
        font::register().unwrap();
        let short = shorten(&"a folder with a long name ".repeat(20), 13.0, 300.0).unwrap();
        assert!(short.ends_with('…') && text_width(&short, 13.0).unwrap() <= 300.0);
        assert_eq!(shorten("brief", 13.0, 300.0).unwrap(), "brief");
        let lines = wrap(&"words ".repeat(100), 13.0, 300.0).unwrap();
        assert_eq!(lines.len(), MAX_LINES);
        assert!(lines[0].ends_with("words") && lines[MAX_LINES - 1].ends_with('…'), "{lines:?}");
        assert!(lines.iter().all(|line| text_width(line, 13.0).unwrap() <= 300.0), "{lines:?}");
        assert_eq!(wrap(&"w".repeat(100), 13.0, 300.0).unwrap().len(), 1);
        assert!(wrap("", 13.0, 300.0).unwrap().is_empty());
    }
}
