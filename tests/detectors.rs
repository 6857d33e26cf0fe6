//! How often each detector is right: photographs as they are, and the same with one kind of damage each.
//!
//! `cargo test --test detectors -- --nocapture` prints the tables of docs/detectors.md. The photographs may lie beside
//! the project (`shared/data/bench`, 200 that no threshold was chosen on); where they do not, those of `fixtures/` are
//! measured, with lower floors. Nothing is random but for the seeds below.

#[path = "support/damage.rs"]
mod damage;
#[path = "support/shared.rs"]
mod shared;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use damage::{Damage, blurred, enlarged, jpeg, map, noisy};
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use shared::shared;
use specscan::analysis::inspect::Inspect;
use specscan::analysis::{Analysis, Desk, Resolution, Run, Source, SourceOptions, answer};
use specscan::dataset::{PreprocessConfig, Preprocessor, Transform, View, bar_share, list_inputs};
use specscan::detect::findings::LEAST_ODDNESS;
use specscan::detect::peaks::PeakPlan;
use specscan::detect::tones::Tones;
use specscan::detect::{Bands, FINDINGS, FileLook, Measured};
use specscan::diffusion::{EffectiveResolutionPlan, rounding_power};
use specscan::noise::odd_images::{OddImages, Side};
use specscan::pipeline::Cancel;
use specscan::pipeline::observer::Silent;
use specscan::spectral::{Channels, Grid, Size};
use specscan::spectrum::{AnalysisConfig, AnalysisPlan, Analyzer, Detail, ImageSummary};

const SIDE: usize = 256;

static CANCEL: Cancel = Cancel::new(false);

fn checkered(image: &RgbImage, period: f64) -> RgbImage {
    let wave = |k: u32| (std::f64::consts::TAU * f64::from(k) / period).cos();
    let width = image.width();
    let mut places = (0..).map(|i| (i % width, i / width));
    map(image, |p| {
        let (x, y) = places.next().expect("without end");
        p.map(|v| v * (1.0 + 0.02 * wave(x) * wave(y)))
    })
}

fn barred(image: &RgbImage, is_pillar: bool, colour: [u8; 3]) -> RgbImage {
    let (width, height) = image.dimensions();
    let is_bar = |k: u32, side: u32| k < side / 8 || k >= side - side / 8;
    RgbImage::from_fn(width, height, |x, y| {
        let inside = if is_pillar { is_bar(x, width) } else { is_bar(y, height) };
        if inside { Rgb(colour) } else { *image.get_pixel(x, y) }
    })
}

/// Every kind of damage, the finding that is meant to tell it, and the least share of it that has to be found.
const DAMAGES: &[(&str, &str, f64, Damage)] = &[
    ("2× bicubic", "soft", 0.9, |i| enlarged(i, 2.0, FilterType::CatmullRom)),
    ("2× bilinear", "soft", 0.9, |i| enlarged(i, 2.0, FilterType::Triangle)),
    ("2× bicubic, JPEG 75", "soft", 0.75, |i| jpeg(&enlarged(i, 2.0, FilterType::CatmullRom), 75)),
    ("blur σ = 1", "soft", 0.9, |i| blurred(i, 1.0)),
    ("2× nearest", "repeated", 0.95, |i| enlarged(i, 2.0, FilterType::Nearest)),
    ("2× nearest, JPEG 75", "repeated", 0.9, |i| jpeg(&enlarged(i, 2.0, FilterType::Nearest), 75)),
    ("1.5× nearest, JPEG 75", "repeated", 0.9, |i| jpeg(&enlarged(i, 1.5, FilterType::Nearest), 75)),
    ("3× nearest, JPEG 90", "repeated", 0.9, |i| jpeg(&enlarged(i, 3.0, FilterType::Nearest), 90)),
    ("JPEG 30", "jpeg", 0.9, |i| jpeg(i, 30)),
    ("JPEG 20", "jpeg", 0.9, |i| jpeg(i, 20)),
    ("noise σ = 3/255", "noise", 0.9, |i| noisy(i, 3.0)),
    ("noise σ = 5/255", "noise", 0.95, |i| noisy(i, 5.0)),
    ("checkerboard 2 %, period 2", "peaks", 0.9, |i| checkered(i, 2.0)),
    ("checkerboard 2 %, period 4", "peaks", 0.6, |i| checkered(i, 4.0)),
    ("letterbox, black", "bars", 0.75, |i| barred(i, false, [0; 3])),
    ("pillarbox, blue", "bars", 0.75, |i| barred(i, true, [30, 60, 160])),
    ("contrast 1/10", "flat", 0.9, |i| map(i, |p| p.map(|v| 120.0 + 0.1 * (v - 120.0)))),
    ("brightness 1/4", "dark", 0.95, |i| map(i, |p| p.map(|v| 0.25 * v))),
    ("brightness 3/4 to white", "bright", 0.95, |i| map(i, |p| p.map(|v| 191.0 + 0.25 * v))),
    ("blacks clipped (v − 100)·1.6", "black", 0.5, |i| map(i, |p| p.map(|v| 1.6 * (v - 100.0)))),
    ("whites clipped 2.2 v", "white", 0.5, |i| map(i, |p| p.map(|v| 2.2 * v))),
    // Reported as measured: no detector is for these.
    ("JPEG 75", "jpeg", 0.0, |i| jpeg(i, 75)),
    ("1.5× bicubic", "soft", 0.0, |i| enlarged(i, 1.5, FilterType::CatmullRom)),
    ("noise σ = 5/255, JPEG 90", "noise", 0.0, |i| jpeg(&noisy(i, 5.0), 90)),
    ("gamma 1.4", "dark", 0.0, |i| map(i, |p| p.map(|v| 255.0 * (v / 255.0).powf(1.4)))),
    ("channel swap", "soft", 0.0, |i| map(i, |[r, g, b]| [b, g, r])),
];

/// What looks at images, as a worker of a pass does.
struct Eye {
    analyzer: Analyzer,
    summary: ImageSummary,
    sharpness: EffectiveResolutionPlan,
    peaks: PeakPlan,
    look: FileLook,
    bands: Bands,
}

impl Eye {
    fn new() -> Self {
        let size = Size::square(SIDE);
        Self {
            analyzer: Self::analyzer(),
            summary: ImageSummary::default(),
            sharpness: EffectiveResolutionPlan::new(size),
            peaks: PeakPlan::new(size).expect("large enough"),
            look: FileLook::default(),
            bands: Bands::new(&Grid::new(size)),
        }
    }

    /// One that keeps the spectra of an image, and sums up no more than a RAPSD needs.
    fn analyzer() -> Analyzer {
        let config = AnalysisConfig::new(Size::square(SIDE)).with_less_detail(Detail::Radial);
        Analyzer::new(AnalysisPlan::new(AnalysisConfig { keep_spectra: true, ..config }, None))
    }

    /// The numbers of a file's image of which `view` is the working image, its bands and its brightness.
    fn measure(&mut self, file: &RgbImage, view: &View<'_>) -> (Measured, Vec<f64>, f64) {
        let mut measured = Measured::default();
        let size = Size::new(file.height() as usize, file.width() as usize);
        self.look.measure(file.as_raw(), size, &mut measured);
        if self.analyzer.is_full() {
            self.analyzer = Self::analyzer();
        }
        self.analyzer.add(view.rows(), &mut self.summary);
        let spectra = self.analyzer.latest_spectra().expect("kept");
        let unit = Channels::Rgb.code_unit(0);
        let px = self.sharpness.measure_spectra(spectra, unit, || view.rows(), &mut self.sharpness.workspace());
        let tones = Tones::of(view.rows());
        measured.effective_resolution_share = px.map(|px| px / SIDE as f64);
        measured.peak_deviations = Some(self.peaks.largest(spectra, unit));
        measured.bar_share = Some(bar_share(view));
        measured.contrast_codes = Some(tones.contrast_codes);
        measured.luma_q99_codes = Some(tones.q99_codes);
        measured.luma_q05_codes = Some(tones.q05_codes);
        measured.black_share = Some(tones.black_share);
        measured.white_share = Some(tones.white_share);
        let mut powers = Vec::new();
        self.bands.fill(&self.summary.rapsd, &mut powers);
        (measured, powers, self.summary.mean)
    }
}

/// How a damaged file reaches the eye.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// The central pixels of a photograph are damaged, and looked at as they are.
    Crop,
    /// The whole photograph is damaged, then prepared with `center-crop-dhariwal`.
    Whole,
}

/// The damaged file, and its working image.
fn prepare(photograph: &RgbImage, way: Way, damage: Option<Damage>) -> (RgbImage, Vec<u8>) {
    let side = SIDE as u32;
    let centre = |image: &RgbImage| {
        let (x, y) = ((image.width() - side) / 2, (image.height() - side) / 2);
        imageops::crop_imm(image, x, y, side, side).to_image()
    };
    let damaged = |image: &RgbImage| damage.map_or_else(|| image.clone(), |damage| damage(image));
    match way {
        Way::Crop => {
            let file = damaged(&centre(photograph));
            // An enlargement by 1.5 or 3 is a few pixels short.
            let whole =
                if file.width() == side { file } else { imageops::crop_imm(&file, 0, 0, side, side).to_image() };
            let working = whole.as_raw().clone();
            (whole, working)
        }
        Way::Whole => {
            let file = damaged(photograph);
            let size = Size::square(SIDE);
            let transform = Transform::CenterCropDhariwal;
            let config = PreprocessConfig { transform, size, allow_upscale: true, drop_letterbox: false };
            let mut preprocessor = Preprocessor::new(config).expect("a preprocess");
            let size = Size::new(file.height() as usize, file.width() as usize);
            let image = specscan::dataset::RgbImage { size, pixels: file.as_raw() };
            let view = preprocessor.apply(&image).expect("large enough").next().expect("a view");
            let working = view.rows().flatten().copied().collect();
            (file, working)
        }
    }
}

/// The photographs, and whether they are those of `bench`: decoded once for all tests.
static PHOTOGRAPHS: LazyLock<(Vec<RgbImage>, bool)> = LazyLock::new(|| {
    let bench = shared("data/bench");
    let is_bench = bench.is_dir();
    let fixtures = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photos"));
    let folder = if is_bench { chosen(bench) } else { fixtures() };
    (load(&folder), is_bench)
});

fn photographs() -> (&'static [RgbImage], bool) {
    (&PHOTOGRAPHS.0, PHOTOGRAPHS.1)
}

/// What `look` sees in every photograph, in their order; all cores look, each with an eye of its own.
fn looked_at<T: Send>(photographs: &[RgbImage], look: impl Fn(&mut Eye, &RgbImage) -> T + Sync) -> Vec<T> {
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = photographs.len().div_ceil(n_cores).max(1);
    let look_at = &|part: &[RgbImage]| {
        let mut eye = Eye::new();
        part.iter().map(|photograph| look(&mut eye, photograph)).collect::<Vec<T>>()
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = photographs.chunks(part).map(|part| scope.spawn(move || look_at(part))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    })
}

/// `SPECSCAN_DETECTORS_ON` names another folder beside `bench`, as `more`, on which thresholds are chosen.
fn chosen(bench: PathBuf) -> PathBuf {
    std::env::var_os("SPECSCAN_DETECTORS_ON").map_or_else(|| bench.clone(), |name| bench.with_file_name(name))
}

fn load(folder: &Path) -> Vec<RgbImage> {
    let files = list_inputs(&[folder.to_owned()]).expect("photographs").files;
    let open = |path: &Path| {
        let bytes = std::fs::read(path).expect("readable");
        image::load_from_memory(&bytes).expect("an image").to_rgb8()
    };
    let images = files.iter().map(|file| open(file.path()));
    images.filter(|image| image.width().min(image.height()) >= SIDE as u32 + 2).collect()
}

/// Shares of images with each finding, by kind of damage.
fn rates(photographs: &[RgbImage], way: Way, damage: Option<Damage>) -> (BTreeMap<&'static str, f64>, Vec<Measured>) {
    let measured: Vec<Measured> = looked_at(photographs, |eye, photograph| {
        let (file, working) = prepare(photograph, way, damage);
        eye.measure(&file, &View::whole(&working, Size::square(SIDE))).0
    });
    let share =
        |of: &dyn Fn(&Measured) -> bool| measured.iter().filter(|m| of(m)).count() as f64 / measured.len() as f64;
    (FINDINGS.iter().map(|f| (f.name, share(&|m| f.is_found(m)))).collect(), measured)
}

/// The area under the curve of hits over false alarms.
fn area(native: &[Measured], damaged: &[Measured], name: &str) -> f64 {
    let finding = FINDINGS.iter().find(|f| f.name == name).expect("a finding");
    // What cannot be told, or was never compressed, is as good as can be.
    let bad = |m: &Measured| (finding.value)(m).map_or(f64::NEG_INFINITY, |v| finding.badness(v));
    let mut sum = 0.0;
    for d in damaged {
        for n in native {
            sum += match bad(d).total_cmp(&bad(n)) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    sum / (native.len() * damaged.len()) as f64
}

#[test]
fn damage_is_found_and_photographs_are_left_alone() {
    let (photographs, is_bench) = photographs();
    let mut failed = Vec::new();
    for way in [Way::Crop, Way::Whole] {
        let name = if way == Way::Crop { "central 256 pixels" } else { "whole files to 256 pixels" };
        println!("\n{} photographs, {name}\n\n| finding | false alarms |\n|---|---|", photographs.len());
        let (alarms, native) = rates(photographs, way, None);
        for finding in FINDINGS {
            let alarm = alarms[finding.name];
            println!("| {} | {:.1} % |", finding.name, 100.0 * alarm);
            let most = if is_bench { 0.05 } else { 0.35 };
            if alarm.is_nan() || alarm > most {
                failed.push(format!("{name}: {} in {alarm} of the photographs", finding.name));
            }
        }
        let mut damaged = Vec::new();
        println!(
            "\n| damage | finding | found | false alarms | area | other findings above 5 % |\n|---|---|---|---|---|---|"
        );
        for (damage, finding, least, make) in DAMAGES {
            let (found, measured) = rates(photographs, way, Some(*make));
            let others: Vec<String> = found
                .iter()
                .filter(|(other, share)| *other != finding && **share > 0.05 && **share > alarms[*other] + 0.02)
                .map(|(other, share)| format!("{other} {:.0} %", 100.0 * share))
                .collect();
            let (hits, alarm) = (found[finding], alarms[finding]);
            let auc = area(&native, &measured, finding);
            let others = others.join(", ");
            println!("| {damage} | {finding} | {:.1} % | {:.1} % | {auc:.3} | {others} |", 100.0 * hits, 100.0 * alarm);
            // Small changes and patterns of a period are lost where files are scaled down, as they should be.
            let least = match way {
                Way::Crop => *least,
                Way::Whole if *finding == "peaks" => 0.0,
                // Half the photographs lose bars at the sides, or at top and bottom, with what is cut off.
                Way::Whole if *finding == "bars" => 0.4 * least,
                Way::Whole if *finding == "soft" => 0.8 * least,
                Way::Whole => *least,
            };
            let least = if is_bench { least } else { 0.6 * least };
            if hits.is_nan() || hits < least {
                failed.push(format!("{name}: {finding} in {hits} of {damage}"));
            }
            damaged.push(measured);
        }
        failed.extend(planted_sets(&native, &damaged, way, is_bench));
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// One of so many images is damaged in a planted set.
const ONE_OF: usize = 10;

/// Precision and recall of each finding in sets of which a tenth is damaged, in turn by each damage that the finding
/// is meant for; ten sets, in which every image is damaged once. Returns what is below its floor.
fn planted_sets(native: &[Measured], damaged: &[Vec<Measured>], way: Way, is_bench: bool) -> Vec<String> {
    let mut failed = Vec::new();
    println!("\n{} photographs, a tenth damaged\n", native.len());
    println!(
        "| finding | damages | precision | recall | found of planted | found of others |\n|---|---|---|---|---|---|"
    );
    for finding in FINDINGS {
        let meant: Vec<usize> =
            (0..DAMAGES.len()).filter(|d| DAMAGES[*d].1 == finding.name && DAMAGES[*d].2 > 0.0).collect();
        let (mut right, mut wrong) = ((0, 0), (0, 0));
        for set in 0..ONE_OF {
            for (i, whole) in native.iter().enumerate() {
                let is_planted = i % ONE_OF == set;
                let measured = if is_planted { &damaged[meant[i / ONE_OF % meant.len()]][i] } else { whole };
                let (found, n) = if is_planted { &mut right } else { &mut wrong };
                *found += usize::from(finding.is_found(measured));
                *n += 1;
            }
        }
        let (precision, recall) = (share(right.0, right.0 + wrong.0), share(right.0, right.1));
        println!(
            "| {} | {} | {:.1} % | {:.1} % | {} of {} | {} of {} |",
            finding.name,
            meant.len(),
            100.0 * precision,
            100.0 * recall,
            right.0,
            right.1,
            wrong.0,
            wrong.1
        );
        let (precise, complete) = match (finding.name, way) {
            // Scaling takes every pattern away.
            ("peaks", Way::Whole) => continue,
            // Cropping takes the bars of half the photographs.
            ("bars", Way::Whole) => (0.6, 0.4),
            ("black" | "white", _) => (0.6, 0.5),
            ("noise" | "soft", _) => (0.7, 0.85),
            _ => (0.8, 0.85),
        };
        let floors = if is_bench { (precise, complete) } else { (0.0, 0.6 * complete) };
        if precision.is_nan() || precision < floors.0 || recall.is_nan() || recall < floors.1 {
            failed.push(format!("{}: precision {precision}, recall {recall}", finding.name));
        }
    }
    failed
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[test]
fn odd_images_are_found_on_either_side() {
    let (photographs, is_bench) = photographs();
    if !is_bench {
        println!("skipped: too few photographs");
        return;
    }
    let bands = Bands::new(&Grid::new(Size::square(SIDE)));
    // What is planted in every fiftieth image, and the least share of it that has to be found.
    let planted: [(&str, f64, Option<Damage>); 5] = [
        ("nothing", 0.0, None),
        ("blur σ = 4", 0.0, Some(|i| blurred(i, 4.0))),
        ("nearly flat", 0.9, Some(|i| map(i, |p| p.map(|v| 120.0 + 0.03 * (v - 120.0))))),
        ("noise σ = 60/255", 0.0, Some(|i| noisy(i, 60.0))),
        ("nearly black", 0.7, Some(|i| map(i, |p| p.map(|v| v - 200.0)))),
    ];
    println!("\n| planted in 2 % | precision | recall | found of planted | found of others | side of most |");
    println!("|---|---|---|---|---|---|");
    let looked = |damage: Option<Damage>| -> Vec<(Vec<f64>, f64)> {
        looked_at(photographs, |eye, photograph| {
            let (file, working) = prepare(photograph, Way::Whole, damage);
            let (_, powers, brightness) = eye.measure(&file, &View::whole(&working, Size::square(SIDE)));
            (powers, brightness)
        })
    };
    let whole = looked(None);
    for (name, least, damage) in planted {
        let damaged = if damage.is_some() { looked(damage) } else { whole.clone() };
        let (mut right, mut wrong, mut n_smooth) = ((0, 0), (0, 0), 0);
        // Every image is planted once in so many sets.
        for set in 0..ONE_OF_ODD {
            let mut odd = OddImages::new(bands.odd_annuli(rounding_power(-1.0, 1.0)));
            let is_planted = |i: usize| i % ONE_OF_ODD == set;
            for i in 0..whole.len() {
                let (powers, brightness) = if is_planted(i) { &damaged[i] } else { &whole[i] };
                odd.push(powers, *brightness, true);
            }
            for (i, judged) in odd.judge().iter().enumerate() {
                let (found, n) = if is_planted(i) { &mut right } else { &mut wrong };
                *found += usize::from(judged.oddness > LEAST_ODDNESS);
                *n += 1;
                n_smooth += usize::from(is_planted(i) && judged.side == Side::Smooth);
            }
        }
        let side = if 2 * n_smooth > right.1 { "too smooth" } else { "too rough, or brightness" };
        let (hits, others) = (share(right.0, right.1), share(wrong.0, wrong.1));
        let precision = 100.0 * share(right.0, right.0 + wrong.0);
        let (planted, rest) = (format!("{} of {}", right.0, right.1), format!("{} of {}", wrong.0, wrong.1));
        println!("| {name} | {precision:.1} % | {:.1} % | {planted} | {rest} | {side} |", 100.0 * hits);
        assert!(hits >= least && others <= 0.05, "{name}: {hits}, {others}");
    }
}

/// One of so many images is odd in a planted set.
const ONE_OF_ODD: usize = 50;

/// A tenth of the photographs is there twice, the second time saved as PNG under another name.
#[test]
fn every_repeated_image_is_found_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (photographs, _) = photographs();
    for (i, photograph) in photographs.iter().enumerate() {
        photograph.save(folder.path().join(format!("{i:03}.bmp"))).expect("written");
        if i.is_multiple_of(ONE_OF) {
            photograph.save(folder.path().join(format!("{i:03} again.png"))).expect("written");
        }
    }
    let desk = Desk { threads: 2, ..Desk::new("inspect", &Silent, &CANCEL) };
    let inspect = Inspect { has_pictures: false };
    let options = SourceOptions {
        inputs: vec![folder.path().to_owned()],
        resolution: Some(Resolution::Fixed(Size::square(SIDE))),
        transform: Some(Transform::CenterCropDhariwal),
        threads: 2,
        ..SourceOptions::default()
    };
    let source = Source::open(&options, inspect.needs(), &Silent).expect("photographs");
    let report = answer(&Run { source, desk }, &inspect).expect("an answer").1;
    let (mut right, mut wrong, mut missed) = (0, 0, 0);
    for row in &report.images {
        // A blank comes before a point: the copy is first in path order, so the other one repeats it.
        let number: usize = row.file.path[..3].parse().expect("a number");
        let is_second = row.file.path.ends_with(".bmp") && number.is_multiple_of(ONE_OF);
        match (row.has("duplicate"), is_second) {
            (true, true) => right += 1,
            (true, false) => wrong += 1,
            (false, true) => missed += 1,
            (false, false) => {}
        }
    }
    println!("\nduplicate: {right} found, {missed} missed, {wrong} of {} others found", photographs.len());
    assert_eq!((right, missed, wrong), (photographs.len().div_ceil(ONE_OF), 0, 0));
}

/// Users of cleanvision find uniform images, and large sharp ones, called blurry (cleanvision#120).
#[test]
fn uniform_images_are_flat_and_not_soft_and_large_sharp_ones_are_neither() {
    let mut eye = Eye::new();
    let flat = RgbImage::from_pixel(256, 256, Rgb([150, 110, 130]));
    let of = |eye: &mut Eye, file: &RgbImage| {
        let (file, working) = prepare(file, Way::Whole, None);
        let (measured, ..) = eye.measure(&file, &View::whole(&working, Size::square(SIDE)));
        FINDINGS.iter().filter(|f| f.is_found(&measured)).map(|f| f.name).collect::<Vec<_>>()
    };
    assert_eq!(of(&mut eye, &flat), ["flat"]);
    let photos = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photos"));
    for name in ["retina.jpg", "hubble_deep_field.jpg", "astronaut.png"] {
        let image = image::open(photos.join(name)).expect("a fixture").to_rgb8();
        let (width, height) = (image.width(), image.height());
        let found = of(&mut eye, &image);
        assert!(!found.contains(&"soft") && !found.contains(&"flat"), "{name}, {width}×{height}: {found:?}");
    }
}
