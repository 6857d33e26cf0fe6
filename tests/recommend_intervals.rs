//! Intervals of recommended settings: against a bootstrap over images, and how often they cover the number that they
//! estimate, on photographs that may lie beside the project.

#[path = "support/photographs.rs"]
mod photographs;
#[path = "support/shared.rs"]
mod shared;

use photographs::{files, spectrum};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::shared;
use specscan::dataset::Transform;
use specscan::diffusion::{Kappa, SetBounds, rounding_power, training_density};
use specscan::spectral::Channels;
use specscan::spectrum::{RapsdOf, Spectrum};
use specscan::stats::jackknife::Interval;
use specscan::stats::set_intervals::{brightness_variance, pixel_deviation};
use specscan::stats::student::student_quantile;

/// Side of the working images, pixels.
const SIDE: usize = 64;

/// A spectrum of each photograph; none where there are no photographs.
fn photographs() -> Vec<Spectrum> {
    let folder = shared("data/bench");
    if !folder.exists() {
        println!("skipped: {} does not exist", folder.display());
        return Vec::new();
    }
    let single = |file: &specscan::dataset::SourceFile| {
        spectrum(std::slice::from_ref(file), Transform::CenterCropDhariwal, SIDE, Channels::Luma)
    };
    files(&folder).iter().map(single).collect()
}

/// The spectrum of `n` photographs drawn with replacement.
fn drawn(all: &[Spectrum], n: usize, random: &mut ChaCha8Rng) -> Spectrum {
    let mut merged = all[random.random_range(0..all.len())].clone();
    for _ in 1..n {
        merged.merge(&all[random.random_range(0..all.len())], true).expect("alike");
    }
    merged
}

/// P_mean, P_std, sigma_data, ln variance of brightness, and both quantiles of bounds.
fn settings(spectrum: &Spectrum) -> [Interval; 6] {
    let rounding = rounding_power(-1.0, 1.0);
    let statistics = spectrum.radial_statistics(RapsdOf::ChannelMean);
    let one = Kappa::new(1.0, 1.0).expect("positive");
    let density = training_density(&statistics, SIDE, one, rounding).expect("power");
    let [p_mean, p_std] =
        [density.p_mean, density.p_std].map(|e| Interval { value: e.value, low95: e.low95, high95: e.high95 });
    let set = spectrum.set_vector().expect("sums");
    let std = spectrum.color_covariance().expect("images")[0].sqrt();
    let brightness = brightness_variance(&set).map(f64::ln);
    let bounds = SetBounds::new(spectrum, Kappa::default(), rounding).expect("bounds");
    [p_mean, p_std, pixel_deviation(std, &[0], &set), brightness, bounds.sigma_min(0.05), bounds.sigma_max(0.95)]
}

const NAMES: [&str; 6] = ["P_mean", "P_std", "sigma_data", "ln brightness variance", "sigma_min", "sigma_max"];

#[test]
fn half_widths_are_those_of_a_bootstrap_over_images() {
    let all = photographs();
    if all.is_empty() {
        return;
    }
    let mut whole = all[0].clone();
    all[1..].iter().for_each(|spectrum| whole.merge(spectrum, true).expect("alike"));
    let n = all.len();
    let own = settings(&whole);
    let mut random = ChaCha8Rng::seed_from_u64(14);
    let resampled: Vec<[Interval; 6]> = (0..200).map(|_| settings(&drawn(&all, n, &mut random))).collect();
    let t = student_quantile(n as f64 - 1.0);
    for (i, name) in NAMES.iter().enumerate().take(4) {
        let values: Vec<f64> = resampled.iter().map(|settings| settings[i].value).collect();
        let mean = values.iter().sum::<f64>() / 200.0;
        let std = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 199.0).sqrt();
        let ratio = own[i].half_width().expect("files") / (t * std);
        println!("{name}: ± {:?}, of the bootstrap ± {}: {ratio}", own[i].half_width(), t * std);
        assert!((0.8..=1.25).contains(&ratio), "{name}: {ratio}");
    }
}

#[test]
fn intervals_cover_and_shrink_as_the_root_of_the_number_of_images() {
    let all = photographs();
    if all.is_empty() {
        return;
    }
    let mut whole = all[0].clone();
    all[1..].iter().for_each(|spectrum| whole.merge(spectrum, true).expect("alike"));
    let truth = settings(&whole).map(|interval| interval.value);
    let mut random = ChaCha8Rng::seed_from_u64(15);
    let n_draws = 300;
    let mut widths = Vec::new();
    for n in [12, 48] {
        let draws: Vec<[Interval; 6]> = (0..n_draws).map(|_| settings(&drawn(&all, n, &mut random))).collect();
        let mut width = [0.0; 6];
        for (i, name) in NAMES.iter().enumerate() {
            let covers = |interval: &Interval| {
                // Bins of the counts are 0.3 % wide.
                let slack = 0.003 * truth[i].abs();
                interval.low95.is_none_or(|low| low - slack <= truth[i])
                    && interval.high95.is_none_or(|high| high + slack >= truth[i])
            };
            let share = draws.iter().filter(|settings| covers(&settings[i])).count() as f64 / f64::from(n_draws);
            width[i] = draws.iter().filter_map(|settings| settings[i].half_width()).sum::<f64>() / f64::from(n_draws);
            println!("{name}, {n} images: covered {share}, ± {}", width[i]);
            let most = if i < 4 { 0.99 } else { 1.0 };
            assert!((0.88..=most).contains(&share), "{name}, {n} images: {share}");
        }
        widths.push(width);
    }
    for i in 0..3 {
        // Student's quantile falls as well: 2.20 of 12, 2.01 of 48.
        let ratio = widths[0][i] / widths[1][i] / (student_quantile(11.0) / student_quantile(47.0));
        assert!((1.7..=2.3).contains(&ratio), "{}: {ratio}", NAMES[i]);
    }
}
