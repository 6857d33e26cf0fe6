//! The transform and the sums: Parseval, orthonormality, and what the vector instructions of this processor make of
//! them against plain arithmetic.

use std::f64::consts::TAU;

use anyhow::Result;
use rustfft::num_complex::{Complex32, Complex64};

use super::{Check, draw};
use crate::spectral::dft64::orthonormal_dft;
use crate::spectral::{Grid, RealForm, Size};
use crate::spectrum::exact::ExactLanes;

/// Rounding errors of single precision add up to less, relative to the whole.
const SINGLE: f64 = 1e-6;
/// As [`SINGLE`], in double precision.
const DOUBLE: f64 = 1e-12;
/// Sums are kept in steps of 2⁻⁴⁰.
const QUANTUM_LOG2: i32 = -40;

type Transform = fn(&Grid, &[f32]) -> Vec<Complex32>;
type Add = fn(&mut ExactLanes, &[f64]);

/// All of them.
pub fn all() -> Result<Vec<Check>> {
    Ok(vec![
        parseval(draw::transform)?,
        equals_plain_sums(draw::transform, Size::new(24, 20))?,
        equals_plain_sums(draw::transform, Size::new(17, 31))?,
        keeps_angles(|plane, size| real_form(size, plane))?,
        sums_are_exact(|lanes, values| lanes.add(0, values))?,
    ])
}

/// The sum of powers over all modes is the sum of squares over all pixels.
fn parseval(transform: Transform) -> Result<Check> {
    let grid = Grid::new(Size::new(64, 48));
    let plane = draw::field(&grid, "pink", 0)?;
    let squares: f64 = plane.iter().map(|v| f64::from(*v).powi(2)).sum();
    let spectrum = transform(&grid, &plane);
    let h = grid.size().height;
    let powers = spectrum.iter().enumerate().map(|(i, x)| grid.multiplicity(i / h) * f64::from(x.norm_sqr()));
    Ok(Check::relative(
        "Parseval: power over squares",
        powers.sum::<f64>() / (squares * plane.len() as f64),
        1.0,
        SINGLE,
    ))
}

/// The fast transform equals the sum that defines it, in plain double precision: the largest difference, relative to
/// the root mean square of the modes.
fn equals_plain_sums(transform: Transform, size: Size) -> Result<Check> {
    let grid = Grid::new(size);
    let plane = draw::field(&grid, "white", 1)?;
    let fast = transform(&grid, &plane);
    let plain = plain_sums(size, &plane);
    let mean_square = plain.iter().map(Complex64::norm_sqr).sum::<f64>() / plain.len() as f64;
    let difference =
        |(a, b): (&Complex32, &Complex64)| (Complex64::new(f64::from(a.re), f64::from(a.im)) - b).norm_sqr();
    // The largest of numbers one of which is none is none.
    let largest = fast.iter().zip(&plain).map(difference).fold(0.0, |m: f64, d| if d <= m { m } else { d });
    let found = (largest / mean_square).sqrt();
    Ok(Check::absolute(format!("vector FFT against sums, {size}"), found, 0.0, SINGLE, "relative"))
}

/// `Σ x e^{−2πi(ky·y/H + kx·x/W)}` of the stored modes, term by term.
fn plain_sums(size: Size, plane: &[f32]) -> Vec<Complex64> {
    let (h, w) = (size.height, size.width);
    let turn = |k: usize, i: usize, n: usize| TAU * (k * i % n) as f64 / n as f64;
    let mode = |kx: usize, ky: usize| {
        let term =
            |(i, v): (usize, &f32)| Complex64::from_polar(f64::from(*v), -turn(ky, i / w, h) - turn(kx, i % w, w));
        plane.iter().enumerate().map(term).sum()
    };
    (0..size.n_columns()).flat_map(|kx| (0..h).map(move |ky| (kx, ky))).map(|(kx, ky)| mode(kx, ky)).collect()
}

fn real_form(size: Size, plane: &[f64]) -> Vec<f64> {
    let form = RealForm::new(&Grid::new(size));
    let mut numbers = vec![f64::NAN; form.len()];
    form.apply(&orthonormal_dft(size, plane), &mut numbers);
    numbers
}

/// Scalar products of images and of their real Fourier forms are equal: the largest difference, relative to lengths.
fn keeps_angles(form: fn(&[f64], Size) -> Vec<f64>) -> Result<Check> {
    let grid = Grid::new(Size::new(32, 27));
    let planes = (0..6).map(|i| draw::field(&grid, "pink", i)).collect::<Result<Vec<_>>>()?;
    let planes: Vec<Vec<f64>> = planes.iter().map(|p| p.iter().map(|v| f64::from(*v)).collect()).collect();
    let forms: Vec<Vec<f64>> = planes.iter().map(|plane| form(plane, grid.size())).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let mut largest = 0.0;
    for (a, fa) in planes.iter().zip(&forms) {
        for (b, fb) in planes.iter().zip(&forms) {
            let error = (dot(fa, fb) - dot(a, b)).abs() / (dot(a, a) * dot(b, b)).sqrt();
            largest = if error <= largest { largest } else { error };
        }
    }
    Ok(Check::absolute("orthonormality of the real form", largest, 0.0, DOUBLE, "relative"))
}

/// Exact sums with vector instructions equal those of one number after another in 128-bit integers: how many differ.
fn sums_are_exact(add: Add) -> Result<Check> {
    const N: usize = 1000;
    let grid = Grid::new(Size::new(8, N / 8));
    let (mut lanes, mut totals, mut plain) = (ExactLanes::new(N, QUANTUM_LOG2), vec![0i128; N], vec![0i128; N]);
    // From far below a step to far beyond 64 bits.
    for (index, exponent) in (0..50).zip((-50..50).step_by(2)) {
        let scale = f64::from(exponent).exp2();
        let field = draw::field(&grid, "white", index)?;
        let values: Vec<f64> = field.iter().map(|v| f64::from(*v) * scale).collect();
        add(&mut lanes, &values);
        for (sum, value) in plain.iter_mut().zip(&values) {
            *sum += (value * f64::from(-QUANTUM_LOG2).exp2()).round_ties_even() as i128;
        }
    }
    lanes.drain_into(&mut totals, "selftest")?;
    let n_different = totals.iter().zip(&plain).filter(|(a, b)| a != b).count();
    Ok(Check::absolute(format!("vector sums that differ, of {N}"), n_different as f64, 0.0, 0.0, "sums"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transform_that_is_slightly_wrong_is_found_out() {
        let too_large: Transform = |grid, plane| {
            let spectrum = draw::transform(grid, plane);
            spectrum.into_iter().map(|x| x * (1.0 + 1e-5)).collect()
        };
        let one_mode: Transform = |grid, plane| {
            let mut spectrum = draw::transform(grid, plane);
            spectrum[7].im *= -1.0;
            spectrum
        };
        let none: Transform = |grid, _| vec![Complex32::new(f32::NAN, 0.0); grid.n_modes()];
        let size = Size::new(6, 5);
        for (transform, has_parseval) in [(too_large, false), (one_mode, true), (none, false)] {
            assert_eq!(parseval(transform).expect("a field").passed, has_parseval);
            let check = equals_plain_sums(transform, size).expect("a field");
            assert!(!check.passed, "{check:?}");
        }
        assert!(equals_plain_sums(draw::transform, size).expect("a field").passed);
    }

    #[test]
    fn a_form_without_its_root_of_two_and_lossy_sums_are_found_out() {
        let halved = keeps_angles(|plane, size| {
            let mut numbers = real_form(size, plane);
            numbers[3..].iter_mut().for_each(|x| *x *= 0.5f64.sqrt());
            numbers
        });
        assert!(!halved.expect("fields").passed);
        let lossy: Add = |lanes, values| {
            let single: Vec<f64> = values.iter().map(|v| v + 2f64.powi(-38)).collect();
            lanes.add(0, &single);
        };
        let check = sums_are_exact(lossy).expect("fields");
        assert!(!check.passed && check.found >= 900.0, "{check:?}");
    }
}
