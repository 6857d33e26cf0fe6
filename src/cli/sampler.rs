//! `specscan schedule fit-sampler` and `schedule sample`: a model of a set's schedules, and schedules drawn from it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::json;

use super::console::{self, align, short};
use super::exit::ExitStatus;
use super::named::choice;
use super::noise_levels::{KappaArgs, rounding_power_of};
use super::plots;
use super::scan::describe;
use super::session::{Input, Session, Wants, resolve, write_manifest};
use super::shared::{PlotFormats, SharedArgs};
use super::sinks::ScheduleCollector;
use crate::diffusion::sampler::{
    DEFAULT_MAX_COMPONENTS, FORMAT, FORMAT_VERSION, N_POINTS, SamplerData, SamplerError, SamplerSource,
};
use crate::diffusion::tight::MAX_SCHEDULE_STEPS;
use crate::diffusion::{ScheduleKind, ScheduleSampler, ScheduleStatistics, TightPlan};
use crate::report::manifest::{Manifest, write_json};
use crate::report::output_dir::OutputDir;
use crate::report::schedules::{ORDER, ScheduleFiles};

/// Model the schedules of a set as a Gaussian mixture
///
/// Writes sampler.json, from which `schedule sample` draws. The number of components is chosen by the Bayesian information
/// criterion, for all images or for each class.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan schedule fit-sampler photos --per-class -o out")]
pub struct FitSamplerArgs {
    /// Kind of the schedules: where steps are spent
    #[arg(long, value_name = "frequency|power|mixed", value_parser = choice::<ScheduleKind>(), default_value_t)]
    kind: ScheduleKind,

    /// A model for each class, the folder an image lies in
    #[arg(long)]
    per_class: bool,

    /// Most components tried for each class
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_COMPONENTS)]
    max_components: usize,

    #[command(flatten)]
    kappa: KappaArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Draw schedules from a fitted sampler
///
/// Writes schedules.npz, schedules.csv and a fan chart. Draw i of a class is the same whatever the number of draws.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan schedule sample out/sampler.json --count 64 --seed 1 -o drawn")]
pub struct SampleArgs {
    /// The file that `schedule fit-sampler` wrote
    #[arg(value_name = "SAMPLER")]
    sampler: PathBuf,

    /// Schedules to draw
    #[arg(long, value_name = "N", default_value_t = 16)]
    count: u64,

    /// Class to draw from [default: the only one]
    #[arg(long, value_name = "NAME")]
    class: Option<String>,

    /// Points of each schedule, both ends included
    #[arg(long, value_name = "N", default_value_t = N_POINTS)]
    steps: usize,

    /// Seed of the draws; it is written to run.json
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,

    /// Folder for the schedules; created if missing
    #[arg(short, long, value_name = "DIR", default_value = "specscan-out")]
    out: PathBuf,

    /// Plot formats, comma-separated: svg, png, or none
    #[arg(long, value_name = "FORMATS", default_value = "svg,png")]
    plots: PlotFormats,

    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,

    /// Print nothing but errors (and the object of --json)
    #[arg(short, long)]
    quiet: bool,
}

/// What is looked for first in a sampler.
#[derive(serde::Deserialize)]
struct VersionOnly {
    format: String,
    version: u32,
}

/// Runs `schedule fit-sampler`.
pub fn fit(args: &FitSamplerArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    ensure!(args.max_components > 0, "--max-components 0: a mixture has at least one component");
    let kappa = args.kappa.kappa()?;
    let input = resolve(shared, Wants::default())?;
    let plan = TightPlan::new(input.size().longer_side(), kappa, rounding_power_of(&input)?, N_POINTS)?;
    if matches!(input, Input::Saved(_)) {
        bail!("a saved spectrum holds no single images, and a sampler is fitted to theirs; give the folder of images");
    }
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let mut collector = ScheduleCollector::new(&plan, args.kind, args.per_class);
    let scanned = session.scan(input, &mut collector)?;
    let (logsnr, class, class_names) = collector.into_parts();
    let data = SamplerData { logsnr: &logsnr, class: &class, class_names: &class_names };
    let mut sampler = ScheduleSampler::fit(data, args.kind, args.max_components, shared.input.seed)?;
    let preprocess = scanned.spectrum.preprocess();
    sampler.source = Some(SamplerSource {
        kappa,
        range: preprocess.range,
        resolution: preprocess.size.to_string(),
        transform: preprocess.transform.clone(),
    });
    write_json(&session.out, "sampler.json", &sampler)?;
    let n_flat = scanned.spectrum.n_images() - class.len() as u64;
    if shared.output.json {
        let classes: BTreeMap<_, _> = sampler
            .classes
            .iter()
            .map(|c| {
                (c.name.as_str(), json!({"n_schedules": c.n_schedules, "n_components": c.mixture.components.len()}))
            })
            .collect();
        console::print_json(&json!({
            "schema_version": 1,
            "counts": scanned.spectrum.counts(),
            "preprocess": scanned.spectrum.preprocess(),
            "kind": args.kind,
            "seed": shared.input.seed,
            "n_flat": n_flat,
            "shape_explained": sampler.shape_explained,
            "classes": classes,
        }))?;
    } else {
        let mut table = vec![["class", "schedules", "components", "cleanest sigma"].map(str::to_owned).to_vec()];
        for class in &sampler.classes {
            let name = if class.name.is_empty() { "(all)" } else { &class.name };
            let sigma = (-0.5 * class.logsnr_cleanest).exp();
            let cells = [class.n_schedules.to_string(), class.mixture.components.len().to_string(), short(sigma)];
            table.push(std::iter::once(name.to_owned()).chain(cells).collect());
        }
        let mut lines = vec![describe(&scanned.spectrum)];
        lines.push(format!(
            "{} {} schedules, {n_flat} flat images without; four coefficients hold {:.1} % of their shapes' variance",
            class.len(),
            args.kind,
            100.0 * sampler.shape_explained
        ));
        lines.extend(align(&table));
        console::print_lines(shared.output.quiet, &lines)?;
    }
    session.finish(&scanned, &[])
}

/// Runs `schedule sample`.
pub fn sample(args: &SampleArgs) -> Result<ExitStatus> {
    let started = std::time::Instant::now();
    ensure!(args.count > 0, "--count 0: at least one schedule is drawn");
    let steps = 2..=MAX_SCHEDULE_STEPS;
    ensure!(steps.contains(&args.steps), "--steps {}: a schedule has 2 to {MAX_SCHEDULE_STEPS}", args.steps);
    let path = args.sampler.display();
    let text = std::fs::read_to_string(&args.sampler)
        .with_context(|| format!("cannot read the sampler {path}; check its path"))?;
    // A newer version may have other fields, so it is looked for before the fields are blamed.
    if let Ok(VersionOnly { format, version }) = serde_json::from_str(&text)
        && (format.as_str(), version) != (FORMAT, FORMAT_VERSION)
    {
        return Err(SamplerError::Format { format, version }).with_context(|| format!("cannot use the sampler {path}"));
    }
    let sampler: ScheduleSampler = serde_json::from_str(&text)
        .with_context(|| format!("{path} is no sampler; make one with specscan schedule fit-sampler"))?;
    sampler.validate().with_context(|| format!("cannot use the sampler {path}"))?;
    let class = match (&args.class, sampler.classes.as_slice()) {
        (Some(class), _) => class.clone(),
        (None, [only]) => only.name.clone(),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|c| c.name.as_str()).collect();
            bail!("the sampler has {} classes ({}); choose one with --class", several.len(), names.join(", "));
        }
    };
    let drawer = sampler.drawer(&class, args.seed)?;
    let out = OutputDir::create(&args.out)?;
    let times: Vec<f64> = (0..args.steps).map(|i| i as f64 / (args.steps - 1) as f64).collect();
    let mut files = ScheduleFiles::create(&out, &times)?;
    let mut statistics = ScheduleStatistics::new(args.steps);
    for i in 0..args.count {
        let schedule = drawer.draw(i).resampled(args.steps);
        let prefix = if class.is_empty() { "sample" } else { &class };
        files.push(&format!("{prefix}/{i:06}"), Some(&schedule.logsnr)).map_err(anyhow::Error::from_boxed)?;
        statistics.add(Some(&schedule.logsnr));
    }
    let meta = json!({
        "schema_version": 1,
        "specscan_version": env!("CARGO_PKG_VERSION"),
        "kind": sampler.kind,
        "source": sampler.source,
        "class": class,
        "seed": args.seed,
        "order": ORDER,
    });
    files.commit(&out, &meta.to_string())?;
    let title = format!(
        "{} schedules drawn{}",
        args.count,
        if class.is_empty() { String::new() } else { format!(" of {class}") }
    );
    plots::schedule_fan(&out, &args.plots, args.quiet, title, format!("seed {}", args.seed), &statistics, &times);
    out.remove_stale("schedule.json")?;
    write_manifest(&out, started, Manifest { seed: Some(args.seed), ..Manifest::new() })?;
    if args.json {
        console::print_json(&json!({
            "schema_version": 1,
            "class": class,
            "count": args.count,
            "seed": args.seed,
            "n_steps": args.steps,
            "files": out.written(),
        }))?;
        return Ok(ExitStatus::Done);
    }
    let ends =
        |i: usize| statistics.quantiles(0.5).and_then(|q| q.get(i).copied()).map_or(f64::NAN, |l| (-0.5 * l).exp());
    let lines = [
        format!("{} {} schedules of {} steps drawn with seed {}", args.count, sampler.kind, args.steps, args.seed),
        format!("median from sigma = {} to {}", short(ends(0)), short(ends(statistics.points().len() - 1))),
        format!("wrote {} to {}", out.written().join(", "), out.path().display()),
    ];
    console::print_lines(args.quiet, &lines)?;
    Ok(ExitStatus::Done)
}
