//! Numbered jobs on all cores, their results one after the other: bounded memory, no lock, the same order for any number of threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::bounded;

use super::pass::{Cancel, ScanError};

/// Results that may wait for an earlier one, per worker.
const WAITING_PER_WORKER: usize = 4;

/// How long a worker waits before it looks again whether the window has moved.
const WINDOW_WAIT: Duration = Duration::from_micros(200);

/// Runs `work(worker, index, result)` for `0 … n−1` on `threads` workers, and `emit(index, result)` for each in order, on the calling
/// thread. Results are recycled.
///
/// # Errors
///
/// [`ScanError::Interrupted`], [`ScanError::Threads`], and what `emit` returns, which ends the run.
pub fn run_ordered<W, R: Default + Send>(
    n: usize,
    threads: usize,
    cancel: &Cancel,
    make_worker: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, usize, &mut R) + Sync,
    mut emit: impl FnMut(usize, &R) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let threads = threads.clamp(1, n.max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("specscan-{i}"))
        .build()
        .map_err(|source| ScanError::Threads { threads, source })?;
    let window = threads * WAITING_PER_WORKER;
    let (next, emitted, stop) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let stopped = || stop.load(Ordering::Relaxed) || cancel.load(Ordering::Relaxed);
    let (sender, results) = bounded::<(usize, R)>(window);
    let (recycle, recycled) = bounded::<R>(window);
    let outcome = pool.in_place_scope(|scope| {
        for _ in 0..threads {
            let (sender, recycled) = (sender.clone(), recycled.clone());
            let (next, emitted, stopped, make_worker, work) = (&next, &emitted, &stopped, &make_worker, &work);
            let stop = &stop;
            scope.spawn(move |_| {
                // A worker that panics never hands on its result; without this the others would wait for it for ever.
                let _guard = StopOnPanic(stop);
                let mut worker = make_worker();
                while !stopped() {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= n {
                        break;
                    }
                    while index >= emitted.load(Ordering::Relaxed) + window && !stopped() {
                        std::thread::sleep(WINDOW_WAIT);
                    }
                    let mut result = recycled.try_recv().unwrap_or_default();
                    work(&mut worker, index, &mut result);
                    if sender.send((index, result)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<R>> = (0..window).map(|_| None).collect();
        let mut outcome = Ok(());
        let mut due = 0;
        'results: for (index, result) in &results {
            waiting[index % window] = Some(result);
            while let Some(result) = waiting[due % window].take() {
                outcome = emit(due, &result);
                if outcome.is_err() {
                    break 'results;
                }
                due += 1;
                emitted.store(due, Ordering::Relaxed);
                // A full recycling channel only means that this result is freed instead.
                let _ = recycle.try_send(result);
            }
        }
        stop.store(true, Ordering::Relaxed);
        // Workers may be blocked on a full channel; letting go of its other end wakes them.
        drop(results);
        outcome
    });
    if cancel.load(Ordering::Relaxed) { Err(ScanError::Interrupted) } else { outcome }
}

/// Stops all workers when the one that holds it panics.
struct StopOnPanic<'a>(&'a AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_once() {
        for (n, threads) in [(0, 1), (1, 4), (5, 2), (300, 1), (300, 7)] {
            let mut seen = Vec::new();
            let work = |_: &mut (), i: usize, r: &mut usize| {
                if i.is_multiple_of(17) {
                    std::thread::sleep(Duration::from_millis(2));
                }
                *r = i * i;
            };
            let emit = |i: usize, r: &usize| {
                seen.push((i, *r));
                Ok(())
            };
            run_ordered(n, threads, &Cancel::new(false), || (), work, emit).expect("done");
            let expected: Vec<_> = (0..n).map(|i| (i, i * i)).collect();
            assert_eq!(seen, expected, "{n} jobs, {threads} threads");
        }
    }

    #[test]
    fn a_panic_ends_the_run_and_is_not_swallowed() {
        let work = |_: &mut (), i: usize, _: &mut ()| assert!(i != 5, "job five fails");
        let run = || run_ordered(1000, 3, &Cancel::new(false), || (), work, |_, _: &()| Ok(()));
        assert!(std::panic::catch_unwind(run).is_err());
    }

    #[test]
    fn a_failure_and_an_interruption_end_the_run() {
        let failing = |i: usize, _: &()| if i < 3 { Ok(()) } else { Err(ScanError::Interrupted) };
        let failed = run_ordered(1000, 2, &Cancel::new(false), || (), |_, _, _| {}, failing);
        assert!(matches!(failed, Err(ScanError::Interrupted)));
        let cancelled = run_ordered(1000, 2, &Cancel::new(true), || (), |_, _, _: &mut ()| {}, |_, _| Ok(()));
        assert!(matches!(cancelled, Err(ScanError::Interrupted)));
    }
}
