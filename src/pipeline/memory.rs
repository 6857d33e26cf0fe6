//! The memory of a pass: what its sums take, judged before it begins; and what its workers share while it runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::config::ScanConfig;
use super::memory_need::MemoryNeed;
use super::readahead::{DEFAULT_READERS, Readahead};
use crate::dataset::{Budget, Header, Lease, READ_AT_ONCE_BYTES, Shares, SkipReason, Transform};
use crate::spectral::Size;
use crate::spectrum::AnalysisConfig;

/// How long a worker waits before it looks again whether rows have been written.
const ROWS_WAIT: Duration = Duration::from_micros(200);

/// Files that may be in flight: read, but with a row that waits for an earlier one.
pub const WINDOW: usize = 256;

/// Rows of one file for which memory is kept from file to file.
pub const KEPT_ROWS: usize = 4;

/// Least that a worker may keep of what it decodes with, bytes: what takes less waits for nothing. A file that is read
/// before memory for it is granted fits twice.
const MIN_RESERVE_BYTES: u64 = 2 * READ_AT_ONCE_BYTES;

/// Most that it may keep: photographs of 20 megapixels.
const MAX_RESERVE_BYTES: u64 = 128 << 20;

/// Which spectra a run holds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Spectra at once: one, or those of both halves and of the whole.
    pub n_spectra: u64,
    /// Whether the spectrum is written: its bytes are held beside it, after the pass.
    pub is_saved: bool,
}

impl Held {
    /// As many as any run.
    const MOST: Self = Self { n_spectra: 3, is_saved: true };
}

/// What the workers of one pass share.
#[derive(Debug)]
pub struct Memory {
    /// For files that take more than a worker keeps.
    budget: Budget,
    /// What each worker keeps of its buffers from file to file, bytes.
    pub reserve_bytes: u64,
    /// For files that are read ahead of the workers, bytes.
    pub readahead_bytes: u64,
    rows_limit_bytes: u64,
    rows_taken_bytes: AtomicU64,
}

impl Memory {
    /// The memory of a pass.
    pub fn of(config: &ScanConfig) -> Self {
        let shares = Shares::of(config.decode.max_memory_bytes);
        let left = shares.sums_bytes.saturating_sub(memory_bytes(config, Held::MOST));
        let threads = config.threads.max(1) as u64;
        let n_kept = Readahead::n_kept(config.io_threads.unwrap_or(DEFAULT_READERS)) as u64;
        let readahead_bytes = (n_kept * READ_AT_ONCE_BYTES).min(left.saturating_sub(threads * MIN_RESERVE_BYTES));
        let reserve_bytes = ((left - readahead_bytes) / threads).clamp(MIN_RESERVE_BYTES, MAX_RESERVE_BYTES);
        Self {
            budget: Budget::new(shares.decoding_bytes),
            reserve_bytes,
            readahead_bytes,
            rows_limit_bytes: shares.rows_bytes,
            rows_taken_bytes: AtomicU64::new(0),
        }
    }

    /// Takes what decoding the file of `header` needs beyond what the worker keeps, and waits for it if need be.
    ///
    /// # Errors
    ///
    /// [`SkipReason::Stopped`] once `is_stopped` says so.
    pub fn take(&self, header: &Header, is_stopped: impl Fn() -> bool) -> Result<Option<Lease<'_>>, SkipReason> {
        if header.n_bytes <= self.reserve_bytes {
            return Ok(None);
        }
        let lease = self.budget.lease(header.n_bytes - self.reserve_bytes, is_stopped);
        lease.map(Some).ok_or(SkipReason::Stopped)
    }

    /// Takes what the rows of the tiles of the file of `header` need until they are written, and waits for it unless
    /// all others wait for this file. Returns how much it was, bytes.
    ///
    /// # Errors
    ///
    /// [`SkipReason::TooManyTiles`], or [`SkipReason::Stopped`] once `is_stopped` says so.
    pub fn take_rows(
        &self,
        config: &ScanConfig,
        header: &Header,
        is_due: impl Fn() -> bool,
        is_stopped: impl Fn() -> bool,
    ) -> Result<u64, SkipReason> {
        let size = config.preprocess.size;
        let n_tiles = (header.size.height / size.height * (header.size.width / size.width)) as u64;
        if config.preprocess.transform != Transform::Tile || n_tiles <= KEPT_ROWS as u64 {
            return Ok(0);
        }
        let limit_bytes = self.rows_limit_bytes;
        let n_bytes = n_tiles.saturating_mul(config.analysis.row_bytes());
        if n_bytes > limit_bytes {
            return Err(SkipReason::TooManyTiles { n_tiles, n_bytes, limit_bytes });
        }
        let with = |taken: u64| (taken + n_bytes <= limit_bytes || is_due()).then_some(taken + n_bytes);
        while self.rows_taken_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with).is_err() {
            if is_stopped() {
                return Err(SkipReason::Stopped);
            }
            std::thread::sleep(ROWS_WAIT);
        }
        Ok(n_bytes)
    }

    /// Gives back what [`Memory::take_rows`] returned.
    pub fn give_rows_back(&self, n_bytes: u64) {
        self.rows_taken_bytes.fetch_sub(n_bytes, Ordering::Relaxed);
    }
}

/// Bytes that the passes of `config` take beside the memory for decoding.
pub fn memory_bytes(config: &ScanConfig, held: Held) -> u64 {
    sums_bytes(config, &config.analysis, config.threads, held) + other_sizes_bytes(config, config.threads, held)
}

/// Bytes of the sums at the other sizes, which are all there at once.
fn other_sizes_bytes(config: &ScanConfig, threads: usize, held: Held) -> u64 {
    config.at_other_sizes().map(|other| sums_bytes(&other, &other.analysis, threads, held)).sum()
}

/// Refuses a run whose sums take more than their share of the memory, before anything of them is allocated.
///
/// # Errors
///
/// What would fit.
pub fn check_memory(config: &ScanConfig, held: Held) -> Result<(), MemoryNeed> {
    let limit_bytes = Shares::of(config.decode.max_memory_bytes).sums_bytes;
    let need = |analysis: &AnalysisConfig, threads: usize| {
        let others = other_sizes_bytes(config, threads, held);
        sums_bytes(config, analysis, threads, held) + others + threads as u64 * MIN_RESERVE_BYTES
    };
    let (analysis, threads) = (&config.analysis, config.threads);
    let n_bytes = need(analysis, threads);
    if n_bytes <= limit_bytes {
        return Ok(());
    }
    let with_size = |size| AnalysisConfig { size, ..analysis.clone() };
    let longer = analysis.size.longer_side();
    let scaled = |n: usize, side: usize| (n * side).div_ceil(longer);
    let size_of = |side| Size::new(scaled(analysis.size.height, side), scaled(analysis.size.width, side));
    let fits = |side: &usize| need(&with_size(size_of(*side)), threads) <= limit_bytes;
    // Bytes grow with the side.
    let (mut low, mut high) = (0, longer);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if fits(&middle) { low = middle } else { high = middle }
    }
    Err(MemoryNeed {
        n_bytes,
        limit_bytes,
        threads,
        fitting_threads: (1..threads).rev().find(|n| need(analysis, *n) <= limit_bytes),
        fitting_size: (low > 0).then(|| size_of(low)),
        has_other_sizes: !config.other_sizes.is_empty(),
        is_untouched: config.preprocess.transform == Transform::None,
        max_memory_bytes: n_bytes.saturating_mul(2).next_multiple_of(1 << 24),
    })
}

/// Bytes of the sums and engines of a pass, on so many workers, and of the rows that wait; or of what follows it.
fn sums_bytes(config: &ScanConfig, analysis: &AnalysisConfig, threads: usize, held: Held) -> u64 {
    let analysis =
        &AnalysisConfig { keep_spectra: config.effective_resolution || config.detectors, ..analysis.clone() };
    let rows = (WINDOW * KEPT_ROWS) as u64 * analysis.row_bytes();
    let spectrum = analysis.spectrum_bytes();
    // The engines are gone when results are made. Lanes that are shared give way to the totals row by row; those of
    // single workers are emptied into them.
    let after = analysis.derived_bytes() + if held.is_saved { spectrum } else { 0 };
    let engines = analysis.engines_bytes(threads.max(1));
    let last =
        if analysis.shares_lanes(threads) { engines.max(spectrum + after) } else { spectrum + engines.max(after) };
    // The sums of a stage beside those of the files before it.
    let n_of_stage = config.until.map_or(0, |_| held.n_spectra.div_ceil(2));
    last + analysis.plan_bytes() + (held.n_spectra + n_of_stage - 1) * spectrum + rows
}
