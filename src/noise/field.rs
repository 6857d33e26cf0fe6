//! Drawing fields: from a power per mode to real planes, the same for a sample whatever else is drawn.
//!
//! # Conventions
//!
//! Sample `i` comes from a random stream of its own (ChaCha8, stream `3i`; trials and what they are compared with have
//! the two after it), so neither the number of samples nor the threads change it. Families draw the same standard
//! normals in the same order: sample `i` of two periodic families is the same noise in two colours.

use std::fmt;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rustfft::num_complex::Complex32;

use super::spectrum::NoiseSpectrum;
use crate::spectral::inverse::{InverseFft2Plan, InverseFft2Workspace};
use crate::spectral::{Grid, Size};

/// Draws fields of a family; shared by all workers.
pub trait FieldSampler: fmt::Debug + Send + Sync {
    /// Planes of a field.
    fn n_axes(&self) -> usize;

    /// Size of a plane.
    fn size(&self) -> Size;

    /// One worker's scratch.
    fn worker(&self) -> Box<dyn FieldWorker + '_>;
}

/// Draws field after field.
pub trait FieldWorker: Send {
    /// Draws the planes of one field, value, one after the other.
    fn draw(&mut self, random: &mut ChaCha8Rng, planes: &mut [f32]);
}

/// Draws in the Fourier plane, each mode with its own power.
#[derive(Debug)]
pub struct FourierSampler {
    inverse: InverseFft2Plan,
    height: usize,
    width: usize,
    /// Standard deviation of each stored coefficient as the inverse transform takes it: one list, or one for each axis.
    deviation: Vec<Vec<f32>>,
    /// Factor of each axis.
    factor: Vec<f32>,
    /// What all axes share of the zero frequency.
    shared: Vec<f32>,
}

impl FourierSampler {
    /// Periodic fields with the spectrum `noise`.
    pub fn periodic(grid: &Grid, noise: &NoiseSpectrum) -> Self {
        let own = |(power, shared): (&Vec<f64>, &f64)| {
            let mut power = power.clone();
            power[0] = (power[0] - shared * shared).max(0.0);
            deviations(grid, &power)
        };
        let scale = 1.0 / (grid.size().n_pixels() as f64).sqrt();
        Self {
            inverse: InverseFft2Plan::new(grid.size()),
            height: grid.size().height,
            width: grid.size().width,
            deviation: noise.power.iter().zip(&noise.shared).map(own).collect(),
            factor: vec![1.0; noise.power.len()],
            shared: noise.shared.iter().map(|s| (s * scale) as f32).collect(),
        }
    }

    /// The central `kept` of periodic fields on the larger grid `whole` with `power`, times `scale` (of powers) for
    /// each axis.
    pub fn cropped(whole: &Grid, kept: Size, power: &[f64], scale: &[f64]) -> Self {
        Self {
            inverse: InverseFft2Plan::cropped(whole.size(), kept),
            height: whole.size().height,
            width: whole.size().width,
            deviation: vec![deviations(whole, power)],
            factor: scale.iter().map(|s| s.sqrt() as f32).collect(),
            shared: vec![0.0; scale.len()],
        }
    }
}

/// Standard deviations of the coefficients' real numbers: of the one number of a mode that is its own conjugate, or of
/// each of the two of another.
fn deviations(grid: &Grid, power: &[f64]) -> Vec<f32> {
    let per_pixel = 1.0 / grid.size().n_pixels() as f64;
    let of = |(i, p): (usize, &f64)| {
        let share = if grid.is_self_conjugate(i) { 1.0 } else { 0.5 };
        (share * p * per_pixel).sqrt() as f32
    };
    power.iter().enumerate().map(of).collect()
}

impl FieldSampler for FourierSampler {
    fn n_axes(&self) -> usize {
        self.factor.len()
    }

    fn size(&self) -> Size {
        self.inverse.output_size()
    }

    fn worker(&self) -> Box<dyn FieldWorker + '_> {
        let spectrum = vec![Complex32::default(); self.inverse.n_modes()];
        Box::new(FourierWorker { sampler: self, spectrum, workspace: self.inverse.workspace() })
    }
}

struct FourierWorker<'a> {
    sampler: &'a FourierSampler,
    spectrum: Vec<Complex32>,
    workspace: InverseFft2Workspace,
}

impl FieldWorker for FourierWorker<'_> {
    fn draw(&mut self, random: &mut ChaCha8Rng, planes: &mut [f32]) {
        let sampler = self.sampler;
        let n_pixels = sampler.size().n_pixels();
        let common = if sampler.shared.iter().any(|s| *s != 0.0) { normal(random) } else { 0.0 };
        for (axis, plane) in planes.chunks_exact_mut(n_pixels).enumerate() {
            let deviation = &sampler.deviation[axis.min(sampler.deviation.len() - 1)];
            let h = sampler.height;
            for (kx, (column, deviation)) in
                self.spectrum.chunks_exact_mut(h).zip(deviation.chunks_exact(h)).enumerate()
            {
                if kx == 0 || 2 * kx == sampler.width {
                    draw_hermitian(random, deviation, column);
                } else {
                    for (x, d) in column.iter_mut().zip(deviation) {
                        *x = Complex32::new(d * normal(random), d * normal(random));
                    }
                }
            }
            self.spectrum[0].re += sampler.shared[axis] * common;
            sampler.inverse.inverse(&mut self.spectrum, plane, &mut self.workspace);
            let factor = sampler.factor[axis];
            if factor != 1.0 {
                plane.iter_mut().for_each(|x| *x *= factor);
            }
        }
    }
}

fn normal(random: &mut ChaCha8Rng) -> f32 {
    StandardNormal.sample(random)
}

/// A column that holds both members of each pair: those with the smaller index are drawn, the others are their
/// conjugates.
fn draw_hermitian(random: &mut ChaCha8Rng, deviation: &[f32], column: &mut [Complex32]) {
    let h = column.len();
    for ky in 0..=h / 2 {
        let conjugate = (h - ky) % h;
        if ky == conjugate {
            column[ky] = Complex32::new(deviation[ky] * normal(random), 0.0);
        } else {
            column[ky] = Complex32::new(deviation[ky] * normal(random), deviation[ky] * normal(random));
            column[conjugate] = column[ky].conj();
        }
    }
}

/// Number of roles.
const ROLES: u64 = 3;

/// What a sample is for: streams of their own keep them independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The sample itself.
    Noise,
    /// A sample that is measured and not kept: independent of the kept ones, which may be the dataset.
    Trial,
    /// A member of the dataset that a trial is compared with.
    Member,
}

/// A family's samples: which seed, and how axes become channels.
#[derive(Debug, Clone)]
pub struct SampledNoise {
    sampler: Arc<dyn FieldSampler>,
    seed: u64,
    role: Role,
}

impl SampledNoise {
    /// The samples that `sampler` draws from `seed`.
    pub fn new(sampler: Arc<dyn FieldSampler>, seed: u64, role: Role) -> Self {
        Self { sampler, seed, role }
    }

    /// Values of a sample, `axes · H · W`.
    pub fn len(&self) -> usize {
        self.sampler.n_axes() * self.sampler.size().n_pixels()
    }

    /// Whether samples are empty; they never are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size of a plane.
    pub fn size(&self) -> Size {
        self.sampler.size()
    }

    /// One worker.
    pub fn worker(&self) -> SampleWorker<'_> {
        SampleWorker { noise: self, worker: self.sampler.worker() }
    }
}

/// One worker's scratch.
pub struct SampleWorker<'a> {
    noise: &'a SampledNoise,
    worker: Box<dyn FieldWorker + 'a>,
}

impl SampleWorker<'_> {
    /// Draws sample `index`: one plane per axis, value, one after the other.
    ///
    /// # Panics
    ///
    /// If `planes` has another length than a sample.
    pub fn draw(&mut self, index: u64, planes: &mut [f32]) {
        assert_eq!(planes.len(), self.noise.len(), "the planes of one sample");
        let mut random = ChaCha8Rng::seed_from_u64(self.noise.seed);
        random.set_stream(ROLES * index + self.noise.role as u64);
        self.worker.draw(&mut random, planes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::testing::{free_families, mean_periodogram, setting};
    use crate::noise::{Noise, Setting, parse_family, realise};

    fn noise(name: &str, grid: &Grid, n_axes: usize) -> Noise {
        realise(&*parse_family(name).expect(name), &Setting { n_axes, ..setting(grid) }).expect(name)
    }

    #[test]
    fn samples_have_the_spectrum_they_should() {
        let n = 3000;
        for size in [Size::new(8, 8), Size::new(7, 9), Size::new(10, 6)] {
            let grid = Grid::new(size);
            for name in free_families() {
                let noise = noise(name, &grid, 2);
                let sampled = SampledNoise::new(Arc::clone(&noise.sampler), 5, Role::Noise);
                let means = mean_periodogram(&sampled, &grid, n);
                for (axis, (power, mean)) in noise.spectrum.power.iter().zip(&means).enumerate() {
                    for (i, (want, (got, se))) in power.iter().zip(mean).enumerate() {
                        if *want == 0.0 {
                            // What single precision leaves.
                            assert!(*got <= 1e-12, "{name}, {size}, axis {axis}, mode {i}: {got} without power");
                            continue;
                        }
                        let off = (got - want).abs() / se;
                        assert!(
                            off <= 4.5,
                            "{name}, {size}, axis {axis}, mode {i}: {got} instead of {want}, {off:.1} SE"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_sample_depends_on_its_index_and_the_seed_alone() {
        let grid = Grid::new(Size::new(6, 5));
        let noise = noise("cloud:1", &grid, 3);
        let draw = |seed, role, indices: &[u64]| {
            let sampled = SampledNoise::new(Arc::clone(&noise.sampler), seed, role);
            let mut worker = sampled.worker();
            let mut planes = vec![f32::NAN; sampled.len()];
            indices.iter().for_each(|i| worker.draw(*i, &mut planes));
            planes
        };
        let seven = draw(1, Role::Noise, &[7]);
        assert_eq!(seven, draw(1, Role::Noise, &[0, 3, 7]));
        assert_ne!(seven, draw(1, Role::Noise, &[8]));
        assert_ne!(seven, draw(2, Role::Noise, &[7]));
        assert_ne!(seven, draw(1, Role::Member, &[7]));
        assert_ne!(seven, draw(1, Role::Trial, &[7]));
        assert_ne!(seven[..30], seven[30..60], "channels are independent");
    }

    #[test]
    fn a_shared_constant_is_the_same_in_all_channels() {
        let grid = Grid::new(Size::square(4));
        let brightness = |name: &str| {
            let noise = noise(name, &grid, 2);
            let sampled = SampledNoise::new(noise.sampler, 3, Role::Noise);
            let mut worker = sampled.worker();
            let mut planes = vec![0.0; sampled.len()];
            let mut products = [0.0; 3];
            for i in 0..2000 {
                worker.draw(i, &mut planes);
                let [a, b] = [0, 1].map(|c| f64::from(planes[c * 16..][..16].iter().sum::<f32>() / 16.0));
                products.iter_mut().zip([a * a, b * b, a * b]).for_each(|(sum, p)| *sum += p);
            }
            products[2] / (products[0] * products[1]).sqrt()
        };
        // Correlation of s²/(s² + 1/16) with s = 2, and none.
        assert!((brightness("offset:2,shared") - 4.0 / 4.0625).abs() <= 0.01);
        assert!(brightness("offset:2").abs() <= 0.1);
    }
}
