//! How schedules spread over time.

use serde::Serialize;

use crate::analysis::QUANTILE_LEVELS;
use crate::analysis::figures::BANDS_FROM_IMAGES;
use crate::diffusion::{ReferenceSchedule, ScheduleStatistics};
use crate::report::plot::rapsd::Bands;
use crate::report::plot::schedule::ScheduleFigure;

/// Quantiles of the logSNR over schedules, at points of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fan {
    /// Times, from 0 (clean) to 1 (noise).
    pub t: Vec<f64>,
    /// Levels of the quantiles.
    pub quantile_levels: [f64; 5],
    /// logSNRs (natural) at these levels and times; none without schedules.
    pub logsnr_quantiles: [Option<Vec<f64>>; 5],
    /// Schedules behind them.
    #[serde(skip)]
    pub n_schedules: u64,
}

impl Fan {
    /// Of schedules at `times`.
    pub(super) fn new(statistics: &ScheduleStatistics, times: &[f64]) -> Self {
        Self {
            t: statistics.points().iter().map(|&i| times[i]).collect(),
            quantile_levels: QUANTILE_LEVELS,
            logsnr_quantiles: QUANTILE_LEVELS.map(|level| statistics.quantiles(level)),
            n_schedules: statistics.n_images() - statistics.n_flat(),
        }
    }

    /// The smallest and the largest sigma of the median schedule, value; not numbers without schedules.
    pub fn median_ends(&self) -> (f64, f64) {
        let median = self.logsnr_quantiles[2].as_deref().unwrap_or_default();
        let sigma = |logsnr: Option<&f64>| logsnr.map_or(f64::NAN, |l| (-0.5 * l).exp());
        (sigma(median.first()), sigma(median.last()))
    }

    /// A picture of it beside common schedules.
    pub(super) fn figure(&self, title: String, subtitle: String) -> ScheduleFigure {
        let [q05, q25, median, q75, q95] = self.logsnr_quantiles.clone().map(Option::unwrap_or_default);
        let n = self.n_schedules;
        ScheduleFigure {
            title,
            subtitle,
            t: self.t.clone(),
            median,
            median_label: if n == 1 { "schedule".to_owned() } else { format!("median of {n}") },
            bands: (n >= BANDS_FROM_IMAGES).then_some(Bands { q05, q25, q75, q95 }),
            references: ["edm:65", "cosine:1000"].into_iter().filter_map(reference_curve).collect(),
        }
    }
}

/// A common schedule as logSNR over time, clean first.
fn reference_curve(name: &str) -> Option<(String, Vec<f64>, Vec<f64>)> {
    let schedule: ReferenceSchedule = name.parse().ok()?;
    let sigmas = schedule.sigmas();
    let last = (sigmas.len() - 1) as f64;
    let t = (0..sigmas.len()).map(|i| i as f64 / last).collect();
    let logsnr = sigmas.iter().rev().map(|s| -2.0 * s.ln()).collect();
    Some((name.to_owned(), t, logsnr))
}
