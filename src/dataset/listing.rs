//! Which images a run looks at: folders and single files become one sorted list.
//!
//! # Conventions
//!
//! An image is known by its **key**. With one folder as the input the key is the path below it, with `/` between its
//! parts; with several inputs it is `<input as given>/<path below it>`; a single image is known by its file name, or by
//! its path as given among several inputs. Files are sorted by the bytes of their keys. A file that two inputs reach is
//! kept once, under the key of the input given first; a link inside a folder is a file of its own, as it is for the
//! loaders of trainers.
//!
//! # Cost
//!
//! Files whose names promise an image are not opened here (decoding decides), so that a million of them list fast.
//! Others are told by their first bytes.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::key::{compare_keys, key_of, key_of_path};
use super::skip::{SkipReason, plain_io_message};
use super::sniff::{has_image_name, holds_image};
use super::suggest::{similar_path, spectrum_in};
use super::walk::{Found, walk};

/// One image to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// What it is known by in tables: its path as text, without loss ([`key_of_path`]).
    pub key: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Something that was left out, for `skipped.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its key, or as much of its path as can be shown.
    pub path: String,
    /// What is wrong with it.
    pub reason: SkipReason,
}

/// Reasons that a summary of skipped files names.
const N_REASONS: usize = 3;

impl Skipped {
    /// The most frequent reasons in `list`, each with the first of its files, on one line.
    pub fn summary(list: &[Self]) -> String {
        Self::counted(list, "; ", |Self { path, reason }, n| match n {
            1 => format!("{path}: {reason}"),
            n => format!("{path} and {} more: {reason}", n - 1),
        })
    }

    /// The same without files: how many there are of each kind.
    pub fn short_summary(list: &[Self]) -> String {
        Self::counted(list, ", ", |first, n| format!("{n} {}", first.reason.short()))
    }

    /// The most frequent kinds of reasons, as `words` puts the first file of a kind and their number.
    fn counted(list: &[Self], between: &str, words: impl Fn(&Self, usize) -> String) -> String {
        let mut kinds: Vec<(&Self, usize)> = Vec::new();
        let mut place_of = HashMap::new();
        for skipped in list {
            let place = *place_of.entry(skipped.reason.short()).or_insert(kinds.len());
            match kinds.get_mut(place) {
                Some((_, n)) => *n += 1,
                None => kinds.push((skipped, 1)),
            }
        }
        kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let (named, rest) = kinds.split_at(kinds.len().min(N_REASONS));
        let mut parts: Vec<String> = named.iter().map(|(first, n)| words(first, *n)).collect();
        if !rest.is_empty() {
            parts.push(format!("{} more for other reasons", rest.iter().map(|(_, n)| n).sum::<usize>()));
        }
        parts.join(between)
    }
}

/// What the inputs hold. From [`list_inputs`] and [`list_from_reader`](super::list_from_reader) it has at least one
/// file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// The images, sorted by the bytes of their names; keys are unique.
    pub files: Vec<SourceFile>,
    /// Entries that look like images but cannot be used, sorted by path.
    pub skipped: Vec<Skipped>,
    /// Other files beside the images (notes, labels).
    pub n_ignored: u64,
    /// Files of each input, in the order of the inputs; of a list of paths all of them.
    pub n_files_of_inputs: Vec<u64>,
    /// Plots that specscan left among the images, which are no images of the set, sorted.
    pub own_outputs: Vec<String>,
}

/// Inputs that cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// No input at all.
    #[error("no input; give a folder of images, an image, or a list of paths with --files-from")]
    NoInput,
    /// An input that does not exist.
    #[error("input {} does not exist; {}", path.display(), hint(suggestion))]
    Missing {
        /// The input.
        path: PathBuf,
        /// An existing path with a similar name.
        suggestion: Option<PathBuf>,
    },
    /// An input that cannot be looked at.
    #[error("input {} cannot be read: {message}; check its permissions", path.display())]
    Unreadable {
        /// The input.
        path: PathBuf,
        /// What the operating system said.
        message: String,
    },
    /// A kind of input that is not read.
    #[error("input {} is {kind}, which is not read yet; {remedy}", path.display())]
    UnsupportedInput {
        /// The input.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A single file that is no image.
    #[error(
        "input {} is not an image; give a folder of images or an image (a list of paths is read with --files-from)",
        path.display()
    )]
    NotAnImage {
        /// The input.
        path: PathBuf,
    },
    /// Nothing to read in all the inputs.
    #[error("no images in {inputs}: {}; {}", none_found(*n_ignored, first_ignored, skipped), remedy(spectrum))]
    NoImages {
        /// The inputs, as given.
        inputs: String,
        /// Files seen that are no images.
        n_ignored: u64,
        /// The first of them in byte order.
        first_ignored: Option<String>,
        /// What was skipped.
        skipped: Vec<Skipped>,
        /// A saved spectrum in one of the inputs.
        spectrum: Option<PathBuf>,
    },
    /// A list of paths that cannot be read.
    #[error("the list of paths {name} cannot be read: {message}")]
    UnreadableList {
        /// What the list is called.
        name: String,
        /// What the operating system said.
        message: String,
    },
}

fn hint(suggestion: &Option<PathBuf>) -> String {
    match suggestion {
        Some(path) => format!("did you mean {}?", path.display()),
        None => "check the path".to_owned(),
    }
}

fn remedy(spectrum: &Option<PathBuf>) -> String {
    match spectrum {
        Some(path) => format!("did you mean the saved spectrum {}?", path.display()),
        None => "give a folder that holds images".to_owned(),
    }
}

fn none_found(n_ignored: u64, first_ignored: &Option<String>, skipped: &[Skipped]) -> String {
    let mut parts = Vec::new();
    match (n_ignored, first_ignored) {
        (0, _) => {}
        (1, Some(first)) => parts.push(format!("the 1 file seen, {first}, is none")),
        (n, Some(first)) => parts.push(format!("none of the {n} files seen is one (the first is {first})")),
        (n, None) => parts.push(format!("none of the {n} files seen is one")),
    }
    if let Some(first) = skipped.first() {
        parts.push(format!("{} skipped (the first, {}, {})", skipped.len(), first.path, first.reason));
    }
    if parts.is_empty() { "there are no files".to_owned() } else { parts.join(", ") }
}

/// Lists the images of folders (walked to the bottom, links followed) and single files.
///
/// # Errors
///
/// If an input is missing, unreadable or of a kind that is not read, or if there is no image in any of them. A file
/// that is bad by itself is an entry of [`Listing::skipped`] instead.
pub fn list_inputs(inputs: &[PathBuf]) -> Result<Listing, ListError> {
    if inputs.is_empty() {
        return Err(ListError::NoInput);
    }
    let mut collector = Collector::new(inputs.len() > 1);
    for input in inputs {
        let n_before = collector.listing.files.len();
        check_kind(input)?;
        let metadata = std::fs::metadata(input).map_err(|error| input_error(input, &error))?;
        if metadata.is_dir() {
            collector.add_folder(input)?;
        } else {
            collector.add_file(input, metadata.is_file())?;
        }
        collector.listing.n_files_of_inputs.push((collector.listing.files.len() - n_before) as u64);
    }
    let names: Vec<_> = inputs.iter().map(|input| input.display().to_string()).collect();
    collector.finish(&names.join(", ")).map_err(|error| match error {
        ListError::NoImages { inputs: names, n_ignored, first_ignored, skipped, .. } => {
            let spectrum = inputs.iter().find_map(|input| spectrum_in(input));
            ListError::NoImages { inputs: names, n_ignored, first_ignored, skipped, spectrum }
        }
        other => other,
    })
}

fn input_error(path: &Path, error: &std::io::Error) -> ListError {
    let path = path.to_owned();
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            let suggestion = similar_path(&path);
            ListError::Missing { path, suggestion }
        }
        _ => ListError::Unreadable { path, message: plain_io_message(error) },
    }
}

/// Refuses inputs that hold images in a way that is not read.
fn check_kind(input: &Path) -> Result<(), ListError> {
    let name = input.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let (kind, remedy) = if ends(&[".tar", ".tar.gz", ".tgz"]) {
        ("a tar archive", "unpack it to a folder and give that")
    } else if ends(&[".zip"]) {
        ("a zip archive", "unpack it to a folder and give that")
    } else if ends(&[".parquet"]) {
        ("a Parquet table", "save its images to a folder and give that")
    } else if ends(&[".npy", ".npz"]) {
        ("a NumPy array", "save its images as PNG to a folder and give that")
    } else {
        return Ok(());
    };
    // A folder may be called anything.
    if input.is_dir() { Ok(()) } else { Err(ListError::UnsupportedInput { path: input.to_owned(), kind, remedy }) }
}

/// Gathers files from inputs one after the other.
struct Collector {
    has_several_inputs: bool,
    /// Real paths of files taken, kept only where inputs may overlap.
    taken: HashSet<PathBuf>,
    listing: Listing,
    first_ignored: Option<String>,
}

impl Collector {
    fn new(has_several_inputs: bool) -> Self {
        Self { has_several_inputs, taken: HashSet::new(), listing: Listing::default(), first_ignored: None }
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), ListError> {
        let real_folder = std::fs::canonicalize(folder).map_err(|error| input_error(folder, &error))?;
        let prefix = self.has_several_inputs.then(|| key_of_path(folder).trim_end_matches('/').to_owned());
        for found in walk(folder) {
            let below = found.path().strip_prefix(folder).unwrap_or(found.path());
            let relative = slashed(below);
            let key = prefix.as_ref().map_or(relative.clone(), |prefix| format!("{prefix}/{relative}"));
            if self.has_several_inputs && !self.taken.insert(real_folder.join(below)) {
                continue;
            }
            match found {
                Found::Image(path) => self.listing.files.push(SourceFile { key, path }),
                Found::Other(_) => self.ignore(key),
                Found::OwnOutput(_) => {
                    self.listing.own_outputs.push(key.clone());
                    self.ignore(key);
                }
                Found::Bad(_, SkipReason::Unreadable { message }) if below.as_os_str().is_empty() => {
                    return Err(ListError::Unreadable { path: folder.to_owned(), message });
                }
                Found::Bad(_, reason) => self.listing.skipped.push(Skipped { path: key, reason }),
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path, is_regular: bool) -> Result<(), ListError> {
        let name =
            if self.has_several_inputs { path.as_os_str() } else { path.file_name().unwrap_or(path.as_os_str()) };
        let looks_right =
            is_regular && (has_image_name(path) || holds_image(path).map_err(|error| input_error(path, &error))?);
        if !looks_right {
            return Err(ListError::NotAnImage { path: path.to_owned() });
        }
        if self.has_several_inputs {
            let real_path = std::fs::canonicalize(path).map_err(|error| input_error(path, &error))?;
            if !self.taken.insert(real_path) {
                return Ok(());
            }
        }
        self.listing.files.push(SourceFile { key: key_of(name.as_encoded_bytes()), path: path.to_owned() });
        Ok(())
    }

    fn ignore(&mut self, key: String) {
        self.listing.n_ignored += 1;
        if self.first_ignored.as_ref().is_none_or(|first| key < *first) {
            self.first_ignored = Some(key);
        }
    }

    fn finish(self, inputs: &str) -> Result<Listing, ListError> {
        finish(self.listing, inputs, self.first_ignored)
    }
}

/// Sorts a listing, keeps one file of each key, and refuses an empty one.
pub(super) fn finish(mut listing: Listing, inputs: &str, first_ignored: Option<String>) -> Result<Listing, ListError> {
    listing.files.sort_by(|a, b| compare_keys(&a.key, &b.key));
    listing.files.dedup_by(|later, earlier| later.key == earlier.key);
    listing.skipped.sort_by(|a, b| compare_keys(&a.path, &b.path));
    listing.skipped.dedup();
    listing.own_outputs.sort();
    if listing.files.is_empty() {
        let Listing { skipped, n_ignored, .. } = listing;
        let inputs = inputs.to_owned();
        return Err(ListError::NoImages { inputs, n_ignored, first_ignored, skipped, spectrum: None });
    }
    Ok(listing)
}

/// A path with `/` between its parts.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| key_of(part.as_os_str().as_encoded_bytes())).collect();
    parts.join("/")
}
