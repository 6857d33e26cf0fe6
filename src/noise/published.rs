//! The five Mahalanobis distances that the author of Cloud Diffusion (arXiv 2507.05496) published with his notebook,
//! computed by this program's own noise and transforms.
//!
//! # Conventions
//!
//! The notebook's, not this program's: 96×96 pixels, Δ = 1.499772, the metric `f^(−2Δ)` without A, frequencies
//! `(i − N/2)/(N − 1)` in place of `i/N`, and a real form without √2, which halves every square.

use rustfft::num_complex::Complex32;

use super::error::NoiseError;
use super::families::parse_family;
use super::field::{Role, SampledNoise};
use super::power::full_sum;
use super::realise::{Noise, realise};
use super::setting::Setting;
use crate::spectral::fft2::Fft2Plan;
use crate::spectral::{Grid, Size};

const DELTA: f64 = 1.499_772_403_420_734;
const SIDE_PX: usize = 96;

/// A distance, and what was published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishedDistance {
    /// What is measured from what.
    pub name: &'static str,
    /// As this program computes it.
    pub distance: f64,
    /// As it was published.
    pub published: f64,
}

/// The five distances; those of cloud noise are means over `n_pairs` pairs of drawn samples, the others closed forms.
///
/// # Errors
///
/// If a noise cannot be made.
pub fn published_distances(n_pairs: u64) -> Result<[PublishedDistance; 5], NoiseError> {
    let grid = Grid::new(Size::square(SIDE_PX));
    let stretch = SIDE_PX as f64 / (SIDE_PX - 1) as f64;
    let metric: Vec<f64> = grid.frequencies().iter().map(|f| 0.5 * (stretch * f).powf(2.0 * DELTA)).collect();
    let square = |power: &[f64]| full_sum(&grid, power.iter().zip(&metric).map(|(s, m)| s * m));
    let white = square(&make(&grid, "white")?.spectrum.power[0]);
    let cloud_noise = make(&grid, &format!("cloud-crop:{DELTA}"))?;
    let cloud = square(&cloud_noise.spectrum.power[0]);
    // A few large modes make up d² of cloud noise, so the mean of d lies below the root of the mean of d²: it has to be
    // drawn.
    let (mean_cloud, mean_pair) = drawn_means(cloud_noise, &grid, n_pairs, square);
    Ok([
        ("d(white|Q)", white.sqrt(), 19.322_809_219_360_35),
        ("d(white,white|Q)", (2.0 * white).sqrt(), 27.325_323_104_858_4),
        ("d(cloud|Q)", mean_cloud, 1.9405),
        ("d(cloud,cloud|Q)", mean_pair, 2.7476),
        ("d(white,cloud|Q)", (white + cloud).sqrt(), 19.423),
    ]
    .map(|(name, distance, published)| PublishedDistance { name, distance, published }))
}

/// A family in one channel of unit variance, without a dataset.
fn make(grid: &Grid, family: &str) -> Result<Noise, NoiseError> {
    let setting = Setting::free(grid, 1);
    realise(&*parse_family(family)?, &setting)
}

/// Means over pairs of samples of `√square(power)`, of single samples and of differences of pairs.
fn drawn_means(noise: Noise, grid: &Grid, n_pairs: u64, square: impl Fn(&[f64]) -> f64) -> (f64, f64) {
    let size = grid.size();
    let noise = SampledNoise::new(noise.sampler, 1, Role::Noise);
    let mut worker = noise.worker();
    let mut planes = [vec![0.0; size.n_pixels()], vec![0.0; size.n_pixels()]];
    let plan = Fft2Plan::new(size);
    let mut workspace = plan.workspace();
    let mut spectrum = vec![Complex32::default(); grid.n_modes()];
    let mut distance = |plane: &[f32]| {
        plan.forward(plane, &mut spectrum, &mut workspace);
        let power: Vec<f64> = spectrum.iter().map(|x| f64::from(x.norm_sqr()) / size.n_pixels() as f64).collect();
        square(&power).sqrt()
    };
    let mut means = (0.0, 0.0);
    for pair in 0..n_pairs {
        (0..2).for_each(|i| worker.draw(2 * pair + i, &mut planes[i as usize]));
        means.0 += (distance(&planes[0]) + distance(&planes[1])) / (2 * n_pairs) as f64;
        let difference: Vec<f32> = planes[0].iter().zip(&planes[1]).map(|(a, b)| a - b).collect();
        means.1 += distance(&difference) / n_pairs as f64;
    }
    means
}

#[cfg(test)]
mod tests {
    use super::super::law::ZeroFrequency;
    use super::*;
    use crate::noise::law::power_law;

    #[test]
    fn published_distances_of_cloud_diffusion_are_reproduced() {
        for PublishedDistance { name, distance, published } in published_distances(1000).expect("noise") {
            assert!((distance / published - 1.0).abs() <= 0.005, "{name}: {distance} instead of {published}");
        }
    }

    #[test]
    fn the_amplitude_of_unit_noise_is_the_published_one() {
        // The notebook's large plane has frequencies (i − M/2)/(N − 1).
        let whole = Grid::new(Size::square(3 * SIDE_PX));
        let law = power_law(&whole, DELTA, ZeroFrequency::Zero);
        let scale = (288.0 / 95.0_f64).powf(-2.0 * DELTA);
        let mean = scale * full_sum(&whole, law.iter().copied()) / whole.size().n_pixels() as f64;
        let amplitude = 1.0 / mean.sqrt();
        assert!((amplitude / 0.103_759_430_9 - 1.0).abs() <= 0.005, "A of unit noise: {amplitude}");
    }
}
