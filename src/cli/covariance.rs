//! `specscan covariance`: Γ and everything that says how far the images are from a stationary Gaussian set.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::covariance::Covariance;

/// How far the images are from a stationary Gaussian; colour axes
///
/// Writes gamma.npy (C×H×W, fftfreq order), gamma_radial.csv, color.csv, diagonality.json and a heat map of Γ.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan covariance photos --resolution 256 --coherence -o out")]
pub struct CovarianceArgs {
    /// Longest side, in pixels, of the reduced images whose full covariance is computed; 0: none
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(0..=32))]
    diagonality: u16,

    /// Also write coherence.csv: cross-channel coherence by frequency
    #[arg(long)]
    coherence: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &CovarianceArgs) -> Result<ExitStatus> {
    let covariance = Covariance {
        diagonality_side: (args.diagonality > 0).then_some(usize::from(args.diagonality)),
        coherence: args.coherence,
    };
    present::run("covariance", &args.shared, &covariance)
}
