//! `specscan compare`: where the spectra of two sets or more differ, and whether by more than chance.

use anyhow::{Result, ensure};
use clap::Args;

use super::exit::ExitStatus;
use super::input_names::names_of;
use super::interrupt;
use super::losses::judge_skips;
use super::present::{self, Presentation};
use super::progress::Progress;
use super::shared::SharedArgs;
use crate::analysis::compare::{Compare, CompareReport, open_sets};
use crate::report::manifest::Manifest;
use crate::report::output_dir::OutputDir;

/// Where the spectra of two or more sets differ, with intervals
///
/// Each INPUT is a set: a folder of images, or a saved spectrum. All are compared with the first. Writes compare.csv
/// (octave bands), compare_annuli.csv, compare.json, compare.md and a plot. Exits with 0 whatever the difference; to
/// fail a build on one, use `specscan check`.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan compare real/ generated/ --resolution 256 -o out")]
pub struct CompareArgs {
    /// The sets hold the same images under two preparations: images of the same path are compared one by one
    #[arg(long)]
    paired: bool,

    /// Compare sets that were prepared differently; their difference may come from that alone
    #[arg(long)]
    allow_different_preprocess: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &CompareArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    ensure!(
        shared.input.files_from.is_none() && !shared.input.by_input,
        "compare takes each INPUT as a set of its own: name two folders or saved spectra, without --files-from and --by-input"
    );
    ensure!(shared.input.inputs.len() >= 2, "compare takes two sets at least: name a second folder or saved spectrum");
    let progress = Progress::new(shared.output.progress, shared.output.quiet);
    interrupt::set_working(false);
    if !shared.compute.dry_run {
        OutputDir::recover(&shared.output.out, "compare")?;
    }
    let sources = open_sets(&shared.source()?, &progress)?;
    progress.show_notes();
    if shared.compute.dry_run {
        for source in &sources {
            super::plan::print(shared, source)?;
        }
        return Ok(ExitStatus::Done);
    }
    let presentation = Presentation::from(&shared.output);
    let desk = present::desk("compare", shared, &progress)?;
    let desk =
        presentation.with_folder::<CompareReport>(desk, &shared.output, &[], present::inputs_of(shared, &sources))?;
    let compare = Compare { paired: args.paired, allow_different_preprocess: args.allow_different_preprocess };
    interrupt::set_working(true);
    let sets = names_of(&shared.input.inputs).into_iter().zip(sources).collect();
    let report = compare.report(&desk, sets)?;
    presentation.write(&desk, &report)?;
    let mut stale = Presentation::stale_names::<CompareReport>();
    stale.extend(desk.write_skips(&[], &[])?);
    let manifest = Manifest {
        preprocess: Some(report.sets[0].preprocess.clone()),
        seed: Some(desk.seed),
        threads: Some(desk.threads),
        ..Manifest::new()
    };
    desk.finish(&stale, manifest)?;
    presentation.print(&report)?;
    presentation.say_where::<CompareReport>(&desk);
    Ok(judge_skips(&desk, presentation.naming(), shared.input.max_skipped, None))
}
