//! Progress on stderr: a bar on a terminal, a plain line every ten seconds elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console;
use super::shared::ProgressWhen;
use crate::pipeline::Observer;

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how far a pass has come, and what it warns of.
pub struct Progress {
    style: Style,
    quiet: bool,
    state: Mutex<State>,
    n_done: AtomicU64,
    n_bytes: AtomicU64,
    next_line_ms: AtomicU64,
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Bar,
    Lines,
    Nothing,
}

struct State {
    /// What was settled before the work begins: shown when it does, not before an error.
    notes: Vec<String>,
    bar: ProgressBar,
    what: String,
    /// What is counted: `images`, `files`, `samples`.
    things: &'static str,
    n: u64,
    started: Instant,
}

impl State {
    /// How fast it goes: of what is read from files also the bytes.
    fn rates(&self, done: u64, bytes: u64, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64().max(1e-3);
        let things = format!("{:.0} {}/s", done as f64 / seconds, self.things);
        if bytes == 0 { things } else { format!("{things}, {:.1} MB/s", bytes as f64 / seconds / 1e6) }
    }

    /// How far it is, in a line.
    fn line(&self, done: u64, bytes: u64, elapsed: Duration) -> String {
        let Self { what, things, n, .. } = self;
        let left = HumanDuration(elapsed.mul_f64(n.saturating_sub(done) as f64 / done as f64));
        format!("{what}: {done} of {n} {things}, {}, {left} left", self.rates(done, bytes, elapsed))
    }
}

impl Progress {
    /// Progress as asked for; nothing when `quiet`.
    pub fn new(when: ProgressWhen, quiet: bool) -> Self {
        let style = match when {
            _ if quiet => Style::Nothing,
            ProgressWhen::Never => Style::Nothing,
            ProgressWhen::Always => Style::Bar,
            ProgressWhen::Auto if std::io::stderr().is_terminal() => Style::Bar,
            ProgressWhen::Auto => Style::Lines,
        };
        Self {
            style,
            quiet,
            state: Mutex::new(State {
                notes: Vec::new(),
                bar: ProgressBar::hidden(),
                what: String::new(),
                things: "",
                n: 0,
                started: Instant::now(),
            }),
            n_done: AtomicU64::new(0),
            n_bytes: AtomicU64::new(0),
            next_line_ms: AtomicU64::new(0),
        }
    }

    /// Shows what was noted so far.
    pub fn show_notes(&self) {
        let notes = std::mem::take(&mut self.state().notes);
        notes.iter().for_each(|note| console::note(self.quiet, note));
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Observer for Progress {
    fn started(&self, what: &str, things: &'static str, n: usize) {
        self.n_done.store(0, Ordering::Relaxed);
        self.n_bytes.store(0, Ordering::Relaxed);
        self.next_line_ms.store(LINE_EVERY.as_millis() as u64, Ordering::Relaxed);
        let mut state = self.state();
        state.what = what.to_owned();
        state.things = things;
        state.n = n as u64;
        state.started = Instant::now();
        if self.style == Style::Bar {
            let bar = ProgressBar::with_draw_target(Some(n as u64), ProgressDrawTarget::stderr_with_hz(8));
            let template = "{prefix} [{bar:32}] {pos}/{len} · {msg} · {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(what.to_owned());
            state.bar = bar;
        }
    }

    fn advanced(&self, n_bytes: u64) {
        let done = self.n_done.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.n_bytes.fetch_add(n_bytes, Ordering::Relaxed) + n_bytes;
        match self.style {
            Style::Nothing => {}
            Style::Bar if done.is_multiple_of(16) => {
                let state = self.state();
                state.bar.set_position(done);
                state.bar.set_message(state.rates(done, bytes, state.started.elapsed()));
            }
            Style::Bar => {}
            Style::Lines => {
                let state = self.state();
                let elapsed = state.started.elapsed();
                if elapsed.as_millis() as u64 >= self.next_line_ms.load(Ordering::Relaxed) {
                    let next = (elapsed + LINE_EVERY).as_millis() as u64;
                    self.next_line_ms.store(next, Ordering::Relaxed);
                    // Progress that cannot be shown is no reason to stop.
                    let _ = writeln!(std::io::stderr(), "{}", state.line(done, bytes, elapsed));
                }
            }
        }
    }

    fn finished(&self) {
        self.state().bar.finish_and_clear();
    }

    fn noted(&self, message: &str) {
        self.state().notes.push(message.to_owned());
    }

    fn warned(&self, message: &str) {
        self.show_notes();
        console::warn(self.quiet, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_what_is_being_made() {
        let state = |what: &str, things, n| State {
            notes: Vec::new(),
            bar: ProgressBar::hidden(),
            what: what.to_owned(),
            things,
            n,
            started: Instant::now(),
        };
        let ten = Duration::from_secs(10);
        let line = state("scanning, pass 1/2", "images", 500).line(100, 30_000_000, ten);
        assert_eq!(line, "scanning, pass 1/2: 100 of 500 images, 10 images/s, 3.0 MB/s, 40 seconds left");
        let line = state("drawing noise", "samples", 300).line(200, 0, ten);
        assert_eq!(line, "drawing noise: 200 of 300 samples, 20 samples/s, 5 seconds left");
    }
}
