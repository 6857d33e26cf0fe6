//! Fields of noise to check with, and their transforms: always the same ones.

use anyhow::Result;
use rustfft::num_complex::Complex32;

use crate::noise::field::Role;
use crate::noise::{SampledNoise, Setting, parse_family, realise};
use crate::spectral::Grid;
use crate::spectral::fft2::Fft2Plan;

/// Noise of one channel and unit variance.
pub fn noise(grid: &Grid, family: &str) -> Result<SampledNoise> {
    let setting = Setting::free(grid, 1);
    Ok(SampledNoise::new(realise(&*parse_family(family)?, &setting)?.sampler, 1, Role::Noise))
}

/// A field, row by row.
pub fn field(grid: &Grid, family: &str, index: u64) -> Result<Vec<f32>> {
    let mut plane = vec![0.0; grid.size().n_pixels()];
    noise(grid, family)?.worker().draw(index, &mut plane);
    Ok(plane)
}

/// The stored modes of a field, unnormalised.
pub fn transform(grid: &Grid, plane: &[f32]) -> Vec<Complex32> {
    let plan = Fft2Plan::new(grid.size());
    let mut spectrum = vec![Complex32::default(); grid.n_modes()];
    plan.forward(plane, &mut spectrum, &mut plan.workspace());
    spectrum
}

/// Mean power of every stored mode over `n` fields, value² per mode.
pub fn mean_power(grid: &Grid, family: &str, n: u64) -> Result<Vec<f64>> {
    let noise = noise(grid, family)?;
    let (plan, mut worker) = (Fft2Plan::new(grid.size()), noise.worker());
    let mut workspace = plan.workspace();
    let mut plane = vec![0.0; noise.len()];
    let mut spectrum = vec![Complex32::default(); grid.n_modes()];
    let mut mean = vec![0.0; grid.n_modes()];
    let share = 1.0 / (n as f64 * noise.len() as f64);
    for index in 0..n {
        worker.draw(index, &mut plane);
        plan.forward(&plane, &mut spectrum, &mut workspace);
        mean.iter_mut().zip(&spectrum).for_each(|(mean, x)| *mean += share * f64::from(x.norm_sqr()));
    }
    Ok(mean)
}
