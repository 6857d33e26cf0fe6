//! The RAPSD of each image, written while the pass runs.

use anyhow::Result;

use crate::analysis::{Desk, SinkResult, row_key};
use crate::pipeline::{ImageRow, RowSink};
use crate::report::arrays::StreamedNpy;
use crate::report::tables::StreamedTable;
use crate::spectral::Grid;

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
    pub(super) fn csv(desk: &Desk<'_>, grid: &Grid) -> Result<Self> {
        let mut table = desk.table("rapsd_images.csv")?;
        let bins = (0..grid.n_annuli()).map(|j| format!("power_bin_{j}"));
        table.push_cells(std::iter::once("path".to_owned()).chain(bins))?;
        Ok(Self::Csv { table, key: String::new() })
    }

    /// Opens `rapsd_images.npy`.
    pub(super) fn npy(desk: &Desk<'_>, grid: &Grid) -> Result<Self> {
        let Some(matrix) = desk.array("rapsd_images.npy", &[grid.n_annuli()])? else { return Ok(Self::None) };
        let mut paths = desk.table("rapsd_images_paths.csv")?;
        paths.push_cells(["path"])?;
        Ok(Self::Npy { matrix, paths, key: String::new() })
    }

    /// Completes what was opened.
    pub(super) fn commit(self) -> Result<()> {
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
