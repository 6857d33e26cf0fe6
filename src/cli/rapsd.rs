//! `specscan rapsd`: the radially averaged power spectrum of each image and of the set.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::named::choice;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::rapsd::{ImagesFormat, Rapsd};

/// Radially averaged power of each image and of the set
///
/// Writes rapsd.csv (the set), rapsd_images.csv or .npy (each image) and a plot with percentile bands. Powers are
/// value² per mode: white noise of variance v has the power v in every bin.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan rapsd photos --resolution 256 --images npy -o out")]
pub struct RapsdArgs {
    /// File format of the RAPSD of each image
    #[arg(long, value_name = "FORMAT", value_parser = choice::<ImagesFormat>(), default_value = "csv")]
    images: ImagesFormat,

    /// Also write rapsd_channels.csv and draw the channels
    #[arg(long)]
    per_channel: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &RapsdArgs) -> Result<ExitStatus> {
    present::run("rapsd", &args.shared, &Rapsd { images: args.images, per_channel: args.per_channel })
}
