//! Slow and simple counterparts of this module, which tests compare the fast code with: the double sum of the discrete
//! Fourier transform over the whole plane, and seeded random planes.
//!
//! Nothing here knows half-spectra, multiplicities or plans.

use std::f64::consts::TAU;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rustfft::num_complex::Complex64;

use super::grid::Size;

/// Sizes that together take every code path: single pixels and rows, even, odd, prime, square and not.
pub(crate) const SIZES: [(usize, usize); 12] =
    [(1, 1), (1, 7), (7, 1), (2, 3), (3, 2), (8, 8), (9, 9), (13, 13), (16, 12), (12, 16), (15, 31), (31, 37)];

/// The orthonormal transform of `plane` by its definition, `O((HW)²)`: all `H×W` modes, row by row, unshifted.
pub(crate) fn naive_dft(size: Size, plane: &[f64]) -> Vec<Complex64> {
    let (h, w) = (size.height, size.width);
    // Angles are reduced to whole turns before they are evaluated, so that the reference does not round them.
    let turns = |n: usize| (0..n).map(|i| Complex64::cis(-TAU * i as f64 / n as f64)).collect::<Vec<_>>();
    let (rows, columns) = (turns(h), turns(w));
    let scale = 1.0 / ((h * w) as f64).sqrt();
    let mode = |ky: usize, kx: usize| {
        let mut sum = Complex64::default();
        for y in 0..h {
            for x in 0..w {
                sum += rows[ky * y % h] * columns[kx * x % w] * plane[y * w + x];
            }
        }
        sum * scale
    };
    (0..h * w).map(|k| mode(k / w, k % w)).collect()
}

/// Wave numbers `(ky, kx)` of each mode of the full plane in `[-n/2, n/2)`, row by row.
pub(crate) fn wave_numbers(size: Size) -> Vec<(i64, i64)> {
    let signed = |k: usize, n: usize| if 2 * k >= n + n % 2 { k as i64 - n as i64 } else { k as i64 };
    (0..size.n_pixels()).map(|k| (signed(k / size.width, size.height), signed(k % size.width, size.width))).collect()
}

/// `round(L·f)` of each mode of the full plane, halves to even; also beyond the last annulus.
pub(crate) fn annuli(size: Size) -> Vec<usize> {
    let l = size.height.max(size.width) as f64;
    let radius = |(ky, kx): (i64, i64)| {
        let (u, v) = (ky as f64 / size.height as f64, kx as f64 / size.width as f64);
        (l * (u * u + v * v).sqrt()).round_ties_even() as usize
    };
    wave_numbers(size).into_iter().map(radius).collect()
}

/// Mean of a full plane of powers over each annulus up to `⌊L/2⌋`, counted mode by mode.
pub(crate) fn radial_mean(size: Size, full_power: &[f64]) -> Vec<f64> {
    let annuli = annuli(size);
    (0..=size.height.max(size.width) / 2)
        .map(|j| {
            let members: Vec<f64> = annuli.iter().zip(full_power).filter(|(a, _)| **a == j).map(|(_, p)| *p).collect();
            members.iter().sum::<f64>() / members.len() as f64
        })
        .collect()
}

/// The value of a full plane at each stored mode of the half-spectrum, in its order (column by column).
pub(crate) fn half_of<T: Copy>(size: Size, full: &[T]) -> Vec<T> {
    let columns = 0..size.width / 2 + 1;
    columns.flat_map(|kx| (0..size.height).map(move |ky| full[ky * size.width + kx])).collect()
}

/// Independent standard normal values.
pub(crate) fn normal_plane(size: Size, seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    StandardNormal.sample_iter(&mut random).take(size.n_pixels()).collect()
}
