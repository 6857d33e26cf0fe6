//! The rows of `rapsd.csv` and `rapsd_channels.csv`.

use serde::Serialize;

use crate::analysis::QUANTILE_LEVELS;
use crate::report::tables::decibels;
use crate::spectrum::{RapsdOf, Spectrum};

/// Row of `rapsd.csv`: one annulus of the set; or of `rapsd_channels.csv`: one annulus of one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RapsdRow {
    /// Channel name; no such column in `rapsd.csv`, which is about the mean over channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<&'static str>,
    /// Annulus index `j`.
    pub bin: usize,
    /// `j/L`.
    pub frequency_cycles_per_px: f64,
    /// Modes of the full plane in the annulus.
    pub n_modes: f64,
    /// Mean over images, value² per mode.
    pub power_mean: f64,
    /// Standard deviation over images (n−1); empty for one image, and where it is too small to be told from none.
    pub power_std: Option<f64>,
    /// 5 % quantile over images, value² per mode.
    pub power_q05: f64,
    /// 25 % quantile.
    pub power_q25: f64,
    /// Median.
    pub power_q50: f64,
    /// 75 % quantile.
    pub power_q75: f64,
    /// 95 % quantile.
    pub power_q95: f64,
    /// `10·log10` of the mean; empty where the mean is zero.
    pub power_db: Option<f64>,
}

/// Rows of `rapsd.csv`, or those of one channel in `rapsd_channels.csv`.
pub fn rapsd_rows(spectrum: &Spectrum, of: RapsdOf) -> Vec<RapsdRow> {
    let grid = spectrum.grid();
    let statistics = spectrum.radial_statistics(of);
    let quantiles = spectrum.rapsd_quantiles(of, &QUANTILE_LEVELS);
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
