//! Rules of `check` one by one: every rule that a policy can hold is judged, or refused with a sentence that says what
//! to write instead; and those about the whole set raise few false alarms on random halves of photographs, which may
//! lie beside the project.

#[path = "support/engine.rs"]
mod engine;
#[path = "support/shared.rs"]
mod shared;

use engine::spectrum_of;
use image::RgbImage;
use image::imageops::{self, FilterType};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use shared::shared;
use specscan::analysis::check::Policy;
use specscan::analysis::check::baseline::{between, whole};
use specscan::analysis::check::judge::{Outcome, RuleResult, judge};
use specscan::analysis::check::metrics::METRICS;
use specscan::analysis::check::values::{Between, FileValues, SetValues, Whole};
use specscan::dataset::list_inputs;
use specscan::spectral::Size;
use specscan::spectrum::{AnalysisConfig, Detail, SetVector, Spectrum};
use specscan::stats::two_samples::Mean;

const N_FILES: usize = 200;
const N_BANDS: usize = 3;

/// Files whose every number is about `level`, a tenth of them unreadable if that is not zero.
fn made_up(level: f64) -> SetValues {
    let shape = SetVector {
        n_images: 0,
        n_files: 0,
        bands: vec![1..2, 2..4, 4..9],
        n_channels: 1,
        mean: Vec::new(),
        covariance_of_mean: Vec::new(),
    };
    let columns = ["bar_share", "sigma_min", "sigma_max", "jpeg_grid_db"].map(str::to_owned).to_vec();
    let file = |i: usize| {
        let number = level + 0.01 * (i as f64 * 2.4).sin();
        // Bands, mean square, mean, squared brightness.
        let vector = vec![number; N_BANDS].into_iter().chain([2.0 + number * number + number, number, number * number]);
        FileValues {
            key: format!("{i:03}"),
            n_images: 1,
            numbers: vec![number - if i.is_multiple_of(10) { 0.1 } else { 0.6 }, number, number, number],
            vector: vector.collect(),
        }
    };
    let mean = |value: f64| Some(Mean { value, variance: 1e-4, n_files: N_FILES as u64 });
    let whole = Whole {
        delta: mean(level),
        amplitude: mean(level),
        r2: mean(level),
        blur_noise_ratio: mean(level),
        artefact_peak_db: level,
    };
    SetValues {
        columns,
        files: (0..N_FILES).map(file).collect(),
        unreadable: vec!["lost".to_owned(); (200.0 * level) as usize],
        shape,
        longer_side_px: 16,
        whole: Some(whole),
    }
}

/// The spectra of two sets that differ by a factor e in every annulus, or not at all.
fn apart(by: f64) -> Between {
    let n = 8;
    let covariance = (0..n * n).map(|at| if at / n == at % n { 1e-4 } else { 0.0 }).collect();
    Between { ln_quotients: vec![by; n], covariance, degrees: 50.0, w2_per_dim: Some((by + 0.01, 0.01)) }
}

fn rule(metric: &str, limits: &str) -> String {
    format!("[[check]]\nname = \"a\"\nmetric = \"{metric}\"\n{limits}\n")
}

fn outcome(text: &str, set: &SetValues, baseline: &SetValues, between: &Between) -> RuleResult {
    let policy = Policy::parse(text).expect(text);
    judge(&policy, set, Some(baseline), between, false).remove(0)
}

#[test]
fn every_rule_is_judged_or_refused_with_what_to_write() {
    // Limits, and whether a set that lies above its baseline everywhere breaks them.
    let limits = [
        ("min = 1e9", true),
        ("max = -1e9", true),
        ("max = 0", true),
        ("max = 1e9", false),
        ("min = -1e9\nmax = 1e9", false),
        ("atol = 0", true),
        ("rtol = 0", true),
        ("atol = 0\nside = \"above\"", true),
        ("atol = 0\nside = \"below\"", false),
        ("atol = 1e9", false),
        ("atol = 0\nrtol = 1e9", false),
        ("max = 1e9\natol = 0", true),
    ];
    let (low, high) = (made_up(0.2), made_up(1.0));
    let (mut n_refused, mut n_shares_beyond_1) = (0, 0);
    for (name, usage) in METRICS {
        let metric =
            usage.replace("COLUMN < VALUE", "bar_share > 0").replace("COLUMN", "bar_share").replace('Q', "0.5");
        for (limit, breaks) in limits {
            let text = rule(&metric, limit);
            let Err(error) = Policy::parse(&text) else {
                let found = outcome(&text, &high, &low, &apart(1.0));
                // A distance is above 0 whatever the side.
                let wanted = if breaks { Outcome::Fail } else { Outcome::Pass };
                assert_eq!(found.outcome, wanted, "{name} {limit}: {found:?}");
                if limit.contains("tol") {
                    let same = outcome(&text, &low, &low, &apart(0.0));
                    assert_eq!(same.outcome, Outcome::Pass, "{name} {limit}, the same set: {same:?}");
                    assert!(same.p.is_some(), "{name} {limit}: not tested");
                }
                assert_unknown_never_passes(&text, limit, &low);
                continue;
            };
            let error = format!("{error:#}");
            if error.contains("a share between 0 and 1: write \"5%\"") {
                n_shares_beyond_1 += 1;
                continue;
            }
            n_refused += 1;
            assert!(error.contains("give "), "{name} {limit}: {error}");
        }
    }
    // Counts and peaks have no tolerance, differences no share, distances neither, nor a least value.
    assert_eq!(n_refused, 2 * 7 + 2 * 2 + 2 * 10);
    // Three metrics are shares; of these limits min, max or atol lies outside of 0 to 1 six times.
    assert_eq!(n_shares_beyond_1, 3 * 6);
}

#[test]
fn bands_are_octaves_in_decibels_of_which_only_those_inside_count() {
    // Bands of annuli 1, 2–3 and 4–8 of 16 pixels: 0.0625, 0.125–0.1875, 0.25–0.5 cycles per pixel.
    let before = made_up(0.2);
    let mut set = before.clone();
    for file in &mut set.files {
        file.vector[2] += 0.1;
    }
    let value =
        |metric: &str| outcome(&rule(metric, "atol = 0.1"), &set, &before, &apart(0.0)).value.expect("a number");
    let db = 10.0 / std::f64::consts::LN_10;
    for (metric, share) in [
        ("band_db[0.25,0.5]", 1.0),
        ("band_db[0.2,0.25]", 1.0),
        ("band_db[0,0.2]", 0.0),
        ("band_db[0.125,0.5]", 5.0 / 7.0),
        ("band_db[0.1875,0.25]", 1.0 / 2.0),
        ("band_db[0.05,0.3]", 1.0 / 4.0),
    ] {
        let found = value(metric);
        assert!((found - 0.1 * db * share).abs() <= 1e-9, "{metric}: {found}");
    }
    let swapped = outcome(&rule("band_db[0.25,0.5]", "atol = 0.1"), &before, &set, &apart(0.0)).value;
    assert!((swapped.expect("a number") + 0.1 * db).abs() <= 1e-9);
    let below = rule("band_db[0.25,0.5]", "atol = 0.1\nside = \"below\"");
    assert_eq!(outcome(&below, &set, &before, &apart(0.0)).outcome, Outcome::Pass);
    assert_eq!(outcome(&below, &before, &set, &apart(0.0)).outcome, Outcome::Fail);
}

/// Numbers that are none are no pass.
fn assert_unknown_never_passes(text: &str, limit: &str, baseline: &SetValues) {
    let mut none = made_up(0.2);
    for file in &mut none.files {
        file.numbers.fill(f64::NAN);
        file.vector.fill(f64::NAN);
    }
    let nan = Some(Mean { value: f64::NAN, variance: f64::NAN, n_files: N_FILES as u64 });
    none.whole = Some(Whole { delta: nan, amplitude: nan, r2: nan, blur_noise_ratio: nan, artefact_peak_db: f64::NAN });
    let between = Between {
        ln_quotients: vec![f64::NAN; 2],
        covariance: vec![f64::NAN; 4],
        degrees: f64::NAN,
        w2_per_dim: Some((f64::NAN, f64::NAN)),
    };
    if text.contains("n_images") || text.contains("unreadable") {
        return;
    }
    let found = outcome(text, &none, baseline, &between);
    assert_eq!(found.outcome, Outcome::NotRun, "{limit}: {found:?}");
    let found = outcome(text, &none, &none, &between);
    assert_eq!(found.outcome, Outcome::NotRun, "{limit}, both: {found:?}");
}

const SIDE: usize = 64;
const N_SPLITS: usize = 200;
/// Rules that take the whole set, with nothing allowed but chance.
const OF_THE_WHOLE: [(&str, &str); 6] = [
    ("delta", "atol = 0"),
    ("amplitude", "rtol = 0"),
    ("r2", "atol = 0"),
    ("blur_noise_ratio", "rtol = 0"),
    ("log_spectral_distance_db", "max = 0"),
    ("w2_per_dim", "max = 0"),
];

/// The middle of each photograph at 64 pixels, after `change`.
fn photographs(change: impl Fn(RgbImage) -> RgbImage) -> Option<Vec<Vec<u8>>> {
    let folders = ["data/bench", "data/more"].map(shared);
    if let Some(missing) = folders.iter().find(|folder| !folder.is_dir()) {
        println!("skipped: {} does not exist", missing.display());
        return None;
    }
    let files = list_inputs(&folders).expect("photographs").files;
    let open = |path: &std::path::Path| {
        let image = image::load_from_memory(&std::fs::read(path).expect("readable")).expect("an image").to_rgb8();
        let side = image.width().min(image.height());
        let (x, y) = ((image.width() - side) / 2, (image.height() - side) / 2);
        let square = imageops::crop_imm(&image, x, y, side, side).to_image();
        change(imageops::resize(&square, SIDE as u32, SIDE as u32, FilterType::CatmullRom)).into_raw()
    };
    Some(files.iter().map(|file| open(file.path())).collect())
}

fn spectrum(images: &[Vec<u8>], chosen: &[usize]) -> Spectrum {
    let config = AnalysisConfig::new(Size::square(SIDE)).with_less_detail(Detail::Power);
    let images: Vec<Vec<u8>> = chosen.iter().map(|i| images[*i].clone()).collect();
    spectrum_of(&config, &images)
}

/// Which of the rules about the whole set fail, each by itself.
fn failing(baseline: &Spectrum, set: &Spectrum) -> Vec<&'static str> {
    let values = |spectrum| SetValues { whole: Some(whole(spectrum).expect("a spectrum")), ..made_up(0.0) };
    let (before, now) = (values(baseline), values(set));
    let between = between(baseline, set, false).expect("alike");
    let fails = |(metric, limit): &&(&str, &str)| {
        let found = outcome(&rule(metric, limit), &now, &before, &between);
        assert_ne!(found.outcome, Outcome::NotRun, "{found:?}");
        found.outcome == Outcome::Fail
    };
    OF_THE_WHOLE.iter().filter(fails).map(|(metric, _)| *metric).collect()
}

#[test]
fn rules_about_the_whole_set_alarm_falsely_in_few_halves_and_see_a_change_of_all_images() {
    let Some(images) = photographs(|image| image) else { return };
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut failed = Vec::new();
    println!("\n| metric | n | false alarms |\n|---|---|---|");
    for n in [20, 60, images.len() / 2] {
        let mut alarms = OF_THE_WHOLE.map(|(metric, _)| (metric, 0));
        for _ in 0..N_SPLITS {
            let chosen = index::sample(&mut random, images.len(), 2 * n).into_vec();
            let found = failing(&spectrum(&images, &chosen[..n]), &spectrum(&images, &chosen[n..]));
            alarms.iter_mut().for_each(|(metric, count)| *count += usize::from(found.contains(metric)));
        }
        for (metric, count) in alarms {
            println!("| {metric} | {n} | {count} of {N_SPLITS} |");
            if count > 8 * N_SPLITS / 100 {
                failed.push(format!("{metric} at {n}: {count} of {N_SPLITS}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    let blurred = photographs(|image| imageops::blur(&image, 1.0)).expect("photographs");
    let half = images.len() / 2;
    let (one, other): (Vec<usize>, Vec<usize>) = (0..images.len()).partition(|i| *i < half);
    let found = failing(&spectrum(&images, &one), &spectrum(&blurred, &other));
    println!("blurred: {found:?}");
    assert!(found.contains(&"r2") && found.contains(&"amplitude"), "{found:?}");
}
