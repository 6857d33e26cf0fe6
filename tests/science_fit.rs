//! Ground truth for the power-law fits: NumPy's numbers on photographs, and synthetic images of known Δ.
//!
//! Synthetic images are drawn in the Fourier domain, mode by mode, so no transform stands between the law and the fit:
//! a complex Gaussian of variance `A² f^(−2Δ)` for a conjugate pair, a real one for a self-conjugate mode. Seeds are fixed;
//! a 95 % interval must cover the truth in 90–99 % of 200 repetitions (the chance of leaving that band is below 1 %).

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rustfft::num_complex::Complex;
use serde_json::Value;
use specscan::spectral::{Grid, Size};
use specscan::stats::power_law::{
    FitRange, ImageFitPlan, PowerLawFit, RadialMoments, fit_modes, fit_radial, fit_whittle,
};
use statrs::distribution::{ContinuousCDF, StudentsT};

const N_REPETITIONS: usize = 200;
const AMPLITUDE: f64 = 0.05;
const SEED_COVERAGE: u64 = 0x5ca1_ab1e;
const SEED_CURVATURE: u64 = 0xbe4d;
const SEED_CONTRAST: u64 = 0xc047;
const SEED_SLOPES: u64 = 0x510e;
const SEED_IMAGES: u64 = 0x1a6e;

/// The order of [`Sample::fits`].
const ESTIMATORS: [&str; 3] = ["modes", "whittle", "radial"];

/// How an image differs from its fellows beyond chance.
#[derive(Debug, Clone, Copy)]
enum Variety {
    /// Every image is a draw from the same Gaussian.
    None,
    /// Each image is multiplied by a log-normal contrast of this standard deviation of its logarithm.
    Contrast(f64),
    /// Each image has its own exponent, scattered about Δ with this standard deviation.
    Slopes(f64),
}

/// A population of images with a power law, perhaps bent: `A² f^(−2Δ) exp(bend (ln f)²)`.
#[derive(Debug, Clone, Copy)]
struct Population {
    size: Size,
    delta: f64,
    bend: f64,
    variety: Variety,
}

/// What a pass over a set of images leaves for the fits.
struct Sample {
    grid: Grid,
    n_images: usize,
    covariance: Vec<f64>,
    rapsd_mean: Vec<f64>,
    rapsd_covariance: Array2<f64>,
}

impl Population {
    fn gaussian(size: Size, delta: f64) -> Self {
        Self { size, delta, bend: 0.0, variety: Variety::None }
    }

    /// Spectra of `n` images (half-spectra, column by column).
    fn draw(&self, grid: &Grid, n: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<Complex<f64>>> {
        (0..n).map(|_| self.draw_image(grid, rng)).collect()
    }

    fn draw_image(&self, grid: &Grid, rng: &mut ChaCha8Rng) -> Vec<Complex<f64>> {
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let (contrast, delta) = match self.variety {
            Variety::None => (1.0, self.delta),
            Variety::Contrast(deviation) => ((deviation * normal()).exp(), self.delta),
            Variety::Slopes(deviation) => (1.0, self.delta + deviation * normal()),
        };
        let h = grid.size().height;
        let mut modes = vec![Complex::new(0.0, 0.0); grid.n_modes()];
        for index in 0..grid.n_modes() {
            let (kx, ky) = (index / h, index % h);
            // The zero frequency has no place in the law; any brightness will do.
            let f = if index == 0 { 0.5 / grid.size().longer_side() as f64 } else { grid.frequencies()[index] };
            let scale = contrast * AMPLITUDE * (-delta * f.ln() + 0.5 * self.bend * f.ln().powi(2)).exp();
            let conjugate = kx * h + (h - ky) % h;
            modes[index] = if grid.is_self_conjugate(index) {
                Complex::new(scale * normal(), 0.0)
            } else if grid.multiplicity(kx) == 1.0 && conjugate < index {
                modes[conjugate].conj()
            } else {
                Complex::new(normal(), normal()) * (scale * 0.5f64.sqrt())
            };
        }
        modes
    }

    fn sample(&self, n: usize, rng: &mut ChaCha8Rng) -> Sample {
        let grid = Grid::new(self.size);
        let mut images = self.draw(&grid, n, rng);
        let count = n as f64;
        for k in 0..grid.n_modes() {
            let mean = images.iter().map(|x| x[k]).sum::<Complex<f64>>() / count;
            images.iter_mut().for_each(|x| x[k] -= mean);
        }
        let covariance =
            (0..grid.n_modes()).map(|k| images.iter().map(|x| x[k].norm_sqr()).sum::<f64>() / (count - 1.0)).collect();
        let powers: Vec<Vec<f64>> = images.iter().map(|x| x.iter().map(|c| c.norm_sqr()).collect()).collect();
        let rows = Array2::from_shape_vec(
            (n, grid.n_annuli()),
            powers.iter().flat_map(|power| grid.radial_mean(power)).collect(),
        )
        .expect("one row per image");
        let rapsd_mean = rows.mean_axis(ndarray::Axis(0)).expect("images");
        let centred = &rows - &rapsd_mean;
        let rapsd_covariance = centred.t().dot(&centred) / (count - 1.0);
        Sample { grid, n_images: n, covariance, rapsd_mean: rapsd_mean.to_vec(), rapsd_covariance }
    }
}

impl Sample {
    /// The three fits: modes, whittle, radial.
    fn fits(&self) -> [PowerLawFit; 3] {
        let range = FitRange::for_size(self.grid.size());
        let moments =
            RadialMoments { mean: &self.rapsd_mean, covariance: self.rapsd_covariance.view(), n_images: self.n_images };
        [
            fit_modes(&self.grid, &self.covariance, self.n_images, &range).expect("modes"),
            fit_whittle(&self.grid, &self.covariance, self.n_images, &range).expect("whittle"),
            fit_radial(&self.grid, &moments, &range).expect("radial"),
        ]
    }
}

/// Over repetitions, for one estimator.
#[derive(Debug, Clone, Copy)]
struct Record {
    /// Share of intervals that hold the true Δ.
    coverage: f64,
    /// Share of intervals that hold the mean estimate.
    coverage_of_mean: f64,
    /// Mean error of Δ in units of the standard error of that mean.
    bias_in_errors: f64,
    /// Share of curvature p-values below 5 %.
    curved: f64,
}

fn repeat(population: &Population, n_images: usize, seed: u64) -> Vec<[PowerLawFit; 3]> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..N_REPETITIONS).map(|_| population.sample(n_images, &mut rng).fits()).collect()
}

/// Records for modes, whittle, radial.
fn record(population: &Population, n_images: usize, seed: u64) -> [Record; 3] {
    let fits = repeat(population, n_images, seed);
    let count = N_REPETITIONS as f64;
    [0, 1, 2].map(|e| {
        let share =
            |test: &dyn Fn(&PowerLawFit) -> bool| fits.iter().filter(|fit| test(&fit[e])).count() as f64 / count;
        let holds = |delta: f64| share(&|fit| fit.delta_low95 <= delta && delta <= fit.delta_high95);
        let mean = fits.iter().map(|fit| fit[e].delta).sum::<f64>() / count;
        let variance = fits.iter().map(|fit| (fit[e].delta - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Record {
            coverage: holds(population.delta),
            coverage_of_mean: holds(mean),
            bias_in_errors: (mean - population.delta) / (variance / count).sqrt(),
            curved: share(&|fit| fit.curvature_p.expect("enough modes") < 0.05),
        }
    })
}

/// Every Δ with sizes odd, even, prime and not square; 16 to 80 images, on both sides of the limit for shrinkage.
const GROUND_TRUTH: [(Size, f64, usize); 8] = [
    (Size { height: 32, width: 32 }, 0.0, 64),
    (Size { height: 33, width: 33 }, 0.5, 32),
    (Size { height: 31, width: 31 }, 1.0, 64),
    (Size { height: 31, width: 37 }, 1.5, 48),
    (Size { height: 24, width: 40 }, 2.0, 80),
    (Size { height: 37, width: 26 }, 0.5, 16),
    (Size { height: 28, width: 28 }, 1.5, 56),
    (Size { height: 29, width: 29 }, 2.0, 40),
];

#[test]
fn intervals_cover_the_truth_and_estimates_are_centred_on_it() {
    for (i, (size, delta, n)) in GROUND_TRUTH.into_iter().enumerate() {
        let records = record(&Population::gaussian(size, delta), n, SEED_COVERAGE + i as u64);
        for (name, r) in ESTIMATORS.into_iter().zip(records) {
            let case = format!("{name}, {size}, Δ = {delta}, {n} images: {r:?}");
            assert!((0.90..=0.99).contains(&r.coverage), "{case}");
            assert!(r.bias_in_errors.abs() <= 4.0, "{case}");
            assert!((0.02..=0.10).contains(&r.curved), "{case}");
        }
    }
}

#[test]
fn a_bent_law_is_found_bent() {
    let population = Population { bend: 0.5, ..Population::gaussian(Size::square(64), 1.0) };
    let mut rng = ChaCha8Rng::seed_from_u64(SEED_CURVATURE);
    for fit in population.sample(64, &mut rng).fits() {
        assert!(fit.curvature_p.expect("enough modes") <= 1e-3, "{fit:?}");
    }
}

/// Images of very different contrast (log-normal, deviation 1: factors of 1/7 to 7 are common) share one law still.
#[test]
fn differences_of_contrast_leave_the_intervals_honest() {
    for (size, delta, n) in [(Size::square(32), 1.0, 64), (Size::new(31, 37), 1.5, 40)] {
        let population = Population { variety: Variety::Contrast(1.0), ..Population::gaussian(size, delta) };
        for (name, r) in ESTIMATORS.into_iter().zip(record(&population, n, SEED_CONTRAST)) {
            assert!((0.90..=0.99).contains(&r.coverage), "{name}, {size}: {r:?}");
        }
    }
}

/// Images with exponents of their own: what the modules' documentation says of the intervals, pinned down.
#[test]
fn differences_of_slope_show_in_the_radial_interval_only() {
    let population = Population { variety: Variety::Slopes(0.2), ..Population::gaussian(Size::square(32), 1.0) };
    let [modes, whittle, radial] = record(&population, 64, SEED_SLOPES);
    assert!((0.85..=0.97).contains(&radial.coverage_of_mean), "{radial:?}");
    for narrow in [modes, whittle] {
        assert!((0.5..0.85).contains(&narrow.coverage_of_mean), "{narrow:?}");
    }
    // The mean power of unequal slopes is steeper than their mean slope, and bent.
    assert!(radial.bias_in_errors > 10.0 && radial.curved > 0.3, "{radial:?}");
}

#[test]
fn single_images_scatter_about_the_truth() {
    let population = Population::gaussian(Size::square(33), 1.5);
    let grid = Grid::new(population.size);
    let plan = ImageFitPlan::new(&grid, &FitRange::for_size(grid.size())).expect("enough annuli");
    let mut rng = ChaCha8Rng::seed_from_u64(SEED_IMAGES);
    let fits: Vec<_> = (0..400)
        .map(|_| {
            let power: Vec<f64> = population.draw_image(&grid, &mut rng).iter().map(|c| c.norm_sqr()).collect();
            plan.fit(&grid.radial_mean(&power)).expect("has power")
        })
        .collect();
    let mean = fits.iter().map(|fit| fit.delta).sum::<f64>() / 400.0;
    let amplitude = (fits.iter().map(|fit| fit.amplitude.ln()).sum::<f64>() / 400.0).exp();
    // An annulus stands at j/L, not at the mean frequency of its modes, which costs a small image a percent or two.
    assert!((mean - 1.5).abs() <= 0.03, "{mean}");
    assert!((amplitude / AMPLITUDE - 1.0).abs() <= 0.04, "{amplitude}");
    assert!(fits.iter().all(|fit| (0.7..=1.0).contains(&fit.r2)));
}

/// `tests/reference/power_law.json`, written by the script beside it.
fn reference(set: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("reference/power_law.json")).expect("valid JSON");
    all[set].clone()
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().expect(key)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn assert_same_fit(fit: &PowerLawFit, expected: &Value, tolerance: f64) {
    for (key, got) in [
        ("delta", fit.delta),
        ("amplitude", fit.amplitude),
        ("low95", fit.delta_low95),
        ("high95", fit.delta_high95),
        ("r2", fit.r2),
        ("residual_db", fit.residual_db),
        ("curvature_p", fit.curvature_p.expect("enough modes")),
    ] {
        let want = number(expected, key);
        // Tails of distributions carry the rounding of two libraries beside that of the fit.
        let tolerance = if key == "curvature_p" { 1e-7 } else { tolerance };
        assert!((got - want).abs() <= tolerance, "{} {key}: {got} and {want}", fit.estimator);
    }
    assert_eq!(fit.n_modes as f64, number(expected, "n_modes"));
}

#[test]
fn fits_over_modes_equal_numpy() {
    let default = FitRange::for_size(Size::square(64));
    let small = FitRange { low_exclusive: 0.1, high_inclusive: 0.5, cross_mask: Some(1) };
    let whole = FitRange { cross_mask: None, ..FitRange::paper() };
    for (set, range, paper) in [("photo_tiles", default, FitRange::paper()), ("synthetic", small, whole)] {
        let data = reference(set);
        let size = Size::new(number(&data, "height") as usize, number(&data, "width") as usize);
        let n_images = number(&data, "n_images") as usize;
        let (grid, gamma) = (Grid::new(size), numbers(&data["gamma"]));
        for (key, range) in [("", range), ("paper_", paper)] {
            let modes = fit_modes(&grid, &gamma, n_images, &range).expect("modes");
            assert_same_fit(&modes, &data[format!("{key}modes")], 1e-10);
            let whittle = fit_whittle(&grid, &gamma, n_images, &range).expect("whittle");
            assert_same_fit(&whittle, &data[format!("{key}whittle")], 1e-10);
        }
    }
}

#[test]
fn the_radial_fit_equals_numpy() {
    let data = reference("photo_tiles");
    let expected = &data["radial"];
    let n_images = number(&data, "n_images") as usize;
    let mean = numbers(&data["rapsd_mean"]);
    let triangle: Vec<Vec<f64>> = data["rapsd_covariance"].as_array().expect("rows").iter().map(numbers).collect();
    let covariance = Array2::from_shape_fn((33, 33), |(i, j)| triangle[i.max(j)][i.min(j)]);
    let grid = Grid::new(Size::square(64));
    let moments = RadialMoments { mean: &mean, covariance: covariance.view(), n_images };
    let fit = fit_radial(&grid, &moments, &FitRange::for_size(grid.size())).expect("radial");
    assert!((fit.delta - number(expected, "delta")).abs() <= 1e-8, "{fit:?}");
    assert!((fit.amplitude - number(expected, "amplitude")).abs() <= 1e-8);
    // The reference takes the covariance as known; undo what this fit adds for having estimated it.
    let n = n_images as f64;
    let p = number(expected, "n_bins");
    let inside: Vec<usize> = (2..33).collect();
    let shared = inside
        .iter()
        .flat_map(|&i| inside.iter().map(move |&j| (i, j)))
        .filter(|(i, j)| i != j)
        .map(|(i, j)| covariance[[i, j]] / (mean[i] * mean[j]))
        .sum::<f64>()
        / (p * (p - 1.0));
    let rows = n / (1.0 + shared) - 1.0;
    let degrees = rows - (p - 2.0);
    let factor = rows / degrees * (1.0 + number(expected, "t_square") / rows) * (n - 1.0) / (n - 2.0);
    let quantile = StudentsT::new(0.0, 1.0, degrees).expect("positive").inverse_cdf(0.975);
    let half = quantile * factor.sqrt() * number(expected, "error");
    assert!(((fit.delta_high95 - fit.delta_low95) / (2.0 * half) - 1.0).abs() <= 1e-6, "{fit:?} and ±{half}");
}
