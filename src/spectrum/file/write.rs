//! Writing the bytes of the `.spectrum` file, one tensor at a time: only the sums and the file itself are in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, View};

use super::{EXTREME_HISTOGRAM, FORMAT_VERSION, Header, RAPSD_HISTOGRAM, checksum, unreadable};
use crate::spectrum::error::SpectrumError;
use crate::spectrum::plan::{Detail, EXTREME_BINS, HISTOGRAM_BINS};
use crate::spectrum::saved::Spectrum;

/// A tensor of the file, whose bytes are made when they are asked for.
struct Blob<'a> {
    shape: Vec<usize>,
    words: Words<'a>,
}

enum Words<'a> {
    /// Upper halves of 128-bit sums.
    High(&'a [i128]),
    /// Lower halves.
    Low(&'a [i128]),
    /// Counts or hashes.
    Plain(Vec<u64>),
}

impl Blob<'_> {
    fn bytes(&self) -> Vec<u8> {
        match &self.words {
            Words::High(sums) => sums.iter().flat_map(|v| ((v >> 64) as i64).to_le_bytes()).collect(),
            Words::Low(sums) => sums.iter().flat_map(|v| (*v as u64).to_le_bytes()).collect(),
            Words::Plain(words) => words.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }
}

impl View for &Blob<'_> {
    fn dtype(&self) -> Dtype {
        if matches!(self.words, Words::High(_)) { Dtype::I64 } else { Dtype::U64 }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.bytes().into()
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * size_of::<u64>()
    }
}

impl Spectrum {
    /// The bytes of the `.spectrum` file.
    ///
    /// # Errors
    ///
    /// If it holds no powers of modes, which all later analysis starts from.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SpectrumError> {
        if self.detail < Detail::Power {
            return Err(SpectrumError::PartOfTheSums);
        }
        let (rapsds, extremes) = self.histogram.split_at(self.analysis_config().rapsd_histogram_length());
        let (histogram_first_bin, rapsds) = trimmed(rapsds, HISTOGRAM_BINS);
        let (extreme_first_bin, extremes) = trimmed(extremes, EXTREME_BINS);
        let mut blobs = self.blobs();
        blobs.insert(RAPSD_HISTOGRAM.to_owned(), rapsds);
        blobs.insert(EXTREME_HISTOGRAM.to_owned(), extremes);
        let mut header = Header {
            format_version: FORMAT_VERSION,
            specscan_version: env!("CARGO_PKG_VERSION").to_owned(),
            preprocess: self.preprocess.clone(),
            fft_kernel: self.fft_kernel.clone(),
            counts: self.counts,
            content_id: self.content_id(),
            detail: self.detail,
            per_channel: self.per_channel,
            diagonality_side: self.diagonality_side,
            coherence: self.coherence,
            histogram_first_bin,
            extreme_first_bin,
            quantum_log2: self.tensors.iter().map(|t| (t.spec.name.to_owned(), t.spec.quantum_log2)).collect(),
            checksum: String::new(),
        };
        let to_json = |header: &Header| {
            serde_json::to_string(header).map_err(|e| SpectrumError::Malformed { what: e.to_string() })
        };
        let tensors = blobs.iter().map(|(name, blob)| (name.as_str(), blob.bytes()));
        header.checksum = checksum(&to_json(&header)?, tensors);
        let json = to_json(&header)?;
        // One metadata key: several would be written in the arbitrary order of a hash map.
        let metadata = std::iter::once(("specscan".to_owned(), json)).collect();
        safetensors::serialize(&blobs, Some(metadata)).map_err(unreadable)
    }

    /// Every tensor of the file but the histograms, by its name.
    fn blobs(&self) -> BTreeMap<String, Blob<'_>> {
        let mut blobs = BTreeMap::new();
        for tensor in &self.tensors {
            let shape = || tensor.spec.shape.clone();
            let name = |half: &str| format!("{}.{half}", tensor.spec.name);
            blobs.insert(name("hi"), Blob { shape: shape(), words: Words::High(&tensor.totals) });
            blobs.insert(name("lo"), Blob { shape: shape(), words: Words::Low(&tensor.totals) });
        }
        let hashes = self.content.hashes();
        blobs.insert(
            "content_sketch".to_owned(),
            Blob { shape: vec![hashes.len()], words: Words::Plain(hashes.to_vec()) },
        );
        blobs
    }
}

/// First bin in use over all rows, and the rows from there to the last bin in use.
fn trimmed(histogram: &[u64], n_bins: usize) -> (usize, Blob<'static>) {
    let rows = histogram.chunks_exact(n_bins);
    let (mut first, mut end) = (n_bins, 0);
    for row in rows.clone() {
        if let Some(bin) = row.iter().position(|&n| n > 0) {
            first = first.min(bin);
            end = end.max(row.iter().rposition(|&n| n > 0).map_or(0, |bin| bin + 1));
        }
    }
    let first = first.min(end);
    let shape = vec![rows.len(), end - first];
    (first, Blob { shape, words: Words::Plain(rows.flat_map(|row| &row[first..end]).copied().collect()) })
}
