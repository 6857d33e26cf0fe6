//! Lists of paths, one a line or between zero bytes, from a file or from standard input.

use std::collections::HashSet;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use super::array::{ArrayOptions, has_array_name};
use super::key::key_of;
use super::links::broken_link;
use super::list_error::ListError;
use super::listing::{ArrayFile, Listing, finish};
use super::skip::{SkipReason, plain_io_message};
use super::skipped::Skipped;
use super::source_file::SourceFile;
use super::walk::{Found, tell};

/// Bytes of the longest entry that may be a path.
const MAX_PATH_BYTES: u64 = 64 << 10;

/// How the paths of a list are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListFormat {
    /// Each ends in a line break, `\n` or `\r\n`.
    #[default]
    Lines,
    /// Each ends in a zero byte, as `find -print0` writes them: a name may hold anything else.
    Nul,
}

/// Reads a list of paths; empty lines are ignored, and a byte order mark before the first path. The key of an image is
/// its path as given. The order of the paths does not matter, and one that is listed twice (up to `./`) counts once.
///
/// `name` is what messages call the list. Relative paths start at the current folder.
///
/// # Errors
///
/// If the list cannot be read, has an entry longer than any path or zero bytes where lines are expected, or names no
/// image at all. A missing file is an entry of [`Listing::skipped`].
pub fn list_from_reader(
    mut reader: impl BufRead,
    name: &str,
    format: ListFormat,
    options: &ArrayOptions,
) -> Result<Listing, ListError> {
    let mut arrays = Vec::new();
    let mut listing = Listing::default();
    let mut first_ignored = None;
    let mut taken = HashSet::new();
    let mut entry = Vec::new();
    let unreadable = |message: String| ListError::UnreadableList { name: name.to_owned(), message };
    for i in 0.. {
        entry.clear();
        let end = if format == ListFormat::Nul { 0 } else { b'\n' };
        let n_read = reader.by_ref().take(MAX_PATH_BYTES + 1).read_until(end, &mut entry);
        let n_read = n_read.map_err(|e| unreadable(plain_io_message(&e)))?;
        if n_read == 0 {
            break;
        }
        if n_read as u64 > MAX_PATH_BYTES {
            let message = format!("entry {} is longer than any path; give a text with one path a line", i + 1);
            return Err(unreadable(message));
        }
        let bytes = path_bytes(&entry, format, i == 0);
        if bytes.contains(&0) {
            return Err(unreadable("there are zero bytes between its paths; add --null".to_owned()));
        }
        let path = path_of(bytes);
        if bytes.trim_ascii().is_empty() || !taken.insert(without_dots(&path)) {
            continue;
        }
        let key = key_of(bytes);
        match look_at(path) {
            Found::Image(path) => listing.files.push(SourceFile::new(key, path)),
            Found::Other(path) if has_array_name(&path) => {
                arrays.push(ArrayFile { key, path, is_given: true, input: 0 });
            }
            Found::Bad(_, reason) => listing.skipped.push(Skipped { path: key, reason }),
            found @ (Found::Other(_) | Found::OwnOutput(_)) => {
                if matches!(found, Found::OwnOutput(_)) {
                    listing.own_outputs.push(key.clone());
                }
                listing.n_ignored += 1;
                first_ignored.get_or_insert(key);
            }
        }
    }
    finish(listing, arrays, options, name, first_ignored)
}

/// An entry without its end and what precedes the first. Blanks stay: names may begin or end with them.
fn path_bytes(entry: &[u8], format: ListFormat, is_first: bool) -> &[u8] {
    let entry = if is_first { entry.strip_prefix(b"\xef\xbb\xbf").unwrap_or(entry) } else { entry };
    if format == ListFormat::Nul {
        return entry.strip_suffix(&[0]).unwrap_or(entry);
    }
    let line = entry.strip_suffix(b"\n").unwrap_or(entry);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    // Names are text here; what is none names no file, and is listed as missing.
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

fn look_at(path: PathBuf) -> Found {
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Found::Bad(path, SkipReason::Folder),
        Ok(metadata) => tell(metadata.file_type(), path, false),
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
