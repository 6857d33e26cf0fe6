//! How well the mean power of each octave of a set is known, and from that when a sample of its files is enough.
//!
//! # Definition
//!
//! The mean power of an octave of frequencies ([`Size::octaves`](crate::spectral::Size::octaves)) is that over its
//! modes, `P = Σ_j N_j R̄_j / Σ_j N_j`. Its standard error follows from the covariance of R̄ between files
//! ([`RadialStatistics`]): tiles of one file count once. It is that of another set of as many files; that files are
//! drawn without replacement makes it smaller, which is left out.
//!
//! Files are drawn at random, so every number of them is a sample of the whole. It is looked at only at fixed numbers
//! of files, `256·√2^k`: a rule that looks after each file stops where the error is small by chance.

use std::iter::successors;
use std::ops::Range;

use serde::Serialize;

use crate::spectral::Grid;
use crate::spectrum::{RadialStatistics, RapsdOf, Spectrum};

/// Fewest files after which a scan may stop: the errors of fewer are too uncertain themselves.
pub const MIN_FILES: usize = 256;

/// How far a scan came that was to stop as soon as its error was small.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reached {
    /// Largest standard error of an octave's mean power that was asked for, as a share of that power.
    pub asked_error: f64,
    /// The largest one of all octaves when the scan ended, as a share; none where it cannot be told.
    pub error: Option<f64>,
    /// Files that were read, in the order drawn; those that could not be used count, too.
    pub n_read: u64,
    /// Files that there were to read.
    pub n_files: u64,
}

impl Reached {
    /// Whether the error is as small as was asked for.
    pub fn is_enough(&self) -> bool {
        self.error.is_some_and(|error| error < self.asked_error)
    }
}

/// Numbers of files at which a scan of `n` files looks at its error, rising: `256·√2^k`, rounded, below `n`; then `n`.
pub fn check_points(n: usize) -> impl Iterator<Item = usize> {
    let point = |k: i32| (MIN_FILES as f64 * 2_f64.powf(0.5 * f64::from(k))).round() as usize;
    let points = successors(Some(0), |k| Some(k + 1)).map(point);
    points.take_while(move |point| *point < n).chain([n])
}

/// Mean power of each octave and its standard error, value²; none for fewer than two files.
pub fn octave_powers(grid: &Grid, statistics: &RadialStatistics) -> Option<Vec<(f64, f64)>> {
    let power = |octave: Range<usize>| {
        let n_modes: f64 = grid.modes_per_annulus()[octave.clone()].iter().sum();
        let mut shares = vec![0.0; grid.n_annuli()];
        octave.clone().for_each(|j| shares[j] = grid.modes_per_annulus()[j] / n_modes);
        let mean = octave.map(|j| shares[j] * statistics.mean[j]).sum();
        Some((mean, statistics.variance_of(&shares)?.sqrt()))
    };
    grid.size().octaves().into_iter().map(power).collect()
}

/// The largest standard error of an octave's mean power, as a share of it; none for fewer than two files, and for
/// images of one pixel. Octaves without power are known exactly.
pub fn octave_error(grid: &Grid, statistics: &RadialStatistics) -> Option<f64> {
    let powers = octave_powers(grid, statistics)?;
    let share = |(mean, error): (f64, f64)| if error == 0.0 && mean.is_finite() { 0.0 } else { error / mean };
    // What is no number is larger than any error that was asked for.
    powers.into_iter().map(share).reduce(|worst, share| if share > worst || share.is_nan() { share } else { worst })
}

/// That of the images in `spectrum`, channels averaged.
pub fn error_of(spectrum: &Spectrum) -> Option<f64> {
    octave_error(spectrum.grid(), &spectrum.radial_statistics(RapsdOf::ChannelMean))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::seq::index;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::spectral::Size;
    use crate::spectrum::testing::radial_statistics as statistics;
    use crate::stats::student::student_quantile;

    #[test]
    fn files_are_counted_at_fixed_numbers_and_at_the_end() {
        assert!(check_points(1500).eq([256, 362, 512, 724, 1024, 1448, 1500]));
        assert!(check_points(257).eq([256, 257]));
        assert!(check_points(256).eq([256]) && check_points(12).eq([12]));
    }

    #[test]
    fn the_error_is_that_of_the_octaves_power_file_by_file() {
        let grid = Grid::new(Size::square(12));
        let files: Vec<Vec<f64>> =
            (0..9).map(|i| (0..7).map(|j| 1.0 + f64::from((i * 7 + j * 5 + i * j) % 11)).collect()).collect();
        let got = octave_powers(&grid, &statistics(&files)).expect("nine files");
        assert_eq!(got.len(), 3);
        let modes = grid.modes_per_annulus();
        for ((mean, error), octave) in got.into_iter().zip([1..2, 2..4, 4..7]) {
            // The same from the power of each file.
            let total: f64 = modes[octave.clone()].iter().sum();
            let power = |file: &Vec<f64>| octave.clone().map(|j| modes[j] * file[j]).sum::<f64>() / total;
            let powers: Vec<f64> = files.iter().map(power).collect();
            let want = powers.iter().sum::<f64>() / 9.0;
            let variance = powers.iter().map(|p| (p - want).powi(2)).sum::<f64>() / 8.0;
            assert!((mean - want).abs() <= 1e-12 * want, "{octave:?}");
            assert!((error - (variance / 9.0).sqrt()).abs() <= 1e-12 * want, "{octave:?}");
        }
    }

    #[test]
    fn sets_without_spread_power_or_number_are_told_apart() {
        let grid = Grid::new(Size::square(4));
        let of = |files: &[&Vec<f64>]| octave_error(&grid, &statistics(files));
        let (a, b) = (vec![1.0, 3.0, 2.0], vec![1.0, 5.0, 2.0]);
        assert_eq!(of(&[&a, &a]), Some(0.0));
        assert_eq!(of(&[&vec![1.0, 0.0, 0.0], &vec![2.0, 0.0, 0.0]]), Some(0.0), "only brightness differs");
        assert!(of(&[&a, &b]).is_some_and(|error| error > 0.1));
        assert!(of(&[&a, &vec![1.0, f64::NAN, 2.0]]).is_some_and(f64::is_nan));
        let one = RadialStatistics::without_spread(a, 1, 1);
        assert_eq!(octave_error(&grid, &one), None);
        let pixel = statistics(&[&vec![1.0], &vec![2.0]]);
        assert_eq!(octave_error(&Grid::new(Size::square(1)), &pixel), None);
        let reached = |error| Reached { asked_error: 0.02, error, n_read: 9, n_files: 9 };
        assert!(reached(Some(0.019)).is_enough() && !reached(Some(0.02)).is_enough());
        assert!(!reached(Some(f64::NAN)).is_enough() && !reached(None).is_enough());
    }

    /// The rule on 200 orders of a made set of files: lognormal powers that go together, most at low frequencies.
    #[test]
    fn intervals_at_the_stop_cover_the_truth() {
        const N: usize = 20_000;
        let grid = Grid::new(Size::square(16));
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        let files: Vec<Vec<f64>> = (0..N)
            .map(|_| {
                let contrast = 0.5 * normal();
                (0..9).map(|j| (contrast + 0.7 * normal()).exp() / f64::from(j * j + 1)).collect()
            })
            .collect();
        let truth = octave_powers(&grid, &statistics(&files)).expect("many files");
        let (mut n_covered, mut n_read) = (vec![0; truth.len()], Vec::new());
        for seed in 0..200 {
            let order = index::sample(&mut ChaCha8Rng::seed_from_u64(seed), N, N).into_vec();
            let stop = check_points(N).find_map(|n| {
                let sample = statistics(&order[..n].iter().map(|i| &files[*i]).collect::<Vec<_>>());
                octave_error(&grid, &sample).filter(|error| *error < 0.04).map(|_| (n, sample))
            });
            let (n, sample) = stop.expect("no need for all");
            n_read.push(n);
            let quantile = student_quantile(n as f64 - 1.0);
            let powers = octave_powers(&grid, &sample).expect("256 files at least");
            for (((power, error), (true_power, _)), n) in powers.into_iter().zip(&truth).zip(&mut n_covered) {
                *n += i32::from((power - true_power).abs() <= quantile * error);
            }
        }
        println!("covered of 200: {n_covered:?}; files read {:?} to {:?}", n_read.iter().min(), n_read.iter().max());
        assert!(n_covered.iter().all(|n| (180..=198).contains(n)), "{n_covered:?}");
        assert!(n_read.iter().all(|n| (512..=1448).contains(n)), "{n_read:?}");
    }
}
