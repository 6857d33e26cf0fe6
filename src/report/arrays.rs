//! Arrays for other programs: `.npy`, `.npz` and `.safetensors`.

use std::io::{Seek, SeekFrom, Write};

use ndarray::{ArrayViewD, IxDyn};
use ndarray_npy::WriteNpyExt;
use safetensors::tensor::{Dtype, TensorView};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::output_dir::{OutputDir, OutputError, StagedFile};
use super::read_npz::SigmasError;
use crate::spectral::Size;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A named array of doubles.
#[derive(Debug, Clone)]
pub struct NamedArray {
    /// Name in the archive.
    pub name: &'static str,
    /// Extents, slowest first.
    pub shape: Vec<usize>,
    /// Values, row by row.
    pub values: Vec<f64>,
}

impl NamedArray {
    /// Writes it as `.npy`.
    pub(super) fn write_npy(&self, file: impl Write) -> Result<(), BoxError> {
        Ok(ArrayViewD::from_shape(IxDyn(&self.shape), &self.values)?.write_npy(file)?)
    }
}

/// Writes arrays and a JSON text (as the byte array `meta_json`) as `.npz`.
pub(super) fn encode_npz(file: impl Write + Seek, arrays: &[NamedArray], meta_json: &str) -> Result<(), BoxError> {
    let mut archive = Npz::new(file);
    for array in arrays {
        archive.add_doubles(array.name, &array.shape, array.values.iter().copied())?;
    }
    archive.finish(meta_json)
}

/// An `.npz` archive that is filled array by array, item by item: nothing has to be in memory at once. The same arrays
/// give the same bytes, because members bear no times of writing.
pub(super) struct Npz<W: Write + Seek>(ZipWriter<W>);

impl<W: Write + Seek> Npz<W> {
    /// An archive without arrays.
    pub(super) fn new(out: W) -> Self {
        Self(ZipWriter::new(out))
    }

    /// Begins the array `name` of items of the NumPy type `descr`, which are to be written to what is returned.
    pub(super) fn begin(&mut self, name: &str, descr: &str, shape: &[usize]) -> Result<&mut ZipWriter<W>, BoxError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .large_file(true);
        self.0.start_file(format!("{name}.npy"), options)?;
        self.0.write_all(&npy_header(descr, shape))?;
        Ok(&mut self.0)
    }

    /// Adds an array of doubles.
    pub(super) fn add_doubles(
        &mut self,
        name: &str,
        shape: &[usize],
        mut values: impl Iterator<Item = f64>,
    ) -> Result<(), BoxError> {
        let out = self.begin(name, "<f8", shape)?;
        Ok(values.try_for_each(|value| out.write_all(&value.to_le_bytes()))?)
    }

    /// Adds a JSON text as the byte array `meta_json`, and completes the archive.
    pub(super) fn finish(mut self, meta_json: &str) -> Result<(), BoxError> {
        self.begin("meta_json", "|u1", &[meta_json.len()])?.write_all(meta_json.as_bytes())?;
        self.0.finish()?;
        Ok(())
    }
}

/// The column `sigma` of a CSV table of one schedule; none if the first line has no such column.
///
/// # Errors
///
/// If a cell is no number, or the column `path` names more than one schedule.
pub fn read_sigmas_csv(text: &str) -> Option<Result<Vec<f64>, SigmasError>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().ok()?.clone();
    let column = |name: &str| header.iter().position(|cell| cell.trim() == name);
    let (sigma, path) = (column("sigma")?, column("path"));
    let no_list = |found: String| SigmasError::NoSigmas { found };
    let mut first_path = None;
    let cell = |row: Result<csv::StringRecord, csv::Error>| {
        let row = row.map_err(|error| no_list(error.to_string()))?;
        let name = path.and_then(|path| row.get(path)).unwrap_or_default().to_owned();
        if *first_path.get_or_insert_with(|| name.clone()) != name {
            return Err(no_list(format!("the schedules of several images, as of {name}")));
        }
        let text = row.get(sigma).unwrap_or_default().trim();
        text.parse().map_err(|_| no_list(format!("`{text}` in the column sigma, which is no number")))
    };
    Some(reader.records().map(cell).collect())
}

/// Writes arrays as `.safetensors`, with a JSON text under the metadata key `specscan`.
pub(super) fn encode_safetensors(
    file: &mut impl Write,
    arrays: &[NamedArray],
    meta_json: &str,
) -> Result<(), BoxError> {
    let data: Vec<Vec<u8>> = arrays.iter().map(|a| a.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let mut views = Vec::with_capacity(arrays.len());
    for (array, bytes) in arrays.iter().zip(&data) {
        views.push((array.name, TensorView::new(Dtype::F64, array.shape.clone(), bytes)?));
    }
    let metadata = std::iter::once(("specscan".to_owned(), meta_json.to_owned())).collect();
    file.write_all(&safetensors::serialize(views, Some(metadata))?)?;
    Ok(())
}

/// An `.npy` array of single-precision items of one shape, whose number is not known until the last one is in.
pub struct StreamedNpy {
    staged: StagedFile,
    item_shape: Vec<usize>,
    n_items: usize,
}

/// Length of the header, its padding included: room for any number of rows.
const NPY_HEADER_BYTES: usize = 128;

/// The header of an array in NPY format 1.0: magic, version, header length, a Python dictionary padded to 128 bytes.
fn npy_header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let extents: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", extents.trim_end());
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend_from_slice(&((NPY_HEADER_BYTES - 10) as u16).to_le_bytes());
    header.extend_from_slice(dictionary.as_bytes());
    header.resize(NPY_HEADER_BYTES - 1, b' ');
    header.push(b'\n');
    header
}

impl StreamedNpy {
    /// Opens an array of items of `item_shape`: a matrix of `n` columns has `[n]`.
    ///
    /// # Errors
    ///
    /// If the file cannot be created.
    pub fn create(out: &OutputDir, file_name: &str, item_shape: &[usize]) -> Result<Self, OutputError> {
        let mut staged = out.stage(file_name)?;
        let placeholder = [b' '; NPY_HEADER_BYTES];
        if let Err(source) = staged.write_all(&placeholder) {
            return Err(OutputError::Write { path: staged.path(), source });
        }
        Ok(Self { staged, item_shape: item_shape.to_vec(), n_items: 0 })
    }

    /// Adds an item.
    ///
    /// # Errors
    ///
    /// If it has another length, or cannot be written.
    pub fn push(&mut self, mut values: impl ExactSizeIterator<Item = f32>) -> Result<(), OutputError> {
        let written = if values.len() == self.item_shape.iter().product::<usize>() {
            values.try_for_each(|value| self.staged.write_all(&value.to_le_bytes()))
        } else {
            Err(std::io::Error::other("an item of another length"))
        };
        self.n_items += 1;
        written.map_err(|source| OutputError::Write { path: self.staged.path().to_owned(), source })
    }

    /// Writes the header and completes the file.
    ///
    /// # Errors
    ///
    /// If something cannot be written.
    pub fn commit(mut self) -> Result<(), OutputError> {
        let shape: Vec<usize> = std::iter::once(self.n_items).chain(self.item_shape.iter().copied()).collect();
        let header = npy_header("<f4", &shape);
        let written = self.staged.seek(SeekFrom::Start(0)).and_then(|_| self.staged.write_all(&header));
        if let Err(source) = written {
            return Err(OutputError::Write { path: self.staged.path(), source });
        }
        self.staged.commit()
    }
}

/// The array a full-plane quantity of several channels makes: `[C, H, W]`.
pub fn planes_array(name: &'static str, size: Size, planes: &[Vec<f64>]) -> NamedArray {
    NamedArray { name, shape: vec![planes.len(), size.height, size.width], values: planes.concat() }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use ndarray::{Array1, Array2, array};
    use ndarray_npy::NpzReader;

    use super::*;

    fn archive() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut archive = Npz::new(&mut bytes);
        archive.add_doubles("table", &[2, 3], (0..6).map(f64::from)).unwrap();
        let items = archive.begin("streamed", "|u1", &[3]).unwrap();
        [7u8, 8, 9].iter().for_each(|item| items.write_all(&[*item]).unwrap());
        archive.add_doubles("nothing", &[0, 3], std::iter::empty()).unwrap();
        archive.finish("{}").unwrap();
        bytes.into_inner()
    }

    #[test]
    fn archives_read_back_and_equal_arrays_give_equal_bytes() {
        assert_eq!(archive(), archive());
        let mut read = NpzReader::new(Cursor::new(archive())).unwrap();
        assert_eq!(read.names().unwrap(), ["table", "streamed", "nothing", "meta_json"]);
        let table: Array2<f64> = read.by_name("table").unwrap();
        assert_eq!(table, array![[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
        let streamed: Array1<u8> = read.by_name("streamed").unwrap();
        assert_eq!(streamed, array![7, 8, 9]);
        let nothing: Array2<f64> = read.by_name("nothing").unwrap();
        assert_eq!(nothing.dim(), (0, 3));
        let meta: Array1<u8> = read.by_name("meta_json").unwrap();
        assert_eq!(meta.to_vec(), b"{}");
    }
}
