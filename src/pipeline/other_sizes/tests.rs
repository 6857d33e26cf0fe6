//! One pass at several sizes against a pass at each of them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::dataset::{DecodeOptions, Decoder, PreprocessConfig, SourceFile, Transform, list_inputs};
use crate::pipeline::observer::Silent;
use crate::pipeline::{Cancel, Held, NoRows, Observer, ScanOutcome, check_memory, memory_bytes, scan};
use crate::spectral::Channels;
use crate::spectrum::AnalysisConfig;

/// Photographs of several formats and sizes, JPEG among them, of which parts may be left undecoded.
fn photographs() -> Vec<SourceFile> {
    list_inputs(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos")]).expect("photographs").files
}

fn config(transform: Transform, side: usize, others: &[usize], threads: usize) -> ScanConfig {
    let size = Size::square(side);
    let preprocess = PreprocessConfig { transform, size, allow_upscale: false, drop_letterbox: false };
    let other = |side: &usize| PreprocessConfig { size: Size::square(*side), ..preprocess };
    ScanConfig {
        other_sizes: others.iter().map(other).collect(),
        threads,
        ..ScanConfig::new(preprocess, AnalysisConfig { channels: Channels::Rgb, ..AnalysisConfig::new(size) })
    }
}

fn run(files: &[SourceFile], config: &ScanConfig, observer: &dyn Observer) -> ScanOutcome {
    scan(files, config, &mut NoRows, observer, &Cancel::new(false)).expect("photographs")
}

fn bytes(spectrum: &Spectrum) -> Vec<u8> {
    spectrum.to_bytes().expect("serialises")
}

#[test]
fn every_size_is_that_of_a_pass_of_its_own_to_the_last_bit() {
    let files = photographs();
    for (transform, letterbox) in
        [(Transform::CenterCropDhariwal, false), (Transform::CenterCropDhariwal, true), (Transform::CenterCrop, false)]
    {
        for (threads, until) in [(1, None), (3, None), (2, Some(0.01))] {
            let mut config = config(transform, 64, &[16, 50, 200], threads);
            config.until = until;
            config.preprocess.drop_letterbox = letterbox;
            config.other_sizes.iter_mut().for_each(|other| other.drop_letterbox = letterbox);
            let outcome = run(&files, &config, &Silent);
            assert_eq!(outcome.at_other_sizes.len(), 3);
            for (alone, together) in config.at_other_sizes().zip(&outcome.at_other_sizes) {
                let alone = run(&files, &ScanConfig { until: None, ..alone }, &Silent);
                let together = together.as_ref().expect("all of them are as large");
                assert!(bytes(&alone.spectrum) == bytes(together), "{transform} {threads} {}", together.grid().size());
            }
            let without = ScanConfig { other_sizes: Vec::new(), ..config };
            assert!(bytes(&run(&files, &without, &Silent).spectrum) == bytes(&outcome.spectrum));
        }
    }
}

#[test]
fn a_size_that_one_image_is_too_small_for_has_no_spectrum_and_one_that_is_left_out_counts_nowhere() {
    let files = photographs();
    let sizes: Vec<usize> = files
        .iter()
        .map(|file| {
            let mut decoder = Decoder::new();
            decoder.read(file.path()).expect("a file");
            decoder.decode(&DecodeOptions::default()).expect("an image").image.size.shorter_side()
        })
        .collect();
    let (least, most) = (*sizes.iter().min().expect("files"), *sizes.iter().max().expect("files"));
    let outcome = run(&files, &config(Transform::CenterCropDhariwal, 32, &[least, least + 1], 2), &Silent);
    assert_eq!(outcome.at_other_sizes.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
    // Too small for the working size.
    let outcome = run(&files, &config(Transform::CenterCropDhariwal, most, &[16], 2), &Silent);
    let n = sizes.iter().filter(|size| **size == most).count() as u64;
    let other = outcome.at_other_sizes[0].as_ref().expect("what was used is as large");
    assert_eq!((outcome.spectrum.n_images(), other.n_images()), (n, n));
    assert!(n < files.len() as u64);
}

/// Counts what a pass tells.
#[derive(Default)]
struct Count {
    passes: AtomicUsize,
    files: AtomicUsize,
    bytes: AtomicUsize,
}

impl Observer for Count {
    fn started(&self, _: &str, _: &'static str, _: usize) {
        self.passes.fetch_add(1, Ordering::SeqCst);
    }

    fn advanced(&self, n_bytes: u64) {
        self.files.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(n_bytes as usize, Ordering::SeqCst);
    }
}

#[test]
fn each_file_is_read_once_whatever_the_number_of_sizes() {
    let files = photographs();
    let on_disk: u64 = files.iter().filter_map(SourceFile::n_bytes).sum();
    let count = Count::default();
    run(&files, &config(Transform::CenterCropDhariwal, 64, &[16, 32, 100], 2), &count);
    let counted = [count.passes, count.files, count.bytes].map(AtomicUsize::into_inner);
    assert_eq!(counted, [1, files.len(), on_disk as usize]);
}

#[test]
fn memory_is_planned_for_all_sizes() {
    let held = Held { n_spectra: 2, is_saved: false };
    let plan = |others: &[usize]| memory_bytes(&config(Transform::CenterCropDhariwal, 64, others, 2), held);
    let alone = |side| memory_bytes(&config(Transform::CenterCropDhariwal, side, &[], 2), held);
    assert_eq!(plan(&[32, 256]), alone(64) + alone(32) + alone(256));
    let mut small = config(Transform::CenterCropDhariwal, 64, &[], 2);
    small.decode.max_memory_bytes = 256 << 20;
    assert!(check_memory(&small, held).is_ok());
    let others = config(Transform::CenterCropDhariwal, 64, &[2048], 2).other_sizes;
    let need = check_memory(&ScanConfig { other_sizes: others, ..small }, held).expect_err("too much");
    assert!(need.to_string().contains("fewer --resolutions"), "{need}");
    assert!(need.fitting_size.is_none() && need.n_bytes > alone(2048), "{need:?}");
}
