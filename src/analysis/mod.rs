//! What the program answers, as values: each analysis takes options, looks at a dataset, and returns a report that can
//! be printed, tabulated, drawn, checked, or used by another analysis.
//!
//! # From a folder to an answer
//!
//! ```text
//! SourceOptions ──Source::open(needs)──► Source ──┐
//! options: impl Analysis ──────────────────────── Run ──rows + one pass──► Scanned ──report──► impl Report
//!                                                  │                                          │ is the JSON
//!                                                  └ Desk: folder, progress, stop, seed       └ lines, tables, figures
//! ```
//!
//! A tuple of two analyses is an analysis: both look at the same pass. What an analysis leaves in a folder is declared
//! once, in [`Report::OUTPUTS`]. Nothing here knows the command line.

mod about;
mod contract;
mod families;
mod figures;
mod input_file;
mod inputs;
mod needs;
mod rows;
mod run;
mod schedule_file;
mod source;
mod words;

pub mod blur_noise;
pub mod bounds;
pub mod check;
pub mod compare;
pub mod covariance;
pub mod distance;
pub mod export;
pub mod fit_delta;
pub mod folder_info;
pub mod info;
pub mod inspect;
pub mod merge;
pub mod noise;
pub mod offset;
pub mod rapsd;
pub mod scan;
pub mod schedule;
pub mod snr;

pub use about::About;
pub use contract::{Analysis, Outputs, Report, Verdict, answer};
pub use families::{Families, FamilyOptions, Measured};
pub use needs::Needs;
pub use rows::QUANTILE_LEVELS;
pub use run::{Desk, Loss, Run, Scanned};
pub use schedule_file::read_schedule;
pub use source::{Images, Resolution, Source, SourceOptions};

use rows::{SinkResult, row_key};

#[cfg(test)]
mod tests;
