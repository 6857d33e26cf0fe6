//! `specscan snr`: when each frequency emerges from a noise along a schedule.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::families::FamilyArgs;
use super::noise_levels::DiffusionScheduleArgs;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::snr::Snr;

/// When each frequency emerges from the noise
///
/// Signal-to-noise ratio over frequency and time. Writes snr.npy (families × steps × annuli), snr_crossing.csv (the
/// time of SNR = 1 of each frequency) and a plot. The spread of these times is one number: 0 for noise with the images'
/// own spectrum, which lets all frequencies emerge together.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan snr photos --family white,cloud:fit --schedule cosine -o out")]
pub struct SnrArgs {
    #[command(flatten)]
    schedule: DiffusionScheduleArgs,

    #[command(flatten)]
    families: FamilyArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &SnrArgs) -> Result<ExitStatus> {
    let question = || Ok(Snr { schedule: args.schedule.read()?, families: (&args.families).into() });
    present::ask("snr", &args.shared, question)
}
