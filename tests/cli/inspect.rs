//! `inspect`: planted damage, its lists and sheets, small sets and small images.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::{Table, World, sets};

const SIDE: u32 = 128;

/// Thirty pictures of 128 pixels; the first ones are damaged, each in its own way.
fn planted() -> World {
    let world = World::create();
    let picture = |seed: u32| smooth(&sets::picture(SIDE, SIDE, seed));
    for i in 0..30 {
        sets::save(&world.path(format!("set/{i:02}.png")), &picture(i).into());
    }
    let put = |name: &str, image: RgbImage| sets::save(&world.path(format!("set/{name}.png")), &image.into());
    let half = |filter| {
        let small = imageops::resize(&picture(40), SIDE / 2, SIDE / 2, FilterType::CatmullRom);
        imageops::resize(&small, SIDE, SIDE, filter)
    };
    put("copy of 03", picture(3));
    put("flat", RgbImage::from_pixel(SIDE, SIDE, Rgb([120, 130, 140])));
    put("nearest", half(FilterType::Nearest));
    let mut barred = picture(41);
    for (_, y, p) in barred.enumerate_pixels_mut() {
        if !(16..SIDE - 16).contains(&y) {
            *p = Rgb([0, 30, 90]);
        }
    }
    put("barred", barred);
    put("dark", imageops::colorops::brighten(&picture(42), -150));
    world
}

/// Less grain than `sets` has: no camera is as noisy.
fn smooth(image: &RgbImage) -> RgbImage {
    imageops::blur(image, 0.6)
}

fn findings(table: &Table, name: &str) -> String {
    let at = table.column("path").iter().position(|path| *path == name).unwrap_or_else(|| panic!("no {name}"));
    table.column("findings")[at].to_owned()
}

#[test]
fn planted_damage_is_found_listed_and_shown() {
    let world = planted();
    let printed = world.succeed("inspect set -o out");
    let table = world.table("out/inspect.csv");
    assert_eq!(table.rows.len(), 35);
    for (file, finding) in [
        ("copy of 03.png", "duplicate"),
        ("flat.png", "flat"),
        ("nearest.png", "repeated"),
        ("barred.png", "bars"),
        ("dark.png", "dark"),
    ] {
        let found = findings(&table, file);
        assert!(found.split(' ').any(|f| f == finding), "{file}: `{found}`");
        let list = String::from_utf8(world.read(&format!("out/inspect/{finding}.txt"))).expect("UTF-8");
        assert!(list.lines().any(|line| line == file), "{finding}: {list}");
        assert!(world.read(&format!("out/inspect/{finding}.png")).starts_with(b"\x89PNG"));
    }
    let at = table.column("path").iter().position(|path| *path == "copy of 03.png").expect("a row");
    assert_eq!(table.column("duplicate_of")[at], "03.png");
    assert!(!findings(&table, "03.png").contains("duplicate"), "the first of two is none");
    assert!(!findings(&table, "flat.png").contains("soft"), "uniform is not soft");
    assert!(
        printed.stdout.lines().next().is_some_and(|line| line.contains("of 35 images have a finding")),
        "{}",
        printed.stdout
    );
    assert!(printed.stdout.lines().all(|line| line.chars().count() <= 80), "{}", printed.stdout);
    // A list of a finding that no image has any more is not left behind.
    std::fs::remove_file(world.path("set/dark.png")).expect("removed");
    world.succeed("inspect set -o out -q --plots none");
    let left = world.files("out/inspect");
    assert!(left.contains(&"flat.txt".to_owned()) && !left.contains(&"dark.txt".to_owned()), "{left:?}");
    assert!(left.iter().all(|name| name.ends_with(".txt")), "{left:?}");
    // Nor the folder of those of a set in which nothing is found, unless somebody else has a file in it.
    world.write("theirs/inspect/notes.txt", "mine");
    for (folder, remains) in [("out", None), ("theirs", Some("notes.txt"))] {
        world.succeed(&format!("inspect set -o {folder} -q --plots png"));
        assert!(world.files(&format!("{folder}/inspect")).len() > 2);
        super::write_uniform(&world.path("plain"), 3, 48, 40);
        world.succeed(&format!("inspect plain -o {folder} -q"));
        assert_eq!(world.files(&format!("{folder}/inspect")), remains.into_iter().collect::<Vec<_>>());
        assert_eq!(world.path(format!("{folder}/inspect")).exists(), remains.is_some());
    }
}

/// The example of the help text, as it stands there, but for the folder and the finding.
#[cfg(unix)]
#[test]
fn the_example_opens_the_files_that_are_listed() {
    let world = planted();
    let help = world.succeed("inspect --help").stdout;
    let (_, example) = help.split_once("Example: ").expect("an example");
    let example = example.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(example.contains("photos") && example.contains("soft.txt"), "{example}");
    let example = example.replace("photos", "set").replace("soft.txt", "flat.txt");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_specscan")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("a path"));
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &example]).current_dir(world.path("")).env("PATH", path).output().expect("a shell");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.ends_with("\nflat.png\n"), "{example}: {stdout}");
}

#[test]
fn a_few_small_files_that_hold_the_working_size_down_are_named_with_the_remedy() {
    let world = World::create();
    super::write_uniform(&world.path("set"), 12, 200, 130);
    super::write_uniform(&world.path("set/small"), 1, 60, 50);
    let printed = world.succeed("inspect set -o out --plots none");
    let warned = printed.stderr.lines().find(|line| line.starts_with("warning: ")).unwrap_or_default();
    for part in ["working size 32×32", "130 px", "--resolution 128", "the 1 of 13 images"] {
        assert!(warned.contains(part), "`{part}` is missing in {}", printed.stderr);
    }
    assert!(!world.succeed("inspect set -o out --plots none --resolution 128").stderr.contains("warning: the working"));
}

#[test]
fn the_result_does_not_depend_on_threads_and_json_has_every_finding() {
    let world = planted();
    world.succeed("inspect set -o one -q --threads 1 --plots none");
    let object = world.succeed("inspect set -o two --json --threads 3 --plots none").json();
    for file in ["inspect.csv", "inspect/duplicate.txt", "inspect/flat.txt"] {
        assert!(world.read(&format!("one/{file}")) == world.read(&format!("two/{file}")), "{file}");
    }
    let findings = object["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 15);
    let duplicate = findings.iter().find(|f| f["name"] == "duplicate").expect("listed");
    assert_eq!((duplicate["n_images"].as_u64(), duplicate["worst_path"].as_str()), (Some(1), Some("copy of 03.png")));
}

#[test]
fn small_sets_and_small_images_succeed_and_say_what_they_cannot_tell() {
    let world = World::with_photos(3);
    let printed = world.succeed("inspect photos -o out");
    assert!(printed.stdout.contains("Could not be looked for: soft"), "{}", printed.stdout);
    assert!(printed.stdout.contains("at least 20 files"), "{}", printed.stdout);
    assert!(
        printed.stdout.lines().next().is_some_and(|line| line.ends_with("as far as can be told")),
        "{}",
        printed.stdout
    );
    let table = world.table("out/inspect.csv");
    for empty in ["effective_resolution_share", "repeat_ratio", "noise_codes", "oddness", "odd_side"] {
        assert!(table.column(empty).iter().all(|cell| cell.is_empty()), "{empty}");
    }
    for i in 0..3 {
        sets::save(&world.path(format!("flat/{i}.png")), &RgbImage::from_pixel(32, 32, Rgb([80 * i as u8; 3])).into());
    }
    world.succeed("inspect flat -o flat-out");
    assert_eq!(world.table("flat-out/inspect.csv").column("findings"), ["flat dark black", "flat dark", "flat bright"]);
    world.succeed("inspect photos --transform tile --resolution 8 -o tiles");
    assert_eq!(world.table("tiles/inspect.csv").rows.len(), 18);
    world.succeed("scan photos -o out -q --plots none");
    world.refuse("inspect out/photos.spectrum -o no", &["holds no single images", "give the folder of images"]);
}

#[test]
fn a_scan_writes_the_same_numbers_when_asked_to_and_none_otherwise() {
    let world = planted();
    world.succeed("inspect set -o out -q --plots none");
    world.succeed("scan set -o scanned -q --plots none --detectors");
    world.succeed("scan set -o plain -q --plots none");
    let (inspected, scanned) = (world.table("out/inspect.csv"), world.table("scanned/images.csv"));
    for column in ["effective_resolution_share", "repeat_ratio", "noise_codes", "peak_deviations", "white_share"] {
        assert_eq!(inspected.column(column), scanned.column(column), "{column}");
        assert!(inspected.column(column).iter().any(|cell| !cell.is_empty()), "{column}");
    }
    let plain = world.table("plain/images.csv");
    assert_eq!(plain.header, scanned.header[..plain.header.len()]);
    assert!(!plain.header.contains(&"noise_codes".to_owned()) && scanned.header.len() == plain.header.len() + 12);
    assert!(world.read("plain/set.spectrum") == world.read("scanned/set.spectrum"), "detectors change no sum");
}

/// Users of cleanvision find uniform images and very large ones called blurry (cleanvision#120).
#[test]
fn uniform_images_are_not_soft_and_large_ones_only_at_a_size_that_they_do_not_fill() {
    let world = World::create();
    for (i, colour) in
        [[0, 0, 0], [255, 255, 255], [128, 128, 128], [200, 30, 40], [30, 60, 160]].into_iter().enumerate()
    {
        for (side, name) in [(300, "small"), (3000, "large")] {
            let image = RgbImage::from_pixel(side, side * 2 / 3, Rgb(colour));
            sets::save(&world.path(format!("uniform/{name} {i}.png")), &image.into());
        }
    }
    let photograph = image::open(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photos/astronaut.png"));
    let photograph = photograph.expect("a fixture").to_rgb8();
    // As a camera of 16 million pixels leaves it: smooth from pixel to pixel.
    let large = imageops::resize(&photograph, 4096, 4096, FilterType::Triangle);
    sets::save(&world.path("large/smooth.jpg"), &large.into());
    // And as sharp as pixels allow: the photograph beside itself, mirrored.
    let (width, height) = photograph.dimensions();
    let folded = |k: u32, n: u32| if (k / n).is_multiple_of(2) { k % n } else { n - 1 - k % n };
    let tiled = RgbImage::from_fn(4096, 3072, |x, y| *photograph.get_pixel(folded(x, width), folded(y, height)));
    sets::save(&world.path("large/sharp.jpg"), &tiled.into());
    world.succeed("inspect uniform --resolution 128 -o uniform-out -q --plots none");
    for found in world.table("uniform-out/inspect.csv").column("findings") {
        assert!(found.contains("flat") && !found.contains("soft"), "{found}");
    }
    let found_at = |side: u32| {
        world.succeed(&format!("inspect large --resolution {side} -o out-{side} -q --plots none"));
        let table = world.table(&format!("out-{side}/inspect.csv"));
        ["sharp.jpg", "smooth.jpg"].map(|name| findings(&table, name))
    };
    assert_eq!(found_at(256), [String::new(), String::new()]);
    let [sharp, smooth] = found_at(1024);
    assert!(!sharp.contains("soft") && smooth.contains("soft"), "{sharp}; {smooth}");
}
