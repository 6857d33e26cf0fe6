//! Sums over modes beyond the power: pseudo-power, fourth moments, cross-channel products.
//!
//! # Cost
//!
//! Spectra are collected in small batches, because these sums (megabytes) are larger than a core's cache: they are
//! walked once per batch, in blocks that stay in the cache while the batch's images are added to them.

use multiversion::multiversion;
use rustfft::num_complex::Complex32;

use super::lanes::Lanes;
use crate::spectral::fft2::block_length;
use crate::spectrum::plan::{AnalysisConfig, AnalysisPlan, Detail, at};

/// Modes whose sums are brought into the cache together.
const MODE_BLOCK: usize = 256;

/// Spectra that are collected before they are added up: enough to amortise the walk over the sums, within eight
/// megabytes.
fn batch_length(spectrum_bytes: usize) -> usize {
    (8_000_000 / spectrum_bytes.max(1)).clamp(1, 8)
}

/// The products of one block of modes that are summed up.
#[derive(Debug)]
struct Products {
    pseudo_real: [f64; MODE_BLOCK],
    pseudo_imag: [f64; MODE_BLOCK],
    power_square: [f64; MODE_BLOCK],
    power_real: [f64; MODE_BLOCK],
    power_imag: [f64; MODE_BLOCK],
}

impl Products {
    fn zeros() -> Box<Self> {
        let zero = [0.0; MODE_BLOCK];
        Box::new(Self { pseudo_real: zero, pseudo_imag: zero, power_square: zero, power_real: zero, power_imag: zero })
    }
}

/// Spectra that wait for their moments, image by image; with less detail, those of the latest image, or room for some
/// of its columns.
#[derive(Debug)]
pub(super) struct MomentSums {
    spectra: Vec<Complex32>,
    /// Length of an image's spectra, all channels.
    per_image: usize,
    n_collected: usize,
    batch_length: usize,
    /// Where in `spectra` those of the image added last begin.
    latest: usize,
    products: Box<Products>,
}

/// Complex numbers of the spectra that a worker keeps, and images they belong to.
pub(super) fn spectra_kept(config: &AnalysisConfig) -> (usize, usize) {
    let length = config.channels.count() * config.size.n_modes();
    match config.detail {
        Detail::Pixels => (0, 1),
        Detail::Radial | Detail::Power if config.keep_spectra => (length, 1),
        Detail::Radial | Detail::Power => (block_length(config.size), 1),
        Detail::Full => {
            let n = batch_length(length * size_of::<Complex32>());
            (n * length, n)
        }
    }
}

impl MomentSums {
    pub(super) fn new(plan: &AnalysisPlan) -> Self {
        let (n_kept, batch_length) = spectra_kept(&plan.config);
        Self {
            spectra: vec![Complex32::default(); n_kept],
            per_image: n_kept / batch_length,
            n_collected: 0,
            batch_length,
            latest: 0,
            products: Products::zeros(),
        }
    }

    /// Room for the spectra of the next image.
    pub(super) fn next_spectra(&mut self) -> &mut [Complex32] {
        self.latest = self.n_collected * self.per_image;
        &mut self.spectra[self.latest..self.latest + self.per_image]
    }

    /// The spectra of the image added last, where they are kept.
    pub(super) fn latest_spectra(&self) -> &[Complex32] {
        &self.spectra[self.latest..self.latest + self.per_image]
    }

    /// Takes up the spectra of the image added last, and adds up the batch when it is complete.
    pub(super) fn collect(&mut self, plan: &AnalysisPlan, lanes: &mut Lanes) {
        self.n_collected += 1;
        if self.n_collected == self.batch_length {
            self.add_collected(plan, lanes);
        }
    }

    /// Adds the collected spectra to the sums over modes, block by block.
    pub(super) fn add_collected(&mut self, plan: &AnalysisPlan, lanes: &mut Lanes) {
        let n_collected = std::mem::take(&mut self.n_collected);
        if n_collected == 0 {
            return;
        }
        let spectra = &self.spectra[..n_collected * self.per_image];
        let (n_modes, channels) = (plan.grid.n_modes(), plan.config.channels.count());
        for c in 0..channels {
            let factor = plan.power_factor(c);
            for start in (0..n_modes).step_by(MODE_BLOCK) {
                let end = (start + MODE_BLOCK).min(n_modes);
                for image in spectra.chunks_exact(self.per_image) {
                    let offset = c * n_modes + start;
                    mode_products(&image[c * n_modes..][start..end], factor, &mut self.products);
                    let (products, n) = (&*self.products, end - start);
                    lanes.add(at::PSEUDO_REAL_SUM, offset, &products.pseudo_real[..n]);
                    lanes.add(at::PSEUDO_IMAG_SUM, offset, &products.pseudo_imag[..n]);
                    lanes.add(at::POWER_SQUARE_SUM, offset, &products.power_square[..n]);
                    lanes.add(at::POWER_FIELD_REAL_SUM, offset, &products.power_real[..n]);
                    lanes.add(at::POWER_FIELD_IMAG_SUM, offset, &products.power_imag[..n]);
                }
            }
        }
        if plan.config.coherence && channels > 1 {
            add_cross_powers(plan, spectra, &mut self.products, lanes);
        }
    }
}

/// Adds the products of different channels of the images' spectra.
fn add_cross_powers(plan: &AnalysisPlan, spectra: &[Complex32], products: &mut Products, lanes: &mut Lanes) {
    let (n_modes, channels) = (plan.grid.n_modes(), plan.config.channels.count());
    let pairs = (1..channels).flat_map(|c| (0..c).map(move |d| (c, d)));
    for (pair, (c, d)) in pairs.enumerate() {
        let factor = plan.power_factor(c) * plan.power_factor(d);
        for start in (0..n_modes).step_by(MODE_BLOCK) {
            let end = (start + MODE_BLOCK).min(n_modes);
            for image in spectra.chunks_exact(channels * n_modes) {
                let (x, y) = (&image[c * n_modes..][start..end], &image[d * n_modes..][start..end]);
                for (i, (x, y)) in x.iter().zip(y).enumerate() {
                    let (x_re, x_im) = (f64::from(x.re), f64::from(x.im));
                    let (y_re, y_im) = (f64::from(y.re), f64::from(y.im));
                    products.pseudo_real[i] = factor * (x_re * y_re + x_im * y_im);
                    products.pseudo_imag[i] = factor * (x_im * y_re - x_re * y_im);
                }
                let (offset, n) = (pair * n_modes + start, end - start);
                lanes.add(at::CROSS_POWER_REAL_SUM, offset, &products.pseudo_real[..n]);
                lanes.add(at::CROSS_POWER_IMAG_SUM, offset, &products.pseudo_imag[..n]);
            }
        }
    }
}

/// The products of one block of modes; `factor` makes the transform orthonormal and turns codes into values.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn mode_products(spectrum: &[Complex32], factor: f64, products: &mut Products) {
    let n = spectrum.len().min(MODE_BLOCK);
    for (i, x) in spectrum[..n].iter().enumerate() {
        let (re, im) = (factor * f64::from(x.re), factor * f64::from(x.im));
        let (re_re, im_im) = (re * re, im * im);
        let power = re_re + im_im;
        products.pseudo_real[i] = re_re - im_im;
        products.pseudo_imag[i] = 2.0 * re * im;
        products.power_square[i] = power * power;
        products.power_real[i] = power * re;
        products.power_imag[i] = power * im;
    }
}
