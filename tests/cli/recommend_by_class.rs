//! `recommend --by-class`: settings of each folder, which of them differ from the rest, and what to do.

use serde_json::Value;

use super::World;
use super::sets::{picture, save};

/// Pictures of 48×48 pixels in `set/CLASS`, so many of each class; those of `blurred` by a Gaussian of 2 pixels.
fn classes(world: &World, sizes: &[(&str, u32)], blurred: &str) {
    let mut seed = 0;
    for (class, n) in sizes {
        for i in 0..*n {
            seed += 1;
            let mut image = picture(48, 48, seed);
            if *class == blurred {
                image = image::imageops::blur(&image, 2.0);
            }
            save(&world.path(format!("set/{class}/{i:02}.png")), &image.into());
        }
    }
}

/// The row of a class in the report.
fn row<'a>(report: &'a Value, class: &str) -> &'a Value {
    let rows = report["by_class"].as_array().expect("rows");
    rows.iter().find(|row| row["class"] == class).unwrap_or_else(|| panic!("no {class} in {rows:?}"))
}

#[test]
fn a_class_says_what_a_run_on_its_folder_says_and_the_whole_what_a_run_without_classes_says() {
    let world = World::create();
    classes(&world, &[("cats", 7), ("dogs", 6), ("few", 3), ("one", 1)], "");
    // Between the folders, in path order.
    save(&world.path("set/d.png"), &picture(48, 48, 90).into());
    save(&world.path("set/zoo.png"), &picture(48, 48, 91).into());
    let prepared = "--resolution 24 --resolutions 12 --plots none";
    let run = |words: &str| Value::Object(world.succeed(&format!("recommend {words} {prepared} --json")).json());
    let (mut all, plain) = (run("set --by-class -o all"), run("set -o plain"));
    for (class, n_files) in [("cats", 7), ("dogs", 6), ("few", 3), (".", 2), ("one", 1)] {
        let row = row(&all, class);
        assert_eq!((&row["n_files"], &row["n_images"]), (&n_files.into(), &n_files.into()), "{row}");
        assert_eq!(row["differs"].is_null(), n_files < 5, "{row}");
        assert_eq!(row["factor"].is_null(), n_files < 5, "{row}");
        if [".", "one"].contains(&class) {
            continue;
        }
        let own = run(&format!("set/{class} -o own"));
        for setting in row["settings"].as_array().expect("settings") {
            let of_run = own["settings"].as_array().expect("settings").iter().find(|s| s["name"] == setting["name"]);
            let of_run = of_run.unwrap_or_else(|| panic!("no {setting}"));
            for key in ["value", "low95", "high95"] {
                assert_eq!(setting[key], of_run[key], "{class}: {setting}");
            }
        }
    }
    assert!(row(&all, "one")["settings"][0]["value"].is_null());
    all["by_class"] = Value::Array(Vec::new());
    // Which pairs are measured depends on the order of the files.
    all["pair_distances"] = plain["pair_distances"].clone();
    assert!(all == plain, "{all}\n{plain}");
    assert!(world.files("all").contains(&"recommend_by_class.csv".to_owned()));
    // The table of an earlier run goes.
    world.succeed(&format!("recommend set {prepared} -o all"));
    assert!(!world.files("all").contains(&"recommend_by_class.csv".to_owned()));
}

#[test]
fn a_blurred_class_is_found_and_ranked_first_and_every_output_says_the_same() {
    let world = World::create();
    let sizes = [("a", 12), ("b", 12), ("night", 12), ("c", 12), ("few", 2)];
    classes(&world, &sizes, "night");
    let printed = world.succeed("recommend set --by-class --plots none -o out").stdout;
    assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
    let report = world.json("out/recommend.json");
    let rows = report["by_class"].as_array().expect("rows");
    let names: Vec<&str> = rows.iter().map(|row| row["class"].as_str().expect("a name")).collect();
    assert_eq!((names[0], names[4], names.len()), ("night", "few", 5), "{names:?}");
    let first = &rows[0];
    assert_eq!((&first["differs"], &first["most"]), (&true.into(), &"sigma_min".into()), "{first}");
    assert!(first["factor"].as_f64().is_some_and(|f| f < 0.6) && first["p_holm"].as_f64().is_some_and(|p| p < 1e-6));
    let text: Vec<&str> = printed.lines().skip_while(|line| !line.trim_start().starts_with("class ")).collect();
    assert!(text[1].trim_start().starts_with("night ") && text[1].ends_with('*'), "{text:?}");
    let last = text[text.iter().rposition(|line| line.contains("Train night apart")).expect("what to do")..].join(" ");
    assert!(last.contains("or with its own sigma_min") && last.ends_with('.'), "{last}");
    // The same numbers in the text, the table and the document.
    let (table, markdown) = (world.table("out/recommend_by_class.csv"), world.read("out/recommend.md"));
    let markdown = String::from_utf8(markdown).expect("text");
    assert_eq!(table.column("class"), names);
    for (i, row) in rows.iter().enumerate() {
        let same = |column: &str, value: &Value| {
            // What reads JSON may be off by the last bit.
            let (cell, value) = (table.column(column)[i].parse::<f64>().ok(), value.as_f64());
            let is_same = |(a, b): (f64, f64)| (a - b).abs() <= 1e-15 * b.abs();
            assert_eq!(cell.is_some(), value.is_some(), "{column} of {row}");
            assert!(cell.zip(value).is_none_or(is_same), "{column}: {cell:?} in {row}");
        };
        same("factor", &row["factor"]);
        same("p_holm", &row["p_holm"]);
        let name = format!("| {} | {} |", names[i], row["n_files"]);
        let document = markdown.lines().find(|line| line.starts_with(&name)).expect("a row");
        for setting in row["settings"].as_array().expect("settings") {
            let column = setting["name"].as_str().expect("a name");
            same(column, &setting["value"]);
            for key in ["low95", "high95", "factor", "factor_low95", "factor_high95", "p_holm"] {
                same(&format!("{column}_{key}"), &setting[key]);
            }
            let value = specscan::report::text::short(setting["value"].as_f64().expect("two images or more"));
            assert!(text[i + 1].contains(&value) && document.contains(&value), "{value}: {} {document}", text[i + 1]);
        }
    }
    assert!(markdown.contains("Train night apart"));
    let run = |threads: usize| {
        let json = world.succeed(&format!("recommend set --by-class --json --plots none -o again -j {threads}")).json();
        (json, world.read("again/recommend_by_class.csv"))
    };
    assert!(run(1) == run(3));
    assert_eq!(run(1).1, world.read("out/recommend_by_class.csv"));
}

#[test]
fn classes_that_agree_are_said_to_and_only_ten_are_printed() {
    let world = World::create();
    let names: Vec<String> = (0..12).map(|i| format!("a class with a long name {i:02}")).collect();
    let sizes: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 5)).collect();
    classes(&world, &sizes, "");
    let printed = world.succeed("recommend set --by-class --plots none -o out").stdout;
    assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
    assert!(printed.contains("…and 2 more in recommend_by_class.csv"), "{printed}");
    assert_eq!(printed.lines().filter(|line| line.contains("a class with…")).count(), 10, "{printed}");
    let words: Vec<&str> = printed.split_whitespace().collect();
    let words = words.join(" ");
    assert!(words.contains("No difference between classes is beyond chance; "), "{printed}");
    // Five files do not rule much out, and it says so.
    assert!(words.contains("with so few files a factor up to ×") && words.ends_with('.'), "{printed}");
    assert_eq!(world.table("out/recommend_by_class.csv").rows.len(), 12);
    // Of too few files nothing is said.
    let world = World::create();
    classes(&world, &[("a", 3), ("b", 4)], "a");
    let printed = world.succeed("recommend set --by-class --plots none -o out").stdout;
    assert!(printed.trim_end().ends_with("add files, 5 at least to a class."), "{printed}");
}

#[test]
fn sets_without_classes_are_refused_with_the_remedy() {
    let world = World::create();
    classes(&world, &[("cats", 5), ("dogs", 5)], "");
    world.succeed("scan set --name s -q --plots none -o scan");
    for (words, parts) in [
        ("recommend set/cats --by-class -o out", &["--by-class", "`.`", "the folder above"][..]),
        ("recommend set/cats set/dogs --by-class -o out", &["--by-input"]),
        ("recommend scan/s.spectrum --by-class -o out", &["single images", "folder of images"]),
        ("recommend set --by-class --until 5% -o out", &["--until", "--sample"]),
    ] {
        world.refuse(words, parts);
    }
}
