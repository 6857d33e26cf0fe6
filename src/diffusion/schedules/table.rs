//! The table of reference schedules, an entry each: what it is called, which steps it takes, its sigmas.
//!
//! # Definition
//!
//! Every schedule becomes sigmas `s = σ/α` in descending order, the order of sampling:
//!
//! ```text
//! ddpm-linear:N   β_i from 1e-4 to 0.02 in equal steps (N = 1000), ᾱ_i = Π(1−β), s = √((1−ᾱ)/ᾱ)
//! cosine:N        ᾱ(t) = cos²(π/2 · (t+0.008)/1.008), β_i = min(0.999, 1 − ᾱ(i/N)/ᾱ((i−1)/N)), i = 1 … N
//! edm:N           s_i = (80^{1/7} + i/(N−1) (0.002^{1/7} − 80^{1/7}))^7, i = 0 … N−1
//! flow:N,S        t_i = 1 − i/N, i = 0 … N−1, shifted by S;  s = t/(1−t); the first is pure noise, s = ∞
//! vp:N            s(t) = √(exp(½·19.9 t² + 0.1 t) − 1), t from 1 to 10⁻³ in N equal steps
//! ```
//!
//! # Conventions
//!
//! `ddpm-linear:N` with another N scales both ends of β by 1000/N, as guided-diffusion does, so that the last level
//! stays near the same; fewer than 21 steps would need β > 1. `cosine` is the one that is trained with: offset 0.008
//! and β clipped at 0.999 (Nichol and Dhariwal; `squaredcos_cap_v2` in diffusers), and so its last level is finite,
//! unlike that of the bare `tan(πt/2)`.
//!
//! # References
//!
//! DDPM 2006.11239; Nichol and Dhariwal 2102.09672; EDM 2206.00364 (its equation 5, and table 1 for VP); score SDE
//! 2011.13456; SD3 2403.03206.

use crate::diffusion::convert::{NoiseLevel, levels_from_betas};

/// A schedule of the table.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleEntry {
    /// The name before the colon.
    pub keyword: &'static str,
    /// An example with all of its parameters, for help texts and errors.
    pub usage: &'static str,
    /// What it is, in a few words, for help texts.
    pub help: &'static str,
    /// Steps where none are given.
    pub default_steps: usize,
    /// The fewest steps it can have.
    pub least_steps: usize,
    /// Its levels.
    pub levels: Levels,
}

/// The parameters of a schedule, and its sigmas for them, descending: `s = σ/α`, the last above zero.
#[derive(Debug, Clone, Copy)]
pub enum Levels {
    /// A number of steps.
    Steps(fn(usize) -> Vec<f64>),
    /// A number of steps, and a shift of the flow time; 1 for none.
    StepsAndShift(fn(usize, f64) -> Vec<f64>),
}

/// DDPM's linear betas.
pub const DDPM_LINEAR: ScheduleEntry = ScheduleEntry {
    keyword: "ddpm-linear",
    usage: "ddpm-linear:1000",
    help: "DDPM's β",
    default_steps: DDPM_STEPS,
    least_steps: 21,
    levels: Levels::Steps(ddpm_linear),
};

/// The cosine schedule of Nichol and Dhariwal.
pub const COSINE: ScheduleEntry = ScheduleEntry {
    keyword: "cosine",
    usage: "cosine:1000",
    help: "Nichol and Dhariwal's",
    default_steps: 1000,
    least_steps: 1,
    levels: Levels::Steps(cosine),
};

/// EDM's sampling levels.
pub const EDM: ScheduleEntry = ScheduleEntry {
    keyword: "edm",
    usage: "edm:18",
    help: "EDM's sampling levels, ρ = 7",
    default_steps: 18,
    least_steps: 2,
    levels: Levels::Steps(edm),
};

/// Flow matching, uniform in its time before the shift.
pub const FLOW: ScheduleEntry = ScheduleEntry {
    keyword: "flow",
    usage: "flow:50,3",
    help: "flow matching: steps, shift",
    default_steps: 50,
    least_steps: 1,
    levels: Levels::StepsAndShift(flow),
};

/// The variance-preserving SDE, uniform in time.
pub const VP: ScheduleEntry = ScheduleEntry {
    keyword: "vp",
    usage: "vp:1000",
    help: "the variance-preserving SDE",
    default_steps: 1000,
    least_steps: 2,
    levels: Levels::Steps(vp),
};

/// Every schedule there is.
pub const SCHEDULES: &[ScheduleEntry] = &[DDPM_LINEAR, COSINE, EDM, FLOW, VP];

/// The schedule called `keyword`, without parameters.
pub fn find_schedule(keyword: &str) -> Option<&'static ScheduleEntry> {
    SCHEDULES.iter().find(|entry| entry.keyword == keyword)
}

/// Every schedule as it is written, with a few words about it, for help texts and errors.
pub fn schedule_usages() -> String {
    let usage = |entry: &ScheduleEntry| format!("{} ({})", entry.usage, entry.help);
    SCHEDULES.iter().map(usage).collect::<Vec<_>>().join(", ")
}

const DDPM_BETAS: (f64, f64) = (1e-4, 0.02);
const DDPM_STEPS: usize = 1000;
const COSINE_OFFSET: f64 = 0.008;
const COSINE_MAX_BETA: f64 = 0.999;
const EDM_RHO: f64 = 7.0;
const EDM_SIGMAS: (f64, f64) = (0.002, 80.0);
const VP_BETA_MIN: f64 = 0.1;
const VP_BETA_RANGE: f64 = 19.9;
const VP_LAST_TIME: f64 = 1e-3;

/// Sigmas, descending, of betas in the order of noising, each between 0 and 1.
fn sigmas_of_betas(betas: impl Iterator<Item = f64>) -> Vec<f64> {
    let levels = levels_from_betas(&betas.collect::<Vec<_>>()).unwrap_or_default();
    levels.into_iter().rev().map(NoiseLevel::sigma).collect()
}

fn ddpm_linear(n_steps: usize) -> Vec<f64> {
    let scale = DDPM_STEPS as f64 / n_steps as f64;
    let (first, last) = (scale * DDPM_BETAS.0, scale * DDPM_BETAS.1);
    let step = (last - first) / (n_steps - 1) as f64;
    sigmas_of_betas((0..n_steps).map(|i| first + i as f64 * step))
}

fn cosine(n_steps: usize) -> Vec<f64> {
    let alpha_bar = |i: usize| {
        let t = i as f64 / n_steps as f64;
        (0.5 * std::f64::consts::PI * (t + COSINE_OFFSET) / (1.0 + COSINE_OFFSET)).cos().powi(2)
    };
    sigmas_of_betas((1..=n_steps).map(|i| (1.0 - alpha_bar(i) / alpha_bar(i - 1)).min(COSINE_MAX_BETA)))
}

fn edm(n_steps: usize) -> Vec<f64> {
    let (low, high) = (EDM_SIGMAS.0.powf(1.0 / EDM_RHO), EDM_SIGMAS.1.powf(1.0 / EDM_RHO));
    let last = n_steps - 1;
    let sigma = |i: usize| match i {
        // The ends are the published numbers, not their seventh root to the seventh.
        0 => EDM_SIGMAS.1,
        i if i == last => EDM_SIGMAS.0,
        i => (high + i as f64 / last as f64 * (low - high)).powf(EDM_RHO),
    };
    (0..n_steps).map(sigma).collect()
}

fn flow(n_steps: usize, shift: f64) -> Vec<f64> {
    let sigma = |i: usize| {
        // 1 − t = i/N without rounding; the shift multiplies s.
        let clean = i as f64 / n_steps as f64;
        shift * (1.0 - clean) / clean
    };
    (0..n_steps).map(sigma).collect()
}

fn vp(n_steps: usize) -> Vec<f64> {
    let step = (1.0 - VP_LAST_TIME) / (n_steps - 1) as f64;
    let sigma = |i: usize| {
        let t = 1.0 - i as f64 * step;
        (0.5 * VP_BETA_RANGE * t * t + VP_BETA_MIN * t).exp_m1().sqrt()
    };
    (0..n_steps).map(sigma).collect()
}
