//! What a diffusion trainer takes from a spectrum: noise bounds, schedules, and how sharp an image really is. Pure
//! maths.
//!
//! # From a RAPSD to a schedule
//!
//! ```text
//! RAPSD ─► compute_bounds ─► NoiseRange ─► TightPlan::fill ─► logSNR over time ─► NoiseLevel (σ, ᾱ, flow time)
//!                               │                                  └► mixture and sampler: schedules drawn by class
//! ReferenceSchedule ─► sigmas ──┴─► compute_waste
//!
//! RAPSD ─► BlurNoise ─► ρ*               RAPSD, S ─► emergence ─► t of SNR = 1
//! brightness ─► MatchingOffset           ReferenceSchedule ─► adjusted_offset ─► β, γ, ψ, φ
//! RAPSD ─► training_density ─► P_mean, P_std       counts of images by band power ─► SetBounds ─► Audit
//! ```
//!
//! # Conventions
//!
//! A noised image is `α x + σ ε` with white `ε` of unit variance per pixel. Everything here speaks of the *relative*
//! noise level `s = σ/α`, called `sigma` in code as samplers call it, and of `logSNR λ = −2 ln s`. Powers are value²
//! per mode, so sigmas are in the units of the pixel range. Nothing here reads files, starts threads or prints.

pub mod adjusted_offset;
pub mod blur_noise;
pub mod bounds;
pub mod brightness;
pub mod convert;
pub mod effective_resolution;
pub mod matching_offset;
pub mod mixture;
pub mod noise_draws;
pub mod notation;
pub mod resized;
pub mod sampler;
pub mod schedule_statistics;
pub mod schedules;
pub mod set_bounds;
pub mod settings;
mod small_matrix;
pub mod snr;
pub mod statistics;
pub mod tight;
pub mod training_density;
pub mod waste;

pub use bounds::{ImageBounds, Kappa, NoiseRange, compute_bounds, rounding_power};
pub use convert::NoiseLevel;
pub use effective_resolution::EffectiveResolutionPlan;
pub use noise_draws::NoiseDraws;
pub use notation::{NoNumber, Notation};
pub use sampler::ScheduleSampler;
pub use schedule_statistics::ScheduleStatistics;
pub use schedules::ReferenceSchedule;
pub use set_bounds::{Audit, SetBounds};
pub use settings::TrainerSettings;
pub use statistics::{BoundsBand, BoundsStatistics, WasteStatistics};
pub use tight::{ScheduleKind, TightPlan, TightSchedule};
pub use training_density::{TrainingDensity, training_density};
pub use waste::{Shortfall, Waste, compute_shortfall, compute_waste};
