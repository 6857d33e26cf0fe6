//! `specscan snr`: when each frequency emerges from a noise along a schedule.

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use super::console::{self, align, short};
use super::diffusion_plots;
use super::exit::ExitStatus;
use super::families::FamilyArgs;
use super::noise_levels::{DiffusionScheduleArgs, rounding_power_of};
use super::scan::describe;
use super::session::{Session, resolve};
use super::shared::SharedArgs;
use crate::diffusion::ReferenceSchedule;
use crate::diffusion::adjusted_offset::alpha_bars;
use crate::diffusion::snr::{Emergence, SnrSchedule, emergence};
use crate::pipeline::NoRows;
use crate::report::arrays::{NamedArray, write_npy};
use crate::report::diffusion_tables::SnrCrossingRow;
use crate::report::tables::write_table;
use crate::spectrum::{RapsdOf, Spectrum};

/// Families shown where none are named.
const FAMILIES: &[&str] = &["white", "cloud:fit", "offset:0.1", "matched"];
/// Numbers of `snr.npy`, at the most: half a gigabyte.
const MAX_VALUES: usize = 64 << 20;

/// Signal-to-noise ratio over frequency and time, and when each frequency emerges
///
/// Writes snr.npy (families × steps × annuli), snr_crossing.csv (the time of SNR = 1 of each frequency) and a plot. The spread of these
/// times is one number: 0 for noise with the images' own spectrum, which lets all frequencies emerge together.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: specscan snr photos --resolution 256 --family white --family cloud:fit --schedule cosine -o out"
)]
pub struct SnrArgs {
    #[command(flatten)]
    schedule: DiffusionScheduleArgs,

    #[command(flatten)]
    families: FamilyArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// One noise.
pub struct FamilySnr {
    /// Its name.
    pub name: String,
    /// Annulus means of its power, value² per mode.
    pub power: Vec<f64>,
    /// When the frequencies emerge.
    pub emergence: Emergence,
}

/// Runs the command.
pub fn run(args: &SnrArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    let schedule = args.schedule.read(shared.output.quiet)?;
    let families = args.families.parse_or(FAMILIES, true)?;
    let color = args.families.color;
    let input = resolve(shared, args.families.wants())?;
    let rounding_power = rounding_power_of(&input)?;
    args.families.check(&input)?;
    let times = SnrSchedule::new(&alpha_bars(&schedule));
    let n_annuli = input.size().longer_side() / 2 + 1;
    ensure!(
        times.len() * n_annuli <= MAX_VALUES,
        "{} steps of {n_annuli} frequencies are too many for snr.npy; give fewer --steps",
        times.len()
    );
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let scanned = session.scan(input, &mut NoRows)?;
    let spectrum = &scanned.spectrum;
    let model = args.families.model(spectrum, rounding_power)?;
    let measured = families.measure_folders(shared, &session.progress, spectrum.preprocess(), color)?;
    let setting = args.families.adjust(model.setting());
    let noises = families.realise(&setting, &measured, shared.output.quiet)?;
    let rapsd = spectrum.centred_rapsd(RapsdOf::ChannelMean);
    let found: Vec<FamilySnr> = noises
        .iter()
        .map(|noise| {
            let power = noise.spectrum.radial_mean(&model.grid);
            FamilySnr { name: noise.spectrum.name.clone(), emergence: emergence(&times, &rapsd, &power), power }
        })
        .collect();
    write_results(&session, spectrum, &times, &rapsd, &found)?;
    let noise_std = setting.pixel_variance.sqrt();
    let what = format!("{schedule}, noise with pixel deviation {}", short(noise_std));
    diffusion_plots::snr(&session, shared, spectrum, &what, &times, &found);
    print_summary(args, spectrum, &schedule, &times, &found, noise_std)?;
    session.finish(&scanned, &[])
}

fn write_results(
    session: &Session<'_>,
    spectrum: &Spectrum,
    times: &SnrSchedule,
    rapsd: &[f64],
    found: &[FamilySnr],
) -> Result<()> {
    let (n_steps, n_annuli) = (times.len(), rapsd.len());
    let mut values = Vec::with_capacity(found.len() * n_steps * n_annuli);
    for family in found {
        for t in 1..=n_steps {
            values.extend(family.emergence.log_ratio.iter().map(|r| times.log_snr(t, *r).exp()));
        }
    }
    write_npy(
        &session.out,
        "snr.npy",
        &NamedArray { name: "snr", shape: vec![found.len(), n_steps, n_annuli], values },
    )?;
    let frequencies = spectrum.grid().annulus_frequencies();
    let rows = found.iter().flat_map(|family| {
        family.emergence.crossings.iter().enumerate().map(|(j, crossing)| SnrCrossingRow {
            family: family.name.clone(),
            bin: j,
            frequency_cycles_per_px: frequencies[j],
            power_mean: rapsd[j],
            noise_power_mean: family.power[j],
            step: crossing.map(|c| c.nearest_step),
            t: crossing.map(|c| family.emergence.time(&c)),
            inside: crossing.map(|c| c.is_inside),
        })
    });
    write_table(&session.out, "snr_crossing.csv", rows.collect::<Vec<_>>())?;
    Ok(())
}

fn print_summary(
    args: &SnrArgs,
    spectrum: &Spectrum,
    schedule: &ReferenceSchedule,
    times: &SnrSchedule,
    found: &[FamilySnr],
    noise_std: f64,
) -> Result<()> {
    if args.shared.output.json {
        let families: Vec<_> = found
            .iter()
            .map(|f| {
                json!({
                    "family": f.name,
                    "spread": f.emergence.spread,
                    "t_first": f.emergence.first_and_last_time().map(|t| t.0),
                    "t_last": f.emergence.first_and_last_time().map(|t| t.1),
                    "t_brightness": f.emergence.brightness_time(),
                    "n_outside": f.emergence.n_outside,
                })
            })
            .collect();
        return console::print_json(&json!({
            "schema_version": 1,
            "counts": spectrum.counts(),
            "preprocess": spectrum.preprocess(),
            "schedule": schedule.to_string(),
            "n_steps": times.len(),
            "noise_std": noise_std,
            "families": families,
        }));
    }
    let mut lines = vec![
        describe(spectrum),
        format!(
            "time t/T of {schedule} at which a frequency's signal-to-noise ratio is 1 (1: the end of the schedule); noise with pixel deviation {}",
            short(noise_std)
        ),
    ];
    let head = ["noise", "first frequency", "last", "brightness", "spread of t/T", "never at 1"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    for f in found {
        let number = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
        let (first, last) = f.emergence.first_and_last_time().unzip();
        table.push(vec![
            f.name.clone(),
            number(first),
            number(last),
            number(f.emergence.brightness_time()),
            f.emergence.spread.map_or("unknown".to_owned(), |s| if s < 1e-9 { "0".to_owned() } else { short(s) }),
            f.emergence.n_outside.to_string(),
        ]);
    }
    lines.extend(align(&table));
    if found.iter().any(|f| f.emergence.n_outside > 0) {
        lines.push(
            "where frequencies never pass 1 within the schedule, their times are its ends and the spread is unknown"
                .to_owned(),
        );
    }
    lines.push("spread 0: all frequencies emerge together; white noise lets coarse ones emerge first".to_owned());
    console::print_lines(args.shared.output.quiet, &lines)
}
