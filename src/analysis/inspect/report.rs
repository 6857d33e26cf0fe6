//! What `inspect` answers: how many images have which finding, the worst of each, and lists of them.

use serde::Serialize;

use super::rows::{InspectRow, LEAST_FILES};
use crate::analysis::words::wrap;
use crate::analysis::{About, Outputs, Report};
use crate::detect::findings::{DUPLICATE, LEAST_ODDNESS};
use crate::detect::{FINDINGS, SET_FINDINGS};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::plot::pictures::Picture;
use crate::report::text::align;

/// How many images have one finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FindingSummary {
    /// Its name.
    pub name: &'static str,
    /// Images that have it.
    pub n_images: usize,
    /// Images of which it can be told.
    pub n_told: usize,
    /// Share of all images.
    pub share: f64,
    /// The column of the number, and the threshold; none of duplicates.
    pub column: Option<&'static str>,
    /// The threshold, in the unit of the column.
    pub threshold: Option<f64>,
    /// The image in which it is clearest.
    pub worst_path: Option<String>,
    /// Its number.
    pub worst_value: Option<f64>,
    /// What such images are.
    pub meaning: &'static str,
    /// What to do about them.
    pub remedy: &'static str,
    /// Positions of the images that have it, clearest first.
    #[serde(skip)]
    pub(super) rows: Vec<usize>,
}

/// An inspected set.
#[derive(Debug, Clone, Serialize)]
pub struct InspectReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Images with any finding.
    pub n_found: usize,
    /// Every finding, whether any image has it or none.
    pub findings: Vec<FindingSummary>,
    /// The images, in path order.
    #[serde(skip)]
    pub images: Vec<InspectRow>,
    /// Of each finding the clearest images with their spectra.
    #[serde(skip)]
    pub(super) pictures: Vec<Vec<Picture>>,
}

impl InspectReport {
    /// The report on these images.
    pub(super) fn new(about: About, images: Vec<InspectRow>) -> Self {
        let of_image = FINDINGS.iter().map(|f| {
            let number = |i: usize| (f.value)(&images[i].measured);
            let badness = |i: usize| number(i).map_or(f64::NEG_INFINITY, |v| f.badness(v));
            // A missing JPEG quality says that there was no compression, if there is a grid to look for.
            let is_told = |row: &InspectRow| match f.column {
                "jpeg_quality" => row.measured.jpeg_grid_db.is_some(),
                _ => (f.value)(&row.measured).is_some(),
            };
            let n_told = images.iter().filter(|row| is_told(row)).count();
            let found = FindingSummary { threshold: Some(f.threshold), ..blank(f.name, f.meaning, f.remedy) };
            summarise(FindingSummary { n_told, column: Some(f.column), ..found }, &images, badness, number)
        });
        let of_set = SET_FINDINGS.iter().enumerate().map(|(at, f)| {
            let found = blank(f.name, f.meaning, f.remedy);
            if at == DUPLICATE {
                return summarise(FindingSummary { n_told: images.len(), ..found }, &images, |_| 0.0, |_| None);
            }
            let oddness = |i: usize| images[i].set.oddness;
            let n_told = images.iter().filter(|row| row.set.oddness.is_some()).count();
            let found = FindingSummary { n_told, column: Some("oddness"), threshold: Some(LEAST_ODDNESS), ..found };
            summarise(found, &images, |i| oddness(i).unwrap_or(0.0), oddness)
        });
        let findings = of_image.chain(of_set).collect();
        let n_found = images.iter().filter(|row| !row.set.findings.is_empty()).count();
        Self { about, n_found, findings, images, pictures: Vec::new() }
    }

    /// Findings that some image has, the most frequent first.
    fn found(&self) -> Vec<&FindingSummary> {
        let mut found: Vec<&FindingSummary> = self.findings.iter().filter(|f| f.n_images > 0).collect();
        found.sort_by_key(|f| std::cmp::Reverse(f.n_images));
        found
    }

    fn table(&self, found: &[&FindingSummary]) -> Vec<String> {
        let mut table = vec![["finding", "images", "share", "worst", "which"].map(str::to_owned).to_vec()];
        for f in found {
            table.push(vec![
                f.name.to_owned(),
                f.n_images.to_string(),
                format!("{:.1} %", 100.0 * f.share),
                f.worst_value.map_or("–".to_owned(), number),
                end_of(f.worst_path.as_deref().unwrap_or_default(), LONGEST_PATH),
            ]);
        }
        align(&table)
    }

    /// What could not be looked for in any image, and why.
    fn not_told(&self) -> Vec<String> {
        let of_set = |f: &&FindingSummary| f.column == Some("oddness");
        let untold = || self.findings.iter().filter(|f| f.n_told == 0 && !self.images.is_empty());
        let small: Vec<&str> = untold().filter(|f| !of_set(f)).map(|f| f.name).collect();
        let mut lines = Vec::new();
        if !small.is_empty() {
            let why = "these images are too small, or have too little in them";
            lines.extend(wrap(&format!("Could not be looked for: {} ({why}).", small.join(", "))));
        }
        if untold().any(|f| of_set(&f)) {
            lines.extend(wrap(&format!("Odd images are told among at least {LEAST_FILES} files; here are fewer.")));
        }
        lines
    }
}

/// Longest path in the table, characters.
const LONGEST_PATH: usize = 40;

/// Three digits, for the table.
pub(super) fn number(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// The end of a text, of at most `n` characters.
fn end_of(text: &str, n: usize) -> String {
    let length = text.chars().count();
    if length <= n { text.to_owned() } else { format!("…{}", text.chars().skip(length - n + 1).collect::<String>()) }
}

fn blank(name: &'static str, meaning: &'static str, remedy: &'static str) -> FindingSummary {
    FindingSummary {
        name,
        n_images: 0,
        n_told: 0,
        share: 0.0,
        column: None,
        threshold: None,
        worst_path: None,
        worst_value: None,
        meaning,
        remedy,
        rows: Vec::new(),
    }
}

/// Fills in the images that have a finding, the largest badness first, equal ones in path order.
fn summarise(
    found: FindingSummary,
    images: &[InspectRow],
    badness: impl Fn(usize) -> f64,
    value: impl Fn(usize) -> Option<f64>,
) -> FindingSummary {
    let mut rows: Vec<usize> = (0..images.len()).filter(|i| images[*i].has(found.name)).collect();
    rows.sort_by(|a, b| badness(*b).total_cmp(&badness(*a)));
    let worst = rows.first().copied();
    FindingSummary {
        n_images: rows.len(),
        share: rows.len() as f64 / images.len().max(1) as f64,
        worst_path: worst.map(|i| images[i].file.path.clone()),
        worst_value: worst.and_then(value),
        rows,
        ..found
    }
}

impl Report for InspectReport {
    const OUTPUTS: Outputs = Outputs {
        files: &[
            "inspect.csv",
            "inspect/soft.txt",
            "inspect/repeated.txt",
            "inspect/jpeg.txt",
            "inspect/noise.txt",
            "inspect/peaks.txt",
            "inspect/bars.txt",
            "inspect/flat.txt",
            "inspect/dark.txt",
            "inspect/bright.txt",
            "inspect/black.txt",
            "inspect/white.txt",
            "inspect/duplicate.txt",
            "inspect/smooth.txt",
            "inspect/rough.txt",
            "inspect/brightness.txt",
        ],
        plots: &[
            "inspect/soft",
            "inspect/repeated",
            "inspect/jpeg",
            "inspect/noise",
            "inspect/peaks",
            "inspect/bars",
            "inspect/flat",
            "inspect/dark",
            "inspect/bright",
            "inspect/black",
            "inspect/white",
            "inspect/duplicate",
            "inspect/smooth",
            "inspect/rough",
            "inspect/brightness",
        ],
    };

    fn lines(&self) -> Vec<String> {
        let n = self.images.len();
        let images = if n == 1 { "image" } else { "images" };
        let found = self.found();
        let mut lines = Vec::new();
        if found.is_empty() {
            let limit = if self.not_told().is_empty() { "" } else { ", as far as can be told" };
            lines.push(format!("no finding in {n} {images}: nothing to repair or to leave out{limit}"));
        } else {
            let have = if self.n_found == 1 { "has" } else { "have" };
            lines.push(format!("{} of {n} {images} {have} a finding", self.n_found));
            let how = if self.pictures.is_empty() { "" } else { "Look at inspect/FINDING.png first; " };
            lines.extend(wrap(&format!(
                "{how}inspect/FINDING.txt lists the files of each, worst first: repair them or leave them out."
            )));
        }
        lines.extend([String::new(), self.about.describe()]);
        if !found.is_empty() {
            lines.extend(self.table(&found));
            lines.push(String::new());
            lines.extend(found.iter().flat_map(|f| wrap(&format!("{}: {}; {}.", f.name, f.meaning, f.remedy))));
        }
        lines.extend(self.not_told());
        lines
    }

    fn details(&self) -> Vec<String> {
        let describe = |f: &FindingSummary| match (f.column, f.threshold) {
            (Some(column), Some(threshold)) => {
                format!("{}: threshold {threshold} of {column}, told of {} images", f.name, f.n_told)
            }
            _ => format!("{}: told of {} images", f.name, f.n_told),
        };
        self.findings.iter().flat_map(|f| wrap(&describe(f))).collect()
    }

    fn tables(&self) -> Vec<Content<'_>> {
        let rows = self.images.iter().map(|row| (&row.file, &row.measured, &row.set));
        let lists = self.findings.iter().filter(|f| f.n_images > 0).map(|f| {
            let mut keys: Vec<&str> = Vec::new();
            for row in &f.rows {
                let key = self.images[*row].key.as_str();
                // Tiles of one file name it once.
                if !(self.images[*row].tile_origin.is_some() && keys.contains(&key)) {
                    keys.push(key);
                }
            }
            let lines: String = keys.iter().flat_map(|key| [key, "\n"]).collect();
            Content::bytes(format!("inspect/{}.txt", f.name), lines)
        });
        std::iter::once(Content::table("inspect.csv", rows)).chain(lists).collect()
    }

    fn figures(&self) -> Vec<Plot> {
        self.sheets()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_its_files() {
        let names = FINDINGS.iter().map(|f| f.name).chain(SET_FINDINGS.iter().map(|f| f.name));
        let mut lists = vec!["inspect.csv".to_owned()];
        let mut plots = Vec::new();
        for name in names {
            lists.push(format!("inspect/{name}.txt"));
            plots.push(format!("inspect/{name}"));
        }
        assert_eq!(InspectReport::OUTPUTS.files, lists);
        assert_eq!(InspectReport::OUTPUTS.plots, plots);
    }

    #[test]
    fn long_paths_keep_their_end() {
        assert_eq!(end_of("abc", 3), "abc");
        assert_eq!(end_of("äbcdef", 4), "…def");
    }
}
