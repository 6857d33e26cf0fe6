//! `specscan bounds`: the smallest and largest noise level worth using on each image, and what schedules waste on it.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::noise_levels::KappaArgs;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::bounds::{Bounds, compared_with};
use crate::diffusion::schedules::schedule_usages;

/// Noise bounds of each image, and what schedules waste on it
///
/// Writes bounds.csv (a row for each image), waste.csv (a row for each schedule) and plots of both. Sigmas are relative
/// noise levels σ/α in pixel values, as in EDM.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan bounds photos --resolution 256 --schedule edm:40 -o out")]
pub struct BoundsArgs {
    #[arg(
        long,
        value_name = "NAME|FILE",
        help = format!(
            "A schedule to compare beside the usual ones: a name or a file of sigmas (one a line, a JSON list, or an npz); may be repeated. Names: {}",
            schedule_usages()
        )
    )]
    schedule: Vec<String>,

    #[command(flatten)]
    kappa: KappaArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &BoundsArgs) -> Result<ExitStatus> {
    let kappa = args.kappa.kappa()?;
    present::ask("bounds", &args.shared, || Ok(Bounds { kappa, schedules: compared_with(&args.schedule)? }))
}
