//! What the tables of single images share.

use crate::pipeline::ImageRow;

/// Levels of the quantiles over images that reports give.
pub const QUANTILE_LEVELS: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// The key of a row: the path, and for tiles their left and top edge. `buffer` holds it for tiles.
pub(super) fn row_key<'a>(row: &ImageRow<'a>, buffer: &'a mut String) -> &'a str {
    use std::fmt::Write;
    match row.tile_origin {
        None => row.key,
        Some((x, y)) => {
            buffer.clear();
            // Writing to a string cannot fail.
            let _ = write!(buffer, "{}#{x},{y}", row.key);
            buffer
        }
    }
}

/// The class of a file: the first folder of its key, `.` of files in none.
pub(super) fn class_of(key: &str) -> &str {
    key.split_once('/').map_or(".", |(folder, _)| folder)
}

/// What a sink of rows returns.
pub(super) type SinkResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;
