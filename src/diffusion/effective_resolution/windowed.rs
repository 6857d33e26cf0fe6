//! The RAPSD of a Hann-windowed image from the transform of the image without a window.
//!
//! # Definition
//!
//! The periodic Hann window has three Fourier coefficients: ½ at zero and −¼ at ±1. So the transform of `w (x − μ)` is,
//! on each axis, `½ X[k] − ¼ (X[k−1] + X[k+1])` of the transform with its zero frequency removed (μ is the channel's
//! mean), and needs no transform of its own. The power is corrected by the window's mean square, 3/8 per axis.
//!
//! # Conventions
//!
//! Half-spectra are stored column by column ([`crate::spectral::grid`]); beyond the stored columns `X[−k] = X[k]*`. An
//! axis of one pixel is left alone.

use multiversion::multiversion;
use rustfft::num_complex::Complex32;

use crate::spectral::{AnnulusSums, Grid, Size};

/// First annulus that is looked at; brightness and framing rule those before it.
pub(super) const FIRST_ANNULUS: usize = 4;

/// Mean square of the Hann window of two or more points; two points, `[0, 1]`, have ½.
fn mean_square(n: usize) -> f64 {
    match n {
        1 => 1.0,
        2 => 0.5,
        _ => 0.375,
    }
}

/// What the windowed RAPSD of one size needs.
#[derive(Debug, Clone)]
pub(super) struct WindowedRapsd {
    size: Size,
    n_annuli: usize,
    annuli: AnnulusSums,
    inverse_mean_square: f64,
}

/// Scratch of one column.
#[derive(Debug, Clone)]
pub(super) struct ColumnScratch {
    across: Vec<Complex32>,
    power: Vec<f64>,
}

impl WindowedRapsd {
    pub fn new(size: Size) -> Self {
        let grid = Grid::new(size);
        let inverse_mean_square = 1.0 / (mean_square(size.height) * mean_square(size.width));
        Self { size, n_annuli: grid.n_annuli(), annuli: AnnulusSums::new(&grid), inverse_mean_square }
    }

    pub fn n_annuli(&self) -> usize {
        self.n_annuli
    }

    pub fn scratch(&self) -> ColumnScratch {
        let h = self.size.height;
        ColumnScratch { across: vec![Complex32::default(); h], power: vec![0.0; h] }
    }

    /// Adds `power_factor · |·|²` of the windowed transform of one channel to the sums over annuli.
    pub fn add(&self, spectrum: &[Complex32], power_factor: f64, scratch: &mut ColumnScratch, sums: &mut [f64]) {
        let (h, n_columns) = (self.size.height, self.size.width / 2 + 1);
        assert_eq!(spectrum.len(), h * n_columns, "a half-spectrum of {}", self.size);
        let factor = power_factor * self.inverse_mean_square;
        let ColumnScratch { across, power } = scratch;
        for kx in 0..n_columns {
            window_across(spectrum, self.size, kx, across);
            powers_windowed_down(across, factor, power);
            self.annuli.add_column(kx, power, sums);
        }
    }

    /// Turns the sums into means.
    pub fn finish(&self, sums: &mut [f64]) {
        self.annuli.finish(sums);
    }
}

/// Powers of a column windowed along y: of `½ X[ky] − ¼ (X[ky−1] + X[ky+1])`, indices modulo H.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn powers_windowed_down(column: &[Complex32], factor: f64, power: &mut [f64]) {
    let h = column.len();
    let of = |before: Complex32, here: Complex32, after: Complex32| {
        let (re, im) = (0.5 * here.re - 0.25 * (before.re + after.re), 0.5 * here.im - 0.25 * (before.im + after.im));
        factor * (f64::from(re) * f64::from(re) + f64::from(im) * f64::from(im))
    };
    if h == 1 {
        power[0] = factor * (f64::from(column[0].re).powi(2) + f64::from(column[0].im).powi(2));
        return;
    }
    let inner = column[..h - 2].iter().zip(&column[1..h - 1]).zip(&column[2..]);
    for (p, ((before, here), after)) in power[1..h - 1].iter_mut().zip(inner) {
        *p = of(*before, *here, *after);
    }
    power[0] = of(column[h - 1], column[0], column[1 % h]);
    power[h - 1] = of(column[h - 2], column[h - 1], column[0]);
}

/// `½ b − ¼ (a + c)`.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn three_taps(a: &[Complex32], b: &[Complex32], c: &[Complex32], out: &mut [Complex32]) {
    for (((out, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
        *out = Complex32::new(0.5 * b.re - 0.25 * (a.re + c.re), 0.5 * b.im - 0.25 * (a.im + c.im));
    }
}

/// Column `kx` of the transform windowed along x: `½ X[kx] − ¼ (X[kx−1] + X[kx+1])`.
fn window_across(spectrum: &[Complex32], size: Size, kx: usize, column: &mut [Complex32]) {
    let (h, w) = (size.height, size.width);
    let value = |kx: usize, ky: usize| -> Complex32 {
        // Column kx of the full plane, from the stored half.
        let stored = if kx <= w / 2 { spectrum[kx * h + ky] } else { spectrum[(w - kx) * h + (h - ky) % h].conj() };
        if kx == 0 && ky == 0 { Complex32::default() } else { stored }
    };
    if w == 1 {
        (0..h).for_each(|ky| column[ky] = value(0, ky));
        return;
    }
    let (left, right) = ((kx + w - 1) % w, (kx + 1) % w);
    let inside = kx >= 2 && right <= w / 2;
    if inside {
        let [a, b, c] = [left, kx, right].map(|k| &spectrum[k * h..(k + 1) * h]);
        three_taps(a, b, c, column);
    } else {
        for (ky, out) in column.iter_mut().enumerate() {
            *out = value(kx, ky) * 0.5 - (value(left, ky) + value(right, ky)) * 0.25;
        }
    }
}
