//! What a pass tells whoever watches it. The library draws and prints nothing; the command line draws a bar.

/// Receives the events of a pass; every event defaults to being ignored. Called from several threads.
pub trait Observer: Sync {
    /// Work on `n` of `things` (`images`, `files`, `samples`) begins; `what` says which work, for people.
    fn started(&self, what: &str, things: &'static str, n: usize) {
        let _ = (what, things, n);
    }

    /// One of them, of `n_bytes` if it was read from a file, was dealt with, usable or not.
    fn advanced(&self, n_bytes: u64) {
        let _ = n_bytes;
    }

    /// The work is over.
    fn finished(&self) {}

    /// Something that was settled and that the user may want to know.
    fn noted(&self, message: &str) {
        let _ = message;
    }

    /// Something is not as the user may expect, and the work goes on.
    fn warned(&self, message: &str) {
        let _ = message;
    }
}

/// An observer that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
