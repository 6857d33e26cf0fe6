//! The derived arrays of a spectrum, for NumPy and training code.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::covariance::gamma_array;
use super::{About, Analysis, Needs, Outputs, Report, Run, Scanned};
use crate::pipeline::NoRows;
use crate::report::arrays::{NamedArray, planes_array};
use crate::report::content::Content;
use crate::spectral::named;
use crate::spectrum::{Counts, RapsdOf, Spectrum};

/// How arrays are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrayFormat {
    /// NumPy's archive.
    Npz,
    /// Hugging Face's format.
    Safetensors,
}

named!(ArrayFormat { Npz = "npz", Safetensors = "safetensors" });

/// Arrays of a set.
#[derive(Debug, Clone)]
pub struct Export {
    /// File formats.
    pub formats: Vec<ArrayFormat>,
    /// Name of the files, without their ending.
    pub name: String,
}

/// Arrays of a set.
#[derive(Debug, Clone, Serialize)]
pub struct ExportReport {
    /// Version of the report's layout.
    pub schema_version: u32,
    /// Images, files, skips.
    pub counts: Counts,
    /// Shape of each array.
    #[serde(rename = "arrays")]
    pub shapes: BTreeMap<&'static str, Vec<usize>>,
    /// The arrays.
    #[serde(skip)]
    pub arrays: Vec<NamedArray>,
    #[serde(skip)]
    about: About,
    #[serde(skip)]
    meta_json: String,
    #[serde(skip)]
    export: Export,
}

impl Analysis for Export {
    type Rows = NoRows;
    type Report = ExportReport;

    fn needs(&self) -> Needs {
        Needs { per_channel: true, ..Needs::default() }
    }

    fn file_names(&self) -> Vec<String> {
        self.formats.iter().map(|format| format!("{}.{}", self.name, format.name())).collect()
    }

    fn rows(&self, _: &Run<'_>) -> Result<NoRows> {
        Ok(NoRows)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, _: NoRows) -> Result<ExportReport> {
        let spectrum = &scanned.spectrum;
        let arrays = arrays(spectrum, |array, reason| run.desk.warn(&format!("no array `{array}`: {reason}")));
        let about = About::of(spectrum);
        let meta = json!({
            "schema_version": about.schema_version,
            "specscan_version": env!("CARGO_PKG_VERSION"),
            "preprocess": about.preprocess,
            "counts": about.counts,
            "content_id": spectrum.content_id(),
            "layout": "two-dimensional spectra are unshifted (fftfreq order); power in value² per mode of the orthonormal DFT",
        });
        Ok(ExportReport {
            schema_version: about.schema_version,
            counts: about.counts,
            shapes: arrays.iter().map(|a| (a.name, a.shape.clone())).collect(),
            arrays,
            about,
            meta_json: meta.to_string(),
            export: self.clone(),
        })
    }
}

/// All arrays that can be had; `missing` hears why one cannot.
fn arrays(spectrum: &Spectrum, missing: impl Fn(&str, &dyn std::fmt::Display)) -> Vec<NamedArray> {
    let grid = spectrum.grid();
    let n_annuli = grid.n_annuli();
    let channels = spectrum.preprocess().channels.count();
    let statistics: Vec<_> = (0..channels).map(|c| spectrum.radial_statistics(RapsdOf::Channel(c))).collect();
    let rapsd = statistics.iter().flat_map(|s| s.mean.clone()).collect();
    let mut arrays = Vec::new();
    match spectrum.mode_covariance() {
        Ok(gamma) => arrays.push(gamma_array(spectrum, &gamma)),
        Err(reason) => missing("gamma", &reason),
    }
    arrays.extend([
        planes_array("mean", grid.size(), &spectrum.mean_image()),
        NamedArray { name: "rapsd", shape: vec![channels, n_annuli], values: rapsd },
        NamedArray { name: "freq_cpp", shape: vec![n_annuli], values: grid.annulus_frequencies() },
        NamedArray { name: "n_modes", shape: vec![n_annuli], values: grid.modes_per_annulus().to_vec() },
        NamedArray { name: "n_images", shape: vec![1], values: vec![spectrum.n_images() as f64] },
    ]);
    if spectrum.counts().n_files < 2 {
        missing("rapsd_se", &"the spread between files takes two of them");
    } else if statistics.iter().any(|s| s.covariance_of_mean.is_empty()) {
        missing("rapsd_se", &"the spectrum does not hold the spread of each channel; scan with --per-channel");
    } else {
        let errors = statistics.iter().flat_map(|s| s.standard_error()).collect();
        arrays.push(NamedArray { name: "rapsd_se", shape: vec![channels, n_annuli], values: errors });
    }
    arrays
}

impl Report for ExportReport {
    const OUTPUTS: Outputs = Outputs { files: &["*.npz", "*.safetensors"], plots: &[] };

    fn lines(&self) -> Vec<String> {
        let arrays = self.arrays.iter().map(|a| format!("{:<10}{:?}", a.name, a.shape));
        std::iter::once(self.about.describe()).chain(arrays).collect()
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let name = &self.export.name;
        let file = |format: &ArrayFormat| match format {
            ArrayFormat::Npz => Content::npz(format!("{name}.npz"), &self.arrays, &self.meta_json),
            ArrayFormat::Safetensors => {
                Content::safetensors(format!("{name}.safetensors"), &self.arrays, &self.meta_json)
            }
        };
        self.export.formats.iter().map(file).collect()
    }
}
