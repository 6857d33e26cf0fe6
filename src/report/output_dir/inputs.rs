//! No result takes the place of an input of its run, or gets among its inputs: `--overwrite` does not lift that.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::{OutputDir, OutputError};

impl OutputDir {
    /// Refuses results of these names if one would take the place of a file or folder among `inputs`, or if the folder
    /// below this one that it is for holds any of them. Links are followed.
    ///
    /// # Errors
    ///
    /// [`OutputError::IsInput`]; [`OutputError::HoldsInput`].
    pub fn check_spares<'a>(
        &self,
        names: &[String],
        inputs: impl IntoIterator<Item = &'a Path>,
    ) -> Result<(), OutputError> {
        // A folder that cannot be found is refused where it is written to.
        let Ok(out) = fs::canonicalize(self.path()) else { return Ok(()) };
        let places: BTreeMap<PathBuf, &String> = names.iter().map(|name| (out.join(name), name)).collect();
        let file_names: BTreeSet<&OsStr> = places.keys().filter_map(|place| place.file_name()).collect();
        let own =
            |name: &String| Path::new(name).parent().filter(|own| !own.as_os_str().is_empty()).map(Path::to_owned);
        let folders: BTreeSet<PathBuf> = names.iter().filter_map(own).collect();
        let mut real_parent = RealParent::default();
        for input in inputs {
            let Some(place) = real_parent.place_of(input) else { continue };
            if let Some(folder) = folders.iter().find(|folder| place.starts_with(out.join(folder))) {
                return Err(OutputError::HoldsInput { folder: self.path().join(folder), input: input.to_owned() });
            }
            // Only a file of the same name is asked where it really is: a million of others are not.
            let is_like_one = place.file_name().is_some_and(|name| file_names.contains(name));
            let real = if is_like_one { fs::canonicalize(input).ok() } else { None };
            if let Some(name) = places.get(&place).or_else(|| places.get(&real?)) {
                return Err(OutputError::IsInput { path: self.path_of(name) });
            }
        }
        Ok(())
    }
}

/// The folder of the last path and where it really is: paths come folder by folder.
#[derive(Default)]
struct RealParent(Option<(PathBuf, PathBuf)>);

impl RealParent {
    /// The path with all links in it followed, but for the last part; none if its folder is not there.
    fn place_of(&mut self, path: &Path) -> Option<PathBuf> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return fs::canonicalize(path).ok() };
        if self.0.as_ref().is_none_or(|(known, _)| known != parent) {
            let here = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            self.0 = Some((parent.to_owned(), fs::canonicalize(here).ok()?));
        }
        self.0.as_ref().map(|(_, real)| real.join(name))
    }
}
