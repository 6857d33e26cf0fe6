//! A file of a run as its manifest describes it: name, size and hash.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::result_name::place_of;
use crate::dataset::open_ordinary;

/// A file that a run left.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResultFile {
    /// Its name in the folder; that of one in a folder of results is after that folder's, with a slash between.
    pub name: String,
    /// Its size.
    pub n_bytes: u64,
    /// XXH3 (64 bits) of its bytes, hexadecimal.
    pub xxh3: String,
}

impl ResultFile {
    /// Reads the file in `path`, to be called `name`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no regular file.
    pub fn read(path: &Path, name: &str) -> io::Result<Self> {
        #[cfg(test)]
        counted(path);
        let (file, metadata) = open_ordinary(path)?;
        Self::hash(file.take(metadata.len()), name)
    }

    /// Whether it is in `folder` with this size and this hash. What has another size is not read.
    ///
    /// # Errors
    ///
    /// As [`ResultFile::read`].
    pub fn is_in(&self, folder: &Path) -> io::Result<bool> {
        let (file, metadata) = open_ordinary(&place_of(folder, &self.name)?)?;
        Ok(metadata.len() == self.n_bytes && Self::hash(file.take(metadata.len()), &self.name)? == *self)
    }

    fn hash(mut file: io::Take<File>, name: &str) -> io::Result<Self> {
        let (mut hasher, mut n_bytes) = (xxhash_rust::xxh3::Xxh3::new(), 0);
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Self { name: name.to_owned(), n_bytes, xxh3: format!("{:016x}", hasher.digest()) }),
                n => {
                    hasher.update(&buffer[..n]);
                    n_bytes += n as u64;
                }
            }
        }
    }
}

/// Hash of a file; none if there is none.
pub(super) fn hash_of(path: &Path) -> io::Result<Option<String>> {
    match ResultFile::read(path, "") {
        Ok(file) => Ok(Some(file.xxh3)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Hashes of files in their places, with what they were when they were read.
#[derive(Debug, Default)]
pub(super) struct KnownHashes(Mutex<HashMap<PathBuf, (Stamp, String)>>);

impl KnownHashes {
    /// As [`hash_of`]; a file is read again only if it has changed.
    pub fn of(&self, path: &Path) -> io::Result<Option<String>> {
        // Taken first, so that what changes while it is read is read again.
        let stamp = Stamp::of(path);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(stamp), Some((before, hash))) = (stamp, known.get(path))
            && stamp == *before
        {
            return Ok(Some(hash.clone()));
        }
        let hash = hash_of(path)?;
        if let (Some(stamp), Some(hash)) = (stamp, &hash) {
            known.insert(path.to_owned(), (stamp, hash.clone()));
        }
        Ok(hash)
    }
}

/// What tells that a file may be another than it was: its length, the times of its last change, its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    n_bytes: u64,
    modified: SystemTime,
    identity: [i64; 4],
}

impl Stamp {
    /// That of the file in `path`; none if there is none, or the system keeps no times.
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { n_bytes: metadata.len(), modified: metadata.modified().ok()?, identity: identity_of(&metadata) })
    }
}

/// Device and number of a file, and when the file system last changed anything of it, in seconds and nanoseconds.
#[cfg(unix)]
fn identity_of(metadata: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev().cast_signed(), metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
}

/// Nothing where systems do not tell.
#[cfg(not(unix))]
fn identity_of(_: &Metadata) -> [i64; 4] {
    [0; 4]
}

#[cfg(test)]
thread_local! {
    static HASHED: std::cell::RefCell<Vec<std::ffi::OsString>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(test)]
fn counted(path: &Path) {
    HASHED.with_borrow_mut(|names| names.extend(path.file_name().map(std::ffi::OsStr::to_owned)));
}

/// How often files of this name were hashed by this thread.
#[cfg(test)]
pub(super) fn n_hashed(name: &str) -> usize {
    HASHED.with_borrow(|names| names.iter().filter(|hashed| *hashed == name).count())
}
