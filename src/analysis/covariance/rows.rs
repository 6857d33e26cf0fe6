//! The rows of `gamma_radial.csv` and `coherence.csv`.

use serde::Serialize;

use crate::report::arrays::{NamedArray, planes_array};
use crate::report::tables::decibels;
use crate::spectral::Grid;
use crate::spectrum::{ModeCovariance, Spectrum, SpectrumError};
use crate::stats::circularity::{Circularity, circularity};
use crate::stats::coherence::coherence;

/// Row of `gamma_radial.csv`: one annulus of one channel, or of the channels' mean (`mean`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GammaRadialRow {
    /// Channel name, or `mean`.
    pub channel: &'static str,
    /// Annulus index.
    pub bin: usize,
    /// `j/L`.
    pub frequency_cycles_per_px: f64,
    /// Modes of the full plane in the annulus.
    pub n_modes: f64,
    /// Annulus mean of Γ, value² per mode.
    pub gamma_mean: f64,
    /// `10·log10` of it; empty where it is zero.
    pub gamma_db: Option<f64>,
    /// Annulus mean of `|C|/Γ` over modes that are not their own conjugate (0: circular); empty for `mean` and where Γ
    /// = 0.
    pub pseudo_covariance_ratio: Option<f64>,
    /// Annulus mean of κ4 over modes that are not their own conjugate (2: Gaussian); empty for `mean` and where Γ = 0.
    pub kurtosis: Option<f64>,
}

/// Row of `coherence.csv`: one annulus of one pair of channels.
#[derive(Debug, Clone, Serialize)]
pub struct CoherenceRow {
    /// First channel.
    pub channel_a: &'static str,
    /// Second channel.
    pub channel_b: &'static str,
    /// Annulus index.
    pub bin: usize,
    /// `j/L`.
    pub frequency_cycles_per_px: f64,
    /// Annulus mean of `|Γ_ab|²/(Γ_aa Γ_bb)`; empty where a Γ is zero.
    pub coherence: Option<f64>,
}

/// Rows of `gamma_radial.csv`: the mean over channels first, then each channel if there are several.
pub fn gamma_radial_rows(spectrum: &Spectrum, gamma: &ModeCovariance) -> Vec<GammaRadialRow> {
    let grid = spectrum.grid();
    let names = spectrum.preprocess().channels.names();
    let mut rows = Vec::new();
    if names.len() > 1 {
        push_gamma_rows(&mut rows, "mean", grid, &gamma.channel_mean(), None);
    }
    for (c, name) in names.iter().enumerate() {
        // The scan may have left the moments out.
        let circularity = spectrum.raw_moments(c).map(|moments| circularity(grid, &moments));
        push_gamma_rows(&mut rows, name, grid, &gamma.channels[c], circularity.as_ref());
    }
    rows
}

fn push_gamma_rows(
    rows: &mut Vec<GammaRadialRow>,
    channel: &'static str,
    grid: &Grid,
    gamma: &[f64],
    circularity: Option<&Circularity>,
) {
    let radial = grid.radial_mean(gamma);
    for (j, frequency) in grid.annulus_frequencies().into_iter().enumerate() {
        rows.push(GammaRadialRow {
            channel,
            bin: j,
            frequency_cycles_per_px: frequency,
            n_modes: grid.modes_per_annulus()[j],
            gamma_mean: radial[j],
            gamma_db: decibels(radial[j]),
            pseudo_covariance_ratio: circularity.and_then(|c| c.pseudo_covariance_ratio[j]),
            kurtosis: circularity.and_then(|c| c.kurtosis[j]),
        });
    }
}

/// Rows of `coherence.csv`; none unless cross-channel spectra were summed up.
///
/// # Errors
///
/// If Γ does not exist.
pub fn coherence_rows(spectrum: &Spectrum, gamma: &ModeCovariance) -> Result<Vec<CoherenceRow>, SpectrumError> {
    let grid = spectrum.grid();
    let names = spectrum.preprocess().channels.names();
    let mut rows = Vec::new();
    for c in 1..names.len() {
        for d in 0..c {
            let Some(cross) = spectrum.cross_covariance(c, d)? else { continue };
            let radial = coherence(grid, &gamma.channels[c], &gamma.channels[d], &cross);
            for (j, frequency) in grid.annulus_frequencies().into_iter().enumerate() {
                rows.push(CoherenceRow {
                    channel_a: names[d],
                    channel_b: names[c],
                    bin: j,
                    frequency_cycles_per_px: frequency,
                    coherence: radial[j],
                });
            }
        }
    }
    Ok(rows)
}

/// Γ as an array `C×H×W` of whole planes in fftfreq order.
pub fn gamma_array(spectrum: &Spectrum, gamma: &ModeCovariance) -> NamedArray {
    let grid = spectrum.grid();
    let planes: Vec<_> = gamma.channels.iter().map(|g| grid.to_full_plane(g)).collect();
    planes_array("gamma", grid.size(), &planes)
}
