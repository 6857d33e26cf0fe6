//! The entries below a folder, links followed, every folder entered once however many links lead to it.
//!
//! # Definition
//!
//! First come all folders that are there without links, then, in the byte order of their paths, the folders that links
//! lead to and that were not met before. So a link never changes the names of images that are there without it, and
//! folders that link to each other are listed once each. What a link is called is part of the path, as always. What a
//! run of specscan has not finished is not entered.

use std::collections::{BTreeMap, HashSet};
use std::fs::{FileType, Metadata};
use std::path::{Path, PathBuf};

use walkdir::{IntoIter, WalkDir};

use super::own_mark::WORKSHOP;
use super::skip::SkipReason;

/// A file or folder that was met.
#[derive(Debug)]
pub(super) struct Entry {
    path: PathBuf,
    /// Of what a link leads to.
    file_type: FileType,
}

impl Entry {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn into_path(self) -> PathBuf {
        self.path
    }

    pub fn file_type(&self) -> FileType {
        self.file_type
    }
}

/// What cannot be entered, or leads nowhere.
#[derive(Debug)]
pub(super) struct BadEntry {
    pub path: PathBuf,
    pub reason: SkipReason,
}

/// Everything below `folder`, itself first, with its depth; files of one folder directly follow each other or the
/// folders between them.
pub(super) fn entries(folder: &Path) -> impl Iterator<Item = (usize, Result<Entry, BadEntry>)> {
    Entries { walk: WalkDir::new(folder).into_iter(), depth: 0, links: BTreeMap::new(), entered: HashSet::new() }
}

struct Entries {
    walk: IntoIter,
    /// Depth of the folder that is being walked.
    depth: usize,
    /// Links to folders that are still to be entered, with their depths.
    links: BTreeMap<PathBuf, usize>,
    entered: HashSet<FolderId>,
}

/// What tells a folder from all others.
#[cfg(unix)]
type FolderId = (u64, u64);
#[cfg(not(unix))]
type FolderId = PathBuf;

#[cfg(unix)]
fn folder_id(_: &Path, metadata: &Metadata) -> FolderId {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn folder_id(path: &Path, _: &Metadata) -> FolderId {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

impl Iterator for Entries {
    type Item = (usize, Result<Entry, BadEntry>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(found) = self.walk.next() else {
                let (link, depth) = self.links.pop_first()?;
                (self.walk, self.depth) = (WalkDir::new(link).into_iter(), depth);
                continue;
            };
            let entry = match found {
                Ok(entry) => entry,
                Err(error) => return Some((self.depth + error.depth(), Err(bad_entry(&error)))),
            };
            let (depth, file_type) = (self.depth + entry.depth(), entry.file_type());
            // The folder that is walked may be given by a link, and is entered all the same.
            let is_link = entry.path_is_symlink() && entry.depth() > 0;
            let is_unfinished = entry.depth() > 0 && entry.file_name() == WORKSHOP;
            let path = entry.into_path();
            if is_unfinished && file_type.is_dir() {
                self.walk.skip_current_dir();
                continue;
            }
            if file_type.is_file() {
                return Some((depth, Ok(Entry { path, file_type })));
            }
            let metadata = match std::fs::metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) => {
                    let reason = broken_link(&path).unwrap_or_else(|| SkipReason::from_io(&error));
                    return Some((depth, Err(BadEntry { path, reason })));
                }
            };
            if metadata.is_dir() && is_link {
                if let Some(ancestor) = same_ancestor(&path, &metadata) {
                    let ancestor = ancestor.to_string_lossy().into_owned();
                    return Some((depth, Err(BadEntry { path, reason: SkipReason::LinkLoop { ancestor } })));
                }
                self.links.insert(path, depth);
                continue;
            }
            if metadata.is_dir() && !self.entered.insert(folder_id(&path, &metadata)) {
                self.walk.skip_current_dir();
                continue;
            }
            return Some((depth, Ok(Entry { path, file_type: metadata.file_type() })));
        }
    }
}

/// The folder above `path` that is the one of `metadata`.
fn same_ancestor<'a>(path: &'a Path, metadata: &Metadata) -> Option<&'a Path> {
    let id = folder_id(path, metadata);
    let is_it = |folder: &&Path| std::fs::metadata(folder).is_ok_and(|metadata| folder_id(folder, &metadata) == id);
    path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).find(is_it)
}

/// What the walk could not enter.
fn bad_entry(error: &walkdir::Error) -> BadEntry {
    let path = error.path().map(Path::to_path_buf).unwrap_or_default();
    let reason = match error.io_error() {
        Some(io) => broken_link(&path).unwrap_or_else(|| SkipReason::from_io(io)),
        None => SkipReason::Unreadable { message: error.to_string() },
    };
    BadEntry { path, reason }
}

/// Whether links lead to each other and to no file.
fn is_loop(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(libc::ELOOP);
    #[cfg(not(unix))]
    return false;
}

/// The reason for a link that leads nowhere, if `path` is one.
pub(super) fn broken_link(path: &Path) -> Option<SkipReason> {
    let is_link = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_symlink());
    let error = std::fs::metadata(path).err().filter(|_| is_link)?;
    match error.kind() {
        std::io::ErrorKind::NotFound => Some(SkipReason::DanglingLink),
        _ if is_loop(&error) => Some(SkipReason::LinkLoop { ancestor: "itself".to_owned() }),
        _ => None,
    }
}
