//! The program against an independent NumPy computation that may lie beside the project: every mode of the
//! photographs, and JPEG files through the decoder and the resampler.
//!
//! Skipped, with the reason printed, where the computation or a Python with NumPy, SciPy and Pillow is missing; with
//! `SPECSCAN_REQUIRE_ORACLE=1` that is a failure. `SPECSCAN_PYTHON` names the interpreter, `SPECSCAN_SHARED` the folder
//! with `oracle` and `data`.

#[path = "support/photographs.rs"]
mod photographs;
#[path = "support/shared.rs"]
mod shared;

use std::path::{Path, PathBuf};
use std::process::Command;

use photographs::{files, spectrum};
use serde_json::Value;
use shared::shared;
use specscan::dataset::Transform;
use specscan::spectral::{Channels, Size};
use specscan::stats::power_law::{Estimator, FitRange};
use specscan::stats::spectrum_fit::fit_spectrum;
use specscan::stats::student::student_quantile;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn python() -> String {
    std::env::var("SPECSCAN_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// What is missing for a comparison on `photos`, if anything.
fn missing(photos: &Path) -> Option<String> {
    let oracle = shared("oracle/specref.py");
    if let Some(path) = [oracle.as_path(), photos].iter().find(|path| !path.exists()) {
        return Some(format!("{} does not exist", path.display()));
    }
    let imports = Command::new(python()).args(["-c", "import numpy, PIL, scipy"]).output();
    match imports {
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            Some(format!("{} has no NumPy, SciPy or Pillow: {}", python(), String::from_utf8_lossy(&output.stderr)))
        }
        Err(error) => Some(format!("{} cannot be started: {error}", python())),
    }
}

/// Whether a comparison on `photos` can run; says why not.
fn is_possible(photos: &Path) -> bool {
    let reason = missing(photos);
    if let Some(reason) = &reason {
        let required = std::env::var_os("SPECSCAN_REQUIRE_ORACLE").is_some_and(|v| v == "1");
        assert!(!required, "the comparison is required: {reason}");
        println!("skipped: {reason}");
    }
    reason.is_none()
}

/// Runs the comparison of what the program writes.
fn compare(photos: &Path, mode: &[&str]) {
    if is_possible(photos) {
        run_script("compare_with_oracle.py", &[&[&*photos.to_string_lossy()], mode].concat());
    }
}

/// Runs a script of comparisons, with these arguments after the oracle and the program.
fn run_script(script: &str, arguments: &[&str]) {
    let output = Command::new(python())
        .arg(root("tests/reference").join(script))
        .args([shared("oracle").as_path(), Path::new(env!("CARGO_BIN_EXE_specscan"))])
        .args(arguments)
        .output()
        .expect("Python starts");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("ok  "), "nothing was compared: {text}");
}

#[test]
fn photographs_agree_mode_by_mode() {
    compare(&root("fixtures/photos"), &[]);
}

#[test]
fn jpeg_files_agree_after_resampling() {
    compare(&shared("data/bench"), &["jpeg"]);
}

#[test]
fn latents_agree_mode_by_mode() {
    if is_possible(&shared("oracle")) {
        run_script("compare_latents.py", &[]);
    }
}

/// Numbers `[Δ, half-width by annuli, half-width]` by name, as the library has them. The oracle's intervals are by
/// annuli alone, which is all of the radial estimators' and nearly all of the others' where images are not small.
fn library_fits(photos: &Path, transform: Transform, side: usize, channels: Channels) -> Vec<(&'static str, [f64; 3])> {
    let spectrum = spectrum(&files(photos), transform, side, channels);
    let channels = fit_spectrum(&spectrum, &FitRange::for_size(Size::square(side)), true).expect("images");
    let mut fits = Vec::new();
    for estimator in [Estimator::Radial, Estimator::Modes, Estimator::Whittle] {
        let fit = channels[0].fit(estimator).expect("a power law");
        let t = student_quantile(fit.n_files as f64 - 1.0);
        let half_width = 0.5 * (fit.delta_high95.expect("files") - fit.delta_low95.expect("files"));
        fits.push((estimator.name(), [fit.delta, t * fit.delta_se_by_annuli.expect("files"), half_width]));
        for (half, estimate) in fit.bend.iter().flat_map(|bend| [("coarse", bend.coarse), ("fine", bend.fine)]) {
            let half_width = estimate.half_width().expect("files");
            fits.push((half, [estimate.value, half_width, half_width]));
        }
    }
    fits
}

#[test]
fn every_delta_and_its_interval_agree() {
    let (fixtures, bench) = (root("fixtures/photos"), shared("data/bench"));
    for (photos, transform, fit, side, channels) in [
        (&fixtures, Transform::Crop, "crop", 128, Channels::Rgb),
        (&fixtures, Transform::Tile, "tile", 64, Channels::Luma),
        (&bench, Transform::CenterCropDhariwal, "adm", 64, Channels::Rgb),
        (&bench, Transform::Tile, "tile", 64, Channels::Luma),
    ] {
        if !is_possible(photos) {
            continue;
        }
        let output = Command::new(python())
            .args([shared("oracle/specref.py").as_path(), Path::new("fit"), photos])
            .args(["--size", &side.to_string(), "--fit", fit, "--channels", channels.name()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("Python starts");
        let oracle: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let fits = library_fits(photos, transform, side, channels);
        assert_eq!(fits.len(), 5);
        for (name, [delta, by_annuli, half_width]) in fits {
            let want = ["delta", "low95", "high95"].map(|key| oracle[name][key].as_f64().expect("a number"));
            let deviation = (delta / want[0] - 1.0).abs();
            let want_half = 0.5 * (want[2] - want[1]);
            let half_deviation = (by_annuli / want_half - 1.0).abs();
            let case = format!("{}, {fit} {side}, {name}", photos.display());
            println!("{case}: {delta} deviates by {deviation:.1e}, its half-width by {half_deviation:.1e}");
            assert!(deviation <= 1e-6, "{case}: {delta} and {}", want[0]);
            assert!(half_deviation <= 1e-3, "{case}: ±{by_annuli} and ±{want_half}");
            let added = half_width / by_annuli - 1.0;
            assert!((-1e-9..=0.05).contains(&added), "{case}: {added} beyond what annuli see");
            assert!(added <= 1e-9 || ["modes", "whittle"].contains(&name), "{case}");
        }
    }
}

/// The value and the ends of an interval, from an object that names them so.
fn interval(object: &Value) -> [Option<f64>; 3] {
    ["value", "low95", "high95"].map(|key| object[key].as_f64())
}

/// What `recommend` says of `photos` as one JSON object.
fn recommended(photos: &Path, side: usize, options: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_specscan"))
        .args([Path::new("recommend"), photos])
        .args(["--resolution", &side.to_string(), "--allow-upscale", "--json", "--plots", "none"])
        .args(options)
        .arg("-o")
        .arg(folder.path())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn recommended_settings_agree() {
    for (photos, side) in [(shared("data/bench"), 64), (shared("data/photos"), 64), (root("fixtures/photos"), 128)] {
        if !is_possible(&photos) {
            continue;
        }
        let output = Command::new(python())
            .args([shared("oracle/specref.py").as_path(), Path::new("recommend"), &photos])
            .args(["--size", &side.to_string(), "--fit", "adm", "--channels", "rgb"])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("Python starts");
        let oracle: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let report = recommended(&photos, side, &["--transform", "center-crop-dhariwal"]);
        let setting = |name: &str| {
            let settings = report["settings"].as_array().expect("settings");
            settings.iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
        };
        let (narrow, wide) = (&oracle["density_kappa_1"], &oracle["density_default"]);
        // Of few photographs some annuli lie below one at a higher frequency: the oracle's gradient moves the schedule
        // with them, though they do not enter it.
        let density_ends = if photos.ends_with("bench") { 1e-3 } else { 3e-3 };
        for (name, want, value_tolerance, end_tolerance) in [
            ("sigma_data", interval(&oracle["sigma_data"]), 1e-4, 0.0),
            ("sigma_min", interval(&oracle["sigma_min"]), 5e-3, 5e-3),
            ("sigma_bands", interval(&oracle["sigma_max"]), 5e-3, 5e-3),
            ("sigma_brightness", [oracle["sigma_max_brightness"].as_f64(), None, None], 1e-4, 0.0),
            ("P_mean", interval(&narrow["p_mean"]), 1e-4, density_ends),
            ("P_std", interval(&narrow["p_std"]), 1e-4, density_ends),
            ("P_std_wide", interval(&wide["p_std"]), 1e-4, density_ends),
        ] {
            let got = interval(&setting(name));
            println!("{}, {side} px, {name}: {got:?}, oracle {want:?}", photos.display());
            let near = |got: f64, want: f64, tolerance: f64| (got / want - 1.0).abs() <= tolerance;
            assert!(near(got[0].expect("a value"), want[0].expect("a value"), value_tolerance), "{name}");
            if name == "sigma_data" {
                // With the mean image as one constant the interval is a little wider, the more so the fewer images; and
                // wider by 3 over their number, in logarithms (docs/maths.md §15).
                let n = report["counts"]["n_files"].as_f64().expect("files");
                let ends = |ends: [Option<f64>; 3]| (ends[1].expect("files"), ends[2].expect("files"));
                let ((low, high), (oracle_low, oracle_high)) = (ends(got), ends(want));
                let half = 0.5 * (high / low).ln() * got[0].expect("a value");
                let wider = half / (1.0 + 3.0 / n) / (0.5 * (oracle_high - oracle_low));
                println!("of {n} files wider than the oracle's by {wider} and 1 + 3/{n}");
                assert!((1.0..=1.15).contains(&wider), "{wider}");
            }
            for end in [1, 2].into_iter().filter(|_| end_tolerance > 0.0) {
                let agree = got[end].zip(want[end]).map_or(got[end] == want[end], |(g, w)| near(g, w, end_tolerance));
                assert!(agree, "{name}: {got:?} and {want:?}");
            }
        }
    }
}

#[test]
fn twice_the_side_is_twice_the_noise() {
    let bench = shared("data/bench");
    if !bench.exists() {
        return;
    }
    let report = recommended(&bench, 64, &["--transform", "center-crop-dhariwal", "--resolutions", "128"]);
    let row = &report["planner"][0];
    assert_eq!(row["source"], "measured");
    let shift = row["shift"].as_f64().expect("a number");
    println!("64 to 128: {shift}");
    assert!((shift / 2.0 - 1.0).abs() <= 0.03, "{shift}");
}
