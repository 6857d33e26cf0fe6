//! From results to table rows.

use super::tables::{CoherenceRow, FitRow, GammaRadialRow, LocalExponentRow, RapsdRow, WasteRow, decibels};
use crate::diffusion::{BoundsStatistics, ReferenceSchedule, WasteStatistics};
use crate::spectral::Grid;
use crate::spectrum::{ModeCovariance, RapsdOf, Spectrum, SpectrumError};
use crate::stats::circularity::{Circularity, circularity};
use crate::stats::coherence::coherence;
use crate::stats::power_law::Estimator;
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
                    Estimator::Radial => None,
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

/// Rows of `waste.csv`; `schedules` with their sigmas, in the order of the statistics.
pub fn waste_rows(schedules: &[(ReferenceSchedule, Vec<f64>)], statistics: &BoundsStatistics) -> Vec<WasteRow> {
    let row = |((schedule, sigmas), waste): (&(ReferenceSchedule, Vec<f64>), &WasteStatistics)| {
        let mean = waste.mean();
        WasteRow {
            schedule: schedule.to_string(),
            n_steps: sigmas.len(),
            sigma_low: sigmas.last().copied().unwrap_or_default(),
            sigma_high: sigmas.first().copied().and_then(finite),
            n_images: statistics.n_images() - statistics.n_flat(),
            waste_below_mean: mean.map(|w| w.below),
            waste_above_mean: mean.map(|w| w.above),
            waste_mean: mean.map(|w| w.total()),
            waste_q05: waste.quantile(0.05),
            waste_q50: waste.quantile(0.5),
            waste_q95: waste.quantile(0.95),
        }
    };
    schedules.iter().zip(statistics.waste()).map(row).collect()
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
