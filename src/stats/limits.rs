//! Whether a number is beyond a limit by more than sampling explains: chances under the worst case that the limit
//! allows.
//!
//! # Definition
//!
//! ```text
//! mean     d a difference with standard error e on ν degrees of freedom, allowed from a to b; for d > b
//!          p = P(T_ν ≥ (d − b)/e) + P(T_ν ≥ (d − a)/e)          two-sided t where a = b, mirrored for d < a
//! share    k₂ of n₂ against k₁ of n₁, allowed to be t more: Fisher's exact test, one-sided, for t = 0, else
//!          p = P(Z ≥ (p₂ − p₁ − t)/√(p₁q₁/(n₁+2) + p₂q₂/(n₂+2))),  p = (k+1)/(n+2)     Agresti and Caffo (2000)
//! quantile x₂(q) above x₁(q) + t: files above x₁(q) + t against files above x₁(q) in the first, by Fisher
//! distance a mean of squares with covariance C of its K terms, over its mean: F with those first degrees of freedom
//!          that give its variance, the second are those of C (Satterthwaite)
//! ```

use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use super::student::{NORMAL_QUANTILE, normal_tail, student_tail};
use super::two_samples::fisher_more;

/// Which side of a limit fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Side {
    /// Both.
    #[default]
    Both,
    /// Numbers above.
    Above,
    /// Numbers below.
    Below,
}

impl Side {
    /// Whether numbers above, and numbers below, fail.
    pub fn ends(self) -> (bool, bool) {
        (self != Self::Below, self != Self::Above)
    }
}

/// Chance of a difference as far outside `low ..= high` (infinite where there is no such limit) if the true one is at
/// the limit; 1 inside. NaN for degrees of freedom or errors that are none; certain where nothing varies.
pub fn mean_beyond(difference: f64, standard_error: f64, degrees: f64, low: f64, high: f64) -> f64 {
    let excess = if difference > high { difference - high } else { low - difference };
    if excess.is_nan() || excess <= 0.0 {
        return if excess.is_nan() { f64::NAN } else { 1.0 };
    }
    if standard_error == 0.0 {
        return 0.0;
    }
    if !(standard_error > 0.0 && standard_error.is_finite() && degrees > 0.0) {
        return f64::NAN;
    }
    let far = if low.is_finite() && high.is_finite() {
        student_tail((excess + high - low) / standard_error, degrees)
    } else {
        0.0
    };
    (student_tail(excess / standard_error, degrees) + far).clamp(0.0, 1.0)
}

/// Hits and files of a set.
pub type Share = (u64, u64);

/// Chance of a share of the second set as far from that of the first, if the true one is `tolerance` off.
pub fn share_beyond(first: Share, second: Share, tolerance: f64, side: Side) -> f64 {
    let misses = |(hits, n): Share| (n - hits, n);
    let (above, below) = side.ends();
    let tails = f64::from(u8::from(above) + u8::from(below));
    let more = if above { share_more(first, second, tolerance) } else { 1.0 };
    let fewer = if below { share_more(misses(first), misses(second), tolerance) } else { 1.0 };
    tails_together(more, fewer, tails)
}

/// The smaller of two chances, as that of either; NaN if one is none, which the methods of numbers would pass over.
fn tails_together(more: f64, fewer: f64, tails: f64) -> f64 {
    if more.is_nan() || fewer.is_nan() { f64::NAN } else { (tails * more.min(fewer)).min(1.0) }
}

fn share_more(first: Share, second: Share, tolerance: f64) -> f64 {
    if tolerance == 0.0 {
        return fisher_more(first, second);
    }
    let estimate = |(hits, n): Share| {
        let n = n as f64 + 2.0;
        let share = (hits as f64 + 1.0) / n;
        (share, share * (1.0 - share) / n)
    };
    let ((p1, v1), (p2, v2)) = (estimate(first), estimate(second));
    normal_tail((p2 - p1 - tolerance) / (v1 + v2).sqrt())
}

/// Wilson's 95 % interval of a share; none of no files.
pub fn wilson((hits, n): Share) -> Option<(f64, f64)> {
    let (share, n, z) = (hits as f64 / n as f64, n as f64, NORMAL_QUANTILE);
    let middle = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (n > 0.0).then(|| (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)))
}

/// The `q` quantile of numbers in ascending order and its 95 % interval, all three of them order statistics; none of no
/// numbers.
pub fn quantile(sorted: &[f64], q: f64) -> Option<(f64, f64, f64)> {
    let n = sorted.len() as f64;
    let half = NORMAL_QUANTILE * (n * q * (1.0 - q)).sqrt();
    let at = |rank: f64| sorted.get(rank.ceil().clamp(1.0, n.max(1.0)) as usize - 1).copied();
    Some((at(n * q)?, at(n * q - half)?, at(n * q + half + 1.0)?))
}

/// Chance of a `q` quantile of the second as far from that of the first, if the true one is `tolerance` off: 1 where it
/// lies within that, though more files lie beyond (many may have the quantile's number). Both are in ascending order.
pub fn quantile_beyond(first: &[f64], second: &[f64], q: f64, tolerance: f64, side: Side) -> f64 {
    let (Some((middle, ..)), Some((found, ..))) = (quantile(first, q), quantile(second, q)) else { return f64::NAN };
    let above = |sorted: &[f64], limit: f64| {
        let n = sorted.len() as u64;
        (n - sorted.partition_point(|x| *x <= limit) as u64, n)
    };
    let below = |sorted: &[f64], limit: f64| (sorted.partition_point(|x| *x < limit) as u64, sorted.len() as u64);
    let (has_above, has_below) = side.ends();
    let tails = f64::from(u8::from(has_above) + u8::from(has_below));
    let is_above = has_above && found > middle + tolerance;
    let is_below = has_below && found < middle - tolerance;
    let more = if is_above { fisher_more(above(first, middle), above(second, middle + tolerance)) } else { 1.0 };
    let fewer = if is_below { fisher_more(below(first, middle), below(second, middle - tolerance)) } else { 1.0 };
    tails_together(more, fewer, tails)
}

/// Chance of a mean of squares of `differences` as large if the true one is `limit`², where `covariance` (row by row)
/// is that of the differences, known on `degrees` degrees of freedom. NaN without numbers.
pub fn distance_beyond(differences: &[f64], covariance: &[f64], degrees: f64, limit: f64) -> f64 {
    let n = differences.len();
    let count = n as f64;
    let found = differences.iter().map(|d| d * d).sum::<f64>() / count;
    let (mut trace, mut squares, mut along) = (0.0, 0.0, 0.0);
    for i in 0..n {
        trace += covariance[i * n + i];
        for j in 0..n {
            squares += covariance[i * n + j].powi(2);
            along += differences[i] * covariance[i * n + j] * differences[j];
        }
    }
    let mean = limit * limit + trace / count;
    // Along the direction that was found, the squares of a true distance scatter with the differences.
    let variance = 2.0 * squares / count.powi(2) + 4.0 * limit * limit * along / (count * count * found);
    let first = 2.0 * mean * mean / variance;
    FisherSnedecor::new(first, degrees).map_or(f64::NAN, |distribution| distribution.sf(found / mean))
}
