//! What earlier runs of specscan left in a folder: the manifests, and the files that they name.
//!
//! # Definition
//!
//! Every command leaves a manifest, `<command>.json`, that names the files it wrote, and of its earlier runs those that
//! were still there. A file is a result if a manifest names it with the hash that it has; others are none of ours.
//! Manifests may be forged: names that lead out of the folder, which specscan never writes, are dropped when they are
//! read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufReader, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::result_file::ResultFile;
use super::result_name::is_result_name;
use crate::dataset::open_ordinary;

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
    "recommend",
    "scan",
    "schedule",
    "schedule-fit-sampler",
    "schedule-sample",
    "snr",
];

/// Most noise samples that a run leaves as files of their own: its manifest names each of them, and has to be read by
/// the next run.
pub const MAX_SAMPLES: usize = 500_000;

/// Largest manifest that is read, which is more than [`MAX_SAMPLES`] of the longest names take: larger files of that
/// name are something else.
const MAX_MANIFEST_BYTES: u64 = 1 << 28;

/// The name of a command's manifest.
pub fn manifest_name(command: &str) -> String {
    format!("{command}.json")
}

/// A run as its manifest has it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PastRun {
    /// Everything that is no list of files: what is known of the run, and the document that is its result, if one is.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
    /// Files that it wrote.
    pub results: Vec<ResultFile>,
    /// Noise samples: images to whom the folder is given, and none of a set that it happens to lie in.
    #[serde(default)]
    pub samples: Vec<ResultFile>,
    /// Manifests of earlier runs of the command, with those of their files that are there as they left them.
    #[serde(default)]
    pub earlier_runs: Vec<PastRun>,
    /// Results of this run that a later one has written over.
    #[serde(default)]
    pub replaced: Vec<ResultFile>,
}

impl PastRun {
    /// This run and those before it.
    pub fn runs(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.earlier_runs)
    }

    /// Files of this run and of those before it.
    pub fn files(&self) -> impl Iterator<Item = &ResultFile> {
        self.runs().flat_map(|run| run.results.iter().chain(&run.samples))
    }

    /// Drops files from its lists that no result is called as.
    fn keep_names_of_results(&mut self) {
        for files in [&mut self.results, &mut self.samples, &mut self.replaced] {
            files.retain(|file| is_result_name(&file.name));
        }
        self.earlier_runs.iter_mut().for_each(Self::keep_names_of_results);
    }

    /// Takes the files that are meant out of its lists.
    pub(super) fn take_files(&mut self, is_meant: impl Fn(&ResultFile) -> bool) -> Vec<ResultFile> {
        let lists = [&mut self.results, &mut self.samples];
        lists.into_iter().flat_map(|files| files.extract_if(.., |file| is_meant(file)).collect::<Vec<_>>()).collect()
    }
}

/// What runs of specscan left in one folder.
#[derive(Debug, Default)]
pub struct OwnResults {
    /// By the names of their files.
    manifests: BTreeMap<String, PastRun>,
    /// Names and hashes of all files that they name.
    files: HashSet<(String, String)>,
}

impl OwnResults {
    /// Reads all manifests in `folder`; what is none of ours is passed over.
    pub fn read(folder: &Path) -> Self {
        let names = COMMANDS.iter().map(|command| manifest_name(command));
        let manifests = names.filter_map(|name| Some((name.clone(), read(&folder.join(name))?)));
        let mut own = Self { manifests: manifests.collect(), files: HashSet::new() };
        let files = own.manifests.values().flat_map(PastRun::files).filter(|file| !file.xxh3.is_empty());
        own.files = files.map(|file| (file.name.clone(), file.xxh3.clone())).collect();
        own
    }

    /// The manifest called `name`.
    pub fn manifest(&self, name: &str) -> Option<&PastRun> {
        self.manifests.get(name)
    }

    /// Whether the last run of another command than that of the manifest `name` calls `file` its own. Two commands
    /// write the same bytes of the same images, so that a hash does not tell whose a file is.
    pub fn is_of_another(&self, name: &str, file: &str) -> bool {
        let others = self.manifests.iter().filter(|(manifest, _)| *manifest != name);
        others.flat_map(|(_, run)| &run.results).any(|result| result.name == file)
    }

    /// All manifests with their names, in the order of the names.
    pub fn manifests(&self) -> impl Iterator<Item = (&String, &PastRun)> {
        self.manifests.iter()
    }

    /// Whether the file `name` that has that hash is a result of specscan, or one of its manifests.
    pub fn is_own(&self, name: &str, xxh3: &str) -> bool {
        self.manifests.contains_key(name) || self.files.contains(&(name.to_owned(), xxh3.to_owned()))
    }

    /// Names of the noise samples, and of arrays of them.
    pub fn samples(&self) -> HashSet<String> {
        let runs = || self.manifests.values().flat_map(PastRun::runs);
        let arrays = runs().flat_map(|run| &run.results).filter(|file| file.name.ends_with(".npy"));
        let files = runs().flat_map(|run| &run.samples).chain(arrays);
        files.filter(|file| file.name.starts_with("noise")).map(|file| file.name.clone()).collect()
    }

    /// Manifests of other commands than `own`'s that name files which are about to get another hash, without these:
    /// the newest run of each has them in its list `replaced`.
    pub fn without(&self, own: &str, new: &HashMap<&str, &str>) -> Vec<(String, PastRun)> {
        let is_lost = |file: &ResultFile| new.get(file.name.as_str()).is_some_and(|hash| file.xxh3 != *hash);
        let amended = |(name, manifest): (&String, &PastRun)| {
            if !manifest.files().any(is_lost) {
                return None;
            }
            let mut amended = manifest.clone();
            let lost = amended.take_files(is_lost);
            amended.replaced.extend(lost);
            amended.earlier_runs.iter_mut().for_each(|run| drop(run.take_files(is_lost)));
            Some((name.clone(), amended))
        };
        self.manifests.iter().filter(|(name, _)| *name != own).filter_map(amended).collect()
    }
}

/// A manifest of specscan: the version tells it from other files of that name. It is read piece by piece, for it may
/// name hundreds of thousands of samples.
fn read(path: &Path) -> Option<PastRun> {
    let (file, metadata) = open_ordinary(path).ok()?;
    if metadata.len() > MAX_MANIFEST_BYTES {
        return None;
    }
    let mut manifest: PastRun = serde_json::from_reader(BufReader::new(file.take(metadata.len()))).ok()?;
    manifest.keep_names_of_results();
    manifest.rest.contains_key("specscan_version").then_some(manifest)
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
        let files: Vec<Value> = [
            "noise_0.png",
            "noise_x/../../victim.csv",
            "/dev/zero",
            "..",
            "a/b.csv",
            "inspect/../x",
            ".specscan/lock",
            "",
        ]
        .map(|name| serde_json::json!({ "name": name, "n_bytes": 1, "xxh3": "0f" }))
        .into();
        let lists = serde_json::json!({ "results": files, "samples": files, "replaced": files });
        let mut manifest = lists.clone();
        manifest["specscan_version"] = "1".into();
        manifest["earlier_runs"] = serde_json::json!([lists]);
        std::fs::write(folder.path().join("noise.json"), manifest.to_string()).expect("written");
        let own = OwnResults::read(folder.path());
        let manifest = own.manifest("noise.json").expect("a manifest");
        assert_eq!(manifest.runs().count(), 2);
        for run in manifest.runs() {
            for files in [&run.results, &run.samples, &run.replaced] {
                assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["noise_0.png"]);
            }
        }
        assert_eq!(own.samples(), ["noise_0.png".to_owned()].into());
    }

    #[test]
    fn a_manifest_of_as_many_samples_as_there_may_be_is_read() {
        use std::io::Write as _;
        let folder = tempfile::tempdir().expect("a folder");
        let name = |i: usize| format!("noise_{}_{i:06}.png", "n".repeat(236));
        let path = folder.path().join("noise.json");
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
        write!(file, "{{\"specscan_version\": \"1\", \"results\": [], \"samples\": [").expect("written");
        for i in 0..MAX_SAMPLES {
            let (name, end) = (name(i), if i + 1 < MAX_SAMPLES { "," } else { "]}" });
            assert_eq!(name.len(), 253);
            // As long as an indented one.
            let blanks = " ".repeat(40);
            let entry = format!("{{{blanks}\"name\":\"{name}\",\"n_bytes\":4294967295,\"xxh3\":\"{i:016x}\"}}{end}");
            file.write_all(entry.as_bytes()).expect("written");
        }
        drop(file.into_inner().expect("written"));
        let n_bytes = std::fs::metadata(&path).expect("a file").len();
        assert!(n_bytes > 170_000_000, "{n_bytes}");
        let own = OwnResults::read(folder.path());
        assert!(own.is_own(&name(0), "0000000000000000") && own.is_own(&name(MAX_SAMPLES - 1), "000000000007a11f"));
        assert!(!own.is_own(&name(1), "0000000000000000"));
        // What is larger than any is none of ours.
        std::fs::File::options().append(true).open(&path).and_then(|file| file.set_len(1 << 29)).expect("a hole");
        assert!(OwnResults::read(folder.path()).manifest("noise.json").is_none());
    }
}
