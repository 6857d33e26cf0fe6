//! What pictures are drawn on: the six things a file format must be able to show.
//!
//! # Conventions
//!
//! Points and lengths are whole device units, [`Surface::units_per_px`] of them to a logical pixel; `x` grows to the
//! right and `y` downward from the upper left corner. Colours are opaque. Every method fails with [`PlotError::Draw`]
//! if the drawing library does.

use super::error::PlotError;
use super::pixels::Pixels;
use super::style::{Colour, Text};

/// A point in device units.
pub type DevicePoint = (i32, i32);

/// A picture of one format, being drawn.
pub trait Surface {
    /// Width and height in logical pixels.
    fn size_px(&self) -> (u32, u32);

    /// Device units per logical pixel.
    fn units_per_px(&self) -> f64;

    /// Draws a line through the points, with round joins.
    fn path(&mut self, points: &[DevicePoint], width: i32, colour: Colour) -> Result<(), PlotError>;

    /// Fills the polygon through the points.
    fn polygon(&mut self, points: &[DevicePoint], colour: Colour) -> Result<(), PlotError>;

    /// Fills the rectangle between its upper left and its lower right corner.
    fn rect(&mut self, from: DevicePoint, to: DevicePoint, colour: Colour) -> Result<(), PlotError>;

    /// Fills a disc.
    fn disc(&mut self, centre: DevicePoint, radius: i32, colour: Colour) -> Result<(), PlotError>;

    /// Writes a text, aligned at a point that lies [`super::font::baseline_offset`] above its baseline; left of it, if
    /// the text rises.
    fn text(&mut self, text: &str, at: DevicePoint, look: Text) -> Result<(), PlotError>;

    /// Covers the rectangle between two corners with an image; its pixels stay sharp-edged. Fails if it is malformed.
    fn image(&mut self, from: DevicePoint, to: DevicePoint, pixels: &Pixels) -> Result<(), PlotError>;

    /// Ends the picture and returns the content of its file.
    fn finish(self: Box<Self>) -> Result<Vec<u8>, PlotError>;
}
