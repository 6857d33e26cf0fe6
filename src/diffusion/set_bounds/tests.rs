//! Tests of a set's bounds against those of its images one by one.

use super::*;
use crate::diffusion::{ReferenceSchedule, compute_bounds, compute_waste, rounding_power};
use crate::spectral::Size;
use crate::spectrum::AnalysisConfig;
use crate::spectrum::order_statistics::quantile;
use crate::spectrum::testing::{pass, pass_in_files, random_images};
use crate::stats::order_interval::order_interval;

/// A width of a bin of the counts in a noise level, relative.
const BIN: f64 = 0.0028;

/// Images with bounds of their own, some of them at the floor, and five that are flat.
fn images(size: Size) -> Vec<Vec<u8>> {
    let mut images = random_images(size, 150, 3);
    for (i, image) in images.iter_mut().enumerate() {
        // Less and less contrast; the last ones vary by a level.
        let divisor = 2 + i / 10;
        image.iter_mut().for_each(|v| *v = 60 + *v / divisor as u8);
    }
    images.extend((0..5).map(|i| vec![10 * i; 3 * size.n_pixels()]));
    images
}

#[test]
fn quantiles_and_audits_are_those_of_the_images() {
    let config = AnalysisConfig::new(Size::square(16));
    let images = images(config.size);
    let (spectrum, summaries) = pass(&config, None, &images, 100);
    let (kappa, rounding) = (Kappa::default(), rounding_power(-1.0, 1.0));
    let ranges: Vec<_> =
        summaries.iter().filter_map(|s| compute_bounds(&s.rapsd, kappa, rounding).range().copied()).collect();
    let set = SetBounds::new(&spectrum, kappa, rounding).expect("bounds");
    assert_eq!((set.n_usable(), set.n_flat()), (ranges.len() as u64, (155 - ranges.len()) as u64));
    assert!(ranges.iter().any(|r| r.floor) && ranges.iter().any(|r| !r.floor) && set.n_flat() >= 5);
    let sorted = |of: fn(&crate::diffusion::NoiseRange) -> f64| {
        let mut values: Vec<f64> = ranges.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (minima, maxima) = (sorted(|r| r.sigma_min), sorted(|r| r.sigma_max));
    for level in [0.05, 0.5, 0.95] {
        for (got, values) in [(set.sigma_min(level), &minima), (set.sigma_max(level), &maxima)] {
            let want = order_interval(values, level);
            let near = |a: f64, b: f64| (a / b - 1.0).abs() <= BIN;
            assert!(near(got.value, quantile(values, level).expect("values")), "{level}: {got:?}, not {want:?}");
            for (got, want) in [(got.low95, want.low95), (got.high95, want.high95)] {
                assert!(got.zip(want).map_or(got == want, |(g, w)| near(g, w)), "{level}: {got:?}, not {want:?}");
            }
        }
    }
    let n = ranges.len() as f64;
    for name in ["edm:18", "ddpm-linear:100", "flow:50,3"] {
        let schedule: ReferenceSchedule = name.parse().expect("a schedule");
        let sigmas = schedule.sigmas();
        let audit = set.audit_steps(sigmas);
        let waste: Vec<_> = ranges.iter().map(|range| compute_waste(sigmas, range)).collect();
        // A bin may lie on the other side of a step.
        for (got, want) in [
            (audit.waste_below, waste.iter().map(|w| w.below).sum::<f64>() / n),
            (audit.waste_above, waste.iter().map(|w| w.above).sum::<f64>() / n),
            (audit.unreached_above, maxima.iter().filter(|s| **s > sigmas[0]).count() as f64 / n),
            (audit.unreached_below, minima.iter().filter(|s| **s < sigmas[sigmas.len() - 1]).count() as f64 / n),
        ] {
            assert!((got - want).abs() <= 0.01, "{name}: {got}, not {want}");
        }
    }
    for draws in [NoiseDraws::EDM, NoiseDraws::FlowShift { shift: 0.2 }] {
        let audit = set.audit_draws(draws);
        let below = minima.iter().map(|s| draws.share_below(*s)).sum::<f64>() / n;
        let above = maxima.iter().map(|s| 1.0 - draws.share_below(*s)).sum::<f64>() / n;
        assert!((audit.waste_below - below).abs() <= 0.002, "{draws}: {audit:?}, not {below}");
        assert!((audit.waste_above - above).abs() <= 0.002, "{draws}: {audit:?}, not {above}");
    }
}

#[test]
fn tiles_of_a_file_count_once_and_flat_sets_have_no_bounds() {
    let config = AnalysisConfig::new(Size::square(16));
    let images = random_images(config.size, 160, 3);
    let by_file = |n: usize| pass_in_files(&config, None, &images, 100, &|i| i % n == n - 1).0;
    let interval = |spectrum: &Spectrum| {
        SetBounds::new(spectrum, Kappa::default(), rounding_power(-1.0, 1.0)).expect("bounds").sigma_max(0.5)
    };
    let (alone, tiles) = (interval(&by_file(1)), interval(&by_file(8)));
    assert_eq!(alone.value, tiles.value);
    assert!(tiles.half_width() > alone.half_width().map(|half| 1.5 * half), "{tiles:?} and {alone:?}");
    let flat = pass(&config, None, &vec![vec![7; 3 * 256]; 4], 9).0;
    assert!(SetBounds::new(&flat, Kappa::default(), rounding_power(-1.0, 1.0)).is_none());
}
