//! The whole program against NumPy: photographs in, and the same radial power, covariances and power laws out.
//!
//! The numbers are in `tests/reference/photo_spectra.json`; the script that made them lies beside it.

use std::path::Path;

use serde_json::Value;
use specscan::dataset::{PreprocessConfig, Transform, list_inputs};
use specscan::pipeline::observer::Silent;
use specscan::pipeline::{Cancel, NoRows, ScanConfig, scan};
use specscan::spectral::{Channels, Named, Size};
use specscan::spectrum::{AnalysisConfig, RapsdOf, Spectrum};
use specscan::stats::power_law::{Estimator, FitRange};
use specscan::stats::spectrum_fit::fit_spectrum;

fn root(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Scans the photographs as a reference set was made.
fn scan_as(set: &Value) -> Spectrum {
    let size = Size::square(set["side"].as_u64().expect("a side") as usize);
    let transform = Transform::from_name(set["transform"].as_str().expect("a name")).expect("a transform");
    let channels = if set["channels"] == "luma" { Channels::Luma } else { Channels::Rgb };
    let config = ScanConfig {
        threads: 2,
        ..ScanConfig::new(
            PreprocessConfig { transform, size, allow_upscale: false, drop_letterbox: false },
            AnalysisConfig { channels, ..AnalysisConfig::new(size) },
        )
    };
    let files = list_inputs(&[root("fixtures/photos")]).expect("photographs").files;
    let cancel = Cancel::new(false);
    let outcome = scan(&files, &config, &mut NoRows, &Silent, &cancel).expect("photographs");
    assert_eq!(outcome.skipped, [], "{set}");
    outcome.spectrum
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn assert_close(label: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{label}");
    for (i, (a, b)) in got.iter().zip(want).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs(), "{label}, number {i}: {a} instead of {b}");
    }
}

#[test]
fn photographs_have_the_spectra_numpy_gives_them() {
    let text = std::fs::read_to_string(root("tests/reference/photo_spectra.json")).expect("the reference");
    let sets: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    assert_eq!(sets.len(), 4);
    for set in &sets {
        let name = format!("{} {} {}", set["transform"], set["side"], set["channels"]);
        let spectrum = scan_as(set);
        assert_eq!(spectrum.n_images(), set["n_images"].as_u64().expect("a count"), "{name}");
        let radial = spectrum.radial_statistics(RapsdOf::ChannelMean);
        assert_close(&format!("{name}: RAPSD"), &radial.mean, &numbers(&set["rapsd_mean"]), 1e-5);
        assert_close(&format!("{name}: its deviation"), &radial.std(), &numbers(&set["rapsd_std"]), 1e-4);

        let gamma = spectrum.mode_covariance().expect("images");
        let modes: Vec<Vec<f64>> = set["modes"].as_array().expect("a list").iter().map(numbers).collect();
        assert!(modes.len() >= 50);
        for (c, channel) in gamma.channels.iter().enumerate() {
            let (plane, side) = (spectrum.grid().to_full_plane(channel), spectrum.grid().size().width);
            let got: Vec<f64> = modes.iter().map(|mode| plane[mode[0] as usize * side + mode[1] as usize]).collect();
            assert_close(&format!("{name}: Γ of channel {c}"), &got, &numbers(&set["gamma"][c]), 1e-4);
        }
        let color = spectrum.color_covariance().expect("images");
        assert_close(&format!("{name}: colours"), &color, &numbers(&set["color_covariance"]), 1e-9);

        let fits = fit_spectrum(&spectrum, &FitRange::for_size(spectrum.grid().size()), true).expect("images");
        for estimator in [Estimator::Radial, Estimator::Modes, Estimator::Whittle] {
            let fit = fits[0].fit(estimator).expect("a power law");
            assert_eq!(fit.n_files, set["n_files"].as_u64().expect("a count"));
            let label = format!("{name}: {estimator}");
            let want = |keys: &[&str]| {
                keys.iter()
                    .map(|key| set["fits"][estimator.name()][key].as_f64().expect("a number"))
                    .collect::<Vec<_>>()
            };
            assert_close(&label, &[fit.delta, fit.amplitude, fit.r2], &want(&["delta", "amplitude", "r2"]), 1e-5);
            let interval = [fit.delta_low95.expect("12 files"), fit.delta_high95.expect("12 files")];
            assert_close(&label, &interval, &want(&["low95", "high95"]), 1e-5);
        }
        let bend = fits[0].fit(Estimator::Radial).and_then(|fit| fit.bend.clone()).expect("two halves");
        for (half, got) in [("coarse", bend.coarse), ("fine", bend.fine), ("rise", bend.rise)] {
            let want =
                ["delta", "low95", "high95"].map(|key| set["fits"]["radial"][half][key].as_f64().expect("a number"));
            let got = [got.value, got.low95.expect("12 files"), got.high95.expect("12 files")];
            assert_close(&format!("{name}: {half} half"), &got, &want, 1e-4);
        }
    }
}
