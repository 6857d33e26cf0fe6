//! Crowds of files, links and odd names, in folders and in lists; and what interrupts a run, wherever it is.

use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use specscan::dataset::compare_keys;
use tempfile::TempDir;

use super::child::{Ended, interrupt, program, run, watch};
use super::{SEED, rounds};

/// Longest wait for a run, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(600);

/// Budget of all runs here, and what the program may take beside it, bytes.
const BUDGET_BYTES: u64 = 256 << 20;
const BESIDE_BYTES: u64 = 64_000_000;

/// What names are made of: blanks, quotes, commas, dots, signs that mean something elsewhere, other alphabets.
const ODD: [&str; 16] =
    [" ", "'", "\"", ",", ";", "..", "%", "#", "-", "\\", "~", "é", "ß", "日本", "\u{1f600}", "\u{301}"];

/// Pixels of a side of the pictures.
const SIDE_PX: u32 = 32;

/// A picture that no other seed has.
fn picture(seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIDE_PX, SIDE_PX);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    let pixel = |i: u32| (i.wrapping_mul(i ^ seed.wrapping_mul(2_654_435_761)) >> 11) as u8;
    let pixels: Vec<u8> = (0..SIDE_PX.pow(2) * 3).map(pixel).collect();
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

fn odd_name(random: &mut ChaCha8Rng, i: usize) -> String {
    let odd: String = (0..random.random_range(0..4)).map(|_| ODD[random.random_range(0..ODD.len())]).collect();
    format!("{odd}{i}.png")
}

/// `n` different images in folders of up to 500.
fn write_crowd(folder: &Path, n: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    for i in 0..n {
        let below = folder.join(format!("{}folder{}", ODD[i / 500 % ODD.len()].replace("..", "."), i / 500));
        if i.is_multiple_of(500) {
            fs::create_dir_all(&below).expect("a folder");
        }
        fs::write(below.join(odd_name(&mut random, i)), picture(i as u32 + 100)).expect("a picture");
    }
}

fn scan(folder: &Path, words: &str) -> Ended {
    let options = "--max-memory 256MiB --plots none --overwrite -o out";
    let ended = run(folder, &format!("scan {words} {options}"), PATIENCE);
    let (peak_mb, time_s) = (ended.peak_bytes / 1_000_000, ended.time_s);
    println!("{words}: {peak_mb} MB, {time_s:.1} s; {}", ended.stderr.lines().last().unwrap_or_default());
    assert!(ended.peak_bytes <= BUDGET_BYTES + BESIDE_BYTES, "{words}: {} bytes", ended.peak_bytes);
    ended
}

/// Keys in `out/images.csv`.
fn keys(folder: &Path) -> Vec<String> {
    let mut reader = csv::Reader::from_path(folder.join("out/images.csv")).expect("a table");
    reader.records().map(|row| row.expect("a row")[0].to_owned()).collect()
}

#[test]
fn a_hundred_thousand_files_are_all_counted_once() {
    let world = TempDir::new().expect("a folder");
    let n = rounds(4000, 100_000);
    write_crowd(&world.path().join("set"), n);
    // Links into the set, and a folder whose name is not UTF-8.
    symlink("set", world.path().join("set/again")).expect("a link");
    symlink("../set", world.path().join("set/once-more")).expect("a link");
    let foreign = world.path().join(std::ffi::OsStr::from_bytes(b"set/odd\xff"));
    fs::create_dir(&foreign).expect("a folder");
    fs::write(foreign.join("a.png"), picture(9)).expect("a picture");
    let ended = scan(world.path(), "set -j 2 --max-skipped 10");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let found = keys(world.path());
    assert_eq!(found.len(), n + 1);
    assert!(!ended.stderr.contains("repeat"), "{}", ended.stderr);
    assert!(found.is_sorted_by(|a, b| compare_keys(a, b).is_lt()));
    let alone = fs::read(world.path().join("out/rapsd.csv")).expect("a table");
    // The same files as twice as many paths, in another order.
    let twice = found.iter().rev().flat_map(|key| [format!("./set/{key}\n"), format!("set/./{key}\n")]);
    let parts =
        twice.map(|line| line.split("\\xff").map(|part| part.as_bytes().to_vec()).collect::<Vec<_>>().join(&0xFF));
    let list = parts.collect::<Vec<_>>().concat();
    fs::write(world.path().join("list.txt"), list).expect("a list");
    let ended = scan(world.path(), "--files-from list.txt -j 1");
    assert_eq!((ended.code, keys(world.path()).len()), (Some(0), n + 1), "{}", ended.stderr);
    assert!(fs::read(world.path().join("out/rapsd.csv")).expect("a table") == alone);
}

#[test]
fn folders_that_link_to_each_other_are_entered_once_each() {
    let world = TempDir::new().expect("a folder");
    for i in 0..7u8 {
        let folder = world.path().join(format!("set/d{i}"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("a.png"), picture(u32::from(i) + 1)).expect("a picture");
        (0..7)
            .filter(|j| i != *j)
            .for_each(|j| symlink(format!("../d{j}"), folder.join(format!("l{j}"))).expect("a link"));
    }
    // Folders elsewhere, by two links each: under the first name in byte order.
    fs::create_dir_all(world.path().join("elsewhere/below")).expect("a folder");
    fs::write(world.path().join("elsewhere/below/b.png"), picture(20)).expect("a picture");
    symlink("../elsewhere", world.path().join("set/z")).expect("a link");
    symlink("../../elsewhere/below", world.path().join("set/d3/y")).expect("a link");
    let ended = scan(world.path(), "set -j 2");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut expected: Vec<String> = (0..7).map(|i| format!("d{i}/a.png")).collect();
    expected.insert(4, "d3/y/b.png".to_owned());
    assert_eq!(keys(world.path()), expected);
}

/// How long a run goes on after the signals, which come when it has run for `after`.
fn time_to_end(world: &Path, words: &str, stdin: Stdio, after: Duration, n_signals: usize) -> (Ended, Duration) {
    let mut command = program(world, words.split_whitespace());
    let child = command.stdin(stdin).spawn().expect("starts");
    std::thread::sleep(after);
    let signalled = Instant::now();
    for i in 0..n_signals {
        std::thread::sleep(Duration::from_millis(350 * u64::from(i > 0)));
        interrupt(&child);
    }
    let ended = watch(child, PATIENCE);
    let took = signalled.elapsed();
    println!("{words}: ended {took:?} after {n_signals} signals");
    assert_eq!(ended.code, Some(130), "{words}: {ended:?}");
    (ended, took)
}

#[test]
fn a_signal_ends_listing_reading_lists_and_cutting_tiles() {
    let world = TempDir::new().expect("a folder");
    write_crowd(&world.path().join("set"), rounds(4000, 100_000));
    // Standard input that says nothing.
    let words = "scan --files-from - -o out";
    let (ended, took) = time_to_end(world.path(), words, Stdio::piped(), Duration::from_millis(500), 1);
    assert!(took < Duration::from_secs(2) && ended.stderr.contains("interrupted"), "{took:?}: {}", ended.stderr);
    // A list that never ends, and a listing.
    let mut lines = std::process::Command::new("yes").stdout(Stdio::piped()).spawn().expect("starts");
    let endless = Stdio::from(lines.stdout.take().expect("a pipe"));
    let (_, took) = time_to_end(world.path(), words, endless, Duration::from_millis(500), 1);
    lines.kill().and_then(|()| lines.wait()).expect("killed");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let after = Duration::from_millis(rounds(30, 200) as u64);
    let (_, took) = time_to_end(world.path(), "scan set -o out --plots none", Stdio::null(), after, 1);
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!world.path().join("out/scan.json").exists());
    // One file of very many tiles: the run ends between them.
    let noise: Vec<u8> = (0..3000 * 3000 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let image = image::RgbImage::from_raw(3000, 3000, noise).expect("pixels");
    fs::create_dir(world.path().join("one")).expect("a folder");
    image.save(world.path().join("one/a.png")).expect("saved");
    let words = "scan one -o out --resolution 8 --transform tile --plots none -j 1";
    let whole = run(world.path(), words, PATIENCE);
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let after = Duration::from_secs_f64(whole.time_s / 3.0);
    let words = "scan one -o other --resolution 8 --transform tile --plots none -j 1";
    let (_, took) = time_to_end(world.path(), words, Stdio::null(), after, 1);
    assert!(took.as_secs_f64() < whole.time_s / 3.0, "{took:?} of {} s", whole.time_s);
    assert_eq!(fs::read_dir(world.path().join("other")).map_or(0, Iterator::count), 0);
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let world = TempDir::new().expect("a folder");
    // One image that takes seconds to decode: the first signal waits for it.
    fs::create_dir(world.path().join("set")).expect("a folder");
    let mut encoder = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
    encoder.set_size(9000, 9000);
    encoder.set_progressive_mode();
    encoder.set_fastest_defaults();
    let mut started = encoder.start_compress(Vec::new()).expect("started");
    let row: Vec<u8> = (0..9000 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    (0..9000).for_each(|_| started.write_scanlines(&row).expect("a row"));
    fs::File::create(world.path().join("set/a.jpg"))
        .and_then(|mut file| file.write_all(&started.finish().expect("a JPEG")))
        .expect("written");
    let words = "scan set --resolution 64 --plots none -o out";
    let whole = run(world.path(), words, PATIENCE);
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let after = Duration::from_secs_f64(whole.time_s / 4.0);
    let (_, took) = time_to_end(world.path(), &format!("{words}2"), Stdio::null(), after, 2);
    assert!(took < Duration::from_millis(900), "{took:?} of {} s", whole.time_s);
}
