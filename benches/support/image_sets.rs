//! The images that are measured: photographs, and small generated ones, 20,000 unless the environment says otherwise.
//! They lie under `target/bench-data`.

use std::error::Error;
use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use specscan::dataset::{DecodeOptions, Decoder, ListError, SourceFile, list_inputs};

/// Environment variable that names the folder of photographs.
const PHOTOS_VARIABLE: &str = "SPECSCAN_BENCH_PHOTOS";

/// Working size of the photographs, pixels.
const PHOTO_SIDE: usize = 256;

/// Environment variable that says how many small images there are: of fewer a run is start and end for a good part.
const SMALL_VARIABLE: &str = "SPECSCAN_BENCH_SMALL";

/// How many, unless it does, and their side in pixels.
const N_SMALL: usize = 20_000;
const SMALL_SIDE: usize = 32;

/// What the small images are drawn from.
const SMALL_SEED: u64 = 32;

/// A set of images to be measured.
pub struct ImageSet {
    /// What it is called in the table.
    pub name: String,
    /// Working size, pixels.
    pub side: usize,
    /// The images, in path order.
    pub files: Vec<SourceFile>,
    /// Where they are; nothing else is there.
    pub folder: PathBuf,
}

impl ImageSet {
    fn list(name: String, side: usize, folder: PathBuf) -> Result<Self, ListError> {
        let files = list_inputs(std::slice::from_ref(&folder))?.files;
        Ok(Self { name, side, files, folder })
    }
}

/// The photographs, without those that would have to be enlarged: they would be decoded and then skipped.
pub fn photographs(data: &Path) -> Result<ImageSet, Box<dyn Error>> {
    let (source, origin) = photo_folder();
    let mut decoder = Decoder::new();
    let options = DecodeOptions::default();
    let mut usable = list_inputs(&[source])?.files;
    usable.retain(|file| {
        let header = decoder.probe(file.path(), &options);
        header.is_ok_and(|h| h.format.eq_ignore_ascii_case("jpeg") && h.size.width.min(h.size.height) >= PHOTO_SIDE)
    });
    if usable.is_empty() {
        return Err(format!("no JPEG of {PHOTO_SIDE} pixels or more among {origin}; set {PHOTOS_VARIABLE}").into());
    }
    let folder = data.join("photos/distinct");
    // The source may have changed since the last run.
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for (i, file) in usable.iter().enumerate() {
        fs::copy(file.path(), folder.join(format!("{i:05}.jpg")))?;
    }
    Ok(ImageSet::list(format!("{} {origin}, {PHOTO_SIDE}² rgb", usable.len()), PHOTO_SIDE, folder)?)
}

/// Where photographs are, and what to call them.
fn photo_folder() -> (PathBuf, &'static str) {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    if let Some(folder) = std::env::var_os(PHOTOS_VARIABLE) {
        return (folder.into(), "photographs");
    }
    let beside = manifest.join("../shared/data/bench");
    if beside.is_dir() {
        return (beside, "photographs");
    }
    (manifest.join("fixtures/photos"), "fixture JPEGs (larger than usual: set SPECSCAN_BENCH_PHOTOS)")
}

/// The generated small images.
pub fn small_images(data: &Path) -> Result<ImageSet, Box<dyn Error>> {
    let n = std::env::var(SMALL_VARIABLE).map_or(Ok(N_SMALL), |n| n.parse())?;
    let folder = data.join(format!("small/{n}-{SMALL_SIDE}-{SMALL_SEED}"));
    if !folder.is_dir() {
        let unfinished = data.join("small/unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        generate_small(&unfinished, n)?;
        fs::rename(&unfinished, &folder)?;
    }
    Ok(ImageSet::list(format!("{n} generated JPEGs, {SMALL_SIDE}² rgb"), SMALL_SIDE, folder)?)
}

fn generate_small(folder: &Path, n: usize) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut random = ChaCha8Rng::seed_from_u64(SMALL_SEED);
    let side = SMALL_SIDE as u32;
    for i in 0..n {
        let writer = BufWriter::new(fs::File::create(folder.join(format!("{i:05}.jpg")))?);
        let encoder = JpegEncoder::new_with_quality(writer, 92);
        encoder.write_image(&small_image(&mut random), side, side, ExtendedColorType::Rgb8)?;
    }
    Ok(())
}

/// Blocks of random grey, colour and noise at four scales, coarse ones strongest: about the energy of a photograph.
fn small_image(random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut values = vec![128.0f32; SMALL_SIDE * SMALL_SIDE * 3];
    for (block, amplitude) in [(16, 60.0f32), (8, 30.0), (4, 15.0), (1, 6.0)] {
        let n_blocks = SMALL_SIDE / block;
        let levels: Vec<f32> =
            (0..n_blocks * n_blocks * 3).map(|_| amplitude * (random.random::<f32>() * 2.0 - 1.0)).collect();
        for (i, value) in values.iter_mut().enumerate() {
            let (channel, x, y) = (i % 3, i / 3 % SMALL_SIDE, i / 3 / SMALL_SIDE);
            *value += levels[(y / block * n_blocks + x / block) * 3 + channel];
        }
    }
    values.into_iter().map(|value| value.round() as u8).collect()
}
