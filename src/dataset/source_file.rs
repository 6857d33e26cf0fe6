//! One sample to be read: an image file, or a sample of an array.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::array::Array;
use super::key::compare_keys;
use crate::spectral::Size;

/// One image, or one sample of an array, to be read. Samples of one array share all but their number, so that millions
/// of them take 16 bytes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    file: Arc<Named>,
    index: u32,
}

/// A file of the set.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    key: String,
    path: PathBuf,
    array: Option<Array>,
}

impl SourceFile {
    /// The image at `path`, which tables know as `key`: its path as text, without loss
    /// ([`key_of_path`](super::key_of_path)).
    pub fn new(key: String, path: PathBuf) -> Self {
        Self { file: Arc::new(Named { key, path, array: None }), index: 0 }
    }

    /// The samples of the array in a file.
    pub(super) fn of_array(key: String, path: PathBuf, array: Array) -> impl ExactSizeIterator<Item = Self> {
        let n = array.n_samples().unwrap_or(1);
        let file = Arc::new(Named { key, path, array: Some(array) });
        (0..n as usize).map(move |index| Self { file: Arc::clone(&file), index: index as u32 })
    }

    /// What it is known by in tables: the key of its file, and of several samples in it `#` and its number, from 0 on.
    pub fn key(&self) -> Cow<'_, str> {
        let Named { key, array, .. } = &*self.file;
        match array.as_ref().and_then(Array::n_samples) {
            Some(_) => Cow::Owned(format!("{key}#{}", self.index)),
            None => Cow::Borrowed(key),
        }
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The array that it is in, and its place there; none for an image file.
    pub fn sample(&self) -> Option<(&Array, u32)> {
        self.file.array.as_ref().map(|array| (array, self.index))
    }

    /// Its size, where it is known without opening the file, pixels.
    pub fn size(&self) -> Option<Size> {
        self.file.array.as_ref().map(Array::size)
    }

    /// Bytes that it takes on the disk; none if its file cannot be looked at.
    pub fn n_bytes(&self) -> Option<u64> {
        match &self.file.array {
            Some(array) => Some(array.sample_bytes()),
            None => Some(std::fs::metadata(&self.file.path).ok()?.len()),
        }
    }

    /// Whether both are samples of one file.
    pub(super) fn is_in_the_file_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file)
    }

    /// The order of sets: files by the bytes of their keys, samples by their numbers.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        compare_keys(&self.file.key, &other.file.key).then(self.index.cmp(&other.index))
    }

    /// Whether both have one key.
    pub(super) fn has_the_key_of(&self, other: &Self) -> bool {
        self.file.key == other.file.key && self.index == other.index
    }
}
