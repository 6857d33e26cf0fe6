//! From a list of files to a [`Spectrum`]: one pass, or two when pixels are standardised.

use super::Observer;
use super::pass::{Cancel, NoRows, Pass, RowSink, ScanError, run_pass};
use super::probe::ProbeSource;
use super::resolution_probe::ResolutionProbes;
use crate::dataset::{DecodeOptions, PreprocessConfig, Skipped, SourceFile};
use crate::spectral::Window;
use crate::spectrum::{
    AnalysisConfig, AnalysisPlan, Detail, Preprocess, RadialStatistics, RapsdOf, Spectrum, Standardize,
};

/// Files over which the covariance of mean-removed RAPSDs is taken, at the most: far more than there are annuli, and
/// soon read a second time.
const CENTRED_PASS_FILES: usize = 4096;

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

/// Mean and covariance of the RAPSDs of the images less the set's mean image: of every channel, and of the channels'
/// mean last (once, when there is one channel). A second pass, over all files or an evenly hashed sample of 4096 of
/// them.
///
/// # Errors
///
/// As [`scan`].
pub fn centred_radial_statistics(
    files: &[SourceFile],
    config: &ScanConfig,
    spectrum: &Spectrum,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Vec<RadialStatistics>, ScanError> {
    let sample = sample_by_hash(files, CENTRED_PASS_FILES);
    let analysis = config.analysis.with_less_detail(Detail::Radial);
    let plan = AnalysisPlan::new(analysis, Some(spectrum.reference(false)));
    let what = "measuring the spread around the mean image";
    let pass = Pass { what, files: &sample, config, plan: &plan, probes: None, observer, cancel };
    let centred = run_pass(pass, &mut NoRows)?.spectrum;
    let channels = config.analysis.channels.count();
    let mut rows: Vec<_> = (0..channels).map(|c| centred.radial_statistics(RapsdOf::Channel(c))).collect();
    if channels > 1 {
        rows.push(centred.radial_statistics(RapsdOf::ChannelMean));
    }
    Ok(rows)
}

/// At most `n` of `files`, chosen by the hash of their keys, so that the choice does not depend on their order.
fn sample_by_hash(files: &[SourceFile], n: usize) -> Vec<SourceFile> {
    if files.len() <= n {
        return files.to_vec();
    }
    let hash = |file: &SourceFile| xxhash_rust::xxh3::xxh3_64(file.key.as_bytes());
    let mut ranked: Vec<_> = files.iter().collect();
    ranked.sort_unstable_by_key(|file| (hash(file), file.key.clone()));
    let mut chosen: Vec<_> = ranked.into_iter().take(n).cloned().collect();
    chosen.sort_unstable_by(|a, b| a.key.as_bytes().cmp(b.key.as_bytes()));
    chosen
}
