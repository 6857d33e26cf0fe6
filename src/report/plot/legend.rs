//! Legends and labels that look for free space, so that words and data never cover each other.

use super::canvas::{Canvas, Point, Rect};
use super::error::PlotError;
use super::font::{text_width, widest};
use super::frame::{Frame, shorten};
use super::style::{BLACK, Colour, Stroke, TEXT_PX, Text, WHITE};

/// Points that text should keep away from: the data as drawn, sampled every few pixels.
#[derive(Debug, Clone, Default)]
pub struct Obstacles {
    points: Vec<Point>,
}

/// Distance between samples along lines and across bands, logical pixels.
const SAMPLE_PX: f64 = 4.0;

impl Obstacles {
    /// Adds a line through the points; points that are not finite interrupt it.
    pub fn add_line(&mut self, points: &[Point]) {
        self.points.extend(points.iter().filter(|p| p.0.is_finite() && p.1.is_finite()));
        for pair in points.windows(2) {
            self.add_segment(pair[0], pair[1]);
        }
    }

    /// Adds the area between two lines over the same places.
    pub fn add_band(&mut self, lower: &[Point], upper: &[Point]) {
        self.add_line(lower);
        self.add_line(upper);
        for (&from, &to) in lower.iter().zip(upper) {
            self.add_segment(from, to);
        }
    }

    fn add_segment(&mut self, (x0, y0): Point, (x1, y1): Point) {
        let length = (x1 - x0).hypot(y1 - y0);
        if !length.is_finite() {
            return;
        }
        let n = (length / SAMPLE_PX).ceil().clamp(1.0, 1000.0) as usize;
        let at = |i: usize| i as f64 / n as f64;
        self.points.extend((1..n).map(|i| (x0 + (x1 - x0) * at(i), y0 + (y1 - y0) * at(i))));
    }

    /// How many samples lie in the rectangle.
    pub fn hits(&self, rect: Rect) -> usize {
        self.points.iter().filter(|&&p| rect.contains(p)).count()
    }

    /// The rectangle with the fewest hits, the first of equals, and its number of hits.
    pub fn freest(&self, candidates: impl IntoIterator<Item = Rect>) -> Option<(Rect, usize)> {
        candidates.into_iter().map(|rect| (rect, self.hits(rect))).min_by_key(|&(_, hits)| hits)
    }
}

/// The sample of a legend entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// A line.
    Line(Stroke),
    /// An area.
    Band(Colour),
    /// A dot of the given colour and radius in logical pixels.
    Dot(Colour, f64),
}

/// Entries from top to bottom, without a frame.
#[derive(Debug, Clone, Default)]
pub struct Legend {
    entries: Vec<(Key, String)>,
}

const ROW_PX: f64 = 19.0;
const KEY_PX: f64 = 28.0;
const GAP_PX: f64 = 9.0;
/// Distance from the frame's edges and from data, logical pixels.
const CLEARANCE_PX: f64 = 8.0;
/// Share of a frame that is made free above the data, at the most.
const MOST_HEADROOM: f64 = 0.25;

impl Legend {
    /// Adds an entry at the bottom.
    pub fn push(&mut self, key: Key, label: impl Into<String>) {
        self.entries.push((key, label.into()));
    }

    /// Height with its distance from the frame's edge and from data, logical pixels.
    pub fn height_px(&self) -> f64 {
        ROW_PX * self.entries.len() as f64 + 2.0 * CLEARANCE_PX
    }

    fn width_px(&self) -> Result<f64, PlotError> {
        Ok(KEY_PX + GAP_PX + widest(self.entries.iter().map(|(_, label)| label.as_str()), TEXT_PX)?)
    }

    /// The corner of `area` with the fewest obstacles, upper right first, and how many obstacles it holds.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`] if the font is missing.
    pub fn emptiest_corner(&self, area: Rect, obstacles: &Obstacles) -> Result<(Rect, usize), PlotError> {
        let inner = area.grown(-CLEARANCE_PX);
        let width = self.width_px()?.min(inner.width());
        let height = ROW_PX * self.entries.len() as f64;
        let corner = |is_right: bool, is_top: bool| {
            let left = if is_right { inner.right - width } else { inner.left };
            let top = if is_top { inner.top } else { inner.bottom - height };
            Rect { left, top, right: left + width, bottom: top + height }
        };
        let corners = [corner(true, true), corner(false, false), corner(false, true), corner(true, false)];
        let freest = obstacles.freest(corners.map(|c| c.grown(CLEARANCE_PX)));
        Ok(freest.map_or((corners[0], 0), |(rect, hits)| (rect.grown(-CLEARANCE_PX), hits)))
    }

    /// Finds the legend a free corner of `frame`; makes room above the data if there is none; and where that would
    /// leave the axis half empty, or is not enough, makes it a strip above the frame.
    ///
    /// `obstacles` says where the data lie in a frame. Returns the frame to draw in and the legend's place.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`] if the font is missing.
    pub fn arrange(&self, frame: Frame, obstacles: impl Fn(&Frame) -> Obstacles) -> Result<(Frame, Rect), PlotError> {
        let (place, hits) = self.emptiest_corner(frame.area, &obstacles(&frame))?;
        if hits == 0 {
            return Ok((frame, place));
        }
        let share = self.height_px() / frame.area.height();
        let roomy = Frame { y: frame.y.with_headroom(share), ..frame };
        let (place, hits) = self.emptiest_corner(roomy.area, &obstacles(&roomy))?;
        if hits == 0 && share <= MOST_HEADROOM { Ok((roomy, place)) } else { self.above(frame) }
    }

    /// The legend as a strip above what is left of `frame`.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`] if the font is missing.
    pub fn above(&self, frame: Frame) -> Result<(Frame, Rect), PlotError> {
        let height = self.strip_px(frame.area.width())?;
        let strip = Rect { bottom: frame.area.top + height, ..frame.area };
        Ok((Frame { area: Rect { top: strip.bottom + CLEARANCE_PX, ..frame.area }, ..frame }, strip))
    }

    /// Height as a strip of that width, logical pixels.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`] if the font is missing.
    pub fn strip_px(&self, width: f64) -> Result<f64, PlotError> {
        Ok(self.flow(width)?.last().map_or(0.0, |(_, row)| ROW_PX * (*row + 1) as f64))
    }

    /// Left edge and row of each entry: one below the other in a place no wider than the widest, else like words.
    fn flow(&self, width: f64) -> Result<Vec<(f64, usize)>, PlotError> {
        let is_column = width <= self.width_px()? + 0.5;
        let mut places: Vec<(f64, usize)> = Vec::new();
        let (mut x, mut row) = (0.0, 0);
        for (_, label) in &self.entries {
            let wide = KEY_PX + GAP_PX + text_width(label, TEXT_PX)?;
            if !places.is_empty() && (is_column || x + wide > width) {
                (x, row) = (0.0, row + 1);
            }
            places.push((x, row));
            x += wide + 2.0 * GAP_PX;
        }
        Ok(places)
    }

    /// Draws the entries into `place`, grid lines behind them wiped out. Comes before the data.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`].
    pub fn draw(&self, canvas: &mut Canvas<'_>, place: Rect) -> Result<(), PlotError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        canvas.rect(place.grown(3.0), WHITE)?;
        for ((key, label), (x, row)) in self.entries.iter().zip(self.flow(place.width())?) {
            let y = place.top + (row as f64 + 0.5) * ROW_PX;
            let (left, right) = (place.left + x, place.left + x + KEY_PX);
            let room = place.right - right - GAP_PX;
            match *key {
                Key::Line(stroke) => canvas.line(&[(left, y), (right, y)], stroke)?,
                Key::Band(colour) => canvas.rect(Rect { left, top: y - 5.5, right, bottom: y + 5.5 }, colour)?,
                Key::Dot(colour, radius) => canvas.dot(((left + right) / 2.0, y), radius, colour)?,
            }
            canvas.text(&shorten(label, TEXT_PX, room)?, (right + GAP_PX, y), Text::new(TEXT_PX, BLACK))?;
        }
        Ok(())
    }
}

/// A one-line label at one of several places (the middle of its left edge), at the first with the fewest obstacles.
///
/// # Errors
///
/// [`PlotError::Draw`].
pub fn draw_label(
    canvas: &mut Canvas<'_>,
    label: &str,
    look: Text,
    places: &[Point],
    obstacles: &Obstacles,
) -> Result<(), PlotError> {
    let (width, half) = (text_width(label, look.size_px)?, 0.55 * look.size_px);
    let boxed = |&(x, y): &Point| Rect { left: x, top: y - half, right: x + width, bottom: y + half };
    match obstacles.freest(places.iter().map(|p| boxed(p).grown(2.0))) {
        Some((rect, _)) => canvas.text(label, (rect.left + 2.0, (rect.top + rect.bottom) / 2.0), look),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::axes::Axis;
    use crate::report::plot::font;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 600.0, bottom: 400.0 };

    fn legend() -> Legend {
        font::register().unwrap();
        let mut legend = Legend::default();
        legend.push(Key::Band(BLACK), "25–75 % of images");
        legend.push(Key::Line(Stroke::solid(BLACK, 2.0)), "mean");
        legend
    }

    #[test]
    fn a_falling_line_leaves_the_upper_right_and_a_rising_one_the_lower_right_or_upper_left() {
        let mut falling = Obstacles::default();
        falling.add_line(&[(0.0, 0.0), (600.0, 400.0)]);
        let (place, hits) = legend().emptiest_corner(AREA, &falling).unwrap();
        assert!(place.left > 300.0 && place.top < 100.0 && hits == 0, "{place:?}");
        let mut rising = Obstacles::default();
        rising.add_line(&[(0.0, 400.0), (600.0, 0.0)]);
        let (place, hits) = legend().emptiest_corner(AREA, &rising).unwrap();
        assert!((place.left < 300.0) == (place.top < 100.0) && hits == 0, "{place:?}");
    }

    #[test]
    fn data_in_every_corner_make_room_above() {
        let frame = Frame { area: AREA, x: Axis::linear(0.0, 1.0, 0.0), y: Axis::log(1.0, 100.0, 0.0) };
        let obstacles = |frame: &Frame| {
            let mut obstacles = Obstacles::default();
            obstacles.add_line(&[(0.0, 100.0), (0.1, 1.0), (0.9, 100.0), (1.0, 1.0)].map(|(x, y)| frame.place(x, y)));
            obstacles.add_line(&[frame.place(0.0, 1.0), frame.place(1.0, 100.0)]);
            obstacles
        };
        let (_, hits) = legend().emptiest_corner(AREA, &obstacles(&frame)).unwrap();
        assert!(hits > 0);
        let (arranged, place) = legend().arrange(frame, obstacles).unwrap();
        assert!(obstacles(&arranged).hits(place) == 0 && arranged.y.high() > frame.y.high());
        let free = |_: &Frame| Obstacles::default();
        assert_eq!(legend().arrange(frame, free).unwrap().0, frame);
    }

    #[test]
    fn where_a_legend_would_fill_the_axis_it_is_a_strip_above() {
        let area = Rect { left: 50.0, top: 10.0, right: 350.0, bottom: 160.0 };
        let frame = Frame { area, x: Axis::linear(0.0, 1.0, 0.0), y: Axis::linear(0.0, 1.0, 0.0) };
        let full = |frame: &Frame| {
            let mut obstacles = Obstacles::default();
            let ends = |y: f64| [frame.place(0.0, y), frame.place(1.0, y)];
            obstacles.add_band(&ends(0.0), &ends(1.0));
            (0..=20).for_each(|i| obstacles.add_line(&ends(f64::from(i) / 20.0)));
            obstacles
        };
        let (arranged, place) = legend().arrange(frame, full).unwrap();
        assert_eq!((arranged.y, arranged.area.bottom), (frame.y, area.bottom));
        assert!(place.top == area.top && place.bottom < arranged.area.top, "{place:?} {arranged:?}");
        // Both entries fit beside each other in it, and in a narrow place they do not.
        assert_eq!(legend().flow(300.0).unwrap().iter().map(|p| p.1).collect::<Vec<_>>(), [0, 0]);
        assert_eq!(legend().flow(160.0).unwrap(), [(0.0, 0), (0.0, 1)]);
    }

    #[test]
    fn bands_are_obstacles_throughout_and_nan_is_none() {
        let mut obstacles = Obstacles::default();
        let ends = |y: f64| vec![(0.0, y), (3.0, y)];
        obstacles.add_band(&ends(0.0), &ends(100.0));
        assert!(obstacles.hits(Rect { left: -1.0, top: 40.0, right: 4.0, bottom: 50.0 }) > 0);
        let mut none = Obstacles::default();
        none.add_line(&[(f64::NAN, 0.0), (0.0, f64::NAN)]);
        assert_eq!(none.hits(AREA), 0);
    }

    #[test]
    fn an_empty_legend_draws_nothing() {
        let (_, hits) = Legend::default().emptiest_corner(AREA, &Obstacles::default()).unwrap();
        assert_eq!(hits, 0);
    }
}
