//! Pure Fourier mathematics of one image: grids, transforms, windows, channels. No files, no threads, no printing.

pub mod annuli;
pub mod channels;
pub mod dft64;
pub mod fft2;
pub mod grid;
pub mod inverse;
#[cfg(test)]
pub(crate) mod naive;
pub(crate) mod named;
mod nearest;
pub mod real_form;
pub mod value_range;
pub mod window;

pub use annuli::AnnulusSums;
pub use channels::Channels;
pub use grid::{Grid, Size};
pub use named::Named;
pub(crate) use named::named;
pub use nearest::{edit_distance, nearest};
pub use real_form::RealForm;
pub use value_range::ValueRange;
pub use window::Window;
