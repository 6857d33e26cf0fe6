//! What `bounds` answers: quantiles over the images, and the waste of schedules.

use serde::Serialize;

use crate::analysis::words::{describe_kappa, or_dash};
use crate::analysis::{About, Outputs, QUANTILE_LEVELS, Report};
use crate::diffusion::bounds::KappaReading;
use crate::diffusion::{BoundsStatistics, Kappa, ReferenceSchedule, WasteStatistics};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::text::{align, short};

/// Row of `waste.csv`: one reference schedule, over the images that have bounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WasteRow {
    /// Its name.
    pub schedule: String,
    /// Its steps.
    pub n_steps: usize,
    /// Its smallest noise level, value.
    pub sigma_low: f64,
    /// Its largest noise level, value; empty where it begins with pure noise.
    pub sigma_high: Option<f64>,
    /// Images that have bounds.
    pub n_images: u64,
    /// Mean share of steps below an image's `sigma_min`.
    pub waste_below_mean: Option<f64>,
    /// Mean share of steps above an image's `sigma_max`.
    pub waste_above_mean: Option<f64>,
    /// Mean share of steps outside.
    pub waste_mean: Option<f64>,
    /// 5 % quantile over images of the share outside.
    pub waste_q05: Option<f64>,
    /// Median.
    pub waste_q50: Option<f64>,
    /// 95 % quantile.
    pub waste_q95: Option<f64>,
}

/// Noise bounds of a set.
#[derive(Debug, Clone, Serialize)]
pub struct BoundsReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// How strictly bounds were drawn.
    pub kappa: Kappa,
    /// What the lower threshold means.
    pub at_sigma_min: KappaReading,
    /// What the upper threshold means.
    pub at_sigma_max: KappaReading,
    /// Levels of the quantiles.
    pub quantile_levels: [f64; 5],
    /// Quantiles over images of the largest noise level that harms no band, value.
    pub sigma_min: [Option<f64>; 5],
    /// Quantiles over images of the smallest noise level that hides every band, value.
    pub sigma_max: [Option<f64>; 5],
    /// Images whose `sigma_min` is 8-bit rounding.
    pub n_floored: u64,
    /// Images without any power.
    pub n_flat: u64,
    /// Images of an effective resolution below 90 %.
    pub n_soft: u64,
    /// Images whose effective resolution can be told.
    pub n_sharpness_known: u64,
    /// Noise level that hides the brightness of the set, over the channels' mean, value; none for one image.
    pub brightness_sigma_max: Option<f64>,
    /// What each schedule wastes.
    pub waste: Vec<WasteRow>,
    /// What the statistics are of.
    #[serde(skip)]
    pub(super) schedules: Vec<ReferenceSchedule>,
    #[serde(skip)]
    pub(super) statistics: BoundsStatistics,
    /// Power of 8-bit rounding, value² per mode.
    #[serde(skip)]
    pub(super) rounding_power: f64,
}

impl BoundsReport {
    pub(super) fn new(
        about: About,
        kappa: Kappa,
        brightness_sigma_max: Option<f64>,
        schedules: Vec<ReferenceSchedule>,
        statistics: BoundsStatistics,
        rounding_power: f64,
    ) -> Self {
        let n_images = statistics.n_images() - statistics.n_flat();
        let waste = schedules.iter().zip(statistics.waste()).map(|(s, w)| waste_row(s, w, n_images)).collect();
        let (n_soft, n_sharpness_known) = statistics.n_soft();
        Self {
            about,
            kappa,
            at_sigma_min: kappa.reading_at_min(),
            at_sigma_max: kappa.reading_at_max(),
            quantile_levels: QUANTILE_LEVELS,
            sigma_min: QUANTILE_LEVELS.map(|level| statistics.sigma_min_quantile(level)),
            sigma_max: QUANTILE_LEVELS.map(|level| statistics.sigma_max_quantile(level)),
            n_floored: statistics.n_floored(),
            n_flat: statistics.n_flat(),
            n_soft,
            n_sharpness_known,
            brightness_sigma_max,
            waste,
            schedules,
            statistics,
            rounding_power,
        }
    }
}

/// The row of a schedule over the `n_images` that have bounds.
fn waste_row(schedule: &ReferenceSchedule, waste: &WasteStatistics, n_images: u64) -> WasteRow {
    let mean = waste.mean();
    let sigmas = schedule.sigmas();
    WasteRow {
        schedule: schedule.to_string(),
        n_steps: sigmas.len(),
        sigma_low: sigmas.last().copied().unwrap_or_default(),
        sigma_high: sigmas.first().copied().filter(|s| s.is_finite()),
        n_images,
        waste_below_mean: mean.map(|w| w.below),
        waste_above_mean: mean.map(|w| w.above),
        waste_mean: mean.map(|w| w.total()),
        waste_q05: waste.quantile(0.05),
        waste_q50: waste.quantile(0.5),
        waste_q95: waste.quantile(0.95),
    }
}

impl Report for BoundsReport {
    const OUTPUTS: Outputs = Outputs { files: &["bounds.csv", "waste.csv"], plots: &["bounds", "waste"] };

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.about.describe()];
        lines.extend(describe_kappa(self.kappa));
        lines.push(String::new());
        let head = ["", "5 %", "25 %", "median", "75 %", "95 %"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        for (name, quantiles) in [("sigma_min", self.sigma_min), ("sigma_max", self.sigma_max)] {
            let cells = quantiles.map(|q| or_dash(q, short));
            table.push(std::iter::once(name.to_owned()).chain(cells).collect());
        }
        lines.extend(align(&table));
        if let Some(sigma) = self.brightness_sigma_max {
            lines.push(format!("the brightness of the set is hidden from sigma = {} on", short(sigma)));
        }
        let n = self.statistics.n_images();
        let share = |part: u64, of: u64| if of == 0 { 0.0 } else { 100.0 * part as f64 / of as f64 };
        lines.push(format!(
            "{} of {n} at the 8-bit rounding floor ({:.1} %), {} flat, {} soft (effective resolution below 90 %: {:.1} % of {})",
            self.n_floored,
            share(self.n_floored, n),
            self.n_flat,
            self.n_soft,
            share(self.n_soft, self.n_sharpness_known),
            self.n_sharpness_known,
        ));
        lines.push(String::new());
        let head = ["schedule", "steps", "sigma from", "to", "wasted below", "wasted above", "used"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        let percent = |v: Option<f64>| or_dash(v, |v| format!("{:.1} %", 100.0 * v));
        for row in &self.waste {
            table.push(vec![
                row.schedule.clone(),
                row.n_steps.to_string(),
                short(row.sigma_low),
                row.sigma_high.map_or("∞".to_owned(), short),
                percent(row.waste_below_mean),
                percent(row.waste_above_mean),
                percent(row.waste_mean.map(|w| 1.0 - w)),
            ]);
        }
        lines.extend(align(&table));
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![Content::table("waste.csv", &self.waste)]
    }

    fn figures(&self) -> Vec<Plot> {
        vec![Plot::new("bounds", self.bounds_figure()), Plot::new("waste", self.waste_figure())]
    }
}
