//! `specscan offset`: how much the images vary in brightness, which offset noise matches that, and the adjusted offset over a schedule.

mod summary;

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde_json::json;

use crate::cli::console;
use crate::cli::diffusion_plots;
use crate::cli::exit::ExitStatus;
use crate::cli::families::FamilyArgs;
use crate::cli::noise_levels::{DiffusionScheduleArgs, rounding_power_of};
use crate::cli::session::{Input, Scanned, Session, resolve};
use crate::cli::shared::SharedArgs;
use crate::cli::sinks::BrightnessCollector;
use crate::diffusion::ReferenceSchedule;
use crate::diffusion::adjusted_offset::{AdjustedOffsetError, AdjustedOffsetStep, adjusted_offset};
use crate::diffusion::matching_offset::{MatchingOffset, zero_frequency_power};
use crate::noise::NoiseSpectrum;
use crate::pipeline::NoRows;
use crate::report::diffusion_tables::{BrightnessFamilyRow, BrightnessRow};
use crate::report::manifest::write_json;
use crate::report::tables::write_table;
use crate::spectral::{Channels, ValueRange, Window};
use crate::spectrum::{Spectrum, Standardize};
use crate::stats::brightness::{Interval, N_RESAMPLES, NormalTable, Sample, Weights};

/// Families that brightness is compared with where none are named.
const FAMILIES: &[&str] = &["white", "cloud:fit", "offset:0.1", "pyramid", "matched"];
/// Sizes for which the offset is told, pixels.
const SIZES_PX: [usize; 6] = [32, 64, 128, 256, 512, 1024];
/// Quantiles of the brightness.
const LEVELS: [(&str, f64); 5] = [("q05", 0.05), ("q25", 0.25), ("q50", 0.5), ("q75", 0.75), ("q95", 0.95)];

/// Brightness of the images, the offset noise that matches it, and the adjusted offset over a schedule
///
/// Writes brightness.csv, brightness_families.csv, offset.json, adjusted_offset.csv and a plot. Strengths are the noise_offset of
/// training scripts: relative to noise of unit variance, for images in -1:1.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan offset photos --resolution 256 --schedule cosine --steps 1000 -o out")]
pub struct OffsetArgs {
    #[command(flatten)]
    schedule: DiffusionScheduleArgs,

    #[command(flatten)]
    families: FamilyArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// What was found of the brightness.
struct Brightness {
    rows: Vec<BrightnessRow>,
    families: Vec<BrightnessFamilyRow>,
    /// overall, shared, per channel, independent.
    matching: [Interval; 4],
    /// Covariance of the channels' brightness, `C×C`, value².
    covariance: Vec<f64>,
    /// Standard deviation of the pixels of the families.
    noise_std: f64,
    sample: Option<Sample>,
}

const MATCHING_NAMES: [&str; 4] = ["overall", "shared", "per_channel", "independent"];

/// Runs the command.
pub fn run(args: &OffsetArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    let schedule = args.schedule.read(shared.output.quiet)?;
    let table = adjusted_table(&schedule, shared.output.quiet)?;
    let families = args.families.parse_or(FAMILIES, true)?;
    let color = args.families.color;
    let input = resolve(shared, args.families.wants())?;
    let rounding_power = rounding_power_of(&input)?;
    args.families.check(&input)?;
    check_input(&input)?;
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let (scanned, sample) = scan(&session, input)?;
    let spectrum = &scanned.spectrum;
    let measured = families.measure_folders(shared, &session.progress, spectrum.preprocess(), color)?;
    let noises = match args.families.model(spectrum, rounding_power) {
        Ok(model) => {
            let noises = families.realise(&args.families.adjust(model.setting()), &measured, shared.output.quiet)?;
            let spread = |s: &NoiseSpectrum| s.brightness_variance(&model.grid, model.color.as_ref()).sqrt();
            let row = |s: &NoiseSpectrum| (s.name.clone(), s.pixel_std(&model.grid), spread(s));
            noises.iter().map(|n| row(&n.spectrum)).collect()
        }
        Err(reason) => {
            console::warn(shared.output.quiet, &format!("no noise families: {reason}"));
            Vec::new()
        }
    };
    let brightness = measure(spectrum, sample, &noises, shared.input.seed);
    if let Some(table) = &table {
        write_table(&session.out, "adjusted_offset.csv", table)?;
    }
    write_table(&session.out, "brightness.csv", &brightness.rows)?;
    if !brightness.families.is_empty() {
        write_table(&session.out, "brightness_families.csv", &brightness.families)?;
    }
    let document = document(args, spectrum, &brightness, &schedule, table.as_deref())?;
    write_json(&session.out, "offset.json", &document)?;
    diffusion_plots::offset(
        &session,
        shared,
        spectrum,
        brightness.sample.as_ref(),
        &noises,
        &schedule,
        table.as_deref(),
    );
    summary::print(args, spectrum, &brightness, &document)?;
    session.finish(&scanned, &["adjusted_offset.csv", "brightness_families.csv"])
}

/// The adjusted offset of a schedule; none for one that ends in pure noise. It needs nothing of the images.
fn adjusted_table(schedule: &ReferenceSchedule, quiet: bool) -> Result<Option<Vec<AdjustedOffsetStep>>> {
    match adjusted_offset(schedule) {
        Ok(steps) => Ok(Some(steps)),
        Err(reason @ AdjustedOffsetError::EndsInPureNoise { .. }) => {
            console::warn(quiet, &format!("no adjusted_offset.csv: {reason}"));
            Ok(None)
        }
        Err(reason) => Err(reason.into()),
    }
}

/// What can be refused before any image is read.
fn check_input(input: &Input) -> Result<()> {
    let (standardize, range, channels, window) = match input {
        Input::Saved(spectrum) => {
            let p = spectrum.preprocess();
            (p.standardize, p.range, p.channels, p.window)
        }
        Input::Images(images) => {
            let a = &images.config.analysis;
            (a.standardize, a.range, a.channels, a.window)
        }
    };
    ensure!(
        channels != Channels::Ycbcr,
        "the brightness of YCbCr is its Y alone, and its channels are no offsets of pixels; use --channels rgb or luma"
    );
    ensure!(window == Window::None, "brightness is that of whole images; leave --window out");
    if standardize == Standardize::None {
        bail!("brightness varies about the set's mean, which --standardize none leaves in; leave the option out");
    }
    ensure!(
        range == ValueRange::SIGNED,
        "offsets are relative to noise of unit variance on images in -1:1, and --range is {range}; leave it out"
    );
    Ok(())
}

/// The pass, with the brightness of every image where there are images.
fn scan(session: &Session<'_>, input: Input) -> Result<(Scanned, Option<Sample>)> {
    let Input::Images(images) = &input else { return Ok((session.scan(input, &mut NoRows)?, None)) };
    let mut collector = BrightnessCollector::new(images.config.analysis.channels.count());
    let scanned = session.scan(input, &mut collector)?;
    Ok((scanned, Some(Sample::new(collector.variables))))
}

/// Statistics of the brightness with their intervals; of a saved spectrum the moments alone, without intervals.
fn measure(spectrum: &Spectrum, sample: Option<Sample>, noises: &[(String, f64, f64)], seed: u64) -> Brightness {
    let channels = spectrum.preprocess().channels.names();
    let n_channels = channels.len();
    let n_pixels = spectrum.grid().size().n_pixels();
    let mut names: Vec<&str> = channels.to_vec();
    if n_channels > 1 {
        names.push("overall");
    }
    let matching_of = |covariance: &[f64]| {
        let m = MatchingOffset::new(covariance, n_pixels);
        [m.overall, m.shared, m.per_channel, m.independent]
    };
    let Some(sample) = sample else { return measure_saved(spectrum, &names, noises, matching_of) };
    let table = NormalTable::new(sample.len());
    let overall = names.len() - 1;
    let covariance_of = |w: &Weights| -> Vec<f64> {
        (0..n_channels * n_channels).map(|i| sample.covariance(i / n_channels, i % n_channels, w)).collect()
    };
    let statistics = |w: &Weights| {
        let mut all = Vec::new();
        for v in 0..names.len() {
            all.extend([sample.mean(v, w), sample.covariance(v, v, w), sample.skewness(v, w)]);
            all.extend(LEVELS.map(|(_, level)| sample.quantile(v, level, w)));
        }
        all.extend(matching_of(&covariance_of(w)));
        for (_, _, std) in noises {
            all.push(sample.covariance(overall, overall, w) / (std * std));
            all.push(sample.wasserstein_to_normal(overall, *std, &table, w));
        }
        all
    };
    let mut intervals = sample.intervals(seed, statistics).into_iter();
    let mut next = || intervals.next().unwrap_or(Interval::unknown(f64::NAN));
    let mut rows = Vec::new();
    for name in &names {
        for statistic in ["mean", "variance", "skewness"].into_iter().chain(LEVELS.map(|(name, _)| name)) {
            rows.push(brightness_row(name, statistic, next()));
        }
    }
    let matching = [next(), next(), next(), next()];
    let families = noises.iter().map(|n| family_row(n, Some(next()), Some(next()))).collect();
    let covariance = covariance_of(&vec![1; sample.len()]);
    let noise_std = noises.first().map_or(f64::NAN, |n| n.1);
    Brightness { rows, families, matching, covariance, noise_std, sample: Some(sample) }
}

/// What the sums of a saved spectrum say: moments without intervals.
fn measure_saved(
    spectrum: &Spectrum,
    names: &[&str],
    noises: &[(String, f64, f64)],
    matching_of: impl Fn(&[f64]) -> [f64; 4],
) -> Brightness {
    let (means, covariance) = (spectrum.channel_means(), spectrum.channel_mean_covariance());
    let n = means.len();
    let overall_variance = covariance.iter().sum::<f64>() / (n * n) as f64;
    let mut rows = Vec::new();
    for (v, name) in names.iter().enumerate() {
        let (mean, variance) = if v < n {
            (means[v], covariance[v * (n + 1)])
        } else {
            (means.iter().sum::<f64>() / n as f64, overall_variance)
        };
        rows.push(brightness_row(name, "mean", Interval::unknown(mean)));
        rows.push(brightness_row(name, "variance", Interval::unknown(variance)));
    }
    let ratio = |std: f64| Interval::unknown(overall_variance / (std * std));
    Brightness {
        rows,
        families: noises.iter().map(|n| family_row(n, Some(ratio(n.2)), None)).collect(),
        matching: matching_of(&covariance).map(Interval::unknown),
        covariance,
        noise_std: noises.first().map_or(f64::NAN, |n| n.1),
        sample: None,
    }
}

fn brightness_row(channel: &str, statistic: &str, i: Interval) -> BrightnessRow {
    BrightnessRow {
        channel: channel.to_owned(),
        statistic: statistic.to_owned(),
        value: Some(i.value).filter(|v| v.is_finite()),
        low95: i.low95,
        high95: i.high95,
    }
}

fn family_row(noise: &(String, f64, f64), ratio: Option<Interval>, distance: Option<Interval>) -> BrightnessFamilyRow {
    let value = |i: Option<Interval>| i.map(|i| i.value).filter(|v| v.is_finite());
    BrightnessFamilyRow {
        family: noise.0.clone(),
        noise_std: noise.1,
        brightness_std: noise.2,
        variance_ratio: value(ratio),
        variance_ratio_low95: ratio.and_then(|i| i.low95),
        variance_ratio_high95: ratio.and_then(|i| i.high95),
        wasserstein1: value(distance),
        wasserstein1_low95: distance.and_then(|i| i.low95),
        wasserstein1_high95: distance.and_then(|i| i.high95),
    }
}

/// Schedules whose terminal brightness is told: the common ones, and the user's.
fn terminal_schedules(own: &ReferenceSchedule) -> Vec<ReferenceSchedule> {
    let mut schedules = Vec::from(ReferenceSchedule::standard());
    schedules.extend(["vp:1000", "flow:50"].into_iter().flat_map(str::parse));
    if !schedules.contains(own) {
        schedules.push(own.clone());
    }
    schedules
}

/// `offset.json`.
fn document(
    args: &OffsetArgs,
    spectrum: &Spectrum,
    brightness: &Brightness,
    schedule: &ReferenceSchedule,
    table: Option<&[AdjustedOffsetStep]>,
) -> Result<serde_json::Value> {
    let size = spectrum.grid().size();
    let gamma = spectrum.mode_covariance().ok();
    let at_zero: Option<Vec<f64>> = gamma.as_ref().map(|g| g.channels.iter().map(|g| g[0]).collect());
    let mean_at_zero = at_zero.as_ref().map(|g| g.iter().sum::<f64>() / g.len() as f64);
    let mut terminal = Vec::new();
    for schedule in terminal_schedules(schedule) {
        let highest = schedule.sigmas().first().copied().unwrap_or(f64::INFINITY);
        terminal.push(json!({
            "schedule": schedule.to_string(),
            "sigma_max": Some(highest).filter(|s| s.is_finite()),
            "brightness_snr": mean_at_zero.map(|g| g / (highest * highest)),
            "brightness_snr_channels": at_zero.as_ref().map(|g| g.iter().map(|g| g / (highest * highest)).collect::<Vec<_>>()),
        }));
    }
    let power_here = zero_frequency_power(brightness.matching[3].value, size.n_pixels());
    let at_sizes = SIZES_PX.map(|side| {
        let n_pixels = side * side;
        let matching = MatchingOffset::new(&brightness.covariance, n_pixels);
        json!({
            "resolution_px": side,
            "matching_offset": matching,
            "zero_frequency_power_over_white": zero_frequency_power(matching.independent, n_pixels),
            "independent_offset_with_the_power_of_the_working_size": ((power_here - 1.0) / n_pixels as f64).sqrt(),
        })
    });
    let matching: serde_json::Map<String, serde_json::Value> =
        MATCHING_NAMES.iter().zip(&brightness.matching).map(|(name, i)| ((*name).to_owned(), json!(i))).collect();
    Ok(json!({
        "schema_version": 1,
        "counts": spectrum.counts(),
        "preprocess": spectrum.preprocess(),
        "seed": args.shared.input.seed,
        "families_noise_std": Some(brightness.noise_std).filter(|s| s.is_finite()),
        "n_resamples": brightness.sample.as_ref().map(|_| N_RESAMPLES),
        "matching_offset": matching,
        "zero_frequency_power_over_white": power_here,
        "resolutions": at_sizes,
        "gamma_zero_frequency": at_zero,
        "terminal": terminal,
        "adjusted_offset": table.map(|t| json!({
            "schedule": schedule.to_string(),
            "n_steps": t.len(),
            "psi_first": t.first().map(|s| s.psi),
        })),
    }))
}
