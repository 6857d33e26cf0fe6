//! `specscan merge`: several spectra into one, exactly as if their images had been scanned together.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::present::{self, Presentation};
use super::progress::Progress;
use super::shared::{PlotFormats, ProgressWhen, parse_file_name};
use crate::analysis::merge::{Merge, MergeReport};
use crate::report::plot::page::Page;

/// Merge .spectrum files into one, exactly
///
/// The result is, byte for byte, what one scan of all the images would have left. The spectra must come from the same
/// preprocessing and from disjoint images.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan merge shards/*.spectrum --name all -o out")]
pub struct MergeArgs {
    /// Saved spectra
    #[arg(value_name = "SPECTRUM", required = true, num_args = 1..)]
    spectra: Vec<PathBuf>,

    /// Name of the merged .spectrum file
    #[arg(long, value_name = "NAME", value_parser = parse_file_name, default_value = "merged")]
    name: String,

    /// Folder for the merged file; created if missing
    #[arg(short, long, value_name = "DIR", default_value = "specscan-out")]
    out: PathBuf,

    /// Merge even if the spectra share images, which then count twice
    #[arg(long)]
    allow_shared: bool,

    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,

    /// Print nothing but errors (and the object of --json)
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(args: &MergeArgs) -> Result<ExitStatus> {
    let merge = Merge { spectra: args.spectra.clone(), name: args.name.clone(), allow_shared: args.allow_shared };
    let progress = Progress::new(ProgressWhen::Auto, args.quiet);
    let desk = present::desk_in(&args.out, 0, 1, &progress)?;
    let report = merge.report(&desk)?;
    let presentation = Presentation {
        plots: PlotFormats(Vec::new()),
        page: Page::default(),
        json: args.json,
        quiet: args.quiet,
        verbose: false,
    };
    presentation.write(&desk, &report)?;
    desk.finish(&presentation.stale_names::<MergeReport>(), report.manifest())?;
    presentation.print(&report)?;
    Ok(ExitStatus::Done)
}
