//! Gaussian mixtures with full covariances: fitted by seeded expectation maximisation, their number chosen by BIC.
//!
//! # Definition
//!
//! `p(x) = Σ_k w_k N(x; m_k, C_k)` in `d` dimensions. Expectation maximisation climbs the likelihood of `n` rows from
//! the best of a few starts, each from k-means++ centres. Among `k = 1 … max` the one with the least
//! `BIC = −2 ln L + p ln n`, `p = (k − 1) + k d + k d(d+1)/2`, is taken.
//!
//! # Conventions
//!
//! Rows are first scaled to unit variance in each coordinate; a coordinate that never varies is scaled so that what the
//! mixture adds to it is negligible. [`RIDGE`] is added to the variances of the scaled coordinates, so that copies of
//! one row do not make the likelihood infinite. A component must account for more than `d` rows, so `k ≤ n / 2(d+1)` is
//! tried (one component always is), and starts that starve one are dropped. With too few rows for any covariance to be
//! trusted the one component is still the right answer: mean and covariance of the rows.
//!
//! # References
//!
//! Dempster, Laird and Rubin 1977; Arthur and Vassilvitskii 2007 (k-means++); Schwarz 1978 (BIC). Own code, because the
//! crates that have it are bound to other versions of ndarray.

use std::f64::consts::TAU;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::small_matrix::{cholesky, multiply_lower, solve_lower};

/// Variance added to every coordinate, as a share of its variance over all rows.
pub const RIDGE: f64 = 1e-4;

const N_STARTS: usize = 5;
const MAX_ITERATIONS: usize = 300;
/// Gain of the mean log-likelihood below which the climb is over.
const LEAST_GAIN: f64 = 1e-7;

/// One Gaussian of a mixture.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Share of the rows, 0 to 1.
    pub weight: f64,
    /// Mean, `d` values.
    pub mean: Vec<f64>,
    /// Covariance, `d×d`, row by row.
    pub covariance: Vec<f64>,
}

/// A Gaussian mixture, components by descending weight.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaussianMixture {
    /// Its components.
    pub components: Vec<Component>,
}

/// A mixture with what was measured while it was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct MixtureFit {
    /// The mixture.
    pub mixture: GaussianMixture,
    /// Its Bayesian information criterion, in the scaled coordinates.
    pub bic: f64,
}

/// Rows or a mixture that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MixtureError {
    /// Nothing to fit.
    #[error("a mixture needs at least one row of finite numbers; row {row} of {n_rows} is not")]
    Rows {
        /// The first bad row, from 1; 0 where there are no rows.
        row: usize,
        /// Rows given.
        n_rows: usize,
    },
    /// A mixture read from elsewhere is none.
    #[error("component {component} of the mixture is unusable: {what}; fit the sampler again")]
    Component {
        /// Which one, from 1; 0 where there are none.
        component: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// Fits mixtures of one to `max_components` Gaussians to `rows` (`n×d`, row by row) and keeps the one with the least
/// BIC. The same rows and seed give the same mixture.
///
/// # Errors
///
/// If there are no rows, or a value is not finite.
///
/// # Panics
///
/// If `rows` does not hold whole rows of `n_dimensions` values.
pub fn fit_mixture(
    rows: &[f64],
    n_dimensions: usize,
    max_components: usize,
    seed: u64,
) -> Result<MixtureFit, MixtureError> {
    assert!(n_dimensions > 0 && rows.len().is_multiple_of(n_dimensions), "whole rows");
    let n = rows.len() / n_dimensions;
    if n == 0 {
        return Err(MixtureError::Rows { row: 0, n_rows: 0 });
    }
    if let Some(i) = rows.iter().position(|v| !v.is_finite()) {
        return Err(MixtureError::Rows { row: i / n_dimensions + 1, n_rows: n });
    }
    let scaling = Scaling::of(rows, n_dimensions);
    let scaled = scaling.apply(rows);
    let mut climber = Climber { rows: &scaled, n, d: n_dimensions, shares: Vec::new() };
    let most = max_components.min(n / (2 * (n_dimensions + 1))).max(1);
    let mut best = climber.single();
    for k in 2..=most {
        for start in 0..N_STARTS {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream((k * N_STARTS + start) as u64);
            if let Some(fit) = climber.climb(k, &mut random)
                && fit.bic < best.bic
            {
                best = fit;
            }
        }
    }
    scaling.undo(&mut best.mixture);
    best.mixture.components.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    Ok(best)
}

/// Means and deviations of the coordinates.
struct Scaling {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Scaling {
    fn of(rows: &[f64], d: usize) -> Self {
        let n = (rows.len() / d) as f64;
        let column = |c: usize| rows.iter().skip(c).step_by(d);
        let mean: Vec<f64> = (0..d).map(|c| column(c).sum::<f64>() / n).collect();
        let deviation = (0..d).map(|c| {
            let variance = column(c).map(|v| (v - mean[c]).powi(2)).sum::<f64>() / n;
            variance.sqrt().max(1e-9 * (1.0 + mean[c].abs()))
        });
        Self { deviation: deviation.collect(), mean }
    }

    fn apply(&self, rows: &[f64]) -> Vec<f64> {
        let scale = |row: &[f64]| -> Vec<f64> {
            row.iter().zip(&self.mean).zip(&self.deviation).map(|((v, m), s)| (v - m) / s).collect()
        };
        rows.chunks_exact(self.mean.len()).flat_map(scale).collect()
    }

    fn undo(&self, mixture: &mut GaussianMixture) {
        let d = self.mean.len();
        for component in &mut mixture.components {
            for c in 0..d {
                component.mean[c] = self.mean[c] + self.deviation[c] * component.mean[c];
                for e in 0..d {
                    component.covariance[c * d + e] *= self.deviation[c] * self.deviation[e];
                }
            }
        }
    }
}

/// Expectation maximisation on scaled rows.
struct Climber<'a> {
    rows: &'a [f64],
    n: usize,
    d: usize,
    /// Responsibilities, `n×k`.
    shares: Vec<f64>,
}

impl Climber<'_> {
    /// The one Gaussian of all rows.
    fn single(&mut self) -> MixtureFit {
        self.shares = vec![1.0; self.n];
        // All weight lies on one component, and the ridge makes its covariance definite.
        let components = self.maximise(1);
        let mixture = GaussianMixture { components };
        let likelihood = self.expect(&mixture).unwrap_or(f64::NEG_INFINITY);
        MixtureFit { bic: self.bic(1, likelihood), mixture }
    }

    /// One climb to `k` components; `None` if one of them starves.
    fn climb(&mut self, k: usize, random: &mut impl Rng) -> Option<MixtureFit> {
        self.shares = self.shares_by_centres(&self.centres(k, random), k);
        let mut before = f64::NEG_INFINITY;
        let mut mixture = GaussianMixture { components: Vec::new() };
        for _ in 0..MAX_ITERATIONS {
            let counts = (0..k).map(|c| self.shares.iter().skip(c).step_by(k).sum::<f64>());
            if counts.into_iter().any(|count| count <= self.d as f64) {
                return None;
            }
            mixture.components = self.maximise(k);
            let likelihood = self.expect(&mixture)?;
            if likelihood - before <= LEAST_GAIN * self.n as f64 {
                return Some(MixtureFit { bic: self.bic(k, likelihood), mixture });
            }
            before = likelihood;
        }
        Some(MixtureFit { bic: self.bic(k, before), mixture })
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.d..(i + 1) * self.d]
    }

    /// k-means++: every centre is a row, drawn with probability proportional to its squared distance from those before.
    fn centres(&self, k: usize, random: &mut impl Rng) -> Vec<usize> {
        let mut centres = vec![random.random_range(0..self.n)];
        let mut distance2 = vec![f64::INFINITY; self.n];
        while centres.len() < k {
            let newest = centres[centres.len() - 1];
            for (i, d2) in distance2.iter_mut().enumerate() {
                *d2 = d2.min(squared_distance(self.row(i), self.row(newest)));
            }
            let mut left = random.random::<f64>() * distance2.iter().sum::<f64>();
            let drawn = distance2.iter().position(|d2| {
                left -= d2;
                left < 0.0
            });
            centres.push(drawn.unwrap_or(self.n - 1));
        }
        centres
    }

    /// Every row wholly to its nearest centre.
    fn shares_by_centres(&self, centres: &[usize], k: usize) -> Vec<f64> {
        let mut shares = vec![0.0; self.n * k];
        for i in 0..self.n {
            let distance2 = |c: &usize| squared_distance(self.row(i), self.row(centres[*c]));
            let nearest = (0..k).min_by(|a, b| distance2(a).total_cmp(&distance2(b))).unwrap_or(0);
            shares[i * k + nearest] = 1.0;
        }
        shares
    }

    /// Weights, means and covariances from the responsibilities.
    fn maximise(&self, k: usize) -> Vec<Component> {
        let (n, d) = (self.n, self.d);
        let component = |c: usize| {
            let share = |i: usize| self.shares[i * k + c];
            let count: f64 = (0..n).map(share).sum();
            let mut mean = vec![0.0; d];
            for i in 0..n {
                for (m, v) in mean.iter_mut().zip(self.row(i)) {
                    *m += share(i) / count * v;
                }
            }
            let mut covariance = vec![0.0; d * d];
            for i in 0..n {
                let row = self.row(i);
                for a in 0..d {
                    for b in 0..=a {
                        covariance[a * d + b] += share(i) / count * (row[a] - mean[a]) * (row[b] - mean[b]);
                    }
                }
            }
            for a in 0..d {
                (0..a).for_each(|b| covariance[b * d + a] = covariance[a * d + b]);
                covariance[a * d + a] += RIDGE;
            }
            Component { weight: count / n as f64, mean, covariance }
        };
        (0..k).map(component).collect()
    }

    /// Responsibilities from the components; the log-likelihood of all rows. `None` if a covariance is not definite.
    fn expect(&mut self, mixture: &GaussianMixture) -> Option<f64> {
        let k = mixture.components.len();
        let densities = mixture.densities().ok()?;
        let mut likelihood = 0.0;
        let mut scratch = vec![0.0; self.d];
        for i in 0..self.n {
            let row = &self.rows[i * self.d..(i + 1) * self.d];
            let shares = &mut self.shares[i * k..(i + 1) * k];
            for (share, density) in shares.iter_mut().zip(&densities) {
                *share = density.ln_at(row, &mut scratch);
            }
            let highest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = shares.iter().map(|s| (s - highest).exp()).sum();
            likelihood += highest + total.ln();
            shares.iter_mut().for_each(|s| *s = (*s - highest).exp() / total);
        }
        likelihood.is_finite().then_some(likelihood)
    }

    fn bic(&self, k: usize, likelihood: f64) -> f64 {
        let (k, d) = (k as f64, self.d as f64);
        let parameters = (k - 1.0) + k * d + k * d * (d + 1.0) / 2.0;
        parameters * (self.n as f64).ln() - 2.0 * likelihood
    }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// A component ready for densities and draws.
struct Density<'a> {
    component: &'a Component,
    factor: Vec<f64>,
    ln_norm: f64,
}

impl Density<'_> {
    /// ln of weight times density; `scratch` holds `d` values.
    fn ln_at(&self, row: &[f64], scratch: &mut [f64]) -> f64 {
        let d = row.len();
        for ((s, v), m) in scratch.iter_mut().zip(row).zip(&self.component.mean) {
            *s = v - m;
        }
        solve_lower(&self.factor, d, scratch);
        self.ln_norm - 0.5 * scratch.iter().map(|s| s * s).sum::<f64>()
    }
}

impl GaussianMixture {
    /// Dimension of the rows; 0 without components.
    pub fn n_dimensions(&self) -> usize {
        self.components.first().map_or(0, |c| c.mean.len())
    }

    /// Checks a mixture that was read from elsewhere.
    ///
    /// # Errors
    ///
    /// If it has no components, shapes differ, weights do not add up to one, or a covariance is not positive definite.
    pub fn validate(&self) -> Result<(), MixtureError> {
        self.densities().map(|_| ())
    }

    fn densities(&self) -> Result<Vec<Density<'_>>, MixtureError> {
        let d = self.n_dimensions();
        if d == 0 {
            return Err(MixtureError::Component { component: 0, what: "there is none" });
        }
        let total: f64 = self.components.iter().map(|c| c.weight).sum();
        let density = |(i, c): (usize, &'_ Component)| -> Result<Vec<f64>, MixtureError> {
            let error = |what| MixtureError::Component { component: i + 1, what };
            if c.mean.len() != d || c.covariance.len() != d * d || c.mean.iter().any(|m| !m.is_finite()) {
                return Err(error("its mean or covariance has the wrong shape"));
            }
            if !(c.weight > 0.0 && (total - 1.0).abs() <= 1e-6) {
                return Err(error("its weight is no share of one"));
            }
            cholesky(&c.covariance, d).ok_or_else(|| error("its covariance is not positive definite"))
        };
        let factors: Result<Vec<_>, _> = self.components.iter().enumerate().map(density).collect();
        let densities = factors?.into_iter().zip(&self.components).map(|(factor, component)| {
            let ln_root: f64 = (0..d).map(|i| factor[i * d + i].ln()).sum();
            Density { component, factor, ln_norm: component.weight.ln() - ln_root - 0.5 * d as f64 * TAU.ln() }
        });
        Ok(densities.collect())
    }

    /// A drawer of rows, with the factorisations done once.
    ///
    /// # Errors
    ///
    /// As [`GaussianMixture::validate`].
    pub fn drawer(&self) -> Result<MixtureDrawer<'_>, MixtureError> {
        self.densities().map(|densities| MixtureDrawer { densities })
    }
}

/// Draws rows of a mixture.
pub struct MixtureDrawer<'a> {
    densities: Vec<Density<'a>>,
}

impl MixtureDrawer<'_> {
    /// One row.
    pub fn draw(&self, random: &mut impl Rng) -> Vec<f64> {
        let mut left = random.random::<f64>();
        let chosen = self.densities.iter().position(|d| {
            left -= d.component.weight;
            left < 0.0
        });
        // Rounding can leave a trifle: it belongs to the last component.
        let density = &self.densities[chosen.unwrap_or(self.densities.len() - 1)];
        let mean = &density.component.mean;
        let normal: Vec<f64> = mean.iter().map(|_| StandardNormal.sample(random)).collect();
        multiply_lower(&density.factor, mean.len(), &normal).iter().zip(mean).map(|(x, m)| x + m).collect()
    }
}

#[cfg(test)]
mod tests;
