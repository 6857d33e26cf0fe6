//! Latents as windows onto planes of values: what a transform that does not resample yields, without copying.

use super::skip::SkipReason;
use super::transform::{PreprocessConfig, Transform};
use crate::spectral::Size;

/// A latent in memory, or a window onto one: planes of singles, one channel after the other, rows from top to bottom.
#[derive(Debug, Clone, Copy)]
pub struct Latent<'a> {
    /// Column of the first value in the stored latent.
    pub x_px: usize,
    /// Its row.
    pub y_px: usize,
    size: Size,
    values: &'a [f32],
    channels: usize,
    /// Size of the planes that the window looks onto.
    whole: Size,
}

impl<'a> Latent<'a> {
    /// A whole latent.
    ///
    /// # Panics
    ///
    /// If `values` does not hold `channels` planes of `size`.
    pub fn new(values: &'a [f32], channels: usize, size: Size) -> Self {
        assert_eq!(values.len(), channels * size.n_pixels(), "a plane for each channel");
        Self { x_px: 0, y_px: 0, size, values, channels, whole: size }
    }

    /// Height and width, pixels.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The rows of the first channel, then those of the next, `W` values each.
    pub fn rows(&self) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        let Self { x_px, y_px, size, values, channels, whole } = *self;
        let starts = (0..channels)
            .flat_map(move |c| (0..size.height).map(move |y| c * whole.n_pixels() + (y_px + y) * whole.width + x_px));
        starts.map(move |start| &values[start..start + size.width])
    }

    /// The working latents of this one, as [`Preprocessor::apply`](super::Preprocessor::apply) has those of images:
    /// one, or for `tile` many.
    ///
    /// # Errors
    ///
    /// If it is too small, or has another size than it has to have.
    ///
    /// # Panics
    ///
    /// If the transform resamples.
    pub fn windows(
        self,
        config: &PreprocessConfig,
    ) -> Result<impl ExactSizeIterator<Item = Latent<'a>> + use<'a>, SkipReason> {
        assert!(!config.transform.resamples(), "latents are not resampled");
        config.accepts(self.size)?;
        let (found, size) = (self.size, config.size);
        let (x, y, n_columns, n_rows) = match config.transform {
            Transform::Tile => (0, 0, found.width / size.width, found.height / size.height),
            _ => ((found.width - size.width) / 2, (found.height - size.height) / 2, 1, 1),
        };
        Ok((0..n_columns * n_rows).map(move |i| {
            let (x_px, y_px) = (x + i % n_columns * size.width, y + i / n_columns * size.height);
            Latent { x_px, y_px, size, ..self }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(transform: Transform, size: Size) -> PreprocessConfig {
        PreprocessConfig { transform, size, allow_upscale: false, drop_letterbox: false }
    }

    #[test]
    fn windows_are_cut_from_every_channel_at_the_same_place() {
        let whole = Size::new(4, 5);
        let values: Vec<f32> = (0..40).map(|i| i as f32).collect();
        let latent = Latent::new(&values, 2, whole);
        let windows = |transform, size| {
            let windows = latent.windows(&config(transform, size)).expect("fits");
            windows.map(|w| ((w.x_px, w.y_px), w.rows().flatten().copied().collect())).collect::<Vec<_>>()
        };
        assert_eq!(windows(Transform::None, whole), [((0, 0), values.clone())]);
        assert_eq!(windows(Transform::Crop, Size::new(2, 1)), [((2, 1), vec![7.0, 12.0, 27.0, 32.0])]);
        let tiles = windows(Transform::Tile, Size::new(2, 2));
        assert_eq!(tiles.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [(0, 0), (2, 0), (0, 2), (2, 2)]);
        assert_eq!(tiles[3].1, [12.0, 13.0, 17.0, 18.0, 32.0, 33.0, 37.0, 38.0]);
    }

    #[test]
    fn what_has_another_size_is_left_out_by_choice() {
        let latent = Latent::new(&[0.0; 6], 1, Size::new(2, 3));
        let refused = |transform, size| latent.windows(&config(transform, size)).err().expect("refused");
        assert!(refused(Transform::None, Size::new(2, 2)).is_by_choice());
        assert!(refused(Transform::Tile, Size::new(3, 3)).is_by_choice());
    }
}
