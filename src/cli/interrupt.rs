//! Ctrl-C, and a polite request to terminate: while results are being made the first one stops the work cleanly, at any
//! other time, and the second time, the program ends at once.

use std::ffi::c_int;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::console;
use super::exit::ExitStatus;
use crate::pipeline::ScanError;

/// Longest wait for a terminal that takes a message.
const PATIENCE: Duration = Duration::from_millis(200);

/// Signals that follow the first one within this time are the same wish: who stops a command may tell the process and
/// its group, as GNU `timeout` does.
const SAME_WISH: Duration = Duration::from_millis(300);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether there is anything to be cleaned up: files that are not complete yet.
static IS_WORKING: AtomicBool = AtomicBool::new(false);

#[expect(unsafe_code, reason = "destructors of C libraries may wait for what the interrupted threads hold")]
unsafe extern "C" {
    // SAFETY: C's `_Exit`, which ends the process and runs nothing before; it takes its argument by value and does not
    // return.
    #[link_name = "_Exit"]
    safe fn end_process(status: c_int) -> !;
}

/// Watches for Ctrl-C (and a polite request to terminate).
///
/// # Errors
///
/// If the system refuses the handler.
pub fn watch() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let is_first = !INTERRUPTED.swap(true, Ordering::SeqCst);
        let is_same_wish = FIRST.get_or_init(Instant::now).elapsed() < SAME_WISH;
        if is_same_wish && IS_WORKING.load(Ordering::SeqCst) {
            return;
        }
        if is_first {
            say_so();
        }
        end_process(c_int::from(ExitStatus::Interrupted.code()))
    })
}

/// Says that the run was interrupted, unless that takes long: whoever reads stderr may have stopped reading.
fn say_so() {
    let say = || console::print_error(&ScanError::Interrupted.into());
    let Ok(saying) = std::thread::Builder::new().spawn(say) else { return };
    let start = Instant::now();
    while !saying.is_finished() && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// From now on files are written that have to be removed if they are not finished, or no more.
pub fn set_working(is_working: bool) {
    IS_WORKING.store(is_working, Ordering::SeqCst);
}

/// Set once Ctrl-C was pressed; passes look at it between images.
pub fn flag() -> &'static AtomicBool {
    &INTERRUPTED
}

/// Ends the writing of results once Ctrl-C was pressed.
///
/// # Errors
///
/// [`ScanError::Interrupted`].
pub fn check() -> Result<(), ScanError> {
    if INTERRUPTED.load(Ordering::SeqCst) { Err(ScanError::Interrupted) } else { Ok(()) }
}
