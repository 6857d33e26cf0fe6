//! The bytes of the `.spectrum` file.
//!
//! # Format
//!
//! A safetensors file. Its metadata has one key, `specscan`, with a JSON object ([`Header`]). Each sum `NAME` is stored
//! as `NAME.hi` (i64) and `NAME.lo` (u64), the two halves of a 128-bit integer count of quanta. Beside them:
//! `rapsd_histogram` (u64 counts, rows × annuli × bins, trimmed to the bins in use), `extreme_histogram` (images by the
//! power of their strongest and their weakest band, trimmed likewise) and `content_sketch` (u64).
//! Half-spectra have the shape `[channel, kx, ky]` with `kx = 0 … ⌊W/2⌋` and `ky` in `fftfreq` order. Nothing in the
//! file depends on threads, on the order of images, on the time, or on how the set was cut before it was merged.

mod checks;
mod write;

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use self::checks::{
    check_counts, check_extremes, check_histogram, check_preprocess, check_sums, check_tensor, malformed, read_u64,
};
use super::analyzer::Totals;
use super::error::SpectrumError;
use super::exact::{ExactTensor, TensorSpec};
use super::plan::{AnalysisConfig, AnalysisPlan, Detail, EXTREME_BINS, HISTOGRAM_BINS};
use super::saved::{Counts, Preprocess, Spectrum, config_of};
use super::sketch::ContentSketch;

/// Version of the file layout.
pub const FORMAT_VERSION: u32 = 8;

/// Name of the counts of RAPSDs.
const RAPSD_HISTOGRAM: &str = "rapsd_histogram";
/// Name of the counts of images by their strongest and their weakest band.
const EXTREME_HISTOGRAM: &str = "extreme_histogram";

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
    /// First bin of the stored histograms of RAPSDs.
    pub histogram_first_bin: usize,
    /// First bin of the stored histograms of the strongest and the weakest band.
    pub extreme_first_bin: usize,
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
        let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
        let mut names = file.names();
        names.sort_unstable();
        let mut data = Vec::with_capacity(names.len());
        for name in names {
            data.push((name, file.tensor(name).map_err(unreadable)?));
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
        check_preprocess(&header.preprocess, header.diagonality_side, file)?;
        check_counts(&header.counts)?;
        let Header { detail, per_channel, diagonality_side, coherence, .. } = header;
        let is_optional = coherence || diagonality_side.is_some();
        if detail < Detail::Power || (is_optional && detail < Detail::Full) {
            return Err(malformed("its header declares sums that do not go together".to_owned()));
        }
        let config =
            AnalysisConfig { diagonality_side, coherence, ..config_of(&header.preprocess, detail, per_channel) };
        let plan = AnalysisPlan::new(config, None);
        for spec in &plan.specs {
            if header.quantum_log2.get(spec.name) != Some(&spec.quantum_log2) {
                return Err(malformed(format!("`{}` has the wrong quantum", spec.name)));
            }
            check_tensor(file, spec)?;
        }
        let n_images = header.counts.n_images;
        let mut tensors = Vec::with_capacity(plan.specs.len());
        for spec in &plan.specs {
            let sums = read_exact(file, spec)?;
            check_sums(&sums, n_images)?;
            tensors.push(sums);
        }
        let mut totals = Totals { n_images, n_files: header.counts.n_files, ..Totals::of(&plan, tensors) };
        let (rapsds, extremes) = totals.histogram.split_at_mut(plan.config.rapsd_histogram_length());
        read_histogram(file, RAPSD_HISTOGRAM, header.histogram_first_bin, rapsds, HISTOGRAM_BINS)?;
        read_histogram(file, EXTREME_HISTOGRAM, header.extreme_first_bin, extremes, EXTREME_BINS)?;
        check_histogram(n_images, rapsds, HISTOGRAM_BINS)?;
        check_histogram(n_images, extremes, EXTREME_BINS)?;
        check_extremes(extremes)?;
        let identity = u128::from_str_radix(&header.content_id, 16)
            .map_err(|e| SpectrumError::Malformed { what: format!("its content id: {e}") })?;
        let hashes = read_u64(file, "content_sketch", Dtype::U64)?;
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

fn unreadable(error: safetensors::SafeTensorError) -> SpectrumError {
    malformed(error.to_string())
}

fn read_exact(file: &SafeTensors<'_>, spec: &TensorSpec) -> Result<ExactTensor, SpectrumError> {
    let hi = read_u64(file, &format!("{}.hi", spec.name), Dtype::I64)?;
    let lo = read_u64(file, &format!("{}.lo", spec.name), Dtype::U64)?;
    let totals = hi.iter().zip(&lo).map(|(hi, lo)| (i128::from(*hi as i64) << 64) | i128::from(*lo)).collect();
    Ok(ExactTensor { spec: spec.clone(), totals })
}

/// Reads rows of `n_bins` bins, of which those from `first` on are stored.
fn read_histogram(
    file: &SafeTensors<'_>,
    name: &str,
    first: usize,
    histogram: &mut [u64],
    n_bins: usize,
) -> Result<(), SpectrumError> {
    let counts = read_u64(file, name, Dtype::U64)?;
    let rows = histogram.len() / n_bins;
    let used = counts.len() / rows;
    if used * rows != counts.len() || first.saturating_add(used) > n_bins {
        return Err(malformed(format!("`{name}` has the wrong shape")));
    }
    if used > 0 {
        for (row, counts) in histogram.chunks_exact_mut(n_bins).zip(counts.chunks_exact(used)) {
            row[first..first + used].copy_from_slice(counts);
        }
    }
    Ok(())
}

fn checksum<'a>(header: &str, tensors: impl Iterator<Item = (&'a str, impl AsRef<[u8]>)>) -> String {
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
