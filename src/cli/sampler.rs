//! `specscan schedule fit-sampler` and `schedule sample`: a model of a set's schedules, and schedules drawn from it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::exit::ExitStatus;
use super::interrupt;
use super::named::choice;
use super::noise_levels::KappaArgs;
use super::present::{self, Presentation};
use super::progress::Progress;
use super::shared::{OutputArgs, SharedArgs};
use crate::analysis::Desk;
use crate::analysis::schedule::{DrawSchedules, DrawnSchedules, FitSampler, read_sampler};
use crate::diffusion::ScheduleKind;
use crate::diffusion::sampler::{DEFAULT_MAX_COMPONENTS, N_POINTS};
use crate::report::manifest::Manifest;
use crate::report::output_dir::OutputDir;

/// Model the schedules of a set as a Gaussian mixture
///
/// Writes sampler.json, from which `schedule sample` draws. The number of components is chosen by the Bayesian
/// information criterion, for all images or for each class.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan schedule fit-sampler photos --per-class -o out")]
pub struct FitSamplerArgs {
    /// Kind of the schedules: where steps are spent
    #[arg(long, value_name = "frequency|power|mixed", value_parser = choice::<ScheduleKind>(), default_value_t)]
    kind: ScheduleKind,

    /// One model per class; the class of an image is its folder
    #[arg(long)]
    per_class: bool,

    /// Largest number of components tried per class, 1 to 64
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_COMPONENTS)]
    max_components: usize,

    #[command(flatten)]
    kappa: KappaArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Draw schedules from a fitted sampler
///
/// Writes schedules.npz, schedules.csv and a fan chart. Draw i of a class does not depend on --count.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan schedule sample out/sampler.json --count 64 --seed 1 -o drawn")]
pub struct SampleArgs {
    /// The file that `schedule fit-sampler` wrote
    #[arg(value_name = "SAMPLER")]
    sampler: PathBuf,

    /// Schedules to draw, 1 to 1000000
    #[arg(long, value_name = "N", default_value_t = 16)]
    count: u64,

    /// Class to draw from [default: the only one]
    #[arg(long, value_name = "NAME")]
    class: Option<String>,

    /// Points of each schedule, both ends included
    #[arg(long, value_name = "N", default_value_t = N_POINTS)]
    steps: usize,

    /// Seed of the draws; it is written to schedule-sample.json
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,

    #[command(flatten)]
    output: OutputArgs,
}

/// Runs `schedule fit-sampler`.
pub fn fit(args: &FitSamplerArgs) -> Result<ExitStatus> {
    let FitSamplerArgs { kind, per_class, max_components, ref kappa, ref shared } = *args;
    present::run("schedule-fit-sampler", shared, &FitSampler { kind, kappa: kappa.kappa()?, per_class, max_components })
}

/// Runs `schedule sample`.
pub fn sample(args: &SampleArgs) -> Result<ExitStatus> {
    OutputDir::recover(&args.output.out, "schedule-sample")?;
    let sampler = read_sampler(&args.sampler)?;
    let draws = DrawSchedules { sampler, count: args.count, class: args.class.clone(), n_steps: args.steps };
    draws.check()?;
    let progress = Progress::new(args.output.progress, args.output.quiet);
    let presentation = Presentation::from(&args.output);
    let desk = Desk { seed: args.seed, ..present::bare_desk("schedule-sample", &[&args.sampler], &progress) };
    let desk = presentation.with_folder::<DrawnSchedules>(desk, &args.output, &[], [args.sampler.as_path()])?;
    interrupt::set_working(true);
    let mut drawn = draws.draw(&desk)?;
    presentation.write(&desk, &drawn)?;
    let manifest = Manifest { seed: Some(args.seed), ..Manifest::new() };
    desk.finish(&Presentation::stale_names::<DrawnSchedules>(), manifest)?;
    drawn.files = desk.folder()?.written();
    presentation.print(&drawn)?;
    Ok(ExitStatus::Done)
}
