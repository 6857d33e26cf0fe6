//! Pyramid (multi-resolution) noise as training scripts make it: white noise plus coarser and coarser white noise,
//! enlarged and added with falling weight.
//!
//! # Definition
//!
//! As in the widespread scripts: `x = ε₀ + Σ_{i=0}^{n−1} dⁱ U(ε_i)` with the discount `d`; `ε_i` is white on
//! `max(1, ⌊H/rⁱ⌋) × max(1, ⌊W/rⁱ⌋)` pixels, `r` drawn evenly from 2 … 4 for each level anew, `U` enlarges to `H×W`
//! bilinearly (pixel centres, edges repeated), and the first level that is one pixel high or wide is the last. Level 0
//! has full size and doubles the white noise. Channels share the `r` of an image and nothing else.
//!
//! # Closed form
//!
//! `U` is separable: a `H×h` matrix `B` of interpolation weights along each axis. With
//! `e(k) = Σ_j |Σ_y B[y,j] e^{−2πi k y/H}|²` the periodogram of one level has the expectation `e_y(ky) e_x(kx) / HW`.
//! Sizes are random: the expectation is over the pairs of sizes, each with its exact probability, and over where the
//! levels end.
//!
//! # Conventions
//!
//! The scripts divide every batch by its own standard deviation. Here samples are divided by the expected one, so that
//! their spectrum is linear in powers. A sample given its sizes is Gaussian and not stationary; what uses only `S`
//! takes it for the periodic Gaussian noise with the same expected periodogram.

use std::collections::HashMap;
use std::sync::Arc;

use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use crate::noise::error::NoiseError;
use crate::noise::family::{NoiseFamily, Parsed, number};
use crate::noise::field::{FieldSampler, FieldWorker};
use crate::noise::power::Power;
use crate::noise::setting::Setting;
use crate::noise::spectrum::NoiseSpectrum;
use crate::spectral::Size;

/// Discount and iterations where none are given: what the scripts recommend.
const DEFAULT_DISCOUNT: f64 = 0.3;
const DEFAULT_ITERATIONS: u32 = 6;
/// The reduction per level is drawn evenly from this range.
const REDUCTION: (f64, f64) = (2.0, 4.0);

/// White noise at several resolutions.
#[derive(Debug, Clone, Copy)]
struct Pyramid {
    discount: f64,
    iterations: u32,
}

/// Reads `pyramid`, `pyramid:discount` and `pyramid:discount,iterations`.
pub fn parse(parameters: &str) -> Parsed {
    let (discount, iterations) = match parameters.split_once(',') {
        None => (parameters, None),
        Some((discount, iterations)) => (discount, Some(iterations)),
    };
    let discount = match discount {
        "" => DEFAULT_DISCOUNT,
        text => number(text, "the discount", 0.0..=1.0)?,
    };
    let iterations = match iterations {
        None => DEFAULT_ITERATIONS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|n| (1..=32).contains(n))
            .ok_or_else(|| format!("the iterations must be a whole number from 1 to 32, not `{text}`"))?,
    };
    Ok(Box::new(Pyramid { discount, iterations }))
}

impl NoiseFamily for Pyramid {
    fn name(&self) -> String {
        format!("pyramid:{},{}", self.discount, self.iterations)
    }

    fn is_periodic(&self) -> bool {
        false
    }

    fn power(&self, setting: &Setting<'_>) -> Result<Power, NoiseError> {
        Ok(Power::common(self.expected_periodogram(setting.grid.size())))
    }

    fn sampler(&self, setting: &Setting<'_>, noise: &NoiseSpectrum) -> Result<Arc<dyn FieldSampler>, NoiseError> {
        let scale = noise.scale.iter().map(|s| s.sqrt() as f32).collect();
        Ok(Arc::new(PyramidSampler { pyramid: *self, size: setting.grid.size(), scale }))
    }
}

/// Size of level `i` of the pyramid over `size` when its reduction is `r`.
fn level_size(size: Size, i: u32, r: f64) -> Size {
    let side = |n: usize| ((n as f64 / r.powi(i as i32)) as usize).max(1);
    Size::new(side(size.height), side(size.width))
}

fn is_last(level: Size) -> bool {
    level.height == 1 || level.width == 1
}

/// The sizes that level `i` can have, each with its probability.
fn level_sizes(size: Size, i: u32) -> Vec<(Size, f64)> {
    let (low, high) = REDUCTION;
    if i == 0 {
        return vec![(size, 1.0)];
    }
    // A side changes where n/rⁱ passes a whole number m: at r = (n/m)^(1/i).
    let mut ends = vec![low, high];
    for n in [size.height, size.width] {
        let (smallest, largest) = (n as f64 / high.powi(i as i32), n as f64 / low.powi(i as i32));
        let whole = smallest.ceil().max(1.0) as usize..=largest.floor() as usize;
        ends.extend(whole.map(|m| (n as f64 / m as f64).powf(1.0 / f64::from(i))).filter(|r| *r > low && *r < high));
    }
    ends.sort_by(f64::total_cmp);
    let pieces = ends.windows(2).filter(|pair| pair[1] > pair[0]);
    pieces.map(|pair| (level_size(size, i, 0.5 * (pair[0] + pair[1])), (pair[1] - pair[0]) / (high - low))).collect()
}

impl Pyramid {
    /// `E|DFT(x)[k]|²` of the unscaled sum, half-spectrum, column by column.
    fn expected_periodogram(&self, size: Size) -> Vec<f64> {
        let n_columns = size.width / 2 + 1;
        let mut power = vec![1.0; size.height * n_columns];
        let mut axes = (AxisEnergy::new(size.height), AxisEnergy::new(size.width));
        let mut reached = 1.0;
        for i in 0..self.iterations {
            let weight = self.discount.powi(2 * i as i32) / size.n_pixels() as f64;
            let mut goes_on = 0.0;
            for (level, probability) in level_sizes(size, i) {
                let (rows, columns) = (axes.0.of(level.height), axes.1.of(level.width));
                let factor = weight * reached * probability;
                for (column, energy_x) in power.chunks_exact_mut(size.height).zip(columns) {
                    for (p, energy_y) in column.iter_mut().zip(rows) {
                        *p += factor * energy_x * energy_y;
                    }
                }
                goes_on += if is_last(level) { 0.0 } else { probability };
            }
            reached *= goes_on;
        }
        power
    }
}

/// Energies of bilinear enlargements to one length, in the frequency domain.
struct AxisEnergy {
    n: usize,
    fft: Arc<dyn Fft<f64>>,
    /// Energies by the number of samples enlarged.
    known: HashMap<usize, Vec<f64>>,
}

impl AxisEnergy {
    fn new(n: usize) -> Self {
        Self { n, fft: FftPlanner::new().plan_fft_forward(n), known: HashMap::new() }
    }

    /// `e(k)` for all `k` of the enlargement from `n_in` samples: the transform of `Σ_j Σ_y B[y,j] B[y+d,j]` over lags
    /// `d`, of which few are not zero.
    fn of(&mut self, n_in: usize) -> &[f64] {
        let n = self.n;
        let fft = Arc::clone(&self.fft);
        self.known.entry(n_in).or_insert_with(|| {
            let weights = interpolation(n, n_in);
            // Which output samples each input sample is part of: neighbours, as positions rise with y.
            let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n_in];
            for (y, taps) in weights.iter().enumerate() {
                for (j, weight) in taps.iter().filter(|(_, weight)| *weight != 0.0) {
                    columns[*j].push((y, *weight));
                }
            }
            let mut lags = vec![Complex64::default(); n];
            for column in &columns {
                for (y, a) in column {
                    for (z, b) in column {
                        lags[(z + n - y) % n] += a * b;
                    }
                }
            }
            fft.process(&mut lags);
            lags.iter().map(|x| x.re.max(0.0)).collect()
        })
    }
}

/// For each of `n_out` samples the two of `n_in` it lies between, with their weights: bilinear, pixel centres, edges
/// repeated.
fn interpolation(n_out: usize, n_in: usize) -> Vec<[(usize, f64); 2]> {
    let step = n_in as f64 / n_out as f64;
    (0..n_out)
        .map(|i| {
            let at = ((i as f64 + 0.5) * step - 0.5).max(0.0);
            let low = (at as usize).min(n_in - 1);
            let share = at - low as f64;
            [(low, 1.0 - share), ((low + 1).min(n_in - 1), share)]
        })
        .collect()
}

#[derive(Debug)]
struct PyramidSampler {
    pyramid: Pyramid,
    size: Size,
    /// Factor of each axis.
    scale: Vec<f32>,
}

impl FieldSampler for PyramidSampler {
    fn n_axes(&self) -> usize {
        self.scale.len()
    }

    fn size(&self) -> Size {
        self.size
    }

    fn worker(&self) -> Box<dyn FieldWorker + '_> {
        Box::new(PyramidWorker { sampler: self, small: Vec::new(), stretched: Vec::new(), levels: Vec::new() })
    }
}

/// One worker's scratch.
struct PyramidWorker<'a> {
    sampler: &'a PyramidSampler,
    small: Vec<f32>,
    /// The small plane with its rows stretched.
    stretched: Vec<f32>,
    levels: Vec<Size>,
}

impl FieldWorker for PyramidWorker<'_> {
    fn draw(&mut self, random: &mut ChaCha8Rng, planes: &mut [f32]) {
        let PyramidSampler { pyramid, size, scale } = self.sampler;
        self.levels.clear();
        for i in 0..pyramid.iterations {
            let level = level_size(*size, i, random.random_range(REDUCTION.0..REDUCTION.1));
            self.levels.push(level);
            if is_last(level) {
                break;
            }
        }
        for (plane, scale) in planes.chunks_exact_mut(size.n_pixels()).zip(scale) {
            plane.iter_mut().for_each(|x| *x = StandardNormal.sample(random));
            for i in 0..self.levels.len() {
                self.add_level(i, random, plane);
            }
            plane.iter_mut().for_each(|x| *x *= scale);
        }
    }
}

impl PyramidWorker<'_> {
    /// Adds level `i`, enlarged, to `plane`.
    fn add_level(&mut self, i: usize, random: &mut impl Rng, plane: &mut [f32]) {
        let (size, level) = (self.sampler.size, self.levels[i]);
        let weight = self.sampler.pyramid.discount.powi(i as i32) as f32;
        self.small.clear();
        self.small.extend((0..level.n_pixels()).map(|_| {
            let v: f32 = StandardNormal.sample(random);
            v
        }));
        let columns = interpolation(size.width, level.width);
        self.stretched.clear();
        for row in self.small.chunks_exact(level.width) {
            let at = |taps: &[(usize, f64); 2]| taps.iter().map(|(j, w)| row[*j] * *w as f32).sum::<f32>();
            self.stretched.extend(columns.iter().map(at));
        }
        for (out, taps) in plane.chunks_exact_mut(size.width).zip(interpolation(size.height, level.height)) {
            for (j, share) in taps {
                let factor = weight * share as f32;
                for (x, v) in out.iter_mut().zip(&self.stretched[j * size.width..][..size.width]) {
                    *x += factor * v;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bilinear_weights_are_those_of_the_scripts() {
        // torch.nn.Upsample(size=4, mode="bilinear") of two samples a, b: a, 0.75a + 0.25b, 0.25a + 0.75b, b.
        let value = |taps: &[(usize, f64); 2]| taps.iter().map(|(j, w)| w * [1.0, 5.0][*j]).sum::<f64>();
        let values: Vec<f64> = interpolation(4, 2).iter().map(value).collect();
        assert_eq!(values, [1.0, 2.0, 4.0, 5.0]);
        assert!(interpolation(7, 1).iter().all(|taps| taps.iter().all(|(j, _)| *j == 0)));
        for (i, taps) in interpolation(5, 5).iter().enumerate() {
            assert_eq!(taps[0], (i, 1.0));
        }
    }

    #[test]
    fn level_sizes_have_the_probabilities_of_an_even_draw() {
        for (size, i) in [(Size::new(64, 64), 1), (Size::new(20, 33), 2), (Size::new(7, 5), 1), (Size::new(3, 9), 4)] {
            let sizes = level_sizes(size, i);
            assert!((sizes.iter().map(|(_, p)| p).sum::<f64>() - 1.0).abs() <= 1e-12);
            let n = 200_000;
            let mut drawn = std::collections::BTreeMap::new();
            for k in 0..n {
                let r = 2.0 + 2.0 * (f64::from(k) + 0.5) / f64::from(n);
                let s = level_size(size, i, r);
                *drawn.entry((s.height, s.width)).or_insert(0.0) += 1.0 / f64::from(n);
            }
            let mut exact = std::collections::BTreeMap::new();
            sizes.iter().for_each(|(s, p)| *exact.entry((s.height, s.width)).or_insert(0.0) += p);
            assert_eq!(drawn.len(), exact.len(), "{size}, level {i}");
            for (key, p) in drawn {
                assert!((exact[&key] - p).abs() <= 1e-4, "{size}, level {i}, {key:?}");
            }
        }
    }

    #[test]
    fn energies_are_those_of_the_matrix() {
        for (n, n_in) in [(1, 1), (8, 8), (8, 3), (9, 4), (13, 1), (20, 7)] {
            let weights = interpolation(n, n_in);
            let mut axis = AxisEnergy::new(n);
            for (k, got) in axis.of(n_in).iter().enumerate() {
                let term = |j: usize| {
                    let sum: Complex64 = (0..n)
                        .map(|y| {
                            let weight: f64 = weights[y].iter().filter(|(at, _)| *at == j).map(|(_, w)| w).sum();
                            Complex64::cis(-std::f64::consts::TAU * (k * y) as f64 / n as f64) * weight
                        })
                        .sum();
                    sum.norm_sqr()
                };
                let want: f64 = (0..n_in).map(term).sum();
                assert!((got - want).abs() <= 1e-10 * (1.0 + want), "{n} from {n_in}, {k}: {got} instead of {want}");
            }
        }
    }

    #[test]
    fn one_iteration_is_white_noise_of_twice_the_power() {
        for (h, w) in [(1, 1), (5, 8), (9, 9)] {
            let power = Pyramid { discount: 0.7, iterations: 1 }.expected_periodogram(Size::new(h, w));
            assert!(power.iter().all(|p| (p - 2.0).abs() <= 1e-12), "{h}×{w}: {power:?}");
        }
    }
}
