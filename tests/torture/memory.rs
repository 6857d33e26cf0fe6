//! Memory has one budget: files and options made to take much stay within `--max-memory` and 64 MB for everything else.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use tempfile::TempDir;

use super::child::{Ended, limited, program, run, watch};
use super::rounds;

/// Longest wait for a run, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(240);

/// What the program takes beside its budget: its code, libraries, tables and plots.
const BESIDE_BYTES: u64 = 64_000_000;

const MIB: u64 = 1 << 20;

/// A PNG of zeros, written row by row: this process must not take the memory either.
fn write_png(path: &Path, side: u32, color: png::ColorType, depth: png::BitDepth) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path).expect("a file")), side, side);
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().expect("a header");
    let mut rows = writer.stream_writer().expect("a writer");
    let row = vec![7; side as usize * color.samples() * (depth as usize / 8)];
    for _ in 0..side {
        rows.write_all(&row).expect("a row");
    }
    rows.finish().expect("an end");
}

/// A PNG of 64 pixels with a colour profile that unpacks to `n_bytes`.
fn write_profile_bomb(path: &Path, n_bytes: usize) {
    write_png(path, 64, png::ColorType::Rgb, png::BitDepth::Eight);
    let plain = fs::read(path).expect("a PNG");
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; MIB as usize];
    (0..n_bytes / zeros.len()).for_each(|_| packed.write_all(&zeros).expect("packed"));
    let mut chunk = b"iCCPx\0\0".to_vec();
    chunk.extend(packed.finish().expect("packed"));
    // Behind the header chunk.
    let mut bytes = plain[..33].to_vec();
    bytes.extend(u32::try_from(chunk.len() - 4).expect("a length").to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    bytes.extend(&chunk);
    bytes.extend(crc.sum().to_be_bytes());
    bytes.extend(&plain[33..]);
    fs::write(path, bytes).expect("written");
}

fn write_jpeg(path: &Path, side: usize, is_progressive: bool) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let mut encoder = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
    encoder.set_size(side, side);
    encoder.set_fastest_defaults();
    if is_progressive {
        encoder.set_progressive_mode();
    }
    let mut started = encoder.start_compress(Vec::new()).expect("started");
    let row: Vec<u8> = (0..side * 3).map(|i| (i / 97 % 251) as u8).collect();
    (0..side).for_each(|_| started.write_scanlines(&row).expect("a row"));
    fs::write(path, started.finish().expect("a JPEG")).expect("written");
}

/// Runs, and fails if more memory is taken than `budget_mib` and what the program takes anyway.
fn within(folder: &Path, words: &str, budget_mib: u64) -> Ended {
    let ended = run(folder, &format!("{words} --max-memory {budget_mib}MiB --overwrite -o out --plots none"), PATIENCE);
    let limit = budget_mib * MIB + BESIDE_BYTES;
    println!("{words}: {} MB of {} MB, {:.1} s", ended.peak_bytes / 1_000_000, limit / 1_000_000, ended.time_s);
    assert!(ended.peak_bytes <= limit, "{words}: {} bytes of {limit}: {}", ended.peak_bytes, ended.stderr);
    assert_eq!(ended.signal, None, "{words}: {}", ended.stderr);
    ended
}

/// `out/skipped.csv`; empty if nothing was skipped.
fn skipped(folder: &Path) -> String {
    fs::read_to_string(folder.join("out/skipped.csv")).unwrap_or_default()
}

#[test]
fn a_colour_profile_that_unpacks_to_gigabytes_is_not_unpacked() {
    let world = TempDir::new().expect("a folder");
    write_profile_bomb(&world.path().join("set/a.png"), rounds(400, 1900) << 20);
    let ended = within(world.path(), "scan set -j 1", 64);
    assert_eq!((ended.code, skipped(world.path())), (Some(0), String::new()), "{}", ended.stderr);
}

/// A file of `n` latents of 4×64×64 halves, all zero: a hole in the file system behind its header.
fn write_latents(path: &Path, n: u64) {
    let n_bytes = n * 4 * 64 * 64 * 2;
    let header = match path.extension().and_then(|e| e.to_str()) {
        Some("npy") => {
            let text = format!("{{'descr': '<f2', 'fortran_order': False, 'shape': ({n}, 4, 64, 64), }}");
            [b"\x93NUMPY\x01\x00", &118u16.to_le_bytes()[..], format!("{text:<117}\n").as_bytes()].concat()
        }
        _ => {
            let text =
                format!("{{\"latents\":{{\"dtype\":\"F16\",\"shape\":[{n},4,64,64],\"data_offsets\":[0,{n_bytes}]}}}}");
            [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
        }
    };
    fs::write(path, &header).expect("a header");
    let file = fs::OpenOptions::new().write(true).open(path).expect("the file");
    file.set_len(header.len() as u64 + n_bytes).expect("a hole");
}

#[test]
fn arrays_are_read_sample_by_sample() {
    let world = TempDir::new().expect("a folder");
    // 32 KiB each: 64 MiB, or 2 GiB.
    let n = rounds(2048, 65_536) as u64;
    for name in ["set.npy", "set.safetensors"] {
        write_latents(&world.path().join(name), n);
        let ended = within(world.path(), &format!("scan {name} -j 2"), 128);
        assert_eq!((ended.code, skipped(world.path())), (Some(0), String::new()), "{}", ended.stderr);
        assert!(ended.peak_bytes < 300_000_000, "{} bytes", ended.peak_bytes);
    }
}

#[test]
fn images_of_16_bits_take_what_the_budget_allows_or_are_skipped() {
    let world = TempDir::new().expect("a folder");
    let side = rounds(5000, 16_384) as u32;
    write_png(&world.path().join("set/large.png"), side, png::ColorType::Rgba, png::BitDepth::Sixteen);
    write_png(&world.path().join("set/small.png"), 64, png::ColorType::Rgb, png::BitDepth::Eight);
    // 14 bytes a pixel and the file itself, in three eighths of the budget.
    let file_bytes = fs::metadata(world.path().join("set/large.png")).expect("the file").len();
    let enough = (u64::from(side).pow(2) * 14 + file_bytes) * 8 / 3 / MIB + 64;
    let options = "scan set -j 2 --resolution 64 --max-pixels 400000000 --max-skipped 1";
    let ended = within(world.path(), options, enough);
    assert_eq!((ended.code, skipped(world.path())), (Some(0), String::new()), "{}", ended.stderr);
    let ended = within(world.path(), options, enough / 2);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let list = skipped(world.path());
    assert!(list.contains("large.png") && list.contains("--max-memory"), "{list}");
}

#[test]
fn many_large_jpegs_wait_for_each_other_and_the_results_do_not_show_it() {
    let world = TempDir::new().expect("a folder");
    let (side, n) = (rounds(3000, 12_000), rounds(8, 12));
    for (is_progressive, name) in [(false, "plain"), (true, "progressive")] {
        write_jpeg(&world.path().join("original.jpg"), side, is_progressive);
        fs::create_dir_all(world.path().join(name)).expect("a folder");
        for i in 0..n {
            fs::hard_link(world.path().join("original.jpg"), world.path().join(format!("{name}/{i:02}.jpg")))
                .expect("a link");
        }
        fs::remove_file(world.path().join("original.jpg")).expect("removed");
        // 6 bytes a pixel, 3 more of coefficients; one fits at a time, eight at once do not.
        let bytes_per_pixel = if is_progressive { 12 } else { 6 };
        let budget = (side as u64).pow(2) * bytes_per_pixel * 8 / 3 / MIB + 80;
        let tables = [8, 1].map(|threads| {
            let options = format!("scan {name} -j {threads} --resolution 64 --progress never");
            let ended = within(world.path(), &options, budget);
            assert_eq!((ended.code, skipped(world.path())), (Some(0), String::new()), "{name}: {}", ended.stderr);
            fs::read(world.path().join("out/images.csv")).expect("a table")
        });
        assert!(tables[0] == tables[1], "{name}: the same bytes on any number of threads");
    }
}

#[test]
fn tiles_beyond_number_are_refused_and_many_are_written() {
    let world = TempDir::new().expect("a folder");
    write_png(&world.path().join("set/a.png"), 2000, png::ColorType::Rgb, png::BitDepth::Eight);
    let ended = within(world.path(), "scan set -j 1 --resolution 1 --transform tile", 256);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("4000000 tiles") && ended.stderr.contains("--resolution"), "{}", ended.stderr);
    // Many files, each with rows that fit, wait for each other.
    let n = rounds(10, 40);
    for i in 1..n {
        fs::hard_link(world.path().join("set/a.png"), world.path().join(format!("set/{i:02}.png"))).expect("a link");
    }
    let ended = within(world.path(), "scan set -j 4 --resolution 16 --transform tile", 192);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let images = fs::read_to_string(world.path().join("out/images.csv")).expect("a table");
    assert_eq!(images.lines().count(), 1 + n * 125 * 125);
}

#[test]
fn files_without_an_end_are_not_read_to_it() {
    let world = TempDir::new().expect("a folder");
    let set = world.path().join("set");
    write_png(&set.join("a.png"), 64, png::ColorType::Rgb, png::BitDepth::Eight);
    // A hole of three gigabytes; the same behind the first bytes of a PNG; a file that the system makes up; a pipe.
    File::create(set.join("hole.png")).and_then(|file| file.set_len(3 << 30)).expect("a hole");
    fs::copy(set.join("a.png"), set.join("tail.png")).expect("a copy");
    File::options().write(true).open(set.join("tail.png")).and_then(|file| file.set_len(3 << 30)).expect("a tail");
    std::os::unix::fs::symlink("/proc/self/pagemap", set.join("made-up.png")).expect("a link");
    std::os::unix::fs::symlink("/dev/zero", set.join("zero.png")).expect("a link");
    let made = std::process::Command::new("mkfifo").arg(set.join("pipe.png")).status().expect("mkfifo");
    assert!(made.success());
    for options in ["--dry-run", "", "--resolution 64"] {
        let ended = within(world.path(), &format!("scan set -j 2 --max-skipped 100% {options}"), 256);
        assert_eq!(ended.code, Some(0), "{options}: {}", ended.stderr);
        assert!(ended.time_s < 60.0, "{options}: {} s", ended.time_s);
    }
    let list = skipped(world.path());
    for (name, part) in [
        ("hole.png", "no image"),
        ("made-up.png", "empty"),
        ("pipe.png", "named pipe"),
        ("tail.png", "--max-memory"),
        ("zero.png", "device"),
    ] {
        assert!(list.lines().any(|line| line.starts_with(name) && line.contains(part)), "{name}: {list}");
    }
    fs::write(world.path().join("list.txt"), "set/a.png\nset/pipe.png\n/dev/zero\n/proc/self/pagemap\n")
        .expect("a list");
    let ended = within(world.path(), "scan --files-from list.txt --max-skipped 100%", 256);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ended = within(world.path(), "scan --files-from /dev/zero", 64);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("entry 1 is longer than any path"), "{}", ended.stderr);
}

/// As large as images are taken as they are: 8192 pixels a side.
#[test]
fn the_largest_image_stays_within_its_budget_and_larger_ones_are_refused_or_reduced() {
    let world = TempDir::new().expect("a folder");
    let side = rounds(1024, 8192);
    write_jpeg(&world.path().join("set/a.jpg"), side, false);
    let words = "scan set --transform none --channels luma -j 1";
    let plan = run(world.path(), &format!("{words} --dry-run --json --max-memory 64GiB -o out"), PATIENCE).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).expect("an object");
    let planned = plan["memory_bytes"].as_u64().expect("a number");
    // Sums have half of the budget.
    let budget_mib = 2 * planned / MIB + 64;
    let ended = within(world.path(), words, budget_mib);
    assert_eq!((ended.code, skipped(world.path())), (Some(0), String::new()), "{}", ended.stderr);
    println!("{side}² as it is: planned {} MB, taken {} MB", planned / 1_000_000, ended.peak_bytes / 1_000_000);
    // Beside the sums: the file, its pixels, and what the program takes anyway.
    let beside = 4 * (side as u64).pow(2) + BESIDE_BYTES;
    assert!(ended.peak_bytes <= planned * 6 / 5 + beside, "planned {planned}, taken {}", ended.peak_bytes);
    assert_eq!(run(world.path(), "info out/set.spectrum", PATIENCE).code, Some(0), "it is read again");
    // Larger ones, with a budget that is enough to decode them.
    for side in [rounds(8200, 12_000), rounds(8201, 16_384)] {
        write_jpeg(&world.path().join("large/a.jpg"), side, false);
        let budget_mib = (side as u64).pow(2) * 6 * 8 / 3 / MIB + 128;
        let options = "-j 1 --max-pixels 300000000";
        let ended = within(world.path(), &format!("scan large --transform none {options}"), budget_mib);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("8192 pixels a side") && ended.peak_bytes < BESIDE_BYTES, "{ended:?}");
        let ended =
            within(world.path(), &format!("scan large --resolution 512 --transform tile {options}"), budget_mib);
        assert_eq!((ended.code, skipped(world.path())), (Some(0), String::new()), "{}", ended.stderr);
    }
}

/// What `--dry-run --json` says of the memory of the sums, against what is measured.
#[test]
fn the_plan_says_what_the_sums_take_within_a_fifth() {
    let world = TempDir::new().expect("a folder");
    let side = 768;
    for i in 0..6 {
        write_png(&world.path().join(format!("set/{i}.png")), side, png::ColorType::Rgb, png::BitDepth::Eight);
        write_png(&world.path().join(format!("tiny/{i}.png")), 16, png::ColorType::Rgb, png::BitDepth::Eight);
    }
    let least = run(world.path(), "scan tiny -j 1 --overwrite -o out --plots none", PATIENCE).peak_bytes;
    for (words, threads) in [("scan set", 1), ("scan set", 4), ("covariance set --diagonality 0", 4)] {
        let words = format!("{words} -j {threads} --overwrite -o out --plots none");
        let plan = run(world.path(), &format!("{words} --dry-run --json"), PATIENCE).stdout;
        let plan: serde_json::Value = serde_json::from_str(&plan).expect("an object");
        let planned = plan["memory_bytes"].as_u64().expect("a number");
        let ended = run(world.path(), &words, PATIENCE);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        // Each worker's file and its pixels are no sums.
        let measured = ended.peak_bytes - least - threads * u64::from(side).pow(2) * 3;
        println!("{words}: planned {planned}, measured {measured}");
        let ratio = planned as f64 / measured as f64;
        assert!((0.8..=1.2).contains(&ratio), "{words}: planned {planned}, measured {measured}: {ratio:.2}");
    }
}

#[test]
fn sums_that_do_not_fit_are_refused_with_what_does() {
    let world = TempDir::new().expect("a folder");
    write_png(&world.path().join("set/a.png"), 2100, png::ColorType::Rgb, png::BitDepth::Eight);
    let options = "scan set -j 8 --transform crop --max-memory 512MiB -o out --plots none --dry-run";
    let refused = run(world.path(), &format!("{options} --resolution 2048"), PATIENCE);
    assert_eq!(refused.code, Some(2), "{}", refused.stdout);
    let word_after = |name: &str| {
        // The option is named before: that of the suggestion comes last.
        let (_, suggested) =
            refused.stderr.rsplit_once(name).unwrap_or_else(|| panic!("no {name}: {}", refused.stderr));
        suggested.split_whitespace().next().expect("a value").trim_end_matches(',').to_owned()
    };
    let side: usize = word_after("--resolution").parse().expect("a side");
    assert!((64..2048).contains(&side), "{side}");
    let at = |side: usize| run(world.path(), &format!("{options} --resolution {side}"), PATIENCE).code;
    assert_eq!((at(side), at(side + side / 50 + 1)), (Some(0), Some(2)));
    // An image that is taken as it is can be cut into tiles of that size.
    let untouched = run(world.path(), &options.replace("crop", "none"), PATIENCE).stderr;
    let (_, suggested) = untouched.split_once("--resolution ").expect("a remedy");
    let (suggested, _) = suggested.split_once(',').expect("another remedy");
    assert!(suggested.ends_with(" --transform tile"), "{untouched}");
    let tiled = format!("{} --resolution {suggested}", options.replace(" --transform crop", ""));
    assert_eq!(run(world.path(), &tiled, PATIENCE).code, Some(0), "{tiled}");
    // The suggested memory is enough, and no run is begun, nor a folder made, with less.
    let memory = word_after("--max-memory");
    let options = options.replace("512MiB", &memory);
    assert_eq!(run(world.path(), &format!("{options} --resolution 2048"), PATIENCE).code, Some(0), "{memory}");
    assert!(!world.path().join("out").exists());
}

/// OpenBLAS waits for ever for memory that it does not get.
#[test]
fn a_limited_address_space_ends_a_run_with_a_message_or_not_at_all() {
    let world = TempDir::new().expect("a folder");
    for i in 0..4 {
        write_jpeg(&world.path().join(format!("set/{i}.jpg")), 256 + i, false);
    }
    for kib in [120_000, 200_000, 300_000, 400_000, 500_000, 700_000, 1_000_000] {
        for words in ["covariance set --resolution 64 --transform tile", "scan set --resolution 64", "--version"] {
            let options = if words == "--version" { "" } else { "-j 2 --plots none --overwrite -o out" };
            let command = program(world.path(), format!("{words} {options}").split_whitespace());
            let ended = watch(limited(command, kib << 10).spawn().expect("starts"), Duration::from_secs(60));
            println!("{words} under {kib} KiB: {:?}, {:.1} s", ended.code, ended.time_s);
            let is_told = ended.stderr.contains("error: ") && ended.code == Some(2);
            assert!(ended.code == Some(0) || is_told, "{words} under {kib} KiB: {ended:?}");
            assert!(kib < 700_000 || ended.code == Some(0), "{words} under {kib} KiB: {ended:?}");
        }
    }
}
