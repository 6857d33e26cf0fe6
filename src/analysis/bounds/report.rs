//! What `bounds` answers: quantiles over the images, and the waste of schedules.

use serde::Serialize;

use super::rows::REDUCED;
use crate::analysis::words::{describe_enough, describe_interval, describe_kappa, or_dash, wrap};
use crate::analysis::{About, Headline, Outputs, QUANTILE_LEVELS, Report};
use crate::diffusion::bounds::KappaReading;
use crate::diffusion::effective_resolution::LEAST_SIDE_PX;
use crate::diffusion::{BoundsStatistics, Kappa, ReferenceSchedule, WasteStatistics};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::text::{align, short};
use crate::stats::order_interval::QuantileInterval;

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
    /// Share of the images whose `sigma_max` lies above the schedule.
    pub shortfall_above_share: Option<f64>,
    /// Median over these images of how far, in ln sigma.
    pub shortfall_above_median_lnsigma: Option<f64>,
    /// Share of the images whose `sigma_min` lies below the schedule.
    pub shortfall_below_share: Option<f64>,
    /// Median over these images of how far, in ln sigma.
    pub shortfall_below_median_lnsigma: Option<f64>,
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
    /// The first of `sigma_min` with its 95 % interval, an end of which may be open; none below five files.
    pub sigma_min_interval: Option<QuantileInterval>,
    /// The last of `sigma_max`, likewise.
    pub sigma_max_interval: Option<QuantileInterval>,
    /// Images whose `sigma_min` is 8-bit rounding.
    pub n_floored: u64,
    /// Images without any power.
    pub n_flat: u64,
    /// Images of an effective resolution below 90 %.
    pub n_soft: u64,
    /// Soft images of files that were reduced by 2 or more: enlargement is not what softens them.
    pub n_soft_reduced: u64,
    /// Images whose effective resolution can be told.
    pub n_sharpness_known: u64,
    /// Noise level that hides the brightness of the set, over the channels' mean, value; none for one image.
    pub brightness_sigma_max: Option<f64>,
    /// What each schedule wastes, and does not reach.
    pub waste: Vec<WasteRow>,
    /// Paths of the soft images, tiles with their place, in path order.
    #[serde(skip)]
    pub soft: Vec<String>,
    /// What the statistics are of.
    #[serde(skip)]
    pub(super) schedules: Vec<ReferenceSchedule>,
    #[serde(skip)]
    pub(super) statistics: BoundsStatistics,
    /// Power of 8-bit rounding, value² per mode.
    #[serde(skip)]
    pub(super) rounding_power: f64,
}

/// What was found of a set.
pub(super) struct Found {
    pub brightness_sigma_max: Option<f64>,
    pub schedules: Vec<ReferenceSchedule>,
    pub statistics: BoundsStatistics,
    pub soft: Vec<String>,
    pub n_soft_reduced: u64,
    pub rounding_power: f64,
}

impl BoundsReport {
    pub(super) fn new(about: About, kappa: Kappa, found: Found) -> Self {
        let Found { brightness_sigma_max, schedules, statistics, soft, n_soft_reduced, rounding_power } = found;
        let n_images = statistics.n_images() - statistics.n_flat();
        let effective = about.independent_images(n_images);
        let [low, .., high] = QUANTILE_LEVELS;
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
            sigma_min_interval: effective.map(|n| statistics.sigma_min_interval(low, n)),
            sigma_max_interval: effective.map(|n| statistics.sigma_max_interval(high, n)),
            n_floored: statistics.n_floored(),
            n_flat: statistics.n_flat(),
            n_soft,
            n_soft_reduced,
            n_sharpness_known,
            brightness_sigma_max,
            waste,
            soft,
            schedules,
            statistics,
            rounding_power,
        }
    }
}

/// Files from which on the intervals of a 5 % and a 95 % quantile have both ends: 0.95⁷² < 2.5 %.
const FILES_OF_CLOSED_ENDS: u64 = 72;

/// A part of all in percent.
fn share_of(part: u64, of: u64) -> String {
    format!("{:.1} %", if of == 0 { 0.0 } else { 100.0 * part as f64 / of as f64 })
}

impl BoundsReport {
    /// The noise that nine of ten images need, and what that means.
    fn result_lines(&self) -> Vec<String> {
        let ([Some(low), ..], [.., Some(high)]) = (self.sigma_min, self.sigma_max) else {
            return vec!["every image is flat: there is no noise to bound".to_owned()];
        };
        let mut lines = vec![format!("useful noise: sigma from {} to {}", short(low), short(high))];
        lines.extend(wrap(
            "At either end this is enough for 95 % of the images: finer noise harms none of their bands, coarser \
             noise finds \
             nothing left to hide. Steps outside are wasted; a schedule that ends inside falls short.",
        ));
        lines.extend(self.describe_enough());
        lines
    }

    /// How surely both ends are known.
    fn describe_enough(&self) -> Vec<String> {
        let n_files = self.about.counts.n_files;
        let (Some(low), Some(high)) = (self.sigma_min_interval, self.sigma_max_interval) else {
            return describe_enough(n_files, None).into_iter().collect();
        };
        let more = match low.half_width().and(high.half_width()) {
            Some(_) => format!("about {} would halve their widths", 4 * n_files),
            None => format!("both ends take {FILES_OF_CLOSED_ENDS} files or more"),
        };
        let (low, high) = (describe_interval(low), describe_interval(high));
        wrap(&format!("{n_files} files give the 5 % sigma_min {low}, and the 95 % sigma_max {high}; {more}"))
    }

    /// What each schedule wastes, and for how many images it falls short.
    fn schedule_lines(&self) -> Vec<String> {
        let head = ["schedule", "from", "to", "too fine", "coarse", "short below", "short above"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        let percent = |v: Option<f64>| or_dash(v, |v| format!("{:.1} %", 100.0 * v));
        let shortfall = |share: Option<f64>, median: Option<f64>| match median {
            Some(median) => format!("{} ×{:.1}", percent(share), median.exp()),
            None => percent(share),
        };
        for row in &self.waste {
            table.push(vec![
                row.schedule.clone(),
                short(row.sigma_low),
                row.sigma_high.map_or("∞".to_owned(), short),
                percent(row.waste_below_mean),
                percent(row.waste_above_mean),
                shortfall(row.shortfall_below_share, row.shortfall_below_median_lnsigma),
                shortfall(row.shortfall_above_share, row.shortfall_above_median_lnsigma),
            ]);
        }
        let mut lines = align(&table);
        lines.extend(wrap(
            "too fine, coarse: its steps below sigma_min and above sigma_max, mean over images; short below, above: \
             images whose \
             sigma_min, sigma_max it does not reach, and by what factor (median)",
        ));
        lines
    }

    /// How many images are soft, and the first of them.
    fn soft_lines(&self) -> Vec<String> {
        if self.about.are_latents() {
            // It is a number of pixels, and told by what blur and enlargement do to them.
            return Vec::new();
        }
        if self.n_sharpness_known == 0 {
            let side = self.about.preprocess.size.longer_side();
            let reason = if side < LEAST_SIDE_PX { "below 64 pixels" } else { "of flat images" };
            return vec![format!("effective resolution cannot be told {reason}: soft images are unknown")];
        }
        let (n, known) = (self.n_soft, self.n_sharpness_known);
        let share = share_of(n, known);
        let mut lines = vec![format!("{n} of {known} images soft ({share}): effective resolution below 90 %")];
        if n > 0 {
            lines.extend(self.soft.iter().take(3).map(|path| format!("  {path}")));
            if self.n_soft_reduced > 0 {
                lines.extend(wrap(&format!(
                    "reduced {REDUCED} times or more: {} of them, which lack fine detail at this size; that is no \
                     sign that they were enlarged.",
                    self.n_soft_reduced
                )));
            }
            lines.push(match self.n_soft_reduced < n {
                true => "all of them are in soft.txt: look at them, and leave out what was enlarged".to_owned(),
                false => "all of them are in soft.txt: look at them, and leave out what is blurred".to_owned(),
            });
        }
        lines
    }
}

/// The row of a schedule over the `n_images` that have bounds.
fn waste_row(schedule: &ReferenceSchedule, waste: &WasteStatistics, n_images: u64) -> WasteRow {
    let mean = waste.mean();
    let sigmas = schedule.sigmas();
    let (share, (median_below, median_above)) = (waste.shortfall_shares(), waste.shortfall_medians());
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
        shortfall_above_share: share.map(|s| s.above),
        shortfall_above_median_lnsigma: median_above,
        shortfall_below_share: share.map(|s| s.below),
        shortfall_below_median_lnsigma: median_below,
    }
}

impl Report for BoundsReport {
    const OUTPUTS: Outputs = Outputs { files: &["bounds.csv", "waste.csv", "soft.txt"], plots: &["bounds", "waste"] };

    fn headline(&self) -> Option<Headline> {
        let value = self.sigma_max_interval.or(self.sigma_max[4].map(QuantileInterval::unknown))?;
        Some(Headline { number: "sigma_max_q95".to_owned(), value })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.result_lines();
        lines.push(String::new());
        lines.extend(self.schedule_lines());
        lines.extend([String::new(), self.about.describe()]);
        let head = ["", "5 %", "25 %", "median", "75 %", "95 %"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        for (name, quantiles) in [("sigma_min", self.sigma_min), ("sigma_max", self.sigma_max)] {
            let cells = quantiles.map(|q| or_dash(q, short));
            table.push(std::iter::once(name.to_owned()).chain(cells).collect());
        }
        lines.extend(align(&table));
        if let Some(sigma) = self.brightness_sigma_max {
            lines.push(format!("the brightness of the set is hidden at sigma = {} and above", short(sigma)));
        }
        let n = self.statistics.n_images();
        let floored = share_of(self.n_floored, n);
        lines.push(format!(
            "{} of {n} {} at the floor of {} ({floored}), {} flat",
            self.n_floored,
            if self.about.are_latents() { "latents" } else { "images" },
            self.about.rounding(),
            self.n_flat
        ));
        lines.extend(self.soft_lines());
        lines
    }

    fn details(&self) -> Vec<String> {
        describe_kappa(self.kappa).iter().flat_map(|text| wrap(text)).collect()
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let lines = || self.soft.iter().map(|path| format!("{path}\n")).collect::<String>();
        let soft = (self.n_sharpness_known > 0).then(|| Content::bytes("soft.txt", lines()));
        std::iter::once(Content::table("waste.csv", &self.waste)).chain(soft).collect()
    }

    fn figures(&self) -> Vec<Plot> {
        vec![Plot::new("bounds", self.bounds_figure()), Plot::new("waste", self.waste_figure())]
    }
}
