//! Writes the files for all trainers, of fixed settings, for `make test-consumers`: of pixels and of latents.
//!
//! `cargo run --example trainer_files -- FOLDER` makes `FOLDER/pixels` and `FOLDER/latents`.

use std::path::PathBuf;

use specscan::diffusion::TrainerSettings;
use specscan::report::manifest::Manifest;
use specscan::report::output_dir::OutputDir;
use specscan::report::trainers::{Trainer, TrainerFiles};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(folder) = std::env::args().nth(1).map(PathBuf::from) else {
        return Err("usage: trainer_files FOLDER".into());
    };
    let (sigma_min, sigma_max, rho, n): (f64, f64, f64, u32) = (0.004, 60.0, 5.0, 20);
    let sigma = |i: u32| {
        let (low, high) = (sigma_min.powf(1.0 / rho), sigma_max.powf(1.0 / rho));
        (high + f64::from(i) / f64::from(n - 1) * (low - high)).powf(rho)
    };
    let pixels = TrainerSettings {
        sigma_data: 0.497,
        sigma_data_per_channel: vec![0.51, 0.49, 0.49],
        raw_mean: vec![-0.1, 0.0, 0.1],
        raw_std: vec![0.52, 0.5, 0.5],
        sigma_min,
        sigma_max,
        sigma_brightness: sigma_max,
        p_mean: -1.25,
        p_std: 0.97,
        shift: 4.0,
        noise_offset: 0.2889,
        sigmas: (0..n).map(sigma).collect(),
        rho,
        resolution: [256, 192],
        channels: 3,
        is_latent: false,
    };
    let latents = TrainerSettings {
        sigma_data: 0.8,
        sigma_data_per_channel: vec![0.9, 0.8, 0.8, 0.7],
        raw_mean: vec![0.3, -0.2, 0.0, 0.1],
        raw_std: vec![0.9, 0.8, 0.8, 0.7],
        resolution: [64, 48],
        channels: 4,
        is_latent: true,
        ..pixels.clone()
    };
    for (name, settings) in [("pixels", pixels), ("latents", latents)] {
        let out = OutputDir::create(folder.join(name), "trainer-files")?;
        let files = TrainerFiles::new(&settings, &Trainer::ALL, serde_json::json!("fixed settings"));
        files.contents().into_iter().try_for_each(|content| content.write(&out))?;
        Manifest::new().write(&out, &[])?;
    }
    Ok(())
}
