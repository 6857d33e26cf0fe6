//! The moment at which a run's results take the place of older ones, and why no kill can leave a mixture.
//!
//! # How results are put in place
//!
//! All files of a run, its manifest too, lie complete and synced in the staging folder. Then, under the folder's lock:
//!
//! 1. the journal is written and synced: which file goes where, and the hash of what it replaces;
//! 2. the old manifests that would no longer be true are removed, and the files that only an older run left;
//! 3. the folder is synced;
//! 4. the files are renamed to their places, and the folder is synced;
//! 5. the new manifests are renamed to theirs, that of the command last, and the folder is synced;
//! 6. the journal is removed, then the staging folder, then the lock.
//!
//! # What a kill leaves
//!
//! *Before the journal has its name* (1): the older results, untouched; the next run sweeps the staging folder. *From
//! then on until the last rename* (2–5): the files of no manifest are nobody's result; a manifest that is there is of
//! files that all are, because manifests leave before the first file is touched and arrive after the last. The next
//! run finds the journal and does 2–5 again before it begins: what has been renamed is no longer in the staging
//! folder and is passed over, so that doing it again, or twice, ends in the same state, that of the run finished.
//! *After the last rename*: the new results; the next run has nothing left to do but to sweep.
//!
//! A write that fails is a kill that can be answered: before the journal the staging folder is removed at once, after
//! it everything is left to the next run. A power cut is a kill after which any operations since the last sync may be
//! undone: the syncs stand between the steps, and each of them may be repeated.
//!
//! # Files of others
//!
//! Files are hashed just before the journal is written, and a stranger's ends the run. A later run replaces or removes
//! a file only if its hash is still the one in the journal: what somebody else has put there in the meantime stays, as
//! if it had been put there after the run; the manifest then names a file that has changed.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk;
use super::result_file::{ResultFile, hash_of, is_plain_name};
use crate::dataset::{WORKSHOP, read_regular};

/// Name of the journal in the workshop, and while it is written.
const NAME: &str = "journal.json";
const UNFINISHED: &str = "journal.part";

/// A file that takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Placed {
    /// Its name, in the staging folder and in its place.
    pub name: String,
    /// Hash of what is there, if anything is.
    pub replaces: Option<String>,
}

/// What putting results in place changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The command whose results they are.
    pub command: String,
    /// Manifests, that of the command last.
    pub manifests: Vec<Placed>,
    /// All other files.
    pub files: Vec<Placed>,
    /// Files of earlier runs that go.
    pub removed: Vec<ResultFile>,
}

/// When results are put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// As soon as the journal is written: what is there was read a moment ago, and is not read again.
    AtOnce,
    /// By a later run.
    Later,
}

/// A file operation that failed, and on what.
pub(super) type Failed = (PathBuf, io::Error);

/// Where the files of a run wait.
pub(super) fn staging_of(folder: &Path) -> PathBuf {
    folder.join(WORKSHOP).join("staging")
}

impl Journal {
    /// The journal of a run that did not come to its end; none if there is none, or what is there is none.
    pub fn read(folder: &Path) -> Option<Self> {
        let journal: Self = serde_json::from_slice(&read_regular(&folder.join(WORKSHOP).join(NAME)).ok()?).ok()?;
        let is_sound = journal.names().all(is_plain_name);
        is_sound.then_some(journal)
    }

    /// All names in it.
    fn names(&self) -> impl Iterator<Item = &str> {
        let placed = self.files.iter().chain(&self.manifests).map(|placed| placed.name.as_str());
        placed.chain(self.removed.iter().map(|file| file.name.as_str()))
    }

    /// Writes it, after which it holds: the staging folder and all above it are synced, too. Names that lead out of
    /// the folder are an error.
    pub fn write(&self, folder: &Path) -> Result<(), Failed> {
        if let Some(name) = self.names().find(|name| !is_plain_name(name)) {
            return Err((folder.join(name), io::Error::new(ErrorKind::InvalidInput, "it is not in the folder itself")));
        }
        let workshop = folder.join(WORKSHOP);
        let (unfinished, path) = (workshop.join(UNFINISHED), workshop.join(NAME));
        let write = || {
            disk::sync_folder(&staging_of(folder))?;
            let mut file = disk::DiskFile::create(&unfinished)?;
            io::Write::write_all(&mut file, &serde_json::to_vec(self)?)?;
            file.sync()?;
            disk::sync_folder(folder)?;
            disk::rename(&unfinished, &path)?;
            disk::sync_folder(&workshop)
        };
        write().map_err(|error| (path.clone(), error))
    }

    /// Whether there is one.
    pub fn exists(folder: &Path) -> bool {
        folder.join(WORKSHOP).join(NAME).exists()
    }

    /// Removes it, written whole or not.
    pub fn remove(folder: &Path) -> Result<(), Failed> {
        [UNFINISHED, NAME]
            .map(|name| folder.join(WORKSHOP).join(name))
            .into_iter()
            .try_for_each(|path| disk::remove_file(&path).map_err(|error| (path, error)))
    }

    /// Puts in place what is not yet; steps 2 to 5 of the head of this file.
    pub fn apply(&self, folder: &Path, when: When) -> Result<(), Failed> {
        let staging = staging_of(folder);
        let sync = || disk::sync_folder(folder).map_err(|error| (folder.to_owned(), error));
        for Placed { name, replaces } in &self.manifests {
            if let (Some(hash), true) = (replaces, staging.join(name).exists()) {
                remove_if(&folder.join(name), hash, when)?;
            }
        }
        self.removed.iter().try_for_each(|file| remove_if(&folder.join(&file.name), &file.xxh3, when))?;
        sync()?;
        self.files.iter().try_for_each(|placed| placed.put(&staging, folder, when))?;
        sync()?;
        self.manifests.iter().try_for_each(|placed| placed.put(&staging, folder, when))?;
        sync()
    }
}

/// The command that has begun to put `path` in place, or to remove it, and has not finished: it goes on, or was killed.
pub fn unfinished_command(path: &Path) -> Option<String> {
    let journal = Journal::read(path.parent()?)?;
    let is_in_it = journal.names().any(|name| path.file_name() == Some(name.as_ref()));
    is_in_it.then_some(journal.command)
}

impl Placed {
    /// Renames it, unless that has been done, or somebody else's file has taken the place.
    fn put(&self, staging: &Path, folder: &Path, when: When) -> Result<(), Failed> {
        let (from, to) = (staging.join(&self.name), folder.join(&self.name));
        if !from.exists() {
            return Ok(());
        }
        if when == When::Later {
            let now = hash_of(&to).map_err(|error| (to.clone(), error))?;
            if now.is_some() && now != self.replaces {
                return Ok(());
            }
        }
        disk::rename(&from, &to).map_err(|error| (to, error))
    }
}

/// Removes the file if it has that hash.
fn remove_if(path: &Path, hash: &str, when: When) -> Result<(), Failed> {
    let removed = match when {
        When::AtOnce => disk::remove_file(path),
        When::Later => match hash_of(path) {
            Ok(Some(now)) if now == hash => disk::remove_file(path),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        },
    };
    removed.map_err(|error| (path.to_owned(), error))
}
