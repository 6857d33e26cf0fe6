//! What earlier runs of specscan left in a folder: the manifests, and the files that they name.
//!
//! # Definition
//!
//! Every command leaves a manifest, `<command>.json`, that names the files it wrote, and of its earlier runs those that
//! were still there. A file is a result if a manifest names it with the hash that it has; others are none of ours.
//! Manifests may be forged: names that lead out of the folder, which specscan never writes, are dropped when they are
//! read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use serde_json::Value;

use super::result_file::is_plain_name;
use crate::dataset::read_regular;

/// Commands that leave files; the manifest of each is called after it.
pub const COMMANDS: &[&str] = &[
    "blur-noise",
    "bounds",
    "check",
    "check-init",
    "compare",
    "covariance",
    "distance",
    "export",
    "fit-delta",
    "inspect",
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
pub struct OwnResults {
    /// By the names of their files.
    manifests: BTreeMap<String, Value>,
    /// Names and hashes of all files that they name.
    files: HashSet<(String, String)>,
}

impl OwnResults {
    /// Reads all manifests in `folder`; what is none of ours is passed over.
    pub fn read(folder: &Path) -> Self {
        let names = COMMANDS.iter().map(|command| manifest_name(command));
        let manifests = names.filter_map(|name| Some((name.clone(), read(&folder.join(name))?))).collect();
        let mut own = Self { manifests, files: HashSet::new() };
        let file = |file: &Value| Some((text(file, "name")?.to_owned(), text(file, "xxh3")?.to_owned()));
        own.files = own.named("results").chain(own.named("samples")).filter_map(file).collect();
        own
    }

    /// The manifest called `name`.
    pub fn manifest(&self, name: &str) -> Option<&Value> {
        self.manifests.get(name)
    }

    /// Whether the last run of another command than that of the manifest `name` calls `file` its own. Two commands
    /// write the same bytes of the same images, so that a hash does not tell whose a file is.
    pub fn is_of_another(&self, name: &str, file: &str) -> bool {
        let others = self.manifests.iter().filter(|(manifest, _)| *manifest != name);
        others.flat_map(|(_, run)| list(run, "results")).any(|result| text(result, "name") == Some(file))
    }

    /// All manifests with their names, in the order of the names.
    pub fn manifests(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.manifests.iter()
    }

    /// Whether the file `name` that has that hash is a result of specscan, or one of its manifests.
    pub fn is_own(&self, name: &str, xxh3: &str) -> bool {
        self.manifests.contains_key(name) || self.files.contains(&(name.to_owned(), xxh3.to_owned()))
    }

    /// Names of the noise samples, and of arrays of them.
    pub fn samples(&self) -> HashSet<String> {
        let name = |file: &Value| text(file, "name").map(str::to_owned);
        let arrays = self.named("results").filter_map(name).filter(|name| name.ends_with(".npy"));
        self.named("samples").filter_map(name).chain(arrays).filter(|name| name.starts_with("noise")).collect()
    }

    /// Files listed under `key`, of all runs.
    fn named(&self, key: &'static str) -> impl Iterator<Item = &Value> + '_ {
        self.manifests.values().flat_map(runs).flat_map(move |run| list(run, key))
    }

    /// Manifests of other commands than `own`'s that name files which are about to get another hash, without these:
    /// the newest run of each has them in its list `replaced`.
    pub fn without(&self, own: &str, new: &HashMap<&str, &str>) -> Vec<(String, Value)> {
        let is_lost = |file: &Value| {
            let hash = text(file, "name").and_then(|name| new.get(name));
            hash.is_some_and(|hash| text(file, "xxh3") != Some(hash))
        };
        let amended = |(name, manifest): (&String, &Value)| {
            let mut amended = manifest.clone();
            let mut lost = take_files(&mut amended, &is_lost);
            for run in amended.get_mut("earlier_runs").and_then(Value::as_array_mut).into_iter().flatten() {
                take_files(run, &is_lost);
            }
            if amended == *manifest {
                return None;
            }
            lost.splice(0..0, list(manifest, "replaced").cloned());
            amended.as_object_mut()?.insert("replaced".to_owned(), lost.into());
            Some((name.clone(), amended))
        };
        self.manifests.iter().filter(|(name, _)| *name != own).filter_map(amended).collect()
    }
}

/// Takes the files that are meant out of a run's lists.
fn take_files(run: &mut Value, is_meant: &impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut taken = Vec::new();
    for key in ["results", "samples"] {
        if let Some(files) = run.get_mut(key).and_then(Value::as_array_mut) {
            taken.extend(files.extract_if(.., |file| is_meant(file)));
        }
    }
    taken
}

/// A run and those before it, of one manifest.
pub fn runs(manifest: &Value) -> impl Iterator<Item = &Value> {
    std::iter::once(manifest).chain(list(manifest, "earlier_runs"))
}

/// The entries of a list in a manifest; none if there is no such list.
pub fn list<'a>(manifest: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    manifest.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A text in a manifest, or in the entry of a file.
pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// A manifest of specscan: the version tells it from other files of that name.
fn read(path: &Path) -> Option<Value> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_MANIFEST_BYTES {
        return None;
    }
    let mut manifest: Value = serde_json::from_slice(&read_regular(path).ok()?).ok()?;
    keep_plain_names(&mut manifest);
    for run in manifest.get_mut("earlier_runs").and_then(Value::as_array_mut).into_iter().flatten() {
        keep_plain_names(run);
    }
    (manifest.get("specscan_version").is_some() && manifest.get("results").is_some()).then_some(manifest)
}

/// Drops files from the lists of a run that are not in the folder itself.
fn keep_plain_names(run: &mut Value) {
    for key in ["results", "samples", "replaced"] {
        if let Some(files) = run.get_mut(key).and_then(Value::as_array_mut) {
            files.retain(|file| text(file, "name").is_some_and(is_plain_name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_manifests_of_specscan_in_a_folder_are_read_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        let is_own = |name: &str| OwnResults::read(folder.path()).is_own(name, "0f");
        for text in
            [r#"{"results": [{"name": "a.csv", "xxh3": "0f"}]}"#, "not json", r#"{"specscan_version": "1"}"#, "[]"]
        {
            write("scan.json", text);
            assert!(!is_own("a.csv") && !is_own("scan.json"), "{text}");
        }
        write("scan.json", r#"{"specscan_version": "1", "results": [{"name": "a.csv", "xxh3": "0f"}]}"#);
        write("other.json", r#"{"specscan_version": "1", "results": [{"name": "x.csv", "xxh3": "0f"}]}"#);
        assert!(is_own("a.csv") && is_own("scan.json") && !is_own("x.csv") && !is_own("other.json"));
        assert!(!OwnResults::read(folder.path()).is_own("a.csv", "0e"), "a file that was changed");
        let noise = r#"{"specscan_version": "1", "results": [], "samples": [{"name": "noise_0.png"}],
            "earlier_runs": [{"results": [{"name": "noise.npy"}, {"name": "b.npy"}], "samples": [{"name": "m.png"}]}]}"#;
        write("noise.json", noise);
        let own = OwnResults::read(folder.path());
        assert_eq!(own.samples(), ["noise.npy", "noise_0.png"].map(str::to_owned).into());
    }

    #[test]
    fn names_that_lead_out_of_the_folder_are_dropped_from_every_list() {
        let folder = tempfile::tempdir().expect("a folder");
        let files: Vec<Value> = ["noise_0.png", "noise_x/../../victim.csv", "/dev/zero", "..", "a/b.csv", ""]
            .map(|name| serde_json::json!({ "name": name, "n_bytes": 1, "xxh3": "0f" }))
            .into();
        let lists = serde_json::json!({ "results": files, "samples": files, "replaced": files });
        let mut manifest = lists.clone();
        manifest["specscan_version"] = "1".into();
        manifest["earlier_runs"] = serde_json::json!([lists]);
        std::fs::write(folder.path().join("noise.json"), manifest.to_string()).expect("written");
        let own = OwnResults::read(folder.path());
        let manifest = own.manifest("noise.json").expect("a manifest");
        assert_eq!(runs(manifest).count(), 2);
        for run in runs(manifest) {
            for key in ["results", "samples", "replaced"] {
                assert_eq!(list(run, key).filter_map(|file| text(file, "name")).collect::<Vec<_>>(), ["noise_0.png"]);
            }
        }
        assert_eq!(own.samples(), ["noise_0.png".to_owned()].into());
    }
}
