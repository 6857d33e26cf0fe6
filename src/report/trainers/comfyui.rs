//! ComfyUI: lists of sigmas to paste.

use super::number;
use crate::diffusion::TrainerSettings;

/// Its row of the table: the file is for pasting and can hold no comment.
pub const USAGE: &str = "Paste a line into a node for custom sigmas: the first for SD 1.5 and SDXL (stay below \
    their 14.61), the second, flow \
                         times, for SD3 and Flux (1 is pure noise). Both end in 0; the node applies no shift, so \
                         none is taken out.";

/// `comfyui.txt`.
pub fn text(settings: &TrainerSettings) -> String {
    let line = |values: Vec<f64>| {
        let values: Vec<String> = values.into_iter().map(number).chain(["0.0".to_owned()]).collect();
        values.join(", ") + "\n"
    };
    let times = settings.levels().into_iter().map(|level| level.flow_time()).collect();
    line(settings.sigmas.clone()) + &line(times)
}
