//! Ground truth through the pixels: 8-bit images of a known spectrum run through the whole engine, and what comes out
//! is what went in. Degenerate sets leave empty cells and reasons, never a number that is none.

#[path = "support/engine.rs"]
mod engine;
#[path = "support/noise.rs"]
mod noise;

use engine::spectrum_of;
use noise::PowerLawNoise;
use specscan::analysis::covariance::{coherence_rows, gamma_radial_rows};
use specscan::analysis::fit_delta::fit_rows;
use specscan::analysis::rapsd::rapsd_rows;
use specscan::spectral::{Channels, Size};
use specscan::spectrum::{AnalysisConfig, RapsdOf, SpectrumError, Standardize};
use specscan::stats::power_law::{Estimator, FitRange, PowerLawFit};
use specscan::stats::spectrum_covariance::{SpectrumCovarianceError, color_covariance, diagonality};
use specscan::stats::spectrum_fit::fit_spectrum;

const N_IMAGES: u64 = 32;
const SIZES: [(usize, usize); 4] = [(64, 64), (63, 63), (61, 61), (64, 48)];
const DELTAS: [f64; 5] = [0.0, 0.5, 1.0, 1.5, 2.0];

/// Pixel deviation of the images: four and a half of them fit between black and white.
const PIXEL_STD: f64 = 0.22;

/// One Δ that was put in, and what an estimator says of it.
struct Check {
    size: Size,
    truth: f64,
    amplitude: f64,
    channel: &'static str,
    fit: PowerLawFit,
}

impl Check {
    /// Error in units of the stated interval's half width.
    fn error(&self) -> f64 {
        let high = self.fit.delta_high95.expect("more than five files");
        (self.fit.delta - self.truth) / (high - self.fit.delta)
    }

    fn label(&self) -> String {
        let PowerLawFit { estimator, delta, delta_low95, delta_high95, .. } = &self.fit;
        format!(
            "{} {estimator} {}: {delta} [{delta_low95:?}, {delta_high95:?}], put in {}",
            self.size, self.channel, self.truth
        )
    }
}

/// Where the law can be seen: the default range, but for the steepest law from the second annulus up to 0.3 cycles
/// per pixel. The first would take nearly all of the 8 bits, and beyond 0.3 the power comes within 50 times the
/// 5.1e-6 of rounding, which bends the spectrum.
fn range_of(size: Size, delta: f64) -> FitRange {
    let range = FitRange::for_size(size);
    let steep = FitRange { low_exclusive: 3.0 * range.low_exclusive, high_inclusive: 0.3, ..range };
    if delta > 1.5 { steep } else { range }
}

fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    for (i, (h, w)) in SIZES.into_iter().enumerate() {
        let size = Size::new(h, w);
        for (j, truth) in DELTAS.into_iter().enumerate() {
            let range = range_of(size, truth);
            let noise = PowerLawNoise::with_pixel_std(size, truth, range.low_exclusive, PIXEL_STD);
            let images = noise.images(N_IMAGES as usize, 1000 + 10 * i as u64 + j as u64);
            let spectrum = spectrum_of(&AnalysisConfig::new(size), &images);
            // The mean over channels is left out: it says nothing that its three channels do not.
            for channel in fit_spectrum(&spectrum, &range, true).expect("images vary").into_iter().skip(1) {
                for (_, fit) in channel.fits {
                    let fit = fit.expect("a power law");
                    checks.push(Check { size, truth, amplitude: noise.amplitude, channel: channel.channel, fit });
                }
            }
        }
    }
    checks
}

#[test]
fn a_known_exponent_comes_back_within_the_stated_interval() {
    let checks = checks();
    assert_eq!(checks.len(), SIZES.len() * DELTAS.len() * 3 * 3);
    for check in &checks {
        // One interval in twenty may miss, but by less than its own width.
        assert!(check.error().abs() <= 2.0, "{}", check.label());
        let amplitude = check.fit.amplitude / check.amplitude;
        assert!((amplitude - 1.0).abs() <= 0.06, "{}: A is off by a factor of {amplitude}", check.label());
        assert_eq!((check.fit.n_images, check.fit.n_files), (N_IMAGES, N_IMAGES));
    }
    for estimator in [Estimator::Modes, Estimator::Radial, Estimator::Whittle] {
        let errors: Vec<f64> = checks.iter().filter(|c| c.fit.estimator == estimator).map(Check::error).collect();
        let covered = errors.iter().filter(|e| e.abs() <= 1.0).count() as f64 / errors.len() as f64;
        assert!(covered >= 0.88, "{estimator}: {covered} of the intervals hold the truth");
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        // Half widths are 2.04 standard errors (31 degrees of freedom); the mean of 60 scatters by 0.063 of them.
        assert!(mean.abs() <= 0.25, "{estimator}: errors are off centre by {mean} half widths");
    }
}

#[test]
fn the_spectrum_that_was_put_in_is_measured_mode_by_mode() {
    let size = Size::new(61, 48);
    let noise = PowerLawNoise::with_pixel_std(size, 1.0, 0.0, PIXEL_STD);
    let n = 200;
    let spectrum = spectrum_of(&AnalysisConfig::new(size), &noise.images(n, 77));
    let gamma = spectrum.mode_covariance().expect("images").channel_mean();
    let grid = spectrum.grid();
    let relative: Vec<f64> =
        (1..grid.n_modes()).map(|k| gamma[k] / (noise.amplitude.powi(2) * grid.frequencies()[k].powi(-2))).collect();
    let mean = relative.iter().sum::<f64>() / relative.len() as f64;
    assert!((mean - 1.0).abs() <= 0.01, "{mean}");
    // Three channels of n squares each, of relative deviation 1 (√2 for the three real modes).
    let deviation = (3.0 * n as f64).sqrt().recip();
    assert!(relative.iter().all(|r| (r - 1.0).abs() <= 8.0 * deviation), "{relative:?}");
    let spread = (relative.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / relative.len() as f64).sqrt();
    assert!((spread / deviation - 1.0).abs() <= 0.1, "{spread} and {deviation}");
    // Gaussian images: kurtosis 2, no preferred phase, nothing shared between channels.
    for row in
        gamma_radial_rows(&spectrum, &spectrum.mode_covariance().expect("images")).iter().filter(|r| r.channel == "g")
    {
        if row.bin >= 3 {
            let (kurtosis, pseudo) = (row.kurtosis.expect("varies"), row.pseudo_covariance_ratio.expect("varies"));
            assert!((kurtosis - 2.0).abs() <= 0.2, "bin {}: κ4 {kurtosis}", row.bin);
            // √(π/2n) by chance.
            assert!((pseudo - 0.0886).abs() <= 0.025, "bin {}: |C|/Γ {pseudo}", row.bin);
        }
    }
}

fn full_config(size: Size, channels: Channels) -> AnalysisConfig {
    AnalysisConfig { channels, coherence: true, diagonality_side: Some(8), ..AnalysisConfig::new(size) }
}

/// Every number of every table a set leaves is finite, and JSON and CSV hold no `NaN`.
fn assert_tables_are_finite(label: &str, config: &AnalysisConfig, images: &[Vec<u8>]) {
    let spectrum = spectrum_of(config, images);
    let gamma = spectrum.mode_covariance().expect("enough images");
    let mut tables = vec![
        serde_json::to_value(rapsd_rows(&spectrum, RapsdOf::ChannelMean)).expect("serialises"),
        serde_json::to_value(gamma_radial_rows(&spectrum, &gamma)).expect("serialises"),
        serde_json::to_value(coherence_rows(&spectrum, &gamma).expect("Γ exists")).expect("serialises"),
        serde_json::to_value(color_covariance(&spectrum).expect("decomposes")).expect("serialises"),
        serde_json::to_value(diagonality(&spectrum).expect("decomposes")).expect("serialises"),
    ];
    let fits = fit_spectrum(&spectrum, &FitRange::for_size(config.size), true).expect("Γ exists");
    tables.push(serde_json::to_value(fit_rows(&fits)).expect("serialises"));
    // JSON has no NaN: a number that is none becomes `null`, as an absent one does. Powers are never absent.
    for (table, rows) in ["rapsd", "gamma"].iter().zip(&tables) {
        for row in rows.as_array().expect("rows") {
            let powers = row.as_object().expect("a row").iter();
            for (name, value) in powers.filter(|(name, _)| name.starts_with("power_") || *name == "gamma_mean") {
                // A deviation below the fixed-point grid, as of equal images, cannot be told.
                let may_be_absent = name.ends_with("_db") || *name == "power_std";
                assert!(value.is_number() || may_be_absent, "{label}: {table} {name} is {value} in {row}");
            }
        }
    }
    assert!(tables[3]["covariance"].as_array().expect("a matrix").iter().all(|v| v.is_number()), "{label}");
}

#[test]
fn degenerate_sets_leave_no_number_that_is_none() {
    let size = Size::new(16, 12);
    let flat = |v: [u8; 3]| v.repeat(size.n_pixels());
    let step: Vec<u8> = (0..size.n_pixels()).flat_map(|p| [if p % 12 < 6 { 0 } else { 255 }; 3]).collect();
    let sets = [
        ("black", vec![flat([0; 3]); 4]),
        ("one flat colour", vec![flat([200, 30, 90]); 3]),
        ("flat colours", vec![flat([0; 3]), flat([255; 3]), flat([200, 30, 90]), flat([77, 78, 79])]),
        ("one image again and again", vec![step.clone(); 5]),
        ("a grey among flat ones", vec![flat([9; 3]), flat([9; 3]), step]),
    ];
    for (label, images) in &sets {
        for channels in [Channels::Rgb, Channels::Luma, Channels::Ycbcr] {
            for standardize in [Standardize::Mean, Standardize::None] {
                assert_tables_are_finite(label, &AnalysisConfig { standardize, ..full_config(size, channels) }, images);
            }
        }
    }
}

#[test]
fn a_set_that_does_not_vary_has_no_power_law() {
    let size = Size::square(16);
    let images = vec![[120, 130, 140].repeat(size.n_pixels()); 6];
    let spectrum = spectrum_of(&AnalysisConfig::new(size), &images);
    for channel in fit_spectrum(&spectrum, &FitRange::for_size(size), true).expect("Γ exists") {
        for (estimator, fit) in channel.fits {
            let reason = fit.expect_err("nothing to fit").to_string();
            assert!(!reason.is_empty(), "{estimator}");
        }
    }
}

#[test]
fn one_image_has_a_rapsd_and_says_what_it_lacks() {
    let size = Size::square(16);
    let noise = PowerLawNoise::with_pixel_std(size, 1.0, 0.0, PIXEL_STD);
    let spectrum = spectrum_of(&full_config(size, Channels::Rgb), &noise.images(1, 3));
    for row in rapsd_rows(&spectrum, RapsdOf::ChannelMean) {
        assert_eq!(row.power_std, None);
        assert_eq!([row.power_q05, row.power_q50, row.power_q95], [row.power_mean; 3]);
    }
    assert!(matches!(fit_spectrum(&spectrum, &FitRange::paper(), true), Err(SpectrumError::TooFewImages { .. })));
    assert!(matches!(
        color_covariance(&spectrum),
        Err(SpectrumCovarianceError::Spectrum(SpectrumError::TooFewImages { .. }))
    ));
}
