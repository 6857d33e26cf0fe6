//! The program as a child that is watched: how much memory it takes, how long, and how it ends.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often its memory is looked at.
const POLL: Duration = Duration::from_millis(4);

/// How a child ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none if a signal killed it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// Most memory that it had resident, bytes.
    pub peak_bytes: u64,
    pub time_s: f64,
}

/// The program with an empty environment, in `folder`.
pub fn program<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_specscan"));
    command.env_clear().current_dir(folder).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs words separated by blanks; fails if that takes longer than `patience`.
pub fn run(folder: &Path, words: &str, patience: Duration) -> Ended {
    watch(program(folder, words.split_whitespace()).spawn().expect("starts"), patience)
}

/// Waits for the end of a child, and looks at its memory meanwhile.
pub fn watch(mut child: Child, patience: Duration) -> Ended {
    let start = Instant::now();
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let mut peak_bytes = 0;
    let status = loop {
        peak_bytes = peak_bytes.max(peak_of(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if start.elapsed() > patience {
            child.kill().expect("killed");
            let _ = child.wait();
            panic!("it did not end within {patience:?}: {}", stderr.join().expect("text"));
        }
        std::thread::sleep(POLL);
    };
    let time_s = start.elapsed().as_secs_f64();
    let (stdout, stderr) = (stdout.join().expect("text"), stderr.join().expect("text"));
    Ended { code: status.code(), signal: status.signal(), stdout, stderr, peak_bytes, time_s }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.into_iter().for_each(|mut pipe| drop(pipe.read_to_end(&mut bytes)));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The high-water mark of a process' resident memory, bytes. (That of `wait4` would count this process' own.)
fn peak_of(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

/// Sends SIGINT.
pub fn interrupt(child: &Child) {
    let id = libc::pid_t::try_from(child.id()).expect("an id");
    // SAFETY: the child has not been waited for, so that the id is still its own.
    assert_eq!(unsafe { libc::kill(id, libc::SIGINT) }, 0);
}

/// The command under a limit of the address space, as `ulimit -v` sets it.
pub fn limited(mut command: Command, n_bytes: u64) -> Command {
    use std::os::unix::process::CommandExt;
    let limit = libc::rlimit { rlim_cur: n_bytes, rlim_max: n_bytes };
    // SAFETY: `setrlimit` may be called between fork and exec, and reads a value of this closure's own.
    unsafe {
        command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_AS, &limit) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    command
}
