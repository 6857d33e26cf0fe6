//! How one set differs from another, as numbers: band by band, all bands together, power law, brightness, contrast,
//! colour, distances (docs/maths.md §13).

use anyhow::{Context, Result};
use serde::Serialize;

use super::pairs::PairedMeans;
use crate::analysis::source::rounding_power_of;
use crate::noise::set_distance::{SetDistance, set_distance};
use crate::spectrum::{Preprocess, RadialStatistics, RapsdOf, SetVector, Spectrum, Standardize};
use crate::stats::artefact_peaks::{ArtefactPeak, artefact_peaks};
use crate::stats::power_law::{FitRange, MIN_FILES, PowerLawFit};
use crate::stats::spectrum_fit::fit_set;
use crate::stats::student::student_quantile;
use crate::stats::two_samples::{Difference, Hotelling, Mean, Means, holm, hotelling, hotelling_paired, welch};

/// Decibels in a natural logarithm of a power.
pub const DB_PER_LN: f64 = 10.0 / std::f64::consts::LN_10;

/// All tests of a family together err in this share of cases at most.
pub const FAMILY_LEVEL: f64 = 0.05;

/// One set by itself.
#[derive(Debug, Clone, Serialize)]
pub struct SetSummary {
    /// What it is called.
    pub name: String,
    /// Images.
    pub n_images: u64,
    /// Files they come from.
    pub n_files: u64,
    /// How its images were prepared.
    pub preprocess: Preprocess,
    /// Its power law; none if none can be fitted.
    pub law: Option<PowerLawFit>,
    /// Mean of all pixels and channels, value.
    pub brightness: f64,
    /// Standard deviation of the pixels around each channel's mean, root mean square over channels, value.
    pub contrast: f64,
    /// Modes of Γ that stand out where artefacts leave their mark, highest first.
    pub artefact_peaks: Vec<ArtefactPeak>,
}

/// How the second set differs from the first.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Name of the first.
    pub first: String,
    /// Name of the second.
    pub second: String,
    /// Whether images were compared one by one with those of the same path.
    pub n_pairs: Option<u64>,
    /// Octave bands, lowest first.
    pub bands: Vec<BandDifference>,
    /// All bands together; none if there are too few files for that.
    pub overall: Option<Hotelling>,
    /// Root mean square over annuli of the difference of ln power, dB.
    pub log_spectral_distance_db: f64,
    /// Distances as Gaussians; none with fewer than two images.
    pub distance: Option<SetDistance>,
    /// Δ; none if one has none.
    pub delta: Option<Difference>,
    /// Mean of all pixels, value.
    pub brightness: Difference,
    /// Contrast, value.
    pub contrast: Difference,
    /// Each channel, where there are several.
    pub channels: Vec<ChannelDifference>,
    /// Differences of neighbouring bands that stand together, the largest first.
    pub runs: Vec<BandRun>,
    /// Annuli, for the figure and its table.
    #[serde(skip)]
    pub annuli: Vec<AnnulusRow>,
}

/// How one octave band differs.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct BandDifference {
    /// Its lowest frequency, cycles per pixel.
    pub frequency_low_cycles_per_px: f64,
    /// Its highest.
    pub frequency_high_cycles_per_px: f64,
    /// Difference of the mean log power, dB.
    pub difference_db: Difference,
    /// Chance of it if there is none, as one of all bands (Holm).
    pub p_holm: Option<f64>,
    /// Whether that is at most 5 %.
    pub differs: bool,
}

/// Neighbouring bands that differ to the same side.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct BandRun {
    /// Position of the first band.
    pub first_band: usize,
    /// Position of the last.
    pub last_band: usize,
    /// Lowest frequency, cycles per pixel.
    pub frequency_low_cycles_per_px: f64,
    /// Highest.
    pub frequency_high_cycles_per_px: f64,
    /// Mean over the bands, dB.
    pub difference_db: Difference,
}

/// How one channel differs.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelDifference {
    /// Its name.
    pub channel: String,
    /// Its mean, value.
    pub mean: Difference,
    /// Its standard deviation around that, value.
    pub std: Difference,
}

/// Row of `compare_annuli.csv`: one annulus of two sets.
#[derive(Debug, Clone, Serialize)]
pub struct AnnulusRow {
    /// First set.
    pub first: String,
    /// Second set.
    pub second: String,
    /// Annulus index.
    pub bin: usize,
    /// `j/L`.
    pub frequency_cycles_per_px: f64,
    /// Mean power of the first, value² per mode.
    pub power_first: f64,
    /// Of the second.
    pub power_second: f64,
    /// Difference of the logarithms of the mean powers, dB; empty where one has no power.
    pub difference_db: Option<f64>,
    /// Its standard error between files; pairs are not used.
    pub difference_db_se: Option<f64>,
}

/// A spectrum with what is compared of it.
#[derive(Debug)]
pub struct Measured<'a> {
    /// The set by itself.
    pub summary: SetSummary,
    spectrum: &'a Spectrum,
    vector: SetVector,
    statistics: RadialStatistics,
}

impl<'a> Measured<'a> {
    /// What is compared of `spectrum`.
    ///
    /// # Errors
    ///
    /// If its Γ cannot be had.
    pub fn new(name: &str, spectrum: &'a Spectrum) -> Result<Self> {
        let vector = spectrum.set_vector().context("the spectrum holds no powers")?;
        let counts = spectrum.counts();
        let has_gamma = counts.n_images >= 2;
        let range = FitRange::for_size(spectrum.grid().size());
        let law = if has_gamma { fit_set(spectrum, &range)?.ok() } else { None };
        let peaks = match has_gamma {
            true => artefact_peaks(spectrum.grid(), &spectrum.mode_covariance()?.channel_mean()),
            false => Vec::new(),
        };
        let summary = SetSummary {
            name: name.to_owned(),
            n_images: counts.n_images,
            n_files: counts.n_files,
            preprocess: spectrum.preprocess().clone(),
            law,
            brightness: vector.brightness().value,
            contrast: vector.contrast().value,
            artefact_peaks: peaks,
        };
        Ok(Self { summary, spectrum, statistics: spectrum.radial_statistics(RapsdOf::ChannelMean), vector })
    }
}

impl Comparison {
    /// How `second` differs from `first`; `pairs` are images of the same path in both.
    ///
    /// # Errors
    ///
    /// If LAPACK refuses the covariance of the bands.
    ///
    /// # Panics
    ///
    /// If sizes or channels differ: see [`super::alike::check_alike`].
    pub fn of(first: &Measured<'_>, second: &Measured<'_>, pairs: Option<&PairedMeans>) -> Result<Self> {
        let (v1, v2) = (&first.vector, &second.vector);
        let compare = |of: &dyn Fn(&SetVector) -> Mean| match pairs {
            Some(pairs) => pairs.difference(of),
            None => welch(of(v1), of(v2)),
        };
        let bands = bands(v1, first.spectrum.grid().size().longer_side(), &compare);
        let runs = runs(&bands, &compare);
        let names = first.spectrum.preprocess().channels.names();
        let channels = match names {
            [_] => Vec::new(),
            names => names
                .iter()
                .enumerate()
                .map(|(c, name)| ChannelDifference {
                    channel: (*name).to_owned(),
                    mean: compare(&|v| v.number(v.means().start + c)),
                    std: compare(&|v| v.deviation(c..c + 1)),
                })
                .collect(),
        };
        let annuli = annuli(first, second);
        Ok(Self {
            first: first.summary.name.clone(),
            second: second.summary.name.clone(),
            n_pairs: pairs.map(PairedMeans::n_files),
            overall: test_of_bands(v1, v2, pairs)?,
            log_spectral_distance_db: root_mean_square(annuli.iter().skip(1).filter_map(|row| row.difference_db)),
            distance: distance(first, second)?,
            delta: delta(&first.summary, &second.summary),
            brightness: compare(&SetVector::brightness),
            contrast: compare(&SetVector::contrast),
            bands,
            channels,
            runs,
            annuli,
        })
    }

    /// Whether anything was found to differ: all bands together, or one of them.
    pub fn spectra_differ(&self) -> bool {
        self.overall.is_some_and(|test| test.p <= FAMILY_LEVEL) || self.bands.iter().any(|band| band.differs)
    }
}

/// From an estimate of one set to its difference between both.
type Compared<'a> = dyn Fn(&dyn Fn(&SetVector) -> Mean) -> Difference + 'a;

/// Every octave band, with the chances of all.
fn bands(vector: &SetVector, longer_side_px: usize, compare: &Compared<'_>) -> Vec<BandDifference> {
    let differences: Vec<Difference> =
        (0..vector.bands.len()).map(|m| compare(&|v| v.number(m)).scaled(DB_PER_LN)).collect();
    // A band without a chance of its own was not tested.
    let known: Vec<f64> = differences.iter().filter_map(|d| d.p).collect();
    let mut adjusted = holm(&known).into_iter();
    let frequency = |j: usize| j as f64 / longer_side_px as f64;
    vector
        .bands
        .iter()
        .zip(differences)
        .map(|(band, difference_db)| {
            let p_holm = difference_db.p.and_then(|_| adjusted.next());
            BandDifference {
                frequency_low_cycles_per_px: frequency(band.start),
                frequency_high_cycles_per_px: frequency(band.end - 1),
                differs: p_holm.is_some_and(|p| p <= FAMILY_LEVEL),
                p_holm,
                difference_db,
            }
        })
        .collect()
}

/// Neighbours that differ to the same side, the largest difference first.
fn runs(bands: &[BandDifference], compare: &Compared<'_>) -> Vec<BandRun> {
    let side = |m: usize| bands[m].differs.then(|| bands[m].difference_db.value > 0.0);
    let mut runs = Vec::new();
    let mut start = 0;
    while start < bands.len() {
        let mut last = start;
        while last + 1 < bands.len() && side(last + 1) == side(start) {
            last += 1;
        }
        if side(start).is_some() {
            runs.push(BandRun {
                first_band: start,
                last_band: last,
                frequency_low_cycles_per_px: bands[start].frequency_low_cycles_per_px,
                frequency_high_cycles_per_px: bands[last].frequency_high_cycles_per_px,
                difference_db: compare(&|v| v.bands_mean(start, last)).scaled(DB_PER_LN),
            });
        }
        start = last + 1;
    }
    runs.sort_by(|a, b| b.difference_db.value.abs().total_cmp(&a.difference_db.value.abs()));
    runs
}

/// Hotelling's test of all octave bands together; none if there are too few files, or bands that do not vary.
///
/// # Errors
///
/// If LAPACK cannot be called.
pub fn test_of_bands(v1: &SetVector, v2: &SetVector, pairs: Option<&PairedMeans>) -> Result<Option<Hotelling>> {
    use crate::stats::covariance::CovarianceError::{Factorisation, NoVariance};
    let tested = match pairs {
        Some(pairs) => {
            let covariance = pairs.vector().band_covariance();
            let (values, n_files) = (&pairs.vector().mean[..v1.bands.len()], pairs.n_files());
            hotelling_paired(Means { values, covariance: &covariance, n_files })
        }
        None => {
            let (c1, c2) = (v1.band_covariance(), v2.band_covariance());
            let means = |v: &SetVector| v.mean[..v.bands.len()].to_vec();
            let (m1, m2) = (means(v1), means(v2));
            hotelling(
                Means { values: &m1, covariance: &c1, n_files: v1.n_files },
                Means { values: &m2, covariance: &c2, n_files: v2.n_files },
            )
        }
    };
    match tested {
        Ok(test) => Ok(test),
        // Bands that do not vary, or only together, leave nothing to compare a difference with.
        Err(NoVariance { .. } | Factorisation { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The difference of the power laws' exponents, from their intervals.
fn delta(first: &SetSummary, second: &SetSummary) -> Option<Difference> {
    Some(welch(delta_of(first.law.as_ref()?), delta_of(second.law.as_ref()?)))
}

/// The exponent of a law, with the variance that its interval says.
pub(in crate::analysis) fn delta_of(law: &PowerLawFit) -> Mean {
    let degrees = law.n_files as f64 - 1.0;
    let error = law.delta_high95.map_or(f64::NAN, |high| (high - law.delta) / student_quantile(degrees));
    // Too few files for an interval are too few for a test.
    let n_files = if law.n_files < MIN_FILES { 1 } else { law.n_files };
    Mean { value: law.delta, variance: error * error, n_files }
}

fn distance(first: &Measured<'_>, second: &Measured<'_>) -> Result<Option<SetDistance>> {
    let (a, b) = (first.spectrum, second.spectrum);
    if a.n_images() < 2 || b.n_images() < 2 {
        return Ok(None);
    }
    // Standardised pixels have no rounding power of their own; a tiny one keeps logarithms finite.
    let is_standardised = a.preprocess().standardize == Standardize::Pixel;
    let rounding = if is_standardised { 1e-9 } else { rounding_power_of(a.preprocess()) };
    Ok(Some(set_distance(a, b, rounding)?))
}

/// The RAPSDs beside each other.
fn annuli(first: &Measured<'_>, second: &Measured<'_>) -> Vec<AnnulusRow> {
    let (s1, s2) = (&first.statistics, &second.statistics);
    let (e1, e2) = (s1.standard_error(), s2.standard_error());
    let frequencies = first.spectrum.grid().annulus_frequencies();
    let row = |(bin, frequency_cycles_per_px): (usize, f64)| {
        let (power_first, power_second) = (s1.mean[bin], s2.mean[bin]);
        let has_power = power_first > 0.0 && power_second > 0.0;
        let relative = e1.get(bin).zip(e2.get(bin)).map(|(a, b)| (a / power_first).hypot(b / power_second));
        AnnulusRow {
            first: first.summary.name.clone(),
            second: second.summary.name.clone(),
            bin,
            frequency_cycles_per_px,
            power_first,
            power_second,
            difference_db: has_power.then(|| DB_PER_LN * (power_second / power_first).ln()),
            difference_db_se: relative.filter(|_| has_power).map(|relative| DB_PER_LN * relative),
        }
    };
    frequencies.into_iter().enumerate().map(row).collect()
}

fn root_mean_square(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value * value, n + 1.0));
    if n == 0.0 { 0.0 } else { (sum / n).sqrt() }
}
