//! Images under many names: a set repeated by hard links until a run takes seconds, and four times that.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use specscan::dataset::{SourceFile, list_inputs};

use super::image_sets::ImageSet;

/// Images of a run, at least.
const MIN_IMAGES: usize = 4_000;

/// How many times as many images the larger folder holds, on which memory must not depend.
pub const MEMORY_FACTOR: usize = 4;

/// What a run reads.
pub struct Repeats {
    /// At least [`MIN_IMAGES`] names of a set's images.
    pub folder: PathBuf,
    /// The names, in path order.
    pub files: Vec<SourceFile>,
    /// How many names each image has.
    pub n_names: usize,
    /// A folder with [`MEMORY_FACTOR`] times as many names.
    pub larger: PathBuf,
}

impl Repeats {
    /// Gives the images of `set` more names.
    ///
    /// # Errors
    ///
    /// If links cannot be made.
    pub fn of(set: &ImageSet) -> Result<Self, Box<dyn Error>> {
        let n_names = MIN_IMAGES.div_ceil(set.files.len());
        let folder = repeated(&set.folder.with_extension("run"), &set.files, n_names)?;
        let larger = repeated(&set.folder.with_extension("larger"), &set.files, n_names * MEMORY_FACTOR)?;
        let files = list_inputs(std::slice::from_ref(&folder))?.files;
        Ok(Self { folder, files, n_names, larger })
    }
}

/// A folder in which each of `files` has `n_names` names.
fn repeated(folder: &Path, files: &[SourceFile], n_names: usize) -> Result<PathBuf, Box<dyn Error>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for i in 0..n_names {
        let part = folder.join(format!("{i:03}"));
        fs::create_dir_all(&part)?;
        for file in files {
            let name = file.path().file_name().ok_or("a file has a name")?;
            fs::hard_link(file.path(), part.join(name))?;
        }
    }
    Ok(folder.to_path_buf())
}
