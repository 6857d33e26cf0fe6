//! `specscan merge`: several spectra into one, exactly as if their images had been scanned together.

use std::path::PathBuf;
use std::slice;

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::interrupt;
use super::present::{self, Presentation};
use super::progress::Progress;
use super::shared::{OutputArgs, parse_file_name};
use crate::analysis::Source;
use crate::analysis::merge::{Merge, MergeReport};
use crate::report::output_dir::OutputDir;

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

    /// Merge even if the spectra share images, which then count twice
    #[arg(long)]
    allow_shared: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
pub fn run(args: &MergeArgs) -> Result<ExitStatus> {
    let merge = Merge { spectra: args.spectra.clone(), name: args.name.clone(), allow_shared: args.allow_shared };
    let progress = Progress::new(args.output.progress, args.output.quiet);
    let presentation = Presentation::from(&args.output);
    OutputDir::recover(&args.output.out, "merge")?;
    // A path that is misspelt is found before there is a folder.
    args.spectra
        .iter()
        .filter(|path| !path.exists())
        .try_for_each(|path| Source::load(slice::from_ref(path), false).map(drop))?;
    let desk = present::bare_desk("merge", &args.spectra, &progress);
    let (names, inputs) = ([format!("{}.spectrum", args.name)], args.spectra.iter().map(PathBuf::as_path));
    let desk = presentation.with_folder::<MergeReport>(desk, &args.output, &names, inputs)?;
    let report = merge.report(&desk)?;
    interrupt::set_working(true);
    presentation.write(&desk, &report)?;
    desk.finish(&Presentation::stale_names::<MergeReport>(), report.manifest())?;
    presentation.print(&report)?;
    Ok(ExitStatus::Done)
}
