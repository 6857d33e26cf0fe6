//! Mutated images of all formats; forged spectra, schedules and samplers: no panic, no abort, no infinite number in
//! what is written, memory within its budget.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use image::{DynamicImage, ImageFormat};
use mozjpeg::{ColorSpace, Compress};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value, json};

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

/// Numbers at the ends of what types hold, and beyond what makes sense.
fn extreme(random: &mut impl Rng) -> Value {
    let numbers = [
        json!(0),
        json!(-1),
        json!(1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1u64 << 53),
        json!(8192),
        json!(1e308),
        json!(-1e308),
        json!(1e-320),
        json!(1e3),
        json!(-0.5),
        json!(null),
        json!(""),
        json!([]),
        json!({}),
        json!("rgb"),
    ];
    numbers.choose(random).expect("some").clone()
}

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

/// One sound file of every format and coding.
fn sound_images() -> Vec<(&'static str, Vec<u8>)> {
    let picture = |x: u32, y: u32| [(x * 7 + y * 3) as u8, (x * 2 + y * 11) as u8, (x * y) as u8];
    let image = DynamicImage::from(image::RgbImage::from_fn(48, 40, |x, y| image::Rgb(picture(x, y))));
    let encoded = |image: &DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).expect("encodes");
        bytes.into_inner()
    };
    let compressed = |space, n_channels: usize, is_progressive| {
        let mut compress = Compress::new(space);
        compress.set_size(48, 40);
        if is_progressive {
            compress.set_progressive_mode();
        }
        let mut started = compress.start_compress(Vec::new()).expect("starts");
        let samples: Vec<u8> = (0..48 * 40 * n_channels).map(|i| (i * i / 97 + i * 7) as u8).collect();
        started.write_scanlines(&samples).expect("writes");
        started.finish().expect("finishes")
    };
    let mut runs = vec![0; 54 + 1024];
    runs[..2].copy_from_slice(b"BM");
    for (at, value) in [(10, 1078u32), (14, 40), (18, 48), (22, 40), (26, 1 + (8 << 16)), (30, 1), (46, 256)] {
        runs[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    (0..40u8).for_each(|y| runs.extend_from_slice(&[24, y, 24, y * 3, 0, 0]));
    runs.extend_from_slice(&[0, 1]);
    vec![
        ("jpg", encoded(&image, ImageFormat::Jpeg)),
        ("jpg", compressed(ColorSpace::JCS_RGB, 3, true)),
        ("jpg", compressed(ColorSpace::JCS_GRAYSCALE, 1, false)),
        ("jpg", compressed(ColorSpace::JCS_CMYK, 4, false)),
        ("png", encoded(&image, ImageFormat::Png)),
        ("png", encoded(&DynamicImage::from(image.to_rgba16()), ImageFormat::Png)),
        ("webp", encoded(&image, ImageFormat::WebP)),
        ("gif", encoded(&image, ImageFormat::Gif)),
        ("tiff", encoded(&image, ImageFormat::Tiff)),
        ("bmp", encoded(&image, ImageFormat::Bmp)),
        ("bmp", runs),
        ("ppm", encoded(&image, ImageFormat::Pnm)),
        ("qoi", encoded(&image, ImageFormat::Qoi)),
    ]
}

/// Changes some bytes: flips, fills, cuts, inserts, or writes extreme numbers into headers.
fn mutate(bytes: &mut Vec<u8>, random: &mut impl Rng) {
    for _ in 0..random.random_range(1..4) {
        let n = bytes.len();
        let at = random.random_range(0..n);
        let end = (at + random.random_range(1..64)).min(n);
        match random.random_range(0..7) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => random.fill(&mut bytes[at..end]),
            2 => bytes[at..end].fill(*[0x00, 0xFF, 0x7F].choose(random).expect("some")),
            3 => bytes.truncate(at.max(4)),
            4 => drop(bytes.splice(at..at, vec![random.random::<u8>(); end - at])),
            5 if n - (end - at) > 4 => drop(bytes.drain(at..end)),
            _ => {
                let at = random.random_range(0..n.min(64));
                let number = [0, u32::MAX, 1 << 31, 0xFFFF, 16384, 0x4000_4000].choose(random).expect("some");
                let end = (at + 4).min(n);
                bytes[at..end].copy_from_slice(&number.to_be_bytes()[..end - at]);
            }
        }
    }
}

/// Makes the checksums of a PNG's chunks right again, as far as there are chunks.
fn mend_png(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().expect("four")) as usize;
        let Some(end) = at.checked_add(8).and_then(|start| start.checked_add(length)) else { return };
        if end + 4 > bytes.len() {
            return;
        }
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[at + 4..end]);
        bytes[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
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
        let how = if first / PER_SCAN % 2 == 0 { " --damaged skip" } else { " --damaged keep" };
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

/// Pointers to everything in a JSON value that holds nothing.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, v)| leaves(v, &format!("{at}/{name}"), found)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{at}/{i}"), found)),
        _ => found.push(at.to_owned()),
    }
}

/// Replaces a few leaves by extreme values.
fn forge_json(value: &mut Value, random: &mut impl Rng) {
    let mut found = Vec::new();
    leaves(value, "", &mut found);
    for _ in 0..random.random_range(1..3) {
        let leaf = found.choose(random).and_then(|leaf| value.pointer_mut(leaf)).expect("a leaf");
        *leaf = match leaf.as_f64() {
            Some(number) if random.random_bool(0.3) => json!(number * 10f64.powi(random.random_range(-9..9))),
            _ => extreme(random),
        };
    }
}

/// A spectrum with a changed header or tensors, and a checksum that fits.
fn forge_spectrum(bytes: &[u8], random: &mut impl Rng) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("safetensors");
    let text = &metadata.metadata().as_ref().expect("metadata")["specscan"];
    let mut header: Value = serde_json::from_str(text).expect("JSON");
    let own =
        |(name, view): (String, TensorView<'_>)| (name, (view.dtype(), view.shape().to_vec(), view.data().to_vec()));
    let mut tensors: Vec<(String, (Dtype, Vec<usize>, Vec<u8>))> = file.tensors().into_iter().map(own).collect();
    tensors.sort();
    if random.random_bool(0.6) {
        forge_json(&mut header, random);
    }
    for _ in 0..random.random_range(0..4) {
        let i = random.random_range(0..tensors.len());
        if tensors.len() > 1 && random.random_bool(0.1) {
            drop(tensors.remove(i));
            continue;
        }
        let (_, (dtype, shape, data)) = &mut tensors[i];
        let n_words = data.len() / 8;
        match random.random_range(0..5) {
            0 => *dtype = *[Dtype::I64, Dtype::U64, Dtype::F64].choose(random).expect("some"),
            1 => *shape = vec![n_words],
            2 => random.fill(&mut data[..]),
            3 => data.fill(0xFF),
            _ if n_words > 0 => {
                let word = [0, 1, u64::MAX, 1 << 63, 1 << 62, 0x7FFF].choose(random).expect("some");
                let at = 8 * random.random_range(0..n_words);
                data[at..at + 8].copy_from_slice(&word.to_le_bytes());
            }
            _ => {}
        }
    }
    header["checksum"] = "".into();
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(header.to_string().as_bytes());
    for (name, (_, _, data)) in &tensors {
        hasher.update(name.as_bytes());
        hasher.update(data);
    }
    header["checksum"] = format!("{:032x}", hasher.digest128()).into();
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).expect("the data fit"))
    });
    safetensors::serialize(views, Some([("specscan".to_owned(), header.to_string())].into())).expect("serialises")
}

/// A schedule with the name of its file: archives with forged arrays, mutated ones, bombs, and odd texts.
fn forge_schedule(random: &mut impl Rng) -> (&'static str, Vec<u8>) {
    let number = |random: &mut _| extreme(random).to_string();
    let archive = |array: &[u8]| {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("sigmas.npy", zip::write::SimpleFileOptions::default()).expect("begun");
        archive.write_all(array).expect("written");
        archive.finish().expect("whole").into_inner()
    };
    let array = |descr: &str, shape: &str, data: &[u8]| {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = (text.len() as u16).to_le_bytes();
        [&b"\x93NUMPY\x01\x00"[..], &length, text.as_bytes(), data].concat()
    };
    let sigmas: Vec<u8> = [80.0f64, 1.0, 0.1].iter().flat_map(|v| v.to_le_bytes()).collect();
    match random.random_range(0..6) {
        0 => {
            let shape = format!("({}, {})", number(random), number(random));
            let descr = ["'<f8'", "'|O'", "'<f4'", "'>f8'", "'<i8'", "[('a', '<f8')]"].choose(random).expect("some");
            ("f.npz", archive(&array(descr, &shape, &sigmas)))
        }
        1 => {
            let mut bytes = archive(&array("'<f8'", "(3,)", &sigmas));
            mutate(&mut bytes, random);
            ("f.npz", bytes)
        }
        2 => {
            let mut data = sigmas;
            random.fill(&mut data[..]);
            ("f.npz", archive(&array("'<f8'", "(3,)", &data)))
        }
        3 => ("f.npz", archive(&array("'<f8'", "(1099511627776,)", &vec![0; 16 << 20]))),
        4 => ("f.csv", format!("step,sigma\n0,{}\n1,{}\n", number(random), number(random)).into_bytes()),
        _ => {
            let deep = if random.random_bool(0.5) { "[".repeat(100_000) } else { String::new() };
            ("f.json", format!("{deep}[{}, 1.5, {}]", number(random), number(random)).into_bytes())
        }
    }
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
