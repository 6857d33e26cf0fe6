//! What the tests of this module share: seeded images, a run of the engine over them, and the same statistics computed
//! the slow and obvious way in double precision, from the definitions.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustfft::num_complex::Complex64;

use super::analyzer::Totals;
use super::{
    AnalysisConfig, AnalysisPlan, Analyzer, ContentSketch, Counts, Detail, ImageSummary, Preprocess, RadialStatistics,
    Reference, Spectrum, Standardize,
};
use crate::spectral::naive::{half_of, naive_dft, radial_mean};
use crate::spectral::{Channels, Size, ValueRange, Window};

/// Interleaved RGB bytes of `n` images that vary in brightness, tint and texture around a common gradient: no mean, no
/// covariance and no higher moment of theirs vanishes by symmetry.
pub(crate) fn random_images(size: Size, n: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut image = || {
        let brightness = random.random_range(40.0..160.0);
        let contrast = random.random_range(10.0..60.0);
        let tint: [f64; 3] = std::array::from_fn(|_| random.random_range(-25.0..25.0));
        let mut bytes = Vec::with_capacity(size.n_pixels() * 3);
        for i in 0..size.n_pixels() {
            let gradient = 30.0 * (i % size.width) as f64 / size.width as f64;
            let texture = random.random_range(-1.0..1.0f64).powi(3) * contrast;
            for t in tint {
                bytes.push((brightness + t + gradient + texture + random.random_range(-8.0..8.0)) as u8);
            }
        }
        bytes
    };
    (0..n).map(|_| image()).collect()
}

/// One pass of one engine over files of one image each, emptied every `drain_every` images.
pub(crate) fn pass(
    config: &AnalysisConfig,
    reference: Option<Reference>,
    images: &[Vec<u8>],
    drain_every: usize,
) -> (Spectrum, Vec<ImageSummary>) {
    pass_in_files(config, reference, images, drain_every, &|_| true)
}

/// As [`pass`]; `ends_file` says of an image whether it is the last of its file.
pub(crate) fn pass_in_files(
    config: &AnalysisConfig,
    reference: Option<Reference>,
    images: &[Vec<u8>],
    drain_every: usize,
    ends_file: &dyn Fn(usize) -> bool,
) -> (Spectrum, Vec<ImageSummary>) {
    let plan = AnalysisPlan::new(config.clone(), reference);
    let mut analyzer = Analyzer::new(plan.clone());
    let mut totals = Totals::new(&plan);
    let mut content = ContentSketch::default();
    let mut summaries = Vec::new();
    for (i, image) in images.iter().enumerate() {
        let mut summary = ImageSummary::default();
        analyzer.add(image.chunks_exact(3 * config.size.width), &mut summary);
        summaries.push(summary);
        content.add_file(image);
        if i % drain_every == drain_every - 1 {
            analyzer.drain_into(&mut totals).expect("finite sums");
        }
        if ends_file(i) {
            analyzer.end_file();
        }
    }
    analyzer.drain_into(&mut totals).expect("finite sums");
    let counts = Counts::default();
    (Spectrum::new(&plan, totals, Preprocess::untouched(config), counts, content), summaries)
}

/// A whole scan: two passes where pixels are standardised.
pub(crate) fn analyze(config: &AnalysisConfig, images: &[Vec<u8>]) -> Spectrum {
    let reference = (config.standardize == Standardize::Pixel)
        .then(|| pass(&config.with_less_detail(Detail::Pixels), None, images, 5).0.reference(true));
    pass(config, reference, images, 5).0
}

/// The planes of a set as they are transformed, and their transforms, in double precision.
pub(crate) struct Naive {
    pub size: Size,
    /// Image × channel × pixel, before window and standardisation.
    pub raw: Vec<Vec<Vec<f64>>>,
    /// Image × channel × pixel, as transformed.
    pub planes: Vec<Vec<Vec<f64>>>,
    /// Image × channel × stored mode.
    pub spectra: Vec<Vec<Vec<Complex64>>>,
    /// Image × channel × annulus.
    pub rapsds: Vec<Vec<Vec<f64>>>,
    centred: bool,
}

impl Naive {
    pub fn new(config: &AnalysisConfig, images: &[Vec<u8>]) -> Self {
        let size = config.size;
        let raw: Vec<Vec<Vec<f64>>> = images.iter().map(|image| values(config, image)).collect();
        let mut planes = raw.clone();
        if config.standardize == Standardize::Pixel {
            standardize_pixels(&mut planes);
        }
        if config.window == Window::Hann {
            planes.iter_mut().flatten().for_each(|plane| apply_hann(size, plane));
        }
        let full: Vec<Vec<Vec<Complex64>>> =
            planes.iter().map(|image| image.iter().map(|plane| naive_dft(size, plane)).collect()).collect();
        let radial = |x: &Vec<Complex64>| radial_mean(size, &x.iter().map(|x| x.norm_sqr()).collect::<Vec<_>>());
        Self {
            size,
            rapsds: full.iter().map(|image| image.iter().map(radial).collect()).collect(),
            spectra: full.iter().map(|image| image.iter().map(|x| half_of(size, x)).collect()).collect(),
            raw,
            planes,
            centred: config.standardize != Standardize::None,
        }
    }

    pub fn n(&self) -> usize {
        self.planes.len()
    }

    /// Mean over images of what `of` says of each.
    pub fn mean<T: std::iter::Sum<T> + std::ops::Div<f64, Output = T>>(&self, of: impl Fn(usize) -> T) -> T {
        (0..self.n()).map(of).sum::<T>() / self.n() as f64
    }

    /// Mean of mode `k` of channel `c`; zero where nothing is removed.
    pub fn field(&self, c: usize, k: usize) -> Complex64 {
        if self.centred { self.mean(|i| self.spectra[i][c][k]) } else { Complex64::default() }
    }

    /// `E[(X_c − M_c)(X_d − M_d)*]` of mode `k`, over n−1 where means are removed.
    pub fn covariance(&self, c: usize, d: usize, k: usize) -> Complex64 {
        let (m, l) = (self.field(c, k), self.field(d, k));
        let n = self.n() as f64;
        let unbiasing = if self.centred { n / (n - 1.0) } else { 1.0 };
        self.mean(|i| (self.spectra[i][c][k] - m) * (self.spectra[i][d][k] - l).conj()) * unbiasing
    }

    /// RAPSD of image `i`: of one channel, or the mean over channels.
    pub fn rapsd(&self, i: usize, channel: Option<usize>, j: usize) -> f64 {
        match channel {
            Some(c) => self.rapsds[i][c][j],
            None => self.rapsds[i].iter().map(|r| r[j]).sum::<f64>() / self.rapsds[i].len() as f64,
        }
    }

    /// Mean power of a mode: the scale of what single precision may get wrong.
    pub fn scale(&self) -> f64 {
        let squares = |plane: &Vec<f64>| plane.iter().map(|v| v * v).sum::<f64>() / plane.len() as f64;
        self.mean(|i| self.planes[i].iter().map(squares).sum::<f64>() / self.planes[i].len() as f64)
    }
}

/// The channels of an image by their formulas.
fn values(config: &AnalysisConfig, image: &[u8]) -> Vec<Vec<f64>> {
    let ValueRange { low, high } = config.range;
    // Colour differences are centred on the middle of the range, like everything else.
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    let pixel = |p: &[u8]| -> Vec<f64> {
        let [r, g, b] = [0, 1, 2].map(|c| f64::from(p[c]) / 127.5 - 1.0);
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        match config.channels {
            Channels::Rgb => vec![r, g, b],
            Channels::Luma => vec![y],
            Channels::Ycbcr => vec![y, -0.1687 * r - 0.3313 * g + 0.5 * b, 0.5 * r - 0.4187 * g - 0.0813 * b],
            Channels::Latent(_) => unreachable!("no pixels"),
        }
    };
    let pixels: Vec<Vec<f64>> = image.chunks_exact(3).map(pixel).collect();
    (0..config.channels.count()).map(|c| pixels.iter().map(|p| middle + half * p[c]).collect()).collect()
}

/// Centres every pixel and divides it by its own deviation over the set (over n); constant pixels become zero.
fn standardize_pixels(planes: &mut [Vec<Vec<f64>>]) {
    let n = planes.len() as f64;
    for c in 0..planes[0].len() {
        for p in 0..planes[0][c].len() {
            let mean = planes.iter().map(|image| image[c][p]).sum::<f64>() / n;
            let variance = planes.iter().map(|image| (image[c][p] - mean).powi(2)).sum::<f64>() / n;
            for image in planes.iter_mut() {
                image[c][p] = if variance > 1e-12 { (image[c][p] - mean) / variance.sqrt() } else { 0.0 };
            }
        }
    }
}

fn apply_hann(size: Size, plane: &mut [f64]) {
    let axis = |i: usize, n: usize| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n as f64).cos();
    let weights: Vec<f64> =
        (0..plane.len()).map(|i| axis(i / size.width, size.height) * axis(i % size.width, size.width)).collect();
    let rms = (weights.iter().map(|w| w * w).sum::<f64>() / plane.len() as f64).sqrt();
    let mean = plane.iter().sum::<f64>() / plane.len() as f64;
    for (x, w) in plane.iter_mut().zip(weights) {
        *x = mean + (*x - mean) * w / rms;
    }
}

/// Mean and spread of RAPSDs, one a file, term by term.
pub(crate) fn radial_statistics<R: AsRef<[f64]>>(rapsds: &[R]) -> RadialStatistics {
    let (n, annuli) = (rapsds.len() as f64, rapsds[0].as_ref().len());
    let sum = |of: &dyn Fn(&[f64]) -> f64| rapsds.iter().map(|rapsd| of(rapsd.as_ref())).sum::<f64>();
    let mean: Vec<f64> = (0..annuli).map(|j| sum(&|rapsd| rapsd[j]) / n).collect();
    let covariance = |i: usize, j: usize| sum(&|rapsd| (rapsd[i] - mean[i]) * (rapsd[j] - mean[j])) / (n - 1.0) / n;
    let covariance_of_mean = (0..annuli * annuli).map(|ij| covariance(ij / annuli, ij % annuli)).collect();
    let of_mean = RadialStatistics::without_spread(mean.clone(), n as u64, n as u64);
    RadialStatistics { covariance_of_mean, ..of_mean }
}
