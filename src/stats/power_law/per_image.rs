//! One image's own exponent, in microseconds and without allocating: it runs once per image of a scan.
//!
//! # Definition
//!
//! As [`fit_radial`](super::fit_radial) on the image's own RAPSD: least squares of `ln R_j` on
//! `ln A² + ln mean_{k∈j} f_k^(−2Δ)` with weights `1/j`. r² is
//! `1 − Σ w e²/Σ w (ln R − mean)²`. Annuli without power have no logarithm and
//! are left out.
//!
//! # Cost
//!
//! The law's annulus means and their derivatives are tabulated over Δ once; between the entries they are cubic, with
//! an error below 1e-6. An image takes four or five Gauss–Newton steps over its annuli.
//!
//! # Conventions
//!
//! An image that varies no more than its own transform's rounding has no exponent, and neither has one whose Δ lies
//! beyond −3 to 6.

use super::annulus_law::AnnulusLaw;
use super::radial::MIN_BINS;
use super::{FitError, FitRange};
use crate::spectral::Grid;

/// Power in the range, as a share of the zero frequency's, that the rounding of an f32 transform leaves of a constant
/// image. A single pixel one 8-bit level off lies above it up to 16 megapixels.
const ROUNDING_SHARE: f64 = 2e-13;

/// Exponents that are looked for.
const DELTAS: (f64, f64) = (-3.0, 6.0);

/// Step of the table.
const TABLE_STEP: f64 = 0.25;

/// Gauss–Newton steps, and the step that ends them.
const MAX_STEPS: usize = 30;
const STEP_TOLERANCE: f64 = 1e-9;

/// A power law fitted to one image.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ImageFit {
    /// Exponent Δ of this image.
    pub delta: f64,
    /// Amplitude A, in pixel values.
    pub amplitude: f64,
    /// Coefficient of determination of `ln R` over the annuli of the range that have power.
    pub r2: f64,
}

/// What every image's fit shares: the annuli in the range, and the law on them.
#[derive(Debug, Clone)]
pub struct ImageFitPlan {
    n_annuli: usize,
    first: usize,
    n_modes: Vec<f64>,
    /// `1/j`.
    weight: Vec<f64>,
    /// The law and its derivative at each Δ of the table, annulus by annulus.
    table: Vec<Vec<(f64, f64)>>,
    /// The annuli of the image at hand that have power.
    points: Vec<Point>,
}

/// An annulus with power.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// Its place in the range.
    at: usize,
    /// Its weight.
    w: f64,
    /// ln R.
    y: f64,
    /// The law there.
    g: f64,
    /// Its derivative by Δ.
    slope: f64,
}

impl ImageFitPlan {
    /// Prepares fits over the annuli of `grid` in `range` (whose cross mask has no meaning here).
    ///
    /// # Errors
    ///
    /// [`FitError::Range`], and [`FitError::TooFewPoints`] below 3 annuli.
    pub fn new(grid: &Grid, range: &FitRange) -> Result<Self, FitError> {
        let law = AnnulusLaw::new(grid, range, MIN_BINS)?;
        let weight = law.weights();
        let n_entries = ((DELTAS.1 - DELTAS.0) / TABLE_STEP) as usize + 1;
        Ok(Self {
            n_annuli: grid.n_annuli(),
            first: law.annuli[0],
            n_modes: law.annuli.iter().map(|&j| grid.modes_per_annulus()[j]).collect(),
            points: Vec::with_capacity(weight.len()),
            weight,
            table: (0..n_entries).map(|i| law.at(DELTAS.0 + TABLE_STEP * i as f64)).collect(),
        })
    }

    /// Fits one image's RAPSD (one power per annulus, value²). `None` when the image is flat: no power in the range
    /// beyond rounding, fewer than three annuli with power, a value that is not finite; or when no law of −3 ≤ Δ ≤ 6
    /// fits.
    ///
    /// # Panics
    ///
    /// If `rapsd` does not hold one value per annulus.
    pub fn fit(&mut self, rapsd: &[f64]) -> Option<ImageFit> {
        assert_eq!(rapsd.len(), self.n_annuli, "one power per annulus");
        let power = &rapsd[self.first..self.first + self.weight.len()];
        let in_range: f64 = power.iter().zip(&self.n_modes).map(|(p, w)| w * p).sum();
        let above_rounding = in_range > ROUNDING_SHARE * rapsd[0].abs();
        let n_lit = power.iter().filter(|p| **p > 0.0).count();
        if !above_rounding || !in_range.is_finite() || power.iter().any(|&p| p < 0.0) || n_lit < MIN_BINS {
            return None;
        }
        let lit = power.iter().zip(&self.weight).enumerate().filter(|(_, (p, _))| **p > 0.0);
        self.points.clear();
        self.points.extend(lit.map(|(at, (p, &w))| Point { at, w, y: p.ln(), g: 0.0, slope: 0.0 }));
        let mut delta = 1.0;
        for _ in 0..MAX_STEPS {
            let sums = self.sums(delta)?;
            let step = sums.covariance / sums.spread;
            delta += step;
            if step.abs() <= STEP_TOLERANCE {
                let level = sums.mean_residual - step * sums.mean_slope;
                let r2 = 1.0 - sums.missed / sums.variation;
                // A perfectly white image: a horizontal line explains nothing, and there is nothing to explain.
                let r2 = if sums.variation > 1e-20 { r2 } else { 0.0 };
                return Some(ImageFit { delta, amplitude: (0.5 * level).exp(), r2 });
            }
        }
        None
    }

    /// The weighted sums of a Gauss–Newton step at `delta`; none beyond the table.
    fn sums(&mut self, delta: f64) -> Option<StepSums> {
        if !(DELTAS.0..=DELTAS.1).contains(&delta) {
            return None;
        }
        let place = (delta - DELTAS.0) / TABLE_STEP;
        let entry = (place as usize).min(self.table.len() - 2);
        let u = place - entry as f64;
        let (below, above) = (&self.table[entry], &self.table[entry + 1]);
        let (mut total, mut y_mean, mut mean_residual, mut mean_slope) = (0.0, 0.0, 0.0, 0.0);
        for point in &mut self.points {
            (point.g, point.slope) = hermite(below[point.at], above[point.at], u);
            let Point { w, y, g, slope, .. } = *point;
            total += w;
            y_mean += w * y;
            mean_residual += w * (y - g);
            mean_slope += w * slope;
        }
        (y_mean, mean_residual, mean_slope) = (y_mean / total, mean_residual / total, mean_slope / total);
        let mut sums =
            StepSums { mean_residual, mean_slope, spread: 0.0, covariance: 0.0, missed: 0.0, variation: 0.0 };
        for &Point { w, y, g, slope, .. } in &self.points {
            let (residual, slope) = (y - g - mean_residual, slope - mean_slope);
            sums.spread += w * slope * slope;
            sums.covariance += w * slope * residual;
            sums.missed += w * residual * residual;
            sums.variation += w * (y - y_mean).powi(2);
        }
        Some(sums)
    }
}

/// Weighted sums over annuli: `e = ln R − g` less its mean, `g'` less its mean.
struct StepSums {
    mean_residual: f64,
    mean_slope: f64,
    /// `Σ w g'²`.
    spread: f64,
    /// `Σ w g' e`.
    covariance: f64,
    /// `Σ w e²`.
    missed: f64,
    /// `Σ w (ln R − mean)²`.
    variation: f64,
}

/// Value and derivative of the cubic through two table entries, at the share `u` of the way between them.
fn hermite((g0, d0): (f64, f64), (g1, d1): (f64, f64), u: f64) -> (f64, f64) {
    let h = TABLE_STEP;
    let (d0, d1) = (d0 * h, d1 * h);
    let rise = g1 - g0;
    let (a, b) = (d0 - rise, rise - d1);
    let bow = u * (1.0 - u) * ((1.0 - u) * a + u * b);
    let bow_slope = (1.0 - 2.0 * u) * ((1.0 - u) * a + u * b) + u * (1.0 - u) * (b - a);
    (g0 + u * rise + bow, (rise + bow_slope) / h)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;
    use crate::spectrum::RadialStatistics;
    use crate::stats::power_law::fit_radial;

    fn plan(size: Size) -> (Grid, ImageFitPlan) {
        let grid = Grid::new(size);
        let plan = ImageFitPlan::new(&grid, &FitRange::for_size(size)).expect("enough annuli");
        (grid, plan)
    }

    #[test]
    fn it_is_the_radial_fit_of_the_image() {
        for size in [Size::square(64), Size::new(31, 24), Size::square(7)] {
            let (grid, mut plan) = plan(size);
            let files = RadialStatistics::without_spread(vec![1.0; grid.n_annuli()], 1, 1);
            for delta in [-0.4, 0.0, 1.0, 2.3] {
                let modes: Vec<f64> =
                    grid.frequencies().iter().map(|f| 0.04 * f.max(1e-3).powf(-2.0 * delta)).collect();
                let rough: Vec<f64> = grid
                    .radial_mean(&modes)
                    .iter()
                    .enumerate()
                    .map(|(j, p)| p * (2.0 + (1.3 * j as f64).sin()))
                    .collect();
                let (one, set) =
                    (plan.fit(&rough).expect("power"), fit_radial(&grid, &rough, &files, &FitRange::for_size(size)));
                let set = set.expect("power");
                assert!((one.delta - set.delta).abs() <= 1e-6, "{size} {delta}: {} {}", one.delta, set.delta);
                assert!((one.amplitude / set.amplitude - 1.0).abs() <= 1e-6);
                assert!((one.r2 - set.r2).abs() <= 1e-6);
            }
        }
    }

    #[test]
    fn flat_and_broken_images_have_no_exponent() {
        let (grid, mut plan) = plan(Size::square(64));
        let mut rapsd = vec![0.0; grid.n_annuli()];
        assert_eq!(plan.fit(&rapsd), None);
        rapsd[0] = 4096.0;
        assert_eq!(plan.fit(&rapsd), None);
        rapsd[1..].fill(1e-16);
        assert_eq!(plan.fit(&rapsd), None, "rounding of a constant image");
        rapsd[9] = f64::NAN;
        assert_eq!(plan.fit(&rapsd), None);
        rapsd[1..].fill(0.0);
        rapsd[5] = 1.0;
        assert_eq!(plan.fit(&rapsd), None, "a single lit annulus");
    }

    #[test]
    fn white_images_have_the_exponent_zero_and_monstrous_ones_none() {
        let (grid, mut plan) = plan(Size::square(32));
        let white = plan.fit(&vec![0.3; grid.n_annuli()]).expect("power");
        assert!(white.delta.abs() <= 1e-9 && white.r2 == 0.0, "{white:?}");
        let cliff: Vec<f64> = (0..grid.n_annuli()).map(|j| (j.max(1) as f64).powi(-40)).collect();
        assert_eq!(plan.fit(&cliff), None);
    }

    #[test]
    fn tiny_images_have_no_plan() {
        let grid = Grid::new(Size::square(4));
        let error = ImageFitPlan::new(&grid, &FitRange::for_size(grid.size())).err();
        assert_eq!(error, Some(FitError::TooFewPoints { unit: "annuli", n: 2, needed: 3 }));
    }
}
