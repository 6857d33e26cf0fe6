//! The bytes of the `.spectrum` file.
//!
//! # Format
//!
//! A safetensors file. Its metadata has one key, `specscan`, with a JSON object ([`Header`]). Each sum `NAME` is stored
//! as `NAME.hi` (i64) and `NAME.lo` (u64), the two halves of a 128-bit integer count of quanta. Beside them:
//! `rapsd_histogram` (u64 counts, rows × annuli × bins, trimmed to the bins in use) and `content_sketch` (u64).
//! Half-spectra have the shape `[channel, kx, ky]` with `kx = 0 … ⌊W/2⌋` and `ky` in `fftfreq` order. Nothing in the
//! file depends on threads, on the order of images, on the time, or on how the set was cut before it was merged.

mod write;

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::analyzer::Totals;
use super::error::SpectrumError;
use super::exact::{ExactTensor, TensorSpec};
use super::plan::{AnalysisConfig, AnalysisPlan, Detail, HISTOGRAM_BINS};
use super::saved::{Counts, Preprocess, Spectrum, config_of};
use super::sketch::ContentSketch;
use crate::spectral::{Size, ValueRange};

/// Version of the file layout.
pub const FORMAT_VERSION: u32 = 5;

/// Values of black and white reach this far at most; their fourth powers stay far inside 128 bits of quanta.
const MAX_RANGE_VALUE: f64 = 1e4;

/// The JSON header of a `.spectrum` file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the file layout.
    pub format_version: u32,
    /// Version of the program that wrote it.
    pub specscan_version: String,
    /// How images became planes.
    pub preprocess: Preprocess,
    /// Code path of the transform.
    pub fft_kernel: String,
    /// What was summed up.
    pub counts: Counts,
    /// Order-independent identity of the files, hexadecimal.
    pub content_id: String,
    /// How much was summed up: `power`, or `full` with the moments of every mode.
    pub detail: Detail,
    /// Whether the spread of RAPSDs is held for each channel.
    pub per_channel: bool,
    /// Longest side of the reduced images with a full covariance, if any, pixels.
    pub diagonality_side: Option<usize>,
    /// Whether cross-channel spectra are held.
    pub coherence: bool,
    /// First bin of the stored histograms.
    pub histogram_first_bin: usize,
    /// Exponent of each sum's quantum.
    pub quantum_log2: BTreeMap<String, i32>,
    /// XXH3 of this header (with an empty checksum) and all tensors, hexadecimal.
    pub checksum: String,
}

impl Spectrum {
    /// Reads the bytes of a `.spectrum` file and checks version, shapes, counts and checksum.
    ///
    /// # Errors
    ///
    /// If any of those is not as it should be; the message names it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SpectrumError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| SpectrumError::Malformed {
            what: format!("it is no safetensors file ({e}); scan images to make one"),
        })?;
        let json = metadata.metadata().as_ref().and_then(|m| m.get("specscan")).ok_or_else(|| {
            SpectrumError::Malformed { what: "it is a safetensors file without the metadata key `specscan`".to_owned() }
        })?;
        let header: Header = serde_json::from_str(json).map_err(|e| {
            // A newer layout may have other fields, so the version is looked for before the fields are blamed.
            match serde_json::from_str::<VersionOnly>(json) {
                Ok(v) if v.format_version != FORMAT_VERSION => other_version(v.format_version),
                _ => SpectrumError::Malformed { what: format!("its header: {e}") },
            }
        })?;
        if header.format_version != FORMAT_VERSION {
            return Err(other_version(header.format_version));
        }
        let file = SafeTensors::deserialize(bytes).map_err(malformed)?;
        let mut names = file.names();
        names.sort_unstable();
        let mut data = Vec::with_capacity(names.len());
        for name in names {
            data.push((name, file.tensor(name).map_err(malformed)?));
        }
        let unsealed = json.replacen(&format!("\"checksum\":\"{}\"", header.checksum), "\"checksum\":\"\"", 1);
        if checksum(&unsealed, data.iter().map(|(name, view)| (*name, view.data()))) != header.checksum {
            return Err(SpectrumError::Malformed {
                what: "its checksum does not match; copy it or scan again".to_owned(),
            });
        }
        Self::from_parts(header, &file)
    }

    fn from_parts(header: Header, file: &SafeTensors<'_>) -> Result<Self, SpectrumError> {
        check_preprocess(&header.preprocess, file)?;
        let Header { detail, per_channel, diagonality_side, coherence, .. } = header;
        let is_optional = coherence || diagonality_side.is_some();
        if detail < Detail::Power || (is_optional && detail < Detail::Full) {
            let what = "its header declares sums that do not go together".to_owned();
            return Err(SpectrumError::Malformed { what });
        }
        let config =
            AnalysisConfig { diagonality_side, coherence, ..config_of(&header.preprocess, detail, per_channel) };
        let plan = AnalysisPlan::new(config, None);
        let mut tensors = Vec::with_capacity(plan.specs.len());
        for spec in &plan.specs {
            if header.quantum_log2.get(spec.name) != Some(&spec.quantum_log2) {
                return Err(SpectrumError::Malformed { what: format!("`{}` has the wrong quantum", spec.name) });
            }
            tensors.push(read_exact(file, spec)?);
        }
        let mut totals = Totals::new(&plan);
        read_histogram(file, header.histogram_first_bin, &mut totals.histogram)?;
        check_count(header.counts.n_images, &totals.histogram)?;
        totals.tensors = tensors;
        totals.n_images = header.counts.n_images;
        totals.n_files = header.counts.n_files;
        let identity = u128::from_str_radix(&header.content_id, 16)
            .map_err(|e| SpectrumError::Malformed { what: format!("its content id: {e}") })?;
        let hashes = read_u64(file, "content_sketch")?;
        let content = ContentSketch::from_parts(identity, hashes)
            .ok_or_else(|| SpectrumError::Malformed { what: "its content sketch is damaged".to_owned() })?;
        let mut spectrum = Self::new(&plan, totals, header.preprocess, header.counts, content);
        spectrum.fft_kernel = header.fft_kernel;
        Ok(spectrum)
    }
}

#[derive(Deserialize)]
struct VersionOnly {
    format_version: u32,
}

fn other_version(found: u32) -> SpectrumError {
    SpectrumError::Version { found, readable: FORMAT_VERSION }
}

fn malformed(error: safetensors::SafeTensorError) -> SpectrumError {
    SpectrumError::Malformed { what: error.to_string() }
}

/// Sizes come from a file and decide how much is planned and allocated, so they are compared with a tensor the file
/// really holds first; value ranges decide the quanta.
fn check_preprocess(preprocess: &Preprocess, file: &SafeTensors<'_>) -> Result<(), SpectrumError> {
    let Size { height, width } = preprocess.size;
    let pixels = file.tensor("pixel_sum.hi").map_err(malformed)?;
    if height == 0 || width == 0 || pixels.shape() != [preprocess.channels.count(), height, width] {
        let what = format!(
            "the working size {height}x{width}, which its tensors do not have (their shape is {:?})",
            pixels.shape()
        );
        return Err(SpectrumError::Malformed { what });
    }
    let ValueRange { low, high } = preprocess.range;
    if !(high - low).is_normal() || low > high || low.abs().max(high.abs()) > MAX_RANGE_VALUE {
        return Err(SpectrumError::Malformed { what: format!("its value range {low}:{high} is impossible") });
    }
    Ok(())
}

/// Every annulus of every image was counted in one bin.
fn check_count(n_images: u64, histogram: &[u64]) -> Result<(), SpectrumError> {
    let is_off = |row: &[u64]| row.iter().map(|n| u128::from(*n)).sum::<u128>() != u128::from(n_images);
    if n_images == 0 || histogram.chunks_exact(HISTOGRAM_BINS).any(is_off) {
        return Err(SpectrumError::Malformed {
            what: format!("its count of {n_images} images does not match its histograms"),
        });
    }
    Ok(())
}

fn read_exact(file: &SafeTensors<'_>, spec: &TensorSpec) -> Result<ExactTensor, SpectrumError> {
    let half = |suffix: &str| {
        let name = format!("{}.{suffix}", spec.name);
        let view = file.tensor(&name).map_err(malformed)?;
        if view.shape() != spec.shape {
            let what = format!("`{name}` has the shape {:?} instead of {:?}", view.shape(), spec.shape);
            return Err(SpectrumError::Malformed { what });
        }
        read_u64(file, &name)
    };
    let (hi, lo) = (half("hi")?, half("lo")?);
    let totals = hi.iter().zip(&lo).map(|(hi, lo)| (i128::from(*hi as i64) << 64) | i128::from(*lo)).collect();
    Ok(ExactTensor { spec: spec.clone(), totals })
}

fn read_u64(file: &SafeTensors<'_>, name: &str) -> Result<Vec<u64>, SpectrumError> {
    let view = file.tensor(name).map_err(malformed)?;
    if !matches!(view.dtype(), Dtype::I64 | Dtype::U64) {
        return Err(SpectrumError::Malformed { what: format!("`{name}` has the wrong type") });
    }
    let (words, _) = view.data().as_chunks::<8>();
    Ok(words.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
}

fn read_histogram(file: &SafeTensors<'_>, first: usize, histogram: &mut [u64]) -> Result<(), SpectrumError> {
    let counts = read_u64(file, "rapsd_histogram")?;
    let rows = histogram.len() / HISTOGRAM_BINS;
    let used = counts.len() / rows;
    if used * rows != counts.len() || first.saturating_add(used) > HISTOGRAM_BINS {
        return Err(SpectrumError::Malformed { what: "`rapsd_histogram` has the wrong shape".to_owned() });
    }
    if used > 0 {
        for (row, counts) in histogram.chunks_exact_mut(HISTOGRAM_BINS).zip(counts.chunks_exact(used)) {
            row[first..first + used].copy_from_slice(counts);
        }
    }
    Ok(())
}

fn checksum<'a, D: AsRef<[u8]>>(header: &str, tensors: impl Iterator<Item = (&'a str, D)>) -> String {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(header.as_bytes());
    for (name, data) in tensors {
        hasher.update(name.as_bytes());
        hasher.update(data.as_ref());
    }
    format!("{:032x}", hasher.digest128())
}

#[cfg(test)]
mod tests;
