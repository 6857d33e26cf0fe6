//! The `specscan` binary: everything happens in the library's `cli` module.

use std::process::ExitCode;

fn main() -> ExitCode {
    specscan::cli::restart_if_limited();
    specscan::cli::run(std::env::args_os()).into()
}
