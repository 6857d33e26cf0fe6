//! One writer at a time: the lock on an output folder, and what a second writer is told of the first.
//!
//! The lock file is in the folder's [`WORKSHOP`] and locked with the system's file locks, which end with the process,
//! however it ends. Only who holds the lock on the file of that name removes the file, so that a file that was locked
//! and has its name still is the one that everybody else tries to lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::disk;
use crate::dataset::{WORKSHOP, open_ordinary, read_regular};

/// Pause before a lock that is held is tried again; who only looks (`specscan info`) holds it for less.
const PAUSE: Duration = Duration::from_millis(10);
/// Tries before the holder counts as a writer.
const N_TRIES: usize = 10;

/// Who writes to a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The command.
    pub command: String,
    /// Number of the process.
    pub process_id: u32,
    /// When it began, seconds since 1970.
    pub started_unix_s: u64,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since_s = unix_s().saturating_sub(self.started_unix_s);
        write!(f, "`specscan {}` (process {}, begun {since_s} s ago)", self.command, self.process_id)
    }
}

/// Why a folder could not be locked.
#[derive(Debug)]
pub(super) enum LockError {
    /// Somebody else has it; who, if that can be told.
    Held(Option<Holder>),
    /// The system refused.
    Io(io::Error),
}

/// The lock; dropping it removes its file, and the workshop if nothing else is in it. While the staging folder is there
/// the file stays, and tells the next run that what waits there is specscan's.
#[derive(Debug)]
pub(super) struct FolderLock {
    file: File,
    path: PathBuf,
}

impl FolderLock {
    /// Locks `folder`, which exists, for `command`.
    pub(super) fn acquire(folder: &Path, command: &str) -> Result<Self, LockError> {
        let workshop = folder.join(WORKSHOP);
        let path = workshop.join("lock");
        for _ in 0..N_TRIES {
            disk::make_folder(&workshop).map_err(LockError::Io)?;
            let file = match OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path) {
                Ok(file) => file,
                // The run before has just removed the workshop.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(LockError::Io(error)),
            };
            match file.try_lock() {
                Ok(()) if has_its_name(&file, &path) => {
                    let lock = Self { file, path };
                    return lock.sign(command).map(|()| lock).map_err(LockError::Io);
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
            }
        }
        Err(LockError::Held(holder(&path)))
    }

    /// Writes who holds it.
    fn sign(&self, command: &str) -> io::Result<()> {
        let holder = Holder { command: command.to_owned(), process_id: std::process::id(), started_unix_s: unix_s() };
        self.file.set_len(0)?;
        (&self.file).write_all(&serde_json::to_vec(&holder)?)
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Where an open file cannot lose its name the next run finds the file, which is locked by nobody.
        let is_proof = self.path.with_file_name("staging").exists();
        if cfg!(unix) && !is_proof && disk::remove_file(&self.path).is_ok() {
            let _ = self.path.parent().map(fs::remove_dir);
        }
    }
}

/// Whether a run has left its lock file, or goes on.
pub(super) fn has_lock_file(folder: &Path) -> bool {
    folder.join(WORKSHOP).join("lock").exists()
}

/// Who holds the lock on `folder`: none if nobody does, and an empty answer if somebody does who cannot be told.
pub(super) fn holder_of(folder: &Path) -> Option<Option<Holder>> {
    let path = folder.join(WORKSHOP).join("lock");
    let (file, _) = open_ordinary(&path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(holder(&path)),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

fn holder(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&read_regular(path).ok()?).ok()
}

/// Seconds since 1970.
fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(unix)]
fn has_its_name(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: io::Result<fs::Metadata>| metadata.ok().map(|m| (m.dev(), m.ino()));
    identity(file.metadata()).is_some_and(|own| identity(fs::metadata(path)) == Some(own))
}

#[cfg(not(unix))]
fn has_its_name(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_of_the_first_and_may_write_after_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = FolderLock::acquire(folder.path(), "scan").expect("free");
        let Err(LockError::Held(Some(holder))) = FolderLock::acquire(folder.path(), "rapsd") else {
            panic!("locked twice")
        };
        assert_eq!((holder.command.as_str(), holder.process_id), ("scan", std::process::id()));
        assert!(holder.to_string().starts_with("`specscan scan` (process "), "{holder}");
        assert_eq!(holder_of(folder.path()), Some(Some(holder)));
        drop(first);
        assert_eq!(holder_of(folder.path()), None);
        assert!(!folder.path().join(WORKSHOP).exists(), "nothing is left");
        FolderLock::acquire(folder.path(), "rapsd").expect("free again");
    }

    #[test]
    fn many_threads_never_hold_it_together() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let folder = tempfile::tempdir().expect("a folder");
        let (inside, n_times) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        if let Ok(lock) = FolderLock::acquire(folder.path(), "scan") {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            n_times.fetch_add(1, Ordering::SeqCst);
                            inside.fetch_sub(1, Ordering::SeqCst);
                            drop(lock);
                        }
                    }
                });
            }
        });
        assert!(n_times.into_inner() >= 200);
    }
}
