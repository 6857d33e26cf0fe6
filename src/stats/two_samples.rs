//! Whether two sets differ: one number at a time (Welch), several together (Hotelling's T²), counts (Fisher's exact
//! test), and what a family of such tests says together (Holm).
//!
//! # Definition
//!
//! Of each set the mean of `p` numbers over its files is known, and the covariance `V` of that mean between files; so
//! tiles of one photograph count once. With `G` files the covariance of a single file is `G V`.
//!
//! ```text
//! one number:  t = d / √(v₁ + v₂),  ν = (v₁ + v₂)² / (v₁²/(G₁−1) + v₂²/(G₂−1))                 Welch
//! together:    T² = dᵀ [S (1/G₁ + 1/G₂)]⁻¹ d,  S = ((G₁−1) G₁V₁ + (G₂−1) G₂V₂) / m,  m = G₁ + G₂ − 2
//!              F = T² (m − p + 1) / (m p)  on (p, m − p + 1) degrees of freedom                Hotelling
//! paired:      the same of the mean difference of pairs, T² = dᵀ V⁻¹ d, m = G − 1
//! ```
//!
//! # References
//!
//! Welch (1947); Hotelling (1931); Holm (1979); Fisher's exact test on 2×2 counts.

use ndarray::ArrayView2;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Discrete, FisherSnedecor, Hypergeometric};

use super::covariance::{CovarianceError, eigen_decomposition};
use super::student::{student_p, student_quantile};

/// A correlation matrix is taken as singular below this share of its largest eigenvalue.
const LEAST_EIGENVALUE: f64 = 1e-10;

/// Files, or pairs of them, from which on sets are judged.
pub const LEAST_FILES: u64 = 20;

/// A mean over files, with its variance between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Variance of that mean.
    pub variance: f64,
    /// Files.
    pub n_files: u64,
}

/// By how much one number differs between two sets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Second minus first, in the unit of the number.
    pub value: f64,
    /// Its 95 % interval; none with fewer than two files in either set.
    pub low95: Option<f64>,
    /// Upper end.
    pub high95: Option<f64>,
    /// Chance of a difference as large if there is none; none as above.
    pub p: Option<f64>,
}

impl Difference {
    /// A difference with a known standard error and its degrees of freedom.
    pub fn with_error(value: f64, standard_error: f64, degrees: f64) -> Self {
        let half_width = student_quantile(degrees) * standard_error;
        let is_known = half_width.is_finite();
        Self {
            value,
            low95: is_known.then_some(value - half_width),
            high95: is_known.then_some(value + half_width),
            p: is_known.then(|| chance_of(value, standard_error, degrees)),
        }
    }

    /// Half the width of the interval: a difference this large would just be seen.
    pub fn half_width(&self) -> Option<f64> {
        Some(self.high95? - self.value)
    }

    /// The same in another unit, `factor` of which make one of this.
    pub fn scaled(self, factor: f64) -> Self {
        let (low, high) = (self.low95.map(|x| x * factor), self.high95.map(|x| x * factor));
        let (low95, high95) = if factor < 0.0 { (high, low) } else { (low, high) };
        Self { value: self.value * factor, low95, high95, p: self.p }
    }
}

/// Chance of a value as far from zero. Where nothing varies any difference is certain.
fn chance_of(value: f64, standard_error: f64, degrees: f64) -> f64 {
    match standard_error > 0.0 {
        true => student_p(value / standard_error, degrees),
        false => f64::from(u8::from(value == 0.0)),
    }
}

/// The difference of two means, variances unequal.
pub fn welch(first: Mean, second: Mean) -> Difference {
    match welch_error(first, second) {
        Some((standard_error, degrees)) => Difference::with_error(second.value - first.value, standard_error, degrees),
        None => Difference { value: second.value - first.value, low95: None, high95: None, p: None },
    }
}

/// Standard error of the difference of two means and its degrees of freedom; none with fewer than two files in either.
pub fn welch_error(first: Mean, second: Mean) -> Option<(f64, f64)> {
    let variance = first.variance + second.variance;
    if first.n_files < 2 || second.n_files < 2 {
        return None;
    }
    let share = |m: Mean| m.variance * m.variance / (m.n_files as f64 - 1.0);
    let degrees = variance * variance / (share(first) + share(second));
    // Neither varies: any number of degrees will do.
    let degrees = if variance > 0.0 { degrees } else { (first.n_files + second.n_files - 2) as f64 };
    Some((variance.sqrt(), degrees))
}

/// Hotelling's T².
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Hotelling {
    /// T².
    pub t2: f64,
    /// F that follows from it.
    pub f: f64,
    /// Numbers compared together.
    pub n_numbers: usize,
    /// Degrees of freedom of the denominator.
    pub degrees: u64,
    /// Chance of a T² as large if the sets do not differ.
    pub p: f64,
}

/// Means of several numbers over files, with their covariance between files (row by row, empty if unknown).
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// The means.
    pub values: &'a [f64],
    /// Covariance of those means.
    pub covariance: &'a [f64],
    /// Files.
    pub n_files: u64,
}

/// Whether two sets differ in any of several numbers; none if there are too few files for that
/// (`n₁ + n₂ ≤ p + 2`, or one set of one file).
///
/// # Errors
///
/// [`CovarianceError::NoVariance`] where a number does not vary in either set, and what LAPACK refuses.
///
/// # Panics
///
/// If the two are not of the same length.
pub fn hotelling(first: Means<'_>, second: Means<'_>) -> Result<Option<Hotelling>, CovarianceError> {
    let p = first.values.len();
    assert_eq!(p, second.values.len(), "the same numbers of both sets");
    let (n1, n2) = (first.n_files, second.n_files);
    if n1 < 2 || n2 < 2 || n1 + n2 <= p as u64 + 2 {
        return Ok(None);
    }
    let (g1, g2) = (n1 as f64, n2 as f64);
    let pooled = g1 + g2 - 2.0;
    let both = 1.0 / g1 + 1.0 / g2;
    let covariance: Vec<f64> = first
        .covariance
        .iter()
        .zip(second.covariance)
        .map(|(v1, v2)| ((g1 - 1.0) * g1 * v1 + (g2 - 1.0) * g2 * v2) / pooled * both)
        .collect();
    let difference: Vec<f64> = first.values.iter().zip(second.values).map(|(a, b)| b - a).collect();
    test_of_zero(&difference, &covariance, n1 + n2 - 2).map(Some)
}

/// Whether the mean difference of pairs is zero in all of several numbers; none if there are too few files (`n ≤ p`).
///
/// # Errors
///
/// As [`hotelling`].
pub fn hotelling_paired(differences: Means<'_>) -> Result<Option<Hotelling>, CovarianceError> {
    if differences.n_files <= differences.values.len() as u64 {
        return Ok(None);
    }
    test_of_zero(differences.values, differences.covariance, differences.n_files - 1).map(Some)
}

fn test_of_zero(difference: &[f64], covariance: &[f64], degrees: u64) -> Result<Hotelling, CovarianceError> {
    let p = difference.len();
    let t2 = inverse_form(difference, covariance)?;
    let (m, numbers) = (degrees as f64, p as f64);
    let rest = m - numbers + 1.0;
    let f = t2 * rest / (m * numbers);
    let p_value = FisherSnedecor::new(numbers, rest).map_or(f64::NAN, |distribution| distribution.sf(f));
    Ok(Hotelling { t2, f, n_numbers: p, degrees: degrees + 1 - p as u64, p: p_value })
}

/// `dᵀ V⁻¹ d`, of the correlations of V so that units do not matter.
fn inverse_form(d: &[f64], covariance: &[f64]) -> Result<f64, CovarianceError> {
    let p = d.len();
    let scale: Vec<f64> = (0..p).map(|i| covariance[i * p + i].sqrt()).collect();
    if let Some(index) = scale.iter().position(|s| s.is_nan() || *s <= 0.0) {
        return Err(CovarianceError::NoVariance { index, variance: covariance[index * p + index] });
    }
    let correlation: Vec<f64> = (0..p * p).map(|at| covariance[at] / (scale[at / p] * scale[at % p])).collect();
    let view = ArrayView2::from_shape((p, p), &correlation).expect("p × p numbers");
    let pairs = eigen_decomposition(view)?;
    let least = LEAST_EIGENVALUE * pairs.values[0];
    let mut sum = 0.0;
    for (value, vector) in pairs.values.iter().zip(&pairs.vectors) {
        if value.is_nan() || *value <= least {
            let reason = "its numbers depend on each other".to_owned();
            return Err(CovarianceError::Factorisation { n: p, reason });
        }
        let along: f64 = vector.iter().zip(d).zip(&scale).map(|((v, d), s)| v * d / s).sum();
        sum += along * along / value;
    }
    Ok(sum)
}

/// Chance of so many `hits` of `n` in the second set, or more, if both have the same share (Fisher's exact test,
/// one-sided). NaN if there are more hits than images.
pub fn fisher_more((hits1, n1): (u64, u64), (hits2, n2): (u64, u64)) -> f64 {
    if hits1 > n1 || hits2 > n2 {
        return f64::NAN;
    }
    let Ok(tables) = Hypergeometric::new(n1 + n2, hits1 + hits2, n2) else { return f64::NAN };
    // In logarithms, for a thousand files have more tables than a number can count.
    let sum: f64 = (hits2..=n2.min(hits1 + hits2)).map(|k| tables.ln_pmf(k).exp()).sum();
    sum.clamp(0.0, 1.0)
}

/// Holm's adjusted chances: where one is at most 0.05 that test's difference stands while all tests of the family
/// together err in 5 % of cases at most. Never smaller than the chances themselves; NaN stays NaN and counts as a test.
pub fn holm(chances: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|&a, &b| chances[a].total_cmp(&chances[b]));
    let mut adjusted = vec![f64::NAN; chances.len()];
    let mut largest: f64 = 0.0;
    for (rank, &test) in order.iter().enumerate() {
        let left = (chances.len() - rank) as f64;
        if chances[test].is_nan() {
            continue;
        }
        largest = largest.max((left * chances[test]).min(1.0));
        adjusted[test] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests;
