//! The CSV tables: one documented row struct each, units in the column names, missing values as empty cells.

use serde::Serialize;

use super::output_dir::{OutputDir, OutputError, StagedFile};

/// Row of `skipped.csv` and of `left_out.csv`.
#[derive(Debug, Clone, Serialize)]
pub struct SkippedRow<'a> {
    /// Path below the input.
    pub path: &'a str,
    /// Why it was not used.
    pub reason: String,
}

/// Writes a whole table as `name`.
///
/// # Errors
///
/// If a row cannot be written; no file appears then.
pub fn write_table<R: Serialize>(
    out: &OutputDir,
    name: &str,
    rows: impl IntoIterator<Item = R>,
) -> Result<(), OutputError> {
    out.write_atomic(name, |file| -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_writer(file);
        for row in rows {
            writer.serialize(row)?;
        }
        writer.flush()?;
        Ok(())
    })
}

/// A table that is filled while a pass runs and appears when it is committed.
pub struct StreamedTable {
    /// None where the rows are not kept.
    writer: Option<csv::Writer<StagedFile>>,
    path: std::path::PathBuf,
}

impl StreamedTable {
    /// Opens a table for rows of one struct, which give it its header.
    ///
    /// # Errors
    ///
    /// If the file cannot be created.
    pub fn create(out: &OutputDir, name: &str) -> Result<Self, OutputError> {
        Ok(Self { writer: Some(csv::Writer::from_writer(out.stage(name)?)), path: out.path_of(name) })
    }

    /// A table that keeps nothing, for runs without a folder.
    pub fn nowhere() -> Self {
        Self { writer: None, path: std::path::PathBuf::new() }
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn push(&mut self, row: &impl Serialize) -> Result<(), OutputError> {
        self.write(|writer| writer.serialize(row))
    }

    /// Adds a row of cells; the first such row is the header of tables whose columns depend on the run.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn push_cells<C: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = C>) -> Result<(), OutputError> {
        self.write(|writer| writer.write_record(cells))
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut csv::Writer<StagedFile>) -> Result<(), csv::Error>,
    ) -> Result<(), OutputError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        write(writer).map_err(|error| OutputError::Write { path: self.path.clone(), source: error.into() })
    }

    /// Completes the table.
    ///
    /// # Errors
    ///
    /// If what is still buffered cannot be written, or the file cannot be renamed.
    pub fn commit(self) -> Result<(), OutputError> {
        // `into_inner` flushes and hands the error on; the writer's own drop would swallow it.
        let Some(writer) = self.writer else { return Ok(()) };
        let staged =
            writer.into_inner().map_err(|error| OutputError::Write { path: self.path, source: error.into_error() })?;
        staged.commit()
    }
}

/// `10·log10(power)`, or none for zero power.
pub fn decibels(power: f64) -> Option<f64> {
    (power > 0.0).then(|| 10.0 * power.log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_cannot_be_written_names_its_table() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = OutputDir::create(folder.path(), "scan").expect("a folder");
        let mut table = StreamedTable::create(&out, "rows.csv").expect("a table");
        table.push_cells(["a", "b"]).expect("a header");
        let error = table.push_cells(["one"]).expect_err("another length").to_string();
        assert!(error.contains("rows.csv"), "{error}");
    }
}
