//! Where the rows of a pass go while it runs: tables that appear when the pass is over.

mod blur_ratios;
mod brightness;
mod schedules;

use anyhow::Result;

pub use blur_ratios::{BlurRatioTable, BlurRatios};
pub use brightness::BrightnessCollector;
pub use schedules::{ScheduleCollector, ScheduleSink};

use crate::pipeline::{ImageRow, RowSink};
use crate::report::arrays::StreamedNpy;
use crate::report::output_dir::OutputDir;
use crate::report::tables::{ImagesRow, StreamedTable};
use crate::spectral::Grid;
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
        let matrix = StreamedNpy::create(out, "rapsd_images.npy", &[grid.n_annuli()])?;
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
                matrix.push(row.summary.rapsd.iter().map(|p| *p as f32))?;
                paths.push_cells([row_key(row, key)])?;
            }
            Self::None => {}
        }
        Ok(())
    }
}
