//! The same images under two preparations: differences image by image, which leaves out what images have in common.

use std::collections::BTreeMap;

use crate::analysis::SinkResult;
use crate::pipeline::{ImageRow, RowSink};
use crate::spectrum::{AnalysisConfig, SetVector};
use crate::stats::two_samples::{Difference, Mean};

/// The vector of each file of a pass, mean over its images, by its path.
#[derive(Debug, Clone, Default)]
pub struct FileVectors {
    sums: BTreeMap<String, (Vec<f64>, u32)>,
    shape: Option<SetVector>,
    least_power: f64,
}

impl FileVectors {
    /// Collects the vectors of images analysed as `config` says.
    pub fn of(config: &AnalysisConfig) -> Self {
        Self { shape: Some(SetVector::empty(config)), least_power: config.least_band_power(), ..Self::default() }
    }
}

impl RowSink for FileVectors {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        // Without a shape nobody asked for pairs.
        let Some(shape) = &self.shape else { return Ok(()) };
        let mut vector = vec![0.0; shape.bands.len() + 2 * shape.n_channels + 1];
        SetVector::write_image(&shape.bands, self.least_power, row.summary, &mut vector);
        match self.sums.get_mut(row.key) {
            Some((sum, n)) => {
                sum.iter_mut().zip(&vector).for_each(|(s, v)| *s += v);
                *n += 1;
            }
            None => {
                self.sums.insert(row.key.to_owned(), (vector, 1));
            }
        }
        Ok(())
    }
}

impl FileVectors {
    /// Files, in the order of their paths.
    pub fn n_files(&self) -> usize {
        self.sums.len()
    }

    /// The vector of each file, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, Vec<f64>)> {
        self.sums.iter().map(|(key, sums)| (key.as_str(), mean_of_file(sums)))
    }

    /// Mean over some of the files (by their positions, each as much as the others) and its covariance between them;
    /// none without files.
    pub fn mean_over(&self, files: &[usize]) -> Option<SetVector> {
        let all: Vec<&(Vec<f64>, u32)> = self.sums.values().collect();
        let rows: Vec<Vec<f64>> = files.iter().map(|&i| mean_of_file(all[i])).collect();
        (!rows.is_empty()).then_some(())?;
        Some(self.shape.as_ref()?.over_files(&rows))
    }
}

/// Mean over the images of one file.
fn mean_of_file((sum, n): &(Vec<f64>, u32)) -> Vec<f64> {
    sum.iter().map(|s| s / f64::from(*n)).collect()
}

/// The mean difference of pairs, second minus first, and its covariance between files.
#[derive(Debug, Clone)]
pub struct PairedMeans {
    vector: SetVector,
    first: SetVector,
    second: SetVector,
}

impl PairedMeans {
    /// Pairs the files of two passes by their paths; none if none are in both. Beside them the number of files that
    /// have no partner.
    pub fn of(first: &FileVectors, second: &FileVectors) -> (Option<Self>, usize) {
        let Some(shape) = &first.shape else { return (None, 0) };
        let pairs: Vec<(Vec<f64>, Vec<f64>)> = first
            .sums
            .iter()
            .filter_map(|(key, sums)| Some((mean_of_file(sums), mean_of_file(second.sums.get(key)?))))
            .collect();
        let alone = first.sums.len() + second.sums.len() - 2 * pairs.len();
        if pairs.is_empty() {
            return (None, alone);
        }
        let differences: Vec<Vec<f64>> =
            pairs.iter().map(|(a, b)| a.iter().zip(b).map(|(a, b)| b - a).collect()).collect();
        let (firsts, seconds): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let [vector, first, second] = [differences, firsts, seconds].map(|vectors| shape.over_files(&vectors));
        (Some(Self { vector, first, second }), alone)
    }

    /// Mean difference, with its covariance.
    pub fn vector(&self) -> &SetVector {
        &self.vector
    }

    /// Pairs.
    pub fn n_files(&self) -> u64 {
        self.vector.n_files
    }

    /// The difference of an estimate between the pairs. What is no mean (a standard deviation) differs by its slope:
    /// its variance is that of the difference along the gradient halfway between both.
    pub fn difference(&self, of: &dyn Fn(&SetVector) -> Mean) -> Difference {
        let value = of(&self.second).value - of(&self.first).value;
        let halfway = SetVector {
            mean: self.first.mean.iter().zip(&self.second.mean).map(|(a, b)| 0.5 * (a + b)).collect(),
            covariance_of_mean: self.vector.covariance_of_mean.clone(),
            ..self.vector.clone()
        };
        let variance = of(&halfway).variance;
        if self.n_files() < 2 || !variance.is_finite() {
            return Difference { value, low95: None, high95: None, p: None };
        }
        Difference::with_error(value, variance.sqrt(), self.n_files() as f64 - 1.0)
    }
}
