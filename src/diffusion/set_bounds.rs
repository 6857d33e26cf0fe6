//! Noise bounds over the images of a set, from counts of their strongest and weakest bands: quantiles with intervals,
//! and what schedules and training densities waste and do not reach. No single image is needed.
//!
//! # Conventions
//!
//! Bounds are those of [`super::bounds`], floor included, to the width of a bin of the counts: 0.3 %. Flat images are
//! left out: their weakest bands lie below everyone's floor, so they are the first of both rows of counts. Intervals of
//! quantiles are those of order statistics; tiles of one file are worth as many independent images as there are files.

use super::bounds::Kappa;
use super::noise_draws::NoiseDraws;
use crate::spectrum::order_statistics::quantile_of_ranks;
use crate::spectrum::{Extreme, PowerHistogram, Spectrum};
use crate::stats::jackknife::Interval;
use crate::stats::order_interval::order_ranks;

/// Share of draws at either end of a density that count as its end: what fewer draws reach is not trained.
pub const END_SHARE: f64 = 0.01;

/// The bounds of a set.
#[derive(Debug, Clone, Copy)]
pub struct SetBounds<'a> {
    largest: PowerHistogram<'a>,
    smallest: PowerHistogram<'a>,
    kappa: Kappa,
    rounding_power: f64,
    n_flat: u64,
    n_usable: u64,
    /// Independent images among those with bounds.
    effective: f64,
}

/// What a schedule or a density does for a set.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Audit {
    /// Lowest noise level; of a density that below which 1 % of the draws lie, value.
    pub sigma_low: f64,
    /// Highest noise level, likewise; none if infinite.
    pub sigma_high: Option<f64>,
    /// Mean over images of the share of steps or draws below their `sigma_min`: finer than any band needs.
    pub waste_below: f64,
    /// Mean over images of the share above their `sigma_max`: nothing left to hide.
    pub waste_above: f64,
    /// Share of the images whose `sigma_min` lies below the lowest level.
    pub unreached_below: f64,
    /// Share of the images whose `sigma_max` lies above the highest level.
    pub unreached_above: f64,
}

impl<'a> SetBounds<'a> {
    /// Of the images of `spectrum`; `rounding_power` as in [`super::compute_bounds`]. None if all are flat, or the
    /// spectrum holds no powers.
    pub fn new(spectrum: &'a Spectrum, kappa: Kappa, rounding_power: f64) -> Option<Self> {
        let largest = spectrum.extreme_powers(Extreme::Largest)?;
        let smallest = spectrum.extreme_powers(Extreme::Smallest)?;
        let counts = spectrum.counts();
        let n_flat = largest.n_at_most(rounding_power / kappa.max());
        let n_usable = counts.n_images.checked_sub(n_flat).filter(|n| *n > 0)?;
        let effective = n_usable as f64 * (counts.n_files as f64 / counts.n_images as f64).min(1.0);
        Some(Self { largest, smallest, kappa, rounding_power, n_flat, n_usable, effective })
    }

    /// Images that have bounds.
    pub fn n_usable(&self) -> u64 {
        self.n_usable
    }

    /// Images without power at any band.
    pub fn n_flat(&self) -> u64 {
        self.n_flat
    }

    /// The quantile at `level` of the images' largest useful noise, value, with its interval.
    pub fn sigma_max(&self, level: f64) -> Interval {
        self.quantile(level, |rank| {
            self.sigma_max_of(self.largest.order_statistic(self.n_flat + rank).unwrap_or(f64::NAN))
        })
    }

    /// The quantile at `level` of the images' smallest useful noise, value, with its interval.
    pub fn sigma_min(&self, level: f64) -> Interval {
        self.quantile(level, |rank| {
            self.sigma_min_of(self.smallest.order_statistic(self.n_flat + rank).unwrap_or(f64::NAN))
        })
    }

    fn quantile(&self, level: f64, of_rank: impl Fn(u64) -> f64) -> Interval {
        let n = usize::try_from(self.n_usable).unwrap_or(usize::MAX);
        let [low95, high95] = order_ranks(n, self.effective, level).map(|rank| rank.map(|rank| of_rank(rank as u64)));
        Interval { value: quantile_of_ranks(self.n_usable, level, &of_rank).unwrap_or(f64::NAN), low95, high95 }
    }

    fn sigma_max_of(&self, power: f64) -> f64 {
        (self.kappa.max() * power).sqrt()
    }

    fn sigma_min_of(&self, power: f64) -> f64 {
        (self.kappa.min() * power).max(self.rounding_power).sqrt()
    }

    /// Both bounds with the share of the images that have them, rising, to a bin.
    fn shares(&self) -> [Vec<(f64, f64)>; 2] {
        let of = |histogram: &PowerHistogram<'_>, sigma: &dyn Fn(f64) -> f64| {
            let mut flat = self.n_flat;
            let mut shares = Vec::new();
            for (power, n) in histogram.bins() {
                let n_flat = flat.min(n);
                flat -= n_flat;
                if n > n_flat {
                    shares.push((sigma(power), (n - n_flat) as f64 / self.n_usable as f64));
                }
            }
            shares
        };
        [of(&self.smallest, &|p| self.sigma_min_of(p)), of(&self.largest, &|p| self.sigma_max_of(p))]
    }

    /// What a schedule with these noise levels (descending) does for the set.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn audit_steps(&self, sigmas: &[f64]) -> Audit {
        let n = sigmas.len() as f64;
        let above = |sigma: f64| sigmas.partition_point(|s| *s > sigma) as f64 / n;
        let below = |sigma: f64| (sigmas.len() - sigmas.partition_point(|s| *s >= sigma)) as f64 / n;
        self.audit([sigmas[sigmas.len() - 1], sigmas[0]], below, above)
    }

    /// What a training density does for the set.
    pub fn audit_draws(&self, draws: NoiseDraws) -> Audit {
        let ends = [END_SHARE, 1.0 - END_SHARE].map(|level| draws.quantile(level));
        self.audit(ends, |sigma| draws.share_below(sigma), |sigma| 1.0 - draws.share_below(sigma))
    }

    fn audit(&self, [low, high]: [f64; 2], below: impl Fn(f64) -> f64, above: impl Fn(f64) -> f64) -> Audit {
        let [minima, maxima] = self.shares();
        let mean = |shares: &[(f64, f64)], of: &dyn Fn(f64) -> f64| -> f64 {
            shares.iter().map(|(sigma, share)| share * of(*sigma)).sum::<f64>().clamp(0.0, 1.0)
        };
        Audit {
            sigma_low: low,
            sigma_high: Some(high).filter(|high| high.is_finite()),
            waste_below: mean(&minima, &below),
            waste_above: mean(&maxima, &above),
            unreached_below: mean(&minima, &|sigma| f64::from(sigma < low)),
            unreached_above: mean(&maxima, &|sigma| f64::from(sigma > high)),
        }
    }
}

#[cfg(test)]
mod tests;
