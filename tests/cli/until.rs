//! `--until`: runs that stop when a sample of the files is enough.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{World, sets};

/// `n` images of 16 pixels in `folder`, of contrasts that differ.
fn write_images(world: &World, folder: &str, n: u32) {
    for i in 0..n {
        let mut image = sets::picture(16, 16, i);
        let contrast = 0.1 + 0.9 * f64::from(i * 7919 % 101) / 101.0;
        image.pixels_mut().flat_map(|pixel| &mut pixel.0).for_each(|v| *v = (f64::from(*v) * contrast) as u8);
        sets::save(&world.path(format!("{folder}/{i:04}.png")), &image.into());
    }
}

fn paths(world: &World, table: &str) -> Vec<String> {
    world.table(table).column("path").into_iter().map(str::to_owned).collect()
}

#[test]
fn a_sample_is_the_same_on_any_threads_and_says_that_it_is_one() {
    let world = World::create();
    write_images(&world, "photos", 900);
    world.write("photos/0003.png", "not a picture");
    let scan = "scan photos --seed 5 --until 4% --max-skipped 2 --plots none";
    let printed = world.succeed(&format!("{scan} --json -q -j 1 -o one")).json();
    let until = &printed["until"];
    let n_read = until["n_read"].as_u64().expect("a number");
    assert!([256, 362, 512, 724].contains(&n_read), "{until}");
    assert_eq!((&until["asked_error"], &until["n_files"]), (&0.04.into(), &900.into()));
    assert!(until["error"].as_f64().is_some_and(|error| error > 0.02 && error < 0.04), "{until}");
    let counts = &printed["counts"];
    assert_eq!(counts["n_unread"], 900 - n_read);
    let n_used = counts["n_files"].as_u64().expect("a number") + counts["n_skipped"].as_u64().expect("a number");
    assert_eq!(n_used, n_read, "unusable files count among those that were read");
    let manifest = world.json("one/scan.json");
    assert_eq!((&manifest["until"], &manifest["counts"], &manifest["seed"]), (until, counts, &5.into()));
    let tables = ["photos.spectrum", "images.csv", "rapsd.csv", "gamma.npy"];
    for threads in [2, 7] {
        world.succeed(&format!("{scan} -q -j {threads} -o t{threads}"));
        for name in tables {
            assert!(world.read(&format!("t{threads}/{name}")) == world.read(&format!("one/{name}")), "{name}");
        }
    }
    // Nor does the order of a list matter, and the sums are those of a scan of the same files.
    let mut list: Vec<String> = (0..900).map(|i| format!("photos/{:04}.png", i * 7 % 900)).collect();
    world.write("list.txt", list.join("\n"));
    let of_list = "scan --files-from list.txt --name photos --seed 5 --until 4% --max-skipped 2 --plots none";
    world.succeed(&format!("{of_list} -q -o listed"));
    assert!(world.read("listed/photos.spectrum") == world.read("one/photos.spectrum"));
    let sampled = paths(&world, "one/images.csv");
    assert!(!sampled.is_sorted(), "rows come in the order drawn");
    list = sampled.iter().map(|path| format!("photos/{path}")).collect();
    world.write("sampled.txt", list.join("\n"));
    world.succeed("rapsd --files-from sampled.txt -q -o alone --plots none");
    assert!(world.read("alone/rapsd.csv") == world.read("one/rapsd.csv"));
    // The words, now and from the saved spectrum.
    let text = world.succeed(&format!("{scan} -o words")).stdout;
    assert!(text.contains(&format!("A sample: {n_read} of 900 files were read")), "{text}");
    assert!(text.contains("seed 5") && text.contains("four times as many files."), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for command in ["rapsd one/photos.spectrum -o again --plots none", "info one/photos.spectrum"] {
        let text = world.succeed(command).stdout;
        assert!(text.contains("a sample of ") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
    assert!(
        world
            .succeed("info one/photos.spectrum")
            .stdout
            .contains(&format!("{} files of the set were not read", 900 - n_read))
    );
    // Another seed is another sample.
    world.succeed("scan photos --seed 6 --until 4% --max-skipped 2 --plots none -q -o other");
    assert_ne!(paths(&world, "other/images.csv"), sampled);
}

#[test]
fn a_set_that_ends_first_is_read_whole_and_says_the_error_reached() {
    let world = World::create();
    write_images(&world, "photos", 300);
    for (n, what) in [(300, "All 300 files were read"), (90, "All 90 files were read"), (1, "The 1 file was read")] {
        let options = format!("--num {n} --until 0.2% --plots none");
        let text = world.succeed(&format!("rapsd photos {options} -o text")).stdout;
        let more = if n == 1 { "it takes more files" } else { "takes more images" };
        // The text may be wrapped anywhere.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(what) && text.contains(more), "{text}");
        let printed = world.succeed(&format!("rapsd photos {options} -q --json -o json")).json();
        assert_eq!((&printed["until"]["n_read"], &printed["counts"]["n_unread"]), (&n.into(), &0.into()));
        assert_eq!(printed["until"]["error"].is_null(), n == 1, "{}", printed["until"]);
        // Only the order of the rows is another than without the option.
        world.succeed(&format!("rapsd photos --num {n} --plots none -q -o plain"));
        assert!(world.read("text/rapsd.csv") == world.read("plain/rapsd.csv"), "{n}");
        let of =
            |folder: &str| paths(&world, &format!("{folder}/rapsd_images.csv")).into_iter().collect::<BTreeSet<_>>();
        assert_eq!(of("text"), of("plain"));
    }
    // Less than was asked for of fewer files than the first look takes: they are all read.
    let until = world.succeed("rapsd photos --num 255 --until 90% -q --json -o wide").json()["until"].clone();
    assert_eq!((&until["n_read"], &until["n_files"]), (&255.into(), &255.into()));
    let until = world.succeed("rapsd photos --until 90% -q --json -o wide").json()["until"].clone();
    assert_eq!((&until["n_read"], &until["n_files"]), (&256.into(), &300.into()));
    // At most the files of --sample, and the same set.
    world.succeed("rapsd photos --sample 280 --until 0.1% -q -o capped --plots none");
    world.succeed("rapsd photos --sample 280 -q -o sampled --plots none");
    assert!(world.read("capped/rapsd.csv") == world.read("sampled/rapsd.csv"));
}

#[test]
fn two_passes_read_the_same_files() {
    let world = World::create();
    write_images(&world, "photos", 400);
    for options in ["", "--standardize pixel"] {
        let words = format!("distance photos {options} --until 30% --samples 2 --family white --plots none -q --json");
        let printed = world.succeed(&format!("{words} -j 1 -o one")).json();
        assert_eq!((&printed["until"]["n_read"], &printed["counts"]["n_files"]), (&256.into(), &256.into()));
        assert_eq!(world.table("one/distance_images.csv").rows.len(), 256, "{options}");
        assert!(!world.path("one/skipped.csv").exists(), "{options}");
        world.succeed(&format!("{words} -j 7 -o seven"));
        for name in ["distance.csv", "distance_images.csv"] {
            assert!(world.read(&format!("one/{name}")) == world.read(&format!("seven/{name}")), "{options}: {name}");
        }
    }
    // The sample's own means and deviations standardise it: those of the same files alone.
    world.succeed("scan photos --standardize pixel --until 30% -q -o pixel --plots none");
    let list: Vec<String> = paths(&world, "pixel/images.csv").iter().map(|path| format!("photos/{path}")).collect();
    assert_eq!(list.len(), 256);
    world.write("list.txt", list.join("\n"));
    world.succeed("scan --files-from list.txt --standardize pixel -q -o alone --plots none");
    assert!(world.read("pixel/gamma.npy") == world.read("alone/gamma.npy"));
}

#[test]
fn files_are_drawn_over_all_inputs_or_from_each() {
    let world = World::create();
    write_images(&world, "a", 300);
    write_images(&world, "b", 300);
    world.succeed("rapsd a b --until 50% -q -o both --plots none");
    let drawn = paths(&world, "both/rapsd_images.csv");
    let of_a = drawn.iter().filter(|path| path.starts_with("a/")).count();
    assert_eq!(drawn.len(), 256);
    assert!((90..=166).contains(&of_a), "{of_a} of the 256 are from a");
    let each = world.succeed("rapsd a b --by-input --until 50% -q --json -o each --plots none").json();
    for input in ["a", "b"] {
        let until = &each[input]["until"];
        assert_eq!((&until["n_read"], &until["n_files"]), (&256.into(), &300.into()), "{input}");
    }
}

#[test]
fn where_it_cannot_be_the_option_is_refused() {
    let world = World::with_photos(4);
    world.succeed("scan photos -o out -q --plots none");
    world.refuse("rapsd out/photos.spectrum --until 2% -o no", &["--until", "saved spectrum", "leave the option out"]);
    world.refuse("noise --until 2% -o no", &["--until", "no INPUT"]);
    world.refuse("schedule photos --until 2% -o no", &["--until", "every image", "--dataset"]);
    for (value, part) in [("2", "2%"), ("0%", "between"), ("100%", "between"), ("-1%", "-1"), ("nan%", "between")] {
        world.refuse(&format!("rapsd photos --until {value} -o no"), &[part]);
    }
    assert!(!world.path("no").exists());
}

#[test]
fn a_plan_says_when_a_run_may_stop() {
    let world = World::create();
    write_images(&world, "photos", 700);
    let plan = world.succeed("rapsd photos --until 2% --seed 9 --dry-run").stdout;
    for part in ["seed 9", "256, 362, 512, 700 files", "below 2 %", "at most"] {
        assert!(plan.contains(part), "`{part}` is missing in {plan}");
    }
    assert!(plan.lines().all(|line| line.chars().count() <= 80), "{plan}");
    assert_eq!(world.succeed("rapsd photos --until 2% --dry-run --json").json()["until"], 0.02);
    assert_eq!(world.succeed("rapsd photos --dry-run --json").json()["until"], Value::Null);
}

#[test]
fn merging_a_sample_warns_of_its_weight() {
    let world = World::create();
    write_images(&world, "photos", 300);
    // The same pictures would be refused.
    sets::save(&world.path("whole/one.png"), &sets::picture(16, 16, 4000).into());
    world.succeed("scan photos --until 50% -q -o a --name a --plots none");
    world.succeed("scan whole -q -o b --name b --plots none");
    let printed = world.succeed("merge a/a.spectrum b/b.spectrum -o merged");
    assert!(printed.stderr.contains("a/a.spectrum is a sample (256 files, 44 not read)"), "{}", printed.stderr);
    assert!(printed.stdout.contains("a sample of 257 images"), "{}", printed.stdout);
    assert_eq!(world.json("merged/merge.json")["counts"]["n_unread"], 44);
    let printed = world.succeed("rapsd a/a.spectrum b/b.spectrum -o both --plots none");
    assert!(printed.stderr.contains("is a sample"), "{}", printed.stderr);
    let printed = world.succeed("rapsd a/a.spectrum -o alone --plots none");
    assert!(!printed.stderr.contains("is a sample"), "{}", printed.stderr);
}
