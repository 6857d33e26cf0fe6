//! How often `check` is right: random halves of photographs, which differ by chance alone, and a tenth of the images
//! changed. The policy is the one that `check --init` writes. The photographs may lie beside the project
//! (`shared/data`); thresholds of detectors were chosen on `more`, rates are stated on `bench`. Nothing is random but
//! for the seeds below.
//!
//! `cargo test --test check -- --nocapture` prints the table of docs/ci.md.

#[path = "support/shared.rs"]
mod shared;

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::shared;
use specscan::analysis::check::init::policy_of;
use specscan::analysis::check::judge::{Outcome, RuleResult, judge, verdict};
use specscan::analysis::check::values::{Between, FileValues, SetValues};
use specscan::analysis::check::{Init, Policy};
use specscan::analysis::{Analysis, Desk, Resolution, Run, Source, SourceOptions, Verdict, answer};
use specscan::dataset::Transform;
use specscan::pipeline::Cancel;
use specscan::pipeline::observer::Silent;
use specscan::spectral::Size;
use specscan::spectrum::SetVector;
use specscan::stats::limits::wilson;

const SIDE: usize = 256;
const N_SPLITS: usize = 200;
const N_TRIALS: usize = 200;
/// One of so many images is changed in a trial; of files that are cut off half as many.
const ONE_OF: usize = 10;

static CANCEL: Cancel = Cancel::new(false);

fn values_of(folder: &Path) -> SetValues {
    let desk = Desk {
        command: "check-init",
        inputs: Vec::new(),
        folder: None,
        observer: &Silent,
        cancel: &CANCEL,
        seed: 0,
        threads: 2,
        max_memory_bytes: u64::MAX,
        started: Instant::now(),
        losses: Default::default(),
    };
    let options = SourceOptions {
        inputs: vec![folder.to_owned()],
        resolution: Some(Resolution::Fixed(Size::square(SIDE))),
        transform: Some(Transform::CenterCropDhariwal),
        threads: 2,
        ..SourceOptions::default()
    };
    let init = Init { writes_policy: false };
    let source = Source::open(&options, init.needs(), &Silent).expect("photographs");
    answer(&Run { source, desk }, &init).expect("numbers").1.values
}

/// 400 photographs and 200 others; none if they do not lie beside the project.
fn photographs() -> Option<(SetValues, SetValues)> {
    let [more, bench] = ["data/more", "data/bench"].map(shared);
    if !more.is_dir() || !bench.is_dir() {
        println!("skipped: {} or {} does not exist", more.display(), bench.display());
        return None;
    }
    Some((values_of(&more), values_of(&bench)))
}

fn policy(baseline: &SetValues) -> Policy {
    Policy::parse(&policy_of(baseline)).expect("the policy that --init writes")
}

fn results(policy: &Policy, set: &SetValues, baseline: &SetValues) -> Vec<RuleResult> {
    judge(policy, set, Some(baseline), &Between::default(), false)
}

fn percent((hits, n): (usize, usize)) -> String {
    let (low, high) = wilson((hits as u64, n as u64)).expect("trials");
    let share = 100.0 * hits as f64 / n as f64;
    format!("{share:.1} % of {n} ({:.1} to {:.1} %)", 100.0 * low, 100.0 * high)
}

#[test]
fn random_halves_of_photographs_fail_in_five_percent_of_splits_at_most() {
    let Some((more, bench)) = photographs() else { return };
    let mut all = more.clone();
    all.files.extend(bench.files.iter().cloned());
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let half = all.files.len() / 2;
    for (n_baseline, n_set) in [(half, half), (2 * half / 3, half / 3), (60, 60)] {
        let mut n_failed = 0;
        for _ in 0..N_SPLITS {
            let chosen = index::sample(&mut random, all.files.len(), n_baseline + n_set).into_vec();
            let (baseline, set) = (all.part(chosen[..n_baseline].to_vec()), all.part(chosen[n_baseline..].to_vec()));
            let found = results(&policy(&baseline), &set, &baseline);
            assert!(found.iter().all(|rule| rule.outcome != Outcome::NotRun), "{found:?}");
            n_failed += usize::from(verdict(&found, true) != Verdict::Acceptable);
        }
        println!("{n_set} files against {n_baseline}: {} of the splits fail", percent((n_failed, N_SPLITS)));
        assert!(n_failed <= N_SPLITS / 20, "{n_set} against {n_baseline}: {n_failed} of {N_SPLITS}");
    }
}

type Damage = fn(&RgbImage) -> RgbImage;

fn jpeg(image: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image).expect("encodes");
    image::load(Cursor::new(bytes), image::ImageFormat::Jpeg).expect("decodes").to_rgb8()
}

fn enlarged(image: &RgbImage, filter: FilterType) -> RgbImage {
    let (w, h) = (image.width() / 2, image.height() / 2);
    let reduced = imageops::resize(image, w, h, FilterType::CatmullRom);
    imageops::resize(&reduced, 2 * w, 2 * h, filter)
}

fn map(image: &RgbImage, mut of: impl FnMut([f64; 3]) -> [f64; 3]) -> RgbImage {
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        Rgb(of(image.get_pixel(x, y).0.map(f64::from)).map(|v| v.round().clamp(0.0, 255.0) as u8))
    })
}

fn noisy(image: &RgbImage) -> RgbImage {
    let mut random = ChaCha8Rng::seed_from_u64(u64::from(image.get_pixel(0, 0).0[0]));
    // Twelve uniform numbers add up to a normal one.
    let mut normal = move || (0..12).map(|_| random.random_range(-0.5f64..0.5)).sum::<f64>();
    map(image, |p| p.map(|v| v + 5.0 * normal()))
}

fn letterboxed(image: &RgbImage) -> RgbImage {
    let (width, height) = image.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        let is_bar = y < height / 8 || y >= height - height / 8;
        if is_bar { Rgb([0; 3]) } else { *image.get_pixel(x, y) }
    })
}

/// Kinds of damage, and the least share of trials in which they have to be seen.
const DAMAGES: &[(&str, f64, Damage)] = &[
    ("blur σ = 1", 0.95, |i| imageops::blur(i, 1.0)),
    ("JPEG quality 30", 0.95, |i| jpeg(i, 30)),
    ("2× enlargement, nearest", 0.95, |i| enlarged(i, FilterType::Nearest)),
    ("2× enlargement, bicubic", 0.95, |i| enlarged(i, FilterType::CatmullRom)),
    ("letterboxing", 0.95, letterboxed),
    ("noise σ = 5/255", 0.95, noisy),
    ("gamma 1.4", 0.0, |i| map(i, |p| p.map(|v| 255.0 * (v / 255.0).powf(1.4)))),
    ("channels swapped", 0.0, |i| map(i, |[r, g, b]| [b, g, r])),
];

fn stem(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(stem, _)| stem)
}

/// The files of a folder, each written to another by `write`.
fn rewritten(from: &Path, write: impl Fn(&Path, &Path)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut files: Vec<PathBuf> = std::fs::read_dir(from).expect("files").map(|e| e.expect("a file").path()).collect();
    files.sort();
    files.iter().for_each(|file| write(file, &folder.path().join(file.file_name().expect("a name"))));
    folder
}

/// The set with `n` of its files, chosen at random, as they are in `damaged`.
fn planted(set: &SetValues, damaged: &SetValues, n: usize, random: &mut ChaCha8Rng) -> SetValues {
    let mut planted = set.clone();
    let mut lost = Vec::new();
    for i in index::sample(random, set.files.len(), n) {
        let key = &set.files[i].key;
        if let Some(file) = damaged.files.iter().find(|file| stem(&file.key) == stem(key)) {
            planted.files[i].clone_from(file);
        } else if damaged.unreadable.iter().any(|other| stem(other) == stem(key)) {
            lost.push(i);
        }
    }
    lost.sort_unstable();
    for i in lost.into_iter().rev() {
        planted.unreadable.push(planted.files.remove(i).key);
    }
    planted
}

/// Share of trials that fail, and the rules that did.
fn rate(set: &SetValues, damaged: &SetValues, n: usize, baseline: &SetValues, name: &str) -> (usize, String) {
    let policy = policy(baseline);
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut seen = 0;
    let mut by_rule = std::collections::BTreeMap::<String, usize>::new();
    for _ in 0..N_TRIALS {
        let found = results(&policy, &planted(set, damaged, n, &mut random), baseline);
        let failed: Vec<&RuleResult> = found.iter().filter(|rule| rule.outcome == Outcome::Fail).collect();
        seen += usize::from(!failed.is_empty());
        failed.iter().for_each(|rule| *by_rule.entry(rule.name.clone()).or_default() += 1);
    }
    let mut rules: Vec<(usize, String)> = by_rule.into_iter().map(|(rule, n)| (n, rule)).collect();
    rules.sort_by(|a, b| b.cmp(a));
    let rules: Vec<String> = rules.into_iter().take(2).map(|(n, rule)| format!("{rule} {n}")).collect();
    println!("| {name} | {} | {} |", percent((seen, N_TRIALS)), rules.join(", "));
    (seen, rules.join(", "))
}

#[test]
fn a_tenth_of_the_images_changed_is_seen_in_nearly_every_trial() {
    let Some((more, bench)) = photographs() else { return };
    let n_changed = bench.files.len().div_ceil(ONE_OF);
    println!("\n{n_changed} of {} files against {}", bench.files.len(), more.files.len());
    let clean = results(&policy(&more), &bench, &more);
    let broken: Vec<_> = clean.iter().filter(|rule| rule.outcome != Outcome::Pass).collect();
    assert!(broken.is_empty(), "unchanged: {broken:?}");
    println!("\n| change | seen | by (trials) |\n|---|---|---|");
    let folder = shared("data/bench");
    let mut failed = Vec::new();
    for (name, least, damage) in DAMAGES {
        let written = rewritten(&folder, |from, to| {
            let bytes = std::fs::read(from).expect("readable");
            let image = image::load_from_memory(&bytes).expect("an image").to_rgb8();
            damage(&image).save(to.with_extension("png")).expect("written");
        });
        let (seen, rules) = rate(&bench, &values_of(written.path()), n_changed, &more, name);
        if (seen as f64) < least * N_TRIALS as f64 {
            failed.push(format!("{name}: {seen} of {N_TRIALS} ({rules})"));
        }
    }
    let cut = rewritten(&folder, |from, to| {
        let bytes = std::fs::read(from).expect("readable");
        std::fs::write(to, &bytes[..bytes.len() * 6 / 10]).expect("written");
    });
    // All of them are damaged here, so that none may be left to look at: those of a trial are few.
    std::fs::copy(shared("data/more").join(&more.files[0].key), cut.path().join("whole.JPEG")).expect("a copy");
    let (seen, rules) = rate(&bench, &values_of(cut.path()), n_changed / 2, &more, "5 % of the files cut off");
    if 20 * seen < 19 * N_TRIALS {
        failed.push(format!("cut off: {seen} of {N_TRIALS} ({rules})"));
    }
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// `n` files, of which `hits` have the number 1 and the others 0 or, if they have none, NaN.
fn made_up(n: usize, hits: usize, other: f64) -> SetValues {
    let shape = SetVector {
        n_images: 0,
        n_files: 0,
        bands: Vec::new(),
        n_channels: 1,
        mean: Vec::new(),
        covariance_of_mean: Vec::new(),
    };
    let file = |i: usize| FileValues {
        key: format!("{i:04}.png"),
        n_images: 1,
        numbers: vec![if i < hits { 1.0 } else { other }],
        vector: Vec::new(),
    };
    let files = (0..n).map(file).collect();
    SetValues { columns: vec!["x".to_owned()], files, unreadable: Vec::new(), shape, longer_side_px: 64, whole: None }
}

/// The outcomes of rules about the share of ones, and what they say together.
fn outcomes(limits: &[&str], set: &SetValues, baseline: &SetValues) -> (Vec<Outcome>, Verdict) {
    let rule = |(i, limit): (usize, &&str)| format!("[[check]]\nname = \"{i}\"\nmetric = \"{limit}\n");
    let text: String = limits.iter().enumerate().map(rule).collect();
    let found = results(&Policy::parse(&text).expect("a policy"), set, baseline);
    let verdict = verdict(&found, false);
    (found.iter().map(|rule| rule.outcome).collect(), verdict)
}

const NO_MORE: &str = "fraction(x > 0.5)\"\natol = 0\nside = \"above\"";

#[test]
fn rules_of_a_policy_are_one_family() {
    // One-sided chance of 5 of 100 against none of 100: 0.0297.
    let (baseline, set) = (made_up(100, 0, 0.0), made_up(100, 5, 0.0));
    assert_eq!(outcomes(&[NO_MORE], &set, &baseline), (vec![Outcome::Fail], Verdict::NotAcceptable));
    let (found, verdict) = outcomes(&[NO_MORE, "mean(x)\"\natol = 5"], &set, &baseline);
    assert_eq!((found, verdict), (vec![Outcome::Pass; 2], Verdict::Acceptable));
}

#[test]
fn limits_of_the_files_have_no_margin_and_tolerances_have_one() {
    let baseline = made_up(100, 0, 0.0);
    let of = |limit: &str, hits: usize| outcomes(&[limit], &made_up(100, hits, 0.0), &baseline).0[0];
    assert_eq!(of("fraction(x > 0.5)\"\nmax = \"5%\"", 5), Outcome::Pass);
    assert_eq!(of("fraction(x > 0.5)\"\nmax = \"5%\"", 6), Outcome::Fail);
    assert_eq!(of("fraction(x > 0.5)\"\natol = \"5%\"", 8), Outcome::Pass);
    assert_eq!(of("fraction(x > 0.5)\"\natol = \"5%\"", 30), Outcome::Fail);
    assert_eq!(of("fraction(x > 0.5)\"\nmax = \"5%\"\nseverity = \"warning\"", 6), Outcome::Warn);
}

#[test]
fn what_cannot_be_told_never_passes() {
    let whole = made_up(100, 0, 0.0);
    let open = (vec![Outcome::NotRun], Verdict::NotEnough);
    let none = made_up(100, 0, f64::NAN);
    assert_eq!(outcomes(&[NO_MORE], &none, &whole), open, "no number in any file");
    assert_eq!(outcomes(&[NO_MORE], &whole, &none), open, "none in the baseline");
    assert_eq!(outcomes(&[NO_MORE], &made_up(19, 0, 0.0), &whole), open, "too few files");
    assert_eq!(outcomes(&[NO_MORE], &whole, &made_up(19, 0, 0.0)), open, "too few in the baseline");
    assert_eq!(outcomes(&["mean(y)\"\nmin = 0"], &whole, &whole), open, "no such column");
    assert_eq!(outcomes(&["delta\"\nmin = 0"], &whole, &whole), open, "no spectrum");
    assert_eq!(outcomes(&["brightness_shift\"\natol = 1"], &whole, &whole), open, "no vectors");
    assert_eq!(outcomes(&["n_images\"\nmin = 1"], &made_up(2, 0, 0.0), &whole), open, "two images");
    assert_eq!(outcomes(&["n_images\"\nmin = 3"], &made_up(2, 0, 0.0), &whole).1, Verdict::NotAcceptable);
    let both = [NO_MORE, "mean(y)\"\nmin = 0\nseverity = \"warning\""];
    assert_eq!(outcomes(&both, &whole, &whole).1, Verdict::Acceptable, "a warning that was not run, beside a pass");
}
