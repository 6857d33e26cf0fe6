//! From a command's options to its answer on the terminal and in the folder: the same way for every analysis.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::exit::ExitStatus;
use super::progress::Progress;
use super::shared::{Limit, OutputArgs, PlotFormats, SharedArgs};
use super::{console, interrupt, plan};
use crate::analysis::{Analysis, Desk, Outputs, Report, Run, Scanned, Source, answer};
use crate::dataset::Skipped;
use crate::report::output_dir::OutputDir;
use crate::report::plot::page::Page;
use crate::report::plot::{Plot, PlotFormat};
use crate::spectral::Named;

/// Where and how an answer is presented.
#[derive(Debug)]
pub struct Presentation {
    /// Formats of the plots.
    pub plots: PlotFormats,
    /// What they are drawn on.
    pub page: Page,
    /// Whether the answer is one JSON object.
    pub json: bool,
    /// Whether nothing but errors (and that object) is printed.
    pub quiet: bool,
    /// Whether every skipped file is named.
    pub verbose: bool,
}

impl From<&OutputArgs> for Presentation {
    fn from(args: &OutputArgs) -> Self {
        Self {
            plots: args.plots.formats.clone(),
            page: args.plots.page(),
            json: args.json,
            quiet: args.quiet,
            verbose: args.verbose,
        }
    }
}

/// Opens the dataset, runs `analysis` on it, and presents the answer; with `--dry-run` says what would be done instead.
pub fn run<A: Analysis<Report: Report>>(args: &SharedArgs, analysis: &A) -> Result<ExitStatus> {
    let progress = Progress::new(args.output.progress, args.output.quiet);
    let source = Source::open(&args.source()?, analysis.needs(), &progress)?;
    analysis.check(&source)?;
    if args.compute.dry_run {
        plan::print(args, &source)?;
        return Ok(ExitStatus::Done);
    }
    let run = Run { source, desk: desk(args, &progress)? };
    let (scanned, report) = answer(&run, analysis)?;
    let presentation = Presentation::from(&args.output);
    presentation.write(&run.desk, &report)?;
    presentation.print(&report)?;
    run.finish(&scanned, presentation.stale_names::<A::Report>())?;
    presentation.say_where::<A::Report>(&run.desk);
    Ok(judge_skips(&run.desk, &presentation, args.input.max_skipped, &scanned))
}

/// The desk of a run that writes into `--out`.
pub fn desk<'a>(args: &SharedArgs, progress: &'a Progress) -> Result<Desk<'a>> {
    let folder = Some(OutputDir::create(&args.output.out)?);
    Ok(Desk { folder, ..desk_without_folder(args, progress)? })
}

/// The same before there is a folder, for what may still be refused.
pub fn desk_without_folder<'a>(args: &SharedArgs, progress: &'a Progress) -> Result<Desk<'a>> {
    Ok(desk_of(None, args.input.seed, args.compute.threads()?, progress))
}

/// The desk of a run that writes into `folder`.
pub fn desk_in<'a>(folder: &Path, seed: u64, threads: usize, progress: &'a Progress) -> Result<Desk<'a>> {
    Ok(desk_of(Some(OutputDir::create(folder)?), seed, threads, progress))
}

fn desk_of(folder: Option<OutputDir>, seed: u64, threads: usize, progress: &Progress) -> Desk<'_> {
    Desk { started: Instant::now(), folder, observer: progress, cancel: interrupt::flag(), seed, threads }
}

impl Presentation {
    /// Writes what the report lists, draws it, and prints it.
    pub fn show<R: Report>(&self, desk: &Desk<'_>, report: &R) -> Result<()> {
        self.write(desk, report)?;
        self.print(report)
    }

    /// Writes what the report lists, and draws it.
    pub fn write<R: Report>(&self, desk: &Desk<'_>, report: &R) -> Result<()> {
        let out = desk.folder()?;
        for content in report.tables() {
            content.write(out)?;
        }
        if !self.plots.0.is_empty() {
            for plot in report.figures() {
                self.draw(out, desk, &plot);
            }
        }
        Ok(())
    }

    /// Prints the report: its lines, or the JSON object that it is.
    pub fn print<R: Report>(&self, report: &R) -> Result<()> {
        if self.json {
            return console::print_json(&serde_json::to_value(report)?);
        }
        console::print_lines(self.quiet, &report.lines())
    }

    /// A picture that fails is a warning: the tables it shows are already written.
    fn draw(&self, out: &OutputDir, desk: &Desk<'_>, plot: &Plot) {
        let formats = if plot.is_png_only { &[PlotFormat::Png] } else { self.plots.0.as_slice() };
        for format in formats {
            let file_name = format!("{}.{format}", plot.name);
            let written = plot
                .render(self.page, *format)
                .map_err(anyhow::Error::new)
                .and_then(|bytes| Ok(out.write_atomic(&file_name, |file| file.write_all(&bytes))?));
            if let Err(error) = written {
                desk.warn(&format!("no {file_name}: {error:#}"));
            }
        }
    }

    /// What a command's runs may leave under fixed names: what this run does not write is of an earlier one.
    pub fn stale_names<R: Report>(&self) -> Vec<String> {
        let Outputs { files, plots } = R::OUTPUTS;
        let files = files.iter().filter(|name| !name.starts_with('*')).map(|name| (*name).to_owned());
        let plots = plots.iter().flat_map(|name| PlotFormat::NAMES.iter().map(move |(end, _)| format!("{name}.{end}")));
        files.chain(plots).collect()
    }

    /// Names the first files of a list.
    fn name_files(&self, desk: &Desk<'_>, what: &str, list: &[Skipped]) {
        let shown = if self.verbose { usize::MAX } else { 3 };
        for Skipped { path, reason } in list.iter().take(shown) {
            console::note(self.quiet, &format!("{what} {path}: {reason}"));
        }
        if list.len() > shown {
            let listed = listed_in(desk, what);
            console::note(self.quiet, &format!("… and {} more {what}, all in {listed}", list.len() - shown));
        }
    }

    /// Says which files were written.
    pub fn say_where<R: Report>(&self, desk: &Desk<'_>) {
        let Some(out) = &desk.folder else { return };
        let written = out.written();
        debug_assert!(
            written
                .iter()
                .all(|n| R::OUTPUTS.declares(n) || matches!(n.as_str(), "run.json" | "skipped.csv" | "left_out.csv")),
            "undeclared among {written:?}"
        );
        console::note(self.quiet, &format!("wrote {} to {}", written.join(", "), out.path().display()));
    }
}

/// More than this share of files left out by choice is worth a warning.
const MANY_LEFT_OUT: f64 = 0.1;

/// Names what was skipped and left out, and says whether too much was skipped.
fn judge_skips(desk: &Desk<'_>, presentation: &Presentation, limit: Limit, scanned: &Scanned) -> ExitStatus {
    let n_skipped = scanned.skipped.len();
    let total = scanned.spectrum.counts().n_files + (n_skipped + scanned.left_out.len()) as u64;
    presentation.name_files(desk, "skipped", &scanned.skipped);
    presentation.name_files(desk, "left out", &scanned.left_out);
    let n_left_out = scanned.left_out.len();
    let share = n_left_out as f64 / total as f64;
    if share > MANY_LEFT_OUT {
        desk.warn(&format!(
            "{n_left_out} of {total} files ({:.0} %) were left out by choice: the result speaks of the others only",
            100.0 * share
        ));
    }
    if !limit.is_exceeded(n_skipped as u64, total) {
        return ExitStatus::Done;
    }
    let listed = listed_in(desk, "skipped");
    console::note(
        false,
        &format!(
            "error: {n_skipped} of {total} files were skipped, more than --max-skipped {limit} allows: \
             repair or remove the files listed in {listed}, or raise the limit"
        ),
    );
    ExitStatus::NotAcceptable
}

/// Where files that were skipped, or left out, are listed.
fn listed_in(desk: &Desk<'_>, what: &str) -> String {
    let name = format!("{}.csv", what.replace(' ', "_"));
    desk.folder.as_ref().map(|out| out.path_of(&name).display().to_string()).unwrap_or_default()
}
