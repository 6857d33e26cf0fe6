//! What one pass works on: an image of 8 bits, or a latent, at the working size.

use crate::dataset::{Latent, View};

/// An image or a latent at the working size.
#[derive(Debug, Clone, Copy)]
pub enum Working<'a> {
    /// Pixels.
    Image(View<'a>),
    /// Values.
    Latent(Latent<'a>),
}

impl Working<'_> {
    /// Column and row of its first pixel in what it was cut from, pixels.
    pub fn origin(&self) -> (usize, usize) {
        match self {
            Self::Image(view) => (view.x_px, view.y_px),
            Self::Latent(latent) => (latent.x_px, latent.y_px),
        }
    }
}
