//! Runs of commands that leave small texts, for the tests of the output folder.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::*;
use crate::report::manifest::Manifest;
use crate::report::result_file::hash_of;

pub fn create(folder: impl Into<PathBuf>) -> Result<OutputDir, OutputError> {
    OutputDir::create(folder, "scan")
}

/// Ends a run of `scan`.
pub fn finish(out: &OutputDir) -> Result<(), OutputError> {
    finish_as("scan", out, &["old.csv"])
}

fn finish_as(command: &'static str, out: &OutputDir, stale: &[&str]) -> Result<(), OutputError> {
    let stale: Vec<String> = stale.iter().map(|name| (*name).to_owned()).collect();
    Manifest { command, ..Manifest::new() }.write(out, &stale)
}

/// Writes files of a name and a text each, and ends the run.
pub fn run(folder: &Path, command: &'static str, files: &[(&str, &str)]) -> Result<(), OutputError> {
    let out = OutputDir::create(folder, command)?;
    files.iter().try_for_each(|(name, content)| out.write_atomic(name, |file| file.write_all(content.as_bytes())))?;
    finish_as(command, &out, &["a.csv", "old.csv", "plot.svg", "inspect/kept.txt", "inspect/old.txt"])
}

pub fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// All files of a folder, and of folders in it, but manifests, which have times in them, with their content. An empty
/// folder has a slash after its name.
pub fn contents(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for name in names_in(folder).into_iter().filter(|name| !name.ends_with(".json") && !name.starts_with('.')) {
        let path = folder.join(&name);
        if !path.is_dir() {
            found.insert(name, fs::read_to_string(path).unwrap());
            continue;
        }
        let below = contents(&path);
        if below.is_empty() {
            found.insert(format!("{name}/"), String::new());
        }
        found.extend(below.into_iter().map(|(file, content)| (format!("{name}/{file}"), content)));
    }
    found
}

/// Every file that a manifest names is there with its hash.
pub fn assert_whole(folder: &Path, when: &str) {
    for (name, manifest) in OwnResults::read(folder).manifests() {
        for file in manifest.files() {
            let now = hash_of(&folder.join(&file.name)).unwrap();
            assert_eq!(now.as_ref(), Some(&file.xxh3), "{when}: {file:?} of {name}");
        }
    }
}

/// For maps of names and contents.
pub fn owned((name, content): (&str, &str)) -> (String, String) {
    (name.to_owned(), content.to_owned())
}
