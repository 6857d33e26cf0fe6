//! What specscan itself wrote: its plots are no photographs.
//!
//! # Definition
//!
//! Every command leaves a manifest, `<command>.json`, that names the files it wrote, and of its earlier runs those that
//! were still there. Other files in the folder are none of ours.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Commands that leave files; the manifest of each is called after it.
pub const COMMANDS: &[&str] = &[
    "blur-noise",
    "bounds",
    "covariance",
    "distance",
    "export",
    "fit-delta",
    "merge",
    "noise",
    "offset",
    "rapsd",
    "scan",
    "schedule",
    "schedule-fit-sampler",
    "schedule-sample",
    "snr",
];

/// Largest manifest that is read: larger files of that name are something else.
const MAX_MANIFEST_BYTES: u64 = 1 << 26;

/// The name of a command's manifest.
pub fn manifest_name(command: &str) -> String {
    format!("{command}.json")
}

/// What runs of specscan left in one folder.
#[derive(Debug, Default)]
pub struct OwnOutputs {
    /// By the names of their files.
    manifests: BTreeMap<String, Value>,
}

impl OwnOutputs {
    /// Reads all manifests in `folder`; what is none of ours is passed over.
    pub fn read(folder: &Path) -> Self {
        let names = COMMANDS.iter().map(|command| manifest_name(command));
        Self { manifests: names.filter_map(|name| Some((name.clone(), read(&folder.join(name))?))).collect() }
    }

    /// The manifest called `name`.
    pub fn manifest(&self, name: &str) -> Option<&Value> {
        self.manifests.get(name)
    }

    /// Whether the last run of another command than that of the manifest `name` calls `file` its own. Two commands
    /// write the same bytes of the same images, so that a hash does not tell whose a file is.
    pub fn is_of_another(&self, name: &str, file: &str) -> bool {
        let others = self.manifests.iter().filter(|(manifest, _)| *manifest != name);
        let mut results = others.flat_map(|(_, run)| list(run, "results"));
        results.any(|result| result.get("name").and_then(Value::as_str) == Some(file))
    }

    /// Names of the results, and of the manifests; none if this is no folder of results.
    pub fn files(&self) -> HashSet<String> {
        self.named("results").chain(self.manifests.keys().cloned()).collect()
    }

    /// Names of the noise samples: images where the folder itself is the input.
    pub fn samples(&self) -> HashSet<String> {
        self.named("samples").collect()
    }

    /// Names listed under `key`, of all runs.
    fn named(&self, key: &'static str) -> impl Iterator<Item = String> + '_ {
        let runs = self.manifests.values().flat_map(|last| std::iter::once(last).chain(list(last, "earlier_runs")));
        let files = runs.flat_map(move |run| list(run, key));
        files.filter_map(|file| file.get("name")?.as_str().map(str::to_owned))
    }
}

/// The entries of a list in a manifest; none if there is no such list.
fn list<'a>(manifest: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    manifest.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A manifest of specscan: the version tells it from other files of that name.
fn read(path: &Path) -> Option<Value> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_MANIFEST_BYTES {
        return None;
    }
    let manifest: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    (manifest.get("specscan_version").is_some() && manifest.get("results").is_some()).then_some(manifest)
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
    fn all_manifests_of_specscan_in_a_folder_are_read_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        let files = || {
            let mut files: Vec<String> = OwnOutputs::read(folder.path()).files().into_iter().collect();
            files.sort();
            files
        };
        for text in [r#"{"results": [{"name": "a.png"}]}"#, "not json", r#"{"specscan_version": "1"}"#, "[]"] {
            write("scan.json", text);
            assert_eq!(files(), [""; 0], "{text}");
        }
        write("scan.json", r#"{"specscan_version": "1", "results": [{"name": "a.png"}]}"#);
        write("other.json", r#"{"specscan_version": "1", "results": [{"name": "x.png"}]}"#);
        assert_eq!(files(), ["a.png", "scan.json"]);
        let noise = r#"{"specscan_version": "1", "results": [], "samples": [{"name": "n.png"}],
            "earlier_runs": [{"results": [{"name": "b.svg"}], "samples": [{"name": "m.png"}]}]}"#;
        write("noise.json", noise);
        assert_eq!(files(), ["a.png", "b.svg", "noise.json", "scan.json"]);
        assert_eq!(OwnOutputs::read(folder.path()).samples(), ["m.png", "n.png"].map(str::to_owned).into());
    }
}
