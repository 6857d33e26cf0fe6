//! `distance`: the order of the families on photographs, odd images among tiles, halves, what is said of few images.

use std::path::Path;

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::{Table, World};

const TILE: u32 = 64;

fn photographs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos")
}

/// The row of a family.
fn cell<'a>(table: &'a Table, family: &str, column: &str) -> &'a str {
    let at = table.column("family").iter().position(|f| *f == family).unwrap_or_else(|| panic!("no {family}"));
    table.column(column)[at]
}

fn number(table: &Table, family: &str, column: &str) -> f64 {
    cell(table, family, column).parse().unwrap_or_else(|_| panic!("{family}, {column}"))
}

#[test]
fn families_are_ordered_as_they_should_be_on_tiles_of_photographs() {
    let world = World::create();
    let photos = photographs();
    let families = ["white", "pink", "brown", "cloud:fit", "cloud:best", "matched"];
    let mut arguments = vec!["distance", photos.to_str().expect("a path"), "--transform", "tile", "--resolution", "64"];
    arguments.extend(["--samples", "30", "--plots", "none", "-o", "out"]);
    families.iter().for_each(|family| arguments.extend(["--family", family]));
    let printed = super::Printed::from(world.command(&arguments).assert().code(0).get_output());
    let table = world.table("out/distance.csv");
    let order = ["matched", "cloud:best", "cloud:fit", "brown", "pink", "white"];
    let expected = [0.0, 0.056, 0.392, 0.91, 1.44, 2.24];
    for (i, (family, expected)) in order.iter().zip(expected).enumerate() {
        assert_eq!(cell(&table, family, "rank"), (i + 1).to_string(), "{family}");
        let kl = number(&table, family, "kl_data_noise_per_dim");
        assert!((kl - expected).abs() <= 0.005 * (1.0 + expected), "{family}: {kl} instead of {expected}");
        assert!(number(&table, family, "d_standard_errors") <= 4.0, "{family}");
        assert!(number(&table, family, "d_to_images_standard_errors") <= 4.0, "{family}");
    }
    assert!((number(&table, "cloud:fit", "delta") - 1.27).abs() <= 0.01);
    assert!((number(&table, "cloud:best", "delta") - 1.51).abs() <= 0.01);
    assert!(printed.stdout.contains("images (other half)"), "{}", printed.stdout);
    assert!(!printed.stdout.contains("DISAGREEMENT"), "{}", printed.stdout);
    let text = printed.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("cloud:fit has the Δ of the set, in which all octaves weigh alike; KL counts modes"),
        "{text}"
    );
    let images = number(&table, "images", "d_normalized");
    assert!(images > 0.8 && images < 1.3, "{images}");
    assert_eq!(number(&table, "mean-image", "d_mean"), 0.0);
    let rows = world.table("out/distance_images.csv");
    assert_eq!(rows.rows.len(), 1189);
    assert!(rows.numbers("oddness").windows(2).all(|pair| pair[0] >= pair[1]), "oddest first");
}

/// 3×5 letters, rows from the top, three bits each.
const LETTERS: [[u8; 5]; 8] = [
    [7, 2, 2, 2, 2], // T
    [5, 5, 7, 5, 5], // H
    [7, 4, 6, 4, 7], // E
    [2, 5, 7, 5, 5], // A
    [4, 4, 4, 4, 7], // L
    [7, 5, 5, 5, 7], // O
    [6, 5, 6, 5, 5], // R
    [5, 7, 7, 5, 5], // M
];

/// Lines of black letters on white.
fn text_page() -> RgbImage {
    RgbImage::from_fn(TILE, TILE, |x, y| {
        let (column, line) = (x / 4, y / 7);
        let (dx, dy) = (x % 4, y % 7);
        let letter = LETTERS[((column * 5 + line * 3 + column * line) % 8) as usize];
        let is_ink = dx < 3 && dy < 5 && letter[dy as usize] >> (2 - dx) & 1 == 1 && (column + line) % 6 != 5;
        Rgb([if is_ink { 0 } else { 255 }; 3])
    })
}

fn checkerboard(cell: u32) -> RgbImage {
    RgbImage::from_fn(TILE, TILE, |x, y| Rgb([if (x / cell + y / cell).is_multiple_of(2) { 255 } else { 0 }; 3]))
}

fn white_noise() -> RgbImage {
    let mut state = 7u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    RgbImage::from_fn(TILE, TILE, |_, _| Rgb([byte(), byte(), byte()]))
}

#[test]
fn odd_images_among_tiles_of_photographs_are_the_farthest() {
    let world = World::create();
    let folder = world.path("set");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut tiles = Vec::new();
    for entry in std::fs::read_dir(photographs()).expect("photographs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e == "md") {
            continue;
        }
        let photo = image::open(&path).expect("a photograph").into_rgb8();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        for y in 0..photo.height() / TILE {
            for x in 0..photo.width() / TILE {
                let tile = image::imageops::crop_imm(&photo, x * TILE, y * TILE, TILE, TILE).to_image();
                tiles.push((format!("{name}-{y:02}-{x:02}.png"), tile));
            }
        }
    }
    tiles.sort_by(|a, b| a.0.cmp(&b.0));
    // A hundred, evenly spread over all photographs.
    for i in 0..100 {
        let (name, tile) = &tiles[i * tiles.len() / 100];
        tile.save(folder.join(name)).expect("a tile");
    }
    let odd = [("zz-text.png", text_page()), ("zz-checkerboard.png", checkerboard(8)), ("zz-noise.png", white_noise())];
    odd.iter().for_each(|(name, image)| image.save(folder.join(name)).expect("an image"));
    world.succeed("distance set --family white --samples 2 -q -o out");
    let table = world.table("out/distance_images.csv");
    // Three tiles are wholly black, which is odd, too.
    let (paths, means) = (table.column("path"), table.numbers("mean"));
    let mut farthest: Vec<_> =
        paths.iter().zip(means).filter(|(_, mean)| *mean > -0.99).map(|(path, _)| *path).collect();
    farthest.truncate(3);
    farthest.sort_unstable();
    assert_eq!(farthest, ["zz-checkerboard.png", "zz-noise.png", "zz-text.png"], "{:?}", &table.rows[..8]);
    assert_eq!(table.rows.len(), 103);
    for (name, side) in table.column("path").iter().zip(table.column("side")) {
        assert!(!["zz-noise.png", "zz-text.png"].contains(name) || side == "too rough", "{name}: {side}");
    }
    assert!(world.files("out").contains(&"farthest.png".to_owned()));
    // Alone among the tiles, any checkerboard is the farthest, and its frequency is told; the finest lies in the
    // corner.
    odd.iter().for_each(|(name, _)| std::fs::remove_file(folder.join(name)).expect("it is there"));
    for (cell, frequency) in [(1, 0.7031), (2, 0.3594)] {
        checkerboard(cell).save(folder.join("zz.png")).expect("an image");
        world.succeed("distance set --family white --samples 2 -q -o out --plots none");
        let table = world.table("out/distance_images.csv");
        assert_eq!(table.column("path")[0], "zz.png", "cells of {cell}");
        let told = table.numbers("frequency_max_excess_cycles_per_px")[0];
        assert!((told - frequency).abs() <= 0.008, "cells of {cell}: {told}");
    }
}

/// Photographs that may lie beside the project (or in `SPECSCAN_SHARED`), 256 pixels a side.
fn bench() -> Option<Vec<RgbImage>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("SPECSCAN_SHARED").map_or_else(beside, Into::into).join("data/bench");
    let mut paths: Vec<_> = std::fs::read_dir(folder).ok()?.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let photo = image::open(path).expect("a photograph");
        photo.resize_to_fill(256, 256, FilterType::CatmullRom).into_rgb8()
    };
    Some(paths.iter().map(read).collect())
}

fn enlarged(image: &RgbImage) -> RgbImage {
    imageops::resize(&imageops::resize(image, 128, 128, FilterType::CatmullRom), 256, 256, FilterType::CatmullRom)
}

fn with_contrast(image: &RgbImage) -> RgbImage {
    let mut strong = image.clone();
    strong.iter_mut().for_each(|v| *v = (127.5 + 3.0 * (f64::from(*v) - 127.5)).round().clamp(0.0, 255.0) as u8);
    strong
}

#[test]
fn images_that_are_too_smooth_or_too_rough_are_found_among_photographs() {
    let Some(photos) = bench() else {
        println!("skipped: there is no ../shared/data/bench");
        return;
    };
    let world = World::create();
    let kinds = ["blurred", "enlarged", "contrast"];
    let (mut found, mut n_planted, mut n_top) = ([0.0; 3], 0.0, 0.0);
    for draw in 0..3 {
        let folder = world.path(format!("set{draw}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        for (i, photo) in photos.iter().enumerate() {
            // One in twenty of each kind, others in every draw.
            let kind = [5, 11, 17].iter().position(|at| (i + 7 * draw) % 20 == *at);
            let planted = match kind {
                Some(0) => imageops::blur(photo, 1.5),
                Some(1) => enlarged(photo),
                Some(_) => with_contrast(photo),
                None => photo.clone(),
            };
            planted.save(folder.join(format!("{}-{i}.png", kind.map_or("usual", |k| kinds[k])))).expect("an image");
        }
        world.succeed(&format!("distance set{draw} --family white --samples 2 -q -o out --plots none"));
        let table = world.table("out/distance_images.csv");
        let top = &table.column("path")[..photos.len() / 5];
        n_top += top.len() as f64;
        n_planted += photos.len() as f64 / 20.0;
        for (found, kind) in found.iter_mut().zip(kinds) {
            *found += top.iter().filter(|path| path.starts_with(kind)).count() as f64;
        }
        let sides = table.column("path").into_iter().zip(table.column("side"));
        let smooth = sides.filter(|(path, side)| path.starts_with("blurred") && *side == "too smooth").count();
        assert!(smooth as f64 >= 0.9 * photos.len() as f64 / 20.0, "{smooth} blurred images are too smooth");
    }
    let [blurred, enlarged, contrast] = found.map(|n| n / n_planted);
    println!("top fifth: blurred {blurred:.2}, enlarged {enlarged:.2}, contrast {contrast:.2} of {n_planted} each");
    assert!(blurred >= 0.9 && enlarged >= 0.7 && contrast >= 0.5, "{blurred} {enlarged} {contrast}");
    let others = (n_top - found.iter().sum::<f64>()) / (3.0 * photos.len() as f64 - 3.0 * n_planted);
    assert!(others <= 0.12, "{others} of the usual images");
}

#[test]
fn few_images_are_compared_in_annuli_and_told_so() {
    let world = World::with_photos(8);
    let printed = world.succeed("distance photos -o out --samples 20 -v");
    let text = printed.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "metric radial: with 8 images, fewer than 64",
        "each image is judged by all others",
        "20 samples of each noise were drawn",
        "By chance KL/D is 0.06250 with 8 images",
        "a smaller difference is none; about 16 would halve it.",
        "Look at farthest.png",
    ] {
        assert!(text.contains(part), "`{part}` is missing in {}", printed.stdout);
    }
    assert!(!text.contains("DISAGREEMENT"), "{text}");
    let table = world.table("out/distance.csv");
    assert!(table.column("metric").iter().all(|m| *m == "radial"));
    // A lead that is smaller than chance is none.
    let kl = |name: &str| number(&table, name, "kl_data_noise_per_dim");
    assert!((kl("cloud:best") - kl("matched")).abs() <= 0.0625 && kl("white") > kl("cloud:best") + 0.0625);
    assert!(text.contains("It cannot be told from matched (0.2193): more images are needed."), "{text}");
    assert!(!text.contains("Take it where"), "{text}");
    let printed = world.succeed("distance photos -o two --samples 2 --plots none --family pink,brown,white").stdout;
    assert!(printed.contains("It cannot be told from pink (0.3234): more images are needed."), "{printed}");
    // Without plots there is no picture to look at.
    let printed = world.succeed("distance photos -o none --samples 2 --plots none").stdout;
    assert!(printed.contains("All are in distance_images.csv") && !printed.contains("farthest.png"), "{printed}");
    for row in &table.rows {
        assert!(row.iter().all(|cell| !cell.contains("NaN") && !cell.contains("inf")), "{row:?}");
    }
}

#[test]
fn brightness_is_named_where_it_is_what_a_power_law_cannot_hold() {
    let world = World::create();
    std::fs::create_dir_all(world.path("set")).expect("a folder");
    let mut state = 1_u32;
    for i in 0..80_u32 {
        let image = RgbImage::from_fn(16, 16, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgb([(40 + 2 * i + (state >> 29)) as u8; 3])
        });
        image.save(world.path(format!("set/{i:02}.png"))).expect("an image");
    }
    let printed = world.succeed("distance set -o out --samples 2 --plots none").stdout;
    let text = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("of the images' variance is brightness (f = 0), which a power law does not hold"), "{text}");
    assert!(text.contains("--noise-std sets the deviation") && !text.contains("finest octave"), "{text}");
}

#[test]
fn every_metric_and_the_full_covariance_are_written_and_agree_with_what_is_drawn() {
    let world = World::with_photos(12);
    world.succeed(
        "distance photos --metric radial --metric modes --metric power-law --color --full-covariance 8 --samples 300 -q -o out",
    );
    let table = world.table("out/distance.csv");
    let mut metrics = table.column("metric");
    metrics.dedup();
    assert_eq!(metrics, ["radial", "modes", "power-law"]);
    let off = table.column("d_standard_errors");
    assert!(off.iter().filter(|o| !o.is_empty()).count() >= 3 * 8, "{off:?}");
    for (family, off) in table.column("family").iter().zip(off) {
        assert!(off.is_empty() || off.parse::<f64>().expect("a number") <= 4.0, "{family}: {off}");
    }
    let full = world.table("out/distance_full.csv");
    let kl: Vec<f64> = full.column("kl_data_noise_per_dim").iter().filter_map(|cell| cell.parse().ok()).collect();
    assert!(kl.len() >= 6 && kl.windows(2).all(|pair| pair[0] <= pair[1]) && kl[0] > 0.0, "closest first: {kl:?}");
    let off = full.column("d_standard_errors");
    assert!(off.iter().filter(|o| !o.is_empty()).count() >= 6, "{off:?}");
    for (family, off) in full.column("family").iter().zip(off) {
        assert!(off.is_empty() || off.parse::<f64>().expect("a number") <= 4.0, "{family}: {off}");
    }
    assert_eq!(cell(&full, "pyramid:0.3,6", "rank"), "", "its modes are not independent");
    let images = number(&full, "images", "d_normalized");
    assert!(images > 0.5 && images < 3.0, "each is measured by all others: {images}");
}

#[test]
fn nothing_depends_on_the_threads_and_a_saved_spectrum_gives_the_same_families() {
    let world = World::with_photos(10);
    let run = |out: &str, more: &str| {
        world.succeed(&format!("distance photos -q --samples 15 -o {out} {more}"));
        ["distance.csv", "distance_images.csv", "farthest.png", "distance.svg"]
            .map(|n| world.read(&format!("{out}/{n}")))
    };
    assert_eq!(run("one", "--threads 1"), run("four", "--threads 4"));
    world.succeed("scan photos -q --name s --plots none -o scan");
    let printed = world.succeed("distance scan/s.spectrum --samples 15 -o saved");
    assert!(printed.stdout.contains("holds no single images"), "{}", printed.stdout);
    assert!(!world.files("saved").contains(&"distance_images.csv".to_owned()));
    let (ours, saved) = (world.table("one/distance.csv"), world.table("saved/distance.csv"));
    for family in saved.column("family").iter().filter(|f| **f != "mean-image") {
        assert_eq!(cell(&ours, family, "d_mean"), cell(&saved, family, "d_mean"), "{family}");
    }
}

#[test]
fn equal_images_are_refused_and_flat_ones_do_no_harm() {
    let world = World::create();
    let flat = |value: u8| RgbImage::from_pixel(16, 16, Rgb([value; 3]));
    std::fs::create_dir_all(world.path("equal")).expect("a folder");
    for i in 0..3 {
        flat(90).save(world.path(format!("equal/{i}.png"))).expect("an image");
    }
    world.refuse("distance equal -o out", &["do not vary", "different images"]);
    // With something in them, transforms round: that is no variance either.
    let picture = crate::sets::picture(48, 32, 3);
    std::fs::create_dir_all(world.path("copies")).expect("a folder");
    (0..5).for_each(|i| picture.save(world.path(format!("copies/{i}.png"))).expect("an image"));
    world.refuse("distance copies -o out", &["do not vary", "different images"]);
    // Brightness alone varies: every other mode lies at the floor.
    std::fs::create_dir_all(world.path("flat")).expect("a folder");
    for i in 0..4u8 {
        flat(60 * i + 10).save(world.path(format!("flat/{i}.png"))).expect("an image");
    }
    let printed = world.succeed("distance flat -o flat-out --samples 10 -v");
    assert!(printed.stdout.replace('\n', " ").contains("below 8-bit rounding"), "{}", printed.stdout);
    world.refuse("distance flat --num 1 -o one", &["at least 2 images"]);
}

#[test]
fn noise_is_its_own_baseline_when_judged_by_the_other_half() {
    // Images of one Gaussian: held out, their mean square distance is 1 but for Γ's own spread, (n−1)/(n−3).
    let world = World::create();
    world.succeed(
        "noise --family cloud:1 --resolution 12 --count 300 --noise-std 0.2 -q -o set --plots none --format png",
    );
    for more in ["", "--color"] {
        world.succeed(&format!("distance set --family cloud:1 --family white -q -o out {more} --plots none"));
        let table = world.table("out/distance.csv");
        let images = number(&table, "images", "d_normalized");
        assert!((images - 1.007).abs() <= 0.01, "{more}: {images}");
        // Drawn from the same seed, but from streams of their own.
        for column in ["d_standard_errors", "d_to_images_standard_errors"] {
            assert!(number(&table, "cloud:1", column) <= 4.0, "{more}: {column}");
        }
        assert!(number(&table, "cloud:1", "kl_data_noise_per_dim") <= 0.01);
    }
}

#[test]
fn halves_are_the_same_however_the_folder_is_typed() {
    let world = World::create();
    world.succeed(
        "noise --family pink --resolution 8 --count 220 --noise-std 0.2 -q -o photos --plots none --format png",
    );
    let absolute = world.path("photos");
    let mut runs = Vec::new();
    for (out, typed) in [("a", "photos"), ("b", "./photos"), ("c", absolute.to_str().expect("a path"))] {
        let printed = world.succeed(&format!("distance {typed} --family white --samples 3 -o {out} --plots none"));
        assert!(printed.stdout.contains("images (other half)"), "{}", printed.stdout);
        runs.push(["distance.csv", "distance_images.csv"].map(|name| world.read(&format!("{out}/{name}"))));
    }
    assert!(runs.windows(2).all(|pair| pair[0] == pair[1]));
    // The files one by one: other keys, the same halves.
    let names = world.files("photos").into_iter().filter(|name| name.ends_with(".png"));
    let list: String = names.map(|name| format!("./photos/{name}\n")).collect();
    world.write("list.txt", list);
    world.succeed("distance --files-from list.txt --family white --samples 3 -q -o d --plots none");
    assert_eq!(world.read("d/distance.csv"), runs[0][0]);
}

#[test]
fn images_with_standardised_pixels_are_as_far_from_their_set_as_others() {
    let world = World::create();
    let photos = photographs();
    let prepared = "--resolution 32 --plots none -q --standardize pixel";
    world.succeed(&format!("distance {} {prepared} -o out", photos.to_str().expect("a path")));
    let distances = world.table("out/distance_images.csv").numbers("d_normalized");
    let mean_square = distances.iter().map(|d| d * d).sum::<f64>() / distances.len() as f64;
    assert!((0.8..1.5).contains(&mean_square), "{mean_square}");
}

#[test]
fn a_folder_and_its_spectrum_have_one_delta_everywhere() {
    let world = World::create();
    let photos = photographs();
    let photos = photos.to_str().expect("a path");
    let prepared = "--transform tile --resolution 32 --plots none -q";
    world.succeed(&format!("scan {photos} {prepared} --name s -o scan"));
    let mut deltas = Vec::new();
    for (i, input) in [format!("{photos} {prepared}"), "scan/s.spectrum --plots none -q".to_owned()].iter().enumerate()
    {
        world.succeed(&format!("fit-delta {input} -o fit{i}"));
        let fit = world.table(&format!("fit{i}/fit.csv"));
        assert_eq!((fit.column("estimator")[0], fit.column("channel")[0]), ("radial", "mean"));
        deltas.push(fit.numbers("delta")[0]);
        for metric in ["modes", "radial"] {
            let out = format!("distance{i}-{metric}");
            let more = format!("--metric {metric} --family cloud:fit --family white --samples 2");
            world.succeed(&format!("distance {input} {more} -o {out}"));
            let table = world.table(&format!("{out}/distance.csv"));
            deltas.push(number(&table, "cloud:fit", "delta"));
            // A law fitted to most modes is too steep for small images, and far worse than white noise.
            let kl = |family: &str| number(&table, family, "kl_data_noise_per_dim");
            assert!(kl("cloud:fit") <= 0.5 * kl("white"), "{} and {}", kl("cloud:fit"), kl("white"));
        }
    }
    assert!(deltas.iter().all(|delta| (delta - deltas[0]).abs() <= 1e-6), "{deltas:?}");
}

#[test]
fn samples_in_a_folder_of_results_are_no_part_of_the_set_around_it() {
    let world = World::with_photos(5);
    world.succeed("noise photos --family white --count 6 -q -o photos/specscan-out");
    let printed = world.succeed("scan photos --json -o out --plots none");
    assert_eq!(printed.json()["counts"]["n_images"], 5);
    assert_eq!(world.succeed("scan photos/specscan-out --json -o out --plots none").json()["counts"]["n_images"], 6);
}

#[test]
fn colours_are_turned_alike_in_both_halves_and_in_noise() {
    let world = World::with_photos(6);
    // Noise with the photographs' colours: held against itself in its own colour axes, nothing is left but chance.
    world.succeed("noise photos --family white --color --resolution 8 --count 240 -q -o set --plots none --format png");
    world.succeed("distance set --family white --color -q -o out --plots none");
    let table = world.table("out/distance.csv");
    let (kl, images) = (number(&table, "white", "kl_data_noise_per_dim"), number(&table, "images", "d_normalized"));
    assert!(kl <= 0.02 && (images - 1.0).abs() <= 0.03, "KL {kl}, images {images}");
    // Independent channels of equal variance and very different brightness: the axes of two halves have nothing in
    // common.
    std::fs::create_dir_all(world.path("grey")).expect("a folder");
    let mut state = 99u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1u32 << 24) - 0.5
    };
    for i in 0..240 {
        let image = RgbImage::from_fn(8, 8, |_, _| Rgb([200.0, 120.0, 60.0].map(|mean| (mean + 80.0 * draw()) as u8)));
        image.save(world.path(format!("grey/{i:03}.png"))).expect("an image");
    }
    world.succeed("distance grey --family white --color -q -o grey-out --plots none");
    let images = number(&world.table("grey-out/distance.csv"), "images", "d_normalized");
    assert!((images - 1.0).abs() <= 0.03, "{images}");
}

/// What the tables say of images and of families follows from each other.
#[test]
fn tables_and_text_agree_with_each_other() {
    let world = World::with_photos(12);
    let printed = world.succeed(
        "distance photos --family white,cloud:3,matched --metric radial --metric modes --full-covariance 8 -v -o out",
    );
    let (families, images) = (world.table("out/distance.csv"), world.table("out/distance_images.csv"));
    let root = (3.0 * 24.0 * 16.0_f64).sqrt();
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() <= 1e-9, "{a} and {b}");
    // The baseline stands in the main metric alone, and is the mean over the images.
    let baselines = families.column("family").into_iter().filter(|name| *name == "images").count();
    assert_eq!(baselines, 1);
    let mut held_out = images.numbers("d_held_out_normalized");
    let mean = held_out.iter().sum::<f64>() / held_out.len() as f64;
    near(number(&families, "images", "d_normalized"), mean);
    near(number(&families, "images", "d_mean"), mean * root);
    near(number(&families, "mean-image", "d_to_images_mean"), mean * root);
    held_out.sort_by(f64::total_cmp);
    // The median is of squares.
    let median = (0.5 * (held_out[5].powi(2) + held_out[6].powi(2))).sqrt();
    assert!(printed.stdout.contains(&format!("judged by all others; median d/√D = {median:.2}")), "{}", printed.stdout);
    // Oddest first, each at the frequency of an annulus.
    let oddness = images.numbers("oddness");
    assert!(oddness.windows(2).all(|pair| pair[0] >= pair[1]), "{oddness:?}");
    assert!(images.numbers("rank").iter().zip(1..).all(|(rank, i)| *rank == f64::from(i)));
    let annuli: Vec<f64> = images.numbers("frequency_oddest_cycles_per_px").iter().map(|f| 24.0 * f).collect();
    assert!(
        annuli.iter().all(|j| (j - j.round()).abs() <= 1e-9) && annuli.iter().any(|j| j % 2.0 == 1.0),
        "{annuli:?}"
    );
    // Noise that is too smooth is near, and yet the farthest.
    assert_eq!((cell(&families, "cloud:3", "too_smooth"), cell(&families, "white", "too_smooth")), ("true", "false"));
    assert_eq!((cell(&families, "matched", "rank"), cell(&families, "cloud:3", "rank")), ("1", "3"));
    assert!(printed.stdout.starts_with("closest noise: white") && printed.stdout.contains("only matched"));
    assert!(printed.stdout.contains("A small d/√D is not close"), "{}", printed.stdout);
    // Numbers per dimension are divided by one number of dimensions.
    let full = world.table("out/distance_full.csv");
    let dimensions = |name: &str| (number(&full, name, "d_mean") / number(&full, name, "d_normalized")).powi(2);
    near(dimensions("images"), dimensions("white"));
    assert!(dimensions("white") >= 16.0);
    // Pixels lie in [-1, 1].
    assert!(number(&full, "white", "w2_per_dim") < 1.0 && number(&families, "white", "w2_per_dim") < 1.0);
}
