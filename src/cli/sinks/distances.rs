//! The rows of `distance_images.csv`: kept until all are in, because the farthest come first.

use super::{SinkResult, row_key};
use crate::noise::image_distance::ImageDistance;
use crate::pipeline::{ImageRow, RowSink};
use crate::report::noise_tables::DistanceImagesRow;
use crate::report::tables::decibels;

/// The images of a set and how far they are from it.
#[derive(Debug, Default)]
pub struct DistanceTable {
    images: Vec<MeasuredImage>,
    key: String,
}

/// One image.
#[derive(Debug, Clone)]
pub struct MeasuredImage {
    /// The row's key: path, and place of a tile.
    pub path: String,
    /// Path of the file, and place of the tile in it.
    pub file: String,
    /// Left and top edge of the tile, pixels.
    pub tile_origin: Option<(usize, usize)>,
    width_px: usize,
    height_px: usize,
    mean: f64,
    std: f64,
    /// What was measured.
    pub distance: ImageDistance,
}

impl DistanceTable {
    /// Puts the farthest first; equally far ones in the order of their paths.
    pub fn sort(&mut self) {
        self.images.sort_by(|a, b| {
            b.distance.square.total_cmp(&a.distance.square).then_with(|| a.path.as_bytes().cmp(b.path.as_bytes()))
        });
    }

    /// The images, in the order of the table.
    pub fn images(&self) -> &[MeasuredImage] {
        &self.images
    }

    /// Squared distances from the baseline.
    pub fn baseline_squares(&self) -> Vec<f64> {
        self.images.iter().map(|i| i.distance.baseline_square).collect()
    }

    /// The rows of the table, for distances over `n_dimensions`.
    pub fn rows(&self, n_dimensions: f64) -> impl Iterator<Item = DistanceImagesRow<'_>> {
        self.images.iter().enumerate().map(move |(i, image)| DistanceImagesRow {
            path: &image.path,
            rank: i + 1,
            width_px: image.width_px,
            height_px: image.height_px,
            mean: image.mean,
            std: image.std,
            d: image.distance.square.sqrt(),
            d_normalized: (image.distance.square / n_dimensions).sqrt(),
            frequency_max_excess_cycles_per_px: image.distance.strangest_cycles_per_px,
            max_excess_db: decibels(image.distance.excess),
            d_held_out_normalized: (image.distance.baseline_square / n_dimensions).sqrt(),
        })
    }
}

impl RowSink for DistanceTable {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let distance = ImageDistance::from_numbers(row.numbers)
            .ok_or("the image was not measured; this is a bug, please report it")?;
        let path = row_key(row, &mut self.key).to_owned();
        self.images.push(MeasuredImage {
            path,
            file: row.key.to_owned(),
            tile_origin: row.tile_origin,
            width_px: row.width_px,
            height_px: row.height_px,
            mean: row.summary.mean,
            std: row.summary.std,
            distance,
        });
        Ok(())
    }
}
