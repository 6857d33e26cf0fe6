//! The modes a range retains, as columns of a regression, and the test for curvature on its residuals.

use super::{FitError, FitRange, f_test};
use crate::spectral::Grid;

/// Independent modes below which slope, amplitude and residual cannot all be estimated.
const MIN_INDEPENDENT_MODES: usize = 3;

/// Residuals whose mean square lies below this are rounding, not data.
const MIN_RESIDUAL_SQUARE: f64 = 1e-24;

/// Retained stored modes: centred log frequency, power, and weight (how often each counts in the full plane).
pub(super) struct RetainedModes {
    /// `ln f − mean ln f`, the mean weighted.
    pub x: Vec<f64>,
    /// Γ, value² per mode; positive and finite.
    pub power: Vec<f64>,
    /// 1 or 2.
    pub weight: Vec<f64>,
    /// Weighted mean of `ln f`.
    pub mean_log_frequency: f64,
    /// `Σ w x²`.
    pub spread: f64,
    /// Lowest and highest frequency, cycles per pixel.
    pub frequencies: (f64, f64),
    /// Modes of the full plane, `Σ w`.
    pub n_modes: usize,
    /// Conjugate pairs and self-conjugate modes.
    pub n_independent: usize,
}

impl RetainedModes {
    /// Selects the modes of `grid` that `range` retains.
    pub fn select(grid: &Grid, covariance: &[f64], range: &FitRange) -> Result<Self, FitError> {
        assert_eq!(covariance.len(), grid.n_modes(), "one variance per stored mode");
        range.validate()?;
        let (mut x, mut power, mut weight) = (Vec::new(), Vec::new(), Vec::new());
        let (mut n_self_conjugate, mut n_powerless) = (0, 0);
        let mut frequencies = (f64::INFINITY, 0.0f64);
        for index in (0..grid.n_modes()).filter(|&i| range.retains(grid, i)) {
            let value = covariance[index];
            n_powerless += usize::from(!(value > 0.0 && value.is_finite()));
            n_self_conjugate += usize::from(grid.is_self_conjugate(index));
            let frequency = grid.frequencies()[index];
            frequencies = (frequencies.0.min(frequency), frequencies.1.max(frequency));
            x.push(frequency.ln());
            power.push(value);
            weight.push(grid.multiplicity(index / grid.size().height));
        }
        if n_powerless > 0 {
            return Err(FitError::NoPower { unit: "modes", n_powerless, n_retained: x.len() });
        }
        let total: f64 = weight.iter().sum();
        let mean = weighted_sum(&weight, &x) / total;
        x.iter_mut().for_each(|value| *value -= mean);
        let spread: f64 = weight.iter().zip(&x).map(|(w, x)| w * x * x).sum();
        let n_modes = total as usize;
        let n_independent = (n_modes + n_self_conjugate) / 2;
        if n_independent < MIN_INDEPENDENT_MODES || spread <= f64::EPSILON * total {
            let unit = "independent modes";
            return Err(FitError::TooFewPoints { unit, n: n_independent, needed: MIN_INDEPENDENT_MODES });
        }
        Ok(Self { x, power, weight, mean_log_frequency: mean, spread, frequencies, n_modes, n_independent })
    }

    /// Weighted sum over the full plane of values at the retained modes.
    pub fn sum(&self, values: &[f64]) -> f64 {
        weighted_sum(&self.weight, values)
    }

    /// Standard error of a coefficient of x, from residuals whose variance at a mode is `φ/weight`.
    ///
    /// `φ = Σ w r²/(N − 2)` over the `N` independent modes: the sum over the full plane is the weighted sum over
    /// independent ones, because a pair has weight 2 there and a self-conjugate mode weight 1. The number of images
    /// cancels: it scales φ and the information alike.
    pub fn slope_error(&self, residual: &[f64]) -> f64 {
        let squares: Vec<f64> = residual.iter().map(|r| r * r).collect();
        (self.sum(&squares) / self.degrees() / self.spread).sqrt()
    }

    /// Degrees of freedom of the residuals.
    pub fn degrees(&self) -> f64 {
        self.n_independent as f64 - 2.0
    }

    /// F-test p-value of a term in `(ln f)²` beside the fitted line, from the residuals of that fit (which must be
    /// orthogonal to 1 and x under the weights, as both mode-wise estimators leave them).
    pub fn curvature_p(&self, residual: &[f64]) -> Option<f64> {
        let total = self.n_modes as f64;
        let squares: Vec<f64> = self.x.iter().map(|x| x * x).collect();
        let cubes: Vec<f64> = self.x.iter().map(|x| x * x * x).collect();
        let (mean, slope) = (self.sum(&squares) / total, self.sum(&cubes) / self.spread);
        let bend: Vec<f64> = self.x.iter().map(|x| x * x - mean - slope * x).collect();
        let dot = |a: &[f64], b: &[f64]| self.weight.iter().zip(a).zip(b).map(|((w, a), b)| w * a * b).sum::<f64>();
        let unexplained = dot(residual, residual);
        let leverage = dot(&bend, &bend);
        if unexplained <= MIN_RESIDUAL_SQUARE * total || leverage <= f64::EPSILON * total {
            return None;
        }
        let explained = dot(&bend, residual).powi(2) / leverage;
        let degrees = self.n_independent as f64 - 3.0;
        f_test(explained * degrees / (unexplained - explained).max(f64::MIN_POSITIVE), degrees)
    }
}

fn weighted_sum(weight: &[f64], values: &[f64]) -> f64 {
    weight.iter().zip(values).map(|(w, v)| w * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    fn everything() -> FitRange {
        FitRange { cross_mask: None, ..FitRange::paper() }
    }

    #[test]
    fn conjugates_are_counted_once() {
        for (height, width) in [(8, 8), (7, 7), (7, 8), (8, 5), (1, 16), (16, 1)] {
            let grid = Grid::new(Size::new(height, width));
            let modes = RetainedModes::select(&grid, &vec![1.0; grid.n_modes()], &everything()).expect("enough modes");
            // Naively: mode and conjugate in the full plane, each pair seen from its smaller index.
            let mut n = 0;
            for ky in 0..height {
                for kx in 0..width {
                    let conjugate = ((height - ky) % height, (width - kx) % width);
                    n += usize::from((ky, kx) != (0, 0) && (ky, kx) <= conjugate);
                }
            }
            assert_eq!(modes.n_independent, n, "{height}×{width}");
            assert_eq!(modes.n_modes, height * width - 1);
        }
    }

    #[test]
    fn curvature_is_the_f_test_of_nested_regressions() {
        // Seven equally spaced x, one bend plus a pattern orthogonal to 1, x and x².
        let x: Vec<f64> = (-3..=3).map(f64::from).collect();
        let pattern = [0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0];
        let cubic_part: Vec<f64> = pattern.to_vec();
        let residual: Vec<f64> = x.iter().zip(&cubic_part).map(|(x, e)| 0.5 * (x * x - 4.0) + e).collect();
        let orthogonal: f64 = x.iter().zip(&cubic_part).map(|(x, e)| x * e).sum();
        let modes = RetainedModes {
            power: vec![1.0; 7],
            weight: vec![1.0; 7],
            mean_log_frequency: 0.0,
            spread: 28.0,
            frequencies: (0.1, 0.5),
            n_modes: 7,
            n_independent: 7,
            x: x.clone(),
        };
        assert_eq!(orthogonal, 2.0 * (-1.0 - 1.0) + 2.0 * (2.0 + 0.0) + 0.0);
        // Σ(x²−4)² = 84, so the bend explains 21 of 21 + 10 and F = 21·4/10.
        let expected = f_test(21.0 * 4.0 / 10.0, 4.0);
        assert!((modes.curvature_p(&residual).expect("exists") - expected.expect("exists")).abs() <= 1e-12);
        assert_eq!(modes.curvature_p(&[0.0; 7]), None);
    }

    #[test]
    fn powerless_modes_are_counted() {
        let grid = Grid::new(Size::square(8));
        let mut covariance = vec![1.0; grid.n_modes()];
        (covariance[5], covariance[6], covariance[7]) = (0.0, -1.0, f64::NAN);
        let error = RetainedModes::select(&grid, &covariance, &everything()).err();
        let n_retained = grid.n_modes() - 1;
        assert_eq!(error, Some(FitError::NoPower { unit: "modes", n_powerless: 3, n_retained }));
    }

    #[test]
    fn one_frequency_and_tiny_images_are_too_few() {
        let grid = Grid::new(Size::square(8));
        let ring = FitRange { low_exclusive: 0.12, high_inclusive: 0.13, cross_mask: None };
        for (grid, range) in [(&grid, ring), (&Grid::new(Size::square(1)), everything())] {
            let error = RetainedModes::select(grid, &vec![1.0; grid.n_modes()], &range).err();
            assert!(matches!(error, Some(FitError::TooFewPoints { .. })), "{error:?}");
        }
    }

    #[test]
    fn the_frequencies_are_those_that_entered_not_those_asked_for() {
        let grid = Grid::new(Size::square(64));
        let range = FitRange { low_exclusive: 0.01, high_inclusive: 0.31, cross_mask: Some(3) };
        let modes = RetainedModes::select(&grid, &vec![1.0; grid.n_modes()], &range).expect("modes");
        let expected =
            (4.0 * 2f64.sqrt() / 64.0, grid.frequencies().iter().copied().filter(|f| *f <= 0.31).fold(0.0, f64::max));
        assert!((modes.frequencies.0 - expected.0).abs() < 1e-12, "{:?}", modes.frequencies);
        assert!(modes.frequencies.1 <= expected.1 && modes.frequencies.1 > 0.3, "{:?}", modes.frequencies);
    }
}
