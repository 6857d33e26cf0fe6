//! `specscan schedule`: a noise schedule of each image's own, or the one of the set's mean spectrum.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::console::{self, align, short};
use super::exit::ExitStatus;
use super::named::choice;
use super::noise_levels::{KappaArgs, describe_kappa, rounding_power_of};
use super::plots;
use super::sampler::{self, FitSamplerArgs, SampleArgs};
use super::scan::describe;
use super::session::{Input, Scanned, Session, Wants, resolve};
use super::shared::SharedArgs;
use super::sinks::ScheduleSink;
use crate::diffusion::{Kappa, NoiseLevel, ScheduleKind, ScheduleStatistics, TightPlan};
use crate::pipeline::NoRows;
use crate::report::manifest::write_json;
use crate::report::schedules::{ORDER, ScheduleFiles};
use crate::spectrum::RapsdOf;

/// A noise schedule of each image's own
///
/// Writes schedules.npz and schedules.csv (sigma, logSNR, ᾱ, variance-preserving α and σ, flow time; keyed by path) and a fan chart.
/// Each schedule runs from the image's sigma_min to its sigma_max and spends its steps where the image has power. `schedule fit-sampler`
/// models the schedules of a set, `schedule sample` draws new ones from the model.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Example: specscan schedule photos --resolution 256 --steps 40 -o out"
)]
pub struct ScheduleArgs {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    options: ScheduleOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    FitSampler(Box<FitSamplerArgs>),
    Sample(SampleArgs),
}

#[derive(Debug, Args)]
struct ScheduleOptions {
    /// Where steps are spent: evenly over frequencies, over power, or half of each
    #[arg(long, value_name = "frequency|power|mixed", value_parser = choice::<ScheduleKind>(), default_value_t)]
    kind: ScheduleKind,

    /// Points of each schedule, both ends included
    #[arg(long, value_name = "N", default_value_t = 50)]
    steps: usize,

    /// One schedule, of the set's mean spectrum, in place of one for each image; also in schedule.json
    #[arg(long)]
    dataset: bool,

    #[command(flatten)]
    kappa: KappaArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &ScheduleArgs) -> Result<ExitStatus> {
    match &args.command {
        Some(Command::FitSampler(args)) => sampler::fit(args),
        Some(Command::Sample(args)) => sampler::sample(args),
        None => run_schedules(&args.options),
    }
}

fn run_schedules(args: &ScheduleOptions) -> Result<ExitStatus> {
    let shared = &args.shared;
    let kappa = args.kappa.kappa()?;
    let input = resolve(shared, Wants::default())?;
    let plan = TightPlan::new(input.size().longer_side(), kappa, rounding_power_of(&input)?, args.steps)?;
    if matches!(input, Input::Saved(_)) && !args.dataset {
        bail!(
            "a saved spectrum holds no single images: add --dataset for the schedule of its mean spectrum, \
             or give the folder of images"
        );
    }
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let files = ScheduleFiles::create(&session.out, plan.times())?;
    if args.dataset {
        return run_dataset(args, kappa, &plan, &session, input, files);
    }
    let mut sink = ScheduleSink::new(files, &plan, args.kind);
    let scanned = session.scan(input, &mut sink)?;
    let (files, statistics) = sink.into_parts();
    files.commit(&session.out, &metadata(args, kappa, &scanned))?;
    plots::schedules(&session, shared, &scanned.spectrum, &statistics, &plan, args.kind);
    print_summary(args, kappa, &scanned, &statistics, &plan)?;
    session.finish(&scanned, &["schedule.json"])
}

/// How schedules were made, for the archive.
fn metadata(args: &ScheduleOptions, kappa: Kappa, scanned: &Scanned) -> String {
    json!({
        "schema_version": 1,
        "specscan_version": env!("CARGO_PKG_VERSION"),
        "kind": args.kind,
        "kappa": kappa,
        "preprocess": scanned.spectrum.preprocess(),
        "counts": scanned.spectrum.counts(),
        "order": ORDER,
    })
    .to_string()
}

fn run_dataset(
    args: &ScheduleOptions,
    kappa: Kappa,
    plan: &TightPlan,
    session: &Session<'_>,
    input: Input,
    mut files: ScheduleFiles,
) -> Result<ExitStatus> {
    let scanned = session.scan(input, &mut NoRows)?;
    let spectrum = &scanned.spectrum;
    let Some(schedule) = plan.schedule(&spectrum.radial_statistics(RapsdOf::ChannelMean).mean, args.kind) else {
        bail!("the mean spectrum of these images is flat: there is no noise level to schedule");
    };
    files.push("dataset", Some(&schedule.logsnr)).map_err(anyhow::Error::from_boxed)?;
    files.commit(&session.out, &metadata(args, kappa, &scanned))?;
    let mut statistics = ScheduleStatistics::new(args.steps);
    statistics.add(Some(&schedule.logsnr));
    let document = json!({
        "schema_version": 1,
        "kind": args.kind,
        "kappa": kappa,
        "preprocess": spectrum.preprocess(),
        "counts": spectrum.counts(),
        "t": schedule.t,
        "logsnr": schedule.logsnr,
        "sigma": schedule.sigma(),
        "alpha_bar": schedule.alpha_bar(),
        "flow_time": schedule.flow_time(),
    });
    write_json(&session.out, "schedule.json", &document)?;
    plots::schedules(session, &args.shared, spectrum, &statistics, plan, args.kind);
    if args.shared.output.json {
        console::print_json(&document)?;
    } else {
        let (sigma, n) = (schedule.sigma(), schedule.t.len());
        let mut lines = vec![describe(spectrum)];
        lines.extend(describe_kappa(kappa));
        lines.push(format!(
            "{} schedule of the mean spectrum: {n} steps from sigma = {} to {}",
            args.kind,
            short(sigma[0]),
            short(sigma[n - 1])
        ));
        console::print_lines(args.shared.output.quiet, &lines)?;
    }
    session.finish(&scanned, &[])
}

fn print_summary(
    args: &ScheduleOptions,
    kappa: Kappa,
    scanned: &Scanned,
    statistics: &ScheduleStatistics,
    plan: &TightPlan,
) -> Result<()> {
    let spectrum = &scanned.spectrum;
    let t: Vec<f64> = statistics.points().iter().map(|&i| plan.times()[i]).collect();
    let levels = [0.05, 0.25, 0.5, 0.75, 0.95];
    let quantiles = levels.map(|level| statistics.quantiles(level));
    if args.shared.output.json {
        return console::print_json(&json!({
            "schema_version": 1,
            "counts": spectrum.counts(),
            "preprocess": spectrum.preprocess(),
            "kind": args.kind,
            "kappa": kappa,
            "n_steps": args.steps,
            "n_flat": statistics.n_flat(),
            "t": t,
            "quantile_levels": levels,
            "logsnr_quantiles": quantiles,
        }));
    }
    let n_scheduled = statistics.n_images() - statistics.n_flat();
    let mut lines = vec![describe(spectrum)];
    lines.extend(describe_kappa(kappa));
    lines.push(format!(
        "{n_scheduled} {} schedules of {} steps, {} flat images without",
        args.kind,
        args.steps,
        statistics.n_flat()
    ));
    if let [Some(low), _, Some(median), _, Some(high)] = &quantiles {
        let head = ["t (0: clean)", "logSNR, 5 %", "median", "95 %", "median sigma"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let i = (share * (t.len() - 1) as f64).round() as usize;
            let sigma = NoiseLevel::from_logsnr(median[i])?.sigma();
            let cells = [low[i], median[i], high[i]].map(|l| format!("{l:.2}"));
            table.push(std::iter::once(format!("{:.2}", t[i])).chain(cells).chain([short(sigma)]).collect());
        }
        lines.extend(align(&table));
    }
    console::print_lines(args.shared.output.quiet, &lines)
}
