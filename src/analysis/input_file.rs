//! Files that specscan wrote and reads again: none that a run is about to replace.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::dataset::{is_image, read_regular};
use crate::report::journal::unfinished_command;
use crate::spectrum::Spectrum;

/// Refuses a file that a run which goes on, or was killed, has begun to replace: it may be of another run than what is
/// beside it.
///
/// # Errors
///
/// If it is one.
pub(super) fn ensure_in_place(path: &Path) -> Result<()> {
    // The folder is that of the file itself, not of a link to it.
    let Some(command) = path.canonicalize().ok().and_then(|path| unfinished_command(&path)) else { return Ok(()) };
    bail!(
        "{} is a result of `specscan {command}` that is not finished; run that command into its folder again, or see \
         what is there with `specscan info`",
        path.display()
    )
}

/// Reads one spectrum.
///
/// # Errors
///
/// If it cannot be read, is none, or is about to be replaced.
pub(super) fn load_spectrum(path: &Path) -> Result<Spectrum> {
    ensure_in_place(path)?;
    let bytes = read_regular(path)
        .with_context(|| format!("cannot read {}; check the path of the spectrum", path.display()))?;
    let shown = path.display();
    ensure!(!is_image(&bytes), "{shown} is an image, not a .spectrum; `specscan scan` makes one of a folder of images");
    Spectrum::from_bytes(&bytes).with_context(|| format!("cannot use {shown}"))
}
