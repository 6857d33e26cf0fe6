//! Settings as the files of trainers: for each trainer what it reads, with the trap that it lays in a comment.
//!
//! # Format
//!
//! One file per trainer, as the table below says, and beside them `trainers.md` (what each file is for) and the
//! schedule in all units as `trainer_schedule.json`, `.npz` and `.safetensors`. A trainer is one file here and one line
//! in the table.

mod comfyui;
mod edm;
mod k_diffusion;
mod kohya;
mod schedule;
mod schedulers;

use serde_json::Value;

use self::schedule::ScheduleArrays;
use super::content::Content;
use crate::diffusion::TrainerSettings;
use crate::spectral::named;

/// A trainer or sampler that there is a file for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trainer {
    /// NVlabs/edm.
    Edm,
    /// NVlabs/edm2.
    Edm2,
    /// Schedulers of diffusers.
    Diffusers,
    /// k-diffusion.
    KDiffusion,
    /// kohya's sd-scripts.
    Kohya,
    /// Flow matching with diffusers.
    Flow,
    /// A DDPM trained with diffusers.
    Ddpm,
    /// ComfyUI.
    Comfyui,
}

named!(Trainer {
    Edm = "edm",
    Edm2 = "edm2",
    Diffusers = "diffusers",
    KDiffusion = "k-diffusion",
    Kohya = "kohya",
    Flow = "flow",
    Ddpm = "ddpm",
    Comfyui = "comfyui",
});

/// What is written for a trainer.
struct Entry {
    trainer: Trainer,
    file: &'static str,
    /// How the file is used, and the trap where the file itself can hold no comment.
    usage: &'static str,
    text: fn(&TrainerSettings) -> String,
}

#[rustfmt::skip]
const TABLE: [Entry; 8] = [
    Entry { trainer: Trainer::Edm, file: "edm.sh", usage: edm::EDM_USAGE, text: edm::edm },
    Entry { trainer: Trainer::Edm2, file: "edm2.sh", usage: edm::EDM2_USAGE, text: edm::edm2 },
    Entry { trainer: Trainer::Diffusers, file: "diffusers.json", usage: schedulers::USAGE, text: schedulers::all },
    Entry { trainer: Trainer::KDiffusion, file: "k-diffusion.json", usage: k_diffusion::USAGE, text: k_diffusion::all },
    Entry { trainer: Trainer::Kohya, file: "kohya.toml", usage: kohya::USAGE, text: kohya::text },
    Entry { trainer: Trainer::Flow, file: "flow.json", usage: schedulers::FLOW_USAGE, text: schedulers::flow_file },
    Entry { trainer: Trainer::Ddpm, file: "ddpm.json", usage: schedulers::DDPM_USAGE, text: schedulers::ddpm_file },
    Entry { trainer: Trainer::Comfyui, file: "comfyui.txt", usage: comfyui::USAGE, text: comfyui::text },
];

/// Files beside those of the trainers.
const OTHERS: [&str; 4] =
    ["trainers.md", "trainer_schedule.json", "trainer_schedule.npz", "trainer_schedule.safetensors"];

/// Every file that there may be, for the declaration of a report.
pub const TRAINER_FILES: [&str; TABLE.len() + OTHERS.len()] = {
    let mut files = [""; TABLE.len() + OTHERS.len()];
    let mut i = 0;
    while i < files.len() {
        files[i] = if i < TABLE.len() { TABLE[i].file } else { OTHERS[i - TABLE.len()] };
        i += 1;
    }
    files
};

/// The files of some trainers.
#[derive(Debug, Clone)]
pub struct TrainerFiles {
    /// Names and texts.
    texts: Vec<(&'static str, String)>,
    schedule: ScheduleArrays,
}

impl TrainerFiles {
    /// The files of `trainers` for `settings`; `made_from` says what was measured, for the metadata of the schedule.
    pub fn new(settings: &TrainerSettings, trainers: &[Trainer], made_from: Value) -> Self {
        let chosen = || TABLE.iter().filter(|entry| trainers.contains(&entry.trainer));
        let mut texts: Vec<_> = chosen().map(|entry| (entry.file, (entry.text)(settings))).collect();
        let rows = chosen().map(|entry| format!("| {} | `{}` | {} |\n", entry.trainer, entry.file, entry.usage));
        texts.push(("trainers.md", readme(settings, &rows.collect::<String>())));
        Self { texts, schedule: ScheduleArrays::new(settings, made_from) }
    }

    /// The files, in the order in which they are written; none if there are no trainers.
    pub fn contents(&self) -> Vec<Content<'_>> {
        if self.texts.len() == 1 {
            return Vec::new();
        }
        let text = |(name, text): &(&'static str, String)| Content::bytes(*name, text.clone());
        self.texts.iter().map(text).chain(self.schedule.contents()).collect()
    }
}

fn readme(settings: &TrainerSettings, rows: &str) -> String {
    let [width, height] = settings.resolution;
    format!(
        "# Files for trainers\n\n\
         Sigmas are noise over signal, σ/α, in units of {units} ({width}×{height}, {channels} channels). A \
         trainer that \
         rescales\nits values by c needs sigmas, sigma_data and offsets times c, and P_mean plus ln c.\n\n\
         | trainer | file | how to use it, and its trap |\n|---|---|---|\n{rows}\
         | any | `trainer_schedule.json`, `.npz`, `.safetensors` | the schedule in all units, from noise to \
         clean, without \
         the final 0 (`terminal_sigma`). |\n",
        units = units(settings),
        channels = settings.channels,
    )
}

/// What the values are.
fn units(settings: &TrainerSettings) -> &'static str {
    if settings.is_latent { "the latents that were measured" } else { "pixel values from −1 to 1" }
}

/// A number with eight significant digits: more than any trainer uses.
fn number(value: f64) -> String {
    let rounded: f64 = format!("{value:.7e}").parse().unwrap_or(value);
    if rounded == 0.0 || (1e-5..1e9).contains(&rounded.abs()) { rounded.to_string() } else { format!("{rounded:e}") }
}

/// A JSON document as text, with its keys in alphabetical order.
fn json_text(document: &Value) -> String {
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests;
