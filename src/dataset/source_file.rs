//! One sample to be read: an image file, or a sample of an array.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::array::Array;
use super::key::compare_keys;
use crate::spectral::Size;

/// One image, or one sample of an array, to be read. Of a million images each takes one piece of memory, for its path;
/// samples of one array share all but their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile(Place);

/// Where it is, and what it is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// An image whose key is the end of its path, from this byte on: all with ordinary names.
    Below(Arc<str>, u32),
    /// Any other, and which sample it is.
    Named(Arc<Named>, u32),
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
        match path.to_str() {
            Some(text) if text.ends_with(&key) && u32::try_from(text.len()).is_ok() => {
                Self(Place::Below(text.into(), (text.len() - key.len()) as u32))
            }
            _ => Self(Place::Named(Arc::new(Named { key, path, array: None }), 0)),
        }
    }

    /// The samples of the array in a file.
    pub(super) fn of_array(key: String, path: PathBuf, array: Array) -> impl ExactSizeIterator<Item = Self> {
        let n = array.n_samples().unwrap_or(1);
        let file = Arc::new(Named { key, path, array: Some(array) });
        (0..n as usize).map(move |index| Self(Place::Named(Arc::clone(&file), index as u32)))
    }

    /// What it is known by in tables: the key of its file, and of several samples in it `#` and its number, from 0 on.
    pub fn key(&self) -> Cow<'_, str> {
        match self.sample() {
            Some((array, index)) if array.n_samples().is_some() => Cow::Owned(format!("{}#{index}", self.file_key())),
            _ => Cow::Borrowed(self.file_key()),
        }
    }

    /// The key of its file.
    fn file_key(&self) -> &str {
        match &self.0 {
            Place::Below(path, start) => &path[*start as usize..],
            Place::Named(file, _) => &file.key,
        }
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        match &self.0 {
            Place::Below(path, _) => Path::new(&**path),
            Place::Named(file, _) => &file.path,
        }
    }

    /// The array that it is in, and its place there; none for an image file.
    pub fn sample(&self) -> Option<(&Array, u32)> {
        match &self.0 {
            Place::Below(..) => None,
            Place::Named(file, index) => file.array.as_ref().map(|array| (array, *index)),
        }
    }

    /// Its size, where it is known without opening the file, pixels.
    pub fn size(&self) -> Option<Size> {
        self.sample().map(|(array, _)| array.size())
    }

    /// Bytes that it takes on the disk; none if its file cannot be looked at.
    pub fn n_bytes(&self) -> Option<u64> {
        match self.sample() {
            Some((array, _)) => Some(array.sample_bytes()),
            None => Some(std::fs::metadata(self.path()).ok()?.len()),
        }
    }

    /// Whether both are samples of one file.
    pub(super) fn is_in_the_file_of(&self, other: &Self) -> bool {
        matches!((&self.0, &other.0), (Place::Named(file, _), Place::Named(of_other, _)) if Arc::ptr_eq(file, of_other))
    }
}

/// Puts a list of images in the order of sets, that of the bytes of their names, and keeps the first of each key.
pub(super) fn sort(files: &mut Vec<SourceFile>) {
    // Escapes sort as the bytes that they stand for.
    if files.iter().any(|file| file.file_key().as_bytes().contains(&b'\\')) {
        files.sort_by(|a, b| compare_keys(a.file_key(), b.file_key()));
    } else {
        sort_behind(files, 0);
    }
    files.dedup_by(|later, earlier| later.file_key() == earlier.file_key());
}

/// Sorts files whose keys have the first `n_same` bytes in common. The eight bytes behind all that they have in common
/// are compared as a number: most of a million keys are then not looked at again, which lie all over the memory.
fn sort_behind(files: &mut [SourceFile], n_same: usize) {
    let [first, others @ ..] = &*files else { return };
    let first = &first.file_key().as_bytes()[n_same..];
    let n_more = others.iter().fold(first.len(), |n, file| {
        let key = &file.file_key().as_bytes()[n_same..];
        first[..n].iter().zip(key).take_while(|(a, b)| a == b).count()
    });
    let n_same = n_same + n_more;
    let word = |file: &SourceFile| {
        let rest = &file.file_key().as_bytes()[n_same..];
        let mut bytes = [0; 8];
        let n = rest.len().min(bytes.len());
        bytes[..n].copy_from_slice(&rest[..n]);
        u64::from_be_bytes(bytes)
    };
    files.sort_by_cached_key(word);
    for run in files.chunk_by_mut(|a, b| word(a) == word(b)).filter(|run| run.len() > 1) {
        // No key has a zero byte: where the word ends in one the keys of the run end as well, and are the same.
        if word(&run[0]) & 0xff != 0 {
            sort_behind(run, n_same + 8);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file known by a key that is, or is not, the end of its path.
    fn file(key: &str, is_below: bool) -> SourceFile {
        let path = if is_below { format!("folder/{key}") } else { "elsewhere".to_owned() };
        SourceFile::new(key.to_owned(), path.into())
    }

    #[test]
    fn a_file_knows_its_key_and_its_path_whatever_they_have_in_common() {
        for (key, path) in [("a/b.png", "in/a/b.png"), ("b.png", "b.png"), ("in/b.png", "/x/b.png"), ("", "a")] {
            let file = SourceFile::new(key.to_owned(), path.into());
            assert_eq!((&*file.key(), file.path()), (key, Path::new(path)));
            assert!(file.sample().is_none() && file.size().is_none());
        }
        assert_eq!(size_of::<SourceFile>(), 24);
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_bytes_of_the_names(
            // Short alphabets: keys have much in common, and some are the same.
            keys in prop::collection::vec(("[ab]{0,3}(/[ab]{7,9})?(/[ab]{15,18})?", any::<bool>()), 0..60),
            escaped in prop::option::of("[a-b]{0,2}\\\\x(e9|01|5c)[ab]?"),
        ) {
            let mut files: Vec<_> = keys.iter().map(|(key, is_below)| file(key, *is_below)).collect();
            files.extend(escaped.iter().map(|key| file(key, false)));
            let mut expected = files.clone();
            expected.sort_by(|a, b| compare_keys(&a.key(), &b.key()));
            expected.dedup_by(|later, earlier| later.key() == earlier.key());
            sort(&mut files);
            prop_assert_eq!(files, expected);
        }
    }
}
