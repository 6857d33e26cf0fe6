//! Detectors: what is wrong with single images of a set, each by one number and a threshold.
//!
//! A detector is one file here, a field of [`Measured`] and a line of [`FINDINGS`]. All look at one image alone; what
//! takes the whole set (duplicates, odd spectra) has its line in [`SET_FINDINGS`] and is found by whoever has the set.
//!
//! # Two looks
//!
//! What a file went through (compression, repeated pixels, noise) is told from the file's own pixels, a window of at
//! most [`planes::WINDOW_PX`] in its middle ([`FileLook`]): resampling to the working size would hide it. What a model
//! would be shown (sharpness, peaks, tones, bars) is told from the working image.

pub mod bands;
pub mod findings;
pub mod jpeg;
pub mod measured;
pub mod noise_floor;
pub mod peaks;
pub mod planes;
pub mod repeats;
pub mod tones;

pub use bands::Bands;
pub use findings::{FINDINGS, Finding, SET_FINDINGS, SetFinding};
pub use measured::Measured;

use crate::spectral::Size;
use jpeg::JpegPlan;
use noise_floor::NoiseScratch;
use planes::Planes;

/// What is looked for in the pixels of a file, with all the memory it takes.
#[derive(Debug, Clone, Default)]
pub struct FileLook {
    planes: Planes,
    jpeg: JpegPlan,
    noise: NoiseScratch,
}

impl FileLook {
    /// Measures an image given as interleaved RGB bytes, rows without gaps, into the fields of `measured` that are of
    /// files.
    ///
    /// # Panics
    ///
    /// If `pixels` does not hold `size`.
    pub fn measure(&mut self, pixels: &[u8], size: Size, measured: &mut Measured) {
        self.planes.fill(pixels, size);
        let grid = jpeg::grid(&self.planes);
        measured.jpeg_grid_db = grid.map(|grid| grid.strength_db);
        measured.jpeg_quality = grid.and_then(|grid| self.jpeg.quality(&self.planes, grid.origin));
        measured.repeat_ratio = grid.and_then(|grid| repeats::ratio(&self.planes, grid.origin));
        measured.noise_codes = noise_floor::deviation_codes(&self.planes, &mut self.noise);
    }
}
