//! Coherence of two channels, annulus by annulus: how much of their power moves together.
//!
//! # Definition
//!
//! `|Γ_cd|² / (Γ_cc Γ_dd)` of each mode, between 0 and 1, averaged over the modes of the full plane in which both
//! channels have power. By chance `n` images show about `1/n`.

use rustfft::num_complex::Complex64;

use crate::spectral::Grid;

/// Annulus means of the coherence of two channels with the covariances `gamma_c` and `gamma_d` and the cross-covariance
/// `cross` (value² per stored mode); none where no mode of the annulus has power in both.
///
/// # Panics
///
/// If a slice does not hold one value per stored mode.
pub fn coherence(grid: &Grid, gamma_c: &[f64], gamma_d: &[f64], cross: &[Complex64]) -> Vec<Option<f64>> {
    let of_mode = |k: usize| {
        let product = gamma_c[k] * gamma_d[k];
        (product > 0.0).then(|| cross[k].norm_sqr() / product)
    };
    grid.radial_mean_of_known(&(0..grid.n_modes()).map(of_mode).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;
    use crate::spectral::naive::radial_mean;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    /// Covariances and cross-covariance over `n` draws of a channel and of `mix` of it with another, about zero.
    fn mixed(grid: &Grid, n: usize, mix: f64) -> (Vec<f64>, Vec<f64>, Vec<Complex64>) {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let mut normal = || Complex64::new(StandardNormal.sample(&mut random), StandardNormal.sample(&mut random));
        let (mut c, mut d) = (vec![0.0; grid.n_modes()], vec![0.0; grid.n_modes()]);
        let mut cross = vec![Complex64::default(); grid.n_modes()];
        for k in 0..grid.n_modes() {
            for _ in 0..n {
                let x = normal();
                let y = mix * x + (1.0 - mix) * normal();
                c[k] += x.norm_sqr() / n as f64;
                d[k] += y.norm_sqr() / n as f64;
                cross[k] += x * y.conj() / n as f64;
            }
        }
        (c, d, cross)
    }

    #[test]
    fn annulus_means_are_those_of_the_full_plane() {
        for (h, w) in [(8, 6), (7, 9), (1, 5)] {
            let size = Size::new(h, w);
            let grid = Grid::new(size);
            let (c, d, cross) = mixed(&grid, 3, 0.4);
            let of_modes: Vec<f64> = (0..grid.n_modes()).map(|k| cross[k].norm().powi(2) / c[k] / d[k]).collect();
            let want = radial_mean(size, &grid.to_full_plane(&of_modes));
            for (got, want) in coherence(&grid, &c, &d, &cross).iter().zip(want) {
                assert!(got.is_some_and(|got| (got - want).abs() <= 1e-12), "{size}: {got:?} and {want}");
            }
        }
    }

    #[test]
    fn a_channel_coheres_with_itself_and_not_with_another() {
        let grid = Grid::new(Size::square(16));
        let (c, d, cross) = mixed(&grid, 200, 1.0);
        assert!(coherence(&grid, &c, &d, &cross).iter().all(|v| v.is_some_and(|v| (v - 1.0).abs() <= 1e-12)));
        let (c, d, cross) = mixed(&grid, 200, 0.0);
        let by_chance = coherence(&grid, &c, &d, &cross);
        assert!(by_chance.iter().all(|v| v.is_some_and(|v| (0.0..=10.0 / 200.0).contains(&v))), "{by_chance:?}");
    }

    #[test]
    fn a_flat_channel_has_no_coherence_and_a_flat_mode_does_not_count() {
        let grid = Grid::new(Size::new(6, 4));
        let (c, mut d, mut cross) = mixed(&grid, 5, 1.0);
        // One mode of annulus 1 out of several.
        let k = grid.annuli().iter().position(|&j| j == 1).expect("a mode");
        (d[k], cross[k]) = (0.0, Complex64::default());
        assert!(coherence(&grid, &c, &d, &cross)[1].is_some_and(|v| (v - 1.0).abs() <= 1e-12));
        let zero = vec![0.0; grid.n_modes()];
        assert_eq!(
            coherence(&grid, &c, &zero, &vec![Complex64::default(); grid.n_modes()]),
            vec![None; grid.n_annuli()]
        );
    }
}
