//! Rules of `check` one by one: every rule that a policy can hold is judged, or refused with a sentence that says what
//! to write instead; and those about the whole set raise few false alarms on random halves of photographs, which may
//! lie beside the project.

#[path = "support/damage.rs"]
mod damage;
#[path = "support/engine.rs"]
mod engine;
#[path = "support/shared.rs"]
mod shared;

use std::sync::LazyLock;

use damage::{blurred, resized};
use engine::spectrum_of;
use image::RgbImage;
use image::imageops::{self, FilterType};
use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::shared;
use specscan::analysis::check::Policy;
use specscan::analysis::check::baseline::{between, between_annuli, whole};
use specscan::analysis::check::judge::{Outcome, RuleResult, judge};
use specscan::analysis::check::metrics::METRICS;
use specscan::analysis::check::values::{Between, FileValues, SetValues, Whole};
use specscan::dataset::list_inputs;
use specscan::spectral::Size;
use specscan::spectrum::{AnalysisConfig, Detail, RadialStatistics, RapsdOf, SetVector, Spectrum};
use specscan::stats::limits::distance_beyond;
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
const FOLDERS: [&str; 2] = ["data/bench", "data/more"];
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

/// The middle of each photograph at 64 pixels, decoded once for all tests; none if they do not lie beside the project.
fn photographs() -> Option<&'static [RgbImage]> {
    static PHOTOGRAPHS: LazyLock<Vec<RgbImage>> = LazyLock::new(|| {
        let files = list_inputs(&FOLDERS.map(shared)).expect("photographs").files;
        let open = |path: &std::path::Path| {
            let image = image::load_from_memory(&std::fs::read(path).expect("readable")).expect("an image").to_rgb8();
            let side = image.width().min(image.height());
            let (x, y) = ((image.width() - side) / 2, (image.height() - side) / 2);
            let square = imageops::crop_imm(&image, x, y, side, side).to_image();
            resized(&square, SIDE as u32, SIDE as u32, FilterType::CatmullRom)
        };
        files.iter().map(|file| open(file.path())).collect()
    });
    let missing = FOLDERS.map(shared).into_iter().find(|folder| !folder.is_dir());
    missing.iter().for_each(|folder| println!("skipped: {} does not exist", folder.display()));
    missing.is_none().then(|| PHOTOGRAPHS.as_slice())
}

fn spectrum(images: &[RgbImage], chosen: &[usize]) -> Spectrum {
    let config = AnalysisConfig::new(Size::square(SIDE)).with_less_detail(Detail::Power);
    let images: Vec<Vec<u8>> = chosen.iter().map(|i| images[*i].as_raw().clone()).collect();
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

/// What `of` says of each item, in their order, on all cores.
fn on_all_cores<I: Sync, T: Send>(items: &[I], of: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let of = &of;
    std::thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(n_cores));
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().map(of).collect::<Vec<T>>())).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    })
}

#[test]
fn rules_about_the_whole_set_alarm_falsely_in_few_halves_and_see_a_change_of_all_images() {
    let Some(images) = photographs() else { return };
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut failed = Vec::new();
    println!("\n| metric | n | false alarms |\n|---|---|---|");
    for n in [20, 60, images.len() / 2] {
        let splits: Vec<Vec<usize>> =
            (0..N_SPLITS).map(|_| index::sample(&mut random, images.len(), 2 * n).into_vec()).collect();
        let found =
            on_all_cores(&splits, |chosen| failing(&spectrum(images, &chosen[..n]), &spectrum(images, &chosen[n..])));
        for (metric, _) in OF_THE_WHOLE {
            let count = found.iter().filter(|failing| failing.contains(&metric)).count();
            println!("| {metric} | {n} | {count} of {N_SPLITS} |");
            if count > 8 * N_SPLITS / 100 {
                failed.push(format!("{metric} at {n}: {count} of {N_SPLITS}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    let half = images.len() / 2;
    let blurred: Vec<RgbImage> = images.iter().map(|image| blurred(image, 1.0)).collect();
    let (one, other): (Vec<usize>, Vec<usize>) = (0..images.len()).partition(|i| *i < half);
    let found = failing(&spectrum(images, &one), &spectrum(&blurred, &other));
    println!("blurred: {found:?}");
    assert!(found.contains(&"r2") && found.contains(&"amplitude"), "{found:?}");
}

/// Splits by which the chance of a distance is measured: 200 cannot tell 5 % from 8 %.
const N_DISTANCES: usize = 5000;

/// RAPSDs of images, one a row.
fn rapsds(images: &[RgbImage]) -> Vec<Vec<f64>> {
    on_all_cores(images, |image| {
        spectrum(std::slice::from_ref(image), &[0]).radial_statistics(RapsdOf::ChannelMean).mean
    })
}

/// Mean of some rows, and its covariance.
fn mean_of(rows: &[Vec<f64>], chosen: &[usize]) -> RadialStatistics {
    let (n, k) = (chosen.len() as f64, rows[0].len());
    let mean: Vec<f64> = (0..k).map(|j| chosen.iter().map(|i| rows[*i][j]).sum::<f64>() / n).collect();
    let mut covariance = vec![0.0; k * k];
    for row in chosen.iter().map(|i| &rows[*i]) {
        let off: Vec<f64> = row.iter().zip(&mean).map(|(x, m)| x - m).collect();
        for (i, a) in off.iter().enumerate() {
            covariance[i * k..(i + 1) * k].iter_mut().zip(&off).for_each(|(c, b)| *c += a * b / (n * (n - 1.0)));
        }
    }
    let without = RadialStatistics::without_spread(mean, chosen.len() as u64, chosen.len() as u64);
    RadialStatistics { covariance_of_mean: covariance, ..without }
}

#[test]
fn the_chance_of_a_log_spectral_distance_is_what_it_says() {
    let Some(images) = photographs() else { return };
    let soft: Vec<RgbImage> = images.iter().map(|image| blurred(image, 0.5)).collect();
    let (rows, soft) = (rapsds(images), rapsds(&soft));
    let mut random = ChaCha8Rng::seed_from_u64(5);
    println!("\n| n | false alarms | σ = 0.5 seen |\n|---|---|---|");
    for n in [12, 20, 60, 200] {
        let splits: Vec<Vec<usize>> =
            (0..N_DISTANCES).map(|_| index::sample(&mut random, rows.len(), 2 * n).into_vec()).collect();
        let n_beyond = |other: &[Vec<f64>], splits: &[Vec<usize>]| {
            let is_beyond = |chosen: &Vec<usize>| {
                let between = between_annuli(&mean_of(&rows, &chosen[..n]), &mean_of(other, &chosen[n..]));
                distance_beyond(&between.ln_quotients, &between.covariance, between.degrees, 0.0) <= 0.05
            };
            on_all_cores(splits, is_beyond).into_iter().filter(|is_beyond| *is_beyond).count()
        };
        let (n_false, n_seen) = (n_beyond(&rows, &splits), n_beyond(&soft, &splits[..400]));
        println!("| {n} | {n_false} of {N_DISTANCES} | {n_seen} of 400 |");
        // 5 % and three standard deviations of as many splits.
        let most = 0.05 + 3.0 * (0.05 * 0.95 / N_DISTANCES as f64).sqrt();
        assert!(n_false as f64 <= most * N_DISTANCES as f64, "n = {n}: {n_false} of {N_DISTANCES}");
        assert!(n < 60 || n_seen >= 380, "n = {n}: blur is seen in {n_seen} of 400");
    }
}

#[test]
fn errors_of_the_whole_sets_numbers_are_those_of_leaving_files_out() {
    // Noise of a falling spectrum, steeper in some images than in others.
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let images: Vec<RgbImage> = (0..24)
        .map(|i| {
            let noise: Vec<u8> = (0..3 * SIDE * SIDE).map(|_| random.random_range(0..=255)).collect();
            let noise = RgbImage::from_raw(SIDE as u32, SIDE as u32, noise).expect("as many bytes");
            blurred(&noise, 0.6 + 0.02 * (i % 8) as f32)
        })
        .collect();
    let all: Vec<usize> = (0..images.len()).collect();
    let of = |chosen: &[usize]| {
        let Whole { delta, amplitude, r2, blur_noise_ratio, .. } = whole(&spectrum(&images, chosen)).expect("numbers");
        [("delta", delta), ("amplitude", amplitude), ("r2", r2), ("blur_noise_ratio", blur_noise_ratio)]
    };
    let without = |i: usize| of(&all.iter().copied().filter(|j| *j != i).collect::<Vec<_>>());
    let (n, left_out) = (images.len() as f64, all.iter().map(|i| without(*i)).collect::<Vec<_>>());
    for (at, (name, mean)) in of(&all).into_iter().enumerate() {
        let mean = mean.expect(name);
        let values: Vec<f64> = left_out.iter().map(|numbers| numbers[at].1.expect(name).value).collect();
        let middle = values.iter().sum::<f64>() / n;
        let error = ((n - 1.0) / n * values.iter().map(|v| (v - middle).powi(2)).sum::<f64>()).sqrt();
        let ratio = mean.variance.sqrt() / error;
        println!("{name}: {} ± {}, {ratio:.2} of the jackknife's", mean.value, mean.variance.sqrt());
        assert!((0.85..1.2).contains(&ratio), "{name}: {ratio}");
    }
}

#[test]
fn annuli_of_two_sets_are_compared_without_the_brightness_and_without_what_has_no_power() {
    let statistics = |mean: [f64; 4], variance: f64, n_files: u64| {
        let covariance = (0..16).map(|at| if at / 4 == at % 4 { variance } else { 0.1 * variance }).collect();
        let without = RadialStatistics::without_spread(mean.to_vec(), n_files, n_files);
        RadialStatistics { covariance_of_mean: covariance, ..without }
    };
    let (one, two) = (statistics([5.0, 1.0, 2.0, 1.0], 0.04, 20), statistics([7.0, 2.0, 8.0, 0.0], 0.16, 10));
    let found = between_annuli(&one, &two);
    assert_eq!(found.ln_quotients, [2.0_f64.ln(), 4.0_f64.ln()]);
    // Relative variances of both sets, added up.
    let wanted = [0.04 + 0.16 / 4.0, 0.004 / 2.0 + 0.016 / 16.0, 0.004 / 2.0 + 0.016 / 16.0, 0.04 / 4.0 + 0.16 / 64.0];
    for (found, wanted) in found.covariance.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-12, "{found} is not {wanted}");
    }
    let [a, b] = [0.04 + 0.04 / 4.0, 0.16 / 4.0 + 0.16 / 64.0];
    let degrees = (a + b) * (a + b) / (a * a / 19.0 + b * b / 9.0);
    assert!((found.degrees - degrees).abs() <= 1e-9, "{} is not {degrees}", found.degrees);
}
