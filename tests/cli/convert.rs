//! `convert`: notations from arguments, files and standard input, in text, for pipes and as JSON.

use super::{Printed, World};

/// The numbers on the lines of a result.
fn numbers(printed: &str) -> Vec<f64> {
    printed.lines().map(|line| line.parse().unwrap_or_else(|_| panic!("`{line}`"))).collect()
}

#[test]
fn a_level_is_told_in_all_notations() {
    let world = World::create();
    let printed = world.succeed("convert 80");
    for part in ["logsnr       -8.7640532693477", "flow_time    0.987654320987", "c_noise      1.0955", "specscan snr"]
    {
        assert!(printed.stdout.contains(part), "`{part}` is missing in:\n{}", printed.stdout);
    }
    assert!(!printed.stdout.contains("timestep"), "{}", printed.stdout);
    assert_eq!(world.files("."), Vec::<String>::new(), "nothing is written");
    let object = world.succeed("convert 1 inf --schedule flow:4 --json").json();
    assert_eq!((&object["logsnr"][0], &object["flow_time"][1]), (&0.0.into(), &1.0.into()));
    assert!(object["sigma"][1].is_null() && object["given"][1].is_null());
    assert_eq!((&object["timestep"][0], &object["timestep"][1]), (&1.0.into(), &3.0.into()));
}

#[test]
fn negative_values_are_values_and_pipes_lead_back() {
    let world = World::create();
    let sigmas = numbers(&world.succeed("convert --from logsnr -3 0 -0.001 3.5 --to sigma").stdout);
    let expected = [1.5f64.exp(), 1.0, 0.0005f64.exp(), (-1.75f64).exp()];
    for (sigma, expected) in sigmas.iter().zip(expected) {
        assert!((sigma / expected - 1.0).abs() <= 1e-15, "{sigma} instead of {expected}");
    }
    for notation in ["logsnr", "alpha_bar", "vp_alpha", "vp_sigma", "flow_time", "cosine_time", "c_noise"] {
        let there = world.succeed(&format!("convert 14.615 3 1 0.25 0.03 --to {notation}")).stdout;
        let mut back = world.command(["convert", "--from", notation, "--file", "-", "--to", "sigma"]);
        let back = Printed::from(back.write_stdin(there).assert().code(0).get_output());
        for (sigma, expected) in numbers(&back.stdout).iter().zip([14.615, 3.0, 1.0, 0.25, 0.03]) {
            assert!((sigma - expected).abs() <= 1e-12, "{notation}: {sigma} instead of {expected}");
        }
    }
}

#[test]
fn files_schedules_and_shifts_are_read() {
    let world = World::create();
    world.write("list.json", "[0.5, 0.75,\n 0.9]");
    let preshift =
        numbers(&world.succeed("convert --from flow-time --file list.json --shift 0.25 --to flow_time").stdout);
    for (t, given) in preshift.iter().zip([0.5, 0.75, 0.9]) {
        assert!((4.0 * t / (1.0 + 3.0 * t) - given).abs() <= 1e-15, "{t} is not {given} before a shift of 4");
    }
    let edm = numbers(&world.succeed("convert --schedule edm:18 --to sigma").stdout);
    assert_eq!((edm.len(), edm[0], edm[17]), (18, 80.0, 0.002));
    let printed = world.succeed("convert --from timestep 999 0 --schedule ddpm-linear:1000 --to sigma,beta");
    let rows: Vec<&str> = printed.stdout.lines().collect();
    assert_eq!((rows[0], rows.len()), ("sigma,beta", 3));
    let beta: f64 = rows[2].rsplit(',').next().and_then(|beta| beta.parse().ok()).expect("a beta");
    assert!(rows[1].starts_with("157.4072808104") && (beta / 1e-4 - 1.0).abs() <= 1e-12, "{}", printed.stdout);
    // The JSON reads back as a schedule.
    world.write("mine.json", world.succeed("convert 10 1 0.1 --json").stdout);
    assert_eq!(numbers(&world.succeed("convert 1 --schedule mine.json --to timestep").stdout), [1.0]);
    let betas = world.succeed("convert --from betas 0.5 0.5 --to alpha_bar");
    for (alpha_bar, expected) in numbers(&betas.stdout).iter().zip([0.5, 0.25]) {
        assert!((alpha_bar - expected).abs() <= 1e-12, "{alpha_bar} instead of {expected}");
    }
}

#[test]
fn what_cannot_be_converted_is_named_with_a_remedy() {
    let world = World::create();
    world.refuse("convert", &["nothing to convert", "--file FILE"]);
    world.refuse(
        "convert --from alpha_bar 1.5",
        &["cannot read --from alpha_bar", "1.5 is no alpha_bar", "between 0 and 1"],
    );
    world.refuse("convert --from timestep 5", &["name the schedule", "--schedule ddpm-linear:1000"]);
    world.refuse("convert --from timestep 1000 --schedule ddpm-linear", &["from 0 (clean) to 999"]);
    world.refuse("convert 1 --shift 0", &["--shift", "positive and finite"]);
    world.refuse("convert 1 --to sigmma", &["sigma"]);
    world.refuse("convert --file none.txt", &["none.txt"]);
    world.write("words.txt", "1 two");
    world.refuse("convert --file words.txt", &["entry 2 of words.txt is 'two'"]);
    world.write("empty.txt", "# nothing\n");
    world.refuse("convert --file empty.txt", &["empty.txt holds no numbers"]);
}

#[test]
fn what_has_no_number_says_why_on_its_line_and_lines_stay_aligned() {
    let world = World::create();
    let printed = world.succeed("convert 0.001 1 90 --schedule edm:18 --to timestep");
    let lines: Vec<&str> = printed.stdout.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[2]), (3, "below", "above"), "{}", printed.stdout);
    assert!(lines[1].parse::<f64>().is_ok(), "{}", printed.stdout);
    for part in ["2 of 3 levels have no timestep", "edm:18", "0.002", "80"] {
        assert!(printed.stderr.contains(part), "`{part}` is missing in {}", printed.stderr);
    }
    let inside = world.succeed("convert 1 --schedule edm:18 --to timestep");
    assert_eq!(inside.stderr, "");
    // A step from one level of nothing but noise to the next is none.
    assert_eq!(world.succeed("convert inf inf --to beta").stdout.lines().nth(1), Some("undefined"));
    let rows = world.succeed("convert 0.001 1 --schedule edm:18 --to sigma,timestep");
    assert_eq!(rows.stdout.lines().nth(1), Some("0.001,"), "{}", rows.stdout);
    assert!(rows.stderr.contains("1 of 2"), "{}", rows.stderr);
    let object = world.succeed("convert 0.001 1 inf --schedule edm:18 --json").json();
    assert!(object["timestep"][0].is_null() && object["timestep"][1].is_number());
    let missing = object["missing"].as_array().expect("a list");
    let of = |notation: &str, index: usize| {
        let found = missing.iter().find(|m| m["notation"] == notation && m["index"] == index);
        found.unwrap_or_else(|| panic!("no {notation} {index}"))["reason"].clone()
    };
    assert_eq!(
        (of("timestep", 0), of("timestep", 2), of("sigma", 2)),
        ("below".into(), "above".into(), "infinite".into())
    );
    // Each null has a reason.
    let nulls =
        |value: &serde_json::Value| value.as_array().map_or(0, |list| list.iter().filter(|v| v.is_null()).count());
    let n_nulls: usize = object.iter().filter(|(key, _)| *key != "given").map(|(_, value)| nulls(value)).sum();
    assert_eq!(missing.len(), n_nulls, "{missing:?}");
}
