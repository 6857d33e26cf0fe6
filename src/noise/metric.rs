//! The Γ in which distances are measured: of each mode, averaged over annuli, or a power law.

use super::error::NoiseError;
use super::law::{ZeroFrequency, fit_law, power_law};
use crate::spectral::{Grid, named};

/// Images from which Γ of each mode is known well enough for distances.
pub const MODES_FROM_IMAGES: usize = 64;

/// Which Γ distances are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Γ of each mode, as measured.
    Modes,
    /// The mean of Γ over each annulus, continued to the corners.
    Radial,
    /// The power law `A² f^(−2Δ)` fitted to the modes (Cloud Diffusion).
    PowerLaw,
}

named!(Metric { Modes = "modes", Radial = "radial", PowerLaw = "power-law" });

impl Metric {
    /// What families are compared in by default: with few images Γ of a single mode is mostly chance.
    pub fn for_families(n_images: usize) -> Self {
        if n_images >= MODES_FROM_IMAGES { Self::Modes } else { Self::Radial }
    }

    /// What `gamma` (one half-spectrum per axis, of `n_images`) is in this metric.
    ///
    /// # Errors
    ///
    /// [`NoiseError::NoPowerLaw`] if a power law is asked for and none can be fitted.
    pub fn apply(self, grid: &Grid, gamma: Vec<Vec<f64>>) -> Result<Vec<Vec<f64>>, NoiseError> {
        match self {
            Self::Modes => Ok(gamma),
            Self::Radial => Ok(gamma.iter().map(|gamma| annulus_means(grid, gamma)).collect()),
            Self::PowerLaw => gamma.iter().map(|gamma| fitted_law(grid, gamma)).collect(),
        }
    }
}

/// Each mode's value replaced by the mean over its annulus; annuli go on beyond the last that is complete, into the
/// corners.
fn annulus_means(grid: &Grid, gamma: &[f64]) -> Vec<f64> {
    let (annuli, h) = (extended_annuli(grid), grid.size().height);
    let n = 1 + annuli.iter().copied().max().unwrap_or(0) as usize;
    let mut sums = vec![(0.0, 0.0); n];
    for (i, (&j, g)) in annuli.iter().zip(gamma).enumerate() {
        let multiplicity = grid.multiplicity(i / h);
        let (sum, count) = &mut sums[j as usize];
        *sum += multiplicity * g;
        *count += multiplicity;
    }
    annuli.iter().map(|&j| sums[j as usize].0 / sums[j as usize].1).collect()
}

/// Annulus of each stored mode, `round(L·f)`, also beyond the last that is complete.
pub fn extended_annuli(grid: &Grid) -> Vec<u32> {
    let l = grid.size().longer_side() as f64;
    grid.frequencies().iter().map(|f| (l * f).round_ties_even() as u32).collect()
}

fn fitted_law(grid: &Grid, gamma: &[f64]) -> Result<Vec<f64>, NoiseError> {
    let fit = fit_law(grid, gamma).map_err(|reason| NoiseError::NoPowerLaw {
        name: "the metric power-law".to_owned(),
        reason: reason.to_string(),
    })?;
    let level = fit.amplitude.powi(2);
    Ok(power_law(grid, fit.delta, ZeroFrequency::HalfPeriod).into_iter().map(|p| level * p).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    #[test]
    fn annulus_means_are_the_radial_mean_and_keep_the_total() {
        for (h, w) in [(1, 1), (8, 8), (9, 7), (6, 11)] {
            let grid = Grid::new(Size::new(h, w));
            let gamma: Vec<f64> = (0..grid.n_modes()).map(|i| 1.0 + ((i * 37) % 11) as f64).collect();
            let means = annulus_means(&grid, &gamma);
            let radial = grid.radial_mean(&gamma);
            for (i, (mean, &j)) in means.iter().zip(grid.annuli()).enumerate() {
                if let Some(want) = radial.get(j as usize) {
                    assert!((mean - want).abs() <= 1e-12, "{h}×{w}, mode {i}");
                }
            }
            let sum = |values: &[f64]| super::super::power::full_sum(&grid, values.iter().copied());
            assert!((sum(&means) - sum(&gamma)).abs() <= 1e-9);
        }
    }

    #[test]
    fn the_law_of_a_law_is_itself_and_small_images_have_none() {
        let grid = Grid::new(Size::square(32));
        let law = power_law(&grid, 1.2, ZeroFrequency::HalfPeriod);
        let fitted = Metric::PowerLaw.apply(&grid, vec![law.clone()]).expect("a fit");
        assert!(fitted[0].iter().zip(&law).all(|(a, b)| (a / b - 1.0).abs() <= 1e-9));
        let tiny = Grid::new(Size::square(4));
        let none = Metric::PowerLaw.apply(&tiny, vec![vec![1.0; tiny.n_modes()]]);
        assert!(matches!(none, Err(NoiseError::NoPowerLaw { .. })), "{none:?}");
        assert_eq!((Metric::for_families(63), Metric::for_families(64)), (Metric::Radial, Metric::Modes));
    }
}
