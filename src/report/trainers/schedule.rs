//! The schedule in all units, for programs of one's own: JSON, npz and safetensors with the same arrays.

use serde_json::{Map, Value, json};

use crate::diffusion::{NoiseLevel, TrainerSettings};
use crate::report::arrays::NamedArray;
use crate::report::content::Content;

/// Version of the layout.
const SCHEMA_VERSION: u32 = 1;

/// Arrays, and the numbers beside them.
#[derive(Debug, Clone)]
pub(super) struct ScheduleArrays {
    arrays: Vec<NamedArray>,
    /// Numbers without the arrays, as JSON.
    meta: Map<String, Value>,
    meta_json: String,
}

impl ScheduleArrays {
    /// Of `settings`, measured on what `made_from` says.
    pub fn new(settings: &TrainerSettings, made_from: Value) -> Self {
        let levels = settings.levels();
        let unit = |unit: fn(NoiseLevel) -> f64| levels.iter().map(|level| unit(*level)).collect::<Vec<f64>>();
        let array = |name, values: Vec<f64>| NamedArray { name, shape: vec![values.len()], values };
        let arrays = vec![
            // Not `sigma`: archives of FID statistics are told by that name.
            array("sigmas", settings.sigmas.clone()),
            array("logsnr", unit(NoiseLevel::logsnr)),
            array("alpha_bar", unit(NoiseLevel::alpha_bar)),
            array("t_flow", unit(NoiseLevel::flow_time)),
            array("t_flow_preshift", settings.flow_times_before_shift()),
            array("trained_betas", settings.trained_betas()),
            array("sigma_data_per_channel", settings.sigma_data_per_channel.clone()),
            array("raw_mean", settings.raw_mean.clone()),
            array("raw_std", settings.raw_std.clone()),
        ];
        let mut meta = Map::new();
        let space = if settings.is_latent { "latent" } else { "pixel" };
        let [width, height] = settings.resolution;
        for (key, value) in [
            ("schema_version", json!(SCHEMA_VERSION)),
            ("specscan_version", json!(env!("CARGO_PKG_VERSION"))),
            ("kind", json!("schedule")),
            ("order", json!("sigmas descend, from noise to clean; the final 0 of samplers is terminal_sigma")),
            ("space", json!(space)),
            ("resolution_px", json!(settings.resolution)),
            ("channels", json!(settings.channels)),
            ("sigma_data", json!(settings.sigma_data)),
            ("sigma_min", json!(settings.sigma_min)),
            ("sigma_max", json!(settings.sigma_max)),
            ("rho", json!(settings.rho)),
            ("p_mean", json!(settings.p_mean)),
            ("p_std", json!(settings.p_std)),
            ("shift", json!(settings.shift)),
            ("mu", json!(settings.shift.ln())),
            ("terminal_sigma", json!(0.0)),
            ("timesteps", json!(settings.timesteps())),
            (
                "noise_offset",
                json!({
                    "strength": settings.noise_offset,
                    "needed_below_sigma": settings.sigma_brightness,
                    "applies_to": format!("{space} {width}x{height}"),
                }),
            ),
            (
                "logit_mean",
                json!({
                    "diffusers": settings.logit_mean_of_index(1.0),
                    "diffusers_this_shift": settings.logit_mean_of_index(settings.shift),
                    "direct": settings.logit_mean_of_time(),
                }),
            ),
            ("made_from", made_from),
        ] {
            meta.insert(key.to_owned(), value);
        }
        let meta_json = Value::Object(meta.clone()).to_string();
        Self { arrays, meta, meta_json }
    }

    /// The three files.
    pub fn contents(&self) -> Vec<Content<'_>> {
        let mut document = self.meta.clone();
        for array in &self.arrays {
            // Under this name `--schedule trainer_schedule.json` finds it.
            let name = if array.name == "sigmas" { "sigma" } else { array.name };
            document.insert(name.to_owned(), json!(array.values));
        }
        vec![
            Content::json("trainer_schedule.json", document),
            Content::npz("trainer_schedule.npz", &self.arrays, &self.meta_json),
            Content::safetensors("trainer_schedule.safetensors", &self.arrays, &self.meta_json),
        ]
    }
}
