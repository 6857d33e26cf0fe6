//! EXIF orientation: turning and mirroring decoded pixels as a viewer would.

use image::metadata::Orientation;

use crate::spectral::{Size, named};

/// Whether the EXIF orientation of a file is obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExifPolicy {
    /// Pixels as they are stored. Trainers' preprocessing (ADM, EDM) does this.
    #[default]
    Ignore,
    /// Pixels as a viewer shows them.
    Apply,
}

named!(ExifPolicy { Ignore = "ignore", Apply = "apply" });

/// Size of an image of `stored` size once `orientation` is applied.
pub(super) fn oriented_size(stored: Size, orientation: Orientation) -> Size {
    if swaps_sides(orientation) { Size::new(stored.width, stored.height) } else { stored }
}

/// Whether rows become columns.
fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    )
}

/// Writes the pixels of `src` (`stored` size, interleaved RGB), turned and mirrored, over `out`.
pub(super) fn orient(src: &[u8], stored: Size, orientation: Orientation, out: &mut [u8]) {
    let Size { width, .. } = oriented_size(stored, orientation);
    let (last_x, last_y) = (stored.width - 1, stored.height - 1);
    for (i, pixel) in out.chunks_exact_mut(3).enumerate() {
        let (y, x) = (i / width, i % width);
        let (from_y, from_x) = match orientation {
            Orientation::NoTransforms => (y, x),
            Orientation::FlipHorizontal => (y, last_x - x),
            Orientation::Rotate180 => (last_y - y, last_x - x),
            Orientation::FlipVertical => (last_y - y, x),
            // Mirrored at the main diagonal: turned clockwise, then mirrored left to right.
            Orientation::Rotate90FlipH => (x, y),
            Orientation::Rotate90 => (last_y - x, y),
            Orientation::Rotate270FlipH => (last_y - x, last_x - y),
            Orientation::Rotate270 => (x, last_x - y),
        };
        let from = (from_y * stored.width + from_x) * 3;
        pixel.copy_from_slice(&src[from..from + 3]);
    }
}
