//! The same images give the same bytes: whatever the number of threads, the order of the list, and the way the set was
//! cut.

#[path = "support/sets.rs"]
mod sets;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use image::{DynamicImage, GrayImage, Rgb, Rgba};
use specscan::dataset::{PreprocessConfig, SourceFile, Transform, list_inputs};
use specscan::pipeline::observer::Silent;
use specscan::pipeline::{Cancel, NoRows, ScanConfig, scan};
use specscan::spectral::Size;
use specscan::spectrum::{AnalysisConfig, Spectrum};
use tempfile::TempDir;

const N_FILES: u32 = 40;

/// `n` files in nested folders: PNG and JPEG, colour, grey and with alpha, of many sizes from 48 pixels on.
fn write_varied(folder: &Path, n: u32) {
    for i in 0..n {
        let (width, height) = (48 + 7 * (i % 11), 50 + 9 * (i % 7));
        let picture = sets::picture(width, height, i);
        let sub = ["", "a/", "a/deep/", "Z/"][(i % 4) as usize];
        let (image, extension): (DynamicImage, _) = match i % 5 {
            0 => (GrayImage::from_fn(width, height, |x, y| image::Luma([picture.get_pixel(x, y)[1]])).into(), "png"),
            1 => {
                let alpha = image::RgbaImage::from_fn(width, height, |x, y| {
                    let Rgb([r, g, b]) = *picture.get_pixel(x, y);
                    Rgba([r, g, b, (x % 256) as u8])
                });
                (alpha.into(), "png")
            }
            2 | 3 => (picture.into(), "jpg"),
            _ => (picture.into(), "png"),
        };
        sets::save(&folder.join(format!("{sub}{i:03}.{extension}")), &image);
    }
}

/// A folder of varied images beside which results can be put.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().expect("a temporary folder"));
        write_varied(&world.path("photos"), N_FILES);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program here and returns what it wrote: every file but the manifest, which holds the time it took.
    fn run(&self, out: &str, arguments: &[&str]) -> BTreeMap<String, Vec<u8>> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_specscan"));
        let output = command.current_dir(self.0.path()).args(arguments).args(["--out", out]).output().expect("runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        files_in(&self.path(out))
    }
}

fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let named = entries.map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), path));
    named.map(|(name, path)| (name, fs::read(path).expect("a file"))).map(without_the_run).collect()
}

/// A manifest without what a run has of its own: the time, the command line, the workers.
fn without_the_run((name, bytes): (String, Vec<u8>)) -> (String, Vec<u8>) {
    let Some(Value::Object(mut fields)) = serde_json::from_slice(&bytes).ok().filter(|_| name.ends_with(".json"))
    else {
        return (name, bytes);
    };
    ["wall_time_s", "arguments", "threads", "inputs"].iter().for_each(|key| drop(fields.remove(*key)));
    (name, Value::Object(fields).to_string().into_bytes())
}

fn assert_same(what: &str, got: &BTreeMap<String, Vec<u8>>, want: &BTreeMap<String, Vec<u8>>) {
    assert_eq!(got.keys().collect::<Vec<_>>(), want.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in want {
        assert!(got[name] == *bytes, "{what}: {name} differs");
    }
}

/// Every command with all it can write, on working images small enough to be quick.
const COMMANDS: [(&str, &[&str]); 5] = [
    ("scan", &["scan", "photos", "--resolution", "32", "--coherence", "--diagonality", "6"]),
    ("scan tiles", &["scan", "photos", "--resolution", "16", "--transform", "tile", "--plots", "none"]),
    ("rapsd", &["rapsd", "photos", "--resolution", "24x32", "--transform", "crop", "--per-channel", "--plots", "none"]),
    (
        "covariance",
        &["covariance", "photos", "--resolution", "16", "--transform", "tile", "--coherence", "--diagonality", "6"],
    ),
    ("fit-delta", &["fit-delta", "photos", "--resolution", "32", "--channels", "ycbcr"]),
];

#[test]
fn the_number_of_threads_does_not_matter() {
    let world = World::new();
    for (name, arguments) in COMMANDS {
        let with =
            |threads: &str| world.run(&format!("{name} {threads}"), &[arguments, &["-q", "-j", threads]].concat());
        let one = with("1");
        assert!(one.keys().any(|file| file.ends_with(".csv")), "{name}: {:?}", one.keys());
        for threads in ["2", "4", "7"] {
            assert_same(&format!("{name} on {threads} threads"), &with(threads), &one);
        }
    }
    let standardised = |threads: &str| {
        let arguments = ["scan", "photos", "--resolution", "32", "--standardize", "pixel", "-q", "-j", threads];
        world.run(&format!("pixel {threads}"), &arguments)
    };
    assert_same("standardised pixels", &standardised("4"), &standardised("1"));
}

/// The files below `photos`, in an order that has nothing to do with their names.
fn shuffled(world: &World, step: usize) -> Vec<String> {
    let listing = list_inputs(&[world.path("photos")]).expect("a folder of images");
    let n = listing.files.len();
    assert_eq!(n, N_FILES as usize);
    // The step has no divisor in common with 40, so every file comes once.
    (0..n).map(|i| format!("photos/{}", listing.files[(i * step + 11) % n].key())).collect()
}

fn write_list(world: &World, name: &str, lines: &[String]) {
    fs::write(world.path(name), lines.join("\n")).expect("a list");
}

#[test]
fn the_order_of_the_list_does_not_matter() {
    let world = World::new();
    write_list(&world, "sorted.txt", &shuffled(&world, 1));
    write_list(&world, "shuffled.txt", &shuffled(&world, 13));
    for (name, arguments) in COMMANDS {
        let from = |list: &str| {
            let mut arguments = [arguments, &["-q", "--files-from", list]].concat();
            arguments.remove(1);
            world.run(&format!("{name} {list}"), &arguments)
        };
        assert_same(name, &from("shuffled.txt"), &from("sorted.txt"));
    }
    // The spectrum does not know by which paths its files were found.
    let folder = world.run("folder", &[COMMANDS[0].1, &["-q"]].concat());
    assert!(folder["photos.spectrum"] == fs::read(world.path("scan sorted.txt/dataset.spectrum")).expect("written"));
}

#[test]
fn a_set_cut_in_three_and_merged_is_the_whole() {
    let world = World::new();
    for (name, arguments) in &COMMANDS[..2] {
        let whole = world.run(&format!("{name} whole"), &[arguments, &["-q", "--name", "set"][..]].concat());
        let lines = shuffled(&world, 7);
        for (i, part) in [&lines[..3], &lines[3..25], &lines[25..]].iter().enumerate() {
            let list = format!("{name} {i}.txt");
            write_list(&world, &list, part);
            let mut arguments = [arguments, &["-q", "--files-from", &list, "--name", "part", "-j", "2"][..]].concat();
            arguments.remove(1);
            world.run(&format!("{name} {i}"), &arguments);
        }
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let parts = order.map(|i| format!("{name} {i}/part.spectrum"));
            let out = format!("{name} merged {order:?}");
            let merged = world.run(&out, &["merge", &parts[0], &parts[1], &parts[2], "--name", "set"]);
            assert!(merged["set.spectrum"] == whole["set.spectrum"], "{name} merged in the order {order:?}");
        }
        // Tables made of the merged spectrum are those of the whole, but for what needs the images themselves.
        let saved = format!("{name} merged [0, 1, 2]/set.spectrum");
        let tables = world.run(&format!("{name} again"), &["scan", &saved, "-q", "--plots", "none"]);
        for table in ["rapsd.csv", "gamma_radial.csv", "gamma.npy", "set.spectrum"] {
            assert!(tables[table] == whole[table], "{name}: {table}");
        }
    }
}

fn library_scan(files: &[SourceFile], threads: usize) -> Spectrum {
    let size = Size::square(20);
    let preprocess = PreprocessConfig { transform: Transform::Tile, size, allow_upscale: false, drop_letterbox: false };
    let config = ScanConfig { threads, ..ScanConfig::new(preprocess, AnalysisConfig::new(size)) };
    scan(files, &config, &mut NoRows, &Silent, &Cancel::new(false)).expect("images").spectrum
}

#[test]
fn the_library_gives_the_same_bytes_as_well() {
    let world = World::new();
    let files = list_inputs(&[world.path("photos")]).expect("images").files;
    let bytes = |spectrum: &Spectrum| spectrum.to_bytes().expect("serialises");
    let whole = bytes(&library_scan(&files, 1));
    for threads in [2, 4, 7] {
        assert!(bytes(&library_scan(&files, threads)) == whole, "{threads} threads");
    }
    let mut backwards = files.clone();
    backwards.reverse();
    assert!(bytes(&library_scan(&backwards, 3)) == whole, "in reverse order");
    let parts = [&files[..1], &files[1..30], &files[30..]].map(|part| library_scan(part, 2));
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let mut merged = parts[order[0]].clone();
        merged.merge(&parts[order[1]], false).expect("disjoint");
        merged.merge(&parts[order[2]], false).expect("disjoint");
        assert!(bytes(&merged) == whole, "merged in the order {order:?}");
    }
}
