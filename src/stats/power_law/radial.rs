//! Power law by generalised least squares on the mean RAPSD, weighted by its covariance across images.
//!
//! # Definition
//!
//! With `R̄` the mean over images of the RAPSD (mean image removed) and `Ĉ` its covariance across images (ddof 1):
//!
//! ```text
//! ln R̄[j] = ln A² + ln mean_{k∈j} f_k^(−2Δ) + e_j,     cov(e) = Ĉ/n / (R̄ R̄ᵀ)   (delta method)
//! ```
//!
//! The annulus mean of the model, not `f_j` itself, stands on the right: modes of an annulus differ in frequency, and for
//! a steep law their mean power is not the power at the middle. Gauss–Newton steps in `(ln A², Δ)` use the derivative
//! `−2 Σ f^(−2Δ) ln f / Σ f^(−2Δ)`.
//!
//! Below 4 images per annulus `Ĉ` is too noisy to invert and its correlations are shrunk
//! ([`shrink_correlations`](crate::stats::covariance::shrink_correlations)). Images count by their effective number: a set
//! of few strong images among many weak ones knows its covariance no better than the few.
//!
//! # Interval
//!
//! See [`gls`](super::gls). It asks for the law of the population the images are a sample of, because what an image's
//! modes share (its contrast, its own slope) is in `Ĉ`. That law is the one of the *mean* power: where images differ in
//! slope, the steep ones carry the low frequencies, Δ is above the mean of the images' own exponents, and the mean power
//! is no exact law (the curvature test sees it).

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::gls::Weighting;
use super::{Estimator, FitError, FitRange, PowerLawFit, f_test, goodness, half_width};
use crate::spectral::Grid;
use crate::stats::covariance::check_square;

/// Annuli that leave a degree of freedom beside A and Δ.
pub(super) const MIN_BINS: usize = 3;

/// Images from which rows with their mean removed still vary independently of each other.
const MIN_IMAGES: usize = 3;

/// Gauss–Newton steps; the model is nearly linear in Δ and takes four or five.
const MAX_STEPS: usize = 60;

/// A step smaller than this in `ln A²` and Δ ends the search.
const STEP_TOLERANCE: f64 = 1e-12;

/// What the radial estimator needs of a set: moments of the images' RAPSDs after removing the mean image.
#[derive(Debug, Clone, Copy)]
pub struct RadialMoments<'a> {
    /// Mean over images, one value² per annulus (`B` values).
    pub mean: &'a [f64],
    /// Covariance across images, `B×B`, ddof 1, value⁴.
    pub covariance: ArrayView2<'a, f64>,
    /// Images.
    pub n_images: usize,
}

/// Fits a power law to the mean RAPSD over the annuli in `range`; the range's cross mask does not apply.
///
/// # Errors
///
/// [`FitError::Range`], [`FitError::TooFewImages`] below 3 images, [`FitError::TooFewPoints`] below 3 annuli,
/// [`FitError::NoPower`] when an annulus has no power, [`FitError::Covariance`] when the covariance is not finite, an
/// annulus does not vary or LAPACK finds it singular, [`FitError::NotConverged`].
///
/// # Panics
///
/// If the mean does not hold one value per annulus or the covariance is not `B×B`.
pub fn fit_radial(grid: &Grid, moments: &RadialMoments<'_>, range: &FitRange) -> Result<PowerLawFit, FitError> {
    let n = grid.n_annuli();
    assert_eq!(moments.mean.len(), n, "one mean power per annulus");
    assert_eq!(moments.covariance.dim(), (n, n), "one covariance per pair of annuli");
    range.validate()?;
    let (estimator, n_images) = (Estimator::Radial, moments.n_images);
    if n_images < MIN_IMAGES {
        return Err(FitError::TooFewImages { estimator, n_images, needed: MIN_IMAGES });
    }
    let annuli = retained_annuli(grid, moments.mean, range)?;
    let law = AnnulusLaw::new(grid, &annuli);
    let mean = Array1::from_iter(annuli.iter().map(|&j| moments.mean[j]));
    let covariance = moments.covariance.select(Axis(0), &annuli).select(Axis(1), &annuli);
    check_square(covariance.view())?;
    let weighting = Weighting::new(&mean, &covariance, n_images)?;
    let y = mean.mapv(f64::ln);
    let solution = solve(&law, &weighting, &y)?;
    let estimate = weighting.estimate(&solution.at.line(), &solution.residual)?;
    let bent = weighting.estimate(&solution.at.parabola(), &solution.residual)?;
    let half = half_width(estimate.variance[1].sqrt(), estimate.degrees);
    let fit = goodness(&y.to_vec(), &solution.residual.to_vec(), &vec![1.0; annuli.len()]);
    Ok(PowerLawFit {
        estimator,
        delta: solution.delta,
        delta_low95: solution.delta - half,
        delta_high95: solution.delta + half,
        amplitude: (0.5 * solution.level).exp(),
        r2: fit.r2,
        residual_db: fit.residual_db,
        range: FitRange { cross_mask: None, ..*range },
        fitted_cycles_per_px: ends_of(grid, &annuli),
        n_modes: annuli.iter().map(|&j| grid.modes_per_annulus()[j]).sum::<f64>() as usize,
        n_images,
        curvature_p: (annuli.len() > MIN_BINS)
            .then(|| f_test(bent.step[2].powi(2) / bent.variance[2], bent.degrees))
            .flatten(),
    })
}

/// Lowest and highest frequency of some annuli in rising order, cycles per pixel.
fn ends_of(grid: &Grid, annuli: &[usize]) -> (f64, f64) {
    let frequency = |j: Option<&usize>| j.map_or(0.0, |&j| j as f64 / grid.size().longer_side() as f64);
    (frequency(annuli.first()), frequency(annuli.last()))
}

/// Annuli in the range, all of which must have power.
fn retained_annuli(grid: &Grid, mean: &[f64], range: &FitRange) -> Result<Vec<usize>, FitError> {
    let frequencies = grid.annulus_frequencies();
    let annuli: Vec<usize> = (0..grid.n_annuli()).filter(|&j| range.contains(frequencies[j])).collect();
    let n = annuli.len();
    if n < MIN_BINS {
        return Err(FitError::TooFewPoints { unit: "annuli", n, needed: MIN_BINS });
    }
    let n_powerless = annuli.iter().filter(|&&j| !(mean[j] > 0.0 && mean[j].is_finite())).count();
    if n_powerless > 0 {
        return Err(FitError::NoPower { unit: "annuli", n_powerless, n_retained: n });
    }
    Ok(annuli)
}

struct Solution {
    level: f64,
    delta: f64,
    at: LawAt,
    residual: Array1<f64>,
}

/// Gauss–Newton in `(ln A², Δ)` from the slope of a plain line.
fn solve(law: &AnnulusLaw, weighting: &Weighting, y: &Array1<f64>) -> Result<Solution, FitError> {
    let (mut level, mut delta) = law.plain_line(y);
    for _ in 0..MAX_STEPS {
        let at = law.at(delta);
        let residual = y - &at.log_mean - level;
        let step = weighting.solve(&at.line(), &residual)?;
        level += step[0];
        delta += step[1];
        let size = step[0].abs().max(step[1].abs());
        if size <= STEP_TOLERANCE {
            return Ok(Solution { level, delta, at, residual });
        }
        if !size.is_finite() {
            break;
        }
    }
    Err(FitError::NotConverged { estimator: Estimator::Radial, n_iterations: MAX_STEPS })
}

/// The annulus means of `f^(−2Δ)` as functions of Δ.
struct AnnulusLaw {
    /// Per annulus: `ln f` and multiplicity of its stored modes.
    modes: Vec<Vec<(f64, f64)>>,
    /// Weighted mean of `ln f` per annulus.
    mean_log_frequency: Array1<f64>,
    /// Mean of those over annuli.
    centre: f64,
}

/// [`AnnulusLaw`] at one Δ; one entry per annulus.
struct LawAt {
    /// `ln mean f^(−2Δ)`.
    log_mean: Array1<f64>,
    /// Its derivative with respect to Δ.
    slope: Array1<f64>,
    /// Its derivative with respect to `c` at 0, in the bent law `f^(−2Δ) exp(c (ln f − centre)²)`.
    bend: Array1<f64>,
}

impl LawAt {
    /// Design matrix of the law, `B×2`: `ln A²`, Δ.
    fn line(&self) -> Array2<f64> {
        columns(&[&Array1::ones(self.slope.len()), &self.slope])
    }

    /// Design matrix of the bent law, `B×3`.
    fn parabola(&self) -> Array2<f64> {
        columns(&[&Array1::ones(self.slope.len()), &self.slope, &self.bend])
    }
}

fn columns(parts: &[&Array1<f64>]) -> Array2<f64> {
    Array2::from_shape_fn((parts[0].len(), parts.len()), |(i, j)| parts[j][i])
}

impl AnnulusLaw {
    fn new(grid: &Grid, annuli: &[usize]) -> Self {
        let mut position = vec![None; grid.n_annuli()];
        for (i, &j) in annuli.iter().enumerate() {
            position[j] = Some(i);
        }
        let mut modes = vec![Vec::new(); annuli.len()];
        for (index, (&f, &annulus)) in grid.frequencies().iter().zip(grid.annuli()).enumerate() {
            if let Some(&Some(i)) = position.get(annulus as usize) {
                modes[i].push((f.ln(), grid.multiplicity(index / grid.size().height)));
            }
        }
        let mean_log_frequency: Array1<f64> = modes
            .iter()
            .map(|m| m.iter().map(|(x, w)| w * x).sum::<f64>() / m.iter().map(|(_, w)| w).sum::<f64>())
            .collect();
        let centre = mean_log_frequency.sum() / annuli.len() as f64;
        Self { modes, mean_log_frequency, centre }
    }

    fn at(&self, delta: f64) -> LawAt {
        let n = self.modes.len();
        let mut at = LawAt { log_mean: Array1::zeros(n), slope: Array1::zeros(n), bend: Array1::zeros(n) };
        for (j, modes) in self.modes.iter().enumerate() {
            let (mut total, mut sum, mut sum_x, mut sum_bend) = (0.0, 0.0, 0.0, 0.0);
            for &(x, w) in modes {
                let power = w * (-2.0 * delta * x).exp();
                total += w;
                sum += power;
                sum_x += power * x;
                sum_bend += power * (x - self.centre).powi(2);
            }
            at.log_mean[j] = (sum / total).ln();
            at.slope[j] = -2.0 * sum_x / sum;
            at.bend[j] = sum_bend / sum;
        }
        at
    }

    /// `(ln A², Δ)` of the unweighted line through `y` against the annuli's mean log frequency.
    fn plain_line(&self, y: &Array1<f64>) -> (f64, f64) {
        let x = &self.mean_log_frequency - self.centre;
        let mean_y = y.sum() / y.len() as f64;
        let slope = x.dot(y) / x.dot(&x);
        (mean_y - slope * self.centre, -0.5 * slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;
    use crate::stats::covariance::CovarianceError;

    fn exact(grid: &Grid, delta: f64) -> Vec<f64> {
        let modes: Vec<f64> = grid.frequencies().iter().map(|f| 0.09 * f.max(1e-9).powf(-2.0 * delta)).collect();
        grid.radial_mean(&modes)
    }

    /// Independent annuli with the variance of Gaussian images.
    fn independent(grid: &Grid, mean: &[f64]) -> Array2<f64> {
        let variance: Array1<f64> = mean.iter().zip(grid.modes_per_annulus()).map(|(r, m)| 2.0 * r * r / m).collect();
        Array2::from_diag(&variance)
    }

    #[test]
    fn an_exact_law_is_recovered_with_and_without_shrinkage() {
        for size in [Size::square(32), Size::new(31, 37), Size::new(20, 48)] {
            let grid = Grid::new(size);
            for (delta, n_images) in [(0.0, 500), (1.3, 500), (2.4, 500), (1.3, 3), (2.4, 20)] {
                let mean = exact(&grid, delta);
                let covariance = independent(&grid, &mean);
                let moments = RadialMoments { mean: &mean, covariance: covariance.view(), n_images };
                let fit = fit_radial(&grid, &moments, &FitRange::for_size(size)).expect("a regular law");
                assert!((fit.delta - delta).abs() <= 1e-10, "{delta}: {}", fit.delta);
                assert!((fit.amplitude / 0.3 - 1.0).abs() <= 1e-10);
                assert!(fit.curvature_p.expect("enough annuli") >= 0.99);
            }
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let grid = Grid::new(Size::new(24, 31));
        let law = AnnulusLaw::new(&grid, &[1, 2, 5, 11, 15]);
        let step = 1e-5;
        let (at, up, down) = (law.at(1.4), law.at(1.4 + step), law.at(1.4 - step));
        let difference = (&up.log_mean - &down.log_mean) / (2.0 * step);
        assert!((&at.slope - &difference).iter().all(|d| d.abs() <= 1e-8));
    }

    #[test]
    fn a_bent_law_is_told_from_a_straight_one() {
        let grid = Grid::new(Size::square(64));
        let straight = exact(&grid, 1.0);
        let bent: Vec<f64> = straight
            .iter()
            .zip(grid.annulus_frequencies())
            .map(|(r, f)| r * (0.2 * f.max(1e-3).ln().powi(2)).exp())
            .collect();
        let covariance = independent(&grid, &bent);
        let moments = RadialMoments { mean: &bent, covariance: covariance.view(), n_images: 400 };
        let fit = fit_radial(&grid, &moments, &FitRange::for_size(grid.size())).expect("converges");
        assert!(fit.curvature_p.expect("enough annuli") <= 1e-6);
    }

    #[test]
    fn degenerate_input_is_named() {
        let grid = Grid::new(Size::square(32));
        let range = FitRange::for_size(grid.size());
        let mean = exact(&grid, 1.0);
        let covariance = independent(&grid, &mean);
        let fit = |mean: &[f64], covariance: &Array2<f64>, n_images| {
            fit_radial(&grid, &RadialMoments { mean, covariance: covariance.view(), n_images }, &range).err()
        };
        let too_few = FitError::TooFewImages { estimator: Estimator::Radial, n_images: 2, needed: 3 };
        assert_eq!(fit(&mean, &covariance, 2), Some(too_few));
        let flat = FitError::NoPower { unit: "annuli", n_powerless: 15, n_retained: 15 };
        assert_eq!(fit(&[0.0; 17], &covariance, 90), Some(flat));
        let still = FitError::Covariance(CovarianceError::NoVariance { index: 0, variance: 0.0 });
        assert_eq!(fit(&mean, &Array2::zeros((17, 17)), 90), Some(still));
        let unknown = FitError::Covariance(CovarianceError::NotFinite { rows: 15, columns: 15 });
        assert_eq!(fit(&mean, &Array2::from_elem((17, 17), f64::NAN), 90), Some(unknown));
        let copies = Array2::from_shape_fn((17, 17), |(i, j)| 0.01 * mean[i] * mean[j]);
        assert!(matches!(
            fit(&mean, &copies, 90),
            Some(FitError::Covariance(CovarianceError::Factorisation { n: 15, .. }))
        ));
    }
}
