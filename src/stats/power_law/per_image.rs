//! One image's own exponent, in microseconds and without allocating: it runs once per image of a scan.
//!
//! # Definition
//!
//! Maximum likelihood on the image's RAPSD `R`, annuli weighted by their number of modes `m_j`:
//! minimise `Σ_j m_j [ln S_j + R_j/S_j]`, `S_j = A² f_j^(−2Δ)`, `f_j = j/L`. r² is that of the plain (unweighted) line of
//! `ln R_j` on `ln f_j`: how straight the plotted curve is.
//!
//! # Conventions
//!
//! Annuli stand at their nominal frequency, so that the fit can be redone from a table of the RAPSD. Their modes' mean
//! frequency differs a little, which draws Δ down by 1–2 % at 32 pixels and less at larger sizes.
//!
//! An image that varies no more than its own transform's rounding has no exponent.

use super::whittle::minimise_exponent;
use super::{FitError, FitRange};
use crate::spectral::Grid;

/// Annuli a line and its r² need.
const MIN_BINS: usize = 3;

/// Power in the range, as a share of the zero frequency's, that the rounding of an f32 transform leaves of a constant
/// image. A single pixel one 8-bit level off lies above it up to 16 megapixels.
const ROUNDING_SHARE: f64 = 2e-13;

/// A power law fitted to one image.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ImageFit {
    /// Exponent Δ of this image.
    pub delta: f64,
    /// Amplitude A, in pixel values.
    pub amplitude: f64,
    /// Squared correlation of `ln R` and `ln f` over the annuli of the range that have power.
    pub r2: f64,
}

/// What every image's fit shares: the annuli in the range, their log frequencies and weights.
#[derive(Debug, Clone)]
pub struct ImageFitPlan {
    n_annuli: usize,
    first: usize,
    /// `ln f_j` minus its weighted mean.
    x: Vec<f64>,
    /// Modes per annulus.
    weight: Vec<f64>,
    total_weight: f64,
    mean_log_frequency: f64,
}

impl ImageFitPlan {
    /// Prepares fits over the annuli of `grid` in `range` (whose cross mask has no meaning here).
    ///
    /// # Errors
    ///
    /// [`FitError::Range`], and [`FitError::TooFewPoints`] below 3 annuli.
    pub fn new(grid: &Grid, range: &FitRange) -> Result<Self, FitError> {
        range.validate()?;
        let frequencies = grid.annulus_frequencies();
        let inside: Vec<usize> = (0..grid.n_annuli()).filter(|&j| range.contains(frequencies[j])).collect();
        let (Some(&first), true) = (inside.first(), inside.len() >= MIN_BINS) else {
            return Err(FitError::TooFewPoints { unit: "annuli", n: inside.len(), needed: MIN_BINS });
        };
        let mut x: Vec<f64> = inside.iter().map(|&j| frequencies[j].ln()).collect();
        let weight: Vec<f64> = inside.iter().map(|&j| grid.modes_per_annulus()[j]).collect();
        let total_weight: f64 = weight.iter().sum();
        let mean = x.iter().zip(&weight).map(|(x, w)| w * x).sum::<f64>() / total_weight;
        x.iter_mut().for_each(|value| *value -= mean);
        Ok(Self { n_annuli: grid.n_annuli(), first, x, weight, total_weight, mean_log_frequency: mean })
    }

    /// Fits one image's RAPSD (one power per annulus, value²). `None` when the image is flat: no power in the range beyond
    /// rounding, fewer than three annuli with power, a value that is not finite, or no likelihood maximum.
    ///
    /// # Panics
    ///
    /// If `rapsd` does not hold one value per annulus.
    pub fn fit(&self, rapsd: &[f64]) -> Option<ImageFit> {
        assert_eq!(rapsd.len(), self.n_annuli, "one power per annulus");
        let power = &rapsd[self.first..self.first + self.x.len()];
        let in_range: f64 = power.iter().zip(&self.weight).map(|(p, w)| w * p).sum();
        let above_rounding = in_range > ROUNDING_SHARE * rapsd[0].abs();
        if !above_rounding || !in_range.is_finite() || power.iter().any(|&p| p < 0.0) {
            return None;
        }
        let line = self.log_line(power)?;
        let points = || self.x.iter().zip(power).zip(&self.weight).map(|((&x, &p), &w)| (x, w * p));
        let delta = minimise_exponent(points, -0.5 * line.slope)?;
        let level = points().map(|(x, p)| p * (2.0 * delta * x).exp()).sum::<f64>() / self.total_weight;
        let amplitude = (0.5 * level.ln() + delta * self.mean_log_frequency).exp();
        Some(ImageFit { delta, amplitude, r2: line.r2 })
    }

    /// Unweighted line of `ln R` on `ln f` over the annuli with power; `None` below three.
    fn log_line(&self, power: &[f64]) -> Option<LogLine> {
        let (mut n, mut sx, mut sy, mut sxx, mut sxy, mut syy) = (0usize, 0.0, 0.0, 0.0, 0.0, 0.0);
        // Both sides are near zero mean (x by construction, y about the first power), so plain sums lose nothing.
        let origin = power.iter().find(|&&p| p > 0.0)?.ln();
        for (&x, &p) in self.x.iter().zip(power).filter(|(_, p)| **p > 0.0) {
            let y = p.ln() - origin;
            n += 1;
            sx += x;
            sy += y;
            sxx += x * x;
            sxy += x * y;
            syy += y * y;
        }
        if n < MIN_BINS {
            return None;
        }
        let count = n as f64;
        let (vx, vy, c) = (sxx - sx * sx / count, syy - sy * sy / count, sxy - sx * sy / count);
        // A perfectly white image: its horizontal line explains nothing, and there is nothing to explain.
        let r2 = if vy > 1e-20 * count { c * c / (vx * vy) } else { 0.0 };
        Some(LogLine { slope: c / vx, r2 })
    }
}

struct LogLine {
    slope: f64,
    r2: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    fn plan(side: usize) -> (Grid, ImageFitPlan) {
        let grid = Grid::new(Size::square(side));
        let plan = ImageFitPlan::new(&grid, &FitRange::for_size(grid.size())).expect("enough annuli");
        (grid, plan)
    }

    #[test]
    fn an_exact_radial_law_is_recovered() {
        let (grid, plan) = plan(64);
        for delta in [-0.4, 0.0, 1.0, 2.3] {
            let rapsd: Vec<f64> =
                grid.annulus_frequencies().iter().map(|f| 0.04 * f.max(1e-3).powf(-2.0 * delta)).collect();
            let fit = plan.fit(&rapsd).expect("has power");
            assert!((fit.delta - delta).abs() <= 1e-12);
            assert!((fit.amplitude - 0.2).abs() <= 1e-12);
            let straight = if delta == 0.0 { 0.0 } else { 1.0 };
            assert!((fit.r2 - straight).abs() <= 1e-12);
        }
    }

    #[test]
    fn the_fit_minimises_the_weighted_likelihood() {
        let (grid, plan) = plan(32);
        let f = grid.annulus_frequencies();
        let rapsd: Vec<f64> = (0..17).map(|j| (f[j].max(0.01)).powf(-1.7) * (2.0 + (j as f64 * 1.3).sin())).collect();
        let fit = plan.fit(&rapsd).expect("has power");
        let cost = |delta: f64, amplitude: f64| -> f64 {
            (2..17)
                .map(|j| {
                    let s = amplitude * amplitude * f[j].powf(-2.0 * delta);
                    grid.modes_per_annulus()[j] * (s.ln() + rapsd[j] / s)
                })
                .sum()
        };
        let best = cost(fit.delta, fit.amplitude);
        for (d, a) in [(1e-4, 1.0), (-1e-4, 1.0), (0.0, 1.0001), (0.0, 0.9999), (1e-3, 1.001)] {
            assert!(best < cost(fit.delta + d, fit.amplitude * a));
        }
    }

    #[test]
    fn r2_is_the_squared_correlation() {
        let (grid, plan) = plan(8);
        // Annuli 2, 3, 4; ln R = 0, 1, 0 against ln f.
        let rapsd = [9.0, 9.0, 1.0, std::f64::consts::E, 1.0];
        let x: Vec<f64> = (2..5).map(|j| grid.annulus_frequencies()[j].ln()).collect();
        let mx = x.iter().sum::<f64>() / 3.0;
        let sxx: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
        let expected = (x[1] - mx).powi(2) / (sxx * 2.0 / 3.0);
        assert!((plan.fit(&rapsd).expect("has power").r2 - expected).abs() <= 1e-12);
    }

    #[test]
    fn flat_and_broken_images_have_no_exponent() {
        let (grid, plan) = plan(64);
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
    fn tiny_images_have_no_plan() {
        let grid = Grid::new(Size::square(4));
        let error = ImageFitPlan::new(&grid, &FitRange::for_size(grid.size())).err();
        assert_eq!(error, Some(FitError::TooFewPoints { unit: "annuli", n: 1, needed: 3 }));
    }
}
