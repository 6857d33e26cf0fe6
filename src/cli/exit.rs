//! The exit codes of the program: part of its contract with scripts.

use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done; skips, if any, were within `--max-skipped`.
    Done,
    /// Done, but not acceptable: too many images were skipped, (`info`) results are not whole, or
    /// (`selftest`) a check failed.
    NotAcceptable,
    /// Could not be done: usage, unreadable input, unwritable output.
    Failed,
    /// Stopped by Ctrl-C.
    Interrupted,
}

impl ExitStatus {
    /// The number the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NotAcceptable => 1,
            Self::Failed => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(status.code())
    }
}
