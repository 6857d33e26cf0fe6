//! What a pass over a dataset leaves: exact sums, their merge, the bytes of the `.spectrum` file, and the spectra
//! derived from them.

pub mod analyzer;
pub mod between_files;
pub mod derived;
mod deviation;
pub mod error;
pub mod exact;
pub mod file;
pub mod order_statistics;
pub mod plan;
pub mod radial_statistics;
pub mod reduce;
pub mod reduced;
pub mod saved;
pub mod set_vector;
pub mod sketch;
#[cfg(test)]
pub(crate) mod testing;

pub use analyzer::{Analyzer, ImageSummary};
pub use between_files::{Extreme, PowerHistogram};
pub use derived::{ModeCovariance, ModeMoments, RapsdOf};
pub use error::SpectrumError;
pub use exact::{ExactTensor, TensorSpec};
pub use plan::{AnalysisConfig, AnalysisPlan, Detail, Reference, Standardize};
pub use radial_statistics::RadialStatistics;
pub use reduced::{ReducedCovariance, ReducedForm};
pub use saved::{Counts, Preprocess, Spectrum};
pub use set_vector::SetVector;
pub use sketch::ContentSketch;
