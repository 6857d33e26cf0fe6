//! Reference schedules: known values, names and their errors, order.

use super::*;
use crate::diffusion::convert::{NoiseLevel, shift_flow_time};
use proptest::prelude::*;

fn sigmas(name: &str) -> Vec<f64> {
    name.parse::<ReferenceSchedule>().expect("a schedule").sigmas().to_vec()
}

fn assert_close(actual: f64, expected: f64) {
    assert!((actual / expected - 1.0).abs() <= 1e-10, "{actual} is not {expected}");
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
}

#[test]
fn every_entry_of_the_table_is_read_shown_and_refused_alike() {
    let parse = |name: &str| name.parse::<ReferenceSchedule>();
    for ScheduleEntry { keyword, usage, help, default_steps, least_steps, levels } in SCHEDULES {
        let (default, ends) = match levels {
            Levels::Steps(_) => (format!("{keyword}:{default_steps}"), ""),
            Levels::StepsAndShift(_) => (format!("{keyword}:{default_steps},1"), ",1"),
        };
        assert_eq!(parse(keyword).expect(keyword).to_string(), default);
        assert_eq!(parse(keyword), parse(&default));
        assert_eq!(parse(usage).expect(usage).to_string(), *usage);
        for n_steps in [*least_steps, least_steps + 1, 300] {
            let schedule = parse(&format!("{keyword}:{n_steps}")).expect(keyword);
            assert_eq!(schedule.to_string(), format!("{keyword}:{n_steps}{ends}"));
            assert_eq!(schedule.sigmas().len(), n_steps);
            assert!(!schedule.is_list());
        }
        for n_steps in [least_steps - 1, MAX_STEPS + 1] {
            let steps = ScheduleError::Steps { kind: keyword, n_steps, least: *least_steps };
            assert_eq!(parse(&format!("{keyword}:{n_steps}")), Err(steps));
        }
        for bad in ["", "x", "-1", "1.5", "300,", "300,x"] {
            let error = parse(&format!("{keyword}:{bad}")).expect_err(keyword).to_string();
            assert!(error.ends_with(&format!("is no number; write e.g. {usage}")), "{error}");
        }
        let shown = schedule_usages();
        assert!(!help.is_empty() && shown.contains(&format!("{usage} ({help}")), "{shown}");
        assert_eq!(SCHEDULES.iter().filter(|e| e.keyword == *keyword).count(), 1);
    }
    assert_eq!(ReferenceSchedule::standard().map(|s| s.to_string()), ["edm:18", "ddpm-linear:1000", "cosine:1000"]);
    assert_eq!(parse("flow").map(|s| s.to_string()), Ok("flow:50,1".to_owned()));
}

#[test]
fn bad_names_say_what_to_write() {
    let message = |name: &str| name.parse::<ReferenceSchedule>().expect_err("bad").to_string();
    assert!(message("karras").starts_with("unknown schedule 'karras'; choose one of ddpm-linear:1000"));
    assert!(message("linear:300").contains("did you mean ddpm-linear? "), "{}", message("linear:300"));
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
        assert_eq!(ReferenceSchedule::from_text("mine", text).expect("a list").sigmas(), expected);
    }
    let message = |text| ReferenceSchedule::from_text("mine", text).expect_err("bad").to_string();
    assert_eq!(message("[1, two]"), "entry 2 of schedule 'mine' is 'two'; sigmas are numbers, 0 or more");
    assert_eq!(message("1 -2"), "entry 2 of schedule 'mine' is '-2'; sigmas are numbers, 0 or more");
    assert_eq!(message("1 nan"), "entry 2 of schedule 'mine' is 'NaN'; sigmas are numbers, 0 or more");
    assert_eq!(message("[]"), "the schedule 'mine' holds no sigma above 0; give at least one");
    assert!(ReferenceSchedule::from_text("mine", "0 0").is_err());
}

proptest! {
    #[test]
    fn every_schedule_descends(n_steps in 21usize..400, shift in 0.2..8.0f64) {
        for ScheduleEntry { keyword, levels, .. } in SCHEDULES {
            let name = match levels {
                Levels::Steps(_) => format!("{keyword}:{n_steps}"),
                Levels::StepsAndShift(_) => format!("{keyword}:{n_steps},{shift}"),
            };
            let sigmas = sigmas(&name);
            prop_assert_eq!(sigmas.len(), n_steps);
            prop_assert!(sigmas.windows(2).all(|w| w[0] > w[1]), "{}", name);
            prop_assert!(sigmas[n_steps - 1] > 0.0 && sigmas[1].is_finite());
        }
    }
}
