//! `recommend --by-class`: how often classes that are none are told apart, and how surely one that differs is found; on
//! photographs that may lie beside the project, on those of `fixtures/` cut into many, and on noise of known spectrum.

#[path = "support/noise.rs"]
mod noise;
#[path = "support/shared.rs"]
mod shared;

use std::path::Path;

use image::RgbImage;
use image::imageops::{self, FilterType};
use noise::PowerLawNoise;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::shared;
use specscan::analysis::recommend::by_class::{image_settings, ranked};
use specscan::diffusion::{Kappa, rounding_power};
use specscan::spectral::Size;
use specscan::spectrum::analyzer::Totals;
use specscan::spectrum::{AnalysisConfig, AnalysisPlan, Analyzer, Detail, ImageSummary};
use specscan::stats::groups::Group;

/// Side of the working images, pixels.
const SIDE: u32 = 64;

/// Labelings of each set.
const N_LABELINGS: usize = 1000;

type Numbers = [f64; 5];

/// The settings of single images.
fn settings(images: &[RgbImage]) -> Vec<Numbers> {
    let config = AnalysisConfig::new(Size::square(SIDE as usize)).with_less_detail(Detail::Power);
    let plan = AnalysisPlan::new(config, None);
    let (mut analyzer, mut totals) = (Analyzer::new(plan.clone()), Totals::new(&plan));
    let mut summary = ImageSummary::default();
    let mut of = |image: &RgbImage| {
        if analyzer.is_full() {
            analyzer.drain_into(&mut totals).expect("finite sums");
        }
        analyzer.add(image.as_raw().chunks_exact(3 * SIDE as usize), &mut summary);
        analyzer.end_file();
        image_settings(&summary, SIDE as usize, Kappa::default(), rounding_power(-1.0, 1.0))
    };
    images.iter().map(&mut of).collect()
}

/// Photographs at the working size: those beside the project, else windows of those of the project, which are less
/// alike than windows of one photograph and more than photographs.
fn photographs() -> Vec<RgbImage> {
    let mut images = Vec::new();
    for folder in ["data/bench", "data/more"].map(shared) {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        for path in paths {
            let Ok(photo) = image::open(path) else { continue };
            let side = photo.width().min(photo.height());
            let (x, y) = ((photo.width() - side) / 2, (photo.height() - side) / 2);
            images.push(photo.crop_imm(x, y, side, side).resize_exact(SIDE, SIDE, FilterType::Lanczos3).to_rgb8());
        }
    }
    if images.is_empty() {
        println!("no photographs beside the project: windows of its own");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).expect("photographs").map(|e| e.expect("one").path()).collect();
        paths.sort();
        for photo in paths.iter().filter_map(|path| image::open(path).ok()) {
            for i in 0..16 {
                let (x, y) = (i % 4 * (photo.width() - SIDE) / 4, i / 4 * (photo.height() - SIDE) / 4);
                images.push(photo.crop_imm(x, y, SIDE, SIDE).to_rgb8());
            }
        }
    }
    images
}

/// Noise of a power law, each image with a contrast of its own.
fn synthetic(n: usize, delta: f64) -> Vec<RgbImage> {
    let mut random = ChaCha8Rng::seed_from_u64(140);
    let image = |i: usize| {
        let std = 0.12 * (0.5 * random.random_range(-1.0..1.0_f64)).exp();
        let law = PowerLawNoise::with_pixel_std(Size::square(SIDE as usize), delta, 0.5 / f64::from(SIDE), std);
        let bytes = law.images(1, 1000 + i as u64).remove(0);
        RgbImage::from_raw(SIDE, SIDE, bytes).expect("three bytes a pixel")
    };
    (0..n).map(image).collect()
}

/// Files in groups of these sizes, drawn without replacement.
fn labelled(files: &[Numbers], sizes: &[usize], random: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.shuffle(random);
    let mut order = order.into_iter();
    sizes.iter().map(|size| order.by_ref().take(*size).collect()).collect()
}

fn grouped<'a>(classes: &[Vec<usize>], file: impl Fn(usize, usize) -> &'a Numbers) -> Vec<(String, Group)> {
    let group = |(c, members): (usize, &Vec<usize>)| {
        let mut group = Group::default();
        members.iter().for_each(|i| group.add(file(c, *i)));
        (format!("{c:03}"), group)
    };
    classes.iter().enumerate().map(group).collect()
}

/// Share of random labelings in which a class is said to differ.
fn false_alarms(files: &[Numbers], sizes: &[usize]) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(sizes.len() as u64);
    let alarms = (0..N_LABELINGS).filter(|_| {
        let classes = labelled(files, sizes, &mut random);
        ranked(grouped(&classes, |_, i| &files[i]), &[]).iter().any(|row| row.differs == Some(true))
    });
    alarms.count() as f64 / N_LABELINGS as f64
}

#[test]
fn random_labels_are_told_apart_in_eight_percent_of_labelings_at_most() {
    let sets = [("photographs", photographs()), ("f^-2", synthetic(240, 1.0)), ("white", synthetic(240, 0.0))];
    for (name, images) in sets {
        let files = settings(&images);
        let n = files.len();
        assert!(n >= 190, "{n} {name}");
        let unequal: Vec<usize> = [5, 5, 5, 6, 8, 10, 15, 20, 40, 60].into_iter().collect();
        for sizes in [vec![n / 2; 2], vec![n / 8; 8], vec![5; n / 5], vec![10; n / 10], unequal] {
            let share = false_alarms(&files, &sizes);
            println!(
                "{name}, {n} files, {} classes of {} to {}: {share}",
                sizes.len(),
                sizes[0],
                sizes[sizes.len() - 1]
            );
            assert!(share <= 0.08, "{name}: {} classes from {}: {share}", sizes.len(), sizes[0]);
        }
    }
}

#[test]
fn a_blurred_class_is_found_and_ranked_first() {
    if !shared("data/bench").exists() {
        println!("skipped: windows of a dozen photographs differ by more than a blur changes them");
        return;
    }
    let images = photographs();
    let blurred: Vec<RgbImage> = images.iter().map(|image| imageops::blur(image, 2.0)).collect();
    let (plain, blurred) = (settings(&images), settings(&blurred));
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for (size, least) in [(8, 0.85), (20, 0.97)] {
        let sizes = vec![size; 8];
        let found = (0..200).filter(|_| {
            let classes = labelled(&plain, &sizes, &mut random);
            let rows = ranked(grouped(&classes, |c, i| if c == 3 { &blurred[i] } else { &plain[i] }), &[]);
            rows[0].class == "003"
                && rows[0].differs == Some(true)
                && rows[0].factor.is_some_and(|f| f.ln().abs() >= 1.25_f64.ln())
        });
        let share = found.count() as f64 / 200.0;
        println!("8 classes of {size}, one blurred: found and first in {share}");
        assert!(share >= least, "{size}: {share}");
    }
}
