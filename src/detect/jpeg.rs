//! JPEG's grid of 8×8 blocks: how strong its edges are, and the quality that the steps of its coefficients tell.
//!
//! # Definition
//!
//! **Strength.** `b_x = |d_x − (d_{x−1} + d_{x+1})/2|` with `d_x = Y_{x+1} − Y_x` of luma, at most 12 codes, is a jump
//! that its neighbours do not announce. Its mean over all lines with `x mod 8 = q` is largest at the edges of blocks,
//! which tells where they begin. The strength is the ratio of that mean to the mean of the seven others, geometric mean
//! over both axes, in decibels of amplitude (20 log₁₀).
//!
//! **Quality.** JPEG rounds each coefficient of a block's DCT to multiples of a step. For the nine lowest coefficients
//! (after the mean), the step is the whole number q of 3 … 63 for which `⟨cos 2πc/q⟩` over all `|c| > q/2` exceeds 0.6,
//! of several the largest, moved down to the top of its peak (multiples of 12 are multiples of 4, too), unless a half or a
//! third of it explains half as many magnitudes more. With the steps
//! `t` of the JPEG standard (Annex K.1, luma), the median of `q/t` is the scale s, and the quality is `50/s` or
//! `100 − 50 s`, as in libjpeg. Fewer than four steps found is no quality: the image was never compressed, or too long
//! ago (noise, resampling and later compression wash the multiples out), or with steps below 3 (quality above 90).

use super::planes::{BLOCK_PX, Planes};

/// Jumps count up to this many codes: edges of the picture are larger.
const LARGEST_CODES: f32 = 12.0;

/// Codes added to both means of a ratio: flat images have the strength 0.
const LEAST_CODES: f64 = 0.02;

/// Least side on which a grid can be told, pixels: four blocks.
const LEAST_SIDE_PX: usize = 32;

/// Row, column and standard step of the coefficients that are looked at.
const COEFFICIENTS: [(usize, usize, f64); 9] = [
    (0, 1, 11.0),
    (0, 2, 10.0),
    (0, 3, 16.0),
    (1, 0, 12.0),
    (1, 1, 12.0),
    (1, 2, 14.0),
    (2, 0, 14.0),
    (2, 1, 13.0),
    (3, 0, 14.0),
];

/// Steps that are tried.
const STEPS: std::ops::RangeInclusive<usize> = 3..=63;
/// Cosine from which values are multiples of a step.
const LEAST_COSINE: f64 = 0.6;
/// Values that tell a step.
const LEAST_VALUES: f64 = 12.0;
/// How many more magnitudes a finer step has to explain.
const MORE_VALUES: f64 = 1.5;
/// Steps that tell a quality.
const LEAST_STEPS: usize = 4;
/// Histogram of magnitudes: bins, and bins to a code.
const N_BINS: usize = 1024;
const BINS_PER_CODE: usize = 4;

/// Where blocks begin, and how clearly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JpegGrid {
    /// Row and column modulo 8 at which blocks begin.
    pub origin: (usize, usize),
    /// Strength of the edges, dB.
    pub strength_db: f64,
}

/// Finds the grid; none for images below 32 pixels on a side.
pub fn grid(planes: &Planes) -> Option<JpegGrid> {
    let size = planes.size;
    if size.height.min(size.width) < LEAST_SIDE_PX {
        return None;
    }
    let (mut down, mut across) = (Phases::default(), Phases::default());
    let row = |y: usize| &planes.luma[y * size.width..][..size.width];
    let jump = |a: f32, b: f32, c: f32, d: f32| ((c - b) - 0.5 * ((b - a) + (d - c))).abs().min(LARGEST_CODES);
    for y in 0..size.height {
        let line = row(y);
        let mut sums = [0.0f32; BLOCK_PX];
        for (x, w) in line.windows(4).enumerate() {
            // The jump from x + 1 to x + 2.
            sums[(x + 2) % BLOCK_PX] += jump(w[0], w[1], w[2], w[3]);
        }
        across.add(sums.map(f64::from));
        if y + 3 < size.height {
            let (b, c, d) = (row(y + 1), row(y + 2), row(y + 3));
            let sum: f32 = (0..size.width).map(|x| jump(line[x], b[x], c[x], d[x])).sum();
            let mut sums = [0.0; BLOCK_PX];
            sums[(y + 2) % BLOCK_PX] = f64::from(sum);
            down.add(sums);
        }
    }
    let (row, down) = down.strongest(size.height, size.width);
    let (column, across) = across.strongest(size.width, size.height);
    Some(JpegGrid { origin: (row, column), strength_db: 10.0 * (down * across).log10() })
}

/// Sums of jumps, by the place modulo 8 of the line behind them.
#[derive(Default)]
struct Phases([f64; BLOCK_PX]);

impl Phases {
    fn add(&mut self, sums: [f64; BLOCK_PX]) {
        self.0.iter_mut().zip(sums).for_each(|(sum, more)| *sum += more);
    }

    /// The place with the largest mean of `n_lines` lines of `length` pixels, and its ratio to the mean of the others.
    fn strongest(&self, n_lines: usize, length: usize) -> (usize, f64) {
        // Lines 2 … n − 2 have a jump before them.
        let n_of = |q: usize| (2..n_lines - 1).filter(|x| x % BLOCK_PX == q).count().max(1) as f64;
        let means: [f64; BLOCK_PX] = std::array::from_fn(|q| self.0[q] / (n_of(q) * length as f64));
        let first = means.iter().copied().fold(0.0, f64::max);
        let at = means.iter().position(|mean| *mean == first).unwrap_or(0);
        let others = (means.iter().sum::<f64>() - first) / (BLOCK_PX - 1) as f64;
        (at, (first + LEAST_CODES) / (others + LEAST_CODES))
    }
}

/// Tables and memory for [`JpegPlan::quality`].
#[derive(Debug, Clone)]
pub struct JpegPlan {
    /// The first four cosines of the DCT of 8, orthonormal.
    dct: [[f32; BLOCK_PX]; 4],
    /// `cos 2πc/q` at the middle of every bin, one row for each step.
    cosines: Vec<f32>,
    /// Magnitudes of each coefficient, one row for each.
    histograms: Vec<f32>,
}

impl Default for JpegPlan {
    fn default() -> Self {
        use std::f64::consts::PI;
        let cosine = |k: usize, x: usize| {
            let norm = if k == 0 { 0.125f64.sqrt() } else { 0.5 };
            (norm * (PI * (2 * x + 1) as f64 * k as f64 / 16.0).cos()) as f32
        };
        let of_bin = |q: usize, bin: usize| (2.0 * PI * code_of(bin) / q as f64).cos() as f32;
        Self {
            dct: std::array::from_fn(|k| std::array::from_fn(|x| cosine(k, x))),
            cosines: STEPS.flat_map(|q| (0..N_BINS).map(move |bin| of_bin(q, bin))).collect(),
            histograms: vec![0.0; COEFFICIENTS.len() * N_BINS],
        }
    }
}

/// Magnitude in the middle of a bin, codes.
fn code_of(bin: usize) -> f64 {
    (bin as f64 + 0.5) / BINS_PER_CODE as f64
}

impl JpegPlan {
    /// The quality, 1 … 100, with which an image with blocks that begin at `origin` was compressed last; none where it
    /// cannot be told.
    pub fn quality(&mut self, planes: &Planes, origin: (usize, usize)) -> Option<f64> {
        self.fill(planes, origin);
        let mut scales = [0.0; COEFFICIENTS.len()];
        let mut n = 0;
        for (histogram, (_, _, standard)) in self.histograms.chunks_exact(N_BINS).zip(COEFFICIENTS) {
            if let Some(step) = self.step(histogram) {
                scales[n] = step as f64 / standard;
                n += 1;
            }
        }
        if n < LEAST_STEPS {
            return None;
        }
        scales[..n].sort_unstable_by(f64::total_cmp);
        let scale = 0.5 * (scales[(n - 1) / 2] + scales[n / 2]);
        Some(if scale >= 1.0 { 50.0 / scale } else { 100.0 - 50.0 * scale })
    }

    /// Counts the coefficients of all whole blocks.
    fn fill(&mut self, planes: &Planes, (top, left): (usize, usize)) {
        self.histograms.fill(0.0);
        let width = planes.size.width;
        for y in (top..).step_by(BLOCK_PX).take_while(|y| y + BLOCK_PX <= planes.size.height) {
            for x in (left..).step_by(BLOCK_PX).take_while(|x| x + BLOCK_PX <= width) {
                // Across first, then down.
                let across: [[f32; 4]; BLOCK_PX] = std::array::from_fn(|i| {
                    let row = &planes.luma[(y + i) * width + x..][..BLOCK_PX];
                    std::array::from_fn(|k| self.dct[k].iter().zip(row).map(|(c, v)| c * v).sum())
                });
                for (i, (v, u, _)) in COEFFICIENTS.into_iter().enumerate() {
                    let c: f32 = self.dct[v].iter().zip(&across).map(|(c, row)| c * row[u]).sum();
                    let bin = (c.abs() * BINS_PER_CODE as f32) as usize;
                    if bin < N_BINS {
                        self.histograms[i * N_BINS + bin] += 1.0;
                    }
                }
            }
        }
    }

    /// The step of which the magnitudes are multiples, if there is one.
    fn step(&self, histogram: &[f32]) -> Option<usize> {
        // Magnitudes above half a step, and the mean of their cosines.
        let score = |q: usize| {
            let first = q * BINS_PER_CODE / 2;
            let cosines = &self.cosines[(q - STEPS.start()) * N_BINS..][first..N_BINS];
            let counts = &histogram[first..];
            let n: f64 = counts.iter().map(|c| f64::from(*c)).sum();
            let sum: f64 = counts.iter().zip(cosines).map(|(n, c)| f64::from(n * c)).sum();
            (n, if n < LEAST_VALUES { 0.0 } else { sum / n })
        };
        let is_step = |q: usize| score(q).1 > LEAST_COSINE;
        let mut best = STEPS.rev().find(|q| is_step(*q))?;
        while best > *STEPS.start() && score(best - 1).1 > score(best).1 {
            best -= 1;
        }
        // Twice or three times a step is none: it leaves out what is one step large.
        let finer = |best: usize| {
            let parts = [2, 3].map(|n| (best + n / 2) / n);
            let holds_more = |q: usize| score(q).0 > MORE_VALUES * score(best).0;
            parts.into_iter().find(|q| STEPS.contains(q) && is_step(*q) && holds_more(*q))
        };
        while let Some(q) = finer(best) {
            best = q;
        }
        Some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::planes::tests::{grained, planes_of};

    /// A picture whose coefficients are multiples of the standard steps times `scale`, with blocks from `begin` on.
    fn compressed(scale: f64, begin: usize) -> Planes {
        let side = 160;
        let grain = grained(side, 8);
        let dct = JpegPlan::default().dct;
        let mut values = vec![0.0f32; side * side];
        for block_y in 0..side / 8 {
            for block_x in 0..side / 8 {
                let random = |i: usize| (grain[(block_y * 8 + i / 8) * side + block_x * 8 + i % 8] - 125.0) * 0.4;
                for (i, (v, u, standard)) in COEFFICIENTS.into_iter().enumerate() {
                    let step = (standard * scale).round() as f32;
                    let c = (random(i) / step).round() * step;
                    for (y, x) in (0..8).flat_map(|y| (0..8).map(move |x| (y, x))) {
                        values[(block_y * 8 + y) * side + block_x * 8 + x] += c * dct[v][y] * dct[u][x];
                    }
                }
            }
        }
        planes_of(side, |x, y| 128.0 + values[(y + side - begin) % side * side + (x + side - begin) % side])
    }

    #[test]
    fn the_quality_and_the_place_of_the_grid_are_found() {
        for (scale, quality) in [(2.5, 20.0), (1.0 / 0.6, 30.0), (1.0, 50.0), (0.5, 75.0)] {
            for begin in [0, 3] {
                let planes = compressed(scale, begin);
                let grid = grid(&planes).expect("large enough");
                assert_eq!(grid.origin, (begin, begin), "{quality}: {grid:?}");
                let found = JpegPlan::default().quality(&planes, grid.origin).expect("steps");
                assert!((found - quality).abs() <= 0.06 * quality, "{found} instead of {quality}");
            }
        }
    }

    #[test]
    fn what_was_not_compressed_has_no_quality_and_little_grid() {
        let grain = grained(160, 9);
        let planes = planes_of(160, |x, y| grain[y * 160 + x]);
        let found = grid(&planes).expect("large enough");
        assert!(found.strength_db.abs() <= 0.6, "{found:?}");
        assert_eq!(JpegPlan::default().quality(&planes, found.origin), None);
        let flat = planes_of(64, |_, _| 70.0);
        assert_eq!(grid(&flat).map(|g| g.strength_db), Some(0.0));
        assert_eq!(JpegPlan::default().quality(&flat, (0, 0)), None);
        assert_eq!(grid(&planes_of(31, |x, _| x as f32)), None);
    }
}
