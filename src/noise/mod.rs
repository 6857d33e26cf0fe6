//! Gaussian noise families for diffusion: their power spectra, samples with exactly those spectra, and how far they are
//! from a dataset.
//!
//! # From a name to numbers
//!
//! ```text
//! "cloud:fit" ──parse──► NoiseFamily ──realise(Setting)──► Noise { NoiseSpectrum, FieldSampler }
//!                                                             │                │
//! Spectrum ──► DatasetModel N(M, diag Γ) ──► distance ◄───────┴── monte_carlo ◄┘
//! ```
//!
//! A family is one file in `families/` and one entry of the table there. Nothing here reads files, starts threads or
//! prints.

pub mod best;
pub mod comparison;
pub mod distance;
pub mod error;
pub mod families;
pub mod family;
pub mod field;
pub mod full;
pub mod image_distance;
pub mod law;
pub mod metric;
pub mod model;
pub mod monte_carlo;
pub mod odd_images;
pub mod power;
pub mod published;
pub mod realise;
pub mod set_distance;
pub mod setting;
pub mod spectrum;
#[cfg(test)]
pub(crate) mod testing;

pub use comparison::{Comparison, TOO_SMOOTH, compare};
pub use distance::{Divergence, divergence};
pub use error::NoiseError;
pub use families::{family_usages, parse_family, split_families};
pub use family::{Needs, NoiseFamily};
pub use field::{FieldSampler, SampleWorker, SampledNoise};
pub use full::{FullComparison, FullModel};
pub use law::ZeroFrequency;
pub use metric::Metric;
pub use model::{AxesOf, DatasetModel, ModelOptions};
pub use monte_carlo::{Moments, MonteCarlo};
pub use published::{PublishedDistance, published_distances};
pub use realise::{Noise, realise};
pub use setting::Setting;
pub use spectrum::NoiseSpectrum;
