//! `specscan export`: the derived arrays of a spectrum, for NumPy and training code.

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::named::choice;
use super::present;
use super::shared::{SharedArgs, parse_file_name};
use crate::analysis::export::{ArrayFormat, Export};

/// Export Γ, mean image and RAPSD as arrays
///
/// Arrays (float64): gamma (C×H×W, unshifted, fftfreq order), mean (C×H×W), rapsd and rapsd_se (C×R), freq_cpp and
/// n_modes (R), n_images (1), and the metadata as JSON.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan export out/photos.spectrum --format npz,safetensors -o out")]
pub struct ExportArgs {
    /// File formats
    #[arg(long, value_name = "FORMATS", value_delimiter = ',')]
    #[arg(value_parser = choice::<ArrayFormat>(), default_value = "npz")]
    format: Vec<ArrayFormat>,

    /// Name of the files, without their ending
    #[arg(long, value_name = "NAME", value_parser = parse_file_name, default_value = "spectrum")]
    name: String,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<ExitStatus> {
    present::run("export", &args.shared, &Export { formats: args.format.clone(), name: args.name.clone() })
}
