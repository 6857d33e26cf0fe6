//! Tests of the fast transform against the double sum, and of what every Fourier transform has to do.

use super::*;
use crate::spectral::Grid;
use crate::spectral::naive::{SIZES, half_of, naive_dft, normal_plane};
use rustfft::num_complex::Complex64;

/// Largest deviation from the reference, relative to the root mean square of a mode: single precision and a few
/// additions.
const TOLERANCE: f64 = 3e-6;

/// The transform with every buffer full of garbage beforehand, made orthonormal.
fn transform(size: Size, plane: &[f64]) -> Vec<Complex64> {
    let plan = Fft2Plan::new(size);
    let mut workspace = plan.workspace();
    let garbage = Complex32::new(f32::NAN, 1e30);
    workspace.rows.row.fill(f32::NAN);
    workspace.rows.spectra.fill(garbage);
    workspace.rows.scratch.fill(garbage);
    workspace.column_scratch.fill(garbage);
    let mut spectrum = vec![garbage; plan.n_modes()];
    let single: Vec<f32> = plane.iter().map(|&v| v as f32).collect();
    plan.forward(&single, &mut spectrum, &mut workspace);
    let scale = 1.0 / (size.n_pixels() as f64).sqrt();
    spectrum.iter().map(|x| Complex64::new(f64::from(x.re), f64::from(x.im)) * scale).collect()
}

fn total_power(grid: &Grid, spectrum: &[Complex64]) -> f64 {
    let h = grid.size().height;
    spectrum.iter().enumerate().map(|(i, x)| grid.multiplicity(i / h) * x.norm_sqr()).sum()
}

#[test]
fn every_mode_equals_the_double_sum() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        // What the plane holds in single precision is what both sides transform.
        let plane: Vec<f64> = normal_plane(size, 1).into_iter().map(|v| f64::from(v as f32)).collect();
        let expected = half_of(size, &naive_dft(size, &plane));
        let got = transform(size, &plane);
        assert_eq!(got.len(), expected.len(), "{size}");
        for (i, (x, y)) in got.iter().zip(&expected).enumerate() {
            assert!((x - y).norm() <= TOLERANCE, "{size}, mode {i}: {x} instead of {y}");
        }
    }
}

#[test]
fn a_workspace_can_be_used_again() {
    let size = Size::new(9, 14);
    let plan = Fft2Plan::new(size);
    let mut workspace = plan.workspace();
    let plane: Vec<f32> = normal_plane(size, 3).into_iter().map(|v| v as f32).collect();
    let other: Vec<f32> = normal_plane(size, 4).into_iter().map(|v| 1e6 * v as f32).collect();
    let mut spectra = vec![vec![Complex32::default(); plan.n_modes()]; 3];
    plan.forward(&plane, &mut spectra[0], &mut workspace);
    plan.forward(&other, &mut spectra[1], &mut workspace);
    plan.forward(&plane, &mut spectra[2], &mut workspace);
    assert_eq!(spectra[0], spectra[2]);
    assert_eq!((plan.size(), plan.n_modes()), (size, 9 * 8));
}

#[test]
fn parseval_closes_through_the_multiplicities() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        let plane = normal_plane(size, 2);
        let energy: f64 = plane.iter().map(|v| v * v).sum();
        let power = total_power(&Grid::new(size), &transform(size, &plane));
        assert!((power - energy).abs() <= 1e-5 * energy, "{size}: {power} instead of {energy}");
    }
}

#[test]
fn a_cosine_lights_one_conjugate_pair_and_its_annulus() {
    // (size, wave numbers): axis, diagonal, negative row, the last column, both self-conjugate Nyquist modes.
    let cases = [
        ((16, 16), (0, 3)),
        ((16, 16), (5, 0)),
        ((15, 31), (-4, 6)),
        ((12, 16), (3, 8)),
        ((16, 12), (-8, 6)),
        ((13, 13), (6, 6)),
    ];
    for ((h, w), (ky, kx)) in cases {
        let size = Size::new(h, w);
        let grid = Grid::new(size);
        let phase = |i: usize| {
            let (y, x) = ((i / w) as f64, (i % w) as f64);
            std::f64::consts::TAU * (f64::from(ky) * y / h as f64 + f64::from(kx) * x / w as f64)
        };
        let plane: Vec<f64> = (0..h * w).map(|i| phase(i).cos()).collect();
        let spectrum = transform(size, &plane);
        let lit: Vec<usize> = (0..grid.n_modes()).filter(|&i| spectrum[i].norm() > 1e-3).collect();
        let expected = |i: usize| {
            let (y, x) = grid.wave_number(i);
            let same = |a: i64, b: i64, n: usize| (a - b).rem_euclid(n as i64) == 0;
            let is = |s: i64| same(y, s * i64::from(ky), h) && same(x, s * i64::from(kx), w);
            is(1) || is(-1)
        };
        assert_eq!(lit, (0..grid.n_modes()).filter(|&i| expected(i)).collect::<Vec<_>>(), "{size} {ky},{kx}");
        let power: Vec<f64> = spectrum.iter().map(|x| x.norm_sqr()).collect();
        let (radial, j) = (grid.radial_mean(&power), grid.annuli()[lit[0]]);
        for (annulus, p) in radial.iter().enumerate() {
            assert_eq!(*p > 1e-6, annulus as u32 == j, "{size} {ky},{kx}: annulus {annulus} has {p}");
        }
        let energy: f64 = plane.iter().map(|v| v * v).sum();
        assert!((total_power(&grid, &spectrum) - energy).abs() <= 1e-4 * energy);
    }
}

#[test]
fn a_constant_plane_is_its_zero_frequency_alone() {
    for (h, w) in SIZES {
        let size = Size::new(h, w);
        let spectrum = transform(size, &vec![0.75; h * w]);
        let expected = 0.75 * ((h * w) as f64).sqrt();
        assert!((spectrum[0] - expected).norm() <= 1e-5 * expected, "{size}: {}", spectrum[0]);
        for (i, x) in spectrum.iter().enumerate().skip(1) {
            assert!(x.norm() <= 1e-6 * expected, "{size}, mode {i}: {x}");
        }
    }
}

#[test]
#[should_panic(expected = "a half-spectrum of 12×16")]
fn a_spectrum_of_another_length_is_refused() {
    let plan = Fft2Plan::new(Size::new(16, 12));
    plan.forward(&[0.0; 192], &mut [Complex32::default(); 16 * 6], &mut plan.workspace());
}
