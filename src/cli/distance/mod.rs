//! `specscan distance`: which noise is closest to the images, by how much, and which images are far from all others.

mod farthest;
mod full;
mod rows;
mod summary;

use anyhow::{Result, ensure};
use clap::Args;

use self::summary::Outcome;
use super::exit::ExitStatus;
use super::families::{Families, FamilyArgs, Measured};
use super::named::choice;
use super::session::{Input, Scanned, Session, Wants, resolve};
use super::shared::SharedArgs;
use super::sinks::DistanceTable;
use super::{console, interrupt};
use crate::diffusion::rounding_power;
use crate::noise::metric::MODES_FROM_IMAGES;
use crate::noise::{AxesOf, Comparison, DatasetModel, Metric, ModelOptions, Moments, compare, parse_family, realise};
use crate::pipeline::noise::{Draws, sample_distances};
use crate::pipeline::{Baseline, Halves, Judges, measure_distances};
use crate::report::tables::write_table;
use crate::spectrum::{Spectrum, Standardize};

/// Images from which the set is judged in halves; each has to hold enough for Γ of single modes.
const HALVES_FROM_IMAGES: u64 = 200;

/// Noise families against the images, and the images that are far from all others
///
/// Writes distance.csv (noise families, closest first), distance_images.csv (each image, farthest first), a plot of the families and
/// farthest.png. Families are ranked by KL(dataset‖noise): a small Mahalanobis distance alone only says that noise is smooth.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan distance photos --resolution 64 --family white --family cloud:best -o out")]
pub struct DistanceArgs {
    /// Which Γ families are compared in; may be repeated [default: modes from 64 images on, else radial]
    #[arg(long, value_name = "METRIC", value_parser = choice::<Metric>())]
    metric: Vec<Metric>,

    /// Which Γ single images are measured in
    #[arg(long, value_name = "METRIC", value_parser = choice::<Metric>(), default_value_t = Metric::Radial)]
    image_metric: Metric,

    /// Samples drawn of each family
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    samples: u32,

    /// Also compare with the full covariance of images reduced to at most N pixels a side (distance_full.csv)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=32))]
    full_covariance: Option<u16>,

    #[command(flatten)]
    families: FamilyArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Families in one metric.
struct MetricResult {
    model: DatasetModel,
    compared: Vec<Comparison>,
}

/// Runs the command.
pub fn run(args: &DistanceArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    let families = args.families.parse(true)?;
    let is_more = args.families.color || args.full_covariance.is_some();
    let wants = Wants {
        moments: is_more,
        coherence: args.families.color,
        diagonality_side: args.full_covariance.map(usize::from),
        second_pass: true,
        ..Wants::default()
    };
    let input = resolve(shared, wants)?;
    check_input(args, &input)?;
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let (scanned, halves) = session.scan_halves(input)?;
    let spectrum = &scanned.spectrum;
    if args.full_covariance.is_some() {
        full::check(spectrum)?;
    }
    let floor = rounding_floor(spectrum)?;
    let measured = families.measure_folders(shared, &session.progress, spectrum.preprocess(), args.families.color)?;
    let results = compare_families(args, &session, spectrum, floor, &families, &measured)?;
    let is_large = |s: &Spectrum| s.n_images() as usize >= MODES_FROM_IMAGES;
    let halves = halves.filter(|h| spectrum.n_images() >= HALVES_FROM_IMAGES && h.spectra.iter().all(is_large));
    let images = measure_images(args, &session, &scanned, halves.as_ref(), results[0].model.metric, floor)?;
    let outcome =
        Outcome { args, scanned: &scanned, results: &results, images: images.as_ref(), is_held_out: halves.is_some() };
    write_table(&session.out, "distance.csv", outcome.rows())?;
    if let Some(images) = &images {
        write_table(&session.out, "distance_images.csv", images.rows(results[0].model.n_dimensions()))?;
    }
    let full = match args.full_covariance {
        Some(_) => Some(full::compare(args, &session, spectrum, floor, &families)?),
        None => None,
    };
    outcome.draw(&session);
    if let (Some(table), Some(read)) = (&images, &scanned.images) {
        farthest::draw(&session, shared, read, table, results[0].model.n_dimensions(), args.image_metric);
    }
    outcome.print(full.as_ref())?;
    session.finish(&scanned, &["distance_images.csv", "distance_full.csv", "farthest.png"])
}

/// What can be refused before any image is read.
fn check_input(args: &DistanceArgs, input: &Input) -> Result<()> {
    let standardize = match input {
        Input::Saved(spectrum) => spectrum.preprocess().standardize,
        Input::Images(images) => images.config.analysis.standardize,
    };
    ensure!(standardize != Standardize::None, crate::noise::NoiseError::MeanNotRemoved);
    args.families.check(input)?;
    if let (Input::Saved(spectrum), Some(side)) = (input, args.full_covariance) {
        let held = spectrum.analysis_config().diagonality_side;
        ensure!(
            held == Some(usize::from(side)),
            "--full-covariance {side} needs a spectrum with the full covariance at {side} pixels; scan the images with --diagonality {side}"
        );
    }
    for (i, metric) in args.metric.iter().enumerate() {
        ensure!(!args.metric[..i].contains(metric), "--metric {metric} was given twice; leave one out");
    }
    Ok(())
}

/// The power of 8-bit rounding per mode in the units of `spectrum`.
fn rounding_floor(spectrum: &Spectrum) -> Result<f64> {
    let range = spectrum.preprocess().range;
    let power = rounding_power(range.low, range.high);
    if spectrum.preprocess().standardize != Standardize::Pixel {
        return Ok(power);
    }
    // Standardised pixels are in units of their own deviation; of all, on average.
    let covariance = spectrum.color_covariance()?;
    let channels = spectrum.preprocess().channels.count();
    let variance = covariance.iter().step_by(channels + 1).sum::<f64>() / channels as f64;
    Ok(if variance > 0.0 { power / variance } else { power })
}

/// Every family in every metric.
fn compare_families(
    args: &DistanceArgs,
    session: &Session<'_>,
    spectrum: &Spectrum,
    floor: f64,
    families: &Families,
    measured: &Measured,
) -> Result<Vec<MetricResult>> {
    let shared = &args.shared;
    let metrics: Vec<Option<Metric>> =
        if args.metric.is_empty() { vec![None] } else { args.metric.iter().copied().map(Some).collect() };
    let draws = Draws { n: args.samples as usize, seed: shared.input.seed, threads: shared.compute.threads()? };
    let mut results = Vec::with_capacity(metrics.len());
    for metric in metrics {
        let axes = AxesOf::colors_if(args.families.color);
        let options = ModelOptions { metric, axes, rounding_power: floor };
        let model = DatasetModel::new(spectrum, options)?;
        let setting = args.families.adjust(model.setting());
        // What cannot be had is said once, not in every metric.
        let is_quiet = !results.is_empty() || shared.output.quiet;
        let noises = families.realise(&setting, measured, is_quiet)?;
        let members = realise(&*parse_family("matched")?, &model.setting())?;
        let squares = sample_distances(&model, &members, &noises, draws, &session.progress, interrupt::flag())?;
        let drawn: Vec<_> = squares.iter().map(|s| (Moments::of(&s.to_mean), Moments::of(&s.to_member))).collect();
        let compared = compare(&model, &noises, &drawn)?;
        results.push(MetricResult { model, compared });
    }
    Ok(results)
}

/// Measures every image; none for saved spectra, which hold none.
fn measure_images(
    args: &DistanceArgs,
    session: &Session<'_>,
    scanned: &Scanned,
    halves: Option<&Halves>,
    metric: Metric,
    floor: f64,
) -> Result<Option<DistanceTable>> {
    let Some(images) = &scanned.images else { return Ok(None) };
    let model = |spectrum: &Spectrum, metric: Metric, axes: AxesOf| {
        DatasetModel::new(spectrum, ModelOptions { metric: Some(metric), axes, rounding_power: floor })
    };
    let own = || AxesOf::colors_if(args.families.color);
    let ranking = match model(&scanned.spectrum, args.image_metric, own()) {
        Ok(ranking) => ranking,
        Err(reason) => {
            console::warn(args.shared.output.quiet, &format!("no distance_images.csv: {reason}"));
            return Ok(None);
        }
    };
    let whole = model(&scanned.spectrum, metric, own())?;
    // Halves have the axes of the whole: differences of means are taken along them.
    let half = |spectrum| model(spectrum, metric, AxesOf::Given(whole.color.clone()));
    let held_out = match halves {
        Some(halves) => Some([half(&halves.spectra[0])?, half(&halves.spectra[1])?]),
        None => None,
    };
    let baseline = match (&held_out, halves) {
        (Some(models), Some(halves)) => Baseline::HeldOut(models, halves),
        _ => Baseline::Whole(&whole),
    };
    let mut table = DistanceTable::default();
    let judges = Judges { ranking: &ranking, baseline };
    let (spectrum, config) = (&scanned.spectrum, &images.config);
    measure_distances(&images.files, config, spectrum, judges, &mut table, &session.progress, interrupt::flag())?;
    table.sort();
    Ok(Some(table))
}
