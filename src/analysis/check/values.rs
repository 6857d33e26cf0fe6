//! A set as the rules of a policy see it: numbers of every file, and of the set as a whole. Judging takes nothing else,
//! so that tests can judge made-up sets and random halves.

use crate::analysis::rows::class_of;
use crate::spectrum::SetVector;
use crate::stats::two_samples::Mean;

/// The numbers of one file: means over its working images.
#[derive(Debug, Clone, PartialEq)]
pub struct FileValues {
    /// Path below the input.
    pub key: String,
    /// Working images that it was cut into.
    pub n_images: u64,
    /// One number for each of [`SetValues::columns`]; NaN where there is none.
    pub numbers: Vec<f64>,
    /// Bands, mean squares and means, as in [`SetVector::mean`]; empty if they are not known.
    pub vector: Vec<f64>,
}

/// What is known of a set only together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Whole {
    /// Exponent of the power law; none if none can be fitted.
    pub delta: Option<Mean>,
    /// Its amplitude, value.
    pub amplitude: Option<Mean>,
    /// Its coefficient of determination.
    pub r2: Option<Mean>,
    /// Largest blur, pixels per unit of noise, at which noise hides every band before blur has taken a tenth of it.
    pub blur_noise_ratio: Option<Mean>,
    /// Highest periodic peak of Γ over its neighbourhood, dB; 0 if there is none.
    pub artefact_peak_db: f64,
}

/// How the spectra of two sets differ as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Between {
    /// ln of the quotient of the mean powers of each annulus.
    pub ln_quotients: Vec<f64>,
    /// Its covariance, row by row; empty if it is not known.
    pub covariance: Vec<f64>,
    /// Degrees of freedom on which that is known.
    pub degrees: f64,
    /// 2-Wasserstein distance over √D, value, and what it is by chance, at least.
    pub w2_per_dim: Option<(f64, f64)>,
}

/// A set.
#[derive(Debug, Clone, PartialEq)]
pub struct SetValues {
    /// Names of the numbers of each file.
    pub columns: Vec<String>,
    /// Files that were used, in path order.
    pub files: Vec<FileValues>,
    /// Files that could not be read, by their paths.
    pub unreadable: Vec<String>,
    /// What a vector holds; its mean is empty.
    pub shape: SetVector,
    /// Longer side of the working images, pixels.
    pub longer_side_px: usize,
    /// What the whole set says; none of a part of it.
    pub whole: Option<Whole>,
}

impl SetValues {
    /// Files that were used.
    pub fn n_files(&self) -> u64 {
        self.files.len() as u64
    }

    /// The position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The numbers of a column, NaN where a file has none.
    pub fn numbers(&self, column: usize) -> impl Iterator<Item = f64> + '_ {
        self.files.iter().map(move |file| file.numbers[column])
    }

    /// Mean vector over the files, and its covariance; none if it is not known of them.
    pub fn vector(&self) -> Option<SetVector> {
        let rows: Vec<Vec<f64>> = self.files.iter().map(|file| file.vector.clone()).collect();
        let length = self.shape.bands.len() + 2 * self.shape.n_channels + 1;
        let is_known = !rows.is_empty() && rows.iter().all(|row| row.len() == length);
        is_known.then(|| self.shape.over_files(&rows))
    }

    /// Mean over the files of a column that have a number, and its variance; none if none has.
    pub fn mean(&self, column: usize) -> Option<Mean> {
        let numbers: Vec<f64> = self.numbers(column).filter(|v| !v.is_nan()).collect();
        let n = numbers.len() as f64;
        let value = numbers.iter().sum::<f64>() / n;
        let variance = numbers.iter().map(|x| (x - value).powi(2)).sum::<f64>() / ((n - 1.0) * n);
        (n > 0.0).then_some(Mean { value, variance, n_files: numbers.len() as u64 })
    }

    /// Some of the files, by their positions, as a set of their own.
    pub fn part(&self, files: impl IntoIterator<Item = usize>) -> Self {
        let files = files.into_iter().map(|i| self.files[i].clone()).collect();
        Self { files, unreadable: Vec::new(), whole: None, ..self.clone_without_files() }
    }

    /// The names of the folders that the files lie in, the first folder of each path; `.` of files in none.
    pub fn classes(&self) -> Vec<String> {
        let keys = self.files.iter().map(|file| &file.key).chain(&self.unreadable);
        // Of a baseline's unreadable files only the number may be known.
        let keys = keys.filter(|key| !key.is_empty());
        let mut names: Vec<String> = keys.map(|key| class_of(key).to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The files of one of [`SetValues::classes`] as a set of their own.
    pub fn of_class(&self, class: &str) -> Self {
        let mine = |key: &&String| class_of(key) == class;
        let files = self.files.iter().filter(|file| mine(&&file.key)).cloned().collect();
        let unreadable = self.unreadable.iter().filter(mine).cloned().collect();
        Self { files, unreadable, whole: None, ..self.clone_without_files() }
    }

    fn clone_without_files(&self) -> Self {
        Self {
            columns: self.columns.clone(),
            files: Vec::new(),
            unreadable: Vec::new(),
            shape: self.shape.clone(),
            longer_side_px: self.longer_side_px,
            whole: None,
        }
    }
}
