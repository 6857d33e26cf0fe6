//! Against naive sums over the full plane, properties, and degenerate cases.

use super::*;
use crate::noise::law::power_law;
use crate::noise::testing::model;
use crate::noise::{ZeroFrequency, parse_family, realise};
use crate::spectral::{Grid, Size};
use rustfft::num_complex::Complex64;

const SIZES: [(usize, usize); 6] = [(1, 1), (1, 6), (4, 4), (5, 5), (6, 9), (8, 3)];

/// A dataset of three channels with uneven Γ and a mean.
fn dataset(grid: &Grid) -> DatasetModel {
    let gamma = |c: usize| (0..grid.n_modes()).map(|i| 0.02 + 0.3 / (1.0 + ((i * 31 + c * 7) % 13) as f64)).collect();
    let mean = |c: usize| {
        let value = |i: usize| {
            let x = 0.1 * ((i + 2 * c) as f64).sin();
            if grid.is_self_conjugate(i) { Complex64::new(x, 0.0) } else { Complex64::new(x, -0.5 * x) }
        };
        (0..grid.n_modes()).map(value).collect()
    };
    model(grid, (0..3).map(gamma).collect(), (0..3).map(mean).collect(), 100)
}

fn noise(name: &str, dataset: &DatasetModel) -> NoiseSpectrum {
    realise(&*parse_family(name).expect(name), &dataset.setting()).expect(name).spectrum
}

#[test]
fn closed_forms_equal_sums_over_the_full_plane() {
    for (h, w) in SIZES {
        let grid = Grid::new(Size::new(h, w));
        let data = dataset(&grid);
        for name in ["white", "cloud:1.2", "offset:0.3", "blur-noise:0.5,0.2"] {
            let noise = noise(name, &data);
            let got = divergence(&data, &noise).expect("numbers");
            let mut want = [0.0; 5];
            for axis in 0..3 {
                let full = |half: &[f64]| grid.to_full_plane(half);
                let power: Vec<f64> = data.mean_field[axis].iter().map(|m| m.norm_sqr()).collect();
                let (s, g, m) = (full(&noise.power[axis]), full(&data.gamma[axis]), full(&power));
                for k in 0..h * w {
                    want[0] += (s[k] + m[k]) / g[k];
                    want[1] += (s[k] + g[k] + m[k]) / g[k];
                    want[2] += m[k] + s[k] + g[k] - 2.0 * (s[k] * g[k]).sqrt();
                    want[3] += 0.5 * (s[k] / g[k] - 1.0 - (s[k] / g[k]).ln() + m[k] / g[k]);
                    want[4] += 0.5 * (g[k] / s[k] - 1.0 - (g[k] / s[k]).ln() + m[k] / s[k]);
                }
            }
            let got = [
                got.expected_square,
                got.expected_square_to_member,
                got.w2_square,
                got.kl_noise_data,
                got.kl_data_noise,
            ];
            for (i, (got, want)) in got.iter().zip(want).enumerate() {
                assert!(
                    (got - want).abs() <= 1e-9 * want.abs().max(1.0),
                    "{name}, {h}×{w}, {i}: {got} instead of {want}"
                );
            }
        }
    }
}

#[test]
fn a_shared_constant_without_strength_is_white_and_grows_from_there() {
    let grid = Grid::new(Size::new(4, 6));
    let data = dataset(&grid);
    let white = divergence(&data, &noise("white", &data)).expect("numbers");
    let faint = divergence(&data, &noise("offset:0.00001,shared", &data)).expect("numbers");
    for (a, b) in [
        (white.expected_square, faint.expected_square),
        (white.w2_square, faint.w2_square),
        (white.kl_noise_data, faint.kl_noise_data),
        (white.kl_data_noise, faint.kl_data_noise),
    ] {
        assert!((a - b).abs() <= 1e-6 * a, "{a} and {b}");
    }
}

#[test]
fn the_shared_constant_is_the_matrix_formula() {
    // One mode, two axes: 2×2 matrices by hand.
    let grid = Grid::new(Size::square(1));
    let gamma = [0.5, 0.2];
    let mean = [0.3, -0.1];
    let fields = mean.map(|m| vec![Complex64::new(m, 0.0)]).to_vec();
    let data = model(&grid, gamma.map(|g| vec![g]).to_vec(), fields, 10);
    let noise = noise("offset:1,shared", &data);
    let (s00, s11, s01) = (noise.power[0][0], noise.power[1][0], noise.shared[0] * noise.shared[1]);
    assert!(s01 > 0.1 * s00);
    let det = s00 * s11 - s01 * s01;
    let [g0, g1] = gamma;
    let [m0, m1] = mean;
    let mean_noise = (s11 * m0 * m0 - 2.0 * s01 * m0 * m1 + s00 * m1 * m1) / det;
    let kl_data_noise = 0.5 * ((s11 * g0 + s00 * g1) / det - 2.0 - (g0 * g1 / det).ln() + mean_noise);
    let kl_noise_data = 0.5 * (s00 / g0 + s11 / g1 - 2.0 - (det / (g0 * g1)).ln() + m0 * m0 / g0 + m1 * m1 / g1);
    // For 2×2 matrices tr √B = √(tr B + 2 √det B).
    let root = (g0 * s00 + g1 * s11 + 2.0 * (g0 * g1 * det).sqrt()).sqrt();
    let w2 = m0 * m0 + m1 * m1 + s00 + s11 + g0 + g1 - 2.0 * root;
    let got = divergence(&data, &noise).expect("numbers");
    for (got, want) in [(got.kl_data_noise, kl_data_noise), (got.kl_noise_data, kl_noise_data), (got.w2_square, w2)] {
        assert!((got - want).abs() <= 1e-12, "{got} instead of {want}");
    }
}

#[test]
fn distances_of_noise_are_the_moments_of_a_quadratic_form() {
    // One mode, two axes: E d² = tr ΛS + mᵀΛm and Var d² = 2 tr ΛSΛS + 4 mᵀΛSΛm with Λ = Γ⁻¹, term by term.
    let grid = Grid::new(Size::square(1));
    let (gamma, mean) = ([0.5, 0.2], [0.9, -0.7]);
    let fields = mean.map(|m| vec![Complex64::new(m, 0.0)]).to_vec();
    let data = model(&grid, gamma.map(|g| vec![g]).to_vec(), fields, 10);
    for name in ["offset:1,shared", "white"] {
        let noise = noise(name, &data);
        let off_diagonal = noise.shared.first().zip(noise.shared.get(1)).map_or(0.0, |(a, b)| a * b);
        let d = divergence(&data, &noise).expect("numbers");
        for (members, square) in [(0.0, d.square()), (1.0, d.square_to_member())] {
            let s = |c: usize, d: usize| match c == d {
                true => noise.power[c][0] + members * gamma[c],
                false => off_diagonal,
            };
            let (mut expected, mut variance) = (0.0, 0.0);
            for c in 0..2 {
                expected += (s(c, c) + mean[c] * mean[c]) / gamma[c];
                for d in 0..2 {
                    let weight = 1.0 / (gamma[c] * gamma[d]);
                    variance += weight * (2.0 * s(c, d).powi(2) + 4.0 * mean[c] * s(c, d) * mean[d]);
                }
            }
            assert!((square.mean / expected - 1.0).abs() <= 1e-12, "{name}: {square:?} instead of {expected}");
            assert!((square.variance / variance - 1.0).abs() <= 1e-12, "{name}: {square:?} instead of {variance}");
        }
    }
}

#[test]
fn divergences_are_never_negative_and_matched_noise_has_the_mean_alone() {
    for (h, w) in SIZES {
        let grid = Grid::new(Size::new(h, w));
        let data = dataset(&grid);
        for name in ["white", "cloud:-0.7", "cloud:2.5", "cloud-crop:1", "offset:3,shared", "pyramid", "matched"] {
            let d = divergence(&data, &noise(name, &data)).expect("numbers");
            assert!(d.kl_data_noise >= 0.0 && d.kl_noise_data >= 0.0 && d.w2_square >= 0.0, "{name}, {h}×{w}: {d:?}");
        }
        let d = divergence(&data, &noise("matched", &data)).expect("numbers");
        let mean: f64 = (0..3)
            .map(|c| full_sum(&grid, data.mean_field[c].iter().zip(&data.gamma[c]).map(|(m, g)| m.norm_sqr() / g)))
            .sum();
        for kl in [d.kl_data_noise, d.kl_noise_data] {
            assert!((kl - 0.5 * mean).abs() <= 1e-12 * mean, "{h}×{w}: {kl} and {}", 0.5 * mean);
        }
        let w2: f64 = (0..3).map(|c| full_sum(&grid, data.mean_field[c].iter().map(|m| m.norm_sqr()))).sum();
        assert!((d.w2_square - w2).abs() <= 1e-12 * w2);
    }
}

#[test]
fn the_best_law_of_a_law_is_that_law() {
    let grid = Grid::new(Size::new(24, 32));
    let gamma = power_law(&grid, 1.37, ZeroFrequency::HalfPeriod);
    let zero = vec![Complex64::default(); grid.n_modes()];
    let data = model(&grid, vec![gamma], vec![zero], 1000);
    for (name, tolerance) in [("cloud:best", 1e-5), ("cloud:fit", 1e-9)] {
        let noise = noise(name, &data);
        let delta = noise.delta.expect("a law");
        assert!((delta - 1.37).abs() <= tolerance, "{name}: {delta}");
        let d = divergence(&data, &noise).expect("numbers");
        assert!(d.kl_data_noise <= 1e-6, "{name}: {d:?}");
    }
}

#[test]
fn the_best_law_is_sought_far_beyond_photographs() {
    let grid = Grid::new(Size::new(8, 8));
    for delta in [-1.9, 4.5] {
        let gamma: Vec<f64> = power_law(&grid, delta, ZeroFrequency::HalfPeriod).iter().map(|g| 1e3 * g).collect();
        let data = model(&grid, vec![gamma], vec![vec![Complex64::default(); grid.n_modes()]], 1000);
        let best = noise("cloud:best", &data).delta.expect("a law");
        assert!((best - delta).abs() <= 1e-3, "{best} instead of {delta}");
    }
}

#[test]
fn modes_below_rounding_are_counted_and_held_at_the_floor() {
    let grid = Grid::new(Size::new(4, 4));
    let mut gamma = vec![1.0; grid.n_modes()];
    gamma[grid.n_modes() - 1] = 0.0;
    gamma[5] = 1e-9; // stands for a pair
    let data = model(&grid, vec![gamma], vec![vec![Complex64::default(); grid.n_modes()]], 9);
    assert_eq!(data.n_floored(), 3);
    let d = divergence(&data, &noise("matched", &data)).expect("numbers");
    assert!(d.kl_data_noise == 0.0 && d.kl_noise_data == 0.0 && d.expected_square.is_finite(), "{d:?}");
}

#[test]
fn noise_without_power_where_images_have_some_is_infinitely_far_in_kl_alone() {
    let grid = Grid::new(Size::new(6, 9));
    let data = dataset(&grid);
    let d = divergence(&data, &noise("band:0.1,0.4", &data)).expect("numbers");
    assert_eq!((d.kl_noise_data, d.kl_data_noise), (f64::INFINITY, f64::INFINITY));
    let others = [d.expected_square, d.expected_square_to_member, d.w2_square];
    assert!(others.iter().all(|d| d.is_finite() && *d > 0.0), "{others:?}");
    // Images that have nothing there either are as close as any.
    let gamma: Vec<f64> = grid.frequencies().iter().map(|f| if *f > 0.1 && *f <= 0.4 { 0.3 } else { 0.0 }).collect();
    let same = model(&grid, vec![gamma], vec![vec![Complex64::default(); grid.n_modes()]], 100);
    let d = divergence(&same, &noise("band:0.1,0.4", &same)).expect("numbers");
    assert!(d.kl_noise_data <= 1e-12 && d.kl_data_noise <= 1e-12, "{d:?}");
}

#[test]
fn the_best_law_is_found_without_a_zero_frequency() {
    let grid = Grid::new(Size::new(24, 32));
    let mut gamma = power_law(&grid, 1.37, ZeroFrequency::Zero);
    gamma[0] = 3.0;
    let data = model(&grid, vec![gamma], vec![vec![Complex64::default(); grid.n_modes()]], 1000);
    let setting = crate::noise::Setting { zero_frequency: ZeroFrequency::Zero, ..data.setting() };
    let best = realise(&*parse_family("cloud:best").expect("a name"), &setting).expect("noise").spectrum;
    assert!((best.delta.expect("a law") - 1.37).abs() <= 0.02, "{:?}", best.delta);
    assert_eq!(divergence(&data, &best).expect("numbers").kl_data_noise, f64::INFINITY);
}

#[test]
fn chance_is_what_gaussian_images_of_known_spectrum_show() {
    use crate::spectral::Grid;
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    let grid = Grid::new(Size::new(20, 21));
    let truth: Vec<f64> = grid.frequencies().iter().map(|f| 0.1 / (0.1 + f)).collect();
    let n = 50;
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let fields: Vec<Vec<Complex64>> = (0..n)
        .map(|_| {
            let plane: Vec<f64> = StandardNormal.sample_iter(&mut random).take(20 * 21).collect();
            let white = crate::spectral::dft64::orthonormal_dft(grid.size(), &plane);
            white.iter().zip(&truth).map(|(x, g)| x * g.sqrt()).collect()
        })
        .collect();
    let mean: Vec<Complex64> =
        (0..grid.n_modes()).map(|k| fields.iter().map(|x| x[k]).sum::<Complex64>() / f64::from(n)).collect();
    let of_mode = |k: usize| fields.iter().map(|x| (x[k] - mean[k]).norm_sqr()).sum::<f64>() / f64::from(n - 1);
    let gamma: Vec<f64> = (0..grid.n_modes()).map(of_mode).collect();
    let noise = NoiseSpectrum {
        name: "the truth".to_owned(),
        delta: None,
        power: vec![truth.clone()],
        shared: vec![0.0],
        scale: vec![1.0],
    };
    for metric in [Metric::Modes, Metric::Radial] {
        let gamma = metric.apply(&grid, vec![gamma.clone()]).expect("a metric");
        let mut data = crate::noise::testing::model(&grid, gamma, vec![mean.clone()], 50);
        data.metric = metric;
        let chance = ChanceLevel::of(&data);
        assert_eq!(chance.mean_image, 0.01);
        assert_eq!(chance.gamma, if metric == Metric::Modes { 0.25 / 49.0 } else { 0.0 });
        let kl = divergence(&data, &noise).expect("numbers").kl_data_noise / data.n_dimensions();
        assert!((kl / chance.total() - 1.0).abs() <= 0.1, "{metric}: {kl} and {chance:?}");
    }
}
