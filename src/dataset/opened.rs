//! Files as they are opened for decoding: small ones are read at once, of large ones nothing is read yet.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::buffer::release_if_large;
use super::open::open_regular;
use super::skip::SkipReason;
use super::stamp::FileStamp;

/// A file that was opened, and recycled for the next one.
#[derive(Debug, Default)]
pub struct OpenedFile {
    bytes: Vec<u8>,
    stamp: FileStamp,
    /// The file and its length, if it is too large to be read before it is granted.
    unread: Option<(File, u64)>,
}

impl OpenedFile {
    /// Opens another file, and reads it if it has at most `read_at_once_bytes`. Returns its length, bytes.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is a folder or a special file, or is empty.
    pub fn open(&mut self, path: &Path, read_at_once_bytes: u64) -> Result<u64, SkipReason> {
        self.bytes.clear();
        self.unread = None;
        let (file, metadata) = open_regular(path)?;
        self.stamp = FileStamp::of(&metadata);
        let n_bytes = metadata.len();
        if n_bytes > read_at_once_bytes {
            self.unread = Some((file, n_bytes));
        } else {
            fill(&mut self.bytes, &file, n_bytes)?;
        }
        Ok(n_bytes)
    }

    /// Length and time of the file, as they were when it was opened.
    pub fn stamp(&self) -> FileStamp {
        self.stamp
    }

    /// What was read of it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The buffer of what is read.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The file and its length, if it is not read yet.
    pub(super) fn take_unread(&mut self) -> Option<(File, u64)> {
        self.unread.take()
    }

    /// Reads all of a file that was not read yet.
    pub(super) fn read_late(&mut self, mut file: File, n_bytes: u64) -> Result<(), SkipReason> {
        file.rewind().map_err(|error| SkipReason::from_io(&error))?;
        fill(&mut self.bytes, &file, n_bytes)
    }

    /// Bytes of its buffer.
    pub fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

/// Reads at most `n_bytes` of `file`, over what `buffer` holds.
pub(super) fn fill(buffer: &mut Vec<u8>, file: &File, n_bytes: u64) -> Result<(), SkipReason> {
    let n_bytes = usize::try_from(n_bytes).unwrap_or(usize::MAX);
    release_if_large(buffer, n_bytes);
    buffer.clear();
    buffer.try_reserve_exact(n_bytes).map_err(|_| SkipReason::OutOfMemory { n_bytes })?;
    match file.take(n_bytes as u64).read_to_end(buffer) {
        Ok(0) => Err(SkipReason::Empty),
        Ok(_) => Ok(()),
        Err(error) => {
            buffer.clear();
            Err(SkipReason::from_io(&error))
        }
    }
}
