//! Δ of real photographs: its interval against subsets of a large set, and its agreement between working sizes.
//!
//! The large sets may lie beside the project; where they do not, the fixtures alone are measured.

#[path = "support/photographs.rs"]
mod photographs;
#[path = "support/shared.rs"]
mod shared;

use std::path::{Path, PathBuf};

use photographs::files;
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use shared::shared;
use specscan::dataset::{SourceFile, Transform};
use specscan::spectral::Channels;
use specscan::spectrum::Spectrum;
use specscan::stats::power_law::{Estimator, FitRange, PowerLawFit};
use specscan::stats::spectrum_fit::{fit_set, fit_spectrum};

const N_DRAWS: usize = 200;

/// The sums of Γ and the RAPSDs of luma images.
fn spectrum(files: &[SourceFile], transform: Transform, side: usize) -> Spectrum {
    photographs::spectrum(files, transform, side, Channels::Luma)
}

fn delta(spectrum: &Spectrum) -> PowerLawFit {
    fit_set(spectrum, &FitRange::for_size(spectrum.grid().size())).expect("images").expect("a power law")
}

/// The folder if it is there; says so if not.
fn present(folder: PathBuf) -> Option<PathBuf> {
    let is_there = folder.is_dir();
    if !is_there {
        println!("skipped: {} does not exist", folder.display());
    }
    is_there.then_some(folder)
}

/// Of each estimator: how often the interval of `n_files` files drawn from `parts` (a spectrum each) holds the Δ of all
/// of them (`truth`), and its mean half-width.
fn coverage(parts: &[Spectrum], n_files: usize, truth: &[PowerLawFit], seed: u64) -> Vec<(f64, f64)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut found = vec![(0.0, 0.0); truth.len()];
    for _ in 0..N_DRAWS {
        let chosen = index::sample(&mut rng, parts.len(), n_files).into_vec();
        let fits = fits(&merged(chosen.iter().map(|&i| &parts[i])));
        for ((held, half_width), (fit, truth)) in found.iter_mut().zip(fits.iter().zip(truth)) {
            assert_eq!(fit.n_files, n_files as u64);
            let interval = fit.delta_low95.expect("five files")..=fit.delta_high95.expect("five files");
            *half_width += 0.5 * (interval.end() - interval.start()) / N_DRAWS as f64;
            *held += f64::from(u8::from(interval.contains(&truth.delta))) / N_DRAWS as f64;
        }
    }
    found
}

/// By radial, modes, whittle.
fn fits(spectrum: &Spectrum) -> Vec<PowerLawFit> {
    let channels = fit_spectrum(spectrum, &FitRange::for_size(spectrum.grid().size()), false).expect("images");
    channels[0].fits.iter().map(|(_, fit)| fit.clone().expect("a power law")).collect()
}

fn merged<'a>(mut parts: impl Iterator<Item = &'a Spectrum>) -> Spectrum {
    let mut sum = parts.next().expect("a file").clone();
    parts.for_each(|part| sum.merge(part, true).expect("the same preparation"));
    sum
}

/// Subsets of 400 photographs, whole and cut into tiles: 87 % at least, where 95 % is said. The tiles of a photograph
/// have much in common; taken for independent images they would cover half as often.
#[test]
fn intervals_of_subsets_hold_the_delta_of_all_photographs() {
    let Some(folder) = present(shared("data/more")) else { return };
    let files = files(&folder);
    assert!(files.len() >= 300, "{} photographs", files.len());
    for (transform, side) in [(Transform::CenterCropDhariwal, 64), (Transform::Tile, 64), (Transform::CenterCrop, 20)] {
        let parts: Vec<Spectrum> =
            files.iter().map(|file| spectrum(std::slice::from_ref(file), transform, side)).collect();
        let truth = fits(&merged(parts.iter()));
        for (n_files, least) in [(5, 0.84), (12, 0.87), (50, 0.87)] {
            let found = coverage(&parts, n_files, &truth, 0x400 + n_files as u64);
            for ((covered, half_width), PowerLawFit { estimator, delta, .. }) in found.into_iter().zip(&truth) {
                let case = format!("{transform} {side}, {n_files} files, {estimator}");
                println!("{case}: {covered:.3} hold Δ = {delta:.4}, ±{half_width:.3}");
                // The estimators over modes are ruled by fewer frequencies, and the logarithm of a mode that few tiles
                // have most of the power of lies low.
                let (least, most) = match (estimator, transform) {
                    (Estimator::Radial, _) => (least, 0.995),
                    (_, Transform::Tile) => (0.70, 1.0),
                    _ => (0.84, 1.0),
                };
                assert!((least..=most).contains(&covered), "{case}: {covered}");
            }
        }
    }
}

/// The same photographs at five sizes: an estimator that leans on the finest octave moves by 1.0.
#[test]
fn delta_hardly_depends_on_the_working_size() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
    for folder in [Some(fixtures), present(shared("data/bench"))].into_iter().flatten() {
        let files = files(&folder);
        let deltas =
            [16, 32, 64, 128, 256].map(|side| delta(&spectrum(&files, Transform::CenterCropDhariwal, side)).delta);
        println!("{}: {deltas:.3?}", folder.display());
        let (low, high) = deltas.iter().fold((f64::MAX, f64::MIN), |(l, h), d| (l.min(*d), h.max(*d)));
        assert!(high - low <= 0.12, "{}: {deltas:?}", folder.display());
    }
}
