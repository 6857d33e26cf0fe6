//! The frequency grid of an image size: which modes are stored, how often each counts, and which annulus each lies in.
//!
//! # Definition
//!
//! An image of `H×W` pixels has modes `(ky, kx)` with frequencies `u = ky/H`, `v = kx/W` in cycles per pixel, both in
//! `[-1/2, 1/2)`, and the radial frequency `f = √(u² + v²)`. A real image obeys `X[-k] = X[k]*`, so only the columns
//! `kx = 0 … ⌊W/2⌋` are stored. A sum over all modes counts a stored mode twice, except in the columns `kx = 0` and
//! (W even) `kx = W/2`, whose conjugates are stored too.
//!
//! # Conventions
//!
//! Half-spectra are stored **column by column**: mode `(ky, kx)` is at index `kx·H + ky`. A column of the image's
//! spectrum is then contiguous, which is how the second pass of the transform leaves it. Full spectra (for files and
//! plots) are `H×W`, row by row, unshifted (`fftfreq` order).
//!
//! The annulus of a mode is `j = round(L·f)` with `L = max(H, W)`, `j = 0 … ⌊L/2⌋`; its frequency is `j/L`. Modes
//! beyond the last annulus (the corners) belong to none. Halves round to even, as NumPy's `rint` does.
//!
//! # References
//!
//! Radially averaged power spectral density as in Spectrally-Guided Noise Schedules (arXiv 2603.19222); for even square
//! images bins `0 … L/2-1` are those of `pysteps.utils.spectral.rapsd`.

use std::iter::successors;
use std::ops::Range;

/// Height and width of an image, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Size {
    /// Longest side of working images, pixels: that of `--resolution` and of saved spectra.
    pub const MAX_SIDE_PX: usize = 8192;

    /// A size of `height×width` pixels.
    pub fn new(height: usize, width: usize) -> Self {
        Self { height, width }
    }

    /// A square of `side×side` pixels.
    pub fn square(side: usize) -> Self {
        Self::new(side, side)
    }

    /// Pixels in the image, `H·W`.
    pub fn n_pixels(self) -> usize {
        self.height * self.width
    }

    /// The longer side `L` in pixels, the unit of the annulus index.
    pub fn longer_side(self) -> usize {
        self.height.max(self.width)
    }

    /// The shorter side in pixels.
    pub fn shorter_side(self) -> usize {
        self.height.min(self.width)
    }

    /// Stored columns of its spectrum, `⌊W/2⌋ + 1`.
    pub fn n_columns(self) -> usize {
        self.width / 2 + 1
    }

    /// Stored modes of its spectrum, `H·(⌊W/2⌋ + 1)`.
    pub fn n_modes(self) -> usize {
        self.height * self.n_columns()
    }

    /// Annuli of its spectrum, `⌊L/2⌋ + 1`, the zero frequency included.
    pub fn n_annuli(self) -> usize {
        self.longer_side() / 2 + 1
    }

    /// The annuli of each octave of frequencies, `2^m ≤ j < 2^(m+1)`, by rising frequency; the zero frequency is in
    /// none. The last octave reaches up to the last annulus `⌊L/2⌋`, which would be alone where it is a power of two.
    /// None for a single pixel.
    pub fn octaves(self) -> Vec<Range<usize>> {
        let end = self.n_annuli();
        let rising = successors(Some(1), |start| Some(2 * start));
        let starts: Vec<usize> =
            rising.take_while(|start| *start == 1 || start + 1 < end).filter(|s| *s < end).collect();
        let ends = starts.iter().skip(1).copied().chain([end]);
        starts.iter().zip(ends).map(|(start, end)| *start..end).collect()
    }
}

impl std::fmt::Display for Size {
    /// Writes width×height, as image tools do.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}", self.width, self.height)
    }
}

/// Annulus index of modes that lie beyond the last annulus.
pub const NO_ANNULUS: u32 = u32::MAX;

/// Frequencies, multiplicities and annuli of every stored mode of one image size.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    size: Size,
    frequency: Vec<f64>,
    annulus: Vec<u32>,
    modes_per_annulus: Vec<f64>,
}

impl Grid {
    /// Lays out the modes of `size`. Both sides must be at least one pixel.
    ///
    /// # Panics
    ///
    /// If a side is zero.
    pub fn new(size: Size) -> Self {
        assert!(size.height > 0 && size.width > 0, "an image has at least one pixel");
        let l = size.longer_side() as f64;
        let n_annuli = size.n_annuli();
        let (h, n_columns) = (size.height, size.n_columns());
        let mut frequency = Vec::with_capacity(h * n_columns);
        let mut annulus = Vec::with_capacity(h * n_columns);
        let mut modes_per_annulus = vec![0.0; n_annuli];
        for kx in 0..n_columns {
            let v = kx as f64 / size.width as f64;
            for ky in 0..h {
                let f = signed_frequency(ky, h).hypot(v);
                let j = (l * f).round_ties_even() as usize;
                frequency.push(f);
                annulus.push(if j < n_annuli { j as u32 } else { NO_ANNULUS });
                if j < n_annuli {
                    modes_per_annulus[j] += multiplicity(kx, size.width);
                }
            }
        }
        Self { size, frequency, annulus, modes_per_annulus }
    }

    /// The image size this grid belongs to.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Stored columns, `⌊W/2⌋ + 1`.
    pub fn n_columns(&self) -> usize {
        self.size.n_columns()
    }

    /// Stored modes, `H·(⌊W/2⌋ + 1)`.
    pub fn n_modes(&self) -> usize {
        self.frequency.len()
    }

    /// Annuli, `⌊L/2⌋ + 1`, the zero frequency included.
    pub fn n_annuli(&self) -> usize {
        self.modes_per_annulus.len()
    }

    /// Radial frequency of each stored mode, cycles per pixel.
    pub fn frequencies(&self) -> &[f64] {
        &self.frequency
    }

    /// Annulus of each stored mode, [`NO_ANNULUS`] for the corners.
    pub fn annuli(&self) -> &[u32] {
        &self.annulus
    }

    /// Number of modes of the full plane in each annulus.
    pub fn modes_per_annulus(&self) -> &[f64] {
        &self.modes_per_annulus
    }

    /// Frequency `j/L` of each annulus, cycles per pixel.
    pub fn annulus_frequencies(&self) -> Vec<f64> {
        let l = self.size.longer_side() as f64;
        (0..self.n_annuli()).map(|j| j as f64 / l).collect()
    }

    /// How often a stored mode of column `kx` counts in a sum over the full plane: 1 or 2.
    pub fn multiplicity(&self, kx: usize) -> f64 {
        multiplicity(kx, self.size.width)
    }

    /// Signed wave numbers `(ky, kx)` of the stored mode at `index`; `ky` in `[-⌊H/2⌋, ⌈H/2⌉)`, `kx ≥ 0`.
    pub fn wave_number(&self, index: usize) -> (i64, i64) {
        let h = self.size.height;
        let (kx, ky) = (index / h, index % h);
        (signed_index(ky, h), kx as i64)
    }

    /// Whether the stored mode at `index` is its own conjugate (its coefficient is real).
    pub fn is_self_conjugate(&self, index: usize) -> bool {
        let (h, w) = (self.size.height, self.size.width);
        let (kx, ky) = (index / h, index % h);
        (2 * kx) % w == 0 && (2 * ky) % h == 0
    }

    /// Annulus means of a half-spectrum of powers (`n_modes` values): one value per annulus.
    ///
    /// # Panics
    ///
    /// If `power` does not hold one value per stored mode.
    pub fn radial_mean(&self, power: &[f64]) -> Vec<f64> {
        assert_eq!(power.len(), self.n_modes(), "one power per stored mode");
        let h = self.size.height;
        let mut sum = vec![0.0; self.n_annuli()];
        for (i, (&p, &j)) in power.iter().zip(&self.annulus).enumerate() {
            if j != NO_ANNULUS {
                sum[j as usize] += self.multiplicity(i / h) * p;
            }
        }
        for (s, n) in sum.iter_mut().zip(&self.modes_per_annulus) {
            *s /= n;
        }
        sum
    }

    /// Annulus means over those modes of a half-spectrum that have a value; none where none has.
    ///
    /// # Panics
    ///
    /// If `values` does not hold one entry per stored mode.
    pub fn radial_mean_of_known(&self, values: &[Option<f64>]) -> Vec<Option<f64>> {
        let known: Vec<f64> = values.iter().map(|v| f64::from(u8::from(v.is_some()))).collect();
        let filled: Vec<f64> = values.iter().map(|v| v.unwrap_or(0.0)).collect();
        let (shares, means) = (self.radial_mean(&known), self.radial_mean(&filled));
        shares.iter().zip(means).map(|(share, mean)| (*share > 0.0).then(|| mean / share)).collect()
    }

    /// Spreads a half-spectrum of a quantity that is equal at `k` and `-k` (a power) over the full plane: `H×W`, row by
    /// row, unshifted.
    ///
    /// # Panics
    ///
    /// If `half` does not hold one value per stored mode.
    pub fn to_full_plane(&self, half: &[f64]) -> Vec<f64> {
        assert_eq!(half.len(), self.n_modes(), "one value per stored mode");
        let (h, w) = (self.size.height, self.size.width);
        let mut full = Vec::with_capacity(h * w);
        for ky in 0..h {
            for kx in 0..w {
                let (y, x) = if kx <= w / 2 { (ky, kx) } else { ((h - ky) % h, w - kx) };
                full.push(half[x * h + y]);
            }
        }
        full
    }
}

fn multiplicity(kx: usize, width: usize) -> f64 {
    if kx == 0 || 2 * kx == width { 1.0 } else { 2.0 }
}

/// Signed wave number of index `k` on an axis of `n` points: `k` below `⌈n/2⌉`, `k − n` from there on.
fn signed_index(k: usize, n: usize) -> i64 {
    if k < n.div_ceil(2) { k as i64 } else { k as i64 - n as i64 }
}

/// Signed frequency of index `k` on an axis of `n` points, cycles per pixel.
fn signed_frequency(k: usize, n: usize) -> f64 {
    signed_index(k, n) as f64 / n as f64
}

#[cfg(test)]
mod tests;
