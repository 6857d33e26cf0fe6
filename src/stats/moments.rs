//! Central moments of one Fourier mode from its raw moments: variance, pseudo-covariance and kurtosis.
//!
//! # Definition
//!
//! A streaming pass leaves means over images of products of the coefficient `X`. With `M = E X` and `d = X − M`:
//!
//! ```text
//! Γ  = E|d|²  = E|X|² − |M|²
//! C  = E d²   = E X² − M²
//! |d|⁴ = (|X|² − 2 Re(X M*) + |M|²)²,   Re(z)² = (|z|² + Re z²)/2, so
//! E|d|⁴ = E|X|⁴ − 4 Re(M* E[|X|²X]) + 4 |M|² E|X|² + 2 Re(M*² E X²) − 3 |M|⁴
//! κ4 = E|d|⁴ / Γ²
//! ```
//!
//! # Conventions
//!
//! Everything divides by `n` (ddof 0), so a circular complex Gaussian has κ4 = 2 and a real one 3. The dataset's Γ has
//! `n/(n−1)`; ratios (κ4, `|C|/Γ`) must take both parts from here.

use rustfft::num_complex::Complex;

/// A kurtosis whose rounding error, estimated from the cancelling terms, exceeds this is not reported.
const MAX_KURTOSIS_ERROR: f64 = 1e-3;

/// Means over images of the powers and products of one mode's coefficient `X`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawMoments {
    /// `M = E X`.
    pub mean: Complex<f64>,
    /// `E X²`, complex.
    pub square: Complex<f64>,
    /// `E|X|²`.
    pub power: f64,
    /// `E[|X|² X]`, complex.
    pub power_times_value: Complex<f64>,
    /// `E|X|⁴`.
    pub power_square: f64,
    /// How far the fourth central moment may be off because the moments were summed on a fixed-point grid.
    pub grid_error: f64,
}

impl RawMoments {
    /// Variance `E|X − M|²` (ddof 0), value² per mode. Rounding can leave a constant mode slightly below zero.
    pub fn variance(&self) -> f64 {
        self.power - self.mean.norm_sqr()
    }

    /// Pseudo-covariance `E(X − M)²` (ddof 0), value² per mode; near zero for a mode whose phase is evenly spread.
    pub fn pseudo_covariance(&self) -> Complex<f64> {
        self.square - self.mean * self.mean
    }

    /// Fourth central moment `E|X − M|⁴`, value⁴ per mode.
    pub fn fourth_central_moment(&self) -> f64 {
        let conjugate = self.mean.conj();
        let m2 = self.mean.norm_sqr();
        self.power_square - 4.0 * (conjugate * self.power_times_value).re
            + 4.0 * m2 * self.power
            + 2.0 * (conjugate * conjugate * self.square).re
            - 3.0 * m2 * m2
    }

    /// Kurtosis `κ4 = E|X − M|⁴ / Γ²`: 2 for a circular complex Gaussian, 3 for a real one, never below 1.
    ///
    /// `None` when the mode does not vary (one image, a constant mode), or varies so little beside its mean that
    /// cancellation has eaten the digits.
    pub fn kurtosis(&self) -> Option<f64> {
        let variance = self.variance();
        // Each of the five terms is at most a few E|X|⁴ and carries its relative rounding.
        let rounding = 16.0 * f64::EPSILON * self.power_square + self.grid_error;
        let reliable = variance > 0.0 && rounding <= MAX_KURTOSIS_ERROR * variance * variance;
        reliable.then(|| self.fourth_central_moment() / (variance * variance))
    }

    /// `|C|/Γ` between 0 (phase evenly spread) and 1 (all on one line, as a real mode is). `None` as for
    /// [`kurtosis`](Self::kurtosis).
    pub fn impropriety(&self) -> Option<f64> {
        self.kurtosis().map(|_| self.pseudo_covariance().norm() / self.variance())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, Exp1, StandardNormal};

    fn raw(values: &[Complex<f64>]) -> RawMoments {
        let n = values.len() as f64;
        RawMoments {
            mean: values.iter().sum::<Complex<f64>>() / n,
            square: values.iter().map(|x| x * x).sum::<Complex<f64>>() / n,
            power: values.iter().map(|x| x.norm_sqr()).sum::<f64>() / n,
            power_times_value: values.iter().map(|x| x * x.norm_sqr()).sum::<Complex<f64>>() / n,
            power_square: values.iter().map(|x| x.norm_sqr().powi(2)).sum::<f64>() / n,
            grid_error: 0.0,
        }
    }

    /// Two passes: the mean first, then the moments of the differences.
    fn naive_kurtosis(values: &[Complex<f64>]) -> f64 {
        let n = values.len() as f64;
        let mean = values.iter().sum::<Complex<f64>>() / n;
        let variance = values.iter().map(|x| (x - mean).norm_sqr()).sum::<f64>() / n;
        let fourth = values.iter().map(|x| (x - mean).norm_sqr().powi(2)).sum::<f64>() / n;
        fourth / (variance * variance)
    }

    /// Skewed, correlated parts, so that no term of the expansion vanishes by symmetry.
    fn skewed_values(mean: Complex<f64>, n: usize, seed: u64) -> Vec<Complex<f64>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..n)
            .map(|_| {
                let re: f64 = Exp1.sample(&mut rng);
                let im: f64 = StandardNormal.sample(&mut rng);
                mean + Complex::new(re, 0.5 * re + im)
            })
            .collect()
    }

    #[test]
    fn kurtosis_equals_two_pass_kurtosis() {
        for (mean, tolerance) in [(0.0, 1e-12), (1.0, 1e-12), (30.0, 1e-8), (300.0, 1e-4)] {
            for n in [2, 3, 57] {
                let values = skewed_values(Complex::new(mean, -0.7 * mean), n, 5);
                let kurtosis = raw(&values).kurtosis().expect("varies");
                let naive = naive_kurtosis(&values);
                assert!((kurtosis - naive).abs() <= tolerance * naive, "mean {mean}, n {n}: {kurtosis} and {naive}");
            }
        }
    }

    #[test]
    fn pseudo_covariance_equals_two_pass_mean_square() {
        let values = skewed_values(Complex::new(3.0, -2.0), 41, 7);
        let mean = values.iter().sum::<Complex<f64>>() / 41.0;
        let naive = values.iter().map(|x| (x - mean) * (x - mean)).sum::<Complex<f64>>() / 41.0;
        assert!((raw(&values).pseudo_covariance() - naive).norm() <= 1e-12);
    }

    #[test]
    fn gaussian_modes_have_kurtosis_two_and_three() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let complex: Vec<_> = (0..200_000).map(|_| Complex::new(1.0 + normal(), normal())).collect();
        let real: Vec<_> = complex.iter().map(|x| Complex::new(x.re, 0.0)).collect();
        let (complex, real) = (raw(&complex), raw(&real));
        assert!((complex.kurtosis().expect("varies") - 2.0).abs() <= 0.05);
        assert!((real.kurtosis().expect("varies") - 3.0).abs() <= 0.1);
        assert!(complex.impropriety().expect("varies") <= 0.01);
        assert!((real.impropriety().expect("varies") - 1.0).abs() <= 1e-9);
    }

    #[test]
    fn one_image_and_constant_modes_have_no_kurtosis() {
        let one = Complex::new(0.3, -0.1);
        assert_eq!(raw(&[one]).kurtosis(), None);
        assert_eq!(raw(&[one; 12]).kurtosis(), None);
        assert_eq!(raw(&[one; 12]).impropriety(), None);
        assert_eq!(raw(&[Complex::new(0.0, 0.0); 3]).kurtosis(), None);
    }

    #[test]
    fn a_variation_lost_in_rounding_has_no_kurtosis() {
        let values = skewed_values(Complex::new(1e7, 0.0), 40, 3);
        assert_eq!(raw(&values).kurtosis(), None);
    }
}
