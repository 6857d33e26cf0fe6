//! The power law of cloud noise in closed form, `S[k] = f^(−2Δ)` (Cloud Diffusion, arXiv 2507.05496).
//!
//! # Conventions
//!
//! At the zero frequency the law is infinite. By default that mode gets the power of `f = 1/(2L)`, half the lowest
//! frequency: a zero there, as in the paper, makes the divergence from any set of images whose brightness varies
//! infinite.

use crate::spectral::{Grid, named};
use crate::spectrum::RadialStatistics;
use crate::stats::power_law::{FitError, FitRange, PowerLawFit, fit_radial};

/// What the zero frequency of power-law noise gets, where the law itself is infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroFrequency {
    /// The power of half the lowest frequency, `f = 1/(2L)`.
    #[default]
    HalfPeriod,
    /// No power, as in Cloud Diffusion.
    Zero,
}

named!(ZeroFrequency { HalfPeriod = "half", Zero = "zero" });

/// `f^(−2Δ)` of every stored mode of `grid`, with the zero frequency as asked for.
pub fn power_law(grid: &Grid, delta: f64, zero_frequency: ZeroFrequency) -> Vec<f64> {
    let lowest = 0.5 / grid.size().longer_side() as f64;
    let law = |f: f64| f.powf(-2.0 * delta);
    let at_zero = match zero_frequency {
        ZeroFrequency::HalfPeriod => law(lowest),
        ZeroFrequency::Zero => 0.0,
    };
    grid.frequencies().iter().map(|&f| if f == 0.0 { at_zero } else { law(f) }).collect()
}

/// The Δ and A of a set whose Γ is `gamma` (one value per stored mode, value²), over all annuli; without an interval.
///
/// # Errors
///
/// As [`fit_radial`].
pub fn fit_law(grid: &Grid, gamma: &[f64]) -> Result<PowerLawFit, FitError> {
    let power = grid.radial_mean(gamma);
    let nothing_known = RadialStatistics::without_spread(power.clone(), 0, 0);
    fit_radial(grid, &power, &nothing_known, &FitRange::for_size(grid.size()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    #[test]
    fn the_law_holds_at_every_mode_and_the_zero_frequency_is_chosen() {
        for (h, w) in [(1, 1), (1, 7), (8, 8), (9, 13), (12, 5)] {
            let grid = Grid::new(Size::new(h, w));
            for delta in [-0.5, 0.0, 0.7, 1.5] {
                let power = power_law(&grid, delta, ZeroFrequency::HalfPeriod);
                let longer = h.max(w) as f64;
                assert!((power[0] - (2.0 * longer).powf(2.0 * delta)).abs() <= 1e-9 * power[0], "{h}×{w}");
                for (i, (&p, &f)) in power.iter().zip(grid.frequencies()).enumerate().skip(1) {
                    assert!((p * f.powf(2.0 * delta) - 1.0).abs() <= 1e-12, "{h}×{w}, mode {i}");
                }
                assert_eq!(power_law(&grid, delta, ZeroFrequency::Zero)[0], 0.0);
            }
        }
    }
}
