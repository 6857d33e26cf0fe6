//! `specscan scan`: one streaming pass; every later analysis can start from its `.spectrum` file.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::input_names::name_of;
use super::present;
use super::shared::{SharedArgs, parse_file_name};
use crate::analysis::scan::Scan;

/// Scan images once into a .spectrum file, tables and plots
///
/// Writes NAME.spectrum, images.csv, rapsd.csv, gamma.npy, gamma_radial.csv and plots of the RAPSD and of Γ.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan scan photos -o out && specscan fit-delta out/photos.spectrum")]
pub struct ScanArgs {
    /// Name of the .spectrum file [default: that of the first input]
    #[arg(long, value_name = "NAME", value_parser = parse_file_name)]
    name: Option<String>,

    /// Also sum up what `covariance` asks of every mode: pseudo-power and fourth moments; the file is twice as large
    #[arg(long)]
    moments: bool,

    /// Also sum up how each channel's spectrum varies, for the intervals of `fit-delta --per-channel`
    #[arg(long)]
    per_channel: bool,

    /// Also accumulate the full covariance of images reduced to at most N pixels per side, for `covariance`; implies
    /// --moments
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=32))]
    diagonality: Option<u16>,

    /// Also accumulate cross-channel spectra, for `covariance --coherence` and --color; implies --moments
    #[arg(long)]
    coherence: bool,

    /// Also write the number of every detector into images.csv, as `inspect` measures them
    #[arg(long)]
    detectors: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &ScanArgs) -> Result<ExitStatus> {
    present::each("scan", &args.shared, |shared| {
        let scan = Scan {
            name: args.name.clone().unwrap_or_else(|| default_name(shared)),
            moments: args.moments,
            per_channel: args.per_channel,
            diagonality_side: args.diagonality.map(usize::from),
            coherence: args.coherence,
            detectors: args.detectors,
        };
        present::one("scan", shared, &scan)
    })
}

/// The name of the first input without its ending, or `dataset`.
fn default_name(shared: &SharedArgs) -> String {
    let first = shared.input.inputs.first();
    first.and_then(|path| name_of(path)).unwrap_or_else(|| "dataset".to_owned())
}
