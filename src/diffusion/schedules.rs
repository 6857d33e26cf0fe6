//! The noise schedules in common use, and lists of noise levels from elsewhere.
//!
//! # Conventions
//!
//! A schedule is a list of relative noise levels `s = σ/α` in descending order, the order of sampling; [`SCHEDULES`]
//! says which there are by name. A trailing zero of a list, which samplers add, is the clean image and no step: it is
//! left out.

mod table;

use std::fmt;
use std::str::FromStr;

use crate::spectral::nearest;

use self::table::{COSINE, DDPM_LINEAR, EDM};
pub use self::table::{Levels, SCHEDULES, ScheduleEntry, find_schedule, schedule_usages};

/// Steps a schedule may have: enough for any trainer, and few enough for memory.
pub const MAX_STEPS: usize = 1_000_000;

/// A schedule of noise levels that does not look at the image.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceSchedule {
    name: String,
    /// Descending, without a trailing zero.
    sigmas: Vec<f64>,
    is_list: bool,
}

/// A schedule that cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// No such name.
    #[error("unknown schedule '{0}'; {hint}choose one of {known}", hint = did_you_mean(.0), known = schedule_usages())]
    UnknownName(String),
    /// A parameter that is no number.
    #[error("schedule '{name}': {what} '{value}' is no number; write e.g. {example}")]
    NotANumber {
        /// The whole name given.
        name: String,
        /// Which parameter.
        what: &'static str,
        /// What stands there.
        value: String,
        /// How it should look.
        example: &'static str,
    },
    /// Too few or too many steps.
    #[error("a {kind} schedule has {least} to {MAX_STEPS} steps, not {n_steps}")]
    Steps {
        /// The schedule.
        kind: &'static str,
        /// The number given.
        n_steps: usize,
        /// The fewest it can have.
        least: usize,
    },
    /// A shift that is no factor.
    #[error("the shift {0} must be positive and finite; 1 stands for none")]
    Shift(f64),
    /// A list without levels.
    #[error("the schedule '{0}' holds no sigma above 0; give at least one")]
    EmptyList(String),
    /// A list with something else in it.
    #[error("entry {entry} of schedule '{name}' is '{value}'; sigmas are numbers, 0 or more")]
    Entry {
        /// The list.
        name: String,
        /// Which entry, from 1.
        entry: usize,
        /// What stands there.
        value: String,
    },
}

impl ReferenceSchedule {
    /// The schedules that tables of bounds compare with: `edm:18`, `ddpm-linear:1000`, `cosine:1000`.
    pub fn standard() -> [Self; 3] {
        [EDM, DDPM_LINEAR, COSINE].map(|entry| Self::of(&entry, entry.default_steps, 1.0))
    }

    /// A schedule of the table with parameters that it can have.
    fn of(entry: &ScheduleEntry, n_steps: usize, shift: f64) -> Self {
        let keyword = entry.keyword;
        let (name, sigmas) = match entry.levels {
            Levels::Steps(levels) => (format!("{keyword}:{n_steps}"), levels(n_steps)),
            Levels::StepsAndShift(levels) => (format!("{keyword}:{n_steps},{shift}"), levels(n_steps, shift)),
        };
        Self { name, sigmas, is_list: false }
    }

    /// A list of sigmas in any order. Trailing or other zeros are left out.
    ///
    /// # Errors
    ///
    /// If there are too many, one is negative, NaN or infinite, or none is above zero.
    pub fn from_list(name: &str, sigmas: &[f64]) -> Result<Self, ScheduleError> {
        if sigmas.len() > MAX_STEPS {
            return Err(ScheduleError::Steps { kind: "listed", n_steps: sigmas.len(), least: 1 });
        }
        if let Some(i) = sigmas.iter().position(|s| !(*s >= 0.0 && s.is_finite())) {
            return Err(ScheduleError::Entry { name: name.to_owned(), entry: i + 1, value: sigmas[i].to_string() });
        }
        let mut sigmas: Vec<f64> = sigmas.iter().copied().filter(|s| *s > 0.0).collect();
        if sigmas.is_empty() {
            return Err(ScheduleError::EmptyList(name.to_owned()));
        }
        sigmas.sort_by(|a, b| b.total_cmp(a));
        Ok(Self { name: name.to_owned(), sigmas, is_list: true })
    }

    /// A list as text: a JSON array, or numbers separated by line breaks, blanks or commas; `#` starts a comment.
    ///
    /// # Errors
    ///
    /// As [`ReferenceSchedule::from_list`], or if an entry is no number.
    pub fn from_text(name: &str, text: &str) -> Result<Self, ScheduleError> {
        let sigmas = list_words(text).enumerate().map(|(i, word)| {
            let bad = || ScheduleError::Entry { name: name.to_owned(), entry: i + 1, value: word.to_owned() };
            word.parse().map_err(|_| bad())
        });
        let sigmas = sigmas.collect::<Result<Vec<f64>, _>>()?;
        Self::from_list(name, &sigmas)
    }

    /// The same levels under another name.
    pub fn renamed(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Whether it is a list, and not a schedule of the table.
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// The relative noise levels, descending, without a trailing zero. The first of `flow` is infinite.
    pub fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }
}

impl fmt::Display for ReferenceSchedule {
    /// The name that reads back as this schedule (for a list, its own name).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl FromStr for ReferenceSchedule {
    type Err = ScheduleError;

    /// Reads `NAME`, `NAME:STEPS` or `flow:STEPS,SHIFT` (also `flow:STEPS,shift=SHIFT`).
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let (keyword, parameters) = match name.split_once(':') {
            Some((keyword, parameters)) => (keyword, Some(parameters)),
            None => (name, None),
        };
        let entry = find_schedule(keyword).ok_or_else(|| ScheduleError::UnknownName(name.to_owned()))?;
        let not_a_number = |what, value: &str| ScheduleError::NotANumber {
            name: name.to_owned(),
            what,
            value: value.to_owned(),
            example: entry.usage,
        };
        let (mut n_steps, mut shift) = (entry.default_steps, 1.0_f64);
        if let Some(parameters) = parameters {
            let (steps, after) = match (entry.levels, parameters.split_once(',')) {
                (Levels::StepsAndShift(_), Some((steps, shift))) => (steps, Some(shift)),
                (Levels::StepsAndShift(_), None) | (Levels::Steps(_), _) => (parameters, None),
            };
            n_steps = steps.parse().map_err(|_| not_a_number("the number of steps", steps))?;
            if let Some(text) = after.map(|text| text.strip_prefix("shift=").unwrap_or(text)) {
                shift = text.parse().map_err(|_| not_a_number("the shift", text))?;
            }
        }
        if !(shift > 0.0 && shift.is_finite()) {
            return Err(ScheduleError::Shift(shift));
        }
        let (kind, least) = (entry.keyword, entry.least_steps);
        if !(least..=MAX_STEPS).contains(&n_steps) {
            return Err(ScheduleError::Steps { kind, n_steps, least });
        }
        Ok(Self::of(entry, n_steps, shift))
    }
}

/// The entries of a list as text: a JSON array, or words separated by line breaks, blanks or commas; `#` starts a
/// comment.
pub fn list_words(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let lines = inner.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(|line| line.split(|c: char| c == ',' || c.is_whitespace())).filter(|word| !word.is_empty())
}

fn did_you_mean(name: &str) -> String {
    let keyword = name.split(':').next().unwrap_or_default();
    let known = || SCHEDULES.iter().map(|entry| entry.keyword);
    // A part of a name is far from it in letters.
    let whole = known().find(|name| name.split('-').any(|part| part == keyword));
    whole.or_else(|| nearest(keyword, known())).map(|name| format!("did you mean {name}? ")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
