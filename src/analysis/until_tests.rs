//! Scans that stop when a sample is enough, on files: which ones they read, and whether the truth lies in their
//! intervals.

use std::path::{Path, PathBuf};

use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::rapsd::Rapsd;
use super::*;
use crate::pipeline::observer::Silent;
use crate::pipeline::{Cancel, NoRows, ScanConfig, scan};
use crate::spectral::Size;
use crate::spectrum::{RapsdOf, Spectrum};
use crate::stats::octave_error::octave_powers;
use crate::stats::student::student_quantile;

static CANCEL: Cancel = Cancel::new(false);

/// `n` images of 16 pixels, each a wave and grain of a contrast of their own.
fn write_images(folder: &Path, n: u32) {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    for i in 0..n {
        let contrast = 10.0 + 60.0 * random.random::<f64>();
        let (phase, angle) = (7.0 * random.random::<f64>(), 7.0 * random.random::<f64>());
        let mut bytes = b"P6 16 16 255\n".to_vec();
        for pixel in 0..256 {
            let along = f64::from(pixel % 16) * f64::cos(angle) + f64::from(pixel / 16) * f64::sin(angle);
            let wave = (0.4 * along + phase).sin();
            let mut value = || (128.0 + contrast * (wave + 0.8 * (random.random::<f64>() - 0.5))) as u8;
            bytes.extend([value(), value(), value()]);
        }
        std::fs::write(folder.join(format!("{i:04}.ppm")), bytes).expect("a file");
    }
}

fn options(folder: &Path, until: Option<f64>, seed: u64) -> SourceOptions {
    SourceOptions {
        inputs: vec![PathBuf::from(folder)],
        resolution: Some(Resolution::Fixed(Size::square(16))),
        threads: 2,
        until,
        seed,
        ..SourceOptions::default()
    }
}

fn run(options: &SourceOptions) -> Run<'static> {
    let desk = Desk { seed: options.seed, threads: options.threads, ..Desk::new("rapsd", &Silent, &CANCEL) };
    Run { source: Source::open(options, Rapsd::default().needs(), &Silent).expect("images"), desk }
}

fn powers(spectrum: &Spectrum) -> Vec<(f64, f64)> {
    octave_powers(spectrum.grid(), &spectrum.radial_statistics(RapsdOf::ChannelMean)).expect("several files")
}

#[test]
fn intervals_of_a_sample_of_files_cover_the_whole() {
    const N: usize = 3000;
    let folder = tempfile::tempdir().expect("a folder");
    write_images(folder.path(), N as u32);
    let run = run(&options(folder.path(), None, 0));
    let whole = run.scan(&mut NoRows).expect("images");
    assert_eq!((whole.reached, whole.spectrum.counts().n_unread), (None, 0));
    let images = run.source.images().expect("images");
    let config = ScanConfig { until: Some(0.05), ..images.config.clone() };
    let truth = powers(&whole.spectrum);
    let (mut n_covered, mut n_read) = (vec![0; truth.len()], Vec::new());
    for seed in 0..200 {
        let order = index::sample(&mut ChaCha8Rng::seed_from_u64(seed), N, N);
        let files: Vec<_> = order.into_iter().map(|i| images.files[i].clone()).collect();
        let scanned = scan(&files, &config, &mut NoRows, &Silent, &CANCEL).expect("images");
        let reached = scanned.reached.expect("it was to stop");
        let counts = scanned.spectrum.counts();
        assert!(reached.is_enough() && reached.n_files == N as u64);
        assert_eq!((counts.n_files, counts.n_unread), (reached.n_read, N as u64 - reached.n_read));
        n_read.push(reached.n_read);
        let quantile = student_quantile(counts.n_files as f64 - 1.0);
        for (((power, error), (true_power, _)), n) in
            powers(&scanned.spectrum).into_iter().zip(&truth).zip(&mut n_covered)
        {
            *n += i32::from((power - true_power).abs() <= quantile * error);
        }
    }
    println!("covered of 200: {n_covered:?}; files read {:?} to {:?}", n_read.iter().min(), n_read.iter().max());
    assert_eq!(n_covered.len(), 3);
    assert!(n_covered.iter().all(|n| (180..=198).contains(n)), "{n_covered:?}");
    assert!(n_read.iter().all(|n| [256, 362, 512].contains(n)), "{n_read:?}");
}

#[test]
fn the_order_is_drawn_and_the_sample_of_a_number_is_its_set() {
    let folder = tempfile::tempdir().expect("a folder");
    write_images(folder.path(), 60);
    let keys = |options: &SourceOptions| {
        let run = run(options);
        run.source.images().expect("images").files.iter().map(|file| file.key().into_owned()).collect::<Vec<_>>()
    };
    let sorted = |mut keys: Vec<String>| {
        keys.sort();
        keys
    };
    let plain = keys(&options(folder.path(), None, 3));
    let drawn = keys(&options(folder.path(), Some(0.02), 3));
    assert!(plain.is_sorted() && !drawn.is_sorted());
    assert_eq!(sorted(drawn.clone()), plain);
    assert_eq!(drawn, keys(&options(folder.path(), Some(0.02), 3)));
    assert_ne!(drawn, keys(&options(folder.path(), Some(0.02), 4)));
    // At most the files of --sample or --num, in another order.
    let of_20 = |until| keys(&SourceOptions { sample: Some(20), ..options(folder.path(), until, 3) });
    assert!(of_20(None).is_sorted() && !of_20(Some(0.02)).is_sorted());
    assert_eq!(sorted(of_20(Some(0.02))), of_20(None));
    let first_20 = keys(&SourceOptions { num: Some(20), ..options(folder.path(), Some(0.02), 3) });
    assert!(!first_20.is_sorted());
    assert_eq!(sorted(first_20), plain[..20]);
    assert_eq!(keys(&SourceOptions { sample: Some(100), ..options(folder.path(), Some(0.02), 3) }), drawn);
}
