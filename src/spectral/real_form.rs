//! The real Fourier form Π: an orthogonal map from a real image to `HW` real numbers, one per mode.
//!
//! # Definition
//!
//! For each conjugate pair `(k, −k)` the two numbers are `√2 Re X[k]` and `√2 Im X[k]` of the orthonormal DFT; a
//! self-conjugate mode holds `X[k]`, which is real. The `√2` makes the map orthonormal, so white noise stays white and the
//! variances of the numbers are the mode covariance Γ.
//!
//! # References
//!
//! Cloud Diffusion (arXiv 2507.05496), §3.2; its published code leaves out the `√2`, which halves every variance.

use rustfft::num_complex::Complex64;

use super::grid::Grid;

/// The map Π for one grid: which stored modes are representatives, and in which order the numbers come.
#[derive(Debug, Clone)]
pub struct RealForm {
    /// Index of each representative stored mode, and whether it is its own conjugate.
    representatives: Vec<(usize, bool)>,
    length: usize,
}

impl RealForm {
    /// Chooses one representative of every conjugate pair of `grid`.
    pub fn new(grid: &Grid) -> Self {
        let size = grid.size();
        let mut representatives = Vec::new();
        for index in 0..grid.n_modes() {
            let (kx, ky) = (index / size.height, index % size.height);
            let stored_twice = grid.multiplicity(kx) == 1.0;
            // In the columns that hold both members of a pair, the one with the smaller row index stands for it.
            let conjugate_row = (size.height - ky) % size.height;
            if !stored_twice || ky <= conjugate_row {
                representatives.push((index, grid.is_self_conjugate(index)));
            }
        }
        Self { representatives, length: size.n_pixels() }
    }

    /// Numbers in the form, `H·W`.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the form is empty; it never is.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes the `H·W` real numbers of an orthonormal half-spectrum into `out`.
    ///
    /// # Panics
    ///
    /// If `out` does not hold `H·W` numbers.
    pub fn apply(&self, spectrum: &[Complex64], out: &mut [f64]) {
        assert_eq!(out.len(), self.length, "one real number per pixel");
        let mut next = 0;
        for &(index, self_conjugate) in &self.representatives {
            let x = spectrum[index];
            if self_conjugate {
                out[next] = x.re;
                next += 1;
            } else {
                out[next] = std::f64::consts::SQRT_2 * x.re;
                out[next + 1] = std::f64::consts::SQRT_2 * x.im;
                next += 2;
            }
        }
    }

    /// The variance of each of the `H·W` numbers of an image whose modes have the powers `power` (a half-spectrum).
    pub fn variances(&self, power: &[f64]) -> Vec<f64> {
        let mut variances = Vec::with_capacity(self.length);
        for &(index, self_conjugate) in &self.representatives {
            variances.push(power[index]);
            if !self_conjugate {
                variances.push(power[index]);
            }
        }
        variances
    }

    /// The power of every stored mode of `grid` from the variances of the `H·W` numbers: of a pair, their mean.
    pub fn powers(&self, grid: &Grid, variances: &[f64]) -> Vec<f64> {
        let height = grid.size().height;
        let mut power = vec![0.0; grid.n_modes()];
        let mut next = variances.iter();
        let mut take = || next.next().copied().unwrap_or_default();
        for &(index, self_conjugate) in &self.representatives {
            power[index] = if self_conjugate { take() } else { 0.5 * (take() + take()) };
            let (kx, ky) = (index / height, index % height);
            if grid.multiplicity(kx) == 1.0 {
                power[kx * height + (height - ky) % height] = power[index];
            }
        }
        power
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;
    use crate::spectral::dft64::orthonormal_dft;
    use crate::spectral::naive::{SIZES, normal_plane};

    fn form_of(size: Size, plane: &[f64]) -> Vec<f64> {
        let form = RealForm::new(&Grid::new(size));
        assert_eq!((form.len(), form.is_empty()), (size.n_pixels(), false));
        // A number that is not written would show.
        let mut out = vec![f64::NAN; form.len()];
        form.apply(&orthonormal_dft(size, plane), &mut out);
        out
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn lengths_and_angles_between_images_are_preserved() {
        for (h, w) in SIZES {
            let size = Size::new(h, w);
            let planes: Vec<_> = (0..4).map(|seed| normal_plane(size, seed)).collect();
            let forms: Vec<_> = planes.iter().map(|plane| form_of(size, plane)).collect();
            for i in 0..planes.len() {
                for j in 0..=i {
                    let scale = (dot(&planes[i], &planes[i]) * dot(&planes[j], &planes[j])).sqrt();
                    let (want, got) = (dot(&planes[i], &planes[j]), dot(&forms[i], &forms[j]));
                    assert!((got - want).abs() <= 1e-12 * scale, "{size}, {i}·{j}: {got} instead of {want}");
                }
            }
        }
    }

    #[test]
    fn variances_and_powers_are_each_others_inverse() {
        for (h, w) in SIZES {
            let grid = Grid::new(Size::new(h, w));
            let form = RealForm::new(&grid);
            let power: Vec<f64> = grid.frequencies().iter().map(|f| 1.0 + f).collect();
            let variances = form.variances(&power);
            assert_eq!(variances.len(), h * w);
            for (got, want) in form.powers(&grid, &variances).iter().zip(&power) {
                assert!((got - want).abs() <= 1e-15, "{h}×{w}");
            }
            let total: f64 = power.iter().enumerate().map(|(i, p)| grid.multiplicity(i / h) * p).sum();
            assert!((variances.iter().sum::<f64>() - total).abs() <= 1e-9);
        }
    }

    #[test]
    fn the_map_is_orthogonal_as_a_matrix() {
        // Images of single pixels give its columns; their scalar products are those of the pixels.
        for (h, w) in [(1, 1), (1, 4), (3, 1), (2, 2), (4, 4), (5, 3), (3, 6), (6, 5)] {
            let size = Size::new(h, w);
            let pixel = |i: usize| (0..h * w).map(|k| f64::from(u8::from(k == i))).collect::<Vec<_>>();
            let columns: Vec<_> = (0..h * w).map(|i| form_of(size, &pixel(i))).collect();
            for (i, a) in columns.iter().enumerate() {
                for (j, b) in columns.iter().enumerate() {
                    let want = f64::from(u8::from(i == j));
                    assert!((dot(a, b) - want).abs() <= 1e-12, "{size}, {i}·{j}: {}", dot(a, b));
                }
            }
        }
    }
}
