//! `specscan offset`: how much the images vary in brightness, which offset noise matches that, and the adjusted offset
//! over a schedule.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::families::FamilyArgs;
use super::noise_levels::DiffusionScheduleArgs;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::offset::Offset;

/// Which noise_offset matches the images' brightness
///
/// Writes brightness.csv, brightness_families.csv, offset.json, adjusted_offset.csv and a plot. Strengths are the
/// noise_offset of training scripts: relative to noise of unit variance, for images in -1:1.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan offset photos --resolution 256 --schedule cosine --steps 1000 -o out")]
pub struct OffsetArgs {
    #[command(flatten)]
    schedule: DiffusionScheduleArgs,

    #[command(flatten)]
    families: FamilyArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &OffsetArgs) -> Result<ExitStatus> {
    let question = || Ok(Offset { schedule: args.schedule.read()?, families: (&args.families).into() });
    present::ask("offset", &args.shared, question)
}
