//! The offset of noise that varies in brightness as the images do.
//!
//! # Definition
//!
//! The brightness `L` of an image is the mean of its pixels, per channel `L_c` or over all. White noise of unit
//! variance has `Var L_c = 1/HW`: it vanishes with the size, that of images does not. With the covariance `K` of the
//! channels' brightness:
//!
//! ```text
//! overall      s² = max(0, Var L − 1/(C·HW))                 one constant for all channels, as far as L itself goes
//! shared       s² = max(0, mean of K off the diagonal)        what all channels have in common
//! per channel  s² = max(0, mean of K's diagonal − shared² − 1/HW)   what each has on top of that
//! independent  s² = max(0, mean of K's diagonal − 1/HW)       one constant for each channel and nothing shared
//! ```
//!
//! # Conventions
//!
//! Strengths are relative to noise of unit variance, in values on `[-1, 1]`, as the `noise_offset` of training scripts.
//! These draw the constant for each channel: `independent` is theirs.
//!
//! # References
//!
//! Adjusted Offset Noise (arXiv 2412.03134).

/// Offset strengths that match a set's brightness: numbers, or numbers with their intervals.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct MatchingOffset<T = f64> {
    /// One constant for all channels that gives the overall brightness its variance.
    pub overall: T,
    /// The part that channels share.
    pub shared: T,
    /// The part of each channel, beside the shared one.
    pub per_channel: T,
    /// One constant for each channel alone.
    pub independent: T,
}

impl<T> MatchingOffset<T> {
    /// The strengths in the order of the fields.
    pub fn to_array(self) -> [T; 4] {
        [self.overall, self.shared, self.per_channel, self.independent]
    }

    /// From the strengths in the order of the fields.
    pub fn from_array([overall, shared, per_channel, independent]: [T; 4]) -> Self {
        Self { overall, shared, per_channel, independent }
    }

    /// `f` of each strength.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> MatchingOffset<U> {
        MatchingOffset::from_array(self.to_array().map(f))
    }
}

impl MatchingOffset {
    /// From the covariance of the channels' brightness (`C×C`, row by row, value²) of images of `n_pixels`.
    ///
    /// # Panics
    ///
    /// If the covariance is not square.
    pub fn new(covariance: &[f64], n_pixels: usize) -> Self {
        let white = Self::of_white_noise(covariance.len().isqrt(), n_pixels).to_array();
        let images = Self::variances(covariance).to_array();
        Self::from_array(std::array::from_fn(|i| strength(images[i], white[i])))
    }

    /// What the images' brightness varies by in each of the four ways, value²: that of white noise is still in it.
    ///
    /// # Panics
    ///
    /// If the covariance is not square.
    pub fn variances(covariance: &[f64]) -> Self {
        let n = covariance.len().isqrt();
        assert_eq!(n * n, covariance.len(), "a square covariance");
        let channels = n as f64;
        let total: f64 = covariance.iter().sum();
        let diagonal: f64 = (0..n).map(|c| covariance[c * (n + 1)]).sum();
        let independent = diagonal / channels;
        // One channel shares nothing.
        let shared = if n > 1 { (total - diagonal) / (channels * (channels - 1.0)) } else { 0.0 };
        Self { overall: total / (channels * channels), shared, per_channel: independent - shared.max(0.0), independent }
    }

    /// The same of unit white noise on images of `n_pixels`.
    pub fn of_white_noise(n_channels: usize, n_pixels: usize) -> Self {
        let each = 1.0 / n_pixels as f64;
        Self { overall: each / n_channels as f64, shared: 0.0, per_channel: each, independent: each }
    }
}

/// The strength that adds to the variance `white` what `images` have beyond it; 0 where that is nothing.
pub fn strength(images: f64, white: f64) -> f64 {
    (images - white).max(0.0).sqrt()
}

/// Power of the zero frequency of unit noise with an offset, over that of white noise: `1 + s²·HW`.
pub fn zero_frequency_power(strength: f64, n_pixels: usize) -> f64 {
    1.0 + strength * strength * n_pixels as f64
}

/// The strength whose zero frequency has this power over that of white noise: the inverse of [`zero_frequency_power`].
pub fn strength_of_power(power: f64, n_pixels: usize) -> f64 {
    ((power - 1.0) / n_pixels as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_covariance() {
        // Shared 0.3, per channel 0.2, white noise of 16×16 on top.
        let white = 1.0 / 256.0;
        let covariance: Vec<f64> = (0..9).map(|i| if i % 4 == 0 { 0.09 + 0.04 + white } else { 0.09 }).collect();
        let offset = MatchingOffset::new(&covariance, 256);
        assert!((offset.shared - 0.3).abs() <= 1e-12 && (offset.per_channel - 0.2).abs() <= 1e-12, "{offset:?}");
        assert!((offset.independent - 0.13_f64.sqrt()).abs() <= 1e-12);
        assert!((offset.overall.powi(2) - (0.09 + 0.04 / 3.0)).abs() <= 1e-12);
        assert!((zero_frequency_power(0.3, 256) - 24.04).abs() <= 1e-12);
        assert!((strength_of_power(24.04, 256) - 0.3).abs() <= 1e-15 && strength_of_power(1.0, 256) == 0.0);
    }

    #[test]
    fn brightness_that_varies_no_more_than_white_noise_needs_none() {
        let none = MatchingOffset { overall: 0.0, shared: 0.0, per_channel: 0.0, independent: 0.0 };
        assert_eq!(MatchingOffset::new(&[0.0; 9], 64), none);
        assert_eq!(MatchingOffset::new(&[1.0 / 64.0], 64), none);
        // Opposite colours share less than nothing.
        let opposite = MatchingOffset::new(&[0.1, -0.05, -0.05, 0.1], 1_000_000);
        assert_eq!(opposite.shared, 0.0);
    }

    #[test]
    fn one_channel_shares_nothing() {
        let offset = MatchingOffset::new(&[0.25 + 0.01], 100);
        assert_eq!((offset.shared, offset.overall, offset.independent), (0.0, 0.5, 0.5));
    }
}
