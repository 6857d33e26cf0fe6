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
mod lost;
mod needs;
mod rows;
mod run;
mod schedule_file;
mod skip_limit;
mod source;
mod source_options;
mod words;

pub mod blur_noise;
pub mod bounds;
pub mod by_input;
pub mod check;
pub mod compare;
pub mod convert;
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
pub mod recommend;
pub mod scan;
pub mod schedule;
pub mod selftest;
pub mod snr;

pub use about::About;
pub use contract::{Analysis, Headline, Outputs, Report, Verdict, answer};
pub use families::{Families, FamilyOptions, Measured};
pub use lost::skipped_in;
pub use needs::Needs;
pub use rows::QUANTILE_LEVELS;
pub use run::{Desk, Loss, Run, Scanned};
pub use schedule_file::read_schedule;
pub use skip_limit::SkipLimit;
pub use source::{Images, Source};
pub use source_options::{Resolution, SourceOptions};

pub use words::{asked_percent, describe_reached};

use rows::{SinkResult, row_key};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod until_tests;
