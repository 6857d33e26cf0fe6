//! What is in a folder of results: which of them are whole, and what a run that did not end has left.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::Serialize;
use serde_json::Value;

use super::folder_lock::{Holder, holder_of};
use super::journal::{Journal, staging_of};
use super::own_results::{OwnResults, PastRun};
use crate::dataset::{RESULT_FOLDERS, WORKSHOP, key_of_path};

/// A folder that commands have written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FolderState {
    /// The folder.
    pub folder: PathBuf,
    /// What each command left, by the names of the commands.
    pub commands: Vec<CommandState>,
    /// What is not finished.
    pub unfinished: Option<Unfinished>,
    /// Folders in it that commands have written to, as `--by-input` makes them.
    pub folders: Vec<String>,
}

/// The results of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandState {
    /// The command.
    pub command: String,
    /// Its last command line, without the program's name.
    pub arguments: Vec<String>,
    /// When it ended, seconds since 1970, by the clock of the file system.
    pub ended_unix_s: Option<u64>,
    /// Files that its manifest names, those of earlier runs too.
    pub n_files: usize,
    /// Their size.
    pub n_bytes: u64,
    /// Whether it came to an answer; without one its files are lists of what it could not use.
    pub answered: bool,
    /// Whether all of them are there as they were written.
    pub whole: bool,
    /// Those that are not there.
    pub missing: Vec<String>,
    /// Those that have other content, or cannot be read.
    pub changed: Vec<String>,
    /// Files that it wrote and another command has written over since: they are results of that one now.
    pub replaced: Vec<String>,
}

/// What a run that goes on, or was killed, has in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// Whether a run goes on.
    pub running: bool,
    /// Which, if it can be told.
    pub run: Option<Holder>,
    /// The command that was killed while its results were put in place: the next run into the folder finishes that.
    pub finishes: Option<String>,
    /// Files that wait.
    pub n_files: usize,
    /// Their size.
    pub n_bytes: u64,
}

impl FolderState {
    /// Reads all manifests in `folder` and the files that they name.
    pub fn read(folder: &Path) -> Self {
        let own = OwnResults::read(folder);
        let commands = own.manifests().map(|(name, manifest)| CommandState::read(folder, name, manifest)).collect();
        let mut state =
            Self { folder: folder.to_owned(), commands, unfinished: Unfinished::read(folder), folders: Vec::new() };
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let written = entries.filter(|entry| OwnResults::read(&entry.path()).manifests().next().is_some());
        state.folders = written.map(|entry| key_of_path(entry.file_name().as_ref())).collect();
        state.folders.sort();
        state
    }

    /// Whether a run was killed while its results were put in place.
    pub fn is_half_replaced(&self) -> bool {
        self.unfinished.as_ref().is_some_and(|unfinished| !unfinished.running && unfinished.finishes.is_some())
    }

    /// Whether all results are there as they were written, and none is about to be replaced.
    pub fn is_whole(&self) -> bool {
        self.commands.iter().all(|command| command.whole) && !self.is_half_replaced()
    }
}

impl CommandState {
    fn read(folder: &Path, name: &str, manifest: &PastRun) -> Self {
        let modified = std::fs::metadata(folder.join(name)).and_then(|metadata| metadata.modified()).ok();
        let arguments = manifest.rest.get("arguments").and_then(Value::as_array).into_iter().flatten();
        let mut state = Self {
            command: manifest.rest.get("command").and_then(Value::as_str).unwrap_or(name).to_owned(),
            arguments: arguments.filter_map(|word| Some(word.as_str()?.to_owned())).collect(),
            ended_unix_s: modified.and_then(|time| Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())),
            n_files: 0,
            n_bytes: 0,
            answered: manifest.rest.get("answered").and_then(Value::as_bool).unwrap_or(true),
            whole: true,
            missing: Vec::new(),
            changed: Vec::new(),
            replaced: manifest.replaced.iter().map(|file| file.name.clone()).collect(),
        };
        for file in manifest.files() {
            state.n_files += 1;
            state.n_bytes += file.n_bytes;
            match file.is_in(folder) {
                Ok(true) => {}
                Err(_) if !folder.join(&file.name).exists() => state.missing.push(file.name.clone()),
                Ok(_) | Err(_) => state.changed.push(file.name.clone()),
            }
        }
        state.whole = state.missing.is_empty() && state.changed.is_empty();
        state
    }
}

impl Unfinished {
    fn read(folder: &Path) -> Option<Self> {
        if !folder.join(WORKSHOP).is_dir() {
            return None;
        }
        let (holder, journal) = (holder_of(folder), Journal::read(folder));
        let staging = staging_of(folder);
        let folders = RESULT_FOLDERS.map(|name| staging.join(name)).into_iter().chain([staging]);
        let entries = folders.flat_map(|path| std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok));
        let files = entries.filter_map(|entry| entry.metadata().ok().filter(std::fs::Metadata::is_file));
        let sizes: Vec<u64> = files.map(|metadata| metadata.len()).collect();
        Some(Self {
            running: holder.is_some(),
            run: holder.flatten(),
            finishes: journal.map(|journal| journal.command),
            n_files: sizes.len(),
            n_bytes: sizes.iter().sum(),
        })
    }
}
