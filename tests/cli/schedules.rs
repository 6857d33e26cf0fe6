//! `schedule`, `schedule fit-sampler` and `schedule sample`: archives and tables that agree, models that can be read
//! again.

use std::fs::File;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzReader;

use super::World;

fn matrix(world: &World, archive: &str, name: &str) -> Array2<f64> {
    let mut archive = NpzReader::new(File::open(world.path(archive)).expect("an archive")).expect("npz");
    archive.by_name(&format!("{name}.npy")).expect("a matrix")
}

fn metadata(world: &World, archive: &str) -> serde_json::Value {
    let mut archive = NpzReader::new(File::open(world.path(archive)).expect("an archive")).expect("npz");
    let bytes: Array1<u8> = archive.by_name("meta_json.npy").expect("metadata");
    serde_json::from_slice(&bytes.to_vec()).expect("JSON")
}

/// NumPy strings of an array, read from the archive's bytes: UTF-32, filled up with zeros.
fn strings(world: &World, archive: &str, name: &str) -> Vec<String> {
    let mut archive = zip::ZipArchive::new(File::open(world.path(archive)).expect("an archive")).expect("zip");
    let mut bytes = Vec::new();
    std::io::copy(&mut archive.by_name(&format!("{name}.npy")).expect("names"), &mut bytes).expect("readable");
    let header = String::from_utf8_lossy(&bytes[10..128]).into_owned();
    let width: usize =
        header.split("'<U").nth(1).and_then(|t| t.split('\'').next()).expect("a type").parse().expect("a width");
    let decode = |cell: &[u8]| {
        let (units, _) = cell.as_chunks::<4>();
        units
            .iter()
            .map(|u| char::from_u32(u32::from_le_bytes(*u)).expect("a character"))
            .filter(|c| *c != '\0')
            .collect()
    };
    bytes[128..].chunks_exact(4 * width).map(decode).collect()
}

#[test]
fn archive_and_table_hold_the_same_schedules_from_bound_to_bound() {
    let world = World::with_photos(4);
    world.write("photos/a folder/blåbær, \"ripe\".png", world.read("photos/02.png"));
    image::RgbImage::from_pixel(24, 16, image::Rgb([9; 3])).save(world.path("photos/flat.png")).expect("an image");
    world.succeed("bounds photos -o bounds -q --plots none");
    let bounds = world.table("bounds/bounds.csv");
    for kind in ["frequency", "power", "mixed"] {
        world.succeed(&format!("schedule photos -o {kind} --kind {kind} --steps 9 -q"));
        let archive = format!("{kind}/schedules.npz");
        let keys = strings(&world, &archive, "key");
        assert_eq!(keys, ["00.png", "01.png", "02.png", "03.png", "a folder/blåbær, \"ripe\".png"]);
        assert_eq!(strings(&world, &archive, "flat_key"), ["flat.png"]);
        assert_eq!(metadata(&world, &archive)["kind"], kind);
        let (logsnr, sigmas) = (matrix(&world, &archive, "logsnr"), matrix(&world, &archive, "sigmas"));
        assert_eq!(logsnr.dim(), (5, 9));
        let table = world.table(&format!("{kind}/schedules.csv"));
        assert_eq!(table.rows.len(), 5 * 9 + 1);
        let flat: Vec<_> = table.rows.iter().filter(|row| row[0] == "flat.png").collect();
        assert_eq!(flat, [&["flat.png", "", "", "", "", "", "", "", "", "true"].map(str::to_owned).to_vec()]);
        for (column, name) in
            [(3, "logsnr"), (4, "sigmas"), (5, "alpha_bar"), (6, "vp_alpha"), (7, "vp_sigma"), (8, "flow_time")]
        {
            let values = matrix(&world, &archive, name);
            let rows = table.rows.iter().filter(|row| row[0] != "flat.png");
            for (row, value) in rows.zip(values.iter()) {
                assert!(row[column].parse::<f64>().expect("a number") == *value, "{name}: {row:?} and {value}");
            }
        }
        for (i, key) in keys.iter().enumerate() {
            let row = bounds.rows.iter().find(|row| row[0] == *key).expect("a row of bounds");
            let bound = |name: &str| {
                row[bounds.header.iter().position(|h| h == name).expect("a column")].parse::<f64>().expect("a number")
            };
            assert!(logsnr.row(i).windows(2).into_iter().all(|w| w[0] > w[1]), "{kind} of {key}");
            assert!(logsnr[[i, 0]] == bound("logsnr_max") && logsnr[[i, 8]] == bound("logsnr_min"), "{kind} of {key}");
            assert!((sigmas[[i, 0]] / bound("sigma_min") - 1.0).abs() < 1e-12);
        }
        assert!(world.path(format!("{kind}/schedule.png")).exists());
    }
    // The same bytes again, also from another number of threads.
    world.succeed("schedule photos -o again --steps 9 -q -j 3 --plots none");
    assert!(world.read("again/schedules.npz") == world.read("mixed/schedules.npz"));
}

#[test]
fn the_schedule_of_a_set_comes_from_images_and_from_their_spectrum_alike() {
    let world = World::with_photos(5);
    world.succeed("scan photos -o saved -q --plots none");
    world.succeed("schedule photos --dataset --steps 7 -o a -q");
    world.succeed("schedule saved/photos.spectrum --dataset --steps 7 -o b -q");
    assert_eq!(strings(&world, "a/schedules.npz", "key"), ["dataset"]);
    assert_eq!(matrix(&world, "a/schedules.npz", "sigmas"), matrix(&world, "b/schedules.npz", "sigmas"));
    let json = world.json("a/schedule.json");
    assert_eq!(json["sigma"].as_array().map(Vec::len), Some(7));
    world.refuse("schedule saved/photos.spectrum -o x", &["holds no single images", "--dataset"]);
    // One schedule is a list of sigmas that bounds can compare with.
    world.succeed("bounds photos --schedule a/schedules.npz -o c -q --plots none");
    for (options, parts) in [
        ("--steps 1", &["2 to", "not 1"][..]),
        ("--kind both", &["both", "frequency, power, mixed"]),
        ("--standardize pixel", &["--standardize pixel"]),
    ] {
        world.refuse(&format!("schedule photos {options} -o x"), parts);
    }
}

#[test]
fn samplers_are_fitted_read_again_and_drawn_from() {
    let world = World::create();
    for class in ["cats", "dogs"] {
        super::write_uniform(&world.path(format!("set/{class}")), 31, 24, 16);
    }
    let printed = world.succeed("schedule fit-sampler set --per-class --seed 3 -o fit");
    assert!(printed.stdout.contains("cats") && printed.stdout.contains("dogs"), "{}", printed.stdout);
    let sampler = world.json("fit/sampler.json");
    assert_eq!((&sampler["version"], &sampler["classes"][1]["n_schedules"]), (&1.into(), &31.into()));
    world.refuse("schedule sample fit/sampler.json -o x", &["2 classes", "cats, dogs", "--class"]);
    world.refuse("schedule sample fit/sampler.json --class cat -o x", &["no class 'cat'", "'cats'"]);
    for (count, out) in [(3, "few"), (5, "more")] {
        world.succeed(&format!(
            "schedule sample fit/sampler.json --class dogs --count {count} --steps 33 --seed 7 -o {out}"
        ));
        assert_eq!(world.json(&format!("{out}/schedule-sample.json"))["seed"], 7);
    }
    let (few, more) = (matrix(&world, "few/schedules.npz", "logsnr"), matrix(&world, "more/schedules.npz", "logsnr"));
    assert_eq!((few.dim(), more.dim()), ((3, 33), (5, 33)));
    assert_eq!(few, more.slice(ndarray::s![..3, ..]), "draw i does not depend on the count");
    assert!(more.rows().into_iter().all(|l| l.windows(2).into_iter().all(|w| w[0] > w[1])), "strictly decreasing");
    assert_eq!(strings(&world, "few/schedules.npz", "key")[2], "dogs/000002");
    world.succeed("schedule fit-sampler set -o all -q");
    world.succeed("schedule sample all/sampler.json --count 2 -o one -q");
    world.refuse("schedule sample all/sampler.json --class dogs -o x", &["no class 'dogs'", "without classes"]);
    let mut newer = sampler.clone();
    newer["version"] = 2.into();
    world.write("newer.json", newer.to_string());
    world.refuse("schedule sample newer.json --class dogs -o x", &["newer.json", "version 2"]);
    world.refuse(
        "schedule sample few/schedule-sample.json -o x",
        &["few/schedule-sample.json is no sampler", "fit-sampler"],
    );
    world.refuse("schedule sample nothing.json -o x", &["nothing.json", "check its path"]);
    world.refuse("schedule sample fit/sampler.json --class dogs --count 0 -o x", &["--count 0"]);
}

#[test]
fn a_sampler_of_few_schedules_is_refused_with_their_number() {
    let world = World::create();
    super::write_uniform(&world.path("set/cats"), 30, 24, 16);
    super::write_uniform(&world.path("set/dogs"), 29, 24, 16);
    for (words, parts) in [
        ("schedule fit-sampler set/dogs -o x", &["the images have 29 schedules", "30 or more", "--transform tile"][..]),
        ("schedule fit-sampler set --per-class -o x", &["class 'dogs' has 29 schedules", "30 or more", "--per-class"]),
    ] {
        world.refuse(words, parts);
    }
    world.succeed("schedule fit-sampler set/cats --max-components 1 -q -o cats");
    world.succeed("schedule fit-sampler set --max-components 1 -q -o all");
}
