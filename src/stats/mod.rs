//! Pure statistics on spectra: power-law fits, covariances, moments. The only layer that calls LAPACK.
//!
//! Inputs are plain slices over a [`Grid`](crate::spectral::Grid) (half-spectra, column by column) and small matrices;
//! nothing here reads files, starts threads or prints. All arithmetic is f64.

pub mod artefact_peaks;
pub mod blas;
pub mod brightness;
pub mod circularity;
pub mod coherence;
pub mod covariance;
pub mod diagonality;
pub mod full_covariance;
pub mod groups;
pub mod histogram;
pub mod jackknife;
pub mod limits;
pub mod moments;
pub mod octave_error;
pub mod octave_precision;
pub mod order_interval;
pub mod power_law;
pub mod set_intervals;
pub mod spectrum_covariance;
pub mod spectrum_fit;
pub mod student;
pub mod two_samples;
