//! Pure Fourier mathematics of one image: grids, transforms, windows. No files, no threads, no printing.

pub mod grid;

pub use grid::{Grid, Size};
