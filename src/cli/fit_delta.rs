//! `specscan fit-delta`: the power law `Γ = A² f^(−2Δ)` of a dataset, by three estimators.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::fit_delta::FitDelta;

/// Fit the power law Γ = A² f^(−2Δ), with intervals
///
/// Writes fit.csv, local_exponent.csv and a plot. Three estimators: modes (least squares over all modes, as in Cloud
/// Diffusion), radial (least squares over annuli, every octave alike: the Δ of a set) and whittle (maximum likelihood,
/// ruled by the high frequencies). Intervals cover the variation between files.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan fit-delta photos --resolution 256 -o out")]
pub struct FitDeltaArgs {
    /// The published recipe of Cloud Diffusion: luma, standardised pixels, cross mask of 3, no frequency limits
    #[arg(long)]
    paper: bool,

    /// Fit frequencies above this, cycles per pixel [default: half a period per longer side]
    #[arg(long, value_name = "F", conflicts_with = "paper")]
    fit_low: Option<f64>,

    /// Fit frequencies up to this, cycles per pixel [default: 0.5]
    #[arg(long, value_name = "F", conflicts_with = "paper")]
    fit_high: Option<f64>,

    /// Leave out modes with a wave number of at most A on either axis; `none` keeps them [default: 3]
    #[arg(long, value_name = "A|none", conflicts_with = "paper", value_parser = parse_cross)]
    cross_mask: Option<CrossMask>,

    /// Also fit each channel, with intervals of its own
    #[arg(long)]
    per_channel: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Debug, Clone, Copy)]
struct CrossMask(Option<u32>);

fn parse_cross(text: &str) -> Result<CrossMask, String> {
    if text == "none" {
        return Ok(CrossMask(None));
    }
    text.parse().map(|a| CrossMask(Some(a))).map_err(|_| "write a wave number like 3, or none".to_owned())
}

/// Runs the command.
pub fn run(args: &FitDeltaArgs) -> Result<ExitStatus> {
    let fit = FitDelta {
        paper: args.paper,
        low: args.fit_low,
        high: args.fit_high,
        per_channel: args.per_channel,
        cross_mask: args.cross_mask.map(|cross| cross.0),
    };
    present::run("fit-delta", &args.shared, &fit)
}
