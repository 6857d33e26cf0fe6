//! The file operations of a run's output, in one place, so that tests can make each of them fail in turn.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;

/// A file that is being written.
#[derive(Debug)]
pub struct DiskFile(File);

impl DiskFile {
    /// Creates the file, or empties the one there.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        step()?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(Self(options.open(path)?))
    }

    /// Returns when its bytes are on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        step()?;
        self.0.sync_all()
    }
}

impl Write for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        step()?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for DiskFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// Makes the folder and its parents where missing.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    step()?;
    fs::create_dir_all(path)
}

/// Gives a file another name, in place of the one that has it.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    step()?;
    fs::rename(from, to)
}

/// Removes a file; one that is not there is no error.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    step()?;
    missing_is_fine(fs::remove_file(path))
}

/// Removes a folder with all in it; one that is not there is no error.
pub(super) fn remove_folder(path: &Path) -> io::Result<()> {
    step()?;
    missing_is_fine(fs::remove_dir_all(path))
}

/// Removes a folder if nothing is in it. What is no folder, a link to one too, is left.
pub(super) fn remove_empty_folder(path: &Path) -> io::Result<()> {
    step()?;
    let is_left = |kind| matches!(kind, ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory);
    missing_is_fine(fs::remove_dir(path)).or_else(|error| if is_left(error.kind()) { Ok(()) } else { Err(error) })
}

fn missing_is_fine(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Returns when the names in a folder are on the disk. Systems and file systems that cannot do that do without.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    step()?;
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(path)?.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

#[cfg(not(test))]
fn step() -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
use faults::step;

/// Failures on demand, for this thread only.
#[cfg(test)]
pub(super) mod faults {
    use std::cell::Cell;
    use std::io;

    /// What fails.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Fault {
        /// The operation of this number, from 0, and none after it: a disk that was full for a moment.
        Once(u64),
        /// That one and all after it: what a process that was killed there would have left.
        From(u64),
    }

    thread_local! {
        static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
        static N_STEPS: Cell<u64> = const { Cell::new(0) };
    }

    /// Runs `work` with a fault; also returns how many operations it asked for.
    pub fn with<T>(fault: Fault, work: impl FnOnce() -> T) -> (T, u64) {
        FAULT.set(Some(fault));
        N_STEPS.set(0);
        let done = work();
        FAULT.set(None);
        (done, N_STEPS.get())
    }

    pub fn step() -> io::Result<()> {
        let n = N_STEPS.replace(N_STEPS.get() + 1);
        match FAULT.get() {
            Some(Fault::Once(at)) if n == at => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::From(at)) if n >= at => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}
