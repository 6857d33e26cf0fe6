//! How a run fills its files: in the staging folder, each whole or not at all.

use std::error::Error;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::OutputDir;
use crate::report::disk::{self, DiskFile};
use crate::report::output_error::OutputError;
use crate::report::result_name::is_result_name;

/// What fills a file.
pub type Sink = BufWriter<DiskFile>;

/// What a file is to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Result,
    Sample,
    Amended,
}

impl OutputDir {
    /// Writes the file `name` as a whole: `fill` produces its content.
    ///
    /// # Errors
    ///
    /// [`OutputError::Content`] with the error of `fill`; [`OutputError::Write`] if the system refused;
    /// [`OutputError::BadName`]; [`OutputError::Foreign`].
    pub fn write_atomic<E>(&self, name: &str, fill: impl FnOnce(&mut Sink) -> Result<(), E>) -> Result<(), OutputError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.write_as(Kind::Result, name, fill)
    }

    /// As [`OutputDir::write_atomic`], of one image of many, which is listed among the samples.
    ///
    /// # Errors
    ///
    /// As [`OutputDir::write_atomic`].
    pub fn write_sample<E>(&self, name: &str, fill: impl FnOnce(&mut Sink) -> Result<(), E>) -> Result<(), OutputError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.write_as(Kind::Sample, name, fill)
    }

    /// As [`OutputDir::write_atomic`], of the manifest of another command.
    pub(in crate::report) fn write_amended<E>(
        &self,
        name: &str,
        fill: impl FnOnce(&mut Sink) -> Result<(), E>,
    ) -> Result<(), OutputError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.write_as(Kind::Amended, name, fill)
    }

    fn write_as<E>(
        &self,
        kind: Kind,
        name: &str,
        fill: impl FnOnce(&mut Sink) -> Result<(), E>,
    ) -> Result<(), OutputError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut staged = self.stage_as(kind, name)?;
        fill(&mut staged.writer)
            .map_err(|source| OutputError::Content { path: staged.path(), source: source.into() })?;
        staged.commit()
    }

    /// Opens a file that is filled during a long run.
    ///
    /// # Errors
    ///
    /// [`OutputError::Write`] if it cannot be made; [`OutputError::BadName`]; [`OutputError::Foreign`] if a file of
    /// that name is there that no run of specscan wrote.
    pub fn stage(&self, name: &str) -> Result<StagedFile, OutputError> {
        self.stage_as(Kind::Result, name)
    }

    fn stage_as(&self, kind: Kind, name: &str) -> Result<StagedFile, OutputError> {
        if !is_result_name(name) {
            return Err(OutputError::BadName { name: name.to_owned() });
        }
        self.check_free([name.to_owned()])?;
        let path = self.staging().join(name);
        // Of a name with a folder.
        let made = if name.contains('/') { path.parent().map_or(Ok(()), disk::make_folder) } else { Ok(()) };
        match made.and_then(|()| DiskFile::create(&path)) {
            Ok(file) => Ok(StagedFile { writer: Sink::new(file), out: self.clone(), name: name.to_owned(), kind }),
            Err(source) => Err(OutputError::Write { path: self.path_of(name), source }),
        }
    }
}

/// A file being written to the staging folder. [`StagedFile::commit`] makes it one of the run's; otherwise it goes.
#[derive(Debug)]
pub struct StagedFile {
    writer: Sink,
    out: OutputDir,
    name: String,
    kind: Kind,
}

impl StagedFile {
    /// The path the file will have.
    pub fn path(&self) -> PathBuf {
        self.out.path_of(&self.name)
    }

    /// Flushes and syncs the file, which then takes its place with all others of the run.
    ///
    /// # Errors
    ///
    /// [`OutputError::Write`].
    pub fn commit(self) -> Result<(), OutputError> {
        let path = self.path();
        let Self { writer, out, name, kind } = self;
        let finished = writer.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync());
        finished.map_err(|source| OutputError::Write { path, source })?;
        out.shared.complete().add(kind, name);
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
