//! What specscan wrote earlier: its plots are no photographs, its old tables not those of this run, and its spectra no
//! folders.

use super::{Printed, World};

#[test]
fn results_below_the_images_are_not_taken_for_images() {
    let world = World::with_photos(5);
    for n_run in 1..=2 {
        let printed = world.succeed("scan photos -o photos/specscan-out");
        assert!(printed.stdout.contains("5 images"), "run {n_run}: {}", printed.stdout);
        let said = printed.stderr.contains("left out 2 plots of specscan's own (the first is specscan-out/gamma.png)");
        assert_eq!(said, n_run == 2, "{}", printed.stderr);
        assert!(world.path("photos/specscan-out/rapsd.png").exists(), "there is a plot to be mistaken");
    }
}

#[test]
fn results_among_the_images_are_not_taken_for_images() {
    let world = World::with_photos(5);
    for command in ["fit-delta", "rapsd", "scan", "fit-delta"] {
        let printed = world.succeed(&format!("{command} photos -o photos"));
        assert!(printed.stdout.contains("5 images"), "{command}: {}", printed.stdout);
    }
}

#[test]
fn plots_are_told_by_what_is_in_them_and_not_by_a_manifest() {
    let world = World::with_photos(5);
    world.succeed("scan photos -o photos/out -q");
    std::fs::remove_file(world.path("photos/out/scan.json")).expect("removed");
    let printed = world.succeed("rapsd photos -o elsewhere");
    assert!(printed.stdout.contains("\n5 images"), "{}", printed.stdout);
    assert!(printed.stderr.contains("left out 2 plots of specscan's own (the first is out/gamma.png)"));
    // Under a name of its own it is met when it is decoded, and is no reason to stop.
    std::fs::rename(world.path("photos/out/gamma.png"), world.path("photos/mine.png")).expect("renamed");
    let printed = world.succeed("rapsd photos -o elsewhere");
    assert!(printed.stdout.contains("\n5 images"), "{}", printed.stdout);
    let left_out = world.table("elsewhere/left_out.csv");
    assert_eq!(left_out.column("path"), ["mine.png"]);
    assert!(left_out.column("reason")[0].contains("a plot that specscan made"), "{:?}", left_out.rows);
    // A list of paths has no plots either.
    world.write("list.txt", "photos/00.png\nphotos/out/rapsd.png\n");
    let printed = world.succeed("rapsd --files-from list.txt -o listed --json").json();
    assert_eq!((&printed["counts"]["n_files"], &printed["counts"]["n_left_out"]), (&1.into(), &0.into()));
}

#[test]
fn a_manifest_that_lies_hides_no_photograph() {
    let world = World::with_photos(5);
    std::fs::rename(world.path("photos/00.png"), world.path("photos/gamma.png")).expect("renamed");
    let named: Vec<_> =
        ["gamma.png", "01.png", "02.png"].iter().map(|name| serde_json::json!({ "name": name })).collect();
    let manifest = serde_json::json!({ "specscan_version": "1", "results": named, "samples": named });
    world.write("photos/scan.json", manifest.to_string());
    let photograph = world.read("photos/gamma.png");
    assert!(world.succeed("rapsd photos -o out").stdout.contains("\n5 images"));
    // Nor does it hand one over: what it names has another hash.
    let others = "scan photos/01.png photos/02.png -o photos";
    world.refuse(others, &["gamma.png", "no run of specscan wrote", "--overwrite"]);
    // As an input it is not even to be had with that.
    world.refuse("scan photos -o photos --overwrite", &["`photos/gamma.png` is one of the inputs"]);
    assert!(world.read("photos/gamma.png") == photograph);
}

#[test]
fn what_is_not_finished_is_not_looked_at() {
    let world = World::with_photos(5);
    world.write("photos/.specscan/staging/gamma.png", "");
    world.write("photos/out/.specscan/staging/noise_00000.png", world.read("photos/00.png"));
    world.write("photos/out/.specscan/lock", "");
    let printed = world.succeed("rapsd photos -o out");
    assert!(printed.stdout.contains("\n5 images") && !printed.stderr.contains("skipped"), "{}", printed.stderr);
    world.succeed("rapsd photos -o photos/out -q");
    assert!(!world.path("photos/out/.specscan").exists(), "the next run sweeps it");
}

#[test]
fn info_says_which_results_of_a_folder_are_whole() {
    let world = World::with_photos(5);
    world.succeed("scan photos --name set -o out -q");
    world.succeed("fit-delta photos -o out -q");
    let text = world.succeed("info out").stdout;
    assert!(text.contains("scan: whole, ") && text.contains("by: specscan scan photos --name set -o out -q"), "{text}");
    assert!(text.contains("fit-delta: whole, ") && text.ends_with("All results are whole: use them.\n"), "{text}");
    std::fs::remove_file(world.path("out/gamma.npy")).expect("removed");
    world.write("out/rapsd.csv", "edited");
    world.write("out/.specscan/staging/rapsd.csv", "half");
    let text = not_whole(&world, "info out").stdout;
    for part in ["scan: not whole", "missing: gamma.npy", "changed: rapsd.csv", "left 1 unfinished files"] {
        assert!(text.contains(part), "`{part}` is missing in {text}");
    }
    assert!(text.ends_with("Run again before you use the results: scan.\n"), "{text}");
    let json = not_whole(&world, "info out --json").json();
    let (fit, scan) = (&json["commands"][0], &json["commands"][1]);
    assert_eq!((&fit["command"], &fit["whole"]), (&"fit-delta".into(), &true.into()));
    assert_eq!((&scan["command"], &scan["whole"]), (&"scan".into(), &false.into()));
    assert_eq!((&scan["missing"][0], &scan["changed"][0]), (&"gamma.npy".into(), &"rapsd.csv".into()));
    assert_eq!((&json["unfinished"]["running"], &json["unfinished"]["n_files"]), (&false.into(), &1.into()));
    assert!(world.succeed("info photos").stdout.starts_with("no results of specscan in photos"));
    world.refuse("info photos/00.png", &["photos/00.png is an image, not a .spectrum"]);
}

/// Runs `info`, which says with exit code 1 that results are not whole.
fn not_whole(world: &World, words: &str) -> Printed {
    Printed::from(world.run(words).code(1).get_output())
}

#[test]
fn info_names_the_folders_that_by_input_made() {
    let world = World::with_photos(6);
    for folder in ["a", "b"] {
        std::fs::create_dir(world.path(folder)).expect("a folder");
    }
    for (i, folder) in ["a", "a", "a", "b", "b", "b"].iter().enumerate() {
        let name = format!("{i:02}.png");
        std::fs::rename(world.path(format!("photos/{name}")), world.path(format!("{folder}/{name}"))).expect("moved");
    }
    world.succeed("rapsd a b --by-input -o out -q --plots none");
    let text = world.succeed("info out").stdout;
    assert!(text.ends_with("whole: use them. There are more in its folders: a, b.\n"), "{text}");
}

#[test]
fn a_schedule_that_a_killed_run_was_replacing_is_read_when_that_is_finished() {
    let world = World::with_photos(5);
    for command in ["bounds", "offset", "snr"] {
        world.succeed("schedule photos --dataset --steps 9 -o out -q --plots none --overwrite");
        let sigmas = world.read("out/schedule.json");
        let manifest = serde_json::json!([{ "name": "schedule.json", "replaces": "0f" }]);
        let journal = serde_json::json!({ "command": "schedule", "manifests": manifest, "files": [], "removed": [] });
        world.write("out/.specscan/journal.json", journal.to_string());
        world.write("out/.specscan/staging/schedule.json", sigmas);
        std::fs::remove_file(world.path("out/schedule.json")).expect("removed");
        let words = format!("{command} photos --schedule out/schedule.json -o out --plots none -q");
        world.refuse(&format!("{words} --dry-run"), &["schedule.json"]);
        world.succeed(&words);
        assert!(world.path("out/schedule.json").exists());
    }
}

/// The state after a kill of `scan` in `out`, of 5 images, while `set.spectrum` of 3 images was put in place.
fn kill_in_commit(world: &World) {
    world.succeed("scan photos --name set -o out -q --plots none --overwrite");
    world.succeed("scan photos --num 3 --name set -o three -q --plots none");
    let manifest: serde_json::Value = serde_json::from_slice(&world.read("out/scan.json")).expect("a manifest");
    let results = manifest["results"].as_array().expect("a list");
    let old = results.iter().find(|file| file["name"] == "set.spectrum").expect("a spectrum");
    let placed = serde_json::json!([{ "name": "set.spectrum", "replaces": old["xxh3"] }]);
    let journal = serde_json::json!({ "command": "scan", "manifests": [], "files": placed, "removed": [] });
    world.write("out/.specscan/journal.json", journal.to_string());
    world.write("out/.specscan/staging/set.spectrum", world.read("three/set.spectrum"));
}

#[test]
fn a_spectrum_that_a_killed_run_was_replacing_is_not_read_before_that_is_finished() {
    let world = World::with_photos(5);
    kill_in_commit(&world);
    let text = not_whole(&world, "info out").stdout;
    assert!(text.contains("scan was killed while 1 files") && !text.contains("use them"), "{text}");
    assert!(text.ends_with("Run again before you use the results: scan.\n"), "{text}");
    let parts = ["set.spectrum is a result of `specscan scan` that is not finished", "specscan info"];
    for words in ["rapsd out/set.spectrum -o elsewhere", "rapsd out/set.spectrum -o out --dry-run"] {
        world.refuse(words, &parts);
    }
    assert!(!world.path("elsewhere").exists());
    // A run into the folder finishes it first, and reads what is there then.
    let printed = world.succeed("rapsd out/set.spectrum -o out --plots none");
    assert!(printed.stdout.contains("\n3 images"), "{}", printed.stdout);
    assert!(world.read("out/set.spectrum") == world.read("three/set.spectrum"));
    kill_in_commit(&world);
    world.succeed("merge out/set.spectrum --name merged -o out -q");
    assert!(world.read("out/merged.spectrum") == world.read("three/set.spectrum"));
}

#[cfg(unix)]
#[test]
fn a_forged_manifest_leads_to_no_file_outside_its_folder() {
    let world = World::with_photos(3);
    world.write("victim.csv", "precious");
    let hash = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(b"precious"));
    let file = |name: &str, n_bytes: u64| serde_json::json!({ "name": name, "n_bytes": n_bytes, "xxh3": hash });
    let files = [file("noise_x/../../victim.csv", 8), file("../victim.csv", 8), file("/dev/zero", 8)];
    let manifest = serde_json::json!({ "specscan_version": "1", "results": files, "samples": files });
    std::fs::create_dir_all(world.path("x/noise_x")).expect("a folder");
    for words in ["noise --family white --resolution 16 --count 1", "rapsd photos"] {
        world.write("x/noise.json", manifest.to_string());
        world.succeed(&format!("{words} -o x -q --plots none"));
        assert_eq!(world.read("victim.csv"), b"precious", "{words}");
    }
    assert!(world.succeed("info x").stdout.contains("noise.json: whole, 0 files"));
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_result_blocks_nobody() {
    let world = World::with_photos(3);
    world.succeed("rapsd photos -o out -q --plots none");
    let table = world.path("out/rapsd.csv");
    std::fs::remove_file(&table).expect("removed");
    assert!(std::process::Command::new("mkfifo").arg(&table).status().expect("mkfifo").success());
    assert!(not_whole(&world, "info out").stdout.contains("changed: rapsd.csv"));
    world.refuse("rapsd photos -o out --plots none", &["rapsd.csv", "not a regular file"]);
    assert!(std::process::Command::new("mkfifo").arg(world.path("pipe.json")).status().expect("mkfifo").success());
    world.refuse("schedule sample pipe.json -o out", &["pipe.json", "not a regular file"]);
}

#[test]
fn no_run_destroys_the_provenance_of_another() {
    let world = World::with_photos(5);
    world.succeed("scan photos --name a -o out -q");
    let first = world.json("out/scan.json");
    world.succeed("rapsd photos -o out -q");
    assert_eq!(world.json("out/scan.json"), first, "a manifest is for its own command");
    assert_eq!(world.json("out/rapsd.json")["command"], "rapsd");
    // A second run of the same command keeps what is still there of the first.
    world.succeed("scan photos --name b --num 3 --plots none -o out -q");
    let second = world.json("out/scan.json");
    let earlier = second["earlier_runs"].as_array().expect("a list");
    assert_eq!((earlier.len(), &earlier[0]["counts"]["n_images"]), (1, &5.into()));
    assert_eq!(earlier[0]["arguments"], first["arguments"]);
    let names = |run: &serde_json::Value| -> Vec<String> {
        let files = run["results"].as_array().expect("a list");
        files.iter().map(|file| file["name"].as_str().expect("a name").to_owned()).collect()
    };
    // The plot of RAPSDs is of the other command now, that of Γ is gone, and the tables are of this run.
    assert_eq!(names(&earlier[0]), ["a.spectrum"]);
    assert!(world.path("out/rapsd.png").exists() && !world.path("out/gamma.png").exists());
    assert!(names(&second).contains(&"b.spectrum".to_owned()));
    for file in second["results"].as_array().expect("a list") {
        let bytes = world.read(&format!("out/{}", file["name"].as_str().expect("a name")));
        let hash = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes));
        assert_eq!((&file["n_bytes"], &file["xxh3"]), (&bytes.len().into(), &hash.into()), "{file}");
    }
    world.succeed("scan photos --name b -o out -q");
    let third = world.json("out/scan.json");
    assert_eq!(names(&third["earlier_runs"][0]), ["a.spectrum"], "{third}");
    assert_eq!(third["earlier_runs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn files_of_others_are_never_overwritten_unless_told() {
    let world = World::with_photos(5);
    world.write("out/rapsd.csv", "mine");
    world.write("out/scan.json", "{}");
    world.write("out/photos.spectrum", "mine, too");
    let named = ["photos.spectrum, rapsd.csv, scan.json", "no run of specscan wrote", "--overwrite", "--out"];
    world.refuse("scan photos -o out", &named);
    world.succeed("scan photos -o saved -q --plots none");
    world.refuse("merge saved/photos.spectrum --name photos -o out", &["photos.spectrum", "--overwrite"]);
    assert_eq!(world.read("out/rapsd.csv"), b"mine");
    assert_eq!(world.files("out"), ["photos.spectrum", "rapsd.csv", "scan.json"], "nothing was begun");
    world.succeed("scan photos -o out --overwrite -q --plots none");
    assert!(world.table("out/rapsd.csv").rows.len() > 3);
    // What specscan wrote is replaced without a word, what is a name of a sample only when it is met.
    world.succeed("scan photos -o out -q");
    world.write("out/noise_00001.png", "a photograph");
    world.refuse("noise --resolution 16 --count 2 --family white -o out", &["noise_00001.png", "--overwrite"]);
    assert_eq!(world.read("out/noise_00001.png"), b"a photograph");
}

#[test]
fn a_result_of_the_manifests_name_holds_both() {
    let world = World::with_photos(5);
    for (command, own) in [
        ("offset photos", "matching_offset"),
        ("noise --resolution 16", "families"),
        ("schedule photos --dataset", "sigma"),
    ] {
        let name = command.split(' ').next().expect("a name");
        world.succeed(&format!("{command} -o out -q"));
        let both = world.json(&format!("out/{name}.json"));
        for key in [own, "arguments", "results", "wall_time_s", "specscan_version"] {
            assert!(both.get(key).is_some(), "{name}: no {key}");
        }
        world.succeed(&format!("{command} -o out -q"));
        assert_eq!(world.json(&format!("out/{name}.json"))["earlier_runs"], serde_json::json!([]), "{name}");
    }
}

#[test]
fn images_in_a_folder_that_received_results_are_still_images() {
    let world = World::create();
    for class in ["cats", "dogs"] {
        super::write_uniform(&world.path(format!("set/{class}")), 3, 24, 16);
    }
    world.succeed("rapsd set/cats -o set/cats -q");
    let printed = world.succeed("rapsd set -o out");
    assert!(printed.stdout.contains("\n6 images"), "{}", printed.stdout);
    assert!(printed.stderr.contains("left out 1 plots"), "{}", printed.stderr);
}

#[test]
fn a_folder_of_results_in_place_of_its_spectrum_is_met_with_the_spectrum() {
    let world = World::with_photos(5);
    world.succeed("scan photos -o saved -q");
    world.refuse("fit-delta saved", &["no images in saved", "did you mean the saved spectrum", "photos.spectrum"]);
}

#[test]
fn tables_of_an_earlier_run_do_not_outlive_it() {
    let world = World::with_photos(5);
    world.write("photos/bad.png", "");
    world.succeed("rapsd photos --per-channel --max-skipped 1 -o out -q --plots none");
    for name in ["skipped.csv", "rapsd_channels.csv", "rapsd_images.csv"] {
        assert!(world.path("out").join(name).exists(), "{name}");
    }
    std::fs::remove_file(world.path("photos/bad.png")).expect("removed");
    world.succeed("rapsd photos --images none -o out -q --plots none");
    assert_eq!(world.files("out"), ["rapsd.csv", "rapsd.json"]);
}

#[test]
fn images_that_cannot_be_used_are_found_before_all_are_read() {
    let world = World::with_photos(5);
    let looked = "none of the 5 images looked at can be used (first: 00.png";
    world.refuse("scan photos --transform none --resolution 8 -o out", &[looked]);
    world.refuse("rapsd photos --resolution 512 -o out", &[looked, "too small for 512×512"]);
    assert!(!world.path("out").exists());
}

#[test]
fn fits_that_cannot_be_are_found_before_the_images_are_read() {
    let world = World::with_photos(5);
    world.refuse("fit-delta photos --fit-low 0.4999 --fit-high 0.49995 -o out", &["retains 0"]);
    assert!(!world.path("out").exists());
}
