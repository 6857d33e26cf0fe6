//! `recommend --for`: files of the trainers that were asked for, with the numbers of the report, and no others.

use std::io::Read;

use serde_json::Value;
use specscan::report::text::short;

use super::World;
use super::arrays::{normal, npy};

/// Files that only `--for` writes.
fn of_trainers(world: &World) -> Vec<String> {
    let own = ["recommend.json", "recommend.md"];
    world.files("out").into_iter().filter(|name| !own.contains(&name.as_str())).collect()
}

#[test]
fn each_trainer_gets_its_file_with_the_numbers_of_the_report() {
    let world = World::with_photos(6);
    let printed = world.succeed("recommend photos --plots none -o out");
    assert_eq!(of_trainers(&world), Vec::<String>::new(), "{}", printed.stderr);
    world.succeed("recommend photos --plots none -o out --for edm,flow");
    let schedule = ["trainer_schedule.json", "trainer_schedule.npz", "trainer_schedule.safetensors", "trainers.md"];
    assert_eq!(of_trainers(&world), [&["edm.sh", "flow.json"][..], &schedule[..]].concat());
    let trainer = &world.json("out/recommend.json")["trainer"];
    let script = String::from_utf8(world.read("out/edm.sh")).expect("text");
    let p_mean = script.split("P_mean=").nth(1).and_then(|rest| rest.split(',').next()).expect("P_mean");
    let (found, expected) = (p_mean.parse::<f64>().expect("a number"), trainer["p_mean"].as_f64().expect("a number"));
    assert!((found / expected - 1.0).abs() <= 1e-7, "{found} instead of {expected}");
    let flow = world.json("out/flow.json");
    assert_eq!(flow["training"]["logit_mean"]["direct"], trainer["p_mean"]);
    let json = world.json("out/trainer_schedule.json");
    assert_eq!((&json["sigma"], &json["made_from"]["counts"]["n_images"]), (&trainer["sigmas"], &6.into()));
    // Other commands take the schedule.
    let lines = world.succeed("convert --schedule out/trainer_schedule.json --to sigma").stdout;
    assert_eq!(lines.lines().count(), trainer["sigmas"].as_array().expect("levels").len());
    world.succeed("snr photos --plots none -o snr --schedule out/trainer_schedule.npz");
    // What was not asked for again goes.
    world.succeed("recommend photos --plots none -o out --for kohya");
    assert_eq!(of_trainers(&world), [&["kohya.toml"][..], &schedule[..]].concat());
    world.succeed("recommend photos --plots none -o out");
    assert_eq!(of_trainers(&world), Vec::<String>::new());
}

#[test]
fn an_unknown_trainer_is_answered_with_the_list() {
    let world = World::with_photos(2);
    world.refuse("recommend photos --for kohia -o out", &["kohia", "k-diffusion", "kohya", "comfyui"]);
    assert_eq!(world.files("out"), Vec::<String>::new());
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list")).iter().map(number).collect()
}

/// The number that stands behind `key` in a text.
fn after(text: &str, key: &str) -> f64 {
    let rest = text.split(key).nth(1).unwrap_or_else(|| panic!("no {key} in {text}"));
    let end = rest.find(|c: char| !(c.is_ascii_digit() || "+-.e".contains(c))).unwrap_or(rest.len());
    // The end of a sentence is none of a number.
    rest[..end].trim_end_matches('.').parse().unwrap_or_else(|_| panic!("{key}: {}", &rest[..end]))
}

/// Fails unless both are the same to `tolerance`: files of text have eight digits or more.
fn same(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found}, not {expected}");
}

fn same_lists(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    found.iter().zip(expected).for_each(|(found, expected)| same(*found, *expected, tolerance, what));
}

/// The noise levels that a training schedule has at the timesteps.
fn levels_of(betas: &[f64], timesteps: &[f64]) -> Vec<f64> {
    let alpha_bars = betas.iter().scan(1.0, |alpha_bar, beta| {
        *alpha_bar *= 1.0 - beta;
        Some(*alpha_bar)
    });
    let sigmas: Vec<f64> = alpha_bars.map(|a: f64| ((1.0 - a) / a).sqrt()).collect();
    timesteps.iter().map(|t| sigmas[*t as usize]).collect()
}

/// Every number of the files for `trainer`, the numbers of the report, in `out`.
fn check_exports(world: &World, trainer: &Value, is_latent: bool) {
    let text = |name: &str| String::from_utf8(world.read(&format!("out/{name}"))).expect("text");
    let json = |name: &str| world.json(&format!("out/{name}"));
    let [mean, std, data, low, high, shift, offset, rho] =
        ["p_mean", "p_std", "sigma_data", "sigma_min", "sigma_max", "shift", "noise_offset", "rho"]
            .map(|key| number(&trainer[key]));
    let sigmas = numbers(&trainer["sigmas"]);
    let with_zero: Vec<f64> = sigmas.iter().copied().chain([0.0]).collect();
    let times: Vec<f64> = sigmas.iter().map(|s| s / (1.0 + s)).collect();
    // EDM2 brings latents to a deviation of 0.5.
    let stds = numbers(&trainer["raw_std"]);
    let raw_std = (stds.iter().map(|std| std * std).sum::<f64>() / stds.len() as f64).sqrt();
    for (name, scale) in [("edm.sh", 1.0), ("edm2.sh", if is_latent { 0.5 / raw_std } else { 1.0 })] {
        let script = text(name);
        same(after(&script, "P_mean="), mean + f64::ln(scale), 1e-7, name);
        same(after(&script, "P_std="), std, 1e-7, name);
        same(after(&script, "--sigma_min="), scale * low, 1e-7, name);
        same(after(&script, "--sigma_max="), scale * high, 1e-7, name);
        same(after(&script, "--rho="), rho, 0.0, name);
        same(after(&script, "--steps="), sigmas.len() as f64, 0.0, name);
    }
    if is_latent {
        for key in ["raw_mean", "raw_std"] {
            let script = text("edm2.sh");
            let list =
                script.split(&format!("{key}=[")).nth(1).and_then(|rest| rest.split(']').next()).expect("a list");
            let list: Vec<f64> = list.split(", ").map(|value| value.parse().expect("a number")).collect();
            same_lists(&list, &numbers(&trainer[key]), 1e-7, key);
        }
    }
    assert_eq!(text("edm.sh").matches("sigma_data=").count(), 2);
    same(after(&text("edm.sh"), "sigma_data="), data, 1e-7, "edm.sh");
    let (diffusers, flow, ddpm) = (json("diffusers.json"), json("flow.json"), json("ddpm.json"));
    let euler = &diffusers["EulerDiscreteScheduler"];
    same_lists(&numbers(&euler["set_timesteps"]["sigmas"]), &with_zero, 0.0, "Euler");
    let edm = &diffusers["EDMEulerScheduler"]["config"];
    for (key, expected) in [("sigma_min", low), ("sigma_max", high), ("sigma_data", data), ("rho", rho)] {
        same(number(&edm[key]), expected, 0.0, key);
    }
    let betas = numbers(&ddpm["trained_betas"]);
    let dpm = &diffusers["DPMSolverMultistepScheduler"];
    for config in [&dpm["config"], &euler["config"], &diffusers["DDPMScheduler"]["config"]] {
        same_lists(&numbers(&config["trained_betas"]), &betas, 0.0, "betas");
    }
    let timesteps = numbers(&dpm["set_timesteps"]["timesteps"]);
    same_lists(&levels_of(&betas, &timesteps), &sigmas, 1e-8, "levels at timesteps");
    assert_eq!(ddpm["clip_sample"], !is_latent);
    for (config, name) in [
        (&flow["scheduler_config"], "flow.json"),
        (&diffusers["FlowMatchEulerDiscreteScheduler"]["config"], "flow match"),
    ] {
        same(number(&config["shift"]), shift, 0.0, name);
    }
    same_lists(&numbers(&flow["sigmas_after_shift"]), &times, 1e-14, "flow times");
    let shifted: Vec<f64> =
        numbers(&flow["set_timesteps"]["sigmas"]).iter().map(|t| shift * t / (1.0 + (shift - 1.0) * t)).collect();
    same_lists(&shifted, &times, 1e-12, "shifted flow times");
    let training = &flow["training"];
    same(number(&training["logit_std"]), std, 0.0, "logit_std");
    same(number(&training["logit_mean"]["direct"]), mean, 0.0, "logit_mean");
    same(number(&training["logit_mean"]["diffusers_shift_1"]), -mean, 0.0, "logit_mean of the index");
    same(number(&training["logit_mean"]["diffusers_this_shift"]), shift.ln() - mean, 1e-14, "with the shift");
    let k_diffusion = json("k-diffusion.json");
    let (model, density) = (&k_diffusion["model"], &k_diffusion["model"]["sigma_sample_density"]);
    for (found, expected) in [
        (&model["sigma_data"], data),
        (&model["sigma_min"], low),
        (&model["sigma_max"], high),
        (&density["mean"], mean),
        (&density["std"], std),
    ] {
        same(number(found), expected, 0.0, "k-diffusion");
    }
    same_lists(&numbers(&k_diffusion["sigmas"]), &with_zero, 0.0, "k-diffusion");
    let kohya = text("kohya.toml");
    same(after(&kohya, "noise_offset = "), offset, 1e-7, "kohya");
    same(after(&kohya, "discrete_flow_shift = "), mean.exp(), 1e-7, "kohya");
    same(after(&kohya, "sigmoid_scale = "), std, 1e-7, "kohya");
    same(after(&kohya, "there logit_mean = "), -mean, 1e-7, "kohya");
    same(after(&kohya, "logit_std = "), std, 1e-7, "kohya");
    let is_needed = number(&trainer["sigma_brightness"]) > SD_SIGMA_MAX;
    let is_active = kohya.lines().any(|line| line.starts_with("noise_offset"));
    assert_eq!(is_active, is_latent && is_needed, "{kohya}");
    let comfyui = text("comfyui.txt");
    let lines: Vec<Vec<f64>> =
        comfyui.lines().map(|line| line.split(", ").map(|v| v.parse().expect("a number")).collect()).collect();
    same_lists(&lines[0], &with_zero, 1e-7, "comfyui");
    same_lists(&lines[1][..times.len()], &times, 1e-7, "comfyui, flow");
    check_schedule(world, trainer, &betas);
}

/// The schedule in all units, in all three formats.
fn check_schedule(world: &World, trainer: &Value, betas: &[f64]) {
    let schedule = world.json("out/trainer_schedule.json");
    let singles = ["sigma_data", "sigma_min", "sigma_max", "p_mean", "p_std", "shift", "rho"];
    for key in singles.into_iter().chain(["sigma_data_per_channel", "raw_mean", "raw_std"]) {
        assert_eq!(schedule[key], trainer[key], "{key}");
    }
    assert_eq!(schedule["sigma"], trainer["sigmas"]);
    assert_eq!(schedule["noise_offset"]["strength"], trainer["noise_offset"]);
    same_lists(&numbers(&schedule["trained_betas"]), betas, 0.0, "betas");
    let sigmas = numbers(&trainer["sigmas"]);
    let logsnr: Vec<f64> = sigmas.iter().map(|s| -2.0 * s.ln()).collect();
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12);
    assert!(near(&numbers(&schedule["logsnr"]), &logsnr));
    let alpha_bar: Vec<f64> = sigmas.iter().map(|s| 1.0 / (1.0 + s * s)).collect();
    assert!(near(&numbers(&schedule["alpha_bar"]), &alpha_bar));
    let bytes = world.read("out/trainer_schedule.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("tensors");
    let bytes = world.read("out/trainer_schedule.npz");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
    let levels = ["sigmas", "logsnr", "alpha_bar", "t_flow", "t_flow_preshift", "trained_betas"];
    for key in levels.into_iter().chain(["sigma_data_per_channel", "raw_mean", "raw_std"]) {
        let expected = numbers(&schedule[if key == "sigmas" { "sigma" } else { key }]);
        let doubles = |bytes: &[u8]| -> Vec<f64> {
            bytes.as_chunks::<8>().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect()
        };
        let tensor = tensors.tensor(key).expect("a tensor");
        assert_eq!(tensor.dtype(), safetensors::Dtype::F64);
        // What reads JSON may be off by the last bit.
        same_lists(&doubles(tensor.data()), &expected, 1e-15, key);
        let mut member = Vec::new();
        archive.by_name(&format!("{key}.npy")).expect("a member").read_to_end(&mut member).expect("bytes");
        let header = 10 + usize::from(u16::from_le_bytes([member[8], member[9]]));
        same_lists(&doubles(&member[header..]), &expected, 1e-15, key);
    }
}

/// Where the noise of SD 1.5 and SDXL ends.
const SD_SIGMA_MAX: f64 = 14.6146;

const ALL: &str = "edm,edm2,diffusers,k-diffusion,kohya,flow,ddpm,comfyui";

/// The settings of the report are the trainer's, and those that the text and the document begin with.
fn check_words(world: &World, report: &Value, printed: &str) {
    let trainer = &report["trainer"];
    let setting = |name: &str| {
        let settings = report["settings"].as_array().expect("settings");
        number(&settings.iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("no {name}"))["value"])
    };
    for (name, key) in [
        ("sigma_data", "sigma_data"),
        ("sigma_min", "sigma_min"),
        ("sigma_max", "sigma_max"),
        ("P_mean", "p_mean"),
        ("P_std", "p_std"),
        ("shift", "shift"),
        ("noise_offset", "noise_offset"),
    ] {
        same(setting(name), number(&trainer[key]), 0.0, name);
    }
    let [mean, std, data, low, high] =
        ["p_mean", "p_std", "sigma_data", "sigma_min", "sigma_max"].map(|key| short(number(&trainer[key])));
    let first = format!("P_mean = {mean}, P_std = {std}, sigma_data = {data}; sigma {low} to {high}");
    assert_eq!(printed.lines().next(), Some(first.as_str()));
    let advice = format!(
        "Train with ln sigma drawn from N({mean}, {std}²) and sigma_data = {data}; \
         sample from sigma = {high} down to {low}."
    );
    let markdown = String::from_utf8(world.read("out/recommend.md")).expect("text");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(printed).contains(&advice) && words(&markdown).contains(&advice), "{advice}");
    let levels: Vec<String> = numbers(&trainer["sigmas"]).into_iter().map(short).collect();
    assert!(markdown.contains(&format!("{} steps: {}.", levels.len(), levels.join(", "))), "{markdown}");
}

/// The value of an attribute of an SVG element.
fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    element
        .split(&format!(" {name}=\""))
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("no {name} in {element}"))
}

/// The picture: its words, the ends of its bands, and mean and deviation of the curve of the images' density.
fn check_picture(world: &World, trainer: &Value) {
    let svg = String::from_utf8(world.read("out/recommend.svg")).expect("text");
    let [mean, std, low, high] = ["p_mean", "p_std", "sigma_min", "sigma_max"].map(|key| number(&trainer[key]));
    let title = format!("These images need noise from σ = {} to {}", short(low), short(high));
    let density = format!("these images: ln σ ~ N({mean:.2}, {std:.2}²)").replace('-', "−");
    assert!(svg.contains(&title) && svg.contains(&density), "{title}, {density}");
    // Labels of the lower axis: places and levels.
    let label = |line: &str| -> Option<(f64, f64)> {
        let value: f64 = line.split('>').nth(1)?.split('<').next()?.parse().ok()?;
        let is_label = attribute(line, "text-anchor") == "middle";
        is_label.then(|| (attribute(line, "x").parse().expect("a place"), value.ln()))
    };
    let labels: Vec<(f64, f64)> = svg.lines().filter(|line| line.starts_with("<text")).filter_map(label).collect();
    let ((left, from), (right, to)) = (labels[0], labels[labels.len() - 1]);
    assert!(right - left >= 100.0, "{labels:?}");
    let level = |x: f64| from + (x - left) / (right - left) * (to - from);
    let px = (to - from) / (right - left);
    // The first is the key of the legend.
    let bands = svg.lines().filter(|line| line.starts_with("<rect") && line.contains("#dbebf4")).skip(1);
    let ends: Vec<[f64; 2]> = bands
        .map(|band| {
            let [x, width] = ["x", "width"].map(|name| attribute(band, name).parse::<f64>().expect("a number"));
            [level(x), level(x + width)]
        })
        .collect();
    assert_eq!(ends.len(), 2);
    for [found_low, found_high] in ends {
        assert!((found_low - low.ln()).abs() <= px && (found_high - high.ln()).abs() <= px, "{found_low} {found_high}");
    }
    let curves = svg.lines().filter(|line| line.starts_with("<polyline") && attribute(line, "stroke") == "#0072b2");
    let longest = curves.max_by_key(|line| line.len()).expect("a curve");
    let points: Vec<(f64, f64)> = attribute(longest, "points")
        .split(' ')
        .map(|point| point.split_once(',').expect("two numbers"))
        .map(|(x, y)| (level(x.parse().expect("a number")), y.parse().expect("a number")))
        .collect();
    let floor = points.iter().map(|(_, y)| *y).fold(f64::MIN, f64::max);
    let moment = |f: &dyn Fn(f64) -> f64| -> f64 {
        points
            .windows(2)
            .map(|w| (w[1].0 - w[0].0) * (f(w[0].0) * (floor - w[0].1) + f(w[1].0) * (floor - w[1].1)) / 2.0)
            .sum()
    };
    let area = moment(&|_| 1.0);
    let of_curve = moment(&|l| l) / area;
    let deviation = (moment(&|l| (l - of_curve).powi(2)) / area).sqrt();
    assert!((of_curve - mean).abs() <= 0.02 && (deviation / std - 1.0).abs() <= 0.02, "{of_curve} {deviation}");
}

#[test]
fn every_number_is_the_same_in_words_tables_picture_and_the_files_of_all_trainers() {
    let world = World::with_photos(12);
    let shape = [24, 4, 16, 16];
    let white = normal(shape.iter().product(), 4);
    // Neighbours are alike, so that no setting is that of white noise.
    let alike: Vec<f32> = (0..white.len()).map(|i| 0.7 * white[i] + white[i.saturating_sub(1)] + 0.5).collect();
    world.write("latents.npy", npy(&alike, "<f4", &shape));
    for (input, is_latent) in [("photos --resolution 16", false), ("latents.npy", true)] {
        let printed = world.succeed(&format!("recommend {input} --plots svg --for {ALL} -o out")).stdout;
        let report = world.json("out/recommend.json");
        assert_eq!(report["trainer"]["is_latent"], is_latent);
        check_words(&world, &report, &printed);
        check_picture(&world, &report["trainer"]);
        check_exports(&world, &report["trainer"], is_latent);
    }
}

#[test]
fn offset_noise_is_on_only_where_the_noise_of_the_model_does_not_hide_the_brightness() {
    let world = World::create();
    let shape = [24, 4, 16, 16];
    let white = normal(shape.iter().product(), 6);
    let brightness = normal(24 * 4, 7);
    for (input, decided, spread) in [("even", "bands", 0.04), ("varied", "brightness", 1.0)] {
        let values: Vec<f32> = (0..white.len()).map(|i| white[i] + spread * brightness[i / 256]).collect();
        world.write(format!("{input}.npy"), npy(&values, "<f4", &shape));
        let printed = world.succeed(&format!("recommend {input}.npy --plots none --for {ALL} -o out")).stdout;
        let report = world.json("out/recommend.json");
        assert_eq!(report["sigma_max_decided_by"], decided);
        let [offset, level, high] =
            ["noise_offset", "sigma_brightness", "sigma_max"].map(|key| number(&report["trainer"][key]));
        let kohya = String::from_utf8(world.read("out/kohya.toml")).expect("text");
        let line = kohya.lines().find(|line| line.contains("noise_offset = ")).expect("the key");
        same(after(line, "noise_offset = "), offset, 1e-7, "kohya.toml");
        assert_eq!(line.starts_with("noise_offset = "), level > SD_SIGMA_MAX, "{kohya}");
        let schedule = world.json("out/trainer_schedule.json");
        assert_eq!(number(&schedule["noise_offset"]["needed_below_sigma"]), level);
        let words = printed.split_whitespace().collect::<Vec<_>>().join(" ");
        let settings = report["settings"].as_array().expect("settings");
        let said =
            settings.iter().find(|s| s["name"] == "noise_offset").expect("noise_offset")["difference"].to_string();
        if decided == "bands" {
            assert!(level < high && level < SD_SIGMA_MAX, "{level}");
            assert!(kohya.contains(&format!("from {} on it hides", short(level))), "{kohya}");
            let advice = format!("with a sigma_max below {} takes noise_offset = {}", short(level), short(offset));
            assert!(words.contains("no offset noise is needed") && words.contains(&advice), "{advice}: {words}");
            assert!(said.contains(&format!("below {}", short(level))), "{said}");
        } else {
            assert!(level == high && words.contains(&format!("noise_offset = {}", short(offset))), "{words}");
            assert!(said.contains("less varied in brightness"), "{said}");
            assert!(level > SD_SIGMA_MAX, "{level}");
            assert!(kohya.contains(&format!("below the {} that hides", short(level))), "{kohya}");
        }
    }
}
