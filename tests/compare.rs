//! False alarms of the comparison of two sets: random halves of photographs, whole and in tiles, with the file as the
//! unit of sampling. The large set may lie beside the project; the fixtures are too few for it.

#[path = "support/shared.rs"]
mod shared;

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use shared::shared;
use specscan::analysis::compare::{FileVectors, test_of_bands};
use specscan::dataset::{PreprocessConfig, Transform, list_inputs};
use specscan::pipeline::observer::Silent;
use specscan::pipeline::{Cancel, ScanConfig, scan};
use specscan::spectral::Size;
use specscan::spectrum::{AnalysisConfig, Detail};

const N_SPLITS: usize = 500;

fn vectors(transform: Transform, side: usize) -> Option<FileVectors> {
    let folder = shared("data/bench");
    if !folder.is_dir() {
        println!("skipped: {} does not exist", folder.display());
        return None;
    }
    let files = list_inputs(&[folder]).expect("photographs").files;
    let size = Size::square(side);
    let preprocess = PreprocessConfig { transform, size, allow_upscale: true, drop_letterbox: false };
    let config = ScanConfig {
        threads: 2,
        ..ScanConfig::new(preprocess, AnalysisConfig::new(size).with_less_detail(Detail::Power))
    };
    let mut vectors = FileVectors::of(&config.analysis);
    scan(&files, &config, &mut vectors, &Silent, &Cancel::new(false)).expect("photographs");
    Some(vectors)
}

/// Share of random pairs of `n` files each that differ at 5 %.
fn false_alarms(vectors: &FileVectors, n: usize, seed: u64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut alarms = 0;
    for _ in 0..N_SPLITS {
        let chosen = index::sample(&mut rng, vectors.n_files(), 2 * n).into_vec();
        let of = |files: &[usize]| vectors.mean_over(files).expect("files");
        let test = test_of_bands(&of(&chosen[..n]), &of(&chosen[n..]), None).expect("bands").expect("enough files");
        alarms += usize::from(test.p.is_nan() || test.p <= 0.05);
    }
    alarms as f64 / N_SPLITS as f64
}

#[test]
fn halves_of_photographs_differ_in_two_to_eight_percent_of_splits() {
    for (transform, side) in
        [(Transform::CenterCropDhariwal, 64), (Transform::CenterCropDhariwal, 256), (Transform::Tile, 64)]
    {
        let Some(vectors) = vectors(transform, side) else { return };
        for n in [10, 30, 100] {
            let share = false_alarms(&vectors, n, 11);
            println!("{transform} {side}, {n} files a side: {:.1} % of {N_SPLITS} splits", 100.0 * share);
            assert!((0.02..=0.08).contains(&share), "{transform} {side}, n = {n}: {share}");
        }
    }
}
