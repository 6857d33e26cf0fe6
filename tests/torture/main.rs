//! Torture: kills, writers in each other's way, mutated and forged input, crowds of files, all under one seed.
//!
//! `cargo test` runs a short version; `make torture` the whole of it, in under fifteen minutes. Every part draws from
//! [`SEED`], so that a failure can be made again, and takes its number of rounds from [`rounds`].

#[cfg(unix)]
mod child;
#[cfg(unix)]
mod crowds;
mod forged;
mod kills;
#[cfg(unix)]
mod memory;

/// Seed of everything random here.
pub const SEED: u64 = 20_261_121;

/// `full` rounds under `make torture` (`SPECSCAN_TORTURE=full`), `short` otherwise.
pub fn rounds(short: usize, full: usize) -> usize {
    if std::env::var_os("SPECSCAN_TORTURE").is_some_and(|value| value == "full") { full } else { short }
}
