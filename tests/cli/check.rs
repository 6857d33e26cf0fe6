//! `check`: from `--init` to a red check and back, its reports, outcomes, exit codes and errors.

use image::{Rgb, RgbImage};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{Printed, World, sets};

const SIDE: u32 = 64;
pub const N: u32 = 40;

pub fn picture(seed: u32) -> RgbImage {
    image::imageops::blur(&sets::picture(SIDE, SIDE, seed), 0.6)
}

/// A folder `set` of 40 pictures and a policy with its baseline in `policy`.
pub fn initialised() -> World {
    let world = World::create();
    for i in 0..N {
        sets::save(&world.path(format!("set/{}/{i:02}.png", ["cats", "dogs"][i as usize % 2])), &picture(i).into());
    }
    let printed = world.succeed("check set --init -o policy");
    assert!(printed.stdout.contains("rules written to policy/policy.toml"), "{}", printed.stdout);
    world
}

/// Half of the cats become grey cards.
pub fn break_cats(world: &World) {
    for i in (0..N).step_by(4) {
        let flat = RgbImage::from_pixel(SIDE, SIDE, Rgb([90, 100, 110]));
        sets::save(&world.path(format!("set/cats/{i:02}.png")), &flat.into());
    }
}

fn outcome(world: &World, folder: &str, rule: &str) -> String {
    let json = world.json(&format!("{folder}/check.json"));
    let rules = json["rules"].as_array().expect("rules").clone();
    let found = rules.iter().find(|r| r["name"] == rule).unwrap_or_else(|| panic!("no {rule} in {rules:?}"));
    found["outcome"].as_str().expect("a text").to_owned()
}

#[test]
fn a_set_passes_its_own_policy_fails_when_broken_and_passes_when_renewed() {
    let world = initialised();
    assert_eq!(
        world.files("policy"),
        ["baseline.spectrum", "check-init.json", "images.csv", "policy.toml"],
        "what is to be committed"
    );
    let printed = world.succeed("check set --policy policy -o out");
    assert!(printed.stdout.starts_with("check passed: "), "{}", printed.stdout);
    assert_eq!(world.files("out"), ["check.json", "check.md", "check.xml"]);

    break_cats(&world);
    let printed = Printed::from(world.run("check set --policy policy -o out").code(1).get_output());
    assert!(printed.stdout.starts_with("check failed: "), "{}", printed.stdout);
    let first = printed.stdout.lines().find(|line| line.contains(": ") && line.starts_with("FAIL")).expect("a failure");
    for part in ["95 %", "allowed", " among 19 rules", "specscan inspect lists each such image"] {
        assert!(first.contains(part), "`{part}` is missing in {first}");
    }
    let flat = printed.stdout.lines().find(|line| line.starts_with("FAIL flat images")).expect("the rule");
    assert!(flat.contains("cats/00.png") && flat.contains("specscan inspect"), "{flat}");
    assert_eq!(outcome(&world, "out", "flat images"), "fail");
    assert!(String::from_utf8(world.read("out/check.md")).expect("text").contains("| FAIL | flat images |"));

    let printed = world.succeed("check set --policy policy --update-baseline");
    assert!(printed.stdout.contains("baseline renewed in policy"), "{}", printed.stdout);
    assert!(world.files("policy").contains(&"policy.toml".to_owned()));
    world.succeed("check set --policy policy -o out");
}

/// The exit status and the report say the same: files cut off are too few for a rule, and more than may be skipped.
#[test]
fn files_beyond_max_skipped_are_a_failure_in_every_report() {
    let world = initialised();
    let name = world.files("set/cats").first().expect("a file").clone();
    let bytes = world.read(&format!("set/cats/{name}"));
    std::fs::write(world.path(format!("set/cats/{name}")), &bytes[..bytes.len() / 2]).expect("cut off");
    let printed = Printed::from(world.run("check set --policy policy -o out").code(1).get_output());
    let line = printed.stdout.lines().find(|line| line.starts_with("FAIL files skipped")).expect("a failure");
    assert!(line.contains("--max-skipped 1%") && line.contains(&name), "{line}");
    assert!(printed.stdout.starts_with("check failed"), "{}", printed.stdout);
    assert!(!printed.stdout.contains("renew the baseline"), "broken files are no state to keep: {}", printed.stdout);
    assert_eq!(world.json("out/check.json")["verdict"], "not-acceptable");
    let junit = String::from_utf8(world.read("out/check.xml")).expect("text");
    assert!(junit.contains("failures=\"1\"") && junit.contains("files skipped"), "{junit}");
    world.succeed("check set --policy policy -o out --max-skipped 1");
}

#[test]
fn a_baseline_of_few_files_says_that_it_judges_nothing() {
    let world = World::create();
    (0..19).for_each(|i| sets::save(&world.path(format!("set/{i:02}.png")), &picture(i).into()));
    let printed = world.succeed("check set --init -o policy");
    assert!(printed.stdout.contains("Nothing can be judged by this baseline: it has 19 of"), "{}", printed.stdout);
    world.run("check set --policy policy -o out").code(3);
    sets::save(&world.path("set/19.png"), &picture(19).into());
    let printed = world.succeed("check set --policy policy --update-baseline");
    assert!(!printed.stdout.contains("Nothing can be judged"), "{}", printed.stdout);
    world.succeed("check set --policy policy -o out");
}

/// Every word of the answer, whatever the rules are: whole sentences, and none that is broken.
#[test]
fn limits_and_remedies_are_said_in_whole_sentences() {
    let world = initialised();
    break_cats(&world);
    let rules = [
        ("a", "metric = \"unreadable_fraction\"\nmin = 1"),
        ("b", "metric = \"n_images\"\nmin = 1000"),
        ("c", "metric = \"fraction(contrast_codes < 10)\"\natol = \"5%\"\nrtol = 0.5"),
        ("d", "metric = \"fraction(contrast_codes > 10)\"\natol = 0"),
        ("e", "metric = \"delta\"\natol = 0"),
    ];
    let text: String = rules.iter().map(|(name, rule)| format!("[[check]]\nname = \"{name}\"\n{rule}\n")).collect();
    world.write("words.toml", format!("baseline = \"policy\"\n{text}"));
    let printed = Printed::from(world.run("check set --policy words.toml -o out").code(1).get_output());
    let line = |name: &str| {
        let is_it = |line: &&str| line.split_once(' ').is_some_and(|(_, rest)| rest.starts_with(&format!("{name}: ")));
        printed.stdout.lines().find(is_it).unwrap_or_else(|| panic!("no {name} in {}", printed.stdout)).to_owned()
    };
    assert!(line("a").ends_with("; skipped.csv names each file and why: copy or download them again"), "{}", line("a"));
    assert!(
        line("b").contains("; see whether the folder is whole; specscan scan lists what it skipped"),
        "{}",
        line("b")
    );
    let c = "allowed: within 5 percentage points plus 50 % of the baseline's 0.0 %";
    assert!(line("c").contains(c) && line("c").contains("each such image (nearly one tone): leave"), "{}", line("c"));
    assert!(
        line("d").contains("specscan inspect writes `contrast_codes` of each image to inspect.csv"),
        "{}",
        line("d")
    );
    assert!(line("e").contains("the same as the baseline's"), "{}", line("e"));
    assert!(printed.stdout.contains("; if the change is meant, renew the baseline"), "{}", printed.stdout);
}

#[test]
fn exit_codes_follow_severities_and_options() {
    let world = initialised();
    break_cats(&world);
    let rule = |severity: &str| {
        format!(
            "baseline = \"policy\"\n[[check]]\nname = \"flat\"\nmetric = \"fraction(contrast_codes < 10)\"\natol = 0\n\
             side = \"above\"\nseverity = \"{severity}\"\n"
        )
    };
    world.write("error.toml", rule("error"));
    world.write("warning.toml", rule("warning"));
    world.run("check set --policy error.toml -o out").code(1);
    world.run("check set --policy error.toml -o out --exit-zero").code(0);
    world.run("check set --policy warning.toml -o out").code(0);
    assert_eq!(outcome(&world, "out", "flat"), "warn");
    world.run("check set --policy warning.toml -o out --error-on-warning").code(1);
    // A rule that cannot be run does not pass: these images are too small for it.
    let told = "metric = \"quantile(jpeg_quality, 0.5)\"\nmin = 0\n";
    world.write("open.toml", format!("[[check]]\nname = \"x\"\n{told}"));
    for i in 0..30 {
        sets::save(&world.path(format!("tiny/{i:02}.png")), &sets::picture(12, 12, i).into());
    }
    let printed = Printed::from(world.run("check tiny --policy open.toml -o out").code(3).get_output());
    assert!(printed.stdout.contains("NOT RUN x: `jpeg_quality` cannot be told"), "{}", printed.stdout);
}

#[test]
fn two_images_never_pass() {
    let world = initialised();
    for i in 0..2 {
        sets::save(&world.path(format!("two/{i}.png")), &picture(i).into());
    }
    world.write("least.toml", "[[check]]\nname = \"some\"\nmetric = \"n_images\"\nmin = 1\n");
    for policy in ["policy", "least.toml"] {
        let printed = Printed::from(world.run(&format!("check two --policy {policy} -o out")).code(3).get_output());
        assert!(printed.stdout.starts_with("check could not judge: 0 of"), "{}", printed.stdout);
    }
    world.write("many.toml", "[[check]]\nname = \"many\"\nmetric = \"n_images\"\nmin = 10\n");
    world.run("check two --policy many.toml -o out").code(1);
}

#[test]
fn folders_are_judged_by_themselves_when_asked_for() {
    let world = initialised();
    break_cats(&world);
    world.run("check set --policy policy --by-class -o out").code(1);
    let json = world.json("out/check.json");
    let of = |class: &str| {
        let rules = json["rules"].as_array().expect("rules");
        let is_it = |r: &&serde_json::Value| r["name"] == "flat images" && r["class"] == class;
        rules.iter().find(is_it).expect("a rule of each folder")["outcome"].clone()
    };
    assert_eq!((of("cats"), of("dogs")), ("fail".into(), "pass".into()));
}

#[test]
fn junit_has_a_case_for_each_rule_with_the_counts_that_it_says() {
    let world = initialised();
    break_cats(&world);
    world.run("check set --policy policy -o out").code(1);
    let text = String::from_utf8(world.read("out/check.xml")).expect("text");
    let mut reader = Reader::from_str(&text);
    let (mut path, mut cases, mut failures) = (Vec::<String>::new(), 0, 0);
    let mut counts = (0, 0);
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                // What may stand where, in the schema that Jenkins' xUnit plugin uses.
                let (parent, needed): (&str, &[&str]) = match name.as_str() {
                    "testsuites" => ("", &["name", "tests", "failures", "errors"]),
                    "testsuite" => ("testsuites", &["name", "tests", "failures", "errors", "skipped"]),
                    "testcase" => ("testsuite", &["name", "classname"]),
                    "failure" | "error" => ("testcase", &["message", "type"]),
                    "system-out" => ("testcase", &[]),
                    other => panic!("unknown element {other}"),
                };
                assert_eq!(path.last().map_or("", String::as_str), parent, "{name}");
                let of = |key: &str| {
                    let found = start.try_get_attribute(key).expect("attributes");
                    found.map(|a| a.value.into_owned())
                };
                needed.iter().for_each(|key| assert!(of(key).is_some(), "{name} lacks {key}"));
                cases += u32::from(name == "testcase");
                failures += u32::from(name == "failure");
                if name == "testsuite" {
                    let count = |key: &str| of(key).expect("a count").parse::<u32>().expect("a number");
                    counts = (count("tests"), count("failures"));
                }
                path.push(name);
            }
            Event::End(_) => drop(path.pop()),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(path.is_empty() && failures >= 1, "{text}");
    assert_eq!(counts, (cases, failures));
    assert_eq!(cases as usize, world.json("out/check.json")["rules"].as_array().expect("rules").len());
}

#[test]
fn github_is_told_the_file_and_the_rule_when_it_runs_the_check() {
    let world = initialised();
    break_cats(&world);
    let run = |on: bool| {
        let mut command = world.command(["check", "set", "--policy", "policy", "-o", "out"]);
        if on {
            command.env("GITHUB_ACTIONS", "true");
        }
        Printed::from(command.assert().code(1).get_output()).stderr
    };
    let stderr = run(true);
    let line = stderr.lines().find(|l| l.contains("title=flat images")).expect("an annotation");
    assert!(line.starts_with("::error file=set/cats/00.png,title=flat images::"), "{line}");
    assert!(!run(false).contains("::error"), "not asked for");
}

#[test]
fn what_is_wrong_with_a_policy_is_named_before_any_image_is_read() {
    let world = initialised();
    let rule = |lines: &str| format!("[[check]]\nname = \"a\"\n{lines}\n");
    for (text, part) in [
        (rule("metric = \"dleta\"\nmin = 1"), "did you mean `delta`"),
        (rule("metrik = \"delta\"\nmin = 1"), "did you mean `metric`"),
        (rule("metric = \"fraction(contrast_code < 3)\"\nmax = 0.1"), "did you mean `contrast_codes`"),
        (rule("metric = \"delta\"\natol = 0.1"), "there is none"),
        ("baseline = \"nowhere\"\n".to_owned() + &rule("metric = \"delta\"\natol = 0.1"), "nowhere"),
    ] {
        world.write("bad.toml", text);
        world
            .refuse("check set --policy bad.toml -o out", &[part, "bad.toml"][..if part == "nowhere" { 1 } else { 2 }]);
        assert_eq!(world.files("out"), Vec::<String>::new());
    }
    world.refuse("check set --policy none.toml", &["none.toml", "--init"]);
}

#[test]
fn a_baseline_of_another_preparation_is_refused_unless_allowed() {
    let world = initialised();
    let other = "check set --policy policy -o out --transform center-crop --resolution 64";
    world.refuse(other, &["--transform", "--allow-different-preprocess"]);
    let allowed = format!("{other} --allow-different-preprocess");
    world.succeed(&allowed);
}

#[cfg(unix)]
#[test]
fn the_step_of_the_action_hands_on_the_page_and_the_code() {
    let world = initialised();
    let step = |policy: &str| {
        let mut command = std::process::Command::new("bash");
        command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/check-in-ci"))
            .current_dir(world.path(""))
            .env("BINARY", env!("CARGO_BIN_EXE_specscan"))
            .envs([("IMAGES", "set"), ("POLICY", policy), ("OPTIONS", "--by-class --quiet"), ("OUT", "out")])
            .envs([("GITHUB_STEP_SUMMARY", "summary.md"), ("GITHUB_OUTPUT", "outputs")]);
        command.output().expect("bash").status.code()
    };
    assert_eq!(step("policy"), Some(0));
    break_cats(&world);
    assert_eq!(step("policy"), Some(1));
    assert_eq!(step("nowhere"), Some(2));
    let text = |name: &str| String::from_utf8(world.read(name)).expect("text");
    assert_eq!(text("outputs"), "code=0\ncode=1\ncode=2\n");
    let headings: Vec<String> = text("summary.md").lines().filter(|l| l.starts_with("##")).map(str::to_owned).collect();
    assert!(
        matches!(&headings[..], [a, b] if a.contains("check passed") && b.contains("check failed")),
        "{headings:?}"
    );
}
