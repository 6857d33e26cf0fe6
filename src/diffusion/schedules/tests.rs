//! Reference schedules: known values, names and their errors, order, waste.

use super::*;
use crate::diffusion::convert::{NoiseLevel, shift_flow_time};
use proptest::prelude::*;

fn sigmas(name: &str) -> Vec<f64> {
    name.parse::<ReferenceSchedule>().expect("a schedule").sigmas().expect("valid")
}

fn assert_close(actual: f64, expected: f64) {
    assert!((actual / expected - 1.0).abs() <= 1e-10, "{actual} is not {expected}");
}

fn range(sigma_min: f64, sigma_max: f64) -> NoiseRange {
    NoiseRange { sigma_min, sigma_max, weakest_annulus: 2, strongest_annulus: 1, floor: false }
}

#[test]
fn ends_and_middles_equal_numpy() {
    // Cumulative products of 1 − β in NumPy with 50 decimal digits.
    let ddpm = sigmas("ddpm-linear:1000");
    assert_eq!(ddpm.len(), 1000);
    assert_close(ddpm[999], 0.010000500037503125);
    assert_close(ddpm[500], 3.424136619044041);
    assert_close(ddpm[0], 157.40728081040743);
    let cosine = sigmas("cosine:1000");
    assert_close(cosine[999], 0.006425412771127171);
    assert_close(cosine[500], 1.0123895639480043);
    assert_close(cosine[0], 20291.16961002151);
    let vp = sigmas("vp:1000");
    assert_close(vp[0], 152.16697028394648);
    assert_close(vp[999], 0.010485992786702987);
}

#[test]
fn edm_has_its_published_ends_exactly() {
    let edm = sigmas("edm:18");
    assert_eq!((edm.len(), edm[0], edm[17]), (18, 80.0, 0.002));
    assert_close(edm[1], 57.58598472124816);
    assert_eq!(sigmas("edm:2"), [80.0, 0.002]);
}

#[test]
fn flow_is_uniform_in_its_shifted_time() {
    let flow = sigmas("flow:4,3");
    assert_eq!(flow[0], f64::INFINITY);
    for (i, s) in flow.iter().enumerate() {
        let t = shift_flow_time(1.0 - i as f64 / 4.0, 3.0);
        assert!((NoiseLevel::from_sigma(*s).expect("a level").flow_time() - t).abs() <= 1e-15);
    }
    assert_eq!(sigmas("flow:4,shift=3"), flow);
    assert_eq!(sigmas("flow:1"), [f64::INFINITY]);
}

#[test]
fn names_read_back() {
    let names = ["ddpm-linear:1000", "cosine:50", "edm:18", "flow:28,3.5", "vp:20"];
    for name in names {
        assert_eq!(name.parse::<ReferenceSchedule>().expect("a schedule").to_string(), name);
    }
    assert_eq!("edm".parse(), Ok(ReferenceSchedule::Edm { n_steps: 18 }));
    assert_eq!("flow".parse(), Ok(ReferenceSchedule::Flow { n_steps: 50, shift: 1.0 }));
}

#[test]
fn bad_names_say_what_to_write() {
    let message = |name: &str| name.parse::<ReferenceSchedule>().expect_err("bad").to_string();
    assert!(message("linear").starts_with("unknown schedule 'linear'; choose one of ddpm-linear:1000"));
    assert_eq!(message("edm:many"), "schedule 'edm:many': the number of steps 'many' is no number; write e.g. edm:18");
    assert_eq!(message("flow:8,x"), "schedule 'flow:8,x': the shift 'x' is no number; write e.g. flow:50,3");
    assert_eq!(message("edm:1"), "a edm schedule has 2 to 1000000 steps, not 1");
    assert_eq!(message("flow:8,0"), "the shift 0 must be positive and finite; 1 stands for none");
    for bad in ["", ":", "edm:", "edm:0", "ddpm-linear:20", "vp:1", "cosine:0", "flow:0", "flow:8,nan", "edm:-1"] {
        assert!(bad.parse::<ReferenceSchedule>().is_err(), "{bad}");
    }
}

#[test]
fn lists_come_as_json_or_lines() {
    let expected = [14.6, 3.0, 0.03];
    for text in
        ["[14.6, 3, 0.03, 0.0]", "14.6\n3.0\n0.03\n0", "# mine\n14.6 # start\n0.03, 3e0,\n", "\u{feff}3 14.6 .03"]
    {
        assert_eq!(ReferenceSchedule::from_text("mine", text).expect("a list").sigmas().expect("valid"), expected);
    }
    let message = |text| ReferenceSchedule::from_text("mine", text).expect_err("bad").to_string();
    assert_eq!(message("[1, two]"), "entry 2 of schedule 'mine' is 'two'; sigmas are numbers, 0 or more");
    assert_eq!(message("1 -2"), "entry 2 of schedule 'mine' is '-2'; sigmas are numbers, 0 or more");
    assert_eq!(message("1 nan"), "entry 2 of schedule 'mine' is 'NaN'; sigmas are numbers, 0 or more");
    assert_eq!(message("[]"), "the schedule 'mine' holds no sigma above 0; give at least one");
    assert!(ReferenceSchedule::from_text("mine", "0 0").is_err());
}

#[test]
fn waste_counts_steps_outside_the_bounds() {
    let steps = [8.0, 4.0, 2.0, 1.0, 0.5];
    assert_eq!(compute_waste(&steps, &range(1.0, 4.0)), Waste { below: 0.2, above: 0.2 });
    assert_eq!(compute_waste(&steps, &range(1.1, 3.9)), Waste { below: 0.4, above: 0.4 });
    assert_eq!(compute_waste(&steps, &range(0.1, 9.0)), Waste::default());
    assert_eq!(compute_waste(&steps, &range(10.0, 20.0)), Waste { below: 1.0, above: 0.0 });
    assert_eq!(compute_waste(&steps, &range(0.1, 0.2)).total(), 1.0);
    assert_eq!(compute_waste(&[f64::INFINITY, 1.0], &range(0.1, 2.0)), Waste { below: 0.0, above: 0.5 });
}

proptest! {
    #[test]
    fn every_schedule_descends(n_steps in 21usize..400, shift in 0.2..8.0f64) {
        for schedule in [
            ReferenceSchedule::DdpmLinear { n_steps },
            ReferenceSchedule::Cosine { n_steps },
            ReferenceSchedule::Edm { n_steps },
            ReferenceSchedule::Flow { n_steps, shift },
            ReferenceSchedule::Vp { n_steps },
        ] {
            let sigmas = schedule.sigmas().expect("valid");
            prop_assert_eq!(sigmas.len(), n_steps);
            prop_assert!(sigmas.windows(2).all(|w| w[0] > w[1]), "{}", schedule);
            prop_assert!(sigmas[n_steps - 1] > 0.0 && sigmas[1].is_finite());
        }
    }

    #[test]
    fn waste_equals_a_plain_count(
        mut steps in prop::collection::vec(0.01..100.0f64, 1..50),
        low in 0.01..10.0f64,
        width in 0.0..50.0f64,
    ) {
        steps.sort_by(|a, b| b.total_cmp(a));
        let waste = compute_waste(&steps, &range(low, low + width));
        let count = |outside: &dyn Fn(f64) -> bool| {
            steps.iter().filter(|s| outside(**s)).count() as f64 / steps.len() as f64
        };
        prop_assert_eq!(waste.below, count(&|s| s < low));
        prop_assert_eq!(waste.above, count(&|s| s > low + width));
    }
}
