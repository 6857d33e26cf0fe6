//! Sums of the products of all pairs of some numbers.

use multiversion::multiversion;

use crate::spectrum::exact::ExactLanes;

/// Adds the products `v[i]·v[j]`, `i ≤ j`, row by row of the upper triangle; `products` is scratch for all of them.
pub(super) fn add_outer(lanes: &mut ExactLanes, offset: usize, values: &[f64], products: &mut [f64]) {
    upper_triangle(values, products);
    lanes.add(offset, products);
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn upper_triangle(values: &[f64], products: &mut [f64]) {
    let mut rest = products;
    for (i, v) in values.iter().enumerate() {
        let (line, after) = rest.split_at_mut(values.len() - i);
        for (product, w) in line.iter_mut().zip(&values[i..]) {
            *product = v * w;
        }
        rest = after;
    }
}
