//! What several groups of sums do alike: the products of all pairs of some numbers, and the bin of a power.

use multiversion::multiversion;

use crate::spectrum::plan::{HISTOGRAM_BINS, HISTOGRAM_BINS_PER_OCTAVE};

/// The bin of a power in logarithmic histograms of so many bins per octave; zero power lies in the first.
pub(super) fn histogram_bin(power: f64, lowest_log2: i32, bins_per_octave: i32) -> usize {
    let octaves = power.log2() - f64::from(lowest_log2);
    let n_bins = HISTOGRAM_BINS as i32 / HISTOGRAM_BINS_PER_OCTAVE * bins_per_octave;
    // The cast saturates, so zero power (minus infinity) lands in the first bin.
    ((octaves * f64::from(bins_per_octave)) as i32).clamp(0, n_bins - 1) as usize
}

/// The products `v[i]·v[j]`, `i ≤ j`, row by row of the upper triangle.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn upper_triangle(values: &[f64], products: &mut [f64]) {
    let mut rest = products;
    for (i, v) in values.iter().enumerate() {
        let (line, after) = rest.split_at_mut(values.len() - i);
        for (product, w) in line.iter_mut().zip(&values[i..]) {
            *product = v * w;
        }
        rest = after;
    }
}
