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
//! Others are told by their first bytes. Arrays are opened for their headers: these say how many samples there are.
//!
//! Files of arrays (`.npy`, `.npz`, `.safetensors`) make up the set where they are given themselves, or where there are
//! no images: among images they are what somebody else left there, and beside a manifest results of specscan.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::array::{Array, ArrayOptions, has_array_name};
use super::key::{compare_keys, key_of, key_of_path};
use super::list_error::ListError;
use super::own_mark::ResultFolders;
use super::skip::{SkipReason, plain_io_message};
use super::skipped::Skipped;
use super::sniff::{has_image_name, holds_image};
use super::source_file::{self, SourceFile};
use super::suggest::{similar_path, spectrum_in};
use super::walk::{Found, walk};
use crate::spectral::Channels;

/// What the inputs hold. From [`list_inputs`] and [`list_from_reader`](super::list_from_reader) it has at least one
/// file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// The images or latents, sorted by the bytes of their files' names; keys are unique.
    pub files: Vec<SourceFile>,
    /// The channels of latents; none of images.
    pub latent_channels: Option<Channels>,
    /// Entries that look like images but cannot be used, sorted by path.
    pub skipped: Vec<Skipped>,
    /// Other files beside the images (notes, labels).
    pub n_ignored: u64,
    /// Files (samples of arrays count one each) of each input, in the order of the inputs; of a list of paths all.
    pub n_files_of_inputs: Vec<u64>,
    /// Plots that specscan left among the images, which are no images of the set, sorted.
    pub own_outputs: Vec<String>,
}

/// Lists the images of folders (walked to the bottom, links followed) and single files.
///
/// # Errors
///
/// If an input is missing, unreadable or of a kind that is not read, or if there is no image in any of them. A file
/// that is bad by itself is an entry of [`Listing::skipped`] instead.
pub fn list_inputs(inputs: &[PathBuf]) -> Result<Listing, ListError> {
    list_inputs_with(inputs, &ArrayOptions::default())
}

/// As [`list_inputs`]; `arrays` says which array of a file is meant.
///
/// # Errors
///
/// As [`list_inputs`]; if an array that was given cannot be read, or arrays do not go together.
pub fn list_inputs_with(inputs: &[PathBuf], arrays: &ArrayOptions) -> Result<Listing, ListError> {
    if inputs.is_empty() {
        return Err(ListError::NoInput);
    }
    let mut collector = Collector::new(inputs.len() > 1);
    for (i, input) in inputs.iter().enumerate() {
        collector.input = i;
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
    collector.finish(&names.join(", "), arrays).map_err(|error| match error {
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
    } else {
        return Ok(());
    };
    // A folder may be called anything.
    if input.is_dir() { Ok(()) } else { Err(ListError::UnsupportedInput { path: input.to_owned(), kind, remedy }) }
}

/// A file by whose name there are arrays in it.
pub(super) struct ArrayFile {
    pub key: String,
    pub path: PathBuf,
    /// Whether it was given itself, and not found in a folder.
    pub is_given: bool,
    /// The number of the input that led to it.
    pub input: usize,
}

/// Gathers files from inputs one after the other.
struct Collector {
    has_several_inputs: bool,
    /// The number of the input at hand.
    input: usize,
    arrays: Vec<ArrayFile>,
    results: ResultFolders,
    /// Real paths of files taken, kept only where inputs may overlap.
    taken: HashSet<PathBuf>,
    listing: Listing,
    first_ignored: Option<String>,
}

impl Collector {
    fn new(has_several_inputs: bool) -> Self {
        let (taken, listing) = (HashSet::new(), Listing::default());
        let (arrays, results) = (Vec::new(), ResultFolders::default());
        Self { has_several_inputs, input: 0, arrays, results, taken, listing, first_ignored: None }
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), ListError> {
        let real_folder = std::fs::canonicalize(folder).map_err(|error| input_error(folder, &error))?;
        let prefix = self.has_several_inputs.then(|| key_of_path(folder).trim_end_matches('/').to_owned());
        for found in walk(folder) {
            let below = path_below(folder, found.path());
            let relative = slashed(below);
            let key = match &prefix {
                Some(prefix) => format!("{prefix}/{relative}"),
                None => relative,
            };
            if self.has_several_inputs && !self.taken.insert(real_folder.join(below)) {
                continue;
            }
            match found {
                Found::Image(path) => self.listing.files.push(SourceFile::new(key, path)),
                Found::Other(path) if has_array_name(&path) && !self.results.hold(&path) => {
                    self.arrays.push(ArrayFile { key, path, is_given: false, input: self.input });
                }
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
        let is_array = is_regular && has_array_name(path);
        let looks_right = is_array
            || is_regular && (has_image_name(path) || holds_image(path).map_err(|error| input_error(path, &error))?);
        if !looks_right {
            return Err(ListError::NotAnImage { path: path.to_owned() });
        }
        if self.has_several_inputs {
            let real_path = std::fs::canonicalize(path).map_err(|error| input_error(path, &error))?;
            if !self.taken.insert(real_path) {
                return Ok(());
            }
        }
        let (key, path) = (key_of(name.as_encoded_bytes()), path.to_owned());
        match is_array {
            true => self.arrays.push(ArrayFile { key, path, is_given: true, input: self.input }),
            false => self.listing.files.push(SourceFile::new(key, path)),
        }
        Ok(())
    }

    fn ignore(&mut self, key: String) {
        self.listing.n_ignored += 1;
        if self.first_ignored.as_ref().is_none_or(|first| key < *first) {
            self.first_ignored = Some(key);
        }
    }

    fn finish(self, inputs: &str, options: &ArrayOptions) -> Result<Listing, ListError> {
        finish(self.listing, self.arrays, options, inputs, self.first_ignored)
    }
}

/// Looks into `arrays`, sorts a listing, keeps one file of each key, and refuses an empty one.
pub(super) fn finish(
    mut listing: Listing,
    arrays: Vec<ArrayFile>,
    options: &ArrayOptions,
    inputs: &str,
    first_ignored: Option<String>,
) -> Result<Listing, ListError> {
    source_file::sort(&mut listing.files);
    if let Some(image) = listing.files.first() {
        if let Some(ArrayFile { key, .. }) = arrays.iter().find(|array| array.is_given) {
            return Err(ListError::ImagesAndArrays { image: image.key().into_owned(), array: key.clone() });
        }
        listing.n_ignored += arrays.len() as u64;
    } else {
        take_arrays(&mut listing, arrays, options)?;
    }
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

/// Bytes that a run keeps of each sample of an array: its place in the list, and what a pass used of it.
const SAMPLE_BYTES: u64 = 48;

/// Makes the samples of arrays the files of the listing. Files in folders without an array that could be meant are
/// passed over: text encodings, say, lie beside latents.
fn take_arrays(listing: &mut Listing, mut arrays: Vec<ArrayFile>, options: &ArrayOptions) -> Result<(), ListError> {
    arrays.sort_by(|a, b| compare_keys(&a.key, &b.key));
    // Links may lead to two under one key.
    arrays.dedup_by(|later, earlier| later.key == earlier.key);
    let (mut first, mut refused) = (None, None);
    for ArrayFile { key, path, is_given, input } in arrays {
        let array = match Array::find(&path, options) {
            Ok(array) => array,
            Err(reason) if is_given => return Err(ListError::NoArray { path: key, reason }),
            Err(reason) => {
                match reason {
                    SkipReason::NoArray { .. } => listing.n_ignored += 1,
                    _ => listing.skipped.push(Skipped { path: key.clone(), reason: reason.clone() }),
                }
                refused.get_or_insert((key, reason));
                continue;
            }
        };
        let channels = array.latent_channels();
        match &first {
            None => first = Some((key.clone(), channels)),
            Some((first, of_first)) if *of_first != channels => {
                let kind = |c: Option<Channels>| c.map_or("images".to_owned(), |c| format!("{} channels", c.count()));
                let (of_first, of_other) = (kind(*of_first), kind(channels));
                return Err(ListError::MixedArrays { first: first.clone(), of_first, other: key, of_other });
            }
            Some(_) => {}
        }
        let n_samples = listing.files.len() as u64 + u64::from(array.n_samples().unwrap_or(1));
        let n_bytes = n_samples * SAMPLE_BYTES;
        if options.max_memory_bytes.is_some_and(|max_bytes| n_bytes > max_bytes / 2) {
            return Err(ListError::TooManySamples { path: key, n_samples, n_bytes });
        }
        let samples = SourceFile::of_array(key, path, array);
        if let Some(n) = listing.n_files_of_inputs.get_mut(input) {
            *n += samples.len() as u64;
        }
        listing.files.extend(samples);
    }
    listing.latent_channels = first.and_then(|(_, channels)| channels);
    match refused {
        Some((path, reason)) if listing.files.is_empty() => Err(ListError::NoArray { path, reason }),
        _ => Ok(()),
    }
}

/// The path of something met below `folder`, from there on.
#[cfg(unix)]
fn path_below<'a>(folder: &Path, path: &'a Path) -> &'a Path {
    use std::os::unix::ffi::OsStrExt;
    // Comparing part by part takes longer than all else of listing a file.
    let bytes = path.as_os_str().as_bytes();
    let below = bytes.strip_prefix(folder.as_os_str().as_bytes()).unwrap_or(bytes);
    Path::new(std::ffi::OsStr::from_bytes(below.strip_prefix(b"/").unwrap_or(below)))
}

#[cfg(not(unix))]
fn path_below<'a>(folder: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(folder).unwrap_or(path)
}

/// A path with `/` between its parts.
fn slashed(path: &Path) -> String {
    if std::path::MAIN_SEPARATOR == '/' {
        return key_of_path(path);
    }
    let parts: Vec<_> = path.components().map(|part| key_of(part.as_os_str().as_encoded_bytes())).collect();
    parts.join("/")
}
