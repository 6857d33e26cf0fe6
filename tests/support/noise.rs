//! Images whose spectrum is known: Gaussian noise with a power law, drawn in the image plane and coloured in the
//! Fourier plane.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;
use specscan::spectral::Size;

/// Periodic Gaussian noise with the power `A² f^(−2Δ)` above a lowest frequency and none below it.
pub struct PowerLawNoise {
    pub size: Size,
    pub delta: f64,
    /// A, in values.
    pub amplitude: f64,
    /// Modes up to this frequency (cycles per pixel) are empty: a steep law would spend all of the 8 bits on them.
    pub low_exclusive: f64,
}

impl PowerLawNoise {
    /// The law whose pixels have the standard deviation `std`.
    pub fn with_pixel_std(size: Size, delta: f64, low_exclusive: f64, std: f64) -> Self {
        let unit = Self { size, delta, amplitude: 1.0, low_exclusive };
        let power: f64 = (0..size.n_pixels()).map(|k| unit.gain(k).powi(2)).sum();
        Self { amplitude: std * (size.n_pixels() as f64 / power).sqrt(), ..unit }
    }

    /// Standard deviation of mode `k` of the full plane (row by row, `fftfreq` order).
    fn gain(&self, k: usize) -> f64 {
        let axis = |i: usize, n: usize| i.min(n - i) as f64 / n as f64;
        let f = axis(k / self.size.width, self.size.height).hypot(axis(k % self.size.width, self.size.width));
        if f > self.low_exclusive { self.amplitude * f.powf(-self.delta) } else { 0.0 }
    }

    /// One field, row by row.
    pub fn field(&self, random: &mut ChaCha8Rng) -> Vec<f64> {
        let n = self.size.n_pixels();
        let white = StandardNormal.sample_iter(random).take(n);
        let mut plane: Vec<Complex64> = white.map(|v: f64| Complex64::new(v, 0.0)).collect();
        self.transform(&mut plane, true);
        for (k, x) in plane.iter_mut().enumerate() {
            *x *= self.gain(k) / n as f64;
        }
        self.transform(&mut plane, false);
        plane.iter().map(|x| x.re).collect()
    }

    fn transform(&self, plane: &mut Vec<Complex64>, forward: bool) {
        let (h, w) = (self.size.height, self.size.width);
        let mut planner = FftPlanner::new();
        let mut plan = |n| if forward { planner.plan_fft_forward(n) } else { planner.plan_fft_inverse(n) };
        plan(w).process(plane);
        *plane = transpose(plane, w);
        plan(h).process(plane);
        *plane = transpose(plane, h);
    }

    /// `n` images of three independent channels as interleaved RGB bytes: values −1…1 rounded to 8 bits.
    pub fn images(&self, n: usize, seed: u64) -> Vec<Vec<u8>> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let code = |v: f64| ((v + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8;
        let mut image = || {
            let [r, g, b] = [(); 3].map(|()| self.field(&mut random));
            (0..self.size.n_pixels()).flat_map(|p| [r[p], g[p], b[p]]).map(code).collect()
        };
        (0..n).map(|_| image()).collect()
    }
}

/// Rows of `width` become columns.
fn transpose(plane: &[Complex64], width: usize) -> Vec<Complex64> {
    let height = plane.len() / width;
    (0..plane.len()).map(|i| plane[i % height * width + i / height]).collect()
}
