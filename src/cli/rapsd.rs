//! `specscan rapsd`: the radially averaged power spectrum of each image and of the set.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::exit::ExitStatus;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::rapsd::{ImagesFormat, Rapsd};

/// Radially averaged power of each image and of the set
///
/// Writes rapsd.csv (the set), rapsd_images.csv or .npy (each image) and a plot with percentile bands. Powers are value² per
/// mode: white noise of variance v has the power v in every bin.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan rapsd photos --resolution 256 --images npy -o out")]
pub struct RapsdArgs {
    /// How the RAPSD of each image is written
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    images: ImagesArg,

    /// Also write rapsd_channels.csv and draw the channels
    #[arg(long)]
    per_channel: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ImagesArg {
    Csv,
    Npy,
    None,
}

/// Runs the command.
pub fn run(args: &RapsdArgs) -> Result<ExitStatus> {
    let images = match args.images {
        ImagesArg::Csv => ImagesFormat::Csv,
        ImagesArg::Npy => ImagesFormat::Npy,
        ImagesArg::None => ImagesFormat::None,
    };
    present::run(&args.shared, &Rapsd { images, per_channel: args.per_channel })
}
