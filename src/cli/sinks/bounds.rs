//! The rows of `bounds`.

use anyhow::Result;

use super::{SinkResult, row_key};
use crate::diffusion::effective_resolution::is_soft;
use crate::diffusion::{BoundsStatistics, Kappa, NoiseRange, ReferenceSchedule, Waste, compute_bounds, compute_waste};
use crate::pipeline::{ImageRow, RowSink};
use crate::report::output_dir::OutputDir;
use crate::report::tables::{BoundsRow, StreamedTable};
use crate::spectral::{Grid, Size};
use crate::stats::power_law::{FitRange, ImageFitPlan};

/// `bounds.csv`, and the statistics of its columns.
pub struct BoundsTable<'a> {
    table: StreamedTable,
    fit: Option<ImageFitPlan>,
    size: Size,
    kappa: Kappa,
    rounding_power: f64,
    /// The three that have columns first.
    schedules: &'a [(ReferenceSchedule, Vec<f64>)],
    waste: Vec<Waste>,
    statistics: BoundsStatistics,
    key: String,
}

impl<'a> BoundsTable<'a> {
    /// Opens the table for working images of `size`. `schedules` begin with the standard ones.
    pub fn create(
        out: &OutputDir,
        size: Size,
        kappa: Kappa,
        rounding_power: f64,
        schedules: &'a [(ReferenceSchedule, Vec<f64>)],
    ) -> Result<Self> {
        let grid = Grid::new(size);
        Ok(Self {
            table: StreamedTable::create(out, "bounds.csv")?,
            fit: ImageFitPlan::new(&grid, &FitRange::for_size(size)).ok(),
            size,
            kappa,
            rounding_power,
            schedules,
            waste: Vec::with_capacity(schedules.len()),
            statistics: BoundsStatistics::new(schedules.len()),
            key: String::new(),
        })
    }

    /// Completes the table; what its columns come to.
    pub fn commit(self) -> Result<BoundsStatistics> {
        self.table.commit()?;
        Ok(self.statistics)
    }
}

impl RowSink for BoundsTable<'_> {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let summary = row.summary;
        let bounds = compute_bounds(&summary.rapsd, self.kappa, self.rounding_power);
        let range = bounds.range();
        self.waste.clear();
        if let Some(range) = range {
            self.waste.extend(self.schedules.iter().map(|(_, sigmas)| compute_waste(sigmas, range)));
        }
        let longer_side = self.size.longer_side() as f64;
        let resolution = row.numbers.first().copied();
        let is_soft = resolution.map(|r| is_soft(r, self.size.longer_side()));
        self.statistics.add(range, &self.waste, is_soft);
        let fit = self.fit.as_ref().filter(|_| range.is_some()).and_then(|plan| plan.fit(&summary.rapsd));
        let frequency = |annulus: usize| annulus as f64 / longer_side;
        let waste = |i: usize| self.waste.get(i).map(|w| w.total());
        self.table.push(&BoundsRow {
            path: row_key(row, &mut self.key),
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
