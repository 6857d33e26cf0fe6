//! Which values black and white stand for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Values of black and white; saved as `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct ValueRange {
    /// The value of black.
    pub low: f64,
    /// The value of white.
    pub high: f64,
}

impl ValueRange {
    /// `-1:1`, the convention of diffusion.
    pub const SIGNED: Self = Self { low: -1.0, high: 1.0 };

    /// From black to white.
    pub fn width(self) -> f64 {
        self.high - self.low
    }
}

impl From<[f64; 2]> for ValueRange {
    fn from([low, high]: [f64; 2]) -> Self {
        Self { low, high }
    }
}

impl From<ValueRange> for [f64; 2] {
    fn from(range: ValueRange) -> Self {
        [range.low, range.high]
    }
}

impl fmt::Display for ValueRange {
    /// As `--range` is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_saved_as_pairs_and_written_as_options() {
        let range = ValueRange { low: -0.5, high: 3.0 };
        let saved = serde_json::to_string(&range).expect("JSON");
        assert_eq!((saved.as_str(), range.to_string().as_str(), range.width()), ("[-0.5,3.0]", "-0.5:3", 3.5));
        assert_eq!(serde_json::from_str::<ValueRange>(&saved).expect("a range"), range);
        assert!(serde_json::from_str::<ValueRange>("[1.0]").is_err());
    }
}
