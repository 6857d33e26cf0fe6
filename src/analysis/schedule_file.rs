//! Schedules that a user names or keeps in a file.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::input_file::ensure_in_place;
use super::run::Desk;
use crate::dataset::open_ordinary;
use crate::diffusion::ReferenceSchedule;
use crate::diffusion::schedules::ScheduleError;
use crate::report::arrays::read_sigmas_csv;
use crate::report::read_npz::read_sigmas_npz;
use crate::report::text::short;

/// A JSON object with a schedule in it, as `schedule --dataset` writes it.
#[derive(serde::Deserialize)]
struct SigmaDocument {
    sigma: Vec<f64>,
}

/// A schedule by its name, or else from a file of sigmas: one a line, a JSON list or an object with the list `sigma`, a
/// CSV table with the column `sigma`, or an npz archive.
///
/// # Errors
///
/// If it is neither, or the file holds no sigmas.
pub fn read_schedule(text: &str) -> Result<ReferenceSchedule> {
    let path = Path::new(text);
    match text.parse() {
        Err(_) if path.is_file() => {}
        // Text that is not a name either was most likely meant as a path.
        Err(ScheduleError::UnknownName(_))
            if text.contains(std::path::MAIN_SEPARATOR) || path.extension().is_some() =>
        {
            bail!("there is no file {text} with a schedule; check its path, or give a name like edm:18")
        }
        parsed => return Ok(parsed?),
    }
    let bytes = read_small(path).with_context(|| format!("cannot read the schedule {text}"))?;
    let name = path.file_stem().map_or_else(|| text.to_owned(), |s| s.to_string_lossy().into_owned());
    if bytes.starts_with(b"PK") {
        let sigmas = read_sigmas_npz(&bytes).with_context(|| format!("cannot use the schedule {text}"))?;
        return Ok(ReferenceSchedule::from_list(&name, &sigmas)?);
    }
    let content = String::from_utf8(bytes).with_context(|| {
        format!("the schedule {text} is no text file; give one sigma per line, a JSON list, or an npz")
    })?;
    let listed = match serde_json::from_str::<SigmaDocument>(&content) {
        Ok(document) => Some(document.sigma),
        Err(_) => read_sigmas_csv(&content).transpose().with_context(|| format!("cannot use the schedule {text}"))?,
    };
    if let Some(sigmas) = listed {
        return Ok(ReferenceSchedule::from_list(&name, &sigmas)?);
    }
    ensure!(
        !content.trim_start().starts_with('{'),
        "the schedule {text} is a JSON object without a list `sigma`: that of `schedule --dataset` has one"
    );
    ReferenceSchedule::from_text(&name, &content).with_context(|| format!("cannot use the schedule {text}"))
}

/// Bytes of the largest schedule or sampler that is read: larger files are something else.
pub(super) const MAX_BYTES: u64 = 64 << 20;

/// Reads a file whole that is no larger than a schedule or a sampler can be.
///
/// # Errors
///
/// If it cannot be read, is larger, no regular file, or about to be replaced.
pub(super) fn read_small(path: &Path) -> Result<Vec<u8>> {
    ensure_in_place(path)?;
    let mut bytes = Vec::new();
    open_ordinary(path)?.0.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 <= MAX_BYTES,
        "it has more than {MAX_BYTES} bytes, which is something else; check its path"
    );
    Ok(bytes)
}

/// Warns of a schedule whose levels look as if they were something else.
pub(super) fn warn_of_betas(schedule: &ReferenceSchedule, desk: &Desk<'_>) {
    let highest = schedule.sigmas().first().copied().unwrap_or(0.0);
    if highest < 1.0 {
        desk.warn(&format!(
            "the largest sigma of the schedule {schedule} is {}: are these betas? Sigmas are σ/α, up to 80 or more",
            short(highest)
        ));
    }
}
