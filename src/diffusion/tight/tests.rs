//! Tight schedules: against a plain quadrature, their ends and order on nasty spectra, conversions.

use proptest::prelude::*;

use super::*;
use crate::diffusion::bounds::rounding_power;
use crate::spectral::Named;

fn plan(longer_side: usize, n_steps: usize) -> TightPlan {
    TightPlan::new(longer_side, Kappa::default(), rounding_power(-1.0, 1.0), n_steps).expect("a plan")
}

/// RAPSD of a power law with the exponent `2Δ`, wiggled so that it is not monotone.
fn photograph(longer_side: usize, exponent: f64) -> Vec<f64> {
    let band = |j: usize| (j.max(1) as f64).powf(-exponent) * 30.0 * (1.0 + 0.4 * (j as f64 * 2.1).sin());
    (0..=longer_side / 2).map(band).collect()
}

fn assert_sound(schedule: &TightSchedule, range: &NoiseRange, what: &str) {
    let l = &schedule.logsnr;
    assert_eq!((l[0], l[l.len() - 1]), (range.logsnr_max(), range.logsnr_min()), "{what}");
    assert!(l.iter().all(|v| v.is_finite()), "{what}");
    assert!(l.windows(2).all(|w| w[0] > w[1]), "{what}: {l:?}");
}

/// λ before its ends are mapped, by bisection on a trapezoidal distribution: nothing shared with the code under test.
fn by_quadrature(rapsd: &[f64], longer_side: usize, n_steps: usize, kind: ScheduleKind) -> Vec<f64> {
    let n = longer_side / 2;
    let f = |j: usize| j as f64 / longer_side as f64;
    let falling = |j: usize| rapsd[j..=n].iter().copied().fold(0.0, f64::max);
    let ln_r = |q: f64| {
        let j = ((q * longer_side as f64).floor() as usize).clamp(1, n.max(2) - 1);
        let share = (q / f(j)).ln() / (f(j + 1) / f(j)).ln();
        (1.0 - share) * falling(j).ln() + share * falling(j + 1).ln()
    };
    let n_grid = 400_000;
    let grid = |i: usize| f(1) + (f(n) - f(1)) * i as f64 / n_grid as f64;
    let mut mass = vec![0.0];
    for i in 1..=n_grid {
        mass.push(mass[i - 1] + 0.5 * (ln_r(grid(i - 1)).exp() + ln_r(grid(i)).exp()));
    }
    let step = |i: usize| {
        let t = i as f64 / (n_steps - 1) as f64;
        let by_frequency = ln_r(f(n) + (f(1) - f(n)) * t);
        let target = (1.0 - t) * mass[n_grid];
        let above = mass.partition_point(|m| *m < target).clamp(1, n_grid);
        let inner = (target - mass[above - 1]) / (mass[above] - mass[above - 1]);
        let by_power = ln_r(grid(above - 1) + inner * (grid(1) - grid(0)));
        let ln_r = match kind {
            ScheduleKind::Frequency => by_frequency,
            ScheduleKind::Power => by_power,
            ScheduleKind::Mixed => 0.5 * (by_frequency + by_power),
        };
        -((1.0 - t) * 0.1f64.ln() + t * 10f64.ln()) - ln_r
    };
    (0..n_steps).map(step).collect()
}

#[test]
fn all_kinds_equal_a_plain_quadrature() {
    for (side, exponent) in [(32, 2.0), (33, 1.0), (48, 0.3), (20, 3.5)] {
        let rapsd = photograph(side, exponent);
        for kind in ScheduleKind::ALL {
            let schedule = plan(side, 15).schedule(&rapsd, kind).expect("not flat");
            let expected = by_quadrature(&rapsd, side, 15, kind);
            let (first, last) = (expected[0], expected[14]);
            let (clean, noisy) = (schedule.logsnr[0], schedule.logsnr[14]);
            for (got, raw) in schedule.logsnr.iter().zip(&expected) {
                let want = clean + (raw - first) / (last - first) * (noisy - clean);
                assert!((got - want).abs() <= 1e-6, "{side} {kind}: {got} is not {want}");
            }
        }
    }
}

#[test]
fn a_flat_spectrum_gives_a_straight_line() {
    // R constant: λ = −ln κ(t) − ln R, whose ends are the bounds already.
    for kind in ScheduleKind::ALL {
        let schedule = plan(16, 5).schedule(&[0.25; 9], kind).expect("not flat");
        for (l, t) in schedule.logsnr.iter().zip(&schedule.t) {
            let expected = -(0.25f64.ln()) - (1.0 - t) * 0.1f64.ln() - t * 10f64.ln();
            assert!((l - expected).abs() <= 1e-12);
        }
    }
}

#[test]
fn an_inverse_law_is_integrated_without_a_special_case() {
    // R = 1/f makes c = 0 in every piece, up to rounding: F is a logarithm, and λ_power a straight line in t.
    let rapsd: Vec<f64> = (0..=64).map(|j| 1.0 / (j.max(1) as f64)).collect();
    let schedule = plan(128, 9).schedule(&rapsd, ScheduleKind::Power).expect("not flat");
    let (first, last) = (schedule.logsnr[0], schedule.logsnr[8]);
    for (l, t) in schedule.logsnr.iter().zip(&schedule.t) {
        assert!((l - (first + t * (last - first))).abs() <= 1e-10);
    }
}

#[test]
fn nasty_spectra_fall_strictly_between_exact_ends() {
    let tiny = f64::MIN_POSITIVE;
    let nasty: Vec<(&str, Vec<f64>)> = vec![
        ("zeros above a single spike", vec![9.0, 4.0, 0.0, 0.0, 0.0, 0.0]),
        ("a spike at the top", vec![0.0, 0.0, 0.0, 0.0, 0.0, 4.0]),
        ("a spike in the middle", vec![1e9, 0.0, 0.0, 1e6, 0.0, 0.0]),
        ("denormal powers", vec![1.0, 1.0, tiny, tiny / 2.0, tiny, 0.0]),
        ("enormous powers", vec![1.0, 1e300, 1e290, 1e-300, 1e280, 1.0]),
        ("a cliff", vec![1.0, 1e12, 1e12, 1e12, 1e-12, 1e-12]),
        ("rising", vec![0.0, 1e-3, 1e-2, 0.1, 1.0, 10.0]),
        ("barely above rounding", vec![1.0, 5.2e-7, 0.0, 0.0, 0.0, 0.0]),
    ];
    for (name, rapsd) in &nasty {
        for kind in ScheduleKind::ALL {
            for n_steps in [2, 3, 11, 1000] {
                let plan = plan(10, n_steps);
                let range = *compute_bounds(rapsd, plan.kappa, plan.rounding_power).range().expect(name);
                assert_sound(&plan.schedule(rapsd, kind).expect(name), &range, name);
            }
        }
    }
    // One band, and two.
    for (side, rapsd) in [(2, vec![0.0, 3.0]), (3, vec![1.0, 3.0]), (4, vec![1.0, 3.0, 0.1]), (5, vec![1.0, 3.0, 3.0])]
    {
        for kind in ScheduleKind::ALL {
            let plan = plan(side, 7);
            let range = *compute_bounds(&rapsd, plan.kappa, plan.rounding_power).range().expect("power");
            assert_sound(&plan.schedule(&rapsd, kind).expect("power"), &range, "few bands");
        }
    }
}

#[test]
fn flat_images_have_none_and_leave_the_buffer() {
    let plan = plan(8, 4);
    assert_eq!(plan.schedule(&[7.0, 0.0, 0.0, 0.0, 0.0], ScheduleKind::Mixed), None);
    let mut out = [1.0, 2.0, 3.0, 4.0];
    let bounds = plan.fill(&[0.0; 5], ScheduleKind::Mixed, &mut plan.workspace(), &mut out);
    assert!(bounds.is_flat());
    assert_eq!(out, [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn equal_thresholds_rest_but_never_rise() {
    let one = Kappa::new(1.0, 1.0).expect("positive");
    let plan = TightPlan::new(10, one, rounding_power(-1.0, 1.0), 21).expect("a plan");
    for rapsd in [[1.0, 2.0, 2.0, 2.0, 0.5, 0.5], [1.0; 6]] {
        for kind in ScheduleKind::ALL {
            let l = plan.schedule(&rapsd, kind).expect("not flat").logsnr;
            assert!(l.windows(2).all(|w| w[0] >= w[1]) && l.iter().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn workspaces_carry_nothing_over() {
    let plan = plan(32, 9);
    let mut workspace = plan.workspace();
    let mut out = vec![0.0; 9];
    plan.fill(&photograph(32, 3.0), ScheduleKind::Mixed, &mut workspace, &mut out);
    plan.fill(&photograph(32, 1.0), ScheduleKind::Mixed, &mut workspace, &mut out);
    assert_eq!(plan.schedule(&photograph(32, 1.0), ScheduleKind::Mixed).expect("not flat").logsnr, out);
}

#[test]
fn senseless_requests_are_refused() {
    let new = |side, steps| TightPlan::new(side, Kappa::default(), 1e-6, steps).expect_err("refused");
    assert_eq!(new(1, 10), TightError::TooSmall(1));
    assert_eq!(new(64, 1), TightError::Steps(1));
    assert_eq!(new(64, 100_001).to_string(), "a schedule has 2 to 100000 steps, not 100001");
    assert_eq!(ScheduleKind::from_name("mixed"), Some(ScheduleKind::Mixed));
    assert_eq!(ScheduleKind::from_name("linear"), None);
}

#[test]
fn a_schedule_reads_in_every_unit() {
    let schedule = plan(64, 33).schedule(&photograph(64, 2.0), ScheduleKind::Mixed).expect("not flat");
    let (sigma, alpha_bar) = (schedule.sigma(), schedule.alpha_bar());
    let (pairs, flow) = (schedule.variance_preserving(), schedule.flow_time());
    assert!(sigma.windows(2).all(|w| w[0] < w[1]) && flow.windows(2).all(|w| w[0] < w[1]));
    for i in 0..33 {
        let s = sigma[i];
        assert!((-2.0 * s.ln() - schedule.logsnr[i]).abs() <= 1e-13);
        assert!((alpha_bar[i] - 1.0 / (1.0 + s * s)).abs() <= 1e-15);
        assert!((flow[i] - s / (1.0 + s)).abs() <= 1e-15);
        assert!((pairs[i].1 / pairs[i].0 / s - 1.0).abs() <= 1e-14);
    }
}

proptest! {
    #[test]
    fn every_spectrum_falls_strictly_between_exact_ends(
        powers in prop::collection::vec(prop_oneof![Just(0.0), (-60.0..20.0f64).prop_map(f64::exp)], 2..40),
        n_steps in 2usize..80,
    ) {
        let plan = plan(2 * powers.len() - 2, n_steps);
        let bounds = compute_bounds(&powers, plan.kappa, plan.rounding_power);
        for kind in ScheduleKind::ALL {
            match (plan.schedule(&powers, kind), bounds.range()) {
                (Some(schedule), Some(range)) => assert_sound(&schedule, range, "random"),
                (None, None) => {}
                _ => prop_assert!(false, "a schedule if and only if there are bounds"),
            }
        }
    }

    #[test]
    fn a_brighter_picture_moves_its_schedule_and_keeps_its_shape(scale in 1.0..9.0f64) {
        let rapsd = photograph(32, 2.0);
        let scaled: Vec<f64> = rapsd.iter().map(|p| p * scale).collect();
        let a = plan(32, 12).schedule(&rapsd, ScheduleKind::Mixed).expect("not flat");
        let b = plan(32, 12).schedule(&scaled, ScheduleKind::Mixed).expect("not flat");
        for (a, b) in a.logsnr.iter().zip(&b.logsnr) {
            prop_assert!((a - b - scale.ln()).abs() <= 1e-10);
        }
    }
}

#[test]
fn resampling_is_linear_and_keeps_ends_and_points() {
    let schedule = TightSchedule { t: vec![0.0, 0.5, 1.0], logsnr: vec![3.0, 2.0, -1.0] };
    assert_eq!(schedule.resampled(5).logsnr, [3.0, 2.5, 2.0, 0.5, -1.0]);
    assert_eq!(schedule.resampled(5).t, [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert_eq!(schedule.resampled(3), schedule);
    assert_eq!(schedule.resampled(2).logsnr, [3.0, -1.0]);
    for n_steps in [4, 7, 100, 1001] {
        let finer = schedule.resampled(n_steps).logsnr;
        assert!(finer.windows(2).all(|w| w[0] > w[1]) && finer[0] == 3.0 && finer[n_steps - 1] == -1.0, "{n_steps}");
    }
}
