//! `specscan convert`: noise levels from one notation into others.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::console;
use super::exit::ExitStatus;
use super::named::choice;
use crate::analysis::convert::{Conversion, convert, read_values};
use crate::analysis::{Report, read_schedule};
use crate::diffusion::Notation;
use crate::diffusion::schedules::schedule_usages;

/// Noise levels in other notations: sigma, logSNR, ᾱ, flow time
///
/// Any notation to any other, shifted or not: sigma = σ/α (EDM, k-diffusion), logsnr, alpha_bar (DDPM), vp_alpha and
/// vp_sigma, flow_time (SD3, Flux), cosine_time, c_noise (EDM's network), beta (a list, from clean to noise), timestep
/// (of --schedule). All are ratios of coefficients: the variance of the data is not in them. Writes no files.
#[derive(Debug, Args)]
#[command(after_help = "Examples: specscan convert 80\n          \
    specscan convert --from logsnr -3 0 3 --to flow_time\n          \
    specscan convert --from timestep --schedule ddpm-linear:1000 999 500 0\n          \
    specscan convert --schedule edm:18 --shift 3 --to sigma\n          \
    specscan convert --from flow_time --shift 0.25 --file times.txt --to flow_time")]
pub struct ConvertArgs {
    /// Noise levels in the notation of --from; without values, the levels of --schedule
    #[arg(value_name = "VALUE", allow_negative_numbers = true, conflicts_with = "file", value_parser = parse_value)]
    values: Vec<f64>,

    /// Notation of the values
    #[arg(long, value_name = "NOTATION", value_parser = choice::<Notation>(), default_value = "sigma")]
    from: Notation,

    /// Notations to print with all digits: of one a number a line (`below` or `above` for a timestep outside of the
    /// schedule, `undefined` for a beta that is none), of several CSV (an empty cell there) [default: a table of all]
    #[arg(long, value_name = "NOTATIONS", value_parser = choice::<Notation>(), value_delimiter = ',')]
    to: Vec<Notation>,

    /// Read the values from FILE, as lines or a JSON list; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    #[arg(
        long,
        value_name = "NAME|FILE",
        help = format!("Schedule of timesteps: a name, or a file of sigmas. Names: {}", schedule_usages())
    )]
    schedule: Option<String>,

    /// Multiply sigma by S, as the shift of SD3 does (Flux: S = exp mu); 1/S undoes it
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    shift: f64,

    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

fn parse_value(text: &str) -> std::result::Result<f64, String> {
    text.parse().map_err(|_| match text {
        "-" => "standard input is --file -".to_owned(),
        _ => "it is no number".to_owned(),
    })
}

/// Runs the command.
pub fn run(args: &ConvertArgs) -> Result<ExitStatus> {
    let report = convert(Conversion {
        from: args.from,
        to: args.to.clone(),
        values: args.file.as_deref().map_or_else(|| Ok(args.values.clone()), read_values)?,
        schedule: args.schedule.as_deref().map(read_schedule).transpose()?,
        shift: args.shift,
    })?;
    if args.json {
        console::print_json(&serde_json::to_value(&report)?)?;
    } else {
        console::print_lines(false, &report.lines())?;
        report.warnings().iter().for_each(|warning| console::warn(false, warning));
    }
    Ok(ExitStatus::Done)
}
