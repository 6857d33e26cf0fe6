//! The rows of `fit.csv` and `local_exponent.csv`.

use serde::Serialize;

use crate::stats::spectrum_fit::ChannelFits;

/// Row of `fit.csv`: one estimator on one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitRow {
    /// `radial` (the Δ of a set), `modes` or `whittle`.
    pub estimator: &'static str,
    /// Channel name, or `mean` for the mean over channels.
    pub channel: &'static str,
    /// Δ of `Γ = A² f^(−2Δ)`.
    pub delta: f64,
    /// Lower end of the 95 % interval.
    pub delta_low95: Option<f64>,
    /// Upper end of the 95 % interval.
    pub delta_high95: Option<f64>,
    /// Δ of the lower half of the range in ln f; of `radial` only.
    pub delta_coarse: Option<f64>,
    /// Lower end of its 95 % interval.
    pub delta_coarse_low95: Option<f64>,
    /// Upper end of its 95 % interval.
    pub delta_coarse_high95: Option<f64>,
    /// Δ of the upper half.
    pub delta_fine: Option<f64>,
    /// Lower end of its 95 % interval.
    pub delta_fine_low95: Option<f64>,
    /// Upper end of its 95 % interval.
    pub delta_fine_high95: Option<f64>,
    /// A, value.
    pub amplitude: f64,
    /// Coefficient of determination in ln power.
    pub r2: Option<f64>,
    /// Root mean square residual, dB.
    pub residual_db: f64,
    /// Lowest frequency that was fitted, cycles per pixel.
    pub frequency_low: f64,
    /// Highest frequency that was fitted, cycles per pixel.
    pub frequency_high: f64,
    /// Half-width of the central cross that is left out, wave numbers; empty when nothing is.
    pub cross_mask: Option<u32>,
    /// Modes fitted (of the full plane), or annuli for `radial`.
    pub n_modes: usize,
    /// Images behind the spectrum.
    pub n_images: u64,
    /// Files that the images come from.
    pub n_files: u64,
    /// Chance of halves that differ as much if the law is straight; of `radial` only.
    pub curvature_p: Option<f64>,
}

/// Row of `local_exponent.csv`: Δ in a half-octave window.
#[derive(Debug, Clone, Serialize)]
pub struct LocalExponentRow {
    /// Channel name, or `mean`.
    pub channel: &'static str,
    /// Centre of the window, cycles per pixel.
    pub frequency_cycles_per_px: f64,
    /// `−½ d ln R / d ln f`.
    pub delta: f64,
    /// Lower end of the 95 % interval.
    pub delta_low95: Option<f64>,
    /// Upper end of the 95 % interval.
    pub delta_high95: Option<f64>,
    /// Annuli in the window.
    pub n_bins: usize,
}

/// Rows of `fit.csv`; estimators that failed have none.
pub fn fit_rows(channels: &[ChannelFits]) -> Vec<FitRow> {
    let mut rows = Vec::new();
    for channel in channels {
        for (_, fit) in &channel.fits {
            let Ok(fit) = fit else { continue };
            let (coarse, fine) = fit.bend.as_ref().map(|bend| (bend.coarse, bend.fine)).unzip();
            rows.push(FitRow {
                estimator: fit.estimator.name(),
                channel: channel.channel,
                delta: fit.delta,
                delta_low95: fit.delta_low95,
                delta_high95: fit.delta_high95,
                delta_coarse: coarse.map(|c| c.value),
                delta_coarse_low95: coarse.and_then(|c| c.low95),
                delta_coarse_high95: coarse.and_then(|c| c.high95),
                delta_fine: fine.map(|f| f.value),
                delta_fine_low95: fine.and_then(|f| f.low95),
                delta_fine_high95: fine.and_then(|f| f.high95),
                amplitude: fit.amplitude,
                r2: finite(fit.r2),
                residual_db: fit.residual_db,
                frequency_low: fit.fitted_cycles_per_px.0,
                frequency_high: fit.fitted_cycles_per_px.1,
                cross_mask: fit.range.cross_mask,
                n_modes: fit.n_modes,
                n_images: fit.n_images,
                n_files: fit.n_files,
                curvature_p: fit.bend.as_ref().and_then(|bend| bend.p_value),
            });
        }
    }
    rows
}

/// Rows of `local_exponent.csv`.
pub fn local_exponent_rows(channels: &[ChannelFits]) -> Vec<LocalExponentRow> {
    let rows = channels.iter().flat_map(|channel| {
        channel.local.iter().map(|local| LocalExponentRow {
            channel: channel.channel,
            frequency_cycles_per_px: local.frequency_cycles_per_px,
            delta: local.delta.value,
            delta_low95: local.delta.low95,
            delta_high95: local.delta.high95,
            n_bins: local.n_bins,
        })
    });
    rows.collect()
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
