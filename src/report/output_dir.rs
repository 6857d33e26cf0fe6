//! The folder a run writes to: checked before the work starts, and filled with whole files only.
//!
//! # Invariants
//!
//! A file appears under its own name complete or not at all. It is written to a hidden temporary file in the same
//! folder, flushed, synced, and renamed over the old one; on any error, and when a writer is dropped unfinished, the
//! temporary file is removed. Files get the permissions the umask gives to ordinary files.

use std::collections::HashSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempPath;

use crate::dataset::OwnOutputs;

/// Why the output folder, or a file in it, could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Something that is not a folder has the folder's name, or the name of one of its parents.
    #[error("output folder `{}`: `{}` is a file, not a folder; remove it or choose another folder with --out", folder.display(), obstacle.display())]
    NotAFolder {
        /// The folder asked for.
        folder: PathBuf,
        /// The file in its way.
        obstacle: PathBuf,
    },
    /// The folder does not exist and could not be made.
    #[error("cannot create the output folder `{}`; {}", folder.display(), remedy(source.kind()))]
    Create {
        /// The folder asked for.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder is there, but files cannot be made in it.
    #[error("cannot write into the output folder `{}`; {}", folder.display(), remedy(source.kind()))]
    NotWritable {
        /// The folder asked for.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Files that no run of specscan wrote, in the place of results.
    #[error(
        "the output folder `{}` holds {}, which no run of specscan wrote; choose another folder with --out, or replace \
         what is there with --overwrite", folder.display(), names.join(", ")
    )]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What is in the way.
        names: Vec<String>,
    },
    /// A file name that would land outside the folder, or is no name at all.
    #[error("`{name}` is not a file name for the output folder; give a plain name without folders")]
    BadName {
        /// The name asked for.
        name: String,
    },
    /// A file name that the file system would refuse once the work is done.
    #[error(
        "the file name `{name}` has {} bytes, and {MAX_NAME_BYTES} are possible; give a shorter one with --name, or \
         rename the input", name.len()
    )]
    LongName {
        /// The name asked for.
        name: String,
    },
    /// A file could not be written, or not be given its name.
    #[error("cannot write `{}`; {}", path.display(), remedy(source.kind()))]
    Write {
        /// The file's final path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was to be written could not be produced.
    #[error("cannot write `{}`; the file was left as it was", path.display())]
    Content {
        /// The file's final path.
        path: PathBuf,
        /// What the producer said.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Longest name of a file: while it is written it has a dot before it and eleven characters behind, of 255 together.
const MAX_NAME_BYTES: usize = 255 - 12;

/// What a user can do about an I/O failure on the output side.
fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::PermissionDenied => "change its permissions or choose another folder with --out",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only; choose another folder with --out",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "there is no space left; free some or choose another folder with --out"
        }
        ErrorKind::IsADirectory => "a folder has that name; remove it or choose another folder with --out",
        _ => "choose another folder with --out",
    }
}

/// A folder that exists, can be written to, and remembers which files were put there.
///
/// Clones share the list of files.
#[derive(Debug, Clone)]
pub struct OutputDir {
    path: PathBuf,
    written: Arc<Mutex<Vec<String>>>,
    samples: Arc<Mutex<Vec<String>>>,
    /// What earlier runs left, as it was when this one began.
    own: Arc<OwnOutputs>,
    /// Names of those files: they may be replaced.
    replaceable: Arc<HashSet<String>>,
    /// Whether all others may be replaced, too.
    overwrite: bool,
}

impl OutputDir {
    /// Makes the folder and its parents where missing, and proves by a throw-away file that it can be written to.
    ///
    /// # Errors
    ///
    /// [`OutputError::NotAFolder`], [`OutputError::Create`] or [`OutputError::NotWritable`], before any long work.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, OutputError> {
        let folder = path.into();
        if let Some(obstacle) = first_non_folder(&folder) {
            return Err(OutputError::NotAFolder { folder, obstacle });
        }
        if let Err(source) = fs::create_dir_all(&folder) {
            return Err(OutputError::Create { folder, source });
        }
        let probe = temporary_in(&folder, "probe").and_then(|(_, probe)| probe.close());
        match probe {
            Ok(()) => {
                let own = OwnOutputs::read(&folder);
                let replaceable = own.files().into_iter().chain(own.samples()).collect();
                Ok(Self {
                    path: folder,
                    written: Arc::default(),
                    samples: Arc::default(),
                    own: Arc::new(own),
                    replaceable: Arc::new(replaceable),
                    overwrite: false,
                })
            }
            Err(source) => Err(OutputError::NotWritable { folder, source }),
        }
    }

    /// The same folder, in which files that no run of specscan wrote may be replaced, if `overwrite` says so.
    pub fn overwriting(self, overwrite: bool) -> Self {
        Self { overwrite, ..self }
    }

    /// Refuses to replace files of these names that no run of specscan wrote.
    ///
    /// # Errors
    ///
    /// [`OutputError::Foreign`] with all of them; [`OutputError::LongName`].
    pub fn check_free(&self, names: impl IntoIterator<Item = String>) -> Result<(), OutputError> {
        let names: Vec<String> = names.into_iter().collect();
        if let Some(name) = names.iter().find(|name| name.len() > MAX_NAME_BYTES) {
            return Err(OutputError::LongName { name: name.clone() });
        }
        let is_foreign = |name: &String| !self.overwrite && !self.may_replace(name) && self.path_of(name).exists();
        let names: Vec<String> = names.into_iter().filter(is_foreign).collect();
        if names.is_empty() { Ok(()) } else { Err(OutputError::Foreign { folder: self.path.clone(), names }) }
    }

    fn may_replace(&self, name: &String) -> bool {
        self.replaceable.contains(name) || self.written().contains(name)
    }

    /// What earlier runs left in it.
    pub fn own(&self) -> &OwnOutputs {
        &self.own
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path a file of that name has, or will have.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Names of the files completed so far, each once, in the order they were first completed.
    pub fn written(&self) -> Vec<String> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Names of the samples completed so far.
    pub fn samples(&self) -> Vec<String> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Removes the file `name` that an earlier run left, unless this one has written it.
    ///
    /// # Errors
    ///
    /// [`OutputError::Write`] if it is there and cannot be removed.
    pub fn remove_stale(&self, name: &str) -> Result<(), OutputError> {
        let path = self.path_of(name);
        if self.written().iter().any(|written| written == name) {
            return Ok(());
        }
        match fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(OutputError::Write { path, source }),
            _ => Ok(()),
        }
    }

    /// Writes the file `name` as a whole: `fill` produces its content, and only if it succeeds does the file appear
    /// (or replace the one there).
    ///
    /// `fill` may fail with any error; the file of that name, if any, then stays as it was.
    ///
    /// # Errors
    ///
    /// [`OutputError::Content`] with the error of `fill`; [`OutputError::Write`] if the system refused;
    /// [`OutputError::BadName`].
    pub fn write_atomic<E>(
        &self,
        name: &str,
        fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
    ) -> Result<(), OutputError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut staged = self.stage(name)?;
        fill(&mut staged.writer)
            .map_err(|source| OutputError::Content { path: staged.path.clone(), source: source.into() })?;
        staged.commit()
    }

    /// As [`OutputDir::write_atomic`], of one image of many, which is listed among the samples.
    ///
    /// # Errors
    ///
    /// As [`OutputDir::write_atomic`].
    pub fn write_sample<E>(
        &self,
        name: &str,
        fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
    ) -> Result<(), OutputError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self { written: Arc::clone(&self.samples), ..self.clone() }.write_atomic(name, fill)
    }

    /// Opens a file that is filled during a long run; it appears under its name when committed.
    ///
    /// # Errors
    ///
    /// [`OutputError::Write`] if the temporary file cannot be made; [`OutputError::BadName`]; [`OutputError::Foreign`]
    /// if a file of that name is there that no run of specscan wrote.
    pub fn stage(&self, name: &str) -> Result<StagedFile, OutputError> {
        if !is_plain_name(name) {
            return Err(OutputError::BadName { name: name.to_owned() });
        }
        self.check_free([name.to_owned()])?;
        let path = self.path_of(name);
        match temporary_in(&self.path, name) {
            Ok((file, temporary)) => Ok(StagedFile {
                writer: BufWriter::new(file),
                temporary,
                path,
                name: name.to_owned(),
                written: Arc::clone(&self.written),
            }),
            Err(source) => Err(OutputError::Write { path, source }),
        }
    }
}

/// A file being written under a temporary name. [`StagedFile::commit`] gives it its own; dropping it removes it.
#[derive(Debug)]
pub struct StagedFile {
    writer: BufWriter<File>,
    temporary: TempPath,
    path: PathBuf,
    name: String,
    written: Arc<Mutex<Vec<String>>>,
}

impl StagedFile {
    /// The path the file will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Flushes, syncs and renames the file to its own name.
    ///
    /// # Errors
    ///
    /// [`OutputError::Write`]; the temporary file is then removed and an older file of that name stays.
    pub fn commit(self) -> Result<(), OutputError> {
        let Self { writer, temporary, path, name, written } = self;
        let finished = writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .and_then(|()| temporary.persist(&path).map_err(|e| e.error));
        if let Err(source) = finished {
            return Err(OutputError::Write { path, source });
        }
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        if !written.contains(&name) {
            written.push(name);
        }
        Ok(())
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Seek for StagedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.writer.seek(to)
    }
}

/// A fresh hidden file in `folder`, removed when its path is dropped.
fn temporary_in(folder: &Path, name: &str) -> io::Result<(File, TempPath)> {
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    // Temporary files are private by default; results are not. The umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    Ok(builder.tempfile_in(folder)?.into_parts())
}

/// The nearest of `folder` and its parents that exists, if it is not a folder.
fn first_non_folder(folder: &Path) -> Option<PathBuf> {
    let nearest = folder.ancestors().find(|p| !p.as_os_str().is_empty() && fs::metadata(p).is_ok())?;
    (!nearest.is_dir()).then(|| nearest.to_owned())
}

/// Whether `name` is one ordinary path component, so that the file lands in the folder itself.
fn is_plain_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(only)), None) if only == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn parents_are_made_and_the_probe_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let out = OutputDir::create(root.path().join("a/b/c")).unwrap();
        assert!(out.path().is_dir());
        assert!(names_in(out.path()).is_empty());
        OutputDir::create(out.path()).unwrap();
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("taken");
        fs::write(&file, "x").unwrap();
        for folder in [file.clone(), file.join("below/it")] {
            let error = OutputDir::create(&folder).unwrap_err();
            assert!(matches!(&error, OutputError::NotAFolder { obstacle, .. } if *obstacle == file), "{error:?}");
            assert!(error.to_string().contains("--out"), "{error}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "x");
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_folder_is_refused_with_a_remedy() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("locked");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o555)).unwrap();
        if fs::write(folder.join("probe"), "").is_ok() {
            return; // The superuser may write anywhere, so there is nothing to see.
        }
        let here = OutputDir::create(&folder).unwrap_err();
        assert!(matches!(here, OutputError::NotWritable { .. }), "{here:?}");
        let below = OutputDir::create(folder.join("sub")).unwrap_err();
        assert!(matches!(below, OutputError::Create { .. }), "{below:?}");
        for error in [here, below] {
            let message = error.to_string();
            assert!(message.contains("locked") && message.contains("permissions"), "{message}");
        }
    }

    #[test]
    fn every_cause_has_its_remedy() {
        assert!(remedy(ErrorKind::PermissionDenied).contains("permissions"));
        assert!(remedy(ErrorKind::ReadOnlyFilesystem).contains("read-only"));
        assert!(remedy(ErrorKind::StorageFull).contains("space"));
        assert!(remedy(ErrorKind::IsADirectory).contains("a folder has that name"));
        assert!(remedy(ErrorKind::Other).contains("--out"));
    }

    #[test]
    fn a_written_file_replaces_the_old_one_and_is_listed_once() {
        let root = tempfile::tempdir().unwrap();
        let out = OutputDir::create(root.path()).unwrap();
        for text in ["first and longer", "second"] {
            out.write_atomic("table.csv", |w| w.write_all(text.as_bytes())).unwrap();
        }
        out.clone().write_atomic("b.csv", |w| w.write_all(b"b")).unwrap();
        assert_eq!(fs::read_to_string(out.path_of("table.csv")).unwrap(), "second");
        assert_eq!(out.written(), ["table.csv", "b.csv"]);
        assert_eq!(names_in(root.path()), ["b.csv", "table.csv"]);
    }

    #[test]
    fn a_failing_producer_leaves_the_old_file_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let out = OutputDir::create(root.path()).unwrap();
        out.write_atomic("table.csv", |w| w.write_all(b"old")).unwrap();
        let error = out
            .write_atomic("table.csv", |w| {
                w.write_all(&[b'n'; 100_000])?;
                Err(io::Error::other("the sums overflowed"))
            })
            .unwrap_err();
        assert!(matches!(error, OutputError::Content { .. }), "{error:?}");
        assert_eq!(error.source().unwrap().to_string(), "the sums overflowed");
        assert_eq!(fs::read_to_string(out.path_of("table.csv")).unwrap(), "old");
        assert_eq!(names_in(root.path()), ["table.csv"]);
        out.write_atomic("other", |_| Err(anyhow::anyhow!("any error type will do"))).unwrap_err();
    }

    #[test]
    fn a_folder_under_the_files_name_is_reported_and_nothing_is_left() {
        let root = tempfile::tempdir().unwrap();
        let out = OutputDir::create(root.path()).unwrap();
        fs::create_dir(out.path_of("table.csv")).unwrap();
        let error = out.write_atomic("table.csv", |w| w.write_all(b"x")).unwrap_err();
        assert!(error.to_string().contains("table.csv"), "{error}");
        assert_eq!(names_in(root.path()), ["table.csv"]);
        assert!(out.written().is_empty());
    }

    #[test]
    fn a_staged_file_appears_on_commit_and_vanishes_on_drop() {
        let root = tempfile::tempdir().unwrap();
        let out = OutputDir::create(root.path()).unwrap();
        let mut kept = out.stage("kept.csv").unwrap();
        let mut dropped = out.stage("dropped.csv").unwrap();
        kept.write_all(b"row\n").unwrap();
        dropped.write_all(b"row\n").unwrap();
        assert!(!kept.path().exists());
        drop(dropped);
        kept.commit().unwrap();
        assert_eq!(names_in(root.path()), ["kept.csv"]);
        assert_eq!(fs::read_to_string(out.path_of("kept.csv")).unwrap(), "row\n");
        assert_eq!(out.written(), ["kept.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn files_get_ordinary_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let out = OutputDir::create(root.path()).unwrap();
        fs::write(out.path_of("ordinary"), "").unwrap();
        out.write_atomic("ours", |w| w.write_all(b"x")).unwrap();
        let mode = |name: &str| fs::metadata(out.path_of(name)).unwrap().permissions().mode();
        assert_eq!(mode("ours"), mode("ordinary"));
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let out = OutputDir::create(root.path().join("in")).unwrap();
        for name in ["", ".", "..", "../up", "a/b", "/tmp/x", "a/"] {
            let error = out.write_atomic(name, |w| w.write_all(b"x")).unwrap_err();
            assert!(matches!(error, OutputError::BadName { .. }), "{name}: {error:?}");
        }
        assert_eq!(names_in(root.path()), ["in"]);
    }
}
