//! Cropped cloud noise: a power law on a plane three times as large, of which the centre is kept, so that opposite
//! edges do not meet and the brightness varies by the crop (Cloud Diffusion, arXiv 2507.05496, §3.2).
//!
//! # Definition
//!
//! On the `3H×3W` plane `S = f^(−2Δ)`, `S[0] = 0`; its autocovariance is `r = IDFT(S)`. Of the central `H×W` the
//! expected periodogram follows exactly, without drawing a field:
//!
//! ```text
//! E|DFT(crop)[k]|² = Σ_d r(d) (1 − |dy|/H)(1 − |dx|/W) e^{−2πi k·d},   |dy| < H, |dx| < W
//! ```
//!
//! Modes of the crop are not independent (it is not periodic): what uses only `S` takes it for the periodic noise with
//! the same expected periodogram.

use std::sync::Arc;

use super::cloud::Exponent;
use crate::noise::error::NoiseError;
use crate::noise::family::{Needs, NoiseFamily, Parsed};
use crate::noise::field::{FieldSampler, FourierSampler};
use crate::noise::law::{ZeroFrequency, power_law};
use crate::noise::power::Power;
use crate::noise::setting::Setting;
use crate::noise::spectrum::NoiseSpectrum;
use crate::spectral::dft64::orthonormal_dft;
use crate::spectral::{Grid, Size};

/// How much larger the plane is than what is kept of it.
const ENLARGEMENT: usize = 3;

/// The centre of a larger power-law plane.
#[derive(Debug)]
struct CloudCrop {
    exponent: Exponent,
}

/// Reads `cloud-crop:Δ|fit|best`.
pub fn parse(parameters: &str) -> Parsed {
    Ok(Box::new(CloudCrop { exponent: Exponent::parse(parameters)? }))
}

impl NoiseFamily for CloudCrop {
    fn name(&self) -> String {
        format!("cloud-crop:{}", self.exponent)
    }

    fn needs(&self) -> Needs<'_> {
        self.exponent.needs()
    }

    fn is_periodic(&self) -> bool {
        false
    }

    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError> {
        let size = setting.grid.size();
        let whole = Grid::new(enlarged(size));
        let power = |delta| cropped_periodogram(size, &whole, &law_on(&whole, delta));
        let delta = self.exponent.resolve(&self.name(), setting, power)?;
        Ok(Power::law(power(delta), delta))
    }

    fn sampler(&self, setting: &Setting<'_>, noise: &NoiseSpectrum) -> Result<Arc<dyn FieldSampler>, NoiseError> {
        let size = setting.grid.size();
        let whole = Grid::new(enlarged(size));
        let delta = noise.delta.unwrap_or_default();
        let power = law_on(&whole, delta);
        Ok(Arc::new(FourierSampler::cropped(&whole, size, &power, &noise.scale)))
    }
}

fn enlarged(size: Size) -> Size {
    Size::new(ENLARGEMENT * size.height, ENLARGEMENT * size.width)
}

fn law_on(whole: &Grid, delta: f64) -> Vec<f64> {
    power_law(whole, delta, ZeroFrequency::Zero)
}

/// The expected periodogram (half-spectrum, column by column) of a part of `size` of periodic fields on the larger grid
/// `whole` with `power` per stored mode.
///
/// # Panics
///
/// If `power` does not belong to `whole`, or `whole` is less than twice as large as the part.
pub fn cropped_periodogram(size: Size, whole: &Grid, power: &[f64]) -> Vec<f64> {
    let (h, w) = (size.height, size.width);
    let large = whole.size();
    assert!(large.height + 1 >= 2 * h && large.width + 1 >= 2 * w, "lags of the part lie within the whole");
    // S is real and even, so its forward transform is its inverse one.
    let autocovariance = orthonormal_dft(large, &whole.to_full_plane(power));
    let scale = 1.0 / (large.n_pixels() as f64).sqrt();
    let lag = |dy: i64, dx: i64| {
        let (dy, dx) = if dx < 0 { (-dy, -dx) } else { (dy, dx) };
        autocovariance[dx as usize * large.height + dy.rem_euclid(large.height as i64) as usize].re * scale
    };
    let mut folded = vec![0.0; h * w];
    let (ih, iw) = (h as i64, w as i64);
    for dy in 1 - ih..ih {
        let row = dy.rem_euclid(ih) as usize * w;
        let rise = 1.0 - dy.unsigned_abs() as f64 / h as f64;
        for dx in 1 - iw..iw {
            let fall = 1.0 - dx.unsigned_abs() as f64 / w as f64;
            folded[row + dx.rem_euclid(iw) as usize] += rise * fall * lag(dy, dx);
        }
    }
    let scale = (size.n_pixels() as f64).sqrt();
    orthonormal_dft(size, &folded).into_iter().map(|x| (scale * x.re).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The double sum over pairs of pixels of the part, from the covariance of the whole's pixels.
    fn naive(size: Size, whole: &Grid, power: &[f64]) -> Vec<f64> {
        let large = whole.size();
        let full = whole.to_full_plane(power);
        let turn = |a: usize, n: usize| std::f64::consts::TAU * (a % n) as f64 / n as f64;
        let covariance = |dy: usize, dx: usize| {
            let term = |i: usize| {
                let (ky, kx) = (i / large.width, i % large.width);
                full[i] * (turn(ky * dy, large.height) + turn(kx * dx, large.width)).cos()
            };
            (0..full.len()).map(term).sum::<f64>() / full.len() as f64
        };
        let (h, w) = (size.height, size.width);
        let mut lags = vec![0.0; large.n_pixels()];
        for (i, lag) in lags.iter_mut().enumerate() {
            *lag = covariance(i / large.width, i % large.width);
        }
        let mode = |ky: usize, kx: usize| {
            let mut sum = 0.0;
            for p in 0..h * w {
                for q in 0..h * w {
                    let (py, px, qy, qx) = (p / w, p % w, q / w, q % w);
                    let at =
                        (py + large.height - qy) % large.height * large.width + (px + large.width - qx) % large.width;
                    sum += lags[at] * (turn(ky * (py + h - qy), h) + turn(kx * (px + w - qx), w)).cos();
                }
            }
            sum / (h * w) as f64
        };
        (0..w / 2 + 1).flat_map(|kx| (0..h).map(move |ky| (ky, kx))).map(|(ky, kx)| mode(ky, kx)).collect()
    }

    #[test]
    fn the_periodogram_is_the_double_sum() {
        for (h, w) in [(1, 1), (1, 4), (4, 4), (5, 3), (3, 6)] {
            let size = Size::new(h, w);
            let whole = Grid::new(enlarged(size));
            let power = law_on(&whole, 1.3);
            let expected = naive(size, &whole, &power);
            let largest = expected.iter().copied().fold(0.0, f64::max);
            for (i, (got, want)) in cropped_periodogram(size, &whole, &power).iter().zip(&expected).enumerate() {
                assert!((got - want).abs() <= 1e-10 * largest, "{size}, mode {i}: {got} instead of {want}");
            }
        }
    }

    #[test]
    fn slanted_spectra_keep_their_slant() {
        // Power along one diagonal: equal at k and −k, not at (ky, kx) and (−ky, kx).
        for (h, w) in [(5, 3), (3, 5), (5, 5)] {
            let size = Size::new(h, w);
            let whole = Grid::new(enlarged(size));
            let slanted = |i: usize| {
                let (ky, kx) = whole.wave_number(i);
                1.0 / (1.0 + ((ky + 2 * kx) as f64).powi(2))
            };
            let power: Vec<f64> = (0..whole.n_modes()).map(slanted).collect();
            let expected = naive(size, &whole, &power);
            let largest = expected.iter().copied().fold(0.0, f64::max);
            for (i, (got, want)) in cropped_periodogram(size, &whole, &power).iter().zip(&expected).enumerate() {
                assert!((got - want).abs() <= 1e-10 * largest, "{size}, mode {i}: {got} instead of {want}");
            }
        }
    }

    #[test]
    fn a_crop_of_white_noise_is_white_but_for_the_missing_mean() {
        // Without its zero frequency the plane has pixels of variance 1 − 1/N, correlated by −1/N.
        let size = Size::new(6, 7);
        let whole = Grid::new(enlarged(size));
        let n = whole.size().n_pixels() as f64;
        let periodogram = cropped_periodogram(size, &whole, &law_on(&whole, 0.0));
        assert!((periodogram[0] - (1.0 - size.n_pixels() as f64 / n)).abs() <= 1e-12, "{}", periodogram[0]);
        assert!(periodogram[1..].iter().all(|p| (p - 1.0).abs() <= 1e-12));
    }

    #[test]
    fn parseval_keeps_the_pixel_variance_of_the_whole() {
        let size = Size::new(10, 16);
        let (whole, grid) = (Grid::new(enlarged(size)), Grid::new(size));
        let power = law_on(&whole, 1.5);
        let variance = |grid: &Grid, power: &[f64]| {
            let h = grid.size().height;
            let sum: f64 = power.iter().enumerate().map(|(i, p)| grid.multiplicity(i / h) * p).sum();
            sum / grid.size().n_pixels() as f64
        };
        let (part, all) = (variance(&grid, &cropped_periodogram(size, &whole, &power)), variance(&whole, &power));
        assert!((part - all).abs() <= 1e-10 * all, "{part} and {all}");
    }
}
