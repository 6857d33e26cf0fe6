//! The blur-to-noise ratio of images with a 1/f² spectrum: its closed form, at two resolutions.

use std::f64::consts::PI;

use specscan::diffusion::blur_noise::BlurNoise;
use specscan::noise::field::Role;
use specscan::noise::{SampledNoise, Setting, ZeroFrequency, parse_family, realise};
use specscan::spectral::fft2::Fft2Plan;
use specscan::spectral::{Grid, Size};

/// A of the law `A²/f²` that the images are drawn from.
const AMPLITUDE: f64 = 0.05;

/// Mean RAPSD of `n` drawn images of `side` pixels.
fn mean_rapsd(side: usize, n: u64) -> Vec<f64> {
    let grid = Grid::new(Size::square(side));
    let n_pixels = grid.size().n_pixels() as f64;
    let law = |f: f64| (AMPLITUDE / if f == 0.0 { 0.5 / side as f64 } else { f }).powi(2);
    let power: Vec<f64> = grid.frequencies().iter().map(|f| law(*f)).collect();
    let sum: f64 = power.iter().enumerate().map(|(i, p)| grid.multiplicity(i / side) * p).sum();
    let setting = Setting {
        grid: &grid,
        n_axes: 1,
        dataset: None,
        measured: None,
        zero_frequency: ZeroFrequency::HalfPeriod,
        pixel_variance: sum / n_pixels,
    };
    let noise = realise(&*parse_family("cloud:1").expect("a family"), &setting).expect("a law");
    let sampled = SampledNoise::new(noise.sampler, 7, Role::Noise);
    let (mut worker, plan) = (sampled.worker(), Fft2Plan::new(grid.size()));
    let mut workspace = plan.workspace();
    let mut plane = vec![0.0; side * side];
    let mut spectrum = vec![Default::default(); grid.n_modes()];
    let mut mean = vec![0.0; grid.n_modes()];
    for index in 0..n {
        worker.draw(index, &mut plane);
        plan.forward(&plane, &mut spectrum, &mut workspace);
        for (m, x) in mean.iter_mut().zip(&spectrum) {
            let x: &rustfft::num_complex::Complex32 = x;
            *m += f64::from(x.norm_sqr()) / n_pixels / n as f64;
        }
    }
    grid.radial_mean(&mean)
}

#[test]
fn an_inverse_square_spectrum_has_its_closed_form_at_64_and_256_pixels() {
    let closed = (-0.9_f64.ln()).sqrt() / (2.0 * PI * AMPLITUDE);
    let ratio = |side: usize| {
        let rapsd = mean_rapsd(side, 600);
        BlurNoise::new(&rapsd, side, 1.0).largest_ratio(0.9).expect("power").ratio
    };
    let (small, large) = (ratio(64), ratio(256));
    for (side, ratio) in [(64, small), (256, large)] {
        assert!((ratio / closed - 1.0).abs() <= 0.02, "{side} px: {ratio} instead of {closed}");
    }
    assert!((small / large - 1.0).abs() <= 0.02, "{small} at 64 and {large} at 256 pixels");
}
