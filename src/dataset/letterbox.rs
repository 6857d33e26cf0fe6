//! Detection of letterboxed images: uniform bars on two opposite sides.
//!
//! # Definition
//!
//! A bar is a run of lines (rows, or columns) from an edge inwards, every sample of which lies within
//! [`TOLERANCE`] of the bar's colour, the mean of its outermost line. An image is letterboxed if two opposite sides
//! have bars
//!
//! 1. of one colour, up to the tolerance,
//! 2. at least `max(2, ⌈side/64⌉)` lines thick,
//! 3. that end at a straight edge: within [`EDGE_LINES`] lines of the bar's end there is a line of which at least half
//!    the pixels lie more than three tolerances from the bar's colour.
//!
//! The tolerance allows for JPEG noise, the edge lines for resampling. The third condition tells a bar from an object
//! on a plain background (a product on white, a planet on black), which touches the background in a curve. A film bar
//! beside a scene that is as dark as the bar is missed.

use super::view::View;

/// How far a sample of a bar may lie from the bar's colour, of 255.
const TOLERANCE: i32 = 12;

/// Lines behind a bar in which the picture has to have begun.
const EDGE_LINES: usize = 4;

/// Whether two opposite sides of the image have uniform bars.
pub fn is_letterboxed(view: &View<'_>) -> bool {
    bar_share(view) > 0.0
}

/// Share of the height, or of the width, that uniform bars on two opposite sides take, the larger one; 0 without bars.
pub fn bar_share(view: &View<'_>) -> f64 {
    let shares = [Axis::Rows, Axis::Columns].map(|axis| share_of_bars(&Lines { view, axis }));
    shares[0].max(shares[1])
}

#[derive(Clone, Copy)]
enum Axis {
    Rows,
    Columns,
}

/// The rows or the columns of an image.
struct Lines<'a> {
    view: &'a View<'a>,
    axis: Axis,
}

impl Lines<'_> {
    fn n_lines(&self) -> usize {
        match self.axis {
            Axis::Rows => self.view.size().height,
            Axis::Columns => self.view.size().width,
        }
    }

    fn n_pixels(&self) -> usize {
        match self.axis {
            Axis::Rows => self.view.size().width,
            Axis::Columns => self.view.size().height,
        }
    }

    fn pixels(&self, line: usize) -> impl Iterator<Item = [i32; 3]> + '_ {
        (0..self.n_pixels()).map(move |i| {
            let (y, x) = match self.axis {
                Axis::Rows => (line, i),
                Axis::Columns => (i, line),
            };
            let p = &self.view.row(y)[x * 3..];
            [i32::from(p[0]), i32::from(p[1]), i32::from(p[2])]
        })
    }

    /// Mean colour of a line.
    fn color(&self, line: usize) -> [i32; 3] {
        let sum = self.pixels(line).fold([0i64; 3], |s, p| std::array::from_fn(|c| s[c] + i64::from(p[c])));
        sum.map(|s| (s / self.n_pixels() as i64) as i32)
    }
}

fn share_of_bars(lines: &Lines<'_>) -> f64 {
    let n = lines.n_lines();
    let min_lines = n.div_ceil(64).max(2);
    let (first, last) = (lines.color(0), lines.color(n - 1));
    if distance(first, last) > TOLERANCE {
        return 0.0;
    }
    let near = bar_lines(lines, first, 0..n);
    if near < min_lines {
        return 0.0;
    }
    let far = bar_lines(lines, last, (0..n).rev());
    let ends = |lines| ends_sharply(lines, first, near..n) && ends_sharply(lines, last, (0..n - far).rev());
    if far >= min_lines && ends(lines) { (near + far) as f64 / n as f64 } else { 0.0 }
}

/// How many of the first lines are uniform.
fn bar_lines(lines: &Lines<'_>, color: [i32; 3], order: impl Iterator<Item = usize>) -> usize {
    order.take_while(|&line| lines.pixels(line).all(|p| distance(p, color) <= TOLERANCE)).count()
}

/// Whether one of the first lines behind a bar differs from it along at least half its length.
fn ends_sharply(lines: &Lines<'_>, color: [i32; 3], behind: impl Iterator<Item = usize>) -> bool {
    let differs = |line| lines.pixels(line).filter(|&p| distance(p, color) > 3 * TOLERANCE).count();
    behind.take(EDGE_LINES).any(|line| 2 * differs(line) >= lines.n_pixels())
}

/// Largest difference of a channel.
fn distance(a: [i32; 3], b: [i32; 3]) -> i32 {
    (0..3).map(|c| (a[c] - b[c]).abs()).max().unwrap_or(0)
}
