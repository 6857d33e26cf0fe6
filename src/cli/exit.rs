//! The exit codes of the program: part of its contract with scripts.

use std::process::ExitCode;

use crate::analysis::Verdict;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done; skips, if any, were within `--max-skipped`.
    Done,
    /// Done, but not acceptable: a `check` failed, too many images were skipped, (`info`) results are not whole, or
    /// (`selftest`) one of its checks failed.
    NotAcceptable,
    /// Could not be done: usage, unreadable input, unwritable output.
    Failed,
    /// `check`: not enough images to judge, never a pass.
    NotEnough,
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
            Self::NotEnough => 3,
            Self::Interrupted => 130,
        }
    }
}

impl ExitStatus {
    /// This, unless it is done: then what the answer's verdict says.
    pub fn or(self, verdict: Verdict) -> Self {
        match (self, verdict) {
            (Self::Done, Verdict::NotAcceptable) => Self::NotAcceptable,
            (Self::Done, Verdict::NotEnough) => Self::NotEnough,
            _ => self,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        ExitCode::from(status.code())
    }
}
