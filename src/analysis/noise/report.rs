//! What `noise` answers: which samples lie where, and how values became pixels.

use serde::Serialize;

use crate::analysis::words::{describe_delta, or_dash, wrap};
use crate::analysis::{About, Outputs, Report};
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::plot::noise::NoiseFigure;
use crate::report::plot::pictures::{Picture, PicturesFigure};
use crate::report::plot::pixels::Pixels;
use crate::report::text::{align, short};
use crate::spectral::{Channels, Grid, Size};

/// Samples of noise families in a folder; also the content of `noise.json`.
#[derive(Debug, Clone, Serialize)]
pub struct NoiseReport {
    /// Version of the report's layout.
    pub schema_version: u32,
    /// Seed of all samples.
    pub seed: u64,
    /// Samples of each family.
    pub n_samples: usize,
    /// Their size, pixels.
    pub size: Size,
    /// Standard deviation of their pixels, value.
    pub noise_std: f64,
    /// Unit vectors over the channels along which coloured noise is independent.
    pub color_axes: Option<Vec<Vec<f64>>>,
    /// Value that is black in the PNGs.
    pub png_black: f64,
    /// Value that is white.
    pub png_white: f64,
    /// The families.
    pub families: Vec<FamilySamples>,
    /// Names of the PNGs.
    pub png_files: Vec<String>,
    /// Channels of a sample.
    #[serde(skip)]
    pub channels: Channels,
    /// The dataset that the families follow.
    #[serde(skip)]
    pub about: Option<About>,
}

/// Samples of one family.
#[derive(Debug, Clone, Serialize)]
pub struct FamilySamples {
    /// Its name.
    pub family: String,
    /// Exponent Δ, for power laws.
    pub delta: Option<f64>,
    /// Their files, in words.
    pub files: String,
    /// Values beyond black and white.
    pub n_clipped: u64,
    /// The first sample.
    #[serde(skip)]
    pub(super) first: Option<Pixels>,
    /// Annulus means of its power, value² per mode.
    #[serde(skip)]
    pub(super) power: Vec<f64>,
}

impl NoiseReport {
    /// Share of all values beyond black and white, percent.
    fn clipped_percent(&self) -> f64 {
        let n_clipped: u64 = self.families.iter().map(|f| f.n_clipped).sum();
        let n_values = self.families.len() * self.n_samples * self.channels.count() * self.size.n_pixels();
        100.0 * n_clipped as f64 / n_values as f64
    }

    /// The first sample of every family, and the spectra of all.
    fn figure(&self) -> NoiseFigure {
        NoiseFigure {
            sheet: self.sheet(),
            frequency_cycles_per_px: Grid::new(self.size).annulus_frequencies(),
            spectra: self.families.iter().map(|f| (f.family.clone(), f.power.clone())).collect(),
        }
    }

    fn sheet(&self) -> PicturesFigure {
        let of = match &self.about {
            Some(about) => format!("spectrum of {}", about.describe()),
            None => format!("{} {}", self.size, self.channels.name()),
        };
        let title = if self.families.len() == 1 { "A sample of noise" } else { "Sample 0 of every noise family" };
        let picture = |family: &FamilySamples| {
            let note = describe_delta(family.delta);
            Some(Picture { pixels: family.first.clone()?, note, name: family.family.clone() })
        };
        PicturesFigure {
            title: title.to_owned(),
            subtitle: format!("{of}; black is −3, white +3 standard deviations, the same for all"),
            pictures: self.families.iter().filter_map(picture).collect(),
        }
    }
}

impl Report for NoiseReport {
    const OUTPUTS: Outputs = Outputs { files: &["*.png", "*.npy", "noise.json"], plots: &["noise"] };

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{} samples of each family at {}, standard deviation {}, seed {}",
            self.n_samples,
            self.size,
            short(self.noise_std),
            self.seed
        )];
        lines.extend(wrap(
            "Give the arrays (.npy) to a trainer in place of its white noise, look at the PNGs; `specscan distance` \
             says which family is closest to your images.",
        ));
        lines.push(String::new());
        lines.extend(self.about.iter().map(About::describe));
        let mut table = vec![["family", "Δ", "2Δ"].map(str::to_owned).to_vec()];
        for family in &self.families {
            let number = |factor: f64| or_dash(family.delta, |d| format!("{:.3}", factor * d));
            table.push(vec![family.family.clone(), number(1.0), number(2.0)]);
        }
        lines.extend(align(&table));
        let last = self.families.last().map(|family| match self.families.len() {
            1 => format!("samples: {}", family.files),
            _ => format!("samples of the last family: {}", family.files),
        });
        lines.extend(last.iter().flat_map(|text| wrap(text)));
        if !self.png_files.is_empty() {
            lines.extend(wrap(&format!(
                "in the PNGs black is {} and white {} (3 standard deviations); {:.2} % of the values are clipped",
                short(self.png_black),
                short(self.png_white),
                self.clipped_percent()
            )));
        }
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![Content::json("noise.json", self)]
    }

    fn figures(&self) -> Vec<Plot> {
        vec![Plot::new("noise", self.figure())]
    }
}
