//! `recommend`: the same numbers from images and spectra, in text, JSON and Markdown; sets whose settings are known;
//! options that cannot be.

use image::{Rgb, RgbImage};
use serde_json::Value;
use specscan::report::text::short;

use super::World;

/// White noise of pixels about the middle of the range, `std` codes of deviation.
fn white_noise(world: &World, n: u32, side: u32, std: f64) {
    std::fs::create_dir_all(world.path("white")).expect("a folder");
    let mut state = 88_172_645_463_325_252_u64;
    let mut even = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    for i in 0..n {
        let mut pixel = || (127.5 + std * (12.0_f64).sqrt() * (even() - 0.5)).round() as u8;
        let image = RgbImage::from_fn(side, side, |_, _| Rgb([pixel(), pixel(), pixel()]));
        image.save(world.path(format!("white/{i:03}.png"))).expect("an image");
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn setting<'a>(report: &'a Value, name: &str) -> &'a Value {
    let settings = report["settings"].as_array().expect("settings");
    settings.iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn images_and_their_spectrum_give_the_same_numbers() {
    let world = World::with_photos(12);
    world.succeed("scan photos --name s -q --plots none -o scan");
    let report = |input: &str| Value::Object(world.succeed(&format!("recommend {input} --json -o out")).json());
    let (mut images, mut saved) = (report("photos"), report("scan/s.spectrum"));
    assert!(images["pair_distances"]["largest"].is_number() && saved["pair_distances"]["largest"].is_null());
    assert_eq!(images["pair_distances"]["n_pairs"], 66);
    assert!(number(&images["pair_distances"]["largest"]) > number(&images["pair_distances"]["typical"]));
    for report in [&mut images, &mut saved] {
        report["pair_distances"]["largest"] = Value::Null;
        report["pair_distances"]["n_pairs"] = Value::Null;
        for setting in report["settings"].as_array().expect("settings") {
            assert!(setting["value"].is_number() && setting["unit"].is_string(), "{setting}");
            assert!(setting["why"].as_str().is_some_and(|why| why.ends_with('.')), "{setting}");
            let (low, value, high) = (&setting["low95"], number(&setting["value"]), &setting["high95"]);
            assert!(low.is_null() || number(low) <= value + 1e-12, "{setting}");
            assert!(high.is_null() || number(high) >= value - 1e-12, "{setting}");
        }
    }
    assert_eq!(images, saved);
    assert_eq!(images["preprocess"]["transform"], "none");
    let trainer = &images["trainer"];
    let sigmas: Vec<f64> = trainer["sigmas"].as_array().expect("levels").iter().map(number).collect();
    assert!(sigmas.windows(2).all(|pair| pair[0] > pair[1]), "{sigmas:?}");
    assert_eq!((&trainer["sigma_max"], &trainer["sigma_min"]), (&Value::from(sigmas[0]), &Value::from(sigmas[39])));
    let decided = if images["sigma_max_decided_by"] == "bands" { "sigma_bands" } else { "sigma_brightness" };
    assert_eq!(setting(&images, "sigma_max")["value"], setting(&images, decided)["value"]);
}

#[test]
fn text_json_and_markdown_say_the_same_numbers() {
    let world = World::with_photos(12);
    let printed = world.succeed("recommend photos --resolution 16 --audit flow:50,3 --resolutions 8,32 -o out").stdout;
    let report = world.json("out/recommend.json");
    let markdown = String::from_utf8(world.read("out/recommend.md")).expect("text");
    for line in printed.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for setting in report["settings"].as_array().expect("settings") {
        let name = setting["name"].as_str().expect("a name");
        let begins = |line: &&str| line.split_whitespace().next() == Some(name);
        let mut table = printed.lines().skip_while(|line| !line.starts_with("setting "));
        let line = table.find(begins).unwrap_or_else(|| panic!("no {name} in {printed}"));
        let row = markdown.lines().find(|line| line.starts_with(&format!("| {name} |"))).expect("a row");
        let mut numbers = vec![short(number(&setting["value"]))];
        numbers.extend(["low95", "high95"].iter().filter_map(|end| setting[end].as_f64()).map(short));
        for number in numbers {
            assert!(line.contains(&number), "{name}: {number} is missing in {line}");
            assert!(row.contains(&number), "{name}: {number} is missing in {row}");
        }
        assert!(row.contains(setting["why"].as_str().expect("a reason")), "{row}");
    }
    for audit in report["audits"].as_array().expect("audits") {
        let name = audit["name"].as_str().expect("a name");
        for text in [&printed, &markdown] {
            let is_row = |line: &&str| line.trim_start_matches("| ").starts_with(&format!("{name} "));
            let line = text.lines().find(is_row).unwrap_or_else(|| panic!("no {name} in {text}"));
            for key in ["waste_below", "waste_above", "unreached_below", "unreached_above"] {
                let share = format!("{:.1} %", 100.0 * number(&audit[key]));
                assert!(line.contains(&share), "{name}, {key}: {share} is missing in {line}");
            }
        }
    }
    assert!(report["audits"].as_array().expect("audits").iter().any(|audit| audit["name"] == "flow:50,3"));
    let planner = report["planner"].as_array().expect("rows");
    assert_eq!((&planner[0]["source"], &planner[1]["source"]), (&"measured".into(), &"predicted".into()));
    for row in planner {
        let cells = [number(&row["sigma_hides_mean"]), number(&row["p_mean"]), number(&row["noise_offset"])].map(short);
        for text in [&printed, &markdown] {
            let has = |line: &str| cells.iter().all(|cell| line.contains(cell.as_str()));
            assert!(text.lines().any(has), "{cells:?} in {text}");
        }
    }
    let pairs = &report["pair_distances"];
    for number in [number(&pairs["typical"]), number(&pairs["largest"])].map(short) {
        assert!(printed.contains(&number) && markdown.contains(&number), "{number}");
    }
}

#[test]
fn white_noise_has_its_closed_forms() {
    let world = World::create();
    let (side, std) = (64, 30.0);
    white_noise(&world, 60, side, std);
    let report = Value::Object(world.succeed("recommend white --json --plots none -o out").json());
    let value = std / 127.5;
    // Rounding to whole codes adds a twelfth of their squares.
    let deviation = (std * std + 1.0 / 12.0).sqrt() / 127.5;
    let of = |name: &str| number(&setting(&report, name)["value"]);
    assert!((of("sigma_data") / deviation - 1.0).abs() <= 0.002, "{}", of("sigma_data"));
    assert!((of("P_mean") - deviation.ln()).abs() <= 0.04, "{} and {}", of("P_mean"), deviation.ln());
    assert!(of("P_std") <= 0.03, "{}", of("P_std"));
    assert!(of("delta").abs() <= 0.05 && of("noise_offset") <= 0.05 * value, "{report}");
    // Of three channels annulus 1 has eight modes, four pairs: twelve exponential powers of the variance each.
    assert!((1.0..=1.6).contains(&(of("sigma_bands") / (10.0_f64.sqrt() * deviation))), "{}", of("sigma_bands"));
    assert!((of("sigma_brightness") / (10.0_f64.sqrt() * deviation) - 1.0).abs() <= 0.15);
    assert_eq!(of("shift"), 1.0);
    let closest = &report["closest_noise"];
    assert!(closest["delta"].as_f64().is_none_or(|delta| delta.abs() <= 0.05), "{closest}");
    assert!((number(&closest["kl_per_dim"]) - number(&closest["white_kl_per_dim"])).abs() <= 1e-3, "{closest}");
    let typical = (2.0 * 3.0 * f64::from(side * side)).sqrt() * deviation;
    assert!((number(&report["pair_distances"]["typical"]) / typical - 1.0).abs() <= 0.002);
    assert!((number(&report["pair_distances"]["largest"]) / typical - 1.0).abs() <= 0.05);
}

#[test]
fn nothing_depends_on_the_threads() {
    let world = World::with_photos(11);
    let run = |out: &str, threads: usize| {
        world.succeed(&format!("recommend photos -q --resolution 16 --resolutions 8,64 -o {out} --threads {threads}"));
        let mut document = world.json(&format!("{out}/recommend.json"));
        let fields = document.as_object_mut().expect("an object");
        ["wall_time_s", "arguments", "threads"].iter().for_each(|key| drop(fields.remove(*key)));
        (world.read(&format!("{out}/recommend.md")), world.read(&format!("{out}/recommend.svg")), document)
    };
    assert_eq!(run("one", 1), run("four", 4));
}

#[test]
fn what_cannot_be_recommended_is_refused_with_the_remedy() {
    let world = World::with_photos(6);
    std::fs::create_dir_all(world.path("flat")).expect("a folder");
    for i in 0..3u8 {
        RgbImage::from_pixel(16, 16, Rgb([90 * i; 3])).save(world.path(format!("flat/{i}.png"))).expect("an image");
    }
    for (words, parts) in [
        ("recommend photos --audit edm:1,0 -o out", &["edm:1,0", "edm:-1.2,1.2"][..]),
        ("recommend photos --audit nothing -o out", &["unknown schedule 'nothing'"]),
        ("recommend photos --channels ycbcr -o out", &["--channels rgb"]),
        ("recommend photos --window hann -o out", &["--window"]),
        ("recommend photos --standardize none -o out", &["--standardize"]),
        ("recommend photos --range 0:1 -o out", &["-1:1", "--range"]),
        ("recommend photos --num 1 -o out", &["2 images", "--transform tile"]),
        ("recommend photos --resolutions 1 -o out", &["--resolutions 1"]),
        ("recommend photos --resolutions 8 --resolution 8x12 -o out", &["square"]),
        ("recommend flat -o out", &["every image is flat"]),
    ] {
        world.refuse(words, parts);
    }
    assert!(!world.files("out").contains(&"recommend.json".to_owned()));
}

#[test]
fn few_files_have_settings_and_no_intervals() {
    let world = World::with_photos(3);
    let report = Value::Object(world.succeed("recommend photos --json --plots none -o out").json());
    for name in ["sigma_data", "P_mean", "P_std", "noise_offset", "delta", "sigma_brightness"] {
        assert!(setting(&report, name)["low95"].is_null(), "{name}");
    }
    let text = world.succeed("recommend photos --plots none -o out").stdout;
    assert!(text.contains("P_mean: 3 files: no interval"), "{text}");
}

#[test]
fn a_shift_that_follows_from_the_sizes_has_no_interval_and_says_so() {
    let world = World::with_photos(12);
    world.succeed("recommend photos --resolution 16 --plots none -o out");
    let report = world.json("out/recommend.json");
    let shift = setting(&report, "shift");
    assert!((number(&shift["value"]) / 0.25 - 1.0).abs() <= 0.01, "{shift}");
    assert!(shift["low95"].is_null() && shift["high95"].is_null(), "{shift}");
    assert!(shift["why"].as_str().is_some_and(|why| why.contains("no interval")), "{shift}");
}

#[test]
fn a_mean_image_that_matters_is_told_beside_sigma_data() {
    let world = World::create();
    white_noise(&world, 30, 32, 10.0);
    let report = || world.json("out/recommend.json");
    let text = world.succeed("recommend white --plots none -o out").stdout;
    assert!(!text.contains("mean image") && number(&report()["mean_image_share"]) <= 0.005, "{text}");
    // A ramp that all images have.
    for entry in std::fs::read_dir(world.path("white")).expect("a folder") {
        let path = entry.expect("an image").path();
        let mut image = image::open(&path).expect("an image").into_rgb8();
        for (x, _, pixel) in image.enumerate_pixels_mut() {
            pixel.0 = pixel.0.map(|value| value.saturating_add(2 * x as u8));
        }
        image.save(&path).expect("an image");
    }
    let text = world.succeed("recommend white --plots none -o out").stdout;
    let (report, words) = (report(), text.split_whitespace().collect::<Vec<_>>().join(" "));
    // The ramp 0, 2 … 62 has the variance (32² − 1)/3, the noise 10² and that of rounding.
    let (ramp, noise) = (1023.0 / 3.0, 100.0 + 1.0 / 12.0);
    let share = number(&report["mean_image_share"]);
    assert!((share - ramp / (ramp + noise)).abs() <= 0.01, "{share}");
    assert!((number(&setting(&report, "sigma_data")["value"]) * 127.5 - noise.sqrt()).abs() <= 0.1);
    let raw: Vec<f64> = report["trainer"]["raw_std"].as_array().expect("channels").iter().map(number).collect();
    let all = (raw.iter().map(|std| std * std).sum::<f64>() / 3.0).sqrt();
    assert!((all * 127.5 - (ramp + noise).sqrt()).abs() <= 0.2, "{raw:?}");
    let told = format!(
        "which has {:.1} % of the power and which trainers do not subtract: with sigma_data = {} (np.std over all pixels",
        100.0 * share,
        short(all)
    );
    assert!(words.contains(&told), "`{told}` is missing in {words}");
}

#[test]
fn a_mean_image_that_chance_alone_leaves_is_not_told() {
    let world = World::create();
    let photos = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photos");
    let text = world.succeed(&format!("recommend {photos} --resolution 32 --num 3 --plots none -o out")).stdout;
    let share = number(&world.json("out/recommend.json")["mean_image_share"]);
    assert!(share > 0.01 && !text.contains("mean image"), "{share}: {text}");
}

#[test]
fn a_density_of_one_level_is_warned_of_and_no_deviation_is_below_zero() {
    let world = World::create();
    white_noise(&world, 12, 32, 30.0);
    let words =
        world.succeed("recommend white --plots none -o out").stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let report = world.json("out/recommend.json");
    let std = setting(&report, "P_std");
    assert!(number(&std["value"]) < 0.1 && number(&std["low95"]) >= 0.0, "{std}");
    let wide = short(number(&setting(&report, "P_std_wide")["value"]));
    assert!(words.contains(&format!("Take P_std_wide = {wide}.")), "{words}");
}
