//! `check` in words: causes that are named, columns that exist, chances, and baselines that stay.

use std::collections::BTreeMap;

use specscan::analysis::check::column_names;
use specscan::analysis::check::metrics::METRICS;

use super::check::{N, break_cats, initialised, picture};
use super::{Printed, World, sets};

/// The files that are committed, with their bytes.
fn kept(world: &World) -> Vec<(String, Vec<u8>)> {
    let names = world.files("policy").into_iter();
    names.map(|name| (name.clone(), world.read(&format!("policy/{name}")))).collect()
}

#[test]
fn a_baseline_is_not_renewed_from_a_set_that_could_not_be_judged() {
    let world = initialised();
    let before = kept(&world);
    (0..2).for_each(|i| sets::save(&world.path(format!("two/{i}.png")), &picture(i).into()));
    let refuse = |words: &str, code: i32, part: &str| {
        let printed = Printed::from(world.run(words).code(code).get_output());
        assert_eq!(printed.stdout, "", "{words}");
        assert!(printed.stderr.contains("error: the baseline was not renewed"), "{}", printed.stderr);
        assert!(printed.stderr.contains(part), "{part}: {}", printed.stderr);
        assert!(kept(&world) == before, "{words}");
    };
    refuse("check two --policy policy --update-baseline", 3, "2 of the 20 files");
    for folder in ["cats", "dogs"] {
        for name in world.files(&format!("set/{folder}")).iter().take(5) {
            let path = format!("set/{folder}/{name}");
            let bytes = world.read(&path);
            world.write(&path, &bytes[..bytes.len() / 2]);
        }
    }
    let update = "check set --policy policy --update-baseline";
    refuse(update, 1, "10 of 40 files cannot be used, more than --max-skipped 1%");
    refuse(&format!("{update} --json"), 1, "raise the limit");
    world.succeed(&format!("{update} --max-skipped 10"));
    assert!(kept(&world) != before);
}

#[test]
fn a_folder_that_only_one_set_has_is_one_line_with_its_cause() {
    let world = initialised();
    (0..N).for_each(|i| sets::save(&world.path(format!("plain/{i:02}.png")), &picture(i).into()));
    let printed = Printed::from(world.run("check plain --policy policy --by-class -o out").code(3).get_output());
    let open: Vec<&str> = printed.stdout.lines().filter(|line| line.starts_with("NOT RUN")).collect();
    assert_eq!(
        open,
        [
            "NOT RUN 19 rules in .: the baseline has no files outside of folders",
            "NOT RUN 19 rules in cats: folder cats, which the baseline has, is gone",
            "NOT RUN 19 rules in dogs: folder dogs, which the baseline has, is gone",
        ],
        "{}",
        printed.stdout
    );
    assert!(printed.stdout.starts_with("check could not judge: 0 of 57 rules pass, 57 could not be run"));
    let advice: Vec<&str> = printed.stdout.lines().skip(1).take_while(|line| !line.is_empty()).collect();
    let advice = advice.join(" ");
    assert!(advice.contains("Put back those that are gone") && advice.contains("--update-baseline"), "{advice}");
    assert!(!advice.contains("dd images"), "{advice}");
    // A folder is added: the others are judged as before.
    (0..N).for_each(|i| sets::save(&world.path(format!("set/birds/{i:02}.png")), &picture(100 + i).into()));
    let printed = Printed::from(world.run("check set --policy policy --by-class -o out").code(3).get_output());
    assert!(
        printed.stdout.contains("NOT RUN 19 rules in birds: the baseline has no folder birds"),
        "{}",
        printed.stdout
    );
    assert_eq!(printed.stdout.lines().filter(|line| line.starts_with("pass ")).count(), 38, "{}", printed.stdout);
}

/// Runs the commands that remedies name, and looks for the columns in the tables that they name.
#[test]
fn every_column_that_a_remedy_names_is_in_the_table_that_it_names() {
    let world = initialised();
    let columns = column_names().expect("names");
    let means = columns.iter().map(|column| format!("mean({column})"));
    let usages = METRICS
        .iter()
        .map(|(_, usage)| usage.replace("COLUMN", "oddness").replace("VALUE", "0.1").replace(", Q", ", 0.9"));
    let rule = |(i, metric): (usize, String)| format!("[[check]]\nname = \"{i}\"\nmetric = \"{metric}\"\nmax = 1e30\n");
    let text: String = means.chain(usages).enumerate().map(rule).collect();
    world.write(
        "all.toml",
        format!(
            "baseline = \"policy\"\n{}",
            text.replace("fraction\"\nmax = 1e30", "fraction\"\nmax = 1")
                .replace("0.1)\"\nmax = 1e30", "0.1)\"\nmax = 1")
        ),
    );
    world.run("check set --policy all.toml -o out");
    let json = world.json("out/check.json");
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut n_found = 0;
    for rule in json["rules"].as_array().expect("rules") {
        let remedy = rule["look_at"].as_str().expect("words");
        let Some((before, rest)) = remedy.split_once(" writes `") else { continue };
        let (column, rest) = rest.split_once('`').expect("a column");
        let command = before.strip_prefix("specscan ").expect("a command");
        let table = rest.split([' ', ':']).find(|word| word.ends_with(".csv")).unwrap_or_else(|| panic!("{remedy}"));
        let header = headers.entry(format!("{command}/{table}")).or_insert_with(|| {
            world.succeed(&format!("{command} set -o by-{command} -q --plots none"));
            world.table(&format!("by-{command}/{table}")).header
        });
        assert!(header.iter().any(|name| name == column), "{remedy}: {header:?}");
        n_found += 1;
    }
    assert!(n_found >= columns.len(), "{n_found} of {}", columns.len());
}

#[test]
fn chances_are_those_among_all_rules_and_numbers_that_are_off_by_chance_say_so() {
    let world = initialised();
    for i in [0, 4] {
        let flat = image::RgbImage::from_pixel(64, 64, image::Rgb([90, 100, 110 + i as u8]));
        sets::save(&world.path(format!("set/cats/{i:02}.png")), &flat.into());
    }
    let line = |printed: &Printed, start: &str| {
        printed.stdout.lines().find(|l| l.starts_with(start)).unwrap_or_else(|| panic!("{}", printed.stdout)).to_owned()
    };
    let printed = Printed::from(world.run("check set --policy policy -o out --exit-zero").code(0).get_output());
    let flat = line(&printed, "pass flat images: 5.0 %");
    let ending = "the baseline's 0.0 %; that is off by no more than chance explains (p = 1.00 among 19 rules)";
    assert!(flat.ends_with(ending), "{flat}");
    assert!(line(&printed, "pass unreadable files").ends_with("the baseline's 0.0 %"), "it is not off");
    break_cats(&world);
    let printed = Printed::from(world.run("check set --policy policy -o out").code(1).get_output());
    let flat = line(&printed, "FAIL flat images");
    assert!(flat.contains("the baseline's 0.0 %, p = 0.0") && flat.contains(" among 19 rules; "), "{flat}");
}

#[test]
fn the_first_file_of_every_rule_is_annotated_before_the_second_of_any() {
    let world = initialised();
    break_cats(&world);
    let mut command = world.command(["check", "set", "--policy", "policy", "-o", "out"]);
    let stderr = Printed::from(command.env("GITHUB_ACTIONS", "true").assert().code(1).get_output()).stderr;
    let title = |line: &str| line.split_once("title=").map(|(_, rest)| rest.split("::").next().map(str::to_owned));
    let titles: Vec<String> = stderr.lines().filter(|l| l.starts_with("::")).filter_map(title).flatten().collect();
    let mut different = titles.clone();
    different.sort();
    different.dedup();
    assert!(different.len() >= 2 && titles.len() > different.len(), "{titles:?}");
    let mut first = titles[..different.len()].to_vec();
    first.sort();
    assert_eq!(first, different, "{titles:?}");
}

#[test]
fn an_edited_policy_is_not_the_price_of_a_new_baseline() {
    let world = initialised();
    let text = String::from_utf8(world.read("policy/policy.toml")).expect("text");
    world.write("policy/policy.toml", text + "# mine\n");
    world.refuse("check set --init -o policy", &["policy.toml", "--overwrite", "--update-baseline"]);
}
