//! The folder a run writes to: locked, checked before the work starts, and changed all at once.
//!
//! # Invariants
//!
//! A run writes all its files to a staging folder in the output folder's workshop. They take their places together,
//! when the manifest is written ([`super::manifest`]); on any error, and when the run ends before, the folder stays as
//! it was, but for the lists of files that left a run without an answer. What a kill at any moment leaves, and how the
//! next run goes on from there, is in [`super::journal`].
//! Files get the permissions the umask gives to ordinary files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk;
use super::folder_lock::{FolderLock, LockError, has_lock_file};
use super::journal::{Failed, Journal, Placed, When, staging_of};
pub use super::output_error::OutputError;
use super::own_results::OwnResults;
use super::result_file::{KnownHashes, ResultFile};
use super::result_name::place_of;
use crate::dataset::WORKSHOP;

mod inputs;
mod writing;

use writing::Kind;
pub use writing::{Sink, StagedFile};

/// Longest name of a file on all common file systems, bytes.
const MAX_NAME_BYTES: usize = 255;

/// A folder that exists, can be written to, and is this run's alone until it and all clones are dropped.
#[derive(Debug, Clone)]
pub struct OutputDir {
    shared: Arc<Shared>,
    /// Whether files that no run of specscan wrote may be replaced, too.
    overwrite: bool,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    command: String,
    /// What earlier runs left.
    own: OwnResults,
    complete: Mutex<Complete>,
    hashes: KnownHashes,
    /// Dropped after all that is in the folder.
    _lock: FolderLock,
    /// Dropped last.
    _made: MadeFolders,
}

/// Folders that were made for the run, the innermost first; those that are empty at its end go.
#[derive(Debug)]
struct MadeFolders(Vec<PathBuf>);

/// Names of what is complete in the staging folder, and of what goes.
#[derive(Debug, Default)]
struct Complete {
    results: Vec<String>,
    samples: Vec<String>,
    /// Manifests of other commands, amended.
    amended: Vec<String>,
    retired: Vec<String>,
}

impl OutputDir {
    /// Makes the folder and its parents where missing, locks it for `command`, and finishes or sweeps what a run that
    /// was killed left in it.
    ///
    /// # Errors
    ///
    /// [`OutputError::NotAFolder`], [`OutputError::Create`], [`OutputError::NotWritable`], [`OutputError::Busy`] or
    /// [`OutputError::ForeignStaging`], before any long work; [`OutputError::Write`] if what was left cannot be
    /// finished.
    pub fn create(path: impl Into<PathBuf>, command: &str) -> Result<Self, OutputError> {
        let folder = path.into();
        if let Some(obstacle) = first_non_folder(&folder) {
            return Err(OutputError::NotAFolder { folder, obstacle });
        }
        let made = MadeFolders::before(&folder);
        if let Err(source) = disk::make_folder(&folder) {
            return Err(OutputError::Create { folder, source });
        }
        let staging = staging_of(&folder);
        let is_ours = || has_lock_file(&folder) || Journal::read(&folder).is_some();
        // Asked twice, for another run may begin in between.
        if !is_ours() && fs::read_dir(&staging).is_ok_and(|mut files| files.next().is_some()) && !is_ours() {
            return Err(OutputError::ForeignStaging { staging });
        }
        let lock = FolderLock::acquire(&folder, command).map_err(|error| match error {
            LockError::Held(holder) => OutputError::Busy { folder: folder.clone(), holder },
            LockError::Io(source) => OutputError::NotWritable { folder: folder.clone(), source },
        })?;
        if let Some(journal) = Journal::read(&folder) {
            journal.apply(&folder, When::Later).map_err(write_error)?;
        }
        Journal::remove(&folder).map_err(write_error)?;
        let swept = disk::remove_folder(&staging).and_then(|()| disk::make_folder(&staging));
        if let Err(source) = swept {
            return Err(OutputError::NotWritable { folder, source });
        }
        let own = OwnResults::read(&folder);
        let command = command.to_owned();
        let (complete, hashes) = (Mutex::default(), KnownHashes::default());
        let shared = Shared { path: folder, command, own, complete, hashes, _lock: lock, _made: made };
        Ok(Self { shared: Arc::new(shared), overwrite: false })
    }

    /// Finishes or sweeps what a run that was killed left in the folder, if anything: before files in it are read.
    ///
    /// # Errors
    ///
    /// As [`OutputDir::create`].
    pub fn recover(path: &Path, command: &str) -> Result<(), OutputError> {
        if path.join(WORKSHOP).is_dir() { Self::create(path, command).map(drop) } else { Ok(()) }
    }

    /// The same folder, in which files that no run of specscan wrote may be replaced, if `overwrite` says so.
    pub fn overwriting(self, overwrite: bool) -> Self {
        Self { overwrite, ..self }
    }

    /// Refuses to replace files of these names that no run of specscan wrote, or that were changed since.
    ///
    /// # Errors
    ///
    /// [`OutputError::Foreign`] with all of them; [`OutputError::LongName`]; [`OutputError::Write`] if one cannot be
    /// read.
    pub fn check_free(&self, names: impl IntoIterator<Item = String>) -> Result<(), OutputError> {
        let names: Vec<String> = names.into_iter().collect();
        if let Some(name) = names.iter().find(|name| name.len() > MAX_NAME_BYTES) {
            return Err(OutputError::LongName { name: name.clone(), max_bytes: MAX_NAME_BYTES });
        }
        let placed: Vec<Placed> = names.into_iter().map(|name| self.placed(name)).collect::<Result<_, _>>()?;
        self.check_own(&placed)
    }

    fn check_own<'a>(&self, placed: impl IntoIterator<Item = &'a Placed>) -> Result<(), OutputError> {
        let is_foreign = |placed: &&Placed| {
            let hash = placed.replaces.as_ref().filter(|_| !self.overwrite);
            hash.is_some_and(|hash| !self.own().is_own(&placed.name, hash))
        };
        let names: Vec<String> = placed.into_iter().filter(is_foreign).map(|placed| placed.name.clone()).collect();
        if names.is_empty() { Ok(()) } else { Err(OutputError::Foreign { folder: self.path().to_owned(), names }) }
    }

    /// The file with the hash of what is in its place now.
    fn placed(&self, name: String) -> Result<Placed, OutputError> {
        let replaces = self.hash_of(&name)?;
        Ok(Placed { name, replaces })
    }

    /// Hash of what has that name in the folder now; none if nothing has. It is read again only if it has changed.
    pub(super) fn hash_of(&self, name: &str) -> Result<Option<String>, OutputError> {
        let hash = place_of(self.path(), name).and_then(|path| self.shared.hashes.of(&path));
        hash.map_err(|source| OutputError::Write { path: self.path_of(name), source })
    }

    /// What earlier runs left in it.
    pub fn own(&self) -> &OwnResults {
        &self.shared.own
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The path a file of that name has, or will have.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Where files wait, whole or not: for files that are no results, too. It is gone when the run ends.
    pub fn staging(&self) -> PathBuf {
        staging_of(self.path())
    }

    /// Names of the files completed so far, each once, in the order they were first completed.
    pub fn written(&self) -> Vec<String> {
        self.shared.complete().results.clone()
    }

    /// Names of the samples completed so far.
    pub fn samples(&self) -> Vec<String> {
        self.shared.complete().samples.clone()
    }

    /// Names of the files of earlier runs that go.
    pub(super) fn retired(&self) -> Vec<String> {
        self.shared.complete().retired.clone()
    }

    /// Has the file `name` that an earlier run of the command left removed with the other old results, unless it is
    /// written, was changed since, or another command wrote it, too.
    pub fn retire(&self, name: String) {
        self.shared.complete().retired.push(name);
    }

    /// Puts all that is complete in place, the manifest of that name last, and removes the files `stale`.
    ///
    /// # Errors
    ///
    /// [`OutputError::Foreign`] if a stranger's file has taken a place meanwhile; [`OutputError::Write`].
    pub(super) fn publish(&self, manifest: &str, stale: Vec<ResultFile>) -> Result<(), OutputError> {
        let Complete { results, samples, amended, .. } = std::mem::take(&mut *self.shared.complete());
        let files = results.iter().chain(&samples).filter(|name| *name != manifest).cloned();
        let manifests = amended.into_iter().chain([manifest.to_owned()]);
        let (files, manifests): (Vec<String>, Vec<String>) = (files.collect(), manifests.collect());
        let placed =
            |names: Vec<String>| names.into_iter().map(|name| self.placed(name)).collect::<Result<Vec<_>, _>>();
        let (manifests, files) = (placed(manifests)?, placed(files)?);
        self.check_own(files.iter().chain(&manifests))?;
        let journal = Journal { command: self.shared.command.clone(), manifests, files, removed: stale };
        journal.write(self.path()).map_err(|failed| {
            // If it cannot be removed either, the next run finishes this one.
            let _ = Journal::remove(self.path());
            write_error(failed)
        })?;
        journal.apply(self.path(), When::AtOnce).and_then(|()| Journal::remove(self.path())).map_err(write_error)?;
        *self.shared.complete() = Complete { results, samples, ..Complete::default() };
        Ok(())
    }
}

impl Complete {
    /// Adds a file; a name that is written again is listed once.
    fn add(&mut self, kind: Kind, name: String) {
        let names = match kind {
            Kind::Result => &mut self.results,
            Kind::Sample => &mut self.samples,
            Kind::Amended => &mut self.amended,
        };
        // Samples have names of their own; a list of thousands is not searched.
        if kind == Kind::Sample || !names.contains(&name) {
            names.push(name);
        }
    }
}

impl Shared {
    fn complete(&self) -> MutexGuard<'_, Complete> {
        self.complete.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Files that a journal speaks of are for the next run to put in place.
        if !Journal::exists(&self.path) {
            let _ = disk::remove_folder(&staging_of(&self.path));
        }
    }
}

impl MadeFolders {
    /// Those that are missing for there to be `folder`.
    fn before(folder: &Path) -> Self {
        let missing = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        Self(missing.map(Path::to_owned).collect())
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        for path in &self.0 {
            // One with results in it is not removed.
            let _ = fs::remove_dir(path);
        }
    }
}

fn write_error((path, source): Failed) -> OutputError {
    OutputError::Write { path, source }
}

/// The nearest of `folder` and its parents that exists, if it is not a folder.
fn first_non_folder(folder: &Path) -> Option<PathBuf> {
    let nearest = folder.ancestors().find(|p| !p.as_os_str().is_empty() && fs::metadata(p).is_ok())?;
    (!nearest.is_dir()).then(|| nearest.to_owned())
}

#[cfg(test)]
mod kill_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
