//! kohya's sd-scripts: keys of `--config_file`.

use super::number;
use crate::diffusion::TrainerSettings;
use crate::report::text::short;

/// Its row of the table.
pub const USAGE: &str = "`--config_file kohya.toml`; offset noise is that of latents, never of pixels, and the \
    sign of logit_mean depends on \
                         timestep_sampling.";

/// Where the noise of SD 1.5 and SDXL ends: 1000 steps of scaled-linear betas from 0.00085 to 0.012.
const SD_SIGMA_MAX: f64 = 14.6146;

/// `kohya.toml`.
pub fn text(settings: &TrainerSettings) -> String {
    // It trains on latents alone: an offset of pixels is none of theirs.
    let (warning, off) = if settings.is_latent {
        ("", "")
    } else {
        (
            "# Trap: sd-scripts trains on latents of an autoencoder, and these numbers were measured on pixels. \
            Measure the\n\
             # latents themselves; until then everything is commented out.\n",
            "# ",
        )
    };
    format!(
        "# kohya sd-scripts: --config_file kohya.toml\n\
         {warning}\
         # SD 1.5 and SDXL. Trap: offset noise acts on latents times their scaling factor; measure them so \
         scaled. Its\n\
         # strength is for {width}x{height} latents only: at another size measure again.\n\
         [noise]\n\
         {offset}\n\
         \n\
         # Flux and SD3. ln(t/(1-t)) of flow time is drawn with mean ln(discrete_flow_shift) and deviation \
         sigmoid_scale,\n\
         # so these two are exp(P_mean) and P_std. They are for training; sampling has a shift of its own \
         ({shift}).\n\
         # Trap: with timestep_sampling = \"sigma\" and weighting_scheme = \"logit_normal\" the draw is an index \
         of descending\n\
         # timesteps, and a positive logit_mean is less noise: there logit_mean = {index} (with a shift of 1), \
         logit_std = {std}.\n\
         [flow]\n\
         {off}timestep_sampling = \"shift\"\n\
         {off}discrete_flow_shift = {flow_shift}\n\
         {off}sigmoid_scale = {std}\n",
        width = settings.resolution[0],
        height = settings.resolution[1],
        offset = noise_offset(settings, off),
        shift = number(settings.shift),
        flow_shift = number(settings.logit_mean_of_time().exp()),
        index = number(settings.logit_mean_of_index(1.0)),
        std = number(settings.p_std),
    )
}

/// The line of offset noise, after `off`: in use only where the noise of Stable Diffusion does not hide the brightness.
fn noise_offset(settings: &TrainerSettings, off: &str) -> String {
    let line = format!("noise_offset = {}", number(settings.noise_offset));
    let (level, trained) = (short(settings.sigma_brightness), short(SD_SIGMA_MAX));
    if settings.noise_offset <= 0.0 {
        return "# The brightness of these does not vary: no offset noise.".to_owned();
    }
    if settings.sigma_brightness <= SD_SIGMA_MAX {
        return format!(
            "# Not needed: their noise ends at sigma = {trained}, and from {level} on it hides the brightness of \
             these.\n\
             # {line}"
        );
    }
    format!(
        "# Their noise ends at sigma = {trained}, below the {level} that hides the brightness of these.\n\
         {off}{line}"
    )
}
