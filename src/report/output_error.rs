//! Why the output folder, or a file in it, could not be written, and what to do about it.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::folder_lock::Holder;

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
    /// Another run writes to the folder.
    #[error(
        "the output folder `{}` is being written to by {}; wait until that has ended, or choose another folder with \
         --out", folder.display(), named(holder)
    )]
    Busy {
        /// The folder.
        folder: PathBuf,
        /// The other run, if it can be told.
        holder: Option<Holder>,
    },
    /// Files in the place of unfinished results, with no sign that a run of specscan left them.
    #[error(
        "`{}` holds files, and nothing shows that specscan left them; move them elsewhere, or choose another folder \
         with --out", staging.display()
    )]
    ForeignStaging {
        /// The folder with the files.
        staging: PathBuf,
    },
    /// Files that no run of specscan wrote, or that were changed since, in the place of results.
    #[error(
        "the output folder `{}` holds {}, which no run of specscan wrote (or which was changed since); choose another \
         folder with --out, or replace what is there with --overwrite", folder.display(), names.join(", ")
    )]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What is in the way.
        names: Vec<String>,
    },
    /// A result would take the place of an input of its run.
    #[error(
        "`{}` is one of the inputs, and a result of that name would take its place (with --overwrite, too); choose \
         another folder with --out", path.display()
    )]
    IsInput {
        /// The input.
        path: PathBuf,
    },
    /// Results would get among the inputs of their run.
    #[error(
        "the folder `{}` is for results, and the input `{}` is in it: they would get among the images (with --overwrite, \
         too); choose another folder with --out", folder.display(), input.display()
    )]
    HoldsInput {
        /// The folder for results.
        folder: PathBuf,
        /// The first input in it.
        input: PathBuf,
    },
    /// A file name that would land outside the folder, or is no name at all.
    #[error("`{name}` is not a file name for the output folder; give a plain name without folders")]
    BadName {
        /// The name asked for.
        name: String,
    },
    /// A file name that the file system would refuse once the work is done.
    #[error(
        "the file name `{name}` has {} bytes, and {max_bytes} are possible; give a shorter one with --name, or \
         rename the input", name.len()
    )]
    LongName {
        /// The name asked for.
        name: String,
        /// Most bytes of a name.
        max_bytes: usize,
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
    #[error("cannot write `{}`; {}", path.display(), content_remedy(&**source))]
    Content {
        /// The file's final path.
        path: PathBuf,
        /// What the producer said.
        source: Box<dyn Error + Send + Sync>,
    },
}

fn named(holder: &Option<Holder>) -> String {
    holder.as_ref().map_or_else(|| "another run of specscan".to_owned(), Holder::to_string)
}

/// The same where the system's refusal is behind an error of what was to be written.
fn content_remedy(error: &(dyn Error + 'static)) -> &'static str {
    use ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let causes = std::iter::successors(Some(error), |cause: &&'_ (dyn Error + 'static)| (*cause).source());
    let mut kinds = causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let kind = kinds.find(|kind| matches!(kind, StorageFull | QuotaExceeded | ReadOnlyFilesystem | PermissionDenied));
    kind.map_or("nothing in the folder was changed", remedy)
}

/// What a user can do about an I/O failure on the output side.
pub(super) fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::PermissionDenied => "change its permissions or choose another folder with --out",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only; choose another folder with --out",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "there is no space left; free some or choose another folder with --out"
        }
        ErrorKind::Unsupported => "the file system cannot do that (it may lack file locks); choose another with --out",
        ErrorKind::NotADirectory => {
            "a file or a link stands in place of its folder; remove it or choose another folder with --out"
        }
        ErrorKind::IsADirectory => "a folder has that name; remove it or choose another folder with --out",
        _ => "choose another folder with --out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_remedy() {
        assert!(remedy(ErrorKind::PermissionDenied).contains("permissions"));
        assert!(remedy(ErrorKind::ReadOnlyFilesystem).contains("read-only"));
        assert!(remedy(ErrorKind::StorageFull).contains("space"));
        assert!(remedy(ErrorKind::NotADirectory).contains("a link stands"));
        assert!(remedy(ErrorKind::IsADirectory).contains("a folder has that name"));
        assert!(remedy(ErrorKind::Other).contains("--out"));
        for source in [csv::Error::from(io::Error::from(ErrorKind::StorageFull)).into(), "sums overflowed".into()] {
            let error = OutputError::Content { path: "a.csv".into(), source };
            let is_full = !error.to_string().contains("nothing in the folder");
            assert_eq!(is_full, error.to_string().contains("space"), "{error}");
        }
    }
}
