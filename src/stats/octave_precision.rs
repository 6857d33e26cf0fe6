//! How surely the mean power of a set is known, octave by octave.
//!
//! # Definition
//!
//! The power of an octave is the sum over its annuli ([`Size::octaves`](crate::spectral::Size::octaves)) of modes times
//! mean power, in decibels; it follows the mean RAPSD linearly near its value, hence its interval ([`LinearEstimate`]).

use serde::Serialize;

use super::jackknife::Interval;
use super::power_law::LinearEstimate;
use crate::spectral::Grid;
use crate::spectrum::RadialStatistics;
use crate::spectrum::order_statistics::quantiles;

/// How surely the mean power of octaves is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OctavePrecision {
    /// `10·log10` of the mean power per mode over all annuli but the zero frequency, value² per mode.
    pub power_db: Interval,
    /// Half the width of the 95 % interval of an octave's power, median over octaves, dB; none below five files.
    pub half_width_typical_db: Option<f64>,
    /// The largest of them, dB.
    pub half_width_worst_db: Option<f64>,
    /// Where that octave begins, cycles per pixel.
    pub worst_from_cycles_per_px: Option<f64>,
}

/// That of the annulus powers `power` (value² per mode) of a set whose RAPSDs have these statistics; none where no
/// annulus beyond the zero frequency has power.
///
/// # Panics
///
/// If `power` does not hold one value per annulus.
pub fn octave_precision(grid: &Grid, power: &[f64], statistics: &RadialStatistics) -> Option<OctavePrecision> {
    assert_eq!(power.len(), grid.n_annuli(), "one power per annulus");
    let whole = in_decibels(grid, power, statistics, 1..power.len())?;
    let octaves = grid.size().octaves().into_iter().filter_map(|octave| {
        let start = octave.start;
        Some((start, in_decibels(grid, power, statistics, octave)?.half_width()?))
    });
    let octaves: Vec<(usize, f64)> = octaves.collect();
    let worst = octaves.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let [typical] = quantiles(octaves.iter().map(|(_, half)| *half).collect(), [0.5]);
    Some(OctavePrecision {
        power_db: Interval { value: whole.value, low95: whole.low95, high95: whole.high95 },
        half_width_typical_db: typical,
        half_width_worst_db: worst.map(|(_, half)| *half),
        worst_from_cycles_per_px: worst.map(|(start, _)| *start as f64 / grid.size().longer_side() as f64),
    })
}

/// The mean power per mode over some annuli, in dB; none where they have none.
fn in_decibels(
    grid: &Grid,
    power: &[f64],
    statistics: &RadialStatistics,
    annuli: std::ops::Range<usize>,
) -> Option<LinearEstimate> {
    let modes = &grid.modes_per_annulus()[annuli.clone()];
    let sum: f64 = modes.iter().zip(&power[annuli.clone()]).map(|(n, p)| n * p).sum();
    if !(sum > 0.0 && sum.is_finite()) {
        return None;
    }
    let mut gradient = vec![0.0; power.len()];
    for (g, n) in gradient[annuli].iter_mut().zip(modes) {
        *g = 10.0 / std::f64::consts::LN_10 * n / sum;
    }
    let value = 10.0 * (sum / modes.iter().sum::<f64>()).log10();
    Some(LinearEstimate::new(value, &gradient, statistics))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectral::Size;
    use crate::spectrum::testing::radial_statistics as statistics;
    use crate::stats::student::student_quantile;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, LogNormal};

    fn set(n: usize, annuli: usize, random: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
        let spread = LogNormal::new(0.0, 0.5).expect("a distribution");
        let image = |random: &mut ChaCha8Rng| {
            let contrast: f64 = spread.sample(random);
            (0..annuli).map(|j| contrast * spread.sample(random) / (1.0 + j as f64).powi(2)).collect()
        };
        (0..n).map(|_| image(random)).collect()
    }

    #[test]
    fn half_widths_are_those_of_each_octaves_mean_over_images() {
        let grid = Grid::new(Size::new(16, 16));
        let rapsds = set(9, grid.n_annuli(), &mut ChaCha8Rng::seed_from_u64(3));
        let statistics = statistics(&rapsds);
        let got = octave_precision(&grid, &statistics.mean, &statistics).expect("power");
        // Image by image: the power of the octave, its mean, the standard error of that, in dB.
        let modes = grid.modes_per_annulus();
        let half = |annuli: std::ops::Range<usize>| {
            let of = |r: &Vec<f64>| annuli.clone().map(|j| modes[j] * r[j]).sum::<f64>();
            let powers: Vec<f64> = rapsds.iter().map(of).collect();
            let mean = powers.iter().sum::<f64>() / 9.0;
            let variance = powers.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / 8.0;
            student_quantile(8.0) * (variance / 9.0).sqrt() / mean * 10.0 / std::f64::consts::LN_10
        };
        let mut halves = [half(1..2), half(2..4), half(4..9)];
        let worst = halves.iter().copied().fold(0.0, f64::max);
        let place = [1.0, 2.0, 4.0][halves.iter().position(|h| *h == worst).expect("one")] / 16.0;
        halves.sort_by(f64::total_cmp);
        let typical = halves[1];
        assert!((got.half_width_typical_db.expect("files") / typical - 1.0).abs() <= 1e-9, "{got:?} {halves:?}");
        assert!((got.half_width_worst_db.expect("files") / worst - 1.0).abs() <= 1e-9, "{got:?} {halves:?}");
        assert_eq!(got.worst_from_cycles_per_px, Some(place));
        let whole = got.power_db.half_width().expect("files");
        assert!((whole / half(1..9) - 1.0).abs() <= 1e-9, "{got:?}");
    }

    #[test]
    fn intervals_of_the_mean_power_cover_the_truth() {
        let grid = Grid::new(Size::new(16, 16));
        let mut random = ChaCha8Rng::seed_from_u64(11);
        // E exp(0.5 z) = exp(0.125), twice.
        let modes = grid.modes_per_annulus();
        let of = |j: usize| modes[j] * 0.25_f64.exp() / (1.0 + j as f64).powi(2);
        let truth: f64 = (1..grid.n_annuli()).map(of).sum::<f64>() / modes[1..].iter().sum::<f64>();
        let covers = (0..400).filter(|_| {
            let statistics = statistics(&set(30, grid.n_annuli(), &mut random));
            let got = octave_precision(&grid, &statistics.mean, &statistics).expect("power").power_db;
            let truth = 10.0 * truth.log10();
            got.low95.expect("files") <= truth && truth <= got.high95.expect("files")
        });
        let n = covers.count();
        // 95 % ± 2.2 % of chance; skewed powers lose a little.
        assert!((360..=396).contains(&n), "{n} of 400");
    }

    #[test]
    fn few_files_have_no_interval_and_flat_images_no_power() {
        let grid = Grid::new(Size::new(8, 8));
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let few = statistics(&set(4, grid.n_annuli(), &mut random));
        let got = octave_precision(&grid, &few.mean, &few).expect("power");
        assert_eq!(
            (got.half_width_typical_db, got.half_width_worst_db, got.worst_from_cycles_per_px),
            (None, None, None)
        );
        assert!(got.power_db.value.is_finite() && got.power_db.low95.is_none());
        let mut brightness = vec![0.0; grid.n_annuli()];
        brightness[0] = 1.0;
        assert_eq!(octave_precision(&grid, &brightness, &few), None);
    }
}
