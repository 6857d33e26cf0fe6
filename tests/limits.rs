//! Limits: known chances, what happens inside, and how often a true value at its limit fails.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use specscan::stats::limits::{Side, distance_beyond, mean_beyond, quantile, quantile_beyond, share_beyond, wilson};
use specscan::stats::student::student_p;

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} is not {expected}");
}

#[test]
fn a_limit_of_nothing_is_the_usual_test() {
    for (d, e, degrees) in [(0.7, 0.3, 9.0), (-0.7, 0.3, 9.0), (0.01, 1.0, 300.0)] {
        assert_close(mean_beyond(d, e, degrees, 0.0, 0.0), student_p(d / e, degrees), 1e-12, "two-sided t");
    }
}

#[test]
fn inside_the_limits_nothing_is_beyond_and_nan_never_passes() {
    assert_eq!(mean_beyond(0.5, 0.01, 9.0, -1.0, 1.0), 1.0);
    assert_eq!(mean_beyond(1.5, 0.0, 9.0, -1.0, 1.0), 0.0);
    assert!(mean_beyond(f64::NAN, 0.1, 9.0, -1.0, 1.0).is_nan());
    assert!(mean_beyond(2.0, f64::NAN, 9.0, -1.0, 1.0).is_nan());
    assert!(mean_beyond(2.0, 0.1, f64::NAN, -1.0, 1.0).is_nan());
    assert!(mean_beyond(2.0, f64::INFINITY, 9.0, -1.0, 1.0).is_nan());
    assert_eq!(mean_beyond(-50.0, 1.0, 9.0, f64::NEG_INFINITY, 1.0), 1.0);
    for side in [Side::Above, Side::Below, Side::Both] {
        assert!(share_beyond((0, 0), (0, 0), 0.1, side).is_nan() || share_beyond((0, 0), (0, 0), 0.1, side) > 0.05);
        assert!(share_beyond((5, 400), (40, 200), f64::NAN, side).is_nan(), "{side:?}");
        assert!(quantile_beyond(&[], &[1.0], 0.5, 0.0, side).is_nan(), "{side:?}");
    }
}

#[test]
fn a_difference_at_its_limit_fails_in_five_percent_at_most() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut normal = || (0..12).map(|_| random.random_range(-0.5f64..0.5)).sum::<f64>();
    for degrees in [300.0, 1e6] {
        let n = 20_000;
        let fails = (0..n).filter(|_| mean_beyond(1.0 + 0.4 * normal(), 0.4, degrees, -1.0, 1.0) <= 0.05).count();
        // Within 3.3 standard deviations of 5 %.
        assert!((900..=1100).contains(&fails), "{degrees} degrees: {fails} of {n}");
    }
}

#[test]
fn shares_are_tested_by_fisher_or_beyond_a_tolerance() {
    // scipy.stats.fisher_exact([[10, 190], [0, 400]], "greater")
    assert_close(share_beyond((0, 400), (10, 200), 0.0, Side::Above), 1.4529e-5, 1e-8, "Fisher");
    assert_close(share_beyond((10, 200), (0, 200), 0.0, Side::Above), 1.0, 1e-9, "none in place of ten");
    let both = share_beyond((10, 200), (0, 200), 0.0, Side::Both);
    assert_close(both, 2.0 * share_beyond((10, 200), (0, 200), 0.0, Side::Below), 1e-15, "two tails");
    // z = (11/202 − 1/402 − 0.02)/0.016158 = 1.9785
    assert_close(share_beyond((0, 400), (10, 200), 0.02, Side::Above), 0.02394, 2e-5, "Agresti and Caffo");
    assert!(share_beyond((0, 400), (60, 200), 0.02, Side::Above) < 1e-6);
}

/// Their tables are more than a number can count.
#[test]
fn shares_of_thousands_of_files_are_tested_too() {
    // scipy.stats.hypergeom.sf(261, 3000, 622, 1000)
    assert_close(share_beyond((360, 2000), (262, 1000), 0.0, Side::Above), 1.6133e-7, 1e-10, "Fisher");
    let numbers: Vec<f64> = (0..2000).map(f64::from).collect();
    let higher: Vec<f64> = numbers.iter().map(|x| x + 200.0).collect();
    assert!(quantile_beyond(&numbers, &higher, 0.5, 0.0, Side::Both) < 1e-6);
    assert!(quantile_beyond(&numbers, &higher, 0.5, 300.0, Side::Both) > 0.5);
    assert!(quantile_beyond(&higher, &numbers, 0.5, 300.0, Side::Both) > 0.5, "on the other side, too");
    assert!(quantile_beyond(&higher, &numbers, 0.5, 100.0, Side::Below) < 1e-3);
}

/// Widths of photographs, most of them alike: more wide ones do not move the median.
#[test]
fn a_quantile_that_stays_is_not_beyond_though_more_files_are() {
    let first = [500.0; 36];
    let second = [[500.0; 36].as_slice(), &[640.0; 14]].concat();
    for side in [Side::Both, Side::Above, Side::Below] {
        assert_eq!(quantile_beyond(&first, &second, 0.5, 30.0, side), 1.0, "{side:?}");
        assert_eq!(quantile_beyond(&first, &second, 0.5, 0.0, side), 1.0, "{side:?}");
    }
    let most = [[500.0; 14].as_slice(), &[640.0; 36]].concat();
    assert!(quantile_beyond(&first, &most, 0.5, 30.0, Side::Above) < 1e-6);
}

#[test]
fn a_share_at_its_tolerance_fails_in_about_five_percent_at_most() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for (share, tolerance) in [(0.02, 0.0), (0.02, 0.03), (0.1, 0.02), (0.3, 0.1)] {
        let mut draw = |n: u64, p: f64| ((0..n).filter(|_| random.random_bool(p)).count() as u64, n);
        let fails = (0..2000)
            .filter(|_| share_beyond(draw(400, share), draw(200, share + tolerance), tolerance, Side::Above) <= 0.05)
            .count();
        assert!(fails <= 130, "{share} + {tolerance}: {fails} of 2000");
    }
}

#[test]
fn wilsons_interval_is_that_of_the_books() {
    let (low, high) = wilson((10, 200)).expect("files");
    assert_close(low, 0.027, 5e-4, "low");
    assert_close(high, 0.0896, 5e-4, "high");
    assert_eq!(wilson((0, 0)), None);
}

#[test]
fn quantiles_that_moved_are_seen_and_equal_ones_fail_rarely() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut draw = |n: usize, shift: f64| {
        let mut x: Vec<f64> = (0..n).map(|_| shift + random.random_range(0.0f64..1.0)).collect();
        x.sort_by(f64::total_cmp);
        x
    };
    let mut alarms = 0;
    for _ in 0..1000 {
        alarms += u32::from(quantile_beyond(&draw(400, 0.0), &draw(200, 0.1), 0.9, 0.1, Side::Above) <= 0.05);
    }
    assert!(alarms <= 75, "{alarms} of 1000");
    assert!(quantile_beyond(&draw(400, 0.0), &draw(200, 0.3), 0.5, 0.1, Side::Both) < 1e-4);
    let (value, low, high) = quantile(&draw(400, 0.0), 0.5).expect("numbers");
    assert!(low < value && value < high && (value - 0.5).abs() < 0.1, "{low} {value} {high}");
    assert_eq!(quantile(&[], 0.5), None);
}

#[test]
fn a_distance_by_chance_fails_rarely_and_a_true_one_is_seen() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut normal = || (0..12).map(|_| random.random_range(-0.5f64..0.5)).sum::<f64>();
    // Ten terms that share half of their variance.
    let covariance: Vec<f64> = (0..100).map(|at| if at % 11 == 0 { 0.04 } else { 0.02 }).collect();
    let mut draw = |shift: f64| -> Vec<f64> {
        let common = normal();
        (0..10).map(|_| shift + 0.02f64.sqrt() * (common + normal())).collect()
    };
    for limit in [0.0, 0.5] {
        let fails = (0..2000).filter(|_| distance_beyond(&draw(limit), &covariance, 1e6, limit) <= 0.05).count();
        assert!(fails <= 150, "{limit}: {fails} of 2000");
    }
    assert!(distance_beyond(&draw(1.5), &covariance, 1e6, 0.5) < 1e-3);
    // One number: the usual t test, scipy.stats.t.sf(2, 9) twice.
    assert_close(distance_beyond(&[2.0], &[1.0], 9.0, 0.0), 0.076_552_8, 1e-6, "few files");
}
