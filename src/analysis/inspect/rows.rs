//! What is kept of every image until all are in, and the rows of `inspect.csv`.

use std::collections::HashMap;

use serde::Serialize;

use crate::analysis::{SinkResult, row_key};
use crate::detect::findings::{BRIGHTNESS, DUPLICATE, LEAST_ODDNESS, ROUGH, SMOOTH};
use crate::detect::{Bands, FINDINGS, Measured, SET_FINDINGS};
use crate::noise::odd_images::{OddImages, Side};
use crate::pipeline::{ImageRow, RowSink, hash_of};

/// Files from which on an image can be odd among them.
pub const LEAST_FILES: usize = 20;

/// First columns of `inspect.csv`: which image.
#[derive(Debug, Clone, Serialize)]
pub struct FileColumns {
    /// Path below the input; tiles have `#x,y` appended.
    pub path: String,
    /// Format by content.
    pub format: &'static str,
    /// Width of the file's image, pixels.
    pub width_px: usize,
    /// Height of the file's image, pixels.
    pub height_px: usize,
}

/// Last columns of `inspect.csv`: what takes the whole set.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SetColumns {
    /// How far the spectrum lies from the others': mean square over bands of frequency in units of their variance; 1 is
    /// ordinary. None among fewer than 20 files.
    pub oddness: Option<f64>,
    /// On which side of them.
    pub odd_side: Option<Side>,
    /// The first image with the same pixels, if it is not this one.
    pub duplicate_of: Option<String>,
    /// Names of its findings, with blanks between them.
    pub findings: String,
}

/// One image.
#[derive(Debug, Clone)]
pub struct InspectRow {
    /// Which.
    pub file: FileColumns,
    /// Its numbers.
    pub measured: Measured,
    /// How it compares.
    pub set: SetColumns,
    /// Where it is read again: the key of its file.
    pub(in crate::analysis) key: String,
    /// Left and top edge of the tile.
    pub(super) tile_origin: Option<(usize, usize)>,
    hash: u64,
}

impl InspectRow {
    /// Whether it has the finding of that name.
    pub fn has(&self, name: &str) -> bool {
        self.set.findings.split(' ').any(|finding| finding == name)
    }
}

/// All images, in path order.
#[derive(Debug)]
pub struct InspectRows {
    rows: Vec<InspectRow>,
    bands: Bands,
    odd: OddImages,
    powers: Vec<f64>,
    n_files: usize,
    path: String,
}

impl InspectRows {
    /// Keeps images whose spectra are compared in `bands`.
    pub(super) fn new(bands: Bands, odd: OddImages) -> Self {
        Self { rows: Vec::new(), bands, odd, powers: Vec::new(), n_files: 0, path: String::new() }
    }

    /// The rows with what the whole set tells of each.
    pub(in crate::analysis) fn judge(self) -> Vec<InspectRow> {
        let mut rows = self.rows;
        if self.n_files >= LEAST_FILES {
            for (row, judged) in rows.iter_mut().zip(self.odd.judge()) {
                (row.set.oddness, row.set.odd_side) = (Some(judged.oddness), Some(judged.side));
            }
        }
        let mut first: HashMap<u64, usize> = HashMap::new();
        for i in 0..rows.len() {
            let original = *first.entry(rows[i].hash).or_insert(i);
            rows[i].set.duplicate_of = (original < i).then(|| rows[original].file.path.clone());
            rows[i].set.findings = names_of(&rows[i]).join(" ");
        }
        rows
    }
}

/// Names of the findings of an image.
fn names_of(row: &InspectRow) -> Vec<&'static str> {
    let mut names: Vec<&str> = FINDINGS.iter().filter(|f| f.is_found(&row.measured)).map(|f| f.name).collect();
    if row.set.duplicate_of.is_some() {
        names.push(SET_FINDINGS[DUPLICATE].name);
    }
    if row.set.oddness.is_some_and(|oddness| oddness > LEAST_ODDNESS) {
        let side = row.set.odd_side.map(|side| match side {
            Side::Smooth => SMOOTH,
            Side::Rough => ROUGH,
            Side::Brightness => BRIGHTNESS,
        });
        names.extend(side.map(|at| SET_FINDINGS[at].name));
    }
    names
}

impl RowSink for InspectRows {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let not_measured = "the image was not measured; this is a bug, please report it";
        let (measured, rest) = Measured::from_numbers(row.numbers).ok_or(not_measured)?;
        let hash = hash_of(rest).ok_or(not_measured)?;
        let is_new_file = self.rows.last().is_none_or(|last| last.key != row.key);
        self.n_files += usize::from(is_new_file);
        self.bands.fill(&row.summary.rapsd, &mut self.powers);
        self.odd.push(&self.powers, row.summary.mean, is_new_file);
        self.rows.push(InspectRow {
            file: FileColumns {
                path: row_key(row, &mut self.path).to_owned(),
                format: row.format,
                width_px: row.width_px,
                height_px: row.height_px,
            },
            measured,
            set: SetColumns::default(),
            key: row.key.to_owned(),
            tile_origin: row.tile_origin,
            hash,
        });
        Ok(())
    }
}
