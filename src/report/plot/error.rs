//! What can go wrong with a picture.

use std::error::Error;

/// Why a picture could not be drawn. The tables it was drawn from are not concerned.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// Two lists of one figure that belong together differ in length.
    #[error("the plot's `{what}` has {found} values where {expected} are needed; this is a bug, please report it")]
    Length {
        /// The field that is off.
        what: &'static str,
        /// Values found.
        found: usize,
        /// Values needed.
        expected: usize,
    },
    /// The built-in font was refused.
    #[error(
        "the built-in plot font cannot be loaded; this is a bug, please report it, or turn plots off with --plots none"
    )]
    Font,
    /// The drawing library failed.
    #[error("the plot could not be drawn; turn plots off with --plots none")]
    Draw(#[source] Box<dyn Error + Send + Sync>),
    /// The finished pixels could not be packed as PNG.
    #[error("the plot could not be packed as PNG; try --plots svg")]
    Encode(#[from] png::EncodingError),
}

impl PlotError {
    /// What the drawing library said.
    pub(crate) fn draw(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Draw(Box::new(error))
    }

    /// Checks that a figure's list has the length its companion asks for.
    pub(crate) fn check_length(what: &'static str, found: usize, expected: usize) -> Result<(), Self> {
        if found == expected { Ok(()) } else { Err(Self::Length { what, found, expected }) }
    }
}
