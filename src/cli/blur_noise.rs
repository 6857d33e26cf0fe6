//! `specscan blur-noise`: how much blur can go with how much noise before it empties a band that noise has not yet
//! hidden.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::blur_noise::BlurNoiseRatios;

/// How much blur can go with how much noise
///
/// The blur-to-noise ratio up to which noise hides each band before blur empties it. Writes blur_noise.csv (each
/// frequency), blur_noise_images.csv (each image) and a plot. Ratios are pixels of Gaussian blur per unit of noise, for
/// values in the units of --range.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan blur-noise photos --resolution 256 --retain 0.9 -o out")]
pub struct BlurNoiseArgs {
    /// Share of its power that every band has to keep until noise hides it
    #[arg(long, value_name = "SHARE", default_value_t = 0.9)]
    retain: f64,

    /// Noise-to-signal ratio at which noise hides a band
    #[arg(long, value_name = "K", default_value_t = 1.0)]
    kappa: f64,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &BlurNoiseArgs) -> Result<ExitStatus> {
    present::run("blur-noise", &args.shared, &BlurNoiseRatios { retain: args.retain, kappa: args.kappa })
}
