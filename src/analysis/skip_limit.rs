//! How many files may be unusable before a run is no success.

use anyhow::{Context, Result, ensure};

/// How many files may be unusable: a number of them, or a share of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SkipLimit {
    /// At most so many.
    Count(u64),
    /// At most this share, in `[0, 1]`.
    Share(f64),
}

impl SkipLimit {
    /// Whether `n` of `total` is more than tolerated.
    pub fn is_exceeded(self, n: u64, total: u64) -> bool {
        match self {
            Self::Count(limit) => n > limit,
            Self::Share(share) => n as f64 > share * total as f64,
        }
    }
}

impl std::fmt::Display for SkipLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(n) => write!(f, "{n}"),
            Self::Share(share) => write!(f, "{}%", share * 100.0),
        }
    }
}

impl std::str::FromStr for SkipLimit {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().with_context(|| format!("`{percent}` is not a number"))?;
                ensure!((0.0..=100.0).contains(&percent), "a share lies between 0% and 100%");
                Ok(Self::Share(percent / 100.0))
            }
            None => Ok(Self::Count(text.parse().context("write a number of images, or a share like 1%")?)),
        }
    }
}
