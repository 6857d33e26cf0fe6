//! Δ as a function of frequency: the local exponent of a radially averaged spectrum.
//!
//! # Definition
//!
//! `Δ(f) = −½ d ln R / d ln f`, by straight-line fits of `ln R` on `ln f` over a window half an octave wide (a factor
//! √2) centred on each annulus. A power law shows a horizontal line; a resampled set falls off it at the top.
//!
//! # Conventions
//!
//! An annulus sits at the mean of `ln f` over its modes, which takes out the unevenness of small annuli to first order,
//! and has its number of modes as weight. Only windows that lie within the measured annuli are reported: a window cut
//! at the edge would speak for another frequency than its own. Intervals are as those of Δ: from the covariance
//! between files.

use super::LinearEstimate;
use crate::spectral::Grid;
use crate::spectral::grid::NO_ANNULUS;
use crate::spectrum::RadialStatistics;

/// Half of the window in `ln f`: a quarter of an octave.
const HALF_WINDOW: f64 = std::f64::consts::LN_2 / 4.0;

/// Annuli a straight line with an error needs.
const MIN_BINS: usize = 3;

/// The exponent around one frequency.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct LocalExponent {
    /// Centre of the window, cycles per pixel.
    pub frequency_cycles_per_px: f64,
    /// Δ there, with the interval of its population.
    pub delta: LinearEstimate,
    /// Annuli in the window.
    pub n_bins: usize,
}

/// Local exponents of `rapsd` (one power per annulus, value²), by rising frequency; `statistics` are those of the
/// images' RAPSDs as they are, from which the intervals come. Annuli without power are left out; small images may
/// have no window with three annuli, which gives an empty list.
///
/// # Panics
///
/// If `rapsd` does not hold one value per annulus.
pub fn local_exponents(grid: &Grid, rapsd: &[f64], statistics: &RadialStatistics) -> Vec<LocalExponent> {
    assert_eq!(rapsd.len(), grid.n_annuli(), "one power per annulus");
    let bins: Vec<Bin> = mean_log_frequencies(grid)
        .into_iter()
        .zip(rapsd)
        .zip(grid.modes_per_annulus())
        .enumerate()
        .skip(1)
        .filter(|(_, ((_, power), _))| **power > 0.0 && power.is_finite())
        .map(|(annulus, ((x, &power), &weight))| Bin { annulus, x, power, weight })
        .collect();
    let highest = ((grid.n_annuli() - 1) as f64 / grid.size().longer_side() as f64).ln();
    let lowest = -(grid.size().longer_side() as f64).ln();
    grid.annulus_frequencies()
        .into_iter()
        .skip(1)
        .filter(|f| f.ln() + HALF_WINDOW <= highest && f.ln() - HALF_WINDOW >= lowest)
        .filter_map(|f| line(&bins, f, statistics))
        .collect()
}

struct Bin {
    annulus: usize,
    x: f64,
    power: f64,
    weight: f64,
}

/// The line through the bins of the window around frequency `f`.
fn line(bins: &[Bin], f: f64, statistics: &RadialStatistics) -> Option<LocalExponent> {
    let centre = f.ln();
    let window = || bins.iter().filter(|b| (b.x - centre).abs() <= HALF_WINDOW);
    let n_bins = window().count();
    if n_bins < MIN_BINS {
        return None;
    }
    let total: f64 = window().map(|b| b.weight).sum();
    let mean_x = window().map(|b| b.weight * b.x).sum::<f64>() / total;
    let spread: f64 = window().map(|b| b.weight * (b.x - mean_x).powi(2)).sum();
    let mut delta = 0.0;
    let mut gradient = vec![0.0; statistics.mean.len()];
    for bin in window() {
        let share = -0.5 * bin.weight * (bin.x - mean_x) / spread;
        delta += share * bin.power.ln();
        gradient[bin.annulus] = share / bin.power;
    }
    Some(LocalExponent { frequency_cycles_per_px: f, delta: LinearEstimate::new(delta, &gradient, statistics), n_bins })
}

/// Mean of `ln f` over each annulus' modes of the full plane; annulus 0 holds the zero frequency and means nothing.
fn mean_log_frequencies(grid: &Grid) -> Vec<f64> {
    let height = grid.size().height;
    let mut sum = vec![0.0; grid.n_annuli()];
    for (index, (&f, &annulus)) in grid.frequencies().iter().zip(grid.annuli()).enumerate() {
        if annulus != NO_ANNULUS && annulus > 0 {
            sum[annulus as usize] += grid.multiplicity(index / height) * f.ln();
        }
    }
    sum.iter().zip(grid.modes_per_annulus()).map(|(s, n)| s / n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;

    fn exponents(grid: &Grid, rapsd: &[f64]) -> Vec<LocalExponent> {
        local_exponents(grid, rapsd, &RadialStatistics::without_spread(rapsd.to_vec(), 9, 9))
    }

    fn radial(grid: &Grid, power: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut modes: Vec<f64> = grid.frequencies().iter().map(|&f| power(f)).collect();
        modes[0] = 1.0;
        grid.radial_mean(&modes)
    }

    #[test]
    fn a_power_law_has_one_exponent_everywhere() {
        for (height, width) in [(128, 128), (97, 97), (96, 160)] {
            let grid = Grid::new(Size::new(height, width));
            let rows = exponents(&grid, &radial(&grid, |f| f.powf(-2.6)));
            assert!(rows.len() > 20);
            for row in rows {
                assert!((row.delta.value - 1.3).abs() <= 0.015, "{row:?}");
                assert!(row.n_bins >= 3);
            }
        }
    }

    #[test]
    fn white_noise_is_flat_to_rounding() {
        let grid = Grid::new(Size::square(64));
        for row in exponents(&grid, &radial(&grid, |_| 0.7)) {
            assert!(row.delta.value.abs() <= 1e-12, "{row:?}");
        }
    }

    #[test]
    fn a_bend_is_seen_where_it_is() {
        let grid = Grid::new(Size::square(256));
        let rows = exponents(&grid, &radial(&grid, |f| if f < 0.1 { f.powi(-2) } else { 0.01 * f.powi(-4) }));
        for row in rows {
            let f = row.frequency_cycles_per_px;
            if f < 0.08 {
                assert!((row.delta.value - 1.0).abs() <= 0.02, "{row:?}");
            } else if f > 0.125 {
                assert!((row.delta.value - 2.0).abs() <= 0.01, "{row:?}");
            }
        }
    }

    #[test]
    fn windows_stay_within_the_annuli() {
        let grid = Grid::new(Size::square(64));
        let rows = exponents(&grid, &radial(&grid, |f| 1.0 / f));
        let last = rows.last().expect("rows").frequency_cycles_per_px;
        assert!(last * 2f64.powf(0.25) <= 0.5 && (last + 1.0 / 64.0) * 2f64.powf(0.25) > 0.5);
    }

    #[test]
    fn small_and_flat_spectra_give_no_rows() {
        for side in [1, 2, 5] {
            let grid = Grid::new(Size::square(side));
            assert!(exponents(&grid, &vec![1.0; grid.n_annuli()]).is_empty());
        }
        let grid = Grid::new(Size::square(64));
        assert!(exponents(&grid, &vec![0.0; grid.n_annuli()]).is_empty());
    }
}
