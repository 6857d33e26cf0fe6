//! Memory as a number of bytes that all workers share: decodes take theirs from it, and wait where there is too little.
//!
//! # Definition
//!
//! Half of `--max-memory` is for the sums and for what each worker keeps, checked before a pass. Three eighths are for
//! decoding files that a worker's own share is too small for, one after the other or together, as they fit; one file
//! alone may take all of them. One eighth is for the rows of tiles that wait for their turn. What a file may take does
//! not depend on the number of workers, nor on the other files: the same files are skipped in every run.
//!
//! # Invariants
//!
//! Whoever holds a [`Lease`] waits for nothing else before it is given back. Who waits is served in the order of
//! asking, so that a large file is not passed over for ever by small ones.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a worker waits before it looks again whether the run is stopped.
const PATIENCE: Duration = Duration::from_millis(20);

/// What the parts of a run may take of `max_memory_bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Sums, engines, and what workers keep from file to file, bytes.
    pub sums_bytes: u64,
    /// Decoding, bytes; so much one file may take.
    pub decoding_bytes: u64,
    /// Rows of tiles, bytes; the file that is due may take as much again.
    pub rows_bytes: u64,
}

impl Shares {
    /// The parts of `max_memory_bytes`.
    pub fn of(max_memory_bytes: u64) -> Self {
        let sixteenth = max_memory_bytes / 16;
        Self { sums_bytes: 8 * sixteenth, decoding_bytes: 6 * sixteenth, rows_bytes: sixteenth }
    }
}

/// A number of bytes that workers share.
#[derive(Debug)]
pub struct Budget {
    limit_bytes: u64,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    free_bytes: u64,
    /// Who waits, in the order of asking.
    queue: VecDeque<u64>,
    n_asked: u64,
}

/// Bytes taken from a [`Budget`], until it is dropped.
#[derive(Debug)]
pub struct Lease<'a> {
    budget: &'a Budget,
    n_bytes: u64,
}

impl Budget {
    /// A budget of `limit_bytes`, all of them free.
    pub fn new(limit_bytes: u64) -> Self {
        let state = State { free_bytes: limit_bytes, queue: VecDeque::new(), n_asked: 0 };
        Self { limit_bytes, state: Mutex::new(state), returned: Condvar::new() }
    }

    /// Takes `n_bytes`, or all there are if that is less, as soon as they are free; none once `is_stopped` says so.
    pub fn lease(&self, n_bytes: u64, is_stopped: impl Fn() -> bool) -> Option<Lease<'_>> {
        let n_bytes = n_bytes.min(self.limit_bytes);
        let mut state = self.lock();
        let number = state.n_asked;
        state.n_asked += 1;
        state.queue.push_back(number);
        loop {
            if is_stopped() {
                state.queue.retain(|waiting| *waiting != number);
                self.returned.notify_all();
                return None;
            }
            if state.queue.front() == Some(&number) && state.free_bytes >= n_bytes {
                state.queue.pop_front();
                state.free_bytes -= n_bytes;
                self.returned.notify_all();
                return Some(Lease { budget: self, n_bytes });
            }
            state = self.returned.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The counts are whole at any point.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.budget.lock().free_bytes += self.n_bytes;
        self.budget.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;

    #[test]
    fn workers_together_never_hold_more_than_there_is() {
        let budget = Budget::new(100);
        let (held, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for worker in 0..6u64 {
                let (budget, held, most) = (&budget, &held, &most);
                scope.spawn(move || {
                    for i in 0..200 {
                        // Large ones among small ones, and one that asks for more than all.
                        let n = if i % 17 == worker { 1000 } else { 1 + (i * 7 + worker * 13) % 60 };
                        let lease = budget.lease(n, || false).expect("not stopped");
                        most.fetch_max(
                            held.fetch_add(lease.n_bytes, Ordering::SeqCst) + lease.n_bytes,
                            Ordering::SeqCst,
                        );
                        std::thread::yield_now();
                        held.fetch_sub(lease.n_bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!((held.into_inner(), budget.lock().free_bytes), (0, 100));
        assert_eq!(most.into_inner(), 100, "one alone has all");
    }

    #[test]
    fn a_large_request_is_not_passed_over_and_who_is_stopped_leaves_the_queue() {
        let budget = Budget::new(100);
        let first = budget.lease(60, || false).expect("free");
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let large = scope.spawn(|| budget.lease(90, || stop.load(Ordering::SeqCst)).is_none());
            while budget.lock().queue.is_empty() {
                std::thread::yield_now();
            }
            // There is room for this one, but the large one was first.
            let small = scope.spawn(|| budget.lease(10, || false).is_some());
            while budget.lock().queue.len() < 2 {
                std::thread::yield_now();
            }
            std::thread::sleep(3 * PATIENCE);
            assert_eq!(budget.lock().queue.len(), 2);
            stop.store(true, Ordering::SeqCst);
            assert!(large.join().expect("no panic"), "stopped");
            assert!(small.join().expect("no panic"), "served");
        });
        drop(first);
        assert_eq!(budget.lock().free_bytes, 100);
    }

    #[test]
    fn a_worker_that_panics_gives_its_bytes_back() {
        let budget = Budget::new(100);
        let panicked = std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                let _lease = budget.lease(70, || false);
                std::panic::resume_unwind(Box::new("an end"));
            });
            worker.join().is_err()
        });
        assert!(panicked);
        assert_eq!(budget.lock().free_bytes, 100);
    }
}
