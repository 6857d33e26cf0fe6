//! Files to be: a name, and what fills it. Reports list them; whoever holds a folder writes them.

use std::borrow::Cow;
use std::io::Write;

use serde::Serialize;

use super::arrays::{NamedArray, encode_npz, encode_safetensors};
use super::output_dir::{OutputDir, OutputError, Sink};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Fill<'a> = Box<dyn FnOnce(&mut Sink) -> Result<(), BoxError> + 'a>;

/// One file to be.
pub struct Content<'a> {
    /// Its name in the folder.
    pub name: Cow<'static, str>,
    fill: Fill<'a>,
}

impl<'a> Content<'a> {
    fn new(name: impl Into<Cow<'static, str>>, fill: impl FnOnce(&mut Sink) -> Result<(), BoxError> + 'a) -> Self {
        Self { name: name.into(), fill: Box::new(fill) }
    }

    /// A CSV table of documented row structs, which give it its header.
    pub fn table<R: Serialize>(
        name: impl Into<Cow<'static, str>>,
        rows: impl IntoIterator<Item = R, IntoIter: 'a> + 'a,
    ) -> Self {
        Self::new(name, |file| {
            let mut writer = csv::Writer::from_writer(file);
            rows.into_iter().try_for_each(|row| writer.serialize(row))?;
            Ok(writer.flush()?)
        })
    }

    /// A CSV table whose columns depend on the run; the first row is its header.
    pub fn cells(name: impl Into<Cow<'static, str>>, rows: Vec<Vec<String>>) -> Self {
        Self::new(name, move |file| {
            let mut writer = csv::Writer::from_writer(file);
            rows.iter().try_for_each(|row| writer.write_record(row))?;
            Ok(writer.flush()?)
        })
    }

    /// An indented JSON document.
    pub fn json(name: impl Into<Cow<'static, str>>, document: impl Serialize + 'a) -> Self {
        Self::new(name, move |file| {
            // Through a value, so that keys are in alphabetical order whatever struct they come from.
            serde_json::to_writer_pretty(&mut *file, &serde_json::to_value(&document)?)?;
            Ok(file.write_all(b"\n")?)
        })
    }

    /// Bytes as they are.
    pub fn bytes(name: impl Into<Cow<'static, str>>, bytes: impl AsRef<[u8]> + 'a) -> Self {
        Self::new(name, move |file| Ok(file.write_all(bytes.as_ref())?))
    }

    /// One array as `.npy`; it is made when the file is written.
    pub fn npy(name: impl Into<Cow<'static, str>>, array: impl FnOnce() -> NamedArray + 'a) -> Self {
        Self::new(name, move |file| array().write_npy(file))
    }

    /// Arrays and a JSON text (as the byte array `meta_json`) as `.npz`.
    pub fn npz(name: impl Into<Cow<'static, str>>, arrays: &'a [NamedArray], meta_json: &'a str) -> Self {
        Self::new(name, move |file| encode_npz(file, arrays, meta_json))
    }

    /// Arrays as `.safetensors`, with a JSON text under the metadata key `specscan`.
    pub fn safetensors(name: impl Into<Cow<'static, str>>, arrays: &'a [NamedArray], meta_json: &'a str) -> Self {
        Self::new(name, move |file| encode_safetensors(file, arrays, meta_json))
    }

    /// Writes it into `out`.
    ///
    /// # Errors
    ///
    /// As [`OutputDir::write_atomic`].
    pub fn write(self, out: &OutputDir) -> Result<(), OutputError> {
        out.write_atomic(&self.name, self.fill)
    }
}

impl std::fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("name", &self.name).finish_non_exhaustive()
    }
}
