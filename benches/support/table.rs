//! The table that the benchmark prints, in Markdown, with a verdict on each limit.

use std::fmt::Write;

use super::in_process::n_threads;
use super::repeats::MEMORY_FACTOR;

/// Names of the rows that others are compared with.
pub const DECODE_ONLY: &str = "decoding only";
pub const SCAN: &str = "`specscan scan`";
pub const RAPSD: &str = "`specscan rapsd --images none`";
pub const BOUNDS: &str = "`specscan bounds`";
pub const PEER: &str = "Python peer";

/// What is asked of the rate of a scan.
#[derive(Debug, Clone, Copy)]
pub struct Targets {
    /// Least factor over the peer.
    pub of_peer: f64,
    /// Least share of the decode-only rate.
    pub of_decoding: f64,
}

/// Least share of the rate of `scan` that `bounds` must keep: what it does for each image costs less than a tenth of a
/// scan.
const MIN_SHARE_OF_SCAN: f64 = 0.9;

/// Most memory of a process, bytes, and most that one more image may add to it: its path is kept, its pixels are not.
const MAX_PEAK_BYTES: f64 = 300e6;
const MAX_BYTES_PER_IMAGE: f64 = 500.0;

/// One thing that was timed.
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// Images per second, one per round.
    pub rates: Vec<f64>,
}

/// All that was measured on one set.
pub struct Measured {
    /// What the set is called.
    pub name: String,
    /// Images of a run.
    pub n_images: usize,
    /// What was timed.
    pub rows: Vec<Row>,
    /// What there is to say about it.
    pub notes: Vec<String>,
    /// Peak memory on the set and on the larger one, bytes.
    pub peak: (u64, u64),
    /// What is asked.
    pub targets: Targets,
}

impl Measured {
    fn rates(&self, name: &str) -> Option<&[f64]> {
        self.rows.iter().find(|row| row.name == name).map(|row| &row.rates[..])
    }

    /// Median over rounds of the ratio of two rows' rates.
    fn ratio(&self, name: &str, to: &str) -> Option<f64> {
        let (rates, others) = (self.rates(name)?, self.rates(to)?);
        Some(median(rates.iter().zip(others).map(|(a, b)| a / b).collect()))
    }

    fn bytes_per_further_image(&self) -> f64 {
        let (peak, larger) = (self.peak.0 as f64, self.peak.1 as f64);
        (larger - peak).max(0.0) / ((MEMORY_FACTOR - 1) * self.n_images) as f64
    }
}

/// The whole report.
pub fn render(all: &[Measured], rounds: usize) -> String {
    let mut text = format!("Machine: {}; medians of {rounds} interleaved rounds.\n\n", machine());
    text +=
        "| images | run | images/s | × Python peer | of decoding only | peak memory |\n|---|---|---:|---:|---:|---:|\n";
    for measured in all {
        for row in &measured.rows {
            let rate = median(row.rates.clone());
            let factor = measured.ratio(row.name, PEER).map_or("–".to_owned(), |r| format!("{r:.2}"));
            let share =
                measured.ratio(row.name, DECODE_ONLY).map_or("–".to_owned(), |r| format!("{:.0} %", 100.0 * r));
            let peak =
                if row.name == SCAN { format!("{:.0} MB", measured.peak.0 as f64 / 1e6) } else { "–".to_owned() };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {} | {} | {rate:.0} | {factor} | {share} | {peak} |", measured.name, row.name);
        }
    }
    for measured in all {
        let _ = writeln!(text, "\n{}:", measured.name);
        for line in verdicts(measured).iter().chain(&measured.notes) {
            let _ = writeln!(text, "- {line}");
        }
    }
    text
}

fn verdicts(measured: &Measured) -> Vec<String> {
    let Targets { of_peer, of_decoding } = measured.targets;
    let mut lines = Vec::new();
    match measured.ratio(SCAN, PEER) {
        Some(factor) => lines.push(verdict(
            factor >= of_peer,
            &format!("{SCAN} runs at {factor:.2} × the Python peer (at least {of_peer})"),
        )),
        None => lines.push("NOT MEASURED: the Python peer".to_owned()),
    }
    if let Some(share) = measured.ratio(SCAN, DECODE_ONLY) {
        let (share, least) = (100.0 * share, 100.0 * of_decoding);
        let text = format!("{SCAN} runs at {share:.0} % of decoding only (at least {least:.0} %)");
        lines.push(verdict(share >= least, &text));
    }
    if let (Some(scan), Some(rapsd)) = (measured.ratio(BOUNDS, SCAN), measured.ratio(BOUNDS, RAPSD)) {
        let text = format!(
            "{BOUNDS} runs at {:.0} % of the rate of {SCAN} (at least 90 %), and at {:.0} % of that of {RAPSD}",
            100.0 * scan,
            100.0 * rapsd
        );
        lines.push(verdict(scan >= MIN_SHARE_OF_SCAN, &text));
    }
    let (peak, larger) = measured.peak;
    let text = format!(
        "peak memory {:.0} MB, with {MEMORY_FACTOR} × the images {:.0} MB (below 300)",
        peak as f64 / 1e6,
        larger as f64 / 1e6
    );
    lines.push(verdict(peak.max(larger) as f64 <= MAX_PEAK_BYTES, &text));
    let growth = measured.bytes_per_further_image();
    let text = format!("{growth:.0} bytes for each further image (below {MAX_BYTES_PER_IMAGE:.0}: its path)");
    lines.push(verdict(growth <= MAX_BYTES_PER_IMAGE, &text));
    lines
}

fn verdict(passed: bool, text: &str) -> String {
    format!("{}: {text}", if passed { "PASS" } else { "FAIL" })
}

/// Processor, number of cores in use, and how many programs wanted them in the last minute: beside those of the last
/// round, others make the figures worthless.
fn machine() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().map_or(String::new(), |load| format!(", load {load}"));
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    format!("{}, {} cores{load}", model.map_or(std::env::consts::ARCH, |(_, name)| name.trim()), n_threads())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => 0.5 * (values[n / 2 - 1] + values[n / 2]),
    }
}
