//! The rows of a pass, one for each working image, and who takes them.

use crate::spectrum::ImageSummary;

/// What is reported of one working image, in path order.
#[derive(Debug)]
pub struct ImageRow<'a> {
    /// Path of the file below its input; the key of every table.
    pub key: &'a str,
    /// Left and top edge of the tile in the file's image, pixels; none when the image is not cut into tiles.
    pub tile_origin: Option<(usize, usize)>,
    /// Width of the file's image before preprocessing, pixels.
    pub width_px: usize,
    /// Height of the file's image before preprocessing, pixels.
    pub height_px: usize,
    /// Image format by content, e.g. `jpeg`; of arrays that of their file.
    pub format: &'static str,
    /// What its transform says.
    pub summary: &'a ImageSummary,
    /// What the pass's probe measured, in the probe's order; empty without one.
    pub numbers: &'a [f64],
}

/// Takes the rows of a pass, in path order, from one thread.
pub trait RowSink {
    /// One working image.
    ///
    /// # Errors
    ///
    /// Whatever stops the row from being kept; the pass then ends.
    fn image(&mut self, row: &ImageRow<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// A sink for passes whose rows nobody wants.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRows;

impl RowSink for NoRows {
    fn image(&mut self, _: &ImageRow<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

/// There may be nobody to see the rows.
impl<S: RowSink> RowSink for Option<S> {
    fn image(&mut self, row: &ImageRow<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.as_mut().map_or(Ok(()), |sink| sink.image(row))
    }
}

/// Both see every row.
impl<A: RowSink, B: RowSink> RowSink for (A, B) {
    fn image(&mut self, row: &ImageRow<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.image(row)?;
        self.1.image(row)
    }
}
