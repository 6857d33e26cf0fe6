//! A panic anywhere in a pass ends the program with code 101, soon, and leaves nothing in the output folder.
//!
//! A test of the usual harness cannot show that: the harness catches panics, and has the code 101 itself. Here this
//! program starts itself again; the second one scans a set through the library, and what panics in it unwinds out of
//! `main`, as it would in `specscan`.

#[path = "support/sets.rs"]
mod sets;

use std::error::Error;
use std::io::Read;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use specscan::dataset::{PreprocessConfig, Transform, list_inputs};
use specscan::pipeline::observer::Silent;
use specscan::pipeline::{Cancel, ImageProbe, ImageRow, Pass, ProbeSource, RowSink, ScanConfig, Working, run_pass};
use specscan::report::manifest::Manifest;
use specscan::report::output_dir::OutputDir;
use specscan::report::tables::StreamedTable;
use specscan::spectral::Size;
use specscan::spectrum::{AnalysisConfig, AnalysisPlan, Analyzer};

/// Tells the program that it is the second one, and where it is to panic.
const PLACE: &str = "SPECSCAN_TEST_PANICS_IN";

/// Longest wait for the second program, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// More than may be in flight: a worker whose file is never emitted leaves the others waiting.
const N_FILES: usize = 1000;

/// The file at which something panics. It alone is of [`LARGE`] size.
const FATAL: usize = 500;

/// Sides of the images, and of the odd one, pixels.
const SMALL: usize = 8;
const LARGE: usize = 12;

/// Where a scan panics, and with what.
const PLACES: [(&str, Option<&str>); 4] = [
    ("nowhere", None),
    ("probe", Some("the probe fails")),
    ("analyzer", Some("the rows hold one image")),
    ("sink", Some("the sink fails")),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Ok(place) = std::env::var(PLACE) {
        return scan_set(&place, &arguments).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let has = |option: &str| arguments.iter().any(|a| a == option);
    let chosen = |name: &str| !has("--ignored") && matches_filters(name, &arguments, has("--exact"));
    let (mut n_passed, mut n_failed) = (0, 0);
    for (place, message) in PLACES {
        for threads in [2, 7] {
            let name = format!("{place}_{threads}_threads");
            if !chosen(&name) {
                continue;
            }
            if has("--list") {
                println!("{name}: test");
                continue;
            }
            let passed = std::panic::catch_unwind(|| check(place, message, threads)).is_ok();
            println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
            *(if passed { &mut n_passed } else { &mut n_failed }) += 1;
        }
    }
    if !has("--list") {
        println!("{n_passed} passed, {n_failed} failed");
    }
    if n_failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether a test runner that passes `arguments` means the test `name`.
fn matches_filters(name: &str, arguments: &[String], exact: bool) -> bool {
    let takes_value = |option: &str| ["--format", "--test-threads", "--skip", "--color", "--logfile"].contains(&option);
    let is_value = |i: usize| i > 0 && takes_value(&arguments[i - 1]);
    let mut filters = (0..arguments.len()).filter(|&i| !arguments[i].starts_with('-') && !is_value(i)).peekable();
    let matches = |i: usize| if exact { arguments[i] == name } else { name.contains(&arguments[i]) };
    filters.peek().is_none() || filters.any(matches)
}

/// The first program: writes a set, has the second one scan it, and looks at how that ended.
fn check(place: &str, message: Option<&str>, threads: usize) {
    let world = tempfile::tempdir().expect("a temporary folder");
    let (photos, out) = (world.path().join("photos"), world.path().join("out"));
    let path = |i: usize| photos.join(format!("{i:04}.png"));
    let write = |i: usize, side: usize| sets::save(&path(i), &sets::picture(side as u32, side as u32, 1).into());
    write(0, SMALL);
    write(FATAL, LARGE);
    for i in (1..N_FILES).filter(|i| *i != FATAL) {
        std::fs::copy(path(0), path(i)).expect("a copy");
    }
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.env(PLACE, place).arg(threads.to_string()).args([&photos, &out]);
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("starts");
    let start = Instant::now();
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None if start.elapsed() > PATIENCE => {
                child.kill().expect("ends");
                child.wait().expect("ended");
                panic!("the program does not end");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut stderr = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
    let files = std::fs::read_dir(&out).into_iter().flatten().map(|entry| entry.expect("an entry").file_name());
    let mut files: Vec<_> = files.collect();
    files.sort();
    match message {
        None => {
            assert_eq!((status.code(), files), (Some(0), vec!["rows.csv".into(), "scan.json".into()]), "{stderr}");
            let table = std::fs::read_to_string(out.join("rows.csv")).expect("a table");
            assert_eq!(table.lines().count(), N_FILES);
        }
        Some(message) => {
            assert_eq!((status.code(), files), (Some(101), Vec::new()), "{stderr}");
            assert!(stderr.contains(message), "{stderr}");
        }
    }
}

/// The second program: scans a set into a table, and panics at one file.
fn scan_set(place: &str, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [threads, photos, out] = arguments else { return Err("three arguments".into()) };
    let files = list_inputs(&[photos.into()])?.files;
    // Cut to the size of the odd image all others are too small; and that one meets an analyzer planned for a still
    // larger one.
    let (cut, planned) = if place == "analyzer" { (LARGE, LARGE + 4) } else { (SMALL, SMALL) };
    let preprocess = PreprocessConfig {
        transform: Transform::Crop,
        size: Size::square(cut),
        allow_upscale: false,
        drop_letterbox: false,
    };
    let config = ScanConfig {
        threads: threads.parse()?,
        ..ScanConfig::new(preprocess, AnalysisConfig::new(Size::square(planned)))
    };
    let out = OutputDir::create(out, "scan")?;
    let mut sink = Table { table: StreamedTable::create(&out, "rows.csv")?, n_rows: 0, fails: place == "sink" };
    let pass = Pass {
        what: "scanning",
        files: &files,
        config: &config,
        plan: &AnalysisPlan::new(config.analysis.clone(), None),
        other_sizes: &[],
        earlier: None,
        probes: Some(&Probe { fails: place == "probe" }),
        observer: &Silent,
        cancel: &Cancel::new(false),
    };
    run_pass(pass, &mut sink)?;
    sink.table.commit()?;
    Ok(Manifest { command: "scan", ..Manifest::new() }.write(&out, &[])?)
}

/// Measures the file's number, and panics at the fatal one.
#[derive(Clone, Copy)]
struct Probe {
    fails: bool,
}

impl ProbeSource for Probe {
    fn probe(&self) -> Box<dyn ImageProbe + '_> {
        Box::new(*self)
    }
}

impl ImageProbe for Probe {
    fn measure(&mut self, file: usize, _: &Analyzer, _: &Working<'_>, numbers: &mut Vec<f64>) {
        assert!(!self.fails || file != FATAL, "the probe fails");
        numbers.push(file as f64);
    }
}

/// Keeps rows in a table, and panics at the fatal one.
struct Table {
    table: StreamedTable,
    n_rows: usize,
    fails: bool,
}

impl RowSink for Table {
    fn image(&mut self, row: &ImageRow<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        assert!(!self.fails || self.n_rows != FATAL, "the sink fails");
        assert_eq!(row.numbers, [self.n_rows as f64], "rows come in path order");
        self.n_rows += 1;
        Ok(self.table.push_cells([row.key])?)
    }
}
