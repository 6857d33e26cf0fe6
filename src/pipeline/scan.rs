//! From a list of files to a [`Spectrum`](crate::spectrum::Spectrum): one pass, or two when pixels are standardised.

use super::config::{ScanConfig, ScanOutcome};
use super::detector_probe::DetectorProbes;
use super::error::{Cancel, ScanError};
use super::observer::Observer;
use super::other_sizes::OtherSize;
use super::pass::{Pass, add_up};
use super::probe::ProbeSource;
use super::resolution_probe::ResolutionProbes;
use super::rows::{NoRows, RowSink};
use super::stages::in_stages;
use crate::dataset::SourceFile;
use crate::spectral::Window;
use crate::spectrum::{AnalysisConfig, AnalysisPlan, Detail, Standardize};

/// Streams `files` once (twice with standardised pixels) and sums up their spectra; rows go to `sink` in the order of
/// the files. With [`ScanConfig::until`] only the first files may be read, the same ones in both passes.
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
    scan_before(0, files, config, sink, observer, cancel)
}

/// As [`scan`], where `n_later` passes follow.
pub(super) fn scan_before(
    n_later: u32,
    files: &[SourceFile],
    config: &ScanConfig,
    sink: &mut dyn RowSink,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<ScanOutcome, ScanError> {
    let n_passes = config.n_passes() + n_later;
    let reference = if config.analysis.standardize == Standardize::Pixel {
        // Whether a sample is enough is told by powers, as they are before pixels can be standardised.
        let detail = if config.until.is_some() { Detail::Radial } else { Detail::Pixels };
        let analysis = AnalysisConfig { standardize: Standardize::Mean, ..config.analysis.with_less_detail(detail) };
        let plan = AnalysisPlan::new(analysis.clone(), None);
        let config = &ScanConfig { analysis, ..config.clone() };
        let what = &pass_name("measuring pixel means and deviations", 1, n_passes);
        let pass =
            Pass { what, files, config, plan: &plan, other_sizes: &[], earlier: None, probes: None, observer, cancel };
        let (outcome, reached) = in_stages(pass, config.until, |part| add_up(part, &mut NoRows))?;
        let ScanOutcome { spectrum, used, .. } = outcome.finish(reached)?;
        Some((spectrum.reference(true), (used, reached)))
    } else {
        None
    };
    // The detector wants the plain image: without window or pixel standardisation its transforms are made anyway.
    let shares_spectra = config.analysis.window == Window::None && reference.is_none();
    let keep_spectra = (config.effective_resolution || config.detectors) && shares_spectra;
    let (reference, first) = reference.unzip();
    let plan = AnalysisPlan::new(AnalysisConfig { keep_spectra, ..config.analysis.clone() }, reference);
    let sharpness = || ResolutionProbes::new(config.analysis.size, config.analysis.channels);
    let probes: Option<Box<dyn ProbeSource>> = match config {
        ScanConfig { detectors: true, .. } => Some(Box::new(DetectorProbes::new(sharpness()))),
        ScanConfig { effective_resolution: true, .. } => Some(Box::new(sharpness())),
        _ => None,
    };
    let probes = probes.as_deref();
    let what = &pass_name("scanning", config.n_passes(), n_passes);
    // What the first pass read is read again.
    let earlier = first.as_ref().map(|(used, _)| used.as_slice());
    let (files, until) = earlier.map_or((files, config.until), |used| (&files[..used.len()], None));
    // Standardised pixels would take a first pass at every size.
    let other_sizes = &if earlier.is_some() { Vec::new() } else { OtherSize::all(config) };
    let pass = Pass { what, files, config, plan: &plan, other_sizes, earlier, probes, observer, cancel };
    let (outcome, reached) = in_stages(pass, until, |part| add_up(part, sink))?;
    outcome.finish(first.map_or(reached, |(_, reached)| reached))
}

/// What a pass does, and which of several it is.
pub(super) fn pass_name(what: &str, number: u32, n_passes: u32) -> String {
    if n_passes > 1 { format!("{what}, pass {number}/{n_passes}") } else { what.to_owned() }
}
