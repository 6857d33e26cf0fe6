//! The moment at which a run's results take the place of older ones, and why no kill can leave a mixture.
//!
//! # How results are put in place
//!
//! All files of a run, its manifest too, lie complete and synced in the staging folder. Then, under the folder's lock:
//!
//! 1. the journal is written and synced: which file goes where, and the hash of what it replaces;
//! 2. the old manifests that would no longer be true are removed, and the files that only an older run left;
//! 3. the folder is synced, here and below with its folders of results;
//! 4. the files are renamed to their places, for which folders of results are made where missing; those of them that
//!    step 2 left empty are removed; the folder is synced;
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
//! if it had been put there after the run; the manifest then names a file that has changed. A link or a file in place
//! of a folder of results is somebody else's, too, and what a link leads to is not looked at.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk;
use super::result_file::{ResultFile, hash_of};
use super::result_name::{folders_of, is_result_name, place_of};
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
        let leads_out = [folder.join(WORKSHOP), staging_of(folder)].iter().any(|path| path.is_symlink());
        let journal: Self = serde_json::from_slice(&read_regular(&folder.join(WORKSHOP).join(NAME)).ok()?).ok()?;
        let is_sound = journal.names().all(is_result_name) && !leads_out;
        is_sound.then_some(journal)
    }

    /// All names in it.
    fn names(&self) -> impl Iterator<Item = &str> + Clone {
        let placed = self.files.iter().chain(&self.manifests).map(|placed| placed.name.as_str());
        placed.chain(self.names_removed())
    }

    fn names_removed(&self) -> impl Iterator<Item = &str> + Clone {
        self.removed.iter().map(|file| file.name.as_str())
    }

    /// Returns when the names in `root`, and in its folders of results, are on the disk.
    fn sync(&self, root: &Path) -> Result<(), Failed> {
        let below = folders_of(self.names()).map(|name| root.join(name)).filter(|path| path.is_dir());
        let mut all = below.chain([root.to_owned()]);
        all.try_for_each(|path| disk::sync_folder(&path).map_err(|error| (path, error)))
    }

    /// Writes it, after which it holds: the staging folder and all above it are synced, too. Names that lead out of
    /// the folder are an error.
    pub fn write(&self, folder: &Path) -> Result<(), Failed> {
        if let Some(name) = self.names().find(|name| !is_result_name(name)) {
            return Err((folder.join(name), io::Error::new(ErrorKind::InvalidInput, "no result is called so")));
        }
        let workshop = folder.join(WORKSHOP);
        let (unfinished, path) = (workshop.join(UNFINISHED), workshop.join(NAME));
        self.sync(&staging_of(folder))?;
        let write = || {
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
        for Placed { name, replaces } in &self.manifests {
            if let (Some(hash), true) = (replaces, staging.join(name).exists()) {
                remove_if(folder, name, hash, when)?;
            }
        }
        self.removed.iter().try_for_each(|file| remove_if(folder, &file.name, &file.xxh3, when))?;
        self.sync(folder)?;
        self.files.iter().try_for_each(|placed| placed.put(&staging, folder, when))?;
        for path in folders_of(self.names_removed()).map(|name| folder.join(name)) {
            disk::remove_empty_folder(&path).map_err(|error| (path, error))?;
        }
        self.sync(folder)?;
        self.manifests.iter().try_for_each(|placed| placed.put(&staging, folder, when))?;
        self.sync(folder)
    }
}

/// The command that has begun to put `path` in place, or to remove it, and has not finished: it goes on, or was killed.
pub fn unfinished_command(path: &Path) -> Option<String> {
    let of_folder = |folder: &Path| {
        let journal = Journal::read(folder)?;
        let is_in_it = journal.names().any(|name| folder.join(name) == path);
        is_in_it.then_some(journal.command)
    };
    path.ancestors().skip(1).take(2).find_map(of_folder)
}

impl Placed {
    /// Renames it, unless that has been done, or somebody else's file has taken the place.
    fn put(&self, staging: &Path, folder: &Path, when: When) -> Result<(), Failed> {
        let (Some(from), Some(to)) = (place(staging, &self.name, when)?, place(folder, &self.name, when)?) else {
            return Ok(());
        };
        if !from.exists() {
            return Ok(());
        }
        if when == When::Later {
            let now = hash_of(&to).map_err(|error| (to.clone(), error))?;
            if now.is_some() && now != self.replaces {
                return Ok(());
            }
        }
        let below = to.parent().filter(|parent| *parent != folder);
        below.map_or(Ok(()), disk::make_folder).and_then(|()| disk::rename(&from, &to)).map_err(|error| (to, error))
    }
}

/// Where the result `name` is, or is to be; none if somebody has put something in place of its folder since the run
/// that is finished here.
fn place(root: &Path, name: &str, when: When) -> Result<Option<PathBuf>, Failed> {
    match place_of(root, name) {
        Err(error) if when == When::Later && error.kind() == ErrorKind::NotADirectory => Ok(None),
        found => found.map(Some).map_err(|error| (root.join(name), error)),
    }
}

/// Removes the file if it has that hash.
fn remove_if(folder: &Path, name: &str, hash: &str, when: When) -> Result<(), Failed> {
    let Some(path) = place(folder, name, when)? else { return Ok(()) };
    let removed = match when {
        When::AtOnce => disk::remove_file(&path),
        When::Later => match hash_of(&path) {
            Ok(Some(now)) if now == hash => disk::remove_file(&path),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        },
    };
    removed.map_err(|error| (path, error))
}
