//! Periodic peaks: single modes at multiples of 1/8 cycles per pixel that stand out of their neighbourhood, as networks
//! that upsample leave them.
//!
//! # Definition
//!
//! `l` is ln of a mode's power, mean over channels, at least a thousandth of the power of 8-bit rounding. Its
//! neighbourhood is the square of modes up to 8 away without itself; on an axis of frequency, where the edges of the
//! image leak to, those of the axis alone. The deviation of a mode is
//!
//! ```text
//! (l − median) / max(1, 1.4826 · median absolute deviation)
//! ```
//!
//! over its neighbourhood, and the number is the largest one over all multiples of 1/8 but zero. ln of the power of
//! Gaussian noise deviates by 1.28, and is skewed to the other side: chance gives about 1.5, photographs at most 3.
//! Where a side is no multiple of 8, or 1/8 is fewer than 8 modes, multiples of 1/4 are looked at, or of 1/2.

use rustfft::num_complex::Complex32;

use crate::spectral::Size;

/// Modes to either side that are a neighbourhood.
const REACH: i64 = 8;

/// Fewest modes from multiple to multiple: fewer leave no neighbourhood.
const LEAST_SPACING: usize = 8;

/// Power of rounding to 8 bits, of values in −1 … 1, and the share of it that counts as none.
const POWER_FLOOR: f64 = 1e-3 * (2.0 / 255.0) * (2.0 / 255.0) / 12.0;

/// Peaks of images of one size.
#[derive(Debug, Clone)]
pub struct PeakPlan {
    size: Size,
    /// Multiples of one over this are looked at.
    divisor: usize,
    neighbours: Vec<f64>,
}

impl PeakPlan {
    /// Plans images of `size`; none where no multiple of 1/2 has neighbours.
    pub fn new(size: Size) -> Option<Self> {
        let fits = |side: usize, d: usize| side.is_multiple_of(d) && side / d >= LEAST_SPACING;
        let divisor = [8, 4, 2].into_iter().find(|d| fits(size.height, *d) && fits(size.width, *d))?;
        Some(Self { size, divisor, neighbours: Vec::with_capacity((2 * REACH as usize + 1).pow(2)) })
    }

    /// The largest deviation, from the unnormalised half-spectra (`spectral::fft2`) of each channel, one after the
    /// other; `value_per_code` turns their units into values in `[-1, 1]`.
    ///
    /// # Panics
    ///
    /// If `spectra` holds no whole half-spectra of the planned size.
    pub fn largest(&mut self, spectra: &[Complex32], value_per_code: f64) -> f64 {
        let n_modes = self.size.n_modes();
        assert!(!spectra.is_empty() && spectra.len().is_multiple_of(n_modes), "half-spectra of {}", self.size);
        let factor = value_per_code.powi(2) / (self.size.n_pixels() * (spectra.len() / n_modes)) as f64;
        let modes = Modes { spectra, size: self.size, factor };
        let (height, width) = (self.size.height as i64, self.size.width as i64);
        let d = self.divisor as i64;
        let reach = |side: i64| REACH.min(side / d - 1);
        let mut largest = f64::NEG_INFINITY;
        for i in 0..d {
            for j in 0..=d / 2 {
                if (i, j) == (0, 0) {
                    continue;
                }
                let (ky, kx) = (i * height / d, j * width / d);
                // Along an axis alone where the mode lies on one.
                let down = if i == 0 { 0 } else { reach(height) };
                let across = if j == 0 { 0 } else { reach(width) };
                self.neighbours.clear();
                for (dy, dx) in (-down..=down).flat_map(|dy| (-across..=across).map(move |dx| (dy, dx))) {
                    if (dy, dx) != (0, 0) {
                        self.neighbours.push(modes.ln_power(ky + dy, kx + dx));
                    }
                }
                largest = largest.max(deviation(modes.ln_power(ky, kx), &mut self.neighbours));
            }
        }
        largest
    }
}

/// Powers of the full plane, from half of it.
struct Modes<'a> {
    spectra: &'a [Complex32],
    size: Size,
    factor: f64,
}

impl Modes<'_> {
    fn ln_power(&self, ky: i64, kx: i64) -> f64 {
        let (height, width) = (self.size.height as i64, self.size.width as i64);
        let (ky, kx) = (ky.rem_euclid(height), kx.rem_euclid(width));
        let (ky, kx) = if kx > width / 2 { ((height - ky) % height, width - kx) } else { (ky, kx) };
        let at = (kx * height + ky) as usize;
        let power: f64 =
            self.spectra.iter().skip(at).step_by(self.size.n_modes()).map(|x| f64::from(x.norm_sqr())).sum();
        (power * self.factor).max(POWER_FLOOR).ln()
    }
}

/// How far `l` lies above the median of `others`, in robust deviations of at least one.
fn deviation(l: f64, others: &mut [f64]) -> f64 {
    let middle = median(others);
    others.iter_mut().for_each(|o| *o = (*o - middle).abs());
    (l - middle) / (1.4826 * median(others)).max(1.0)
}

/// The upper of the middle values of some numbers, which it reorders.
fn median(values: &mut [f64]) -> f64 {
    let at = values.len() / 2;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Channels;
    use crate::spectral::fft2::Fft2Plan;
    use rand::{RngExt, SeedableRng};

    /// The number of a noisy picture times `1 + amplitude · pattern`.
    fn found(size: Size, pattern: impl Fn(usize, usize) -> f32) -> f64 {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        let mut planes = Vec::new();
        for _ in 0..3 {
            planes.extend((0..size.n_pixels()).map(|i| {
                let grain = random.random_range(-40.0f32..40.0);
                (60.0 + grain) * (1.0 + pattern(i % size.width, i / size.width))
            }));
        }
        let plan = Fft2Plan::new(size);
        let (mut workspace, mut spectra) = (plan.workspace(), vec![Complex32::default(); 3 * size.n_modes()]);
        for (plane, spectrum) in planes.chunks_exact(size.n_pixels()).zip(spectra.chunks_exact_mut(size.n_modes())) {
            plan.forward(plane, spectrum, &mut workspace);
        }
        let mut peaks = PeakPlan::new(size).expect("neighbours");
        peaks.largest(&spectra, Channels::Rgb.code_unit(0))
    }

    #[test]
    fn patterns_of_2_4_and_8_pixels_stand_out_in_every_direction() {
        use std::f32::consts::TAU;
        let wave = |k: f32, period: f32| (TAU * k / period).cos();
        for size in [Size::new(64, 96), Size::square(128)] {
            assert!(found(size, |_, _| 0.0) <= 3.0);
            for period in [2.0, 4.0, 8.0] {
                let both = found(size, |x, y| 0.2 * wave(x as f32, period) * wave(y as f32, period));
                let across = found(size, |x, _| 0.2 * wave(x as f32, period));
                let down = found(size, |_, y| 0.2 * wave(y as f32, period));
                let slanted = found(size, |x, y| 0.2 * wave(3.0 * x as f32 - y as f32, period));
                for found in [both, across, down, slanted] {
                    assert!(found >= 4.0, "{size}, {period}: {both} {across} {down} {slanted}");
                }
            }
            // Not at a multiple.
            assert!(found(size, |x, _| 0.2 * wave(x as f32, 5.0)) <= 3.0);
        }
    }

    #[test]
    fn sides_tell_which_multiples_there_are() {
        for (size, divisor) in [
            (Size::square(256), Some(8)),
            (Size::square(32), Some(4)),
            (Size::new(64, 36), Some(4)),
            (Size::square(18), Some(2)),
            (Size::square(14), None),
            (Size::square(25), None),
        ] {
            assert_eq!(PeakPlan::new(size).map(|plan| plan.divisor), divisor, "{size}");
        }
    }
}
