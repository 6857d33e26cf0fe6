//! How often `check` is right: random halves of photographs, which differ by chance alone, and a tenth of the images
//! changed. The policy is the one that `check --init` writes. The photographs may lie beside the project
//! (`shared/data`); thresholds of detectors were chosen on `more`, rates are stated on `bench`. Nothing is random but
//! for the seeds below.
//!
//! `cargo test --test check -- --nocapture` prints the table of docs/ci.md.

#[path = "support/damage.rs"]
mod damage;
#[path = "support/shared.rs"]
mod shared;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use damage::{Damage, blurred, enlarged, jpeg, map, noisy};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ImageFormat, Rgb, RgbImage};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use shared::shared;
use specscan::analysis::check::init::policy_of;
use specscan::analysis::check::judge::{Outcome, RuleResult, judge, verdict};
use specscan::analysis::check::values::{Between, FileValues, SetValues};
use specscan::analysis::check::{Init, Policy, Purpose};
use specscan::analysis::{Analysis, Desk, Resolution, Run, Source, SourceOptions, Verdict, answer};
use specscan::dataset::Transform;
use specscan::pipeline::Cancel;
use specscan::pipeline::observer::Silent;
use specscan::spectral::Size;
use specscan::spectrum::SetVector;
use specscan::stats::limits::wilson;

const SIDE: usize = 256;
/// Photographs are cut into tiles of this side where a thousand files are needed, so many of each at most.
const TILE_SIDE: usize = 128;
const TILES_PER_PHOTOGRAPH: usize = 6;
const N_TILES: usize = 1000;
const N_SPLITS: usize = 200;
const N_TRIALS: usize = 200;
/// One of so many images is changed in a trial; of files that are cut off half as many.
const ONE_OF: usize = 10;

static CANCEL: Cancel = Cancel::new(false);

fn values_of(folder: &Path, side: usize) -> SetValues {
    let desk = Desk { threads: 2, ..Desk::new("check-init", &Silent, &CANCEL) };
    let options = SourceOptions {
        inputs: vec![folder.to_owned()],
        resolution: Some(Resolution::Fixed(Size::square(side))),
        transform: Some(Transform::CenterCropDhariwal),
        threads: 2,
        ..SourceOptions::default()
    };
    let init = Init { purpose: Purpose::WithPolicy };
    let source = Source::open(&options, init.needs(), &Silent).expect("photographs");
    answer(&Run { source, desk }, &init).expect("numbers").1.values
}

fn photographs_are_missing() -> bool {
    let missing = ["data/more", "data/bench"].map(shared).into_iter().find(|folder| !folder.is_dir());
    missing.iter().for_each(|folder| println!("skipped: {} does not exist", folder.display()));
    missing.is_some()
}

/// 400 photographs and 200 others, measured once for all tests; none if they do not lie beside the project.
fn photographs() -> Option<&'static (SetValues, SetValues)> {
    static MEASURED: LazyLock<(SetValues, SetValues)> = LazyLock::new(|| {
        let [more, bench] = ["data/more", "data/bench"].map(|folder| values_of(&shared(folder), SIDE));
        (more, bench)
    });
    (!photographs_are_missing()).then(|| &*MEASURED)
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

fn letterboxed(image: &RgbImage) -> RgbImage {
    let (width, height) = image.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        let is_bar = y < height / 8 || y >= height - height / 8;
        if is_bar { Rgb([0; 3]) } else { *image.get_pixel(x, y) }
    })
}

/// Kinds of damage, and the least share of trials in which they have to be seen.
const DAMAGES: &[(&str, f64, Damage)] = &[
    ("blur σ = 1", 0.95, |i| blurred(i, 1.0)),
    ("JPEG quality 30", 0.95, |i| jpeg(i, 30)),
    ("2× enlargement, nearest", 0.95, |i| enlarged(i, 2.0, FilterType::Nearest)),
    ("2× enlargement, bicubic", 0.95, |i| enlarged(i, 2.0, FilterType::CatmullRom)),
    ("letterboxing", 0.95, letterboxed),
    ("noise σ = 5/255", 0.95, |i| noisy(i, 5.0)),
    ("gamma 1.4", 0.0, |i| map(i, |p| p.map(|v| 255.0 * (v / 255.0).powf(1.4)))),
    ("channels swapped", 0.0, |i| map(i, |[r, g, b]| [b, g, r])),
];

fn stem(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(stem, _)| stem)
}

/// The bytes of a folder's files by their stems, in the order of their names.
fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("files").map(|e| e.expect("a file").path()).collect();
    paths.sort();
    let read = |path: &PathBuf| std::fs::read(path).expect("readable");
    let name = |path: &PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), read(path))).collect()
}

/// The numbers of files after `change`, which says how each is written and what its name ends in.
fn changed(files: &[(String, Vec<u8>)], side: usize, change: impl Fn(&[u8]) -> (&'static str, Vec<u8>)) -> SetValues {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        let (ending, bytes) = change(bytes);
        std::fs::write(folder.path().join(format!("{name}.{ending}")), bytes).expect("written");
    }
    values_of(folder.path(), side)
}

fn opened(bytes: &[u8]) -> RgbImage {
    image::load_from_memory(bytes).expect("an image").to_rgb8()
}

fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).expect("encodes");
    bytes
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

/// Prints the share of trials in which each damage of a tenth of the files is seen, and asserts those that have to be.
fn assert_seen(files: &[(String, Vec<u8>)], side: usize, set: &SetValues, baseline: &SetValues) {
    let n_changed = set.files.len().div_ceil(ONE_OF);
    println!("\n{n_changed} of {} files against {}", set.files.len(), baseline.files.len());
    let clean = results(&policy(baseline), set, baseline);
    let broken: Vec<_> = clean.iter().filter(|rule| rule.outcome != Outcome::Pass).collect();
    assert!(broken.is_empty(), "unchanged: {broken:?}");
    println!("\n| change | seen | by (trials) |\n|---|---|---|");
    let mut failed = Vec::new();
    let mut look = |name: &str, least: f64, n: usize, damaged: &SetValues| {
        let (seen, rules) = rate(set, damaged, n, baseline, name);
        if (seen as f64) < least * N_TRIALS as f64 {
            failed.push(format!("{name}: {seen} of {N_TRIALS} ({rules})"));
        }
    };
    for (name, least, damage) in DAMAGES {
        let damaged = changed(files, side, |bytes| ("bmp", encoded(&damage(&opened(bytes)), ImageFormat::Bmp)));
        look(name, *least, n_changed, &damaged);
    }
    // One of them stays whole, so that there is something to look at.
    let whole = files[0].1.as_slice();
    let cut = changed(files, side, |bytes| match bytes == whole {
        true => ("jpg", bytes.to_vec()),
        false => ("jpg", bytes[..bytes.len() * 6 / 10].to_vec()),
    });
    look("5 % of the files cut off", 0.95, n_changed / 2, &cut);
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn a_tenth_of_the_images_changed_is_seen_in_nearly_every_trial() {
    let Some((more, bench)) = photographs() else { return };
    assert_seen(&files_of(&shared("data/bench")), SIDE, bench, more);
}

/// Tiles of a folder's photographs as files, saved as JPEG: the first of every photograph, then the second of each, up
/// to `n`; of a photograph that has more than six, six that are evenly spread.
fn tiles(folder: &str, n: usize) -> Vec<(String, Vec<u8>)> {
    let side = TILE_SIDE as u32;
    let mut tiles = Vec::new();
    for (name, bytes) in files_of(&shared(folder)).iter().filter(|(name, _)| name != "README") {
        let image = opened(bytes);
        let across = image.width() / side;
        let n_all = (across * (image.height() / side)) as usize;
        let n_taken = n_all.min(TILES_PER_PHOTOGRAPH);
        for k in 0..n_taken {
            let at = (k * n_all / n_taken) as u32;
            let tile = imageops::crop_imm(&image, at % across * side, at / across * side, side, side).to_image();
            let mut bytes = Vec::new();
            JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(&tile).expect("encodes");
            tiles.push((k, format!("{name}-{k}"), bytes));
        }
    }
    tiles.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    tiles.into_iter().take(n).map(|(_, name, bytes)| (name, bytes)).collect()
}

/// The photograph of a tile.
fn photograph_of(key: &str) -> &str {
    key.rsplit_once('-').map_or(key, |(name, _)| name)
}

#[test]
fn a_tenth_of_a_thousand_tiles_changed_is_seen_in_nearly_every_trial() {
    if photographs_are_missing() {
        return;
    }
    let (files, others) = (tiles("data/bench", N_TILES), tiles("data/more", 2 * N_TILES));
    let same = |bytes: &[u8]| ("jpg", bytes.to_vec());
    let (set, baseline) = (changed(&files, TILE_SIDE, same), changed(&others, TILE_SIDE, same));
    assert_eq!((set.files.len(), baseline.files.len()), (N_TILES, 2 * N_TILES));
    let mine: BTreeSet<&str> = set.files.iter().map(|file| photograph_of(&file.key)).collect();
    assert!(baseline.files.iter().all(|file| !mine.contains(photograph_of(&file.key))), "a photograph on both sides");
    println!("\n{} tiles of {} photographs", set.files.len(), mine.len());
    false_alarms_of_tiles(&set, &baseline);
    assert_seen(&files, TILE_SIDE, &set, &baseline);
}

/// Photographs drawn anew, each with all its tiles on one side.
fn false_alarms_of_tiles(set: &SetValues, baseline: &SetValues) {
    let mut all = baseline.clone();
    all.files.extend(set.files.iter().cloned());
    let names: Vec<&str> = all.files.iter().map(|file| photograph_of(&file.key)).collect();
    let distinct: Vec<&str> = names.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut n_failed = 0;
    for _ in 0..N_SPLITS {
        let chosen: BTreeSet<&str> =
            index::sample(&mut random, distinct.len(), distinct.len() / 3).iter().map(|i| distinct[i]).collect();
        let side = |is_set: bool| (0..names.len()).filter(|i| chosen.contains(names[*i]) == is_set).collect::<Vec<_>>();
        let (set, baseline) = (all.part(side(true)), all.part(side(false)));
        n_failed += usize::from(verdict(&results(&policy(&baseline), &set, &baseline), true) != Verdict::Acceptable);
    }
    println!(
        "tiles, a third of the photographs against the others: {} of the splits fail",
        percent((n_failed, N_SPLITS))
    );
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
fn thousands_of_files_are_judged_too() {
    let (baseline, set) = (made_up(2000, 0, 0.0), made_up(1000, 100, 0.0));
    assert_eq!(outcomes(&[NO_MORE], &set, &baseline), (vec![Outcome::Fail], Verdict::NotAcceptable));
    assert_eq!(outcomes(&[NO_MORE], &made_up(1000, 0, 0.0), &baseline).0, [Outcome::Pass]);
    let middle = ["quantile(x, 0.5)\"\natol = 0"];
    assert_eq!(outcomes(&middle, &made_up(1000, 600, 0.0), &baseline).0, [Outcome::Fail]);
}

/// The result of one rule.
fn found(rule: &str, set: &SetValues, baseline: &SetValues, by_class: bool) -> Vec<RuleResult> {
    let policy = Policy::parse(&format!("[[check]]\nname = \"a\"\nmetric = \"{rule}\n")).expect("a policy");
    judge(&policy, set, Some(baseline), &Between::default(), by_class)
}

#[test]
fn folders_are_held_against_the_same_folder_of_the_baseline() {
    // Half of the ones lie in each folder of the baseline, all of the set's in one.
    let foldered = |mut set: SetValues, of: &dyn Fn(usize) -> &'static str| {
        set.files.iter_mut().enumerate().for_each(|(i, file)| file.key = format!("{}/{i}", of(i)));
        set
    };
    let baseline = foldered(made_up(200, 40, 0.0), &|i| if !(40..140).contains(&i) { "a" } else { "b" });
    let set = foldered(made_up(200, 40, 0.0), &|i| if !(20..120).contains(&i) { "a" } else { "b" });
    let outcomes: Vec<Outcome> = found(NO_MORE, &set, &baseline, true).iter().map(|rule| rule.outcome).collect();
    assert_eq!(outcomes, [Outcome::Pass, Outcome::Fail], "none of b had one before");
    assert_eq!(found(NO_MORE, &set, &baseline, false)[0].outcome, Outcome::Pass, "as many in all");
}

#[test]
fn a_folder_that_is_gone_is_no_pass() {
    let mut baseline = made_up(100, 0, 0.0);
    baseline.files.iter_mut().enumerate().for_each(|(i, file)| file.key = format!("{}/{i}", ["cat", "dog"][i % 2]));
    // Of the baseline's unreadable files only the number is known: they are no folder.
    baseline.unreadable = vec![String::new(); 2];
    let mut set = baseline.clone();
    set.unreadable.clear();
    set.files.retain(|file| file.key.starts_with("cat"));
    let results = found(NO_MORE, &set, &baseline, true);
    let of = |class: &str| results.iter().find(|rule| rule.class.as_deref() == Some(class)).expect("a rule").outcome;
    assert_eq!((results.len(), of("cat"), of("dog")), (2, Outcome::Pass, Outcome::NotRun));
    assert_eq!(verdict(&results, false), Verdict::NotEnough);
}

#[test]
fn most_files_destroyed_is_a_failure_though_few_are_left() {
    let baseline = made_up(40, 0, 0.0);
    let mut set = made_up(10, 0, 0.0);
    set.unreadable = (0..30).map(|i| format!("{i}.jpg")).collect();
    let unreadable = "unreadable_fraction\"\natol = 0\nside = \"above\"";
    assert_eq!(found(unreadable, &set, &baseline, false)[0].outcome, Outcome::Fail);
    assert_eq!(found(NO_MORE, &set, &baseline, false)[0].outcome, Outcome::NotRun, "ten files are too few");
}

#[test]
fn the_clearest_files_are_named_first() {
    let mut set = made_up(100, 0, 0.0);
    [(7, 3.0), (50, 9.0), (80, 6.0)].iter().for_each(|(i, x)| set.files[*i].numbers[0] = *x);
    let named = |rule: &str| found(rule, &set, &set, false).remove(0).files;
    assert_eq!(named("fraction(x > 1)\"\nmax = 1"), ["0050.png", "0080.png", "0007.png"]);
    assert_eq!(named("fraction(x < 7)\"\nmax = 1")[0], "0000.png");
    set.files[99].numbers[0] = -1.0;
    assert_eq!(found("fraction(x < 7)\"\nmax = 1", &set, &set, false)[0].files[0], "0099.png");
}

#[test]
fn a_mean_has_the_interval_and_the_sides_of_students_t() {
    // 100 files of which 20 are ones: 0.2 ± t(0.975, 99) · √(0.2 · 0.8/99) = 0.2 ± 1.98422 · 0.0402015
    let (set, before) = (made_up(100, 20, 0.0), made_up(100, 0, 0.0));
    let rule = &found("mean(x)\"\natol = 0", &set, &before, false)[0];
    let (low, high) = (rule.low95.expect("an end"), rule.high95.expect("an end"));
    assert!((low - 0.120_231).abs() <= 1e-6 && (high - 0.279_769).abs() <= 1e-6, "{low} {high}");
    // 2·scipy.stats.t.sf(0.2/0.0402015, 99)
    assert!((rule.p.expect("a chance") / 2.752_2e-6 - 1.0).abs() <= 1e-3, "{:?}", rule.p);
    let side = |side: &str, set, before| {
        found(&format!("mean(x)\"\natol = 0\nside = \"{side}\""), set, before, false)[0].outcome
    };
    assert_eq!((side("above", &set, &before), side("below", &set, &before)), (Outcome::Fail, Outcome::Pass));
    assert_eq!((side("above", &before, &set), side("below", &before, &set)), (Outcome::Pass, Outcome::Fail));
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
    let warned = found("fraction(x > 0.5)\"\nmax = 0\nseverity = \"warning\"", &made_up(100, 6, 0.0), &baseline, false);
    assert_eq!([false, true].map(|strict| verdict(&warned, strict)), [Verdict::Acceptable, Verdict::NotAcceptable]);
    assert_eq!(of("fraction(x > 0.5)\"\nmin = \"5%\"", 5), Outcome::Pass);
    assert_eq!(of("fraction(x > 0.5)\"\nmin = \"5%\"", 4), Outcome::Fail);
    // A share of the baseline's number, not of the set's: half of nothing is nothing.
    assert_eq!(of("fraction(x > 0.5)\"\nrtol = 2", 30), Outcome::Fail);
    // Unreadable files are a share of all that there are: 5 of 105.
    let lost = SetValues { unreadable: vec![String::new(); 5], ..made_up(100, 0, 0.0) };
    assert_eq!(outcomes(&["unreadable_fraction\"\nmax = 0.0477"], &lost, &baseline).0, [Outcome::Pass]);
    assert_eq!(outcomes(&["unreadable_fraction\"\nmax = 0.0475"], &lost, &baseline).0, [Outcome::Fail]);
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
    let open = [NO_MORE, "mean(y)\"\nmin = 0"];
    assert_eq!(outcomes(&open, &whole, &whole).1, Verdict::NotEnough, "an error that was not run, beside a pass");
    assert_eq!(
        outcomes(&[NO_MORE], &made_up(20, 0, 0.0), &made_up(20, 0, 0.0)).0,
        [Outcome::Pass],
        "just enough files"
    );
}
