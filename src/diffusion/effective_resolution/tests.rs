//! Effective resolution: the windowed spectrum against a window in space, and enlarged photographs against native ones.

use super::*;
use crate::spectral::dft64::orthonormal_dft;
use crate::spectral::{Grid, Window};

/// An image of power-law noise, 8 bits RGB, made of random waves; the same for the same `seed`.
fn power_law_image(size: Size, exponent: f64, seed: u64) -> Vec<u8> {
    use rand::{RngExt, SeedableRng};
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let (h, w) = (size.height, size.width);
    let mut planner = rustfft::FftPlanner::<f64>::new();
    let (rows, columns) = (planner.plan_fft_forward(w), planner.plan_fft_forward(h));
    let mut field: Vec<rustfft::num_complex::Complex64> = (0..h * w)
        .map(|i| {
            let (y, x) = ((i / w) as f64 / h as f64, (i % w) as f64 / w as f64);
            let f = (y - y.round()).hypot(x - x.round());
            let size = if f > 0.0 { f.powf(-0.5 * exponent) } else { 0.0 };
            let angle = random.random::<f64>() * std::f64::consts::TAU;
            rustfft::num_complex::Complex64::from_polar(size * (-random.random::<f64>().ln()).sqrt(), angle)
        })
        .collect();
    field.chunks_exact_mut(w).for_each(|row| rows.process(row));
    for x in 0..w {
        let mut column: Vec<_> = (0..h).map(|y| field[y * w + x]).collect();
        columns.process(&mut column);
        (0..h).for_each(|y| field[y * w + x] = column[y]);
    }
    let std = (field.iter().map(|v| v.re * v.re).sum::<f64>() / (h * w) as f64).sqrt();
    let level = |v: f64| (128.0 + 40.0 * v / std).round().clamp(0.0, 255.0) as u8;
    field.iter().flat_map(|v| [level(v.re), level(0.8 * v.re + 0.6 * v.im), level(v.re)]).collect()
}

/// Enlarges by a whole factor, linearly between pixel centres.
fn enlarge(image: &[u8], size: Size, factor: usize) -> Vec<u8> {
    let (h, w) = (size.height, size.width);
    let position = |i: usize, n: usize| {
        let at = ((i as f64 + 0.5) / factor as f64 - 0.5).clamp(0.0, (n - 1) as f64);
        (at.floor() as usize, (at.floor() as usize + 1).min(n - 1), at.fract())
    };
    let mut out = Vec::with_capacity(image.len() * factor * factor);
    for y in 0..h * factor {
        let (y0, y1, dy) = position(y, h);
        for x in 0..w * factor {
            let (x0, x1, dx) = position(x, w);
            for c in 0..3 {
                let v = |y: usize, x: usize| f64::from(image[(y * w + x) * 3 + c]);
                let top = v(y0, x0) * (1.0 - dx) + v(y0, x1) * dx;
                let bottom = v(y1, x0) * (1.0 - dx) + v(y1, x1) * dx;
                out.push((top * (1.0 - dy) + bottom * dy).round() as u8);
            }
        }
    }
    out
}

fn measure(image: &[u8], size: Size) -> Option<f64> {
    let plan = EffectiveResolutionPlan::new(size);
    plan.measure_rgb(|| image.chunks_exact(3 * size.width), &mut plan.workspace())
}

#[test]
fn three_taps_equal_a_window_in_space() {
    for (h, w) in [(16, 16), (15, 16), (16, 13), (9, 31), (2, 8), (8, 2), (1, 12), (12, 1), (3, 3), (1, 1)] {
        let size = Size::new(h, w);
        let plane: Vec<f32> = (0..h * w).map(|i| ((i * i) as f32 * 0.37).sin() + 3.0).collect();
        let mean = plane.iter().sum::<f32>() / plane.len() as f32;
        let weights = Window::Hann.weights(size).expect("a window");
        let windowed: Vec<f64> = plane.iter().zip(&weights).map(|(x, w)| f64::from(x - mean) * f64::from(*w)).collect();
        let power: Vec<f64> = orthonormal_dft(size, &windowed).iter().map(|x| x.norm_sqr()).collect();
        let expected = Grid::new(size).radial_mean(&power);
        let (fft, taps) = (Fft2Plan::new(size), WindowedRapsd::new(size));
        let mut spectrum = vec![Complex32::default(); fft.n_modes()];
        fft.forward(&plane, &mut spectrum, &mut fft.workspace());
        let mut rapsd = vec![0.0; taps.n_annuli()];
        taps.add(&spectrum, 1.0 / (h * w) as f64, &mut taps.scratch(), &mut rapsd);
        taps.finish(&mut rapsd);
        for (got, want) in rapsd.iter().zip(&expected) {
            assert!((got - want).abs() <= 1e-5 * (1.0 + want), "{size}: {rapsd:?} is not {expected:?}");
        }
    }
}

#[test]
fn enlarged_noise_is_soft_and_native_noise_is_not() {
    for (seed, exponent) in [(1, 2.0), (2, 2.4), (3, 2.8)] {
        let (small, size) = (Size::square(64), Size::square(128));
        assert_eq!(measure(&power_law_image(size, exponent, seed), size), Some(128.0));
        let resolution = measure(&enlarge(&power_law_image(small, exponent, seed), small, 2), size).expect("power");
        assert!(resolution > 64.0 / 1.5 && resolution < 64.0 * 1.5, "{resolution} px");
    }
}

#[test]
fn repeated_pixels_are_found_exactly() {
    let (small, factor) = (power_law_image(Size::square(40), 2.0, 7), 3);
    let size = Size::square(120);
    let repeated: Vec<u8> = (0..120 * 120)
        .flat_map(|i| {
            let (y, x) = (i / 120 / factor, i % 120 / factor);
            small[(y * 40 + x) * 3..][..3].to_vec()
        })
        .collect();
    let rows = || repeated.chunks_exact(3 * 120);
    let factor = nearest_factor(rows, 3, &mut Vec::new(), &mut Vec::new());
    assert_eq!(factor, Some(3.0));
    assert!(measure(&repeated, size).expect("power") <= 40.0);
    // One and a half: rows 0, 0, 1, 2, 2, 3, …
    let fractional: Vec<u8> = (0..60 * 60)
        .flat_map(|i| {
            let (y, x) = (i / 60 * 2 / 3, i % 60 * 2 / 3);
            small[(y * 40 + x) * 3..][..3].to_vec()
        })
        .collect();
    let factor = nearest_factor(|| fractional.chunks_exact(180), 3, &mut Vec::new(), &mut Vec::new());
    assert!((factor.expect("repeated") - 1.5).abs() <= 0.03);
}

#[test]
fn bars_stripes_and_flat_images_are_no_enlargement() {
    let factor = |image: &[u8], width: usize| {
        nearest_factor(|| image.chunks_exact(3 * width), 3, &mut Vec::new(), &mut Vec::new())
    };
    let mut bars = power_law_image(Size::square(64), 2.0, 3);
    bars[..64 * 3 * 20].fill(0);
    bars[64 * 3 * 44..].fill(0);
    assert_eq!(factor(&bars, 64), None, "a letterbox");
    assert_eq!(factor(&[9; 64 * 64 * 3], 64), None, "one colour");
    let stripes: Vec<u8> = (0..64 * 64).flat_map(|i| [(i % 64 * 3) as u8; 3]).collect();
    assert_eq!(factor(&stripes, 64), None, "columns without rows");
    assert_eq!(factor(&[], 1), None);
}

#[test]
fn images_that_cannot_be_judged_have_no_answer() {
    let size = Size::square(128);
    assert_eq!(measure(&vec![77; 128 * 128 * 3], size), None, "one colour");
    let small = Size::square(32);
    assert_eq!(measure(&power_law_image(small, 2.0, 1), small), None, "too small");
    let strip = Size::new(2, 96);
    assert!(measure(&vec![1; 2 * 96 * 3], strip).is_none());
}

#[test]
fn spectra_made_elsewhere_give_the_same_answer() {
    let size = Size::new(96, 128);
    let image = power_law_image(size, 2.2, 5);
    let plan = EffectiveResolutionPlan::new(size);
    let mut workspace = plan.workspace();
    let mut planes = vec![0.0; 3 * size.n_pixels()];
    Channels::Rgb.split(image.chunks_exact(3 * size.width), size.n_pixels(), &mut planes);
    let fft = Fft2Plan::new(size);
    let mut spectra = vec![Complex32::default(); 3 * fft.n_modes()];
    for (plane, spectrum) in planes.chunks_exact(size.n_pixels()).zip(spectra.chunks_exact_mut(fft.n_modes())) {
        fft.forward(plane, spectrum, &mut fft.workspace());
    }
    let rows = || image.chunks_exact(3 * size.width);
    let expected = plan.measure_rgb(rows, &mut workspace);
    assert!(expected.is_some());
    assert_eq!(plan.measure_spectra(&spectra, 1.0 / 255.0, rows, &mut workspace), expected);
}

#[test]
fn a_knee_is_found_where_it_is() {
    let plan = KneePlan::new(256);
    for cutoff in [0.12, 0.2, 0.3, 0.4] {
        let db: Vec<f64> = (0..=128)
            .map(|j| {
                let f = (f64::from(j) / 256.0).max(1e-3);
                let pass = (-(f / cutoff).powi(8)).exp2();
                10.0 * (f.powf(-2.3) * (0.99 * pass + 0.01)).log10()
            })
            .collect();
        let knee = plan.find(&db).expect("a knee");
        assert!((knee.frequency_cycles_per_px / cutoff - 1.0).abs() <= 0.05, "{knee:?} at {cutoff}");
    }
    let straight: Vec<f64> = (0..=128).map(|j| -25.0 * (f64::from(j).max(1.0)).log10()).collect();
    assert_eq!(plan.find(&straight), None);
}
