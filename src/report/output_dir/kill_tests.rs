//! The output folder with each operation of the disk failing in turn, with a kill at each, and with forged journals.

use std::collections::BTreeMap;

use super::testing::*;
use super::*;
use crate::report::disk::faults::{self, Fault};
use crate::report::result_file::hash_of;

/// The run whose every operation fails, or is the last: it replaces, adds, removes, and takes from another command.
const OLD: [(&str, &str); 4] = [("a.csv", "old"), ("b.csv", "old"), ("old.csv", "old"), ("plot.svg", "old")];
const OTHER: [(&str, &str); 2] = [("plot.svg", "of rapsd"), ("c.csv", "of rapsd")];
const NEW: [(&str, &str); 4] = [("a.csv", "new"), ("b.csv", "new"), ("plot.svg", "new"), ("d.csv", "new")];
const STRANGER: (&str, &str) = ("notes.txt", "a stranger's");

/// What is in the folder `inspect` before the run and after it: the folder is made, kept, and removed.
type Below = [&'static [(&'static str, &'static str)]; 2];
const BELOW: [Below; 3] = [
    [&[], &[("inspect/new.txt", "new"), ("inspect/kept.txt", "new")]],
    [
        &[("inspect/old.txt", "old"), ("inspect/kept.txt", "old")],
        &[("inspect/new.txt", "new"), ("inspect/kept.txt", "new")],
    ],
    [&[("inspect/old.txt", "old"), ("inspect/kept.txt", "old")], &[]],
];

/// A folder with results of two commands and a stranger's file, and the run that is about to begin there.
struct Scene {
    root: tempfile::TempDir,
    old: Vec<(&'static str, &'static str)>,
    new: Vec<(&'static str, &'static str)>,
}

impl Scene {
    fn set([old_below, new_below]: Below) -> Self {
        let (old, new) = ([&OLD, old_below].concat(), [&NEW, new_below].concat());
        let root = tempfile::tempdir().unwrap();
        run(root.path(), "scan", &old).unwrap();
        run(root.path(), "rapsd", &OTHER).unwrap();
        fs::write(root.path().join(STRANGER.0), STRANGER.1).unwrap();
        Self { root, old, new }
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    fn run(&self) -> Result<(), OutputError> {
        run(self.path(), "scan", &self.new)
    }

    /// Fails unless all is as before the run, or as after it; says which.
    fn is_new(&self, when: &str) -> bool {
        let all = |lists: &[&[(&str, &str)]]| lists.concat().into_iter().map(owned).collect::<BTreeMap<_, _>>();
        let old = all(&[&self.old, &OTHER, &[STRANGER]]);
        let new = all(&[&OTHER[1..], &self.new, &[STRANGER]]);
        let now = contents(self.path());
        assert!(now == old || now == new, "{when}: {now:?}");
        assert_whole(self.path(), when);
        let scan = OwnResults::read(self.path());
        let n_results = scan.manifest("scan.json").map_or(0, |scan| scan.results.len());
        assert_eq!(n_results, if now == new { self.new.len() } else { self.old.len() - 1 }, "{when}");
        now == new
    }
}

#[test]
fn every_operation_failing_in_turn_leaves_the_old_results_or_the_new() {
    for below in BELOW {
        let scene = Scene::set(below);
        let n_steps = faults::with(Fault::Once(u64::MAX), || scene.run().unwrap()).1;
        assert!(n_steps > 40, "only {n_steps} operations");
        (0..=n_steps).for_each(|at| a_failure_leaves_old_or_new(below, at));
    }
}

fn a_failure_leaves_old_or_new(below: Below, at: u64) {
    let scene = Scene::set(below);
    let (done, n_steps) = faults::with(Fault::Once(at), || scene.run());
    let when = format!("{below:?}: operation {at} of {n_steps} failed");
    assert_whole(scene.path(), &when);
    // What has a manifest is old or new; the next run of any command finishes what was begun, and refuses nothing.
    run(scene.path(), "snr", &[]).unwrap_or_else(|error| panic!("{when}: {error}"));
    fs::remove_file(scene.path().join("snr.json")).unwrap();
    let is_new = scene.is_new(&when);
    assert!(is_new || done.is_err(), "{when}: said to be done");
    scene.run().unwrap_or_else(|error| panic!("{when}, again: {error}"));
    assert!(!names_in(scene.path()).contains(&".specscan".to_owned()), "{when}");
}

#[test]
fn a_kill_at_every_operation_leaves_the_old_results_or_the_new() {
    for below in BELOW {
        let scene = Scene::set(below);
        let n_steps = faults::with(Fault::Once(u64::MAX), || scene.run().unwrap()).1;
        let n_new = (0..=n_steps).filter(|at| is_new_after_a_kill(below, *at)).count();
        assert!(n_steps > 40 && n_new > 10, "{below:?}: only {n_steps} operations, {n_new} new");
    }
}

fn is_new_after_a_kill(below: Below, at: u64) -> bool {
    let scene = Scene::set(below);
    let (_, n_steps) = faults::with(Fault::From(at), || scene.run());
    let when = format!("{below:?}: killed at operation {at} of {n_steps}");
    assert_whole(scene.path(), &when);
    // The next run is killed, too, a few operations later than the first at most.
    let (_, _) = faults::with(Fault::From(at % 17), || run(scene.path(), "snr", &[]));
    assert_whole(scene.path(), &format!("{when}, and the next"));
    run(scene.path(), "snr", &[]).unwrap_or_else(|error| panic!("{when}: {error}"));
    fs::remove_file(scene.path().join("snr.json")).unwrap();
    let is_new = scene.is_new(&when);
    scene.run().unwrap_or_else(|error| panic!("{when}, again: {error}"));
    assert!(scene.is_new(&format!("{when}, again")));
    is_new
}

#[test]
fn a_strangers_file_in_a_place_that_a_killed_run_left_open_stays() {
    for place in ["d.csv", "inspect/new.txt"] {
        let mut n_left_open = 0;
        for at in 0..100 {
            let scene = Scene::set(BELOW[0]);
            let _ = faults::with(Fault::From(at), || scene.run());
            let path = scene.path().join(place);
            if path.exists() || !Journal::exists(scene.path()) {
                continue;
            }
            n_left_open += 1;
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "a stranger's").unwrap();
            run(scene.path(), "snr", &[]).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "a stranger's");
            assert_eq!(fs::read_to_string(scene.path().join("a.csv")).unwrap(), "new");
            assert!(matches!(scene.run(), Err(OutputError::Foreign { .. })));
        }
        assert!(n_left_open > 5, "{place}: {n_left_open}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_a_folder_of_results_is_not_followed() {
    let elsewhere = tempfile::tempdir().unwrap();
    let link = |folder: &Path| std::os::unix::fs::symlink(elsewhere.path(), folder.join("inspect")).unwrap();
    fs::write(elsewhere.path().join("old.txt"), "old").unwrap();
    let theirs = contents(elsewhere.path());
    // Before a run, which would replace a file there, make one, or remove one as its own.
    let scene = Scene::set(BELOW[1]);
    fs::remove_dir_all(scene.path().join("inspect")).unwrap();
    link(scene.path());
    let error = scene.run().unwrap_err();
    assert!(error.to_string().contains("a link stands in place of its folder"), "{error}");
    run(scene.path(), "scan", &NEW).unwrap();
    assert_eq!(contents(elsewhere.path()), theirs);
    // Between a kill and the run that finishes it.
    let mut n_finished = 0;
    for below in BELOW {
        for at in 0..100 {
            let scene = Scene::set(below);
            let _ = faults::with(Fault::From(at), || scene.run());
            if !Journal::exists(scene.path()) {
                continue;
            }
            let _ = fs::remove_dir_all(scene.path().join("inspect"));
            link(scene.path());
            run(scene.path(), "snr", &[]).unwrap();
            n_finished += usize::from(fs::read_to_string(scene.path().join("a.csv")).unwrap() == "new");
            assert_eq!(contents(elsewhere.path()), theirs, "{below:?}: killed at {at}");
        }
    }
    assert!(n_finished > 20, "{n_finished}");
}

#[cfg(unix)]
#[test]
fn a_forged_staging_folder_brings_nothing_in_from_elsewhere() {
    let hidden = tempfile::tempdir().unwrap();
    fs::write(hidden.path().join("secret.txt"), "x").unwrap();
    let none = serde_json::json!([]);
    for (name, is_whole) in [("secret.txt", true), ("inspect/secret.txt", false)] {
        let root = tempfile::tempdir().unwrap();
        let staging = staging_of(root.path());
        let at = if is_whole { staging.clone() } else { staging.join("inspect") };
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(hidden.path(), &at).unwrap();
        let files = serde_json::json!([{ "name": name, "replaces": null }]);
        let journal = serde_json::json!({ "command": "scan", "manifests": none, "files": files, "removed": none });
        fs::write(root.path().join(".specscan/journal.json"), journal.to_string()).unwrap();
        fs::write(root.path().join(".specscan/lock"), "").unwrap();
        run(root.path(), "scan", &[]).unwrap();
        assert_eq!(names_in(root.path()), ["scan.json"], "{name}");
        assert_eq!(names_in(hidden.path()), ["secret.txt"], "{name}");
    }
}

#[test]
fn a_forged_journal_leads_nowhere() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("out");
    fs::write(root.path().join("precious"), "x").unwrap();
    let hash = hash_of(&root.path().join("precious")).unwrap().unwrap();
    let removed = |name: &str| serde_json::json!([{ "name": name, "n_bytes": 1, "xxh3": hash }]);
    let placed = |name: &str| serde_json::json!([{ "name": name, "replaces": hash }]);
    let none = || serde_json::json!([]);
    for (files, removed) in [
        (none(), removed("../precious")),
        (placed("../../../precious"), none()),
        (none(), removed("inspect/../../precious")),
        (placed("inspect/../../../../precious"), none()),
    ] {
        let journal = serde_json::json!({ "command": "scan", "manifests": [], "files": files, "removed": removed });
        for text in [journal.to_string(), "{".to_owned()] {
            fs::create_dir_all(staging_of(&folder)).unwrap();
            fs::write(folder.join(".specscan/journal.json"), text).unwrap();
            run(&folder, "scan", &[]).unwrap();
            assert_eq!(fs::read_to_string(root.path().join("precious")).unwrap(), "x");
            assert_eq!(names_in(&folder), ["scan.json"]);
        }
    }
}

#[test]
fn a_journal_is_not_written_with_a_name_outside_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let out = create(root.path()).unwrap();
    for name in ["noise_x/../../victim.csv", "inspect/../../victim.csv", "photos/victim.csv", ".specscan/lock"] {
        let removed = vec![ResultFile { name: name.to_owned(), n_bytes: 1, xxh3: "0f".to_owned() }];
        out.publish("scan.json", removed).unwrap_err();
        assert!(!Journal::exists(root.path()), "{name}");
    }
}
