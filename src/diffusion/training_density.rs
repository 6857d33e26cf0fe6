//! The noise levels to train on: the log-normal density that gives every radial frequency of a set the same share.
//!
//! # Definition
//!
//! `P_mean` and `P_std` are the mean and the standard deviation of `ln σ(t)`, `t` uniform, along the frequency-focused
//! tight schedule ([`super::tight`]) of the set's mean RAPSD: EDM's `ln σ ~ N(P_mean, P_std²)`. At `κ = 1` each level
//! is drawn for the band that it just hides; with the usual two thresholds the density is wider.
//!
//! # Intervals
//!
//! By the delta method: `ln σ(t)` moves by `½ δ ln R̃(f(t))`, R̃ linear between annuli in logarithms, each annulus
//! of R̃ with the annulus that its running maximum is of. The bounds that the schedule ends at move with it.
//!
//! # References
//!
//! EDM (arXiv 2206.00364) for the density; Spectrally-Guided Noise Schedules (arXiv 2603.19222) for the schedule.

use super::bounds::Kappa;
use super::tight::{ScheduleKind, TightPlan};
use crate::spectrum::RadialStatistics;
use crate::stats::power_law::LinearEstimate;

/// Points of the schedule over which the moments are taken.
const N_POINTS: usize = 401;

/// A log-normal density of training noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingDensity {
    /// Mean of ln σ.
    pub p_mean: LinearEstimate,
    /// Standard deviation of ln σ.
    pub p_std: LinearEstimate,
}

/// The density for images with these RAPSDs (annuli `0 … ⌊L/2⌋`) and a longer side of `longer_side` pixels;
/// `rounding_power` as in [`super::compute_bounds`]. None where the mean spectrum is flat or has no band.
///
/// # Panics
///
/// If there is not one power per annulus.
pub fn training_density(
    statistics: &RadialStatistics,
    longer_side: usize,
    kappa: Kappa,
    rounding_power: f64,
) -> Option<TrainingDensity> {
    let plan = TightPlan::new(longer_side, kappa, rounding_power, N_POINTS).ok()?;
    let schedule = plan.schedule(&statistics.mean, ScheduleKind::Frequency)?;
    let ln_sigma: Vec<f64> = schedule.logsnr.iter().map(|logsnr| -0.5 * logsnr).collect();
    let n = N_POINTS as f64;
    let mean = ln_sigma.iter().sum::<f64>() / n;
    let std = (ln_sigma.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / n).sqrt();
    let sources = running_maxima(&statistics.mean);
    let last = statistics.mean.len() - 1;
    let mut of_mean = vec![0.0; last + 1];
    let mut of_std = vec![0.0; last + 1];
    for (t, ln_sigma) in schedule.t.iter().zip(&ln_sigma) {
        let place = last as f64 + (1.0 - last as f64) * t;
        let below = (place.floor() as usize).clamp(1, (last - 1).max(1));
        let above = (below + 1).min(last);
        let width = (above as f64 / below as f64).ln();
        let share = if width > 0.0 { (place / below as f64).ln().clamp(0.0, width) / width } else { 0.0 };
        for (annulus, weight) in [(below, 1.0 - share), (above, share)] {
            let source = sources[annulus];
            // Bands without power are held at a floor, which nothing moves.
            if statistics.mean[source] > 0.0 {
                let change = 0.5 * weight / statistics.mean[source] / n;
                of_mean[source] += change;
                of_std[source] += if std > 0.0 { change * (ln_sigma - mean) / std } else { 0.0 };
            }
        }
    }
    Some(TrainingDensity {
        p_mean: LinearEstimate::new(mean, &of_mean, statistics),
        p_std: LinearEstimate::new(std, &of_std, statistics),
    })
}

/// Of each annulus the one, itself or a finer one, with the most power.
fn running_maxima(rapsd: &[f64]) -> Vec<usize> {
    let mut highest = rapsd.len() - 1;
    let mut sources = vec![0; rapsd.len()];
    for (j, source) in sources.iter_mut().enumerate().rev() {
        if rapsd[j] >= rapsd[highest] {
            highest = j;
        }
        *source = highest;
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::rounding_power;

    fn kappa_one() -> Kappa {
        Kappa::new(1.0, 1.0).expect("positive")
    }

    fn power_law(longer_side: usize, delta: f64) -> Vec<f64> {
        let power = |j: usize| 0.01 * (j.max(1) as f64 / longer_side as f64).powf(-2.0 * delta);
        (0..longer_side / 2 + 1).map(power).collect()
    }

    #[test]
    fn a_power_law_has_its_closed_form() {
        // ln σ = ln A − Δ ln f with f uniform on [a, b]; 401 points give the coarse end a little more weight.
        for (side, delta) in [(64, 1.0), (256, 1.3)] {
            let statistics = RadialStatistics::without_spread(power_law(side, delta), 9, 9);
            let got = training_density(&statistics, side, kappa_one(), rounding_power(-1.0, 1.0)).expect("power");
            let (a, b) = (1.0 / side as f64, 0.5);
            let moment = |n: i32| -> f64 {
                let steps = 200_000;
                let at = |i: usize| (a + (b - a) * (i as f64 + 0.5) / steps as f64).ln().powi(n);
                (0..steps).map(at).sum::<f64>() / steps as f64
            };
            let mean = 0.1_f64.ln() - delta * ((b * b.ln() - a * a.ln()) / (b - a) - 1.0);
            let std = delta * (moment(2) - moment(1).powi(2)).sqrt();
            assert!((got.p_mean.value - mean).abs() <= 5e-3, "{side}: {} and {mean}", got.p_mean.value);
            assert!((got.p_std.value / std - 1.0).abs() <= 1.5e-2, "{side}: {} and {std}", got.p_std.value);
            assert_eq!((got.p_mean.low95, got.p_std.high95), (None, None), "of a mean alone");
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let side = 32;
        let mut rapsd = power_law(side, 1.1);
        // A peak: the running maximum of two annuli below it.
        rapsd[9] = rapsd[7] * 1.2;
        for kappa in [kappa_one(), Kappa::default()] {
            let at = |rapsd: &[f64]| {
                let statistics = RadialStatistics::without_spread(rapsd.to_vec(), 9, 9);
                training_density(&statistics, side, kappa, 1e-12).expect("power")
            };
            let here = at(&rapsd);
            for j in 2..rapsd.len() - 1 {
                let mut statistics = RadialStatistics::without_spread(rapsd.clone(), 900, 900);
                statistics.covariance_of_mean = vec![0.0; rapsd.len() * rapsd.len()];
                statistics.covariance_of_mean[j * (rapsd.len() + 1)] = rapsd[j].powi(2);
                let density = training_density(&statistics, side, kappa, 1e-12).expect("power");
                let mut moved = rapsd.clone();
                moved[j] *= 1.0 + 1e-6;
                let there = at(&moved);
                for (got, change) in [
                    (density.p_mean.standard_error, there.p_mean.value - here.p_mean.value),
                    (density.p_std.standard_error, there.p_std.value - here.p_std.value),
                ] {
                    let want = (change / 1e-6).abs();
                    let got = got.expect("files");
                    assert!((got - want).abs() <= 1e-4 * want + 1e-7, "annulus {j}: {got}, not {want}");
                }
            }
        }
    }

    #[test]
    fn sets_without_bands_have_no_density() {
        for (side, rapsd) in [(1, vec![1.0]), (8, vec![5.0, 0.0, 0.0, 0.0, 0.0])] {
            let statistics = RadialStatistics::without_spread(rapsd, 3, 3);
            assert_eq!(training_density(&statistics, side, kappa_one(), 5e-6), None);
        }
        let one_band = RadialStatistics::without_spread(vec![1.0, 4.0], 3, 3);
        let density = training_density(&one_band, 2, kappa_one(), 5e-6).expect("a band");
        assert!((density.p_mean.value - 2.0_f64.ln()).abs() <= 1e-12 && density.p_std.value.abs() <= 1e-12);
    }
}
