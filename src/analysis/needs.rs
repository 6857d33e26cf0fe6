//! What an analysis needs of the pass over the images.

use crate::pipeline::Held;
use crate::spectral::Channels;
use crate::spectrum::Standardize;

/// Sums and measurements of each image that an analysis needs beyond the standard ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Pseudo-power and fourth moments of every mode; what follows needs them too.
    pub moments: bool,
    /// The spread of RAPSDs of each channel, beside that of their mean.
    pub per_channel: bool,
    /// Whether the images are read once more after the pass.
    pub second_pass: bool,
    /// Whether the spectrum is written to a file.
    pub saves_spectrum: bool,
    /// The effective resolution of every image.
    pub effective_resolution: bool,
    /// The numbers of all detectors, of every image.
    pub detectors: bool,
    /// Longest side of the reduced images whose full covariance is summed up, pixels.
    pub diagonality_side: Option<usize>,
    /// Cross-channel spectra.
    pub coherence: bool,
    /// Standardisation in place of the usual default.
    pub standardize: Option<Standardize>,
    /// Channels in place of the usual default.
    pub channels: Option<Channels>,
    /// Sides of square images at which the same images are summed up beside the working size, pixels.
    pub other_sides_px: Vec<usize>,
    /// Whether the sums of each class are held beside those of all.
    pub by_class: bool,
}

impl Needs {
    /// Which spectra a run holds together: those of both halves and of the whole where each image is measured against
    /// the others, or those of a class and of all.
    pub fn held(&self) -> Held {
        Held {
            n_spectra: if self.second_pass { 3 } else { 1 + u64::from(self.by_class) },
            is_saved: self.saves_spectrum,
        }
    }

    /// What two analyses need together; where both ask for a default of their own, the first has it.
    pub fn and(self, other: Self) -> Self {
        Self {
            moments: self.moments || other.moments,
            per_channel: self.per_channel || other.per_channel,
            second_pass: self.second_pass || other.second_pass,
            saves_spectrum: self.saves_spectrum || other.saves_spectrum,
            effective_resolution: self.effective_resolution || other.effective_resolution,
            detectors: self.detectors || other.detectors,
            diagonality_side: self.diagonality_side.max(other.diagonality_side),
            coherence: self.coherence || other.coherence,
            standardize: self.standardize.or(other.standardize),
            channels: self.channels.or(other.channels),
            by_class: self.by_class || other.by_class,
            other_sides_px: [self.other_sides_px, other.other_sides_px].concat(),
        }
    }
}
