//! From a list of files to a [`Spectrum`]: one pass, or two when pixels are standardised.

use super::Observer;
use super::pass::{Cancel, NoRows, Pass, RowSink, ScanError, run_pass};
use super::probe::ProbeSource;
use super::resolution_probe::ResolutionProbes;
use crate::dataset::{DecodeOptions, PreprocessConfig, Skipped, SourceFile};
use crate::spectral::Window;
use crate::spectrum::{AnalysisConfig, AnalysisPlan, Detail, Preprocess, Spectrum, Standardize};

/// Everything a pass needs to know.
#[derive(Debug, Clone)]
pub struct ScanConfig {
    /// How files become pixels.
    pub decode: DecodeOptions,
    /// How pixels become working images.
    pub preprocess: PreprocessConfig,
    /// What is computed of them.
    pub analysis: AnalysisConfig,
    /// Whether the effective resolution of every image is measured on the way; its rows hold it.
    pub effective_resolution: bool,
    /// Workers; the result does not depend on it.
    pub threads: usize,
}

/// What a scan leaves.
#[derive(Debug)]
pub struct ScanOutcome {
    /// The sums.
    pub spectrum: Spectrum,
    /// Files that could not be used, in path order.
    pub skipped: Vec<Skipped>,
    /// Files left out by choice, in path order.
    pub left_out: Vec<Skipped>,
}

impl ScanConfig {
    /// How images become planes, as it is recorded in spectra.
    pub fn preprocess_record(&self) -> Preprocess {
        Preprocess {
            transform: self.preprocess.transform.to_string(),
            size: self.analysis.size,
            exif: self.decode.exif.to_string(),
            allow_upscale: self.preprocess.allow_upscale,
            drop_letterbox: self.preprocess.drop_letterbox,
            channels: self.analysis.channels,
            range: self.analysis.range,
            standardize: self.analysis.standardize,
            window: self.analysis.window,
        }
    }
}

/// Streams `files` once (twice with standardised pixels) and sums up their spectra; rows go to `sink` in path order.
///
/// # Errors
///
/// If no file is usable, a row cannot be kept, a sum overflows, or `cancel` was set.
pub fn scan(
    files: &[SourceFile],
    config: &ScanConfig,
    sink: &mut dyn RowSink,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<ScanOutcome, ScanError> {
    let reference = if config.analysis.standardize == Standardize::Pixel {
        let plan = AnalysisPlan::new(config.analysis.with_less_detail(Detail::Pixels), None);
        let what = "measuring pixel means and deviations";
        let pass = Pass { what, files, config, plan: &plan, probes: None, observer, cancel };
        Some(run_pass(pass, &mut NoRows)?.spectrum.reference(true))
    } else {
        None
    };
    // The detector wants the plain image: without window or pixel standardisation its transforms are made anyway.
    let shares_spectra = config.analysis.window == Window::None && reference.is_none();
    let keep_spectra = config.effective_resolution && shares_spectra;
    let plan = AnalysisPlan::new(AnalysisConfig { keep_spectra, ..config.analysis.clone() }, reference);
    let sharpness =
        config.effective_resolution.then(|| ResolutionProbes::new(config.analysis.size, config.analysis.channels));
    let probes = sharpness.as_ref().map(|probes| probes as &dyn ProbeSource);
    run_pass(Pass { what: "scanning", files, config, plan: &plan, probes, observer, cancel }, sink)
}
