//! `bounds`: its rows against the library's numbers, odd images, schedules from files.

use specscan::diffusion::{
    EffectiveResolutionPlan, Kappa, ReferenceSchedule, compute_bounds, compute_waste, rounding_power,
};

use specscan::spectral::Size;

use super::World;

/// Photographs of noise, and images that have nothing to bound.
fn mixed_world() -> World {
    let world = World::create();
    let mut state = 1u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let image =
        |pixel: &mut dyn FnMut(u32, u32) -> [u8; 3]| image::RgbImage::from_fn(64, 64, |x, y| image::Rgb(pixel(x, y)));
    let save = |name: &str, image: image::RgbImage| {
        std::fs::create_dir_all(world.path("set")).expect("a folder");
        image.save(world.path("set").join(name)).expect("an image");
    };
    save("flat.png", image(&mut |_, _| [90; 3]));
    save("one-colour.png", image(&mut |_, _| [200, 30, 10]));
    save("faint.png", image(&mut |x, y| [100 + u8::from(x == 5 && y == 9); 3]));
    save("one-bit.png", image(&mut |x, y| [if (x / 3 + y / 5) % 2 == 0 { 255 } else { 0 }; 3]));
    save("noise.png", image(&mut |_, _| [byte(), byte(), byte()]));
    save("ramp.png", image(&mut |x, y| [(x * 2) as u8, (y * 3) as u8, (x + y) as u8]));
    world
}

#[test]
fn rows_hold_the_bounds_of_each_image_and_say_which_are_flat() {
    let world = mixed_world();
    world.succeed("rapsd set -o spectra -q --plots none");
    let printed = world.succeed("bounds set -o out -v");
    let (rapsds, table) = (world.table("spectra/rapsd_images.csv"), world.table("out/bounds.csv"));
    assert_eq!(table.column("path"), rapsds.column("path"), "in path order");
    let sharpness = EffectiveResolutionPlan::new(Size::square(64));
    let edm = ReferenceSchedule::standard()[0].sigmas().to_vec();
    let mut flat = Vec::new();
    for (row, rapsd) in table.rows.iter().zip(&rapsds.rows) {
        let cell = |name: &str| row[table.header.iter().position(|h| h == name).expect("a column")].as_str();
        for text in row {
            assert!(!text.contains("NaN") && !text.contains("inf"), "{row:?}");
        }
        let rapsd: Vec<f64> = rapsd[1..].iter().map(|p| p.parse().expect("a power")).collect();
        let bounds = compute_bounds(&rapsd, Kappa::default(), rounding_power(-1.0, 1.0));
        assert_eq!(cell("flat"), if bounds.is_flat() { "true" } else { "false" }, "{row:?}");
        // The pass shares its transforms with the detector; the library makes its own.
        let pixels = image::open(world.path("set").join(cell("path"))).expect("an image").into_rgb8().into_raw();
        let resolution = sharpness.measure_rgb(|| pixels.chunks_exact(3 * 64), &mut sharpness.workspace());
        assert_eq!(cell("effective_resolution_px").parse::<f64>().ok(), resolution, "{row:?}");
        match bounds.range() {
            None => {
                flat.push(cell("path"));
                for name in ["sigma_min", "sigma_max", "floor", "logsnr_min", "waste_edm_18", "effective_resolution_px"]
                {
                    assert_eq!(cell(name), "", "{name} of {row:?}");
                }
            }
            Some(range) => {
                let number = |name: &str| cell(name).parse::<f64>().expect("a number");
                let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-7;
                assert!(near(number("sigma_min"), range.sigma_min) && near(number("sigma_max"), range.sigma_max));
                assert!(near(number("logsnr_max"), range.logsnr_max()), "{row:?}");
                assert!((number("waste_edm_18") - compute_waste(&edm, range).total()).abs() < 1e-12);
            }
        }
    }
    assert_eq!(flat, ["faint.png", "flat.png", "one-colour.png"]);
    assert!(printed.stdout.contains("3 flat"), "{}", printed.stdout);
    for part in ["κ_min = 0.1: ", "1.730 bits", "9.091 %", "κ_max = 10: ", "0.069 bits"] {
        assert!(printed.stdout.contains(part), "`{part}` is missing in {}", printed.stdout);
    }
    let names = world.files("out");
    for name in ["bounds.csv", "bounds.png", "bounds.svg", "waste.csv", "waste.png", "waste.svg"] {
        assert!(names.iter().any(|n| n == name), "{name} is missing in {names:?}");
    }
}

#[test]
fn a_set_of_flat_images_alone_is_reported_without_numbers() {
    let world = World::create();
    for name in ["a.png", "b.png"] {
        std::fs::create_dir_all(world.path("set")).expect("a folder");
        image::RgbImage::from_pixel(16, 16, image::Rgb([7; 3])).save(world.path("set").join(name)).expect("an image");
    }
    let printed = world.succeed("bounds set -o out");
    assert!(printed.stdout.contains("2 flat"), "{}", printed.stdout);
    assert!(!printed.stdout.contains("NaN"), "{}", printed.stdout);
    let json = world.succeed("bounds set -o out --json").json();
    assert!(json["sigma_min"][0].is_null() && json["n_flat"] == 2);
}

#[test]
fn schedules_come_from_names_and_files_of_three_kinds() {
    let world = World::with_photos(3);
    world.write("lines.txt", "# sigmas\n10\n1.0\n0.1\n0\n");
    world.write("list.json", "[10, 1.0, 0.1, 0]");
    let mut npz = ndarray_npy::NpzWriter::new(std::fs::File::create(world.path("levels.npz")).expect("a file"));
    npz.add_array("sigmas", &ndarray::arr1(&[10.0, 1.0, 0.1])).expect("an array");
    npz.finish().expect("an archive");
    world.succeed(
        "bounds photos -o out -q --schedule lines.txt --schedule list.json --schedule levels.npz --schedule flow:28,3.5",
    );
    let waste = world.table("out/waste.csv");
    let rows: Vec<&Vec<String>> = waste.rows.iter().skip(6).collect();
    assert_eq!(rows.iter().map(|r| r[0].as_str()).collect::<Vec<_>>(), ["lines", "list", "levels", "flow:28,3.5"]);
    assert_eq!(rows[0][1..], rows[1][1..], "the same sigmas");
    assert_eq!(rows[0][1..], rows[2][1..]);
    assert_eq!((&rows[0][1], &rows[0][2], &rows[0][3]), (&"3".to_owned(), &"0.1".to_owned(), &"10.0".to_owned()));
    for (schedule, parts) in [
        ("missing.txt", &["no file missing.txt"][..]),
        ("karras", &["unknown schedule 'karras'", "edm:18"]),
        ("photos/00.png", &["photos/00.png", "no text"]),
    ] {
        world.refuse(&format!("bounds photos -o x --schedule {schedule}"), parts);
    }
    world.refuse("bounds photos -o x --kappa-min 20", &["kappa-min 20 is larger than kappa-max 10"]);
    world.refuse("bounds photos -o x --max-relative-error 2", &["max-relative-error is 2", "between 0 and 1"]);
    world.refuse("bounds photos -o x --standardize pixel", &["--standardize pixel"]);
}

#[test]
fn tables_do_not_depend_on_the_number_of_threads() {
    let world = mixed_world();
    for threads in [1, 2, 5] {
        world.succeed(&format!("bounds set -o out{threads} -q -j {threads} --schedule edm:7"));
    }
    for name in ["bounds.csv", "waste.csv", "bounds.svg", "waste.png"] {
        for threads in [2, 5] {
            assert!(world.read(&format!("out{threads}/{name}")) == world.read(&format!("out1/{name}")), "{name}");
        }
    }
}

#[test]
fn the_two_readings_of_kappa_are_the_same_bounds() {
    let world = World::with_photos(4);
    world.succeed("bounds photos -o a -q --plots none --kappa-min 0.25 --kappa-max 4");
    // 0.25/(1 + 0.25) and ½ log₂(1 + ¼).
    world.succeed("bounds photos -o b -q --plots none --max-relative-error 0.2 --max-bits-left 0.16096404744368118");
    let (a, b) = (world.table("a/bounds.csv"), world.table("b/bounds.csv"));
    for column in ["sigma_min", "sigma_max"] {
        for (x, y) in a.numbers(column).iter().zip(b.numbers(column)) {
            assert!((x / y - 1.0).abs() < 1e-9, "{column}: {x} and {y}");
        }
    }
}

#[test]
fn shortfalls_are_those_of_the_rows() {
    let world = mixed_world();
    world.write("low.txt", "2\n1\n0.5\n");
    world.succeed("bounds set -o out -q --plots none --schedule low.txt");
    let (bounds, waste) = (world.table("out/bounds.csv"), world.table("out/waste.csv"));
    let of_images =
        |name: &str| -> Vec<f64> { bounds.column(name).into_iter().filter_map(|cell| cell.parse().ok()).collect() };
    let (lows, highs) = (of_images("sigma_min"), of_images("sigma_max"));
    let mut n_short = 0;
    for row in &waste.rows {
        let cell = |name: &str| row[waste.header.iter().position(|h| h == name).expect("a column")].as_str();
        let number = |name: &str| cell(name).parse::<f64>().ok();
        let short = |mut all: Vec<f64>| {
            all.retain(|s| *s > 0.0);
            all.sort_by(f64::total_cmp);
            let (n, middle) = (all.len(), all.len() / 2);
            let median = || if n % 2 == 1 { all[middle] } else { 0.5 * (all[middle - 1] + all[middle]) };
            (n as f64 / lows.len() as f64, (n > 0).then(median))
        };
        let (top, low) = (number("sigma_high").unwrap_or(f64::INFINITY), number("sigma_low").expect("a number"));
        for (side, (share, median)) in [
            ("above", short(highs.iter().map(|s| (s / top).ln()).collect())),
            ("below", short(lows.iter().map(|s| (low / s).ln()).collect())),
        ] {
            assert_eq!(number(&format!("shortfall_{side}_share")), Some(share), "{side}: {row:?}");
            let got = number(&format!("shortfall_{side}_median_lnsigma"));
            assert_eq!(got.is_some(), median.is_some(), "{side}: {row:?}");
            assert!(
                got.zip(median).is_none_or(|(a, b)| (a - b).abs() <= 1.0 / 256.0),
                "{side}: {got:?} and {median:?}"
            );
            n_short += usize::from(median.is_some());
        }
    }
    assert!(n_short >= 3, "some schedules fall short: {:?}", waste.rows);
}

#[test]
fn soft_images_are_named_and_none_are_claimed_where_they_cannot_be_told() {
    let world = mixed_world();
    for name in ["b-enlarged.png", "a-enlarged.png"] {
        let noise = image::open(world.path("set/noise.png")).expect("an image");
        let small = noise.crop_imm(u32::from(name == "b-enlarged.png") * 20, 9, 16, 16);
        let large = small.resize_exact(64, 64, image::imageops::FilterType::CatmullRom).into_rgb8();
        large.save(world.path("set").join(name)).expect("an image");
    }
    let printed = world.succeed("bounds set -o out --plots none");
    let table = world.table("out/bounds.csv");
    let sizes = table.column("path").into_iter().zip(table.column("effective_resolution_px"));
    let soft: Vec<&str> = sizes.filter(|(_, px)| px.parse().is_ok_and(|px: f64| px < 57.6)).map(|(p, _)| p).collect();
    assert!(soft.starts_with(&["a-enlarged.png", "b-enlarged.png"]), "{soft:?}");
    let listed = String::from_utf8(world.read("out/soft.txt")).expect("text");
    assert_eq!(listed.lines().collect::<Vec<_>>(), soft);
    for part in ["  a-enlarged.png\n", "  b-enlarged.png\n", &format!("{} of ", soft.len()), "soft.txt"] {
        assert!(printed.stdout.contains(part), "`{part}` is missing in {}", printed.stdout);
    }
    assert!(!printed.stdout.contains("lack fine detail") && printed.stdout.contains("what was enlarged"));
    // A file that is reduced by 4 was not enlarged by 2.
    let noise = image::open(world.path("set/noise.png")).expect("an image").crop_imm(0, 0, 16, 16);
    let large = noise.resize_exact(256, 256, image::imageops::FilterType::CatmullRom).into_rgb8();
    std::fs::create_dir_all(world.path("large")).expect("a folder");
    large.save(world.path("large/soft.png")).expect("an image");
    let printed = world.succeed("bounds large --resolution 64 --transform center-crop -o reduced --plots none");
    let text = printed.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("reduced 2 times or more: 1 of them, which lack fine detail at this size"), "{text}");
    assert!(!text.contains("what was enlarged"), "{text}");
    // Tiles are too small to tell, and the list of the run before is gone.
    let printed = world.succeed("bounds set --transform tile --resolution 32 -o out --plots none");
    assert!(printed.stdout.contains("cannot be told below 64 pixels"), "{}", printed.stdout);
    assert!(!printed.stdout.contains("0.0 % of") && !world.files("out").contains(&"soft.txt".to_owned()));
}
