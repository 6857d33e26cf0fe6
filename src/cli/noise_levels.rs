//! Options of the commands about noise levels: the thresholds κ and the reference schedules.

use anyhow::{Result, bail};
use clap::Args;

use crate::analysis::read_schedule;
use crate::diffusion::schedules::{find_schedule, schedule_usages};
use crate::diffusion::{Kappa, ReferenceSchedule};

/// How strictly noise bounds are drawn.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bounds")]
pub struct KappaArgs {
    /// Noise-to-signal ratio of the weakest band at sigma_min [default: 0.1]
    #[arg(long, value_name = "K")]
    kappa_min: Option<f64>,

    /// Noise-to-signal ratio of the strongest band at sigma_max [default: 10]
    #[arg(long, value_name = "K")]
    kappa_max: Option<f64>,

    /// Instead of --kappa-min: largest relative error of denoising a band at sigma_min, e.g. 0.09
    #[arg(long, value_name = "SHARE", conflicts_with = "kappa_min")]
    max_relative_error: Option<f64>,

    /// Instead of --kappa-max: most bits per mode that a band may keep at sigma_max, e.g. 0.07
    #[arg(long, value_name = "BITS", conflicts_with = "kappa_max")]
    max_bits_left: Option<f64>,
}

impl KappaArgs {
    /// The thresholds.
    pub fn kappa(&self) -> Result<Kappa> {
        let default = Kappa::default();
        let min = match self.max_relative_error {
            Some(error) => Kappa::min_from_relative_error(error)?,
            None => self.kappa_min.unwrap_or(default.min()),
        };
        let max = match self.max_bits_left {
            Some(bits) => Kappa::max_from_bits_left(bits)?,
            None => self.kappa_max.unwrap_or(default.max()),
        };
        Ok(Kappa::new(min, max)?)
    }
}

/// The schedule of a diffusion.
#[derive(Debug, Args)]
#[command(next_help_heading = "Schedule")]
pub struct DiffusionScheduleArgs {
    #[arg(
        long,
        value_name = "NAME|FILE",
        default_value = "ddpm-linear",
        help = format!("Schedule: a name, with its steps or --steps, or a file of sigmas. Names: {}", schedule_usages())
    )]
    schedule: String,

    /// Steps of a schedule given by its bare name [default: its own, 1000 for ddpm-linear and cosine]
    #[arg(long, value_name = "T")]
    steps: Option<usize>,
}

impl DiffusionScheduleArgs {
    /// The schedule.
    pub fn read(&self) -> Result<ReferenceSchedule> {
        let name = &self.schedule;
        let schedule = match self.steps {
            None => read_schedule(name)?,
            Some(n_steps) if find_schedule(name).is_some() => format!("{name}:{n_steps}").parse()?,
            Some(_) => {
                bail!(
                    "--steps goes with a bare name, as ddpm-linear or cosine; the schedule {name} says itself how many it has"
                )
            }
        };
        Ok(schedule)
    }
}
