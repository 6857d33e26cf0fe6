//! A file of a run as its manifest describes it: name, size and hash.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::dataset::open_ordinary;

/// A file that a run left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultFile {
    /// Its name in the folder.
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
        let (file, metadata) = open_ordinary(path)?;
        Self::hash(file.take(metadata.len()), name)
    }

    /// Whether it is in `folder` with this size and this hash. What has another size is not read.
    ///
    /// # Errors
    ///
    /// As [`ResultFile::read`].
    pub fn is_in(&self, folder: &Path) -> io::Result<bool> {
        let (file, metadata) = open_ordinary(&folder.join(&self.name))?;
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

/// Whether `name` is one ordinary path component, so that a file of that name lands in the folder itself.
pub(super) fn is_plain_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(only)), None) if only == name)
}
