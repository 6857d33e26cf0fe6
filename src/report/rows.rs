//! From results to table rows.

use super::tables::{CoherenceRow, FitRow, GammaRadialRow, LocalExponentRow, RapsdRow, decibels};
use crate::spectral::Grid;
use crate::spectrum::{ModeCovariance, RapsdOf, Spectrum, SpectrumError};
use crate::stats::moments::RawMoments;
use crate::stats::spectrum_fit::ChannelFits;

/// Quantile levels of the RAPSD tables and bands.
pub const RAPSD_LEVELS: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Rows of `rapsd.csv`, or those of one channel in `rapsd_channels.csv`.
pub fn rapsd_rows(spectrum: &Spectrum, of: RapsdOf) -> Vec<RapsdRow> {
    let grid = spectrum.grid();
    let statistics = spectrum.radial_statistics(of);
    let quantiles = spectrum.rapsd_quantiles(of, &RAPSD_LEVELS);
    let frequencies = grid.annulus_frequencies();
    let channel = match of {
        RapsdOf::ChannelMean => None,
        RapsdOf::Channel(c) => Some(spectrum.preprocess().channels.names()[c]),
    };
    (0..grid.n_annuli())
        .map(|j| RapsdRow {
            channel,
            bin: j,
            frequency_cycles_per_px: frequencies[j],
            n_modes: grid.modes_per_annulus()[j],
            power_mean: statistics.mean[j],
            power_std: statistics.std_of(j),
            power_q05: quantiles[0][j],
            power_q25: quantiles[1][j],
            power_q50: quantiles[2][j],
            power_q75: quantiles[3][j],
            power_q95: quantiles[4][j],
            power_db: decibels(statistics.mean[j]),
        })
        .collect()
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

/// Rows of `fit.csv`; estimators that failed have none.
pub fn fit_rows(channels: &[ChannelFits]) -> Vec<FitRow> {
    let mut rows = Vec::new();
    for channel in channels {
        for (_, fit) in &channel.fits {
            let Ok(fit) = fit else { continue };
            rows.push(FitRow {
                estimator: fit.estimator.name(),
                channel: channel.channel,
                delta: fit.delta,
                delta_low95: finite(fit.delta_low95),
                delta_high95: finite(fit.delta_high95),
                amplitude: fit.amplitude,
                r2: finite(fit.r2),
                residual_db: fit.residual_db,
                frequency_low: fit.fitted_cycles_per_px.0,
                frequency_high: fit.fitted_cycles_per_px.1,
                cross_mask: match fit.estimator {
                    crate::stats::power_law::Estimator::Radial => None,
                    _ => fit.range.cross_mask,
                },
                n_modes: fit.n_modes,
                n_images: fit.n_images as u64,
                curvature_p: fit.curvature_p,
            });
        }
    }
    rows
}

/// Rows of `local_exponent.csv`.
pub fn local_exponent_rows(channels: &[ChannelFits]) -> Vec<LocalExponentRow> {
    let rows = channels.iter().flat_map(|channel| {
        channel.local.iter().map(|local| {
            let half_width = 1.96 * local.delta_se;
            LocalExponentRow {
                channel: channel.channel,
                frequency_cycles_per_px: local.frequency_cycles_per_px,
                delta: local.delta,
                delta_low95: finite(local.delta - half_width),
                delta_high95: finite(local.delta + half_width),
                n_bins: local.n_bins,
            }
        })
    });
    rows.collect()
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
