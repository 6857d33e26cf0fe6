//! The rows of `gamma_radial.csv` and `coherence.csv`.

use serde::Serialize;

use crate::report::arrays::{NamedArray, planes_array};
use crate::report::tables::decibels;
use crate::spectral::Grid;
use crate::spectrum::{ModeCovariance, Spectrum, SpectrumError};
use crate::stats::moments::RawMoments;

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
    /// Annulus mean of `|C|/Γ` over modes that are not their own conjugate (0: circular); empty for `mean` and where Γ = 0.
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
        let nothing = vec![None; grid.n_annuli()];
        push_gamma_rows(&mut rows, "mean", grid, &gamma.channel_mean(), &nothing, &nothing);
    }
    for (c, name) in names.iter().enumerate() {
        let (pseudo, kurtosis) = circularity(spectrum, c);
        push_gamma_rows(&mut rows, name, grid, &gamma.channels[c], &pseudo, &kurtosis);
    }
    rows
}

fn push_gamma_rows(
    rows: &mut Vec<GammaRadialRow>,
    channel: &'static str,
    grid: &Grid,
    gamma: &[f64],
    pseudo: &[Option<f64>],
    kurtosis: &[Option<f64>],
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
            pseudo_covariance_ratio: pseudo[j],
            kurtosis: kurtosis[j],
        });
    }
}

/// Annulus means of `|C|/Γ` and κ4 of one channel, over the modes that have a partner and some power; no values where the scan
/// left the moments out.
fn circularity(spectrum: &Spectrum, channel: usize) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
    let grid = spectrum.grid();
    let Some(moments) = spectrum.raw_moments(channel) else {
        return (vec![None; grid.n_annuli()], vec![None; grid.n_annuli()]);
    };
    let of_mode = |k: usize| {
        let m = RawMoments {
            mean: moments.field[k],
            square: moments.pseudo_power[k],
            power: moments.power[k],
            power_times_value: moments.power_field[k],
            power_square: moments.power_square[k],
            grid_error: grid_error(moments.field[k].norm(), &moments.grid_error),
        };
        if grid.is_self_conjugate(k) { (None, None) } else { (m.impropriety(), m.kurtosis()) }
    };
    let (pseudo, kurtosis): (Vec<_>, Vec<_>) = (0..grid.n_modes()).map(of_mode).unzip();
    (annulus_means(grid, &pseudo), annulus_means(grid, &kurtosis))
}

/// How far the fixed-point grid may have moved a fourth central moment, from the errors of the raw ones and the mean.
fn grid_error(mean: f64, [second, third, fourth]: &[f64; 3]) -> f64 {
    fourth + 4.0 * mean * third + 6.0 * mean * mean * second
}

/// Annulus means over the modes that have a value.
fn annulus_means(grid: &Grid, values: &[Option<f64>]) -> Vec<Option<f64>> {
    let present: Vec<f64> = values.iter().map(|v| f64::from(u8::from(v.is_some()))).collect();
    let filled: Vec<f64> = values.iter().map(|v| v.unwrap_or(0.0)).collect();
    let (shares, means) = (grid.radial_mean(&present), grid.radial_mean(&filled));
    shares.iter().zip(means).map(|(share, mean)| (*share > 0.0).then(|| mean / share)).collect()
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
            let of_mode = |k: usize| {
                let product = gamma.channels[c][k] * gamma.channels[d][k];
                (product > 0.0).then(|| cross[k].norm_sqr() / product)
            };
            let coherence: Vec<_> = (0..grid.n_modes()).map(of_mode).collect();
            let radial = annulus_means(grid, &coherence);
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
