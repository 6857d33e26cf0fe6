//! Where the rows of a pass go while it runs: tables that appear when the pass is over.

use anyhow::Result;

use crate::diffusion::effective_resolution::SOFT_SHARE;
use crate::diffusion::{BoundsStatistics, Kappa, NoiseRange, ReferenceSchedule, Waste, compute_bounds, compute_waste};
use crate::pipeline::{ImageRow, RowSink};
use crate::report::arrays::StreamedNpy;
use crate::report::output_dir::OutputDir;
use crate::report::tables::{BoundsRow, ImagesRow, StreamedTable};
use crate::spectral::{Grid, Size};
use crate::stats::power_law::{FitRange, ImageFitPlan};

type SinkResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// The key of a row: the path, and for tiles their left and top edge.
fn row_key<'a>(row: &ImageRow<'a>, buffer: &'a mut String) -> &'a str {
    use std::fmt::Write;
    match row.tile_origin {
        None => row.key,
        Some((x, y)) => {
            buffer.clear();
            // Writing to a string cannot fail.
            let _ = write!(buffer, "{}#{x},{y}", row.key);
            buffer
        }
    }
}

/// `images.csv`.
pub struct ImagesTable {
    table: StreamedTable,
    /// None for images too small to hold a power law.
    plan: Option<ImageFitPlan>,
    key: String,
}

impl ImagesTable {
    /// Opens the table.
    pub fn create(out: &OutputDir, grid: &Grid) -> Result<Self> {
        let plan = ImageFitPlan::new(grid, &FitRange::for_size(grid.size())).ok();
        Ok(Self { table: StreamedTable::create(out, "images.csv")?, plan, key: String::new() })
    }

    /// Completes the table.
    pub fn commit(self) -> Result<()> {
        Ok(self.table.commit()?)
    }
}

impl RowSink for ImagesTable {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        // The spectrum of a flat image is rounding noise.
        let plan = self.plan.as_ref().filter(|_| !row.summary.flat);
        let fit = plan.and_then(|plan| plan.fit(&row.summary.rapsd));
        let path = row_key(row, &mut self.key);
        self.table.push(&ImagesRow {
            path,
            format: row.format,
            width_px: row.width_px,
            height_px: row.height_px,
            mean: row.summary.mean,
            std: row.summary.std,
            delta: fit.as_ref().map(|f| f.delta),
            amplitude: fit.as_ref().map(|f| f.amplitude),
            delta_r2: fit.as_ref().map(|f| f.r2).filter(|r2| r2.is_finite()),
            flat: row.summary.flat,
        })?;
        Ok(())
    }
}

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
        // Of an image without power nothing else can be told.
        let resolution = row.effective_resolution_px.filter(|_| range.is_some());
        let is_soft = resolution.map(|r| r < SOFT_SHARE * longer_side);
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

/// The RAPSD of each image, as a table, an array, or not at all.
pub enum RapsdImages {
    /// `rapsd_images.csv`: path, then one power per annulus.
    Csv {
        /// The table.
        table: StreamedTable,
        /// Room for a tile's key.
        key: String,
    },
    /// `rapsd_images.npy`, with the paths in `rapsd_images_paths.csv`.
    Npy {
        /// The matrix.
        matrix: StreamedNpy,
        /// The paths of its rows.
        paths: StreamedTable,
        /// Room for a tile's key.
        key: String,
    },
    /// Nothing.
    None,
}

impl RapsdImages {
    /// Opens `rapsd_images.csv`.
    pub fn csv(out: &OutputDir, grid: &Grid) -> Result<Self> {
        let mut table = StreamedTable::create(out, "rapsd_images.csv")?;
        let bins = (0..grid.n_annuli()).map(|j| format!("power_bin_{j}"));
        table.push_cells(std::iter::once("path".to_owned()).chain(bins))?;
        Ok(Self::Csv { table, key: String::new() })
    }

    /// Opens `rapsd_images.npy`.
    pub fn npy(out: &OutputDir, grid: &Grid) -> Result<Self> {
        let mut paths = StreamedTable::create(out, "rapsd_images_paths.csv")?;
        paths.push_cells(["path"])?;
        let matrix = StreamedNpy::create(out, "rapsd_images.npy", grid.n_annuli())?;
        Ok(Self::Npy { matrix, paths, key: String::new() })
    }

    /// Completes what was opened.
    pub fn commit(self) -> Result<()> {
        match self {
            Self::Csv { table, .. } => table.commit()?,
            Self::Npy { matrix, paths, .. } => {
                matrix.commit()?;
                paths.commit()?;
            }
            Self::None => {}
        }
        Ok(())
    }
}

impl RowSink for RapsdImages {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        match self {
            Self::Csv { table, key } => {
                let key = row_key(row, key);
                // Nine significant digits: shorter than the shortest exact form, and what the table promises.
                let powers = row.summary.rapsd.iter().map(|p| format!("{p:.8e}"));
                table.push_cells(std::iter::once(key.to_owned()).chain(powers))?;
            }
            Self::Npy { matrix, paths, key } => {
                matrix.push(&row.summary.rapsd)?;
                paths.push_cells([row_key(row, key)])?;
            }
            Self::None => {}
        }
        Ok(())
    }
}
