//! Tests of the sums over each image's vector against the definitions, computed image by image in double precision.

use std::ops::Range;

use super::*;
use crate::spectral::{Channels, Size, ValueRange};
use crate::spectrum::testing::{Naive, analyze, pass, pass_in_files, random_images};
use crate::spectrum::{AnalysisConfig, Standardize};

/// Power of 8-bit rounding on −1:1.
const ROUNDING: f64 = 4.0 / 255.0 / 255.0 / 12.0;

/// The vector of image `i` by its definition; bands of power at most a hundredth of `rounding` count as that strong.
fn vector(naive: &Naive, bands: &[Range<usize>], rounding: f64, i: usize) -> Vec<f64> {
    let band = |band: &Range<usize>| {
        let logarithms = band.clone().map(|j| naive.rapsd(i, None, j).max(0.01 * rounding).ln());
        logarithms.sum::<f64>() / band.len() as f64
    };
    let n = naive.size.n_pixels() as f64;
    let squares = naive.raw[i].iter().map(|plane| plane.iter().map(|x| x * x).sum::<f64>() / n);
    let means: Vec<f64> = naive.raw[i].iter().map(|plane| plane.iter().sum::<f64>() / n).collect();
    let brightness = means.iter().map(|mean| mean * mean).sum::<f64>() / means.len() as f64;
    bands.iter().map(band).chain(squares).chain(means).chain([brightness]).collect()
}

#[test]
fn bands_are_octaves_up_to_the_last_annulus() {
    let bands = |side: usize| AnalysisConfig::new(Size::square(side)).octave_bands();
    assert_eq!(bands(1), Vec::<Range<usize>>::new());
    assert_eq!(bands(2), vec![1..2]);
    assert_eq!(bands(4), vec![1..3]);
    assert_eq!(bands(6), vec![1..2, 2..4]);
    assert_eq!(bands(64), vec![1..2, 2..4, 4..8, 8..16, 16..33]);
    assert_eq!(bands(96), vec![1..2, 2..4, 4..8, 8..16, 16..32, 32..49]);
    assert_eq!(bands(4096).len(), 11);
    assert_eq!(bands(8192).last(), Some(&(1024..4097)));
    for side in 2..200 {
        let joined: Vec<usize> = bands(side).into_iter().flatten().collect();
        assert_eq!(joined, (1..side / 2 + 1).collect::<Vec<_>>(), "{side}");
    }
}

#[test]
fn the_mean_vector_and_its_covariance_between_files_are_those_of_the_images() {
    let size = Size::new(15, 16);
    let images = random_images(size, 17, 3);
    // Files of 1, 4, 2 and 10 images.
    let last = [0, 4, 6, 16];
    let file_of = |i: usize| last.iter().position(|l| i <= *l).expect("a file");
    let base = AnalysisConfig::new(size);
    for config in [
        base.clone(),
        AnalysisConfig { channels: Channels::Luma, ..base.clone() },
        AnalysisConfig { range: [-3.0, 29.0].into(), ..base.clone() },
        AnalysisConfig { range: [0.0, 0.002].into(), ..base },
    ] {
        let naive = Naive::new(&config, &images);
        let ValueRange { low, high } = config.range;
        let rounding = ROUNDING * (0.5 * (high - low)).powi(2);
        for drain_every in [1, 3, 100] {
            let spectrum = pass_in_files(&config, None, &images, drain_every, &|i| last.contains(&i)).0;
            let set = spectrum.set_vector().expect("sums");
            assert_eq!((set.n_images, set.n_files, set.n_channels), (17, 4, config.channels.count()));
            assert_eq!(set.bands, config.octave_bands());
            let vectors: Vec<_> = (0..17).map(|i| vector(&naive, &set.bands, rounding, i)).collect();
            let length = vectors[0].len();
            assert_eq!((set.mean.len(), set.means().end, set.squared_brightness()), (length, length - 1, length - 1));
            let mean = |a: usize| vectors.iter().map(|v| v[a]).sum::<f64>() / 17.0;
            let scale = |a: usize| vectors.iter().map(|v| v[a].abs()).fold(0.0, f64::max);
            for a in 0..length {
                assert!((set.mean[a] - mean(a)).abs() <= 1e-5 * scale(a), "{a}: {} not {}", set.mean[a], mean(a));
                for b in 0..length {
                    let off = |file: usize, a: usize| -> f64 {
                        (0..17).filter(|i| file_of(*i) == file).map(|i| vectors[i][a] - mean(a)).sum()
                    };
                    let want = (0..4).map(|c| off(c, a) * off(c, b)).sum::<f64>() * 4.0 / 3.0 / (17.0 * 17.0);
                    let got = set.covariance_of_mean[a * length + b];
                    assert!((got - want).abs() <= 2e-5 * scale(a) * scale(b), "{a}, {b}: {got}, not {want}");
                }
            }
            let gradient: Vec<f64> = (0..length).map(|a| (a as f64 - 2.0) / scale(a)).collect();
            let along = |c: usize| -> f64 {
                let images = (0..17).filter(|i| file_of(*i) == c);
                images.map(|i| (0..length).map(|a| gradient[a] * (vectors[i][a] - mean(a))).sum::<f64>()).sum()
            };
            let want = (0..4).map(|c| along(c).powi(2)).sum::<f64>() * 4.0 / 3.0 / (17.0 * 17.0);
            let got = set.variance_of(&gradient).expect("files");
            assert!((got / want - 1.0).abs() <= 1e-3, "{got}, not {want}");
        }
    }
}

#[test]
fn one_file_has_a_mean_vector_and_no_spread() {
    let config = AnalysisConfig::new(Size::square(8));
    let spectrum = pass_in_files(&config, None, &random_images(config.size, 3, 4), 5, &|i| i == 2).0;
    let set = spectrum.set_vector().expect("sums");
    assert_eq!((set.n_files, set.covariance_of_mean.len()), (1, 0));
    assert_eq!(set.variance_of(&vec![1.0; set.mean.len()]), None);
    let pixels = pass(&config.with_less_detail(Detail::Radial), None, &random_images(config.size, 3, 4), 5).0;
    assert_eq!(pixels.set_vector(), None);
    assert!(pixels.extreme_powers(Extreme::Largest).is_none());
}

#[test]
fn flat_images_have_finite_vectors_and_count_with_no_power() {
    let config = AnalysisConfig::new(Size::square(8));
    let grey = vec![vec![100; 192], vec![30; 192]];
    let spectrum = analyze(&config, &grey);
    let set = spectrum.set_vector().expect("sums");
    for (band, mean) in set.bands.iter().zip(&set.mean) {
        assert!((mean - (0.01 * ROUNDING).ln()).abs() <= 1e-12, "{band:?}: {mean}");
    }
    for which in [Extreme::Largest, Extreme::Smallest] {
        let powers = spectrum.extreme_powers(which).expect("counts");
        assert_eq!(powers.n_at_most(1e-7 * ROUNDING), 2);
        assert_eq!(powers.order_statistic(2), None);
    }
    // A single pixel has no bands at all.
    let pixel = analyze(&AnalysisConfig::new(Size::square(1)), &[vec![3, 200, 77]]);
    let set = pixel.set_vector().expect("sums");
    assert_eq!((set.bands.len(), set.mean.len()), (0, 7));
    assert_eq!(pixel.extreme_powers(Extreme::Smallest).expect("counts").order_statistic(0), Some(0.0));
}

#[test]
fn extreme_powers_are_those_of_the_images_to_the_width_of_a_bin() {
    for standardize in [Standardize::Mean, Standardize::Pixel] {
        let config = AnalysisConfig { standardize, range: [0.0, 9.0].into(), ..AnalysisConfig::new(Size::new(9, 12)) };
        let images = random_images(config.size, 40, 7);
        let (spectrum, naive) = (analyze(&config, &images), Naive::new(&config, &images));
        for (which, pick) in [(Extreme::Largest, f64::max as fn(f64, f64) -> f64), (Extreme::Smallest, f64::min)] {
            let bands = |i: usize| (1..7).map(move |j| (i, j));
            let power = |i: usize| bands(i).map(|(i, j)| naive.rapsd(i, None, j)).reduce(pick).expect("bands");
            let mut powers: Vec<f64> = (0..40).map(power).collect();
            powers.sort_by(f64::total_cmp);
            let histogram = spectrum.extreme_powers(which).expect("counts");
            for (rank, want) in powers.iter().enumerate() {
                let got = histogram.order_statistic(rank as u64).expect("an image");
                assert!((got / want - 1.0).abs() <= 0.0055, "{which:?}, {rank}: {got}, not {want}");
            }
            assert_eq!(histogram.order_statistic(40), None);
            let between = 0.5 * (powers[19] + powers[20]);
            let n = histogram.n_at_most(between);
            let near = |power: &&f64| (*power / between - 1.0).abs() <= 0.0055;
            let slack = powers.iter().filter(near).count() as u64;
            assert!(n.abs_diff(20) <= slack, "{n} of 20");
            assert_eq!((histogram.n_at_most(-1.0), histogram.n_at_most(1e9)), (0, 40));
        }
    }
}
