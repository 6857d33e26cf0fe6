//! What is kept of every image for the rules, and the table `images.csv` beside a baseline.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::values::{FileValues, SetValues};
use crate::analysis::SinkResult;
use crate::analysis::compare::FileVectors;
use crate::analysis::inspect::{InspectRow, InspectRows};
use crate::dataset::Skipped;
use crate::detect::Measured;
use crate::diffusion::{ImageBounds, Kappa, compute_bounds, rounding_power};
use crate::pipeline::{ImageRow, RowSink};
use crate::spectral::Grid;
use crate::spectrum::{AnalysisConfig, SetVector};
use crate::stats::power_law::{FitRange, ImageFitPlan};

/// Numbers of an image beside those of the detectors.
const OWN_COLUMNS: [&str; 7] = ["mean", "std", "delta", "amplitude", "delta_r2", "sigma_min", "sigma_max"];

/// What the quality of an image is that shows no compression.
const UNCOMPRESSED: f64 = 100.0;

/// Columns of a baseline's table that hold a file's vector begin with this.
const VECTOR: &str = "vector_";

/// All images of a pass.
pub struct CheckRows {
    inspected: InspectRows,
    vectors: FileVectors,
    plan: Option<ImageFitPlan>,
    rounding_power: f64,
    own: Vec<[f64; OWN_COLUMNS.len()]>,
    shape: SetVector,
    longer_side_px: usize,
}

impl CheckRows {
    /// Keeps images analysed as `config` says.
    pub(super) fn new(config: &AnalysisConfig, inspected: InspectRows) -> Self {
        Self {
            inspected,
            vectors: FileVectors::of(config),
            plan: ImageFitPlan::new(&Grid::new(config.size), &FitRange::for_size(config.size)).ok(),
            rounding_power: rounding_power(config.range.low, config.range.high),
            own: Vec::new(),
            shape: SetVector::empty(config),
            longer_side_px: config.size.longer_side(),
        }
    }

    /// The set, of which `skipped` could not be read.
    ///
    /// # Errors
    ///
    /// If rows and vectors are not of the same files.
    pub(super) fn into_values(self, skipped: &[Skipped]) -> Result<SetValues> {
        let mut columns = Vec::new();
        let mut files: Vec<FileValues> = Vec::new();
        let mut counts: Vec<Vec<f64>> = Vec::new();
        let mut at: BTreeMap<String, usize> = BTreeMap::new();
        for (row, own) in self.inspected.judge().iter().zip(&self.own) {
            let numbers = numbers_of(row, own)?;
            if columns.is_empty() {
                columns = numbers.iter().map(|(name, _)| name.clone()).collect();
            }
            let file = *at.entry(row.key.clone()).or_insert_with(|| {
                let numbers = vec![0.0; columns.len()];
                files.push(FileValues { key: row.key.clone(), n_images: 0, numbers, vector: Vec::new() });
                counts.push(vec![0.0; columns.len()]);
                files.len() - 1
            });
            files[file].n_images += 1;
            for (column, (_, number)) in numbers.iter().enumerate().filter(|(_, (_, number))| number.is_finite()) {
                files[file].numbers[column] += number;
                counts[file][column] += 1.0;
            }
        }
        for (file, counts) in files.iter_mut().zip(&counts) {
            // None of no numbers: NaN.
            file.numbers.iter_mut().zip(counts).for_each(|(number, n)| *number /= n);
        }
        for (key, vector) in self.vectors.files() {
            let file = *at.get(key).context("an image has no vector; this is a bug, please report it")?;
            files[file].vector = vector;
        }
        let unreadable = skipped.iter().map(|skipped| skipped.path.clone()).collect();
        let (shape, longer_side_px) = (self.shape, self.longer_side_px);
        Ok(SetValues { columns, files, unreadable, shape, longer_side_px, whole: None })
    }
}

/// Names of the numbers of each file.
///
/// # Errors
///
/// If the detectors' numbers have no names.
pub fn column_names() -> Result<Vec<String>> {
    let own = ["width_px", "height_px"].iter().chain(&OWN_COLUMNS).map(|name| (*name).to_owned());
    let fields = detector_fields(Measured::default())?.into_iter().map(|(name, _)| name);
    Ok(own.chain(fields).chain(["oddness", "duplicate"].map(str::to_owned)).collect())
}

/// The detectors' numbers by their names, in alphabetical order.
fn detector_fields(measured: Measured) -> Result<serde_json::Map<String, serde_json::Value>> {
    match serde_json::to_value(measured)? {
        serde_json::Value::Object(fields) => Ok(fields),
        _ => anyhow::bail!("the detectors' numbers have no names; this is a bug, please report it"),
    }
}

/// All numbers of an image by their names.
fn numbers_of(row: &InspectRow, own: &[f64; OWN_COLUMNS.len()]) -> Result<Vec<(String, f64)>> {
    let mut numbers =
        vec![("width_px".to_owned(), row.file.width_px as f64), ("height_px".to_owned(), row.file.height_px as f64)];
    numbers.extend(OWN_COLUMNS.iter().zip(own).map(|(name, number)| ((*name).to_owned(), *number)));
    let mut measured = row.measured;
    if measured.jpeg_grid_db.is_some() {
        measured.jpeg_quality = measured.jpeg_quality.or(Some(UNCOMPRESSED));
    }
    numbers
        .extend(detector_fields(measured)?.into_iter().map(|(name, value)| (name, value.as_f64().unwrap_or(f64::NAN))));
    numbers.push(("oddness".to_owned(), row.set.oddness.unwrap_or(f64::NAN)));
    numbers.push(("duplicate".to_owned(), f64::from(u8::from(row.set.duplicate_of.is_some()))));
    Ok(numbers)
}

impl RowSink for CheckRows {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        self.inspected.image(row)?;
        self.vectors.image(row)?;
        let summary = row.summary;
        // The spectrum of a flat image is rounding noise.
        let plan = self.plan.as_mut().filter(|_| !summary.flat);
        let fit = plan.and_then(|plan| plan.fit(&summary.rapsd));
        let law = fit.map_or([f64::NAN; 3], |fit| [fit.delta, fit.amplitude, fit.r2]);
        let sigmas = match compute_bounds(&summary.rapsd, Kappa::default(), self.rounding_power) {
            ImageBounds::Range(range) => [range.sigma_min, range.sigma_max],
            ImageBounds::Flat => [f64::NAN; 2],
        };
        self.own.push([summary.mean, summary.std, law[0], law[1], law[2], sigmas[0], sigmas[1]]);
        Ok(())
    }
}

/// The cells of `images.csv`, its header first: a row of each file.
pub(super) fn table(values: &SetValues) -> Vec<Vec<String>> {
    let cell = |number: &f64| if number.is_finite() { number.to_string() } else { String::new() };
    let n_vector = values.files.first().map_or(0, |file| file.vector.len());
    let mut header = vec!["path".to_owned(), "n_images".to_owned()];
    header.extend(values.columns.iter().cloned());
    header.extend((0..n_vector).map(|i| format!("{VECTOR}{i}")));
    let row = |file: &FileValues| {
        let mut cells = vec![file.key.clone(), file.n_images.to_string()];
        cells.extend(file.numbers.iter().chain(&file.vector).map(cell));
        cells
    };
    std::iter::once(header).chain(values.files.iter().map(row)).collect()
}

/// The columns and the files of such a table, or of any other with a column `path` in which columns are numbers.
///
/// # Errors
///
/// If there is no column `path`, or rows are of different lengths.
pub(super) fn files_of(table: &[Vec<String>]) -> Result<(Vec<String>, Vec<FileValues>)> {
    let (header, rows) =
        table.split_first().context("it is empty; renew it with `specscan check --update-baseline`")?;
    let position = |name: &str| header.iter().position(|column| column == name);
    let path = position("path").context("it has no column `path`; renew it with `specscan check --update-baseline`")?;
    let n_images = position("n_images");
    let number = |cell: &str| if cell.is_empty() { Some(f64::NAN) } else { cell.parse::<f64>().ok() };
    let is_number =
        |at: &usize| *at != path && rows.iter().all(|row| row.get(*at).is_some_and(|c| number(c).is_some()));
    let numeric: Vec<usize> = (0..header.len()).filter(is_number).collect();
    let (vector, plain): (Vec<usize>, Vec<usize>) = numeric.iter().partition(|at| header[**at].starts_with(VECTOR));
    let plain: Vec<usize> = plain.into_iter().filter(|at| Some(*at) != n_images).collect();
    let columns = plain.iter().map(|at| header[*at].clone()).collect();
    let pick = |row: &[String], from: &[usize]| from.iter().map(|at| number(&row[*at]).unwrap_or(f64::NAN)).collect();
    let files = rows.iter().map(|row| FileValues {
        key: row[path].clone(),
        n_images: n_images.and_then(|at| row[at].parse().ok()).unwrap_or(1),
        numbers: pick(row, &plain),
        vector: pick(row, &vector),
    });
    Ok((columns, files.collect()))
}
