//! Powers of modes before they are scaled, and sums of powers over the full plane.

use crate::spectral::Grid;

/// Powers of the stored modes (half-spectra, column by column), up to a common factor.
#[derive(Debug, Clone, PartialEq)]
pub enum Modes {
    /// The same for every channel; coloured noise has it times the variance of each colour axis.
    Common(Vec<f64>),
    /// Each axis' own.
    PerAxis(Vec<Vec<f64>>),
}

/// The power spectrum of a family before it is scaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Power {
    /// Powers of the modes.
    pub modes: Modes,
    /// Exponent Δ of a power law `f^(−2Δ)`, for those that are one.
    pub delta: Option<f64>,
    /// Power of a constant field that all channels share, on top of `modes`; it lies at the zero frequency.
    pub shared_offset: f64,
    /// Whether the powers are already at the dataset's level: then they are scaled only as far as the wanted pixel
    /// variance differs from the dataset's. (A fitted law need not have the pixel variance of the images it was fitted
    /// to.)
    pub is_at_dataset_level: bool,
}

impl Power {
    /// The same power for all channels, no power law.
    pub fn common(power: Vec<f64>) -> Self {
        Self { modes: Modes::Common(power), delta: None, shared_offset: 0.0, is_at_dataset_level: false }
    }

    /// A power law of all channels.
    pub fn law(power: Vec<f64>, delta: f64) -> Self {
        Self { delta: Some(delta), ..Self::common(power) }
    }

    /// Each axis' own power, no power law.
    pub fn per_axis(power: Vec<Vec<f64>>) -> Self {
        Self { modes: Modes::PerAxis(power), ..Self::common(Vec::new()) }
    }
}

/// Pixel variance `(1/HW) Σ S[k]` of a half-spectrum, value².
pub fn pixel_variance(grid: &Grid, power: &[f64]) -> f64 {
    full_sum(grid, power.iter().copied()) / grid.size().n_pixels() as f64
}

/// Sum over the full plane of a quantity given for each stored mode.
pub fn full_sum(grid: &Grid, values: impl Iterator<Item = f64>) -> f64 {
    let h = grid.size().height;
    values.enumerate().map(|(i, v)| grid.multiplicity(i / h) * v).sum()
}
