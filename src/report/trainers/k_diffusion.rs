//! k-diffusion: the part of its configuration that follows from the data.

use serde_json::json;

use super::json_text;
use crate::diffusion::TrainerSettings;

/// Its row of the table.
pub const USAGE: &str = "Merge `model` into your configuration (unknown keys are ignored there). Its own default \
    of sigma_data is 1; \
                         samplers take `sigmas` with their 0 at the end as a tensor.";

/// `k-diffusion.json`.
pub fn all(settings: &TrainerSettings) -> String {
    let TrainerSettings { sigma_data, sigma_min, sigma_max, p_mean, p_std, .. } = settings;
    let sigmas: Vec<f64> = settings.sigmas.iter().copied().chain([0.0]).collect();
    json_text(&json!({
        "_comment": "Merge `model` into your configuration. Trap: without sigma_data k-diffusion takes 1.0. \
                     Samplers take torch.tensor(sigmas), 0 at the end included.",
        "model": {
            "sigma_data": sigma_data,
            "sigma_min": sigma_min,
            "sigma_max": sigma_max,
            "sigma_sample_density": { "type": "lognormal", "mean": p_mean, "std": p_std },
        },
        "sigmas": sigmas,
    }))
}
