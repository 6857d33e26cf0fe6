//! Lists of paths, one a line, from a file or from standard input.

use std::collections::HashSet;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use super::links::broken_link;
use super::listing::{ListError, Listing, Skipped, SourceFile, finish};
use super::skip::{SkipReason, plain_io_message};
use super::walk::{Found, tell};

/// Bytes of the longest line that may be a path.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// Reads a list of paths, one a line; blank lines are ignored. The key of an image is its line as given. The order of
/// the lines does not matter, and a path that is listed twice (up to `./`) counts once.
///
/// `name` is what messages call the list. Relative paths start at the current folder.
///
/// # Errors
///
/// If the list cannot be read, is no text of lines, or names no image at all. A missing file is an entry of
/// [`Listing::skipped`].
pub fn list_from_reader(mut reader: impl BufRead, name: &str) -> Result<Listing, ListError> {
    let mut listing = Listing::default();
    let mut first_ignored = None;
    let mut taken = HashSet::new();
    let mut line = Vec::new();
    let unreadable = |message| ListError::UnreadableList { name: name.to_owned(), message };
    for number in 1.. {
        line.clear();
        let n_read = reader.by_ref().take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut line);
        let n_read = n_read.map_err(|e| unreadable(plain_io_message(&e)))?;
        if n_read == 0 {
            break;
        }
        if n_read as u64 > MAX_LINE_BYTES {
            let message = format!("line {number} is longer than any path; give a text with one path a line");
            return Err(unreadable(message));
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let Ok(key) = std::str::from_utf8(text).map(str::to_owned) else {
            let path = String::from_utf8_lossy(text).into_owned();
            listing.skipped.push(Skipped { path, reason: SkipReason::NotUtf8.to_string() });
            continue;
        };
        if !taken.insert(without_dots(Path::new(&key))) {
            continue;
        }
        match look_at(PathBuf::from(&key)) {
            Found::Image(path) => listing.files.push(SourceFile { key, path }),
            Found::Bad(_, reason) => listing.skipped.push(Skipped { path: key, reason: reason.to_string() }),
            Found::Other(_) | Found::OwnOutput(_) => {
                listing.n_ignored += 1;
                first_ignored.get_or_insert(key);
            }
        }
    }
    finish(listing, name, first_ignored)
}

fn look_at(path: PathBuf) -> Found {
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Found::Bad(path, SkipReason::Folder),
        Ok(metadata) => tell(metadata.file_type(), path),
        Err(error) => {
            let reason = broken_link(&path).unwrap_or_else(|| SkipReason::from_io(&error));
            Found::Bad(path, reason)
        }
    }
}

/// The path without its `.` parts.
fn without_dots(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
}
