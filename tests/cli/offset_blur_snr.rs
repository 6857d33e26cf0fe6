//! `offset`, `blur-noise` and `snr`: sets whose answer is known, degenerate ones, saved spectra, options that cannot
//! be.

use image::{Rgb, RgbImage};

use super::World;

/// Flat grey images whose brightness is evenly spread over −1 … 1: the Cylinder set of the paper.
fn cylinder_set(side: u32, n: u64) -> World {
    let world = World::create();
    std::fs::create_dir_all(world.path("set")).expect("a folder");
    let mut state = 88_172_645_463_325_252_u64.wrapping_add(u64::from(side));
    for i in 0..n {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let even = (state >> 11) as f64 / (1_u64 << 53) as f64;
        let code = (255.0 * even).round() as u8;
        RgbImage::from_pixel(side, side, Rgb([code; 3])).save(world.path(format!("set/{i:03}.png"))).expect("an image");
    }
    world
}

#[test]
fn evenly_spread_brightness_has_its_offset_at_every_size() {
    let truth = 1.0 / 3.0_f64.sqrt();
    for side in [16, 64, 256] {
        let world = cylinder_set(side, 300);
        world.succeed("offset set --family white -q --plots none -o out");
        let matching = world.json("out/offset.json")["matching_offset"].clone();
        for name in ["overall", "shared", "independent"] {
            let number = |key: &str| matching[name][key].as_f64().unwrap_or_else(|| panic!("{name}.{key}"));
            let (low, value, high) = (number("low95"), number("value"), number("high95"));
            assert!(low <= truth && truth <= high, "{side} px, {name}: {low} … {high}");
            assert!(high - low <= 0.1 && low <= value && value <= high, "{side} px, {name}: {low} {value} {high}");
        }
        assert!(matching["per_channel"]["value"].as_f64().expect("a number") <= 1e-6, "all channels are equal");
    }
}

#[test]
fn equal_brightness_needs_no_offset_and_is_told_so() {
    let world = World::create();
    std::fs::create_dir_all(world.path("set")).expect("a folder");
    for i in 0..6u32 {
        // Half of the pixels are bright, wherever they lie.
        let image =
            RgbImage::from_fn(16, 16, |x, y| Rgb([if (x * (i + 1) + y / 2 + i) % 16 < 8 { 200 } else { 55 }; 3]));
        let n_bright = image.pixels().filter(|p| p.0[0] == 200).count();
        assert_eq!(n_bright, 128, "image {i}");
        image.save(world.path(format!("set/{i}.png"))).expect("an image");
    }
    let printed = world.succeed("offset set -o out");
    assert!(printed.stdout.contains("the matching offset is 0"), "{}", printed.stdout);
    let document = world.json("out/offset.json");
    for name in ["overall", "shared", "per_channel", "independent"] {
        assert_eq!(document["matching_offset"][name]["value"].as_f64(), Some(0.0), "{name}");
    }
    for name in ["brightness.csv", "brightness_families.csv", "adjusted_offset.csv"] {
        for row in world.table(&format!("out/{name}")).rows {
            assert!(row.iter().all(|cell| !cell.contains("NaN") && !cell.contains("inf")), "{name}: {row:?}");
        }
    }
}

#[test]
fn matched_noise_lets_all_frequencies_emerge_together() {
    let world = World::with_photos(9);
    let printed = world.succeed("snr photos --schedule cosine --steps 400 --json -o out");
    let json = printed.json();
    let spread = |family: &str| {
        let families = json["families"].as_array().expect("families");
        let found = families.iter().find(|f| f["family"] == family).unwrap_or_else(|| panic!("no {family}"));
        found["spread"].as_f64().expect("a number")
    };
    assert!(spread("matched") <= 1e-9, "{}", spread("matched"));
    assert!(spread("white") > 0.01, "{}", spread("white"));
    let table = world.table("out/snr_crossing.csv");
    let matched: Vec<_> = table.rows.iter().filter(|row| row[0] == "matched").collect();
    assert!(
        matched.len() > 5 && matched.windows(2).all(|pair| pair[0][5] == pair[1][5]),
        "one step for all: {matched:?}"
    );
    // Families × steps × annuli of doubles after the header.
    assert_eq!(world.read("out/snr.npy").len(), 128 + 8 * 4 * 400 * 13);
}

#[test]
fn saved_spectra_give_the_same_numbers_without_intervals() {
    let world = World::with_photos(12);
    world.succeed("scan photos --name s -q --plots none -o scan");
    for out in ["images", "saved"] {
        let input = if out == "images" { "photos" } else { "scan/s.spectrum" };
        world.succeed(&format!("offset {input} -q --plots none -o {out}"));
        world.succeed(&format!("blur-noise {input} -q --plots none -o {out}"));
        world.succeed(&format!("snr {input} -q --plots none -o {out}"));
    }
    // The interval is a logarithm's, so its sides differ; a saved spectrum has none, and why is said.
    let printed = |input: &str| world.succeed(&format!("offset {input} --plots none -o said")).stdout;
    assert!(printed("photos").contains("12 files give this interval; about 48 would halve its width"));
    assert!(printed("scan/s.spectrum").contains("no interval: a saved spectrum holds no single images"));
    let offset = |out: &str| world.json(&format!("{out}/offset.json"))["matching_offset"]["shared"].clone();
    let (images, saved) = (offset("images"), offset("saved"));
    let value = |v: &serde_json::Value| v["value"].as_f64().expect("a number");
    assert!((value(&images) - value(&saved)).abs() <= 1e-9, "{images} and {saved}");
    assert!(images["low95"].is_number() && saved["low95"].is_null());
    for name in ["blur_noise.csv", "snr_crossing.csv", "adjusted_offset.csv", "snr.npy"] {
        assert_eq!(world.read(&format!("images/{name}")), world.read(&format!("saved/{name}")), "{name}");
    }
    assert!(!world.files("saved").contains(&"blur_noise_images.csv".to_owned()));
    assert_eq!(world.table("images/blur_noise_images.csv").rows.len(), 12);
}

#[test]
fn nothing_depends_on_the_threads() {
    let world = World::with_photos(11);
    let names =
        ["brightness.csv", "blur_noise_images.csv", "snr_crossing.csv", "offset.svg", "blur_noise.svg", "snr.svg"];
    let run = |out: &str, threads: usize| {
        for command in ["offset", "blur-noise", "snr"] {
            world.succeed(&format!("{command} photos -q -o {out} --threads {threads}"));
        }
        // The document is the manifest as well, which has the time, the command line and the workers.
        let mut document = world.json(&format!("{out}/offset.json"));
        let fields = document.as_object_mut().expect("an object");
        ["wall_time_s", "arguments", "threads"].iter().for_each(|key| drop(fields.remove(*key)));
        (names.map(|name| world.read(&format!("{out}/{name}"))), document)
    };
    assert_eq!(run("one", 1), run("four", 4));
}

#[test]
fn schedules_have_the_same_names_everywhere() {
    let world = World::with_photos(3);
    for (options, name, n_steps) in [
        ("", "ddpm-linear:1000", 1000),
        ("--schedule ddpm-linear:30", "ddpm-linear:30", 30),
        ("--steps 30", "ddpm-linear:30", 30),
        ("--schedule edm --steps 40", "edm:40", 40),
        ("--schedule edm", "edm:18", 18),
    ] {
        let json = world.succeed(&format!("snr photos {options} --json --plots none -o out")).json();
        assert_eq!((json["schedule"].as_str(), json["n_steps"].as_u64()), (Some(name), Some(n_steps)), "{options}");
    }
    world.succeed("bounds photos --schedule ddpm-linear --schedule ddpm-linear:30 --plots none -o bounds");
    let table = world.table("bounds/waste.csv");
    let named = table.column("schedule");
    assert_eq!(named[named.len() - 1], "ddpm-linear:30");
    assert_eq!(named.iter().filter(|name| **name == "ddpm-linear:1000").count(), 1);
}

#[test]
fn what_cannot_be_is_refused_and_pure_noise_at_the_end_is_told() {
    let world = World::with_photos(3);
    for (words, parts) in [
        ("blur-noise photos --retain 1 -o out", &["--retain", "0.9"][..]),
        ("blur-noise photos --retain nan -o out", &["--retain"]),
        ("blur-noise photos --kappa 0 -o out", &["--kappa"]),
        ("blur-noise photos --num 1 -o out", &["at least 2 images"]),
        ("blur-noise photos --resolution 1 -o out", &["one pixel", "--resolution"]),
        ("offset photos --range 0:1 -o out", &["--range"]),
        ("offset photos --standardize none -o out", &["--standardize none"]),
        ("offset photos --schedule edm:18 --steps 5 -o out", &["--steps"]),
        ("offset photos --schedule nowhere.txt -o out", &["nowhere.txt"]),
        ("offset photos --steps 3 -o out", &["3"]),
        ("offset photos --channels ycbcr -o out", &["--channels rgb"]),
        ("offset photos --window hann -o out", &["--window"]),
        ("snr photos --schedule sine -o out", &["sine"]),
        ("snr photos --steps 100000000 -o out", &["1000000 steps"]),
    ] {
        world.refuse(words, parts);
    }
    let printed = world.succeed("offset photos --schedule flow:20,1 -o flow");
    assert!(printed.stderr.contains("ends in pure noise"), "{}", printed.stderr);
    assert!(!world.files("flow").contains(&"adjusted_offset.csv".to_owned()));
    // One image has a brightness and no spread.
    let printed = world.succeed("offset photos --num 1 -o one");
    assert!(printed.stdout.contains("one image has no spread"), "{}", printed.stdout);
}

#[test]
fn a_small_size_predicts_the_offset_of_larger_ones() {
    // Brightness of deviation 0.05: hidden by white noise at 16 pixels, not at 64.
    let world = World::create();
    std::fs::create_dir_all(world.path("set")).expect("a folder");
    let mut state = 12_345u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1u32 << 24)
    };
    for i in 0..80 {
        let level = 127.5 + 127.5 * 0.05 * 12.0_f64.sqrt() * (draw() - 0.5);
        let image = RgbImage::from_fn(64, 64, |_, _| Rgb([(level + 20.0 * (draw() - 0.5)).round() as u8; 3]));
        image.save(world.path(format!("set/{i:02}.png"))).expect("an image");
    }
    let at_64 = |resolution: u32| {
        world.succeed(&format!("offset set --resolution {resolution} --family white -q --plots none -o out"));
        let document = world.json("out/offset.json");
        let row = document["resolutions"].as_array().expect("rows").iter().find(|r| r["resolution_px"] == 64).cloned();
        let here = document["matching_offset"]["independent"]["value"].as_f64().expect("a number");
        (here, row.expect("64 px")["matching_offset"]["independent"].as_f64().expect("a number"))
    };
    let printed = world.succeed("offset set --resolution 16 --family white --plots none -o out");
    assert!(printed.stdout.contains("256 px: 0.0"), "{}", printed.stdout);
    let (at_16, predicted) = at_64(16);
    let (measured, _) = at_64(64);
    assert_eq!(at_16, 0.0);
    assert!((predicted / measured - 1.0).abs() <= 0.02 && measured > 0.03, "{predicted} and {measured}");
}

#[test]
fn a_schedule_that_never_reaches_the_signal_has_no_spread() {
    let world = World::with_photos(4);
    world.write("betas.txt", "0.0001\n0.001\n0.01\n0.02\n");
    let printed = world.succeed("snr photos --schedule betas.txt -o out");
    assert!(printed.stderr.contains("are these betas?"), "{}", printed.stderr);
    assert!(printed.stdout.contains("the spread is unknown") && !printed.stdout.contains(" 0  "), "{}", printed.stdout);
    let json = world.succeed("snr photos --schedule betas.txt --json -o out").json();
    assert!(json["families"].as_array().expect("families").iter().all(|f| f["spread"].is_null()), "{json:?}");
    world.write("twice.txt", "10\n5\n5\n1\n");
    world.refuse("offset photos --schedule twice.txt -o twice", &["step 3", "rise"]);
    assert!(world.files("twice").is_empty(), "refused before anything is read");
    world.write("own.txt", "100\n10\n1\n0.1\n0.01\n");
    world.succeed("offset photos --schedule own.txt -q -o own");
    assert_eq!(world.table("own/adjusted_offset.csv").rows.len(), 5);
}

#[test]
fn the_result_comes_first_and_lines_fit_a_terminal() {
    let world = World::with_photos(6);
    super::write_uniform(&world.path("many"), 30, 24, 16);
    for (words, first) in [
        ("offset photos", "noise_offset = "),
        ("blur-noise photos", "blur-to-noise ratio ρ* = "),
        ("snr photos --schedule cosine", "Along cosine:1000 the first frequency emerges from white noise at "),
        ("bounds photos", "useful noise: sigma from "),
        ("schedule photos", "6 mixed schedules of "),
        ("schedule photos --dataset", "mixed schedule: "),
        ("schedule fit-sampler many --max-components 1", "sampler of 30 mixed schedules"),
        ("scan photos", "Δ = "),
        ("fit-delta photos", "Δ = "),
        ("rapsd photos", "power falls from "),
        ("covariance photos --coherence", "off-diagonal share of the squared covariance: "),
        ("distance photos --samples 5 --full-covariance 8", "closest noise: "),
        ("noise photos --family white,pink", "4 samples of each family at 24×16"),
        ("noise --resolution 8", "4 samples of each family at 8×8"),
    ] {
        let printed = world.succeed(&format!("{words} --plots none -o out"));
        assert!(printed.stdout.starts_with(first), "{words}: {}", printed.stdout);
        let verbose = world.succeed(&format!("{words} --plots none -o out -v"));
        assert!(verbose.stdout.starts_with(&printed.stdout), "{words}: details come last: {}", verbose.stdout);
        for line in verbose.stdout.lines() {
            assert!(line.chars().count() <= 80, "{words}: {} columns: {line}", line.chars().count());
        }
    }
}

#[test]
fn a_few_files_have_no_interval_and_a_far_mean_is_told() {
    let world = World::create();
    std::fs::create_dir_all(world.path("set")).expect("a folder");
    for i in 0..8_u8 {
        let image = RgbImage::from_fn(32, 32, |x, y| Rgb([200 + 4 * i + ((x * 7 + y * 3) % 11) as u8; 3]));
        image.save(world.path(format!("set/{i}.png"))).expect("an image");
    }
    let printed = world.succeed("offset set --plots none -o eight").stdout;
    for part in
        ["8 files give this interval; about 32 would halve its width", "The set's mean is 0.7", "far from 0: noise"]
    {
        assert!(printed.contains(part), "`{part}` is missing in {printed}");
    }
    // Four files make sixteen tiles, and still no interval.
    for (words, part) in [
        ("offset set --num 4 --transform tile --resolution 16", "4 files: no interval"),
        ("blur-noise set --num 4 --transform tile --resolution 16", "4 files: no interval"),
        ("scan set --num 4 --transform tile --resolution 16", "4 files: no interval"),
        ("fit-delta set --num 4 --transform tile --resolution 16", "4 files: no interval"),
    ] {
        let printed = world.succeed(&format!("{words} --plots none -o few")).stdout;
        assert!(printed.contains(part), "{words}: {printed}");
    }
    let matching = world.json("few/offset.json")["matching_offset"].clone();
    assert!(matching["independent"]["low95"].is_null() && matching["independent"]["value"].is_number(), "{matching}");
    // Photographs around grey are not far.
    let world = World::with_photos(6);
    assert!(!world.succeed("offset photos --plots none -o out").stdout.contains("far from 0"));
}
