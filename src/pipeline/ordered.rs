//! Numbered jobs on all cores, their results one after the other: the one worker loop of every pass and every draw.
//!
//! # Invariants
//!
//! - Memory is bounded by the workers and a window of jobs in flight, not by the number of jobs.
//! - No lock: jobs are handed out by one atomic counter, results travel through a bounded channel and come back for the
//!   next job.
//! - Results are emitted in the order of their numbers, whichever worker they come from.
//! - Results of jobs that take microseconds travel together, so that whoever takes them is not woken for each. One is
//!   held back until the job after it is done at the most: a worker that waits hands over what it has.
//! - Whatever ends early at either end, by a panic or an error, ends the run; nobody is left waiting.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::error::{Cancel, ScanError};

/// How long a worker waits before it looks again whether the window has moved.
const WINDOW_WAIT: Duration = Duration::from_micros(200);

/// Most results that travel together, and of how long.
const MOST_TOGETHER: usize = 16;
const LONGEST_TOGETHER: Duration = Duration::from_millis(1);

/// Which jobs are to be done, by how many.
#[derive(Clone, Copy)]
pub struct Schedule<'a> {
    /// Jobs; their numbers are `0 … n−1`.
    pub n: usize,
    /// Workers.
    pub threads: usize,
    /// Jobs in flight, at the most: begun, but with a result that is not emitted yet. Not zero.
    pub window: usize,
    /// Stops the run from outside.
    pub cancel: &'a Cancel,
}

/// The jobs as one worker sees them.
pub struct Jobs<'a, R> {
    schedule: Schedule<'a>,
    state: &'a State,
    results: Sender<Result<Vec<(usize, R)>, ScanError>>,
    recycled: Receiver<R>,
    /// Results that are not handed over yet, with the numbers of their jobs.
    done: RefCell<Vec<(usize, R)>>,
}

/// How far a run is.
#[derive(Default)]
struct State {
    next: AtomicUsize,
    emitted: AtomicUsize,
    stop: AtomicBool,
}

/// Stops all workers when dropped.
struct StopOnDrop<'a>(&'a State);

/// Runs `live` on every worker; it makes what the worker needs, goes through [`Jobs::run`], and may put away what the
/// worker has added up. On the calling thread `arrived` sees each result as soon as it is there, then `emit` gets it in
/// the order of the jobs, and may free of it what the next job does not need.
///
/// # Errors
///
/// [`ScanError::Interrupted`], [`ScanError::Threads`], and the first that `live` or `emit` returns, which ends the run.
///
/// # Panics
///
/// If `live`, `arrived` or `emit` panics: with its message, once all workers have stopped.
pub fn run_ordered<R: Default + Send>(
    schedule: Schedule<'_>,
    live: impl Fn(&Jobs<'_, R>) -> Result<(), ScanError> + Sync,
    arrived: impl Fn(&R),
    mut emit: impl FnMut(usize, &mut R) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let Schedule { n, window, cancel, .. } = schedule;
    let threads = schedule.threads.clamp(1, n.max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("specscan-{i}"))
        .build()
        .map_err(|source| ScanError::Threads { threads, source })?;
    let state = &State::default();
    let (sender, results) = bounded(window);
    let (recycle, recycled) = bounded(window);
    let outcome = pool.in_place_scope(|scope| {
        // Workers that wait for the window have to hear of it when nobody takes results any more.
        let _guard = StopOnDrop(state);
        for _ in 0..threads {
            let (results, recycled) = (sender.clone(), recycled.clone());
            let jobs = Jobs { schedule, state, results, recycled, done: RefCell::default() };
            let live = &live;
            scope.spawn(move |_| {
                // A worker that panics never delivers its result; without this the others would wait forever.
                let guard = StopOnDrop(state);
                if let Err(error) = live(&jobs) {
                    // Nobody takes it once the run has ended, and then it has another outcome.
                    let _ = jobs.results.send(Err(error));
                }
                std::mem::forget(guard);
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<R>> = (0..window).map(|_| None).collect();
        let mut due = 0;
        // The loop owns its end of the channel: leaving it wakes workers that are blocked on the other.
        for message in results {
            for (index, result) in message? {
                arrived(&result);
                waiting[index % window] = Some(result);
            }
            while let Some(mut result) = waiting[due % window].take() {
                if cancel.load(Ordering::Relaxed) {
                    return Err(ScanError::Interrupted);
                }
                emit(due, &mut result)?;
                due += 1;
                state.emitted.store(due, Ordering::Relaxed);
                // A full recycling channel only means that this result is freed instead.
                let _ = recycle.try_send(result);
            }
        }
        Ok(())
    });
    if cancel.load(Ordering::Relaxed) { Err(ScanError::Interrupted) } else { outcome }
}

impl<R: Default> Jobs<'_, R> {
    /// Does `work(index, result)` for one job after the other until there are none left or the run is stopped. Results
    /// are recycled: what `work` gets is empty or that of an earlier job.
    ///
    /// # Errors
    ///
    /// The first of `work`.
    pub fn run(&self, mut work: impl FnMut(usize, &mut R) -> Result<(), ScanError>) -> Result<(), ScanError> {
        // A quarter of the window at the most for all workers together, so that it moves while they work.
        let most = (self.schedule.window / (4 * self.schedule.threads.max(1))).clamp(1, MOST_TOGETHER);
        let mut began = Instant::now();
        while let Some(index) = self.next() {
            let mut result = self.recycled.try_recv().unwrap_or_default();
            work(index, &mut result)?;
            let mut done = self.done.borrow_mut();
            done.push((index, result));
            if done.len() >= most || began.elapsed() >= LONGEST_TOGETHER {
                drop(done);
                self.hand_over();
                began = Instant::now();
            }
        }
        self.hand_over();
        Ok(())
    }

    /// Hands over the results so far. Nobody takes them once the run has ended; then there is no next job either.
    fn hand_over(&self) {
        let done = std::mem::take(&mut *self.done.borrow_mut());
        if !done.is_empty() {
            let _ = self.results.send(Ok(done));
        }
    }

    /// As [`Jobs::is_stopped`], asked again and again by a worker that waits: hands over its results so far, which may
    /// be what it, or others, wait for.
    pub fn is_stopped_while_waiting(&self) -> bool {
        self.hand_over();
        self.is_stopped()
    }

    /// Whether the run has ended, or is to end: what is still worked on is not wanted any more.
    pub fn is_stopped(&self) -> bool {
        self.state.stop.load(Ordering::Relaxed) || self.schedule.cancel.load(Ordering::Relaxed)
    }

    /// Whether all results before that of job `index` are emitted, so that everyone waits for it.
    pub fn is_due(&self, index: usize) -> bool {
        self.state.emitted.load(Ordering::Relaxed) == index
    }

    /// The next job, once it is within the window.
    fn next(&self) -> Option<usize> {
        let Schedule { n, window, .. } = self.schedule;
        let index = self.state.next.fetch_add(1, Ordering::Relaxed);
        while index < n && !self.is_stopped() {
            if index < self.state.emitted.load(Ordering::Relaxed) + window {
                return Some(index);
            }
            self.hand_over();
            std::thread::sleep(WINDOW_WAIT);
        }
        None
    }
}

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

    use super::*;

    /// Longest wait for the end of a run, on a machine however busy.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn schedule(n: usize, threads: usize, cancel: &Cancel) -> Schedule<'_> {
        Schedule { n, threads, window: 4 * threads, cancel }
    }

    /// What `run` returns or panics with; fails if it does not end.
    fn end_of<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> std::thread::Result<T> {
        let (sender, ended) = bounded(1);
        std::thread::spawn(move || sender.send(catch_unwind(AssertUnwindSafe(run))));
        ended.recv_timeout(PATIENCE).expect("the run ends")
    }

    #[test]
    fn results_come_in_order_and_once() {
        // Windows in which results travel alone, and together.
        for (n, threads, window) in
            [(0, 1, 4), (1, 4, 16), (5, 2, 8), (300, 1, 4), (300, 7, 28), (300, 1, 64), (999, 3, 192)]
        {
            let live = |jobs: &Jobs<'_, usize>| {
                jobs.run(|i, r| {
                    if i.is_multiple_of(17) {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    *r = i * i;
                    Ok(())
                })
            };
            let run = move || {
                let (mut emitted, arrived) = (Vec::new(), RefCell::new(Vec::new()));
                let emit = |i: usize, r: &mut usize| {
                    emitted.push((i, *r));
                    Ok(())
                };
                let outcome = run_ordered(
                    Schedule { window, ..schedule(n, threads, &Cancel::new(false)) },
                    live,
                    |r| arrived.borrow_mut().push(*r),
                    emit,
                );
                outcome.map(|()| (emitted, arrived.into_inner()))
            };
            let (emitted, mut arrived) = end_of(run).expect("no panic").expect("done");
            arrived.sort_unstable();
            let expected: Vec<_> = (0..n).map(|i| (i, i * i)).collect();
            assert_eq!(emitted, expected, "{n} jobs, {threads} threads");
            assert!(arrived.into_iter().eq(expected.into_iter().map(|(_, r)| r)), "{n} jobs, {threads} threads");
        }
    }

    /// A job may wait for those before it, whose results its own worker still has.
    #[test]
    fn a_worker_that_waits_to_be_due_holds_nothing_back() {
        let run = || {
            let live = |jobs: &Jobs<'_, usize>| {
                jobs.run(|i, r| {
                    *r = i;
                    while i == 10 && !jobs.is_due(i) && !jobs.is_stopped_while_waiting() {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    Ok(())
                })
            };
            run_ordered(Schedule { window: 64, ..schedule(30, 1, &Cancel::new(false)) }, live, |_| {}, |_, _| Ok(()))
        };
        assert!(end_of(run).expect("no panic").is_ok());
    }

    /// Where something goes wrong.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Place {
        Start,
        Job,
        Finish,
        Arrived,
        Emit,
    }

    /// What ends a run of 1000 jobs in which `fail` is called once at `place`.
    fn end_with(
        place: Place,
        threads: usize,
        fail: impl Fn() -> Result<(), ScanError> + Send + Sync + 'static,
    ) -> std::thread::Result<Result<(), ScanError>> {
        end_of(move || {
            let at = |here: Place, happens: bool| if place == here && happens { fail() } else { Ok(()) };
            let (n_started, n_finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let live = |jobs: &Jobs<'_, usize>| {
                at(Place::Start, n_started.fetch_add(1, Ordering::Relaxed) == 1)?;
                jobs.run(|i, r| {
                    *r = i;
                    at(Place::Job, i == 300)
                })?;
                at(Place::Finish, n_finished.fetch_add(1, Ordering::Relaxed) == 0)
            };
            // What arrives cannot return an error.
            let arrived = |r: &usize| drop(at(Place::Arrived, *r == 300));
            let emit = |i: usize, _: &mut usize| at(Place::Emit, i == 300);
            run_ordered(schedule(1000, threads, &Cancel::new(false)), live, arrived, emit)
        })
    }

    #[test]
    fn a_panic_anywhere_ends_the_run_and_is_handed_on() {
        for place in [Place::Start, Place::Job, Place::Finish, Place::Arrived, Place::Emit] {
            for threads in [2, 7] {
                let payload = end_with(place, threads, move || panic_any(place)).expect_err("a panic");
                assert_eq!(payload.downcast_ref(), Some(&place), "{threads} threads");
            }
        }
    }

    #[test]
    fn an_error_anywhere_ends_the_run_and_is_handed_on() {
        for place in [Place::Start, Place::Job, Place::Finish, Place::Emit] {
            for threads in [2, 7] {
                let failing = move || Err(ScanError::Row { key: format!("{place:?}"), source: "full".into() });
                let outcome = end_with(place, threads, failing).expect("no panic");
                let is_it = matches!(&outcome, Err(ScanError::Row { key, .. }) if *key == format!("{place:?}"));
                assert!(is_it, "{place:?}, {threads} threads: {outcome:?}");
            }
        }
    }

    #[test]
    fn what_workers_added_up_is_put_away_when_a_run_ends_early() {
        let run = || {
            let (n_done, n_put_away) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let live = |jobs: &Jobs<'_, ()>| {
                let mut n = 0;
                jobs.run(|_, _| {
                    n += 1;
                    n_done.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                })?;
                n_put_away.fetch_add(n, Ordering::Relaxed);
                Ok(())
            };
            let emit = |i: usize, _: &mut ()| if i < 3 { Ok(()) } else { Err(ScanError::Interrupted) };
            let outcome = run_ordered(schedule(1000, 3, &Cancel::new(false)), live, |_| {}, emit);
            (outcome, n_done.into_inner(), n_put_away.into_inner())
        };
        let (outcome, n_done, n_put_away) = end_of(run).expect("no panic");
        assert!(matches!(outcome, Err(ScanError::Interrupted)));
        assert!((4..1000).contains(&n_done), "{n_done}");
        assert_eq!(n_put_away, n_done);
    }

    /// The worker that waits for the window when the run is interrupted must not hand on a result from beyond it, which
    /// would pass for the one that is due.
    #[test]
    fn an_interruption_ends_the_run_and_mixes_nothing_up() {
        let run = || {
            let cancel = Cancel::new(false);
            let live = |jobs: &Jobs<'_, usize>| {
                jobs.run(|i, r| {
                    if i == 0 {
                        std::thread::sleep(Duration::from_millis(20));
                        cancel.store(true, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    *r = i;
                    Ok(())
                })
            };
            let emit = |i: usize, r: &mut usize| {
                assert_eq!(i, *r);
                Ok(())
            };
            run_ordered(schedule(1000, 2, &cancel), live, |_| {}, emit)
        };
        assert!(matches!(end_of(run).expect("no panic"), Err(ScanError::Interrupted)));
    }
}
