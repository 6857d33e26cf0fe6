//! Ctrl-C: the first one stops the pass cleanly, the second one stops the program.

use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::ExitStatus;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Watches for Ctrl-C (and a polite request to terminate).
///
/// # Errors
///
/// If the system refuses the handler.
pub fn watch() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(ExitStatus::Interrupted.code()));
        }
    })
}

/// Set once Ctrl-C was pressed; passes look at it between files.
pub fn flag() -> &'static AtomicBool {
    &INTERRUPTED
}
