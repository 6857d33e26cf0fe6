//! `specscan rapsd`: the radially averaged power spectrum of each image and of the set.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::console::{self, align, short};
use super::exit::ExitStatus;
use super::plots;
use super::scan::describe;
use super::session::{Input, Session, Wants, resolve};
use super::shared::SharedArgs;
use super::sinks::RapsdImages;
use crate::report::rows::rapsd_rows;
use crate::report::tables::{RapsdRow, write_table};
use crate::spectrum::{RapsdOf, Spectrum};

/// Radially averaged power of each image and of the set
///
/// Writes rapsd.csv (the set), rapsd_images.csv or .npy (each image) and a plot with percentile bands. Powers are value² per
/// mode: white noise of variance v has the power v in every bin.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan rapsd photos --resolution 256 --images npy -o out")]
pub struct RapsdArgs {
    /// How the RAPSD of each image is written
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    images: ImagesFormat,

    /// Also write rapsd_channels.csv and draw the channels
    #[arg(long)]
    per_channel: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ImagesFormat {
    Csv,
    Npy,
    None,
}

/// Runs the command.
pub fn run(args: &RapsdArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    let input = resolve(shared, Wants::default())?;
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let mut sink = match &input {
        Input::Images(images) => {
            let grid = crate::spectral::Grid::new(images.config.analysis.size);
            match args.images {
                ImagesFormat::Csv => RapsdImages::csv(&session.out, &grid)?,
                ImagesFormat::Npy => RapsdImages::npy(&session.out, &grid)?,
                ImagesFormat::None => RapsdImages::None,
            }
        }
        Input::Saved(_) => {
            if args.images == ImagesFormat::Npy {
                console::warn(shared.output.quiet, "no rapsd_images.npy: a saved spectrum does not hold single images");
            }
            RapsdImages::None
        }
    };
    let scanned = session.scan(input, &mut sink)?;
    sink.commit()?;
    let spectrum = &scanned.spectrum;
    let rows = rapsd_rows(spectrum, RapsdOf::ChannelMean);
    write_table(&session.out, "rapsd.csv", &rows)?;
    let mut channels: Vec<usize> = Vec::new();
    if args.per_channel {
        channels = (0..spectrum.preprocess().channels.count()).collect();
        let rows = channels.iter().flat_map(|c| rapsd_rows(spectrum, RapsdOf::Channel(*c)));
        write_table(&session.out, "rapsd_channels.csv", rows)?;
    }
    plots::rapsd(&session, shared, spectrum, None, &channels);
    print_summary(shared, spectrum, &rows)?;
    session.finish(&scanned, &["rapsd_images.csv", "rapsd_images.npy", "rapsd_images_paths.csv", "rapsd_channels.csv"])
}

fn print_summary(shared: &SharedArgs, spectrum: &Spectrum, rows: &[RapsdRow]) -> Result<()> {
    if shared.output.json {
        return console::print_json(&json!({
            "schema_version": 1,
            "counts": spectrum.counts(),
            "preprocess": spectrum.preprocess(),
            "rapsd": rows,
        }));
    }
    let head = ["frequency (cycles/px)", "modes", "mean power", "5 %", "median", "95 %"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    table.extend(octaves(rows).map(|r| {
        let frequency = format!("{:.5}", r.frequency_cycles_per_px);
        let powers = [r.power_mean, r.power_q05, r.power_q50, r.power_q95].map(short);
        [frequency, format!("{:.0}", r.n_modes)].into_iter().chain(powers).collect()
    }));
    let mut lines = vec![
        describe(spectrum),
        format!("power in {} per mode, one annulus per octave (all in rapsd.csv):", plots::unit(spectrum)),
    ];
    lines.extend(align(&table));
    console::print_lines(shared.output.quiet, &lines)
}

/// The zero frequency, then bins 1, 2, 4, 8 … and the last.
fn octaves(rows: &[RapsdRow]) -> impl Iterator<Item = &RapsdRow> {
    let last = rows.len().saturating_sub(1);
    rows.iter().filter(move |r| r.bin == 0 || r.bin.is_power_of_two() || r.bin == last)
}
