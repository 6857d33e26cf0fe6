//! Several spectra as one, exactly as if their images had been scanned together.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::inputs::warn_of_samples;
use super::{About, Desk, Outputs, Report, Source};
use crate::report::content::Content;
use crate::report::manifest::Manifest;

/// Spectra to be merged.
#[derive(Debug, Clone)]
pub struct Merge {
    /// The files.
    pub spectra: Vec<PathBuf>,
    /// Name of the merged file, without its ending.
    pub name: String,
    /// Whether images may be in several of them, and then count twice.
    pub allow_shared: bool,
}

/// A merged spectrum.
#[derive(Debug, Clone, Serialize)]
pub struct MergeReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Order-independent identity of the images.
    pub content_id: String,
    /// The file.
    pub path: PathBuf,
    #[serde(skip)]
    n_spectra: usize,
    #[serde(skip)]
    file_name: String,
    #[serde(skip)]
    bytes: Vec<u8>,
    #[serde(skip)]
    fft_kernel: String,
}

impl Merge {
    /// Reads the spectra and adds them up.
    ///
    /// # Errors
    ///
    /// As [`Source::load`], and if the desk has no folder.
    pub fn report(&self, desk: &Desk<'_>) -> Result<MergeReport> {
        let (merged, counts) = Source::load_counting(&self.spectra, self.allow_shared)?;
        warn_of_samples(&self.spectra, &counts, desk.observer);
        let file_name = format!("{}.spectrum", self.name);
        Ok(MergeReport {
            about: About::of(&merged),
            content_id: merged.content_id(),
            path: desk.folder()?.path_of(&file_name),
            n_spectra: self.spectra.len(),
            bytes: merged.to_bytes()?,
            file_name,
            fft_kernel: merged.fft_kernel().to_owned(),
        })
    }
}

impl MergeReport {
    /// What the manifest says of the merged images.
    pub fn manifest(&self) -> Manifest {
        Manifest {
            preprocess: Some(self.about.preprocess.clone()),
            fft_kernel: Some(self.fft_kernel.clone()),
            counts: Some(self.about.counts),
            content_id: Some(self.content_id.clone()),
            ..Manifest::new()
        }
    }
}

impl Report for MergeReport {
    const OUTPUTS: Outputs = Outputs { files: &["*.spectrum"], plots: &[] };

    fn lines(&self) -> Vec<String> {
        vec![
            format!("{} from {} spectra", self.about.describe(), self.n_spectra),
            format!("wrote {}", self.path.display()),
        ]
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![Content::bytes(self.file_name.clone(), &self.bytes)]
    }
}
