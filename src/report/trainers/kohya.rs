//! kohya's sd-scripts: keys of `--config_file`.

use super::number;
use crate::diffusion::{DecidedBy, TrainerSettings};
use crate::report::text::short;

/// Its row of the table.
pub const USAGE: &str = "`--config_file kohya.toml`; offset noise is that of latents, never of pixels, and the \
    sign of logit_mean depends on \
                         timestep_sampling.";

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

/// The line of offset noise, after `off`: in use only where sampling does not hide the brightness without it.
fn noise_offset(settings: &TrainerSettings, off: &str) -> String {
    let line = format!("noise_offset = {}", number(settings.noise_offset));
    match settings.sigma_max_decided_by() {
        DecidedBy::Brightness => format!(
            "# In place of sampling from sigma_max = {high}, which hides the brightness, too: take one of both.\n\
             {off}{line}",
            high = short(settings.sigma_max)
        ),
        DecidedBy::Bands => format!(
            "# Not needed where sampling begins at sigma_max = {high}: the bands of the images decide it, and it hides \
             their\n\
             # brightness, too. For a model whose noise ends below {level} (that of SD 1.5 and SDXL at 14.61):\n\
             # {line}",
            high = short(settings.sigma_max),
            level = short(settings.sigma_brightness)
        ),
    }
}
