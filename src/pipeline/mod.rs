//! From files to sums: one streaming pass over a dataset on all cores, rows out in path order. The only layer that
//! knows rayon and channels.

mod classes;
pub mod config;
mod detector_probe;
pub mod distances;
pub mod error;
pub mod halves;
pub mod memory;
mod memory_need;
pub mod noise;
pub mod observer;
mod ordered;
mod other_sizes;
pub mod pass;
pub mod probe;
mod readahead;
mod resolution_probe;
pub mod rows;
pub mod scan;
mod stages;
mod sums;
pub mod working;

pub use classes::scan_classes;
pub use config::{ScanConfig, ScanOutcome, UsedFile};
pub use detector_probe::hash_of;
pub use distances::{Baseline, FirstPass, Judges, measure_distances};
pub use error::{Cancel, ScanError};
pub use halves::{Halves, scan_halves};
pub use memory::{Held, check_memory, memory_bytes};
pub use memory_need::MemoryNeed;
pub use observer::Observer;
pub use pass::{Pass, run_pass};
pub use probe::{ImageProbe, ProbeSource};
pub use readahead::DEFAULT_READERS;
pub use rows::{ImageRow, NoRows, RowSink};
pub use scan::scan;
pub use working::Working;
