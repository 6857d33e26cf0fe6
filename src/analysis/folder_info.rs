//! Which results in a folder are whole, and what to do about those that are not.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::about::SCHEMA_VERSION;
use super::words::wrap;
use super::{Outputs, Report};
use crate::report::folder_state::{CommandState, FolderState, Unfinished};
use crate::report::text::utc;

/// What is said of a folder of results.
#[derive(Debug, Clone, Serialize)]
pub struct FolderReport {
    /// Version of the report's layout.
    pub schema_version: u32,
    /// What is in it.
    #[serde(flatten)]
    pub state: FolderState,
}

/// Reads the folder `path`.
///
/// # Errors
///
/// If it cannot be opened.
pub fn folder_info(path: &Path) -> Result<FolderReport> {
    std::fs::read_dir(path).with_context(|| format!("cannot read the folder {}", path.display()))?;
    Ok(FolderReport { schema_version: SCHEMA_VERSION, state: FolderState::read(path) })
}

impl Report for FolderReport {
    const OUTPUTS: Outputs = Outputs { files: &[], plots: &[] };

    fn lines(&self) -> Vec<String> {
        let FolderState { folder, commands, unfinished, .. } = &self.state;
        let shown = folder.display();
        let mut lines = Vec::new();
        if commands.is_empty() {
            lines.push(format!("no results of specscan in {shown}"));
        }
        for command in commands {
            lines.extend(lines_of(command));
        }
        lines.extend(unfinished.iter().flat_map(|unfinished| wrap(&sentence_of(unfinished))));
        lines.extend(wrap(&advice(&self.state)));
        lines
    }
}

/// What to do next.
fn advice(state: &FolderState) -> String {
    let FolderState { commands, folders, unfinished, .. } = state;
    let unanswered: Vec<&str> = commands.iter().filter(|c| !c.answered).map(|c| c.command.as_str()).collect();
    let mut broken: Vec<&str> = commands.iter().filter(|c| !c.whole).map(|c| c.command.as_str()).collect();
    match unfinished {
        Some(Unfinished { running: true, finishes: Some(_), .. }) => {
            return "Look again when that run has ended.".to_owned();
        }
        Some(Unfinished { finishes: Some(command), .. }) if !broken.contains(&command.as_str()) => broken.push(command),
        _ => {}
    }
    if broken.is_empty() && !unanswered.is_empty() {
        return format!(
            "{} came to no answer and left lists of files that could not be used: repair or remove these, then run again.",
            unanswered.join(", ")
        );
    }
    match (broken.as_slice(), folders.as_slice()) {
        ([], []) if commands.is_empty() => "Give the folder that a command wrote to (its --out).".to_owned(),
        ([], []) => "All results are whole: use them.".to_owned(),
        ([], folders) if !commands.is_empty() => {
            format!("All results are whole: use them. There are more in its folders: {}.", folders.join(", "))
        }
        ([], folders) => format!("There are results in its folders: {}. Give one of them.", folders.join(", ")),
        (broken, _) => format!("Run again before you use the results: {}.", broken.join(", ")),
    }
}

fn lines_of(command: &CommandState) -> Vec<String> {
    let CommandState { command: name, arguments, ended_unix_s, n_files, n_bytes, whole, answered, .. } = command;
    let state = match (whole, answered) {
        (true, true) => "whole",
        (true, false) => "no answer",
        (false, _) => "not whole",
    };
    let ended = ended_unix_s.map(|s| format!(", ended {}", utc(s))).unwrap_or_default();
    let size_mb = *n_bytes as f64 / 1e6;
    let mut lines = vec![
        format!("{name}: {state}, {n_files} files of {size_mb:.1} MB{ended}"),
        format!("  by: specscan {}", arguments.join(" ")),
    ];
    let lists =
        [("missing", &command.missing), ("changed", &command.changed), ("now of another command", &command.replaced)];
    for (what, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
        lines.push(format!("  {what}: {}", names.join(", ")));
    }
    lines
}

fn sentence_of(unfinished: &Unfinished) -> String {
    let Unfinished { running, run, finishes, n_files, n_bytes } = unfinished;
    let (holder, size_mb) = (run.as_ref().map(ToString::to_string), *n_bytes as f64 / 1e6);
    match (running, finishes) {
        (true, _) => format!("now writing here: {}", holder.unwrap_or_else(|| "another run of specscan".to_owned())),
        (false, Some(command)) => format!(
            "{command} was killed while {n_files} files were put in place; the next run into this folder finishes that"
        ),
        (false, None) => format!(
            "a run that was killed left {n_files} unfinished files of {size_mb:.1} MB; the next run into this folder \
             removes them"
        ),
    }
}
