//! `specscan schedule`: a noise schedule of each image's own, or the one of the set's mean spectrum.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::exit::ExitStatus;
use super::named::choice;
use super::noise_levels::KappaArgs;
use super::present;
use super::sampler::{self, FitSamplerArgs, SampleArgs};
use super::shared::SharedArgs;
use crate::analysis::schedule::{ImageSchedules, ScheduleOptions, SetSchedule};
use crate::diffusion::ScheduleKind;
use crate::spectral::nearest;

/// A noise schedule for each image
///
/// Writes schedules.npz and schedules.csv (sigma, logSNR, ᾱ, variance-preserving α and σ, flow time; keyed by path) and
/// a fan chart. Each schedule runs from the image's sigma_min to its sigma_max and spends its steps where the image has
/// power. `schedule fit-sampler` models the schedules of a set, `schedule sample` draws new ones from the model.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    subcommand_negates_reqs = true,
    after_help = "Example: specscan schedule photos --resolution 256 --steps 40 -o out"
)]
pub struct ScheduleArgs {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    own: OwnArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    FitSampler(Box<FitSamplerArgs>),
    Sample(SampleArgs),
}

#[derive(Debug, Args)]
struct OwnArgs {
    /// Where steps are spent: evenly over frequencies, over power, or half of each
    #[arg(long, value_name = "frequency|power|mixed", value_parser = choice::<ScheduleKind>(), default_value_t)]
    kind: ScheduleKind,

    /// Points of each schedule, both ends included
    #[arg(long, value_name = "N", default_value_t = 50)]
    steps: usize,

    /// One schedule for the set's mean spectrum instead of one per image; also written to schedule.json
    #[arg(long)]
    dataset: bool,

    #[command(flatten)]
    kappa: KappaArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &ScheduleArgs) -> Result<ExitStatus> {
    match &args.command {
        Some(Command::FitSampler(args)) => sampler::fit(args),
        Some(Command::Sample(args)) => sampler::sample(args),
        None => run_schedules(&args.own),
    }
}

fn run_schedules(args: &OwnArgs) -> Result<ExitStatus> {
    if let [first, ..] = args.shared.input.inputs.as_slice()
        && let Some(name) = first.to_str()
        && let Some(meant) = nearest(name, ["sample", "fit-sampler"])
        && !first.exists()
    {
        bail!("there is no {name}; did you mean `schedule {meant}`?");
    }
    let options = ScheduleOptions { kind: args.kind, n_steps: args.steps, kappa: args.kappa.kappa()? };
    match args.dataset {
        true => present::run("schedule", &args.shared, &SetSchedule(options)),
        false => present::run("schedule", &args.shared, &ImageSchedules(options)),
    }
}
