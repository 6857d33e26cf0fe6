//! Where the time of one image goes, in milliseconds on one thread: `cargo bench --bench stages`.
//!
//! # What is measured
//!
//! Reading, decoding, preparing, splitting into channels and transforming are timed on their own. The sums are timed
//! through the engine at its four levels of detail, and the stages between two levels are their difference; so the
//! stages add up to an image. Each figure is the median over rounds, in which the stages take turns.
//!
//! # Settings
//!
//! `SPECSCAN_BENCH_PHOTOS` names a folder of JPEG photographs.

#[path = "support/image_sets.rs"]
mod image_sets;

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use image_sets::ImageSet;
use rustfft::num_complex::Complex32;
use specscan::dataset::{DecodeOptions, Decoder, PreprocessConfig, Preprocessor, SourceFile, Transform};
use specscan::spectral::fft2::{Fft2Plan, Fft2Workspace};
use specscan::spectral::{Channels, Size};
use specscan::spectrum::analyzer::Totals;
use specscan::spectrum::{AnalysisConfig, AnalysisPlan, Analyzer, Detail, ImageSummary};

/// Rounds, and images of each.
const ROUNDS: usize = 7;
const IMAGES_PER_ROUND: usize = 200;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Milliseconds per image: read, decode, prepare, split, fft2, then the engine at its four levels of detail, each of
/// which includes the split and the levels before it.
type Milliseconds = [f64; 9];

fn main() -> Outcome<()> {
    let data = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("../bench-data");
    std::fs::create_dir_all(&data)?;
    for set in [image_sets::photographs(&data)?, image_sets::small_images(&data)?] {
        let mut stages = Stages::new(&set)?;
        let rounds = (0..ROUNDS).map(|_| stages.round()).collect::<Outcome<Vec<_>>>()?;
        print_table(&set, &rounds);
    }
    Ok(())
}

/// Everything one worker has, and an engine for each level of detail.
struct Stages {
    files: Vec<SourceFile>,
    decoder: Decoder,
    preprocessor: Preprocessor,
    pixels: Vec<Vec<u8>>,
    size: Size,
    planes: Vec<f32>,
    spectrum: Vec<Complex32>,
    fft: (Fft2Plan, Fft2Workspace),
    engines: [(Analyzer, Totals); 4],
    summary: ImageSummary,
}

impl Stages {
    fn new(set: &ImageSet) -> Outcome<Self> {
        let size = Size::square(set.side);
        let preprocess = PreprocessConfig {
            transform: Transform::CenterCropDhariwal,
            size,
            allow_upscale: false,
            drop_letterbox: false,
        };
        let fft = Fft2Plan::new(size);
        let workspace = fft.workspace();
        let engine = |detail| {
            let plan = AnalysisPlan::new(AnalysisConfig { detail, ..AnalysisConfig::new(size) }, None);
            (Analyzer::new(plan.clone()), Totals::new(&plan))
        };
        Ok(Self {
            files: set.files.iter().take(IMAGES_PER_ROUND).cloned().collect(),
            decoder: Decoder::new(),
            preprocessor: Preprocessor::new(preprocess)?,
            pixels: Vec::new(),
            size,
            planes: vec![0.0; 3 * size.n_pixels()],
            spectrum: vec![Complex32::default(); fft.n_modes()],
            fft: (fft, workspace),
            engines: [Detail::Pixels, Detail::Radial, Detail::Power, Detail::Full].map(engine),
            summary: ImageSummary::default(),
        })
    }

    /// Runs every image through every stage.
    fn round(&mut self) -> Outcome<Milliseconds> {
        let mut ms = [0.0; 9];
        self.pixels.clear();
        for file in &self.files {
            let start = Instant::now();
            black_box(self.decoder.read(file.path())?);
            let read = Instant::now();
            let decoded = self.decoder.decode(&DecodeOptions::default())?;
            let decode = Instant::now();
            let mut views = self.preprocessor.apply(&decoded.image)?;
            let prepared = Instant::now();
            ms[0] += (read - start).as_secs_f64() * 1e3;
            ms[1] += (decode - read).as_secs_f64() * 1e3;
            ms[2] += (prepared - decode).as_secs_f64() * 1e3;
            let view = views.next().ok_or("an image has a view")?;
            self.pixels.push(view.rows().flatten().copied().collect());
        }
        let row_bytes = self.size.width * 3;
        for pixels in &self.pixels {
            let start = Instant::now();
            Channels::Rgb.split(pixels.chunks_exact(row_bytes), self.size.n_pixels(), &mut self.planes);
            let split = Instant::now();
            for plane in self.planes.chunks_exact(self.size.n_pixels()) {
                self.fft.0.forward(plane, &mut self.spectrum, &mut self.fft.1);
                black_box(&self.spectrum);
            }
            ms[3] += (split - start).as_secs_f64() * 1e3;
            ms[4] += split.elapsed().as_secs_f64() * 1e3;
        }
        for ((engine, totals), ms) in self.engines.iter_mut().zip(&mut ms[5..]) {
            let start = Instant::now();
            for pixels in &self.pixels {
                engine.add(pixels.chunks_exact(row_bytes), &mut self.summary);
            }
            *ms += start.elapsed().as_secs_f64() * 1e3;
            engine.drain_into(totals)?;
        }
        Ok(ms.map(|total| total / self.files.len() as f64))
    }
}

fn print_table(set: &ImageSet, rounds: &[Milliseconds]) {
    let mut ms = [0.0; 9];
    for (i, ms) in ms.iter_mut().enumerate() {
        let mut values: Vec<f64> = rounds.iter().map(|round| round[i]).collect();
        values.sort_by(f64::total_cmp);
        *ms = values[values.len() / 2];
    }
    let [read, decode, prepare, split, fft, to_pixels, to_radial, to_power, to_all] = ms;
    let stages = [
        ("read", read),
        ("decode", decode),
        ("prepare (center-crop-dhariwal)", prepare),
        ("channel split", split),
        ("pixel sums", to_pixels - split),
        ("fft2", fft),
        ("radial averages and their sums", to_radial - to_pixels - fft),
        ("powers of modes, colour, histograms", to_power - to_radial),
        ("moments of modes (`scan`, `covariance`)", to_all - to_power),
    ];
    let total: f64 = stages.iter().map(|(_, ms)| ms).sum();
    println!("\n{} in {}: {:.4} ms per image on one thread\n", set.name, set.folder.display(), total);
    println!("| stage | ms per image | share |\n|---|---:|---:|");
    for (name, ms) in stages {
        println!("| {name} | {ms:.4} | {:.0} % |", 100.0 * ms / total);
    }
}
