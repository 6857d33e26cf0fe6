//! How far each image is from a set: a second pass over the images, their transforms against the set's Γ.

use super::config::{ScanConfig, ScanOutcome, UsedFile};
use super::error::{Cancel, ScanError};
use super::halves::Halves;
use super::observer::Observer;
use super::pass::{Pass, run_pass};
use super::probe::{ImageProbe, ProbeSource};
use super::rows::RowSink;
use super::scan::pass_name;
use super::working::Working;
use crate::dataset::SourceFile;
use crate::noise::image_distance::{ImageDistance, ImageDistancePlan, Membership, Scratch};
use crate::noise::odd_images::WholePowers;
use crate::noise::{DatasetModel, FullModel};
use crate::spectrum::{AnalysisConfig, AnalysisPlan, Analyzer, Detail, ReducedForm, Spectrum, Standardize};

/// The models that images are measured against.
#[derive(Debug, Clone, Copy)]
pub struct Judges<'a> {
    /// The whole set, which ranks them.
    pub ranking: &'a DatasetModel,
    /// The metric in which they are the baseline for noise.
    pub baseline: Baseline<'a>,
    /// The same for reduced images with a full covariance: of the whole, or of each half.
    pub full: &'a [FullModel],
}

/// Against which set the images are a baseline for noise.
#[derive(Debug, Clone, Copy)]
pub enum Baseline<'a> {
    /// The whole but the image itself.
    Whole(&'a DatasetModel),
    /// The half of the set without the image.
    HeldOut(&'a [DatasetModel; 2], &'a Halves),
}

/// What the first pass left.
#[derive(Debug, Clone, Copy)]
pub struct FirstPass<'a> {
    /// The sums.
    pub spectrum: &'a Spectrum,
    /// What it used of each file, in the order of the files.
    pub used: &'a [UsedFile],
}

/// Reads `files` once more and measures every image against `judges`; rows go to `sink`, their numbers are `d²` in the
/// full covariance (if any), those of [`ImageDistance`], then of [`WholePowers`]. `first` says what the first pass over
/// the same files left. What comes back says which of the files that it used are lost.
///
/// # Errors
///
/// As [`super::scan()`].
pub fn measure_distances(
    files: &[SourceFile],
    config: &ScanConfig,
    first: FirstPass<'_>,
    judges: Judges<'_>,
    sink: &mut dyn RowSink,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<ScanOutcome, ScanError> {
    let FirstPass { spectrum, used } = first;
    let is_standardized = config.analysis.standardize == Standardize::Pixel;
    let analysis = AnalysisConfig { keep_spectra: true, ..config.analysis.with_less_detail(Detail::Radial) };
    let plan = AnalysisPlan::new(analysis, Some(spectrum.reference(is_standardized)));
    let n_channels = config.analysis.channels.count();
    let value_per_code = (0..n_channels).map(|c| if is_standardized { 1.0 } else { config.analysis.value_per_code(c) });
    let value_per_code: Vec<f64> = value_per_code.collect();
    let ranking = ImageDistancePlan::new(judges.ranking, &value_per_code, Membership::Members);
    let (baseline, half_of_file) = match judges.baseline {
        Baseline::Whole(model) => (vec![ImageDistancePlan::new(model, &value_per_code, Membership::Members)], None),
        Baseline::HeldOut(models, halves) => {
            let plan = |model| ImageDistancePlan::new(model, &value_per_code, Membership::Others(judges.ranking));
            (models.iter().map(plan).collect(), Some(halves.half_of_file.as_slice()))
        }
    };
    let whole = WholePowers::new(spectrum.grid(), &spectrum.mean_field(), &value_per_code);
    let reduced = if judges.full.is_empty() { None } else { ReducedForm::new(spectrum)? };
    let probes = DistanceProbes { ranking, baseline, half_of_file, whole, full: judges.full, reduced };
    let n_passes = config.n_passes() + 1;
    let what = &pass_name("measuring each image", n_passes, n_passes);
    let (earlier, probes) = (Some(used), Some(&probes as &dyn ProbeSource));
    run_pass(Pass { what, files, config, plan: &plan, other_sizes: &[], earlier, probes, observer, cancel }, sink)
}

struct DistanceProbes<'a> {
    ranking: ImageDistancePlan,
    /// That of the whole, or those of the two halves.
    baseline: Vec<ImageDistancePlan>,
    half_of_file: Option<&'a [u8]>,
    whole: WholePowers,
    full: &'a [FullModel],
    reduced: Option<ReducedForm>,
}

impl ProbeSource for DistanceProbes<'_> {
    fn probe(&self) -> Box<dyn ImageProbe + '_> {
        let (ranking, baseline) = (self.ranking.scratch(), self.baseline[0].scratch());
        Box::new(DistanceProbe { probes: self, ranking, baseline })
    }
}

struct DistanceProbe<'a> {
    probes: &'a DistanceProbes<'a>,
    ranking: Scratch,
    baseline: Scratch,
}

impl ImageProbe for DistanceProbe<'_> {
    fn measure(&mut self, file: usize, analyzer: &Analyzer, _: &Working<'_>, numbers: &mut Vec<f64>) {
        let Some(spectra) = analyzer.latest_spectra() else { return };
        let other = self.probes.half_of_file.map_or(0, |halves| usize::from(1 - halves[file]));
        if let Some(reduced) = &self.probes.reduced {
            let form = reduced.of(analyzer.latest_planes());
            numbers.push(match self.probes.full {
                [whole] => whole.square_of_member(&form),
                halves => halves[other].square_of_form(&form),
            });
        }
        let measured = self.probes.ranking.measure(spectra, &mut self.ranking);
        let baseline = self.probes.baseline[other].measure(spectra, &mut self.baseline);
        ImageDistance { baseline_square: baseline.square, ..measured }.append_to(numbers);
        self.probes.whole.append_to(numbers, spectra);
    }
}
