//! Drawing in logical pixels: lines with gaps, areas, text and maps, on any [`Surface`].
//!
//! # Conventions
//!
//! `x` grows to the right and `y` downward from the figure's upper left corner, in logical pixels (CSS pixels of the
//! SVG). A text's `y` is the middle of its capitals. Points that are not finite interrupt a line.

use super::error::PlotError;
use super::font;
use super::pixels::Pixels;
use super::style::{Colour, Stroke, Text, WHITE};
use super::surface::{DevicePoint, Surface};

/// A picture: numbers and words, and how they are laid out.
pub trait Figure {
    /// Title and subtitle: the message in plain words, and which images it is of.
    fn heading(&self) -> (&str, &str);

    /// Height below the heading on a page of that width, axes and their titles included; logical pixels.
    fn body_px(&self, width_px: f64) -> f64;

    /// Draws all that is below the heading on a page of that size. `room` is what the heading leaves for frames: it
    /// reaches to the left margin, and ends where there is room for an `x` axis below and half a label beside.
    ///
    /// # Errors
    ///
    /// [`PlotError::Length`] if the figure's lists do not belong together, [`PlotError::Draw`] from the surface.
    fn draw(&self, canvas: &mut Canvas<'_>, room: Rect) -> Result<(), PlotError>;
}

/// A point in logical pixels.
pub type Point = (f64, f64);

/// An axis-parallel rectangle in logical pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Rect {
    /// Extent along `x`.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// Extent along `y`.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The same rectangle with every edge `by` pixels further out.
    pub fn grown(&self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    /// Whether the point lies in it, edges included.
    pub fn contains(&self, (x, y): Point) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }
}

/// Half the height of a capital letter in ems: from the middle of a text to its baseline.
const HALF_CAPITAL_EM: f64 = 0.365;

/// A white page of fixed size to draw on.
pub struct Canvas<'a> {
    surface: &'a mut dyn Surface,
}

impl<'a> Canvas<'a> {
    /// Covers the surface with white.
    ///
    /// # Errors
    ///
    /// [`PlotError::Draw`] from the surface, as for all that follows.
    pub fn new(surface: &'a mut dyn Surface) -> Result<Self, PlotError> {
        let mut canvas = Self { surface };
        canvas.rect(canvas.bounds(), WHITE)?;
        Ok(canvas)
    }

    /// The whole page.
    pub fn bounds(&self) -> Rect {
        let (width, height) = self.surface.size_px();
        Rect { left: 0.0, top: 0.0, right: f64::from(width), bottom: f64::from(height) }
    }

    /// Draws a line through the points; points that are not finite interrupt it.
    pub fn line(&mut self, points: &[Point], stroke: Stroke) -> Result<(), PlotError> {
        for run in points.split(|p| !is_finite(p)).filter(|run| run.len() > 1) {
            if stroke.dash_px.is_empty() {
                self.stroke(run, stroke)?;
            } else {
                for piece in dash(run, stroke.dash_px) {
                    self.stroke(&piece, stroke)?;
                }
            }
        }
        Ok(())
    }

    /// Fills the polygon through the points; one with a point that is not finite is left out.
    pub fn polygon(&mut self, points: &[Point], colour: Colour) -> Result<(), PlotError> {
        if points.len() < 3 || !points.iter().all(is_finite) {
            return Ok(());
        }
        let path = self.path(points);
        self.surface.polygon(&path, colour)
    }

    /// Fills the area between two lines over the same places, in one piece per run of finite points; a lone point
    /// becomes a narrow bar.
    pub fn band(&mut self, lower: &[Point], upper: &[Point], colour: Colour) -> Result<(), PlotError> {
        let pairs: Vec<(Point, Point)> = lower.iter().copied().zip(upper.iter().copied()).collect();
        for run in pairs.split(|(l, u)| !(is_finite(l) && u.1.is_finite())) {
            if let [(l, u)] = run {
                self.rect(Rect { left: l.0 - 4.0, top: u.1, right: l.0 + 4.0, bottom: l.1 }, colour)?;
            } else {
                let outline: Vec<Point> = run.iter().map(|p| p.0).chain(run.iter().rev().map(|p| p.1)).collect();
                self.polygon(&outline, colour)?;
            }
        }
        Ok(())
    }

    /// Fills a rectangle.
    pub fn rect(&mut self, rect: Rect, colour: Colour) -> Result<(), PlotError> {
        let (from, to) = self.corners(rect);
        self.surface.rect(from, to, colour)
    }

    /// Draws a filled disc; one whose centre is not finite is left out.
    pub fn dot(&mut self, centre: Point, radius_px: f64, colour: Colour) -> Result<(), PlotError> {
        if !is_finite(&centre) {
            return Ok(());
        }
        self.surface.disc(self.device(centre), self.length(radius_px), colour)
    }

    /// Writes a text; the point is the middle of its capitals, at the side its alignment says.
    pub fn text(&mut self, text: &str, (x, y): Point, look: Text) -> Result<(), PlotError> {
        if text.is_empty() || !is_finite(&(x, y)) {
            return Ok(());
        }
        let offset = HALF_CAPITAL_EM * look.size_px - font::baseline_offset(look.size_px);
        let at = if look.rising { (x + offset, y) } else { (x, y + offset) };
        self.surface.text(text, self.device(at), look)
    }

    /// Covers a rectangle with an image.
    pub fn image(&mut self, rect: Rect, pixels: &Pixels) -> Result<(), PlotError> {
        let (from, to) = self.corners(rect);
        self.surface.image(from, to, pixels)
    }

    fn stroke(&mut self, points: &[Point], stroke: Stroke) -> Result<(), PlotError> {
        let path = self.path(points);
        self.surface.path(&path, self.length(stroke.width_px), stroke.colour)
    }

    fn device(&self, (x, y): Point) -> DevicePoint {
        let scale = self.surface.units_per_px();
        // Far outside the page the exact place does not matter, but sums of coordinates must not overflow.
        let unit = |v: f64| (v * scale).round().clamp(-1e6, 1e6) as i32;
        (unit(x), unit(y))
    }

    fn path(&self, points: &[Point]) -> Vec<DevicePoint> {
        points.iter().map(|&p| self.device(p)).collect()
    }

    fn corners(&self, rect: Rect) -> (DevicePoint, DevicePoint) {
        (self.device((rect.left, rect.top)), self.device((rect.right, rect.bottom)))
    }

    /// A width in device units, at least one.
    fn length(&self, px: f64) -> i32 {
        (px * self.surface.units_per_px()).round().max(1.0) as i32
    }
}

fn is_finite((x, y): &Point) -> bool {
    x.is_finite() && y.is_finite()
}

/// Cuts a line into the pieces that `pattern` (stroke, gap, stroke, … in pixels) leaves visible.
fn dash(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let Some(&first) = points.first() else { return pieces };
    if !pattern.iter().all(|&length| length > 0.0) {
        return vec![points.to_vec()];
    }
    let mut lengths = pattern.iter().copied().cycle();
    let mut left = lengths.next().unwrap_or(f64::INFINITY);
    let mut is_on = true;
    let mut piece = vec![first];
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = (x1 - x0).hypot(y1 - y0);
        let mut done = 0.0;
        while length - done >= left {
            done += left;
            let at = (x0 + (x1 - x0) * done / length, y0 + (y1 - y0) * done / length);
            if is_on {
                piece.push(at);
                pieces.push(std::mem::take(&mut piece));
            }
            is_on = !is_on;
            piece = vec![at];
            left = lengths.next().unwrap_or(f64::INFINITY);
        }
        left -= length - done;
        if is_on {
            piece.push((x1, y1));
        }
    }
    if is_on && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::style::BLUE;
    use crate::report::plot::svg::SvgSurface;

    fn length(piece: &[Point]) -> f64 {
        piece.windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum()
    }

    #[test]
    fn dashes_follow_the_pattern_round_corners() {
        let pieces = dash(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], &[4.0, 2.0]);
        assert_eq!(pieces.len(), 4);
        assert!(pieces[..3].iter().all(|p| (length(p) - 4.0).abs() <= 1e-12));
        assert_eq!(pieces[1], [(6.0, 0.0), (10.0, 0.0)]);
        assert_eq!(pieces[3], [(10.0, 8.0), (10.0, 10.0)]);
    }

    #[test]
    fn a_pattern_that_makes_no_progress_is_a_solid_line() {
        let points = [(0.0, 0.0), (5.0, 5.0)];
        assert_eq!(dash(&points, &[0.0, 0.0]), [points.to_vec()]);
        assert_eq!(dash(&points, &[f64::NAN, 1.0]), [points.to_vec()]);
        assert!(dash(&[], &[1.0]).is_empty());
    }

    #[test]
    fn points_that_are_not_finite_interrupt_a_line() {
        let mut surface = Box::new(SvgSurface::new((20, 20), 1.0));
        let mut canvas = Canvas::new(surface.as_mut()).unwrap();
        let points =
            [(0.0, 0.0), (1.0, 1.0), (f64::NAN, 2.0), (3.0, 3.0), (4.0, f64::INFINITY), (5.0, 5.0), (6.0, 6.0)];
        canvas.line(&points, Stroke::solid(BLUE, 1.0)).unwrap();
        canvas.dot((f64::NAN, 1.0), 2.0, WHITE).unwrap();
        canvas.polygon(&points, WHITE).unwrap();
        let document = String::from_utf8(surface.finish().unwrap()).unwrap();
        assert_eq!(document.matches("<polyline").count(), 2, "{document}");
        assert!(
            !document.contains("NaN") && !document.contains("circle") && !document.contains("polygon"),
            "{document}"
        );
    }
}
