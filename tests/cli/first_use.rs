//! The first run of somebody who has read nothing: no option given, ordinary folders.

use super::{World, sets, write_uniform};

/// Photographs of many sizes, the largest of which is no size that 99 % of them reach.
fn write_ordinary(world: &World) {
    for i in 0..200_u32 {
        // One of the 200 is smaller than the rest, and none of the 64 that were once looked at.
        let (width, height) = if i == 101 { (60, 50) } else { (66 + i % 7, 65 + i % 5) };
        sets::save(&world.path(format!("photos/{i:03}.png")), &sets::picture(width, height, i).into());
    }
}

#[test]
fn sizes_that_differ_are_met_with_the_largest_usual_one() {
    let world = World::create();
    write_ordinary(&world);
    let printed = world.succeed("scan photos -o out --plots none");
    assert!(printed.stdout.contains("\n199 images"), "{}", printed.stdout);
    let said = "working size 64×64: sizes differ, 199 of 200 reach it by their headers (--resolution sets another)";
    assert_eq!(printed.stderr.lines().filter(|line| *line == said).count(), 1, "{}", printed.stderr);
    let quiet = world.succeed("scan photos -o out --plots none -q");
    assert_eq!(quiet.stderr, "");
}

#[test]
fn tiles_and_mixed_folders_are_scanned_without_an_option() {
    let world = World::create();
    write_uniform(&world.path("tiles"), 9, 32, 32);
    let printed = world.succeed("scan tiles -o out");
    assert!(printed.stderr.contains("working size 32×32: that of all 9 images looked at"), "{}", printed.stderr);
    write_uniform(&world.path("mixed/a"), 5, 32, 32);
    write_uniform(&world.path("mixed/b"), 5, 200, 130);
    write_uniform(&world.path("mixed/c"), 1, 20, 300);
    let printed = world.succeed("scan mixed -o out");
    let said =
        "working size 20×20: sizes differ, 11 of 11 reach it by their headers; the smallest, c/00.png, is 20×300";
    assert!(printed.stdout.contains("\n11 images") && printed.stderr.contains(said), "{}", printed.stderr);
}

#[test]
fn photographs_are_scanned_without_an_option() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = std::env::var_os("SPECSCAN_SHARED").map_or_else(|| root.join("../shared"), Into::into);
    let world = World::create();
    for folder in [root.join("fixtures/photos"), beside.join("data/bench")] {
        if !folder.is_dir() {
            println!("skipped: {} does not exist", folder.display());
            continue;
        }
        let mut command = world.command([std::ffi::OsStr::new("scan"), folder.as_os_str()]);
        let printed = super::Printed::from(command.assert().code(0).get_output());
        assert!(printed.stdout.starts_with("Δ = 1.") && printed.stdout.contains(" ± "), "{}", printed.stdout);
    }
}

#[test]
fn images_left_out_by_choice_are_listed_apart_and_never_judged() {
    let world = World::with_photos(8);
    write_uniform(&world.path("photos/small"), 2, 10, 10);
    let mut barred = sets::picture(24, 24, 1);
    for (_, y, pixel) in barred.enumerate_pixels_mut() {
        if !(6..18).contains(&y) {
            *pixel = image::Rgb([0; 3]);
        }
    }
    barred.save(world.path("photos/barred.png")).expect("an image");
    let printed = world.succeed("rapsd photos --resolution 16 --drop-letterbox --max-skipped 0 -o out --plots none");
    let left_out = world.table("out/left_out.csv");
    assert_eq!(left_out.column("path"), ["barred.png", "small/00.png", "small/01.png"]);
    assert!(left_out.column("reason")[0].contains("letterboxed") && left_out.column("reason")[1].contains("too small"));
    assert!(!world.path("out/skipped.csv").exists());
    for part in [
        "left out barred.png: is letterboxed",
        "warning: 3 of 11 files (27 %) were left out by choice (2 too small for 16×16, 1 letterboxed)",
    ] {
        assert!(printed.stderr.contains(part), "{part} is missing in: {}", printed.stderr);
    }
    // One of eleven is no reason to warn.
    let printed = world.succeed("rapsd photos --resolution 10 --drop-letterbox -o out --plots none");
    assert_eq!(world.table("out/left_out.csv").column("path"), ["barred.png"]);
    assert!(!printed.stderr.contains("warning"), "{}", printed.stderr);
    world.succeed("rapsd photos --resolution 10 -o out -q --plots none");
    assert!(!world.path("out/left_out.csv").exists(), "that list speaks of an earlier run");
}

#[test]
fn files_that_repeat_others_are_told() {
    let world = World::create();
    write_uniform(&world.path("photos"), 9, 24, 16);
    let printed = world.succeed("rapsd photos -o out --plots none");
    assert!(!printed.stderr.contains("repeat"), "{}", printed.stderr);
    std::fs::copy(world.path("photos/03.png"), world.path("photos/copy.png")).expect("a copy");
    let printed = world.succeed("rapsd photos -o out --plots none");
    assert!(printed.stderr.contains("10 % of the files repeat another one byte for byte"), "{}", printed.stderr);
}

#[test]
fn several_inputs_are_one_set_only_when_that_is_said() {
    let world = World::create();
    write_uniform(&world.path("cats"), 3, 24, 16);
    write_uniform(&world.path("more/dogs"), 4, 24, 16);
    let printed = world.succeed("rapsd cats more/dogs -o one --plots none");
    let said = "2 inputs, taken as one set: cats (3 files), more/dogs (4 files); --by-input answers for each";
    assert_eq!(printed.stderr.lines().next(), Some(said));
    assert!(printed.stdout.contains("\n7 images"), "{}", printed.stdout);
    let printed = world.succeed("rapsd cats ./cats more/../cats/00.png -o one --plots none");
    let said = "3 inputs, taken as one set: cats (3 files), ./cats (already read as cats), \
                more/../cats/00.png (already read as cats); --by-input answers for each";
    assert_eq!(printed.stderr.lines().next(), Some(said));
    world.succeed("scan cats -o a -q --plots none");
    // Images of the same bytes are in both.
    world.succeed("scan more/dogs --num 4 --channels luma -o b -q --plots none");
    let printed = world.succeed("rapsd a/cats.spectrum -o saved --plots none");
    assert!(!printed.stderr.contains("one set"), "{}", printed.stderr);
    world.succeed("rapsd cats more/dogs -o one -q --plots none");
}

#[test]
fn each_input_has_an_answer_of_its_own_if_asked() {
    let world = World::create();
    write_uniform(&world.path("cats"), 3, 24, 16);
    write_uniform(&world.path("more/dogs"), 4, 24, 16);
    write_uniform(&world.path("more/cats"), 2, 24, 16);
    let printed = world.succeed("scan cats more/dogs --by-input -o each --plots none");
    let headings: Vec<&str> = printed.stdout.lines().filter(|line| line.ends_with(':')).collect();
    assert_eq!(headings, ["cats:", "more/dogs:"]);
    assert!(!printed.stderr.contains("one set"), "{}", printed.stderr);
    assert_eq!(world.table("each/cats/images.csv").rows.len(), 3);
    assert!(world.path("each/dogs/dogs.spectrum").exists());
    assert_eq!(world.json("each/dogs/scan.json")["inputs"], serde_json::json!(["more/dogs"]));
    let object = world.succeed("rapsd cats more/dogs --by-input --json -o each -q").json();
    assert_eq!((object.len(), &object["more/dogs"]["counts"]["n_images"]), (2, &4.into()));
    // Folders of the same name do not share one.
    world.succeed("rapsd cats more/cats --by-input -o same -q");
    assert_eq!(world.files("same"), ["1-cats", "2-more-cats", "by_input.csv", "rapsd.json"]);
    let plan = world.succeed("rapsd cats more/dogs --by-input --dry-run --json -o none").json();
    assert_eq!((&plan["cats"]["n_files"], world.files("none").len()), (&3.into(), 0));
    world.refuse("rapsd cats fogs --by-input -o none", &["fogs", "does not exist"]);
    assert!(!world.path("none").exists(), "nothing was begun");
}

#[test]
fn inputs_stand_side_by_side_at_the_end() {
    let world = World::create();
    write_uniform(&world.path("cats"), 6, 24, 16);
    write_uniform(&world.path("dogs"), 4, 24, 16);
    let printed = world.succeed("rapsd cats dogs --by-input -o out --plots none");
    let table: Vec<&str> = printed.stdout.lines().skip_while(|line| !line.starts_with("input ")).collect();
    assert_eq!(table.len(), 4, "{}", printed.stdout);
    assert!(
        table[1].starts_with("cats ") && table[2].starts_with("dogs ") && table[2].ends_with("unknown"),
        "{table:?}"
    );
    let written = world.table("out/by_input.csv");
    assert_eq!(written.header, ["input", "folder", "n_images", "n_files", "number", "value", "low95", "high95"]);
    assert_eq!(written.rows[0][..5], ["cats", "cats", "6", "6", "power_db"]);
    // The number is that of the input's own answer.
    let object = world.succeed("rapsd cats -o alone --json -q --plots none").json();
    let power = &object["precision"]["power_db"];
    for (cell, key) in written.rows[0][5..].iter().zip(["value", "low95", "high95"]) {
        assert_eq!(cell.parse::<f64>().ok(), power[key].as_f64(), "{key}: {power}");
    }
    assert_eq!(written.rows[1][6..], ["", ""], "four files have no interval");
    assert!(world.succeed("info out").stdout.contains("There are more in its folders: cats, dogs."));
    let json = world.succeed("rapsd cats dogs --by-input -o out --plots none --json -q");
    assert_eq!(json.json().len(), 2, "the table is in the folder alone");
}

#[test]
fn every_answer_about_a_set_says_whether_the_files_were_enough() {
    let world = World::create();
    write_uniform(&world.path("photos"), 8, 64, 64);
    write_uniform(&world.path("few"), 4, 64, 64);
    for (command, answer) in [
        ("scan", "about 32 would halve"),
        ("rapsd", "about 32 would halve"),
        ("covariance", "about 32 would halve"),
        ("fit-delta", "about 32 would halve"),
        ("offset", "about 32 would halve"),
        ("blur-noise", "about 32 would halve"),
        ("snr", "about 32 would halve"),
        ("bounds", "take 72 files or more"),
        ("schedule", "about 32 files, not 8, would halve"),
        ("schedule --dataset", "about 32 would halve"),
    ] {
        let words = |input: &str| format!("{command} {input} --resolution 64 -o out --plots none");
        let said = |input: &str| world.succeed(&words(input)).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let (enough, few) = (said("photos"), said("few"));
        assert!(enough.contains(answer), "{command}: {enough}");
        assert!(few.contains("no interval, which takes 5") && !few.contains("would halve"), "{command}: {few}");
    }
}

#[test]
fn a_schedule_of_specscans_own_is_a_schedule_everywhere() {
    let world = World::with_photos(4);
    world.succeed("schedule photos --dataset --steps 7 -o own -q --plots none");
    world.write("list.csv", "t,sigma\n0,0.5\n1,3.5\n");
    for (i, file) in ["own/schedule.json", "own/schedules.npz", "own/schedules.csv", "list.csv"].iter().enumerate() {
        for command in ["bounds", "snr", "offset"] {
            world.succeed(&format!("{command} photos --schedule {file} -o {command}{i} -q --plots none"));
        }
    }
    assert!(world.read("bounds0/bounds.csv") == world.read("bounds1/bounds.csv"), "the same name and sigmas");
    world.succeed("schedule photos --steps 7 -o each -q --plots none");
    world.refuse("snr photos --schedule each/schedules.csv -o x", &["each/schedules.csv", "several images"]);
    world.refuse("snr photos --schedule each/schedule.json -o x", &["each/schedule.json", "`sigma`", "--dataset"]);
    world.write("bad.csv", "sigma\n1\nmuch\n");
    world.refuse("bounds photos --schedule bad.csv -o x", &["bad.csv", "much", "no number"]);
    world.refuse("snr photos --schedule edn:18 -o x", &["did you mean edm?"]);
    world.refuse("snr photos --schedule ddpm -o x", &["did you mean ddpm-linear?"]);
    world.refuse("schedule smaple x -o x", &["did you mean `schedule sample`?"]);
}

#[test]
fn families_are_a_list_and_a_typo_is_met_with_the_nearest() {
    let world = World::create();
    world.succeed(
        "noise --resolution 16 --count 1 --family white,offset:0.1,shared,pyramid:0.3,6 --family pink -o out -q",
    );
    let families = world.json("out/noise.json")["families"].clone();
    let names: Vec<&str> =
        families.as_array().expect("a list").iter().filter_map(|family| family["family"].as_str()).collect();
    assert_eq!(names, ["white", "offset:0.1,shared", "pyramid:0.3,6", "pink"]);
    world.refuse("noise --resolution 16 --family white,pnik -o x", &["`pnik`", "did you mean `pink`?"]);
    world.refuse("noise --resolution 16 --family offset -o x", &["offset:0.1"]);
    let help = world.succeed("scan --help").stdout;
    let of_transform = help.split("--transform").nth(1).expect("the option");
    assert!(of_transform.contains("[possible values: center-crop-dhariwal, center-crop, crop, tile, none]"));
}

#[test]
fn help_is_a_command_and_short_where_it_is_asked_shortly() {
    let world = World::with_photos(3);
    let top = world.succeed("help").stdout;
    let groups = ["Answers:", "fit-delta", "schedule", "Measures:", "covariance", "Files:", "info", "Exit codes"];
    let at: Vec<usize> =
        groups.iter().map(|part| top.find(part).unwrap_or_else(|| panic!("no {part} in {top}"))).collect();
    assert!(at.is_sorted(), "{top}");
    assert_eq!(top, world.succeed("-h").stdout);
    assert_eq!(world.succeed("help scan").stdout, world.succeed("scan --help").stdout);
    assert!(world.succeed("help schedule sample").stdout.contains("Usage: specscan schedule sample"));
    let short = world.succeed("fit-delta -h").stdout;
    for part in ["--paper", "--cross-mask", "Common options: --resolution N", "-o DIR", "[INPUT]", "Example"] {
        assert!(short.contains(part), "no {part} in {short}");
    }
    assert!(!short.contains("--max-pixels") && !short.contains("Preparing images"), "{short}");
    let long = world.succeed("fit-delta --help").stdout;
    let topics = ["\nInput:", "\nPreparing images:", "\nOutput:", "\nPlots:", "\nComputing:"];
    let at: Vec<_> = topics.iter().map(|topic| long.find(topic)).collect();
    assert!(at.is_sorted() && at.iter().all(Option::is_some), "{at:?} in {long}");
    assert!(long.contains("--max-pixels") && !long.contains("Common options"));
    // Options of its own that share a name are not hidden.
    assert!(world.succeed("info -h").stdout.contains("--json"));
    assert!(world.succeed("schedule sample -h").stdout.contains("--seed"));
}

#[test]
fn help_fits_80_columns() {
    let world = World::create();
    let mut help = world.command(["help"]);
    let commands = String::from_utf8(help.env("COLUMNS", "80").assert().code(0).get_output().stdout.clone());
    let commands = commands.expect("UTF-8");
    assert!(commands.lines().all(|line| line.chars().count() <= 80), "{commands}");
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    for name in names.filter(|name| !name.starts_with('-')) {
        for form in ["-h", "--help"] {
            let mut command = world.command([name, form]);
            let output = command.env("COLUMNS", "80").assert().code(0);
            let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{name} {form}:\n{text}");
        }
    }
}

#[test]
fn common_options_may_stand_before_the_command() {
    let world = World::with_photos(3);
    let printed = world.succeed("-q --json -o before -j 1 scan photos --plots none");
    assert_eq!((printed.stderr.as_str(), &printed.json()["counts"]["n_images"]), ("", &3.into()));
    assert!(world.path("before/scan.json").exists());
    world.succeed("-o merged merge before/photos.spectrum -q");
    assert!(world.path("merged/merge.json").exists());
    world.refuse("--plots jpeg scan photos", &["--plots", "svg"]);
    world.refuse("-o out scn photos", &["unrecognized subcommand 'scn'", "'scan'"]);
    // A command that has no such option refuses it.
    world.refuse("-o out info before/photos.spectrum", &["unexpected argument '-o'"]);
}
