//! The baseline of a policy: a saved spectrum and, beside it, the numbers of every file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use super::rows::files_of;
use super::values::{Between, SetValues, Whole};
use crate::analysis::compare::{Comparison, Measured, check_alike, delta_of};
use crate::analysis::input_file::{ensure_in_place, load_spectrum};
use crate::diffusion::blur_noise::BlurNoise;
use crate::report::read_csv::read_cells;
use crate::spectrum::{RadialStatistics, RapsdOf, SetVector, Spectrum};
use crate::stats::power_law::PowerLawFit;
use crate::stats::student::student_quantile;
use crate::stats::two_samples::{Mean, welch_error};

/// Name of the spectrum in a baseline's folder.
pub const BASELINE_SPECTRUM: &str = "baseline.spectrum";
/// Name of the table in it.
pub const BASELINE_TABLE: &str = "images.csv";

/// Most unreadable files that are counted without their names: what a spectrum says of itself is not believed beyond.
const MAX_UNNAMED: u64 = 10_000_000;

/// Share of their power that bands keep, and the noise-to-signal ratio that hides them: the defaults of `blur-noise`.
const RETAIN: f64 = 0.9;
const KAPPA: f64 = 1.0;

/// What a set is compared with.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// Where it is.
    pub path: PathBuf,
    /// Its sums.
    pub spectrum: Arc<Spectrum>,
    /// Its numbers.
    pub values: SetValues,
}

impl Baseline {
    /// Reads the folder of a baseline, or a spectrum beside which the tables of its files are.
    ///
    /// # Errors
    ///
    /// If there is no spectrum, or a file cannot be used.
    pub fn open(path: &Path) -> Result<Self> {
        let file = if path.is_dir() { spectrum_in(path)? } else { path.to_owned() };
        let spectrum = load_spectrum(&file).context(
            "without the baseline nothing can be compared; renew it with `specscan check --update-baseline`",
        )?;
        let beside = |name: &str| file.parent().unwrap_or(Path::new(".")).join(name);
        let (mut columns, mut files, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
        if beside(BASELINE_TABLE).exists() {
            ensure_in_place(&beside(BASELINE_TABLE))?;
            let shown = beside(BASELINE_TABLE).display().to_string();
            let table = read_cells(&beside(BASELINE_TABLE)).with_context(|| format!("cannot use {shown}"))?;
            (columns, files) = files_of(&table).with_context(|| format!("cannot use {shown}"))?;
        }
        if spectrum.counts().n_skipped > 0 && beside("skipped.csv").exists() {
            let table = read_cells(&beside("skipped.csv")).context("cannot use the skipped.csv of the baseline")?;
            unreadable = table.into_iter().skip(1).filter_map(|row| row.into_iter().next()).collect();
        }
        // Without the list the number is still known.
        let n_unnamed = spectrum.counts().n_skipped.saturating_sub(unreadable.len() as u64).min(MAX_UNNAMED);
        unreadable.extend((0..n_unnamed).map(|_| String::new()));
        let config = spectrum.analysis_config();
        let whole = Some(whole(&spectrum)?);
        let longer_side_px = config.size.longer_side();
        let values = SetValues { columns, files, unreadable, shape: SetVector::empty(&config), longer_side_px, whole };
        Ok(Self { path: path.to_owned(), spectrum: Arc::new(spectrum), values })
    }
}

fn spectrum_in(folder: &Path) -> Result<PathBuf> {
    let listed = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == "spectrum"));
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!(
            "{} holds no saved spectrum: make a baseline with `specscan check FOLDER --init -o DIR`",
            folder.display()
        ),
        _ => bail!("{} holds several saved spectra; name one as the baseline", folder.display()),
    }
}

/// What a spectrum says of the set as a whole.
///
/// # Errors
///
/// If its Γ cannot be had.
pub fn whole(spectrum: &Spectrum) -> Result<Whole> {
    let measured = Measured::new("", spectrum)?.summary;
    let law = measured.law.as_ref();
    Ok(Whole {
        delta: law.map(delta_of),
        amplitude: law.map(|law| of_law(law, law.amplitude, law.amplitude_and_r2_se.map(|(amplitude, _)| amplitude))),
        r2: law.map(|law| of_law(law, law.r2, law.amplitude_and_r2_se.map(|(_, r2)| r2))),
        blur_noise_ratio: blur_noise_ratio(spectrum),
        artefact_peak_db: measured.artefact_peaks.first().map_or(0.0, |peak| peak.height_db),
    })
}

/// A number of a law with its standard error.
fn of_law(law: &PowerLawFit, value: f64, error: Option<f64>) -> Mean {
    // Without an error it cannot be tested.
    Mean { value, variance: error.unwrap_or(f64::NAN).powi(2), n_files: law.n_files }
}

fn blur_noise_ratio(spectrum: &Spectrum) -> Option<Mean> {
    let rapsd = spectrum.centred_rapsd(RapsdOf::ChannelMean);
    let blur = BlurNoise::new(&rapsd, spectrum.grid().size().longer_side(), KAPPA);
    let limit = blur.largest_ratio(RETAIN)?;
    let n_files = spectrum.counts().n_files;
    let interval = blur.interval(limit, &spectrum.radial_statistics(RapsdOf::ChannelMean));
    let half = interval.high95.map_or(f64::NAN, |high| (high / limit.ratio).ln());
    let error = limit.ratio * half / student_quantile(n_files as f64 - 1.0);
    Some(Mean { value: limit.ratio, variance: error * error, n_files })
}

/// How a set differs from its baseline as a whole.
///
/// # Errors
///
/// If sizes or channels differ or, unless allowed, the preparation; and what LAPACK refuses.
pub fn between(baseline: &Spectrum, set: &Spectrum, allow_different: bool) -> Result<Between> {
    let (first, second) = (Measured::new("the baseline", baseline)?, Measured::new("the set", set)?);
    check_alike(&first, &second, allow_different)?;
    let comparison = Comparison::of(&first, &second, None)?;
    let [one, two] = [baseline, set].map(|spectrum| spectrum.radial_statistics(RapsdOf::ChannelMean));
    let w2_per_dim = comparison.distance.map(|distance| (distance.w2_per_dim, distance.w2_per_dim_by_chance));
    Ok(Between { w2_per_dim, ..between_annuli(&one, &two) })
}

/// How the RAPSD of a set differs from that of its baseline; its other numbers are none.
pub fn between_annuli(one: &RadialStatistics, two: &RadialStatistics) -> Between {
    let n = one.mean.len();
    // The brightness is no band.
    let annuli: Vec<usize> = (1..n).filter(|j| one.mean[*j] > 0.0 && two.mean[*j] > 0.0).collect();
    let (mut covariance, mut degrees) = (Vec::new(), f64::NAN);
    if one.covariance_of_mean.len() == n * n && two.covariance_of_mean.len() == n * n {
        let of = |s: &RadialStatistics, i: usize, j: usize| s.covariance_of_mean[i * n + j] / (s.mean[i] * s.mean[j]);
        let pairs = annuli.iter().flat_map(|i| annuli.iter().map(move |j| (*i, *j)));
        covariance = pairs.map(|(i, j)| of(one, i, j) + of(two, i, j)).collect();
        let spread = |s: &RadialStatistics| Mean {
            value: 0.0,
            variance: annuli.iter().map(|j| of(s, *j, *j)).sum(),
            n_files: s.n_files,
        };
        degrees = welch_error(spread(one), spread(two)).map_or(f64::NAN, |(_, degrees)| degrees);
    }
    let ln_quotients = annuli.iter().map(|j| (two.mean[*j] / one.mean[*j]).ln()).collect();
    Between { ln_quotients, covariance, degrees, w2_per_dim: None }
}
