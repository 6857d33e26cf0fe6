//! From files to sums: one streaming pass over a dataset on all cores, rows out in path order. The only layer that knows rayon and
//! channels.

pub mod observer;
pub mod pass;
mod resolution_probe;
pub mod scan;

pub use observer::Observer;
pub use pass::{Cancel, ImageRow, NoRows, RowSink, ScanError};
pub use scan::{ScanConfig, ScanOutcome, centred_radial_statistics, scan};
