//! Apodisation windows for planes, corrected so that they leave the power of white noise unchanged.
//!
//! # Definition
//!
//! The Hann window of `n` points is `½(1 − cos(2πi/n))`, `i = 0 … n−1` (the periodic form), the plane's window the
//! product of the two axes' windows, divided by its root mean square.
//!
//! A window is applied to a channel around that channel's own mean, `y = μ + w (x − μ)`: the brightness of an image
//! would otherwise leak from the zero frequency into the first annuli.

use std::f64::consts::TAU;

use super::grid::Size;
use super::named::named;

/// Which apodisation is applied to each plane before it is transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// None: the spectrum of what the network sees, edges included.
    #[default]
    None,
    /// Hann on both axes.
    Hann,
}

named!(Window { None = "none", Hann = "hann" });

impl Window {
    /// The weight of each pixel (`H·W`, row by row), of unit mean square; `None` where every weight is one.
    pub fn weights(self, size: Size) -> Option<Vec<f32>> {
        match self {
            Window::None => None,
            Window::Hann => {
                let (rows, columns) = (hann(size.height), hann(size.width));
                let mean_square = |w: &[f64]| w.iter().map(|v| v * v).sum::<f64>() / w.len() as f64;
                let rms = (mean_square(&rows) * mean_square(&columns)).sqrt();
                Some(rows.iter().flat_map(|r| columns.iter().map(move |c| (r * c / rms) as f32)).collect())
            }
        }
    }
}

/// The periodic Hann window; a single point has no neighbours to fade to and keeps its weight.
fn hann(n: usize) -> Vec<f64> {
    if n == 1 {
        return vec![1.0];
    }
    (0..n).map(|i| 0.5 * (1.0 - (TAU * i as f64 / n as f64).cos())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Grid;
    use crate::spectral::dft64::orthonormal_dft;
    use crate::spectral::naive::normal_plane;

    #[test]
    fn weights_have_a_unit_mean_square() {
        for (h, w) in [(1, 1), (1, 9), (9, 1), (2, 2), (8, 8), (9, 7), (64, 48)] {
            let weights = Window::Hann.weights(Size::new(h, w)).expect("a window");
            assert_eq!(weights.len(), h * w);
            let mean_square = weights.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / (h * w) as f64;
            assert!((mean_square - 1.0).abs() <= 1e-6, "{h}x{w}: {mean_square}");
        }
        assert!(Window::None.weights(Size::square(8)).is_none());
    }

    #[test]
    fn weights_are_the_periodic_hann_window_of_both_axes() {
        let (h, w) = (8, 6);
        let weights = Window::Hann.weights(Size::new(h, w)).expect("a window");
        // Σ w² of n ≥ 3 points is 3n/8 exactly, so the root mean square of the plane is 3/8.
        for y in 0..h {
            for x in 0..w {
                let axis = |i: usize, n: usize| (std::f64::consts::PI * i as f64 / n as f64).sin().powi(2);
                let expected = axis(y, h) * axis(x, w) / 0.375;
                assert!((f64::from(weights[y * w + x]) - expected).abs() <= 1e-6, "{y},{x}");
            }
        }
    }

    #[test]
    fn an_axis_of_one_pixel_keeps_its_weight() {
        let row = Window::Hann.weights(Size::new(1, 9)).expect("a window");
        let column = Window::Hann.weights(Size::new(9, 1)).expect("a window");
        assert_eq!(row, column);
        assert_eq!(Window::Hann.weights(Size::square(1)), Some(vec![1.0]));
        assert!(row.iter().all(|v| v.is_finite()));
    }

    #[test]
    fn the_power_of_white_noise_stays_at_every_annulus() {
        let size = Size::new(24, 32);
        let (grid, n) = (Grid::new(size), 400);
        let weights = Window::Hann.weights(size).expect("a window");
        let mut power = vec![0.0; grid.n_modes()];
        for seed in 0..n {
            let plane = normal_plane(size, seed);
            let windowed: Vec<f64> = plane.iter().zip(&weights).map(|(v, w)| v * f64::from(*w)).collect();
            for (p, x) in power.iter_mut().zip(orthonormal_dft(size, &windowed)) {
                *p += x.norm_sqr() / n as f64;
            }
        }
        let radial = grid.radial_mean(&power);
        for (j, (p, modes)) in radial.iter().zip(grid.modes_per_annulus()).enumerate() {
            // A pair of modes has a relative deviation of 1, a real one √2; the window ties neighbours together (9/4 on
            // each axis).
            let se = (2.0 * 2.25f64.powi(2) / (modes * n as f64)).sqrt();
            assert!((p - 1.0).abs() <= 5.0 * se.max(0.004), "annulus {j}: {p}, standard error {se}");
        }
    }
}
