//! The modes a range retains, as columns of a regression.
//!
//! # What annuli do not see
//!
//! How much an estimate over modes varies between files is known by annuli, whose means hold all of their modes. With
//! the cross mask a fit has only some of them, at 20 pixels half, and these are less steady: intervals by annuli alone
//! covered 73 to 83 % of Gaussian sets. With `δΔ = Σ_k C_k δ ln Γ[k]` over modes of the full plane, chance in `n`
//! images gives
//!
//! ```text
//! 2 Σ_k h_j C_k² v          to the estimate,            v = 1/(n−1), of ln Γ ψ′(n−1)
//! 2 Σ_j h_j (Σ_{k∈j} C_k)²/(n N_j)   to the annuli,     N_j modes in annulus j
//! ```
//!
//! (conjugates are one mode twice, hence the 2), and the difference is what annuli do not see. Images of unequal power
//! count as fewer: `h_j = (1 + variance/mean² of R_j)/(1 + 2/N_j)`, 1 at least. Channels are taken to vary together.

use super::{FitError, FitRange};
use crate::spectral::Grid;
use crate::spectral::grid::NO_ANNULUS;
use crate::spectrum::RadialStatistics;

/// Independent modes below which slope, amplitude and residual cannot all be estimated.
const MIN_INDEPENDENT_MODES: usize = 3;

/// Retained stored modes: centred log frequency, power, and weight (how often each counts in the full plane).
pub(super) struct RetainedModes {
    /// `ln f − mean ln f`, the mean weighted.
    pub x: Vec<f64>,
    /// Γ, value² per mode; positive and finite.
    pub power: Vec<f64>,
    /// 1 or 2.
    pub weight: Vec<f64>,
    /// Annulus of each mode. Corners beyond the last annulus have its number: their power is taken to rise and fall
    /// with it.
    pub annulus: Vec<usize>,
    /// Whether each mode lies in such a corner.
    pub is_corner: Vec<bool>,
    /// Weighted mean of `ln f`.
    pub mean_log_frequency: f64,
    /// `Σ w x²`.
    pub spread: f64,
    /// Lowest and highest frequency, cycles per pixel.
    pub frequencies: (f64, f64),
    /// Modes of the full plane, `Σ w`.
    pub n_modes: usize,
}

impl RetainedModes {
    /// Selects the modes of `grid` that `range` retains.
    pub fn select(grid: &Grid, covariance: &[f64], range: &FitRange) -> Result<Self, FitError> {
        assert_eq!(covariance.len(), grid.n_modes(), "one variance per stored mode");
        range.validate()?;
        let (mut x, mut power, mut weight) = (Vec::new(), Vec::new(), Vec::new());
        let (mut annulus, mut is_corner) = (Vec::new(), Vec::new());
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
            let of = grid.annuli()[index];
            is_corner.push(of == NO_ANNULUS);
            annulus.push((of as usize).min(grid.n_annuli() - 1));
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
        Ok(Self { x, power, weight, annulus, is_corner, mean_log_frequency: mean, spread, frequencies, n_modes })
    }

    /// Weighted sum over the full plane of values at the retained modes.
    pub fn sum(&self, values: &[f64]) -> f64 {
        weighted_sum(&self.weight, values)
    }

    /// Sums over the modes of each of `n_annuli` annuli of `w x/(Σ w x²)` times `factor` of the mode: how a slope
    /// follows the powers of annuli, where `factor` turns a change of an annulus' power into one of what is regressed
    /// on x.
    pub fn slope_by_annulus(&self, n_annuli: usize, factor: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; n_annuli];
        for (i, &annulus) in self.annulus.iter().enumerate() {
            sums[annulus] += self.weight[i] * self.x[i] / self.spread * factor(i);
        }
        sums
    }
}

impl RetainedModes {
    /// The variance of an estimate that [`RetainedModes::slope_by_annulus`] with the same `factor` does not know of.
    /// `radial` are annulus means of Γ; `by_mode` is the variance that chance gives to `δΓ/Γ` of a mode.
    pub fn unseen_variance(
        &self,
        grid: &Grid,
        radial: &[f64],
        statistics: &RadialStatistics,
        by_mode: f64,
        factor: impl Fn(usize) -> f64,
    ) -> f64 {
        let sizes = grid.modes_per_annulus();
        let unevenness: Vec<f64> = (0..grid.n_annuli())
            .map(|j| {
                let relative = statistics.variance.get(j).map_or(0.0, |v| v / statistics.mean[j].powi(2));
                // An annulus without power says nothing; max() also turns NaN into 1.
                ((1.0 + relative) / (1.0 + 2.0 / sizes[j])).max(1.0)
            })
            .collect();
        let (mut of_modes, mut by_annulus) = (0.0, vec![0.0; grid.n_annuli()]);
        for (i, &j) in self.annulus.iter().enumerate() {
            let share = self.x[i] / self.spread * factor(i) * radial[j];
            of_modes += self.weight[i] * unevenness[j] * share * share;
            by_annulus[j] += self.weight[i] * share;
        }
        let seen = by_annulus.iter().zip(sizes).zip(&unevenness).map(|((sum, n), h)| h * sum * sum / n);
        let n_images = statistics.n_images.max(1) as f64;
        2.0 * (by_mode * of_modes - seen.sum::<f64>() / n_images).max(0.0)
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
    fn conjugates_count_twice() {
        for (height, width) in [(8, 8), (7, 7), (7, 8), (8, 5), (1, 16), (16, 1)] {
            let grid = Grid::new(Size::new(height, width));
            let modes = RetainedModes::select(&grid, &vec![1.0; grid.n_modes()], &everything()).expect("enough modes");
            assert_eq!(modes.n_modes, height * width - 1, "{height}×{width}");
        }
    }

    #[test]
    fn the_slope_follows_the_annuli_as_it_follows_their_modes() {
        let grid = Grid::new(Size::new(12, 16));
        let range = FitRange { high_inclusive: 0.5, ..everything() };
        let modes = RetainedModes::select(&grid, &vec![1.0; grid.n_modes()], &range).expect("enough modes");
        let slope_of = |y: &[f64]| {
            let products: Vec<f64> = modes.x.iter().zip(y).map(|(x, y)| x * y).collect();
            modes.sum(&products) / modes.spread
        };
        for (j, by_annulus) in modes.slope_by_annulus(grid.n_annuli(), |_| 1.0).into_iter().enumerate() {
            let raised: Vec<f64> = modes.annulus.iter().map(|a| f64::from(u8::from(*a == j))).collect();
            assert!((by_annulus - slope_of(&raised)).abs() <= 1e-12, "annulus {j}");
        }
    }

    #[test]
    fn what_annuli_do_not_see_is_chance_in_the_modes_that_were_left_out() {
        let grid = Grid::new(Size::square(20));
        let statistics = RadialStatistics::without_spread(vec![1.0; grid.n_annuli()], 1000, 1000);
        let unseen = |range: FitRange| {
            let modes = RetainedModes::select(&grid, &vec![1.0; grid.n_modes()], &range).expect("enough modes");
            let factor = |_| -0.5;
            let flat = vec![1.0; grid.n_annuli()];
            let seen: f64 = modes
                .slope_by_annulus(grid.n_annuli(), factor)
                .iter()
                .zip(grid.modes_per_annulus())
                .map(|(c, n)| 2.0 * c * c / n / 1000.0)
                .sum();
            // Least squares over independent modes: 1/spread is twice the variance, conjugates being one.
            (seen + modes.unseen_variance(&grid, &flat, &statistics, 1e-3, factor), 2.0 * 0.25e-3 / modes.spread, seen)
        };
        for range in [FitRange::for_size(grid.size()), FitRange { cross_mask: None, ..FitRange::for_size(grid.size()) }]
        {
            let (all, exact, seen) = unseen(range);
            assert!((all / exact - 1.0).abs() <= 1e-12, "{all} and {exact}");
            let share = seen / exact;
            assert_eq!(share < 0.5, range.cross_mask.is_some(), "{range}: {share}");
        }
    }

    #[test]
    fn corners_go_with_the_last_annulus() {
        let grid = Grid::new(Size::square(16));
        let modes = RetainedModes::select(&grid, &vec![1.0; grid.n_modes()], &everything()).expect("enough modes");
        let n_corners =
            modes.is_corner.iter().zip(&modes.annulus).filter(|(corner, annulus)| **corner && **annulus == 8);
        let beyond = grid.frequencies().iter().filter(|f| (16.0 * **f).round() > 8.0).count();
        assert_eq!(n_corners.count(), beyond);
        // A change of contrast moves no slope.
        assert!(modes.slope_by_annulus(grid.n_annuli(), |_| 1.0).iter().sum::<f64>().abs() <= 1e-12);
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
