//! specscan: what spectrum an image dataset has, and what that means for a diffusion model.
//!
//! # From files to an answer
//!
//! ```text
//! files ─dataset─► 8-bit images ─spectral─► transforms ─spectrum─► exact sums ─► Γ, RAPSD, moments
//!                          └────────────── pipeline: on all cores, rows in path order ──────────┘
//! sums, rows ─stats, noise, diffusion, detect─► numbers ─analysis─► a report ─report─► lines, tables, arrays, figures
//! ```
//!
//! A program that wants an answer makes a [`analysis::Run`] and asks one of the analyses, for instance
//! [`analysis::bounds::Bounds`]; a tuple of two analyses shares one pass over the images.
//!
//! # Conventions
//!
//! | quantity | convention |
//! |---|---|
//! | pixels | values in −1 … 1 ([`spectral::ValueRange`]), planes one after the other, rows from the top |
//! | transform | orthonormal: white noise of variance v has the power v at every mode |
//! | frequency | cycles per pixel, −½ … ½; radial frequency `f = √(u² + v²)` |
//! | power | value² per mode, natural logarithms unless a name says `db` or `bits` |
//! | half-spectra | columns `kx = 0 … ⌊W/2⌋`, all `ky` in `fftfreq` order; modes count twice, but for `kx = 0`, `W/2` |
//! | noise level | `sigma`: relative, σ/α, as EDM's |
//! | intervals | 95 %, of what another sample of as many files would give |
//!
//! # Glossary
//!
//! | sign | in code | what |
//! |---|---|---|
//! | Γ | `ModeCovariance`, `gamma` | variance of each Fourier mode over the set |
//! | Δ, A | `delta`, `amplitude` | exponent and amplitude of the power law Γ = A² f^(−2Δ) |
//! | R | `rapsd` | radially averaged power of one image, or its mean over the set |
//! | κ | `Kappa` | noise-to-signal ratio at which a band counts as hidden or unharmed |
//! | λ | `logsnr` | −2 ln sigma |
//! | ᾱ | `alpha_bar` | share of signal variance of a variance-preserving schedule |
//! | ρ | `ratio`, `blur_noise_ratio` | pixels of blur per unit of noise |
//! | L, D | `longer_side`, `n_dimensions` | longer side in pixels; channels times pixels |

// Every public item says its shapes, units, errors and the source of its formula.
#![warn(missing_docs)]
// Printing to a closed stream must not panic: `cli::console` writes, and looks at the result.
#![warn(clippy::print_stdout, clippy::print_stderr)]
// What can fail says so; tests may unwrap (clippy.toml).
#![warn(clippy::unwrap_used)]
// Calls into C: one pins the threads of BLAS (`stats::blas`), one tunes the allocator (`cli::memory`), one ends the
// process (`cli::interrupt`), and libjpeg's warnings come through its error manager (`dataset::libjpeg`); nothing else
// has a reason.
#![warn(unsafe_code)]

pub mod analysis;
pub mod cli;
pub mod dataset;
pub mod detect;
pub mod diffusion;
pub mod noise;
pub mod pipeline;
pub mod report;
pub mod spectral;
pub mod spectrum;
pub mod stats;
