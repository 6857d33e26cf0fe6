//! Dense linear algebra for matrices of a few rows: Cholesky factors and the eigenvectors of symmetric matrices.
//!
//! Matrices are row by row in plain slices. Small enough that a library would cost more than it saves, and without
//! LAPACK the same input gives the same bytes on every machine.

/// Sweeps after which the Jacobi iteration has long converged (it needs about ten for 64 rows).
const MAX_SWEEPS: usize = 60;

/// The lower Cholesky factor of a symmetric positive definite `n×n` matrix; `None` if it is not positive definite.
pub fn cholesky(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    assert_eq!(matrix.len(), n * n, "a square matrix");
    let mut factor = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| factor[i * n + k] * factor[j * n + k]).sum();
            let rest = matrix[i * n + j] - dot;
            if i == j {
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                factor[i * n + i] = rest.sqrt();
            } else {
                factor[i * n + j] = rest / factor[j * n + j];
            }
        }
    }
    Some(factor)
}

/// Solves `L x = b` in place for a lower triangular `n×n` factor.
pub fn solve_lower(factor: &[f64], n: usize, b: &mut [f64]) {
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| factor[i * n + k] * b[k]).sum();
        b[i] = (b[i] - dot) / factor[i * n + i];
    }
}

/// `L x` for a lower triangular `n×n` factor.
pub fn multiply_lower(factor: &[f64], n: usize, x: &[f64]) -> Vec<f64> {
    (0..n).map(|i| (0..=i).map(|k| factor[i * n + k] * x[k]).sum()).collect()
}

/// Eigenvalues (descending) and eigenvectors (one per row, unit length, largest entry positive) of a symmetric `n×n`
/// matrix, by cyclic Jacobi rotations.
pub fn symmetric_eigen(matrix: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    assert_eq!(matrix.len(), n * n, "a square matrix");
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; n * n];
    (0..n).for_each(|i| vectors[i * n + i] = 1.0);
    let total: f64 = a.iter().map(|v| v * v).sum();
    for _ in 0..MAX_SWEEPS {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * n + j].powi(2)).sum();
        if off <= 1e-30 * total {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, n, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]));
    let values = order.iter().map(|&i| a[i * n + i]).collect();
    let rows = order.iter().flat_map(|&i| {
        let row = &vectors[i * n..(i + 1) * n];
        let largest = row.iter().copied().fold(0.0, |m: f64, v| if v.abs() > m.abs() { v } else { m });
        row.iter().map(move |v| if largest < 0.0 { -v } else { *v })
    });
    (values, rows.collect())
}

/// Zeroes the entry `(p, q)` by one rotation; rows of `vectors` turn along.
fn rotate(a: &mut [f64], vectors: &mut [f64], n: usize, p: usize, q: usize) {
    let off = a[p * n + q];
    if off == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * off);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        (a[k * n + p], a[k * n + q]) = (cosine * x - sine * y, sine * x + cosine * y);
    }
    for k in 0..n {
        let (x, y) = (a[p * n + k], a[q * n + k]);
        (a[p * n + k], a[q * n + k]) = (cosine * x - sine * y, sine * x + cosine * y);
        let (x, y) = (vectors[p * n + k], vectors[q * n + k]);
        (vectors[p * n + k], vectors[q * n + k]) = (cosine * x - sine * y, sine * x + cosine * y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A symmetric positive definite matrix without structure.
    fn matrix(n: usize) -> Vec<f64> {
        let root: Vec<f64> = (0..n * n).map(|i| ((i * i + 3 * i) as f64 * 0.7).sin()).collect();
        let product = |i: usize, j: usize| (0..n).map(|k| root[i * n + k] * root[j * n + k]).sum::<f64>();
        (0..n * n).map(|i| product(i / n, i % n) + if i / n == i % n { 0.1 } else { 0.0 }).collect()
    }

    #[test]
    fn a_factor_multiplies_back_and_solves() {
        let (n, m) = (5, matrix(5));
        let factor = cholesky(&m, n).expect("positive definite");
        for i in 0..n {
            for j in 0..n {
                let product: f64 = (0..n).map(|k| factor[i * n + k] * factor[j * n + k]).sum();
                assert!((product - m[i * n + j]).abs() <= 1e-12);
            }
        }
        let x = [1.0, -2.0, 3.0, 0.5, 0.0];
        let mut b = multiply_lower(&factor, n, &x);
        solve_lower(&factor, n, &mut b);
        assert!(b.iter().zip(x).all(|(b, x)| (b - x).abs() <= 1e-12));
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        assert!(cholesky(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(cholesky(&[0.0], 1).is_none());
        assert!(cholesky(&[f64::NAN], 1).is_none());
    }

    #[test]
    fn eigenvectors_diagonalise() {
        let (n, m) = (24, matrix(24));
        let (values, vectors) = symmetric_eigen(&m, n);
        assert!(values.windows(2).all(|w| w[0] >= w[1]));
        for (value, v) in values.iter().zip(vectors.chunks_exact(n)) {
            assert!((v.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() <= 1e-12);
            for i in 0..n {
                let image: f64 = (0..n).map(|k| m[i * n + k] * v[k]).sum();
                assert!((image - value * v[i]).abs() <= 1e-10);
            }
        }
        let trace: f64 = (0..n).map(|i| m[i * n + i]).sum();
        assert!((values.iter().sum::<f64>() - trace).abs() <= 1e-10);
    }

    #[test]
    fn zero_and_diagonal_matrices_keep_the_axes() {
        assert_eq!(symmetric_eigen(&[0.0; 4], 2).0, [0.0, 0.0]);
        let (values, vectors) = symmetric_eigen(&[1.0, 0.0, 0.0, 4.0], 2);
        assert_eq!((values, vectors), (vec![4.0, 1.0], vec![0.0, 1.0, 1.0, 0.0]));
    }
}
