//! `specscan bounds`: the smallest and largest noise level worth using on each image, and what schedules waste on it.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use super::console::{self, align, short};
use super::exit::ExitStatus;
use super::noise_levels::{KappaArgs, describe_kappa, read_schedule, rounding_power_of};
use super::plots;
use super::scan::describe;
use super::session::{Input, Session, Wants, resolve};
use super::shared::SharedArgs;
use super::sinks::BoundsTable;
use crate::diffusion::bounds::brightness_sigma_max;
use crate::diffusion::schedules::schedule_usages;
use crate::diffusion::{BoundsStatistics, Kappa, ReferenceSchedule};
use crate::report::rows::waste_rows;
use crate::report::tables::{WasteRow, write_table};
use crate::spectral::ValueRange;
use crate::spectrum::Spectrum;

/// Levels of the quantiles in the summary.
const LEVELS: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Noise bounds of each image, and what schedules waste on it
///
/// Writes bounds.csv (a row for each image), waste.csv (a row for each schedule) and plots of both. Sigmas are relative noise
/// levels σ/α in pixel values, as EDM's.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan bounds photos --resolution 256 --schedule edm:40 -o out")]
pub struct BoundsArgs {
    #[command(flatten)]
    kappa: KappaArgs,

    #[arg(
        long,
        value_name = "NAME|FILE",
        help = format!(
            "Another schedule for waste.csv: a name or a file of sigmas (one a line, a JSON list, or an npz); may be repeated. Names: {}",
            schedule_usages()
        )
    )]
    schedule: Vec<String>,

    #[command(flatten)]
    shared: SharedArgs,
}

/// A schedule and its sigmas, descending.
pub type NamedSigmas = (ReferenceSchedule, Vec<f64>);

/// The schedules everything is compared with: the standard ones first, in the order of the columns of `bounds.csv`.
fn schedules(given: &[String]) -> Result<Vec<NamedSigmas>> {
    let mut schedules = Vec::from(ReferenceSchedule::standard());
    for name in ["flow:50", "flow:50,3", "vp:1000"] {
        schedules.push(name.parse()?);
    }
    for text in given {
        let mut schedule = read_schedule(text)?;
        if schedule.is_list() && schedules.iter().any(|s| s.to_string() == schedule.to_string()) {
            schedule = schedule.renamed(text);
        }
        if !schedules.contains(&schedule) {
            schedules.push(schedule);
        }
    }
    Ok(schedules.into_iter().map(|s| (s.clone(), s.sigmas().to_vec())).collect())
}

/// Runs the command.
pub fn run(args: &BoundsArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    let kappa = args.kappa.kappa()?;
    let schedules = schedules(&args.schedule)?;
    let input = resolve(shared, Wants { effective_resolution: true, ..Wants::default() })?;
    let rounding_power = rounding_power_of(&input)?;
    let Input::Images(images) = &input else {
        bail!("a saved spectrum holds no single images, and bounds are theirs; give the folder of images");
    };
    let size = images.config.analysis.size;
    if size.longer_side() < 2 {
        bail!("images of one pixel have no frequency to bound; give a larger --resolution");
    }
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let range = images.config.analysis.range;
    if range != ValueRange::SIGNED {
        let units = format!("schedules are taken in the units of --range {range}; most are made for -1:1");
        console::warn(shared.output.quiet, &units);
    }
    let mut table = BoundsTable::create(&session.out, size, kappa, rounding_power, &schedules)?;
    let scanned = session.scan(input, &mut table)?;
    let statistics = table.commit()?;
    let rows = waste_rows(&schedules, &statistics);
    write_table(&session.out, "waste.csv", &rows)?;
    plots::bounds(&session, shared, &scanned.spectrum, &statistics, &schedules, rounding_power);
    plots::waste(&session, shared, &scanned.spectrum, &rows);
    print_summary(args, kappa, &scanned.spectrum, &statistics, &rows)?;
    session.finish(&scanned, &[])
}

/// The level that hides the brightness of the set, over the channels' mean; none for one image.
fn brightness_bound(kappa: Kappa, spectrum: &Spectrum) -> Option<f64> {
    spectrum.mode_covariance().ok().map(|gamma| brightness_sigma_max(kappa, gamma.channel_mean()[0]))
}

fn print_summary(
    args: &BoundsArgs,
    kappa: Kappa,
    spectrum: &Spectrum,
    statistics: &BoundsStatistics,
    waste: &[WasteRow],
) -> Result<()> {
    let brightness = brightness_bound(kappa, spectrum);
    let quantiles = |of: &dyn Fn(f64) -> Option<f64>| LEVELS.map(of);
    let sigma_min = quantiles(&|level| statistics.sigma_min_quantile(level));
    let sigma_max = quantiles(&|level| statistics.sigma_max_quantile(level));
    let (n_soft, n_judged) = statistics.n_soft();
    if args.shared.output.json {
        return console::print_json(&json!({
            "schema_version": 1,
            "counts": spectrum.counts(),
            "preprocess": spectrum.preprocess(),
            "kappa": kappa,
            "at_sigma_min": kappa.reading_at_min(),
            "at_sigma_max": kappa.reading_at_max(),
            "quantile_levels": LEVELS,
            "sigma_min": sigma_min,
            "sigma_max": sigma_max,
            "n_floored": statistics.n_floored(),
            "n_flat": statistics.n_flat(),
            "n_soft": n_soft,
            "n_sharpness_known": n_judged,
            "brightness_sigma_max": brightness,
            "waste": waste,
        }));
    }
    let mut lines = vec![describe(spectrum)];
    lines.extend(describe_kappa(kappa));
    lines.push(String::new());
    let head = ["", "5 %", "25 %", "median", "75 %", "95 %"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    for (name, quantiles) in [("sigma_min", sigma_min), ("sigma_max", sigma_max)] {
        let cells = quantiles.map(|q| q.map_or("–".to_owned(), short));
        table.push(std::iter::once(name.to_owned()).chain(cells).collect());
    }
    lines.extend(align(&table));
    if let Some(sigma) = brightness {
        lines.push(format!("the brightness of the set is hidden from sigma = {} on", short(sigma)));
    }
    let n = statistics.n_images();
    let share = |part: u64, of: u64| if of == 0 { 0.0 } else { 100.0 * part as f64 / of as f64 };
    lines.push(format!(
        "{} of {n} at the 8-bit rounding floor ({:.1} %), {} flat, {n_soft} soft (effective resolution below 90 %: {:.1} % of {n_judged})",
        statistics.n_floored(),
        share(statistics.n_floored(), n),
        statistics.n_flat(),
        share(n_soft, n_judged),
    ));
    lines.push(String::new());
    let head = ["schedule", "steps", "sigma from", "to", "wasted below", "wasted above", "used"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    let percent = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{:.1} %", 100.0 * v));
    for row in waste {
        table.push(vec![
            row.schedule.clone(),
            row.n_steps.to_string(),
            short(row.sigma_low),
            row.sigma_high.map_or("∞".to_owned(), short),
            percent(row.waste_below_mean),
            percent(row.waste_above_mean),
            percent(row.waste_mean.map(|w| 1.0 - w)),
        ]);
    }
    lines.extend(align(&table));
    console::print_lines(args.shared.output.quiet, &lines)
}
