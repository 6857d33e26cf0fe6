//! `specscan inspect`: images that are not what they seem.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::inspect::Inspect;

/// Images that are enlarged, blurred, noisy, barred, repeated or odd
///
/// Writes inspect.csv with every detector's number of each image, a list inspect/FINDING.txt of the files of each
/// finding, worst first, with paths below INPUT, and a sheet inspect/FINDING.png of the worst with their spectra. Rates
/// of hits and false alarms are in docs/detectors.md.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: specscan inspect photos -o out && (cd photos && xargs -d '\\n' ls) < out/inspect/soft.txt"
)]
pub struct InspectArgs {
    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &InspectArgs) -> Result<ExitStatus> {
    present::run("inspect", &args.shared, &Inspect { has_pictures: !args.shared.output.plots.formats.0.is_empty() })
}
