//! The command line: the only layer that knows clap and indicatif. Each subcommand is one file with its arguments and a
//! `run`, and one line in the table below.

mod blur_noise;
mod bounds;
mod check;
mod compare;
mod console;
mod convert;
mod covariance;
mod distance;
mod exit;
mod export;
mod families;
mod fit_delta;
mod help;
mod info;
mod input_names;
mod inspect;
mod interrupt;
mod losses;
mod memory;
mod merge;
mod named;
mod noise;
mod noise_levels;
mod offset;
mod plan;
mod present;
mod progress;
mod rapsd;
mod recommend;
mod sampler;
mod scan;
mod schedule;
mod selftest;
mod shared;
mod snr;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use exit::ExitStatus;
pub use memory::restart_if_limited;

use crate::pipeline::ScanError;

const EXIT_CODES: &str = "\
Exit codes: 0 done · 1 done, but a check failed or more images were skipped than --max-skipped allows · 2 could not be \
done (usage, unreadable input, unwritable output) · 3 check: not enough images to judge · 130 interrupted · 101 a bug";

/// What spectrum an image dataset has, and which diffusion noise and settings fit
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Builds the `Command` enum and its dispatch from one line per subcommand.
macro_rules! subcommands {
    ($($variant:ident => $module:ident :: $args:ident,)*) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($variant(Box<$module::$args>),)*
        }

        impl Command {
            fn run(self) -> anyhow::Result<ExitStatus> {
                match self {
                    $(Command::$variant(args) => $module::run(&args),)*
                }
            }
        }
    };
}

subcommands! {
    Scan => scan::ScanArgs,
    Rapsd => rapsd::RapsdArgs,
    Covariance => covariance::CovarianceArgs,
    FitDelta => fit_delta::FitDeltaArgs,
    Recommend => recommend::RecommendArgs,
    Noise => noise::NoiseArgs,
    Distance => distance::DistanceArgs,
    Offset => offset::OffsetArgs,
    BlurNoise => blur_noise::BlurNoiseArgs,
    Snr => snr::SnrArgs,
    Bounds => bounds::BoundsArgs,
    Compare => compare::CompareArgs,
    Check => check::CheckArgs,
    Inspect => inspect::InspectArgs,
    Schedule => schedule::ScheduleArgs,
    Merge => merge::MergeArgs,
    Export => export::ExportArgs,
    Info => info::InfoArgs,
    Convert => convert::ConvertArgs,
    Selftest => selftest::SelftestArgs,
}

/// Parses `arguments` (program name first), runs the subcommand, and reports errors on stderr.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let line = help::arrange(Cli::command());
    let arguments = help::behind_the_command(arguments.into_iter().collect(), &line);
    let parsed = line.try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let asked_for = !error.use_stderr();
            // Nothing can be done about a closed terminal.
            let _ = error.print();
            return if asked_for { ExitStatus::Done } else { ExitStatus::Failed };
        }
    };
    if let Err(error) = interrupt::watch() {
        console::print_error(&anyhow::Error::new(error).context("cannot watch for Ctrl-C"));
        return ExitStatus::Failed;
    }
    silence_decoders();
    memory::return_large_blocks();
    match cli.command.run() {
        Ok(status) => status,
        Err(error) if console::is_broken_pipe(&error) => ExitStatus::Done,
        Err(error) => {
            console::print_error(&error);
            let interrupted = error.downcast_ref::<ScanError>();
            match interrupted {
                Some(ScanError::Interrupted) => ExitStatus::Interrupted,
                _ => ExitStatus::Failed,
            }
        }
    }
}

/// A decoder that panics becomes a line of `skipped.csv`; it need not print a backtrace as well.
fn silence_decoders() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !crate::dataset::is_decoding() {
            report(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        help::arrange(Cli::command()).debug_assert();
    }
}
