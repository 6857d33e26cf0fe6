//! From a command's options to its answer on the terminal and in the folder: the same way for every analysis.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use serde_json::Value;

use super::exit::ExitStatus;
use super::input_names::names_of;
use super::losses::{Naming, judge_skips};
use super::progress::Progress;
use super::shared::{OutputArgs, PlotFormats, SharedArgs};
use super::{console, interrupt, plan};
use crate::analysis::by_input::{ByInputReport, ByInputRow};
use crate::analysis::{
    Analysis, Desk, Headline, Loss, Outputs, Report, Run, Scanned, Source, answer, describe_reached, skipped_in,
};
use crate::dataset::{Skipped, key_of_path, list_inputs};
use crate::report::manifest::Manifest;
use crate::report::output_dir::OutputDir;
use crate::report::own_results::manifest_name;
use crate::report::plot::page::Page;
use crate::report::plot::{Plot, PlotFormat, render_together};
use crate::spectral::Named;
use crate::spectrum::Counts;
use crate::stats::octave_error::Reached;

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
    /// Whether details are printed, too, and every skipped file is named.
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

/// What became of one answer.
pub struct Answered {
    status: ExitStatus,
    /// The object of `--json` that is still to be printed.
    object: Option<Value>,
    /// What stands for the answer beside others; none of a plan.
    compared: Option<(Counts, Option<Headline>)>,
}

/// Answers for all inputs together, or with `--by-input` for each of them.
pub fn run<A: Analysis<Report: Report>>(command: &'static str, args: &SharedArgs, analysis: &A) -> Result<ExitStatus> {
    each(command, args, |args| one(command, args, analysis))
}

/// The same, where the question is made of files: it is asked when those that a killed run has left are in place.
pub fn ask<A: Analysis<Report: Report>>(
    command: &'static str,
    args: &SharedArgs,
    question: impl Fn() -> Result<A>,
) -> Result<ExitStatus> {
    each(command, args, |args| {
        recover(command, args)?;
        one(command, args, &question()?)
    })
}

/// The same, where the question depends on the input.
pub fn each(
    command: &'static str,
    args: &SharedArgs,
    one: impl Fn(&SharedArgs) -> Result<Answered>,
) -> Result<ExitStatus> {
    if !args.input.by_input {
        let Answered { status, object, .. } = one(args)?;
        object.iter().try_for_each(console::print_json)?;
        return Ok(status);
    }
    let inputs = &args.input.inputs;
    // A name that is misspelt is found before the first answer.
    inputs
        .iter()
        .filter(|input| !input.exists())
        .try_for_each(|input| list_inputs(std::slice::from_ref(input)).map(drop))?;
    let (mut status, mut objects, mut rows) = (ExitStatus::Done, serde_json::Map::new(), Vec::new());
    let mut answer = |(input, name): (&PathBuf, String)| -> Result<()> {
        let mut own = args.clone();
        own.input.inputs = vec![input.clone()];
        own.input.heading = Some(key_of_path(input));
        own.output.out.push(&name);
        interrupt::check()?;
        let answered = one(&own)?;
        if answered.status != ExitStatus::Done {
            status = answered.status;
        }
        objects.extend(answered.object.map(|object| (key_of_path(input), object)));
        let row = |(counts, headline)| ByInputRow::new(key_of_path(input), name, counts, headline);
        rows.extend(answered.compared.map(row));
        Ok(())
    };
    let ended = inputs.iter().zip(names_of(inputs)).try_for_each(&mut answer);
    if !rows.is_empty() {
        compare(command, args, ByInputReport { inputs: rows })?;
    }
    // An input without an answer does not take those before it along.
    if args.output.json && (ended.is_ok() || !objects.is_empty()) {
        console::print_json(&Value::Object(objects))?;
    }
    ended.map(|()| status)
}

/// Writes the table of all inputs beside their folders, and prints it.
fn compare(command: &'static str, args: &SharedArgs, report: ByInputReport) -> Result<()> {
    let progress = Progress::new(args.output.progress, args.output.quiet);
    OutputDir::recover(&args.output.out, command)?;
    let presentation = Presentation::from(&args.output);
    let desk = bare_desk(command, &args.input.inputs, &progress);
    let desk = presentation.with_folder::<ByInputReport>(desk, &args.output, &[])?;
    presentation.write(&desk, &report)?;
    desk.finish(&Presentation::stale_names::<ByInputReport>(), Manifest::new())?;
    if !presentation.json {
        presentation.print(&report)?;
    }
    presentation.say_where::<ByInputReport>(&desk);
    Ok(())
}

/// Puts in place what a killed run has left in the folder, for inputs may be such results; a dry run changes nothing.
pub fn recover(command: &str, args: &SharedArgs) -> Result<()> {
    if !args.compute.dry_run {
        OutputDir::recover(&args.output.out, command)?;
    }
    Ok(())
}

/// Opens the dataset, runs `analysis` on it, and presents the answer; with `--dry-run` says what would be done instead.
/// Where there is no answer because of files that cannot be used, these are listed all the same.
pub fn one<A: Analysis<Report: Report>>(command: &'static str, args: &SharedArgs, analysis: &A) -> Result<Answered> {
    answered(command, args, analysis).map_err(|error| {
        let skipped = skipped_in(&error);
        if skipped.is_empty() || args.compute.dry_run {
            return error;
        }
        match list_skipped(command, args, skipped) {
            Ok(lists) => anyhow!("{error:#}; all of them are listed in {lists}"),
            Err(reason) => anyhow!("{error:#}; the list of all of them cannot be kept: {reason:#}"),
        }
    })
}

/// Puts the lists of what could not be used into the folder; their paths.
fn list_skipped(command: &'static str, args: &SharedArgs, skipped: &[Skipped]) -> Result<String> {
    let progress = Progress::new(args.output.progress, args.output.quiet);
    let folder = OutputDir::create(&args.output.out, command)?.overwriting(args.output.overwrite);
    let desk = Desk { folder: Some(folder), ..desk(command, args, &progress)? };
    let lists = desk.finish_without_answer(skipped)?;
    Ok(lists.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and "))
}

/// As [`one`], without those lists.
fn answered<A: Analysis<Report: Report>>(command: &'static str, args: &SharedArgs, analysis: &A) -> Result<Answered> {
    let progress = Progress::new(args.output.progress, args.output.quiet);
    interrupt::set_working(false);
    recover(command, args)?;
    let source = Source::open(&args.source()?, analysis.needs(), &progress)?;
    analysis.check(&source)?;
    if let (Some(heading), false) = (&args.input.heading, args.output.json) {
        console::print_lines(args.output.quiet, &[format!("{heading}:")])?;
    }
    if args.compute.dry_run {
        progress.show_notes();
        return Ok(Answered { status: ExitStatus::Done, object: plan::print(args, &source)?, compared: None });
    }
    let presentation = Presentation::from(&args.output);
    let desk = desk(command, args, &progress)?;
    let desk = presentation.with_folder::<A::Report>(desk, &args.output, &analysis.file_names())?;
    progress.show_notes();
    let run = Run { source, desk };
    interrupt::set_working(true);
    let (scanned, report) = answer(&run, analysis)?;
    presentation.write(&run.desk, &report)?;
    run.finish(&scanned, &Presentation::stale_names::<A::Report>())?;
    let object = presentation.print_or(&report, scanned.reached.map(|reached| (reached, run.desk.seed)))?;
    presentation.say_where::<A::Report>(&run.desk);
    let Scanned { spectrum, skipped, left_out, .. } = scanned;
    let counts = spectrum.counts();
    if counts.n_warned > 0 && run.source.images().is_some() {
        let files =
            if counts.n_warned == 1 { "1 file was".to_owned() } else { format!("{} files were", counts.n_warned) };
        run.desk.warn(&format!("{files} used though the decoder found something amiss: stray bytes, or damage"));
    }
    let main = Loss { what: String::new(), skipped, left_out, n_used: counts.n_files };
    let read = judge_skips(&run.desk, presentation.naming(), args.input.max_skipped, Some(main));
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        report.annotations().iter().for_each(|line| console::note(false, line));
    }
    Ok(Answered { status: read.or(report.verdict()), object, compared: Some((counts, report.headline())) })
}

/// The desk of a run on images, before there is a folder.
pub fn desk<'a>(command: &'static str, args: &SharedArgs, progress: &'a Progress) -> Result<Desk<'a>> {
    let inputs: Vec<&PathBuf> = args.input.inputs.iter().chain(&args.input.files_from).collect();
    let desk = bare_desk(command, &inputs, progress);
    let (seed, threads, max_memory_bytes) = (args.input.seed, args.compute.threads()?, args.compute.max_memory());
    Ok(Desk { seed, threads, max_memory_bytes, ..desk })
}

/// The desk of a run of one worker without a seed, before there is a folder.
pub fn bare_desk<'a>(command: &'static str, inputs: &[impl AsRef<Path>], progress: &'a Progress) -> Desk<'a> {
    let inputs = inputs.iter().map(|input| key_of_path(input.as_ref())).collect();
    Desk { inputs, ..Desk::new(command, progress, interrupt::flag()) }
}

impl Presentation {
    /// The desk with the folder for its files. Those that the report declares, and those called `names`, must not be in
    /// the way of files that no run of specscan wrote.
    pub fn with_folder<'a, R: Report>(&self, desk: Desk<'a>, args: &OutputArgs, names: &[String]) -> Result<Desk<'a>> {
        let folder = OutputDir::create(&args.out, desk.command)?.overwriting(args.overwrite);
        let is_drawn = |plot: &String| self.plots.0.iter().any(|format| plot.ends_with(&format!(".{format}")));
        let declared = fixed_names::<R>().chain(plot_names::<R>().filter(is_drawn));
        let mut all: Vec<String> = declared.chain(of_every_run(&desk)).chain(names.iter().cloned()).collect();
        all.sort();
        all.dedup();
        folder.check_free(all)?;
        Ok(Desk { folder: Some(folder), ..desk })
    }

    /// Writes what the report lists, and draws it.
    pub fn write<R: Report>(&self, desk: &Desk<'_>, report: &R) -> Result<()> {
        let out = desk.folder()?;
        for content in report.tables() {
            interrupt::check()?;
            content.write(out)?;
        }
        if !self.plots.0.is_empty() {
            self.draw(out, desk, &report.figures())?;
        }
        Ok(())
    }

    /// Prints the report: its lines, or the JSON object that it is.
    pub fn print<R: Report>(&self, report: &R) -> Result<()> {
        self.print_or(report, None)?.iter().try_for_each(console::print_json)
    }

    /// Prints the lines of the report, or returns the JSON object that it is; with how far its scan came, if that was
    /// to stop early, and with which seed.
    fn print_or<R: Report>(&self, report: &R, reached: Option<(Reached, u64)>) -> Result<Option<Value>> {
        if self.json {
            let mut object = serde_json::to_value(report)?;
            if let Some((reached, _)) = reached {
                object["until"] = serde_json::to_value(reached)?;
            }
            return Ok(Some(object));
        }
        let mut lines = report.lines();
        if let Some((reached, seed)) = &reached {
            lines.push(String::new());
            lines.extend(describe_reached(reached, *seed));
        }
        if self.verbose {
            lines.extend(report.details());
        }
        console::print_lines(self.quiet, &lines)?;
        Ok(None)
    }

    /// Pictures of one format are drawn together, those of pixels with their like: they take the longest.
    /// A picture that cannot be drawn is a warning, for the tables have what it shows; one that cannot be written is an
    /// error as of any file.
    fn draw(&self, out: &OutputDir, desk: &Desk<'_>, plots: &[Plot]) -> Result<()> {
        let mut wanted: Vec<_> = plots.iter().filter(|plot| plot.is_png_only).map(|p| (p, PlotFormat::Png)).collect();
        for format in &self.plots.0 {
            wanted.extend(plots.iter().filter(|plot| !plot.is_png_only).map(|plot| (plot, *format)));
        }
        for together in wanted.chunks(desk.threads.clamp(1, DRAWN_AT_ONCE)) {
            interrupt::check()?;
            for ((plot, format), drawn) in together.iter().zip(render_together(together, self.page)) {
                let file_name = format!("{}.{format}", plot.name);
                match drawn {
                    Ok(bytes) => out.write_atomic(&file_name, |file| file.write_all(&bytes))?,
                    Err(error) => desk.warn(&format!("no {file_name}: {:#}", anyhow::Error::new(error))),
                }
            }
        }
        Ok(())
    }

    /// What a command's runs may leave under fixed names: what this run does not write is of an earlier one.
    pub fn stale_names<R: Report>() -> Vec<String> {
        fixed_names::<R>().chain(plot_names::<R>()).collect()
    }

    /// How files that could not be used are named.
    pub fn naming(&self) -> Naming {
        Naming { quiet: self.quiet, n_named: if self.verbose { usize::MAX } else { N_NAMED } }
    }

    /// Says which files were written.
    pub fn say_where<R: Report>(&self, desk: &Desk<'_>) {
        let Some(out) = &desk.folder else { return };
        let written = out.written();
        let is_common = |name: &String| of_every_run(desk).contains(name);
        debug_assert!(
            written.iter().all(|name| R::OUTPUTS.declares(name) || is_common(name)),
            "undeclared among {written:?}"
        );
        let names_all = self.verbose || written.len() <= 2 * N_NAMED;
        let (named, rest) = written.split_at(if names_all { written.len() } else { N_NAMED });
        let rest = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        console::note(self.quiet, &format!("wrote {}{rest} to {}", named.join(", "), out.path().display()));
    }
}

/// Files that every command may leave.
fn of_every_run(desk: &Desk<'_>) -> [String; 3] {
    [manifest_name(desk.command), "skipped.csv".to_owned(), "left_out.csv".to_owned()]
}

/// Files of a report whose names do not depend on the run, plots left out.
fn fixed_names<R: Report>() -> impl Iterator<Item = String> {
    R::OUTPUTS.files.iter().filter(|name| !name.starts_with('*')).map(|name| (*name).to_owned())
}

/// Plots of a report, in every format.
fn plot_names<R: Report>() -> impl Iterator<Item = String> {
    let Outputs { plots, .. } = R::OUTPUTS;
    plots.iter().flat_map(|name| PlotFormat::NAMES.iter().map(move |(end, _)| format!("{name}.{}", end)))
}

/// Pictures that are drawn at once: each is tens of megabytes of pixels until it is compressed.
const DRAWN_AT_ONCE: usize = 2;

/// Files of a long list that are named without `--verbose`; of the others the number is said.
const N_NAMED: usize = 3;
