//! Every file against the settings it was made from, its table, and the numbers a trainer reads out of it.

use super::*;
use crate::diffusion::ReferenceSchedule;
use crate::diffusion::convert::shift_flow_time;
use crate::diffusion::settings::example;

fn settings() -> TrainerSettings {
    example("edm:18".parse::<ReferenceSchedule>().expect("a schedule").sigmas())
}

fn latents() -> TrainerSettings {
    TrainerSettings { is_latent: true, channels: 4, sigma_data: 0.7, raw_std: vec![0.8; 4], ..settings() }
}

fn file(settings: &TrainerSettings, name: &str) -> String {
    let files = TrainerFiles::new(settings, &Trainer::ALL, Value::Null);
    files.texts.into_iter().find(|(file, _)| *file == name).unwrap_or_else(|| panic!("no {name}")).1
}

fn json_file(settings: &TrainerSettings, name: &str) -> Value {
    serde_json::from_str(&file(settings, name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

#[test]
fn every_trainer_has_a_file_and_a_row_and_every_file_is_declared() {
    let files = TrainerFiles::new(&settings(), &Trainer::ALL, Value::Null);
    let names: Vec<String> = files.contents().into_iter().map(|content| content.name.into_owned()).collect();
    assert_eq!(names, TRAINER_FILES);
    let readme = file(&settings(), "trainers.md");
    for trainer in Trainer::ALL {
        let own = TrainerFiles::new(&settings(), &[trainer], Value::Null);
        assert_eq!(own.texts.len(), 2, "{trainer}");
        assert!(readme.contains(&format!("| {trainer} | `{}` | ", own.texts[0].0)), "{trainer}:\n{readme}");
        assert_eq!(own.texts[1].1.matches("\n| ").count(), 3, "its row alone:\n{}", own.texts[1].1);
    }
    assert!(TrainerFiles::new(&settings(), &[], Value::Null).contents().is_empty());
}

#[test]
fn every_file_names_its_trap_and_no_number_is_missing() {
    for settings in [settings(), latents()] {
        for (name, text) in TrainerFiles::new(&settings, &Trainer::ALL, Value::Null).texts {
            let mut words = text.split(|c: char| !c.is_alphanumeric());
            assert!(words.all(|word| !["NaN", "nan", "inf", "null"].contains(&word)), "{name}:\n{text}");
            let has_comment = !["comfyui.txt", "trainers.md"].contains(&name);
            assert_eq!(text.contains("Trap"), has_comment, "{name}");
            assert!(text.ends_with('\n') && !text.contains("  \n"), "{name}:\n{text}");
        }
    }
}

#[test]
fn euler_takes_our_sigmas_with_a_zero_and_edm_the_ends() {
    let document = json_file(&settings(), "diffusers.json");
    let sigmas = numbers(&document["EulerDiscreteScheduler"]["set_timesteps"]["sigmas"]);
    assert_eq!(sigmas.len(), 19);
    // What reads JSON may be off by the last bit.
    assert!(sigmas.iter().zip(&settings().sigmas).all(|(a, b)| (a / b - 1.0).abs() <= 1e-15) && sigmas[18] == 0.0);
    let edm = &document["EDMEulerScheduler"];
    assert_eq!((&edm["config"]["sigma_max"], &edm["config"]["sigma_min"]), (&80.0.into(), &0.002.into()));
    assert_eq!(
        (&edm["config"]["sigma_data"], &edm["set_timesteps"]["num_inference_steps"]),
        (&0.497.into(), &18.into())
    );
    let k_diffusion = json_file(&settings(), "k-diffusion.json");
    assert_eq!(k_diffusion["model"]["sigma_sample_density"]["mean"], -1.25);
    assert_eq!(numbers(&k_diffusion["sigmas"]), sigmas);
}

#[test]
fn timesteps_find_our_sigmas_among_the_trained_betas() {
    let document = json_file(&settings(), "diffusers.json");
    let dpm = &document["DPMSolverMultistepScheduler"];
    let ddpm = json_file(&settings(), "ddpm.json");
    let betas = numbers(&ddpm["trained_betas"]);
    assert_eq!(dpm["config"]["trained_betas"], ddpm["trained_betas"]);
    assert_eq!((&ddpm["_class_name"], &ddpm["num_train_timesteps"]), (&"DDPMScheduler".into(), &1000.into()));
    let mut alpha_bar = 1.0;
    let alpha_bars: Vec<f64> = betas
        .iter()
        .map(|beta| {
            alpha_bar *= 1.0 - beta;
            alpha_bar
        })
        .collect();
    let timesteps = numbers(&dpm["set_timesteps"]["timesteps"]);
    assert_eq!(timesteps.len(), 18);
    for (timestep, sigma) in timesteps.iter().zip(settings().sigmas) {
        let alpha_bar = alpha_bars[*timestep as usize];
        assert!((((1.0 - alpha_bar) / alpha_bar).sqrt() / sigma - 1.0).abs() <= 1e-8, "timestep {timestep}");
    }
}

#[test]
fn flow_times_come_back_through_the_shift_and_logit_means_have_both_signs() {
    let flow = json_file(&settings(), "flow.json");
    let shift = flow["scheduler_config"]["shift"].as_f64().expect("a shift");
    let times = numbers(&flow["set_timesteps"]["sigmas"]);
    assert_eq!((shift, times.len()), (4.0, 18));
    assert!(times.iter().all(|t| *t > 0.0 && *t <= 1.0) && times.windows(2).all(|w| w[0] > w[1]));
    for (t, sigma) in times.iter().zip(settings().sigmas) {
        assert!((shift_flow_time(*t, shift) - sigma / (1.0 + sigma)).abs() <= 1e-14, "{sigma}");
    }
    let mean = &flow["training"]["logit_mean"];
    assert_eq!((&mean["direct"], &mean["diffusers_shift_1"]), (&(-1.25).into(), &1.25.into()));
    let shifted = mean["diffusers_this_shift"].as_f64().expect("a number");
    assert!((shifted - (4f64.ln() + 1.25)).abs() <= 1e-15);
}

#[test]
fn kohya_gets_numbers_of_latents_alone() {
    let keys = |settings: &TrainerSettings| {
        let text = file(settings, "kohya.toml");
        let pairs = text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(" = "));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(keys(&settings()), []);
    let keys = keys(&latents());
    let names: Vec<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(names, ["noise_offset", "timestep_sampling", "discrete_flow_shift", "sigmoid_scale"]);
    assert_eq!((keys[0].1.as_str(), keys[3].1.as_str()), ("0.2889", "0.97"));
    let shift: f64 = keys[2].1.parse().expect("a number");
    assert!((shift - (-1.25f64).exp()).abs() <= 1e-7, "{shift}");
}

#[test]
fn kohya_has_offset_noise_on_only_where_stable_diffusion_does_not_hide_the_brightness() {
    let text = |settings: TrainerSettings| file(&settings, "kohya.toml");
    let is_on = |text: &str| text.lines().any(|line| line == "noise_offset = 0.2889");
    let bright = text(TrainerSettings { sigma_brightness: 30.0, ..latents() });
    assert!(is_on(&bright) && bright.contains("at sigma = 14.61, below the 30.00 "), "{bright}");
    // Brightness decides sigma_max here, and yet their noise hides it.
    let dim = text(TrainerSettings { sigma_brightness: 7.0, sigma_max: 7.0, ..latents() });
    assert!(!is_on(&dim) && dim.contains("\n# noise_offset = 0.2889\n") && dim.contains("from 7.000 on"), "{dim}");
    let none = text(TrainerSettings { noise_offset: 0.0, ..latents() });
    assert!(!none.contains("noise_offset") && none.contains("no offset noise"), "{none}");
}

#[test]
fn edm2_brings_latents_to_its_deviation_and_leaves_pixels() {
    let pixels = file(&settings(), "edm2.sh");
    assert!(pixels.contains("--P_mean=-1.25 --P_std=0.97") && pixels.contains("--sigma_max=80 "), "{pixels}");
    let latents = file(&latents(), "edm2.sh");
    let mean = number(-1.25 + 0.625f64.ln());
    assert!(
        latents.contains(&format!("--P_mean={mean} --P_std=0.97")) && latents.contains("--sigma_max=50 "),
        "{latents}"
    );
    // What it has brought there already is left as it is, whatever the mean image has of it.
    let scaled = TrainerSettings { sigma_data: 0.25, raw_std: vec![0.5; 4], ..self::latents() };
    assert!(file(&scaled, "edm2.sh").contains("--P_mean=-1.25 --P_std=0.97"));
    assert!(file(&settings(), "edm.sh").contains("--steps=18 --sigma_min=0.002 --sigma_max=80 --rho=7"));
}

#[test]
fn lists_to_paste_end_in_zero() {
    let text = file(&settings(), "comfyui.txt");
    let lines: Vec<Vec<f64>> =
        text.lines().map(|line| line.split(", ").map(|v| v.parse().expect("a number")).collect()).collect();
    assert_eq!((lines.len(), lines[0].len(), lines[1].len()), (2, 19, 19));
    assert_eq!((lines[0][0], lines[0][18], lines[1][18]), (80.0, 0.0, 0.0));
    assert!((lines[1][0] - 80.0 / 81.0).abs() <= 1e-7);
}
