//! The spectrum of photographs in files, as a pass over them leaves it.

use std::path::Path;

use specscan::dataset::{PreprocessConfig, SourceFile, Transform, list_inputs};
use specscan::pipeline::observer::Silent;
use specscan::pipeline::{Cancel, NoRows, ScanConfig, scan};
use specscan::spectral::{Channels, Size};
use specscan::spectrum::{AnalysisConfig, Detail, Spectrum};

/// The images in a folder.
pub fn files(folder: &Path) -> Vec<SourceFile> {
    list_inputs(&[folder.to_owned()]).expect("photographs").files
}

/// The sums of Γ and the RAPSDs of `side`×`side` images.
pub fn spectrum(files: &[SourceFile], transform: Transform, side: usize, channels: Channels) -> Spectrum {
    let size = Size::square(side);
    let analysis = AnalysisConfig { channels, ..AnalysisConfig::new(size) };
    let preprocess = PreprocessConfig { transform, size, allow_upscale: true, drop_letterbox: false };
    let config = ScanConfig { threads: 2, ..ScanConfig::new(preprocess, analysis.with_less_detail(Detail::Power)) };
    scan(files, &config, &mut NoRows, &Silent, &Cancel::new(false)).expect("photographs").spectrum
}
