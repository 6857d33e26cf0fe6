//! The answers for several inputs side by side: the number that each begins with.

use serde::Serialize;

use super::{Headline, Outputs, Report};
use crate::report::content::Content;
use crate::report::text::{align, short};
use crate::spectrum::Counts;

/// Row of `by_input.csv`: the answer for one input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByInputRow {
    /// The input, as given.
    pub input: String,
    /// Folder of its results, below that of this table.
    pub folder: String,
    /// Working images.
    pub n_images: u64,
    /// Files that they came from.
    pub n_files: u64,
    /// What the number is.
    pub number: String,
    /// The number; empty where there is none.
    pub value: Option<f64>,
    /// Lower end of its 95 % interval; empty where it is open or unknown.
    pub low95: Option<f64>,
    /// Upper end.
    pub high95: Option<f64>,
}

impl ByInputRow {
    /// The row of an answer that begins with `headline`.
    pub fn new(input: String, folder: String, counts: Counts, headline: Option<Headline>) -> Self {
        let (number, value) = headline.map(|h| (h.number, h.value)).unzip();
        Self {
            input,
            folder,
            n_images: counts.n_images,
            n_files: counts.n_files,
            number: number.unwrap_or_default(),
            value: value.map(|v| v.value).filter(|v| v.is_finite()),
            low95: value.and_then(|v| v.low95),
            high95: value.and_then(|v| v.high95),
        }
    }
}

/// A row for each input.
#[derive(Debug, Clone, Serialize)]
pub struct ByInputReport {
    /// In the order of the inputs.
    pub inputs: Vec<ByInputRow>,
}

impl Report for ByInputReport {
    const OUTPUTS: Outputs = Outputs { files: &["by_input.csv"], plots: &[] };

    fn lines(&self) -> Vec<String> {
        let head = ["input", "files", "number", "", "95 % interval"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        for row in &self.inputs {
            let interval = match (row.low95, row.high95) {
                (None, None) => "unknown".to_owned(),
                (low, high) => {
                    let end = |end: Option<f64>| end.map_or("open".to_owned(), short);
                    format!("{} to {}", end(low), end(high))
                }
            };
            let value = row.value.map_or("–".to_owned(), short);
            table.push(vec![row.input.clone(), row.n_files.to_string(), row.number.clone(), value, interval]);
        }
        let mut lines = vec![String::new()];
        lines.extend(align(&table));
        lines.push("Inputs whose intervals do not overlap differ by more than chance (by_input.csv).".to_owned());
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![Content::table("by_input.csv", &self.inputs)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::jackknife::Interval;

    #[test]
    fn a_row_says_what_is_open_and_what_is_unknown() {
        let counts = Counts { n_images: 8, n_files: 2, ..Counts::default() };
        let row = |value: Option<Interval>| {
            let headline = value.map(|value| Headline { number: "delta".to_owned(), value });
            ByInputRow::new("a".to_owned(), "a".to_owned(), counts, headline)
        };
        let open = Interval { value: 2.0, low95: Some(1.5), high95: None };
        let rows = vec![row(Some(open)), row(Some(Interval::unknown(f64::NAN))), row(None)];
        assert_eq!((rows[0].value, rows[1].value, rows[2].value), (Some(2.0), None, None));
        assert_eq!((rows[0].n_images, rows[0].n_files), (8, 2));
        let lines = ByInputReport { inputs: rows }.lines();
        assert!(lines[2].ends_with("delta  2.000  1.500 to open"), "{lines:?}");
        assert!(lines[3].ends_with("delta      –        unknown"), "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:?}");
    }
}
