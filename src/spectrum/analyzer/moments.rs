//! Sums over modes beyond the power: pseudo-power, fourth moments, cross-channel products.
//!
//! # Cost
//!
//! Spectra are collected in small batches, because these sums (megabytes) are larger than a core's cache: they are walked
//! once per batch, in blocks that stay in the cache while the batch's images are added to them.

use std::sync::Arc;

use multiversion::multiversion;
use rustfft::num_complex::Complex32;

use super::Analyzer;
use crate::spectrum::plan::at;

/// Modes whose sums are brought into the cache together.
const MODE_BLOCK: usize = 256;

/// Spectra that are collected before they are added up: enough to amortise the walk over the sums, within eight megabytes.
pub(super) fn batch_length(spectrum_bytes: usize) -> usize {
    (8_000_000 / spectrum_bytes.max(1)).clamp(1, 8)
}

/// The products of one block of modes that are summed up.
#[derive(Debug)]
pub(super) struct Products {
    pseudo_real: [f64; MODE_BLOCK],
    pseudo_imag: [f64; MODE_BLOCK],
    power_square: [f64; MODE_BLOCK],
    power_real: [f64; MODE_BLOCK],
    power_imag: [f64; MODE_BLOCK],
}

impl Products {
    pub(super) fn zeros() -> Box<Self> {
        let zero = [0.0; MODE_BLOCK];
        Box::new(Self { pseudo_real: zero, pseudo_imag: zero, power_square: zero, power_real: zero, power_imag: zero })
    }
}

impl Analyzer {
    /// Adds the collected spectra to the sums over modes, block by block.
    pub(super) fn add_collected(&mut self) {
        let n_collected = std::mem::take(&mut self.n_collected);
        let plan = Arc::clone(&self.plan);
        let n_modes = plan.grid.n_modes();
        let channels = plan.config.channels.count();
        for c in 0..channels {
            let factor = plan.power_factor(c);
            for start in (0..n_modes).step_by(MODE_BLOCK) {
                let end = (start + MODE_BLOCK).min(n_modes);
                for image in 0..n_collected {
                    let offset = c * n_modes + start;
                    let spectrum = &self.spectra[(image * channels + c) * n_modes..][start..end];
                    mode_products(spectrum, factor, &mut self.products);
                    let (products, n) = (&*self.products, end - start);
                    self.lanes[at::PSEUDO_REAL_SUM].add(offset, &products.pseudo_real[..n]);
                    self.lanes[at::PSEUDO_IMAG_SUM].add(offset, &products.pseudo_imag[..n]);
                    self.lanes[at::POWER_SQUARE_SUM].add(offset, &products.power_square[..n]);
                    self.lanes[at::POWER_FIELD_REAL_SUM].add(offset, &products.power_real[..n]);
                    self.lanes[at::POWER_FIELD_IMAG_SUM].add(offset, &products.power_imag[..n]);
                }
            }
        }
        if plan.config.coherence && channels > 1 {
            self.add_cross_powers(n_collected);
        }
    }

    /// Adds the products of different channels of the collected spectra.
    fn add_cross_powers(&mut self, n_collected: usize) {
        let plan = Arc::clone(&self.plan);
        let n_modes = plan.grid.n_modes();
        let channels = plan.config.channels.count();
        let pairs = (1..channels).flat_map(|c| (0..c).map(move |d| (c, d)));
        for (pair, (c, d)) in pairs.enumerate() {
            let factor = plan.power_factor(c) * plan.power_factor(d);
            for start in (0..n_modes).step_by(MODE_BLOCK) {
                let end = (start + MODE_BLOCK).min(n_modes);
                for image in 0..n_collected {
                    let spectrum = &self.spectra[image * channels * n_modes..][..channels * n_modes];
                    let (x, y) = (&spectrum[c * n_modes..][start..end], &spectrum[d * n_modes..][start..end]);
                    let products = &mut *self.products;
                    for (i, (x, y)) in x.iter().zip(y).enumerate() {
                        let (x_re, x_im) = (f64::from(x.re), f64::from(x.im));
                        let (y_re, y_im) = (f64::from(y.re), f64::from(y.im));
                        products.pseudo_real[i] = factor * (x_re * y_re + x_im * y_im);
                        products.pseudo_imag[i] = factor * (x_im * y_re - x_re * y_im);
                    }
                    let (offset, n) = (pair * n_modes + start, end - start);
                    self.lanes[at::CROSS_POWER_REAL_SUM].add(offset, &products.pseudo_real[..n]);
                    self.lanes[at::CROSS_POWER_IMAG_SUM].add(offset, &products.pseudo_imag[..n]);
                }
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
