//! `specscan info`: what a saved spectrum holds.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::console;
use super::exit::ExitStatus;
use crate::analysis::Report;
use crate::analysis::info::info;

/// What a .spectrum file holds, from what, and how it was made
///
/// Reads the file, checks it, and prints counts, preprocessing and the sums in it. Writes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan info out/photos.spectrum")]
pub struct InfoArgs {
    /// Saved spectrum
    #[arg(value_name = "SPECTRUM")]
    spectrum: PathBuf,

    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &InfoArgs) -> Result<ExitStatus> {
    let report = info(args.spectrum.clone())?;
    if args.json {
        console::print_json(&serde_json::to_value(&report)?)?;
    } else {
        console::print_lines(false, &report.lines())?;
    }
    Ok(ExitStatus::Done)
}
