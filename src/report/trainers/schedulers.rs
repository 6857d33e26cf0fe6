//! Schedulers of diffusers: their configurations, and what goes into `set_timesteps`.

use serde_json::{Value, json};

use super::json_text;
use crate::diffusion::{NoiseLevel, TrainerSettings};
use crate::report::text::short;

/// The row of `diffusers.json`.
pub const USAGE: &str = "For each scheduler its `config` for `from_config` and the arguments of `set_timesteps`; \
    each has its trap in `_comment`.";

/// The row of `flow.json`.
pub const FLOW_USAGE: &str = "`scheduler_config` and `set_timesteps` for sampling; `training` has `logit_mean` in \
    both signs, because diffusers draws an \
                              index of descending timesteps.";

/// The row of `ddpm.json`.
pub const DDPM_USAGE: &str = "A whole `scheduler_config.json` for DDPM, DDIM and others; diffusers keeps betas in \
    single precision, which blurs levels below 0.01.";

/// `diffusers.json`.
pub fn all(settings: &TrainerSettings) -> String {
    json_text(&json!({
        "_comment": "X.from_config(file[X]['config']), then set_timesteps(**file[X]['set_timesteps']). Diffusers \
        ignores \
                     keys that begin with _.",
        "EulerDiscreteScheduler": euler(settings),
        "FlowMatchEulerDiscreteScheduler": flow(settings),
        "EDMEulerScheduler": edm_euler(settings),
        "DPMSolverMultistepScheduler": dpm(settings),
        "DDPMScheduler": { "config": ddpm(settings) },
    }))
}

/// `flow.json`.
pub fn flow_file(settings: &TrainerSettings) -> String {
    let mut document = flow(settings);
    document["scheduler_config"] = document["config"].take();
    if let Some(object) = document.as_object_mut() {
        object.remove("config");
    }
    document["sigmas_after_shift"] = settings.levels().into_iter().map(|level| json!(level.flow_time())).collect();
    document["training"] = json!({
        "_comment": "Trap: with --weighting_scheme logit_normal, diffusers and kohya draw an index of descending \
        timesteps, \
                     so a positive logit_mean is less noise; its scheduler's shift adds ln(shift). Trainers that \
                     draw flow \
                     time itself (kohya's timestep_sampling sigmoid and shift, SimpleTuner) have the other sign.",
        "weighting_scheme": "logit_normal",
        "logit_std": settings.p_std,
        "logit_mean": {
            "diffusers_shift_1": settings.logit_mean_of_index(1.0),
            "diffusers_this_shift": settings.logit_mean_of_index(settings.shift),
            "direct": settings.logit_mean_of_time(),
        },
    });
    json_text(&document)
}

/// `ddpm.json`.
pub fn ddpm_file(settings: &TrainerSettings) -> String {
    json_text(&ddpm(settings))
}

fn euler(settings: &TrainerSettings) -> Value {
    let sigmas: Vec<f64> = settings.sigmas.iter().copied().chain([0.0]).collect();
    json!({
        "_comment": "Trap: the 0 at the end is required, steps are one fewer than sigmas. Keep them within what \
        the model was \
                     trained with: take its own configuration in place of this one, and cut what lies beyond.",
        "config": trained(settings),
        "set_timesteps": { "sigmas": sigmas },
    })
}

fn flow(settings: &TrainerSettings) -> Value {
    json!({
        "_comment": "Trap: the scheduler applies `shift` to these sigmas again and adds the 0 itself: they are \
        flow times \
                     before the shift, for this shift alone. With use_dynamic_shifting pass mu = ln(shift).",
        "config": {
            "num_train_timesteps": 1000,
            "shift": settings.shift,
            "use_dynamic_shifting": false,
        },
        "set_timesteps": { "sigmas": settings.flow_times_before_shift() },
    })
}

fn edm_euler(settings: &TrainerSettings) -> Value {
    json!({
        "_comment": "Trap: its set_timesteps takes no list of levels (`sigmas` are a ramp from 0 to 1 there): \
        only the ends and \
                     rho can be set, and the levels between are EDM's own.",
        "config": {
            "sigma_min": settings.sigma_min,
            "sigma_max": settings.sigma_max,
            "sigma_data": settings.sigma_data,
            "rho": settings.rho,
            "sigma_schedule": "karras",
            "final_sigmas_type": "zero",
        },
        "set_timesteps": { "num_inference_steps": settings.sigmas.len() },
    })
}

fn dpm(settings: &TrainerSettings) -> Value {
    json!({
        "_comment": "Trap: it takes timesteps, not sigmas: these are the places of our levels among \
        trained_betas, and mean \
                     something else with any other betas.",
        "config": trained(settings),
        "set_timesteps": { "timesteps": settings.timesteps() },
    })
}

fn ddpm(settings: &TrainerSettings) -> Value {
    let mut config = trained(settings);
    config["_class_name"] = json!("DDPMScheduler");
    // Else samples are cut at ±1, which latents pass.
    config["clip_sample"] = json!(!settings.is_latent);
    let lowest = settings.training_levels().first().map_or(0.0, |level: &NoiseLevel| level.sigma());
    config["_comment"] = json!(format!(
        "Trap: num_train_timesteps must be the length of trained_betas. Diffusers keeps 1 - beta in single \
        precision: the \
         lowest level here, {lowest:.3e}, comes out with an error of up to {} %.",
        short(100.0 * f64::from(f32::EPSILON) / 8.0 / (lowest * lowest))
    ));
    config
}

/// What every scheduler on trained betas shares.
fn trained(settings: &TrainerSettings) -> Value {
    let betas = settings.trained_betas();
    json!({ "num_train_timesteps": betas.len(), "trained_betas": betas, "prediction_type": "epsilon" })
}
