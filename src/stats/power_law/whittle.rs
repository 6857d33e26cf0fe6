//! Maximum likelihood power law: the efficient estimator.
//!
//! # Definition
//!
//! For Gaussian images `|X|²` is exponential with mean `S_k = A² f_k^(−2Δ)`, and the negative log-likelihood of Γ is,
//! up to a factor `n − 1`,
//!
//! ```text
//! Σ_k [ln S_k + Γ[k]/S_k]      (full plane)
//! ```
//!
//! At its minimum `A² = mean Γ[k] f_k^(2Δ)`, which leaves the convex function `ln mean Γ f^(2Δ) − 2Δ mean ln f` of Δ.
//! Its derivative rises with Δ, so Newton's method inside a bracket finds the one zero.
//!
//! # Conventions
//!
//! Images are not Gaussian and their modes not independent, so the interval does not come from the likelihood:
//! `c_j = Σ_{k∈j} C_k/S_k`,
//! `C_k = −½ (ln f_k − mean)/Σ (ln f − mean)²`, with the covariance of the RAPSDs between files.
//! Corners beyond the last annulus are taken to follow it in proportion, `C_k/Γ̄` of that annulus.

use super::retained::RetainedModes;
use super::{Estimator, FitError, FitRange, LinearEstimate, PowerLawFit, goodness};
use crate::spectral::Grid;
use crate::spectrum::RadialStatistics;

/// No spectrum of images has a steeper law; a minimum beyond is none. `exp(2·24·ln(2^16))` is still finite.
const MAX_EXPONENT: f64 = 24.0;

/// Newton steps; a handful suffice, bisection inside the bracket needs at most these.
const MAX_STEPS: usize = 80;

/// A Newton step below this fraction of 1 + |Δ| is the last: what it leaves is of the order of its square.
const STEP_TOLERANCE: f64 = 1e-8;

/// Fits a power law to the modes' variances `covariance` (Γ, one per stored mode, value²); `statistics` are those of
/// the images' RAPSDs as they are, from which the interval comes.
///
/// # Errors
///
/// As [`fit_modes`](super::fit_modes), and [`FitError::NotConverged`] if |Δ| would exceed 24.
///
/// # Panics
///
/// If `covariance` does not hold one value per stored mode.
pub fn fit_whittle(
    grid: &Grid,
    covariance: &[f64],
    statistics: &RadialStatistics,
    range: &FitRange,
) -> Result<PowerLawFit, FitError> {
    let estimator = Estimator::Whittle;
    let modes = RetainedModes::select(grid, covariance, range)?;
    let points = || modes.x.iter().zip(&modes.power).zip(&modes.weight).map(|((&x, &p), &w)| (x, w * p));
    let delta = minimise_exponent(points, 1.0).ok_or(FitError::NotConverged { estimator, n_iterations: MAX_STEPS })?;
    let level = points().map(|(x, p)| p * (2.0 * delta * x).exp()).sum::<f64>() / modes.n_modes as f64;
    let ratio = |x: f64, p: f64| p * (2.0 * delta * x).exp() / level;
    let log_residual: Vec<f64> = modes.x.iter().zip(&modes.power).map(|(&x, &p)| ratio(x, p).ln()).collect();
    let log_power: Vec<f64> = modes.power.iter().map(|p| p.ln()).collect();
    let radial = grid.radial_mean(covariance);
    let last = radial[grid.n_annuli() - 1];
    let factor = |i: usize| {
        // S_k of the fitted law; a corner follows the last annulus in proportion.
        let power = if modes.is_corner[i] { last } else { level * (-2.0 * delta * modes.x[i]).exp() };
        -0.5 / power
    };
    let gradient = modes.slope_by_annulus(grid.n_annuli(), factor);
    let by_mode = 1.0 / statistics.n_images.saturating_sub(1).max(1) as f64;
    let unseen = modes.unseen_variance(grid, &radial, statistics, by_mode, factor);
    let estimate = LinearEstimate::with_unseen(delta, &gradient, statistics, unseen);
    let fit = goodness(&log_power, &log_residual, &modes.weight);
    Ok(PowerLawFit {
        estimator,
        delta,
        delta_low95: estimate.low95,
        delta_high95: estimate.high95,
        delta_se_by_annuli: estimate.standard_error,
        amplitude_and_r2_se: None,
        amplitude: (0.5 * level.ln() + delta * modes.mean_log_frequency).exp(),
        amplitude_low95: None,
        amplitude_high95: None,
        r2: fit.r2,
        residual_db: fit.residual_db,
        range: *range,
        fitted_cycles_per_px: modes.frequencies,
        n_modes: modes.n_modes,
        n_images: statistics.n_images,
        n_files: statistics.n_files,
        bend: None,
    })
}

/// The exponent Δ at which `ln Σ p exp(2Δx)` is smallest, over points `(x, p)` with `Σ w x = 0` and `p = w·power`: the
/// profile likelihood. `None` if no minimum lies within ±24 (all power on one side of the mean log frequency).
///
/// `points` is called once per step. Newton's method on the derivative, which rises with Δ; a step that leaves the
/// bracket is replaced by bisection.
fn minimise_exponent<I>(points: impl Fn() -> I, start: f64) -> Option<f64>
where
    I: Iterator<Item = (f64, f64)>,
{
    let (mut low, mut high) = (-MAX_EXPONENT, MAX_EXPONENT);
    let mut delta = start.clamp(low, high);
    for _ in 0..MAX_STEPS {
        let (mut s0, mut s1, mut s2) = (0.0, 0.0, 0.0);
        for (x, p) in points() {
            let q = p * (2.0 * delta * x).exp();
            s0 += q;
            s1 += q * x;
            s2 += q * x * x;
        }
        // Mean and variance of x under the weights: half the derivative, and a quarter of the second one.
        let mean = s1 / s0;
        let variance = s2 / s0 - mean * mean;
        if !mean.is_finite() {
            return None;
        }
        if mean > 0.0 {
            high = delta
        } else {
            low = delta
        }
        let newton = delta - mean / (2.0 * variance);
        let inside = newton > low && newton < high;
        let next = if inside { newton } else { 0.5 * (low + high) };
        let step = (next - delta).abs();
        delta = next;
        if high - low <= f64::EPSILON * MAX_EXPONENT || (inside && step <= STEP_TOLERANCE * (1.0 + delta.abs())) {
            return (delta.abs() < MAX_EXPONENT * (1.0 - 1e-9)).then_some(delta);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    fn law(grid: &Grid, delta: f64, amplitude: f64) -> Vec<f64> {
        grid.frequencies().iter().map(|f| amplitude * amplitude * f.powf(-2.0 * delta)).collect()
    }

    #[test]
    fn an_exact_law_is_recovered_exactly() {
        for (height, width) in [(32, 32), (31, 37), (24, 40)] {
            let grid = Grid::new(Size::new(height, width));
            let files = RadialStatistics::without_spread(vec![1.0; grid.n_annuli()], 9, 9);
            for delta in [-0.5, 0.0, 0.7, 2.0, 6.0] {
                let fit = fit_whittle(&grid, &law(&grid, delta, 0.03), &files, &FitRange::for_size(grid.size()))
                    .expect("a regular law");
                assert!((fit.delta - delta).abs() <= 1e-12, "{delta}: {}", fit.delta);
                assert!((fit.amplitude / 0.03 - 1.0).abs() <= 1e-11);
            }
        }
    }

    #[test]
    fn the_minimum_beats_its_neighbours() {
        // A bent law with a deterministic ripple: no closed form, so compare costs.
        let grid = Grid::new(Size::square(16));
        let x: Vec<f64> = grid.frequencies()[1..].iter().map(|f| f.ln()).collect();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let points: Vec<(f64, f64)> =
            x.iter().enumerate().map(|(i, x)| (x - mean, (-2.2 * x - 0.3 * x * x + (i as f64).sin()).exp())).collect();
        let delta = minimise_exponent(|| points.iter().copied(), 1.0).expect("a minimum");
        let cost = |d: f64| points.iter().map(|(x, p)| p * (2.0 * d * x).exp()).sum::<f64>().ln();
        for offset in [1e-6, 1e-3, 0.5] {
            assert!(cost(delta) < cost(delta + offset) && cost(delta) < cost(delta - offset));
        }
        let far = minimise_exponent(|| points.iter().copied(), -20.0).expect("a minimum");
        assert!((far - delta).abs() <= 1e-12);
    }

    #[test]
    fn power_on_one_side_only_has_no_minimum() {
        assert_eq!(minimise_exponent(|| [(1.0, 1.0), (-1.0, 0.0)].into_iter(), 1.0), None);
        assert_eq!(minimise_exponent(|| [(1.0, 0.0), (-1.0, 1.0)].into_iter(), 1.0), None);
        assert_eq!(minimise_exponent(|| [(1.0, 0.0), (-1.0, 0.0)].into_iter(), 1.0), None);
    }
}
