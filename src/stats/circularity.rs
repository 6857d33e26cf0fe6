//! How circular the modes of a set are, annulus by annulus: whether their phases are evenly spread, and their tails
//! Gaussian.
//!
//! # Definition
//!
//! Per annulus the mean of `|C|/Γ` and of κ4 ([`super::moments`]) over the modes of the full plane that are not their
//! own conjugates (those are real, so never circular) and vary enough for both to be told.

use super::moments::RawMoments;
use crate::spectral::Grid;
use crate::spectrum::ModeMoments;

/// Annulus means of one channel; none where no mode of the annulus has a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Circularity {
    /// `|C|/Γ`: 0 for phases that are evenly spread, 1 for modes on a line.
    pub pseudo_covariance_ratio: Vec<Option<f64>>,
    /// κ4: 2 for circular Gaussian modes, more for heavy tails.
    pub kurtosis: Vec<Option<f64>>,
}

/// Mean of `|C|/Γ` that circular Gaussian modes of `n_images` show by chance, `√(π/2n)` and no more than 1: `C` is then
/// a complex Gaussian of variance `2Γ²/n`.
pub fn pseudo_covariance_by_chance(n_images: u64) -> f64 {
    (std::f64::consts::FRAC_PI_2 / n_images.max(1) as f64).sqrt().min(1.0)
}

/// The circularity of the modes of `grid` with these `moments`.
///
/// # Panics
///
/// If the moments do not hold one value per stored mode.
pub fn circularity(grid: &Grid, moments: &ModeMoments) -> Circularity {
    let of_mode = |k: usize| {
        let raw = raw_moments(moments, k);
        if grid.is_self_conjugate(k) { (None, None) } else { (raw.impropriety(), raw.kurtosis()) }
    };
    let (ratio, kurtosis): (Vec<_>, Vec<_>) = (0..grid.n_modes()).map(of_mode).unzip();
    Circularity {
        pseudo_covariance_ratio: grid.radial_mean_of_known(&ratio),
        kurtosis: grid.radial_mean_of_known(&kurtosis),
    }
}

/// The moments of mode `k`.
fn raw_moments(moments: &ModeMoments, k: usize) -> RawMoments {
    let mean = moments.field[k].norm();
    let [second, third, fourth] = moments.grid_error;
    RawMoments {
        mean: moments.field[k],
        square: moments.pseudo_power[k],
        power: moments.power[k],
        power_times_value: moments.power_field[k],
        power_square: moments.power_square[k],
        // The fourth central moment from raw ones, each off by its own error.
        grid_error: fourth + 4.0 * mean * third + 6.0 * mean * mean * second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;
    use crate::spectral::naive::annuli;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, Exp1, StandardNormal};
    use rustfft::num_complex::Complex64;

    /// Images × modes, drawn mode by mode.
    fn draw(grid: &Grid, n: usize, mut coefficient: impl FnMut(&mut ChaCha8Rng) -> Complex64) -> Vec<Vec<Complex64>> {
        let mut random = ChaCha8Rng::seed_from_u64(21);
        (0..n).map(|_| (0..grid.n_modes()).map(|_| coefficient(&mut random)).collect()).collect()
    }

    fn moments_of(images: &[Vec<Complex64>]) -> ModeMoments {
        let n = images.len() as f64;
        let real = |of: fn(Complex64) -> f64| -> Vec<f64> {
            (0..images[0].len()).map(|k| images.iter().map(|x| of(x[k])).sum::<f64>() / n).collect()
        };
        let complex = |of: fn(Complex64) -> Complex64| -> Vec<Complex64> {
            (0..images[0].len()).map(|k| images.iter().map(|x| of(x[k])).sum::<Complex64>() / n).collect()
        };
        ModeMoments {
            power: real(|x| x.norm_sqr()),
            pseudo_power: complex(|x| x * x),
            power_square: real(|x| x.norm_sqr().powi(2)),
            power_field: complex(|x| x * x.norm_sqr()),
            field: complex(|x| x),
            grid_error: [0.0; 3],
        }
    }

    fn normal(random: &mut ChaCha8Rng) -> f64 {
        StandardNormal.sample(random)
    }

    #[test]
    fn annulus_means_are_those_of_two_passes_over_the_full_plane() {
        for (h, w) in [(8, 6), (7, 9), (5, 5)] {
            let size = Size::new(h, w);
            let grid = Grid::new(size);
            let images = draw(&grid, 9, |random| {
                let re: f64 = Exp1.sample(random);
                Complex64::new(2.0 + re, 0.5 * re + normal(random))
            });
            let of_mode = |k: usize| {
                let mean = images.iter().map(|x| x[k]).sum::<Complex64>() / 9.0;
                let centred: Vec<_> = images.iter().map(|x| x[k] - mean).collect();
                let variance = centred.iter().map(|d| d.norm_sqr()).sum::<f64>() / 9.0;
                let pseudo = centred.iter().map(|d| d * d).sum::<Complex64>() / 9.0;
                let fourth = centred.iter().map(|d| d.norm_sqr().powi(2)).sum::<f64>() / 9.0;
                [pseudo.norm() / variance, fourth / (variance * variance)]
            };
            let modes: Vec<_> = (0..grid.n_modes()).map(of_mode).collect();
            let got = circularity(&grid, &moments_of(&images));
            for (i, got) in [got.pseudo_covariance_ratio, got.kurtosis].iter().enumerate() {
                let full = grid.to_full_plane(&modes.iter().map(|m| m[i]).collect::<Vec<_>>());
                for (j, got) in got.iter().enumerate() {
                    let is_real = |k: usize| (2 * (k / w)).is_multiple_of(h) && (2 * (k % w)).is_multiple_of(w);
                    let members = annuli(size).into_iter().enumerate().filter(|(k, a)| *a == j && !is_real(*k));
                    let members: Vec<f64> = members.map(|(k, _)| full[k]).collect();
                    let want = (!members.is_empty()).then(|| members.iter().sum::<f64>() / members.len() as f64);
                    assert_eq!(got.is_some(), want.is_some(), "{size}, annulus {j}");
                    assert!((got.unwrap_or(0.0) - want.unwrap_or(0.0)).abs() <= 1e-10, "{size}, {j}: {got:?} {want:?}");
                }
            }
        }
    }

    #[test]
    fn circular_gaussian_modes_have_no_pseudo_covariance_and_modes_on_a_line_nothing_else() {
        let grid = Grid::new(Size::square(8));
        let n = 4000;
        let circular = draw(&grid, n, |random| Complex64::new(1.0 + normal(random), normal(random) - 3.0));
        let got = circularity(&grid, &moments_of(&circular));
        assert_eq!((got.pseudo_covariance_ratio[0], got.kurtosis[0]), (None, None), "one mode, and that is real");
        for j in 1..grid.n_annuli() {
            // |C|/Γ of n circular values has a mean of √(π/2n): chance alone.
            let (ratio, kurtosis) = (got.pseudo_covariance_ratio[j].expect("a mean"), got.kurtosis[j].expect("a mean"));
            let chance = pseudo_covariance_by_chance(n as u64);
            assert!((ratio / chance - 1.0).abs() <= 0.5, "annulus {j}: {ratio} instead of {chance}");
            assert!((kurtosis - 2.0).abs() <= 0.15, "annulus {j}: {kurtosis}");
        }
        let on_a_line = draw(&grid, 50, |random| Complex64::new(0.6, 0.8) * normal(random));
        let got = circularity(&grid, &moments_of(&on_a_line));
        assert!(got.pseudo_covariance_ratio[1..].iter().all(|r| r.is_some_and(|r| (r - 1.0).abs() <= 1e-9)), "{got:?}");
    }

    #[test]
    fn flat_images_and_single_ones_have_no_circularity() {
        let grid = Grid::new(Size::new(6, 4));
        let nothing =
            Circularity { pseudo_covariance_ratio: vec![None; grid.n_annuli()], kurtosis: vec![None; grid.n_annuli()] };
        assert_eq!(circularity(&grid, &moments_of(&draw(&grid, 5, |_| Complex64::default()))), nothing);
        assert_eq!(circularity(&grid, &moments_of(&draw(&grid, 1, |r| Complex64::new(normal(r), 1.0)))), nothing);
        // What the fixed-point grid cannot tell is not said either.
        let mut coarse = moments_of(&draw(&grid, 20, |r| Complex64::new(normal(r), normal(r))));
        assert_ne!(circularity(&grid, &coarse), nothing);
        coarse.grid_error = [0.0, 0.0, 1.0];
        assert_eq!(circularity(&grid, &coarse), nothing);
    }
}
