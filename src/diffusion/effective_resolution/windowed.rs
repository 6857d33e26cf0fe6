//! The RAPSD of a Hann-windowed image from the transform of the image without a window.
//!
//! # Definition
//!
//! The periodic Hann window has three Fourier coefficients: ½ at zero and −¼ at ±1. So the transform of `w (x − μ)` is, on
//! each axis, `½ X[k] − ¼ (X[k−1] + X[k+1])` of the transform with its zero frequency removed (μ is the channel's mean),
//! and needs no transform of its own. The power is corrected by the window's mean square, 3/8 per axis.
//!
//! # Conventions
//!
//! Half-spectra are stored column by column ([`crate::spectral::grid`]); beyond the stored columns `X[−k] = X[k]*`. An axis
//! of one pixel is left alone.

use rustfft::num_complex::Complex32;

use crate::spectral::grid::NO_ANNULUS;
use crate::spectral::{Grid, Size};

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
    grid: Grid,
    /// Modes `ky = 0, 1, … ⌊H/2⌋` of each stored column that lie in an annulus; a prefix, because f grows with ky.
    reach: Vec<usize>,
    inverse_mean_square: f64,
}

impl WindowedRapsd {
    pub fn new(size: Size) -> Self {
        let grid = Grid::new(size);
        let reach = grid
            .annuli()
            .chunks_exact(size.height)
            .map(|column| column[..size.height / 2 + 1].iter().take_while(|&&j| j != NO_ANNULUS).count())
            .collect();
        let inverse_mean_square = 1.0 / (mean_square(size.height) * mean_square(size.width));
        Self { grid, reach, inverse_mean_square }
    }

    pub fn n_annuli(&self) -> usize {
        self.grid.n_annuli()
    }

    /// Adds `power_factor · |·|²` of the windowed transform of one channel to the sums over annuli. `column` is scratch of
    /// one column.
    pub fn add(&self, spectrum: &[Complex32], power_factor: f64, column: &mut [Complex32], sums: &mut [f64]) {
        let size = self.grid.size();
        let h = size.height;
        assert_eq!(spectrum.len(), self.grid.n_modes(), "a half-spectrum of {size}");
        for (kx, &reach) in self.reach.iter().enumerate() {
            let factor = power_factor * self.inverse_mean_square * self.grid.multiplicity(kx);
            window_across(spectrum, size, kx, column);
            let annuli = &self.grid.annuli()[kx * h..(kx + 1) * h];
            let down = |before: Complex32, here: Complex32, after: Complex32| {
                let x = if h == 1 { here } else { here * 0.5 - (before + after) * 0.25 };
                let (re, im) = (f64::from(x.re), f64::from(x.im));
                factor * (re * re + im * im)
            };
            for ky in 0..reach {
                let before = column[if ky == 0 { h - 1 } else { ky - 1 }];
                let after = column[if ky + 1 == h { 0 } else { ky + 1 }];
                sums[annuli[ky] as usize] += down(before, column[ky], after);
            }
            // Negative ky mirror the positive ones, and lie in the same annuli.
            for ky in (h + 1 - reach.max(1)).max(h / 2 + 1)..h {
                sums[annuli[ky] as usize] +=
                    down(column[ky - 1], column[ky], column[if ky + 1 == h { 0 } else { ky + 1 }]);
            }
        }
    }

    /// Turns the sums into means.
    pub fn finish(&self, sums: &mut [f64]) {
        for (s, n) in sums.iter_mut().zip(self.grid.modes_per_annulus()) {
            *s /= n;
        }
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
        for (((out, a), b), c) in column.iter_mut().zip(a).zip(b).zip(c) {
            *out = *b * 0.5 - (*a + *c) * 0.25;
        }
    } else {
        for (ky, out) in column.iter_mut().enumerate() {
            *out = value(kx, ky) * 0.5 - (value(left, ky) + value(right, ky)) * 0.25;
        }
    }
}
