//! `specscan selftest`: whether the mathematics is right on this machine.

use anyhow::Result;
use clap::Args;

use super::console;
use super::exit::ExitStatus;
use crate::analysis::Report;
use crate::analysis::selftest::{SelftestReport, selftest};

/// Check the mathematics on this machine, in seconds
///
/// White noise is flat, Parseval, orthonormality, the vector instructions of this processor against plain arithmetic,
/// the slopes of drawn noise, and the five Mahalanobis distances published with Cloud Diffusion: what each should be,
/// what it is, and how far off. Reads and writes no files. The exit code is 1 if a check fails.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan selftest")]
pub struct SelftestArgs {
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &SelftestArgs) -> Result<ExitStatus> {
    let report = selftest()?;
    if args.json {
        console::print_json(&serde_json::to_value(&report)?)?;
    } else {
        console::print_lines(false, &report.lines())?;
    }
    Ok(status(&report))
}

fn status(report: &SelftestReport) -> ExitStatus {
    if report.passed { ExitStatus::Done } else { ExitStatus::NotAcceptable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_fails_is_exit_code_1() {
        let report = |passed| SelftestReport {
            schema_version: 1,
            specscan_version: "",
            fft_kernel: "",
            checks: Vec::new(),
            passed,
        };
        assert_eq!((status(&report(true)).code(), status(&report(false)).code()), (0, 1));
    }
}
