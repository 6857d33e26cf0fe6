//! False alarms of the comparison of two sets: random halves of photographs, whole and in tiles, with the file as the
//! unit of sampling. The large set may lie beside the project; the fixtures are too few for it. And its numbers, from
//! single images.

#[path = "support/engine.rs"]
mod engine;
#[path = "support/shared.rs"]
mod shared;

use engine::spectrum_of;
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use shared::shared;
use specscan::analysis::compare::{Comparison, FAMILY_LEVEL, FileVectors, Measured, test_of_bands};
use specscan::dataset::{PreprocessConfig, Transform, list_inputs};
use specscan::pipeline::observer::Silent;
use specscan::pipeline::{Cancel, ScanConfig, scan};
use specscan::spectral::Size;
use specscan::spectrum::{AnalysisConfig, Detail, RapsdOf, Spectrum};
use specscan::stats::student::student_quantile;
use specscan::stats::two_samples::{Difference, Mean, Means, hotelling, welch};

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

const SIDE: usize = 32;

/// Pictures of long waves and of grain, of amplitudes that vary about `coarse` and `grain`, codes.
fn pictures(n: usize, coarse: f64, grain: f64, seed: u64) -> Vec<Vec<u8>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut picture = || {
        let mut normal = |deviation: f64| -> f64 {
            let number: f64 = StandardNormal.sample(&mut random);
            deviation * number
        };
        let (coarse, grain, level) = (coarse * normal(0.2).exp(), grain * normal(0.1).exp(), 120.0 + normal(15.0));
        let tints = [0, 1, 2].map(|c| (level + normal(5.0), 1.0 + 0.1 * f64::from(c)));
        let waves: Vec<[f64; 3]> = (0..8).map(|k| [f64::from(k % 3 + 1), f64::from(k / 3), normal(9.0)]).collect();
        let code = |i: usize| {
            let (x, y) = ((i / 3 % SIDE) as f64, (i / 3 / SIDE) as f64);
            let wave = |[u, v, at]: &[f64; 3]| (std::f64::consts::TAU * (u * x + v * y) / SIDE as f64 + at).cos();
            let (level, contrast) = tints[i % 3];
            let value = level + contrast * coarse * waves.iter().map(wave).sum::<f64>() + normal(grain);
            value.round().clamp(0.0, 255.0) as u8
        };
        (0..3 * SIDE * SIDE).map(code).collect()
    };
    (0..n).map(|_| picture()).collect()
}

fn config() -> AnalysisConfig {
    AnalysisConfig::new(Size::square(SIDE)).with_less_detail(Detail::Power)
}

/// What single images say: RAPSD, ln of its mean over each band, means and mean squares of the channels.
struct Single {
    rapsd: Vec<f64>,
    bands: Vec<f64>,
    mean: [f64; 3],
    mean_square: [f64; 3],
}

fn singles(images: &[Vec<u8>]) -> Vec<Single> {
    let of_image = |image: &Vec<u8>| {
        let rapsd = spectrum_of(&config(), std::slice::from_ref(image)).radial_statistics(RapsdOf::ChannelMean).mean;
        let bands = config().octave_bands();
        let ln = |band: &std::ops::Range<usize>| band.clone().map(|j| rapsd[j].ln()).sum::<f64>() / band.len() as f64;
        let moment = |power: i32| {
            [0, 1, 2].map(|c| {
                let values = image.iter().skip(c).step_by(3).map(|code| f64::from(*code) / 127.5 - 1.0);
                values.map(|v| v.powi(power)).sum::<f64>() / (SIDE * SIDE) as f64
            })
        };
        Single { bands: bands.iter().map(ln).collect(), mean: moment(1), mean_square: moment(2), rapsd }
    };
    images.iter().map(of_image).collect()
}

/// Mean over images, and its variance.
fn mean_of(images: &[Single], of: impl Fn(&Single) -> f64) -> Mean {
    let n = images.len() as f64;
    let value = images.iter().map(&of).sum::<f64>() / n;
    let variance = images.iter().map(|image| (of(image) - value).powi(2)).sum::<f64>() / (n * (n - 1.0));
    Mean { value, variance, n_files: images.len() as u64 }
}

/// Deviation of the pixels of some channels about each channel's mean; its variance is that of the images' influence.
fn deviation(images: &[Single], channels: &[usize]) -> Mean {
    let share = 1.0 / channels.len() as f64;
    let means = [0, 1, 2].map(|c| mean_of(images, |image| image.mean[c]).value);
    let about = |image: &Single, times: f64| {
        channels.iter().map(|&c| share * (image.mean_square[c] - times * means[c] * image.mean[c])).sum::<f64>()
    };
    let value = mean_of(images, |image| about(image, 1.0)).value.sqrt();
    Mean { value, ..mean_of(images, |image| about(image, 2.0) / (2.0 * value)) }
}

fn assert_same(found: Difference, wanted: Difference, what: &str) {
    let half = wanted.half_width().expect("an interval");
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-3 * half;
    assert!(close(found.value, wanted.value), "{what}: {found:?}, not {wanted:?}");
    assert!(close(found.low95.expect("low"), wanted.low95.expect("low")), "{what}: {found:?}, not {wanted:?}");
    assert!(close(found.high95.expect("high"), wanted.high95.expect("high")), "{what}: {found:?}, not {wanted:?}");
}

/// Twice the grain, and more of the long waves; of as many images as the first set has not.
fn two_sets() -> [Vec<Vec<u8>>; 2] {
    [pictures(14, 6.0, 12.0, 1), pictures(9, 11.0, 6.0, 2)]
}

fn compare(first: &Spectrum, second: &Spectrum) -> Comparison {
    let measured = |name: &'static str, spectrum| Measured::new(name, spectrum).expect("a spectrum");
    Comparison::of(&measured("one", first), &measured("two", second), None).expect("alike")
}

#[test]
fn numbers_of_a_comparison_are_those_of_single_images() {
    let sets = two_sets();
    let [one, two] = [&sets[0], &sets[1]].map(|images| singles(images));
    let found = compare(&spectrum_of(&config(), &sets[0]), &spectrum_of(&config(), &sets[1]));
    let in_db = 10.0 / std::f64::consts::LN_10;
    let welch_of = |of: &dyn Fn(&[Single]) -> Mean| welch(of(&one), of(&two));
    // Octave bands, which lie beside each other, and neighbours that differ together.
    let (mut next, bands) = (1.0 / SIDE as f64, &found.bands);
    for (m, band) in bands.iter().enumerate() {
        assert_same(band.difference_db, welch_of(&|s| mean_of(s, |i| i.bands[m])).scaled(in_db), "a band");
        assert!((band.frequency_low_cycles_per_px - next).abs() <= 1e-12, "{band:?}");
        next = band.frequency_high_cycles_per_px + 1.0 / SIDE as f64;
        assert_eq!(band.differs, band.p_holm.expect("a chance") <= FAMILY_LEVEL);
    }
    assert!((bands.last().expect("a band").frequency_high_cycles_per_px - 0.5).abs() <= 0.21, "{bands:?}");
    assert!(found.runs.len() >= 2 && found.runs.iter().any(|run| run.last_band > run.first_band), "{:?}", found.runs);
    for pair in found.runs.windows(2) {
        assert!(pair[0].difference_db.value.abs() >= pair[1].difference_db.value.abs(), "{:?}", found.runs);
    }
    for run in &found.runs {
        let (first, last) = (run.first_band, run.last_band);
        let mean = |i: &Single| i.bands[first..=last].iter().sum::<f64>() / (last - first + 1) as f64;
        assert_same(run.difference_db, welch_of(&|s| mean_of(s, mean)).scaled(in_db), "a run");
        assert!(bands[first..=last].iter().all(|b| b.difference_db.value * run.difference_db.value > 0.0));
    }
    // Brightness, contrast, colour.
    assert_same(found.brightness, welch_of(&|s| mean_of(s, |i| i.mean.iter().sum::<f64>() / 3.0)), "brightness");
    assert_same(found.contrast, welch_of(&|s| deviation(s, &[0, 1, 2])), "contrast");
    for (c, channel) in found.channels.iter().enumerate() {
        assert_same(channel.mean, welch_of(&|s| mean_of(s, |i| i.mean[c])), "a channel's mean");
        assert_same(channel.std, welch_of(&|s| deviation(s, &[c])), "a channel's deviation");
    }
    assert_annuli(&found, &one, &two);
    assert_together(&found, &one, &two);
}

/// Annuli: decibels of the mean powers, second over first, and their root mean square without the brightness.
fn assert_annuli(found: &Comparison, one: &[Single], two: &[Single]) {
    let mut squares = Vec::new();
    for (j, row) in found.annuli.iter().enumerate() {
        let [a, b] = [one, two].map(|images| mean_of(images, |image| image.rapsd[j]));
        let db = 10.0 * (b.value / a.value).log10();
        let error =
            10.0 / std::f64::consts::LN_10 * (a.variance / a.value.powi(2) + b.variance / b.value.powi(2)).sqrt();
        assert!((row.difference_db.expect("powers") - db).abs() <= 1e-4, "{row:?}: {db}");
        assert!((row.difference_db_se.expect("files") - error).abs() <= 1e-3 * error, "{row:?}: {error}");
        squares.push(db * db);
    }
    let distance = (squares[1..].iter().sum::<f64>() / (squares.len() - 1) as f64).sqrt();
    assert!((found.log_spectral_distance_db - distance).abs() <= 1e-4, "{distance}");
}

/// All bands together, and the power law.
fn assert_together(found: &Comparison, one: &[Single], two: &[Single]) {
    let n = found.bands.len();
    let means = |images: &[Single]| -> (Vec<f64>, Vec<f64>) {
        let mean: Vec<f64> = (0..n).map(|m| mean_of(images, |i| i.bands[m]).value).collect();
        let of = |a: usize, b: usize| {
            let files = images.len() as f64;
            images.iter().map(|i| (i.bands[a] - mean[a]) * (i.bands[b] - mean[b])).sum::<f64>()
                / (files * (files - 1.0))
        };
        let covariance = (0..n * n).map(|at| of(at / n, at % n)).collect();
        (mean, covariance)
    };
    let ((m1, c1), (m2, c2)) = (means(one), means(two));
    let of = |values, covariance, files: &[Single]| Means { values, covariance, n_files: files.len() as u64 };
    let wanted = hotelling(of(&m1, &c1, one), of(&m2, &c2, two)).expect("regular").expect("enough files");
    let overall = found.overall.expect("enough files");
    assert!((overall.t2 / wanted.t2 - 1.0).abs() <= 1e-3, "{overall:?}, not {wanted:?}");
    assert!(found.spectra_differ());
}

#[test]
fn exponents_are_compared_by_their_intervals_from_five_files_on() {
    for (n, is_known) in [(4, false), (5, true), (14, true)] {
        let sets = [pictures(n, 20.0, 3.0, 3), pictures(n, 20.0, 6.0, 4)];
        let [one, two] = [&sets[0], &sets[1]].map(|images| spectrum_of(&config(), images));
        let [a, b] = [&one, &two].map(|s| Measured::new("", s).expect("a spectrum").summary.law.expect("a law"));
        let found = compare(&one, &two).delta.expect("laws");
        assert!((found.value - (b.delta - a.delta)).abs() <= 1e-12, "{found:?}");
        assert_eq!(found.p.is_some(), is_known, "{n} files");
        if is_known {
            let half =
                |law: &specscan::stats::power_law::PowerLawFit| law.delta_high95.expect("an interval") - law.delta;
            // The half-width of both together, but for the degrees of freedom.
            let both = half(&a).hypot(half(&b));
            let t = |degrees: f64| student_quantile(degrees);
            let (least, most) = (both * t(2.0 * (n as f64 - 1.0)) / t(n as f64 - 1.0), both);
            let width = found.half_width().expect("an interval");
            assert!((0.999 * least..=1.001 * most).contains(&width), "{width} is not in {least} to {most}");
        }
    }
}

#[test]
fn a_band_differs_from_a_chance_of_five_percent_among_all_down() {
    let mut n_between = 0;
    for seed in 0..40 {
        let sets = [pictures(8, 20.0, 6.0, 100 + seed), pictures(8, 20.0, 6.4, 200 + seed)];
        let found = compare(&spectrum_of(&config(), &sets[0]), &spectrum_of(&config(), &sets[1]));
        for band in &found.bands {
            let p = band.p_holm.expect("a chance");
            assert_eq!(band.differs, p <= 0.05, "{band:?}");
            n_between += usize::from(0.05 < p && p <= 0.1);
        }
        let differs = found.overall.is_some_and(|test| test.p <= 0.05) || found.bands.iter().any(|band| band.differs);
        assert_eq!(found.spectra_differ(), differs);
    }
    assert!(n_between > 0, "no band is near the level");
}

#[test]
fn modes_without_power_count_as_rounding_does_in_distances() {
    // Stripes have power in one direction only; a code of grain has twelve times the power of rounding in all.
    let stripes = |grain: bool, seed: u64| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut code = |x: usize, wave: f64| {
            let normal: f64 = StandardNormal.sample(&mut random);
            let value = 128.0 + 40.0 * (std::f64::consts::TAU * wave * x as f64 / SIDE as f64).cos();
            (value.round() + if grain { normal.round() } else { 0.0 }) as u8
        };
        let mut image = |wave: f64| (0..3 * SIDE * SIDE).map(|i| code(i / 3 % SIDE, wave)).collect::<Vec<u8>>();
        spectrum_of(&config(), &(1..9).map(|k| image(f64::from(k))).collect::<Vec<_>>())
    };
    let distance = compare(&stripes(false, 1), &stripes(true, 2)).distance.expect("images");
    // ½ (q − 1 − ln q) at q = 13, the variance of rounded normal numbers included.
    assert!((2.0..8.0).contains(&distance.kl_second_first_per_dim), "{distance:?}");
}

#[test]
fn sets_in_which_nothing_varies_have_no_contrast() {
    for code in (0..=255).step_by(5) {
        let flat = spectrum_of(&config(), &vec![vec![code; 3 * SIDE * SIDE]; 3]);
        let found = compare(&flat, &flat);
        for value in [found.contrast.value, found.brightness.value, found.channels[0].std.value] {
            assert!(value == 0.0, "{code}: {found:?}");
        }
    }
}
