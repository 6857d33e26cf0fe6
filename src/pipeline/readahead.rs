//! Files read ahead of the workers: where a read takes long, on a cold disk or over a network, several are under way
//! at once.
//!
//! # Definition
//!
//! Workers read their files themselves until these reads have taken [`SLOW_IN_ALL`] in all and [`SLOW`] each on
//! average; from then on, or from the beginning if their number was given, readers open and read the files that are
//! next in line. A worker whose file no reader has begun still reads it itself.
//!
//! # Invariants
//!
//! - A worker gets what its own read would have given: bytes, length and time, or the reason why not.
//! - No more than [`Readahead::n_kept`] files are under way or wait for their worker, each of a bounded size: larger
//!   ones are only opened.
//! - Readers end with the [`Readers`] that were started, however the pass ends. Nobody waits for a file that no reader
//!   has begun.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};
use std::time::{Duration, Instant};

use crate::dataset::{Decoder, OpenedFile, SkipReason, SourceFile};

/// Readers where reads turn out to take long.
pub const DEFAULT_READERS: usize = 4;

/// Mean time of a read that counts as long.
const SLOW: Duration = Duration::from_millis(1);

/// Time that reads take in all before their mean is looked at.
const SLOW_IN_ALL: Duration = Duration::from_millis(50);

/// How long a worker waits for a reader before it looks again whether the run is stopped.
const PATIENCE: Duration = Duration::from_millis(20);

/// Bytes of a reader's stack: it opens and reads files, nothing else.
const STACK_BYTES: usize = 256 << 10;

/// What readers and workers share.
pub struct Readahead<'a> {
    files: &'a [SourceFile],
    n_readers: usize,
    /// Largest file that a reader reads; larger ones it opens.
    read_at_once_bytes: u64,
    is_on: AtomicBool,
    /// Files that workers have begun: those up to the last, but for some that are about to be begun.
    n_begun: AtomicUsize,
    n_timed: AtomicU64,
    timed_ns: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The first file that no reader has begun.
    next: usize,
    kept: HashMap<usize, Kept>,
    /// Buffers to be used again.
    spare: Vec<OpenedFile>,
    is_over: bool,
}

/// A file that a reader has begun.
enum Kept {
    BeingRead,
    Read(OpenedFile, Result<u64, SkipReason>),
}

/// Running readers; they end when this is dropped.
pub struct Readers<'a>(&'a Readahead<'a>);

impl<'a> Readahead<'a> {
    /// Of `files`, by `n_readers`, or by [`DEFAULT_READERS`] once reads take long. They keep at most `limit_bytes`.
    pub fn new(files: &'a [SourceFile], n_readers: Option<usize>, limit_bytes: u64) -> Self {
        // Samples of arrays are no files of their own.
        let of_arrays = files.iter().any(|file| file.sample().is_some());
        let n = if of_arrays { 0 } else { n_readers.unwrap_or(DEFAULT_READERS) };
        Self {
            files,
            n_readers: n,
            read_at_once_bytes: limit_bytes / Self::n_kept(n).max(1) as u64,
            is_on: AtomicBool::new(n_readers.is_some() && n > 0),
            n_begun: AtomicUsize::new(0),
            n_timed: AtomicU64::new(0),
            timed_ns: AtomicU64::new(0),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Most files that `n_readers` keep: one under way, and one that waits for its worker.
    pub fn n_kept(n_readers: usize) -> usize {
        2 * n_readers
    }

    /// Starts the readers. Where the system has no threads left there are fewer, or none.
    pub fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> Readers<'scope> {
        for i in 0..self.n_readers {
            let thread = Builder::new().name(format!("specscan-read-{i}")).stack_size(STACK_BYTES);
            if thread.spawn_scoped(scope, || self.read_on()).is_err() {
                break;
            }
        }
        Readers(self)
    }

    /// Puts the file `index` into `decoder`, as [`Decoder::read`] does.
    ///
    /// # Errors
    ///
    /// As [`Decoder::read`], and [`SkipReason::Stopped`] once `is_stopped` says so.
    pub fn read(&self, index: usize, decoder: &mut Decoder, is_stopped: impl Fn() -> bool) -> Result<u64, SkipReason> {
        // In this order: a reader that finds itself switched on then knows of this file.
        self.n_begun.fetch_max(index + 1, Ordering::SeqCst);
        if !self.is_on.load(Ordering::SeqCst) {
            return self.read_timed(index, decoder);
        }
        let mut state = self.lock();
        while let Some(Kept::BeingRead) = state.kept.get(&index) {
            if is_stopped() {
                return Err(SkipReason::Stopped);
            }
            state = self.changed.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        let Some(Kept::Read(mut file, outcome)) = state.kept.remove(&index) else {
            drop(state);
            return decoder.read(self.files[index].path());
        };
        decoder.exchange(&mut file);
        // A worker may keep a larger buffer than readers are granted.
        if file.held_bytes() as u64 <= self.read_at_once_bytes {
            state.spare.push(file);
        }
        drop(state);
        self.changed.notify_all();
        outcome
    }

    /// A worker's own read, which may show that reads take long.
    fn read_timed(&self, index: usize, decoder: &mut Decoder) -> Result<u64, SkipReason> {
        let started = Instant::now();
        let outcome = decoder.read(self.files[index].path());
        self.took(started.elapsed());
        outcome
    }

    /// Notes that a worker's own read took so long.
    fn took(&self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let total = Duration::from_nanos(self.timed_ns.fetch_add(ns, Ordering::Relaxed).saturating_add(ns));
        let n = self.n_timed.fetch_add(1, Ordering::Relaxed) + 1;
        if self.n_readers > 0 && total >= SLOW_IN_ALL && total.as_nanos() >= SLOW.as_nanos() * u128::from(n) {
            self.is_on.store(true, Ordering::SeqCst);
            // Under the lock: no reader is between looking and waiting.
            drop(self.lock());
            self.changed.notify_all();
        }
    }

    /// A reader: reads what is next in line until the pass is over.
    fn read_on(&self) {
        let mut state = self.lock();
        while !state.is_over {
            let next = state.next.max(self.n_begun.load(Ordering::SeqCst));
            let is_wanted = self.is_on.load(Ordering::SeqCst) && state.kept.len() < Self::n_kept(self.n_readers);
            if next >= self.files.len() || !is_wanted {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.next = next + 1;
            state.kept.insert(next, Kept::BeingRead);
            let mut file = state.spare.pop().unwrap_or_default();
            drop(state);
            let outcome = file.open(self.files[next].path(), self.read_at_once_bytes);
            state = self.lock();
            state.kept.insert(next, Kept::Read(file, outcome));
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What is kept is whole at any point.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Readers<'_> {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// `n` files of different lengths; the third is not there, the fourth is empty.
    fn files(folder: &Path, n: usize) -> Vec<SourceFile> {
        let files: Vec<SourceFile> =
            (0..n).map(|i| SourceFile::new(i.to_string(), folder.join(i.to_string()))).collect();
        for (i, file) in files.iter().enumerate().filter(|(i, _)| *i != 2) {
            fs::write(file.path(), vec![i as u8; if i == 3 { 0 } else { 10 + i }]).expect("a file");
        }
        files
    }

    /// What a worker has of a file.
    fn read(readahead: &Readahead<'_>, index: usize, decoder: &mut Decoder) -> Result<(u64, Vec<u8>), SkipReason> {
        let n_bytes = readahead.read(index, decoder, || false)?;
        assert_eq!(n_bytes, 10 + index as u64);
        Ok((n_bytes, decoder.bytes().to_vec()))
    }

    #[test]
    fn a_worker_gets_what_its_own_read_would_give() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = files(folder.path(), 60);
        let alone = Readahead::new(&files, Some(0), 1 << 20);
        let mut decoder = Decoder::new();
        let expected: Vec<_> = (0..60).map(|i| read(&alone, i, &mut decoder)).collect();
        assert!(matches!(expected[2], Err(SkipReason::Unreadable { .. })) && expected[3] == Err(SkipReason::Empty));
        for n_readers in [1, 4, 9] {
            let readahead = Readahead::new(&files, Some(n_readers), 1 << 20);
            let next = AtomicUsize::new(0);
            let found = Mutex::new(vec![None; 60]);
            std::thread::scope(|scope| {
                let _readers = readahead.start(scope);
                std::thread::scope(|workers| {
                    for _ in 0..3 {
                        workers.spawn(|| {
                            let mut decoder = Decoder::new();
                            while let i @ 0..60 = next.fetch_add(1, Ordering::Relaxed) {
                                let outcome = read(&readahead, i, &mut decoder);
                                found.lock().expect("no panic")[i] = Some(outcome);
                            }
                        });
                    }
                });
            });
            let found: Vec<_> = found.into_inner().expect("no panic").into_iter().flatten().collect();
            assert_eq!(found, expected, "{n_readers} readers");
        }
    }

    /// Waits until the readers have read these files.
    fn wait_for(readahead: &Readahead<'_>, files: std::ops::Range<usize>) {
        let is_read = |i: usize| matches!(readahead.lock().kept.get(&i), Some(Kept::Read(..)));
        while !files.clone().all(is_read) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn readers_are_ahead_by_a_bounded_number_of_files_of_a_bounded_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = files(folder.path(), 40);
        // Six files of at most 15 bytes: the seventh, of 16, is only opened.
        let readahead = Readahead::new(&files, Some(3), 6 * 15);
        let mut decoder = Decoder::new();
        std::thread::scope(|scope| {
            let _readers = readahead.start(scope);
            wait_for(&readahead, 0..6);
            std::thread::sleep(Duration::from_millis(30));
            assert_eq!(readahead.lock().kept.len(), 6, "no more than these");
            // What was read before is not read again.
            (0..6).for_each(|i| drop(fs::remove_file(files[i].path())));
            for i in [0, 1, 4, 5] {
                assert_eq!(read(&readahead, i, &mut decoder), Ok((10 + i as u64, vec![i as u8; 10 + i])));
            }
            assert_eq!(read(&readahead, 3, &mut decoder), Err(SkipReason::Empty));
            wait_for(&readahead, 6..7);
            assert_eq!(readahead.read(6, &mut decoder, || false), Ok(16));
            assert!(decoder.bytes().is_empty(), "opened, and read once it is decoded");
        });
    }

    #[test]
    fn readers_wait_until_reads_take_long_and_leave_out_what_was_begun() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = files(folder.path(), 40);
        for (n_readers, took, is_slow) in [
            (None, vec![20; 3], true),
            (None, vec![20; 2], false),
            (None, [vec![0; 100], vec![20; 3]].concat(), false),
            (Some(0), vec![20; 9], false),
        ] {
            let readahead = Readahead::new(&files, n_readers, 1 << 20);
            let mut decoder = Decoder::new();
            std::thread::scope(|scope| {
                let _readers = readahead.start(scope);
                readahead.n_begun.store(10, Ordering::SeqCst);
                took.iter().for_each(|ms| readahead.took(Duration::from_millis(*ms)));
                assert_eq!(readahead.is_on.load(Ordering::SeqCst), is_slow, "{took:?}");
                if is_slow {
                    // What workers have begun is theirs.
                    wait_for(&readahead, 10..18);
                    assert_eq!(readahead.lock().kept.len(), 8);
                }
                assert_eq!(readahead.read(10, &mut decoder, || false), Ok(20));
            });
        }
    }

    #[test]
    fn readers_end_with_the_pass_whatever_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = files(folder.path(), 40);
        for n_files in [0, 1, 40] {
            let readahead = Readahead::new(&files[..n_files], Some(4), 1 << 20);
            // The scope ends only when they do.
            std::thread::scope(|scope| drop(readahead.start(scope)));
            assert!(readahead.lock().is_over);
        }
    }
}
