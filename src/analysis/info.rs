//! What a saved spectrum holds, from what, and how it was made.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::{About, Outputs, Report, Source};
use crate::report::text::align;

/// What is said of one `.spectrum` file.
#[derive(Debug, Clone, Serialize)]
pub struct InfoReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// The file.
    pub path: PathBuf,
    /// Its size, bytes.
    pub n_bytes: u64,
    /// Order-independent identity of the images.
    pub content_id: String,
    /// Code path of the transform.
    pub fft_kernel: String,
    /// The sums it holds.
    pub sums: Vec<HeldSum>,
}

/// One exact sum of a spectrum.
#[derive(Debug, Clone, Serialize)]
pub struct HeldSum {
    /// Its name.
    pub name: String,
    /// Extents, slowest first.
    pub shape: Vec<usize>,
    /// Exponent of two of its quantum: the step of its fixed-point grid.
    pub quantum_log2: i32,
}

/// Reads the spectrum in `path`.
///
/// # Errors
///
/// As [`Source::load`].
pub fn info(path: PathBuf) -> Result<InfoReport> {
    let spectrum = Source::load(std::slice::from_ref(&path), false)?;
    let held = |spec: &crate::spectrum::exact::TensorSpec| HeldSum {
        name: spec.name.to_owned(),
        shape: spec.shape.clone(),
        quantum_log2: spec.quantum_log2,
    };
    Ok(InfoReport {
        about: About::of(&spectrum),
        n_bytes: std::fs::metadata(&path).map_or(0, |m| m.len()),
        path,
        content_id: spectrum.content_id(),
        fft_kernel: spectrum.fft_kernel().to_owned(),
        sums: spectrum.sums().map(held).collect(),
    })
}

impl Report for InfoReport {
    const OUTPUTS: Outputs = Outputs { files: &[], plots: &[] };

    fn lines(&self) -> Vec<String> {
        let (counts, p) = (&self.about.counts, &self.about.preprocess);
        let row = |name: &str, value: String| format!("{name:<14}{value}");
        let mut lines = vec![
            self.about.describe(),
            row("file", format!("{}, {:.1} MB", self.path.display(), self.n_bytes as f64 / 1e6)),
            row(
                "from",
                format!(
                    "{} files, {} skipped, {} left out, {} converted, {} with warnings",
                    counts.n_files, counts.n_skipped, counts.n_left_out, counts.n_converted, counts.n_warned
                ),
            ),
            row("identity", self.content_id.clone()),
            row("values", p.range.map_or("latents".to_owned(), |r| format!("{} to {}", r.low, r.high))),
            row("standardised", p.standardize.to_string()),
            row("window", p.window.to_string()),
            row("transform", self.fft_kernel.clone()),
            String::new(),
        ];
        if counts.n_unread > 0 {
            lines.insert(3, row("sample", format!("{} files of the set were not read", counts.n_unread)));
        }
        let mut table = vec![["sum", "shape", "quantum"].map(str::to_owned).to_vec()];
        table.extend(self.sums.iter().map(|s| {
            let shape: Vec<_> = s.shape.iter().map(usize::to_string).collect();
            vec![s.name.clone(), shape.join("×"), format!("2^{}", s.quantum_log2)]
        }));
        lines.extend(align(&table));
        lines
    }
}
