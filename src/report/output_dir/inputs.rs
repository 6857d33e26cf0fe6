//! No result takes the place of an input of its run, or gets among its inputs: `--overwrite` does not lift that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{OutputDir, OutputError};

impl OutputDir {
    /// Refuses results of these names if one would take the place of a file or folder among `inputs`, or if the folder
    /// below this one that it is for holds any of them. Links are followed.
    ///
    /// # Errors
    ///
    /// [`OutputError::IsInput`]; [`OutputError::HoldsInput`].
    pub fn check_spares<'a>(
        &self,
        names: &[String],
        inputs: impl IntoIterator<Item = &'a Path>,
    ) -> Result<(), OutputError> {
        // A folder that cannot be found is refused where it is written to.
        let Ok(out) = fs::canonicalize(self.path()) else { return Ok(()) };
        let places: BTreeMap<PathBuf, &String> = names.iter().map(|name| (out.join(name), name)).collect();
        let own =
            |name: &String| Path::new(name).parent().filter(|own| !own.as_os_str().is_empty()).map(Path::to_owned);
        let folders: BTreeMap<PathBuf, PathBuf> =
            names.iter().filter_map(own).map(|own| (out.join(&own), own)).collect();
        let taken: BTreeSet<&[u8]> = places.keys().chain(folders.keys()).filter_map(|place| name_of(place)).collect();
        let mut parents = Parents::new(|parent| folders.keys().any(|folder| parent.starts_with(folder)));
        for input in inputs {
            // Only a file of the same name, or in a folder for results, is asked where it really is: a million of
            // others are not.
            let is_like_one = |name: &[u8]| taken.contains(name) || parents.hold_results(input, name);
            let Some(place) = name_of(input).is_none_or(is_like_one).then(|| real_but_last(input)).flatten() else {
                continue;
            };
            if let Some((_, folder)) = folders.iter().find(|(folder, _)| place.starts_with(folder)) {
                return Err(OutputError::HoldsInput { folder: self.path().join(folder), input: input.to_owned() });
            }
            if let Some(name) = places.get(&place).or_else(|| places.get(&fs::canonicalize(input).ok()?)) {
                return Err(OutputError::IsInput { path: self.path_of(name) });
            }
        }
        Ok(())
    }
}

/// The folder of the last path, and whether it may be one for results: paths come folder by folder.
struct Parents<F> {
    is_for_results: F,
    last: Option<(Vec<u8>, bool)>,
}

impl<F: Fn(&Path) -> bool> Parents<F> {
    /// What tells a folder for results, by where it really is.
    fn new(is_for_results: F) -> Self {
        Self { is_for_results, last: None }
    }

    /// Whether the folder of `path`, which ends in `name`, may be one for results: it is, or cannot be found.
    fn hold_results(&mut self, path: &Path, name: &[u8]) -> bool {
        let bytes = path.as_os_str().as_encoded_bytes();
        let parent = &bytes[..bytes.len() - name.len()];
        match &self.last {
            Some((last, holds)) if last == parent => *holds,
            _ => {
                let holds = real_parent(path).is_none_or(|real| (self.is_for_results)(&real));
                self.last = Some((parent.to_owned(), holds));
                holds
            }
        }
    }
}

/// What follows the last separator, without looking at the parts before; none where that is no name.
fn name_of(path: &Path) -> Option<&[u8]> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let start = bytes.iter().rposition(|byte| std::path::is_separator(char::from(*byte))).map_or(0, |at| at + 1);
    // A drive stands before a name without a separator.
    Some(&bytes[start..]).filter(|name| !(matches!(*name, b"" | b"." | b"..") || cfg!(windows) && name.contains(&b':')))
}

/// Where the folder of a path really is; none if it is not there.
fn real_parent(path: &Path) -> Option<PathBuf> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::canonicalize(parent).ok()
}

/// The path with all links in it followed, but for the last part; none if its folder is not there.
fn real_but_last(path: &Path) -> Option<PathBuf> {
    match path.file_name() {
        Some(name) => Some(real_parent(path)?.join(name)),
        None => fs::canonicalize(path).ok(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn an_input_is_met_wherever_links_lead_to_it_and_others_are_not() {
        let scratch = tempfile::tempdir().expect("a folder");
        let at = |name: &str| scratch.path().join(name);
        for folder in ["out/inspect", "out/other", "images"] {
            fs::create_dir_all(at(folder)).expect("a folder");
        }
        for file in
            ["out/fit.png", "out/a.png", "out/inspect/b.png", "out/other/fit.png", "images/fit.png", "images/c.png"]
        {
            fs::write(at(file), "").expect("a file");
        }
        symlink(at("out"), at("to_out")).expect("a link");
        symlink(at("out/fit.png"), at("images/soft.txt")).expect("a link");
        let out = OutputDir::create(at("out"), "scan").expect("a folder");
        let names = ["fit.png".to_owned(), "soft.txt".to_owned(), "inspect/soft.png".to_owned()];
        let check = |inputs: &[&str]| {
            let inputs: Vec<PathBuf> = inputs.iter().map(|input| at(input)).collect();
            out.check_spares(&names, inputs.iter().map(PathBuf::as_path))
        };
        // Files of the same name elsewhere, other files beside the results, what is not there.
        let spared =
            ["images/c.png", "images/fit.png", "out/a.png", "out/other/fit.png", "out", "none/fit.png", "out/."];
        assert!(check(&spared).is_ok(), "{:?}", check(&spared));
        for taken in ["out/fit.png", "to_out/fit.png", "images/../out/fit.png", "images/soft.txt"] {
            // After others of its folder and of another, and before them.
            for inputs in [[&spared[..], &[taken]].concat(), [&["out/a.png", taken][..], &spared].concat()] {
                assert!(matches!(check(&inputs), Err(OutputError::IsInput { .. })), "{taken}: {:?}", check(&inputs));
            }
        }
        for within in ["out/inspect/b.png", "to_out/inspect/b.png", "out/inspect", "out/other/../inspect/b.png"] {
            let outcome = check(&["images/c.png", "out/a.png", within]);
            assert!(matches!(outcome, Err(OutputError::HoldsInput { .. })), "{within}: {outcome:?}");
        }
        // A folder as it was given, and then what lies in it.
        symlink(at("out/inspect"), at("to_inspect")).expect("a link");
        for folder in ["to_inspect/", "to_inspect/./", "out/inspect/"] {
            let outcome = check(&[folder, &format!("{folder}b.png")]);
            assert!(matches!(outcome, Err(OutputError::HoldsInput { .. })), "{folder}: {outcome:?}");
        }
    }
}
