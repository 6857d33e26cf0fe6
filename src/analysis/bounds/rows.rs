//! The rows of `bounds.csv`, and the statistics of its columns.

use anyhow::Result;
use serde::Serialize;

use crate::analysis::{SinkResult, row_key};
use crate::dataset::Transform;
use crate::diffusion::effective_resolution::is_soft;
use crate::diffusion::{
    BoundsStatistics, Kappa, NoiseRange, ReferenceSchedule, Shortfall, Waste, compute_bounds, compute_shortfall,
    compute_waste,
};
use crate::pipeline::{ImageRow, RowSink};
use crate::report::tables::StreamedTable;
use crate::spectral::{Grid, Named, Size};
use crate::spectrum::Preprocess;
use crate::stats::power_law::{FitRange, ImageFitPlan};

/// A file reduced by this factor or more is not soft because it was enlarged by 2.
pub(super) const REDUCED: f64 = 2.0;

/// Row of `bounds.csv`: one working image. Cells of a flat image that speak of its power are empty.
#[derive(Debug, Clone, Serialize)]
pub struct BoundsRow<'a> {
    /// Path below the input; tiles have `#x,y` appended, their left and top edge in pixels.
    pub path: &'a str,
    /// Width of the file's image before preprocessing, pixels.
    pub width_px: usize,
    /// Height of the file's image before preprocessing, pixels.
    pub height_px: usize,
    /// Mean value over pixels and channels.
    pub mean: f64,
    /// Standard deviation over pixels and channels.
    pub std: f64,
    /// Exponent of the power law `A² f^(−2Δ)` of this image.
    pub delta: Option<f64>,
    /// Coefficient of determination of ln RAPSD on ln f.
    pub delta_r2: Option<f64>,
    /// Frequency of the weakest band, cycles per pixel.
    pub frequency_min_power: Option<f64>,
    /// Frequency of the strongest band, cycles per pixel.
    pub frequency_max_power: Option<f64>,
    /// Largest noise level that harms no band, value.
    pub sigma_min: Option<f64>,
    /// Smallest noise level that hides every band, value.
    pub sigma_max: Option<f64>,
    /// `−2 ln sigma_max`.
    pub logsnr_min: Option<f64>,
    /// `−2 ln sigma_min`.
    pub logsnr_max: Option<f64>,
    /// Whether `sigma_min` is the 8-bit rounding noise instead of what the weakest band asks for.
    pub floor: Option<bool>,
    /// Whether no band rises above 8-bit rounding: there are no bounds.
    pub flat: bool,
    /// Effective resolution, pixels of the longer side; empty where it cannot be told.
    pub effective_resolution_px: Option<f64>,
    /// Share of EDM's 18 steps outside the bounds.
    pub waste_edm_18: Option<f64>,
    /// Share of DDPM's 1000 linear steps outside the bounds.
    pub waste_ddpm_linear_1000: Option<f64>,
    /// Share of the 1000 cosine steps outside the bounds.
    pub waste_cosine_1000: Option<f64>,
}

/// `bounds.csv`, and the statistics of its columns.
pub struct BoundsRows {
    table: StreamedTable,
    fit: Option<ImageFitPlan>,
    size: Size,
    /// Whether working images are resampled files.
    resamples: bool,
    kappa: Kappa,
    rounding_power: f64,
    /// The three that have columns of their own come first.
    schedules: Vec<ReferenceSchedule>,
    waste: Vec<(Waste, Shortfall)>,
    statistics: BoundsStatistics,
    soft: Vec<String>,
    n_soft_reduced: u64,
    key: String,
}

impl BoundsRows {
    /// Fills `table` for images prepared like `preprocess`. `schedules` begin with the standard ones.
    pub(super) fn new(
        table: StreamedTable,
        preprocess: &Preprocess,
        kappa: Kappa,
        rounding_power: f64,
        schedules: Vec<ReferenceSchedule>,
    ) -> Self {
        let size = preprocess.size;
        let grid = Grid::new(size);
        Self {
            table,
            fit: ImageFitPlan::new(&grid, &FitRange::for_size(size)).ok(),
            size,
            resamples: Transform::from_name(&preprocess.transform).is_some_and(Transform::resamples),
            kappa,
            rounding_power,
            waste: Vec::with_capacity(schedules.len()),
            statistics: BoundsStatistics::new(schedules.len()),
            schedules,
            soft: Vec::new(),
            n_soft_reduced: 0,
            key: String::new(),
        }
    }

    /// Whether the file has at least [`REDUCED`] times the pixels of the working image along the shorter side; crops
    /// and tiles keep the file's pixels.
    fn is_reduced(&self, row: &ImageRow<'_>) -> bool {
        let working = self.size.height.min(self.size.width) as f64;
        self.resamples && row.width_px.min(row.height_px) as f64 >= REDUCED * working
    }

    /// Completes the table; the schedules, what the columns come to, the keys of soft images, and how many of these are
    /// of reduced files.
    pub(super) fn commit(self) -> Result<(Vec<ReferenceSchedule>, BoundsStatistics, Vec<String>, u64)> {
        self.table.commit()?;
        Ok((self.schedules, self.statistics, self.soft, self.n_soft_reduced))
    }
}

impl RowSink for BoundsRows {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let summary = row.summary;
        let bounds = compute_bounds(&summary.rapsd, self.kappa, self.rounding_power);
        let range = bounds.range();
        self.waste.clear();
        if let Some(range) = range {
            self.waste.extend(
                self.schedules
                    .iter()
                    .map(ReferenceSchedule::sigmas)
                    .map(|s| (compute_waste(s, range), compute_shortfall(s, range))),
            );
        }
        let longer_side = self.size.longer_side() as f64;
        let resolution = row.numbers.first().copied();
        let is_soft = resolution.map(|r| is_soft(r, self.size.longer_side()));
        self.statistics.add(range, &self.waste, is_soft);
        let fit = self.fit.as_mut().filter(|_| range.is_some()).and_then(|plan| plan.fit(&summary.rapsd));
        let frequency = |annulus: usize| annulus as f64 / longer_side;
        let waste = |i: usize| self.waste.get(i).map(|(w, _)| w.total());
        let is_reduced = self.is_reduced(row);
        let path = row_key(row, &mut self.key);
        if is_soft == Some(true) {
            self.soft.push(path.to_owned());
            self.n_soft_reduced += u64::from(is_reduced);
        }
        self.table.push(&BoundsRow {
            path,
            width_px: row.width_px,
            height_px: row.height_px,
            mean: summary.mean,
            std: summary.std,
            delta: fit.as_ref().map(|f| f.delta),
            delta_r2: fit.as_ref().map(|f| f.r2).filter(|r2| r2.is_finite()),
            frequency_min_power: range.map(|r| frequency(r.weakest_annulus)),
            frequency_max_power: range.map(|r| frequency(r.strongest_annulus)),
            sigma_min: range.map(|r| r.sigma_min),
            sigma_max: range.map(|r| r.sigma_max),
            logsnr_min: range.map(NoiseRange::logsnr_min),
            logsnr_max: range.map(NoiseRange::logsnr_max),
            floor: range.map(|r| r.floor),
            flat: bounds.is_flat(),
            effective_resolution_px: resolution,
            waste_edm_18: waste(0),
            waste_ddpm_linear_1000: waste(1),
            waste_cosine_1000: waste(2),
        })?;
        Ok(())
    }
}
