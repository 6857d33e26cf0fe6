//! `specscan info`: what a saved spectrum holds, and which results in a folder are whole.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::console;
use super::exit::ExitStatus;
use crate::analysis::Report;
use crate::analysis::folder_info::folder_info;
use crate::analysis::info::info;

/// What a .spectrum file holds, or which results are whole
///
/// Of a file: counts, preprocessing and the sums in it. Of a folder that commands have written to: what each of them
/// left, whether all of it is there as it was written, and what a run that was killed has left. Writes nothing. The
/// exit code is 1 if a result is missing, changed or not finished.
#[derive(Debug, Args)]
#[command(after_help = "Examples: specscan info out/photos.spectrum\n          specscan info out")]
pub struct InfoArgs {
    /// Saved spectrum, or a folder of results
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &InfoArgs) -> Result<ExitStatus> {
    if !args.path.is_dir() {
        print(args, &info(args.path.clone())?)?;
        return Ok(ExitStatus::Done);
    }
    let report = folder_info(&args.path)?;
    print(args, &report)?;
    Ok(if report.state.is_whole() { ExitStatus::Done } else { ExitStatus::NotAcceptable })
}

fn print(args: &InfoArgs, report: &impl Report) -> Result<()> {
    if args.json {
        console::print_json(&serde_json::to_value(report)?)?;
    } else {
        console::print_lines(false, &report.lines())?;
    }
    Ok(())
}
