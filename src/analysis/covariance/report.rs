//! What `covariance` answers: Γ by frequency, colour axes, and how nearly diagonal the full covariance is.

use std::sync::Arc;

use serde::Serialize;

use super::rows::{CoherenceRow, GammaRadialRow, gamma_array};
use crate::analysis::words::{describe_octaves, wrap};
use crate::analysis::{About, Headline, Outputs, Report, figures};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::text::{align, short};
use crate::spectrum::{ModeCovariance, Spectrum};
use crate::stats::circularity::pseudo_covariance_by_chance;
use crate::stats::diagonality::Diagonality;
use crate::stats::octave_precision::OctavePrecision;
use crate::stats::spectrum_covariance::ColorCovariance;

/// Off-diagonal share by chance above which it says nothing of the images.
const MUCH_BY_CHANCE: f64 = 0.1;

/// Off-diagonal share beyond chance that is worth a word.
const LEAST_EXCESS: f64 = 0.02;

/// κ4 of circular Gaussian modes.
const GAUSSIAN_KURTOSIS: f64 = 2.0;

/// Standard errors of one mode's κ4 beyond which an annulus mean is not Gaussian.
const KURTOSIS_ERRORS: f64 = 4.0;

/// How many times the chance level `|C|/Γ` exceeds where modes are not circular: one mode alone does so once in 1200.
const RATIO_FACTOR: f64 = 3.0;

/// Standard error of κ4 of one circular Gaussian mode over `n` images, `√(4/n)`: `Var(|x|⁴/Γ² − 4|x|²/Γ) = 4`.
fn kurtosis_error(n: u64) -> f64 {
    2.0 / (n.max(1) as f64).sqrt()
}

fn by_ratio(a: &(&GammaRadialRow, f64), b: &(&GammaRadialRow, f64)) -> std::cmp::Ordering {
    a.1.total_cmp(&b.1)
}

/// The covariance of a set.
#[derive(Debug, Clone, Serialize)]
pub struct CovarianceReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Γ by frequency, mean over channels.
    pub gamma_radial: Vec<GammaRadialRow>,
    /// How surely Γ is known; none where it is zero beside the zero frequency.
    pub precision: Option<OctavePrecision>,
    /// Covariance of the channels.
    pub color: ColorCovariance,
    /// How nearly diagonal the full covariance is; none if it was not summed up.
    pub diagonality: Option<DiagonalitySummary>,
    #[serde(skip)]
    pub(super) rows: Vec<GammaRadialRow>,
    #[serde(skip)]
    pub(super) coherence: Vec<CoherenceRow>,
    #[serde(skip)]
    pub(super) full: Option<Diagonality>,
    /// Γ of each mode.
    #[serde(skip)]
    pub gamma: ModeCovariance,
    /// The sums.
    #[serde(skip)]
    pub spectrum: Arc<Spectrum>,
}

/// A [`Diagonality`] without its eigenvalues.
#[derive(Debug, Clone, Serialize)]
pub struct DiagonalitySummary {
    /// Dimension of the matrix.
    pub n_dimensions: usize,
    /// Share of the squared entries that lies off the diagonal.
    pub off_diagonal_energy: Option<f64>,
    /// The share by chance.
    pub off_diagonal_energy_by_chance: Option<f64>,
    /// Mean absolute correlation over pairs of modes.
    pub mean_abs_correlation: Option<f64>,
    /// The same by chance.
    pub mean_abs_correlation_by_chance: Option<f64>,
}

impl From<&Diagonality> for DiagonalitySummary {
    fn from(d: &Diagonality) -> Self {
        Self {
            n_dimensions: d.n_dimensions,
            off_diagonal_energy: d.off_diagonal_energy,
            off_diagonal_energy_by_chance: d.off_diagonal_energy_by_chance,
            mean_abs_correlation: d.mean_abs_correlation,
            mean_abs_correlation_by_chance: d.mean_abs_correlation_by_chance,
        }
    }
}

impl CovarianceReport {
    /// Whether modes vary together, and what that means.
    fn result_lines(&self) -> Vec<String> {
        let Some(d) = &self.full else { return Vec::new() };
        let (Some(share), Some(chance)) = (d.off_diagonal_energy, d.off_diagonal_energy_by_chance) else {
            return vec!["off-diagonal share of the squared covariance: unknown".to_owned()];
        };
        let mut lines = vec![format!(
            "off-diagonal share of the squared covariance: {:.1} % (by chance {:.1} %)",
            100.0 * share,
            100.0 * chance
        )];
        lines.extend(wrap(&match share - chance {
            _ if chance > MUCH_BY_CHANCE => {
                "With so few images most of that is chance: whether modes vary together cannot be told; add images."
                    .to_owned()
            }
            excess if excess <= LEAST_EXCESS => {
                let but = self.beyond_chance();
                let what = match but.is_empty() {
                    true => "as good as independent".to_owned(),
                    false => format!("uncorrelated, but {}", but.join(" and ")),
                };
                format!(
                    "Fourier modes are {what}: noise with the images' own spectrum (`matched`) has their covariance{}.",
                    if but.is_empty() { "" } else { ", and no more" }
                )
            }
            _ => "Fourier modes vary together: no noise of independent modes, not even `matched`, has the covariance \
                  of these images; `specscan distance --full-covariance 32` says how far each is."
                .to_owned(),
        }));
        lines
    }

    /// What tells the modes from circular Gaussian ones beyond chance.
    fn beyond_chance(&self) -> Vec<String> {
        let n = self.spectrum.n_images();
        let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let kurtosis = largest(&mut self.rows.iter().filter_map(|row| row.kurtosis));
        let mut found = Vec::new();
        if kurtosis > GAUSSIAN_KURTOSIS + KURTOSIS_ERRORS * kurtosis_error(n) {
            found.push(format!("far from Gaussian (κ4 up to {kurtosis:.1}, 2 if they were)"));
        }
        // C of heavy-tailed modes varies more: its variance goes with κ4.
        let tails = |row: &GammaRadialRow| (row.kurtosis.unwrap_or(0.0) / GAUSSIAN_KURTOSIS).max(1.0).sqrt();
        let chance = |row: &GammaRadialRow| RATIO_FACTOR * pseudo_covariance_by_chance(n) * tails(row);
        let ratio = |row: &GammaRadialRow| row.pseudo_covariance_ratio.filter(|ratio| *ratio > chance(row));
        if let Some((row, ratio)) = self.rows.iter().filter_map(|row| Some((row, ratio(row)?))).max_by(by_ratio) {
            let f = short(row.frequency_cycles_per_px);
            found.push(format!("not circular (|C|/Γ up to {ratio:.2}, at f = {f})"));
        }
        found
    }

    /// Γ at every second octave.
    fn gamma_table(&self) -> Vec<String> {
        let head = ["channel", "f (cycles/px)", "Γ", "|C|/Γ (0: circular)", "κ4 (2: Gaussian)"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        let optional = |v: Option<f64>| v.map_or(String::new(), short);
        let last = self.rows.iter().map(|r| r.bin).max().unwrap_or(0);
        let is_shown = |bin: usize| bin == 0 || bin == last || (bin.is_power_of_two() && bin.ilog2().is_multiple_of(2));
        for row in self.rows.iter().filter(|r| is_shown(r.bin)) {
            let frequency = format!("{:.5}", row.frequency_cycles_per_px);
            let (pseudo, kurtosis) = (optional(row.pseudo_covariance_ratio), optional(row.kurtosis));
            table.push(vec![row.channel.to_owned(), frequency, short(row.gamma_mean), pseudo, kurtosis]);
        }
        align(&table)
    }

    /// The eigenvectors of the channel covariance.
    fn color_lines(&self) -> Vec<String> {
        let ColorCovariance { channels, eigen, .. } = &self.color;
        if channels.len() < 2 {
            return Vec::new();
        }
        let total: f64 = eigen.values.iter().sum();
        let axes = eigen.values.iter().zip(&eigen.vectors).map(|(value, vector)| {
            let terms = channels.iter().zip(vector).map(|(c, v)| format!("{v:+.3} {c}"));
            let share = if total > 0.0 { 100.0 * value / total } else { 0.0 };
            format!("  {share:5.1} %  {}", terms.collect::<Vec<_>>().join(" "))
        });
        std::iter::once("colour axes (eigenvectors of the channel covariance):".to_owned()).chain(axes).collect()
    }

    /// The rows of `color.csv`: the covariance matrix, then eigenvalues with their eigenvectors; columns are named
    /// after the channels.
    fn color_cells(&self) -> Vec<Vec<String>> {
        let ColorCovariance { channels, covariance, eigen } = &self.color;
        let head = ["kind", "name", "value"].into_iter().chain(channels.iter().copied()).map(str::to_owned);
        let mut rows = vec![head.collect()];
        let mut push = |head: [String; 3], cells: &[f64]| {
            rows.push(head.into_iter().chain(cells.iter().map(f64::to_string)).collect());
        };
        for (name, row) in channels.iter().zip(covariance.chunks_exact(channels.len())) {
            push(["covariance".to_owned(), (*name).to_owned(), String::new()], row);
        }
        for (i, (value, vector)) in eigen.values.iter().zip(&eigen.vectors).enumerate() {
            push(["eigenvector".to_owned(), (i + 1).to_string(), value.to_string()], vector);
        }
        rows
    }
}

impl Report for CovarianceReport {
    const OUTPUTS: Outputs = Outputs {
        files: &["gamma.npy", "gamma_radial.csv", "color.csv", "coherence.csv", "diagonality.json"],
        plots: &["gamma"],
    };

    fn headline(&self) -> Option<Headline> {
        self.precision.map(|p| Headline { number: "gamma_db".to_owned(), value: p.power_db })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.result_lines();
        lines.extend(describe_octaves(self.about.counts.n_files, self.precision));
        lines.extend(self.color_lines());
        lines.extend([String::new(), self.about.describe()]);
        lines.extend(self.gamma_table());
        if self.rows.iter().any(|row| row.pseudo_covariance_ratio.is_some()) {
            let n = self.spectrum.n_images();
            lines.push(format!(
                "|C|/Γ of {n} circular Gaussian images is {}: values up to this are chance",
                short(pseudo_covariance_by_chance(n))
            ));
        }
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let mut tables = vec![
            Content::npy("gamma.npy", || gamma_array(&self.spectrum, &self.gamma)),
            Content::table("gamma_radial.csv", &self.rows),
            Content::cells("color.csv", self.color_cells()),
        ];
        if !self.coherence.is_empty() {
            tables.push(Content::table("coherence.csv", &self.coherence));
        }
        tables.extend(self.full.as_ref().map(|full| Content::json("diagonality.json", full)));
        tables
    }

    fn figures(&self) -> Vec<Plot> {
        vec![Plot::new("gamma", figures::gamma(&self.spectrum, &self.gamma))]
    }
}
