//! Opening what may be anything: special files are told after they are opened, and nothing is read beyond its length.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::skip::SkipReason;

/// Opens a file and looks at what was opened: a name may have been given to something else since it was listed. A pipe
/// without a writer does not block.
pub(super) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// Opens a regular file that is not empty. Files whose content the system makes up have the length 0, and count
/// as empty.
pub(super) fn open_regular(path: &Path) -> Result<(File, Metadata), SkipReason> {
    let (file, metadata) = open(path).map_err(|error| SkipReason::from_io(&error))?;
    if metadata.is_dir() {
        return Err(SkipReason::Folder);
    }
    if !metadata.is_file() {
        return Err(SkipReason::NotAFile { kind: special_kind(metadata.file_type()) });
    }
    if metadata.len() == 0 { Err(SkipReason::Empty) } else { Ok((file, metadata)) }
}

/// Opens a regular file that is no image.
///
/// # Errors
///
/// If it cannot be opened, or is no regular file.
pub fn open_ordinary(path: &Path) -> io::Result<(File, Metadata)> {
    let (file, metadata) = open(path)?;
    if metadata.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    if metadata.is_file() { Ok((file, metadata)) } else { Err(io::Error::other("it is not a regular file")) }
}

/// Reads a regular file that is no image, at most as much as its length was.
///
/// # Errors
///
/// If it cannot be read, or is no regular file.
pub fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let (file, metadata) = open_ordinary(path)?;
    let mut bytes = Vec::new();
    file.take(metadata.len()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name of a kind of file that is neither a regular file nor a folder.
#[cfg(unix)]
pub(super) fn special_kind(file_type: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if file_type.is_fifo() {
        "named pipe"
    } else if file_type.is_socket() {
        "socket"
    } else {
        "device"
    }
}

/// The name of a kind of file that is neither a regular file nor a folder.
#[cfg(not(unix))]
pub(super) fn special_kind(_: FileType) -> &'static str {
    "special file"
}
