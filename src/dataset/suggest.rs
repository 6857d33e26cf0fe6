//! "Did you mean": an existing path with a name similar to one that does not exist, a spectrum in place of its folder.

use std::path::{Path, PathBuf};

use crate::spectral::edit_distance;

/// An existing path that differs from `missing` in the spelling of one part, the first that does not exist. Of several
/// the most similar, then the first in byte order.
pub(super) fn similar_path(missing: &Path) -> Option<PathBuf> {
    let parent = missing.ancestors().skip(1).find(|path| path.as_os_str().is_empty() || path.is_dir())?;
    let below = missing.strip_prefix(parent).ok()?;
    let mut parts = below.components();
    let wrong = parts.next()?.as_os_str().to_str()?;
    let rest = parts.as_path();
    let listed = std::fs::read_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }).ok()?;
    let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let close = names.filter_map(|name| {
        let distance = edit_distance(&wrong.to_lowercase(), &name.to_lowercase());
        // A third of the letters may be wrong, beyond that it is another name.
        (distance <= wrong.chars().count().div_ceil(3)).then_some((distance, name))
    });
    let joined = close.map(|(distance, name)| (distance, parent.join(name).join(rest)));
    let existing = joined.filter(|(_, path)| path.exists());
    // Joining with nothing appends a separator; collecting the parts takes it off.
    existing.min().map(|(_, path)| path.components().collect())
}

/// The first saved spectrum in `folder`, in byte order.
pub(super) fn spectrum_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|e| e == "spectrum")).min()
}
