//! Mutated images of all formats; forged spectra, schedules and samplers: no panic, no abort, no infinite number in
//! what is written, memory within its budget.

mod forgeries;
mod mutants;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use self::forgeries::{forge_json, forge_schedule, forge_spectrum};
use self::mutants::{mend_png, mutate, sound_images};

/// Memory that a run may take for what it was told to do, bytes: two workers, images of up to [`MAX_PIXELS`].
const BUDGET_BYTES: u64 = 128 << 20;

/// Memory beyond it that is tolerated, bytes.
const SLACK_BYTES: u64 = 64 << 20;

/// `--max-pixels` of the scans of mutants.
const MAX_PIXELS: u64 = 1 << 20;

/// Longest wait for one run.
const PATIENCE: Duration = Duration::from_secs(300);

/// Mutants in one folder: a scan of many shows what a scan of each would, sooner.
const PER_SCAN: usize = 250;

/// What a run left.
struct Ended {
    code: Option<i32>,
    stderr: String,
    peak_bytes: u64,
}

/// Runs the program in `folder`, watching its memory.
fn run(folder: &Path, arguments: &[&str]) -> Ended {
    let stderr = folder.join("stderr");
    let mut child = Command::new(env!("CARGO_BIN_EXE_specscan"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&stderr).expect("a file"))
        .spawn()
        .expect("starts");
    let status = format!("/proc/{}/status", child.id());
    let start = Instant::now();
    let mut peak_bytes = 0;
    let code = loop {
        // The kernel keeps the highest value, so what is read last is that of the whole run but for its last moment.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak_bytes = peak_bytes.max(kilobytes.unwrap_or(0) << 10);
        match child.try_wait().expect("a child") {
            Some(status) => break status.code(),
            None if start.elapsed() > PATIENCE => {
                child.kill().expect("ends");
                child.wait().expect("ended");
                panic!("{arguments:?} does not end");
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    Ended { code, stderr: String::from_utf8_lossy(&fs::read(stderr).expect("a file")).into_owned(), peak_bytes }
}

/// Fails unless the run ended in words and within its memory. `what` names the case.
fn assert_sound(ended: &Ended, what: &str) {
    let Ended { code, stderr, peak_bytes } = ended;
    assert!(matches!(code, Some(0..=2)) && !stderr.contains("panicked"), "{what}: ended with {code:?}\n{stderr}");
    assert!(*peak_bytes <= BUDGET_BYTES + SLACK_BYTES, "{what}: took {} MB\n{stderr}", peak_bytes >> 20);
    if *code == Some(2) {
        let refusals = stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(refusals, 1, "{what}: refused in one sentence\n{stderr}");
    }
}

/// Fails if a table has a number that is none.
fn assert_finite(folder: &Path, what: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "csv") {
            let text = String::from_utf8(fs::read(&path).expect("a file")).expect("text");
            let is_none = |cell: &str| ["inf", "-inf", "nan"].contains(&cell.to_ascii_lowercase().as_str());
            assert!(!text.split([',', '\n']).any(is_none), "{what}: {} has infinite numbers", path.display());
        }
    }
}

#[test]
fn mutated_images_are_read_or_refused() {
    let n = super::rounds(250, 5000);
    let mut random = ChaCha8Rng::seed_from_u64(super::SEED);
    let sound = sound_images();
    let (mut peak, mut n_skipped, mut n_crashes, mut n_used) = (0, 0, 0, 0);
    for first in (0..n).step_by(PER_SCAN) {
        let world = tempfile::tempdir().expect("a folder");
        let folder = world.path().join("images");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("sound.jpg"), &sound[0].1).expect("a file");
        for i in first..n.min(first + PER_SCAN) {
            let (ending, bytes) = &sound[i % sound.len()];
            let mut mutant = bytes.clone();
            mutate(&mut mutant, &mut random);
            // Without its checksums a PNG would be refused at the first of them, whatever else is wrong.
            if *ending == "png" && random.random_bool(0.7) {
                mend_png(&mut mutant);
            }
            fs::write(folder.join(format!("{i:05}.{ending}")), mutant).expect("a file");
        }
        let max_pixels = MAX_PIXELS.to_string();
        let mut arguments = "scan images -o out --resolution 32 --transform center-crop --allow-upscale".to_owned();
        arguments.push_str(" --max-skipped 100% --plots none --threads 2 -q --max-pixels ");
        arguments.push_str(&max_pixels);
        let how = if (first / PER_SCAN).is_multiple_of(2) { " --damaged skip" } else { " --damaged keep" };
        arguments.push_str(how);
        let ended = run(world.path(), &arguments.split(' ').collect::<Vec<_>>());
        assert_sound(&ended, &format!("mutants from {first} on"));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_finite(&world.path().join("out"), &format!("mutants from {first} on"));
        let table = fs::read_to_string(world.path().join("out/skipped.csv")).unwrap_or_default();
        n_skipped += table.lines().count().saturating_sub(1);
        n_crashes += table.matches("decoder crash").count();
        n_used += fs::read_to_string(world.path().join("out/images.csv")).expect("a table").lines().count() - 2;
        peak = peak.max(ended.peak_bytes);
    }
    println!(
        "{n} mutants: {n_skipped} skipped, {n_used} used, {n_crashes} of them crashes of decoders that were caught"
    );
    println!("peak memory {} MB", peak >> 20);
    assert!(n_skipped > n / 4 && n_used > n / 20, "{n_skipped} skipped, {n_used} used of {n}");
}

/// A folder with a spectrum and a sampler to forge, and their bytes.
fn originals() -> (tempfile::TempDir, Vec<u8>, Value) {
    let world = tempfile::tempdir().expect("a folder");
    for i in 0..30u32 {
        let pixel = |x: u32, y: u32| image::Rgb([(x * y * (i + 1)) as u8, (x * i + y) as u8, (x * x + y * i) as u8]);
        let image = image::RgbImage::from_fn(16, 12, pixel);
        let path = world.path().join(format!("photos/{i:02}.png"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        image.save(path).expect("a file");
    }
    for words in [
        "scan photos -o made --name base --diagonality 4 --coherence --plots none -q",
        "schedule fit-sampler photos -o made --plots none -q",
    ] {
        let ended = run(world.path(), &words.split(' ').collect::<Vec<_>>());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    let read = |name: &str| fs::read(world.path().join("made").join(name)).expect("a file");
    let sampler = serde_json::from_slice(&read("sampler.json")).expect("JSON");
    let spectrum = read("base.spectrum");
    (world, spectrum, sampler)
}

#[test]
fn forged_spectra_schedules_and_samplers_are_used_or_refused() {
    /// What is done with a spectrum.
    const QUESTIONS: [&str; 10] = [
        "info f.spectrum",
        "fit-delta f.spectrum",
        "covariance f.spectrum --diagonality 4 --coherence",
        "distance f.spectrum --samples 2",
        "offset f.spectrum",
        "bounds f.spectrum",
        "snr f.spectrum --steps 30",
        "schedule f.spectrum --dataset",
        "merge f.spectrum made/base.spectrum --allow-shared",
        "export f.spectrum",
    ];
    let mut random = ChaCha8Rng::seed_from_u64(super::SEED + 1);
    let (world, spectrum, sampler) = originals();
    let n = super::rounds(90, 1000);
    let (mut peak, mut codes) = (0, [[0; 3]; 3]);
    let out: PathBuf = world.path().join("out");
    for i in 0..n {
        let (name, bytes, question) = match i % 3 {
            0 => ("f.spectrum", forge_spectrum(&spectrum, &mut random), QUESTIONS[i / 3 % QUESTIONS.len()].to_owned()),
            1 => {
                let (name, bytes) = forge_schedule(&mut random);
                (name, bytes, format!("snr made/base.spectrum --schedule {name}"))
            }
            _ => {
                let mut forged = sampler.clone();
                forge_json(&mut forged, &mut random);
                ("f.json", forged.to_string().into_bytes(), "schedule sample f.json --count 20 --steps 9".to_owned())
            }
        };
        fs::write(world.path().join(name), bytes).expect("a file");
        let words = if question.starts_with("info") { question } else { format!("{question} -o out -q --plots none") };
        let ended = run(world.path(), &words.split(' ').collect::<Vec<_>>());
        let what = format!("case {i}, {words}");
        assert_sound(&ended, &what);
        assert_finite(&out, &what);
        let _ = fs::remove_dir_all(&out);
        codes[i % 3][ended.code.expect("a code") as usize] += 1;
        peak = peak.max(ended.peak_bytes);
    }
    let [spectra, schedules, samplers] = codes.map(|[used, _, refused]| format!("{used} used, {refused} refused"));
    println!("{n} forgeries: spectra {spectra}; schedules {schedules}; samplers {samplers}");
    println!("peak memory {} MB", peak >> 20);
    assert!(codes.iter().all(|[used, _, refused]| *used > 0 && *refused > 0), "{codes:?}");
}
