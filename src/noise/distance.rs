//! Distances between noise and a dataset, in closed form.
//!
//! # Definition
//!
//! The dataset is `Q = N(M, Γ)`, the noise `N(0, S)`, both diagonal over the modes; sums run over the full plane and
//! all axes:
//!
//! ```text
//! E d²(Q1|Q)    = Σ (S + |M|²)/Γ            mean squared Mahalanobis distance of a noise sample
//! E d²(Q1,Q|Q)  = Σ (S + Γ + |M|²)/Γ        of a noise sample from a member of Q
//! Var d²(Q1|Q)  = Σ 2 (S/Γ)² + 4 S|M|²/Γ²   of a noise sample; from a member S + Γ in place of S
//! W₂²           = Σ |M|² + (√S − √Γ)²       2-Wasserstein
//! KL(S‖Γ)       = ½ Σ [S/Γ − 1 − ln(S/Γ)] + ½ Σ |M|²/Γ     and the reverse, nats
//! ```
//!
//! # Conventions
//!
//! In quotients and logarithms S and Γ are floored at the power of 8-bit rounding; in W₂ they are not. Where S is zero
//! and Γ lies above that floor, both KL are infinite: neither Gaussian has a density in the other. A constant that
//! all channels share correlates their zero frequencies: there, and only there, `S` is a matrix over the axes, and the
//! same quantities are those of Gaussians with matrices.
//!
//! # References
//!
//! Cloud Diffusion (arXiv 2507.05496) for the Mahalanobis distances.

use ndarray::Array2;

use super::error::NoiseError;
use super::metric::Metric;
use super::model::DatasetModel;
use super::monte_carlo::ExpectedSquare;
use super::power::full_sum;
use super::spectrum::NoiseSpectrum;
use crate::stats::covariance::eigen_decomposition;

/// How far a noise is from a dataset.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Divergence {
    /// `E d²(Q1|Q)`.
    pub expected_square: f64,
    /// `E d²(Q1,Q|Q)`.
    pub expected_square_to_member: f64,
    /// Variance of `d²(Q1|Q)`, modes independent.
    pub square_variance: f64,
    /// Variance of `d²(Q1,Q|Q)`.
    pub square_to_member_variance: f64,
    /// 2-Wasserstein distance squared, value².
    pub w2_square: f64,
    /// `KL(noise ‖ dataset)`, nats; infinite if the noise has no power somewhere where the dataset has.
    pub kl_noise_data: f64,
    /// `KL(dataset ‖ noise)`, nats; infinite if the noise has no power somewhere where the dataset has.
    pub kl_data_noise: f64,
}

impl Divergence {
    /// All zero.
    const ZERO: Self = Self {
        expected_square: 0.0,
        expected_square_to_member: 0.0,
        square_variance: 0.0,
        square_to_member_variance: 0.0,
        w2_square: 0.0,
        kl_noise_data: 0.0,
        kl_data_noise: 0.0,
    };

    fn add(&mut self, factor: f64, other: Self) {
        self.expected_square += factor * other.expected_square;
        self.expected_square_to_member += factor * other.expected_square_to_member;
        self.square_variance += factor * other.square_variance;
        self.square_to_member_variance += factor * other.square_to_member_variance;
        self.w2_square += factor * other.w2_square;
        self.kl_noise_data += factor * other.kl_noise_data;
        self.kl_data_noise += factor * other.kl_data_noise;
    }

    /// What drawn `d²(Q1|Q)` should be.
    pub fn square(&self) -> ExpectedSquare {
        ExpectedSquare { mean: self.expected_square, variance: self.square_variance }
    }

    /// What drawn `d²(Q1,Q|Q)` should be.
    pub fn square_to_member(&self) -> ExpectedSquare {
        ExpectedSquare { mean: self.expected_square_to_member, variance: self.square_to_member_variance }
    }
}

/// One mode of both Gaussians.
struct Mode {
    /// S, Γ, |M|².
    noise: f64,
    gamma: f64,
    mean: f64,
    /// S and Γ, floored.
    noise_floored: f64,
    gamma_floored: f64,
}

impl Mode {
    fn divergence(&self) -> Divergence {
        let Self { noise, gamma, mean, noise_floored, gamma_floored } = *self;
        let ratio = noise_floored / gamma_floored;
        // Without power `noise_floored` is the floor.
        let is_hole = noise == 0.0 && gamma_floored > noise_floored;
        let kl = |kl: f64| if is_hole { f64::INFINITY } else { kl };
        let variance = |s: f64| (2.0 * s * s + 4.0 * s * mean) / gamma_floored.powi(2);
        Divergence {
            expected_square: (noise + mean) / gamma_floored,
            expected_square_to_member: (noise + gamma + mean) / gamma_floored,
            square_variance: variance(noise),
            square_to_member_variance: variance(noise + gamma),
            w2_square: mean + (noise.sqrt() - gamma.sqrt()).powi(2),
            kl_noise_data: kl(0.5 * (excess(ratio) + mean / gamma_floored)),
            kl_data_noise: kl(0.5 * (excess(1.0 / ratio) + mean / noise_floored)),
        }
    }
}

/// `r − 1 − ln r`: never below zero, and exact near one.
pub(super) fn excess(ratio: f64) -> f64 {
    let above = ratio - 1.0;
    (above - above.ln_1p()).max(0.0)
}

/// How far `noise` is from `dataset`.
///
/// # Errors
///
/// If LAPACK fails on the matrices over the axes.
pub fn divergence(dataset: &DatasetModel, noise: &NoiseSpectrum) -> Result<Divergence, NoiseError> {
    let mut total = Divergence::ZERO;
    let floor = dataset.rounding_power;
    let h = dataset.grid.size().height;
    let first = usize::from(noise.has_shared_offset());
    for (axis, power) in noise.power.iter().enumerate() {
        let (gamma, floored) = (&dataset.gamma[axis], &dataset.floored[axis]);
        for i in first..power.len() {
            let multiplicity = dataset.grid.multiplicity(i / h);
            let mode = Mode {
                noise: power[i],
                gamma: gamma[i],
                mean: dataset.mean_field[axis][i].norm_sqr(),
                noise_floored: power[i].max(floor),
                gamma_floored: floored[i],
            };
            total.add(multiplicity, mode.divergence());
        }
    }
    if first > 0 {
        total.add(1.0, zero_frequency(dataset, noise)?);
    }
    Ok(total)
}

/// The zero frequency of noise whose axes share a constant: there `S = diag(a) + w wᵀ` over the axes.
fn zero_frequency(dataset: &DatasetModel, noise: &NoiseSpectrum) -> Result<Divergence, NoiseError> {
    let n = noise.power.len();
    let w = &noise.shared;
    let gamma: Vec<f64> = dataset.gamma.iter().map(|g| g[0]).collect();
    let floored: Vec<f64> = dataset.floored.iter().map(|g| g[0]).collect();
    // The zero frequency of a real image is real.
    let mean: Vec<f64> = dataset.mean_field.iter().map(|m| m[0].re).collect();
    let marginal: Vec<f64> = noise.power.iter().map(|p| p[0]).collect();
    let own: Vec<f64> = (0..n).map(|c| (marginal[c] - w[c] * w[c]).max(dataset.rounding_power)).collect();
    let sum = |of: &dyn Fn(usize) -> f64| (0..n).map(of).sum::<f64>();
    // Determinant and inverse of diag(a) + w wᵀ, by Sylvester's and by Sherman and Morrison's formula.
    let strength = 1.0 + sum(&|c| w[c] * w[c] / own[c]);
    let log_determinant = sum(&|c| own[c].ln()) + strength.ln();
    let log_gamma = sum(&|c| floored[c].ln());
    let trace_data_noise = sum(&|c| floored[c] / own[c]) - sum(&|c| (w[c] / own[c]).powi(2) * floored[c]) / strength;
    let mean_noise = sum(&|c| mean[c] * mean[c] / own[c]) - sum(&|c| mean[c] * w[c] / own[c]).powi(2) / strength;
    let mean_data = sum(&|c| mean[c] * mean[c] / floored[c]);
    let trace_noise_data = sum(&|c| marginal[c] / floored[c]);
    // tr (Γ^½ S Γ^½)^½.
    let entry = |c: usize, d: usize| w[c] * w[d] + if c == d { (marginal[c] - w[c] * w[c]).max(0.0) } else { 0.0 };
    let root = Array2::from_shape_fn((n, n), |(c, d)| (gamma[c] * gamma[d]).sqrt() * entry(c, d));
    let variance = |members: f64| {
        let of = |c: usize, d: usize| {
            let s = entry(c, d) + if c == d { members * gamma[c] } else { 0.0 };
            s * (2.0 * s + 4.0 * mean[c] * mean[d]) / (floored[c] * floored[d])
        };
        sum(&|c| sum(&|d| of(c, d)))
    };
    let overlap: f64 = eigen_decomposition(root.view())?.values.iter().map(|v| v.max(0.0).sqrt()).sum();
    let dimensions = n as f64;
    Ok(Divergence {
        expected_square: trace_noise_data + mean_data,
        expected_square_to_member: trace_noise_data + mean_data + sum(&|c| gamma[c] / floored[c]),
        square_variance: variance(0.0),
        square_to_member_variance: variance(1.0),
        w2_square: sum(&|c| mean[c] * mean[c] + marginal[c] + gamma[c]) - 2.0 * overlap,
        kl_noise_data: 0.5 * (trace_noise_data - dimensions - log_determinant + log_gamma + mean_data),
        kl_data_noise: 0.5 * (trace_data_noise - dimensions - log_gamma + log_determinant + mean_noise),
    })
}

/// Squared 2-Wasserstein distance of the dataset from its own mean image, `Σ Γ`, value².
pub fn mean_image_w2_square(dataset: &DatasetModel) -> f64 {
    dataset.gamma.iter().map(|g| full_sum(&dataset.grid, g.iter().copied())).sum()
}

/// `E d²` of the dataset mean from a member, `Σ Γ/Γ_floored`: the number of dimensions, less what the floor took.
pub fn mean_image_to_member(dataset: &DatasetModel) -> f64 {
    let ratios = |(g, f): (&Vec<f64>, &Vec<f64>)| full_sum(&dataset.grid, g.iter().zip(f).map(|(g, f)| g / f));
    dataset.gamma.iter().zip(&dataset.floored).map(ratios).sum()
}

/// Root mean square of `d/√D` of the dataset's members: 1, unless Γ is held at the floor somewhere.
pub fn typical_normalized(dataset: &DatasetModel) -> f64 {
    (mean_image_to_member(dataset) / dataset.n_dimensions()).sqrt()
}

/// What chance alone adds to `KL(dataset ‖ noise)` per dimension, nats.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ChanceLevel {
    /// Because Γ of each mode is that of finitely many images: `E[−ln(Γ̂/Γ)]/2 ≈ 1/(4(n−1))` for Gaussian images, about
    /// `κ4 − 1` times that for others. Zero where Γ is no mode's own, and for noise that is Γ itself.
    pub gamma: f64,
    /// Because their mean image is: `1/(2n)`. Zero where no mean is removed from what is compared.
    pub mean_image: f64,
}

impl ChanceLevel {
    /// That of `dataset`.
    pub fn of(dataset: &DatasetModel) -> Self {
        let n = dataset.n_images as f64;
        let has_mean = dataset.mean_field.iter().flatten().any(|m| m.norm_sqr() > 0.0);
        Self {
            gamma: if dataset.metric == Metric::Modes { 0.25 / (n - 1.0).max(1.0) } else { 0.0 },
            mean_image: if has_mean { 0.5 / n.max(1.0) } else { 0.0 },
        }
    }

    /// Both.
    pub fn total(self) -> f64 {
        self.gamma + self.mean_image
    }
}

#[cfg(test)]
mod tests;
