//! Walking a folder to the bottom and telling images from everything else.

use std::fs::FileType;
use std::path::{Path, PathBuf};

use super::links::{BadEntry, entries};
use super::open::special_kind;
use super::own_mark::OwnPicture;
use super::skip::SkipReason;
use super::sniff::{has_image_name, holds_image};

/// Something met on a walk.
#[derive(Debug)]
pub(super) enum Found {
    /// A file that is an image by its name or by its first bytes.
    Image(PathBuf),
    /// Any other regular file.
    Other(PathBuf),
    /// A plot or a noise sample of specscan's own.
    OwnOutput(PathBuf),
    /// Something that cannot be read.
    Bad(PathBuf, SkipReason),
}

impl Found {
    pub fn path(&self) -> &Path {
        match self {
            Self::Image(path) | Self::Other(path) | Self::OwnOutput(path) | Self::Bad(path, _) => path,
        }
    }
}

/// Everything below `folder`, links followed, in no particular order; nothing of what a run has not finished. Folders
/// are not reported, unless one has the name of an image and no image in it.
pub(super) fn walk(folder: &Path) -> impl Iterator<Item = Found> {
    let mut open_folders = OpenFolders::default();
    // A last step without an entry closes the folders that are still open.
    let entries = entries(folder).map(|(depth, entry)| (depth, Some(entry)));
    entries.chain(std::iter::once((0, None))).flat_map(move |(depth, entry)| {
        let mut found = open_folders.close_from(depth);
        match entry {
            None => {}
            Some(Err(BadEntry { path, reason })) => found.push(Found::Bad(path, reason)),
            Some(Ok(entry)) if entry.file_type().is_dir() => {
                let promises_image = depth > 0 && has_image_name(entry.path());
                open_folders.enter(promises_image.then(|| (depth, entry.into_path())));
            }
            Some(Ok(entry)) => {
                // Noise samples count as images only if their own folder is the input.
                let file = tell(entry.file_type(), entry.into_path(), depth > 1);
                if matches!(file, Found::Image(_)) {
                    open_folders.clear();
                }
                found.push(file);
            }
        }
        found
    })
}

/// Folders with the name of an image that the walk is inside of and in which it has met no image so far.
#[derive(Default)]
struct OpenFolders(Vec<(usize, PathBuf)>);

impl OpenFolders {
    /// The walk enters such a folder at this depth.
    fn enter(&mut self, entered: Option<(usize, PathBuf)>) {
        self.0.extend(entered);
    }

    /// An image was met: it lies in every one of them.
    fn clear(&mut self) {
        self.0.clear();
    }

    /// The walk has reached an entry of this depth: folders as deep or deeper are behind it.
    fn close_from(&mut self, depth: usize) -> Vec<Found> {
        let mut closed = Vec::new();
        while let Some((_, path)) = self.0.pop_if(|(open_depth, _)| *open_depth >= depth) {
            closed.push(Found::Bad(path, SkipReason::Folder));
        }
        closed
    }
}

/// Tells what an entry that is no folder is; noise samples are images unless `hides_samples`.
pub(super) fn tell(file_type: FileType, path: PathBuf, hides_samples: bool) -> Found {
    if !file_type.is_file() {
        // Sockets and pipes of programs that work in the folder are none of the set.
        if !has_image_name(&path) {
            return Found::Other(path);
        }
        let kind = special_kind(file_type);
        return Found::Bad(path, SkipReason::NotAFile { kind });
    }
    if has_image_name(&path) {
        return match OwnPicture::of_file(&path) {
            Some(OwnPicture::Plot) => Found::OwnOutput(path),
            Some(OwnPicture::Sample) if hides_samples => Found::OwnOutput(path),
            Some(OwnPicture::Sample) | None => Found::Image(path),
        };
    }
    match holds_image(&path) {
        Ok(true) => Found::Image(path),
        // Other files that cannot be opened do not matter.
        Ok(false) | Err(_) => Found::Other(path),
    }
}
