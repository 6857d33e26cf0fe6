//! Runs a program to its end and reads how long it took and how much memory it held at most.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a finished process used.
pub struct Usage {
    /// From start to exit.
    pub elapsed: Duration,
    /// Largest resident memory, bytes. Linux counts what the process held before it replaced itself by the program,
    /// that is its parent's memory: meaningful only while the parent is smaller than the program.
    pub peak_bytes: u64,
}

/// Runs `command` with its output thrown away.
///
/// # Errors
///
/// If it cannot be started, or does not succeed.
pub fn run(command: &mut Command) -> Result<Usage, Box<dyn Error>> {
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let pid = libc::pid_t::try_from(child.id())?;
    let mut status = 0;
    // SAFETY: an all-zero rusage is a valid value of this plain C struct.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live, writable values; the child is ours and nobody else waits for it.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    let elapsed = start.elapsed();
    if waited != pid {
        return Err(std::io::Error::last_os_error().into());
    }
    if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 0 {
        return Err(format!("{command:?} failed with wait status {status}").into());
    }
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok(Usage { elapsed, peak_bytes: u64::try_from(usage.ru_maxrss)? * unit })
}

/// The built `specscan` with a subcommand that analyses `folder` at `side` pixels, no plots.
pub fn specscan(subcommand: &[&str], folder: &Path, side: usize, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_specscan"));
    command.args(subcommand).arg(folder).args([
        "--resolution",
        &side.to_string(),
        "--plots",
        "none",
        "--quiet",
        "--out",
    ]);
    command.arg(out);
    command
}
