//! What the output folder promises, also with each operation of the disk failing in turn, and with a kill at each.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use super::*;
use crate::report::disk::faults::{self, Fault};
use crate::report::manifest::Manifest;
use crate::report::result_file::{hash_of, n_hashed};

fn create(folder: impl Into<PathBuf>) -> Result<OutputDir, OutputError> {
    OutputDir::create(folder, "scan")
}

/// Ends a run of `scan`.
fn finish(out: &OutputDir) -> Result<(), OutputError> {
    finish_as("scan", out, &["old.csv"])
}

fn finish_as(command: &'static str, out: &OutputDir, stale: &[&str]) -> Result<(), OutputError> {
    let stale: Vec<String> = stale.iter().map(|name| (*name).to_owned()).collect();
    Manifest { command, ..Manifest::new() }.write(out, &stale)
}

/// Writes files of a name and a text each, and ends the run.
fn run(folder: &Path, command: &'static str, files: &[(&str, &str)]) -> Result<(), OutputError> {
    let out = OutputDir::create(folder, command)?;
    files.iter().try_for_each(|(name, content)| out.write_atomic(name, |file| file.write_all(content.as_bytes())))?;
    finish_as(command, &out, &["a.csv", "old.csv", "plot.svg"])
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// All files of a folder but manifests, which have times in them, with their content.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    let names = names_in(folder).into_iter().filter(|name| !name.ends_with(".json") && !name.starts_with('.'));
    names.map(|name| (name.clone(), fs::read_to_string(folder.join(name)).unwrap())).collect()
}

/// Every file that a manifest names is there with its hash.
fn assert_whole(folder: &Path, when: &str) {
    for (name, manifest) in OwnResults::read(folder).manifests() {
        for file in manifest.files() {
            let now = hash_of(&folder.join(&file.name)).unwrap();
            assert_eq!(now.as_ref(), Some(&file.xxh3), "{when}: {file:?} of {name}");
        }
    }
}

#[test]
fn parents_are_made_and_nothing_is_left() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/b/c");
    let out = create(&path).unwrap();
    assert!(path.is_dir());
    drop(out);
    assert!(names_in(root.path()).is_empty(), "folders made for a run without results are left");
    run(&path, "scan", &[("x.csv", "x")]).unwrap();
    assert_eq!(names_in(&path), ["scan.json", "x.csv"]);
    // A folder that was there stays.
    fs::create_dir(root.path().join("theirs")).unwrap();
    drop(create(root.path().join("theirs/ours")).unwrap());
    assert_eq!(names_in(root.path()), ["a", "theirs"]);
    assert!(names_in(&root.path().join("theirs")).is_empty());
}

#[test]
fn what_nothing_shows_to_be_of_a_run_is_not_swept() {
    let root = tempfile::tempdir().unwrap();
    let staging = staging_of(root.path());
    fs::create_dir_all(&staging).unwrap();
    fs::write(staging.join("thesis.txt"), "a stranger's").unwrap();
    for _ in 0..2 {
        let error = create(root.path()).unwrap_err();
        assert!(matches!(error, OutputError::ForeignStaging { .. }), "{error:?}");
        OutputDir::recover(root.path(), "scan").unwrap_err();
        assert_eq!(fs::read_to_string(staging.join("thesis.txt")).unwrap(), "a stranger's");
    }
    fs::write(staging.with_file_name("lock"), "").unwrap();
    OutputDir::recover(root.path(), "scan").unwrap();
    assert!(names_in(root.path()).is_empty());
}

#[test]
fn a_journal_is_not_written_with_a_name_outside_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let out = create(root.path()).unwrap();
    let removed = vec![ResultFile { name: "noise_x/../../victim.csv".to_owned(), n_bytes: 1, xxh3: "0f".to_owned() }];
    out.publish("scan.json", removed).unwrap_err();
    assert!(!Journal::exists(root.path()));
}

#[test]
fn a_file_in_the_way_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("taken");
    fs::write(&file, "x").unwrap();
    for folder in [file.clone(), file.join("below/it")] {
        let error = create(&folder).unwrap_err();
        assert!(matches!(&error, OutputError::NotAFolder { obstacle, .. } if *obstacle == file), "{error:?}");
        assert!(error.to_string().contains("--out"), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "x");
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_refused_with_a_remedy() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("locked");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o555)).unwrap();
    if fs::write(folder.join("probe"), "").is_ok() {
        return; // The superuser may write anywhere, so there is nothing to see.
    }
    let here = create(&folder).unwrap_err();
    assert!(matches!(here, OutputError::NotWritable { .. }), "{here:?}");
    let below = create(folder.join("sub")).unwrap_err();
    assert!(matches!(below, OutputError::Create { .. }), "{below:?}");
    for error in [here, below] {
        let message = error.to_string();
        assert!(message.contains("locked") && message.contains("permissions"), "{message}");
    }
}

#[test]
fn files_appear_together_and_a_name_written_twice_is_listed_once() {
    let root = tempfile::tempdir().unwrap();
    let out = create(root.path()).unwrap();
    for text in ["first and longer", "second"] {
        out.write_atomic("table.csv", |w| w.write_all(text.as_bytes())).unwrap();
    }
    out.clone().write_atomic("b.csv", |w| w.write_all(b"b")).unwrap();
    assert_eq!(names_in(root.path()), [".specscan"]);
    finish(&out).unwrap();
    assert_eq!(fs::read_to_string(out.path_of("table.csv")).unwrap(), "second");
    assert_eq!(out.written(), ["table.csv", "b.csv", "scan.json"]);
    drop(out);
    assert_eq!(names_in(root.path()), ["b.csv", "scan.json", "table.csv"]);
    assert_whole(root.path(), "after the run");
}

#[test]
fn a_failing_producer_leaves_the_old_file_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    run(root.path(), "scan", &[("table.csv", "old")]).unwrap();
    let out = create(root.path()).unwrap();
    let error = out
        .write_atomic("table.csv", |w| {
            w.write_all(&[b'n'; 100_000])?;
            Err(io::Error::other("the sums overflowed"))
        })
        .unwrap_err();
    assert!(matches!(error, OutputError::Content { .. }), "{error:?}");
    assert_eq!(error.source().unwrap().to_string(), "the sums overflowed");
    out.write_atomic("other", |_| Err(anyhow::anyhow!("any error type will do"))).unwrap_err();
    drop(out);
    assert_eq!(fs::read_to_string(root.path().join("table.csv")).unwrap(), "old");
    assert_eq!(names_in(root.path()), ["scan.json", "table.csv"]);
}

#[test]
fn a_folder_under_the_files_name_is_reported_and_nothing_is_left() {
    let root = tempfile::tempdir().unwrap();
    let out = create(root.path()).unwrap();
    fs::create_dir(out.path_of("table.csv")).unwrap();
    let error = out.write_atomic("table.csv", |w| w.write_all(b"x")).unwrap_err();
    assert!(error.to_string().contains("table.csv"), "{error}");
    assert!(out.written().is_empty());
    drop(out);
    assert_eq!(names_in(root.path()), ["table.csv"]);
}

#[test]
fn a_staged_file_counts_once_it_is_committed() {
    let root = tempfile::tempdir().unwrap();
    let out = create(root.path()).unwrap();
    let mut kept = out.stage("kept.csv").unwrap();
    let mut dropped = out.stage("dropped.csv").unwrap();
    kept.write_all(b"row\n").unwrap();
    dropped.write_all(b"row\n").unwrap();
    drop(dropped);
    kept.commit().unwrap();
    assert_eq!(out.written(), ["kept.csv"]);
    finish(&out).unwrap();
    drop(out);
    assert_eq!(names_in(root.path()), ["kept.csv", "scan.json"]);
    assert_eq!(fs::read_to_string(root.path().join("kept.csv")).unwrap(), "row\n");
}

#[cfg(unix)]
#[test]
fn files_get_ordinary_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    run(root.path(), "scan", &[("ours", "x")]).unwrap();
    fs::write(root.path().join("ordinary"), "").unwrap();
    let mode = |name: &str| fs::metadata(root.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("ours"), mode("ordinary"));
}

#[test]
fn names_cannot_leave_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let out = create(root.path().join("in")).unwrap();
    for name in ["", ".", "..", "../up", "a/b", "/tmp/x", "a/"] {
        let error = out.write_atomic(name, |w| w.write_all(b"x")).unwrap_err();
        assert!(matches!(error, OutputError::BadName { .. }), "{name}: {error:?}");
    }
    assert_eq!(names_in(root.path()), ["in"]);
}

#[test]
fn files_of_others_are_neither_replaced_nor_removed() {
    let root = tempfile::tempdir().unwrap();
    run(root.path(), "scan", &[("a.csv", "ours"), ("old.csv", "ours"), ("plot.svg", "ours")]).unwrap();
    // Changed since: it is somebody's work now, and stays where it is stale.
    fs::write(root.path().join("old.csv"), "edited").unwrap();
    run(root.path(), "scan", &[("a.csv", "new")]).unwrap();
    assert_eq!(contents(root.path()), BTreeMap::from([("a.csv", "new"), ("old.csv", "edited")].map(owned)));
    let error = run(root.path(), "scan", &[("old.csv", "new")]).unwrap_err();
    assert!(error.to_string().contains("old.csv") && error.to_string().contains("--overwrite"), "{error}");
    // One that came while the run went on.
    let out = create(root.path()).unwrap();
    out.write_atomic("b.csv", |w| w.write_all(b"ours")).unwrap();
    fs::write(root.path().join("b.csv"), "a stranger's").unwrap();
    assert!(matches!(finish(&out), Err(OutputError::Foreign { .. })));
    drop(out);
    assert_eq!(fs::read_to_string(root.path().join("b.csv")).unwrap(), "a stranger's");
    assert_whole(root.path(), "after the refusal");
}

fn owned((name, content): (&str, &str)) -> (String, String) {
    (name.to_owned(), content.to_owned())
}

#[test]
fn a_result_that_another_command_writes_over_moves_to_what_was_replaced() {
    let root = tempfile::tempdir().unwrap();
    run(root.path(), "scan", &[("a.csv", "of scan"), ("same.csv", "of both"), ("b.csv", "of scan")]).unwrap();
    run(root.path(), "rapsd", &[("a.csv", "of rapsd"), ("same.csv", "of both")]).unwrap();
    assert_whole(root.path(), "after rapsd");
    let own = OwnResults::read(root.path());
    let scan = own.manifest("scan.json").unwrap();
    let names = |files: &[ResultFile]| files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&scan.results), ["same.csv", "b.csv"]);
    assert_eq!(names(&scan.replaced), ["a.csv"]);
    run(root.path(), "scan", &[("a.csv", "of scan")]).unwrap();
    let own = OwnResults::read(root.path());
    assert!(own.manifest("scan.json").unwrap().replaced.is_empty());
    assert_eq!(own.manifest("rapsd.json").unwrap().replaced.len(), 1);
    assert_whole(root.path(), "after the second scan");
}

/// The run whose every operation fails, or is the last: it replaces, adds, removes, and takes from another command.
const OLD: [(&str, &str); 4] = [("a.csv", "old"), ("b.csv", "old"), ("old.csv", "old"), ("plot.svg", "old")];
const OTHER: [(&str, &str); 2] = [("plot.svg", "of rapsd"), ("c.csv", "of rapsd")];
const NEW: [(&str, &str); 4] = [("a.csv", "new"), ("b.csv", "new"), ("plot.svg", "new"), ("d.csv", "new")];

fn with_old_results() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    run(root.path(), "scan", &OLD).unwrap();
    run(root.path(), "rapsd", &OTHER).unwrap();
    fs::write(root.path().join("notes.txt"), "a stranger's").unwrap();
    root
}

/// Fails unless all is as before the run, or as after it; says which.
fn is_new(folder: &Path, when: &str) -> bool {
    let all = |lists: &[&[(&str, &str)]]| lists.concat().into_iter().map(owned).collect::<BTreeMap<_, _>>();
    let stranger = [("notes.txt", "a stranger's")];
    let old = all(&[&OLD, &OTHER, &stranger]);
    let new = all(&[&OTHER[1..], &NEW, &stranger]);
    let now = contents(folder);
    assert!(now == old || now == new, "{when}: {now:?}");
    assert_whole(folder, when);
    let scan = OwnResults::read(folder);
    let n_results = scan.manifest("scan.json").map_or(0, |scan| scan.results.len());
    assert_eq!(n_results, if now == new { NEW.len() } else { OLD.len() - 1 }, "{when}");
    now == new
}

#[test]
fn every_operation_failing_in_turn_leaves_the_old_results_or_the_new() {
    for at in 0.. {
        let root = with_old_results();
        let (done, n_steps) = faults::with(Fault::Once(at), || run(root.path(), "scan", &NEW));
        let when = format!("operation {at} of {n_steps} failed");
        assert_whole(root.path(), &when);
        // What has a manifest is old or new; the next run of any command finishes what was begun, and refuses nothing.
        run(root.path(), "snr", &[]).unwrap_or_else(|error| panic!("{when}: {error}"));
        fs::remove_file(root.path().join("snr.json")).unwrap();
        let is_new = is_new(root.path(), &when);
        assert!(is_new || done.is_err(), "{when}: said to be done");
        run(root.path(), "scan", &NEW).unwrap_or_else(|error| panic!("{when}, again: {error}"));
        assert!(!names_in(root.path()).contains(&".specscan".to_owned()), "{when}");
        if at > n_steps {
            assert!(at > 40 && done.is_ok(), "only {at} operations");
            break;
        }
    }
}

#[test]
fn a_kill_at_every_operation_leaves_the_old_results_or_the_new() {
    let mut n_new = 0;
    for at in 0.. {
        let root = with_old_results();
        let (done, n_steps) = faults::with(Fault::From(at), || run(root.path(), "scan", &NEW));
        let when = format!("killed at operation {at} of {n_steps}");
        assert_whole(root.path(), &when);
        // The next run is killed, too, a few operations later than the first at most.
        let (_, _) = faults::with(Fault::From(at % 17), || run(root.path(), "snr", &[]));
        assert_whole(root.path(), &format!("{when}, and the next"));
        run(root.path(), "snr", &[]).unwrap_or_else(|error| panic!("{when}: {error}"));
        fs::remove_file(root.path().join("snr.json")).unwrap();
        n_new += u32::from(is_new(root.path(), &when));
        run(root.path(), "scan", &NEW).unwrap_or_else(|error| panic!("{when}, again: {error}"));
        assert!(is_new(root.path(), &format!("{when}, again")));
        if at > n_steps && done.is_ok() {
            assert!(at > 40 && n_new > 10, "only {at} operations, {n_new} new");
            break;
        }
    }
}

#[test]
fn a_strangers_file_in_a_place_that_a_killed_run_left_open_stays() {
    let mut n_left_open = 0;
    for at in 0..80 {
        let root = with_old_results();
        let _ = faults::with(Fault::From(at), || run(root.path(), "scan", &NEW));
        let path = root.path().join("d.csv");
        if path.exists() || !Journal::exists(root.path()) {
            continue;
        }
        n_left_open += 1;
        fs::write(&path, "a stranger's").unwrap();
        run(root.path(), "snr", &[]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a stranger's");
        assert_eq!(fs::read_to_string(root.path().join("a.csv")).unwrap(), "new");
        assert!(matches!(run(root.path(), "scan", &NEW), Err(OutputError::Foreign { .. })));
    }
    assert!(n_left_open > 5, "{n_left_open}");
}

#[test]
fn a_forged_journal_leads_nowhere() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("out");
    fs::write(root.path().join("precious"), "x").unwrap();
    let hash = hash_of(&root.path().join("precious")).unwrap().unwrap();
    let removed = serde_json::json!([{ "name": "../precious", "n_bytes": 1, "xxh3": hash }]);
    let placed = serde_json::json!([{ "name": "../../../precious", "replaces": hash }]);
    let none = serde_json::json!([]);
    for (files, removed) in [(&none, &removed), (&placed, &none)] {
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
fn the_error_of_a_full_disk_has_its_remedy() {
    let root = tempfile::tempdir().unwrap();
    let out = create(root.path()).unwrap();
    let (error, _) = faults::with(Fault::From(0), || out.write_atomic("a.csv", |w| w.write_all(b"x")).unwrap_err());
    assert!(
        matches!(&error, OutputError::Write { source, .. } if source.kind() == ErrorKind::StorageFull),
        "{error:?}"
    );
    assert!(error.to_string().contains("no space left"), "{error}");
}

#[test]
fn what_is_in_a_place_is_hashed_once_while_it_does_not_change() {
    let root = tempfile::tempdir().unwrap();
    run(root.path(), "scan", &[("a.csv", "old"), ("b.csv", "old")]).unwrap();
    let n_before = n_hashed("a.csv");
    let out = create(root.path()).unwrap();
    out.check_free(["a.csv".to_owned(), "b.csv".to_owned()]).unwrap();
    for text in ["new", "newer"] {
        out.write_atomic("a.csv", |file| file.write_all(text.as_bytes())).unwrap();
    }
    finish(&out).unwrap();
    drop(out);
    // What is there once, and what takes its place once.
    assert_eq!(n_hashed("a.csv") - n_before, 2);
    // One that is changed between the questions is looked at again, and one that was not there, too.
    for name in ["a.csv", "c.csv"] {
        let out = create(root.path()).unwrap();
        out.check_free(["a.csv".to_owned(), "c.csv".to_owned()]).unwrap();
        fs::write(root.path().join(name), "theirs").unwrap();
        let error = out.write_atomic(name, |file| file.write_all(b"ours")).unwrap_err();
        assert!(matches!(error, OutputError::Foreign { .. }), "{name}: {error:?}");
        drop(out);
        fs::remove_file(root.path().join(name)).unwrap();
    }
}
