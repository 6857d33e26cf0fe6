//! Finding the array of a file by its header.
//!
//! # Invariants
//!
//! Of a file no more than its headers is read, and nothing is allocated for what a header promises before the file is
//! known to be as long.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use safetensors::tensor::Metadata;
use zip::{CompressionMethod, ZipArchive};

use super::axes::{Axes, shown};
use super::element::Element;
use super::npy::{NPY_HEAD_BYTES, NpyHeader};
use super::{Array, ArrayOptions, Storage};
use crate::dataset::header::one_line;
use crate::dataset::open::open_regular;
use crate::dataset::skip::SkipReason;
use crate::dataset::stamp::FileStamp;

/// Longest header of a safetensors file that is read, bytes: a hundred thousand tensors.
const MAX_TENSOR_HEADER_BYTES: u64 = 16 << 20;

/// Most arrays that a message names.
const N_NAMED: usize = 12;

/// An array of a file that holds several.
struct Candidate {
    name: String,
    shape: Vec<usize>,
}

impl Array {
    /// Finds the array of the file at `path`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is damaged or shorter than it says, or holds no array that could be meant, or
    /// several.
    pub fn find(path: &Path, options: &ArrayOptions) -> Result<Self, SkipReason> {
        let (file, metadata) = open_regular(path)?;
        let (stamp, n_bytes) = (FileStamp::of(&metadata), metadata.len());
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "npy" => of_npy(file, n_bytes, stamp, options),
            "npz" => of_npz(file, n_bytes, stamp, options),
            _ => of_tensors(file, n_bytes, stamp, options),
        }
    }
}

fn of_npy(file: File, n_bytes: u64, stamp: FileStamp, options: &ArrayOptions) -> Result<Array, SkipReason> {
    if let Some(key) = &options.key {
        return Err(no_array(format!("a .npy file has no names; leave --key {key} out")));
    }
    let head = read_head(file)?;
    let header = NpyHeader::read(&head).ok_or_else(|| corrupt("NPY", "its header is not that of an array"))?;
    let storage = Storage::Plain { start: header.start as u64 };
    let array = of_header("NPY", &header, storage, stamp, options)?;
    check_length("NPY", header.start as u64, &header, &array, n_bytes)?;
    Ok(array)
}

fn of_npz(file: File, n_bytes: u64, stamp: FileStamp, options: &ArrayOptions) -> Result<Array, SkipReason> {
    let broken = |error: zip::result::ZipError| corrupt("NPZ", &error.to_string());
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let mut candidates = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(broken)?;
        let name = member.name().trim_end_matches(".npy").to_owned();
        let head = read_head(member)?;
        let shape = NpyHeader::read(&head).map(|header| header.shape);
        candidates.extend(shape.map(|shape| (index, Candidate { name, shape })));
    }
    let index = choose(&candidates, options)?;
    let member = archive.by_index(index).map_err(broken)?;
    let (start, packed_bytes, unpacked_bytes) = (member.data_start(), member.compressed_size(), member.size());
    let method = member.compression();
    let head = read_head(member)?;
    let header = NpyHeader::read(&head).ok_or_else(|| corrupt("NPZ", "its header is not that of an array"))?;
    let skip = header.start as u64;
    let storage = match method {
        CompressionMethod::Stored => Storage::Plain { start: start.saturating_add(skip) },
        CompressionMethod::Deflated => Storage::Deflated { start, n_bytes: packed_bytes, skip },
        method => return Err(no_array(format!("its members are packed by {method}; write it with numpy.savez"))),
    };
    let array = of_header("NPZ", &header, storage, stamp, options)?;
    check_length("NPZ", skip, &header, &array, unpacked_bytes)?;
    if start.checked_add(packed_bytes).is_none_or(|end| end > n_bytes) {
        return Err(SkipReason::Truncated { format: "NPZ" });
    }
    if method == CompressionMethod::Stored && packed_bytes != unpacked_bytes {
        return Err(corrupt("NPZ", "a stored member has another length than it says"));
    }
    Ok(array)
}

fn of_tensors(mut file: File, n_bytes: u64, stamp: FileStamp, options: &ArrayOptions) -> Result<Array, SkipReason> {
    const FORMAT: &str = "safetensors";
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| SkipReason::Truncated { format: FORMAT })?;
    let length = u64::from_le_bytes(length);
    if length > MAX_TENSOR_HEADER_BYTES {
        return Err(corrupt(FORMAT, &format!("its header of {length} bytes is longer than any")));
    }
    let data = 8 + length;
    if data > n_bytes {
        return Err(SkipReason::Truncated { format: FORMAT });
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(|error| SkipReason::from_io(&error))?;
    // It checks that tensors follow each other and have the lengths of their shapes.
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| corrupt(FORMAT, &error.to_string()))?;
    let mut names = metadata.offset_keys();
    names.sort_unstable();
    let shape = |name: &String| metadata.info(name).map(|info| info.shape.clone()).unwrap_or_default();
    let candidates = names.into_iter().map(|name| (name.clone(), Candidate { shape: shape(&name), name }));
    let name = choose(&candidates.collect::<Vec<_>>(), options)?;
    let info = metadata.info(&name).ok_or_else(|| no_array("it holds no tensors".to_owned()))?;
    let element = Element::of_tensor(info.dtype)
        .ok_or_else(|| no_array(format!("`{name}` is of type {:?}; {READABLE}", info.dtype)))?;
    let (start, end) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
    if end > n_bytes - data {
        return Err(SkipReason::Truncated { format: FORMAT });
    }
    let axes = Axes::of(&info.shape, element, options.layout).map_err(no_array)?;
    let storage = Storage::Plain { start: data + start };
    Ok(Array { format: FORMAT, storage, element, is_big_endian: false, axes, stamp })
}

/// Types that are read, for messages.
const READABLE: &str = "f16, bf16 (safetensors), f32 and f64 are read as latents, u8 as images";

fn of_header(
    format: &'static str,
    header: &NpyHeader<'_>,
    storage: Storage,
    stamp: FileStamp,
    options: &ArrayOptions,
) -> Result<Array, SkipReason> {
    let (element, is_big_endian) = Element::of_npy(header.descr)
        .ok_or_else(|| no_array(format!("its elements are of type {}; {READABLE}", header.descr)))?;
    if header.is_fortran && header.shape.iter().filter(|n| **n > 1).count() > 1 {
        return Err(no_array("its first axis is the fastest; save it with numpy.ascontiguousarray".to_owned()));
    }
    let axes = Axes::of(&header.shape, element, options.layout).map_err(no_array)?;
    Ok(Array { format, storage, element, is_big_endian, axes, stamp })
}

/// Refuses a file of which fewer than its elements follow byte `start`.
fn check_length(
    format: &'static str,
    start: u64,
    header: &NpyHeader<'_>,
    array: &Array,
    n_bytes: u64,
) -> Result<(), SkipReason> {
    let data_bytes = header.data_bytes(array.element.n_bytes()).and_then(|n| u64::try_from(n).ok());
    match data_bytes.and_then(|data| data.checked_add(start)) {
        Some(end) if end <= n_bytes => Ok(()),
        _ => Err(SkipReason::Truncated { format }),
    }
}

/// The array that is meant: the one called by the options, else the only one of four axes, else the only one of three.
fn choose<T: Clone>(candidates: &[(T, Candidate)], options: &ArrayOptions) -> Result<T, SkipReason> {
    let names = || {
        let all = candidates.iter().take(N_NAMED).map(|(_, c)| format!("{} ({})", c.name, shown(&c.shape)));
        let more = candidates.len().saturating_sub(N_NAMED);
        let more = (more > 0).then(|| format!("{more} more"));
        all.chain(more).collect::<Vec<_>>().join(", ")
    };
    if candidates.is_empty() {
        return Err(no_array("it holds none".to_owned()));
    }
    if let Some(key) = &options.key {
        let found = candidates.iter().find(|(_, c)| c.name == *key);
        return found
            .map(|(which, _)| which.clone())
            .ok_or_else(|| no_array(format!("there is no `{key}` in it, but {}", names())));
    }
    for n_axes in [4, 3] {
        let mut of_axes = candidates.iter().filter(|(_, c)| c.shape.len() == n_axes);
        match (of_axes.next(), of_axes.next()) {
            (Some((which, _)), None) => return Ok(which.clone()),
            (Some(_), Some(_)) => {
                return Err(no_array(format!("several could be meant ({}); name one with --key", names())));
            }
            _ => {}
        }
    }
    Err(no_array(format!("none has three or four axes ({})", names())))
}

/// As much of an array as its header can be.
fn read_head(reader: impl Read) -> Result<Vec<u8>, SkipReason> {
    let mut head = Vec::new();
    reader.take(NPY_HEAD_BYTES as u64).read_to_end(&mut head).map_err(|error| SkipReason::from_io(&error))?;
    Ok(head)
}

fn no_array(what: String) -> SkipReason {
    SkipReason::NoArray { what }
}

fn corrupt(format: &'static str, message: &str) -> SkipReason {
    SkipReason::Corrupt { format, message: one_line(message) }
}
