//! The products of all pairs of some numbers.

use multiversion::multiversion;

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
