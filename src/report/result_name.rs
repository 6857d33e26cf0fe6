//! Names of results: of files in the output folder itself, or in one of its folders of results; of nothing else.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use crate::dataset::RESULT_FOLDERS;

/// Whether `name` is one ordinary path component, or one of [`RESULT_FOLDERS`], a slash and one such component.
pub(super) fn is_result_name(name: &str) -> bool {
    match name.split_once('/') {
        Some((folder, file)) => RESULT_FOLDERS.contains(&folder) && is_plain(file),
        None => is_plain(name) && !RESULT_FOLDERS.contains(&name),
    }
}

fn is_plain(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(only)), None) if only == name)
}

/// Those of [`RESULT_FOLDERS`] in which any of the results `names` lies.
pub(super) fn folders_of<'a>(names: impl Iterator<Item = &'a str> + Clone) -> impl Iterator<Item = &'static str> {
    let is_in = |name: &str, folder: &str| name.split_once('/').is_some_and(|(first, _)| first == folder);
    RESULT_FOLDERS.into_iter().filter(move |folder| names.clone().any(|name| is_in(name, folder)))
}

/// Where the result `name` is, or is to be, below `root`.
///
/// # Errors
///
/// [`ErrorKind::NotADirectory`] if a file or a link stands in place of its folder: what a link leads to is not ours.
pub(super) fn place_of(root: &Path, name: &str) -> io::Result<PathBuf> {
    if let Some((folder, _)) = name.split_once('/') {
        match fs::symlink_metadata(root.join(folder)) {
            Ok(metadata) if !metadata.is_dir() => return Err(ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(root.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_level_below_a_folder_of_results_and_no_other_place() {
        for name in ["a.csv", "inspect/soft.txt", "inspect.csv", "inspect/.hidden"] {
            assert!(is_result_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "../up",
            "/tmp/x",
            "a/",
            "a/b.csv",
            "inspect",
            "inspect/",
            "inspect/.",
            "inspect/..",
            "inspect//x",
            "inspect/a/b",
            "inspect/../x",
            "./inspect/x",
            "/inspect/x",
            "x/inspect/y",
            ".specscan/lock",
            ".specscan/journal.json",
        ] {
            assert!(!is_result_name(name), "{name}");
        }
        assert_eq!(folders_of(["a.csv", "inspect/a", "inspect/b"].into_iter()).collect::<Vec<_>>(), ["inspect"]);
        assert_eq!(folders_of(["a.csv", "inspect"].into_iter()).count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_and_no_file_is_a_folder_of_results() {
        let root = tempfile::tempdir().expect("a folder");
        let (name, folder) = ("inspect/soft.txt", root.path().join("inspect"));
        let is_refused = || place_of(root.path(), name).is_err_and(|error| error.kind() == ErrorKind::NotADirectory);
        assert!(!is_refused(), "one that is missing may be made");
        fs::write(&folder, "").expect("a file");
        assert!(is_refused());
        fs::remove_file(&folder).expect("removed");
        for target in [root.path(), Path::new("nowhere")] {
            std::os::unix::fs::symlink(target, &folder).expect("a link");
            assert!(is_refused(), "{}", target.display());
            fs::remove_file(&folder).expect("removed");
        }
        fs::create_dir(&folder).expect("a folder");
        assert_eq!(place_of(root.path(), name).expect("a place"), folder.join("soft.txt"));
    }
}
