//! Settings, datasets and measured spectra for the tests of this layer.

use rustfft::num_complex::Complex32;
use rustfft::num_complex::Complex64;

use super::families::parse_family;
use super::family::Needs;
use super::field::SampledNoise;
use super::law::fit_law;
use super::metric::Metric;
use super::model::DatasetModel;
use super::power::pixel_variance;
use super::setting::Setting;
use crate::spectral::Grid;
use crate::spectral::fft2::Fft2Plan;

/// Every family, with parameters that show in its spectrum: the list of what tests of families run over.
pub(crate) const FAMILY_NAMES: &[&str] = &[
    "white",
    "cloud:1.2",
    "cloud:fit",
    "cloud:best",
    "cloud-crop:1.2",
    "cloud-crop:fit",
    "pink",
    "brown",
    "blue",
    "band:0.1,0.4",
    "offset:0.4",
    "offset:0.4,shared",
    "pyramid:0.3,6",
    "pyramid:0.8,4",
    "matched",
    "blur-noise:0.5,0.2",
    "dir:some/folder",
];

/// Those that need nothing but a size.
pub(crate) fn free_families() -> impl Iterator<Item = &'static str> {
    FAMILY_NAMES.iter().copied().filter(|name| parse_family(name).is_ok_and(|f| f.needs() == Needs::Nothing))
}

/// No dataset, one channel, unit variance.
pub(crate) fn setting(grid: &Grid) -> Setting<'_> {
    Setting::free(grid, 1)
}

/// A dataset with this Γ and M.
pub(crate) fn model(
    grid: &Grid,
    gamma: Vec<Vec<f64>>,
    mean_field: Vec<Vec<Complex64>>,
    n_images: usize,
) -> DatasetModel {
    let rounding_power = 5.126e-6;
    let n_axes = gamma.len() as f64;
    let mean: Vec<f64> = (0..grid.n_modes()).map(|i| gamma.iter().map(|g| g[i]).sum::<f64>() / n_axes).collect();
    DatasetModel {
        grid: grid.clone(),
        n_images,
        metric: Metric::Modes,
        pixel_variance: gamma.iter().map(|g| pixel_variance(grid, g)).sum::<f64>() / n_axes,
        fit: fit_law(grid, &mean),
        floored: gamma.iter().map(|g| g.iter().map(|g| g.max(rounding_power)).collect()).collect(),
        gamma,
        mean_field,
        color: None,
        rounding_power,
    }
}

/// Mean and standard error of the power of every stored mode over `n` samples, for each axis.
pub(crate) fn mean_periodogram(noise: &SampledNoise, grid: &Grid, n: u64) -> Vec<Vec<(f64, f64)>> {
    let plan = Fft2Plan::new(grid.size());
    let (mut workspace, mut worker) = (plan.workspace(), noise.worker());
    let mut planes = vec![0.0; noise.len()];
    let mut spectrum = vec![Complex32::default(); grid.n_modes()];
    let n_pixels = grid.size().n_pixels();
    let mut sums = vec![vec![(0.0, 0.0); grid.n_modes()]; noise.len() / n_pixels];
    for index in 0..n {
        worker.draw(index, &mut planes);
        for (plane, sums) in planes.chunks_exact(n_pixels).zip(&mut sums) {
            plan.forward(plane, &mut spectrum, &mut workspace);
            for (x, (sum, square)) in spectrum.iter().zip(sums) {
                let power = f64::from(x.norm_sqr()) / n_pixels as f64;
                *sum += power;
                *square += power * power;
            }
        }
    }
    let n = n as f64;
    let finish = |(sum, square): &(f64, f64)| {
        let mean = sum / n;
        (mean, ((square / n - mean * mean) / (n - 1.0)).sqrt())
    };
    sums.iter().map(|axis| axis.iter().map(finish).collect()).collect()
}
