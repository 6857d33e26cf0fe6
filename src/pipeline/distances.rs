//! How far each image is from a set: a second pass over the images, their transforms against the set's Γ.

use super::Observer;
use super::halves::Halves;
use super::pass::{Cancel, Pass, RowSink, ScanError, run_pass};
use super::probe::{ImageProbe, ProbeSource};
use super::scan::ScanConfig;
use crate::dataset::{SourceFile, View};
use crate::noise::DatasetModel;
use crate::noise::image_distance::{ImageDistance, ImageDistancePlan, Shift};
use crate::spectrum::{AnalysisConfig, AnalysisPlan, Analyzer, Detail, Spectrum, Standardize};

/// What images are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judges<'a> {
    /// The whole set.
    pub whole: &'a DatasetModel,
    /// The two halves: an image is judged by the one it is not in.
    pub halves: Option<(&'a [DatasetModel; 2], &'a Halves)>,
}

/// Reads `files` once more and measures every image against `judges`; rows go to `sink`, their numbers are those of
/// [`ImageDistance`]. `spectrum` is the first pass' result over the same files.
///
/// # Errors
///
/// As [`super::scan()`].
pub fn measure_distances(
    files: &[SourceFile],
    config: &ScanConfig,
    spectrum: &Spectrum,
    judges: Judges<'_>,
    sink: &mut dyn RowSink,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<(), ScanError> {
    let is_standardized = config.analysis.standardize == Standardize::Pixel;
    let analysis = AnalysisConfig { keep_spectra: true, ..config.analysis.with_less_detail(Detail::Radial) };
    let plan = AnalysisPlan::new(analysis, Some(spectrum.reference(is_standardized)));
    let n_channels = config.analysis.channels.count();
    let value_per_code = (0..n_channels).map(|c| if is_standardized { 1.0 } else { config.analysis.value_per_code(c) });
    let value_per_code: Vec<f64> = value_per_code.collect();
    let whole = ImageDistancePlan::new(judges.whole, &value_per_code, Shift::None);
    let halves = judges.halves.map(|(models, halves)| {
        let plan = |model| ImageDistancePlan::new(model, &value_per_code, Shift::FromMeanOf(judges.whole));
        ([plan(&models[0]), plan(&models[1])], halves.half_of_file.as_slice())
    });
    let probes = DistanceProbes { whole, halves };
    observer.started("measuring each image", files.len());
    let pass = Pass { files, config, plan: &plan, probes: Some(&probes), observer, cancel };
    run_pass(pass, sink)?;
    observer.finished();
    Ok(())
}

struct DistanceProbes<'a> {
    whole: ImageDistancePlan,
    halves: Option<([ImageDistancePlan; 2], &'a [u8])>,
}

impl ProbeSource for DistanceProbes<'_> {
    fn probe(&self) -> Box<dyn ImageProbe + '_> {
        Box::new(DistanceProbe { probes: self, scratch: self.whole.scratch() })
    }
}

struct DistanceProbe<'a> {
    probes: &'a DistanceProbes<'a>,
    scratch: crate::noise::image_distance::Scratch,
}

impl ImageProbe for DistanceProbe<'_> {
    fn measure(&mut self, file: usize, analyzer: &Analyzer, _: &View<'_>, numbers: &mut Vec<f64>) {
        let Some(spectra) = analyzer.latest_spectra() else { return };
        let measured = self.probes.whole.measure(spectra, &mut self.scratch);
        let held_out = self.probes.halves.as_ref().map(|(plans, half_of_file)| {
            let other = &plans[usize::from(1 - half_of_file[file])];
            other.measure(spectra, &mut self.scratch).square
        });
        ImageDistance { held_out_square: held_out, ..measured }.append_to(numbers);
    }
}
