//! What specscan itself wrote: its plots are no photographs.
//!
//! # Definition
//!
//! A folder that results were written to holds a `run.json` of specscan, which names the files that this run and
//! earlier ones left there. Other files in it are none of ours.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The manifest a run leaves, as far as it matters here.
#[derive(serde::Deserialize)]
struct Manifest {
    /// Tells specscan's manifests from others of that name.
    #[serde(rename = "specscan_version")]
    _version: String,
    files: Vec<String>,
    #[serde(default)]
    earlier_files: Vec<String>,
    #[serde(default)]
    samples: Vec<String>,
}

/// Largest manifest that is read: larger files of that name are something else.
const MAX_MANIFEST_BYTES: u64 = 1 << 26;

/// Names of the noise samples that specscan wrote into `folder`: images where the folder itself is the input.
pub fn own_samples(folder: &Path) -> Vec<String> {
    read(folder).map(|manifest| manifest.samples).unwrap_or_default()
}

/// Names of the other files that specscan wrote into `folder`; none if it is no folder of results.
pub fn own_files(folder: &Path) -> Option<HashSet<String>> {
    let manifest = read(folder)?;
    let names = manifest.files.into_iter().chain(manifest.earlier_files);
    Some(names.chain(["run.json".to_owned()]).collect())
}

fn read(folder: &Path) -> Option<Manifest> {
    let path = folder.join("run.json");
    let metadata = std::fs::metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_MANIFEST_BYTES {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The first saved spectrum in `folder`, in byte order.
pub(super) fn spectrum_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|e| e == "spectrum")).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_manifest_of_specscan_makes_a_folder_of_results() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(own_files(folder.path()), None);
        for (text, names) in [
            (r#"{"files": ["a.png"]}"#, None),
            ("not json", None),
            (r#"{"specscan_version": "1", "files": ["a.png"]}"#, Some(vec!["a.png", "run.json"])),
            (
                r#"{"specscan_version": "1", "files": ["a.png"], "earlier_files": ["b.svg"]}"#,
                Some(vec!["a.png", "b.svg", "run.json"]),
            ),
        ] {
            std::fs::write(folder.path().join("run.json"), text).expect("written");
            let expected = names.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(own_files(folder.path()), expected, "{text}");
        }
    }
}
