//! *The* Δ of a set: least squares over annuli in which every unit of ln f has the same vote.
//!
//! # Definition
//!
//! With `Γ̄[j]` the annulus means of Γ,
//!
//! ```text
//! ln Γ̄[j] = ln A² + ln mean_{k∈j} f_k^(−2Δ) + e_j,     minimise Σ_j e_j² / j     (Gauss–Newton in ln A² and Δ)
//! ```
//!
//! Photographs are no exact power law: the exponent climbs with frequency, so every estimator is a choice of weights.
//! Weights that grow with the number of modes make Δ a statement about the finest octave, which changes with the
//! working size; with one vote for each unit of ln f it hardly does. How the law bends is said beside it: the same
//! fit over the lower and the upper half of the range in ln f.
//!
//! # Interval
//!
//! Near the solution `δΔ = Σ_j c_j δR_j` with `c_j = K_j/Γ̄_j`, `K` the row of `(JᵀWJ)⁻¹JᵀW` for Δ; its variance
//! follows from the covariance of the mean RAPSD between files ([`RadialStatistics`]), its quantile from Student's t.
//! Nothing is inverted. `ln A` has half of the row for `ln A²`; its interval is the exponential of that of `ln A`.
//! The error of r² follows in the same way: with `Q = Σ e_j²/j`, `S = Σ (y_j − ȳ)²/j` of `y = ln Γ̄`,
//! `δr² = Σ_j 2/j · (Q (y_j − ȳ)/S² − e_j/S) δy_j`, for at the minimum Q does not change with A and Δ.

use super::annulus_law::AnnulusLaw;
use super::{Bend, Estimator, FitError, FitRange, LinearEstimate, PowerLawFit, goodness};
use crate::spectral::Grid;
use crate::spectrum::RadialStatistics;

/// Annuli that leave a degree of freedom beside A and Δ.
pub(super) const MIN_BINS: usize = 3;

/// Annuli that determine A and Δ.
const MIN_BINS_OF_HALF: usize = 2;

/// Gauss–Newton steps; the model is nearly linear in Δ and takes four or five.
const MAX_STEPS: usize = 60;

/// A step smaller than this in `ln A²` and Δ ends the search.
const STEP_TOLERANCE: f64 = 1e-12;

/// Halves that differ by less are no bend worth a word.
const LEAST_BEND: f64 = 0.1;

/// Fits a power law to the annulus means `power` of Γ (value² per mode, `B` values) over the annuli in `range`; its
/// cross mask does not apply. `statistics` are those of the images' RAPSDs as they are, from which the intervals
/// come.
///
/// # Errors
///
/// [`FitError::Range`], [`FitError::TooFewPoints`] below 3 annuli, [`FitError::NoPower`] when an annulus has no power,
/// [`FitError::NotConverged`].
///
/// # Panics
///
/// If `power` does not hold one value per annulus.
pub fn fit_radial(
    grid: &Grid,
    power: &[f64],
    statistics: &RadialStatistics,
    range: &FitRange,
) -> Result<PowerLawFit, FitError> {
    assert_eq!(power.len(), grid.n_annuli(), "one power per annulus");
    let range = FitRange { cross_mask: None, ..*range };
    let law = AnnulusLaw::new(grid, &range, MIN_BINS)?;
    let whole = solve(&law, power)?;
    let log_power: Vec<f64> = law.annuli.iter().map(|&j| power[j].ln()).collect();
    let fit = goodness(&log_power, &whole.residual, &law.weights());
    let frequency = |j: Option<&usize>| j.map_or(0.0, |&j| j as f64 / grid.size().longer_side() as f64);
    let estimate = LinearEstimate::new(whole.delta, &whole.gradient, statistics);
    let log_amplitude = LinearEstimate::new(0.5 * whole.level, &whole.gradient_of_log_amplitude, statistics);
    let amplitude = log_amplitude.value.exp();
    let r2 = LinearEstimate::new(fit.r2, &r2_gradient(&law, power, &whole), statistics).standard_error;
    Ok(PowerLawFit {
        estimator: Estimator::Radial,
        delta: whole.delta,
        delta_low95: estimate.low95,
        delta_high95: estimate.high95,
        delta_se_by_annuli: estimate.standard_error,
        amplitude,
        amplitude_low95: log_amplitude.low95.map(f64::exp),
        amplitude_high95: log_amplitude.high95.map(f64::exp),
        r2: fit.r2,
        amplitude_and_r2_se: log_amplitude.standard_error.zip(r2).map(|(of_log, r2)| (amplitude * of_log, r2)),
        residual_db: fit.residual_db,
        range,
        fitted_cycles_per_px: (frequency(law.annuli.first()), frequency(law.annuli.last())),
        n_modes: law.annuli.iter().map(|&j| grid.modes_per_annulus()[j]).sum::<f64>() as usize,
        n_images: statistics.n_images,
        n_files: statistics.n_files,
        bend: bend(grid, power, statistics, &range),
    })
}

/// The two halves of the range in ln f; none where one of them is too narrow.
fn bend(grid: &Grid, power: &[f64], statistics: &RadialStatistics, range: &FitRange) -> Option<Bend> {
    let low = range.low_exclusive.max(1.0 / grid.size().longer_side() as f64);
    let middle = (low * range.high_inclusive.min(0.5)).sqrt();
    let half = |range: FitRange| solve(&AnnulusLaw::new(grid, &range, MIN_BINS_OF_HALF).ok()?, power).ok();
    let coarse = half(FitRange { high_inclusive: middle, ..*range })?;
    let fine = half(FitRange { low_exclusive: middle, ..*range })?;
    let difference: Vec<f64> = fine.gradient.iter().zip(&coarse.gradient).map(|(f, c)| f - c).collect();
    let rise = LinearEstimate::new(fine.delta - coarse.delta, &difference, statistics);
    Some(Bend {
        middle_cycles_per_px: middle,
        coarse: LinearEstimate::new(coarse.delta, &coarse.gradient, statistics),
        fine: LinearEstimate::new(fine.delta, &fine.gradient, statistics),
        is_bent: rise.value.abs() > LEAST_BEND && rise.is_beyond_chance(),
        p_value: rise.p_value(),
        rise,
    })
}

/// A law through the annuli, and how its exponent follows them.
struct Solution {
    level: f64,
    delta: f64,
    /// Of the retained annuli.
    residual: Vec<f64>,
    /// `∂Δ/∂R_j` of all annuli.
    gradient: Vec<f64>,
    /// `∂ ln A/∂R_j` of all annuli.
    gradient_of_log_amplitude: Vec<f64>,
}

/// `∂r²/∂R_j` of all annuli.
fn r2_gradient(law: &AnnulusLaw, power: &[f64], solution: &Solution) -> Vec<f64> {
    let (weight, residual) = (law.weights(), &solution.residual);
    let y = || law.annuli.iter().map(|&j| power[j].ln());
    let mean = weight.iter().zip(y()).map(|(w, y)| w * y).sum::<f64>() / weight.iter().sum::<f64>();
    let spread: f64 = weight.iter().zip(y()).map(|(w, y)| w * (y - mean).powi(2)).sum();
    let missed: f64 = weight.iter().zip(residual).map(|(w, e)| w * e * e).sum();
    let mut gradient = vec![0.0; power.len()];
    for (((&j, w), e), y) in law.annuli.iter().zip(&weight).zip(residual).zip(y()) {
        gradient[j] = 2.0 * w * (missed * (y - mean) / spread - e) / spread / power[j];
    }
    gradient
}

/// Gauss–Newton in `(ln A², Δ)`.
fn solve(law: &AnnulusLaw, power: &[f64]) -> Result<Solution, FitError> {
    let n_powerless = law.annuli.iter().filter(|&&j| !(power[j] > 0.0 && power[j].is_finite())).count();
    if n_powerless > 0 {
        return Err(FitError::NoPower { unit: "annuli", n_powerless, n_retained: law.annuli.len() });
    }
    let y: Vec<f64> = law.annuli.iter().map(|&j| power[j].ln()).collect();
    let weight = law.weights();
    let total: f64 = weight.iter().sum();
    let (mut level, mut delta) = (y.iter().sum::<f64>() / y.len() as f64, 1.0);
    for _ in 0..MAX_STEPS {
        let at = law.at(delta);
        let residual: Vec<f64> = y.iter().zip(&at).map(|(y, (g, _))| y - level - g).collect();
        // With the derivative centred, the two columns of the design are orthogonal under the weights.
        let mean_slope = weight.iter().zip(&at).map(|(w, (_, s))| w * s).sum::<f64>() / total;
        let spread: f64 = weight.iter().zip(&at).map(|(w, (_, s))| w * (s - mean_slope).powi(2)).sum();
        let row: Vec<f64> = weight.iter().zip(&at).map(|(w, (_, s))| w * (s - mean_slope) / spread).collect();
        let step = row.iter().zip(&residual).map(|(k, r)| k * r).sum::<f64>();
        let mean_residual = weight.iter().zip(&residual).map(|(w, r)| w * r).sum::<f64>() / total;
        let level_step = mean_residual - step * mean_slope;
        level += level_step;
        delta += step;
        let size = step.abs().max(level_step.abs());
        if size <= STEP_TOLERANCE {
            let mut gradient = vec![0.0; power.len()];
            let mut gradient_of_log_amplitude = gradient.clone();
            for ((&j, of_delta), w) in law.annuli.iter().zip(&row).zip(&weight) {
                gradient[j] = of_delta / power[j];
                gradient_of_log_amplitude[j] = 0.5 * (w / total - of_delta * mean_slope) / power[j];
            }
            return Ok(Solution { level, delta, residual, gradient, gradient_of_log_amplitude });
        }
        if !size.is_finite() {
            break;
        }
    }
    Err(FitError::NotConverged { estimator: Estimator::Radial, n_iterations: MAX_STEPS })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    fn exact(grid: &Grid, delta: f64) -> Vec<f64> {
        let modes: Vec<f64> = grid.frequencies().iter().map(|f| 0.09 * f.max(1e-9).powf(-2.0 * delta)).collect();
        grid.radial_mean(&modes)
    }

    /// `n` files whose annuli are independent, each with the relative variance `v`.
    fn independent(mean: &[f64], v: f64, n: u64) -> RadialStatistics {
        let b = mean.len();
        let mut statistics = RadialStatistics::without_spread(mean.to_vec(), n, n);
        statistics.covariance_of_mean = vec![0.0; b * b];
        (0..b).for_each(|j| statistics.covariance_of_mean[j * (b + 1)] = v * mean[j] * mean[j] / n as f64);
        statistics
    }

    #[test]
    fn an_exact_law_is_recovered_on_any_size() {
        for size in [Size::square(32), Size::new(31, 37), Size::new(20, 48), Size::square(8)] {
            let grid = Grid::new(size);
            for delta in [-0.5, 0.0, 1.3, 2.4] {
                let power = exact(&grid, delta);
                let fit = fit_radial(&grid, &power, &independent(&power, 0.1, 9), &FitRange::for_size(size));
                let fit = fit.expect("a regular law");
                assert!((fit.delta - delta).abs() <= 1e-10, "{size} {delta}: {}", fit.delta);
                assert!((fit.amplitude / 0.3 - 1.0).abs() <= 1e-10);
                assert!(fit.residual_db <= 1e-9);
                let bend = fit.bend.expect("two halves");
                assert!((bend.coarse.value - delta).abs() <= 1e-9 && (bend.fine.value - delta).abs() <= 1e-9);
                assert!(!bend.is_bent);
            }
        }
    }

    #[test]
    fn the_minimum_beats_its_neighbours() {
        let grid = Grid::new(Size::square(32));
        let power: Vec<f64> =
            exact(&grid, 1.1).iter().enumerate().map(|(j, p)| p * (0.4 * (j as f64 * 1.7).sin()).exp()).collect();
        let range = FitRange::for_size(grid.size());
        let fit = fit_radial(&grid, &power, &independent(&power, 0.1, 9), &range).expect("a law");
        let cost = |delta: f64, amplitude: f64| -> f64 {
            let modes: Vec<f64> = grid.frequencies().iter().map(|f| f.max(1e-9).powf(-2.0 * delta)).collect();
            let law = grid.radial_mean(&modes);
            (1..=16).map(|j| (power[j].ln() - 2.0 * amplitude.ln() - law[j].ln()).powi(2) / j as f64).sum()
        };
        let best = cost(fit.delta, fit.amplitude);
        for (d, a) in [(1e-3, 1.0), (-1e-3, 1.0), (0.0, 1.001), (0.0, 0.999), (1e-3, 1.003), (-1e-3, 0.997)] {
            assert!(best < cost(fit.delta + d, fit.amplitude * a));
        }
    }

    #[test]
    fn gradients_are_those_of_the_estimates() {
        let grid = Grid::new(Size::square(16));
        let law = AnnulusLaw::new(&grid, &FitRange::for_size(grid.size()), 3).expect("annuli");
        let bent = |j: usize| 1.0 + 0.01 * j as f64 + 0.1 * (1.3 * j as f64).sin();
        let power: Vec<f64> = exact(&grid, 1.2).iter().enumerate().map(|(j, p)| p * bent(j)).collect();
        let solution = solve(&law, &power).expect("a law");
        let of_r2 = r2_gradient(&law, &power, &solution);
        for j in [1, 3, 8] {
            let step = 1e-5 * power[j];
            let moved = |sign: f64| {
                let mut power = power.clone();
                power[j] += sign * step;
                let solution = solve(&law, &power).expect("a law");
                let log_power: Vec<f64> = law.annuli.iter().map(|&j| power[j].ln()).collect();
                let r2 = goodness(&log_power, &solution.residual, &law.weights()).r2;
                [solution.delta, 0.5 * solution.level, r2]
            };
            let (up, down) = (moved(1.0), moved(-1.0));
            let found = [solution.gradient[j], solution.gradient_of_log_amplitude[j], of_r2[j]];
            for (number, gradient) in found.into_iter().enumerate() {
                let difference = (up[number] - down[number]) / (2.0 * step);
                // The residuals are small, so the linearisation is nearly exact.
                let scale = difference.abs().max(1e-3 / power[j]);
                assert!(
                    (gradient - difference).abs() <= 2e-2 * scale,
                    "{number} of annulus {j}: {gradient}, {difference}"
                );
            }
        }
    }

    #[test]
    fn a_bent_law_is_told_from_a_straight_one() {
        let grid = Grid::new(Size::square(64));
        let straight = exact(&grid, 1.0);
        let frequencies = grid.annulus_frequencies();
        let bent: Vec<f64> =
            straight.iter().zip(&frequencies).map(|(r, f)| r * (-0.2 * f.max(1e-3).ln().powi(2)).exp()).collect();
        let range = FitRange::for_size(grid.size());
        let bend = |power: &[f64], v: f64| fit_radial(&grid, power, &independent(power, v, 400), &range).unwrap().bend;
        let found = bend(&bent, 0.2).expect("two halves");
        assert!(found.is_bent && found.p_value.expect("files") <= 1e-6, "{found:?}");
        // Δ(f) = 1 + 0.2 ln f: the fine half is the steeper one.
        assert!(found.coarse.value < found.fine.value, "{found:?}");
        assert!(!bend(&straight, 0.2).expect("two halves").is_bent);
        assert!(!bend(&bent, 1e6).expect("two halves").is_bent, "a bend within chance is none");
    }

    #[test]
    fn few_files_have_no_interval_and_flat_sets_no_law() {
        let grid = Grid::new(Size::square(32));
        let range = FitRange::for_size(grid.size());
        let power = exact(&grid, 1.0);
        let few = fit_radial(&grid, &power, &independent(&power, 0.1, 4), &range).expect("a law");
        assert_eq!((few.delta_low95, few.delta_high95), (None, None));
        assert_eq!((few.amplitude_low95, few.amplitude_high95), (None, None));
        let five = fit_radial(&grid, &power, &independent(&power, 0.1, 5), &range).expect("a law");
        assert!(five.delta_low95 < Some(five.delta) && five.delta_high95 > Some(five.delta));
        assert!(five.amplitude_low95 < Some(five.amplitude) && five.amplitude_high95 > Some(five.amplitude));
        let flat = fit_radial(&grid, &[0.0; 17], &independent(&power, 0.1, 5), &range).err();
        assert_eq!(flat, Some(FitError::NoPower { unit: "annuli", n_powerless: 16, n_retained: 16 }));
    }
}
