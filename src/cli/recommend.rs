//! `specscan recommend`: the settings that a trainer takes, measured on the images.

use anyhow::{Result, ensure};
use clap::Args;

use super::exit::ExitStatus;
use super::named::choice;
use super::noise_levels::KappaArgs;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::recommend::Recommend;
use crate::diffusion::schedules::schedule_usages;
use crate::report::trainers::Trainer;

/// Settings for a trainer, with intervals and reasons
///
/// sigma_data, sigma_min, sigma_max, P_mean, P_std, shift, noise offset, blur-to-noise ratio and Δ, each with its 95 %
/// interval, the common default and how this set differs from it. Writes recommend.json, recommend.md and a plot,
/// with --for files that trainers read.
/// Images and their saved spectrum give the same numbers.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan recommend photos --resolution 64 --for edm,kohya -o out")]
pub struct RecommendArgs {
    #[arg(
        long,
        value_name = "NAME|FILE",
        help = format!(
            "A schedule, or a density of training draws, to judge beside the usual ones; may be repeated. Densities: edm:P_MEAN,P_STD, logit-normal:MEAN,STD, flow-shift:SHIFT. Schedules: a file of sigmas, {}",
            schedule_usages()
        )
    )]
    audit: Vec<String>,

    /// Tell the settings for images of these sides as well, pixels: measured where the images can be prepared so, else
    /// predicted
    #[arg(long, value_name = "N,N,…", value_delimiter = ',')]
    resolutions: Vec<usize>,

    /// Tell the settings of each folder below INPUT as well, and whether they differ from those of the rest
    #[arg(long)]
    by_class: bool,

    /// Write a ready file for each of these trainers, and the schedule in all units
    #[arg(long = "for", value_name = "TRAINERS", value_parser = choice::<Trainer>(), value_delimiter = ',')]
    trainers: Vec<Trainer>,

    #[command(flatten)]
    kappa: KappaArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &RecommendArgs) -> Result<ExitStatus> {
    let kappa = args.kappa.kappa()?;
    let recommend = Recommend {
        kappa,
        audits: args.audit.clone(),
        resolutions: args.resolutions.clone(),
        by_class: args.by_class,
        trainers: args.trainers.clone(),
    };
    ensure!(
        !(args.by_class && args.shared.input.inputs.len() > 1 && !args.shared.input.by_input),
        "--by-class compares the folders below one INPUT; --by-input compares several"
    );
    recommend.validate()?;
    present::run("recommend", &args.shared, &recommend)
}
