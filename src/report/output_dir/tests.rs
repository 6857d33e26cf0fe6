//! What the output folder promises to a run that goes on undisturbed.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io::{self, ErrorKind, Write as _};

use super::testing::*;
use super::*;
use crate::report::disk::faults::{self, Fault};
use crate::report::result_file::n_hashed;

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
    for name in ["", ".", "..", "../up", "a/b", "/tmp/x", "a/", "inspect", "inspect/../x", "inspect/a/b"] {
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
