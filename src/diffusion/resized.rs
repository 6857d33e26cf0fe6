//! What the spectrum of a set would be at another size: cut at the lower Nyquist frequency, or continued by its power
//! law.
//!
//! # Definition
//!
//! At `M` pixels in place of `N` the same detail has the power `(M/N)²` of the orthonormal transform. An image reduced
//! by area averages keeps, at `j` periods per image, the share `T²`, `T` the product over both axes of
//! `sinc(k/M)/sinc(k/N)`; detail beyond the lower Nyquist frequency is taken to be gone. Enlarged, its own detail stays
//! and finer detail follows the power law of the set: what larger photographs of the same kind would show.

use crate::spectral::Size;

/// The mean RAPSD (annuli `0 … ⌊N/2⌋`, value² per mode) of square images of `side` pixels as it would be at `new_side`;
/// `law` is the power at a frequency in cycles per pixel of the known size. None upwards without a law.
pub fn resized_rapsd(
    rapsd: &[f64],
    side: usize,
    new_side: usize,
    law: Option<impl Fn(f64) -> f64>,
) -> Option<Vec<f64>> {
    let scale = (new_side as f64 / side as f64).powi(2);
    let n_annuli = new_side / 2 + 1;
    if new_side <= side {
        let transfer = transfer(side, new_side);
        return Some(rapsd.iter().zip(transfer).map(|(power, t)| scale * power * t).collect());
    }
    let law = law?;
    let power = |j: usize| rapsd.get(j).copied().unwrap_or_else(|| law(j as f64 / side as f64));
    Some((0..n_annuli).map(|j| scale * power(j)).collect())
}

/// `T²` of each annulus of the smaller size, mean over its modes.
fn transfer(side: usize, new_side: usize) -> Vec<f64> {
    let of_axis = |f: f64| {
        let periods = f * new_side as f64;
        sinc(f) / sinc(periods / side as f64)
    };
    let grid = crate::spectral::Grid::new(Size::square(new_side));
    let height = grid.size().height;
    let squares: Vec<f64> = (0..grid.n_modes())
        .map(|i| {
            let (kx, ky) = (i / height, i % height);
            let (u, v) = (kx as f64 / new_side as f64, ky.min(height - ky) as f64 / new_side as f64);
            (of_axis(u) * of_axis(v)).powi(2)
        })
        .collect();
    grid.radial_mean(&squares)
}

/// `sin(πx)/(πx)`.
fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if angle == 0.0 { 1.0 } else { angle.sin() / angle }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::naive::{naive_dft, radial_mean};

    type Law = fn(f64) -> f64;

    #[test]
    fn area_averages_have_the_predicted_power() {
        // One wave of each low frequency: nothing beyond the lower Nyquist frequency that could fold.
        let (side, small) = (24, 8);
        let rapsd = |side: usize, plane: &[f64]| {
            let power: Vec<f64> = naive_dft(Size::square(side), plane).iter().map(|x| x.norm_sqr()).collect();
            radial_mean(Size::square(side), &power)
        };
        for periods in 1..4 {
            let wave = |x: usize| (std::f64::consts::TAU * (periods * x) as f64 / side as f64 + 0.3).cos();
            let plane: Vec<f64> = (0..side * side).map(|i| wave(i % side) + wave(i / side)).collect();
            let mut reduced = vec![0.0; small * small];
            for (i, value) in plane.iter().enumerate() {
                reduced[(i / side / 3) * small + (i % side) / 3] += value / 9.0;
            }
            let (want, from) = (rapsd(small, &reduced), rapsd(side, &plane));
            let got = resized_rapsd(&from, side, small, None::<Law>).expect("smaller");
            assert_eq!(got.len(), want.len());
            // The annulus holds other modes beside the waves', whose share differs a little.
            let ratio = got[periods] / want[periods];
            assert!((0.9..=1.1).contains(&ratio), "{periods}: {} and {}", got[periods], want[periods]);
        }
    }

    #[test]
    fn a_power_law_stays_one_upwards_and_the_same_size_changes_nothing() {
        let law = |f: f64| 0.01 * f.max(1.0 / 64.0).powf(-2.0);
        let rapsd: Vec<f64> = (0..33).map(|j| law(f64::from(j) / 64.0)).collect();
        assert_eq!(resized_rapsd(&rapsd, 64, 64, None::<Law>).expect("the same"), rapsd);
        let larger = resized_rapsd(&rapsd, 64, 256, Some(law)).expect("a law");
        assert_eq!(larger.len(), 129);
        for (j, power) in larger.iter().enumerate().skip(1) {
            // f^−2 is scale-free: at the same frequency in cycles per pixel the power is the same.
            let want = 0.01 * (j as f64 / 256.0).powf(-2.0);
            assert!((power / want - 1.0).abs() <= 1e-9, "{j}: {power} and {want}");
        }
        assert_eq!(resized_rapsd(&rapsd, 64, 65, None::<Law>), None);
    }
}
