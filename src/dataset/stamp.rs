//! Whether a file is still the one that was read before: its length and the time of its last change.

use std::fs::Metadata;
use std::time::UNIX_EPOCH;

/// Length and time of last change of a file, hashed to 64 bits: one is kept for every file of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileStamp(u64);

impl FileStamp {
    /// That of a file with this metadata. A system that keeps no times leaves the length.
    pub fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&metadata.len().to_le_bytes());
        bytes[8..].copy_from_slice(&since.map_or(0, |since| since.as_nanos()).to_le_bytes());
        Self(xxhash_rust::xxh3::xxh3_64(&bytes))
    }
}
