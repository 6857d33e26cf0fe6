//! `recommend --resolutions`: what is predicted for other sizes beside what is measured there, on photographs that may
//! lie beside the project, and on noise whose power law is known.
//!
//! The files are those that are large enough for every size, so that both numbers are of the same images.

#[path = "support/noise.rs"]
mod noise;
#[path = "support/photographs.rs"]
mod photographs;
#[path = "support/shared.rs"]
mod shared;

use std::path::Path;
use std::sync::Arc;

use noise::PowerLawNoise;
use photographs::{files, spectrum};
use shared::shared;
use specscan::analysis::recommend::{PlanRow, Recommend};
use specscan::analysis::{Desk, Run, Source, answer};
use specscan::dataset::{SourceFile, Transform};
use specscan::pipeline::Cancel;
use specscan::pipeline::observer::Silent;
use specscan::spectral::{Channels, Size};
use specscan::spectrum::Spectrum;
use specscan::stats::jackknife::Interval;

/// The sizes, pixels.
const SIDES: [usize; 3] = [64, 128, 256];

static CANCEL: Cancel = Cancel::new(false);

/// Each size with the planner's rows for all sizes, and the interval of P_mean that is measured there.
fn plans(files: &[SourceFile]) -> Vec<(Vec<PlanRow>, Interval)> {
    let plan = |side: usize| {
        let of: Spectrum = spectrum(files, Transform::CenterCropDhariwal, side, Channels::Rgb);
        let desk = Desk::new("recommend", &Silent, &CANCEL);
        let run = Run { source: Source::Saved(Arc::new(of)), desk };
        let recommend = Recommend { resolutions: SIDES.to_vec(), ..Recommend::default() };
        let (_, report) = answer(&run, &recommend).expect("settings");
        let p_mean = report.setting("P_mean").expect("P_mean").estimate;
        (report.planner, p_mean)
    };
    SIDES.iter().map(|side| plan(*side)).collect()
}

/// Compares what each size predicts for the larger and smaller ones with what is measured there: P_mean to `p_mean` or
/// within its interval, P_std to `p_std`, and the level that hides the mean spectrum to 2 %.
fn check(what: &str, files: &[SourceFile], p_mean: f64, p_std: f64) {
    let plans = plans(files);
    for (from, (rows, _)) in plans.iter().enumerate() {
        for (to, row) in rows.iter().enumerate().filter(|(to, _)| *to != from) {
            let (measured, interval) = (&plans[to].0[to], plans[to].1);
            assert_eq!((row.source, measured.source), ("predicted", "measured"));
            println!(
                "{what}, {} files, {} to {} px: P_mean {:.3}, measured {:.3} [{:.3}, {:.3}]; P_std {:.3}, measured {:.3}; level ×{:.4}",
                files.len(),
                SIDES[from],
                SIDES[to],
                row.p_mean,
                measured.p_mean,
                interval.low95.unwrap_or(f64::NAN),
                interval.high95.unwrap_or(f64::NAN),
                row.p_std,
                measured.p_std,
                row.sigma_hides_mean / measured.sigma_hides_mean,
            );
            let is_within = interval.low95 <= Some(row.p_mean) && Some(row.p_mean) <= interval.high95;
            assert!(is_within || (row.p_mean - measured.p_mean).abs() <= p_mean, "{what}: {row:?} and {measured:?}");
            assert!((row.p_std - measured.p_std).abs() <= p_std, "{what}: {row:?} and {measured:?}");
            assert!((row.sigma_hides_mean / measured.sigma_hides_mean - 1.0).abs() <= 0.02, "{what}");
        }
    }
}

/// The files whose shorter side has the pixels of the largest size.
fn large_enough(folder: &Path) -> Vec<SourceFile> {
    let is_large = |file: &SourceFile| {
        let (width, height) = image::image_dimensions(folder.join(&*file.key())).expect("an image");
        width.min(height) as usize >= SIDES[2]
    };
    files(folder).into_iter().filter(is_large).collect()
}

#[test]
fn photographs_at_other_sizes_have_the_settings_that_are_predicted() {
    for name in ["bench", "more", "photos"] {
        let folder = shared(&format!("data/{name}"));
        if folder.exists() {
            check(name, &large_enough(&folder), 0.12, 0.10);
        } else {
            println!("skipped: {} does not exist", folder.display());
        }
    }
}

/// Noise of one law at `side` pixels.
fn check_noise(side: usize, n: usize, p_mean: f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let law = PowerLawNoise::with_pixel_std(Size::square(side), 1.2, 0.5 / side as f64, 0.2);
    for (i, bytes) in law.images(n, 5).into_iter().enumerate() {
        let image = image::RgbImage::from_raw(side as u32, side as u32, bytes).expect("three bytes a pixel");
        image.save(folder.path().join(format!("{i:02}.png"))).expect("an image");
    }
    check(&format!("noise of {side} px"), &files(folder.path()), p_mean, 0.05);
}

#[test]
fn noise_of_a_known_law_has_them_too() {
    // On the way to every size halved, and then reduced by 1.6.
    check_noise(800, 16, 0.05);
    // On the way to 256 not halved, and so sharper there than at the other sizes.
    check_noise(400, 24, 0.05);
}
