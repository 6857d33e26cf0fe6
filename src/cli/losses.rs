//! What a run could not use: named, and held against what is allowed.

use super::console;
use super::exit::ExitStatus;
use crate::analysis::{Desk, Loss, SkipLimit};
use crate::dataset::Skipped;

/// More than this share of files left out by choice is worth a warning.
const MANY_LEFT_OUT: f64 = 0.1;

/// How many files of a list are named on the terminal.
#[derive(Debug, Clone, Copy)]
pub struct Naming {
    /// None are.
    pub quiet: bool,
    /// So many are, and of the others the number is said.
    pub n_named: usize,
}

/// Names what was skipped and left out in the main pass and in others, and says whether too much was skipped in any.
pub fn judge_skips(desk: &Desk<'_>, naming: Naming, limit: SkipLimit, main: Option<Loss>) -> ExitStatus {
    let passes: Vec<Loss> = main.into_iter().chain(desk.losses()).collect();
    // Each is judged, also where one before has failed.
    let are_acceptable: Vec<bool> = passes.iter().map(|loss| is_acceptable(desk, naming, limit, loss)).collect();
    if are_acceptable.into_iter().all(|good| good) { ExitStatus::Done } else { ExitStatus::NotAcceptable }
}

/// Names what was skipped and left out in one pass, and says whether that is within the limit.
fn is_acceptable(desk: &Desk<'_>, naming: Naming, limit: SkipLimit, loss: &Loss) -> bool {
    let Loss { what, skipped, left_out, n_used } = loss;
    let (n_skipped, n_left_out) = (skipped.len(), left_out.len());
    let total = n_used + (n_skipped + n_left_out) as u64;
    let when = if what.is_empty() { String::new() } else { format!(" when {what}") };
    name_files(desk, naming, "skipped", skipped);
    name_files(desk, naming, "left out", left_out);
    let share = n_left_out as f64 / total as f64;
    if share > MANY_LEFT_OUT {
        desk.warn(&format!(
            "{n_left_out} of {total} files ({:.0} %) were left out by choice{when} ({}): the result speaks of the others \
             only",
            100.0 * share,
            Skipped::short_summary(left_out)
        ));
    }
    let is_exceeded = limit.is_exceeded(n_skipped as u64, total);
    if is_exceeded {
        let listed = listed_in(desk, "skipped");
        console::note(
            false,
            &format!(
                "error: {n_skipped} of {total} files were skipped{when}, more than --max-skipped {limit} allows: \
                 repair or remove the files listed in {listed}, or raise the limit"
            ),
        );
    }
    !is_exceeded
}

/// Names the first files of a list.
fn name_files(desk: &Desk<'_>, naming: Naming, what: &str, list: &[Skipped]) {
    let Naming { quiet, n_named } = naming;
    for Skipped { path, reason } in list.iter().take(n_named) {
        console::note(quiet, &format!("{what} {path}: {reason}"));
    }
    if list.len() > n_named {
        let listed = listed_in(desk, what);
        console::note(quiet, &format!("… and {} more {what}, all in {listed}", list.len() - n_named));
    }
}

/// Where files that were skipped, or left out, are listed.
fn listed_in(desk: &Desk<'_>, what: &str) -> String {
    let name = format!("{}.csv", what.replace(' ', "_"));
    desk.folder.as_ref().map(|out| out.path_of(&name).display().to_string()).unwrap_or_default()
}
