//! Reading a table that specscan wrote, or that somebody else may have changed since.

use std::path::Path;

use crate::dataset::read_regular;

/// The cells of a CSV table row by row, its header first.
///
/// # Errors
///
/// If it cannot be read, is no UTF-8, or its rows are of different lengths.
pub fn read_cells(path: &Path) -> Result<Vec<Vec<String>>, csv::Error> {
    let bytes = read_regular(path)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    reader.records().map(|record| Ok(record?.iter().map(str::to_owned).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_and_ragged_rows_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.csv");
        std::fs::write(&path, "path,a\n\"x,1\",2\n").expect("a file");
        assert_eq!(read_cells(&path).expect("a table"), [["path", "a"], ["x,1", "2"]]);
        std::fs::write(&path, "path,a\nx\n").expect("a file");
        let error = read_cells(&path).expect_err("ragged").to_string();
        assert!(error.contains("line: 2"), "{error}");
        assert!(read_cells(&folder.path().join("none.csv")).is_err());
    }
}
