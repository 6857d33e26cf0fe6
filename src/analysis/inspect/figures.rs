//! The contact sheets of `inspect`: for each finding the images in which it is clearest, beside their spectra.

use super::report::{FindingSummary, InspectReport, number};
use crate::analysis::{Images, Outputs, Report};
use crate::detect::FINDINGS;
use crate::report::plot::Plot;
use crate::report::plot::pictures::{Picture, PicturesFigure};
use crate::report::plot::pixels::Pixels;
use crate::report::plot::spectrum_pair::beside_spectrum;

/// Images on a sheet.
const N_SHOWN: usize = 6;

impl InspectReport {
    /// Reads the clearest images of each finding once more; returns how many could not be read.
    pub(super) fn read_pictures(&mut self, images: &Images) -> usize {
        let mut n_lost = 0;
        let mut all = Vec::new();
        for finding in &self.findings {
            let pictures: Vec<Option<Picture>> =
                finding.rows.iter().take(N_SHOWN).map(|row| self.picture(finding, *row, images)).collect();
            n_lost += pictures.iter().filter(|picture| picture.is_none()).count();
            all.push(pictures.into_iter().flatten().collect());
        }
        self.pictures = all;
        n_lost
    }

    fn picture(&self, finding: &FindingSummary, row: usize, images: &Images) -> Option<Picture> {
        let row = &self.images[row];
        let (size, rgb) = images.read_again(&row.key, row.tile_origin)?;
        let pixels = Pixels { width: size.width, height: size.height, rgb };
        let of_image = FINDINGS.iter().find(|f| f.name == finding.name);
        let reading = of_image.and_then(|f| Some(f.reading.replace("{}", &number((f.value)(&row.measured)?))));
        let same = || row.set.duplicate_of.as_ref().map(|path| format!("same as {path}"));
        let odd = || row.set.oddness.map(|oddness| format!("oddness {oddness:.1}, 1 is ordinary"));
        let note = match (reading, finding.column) {
            (Some(reading), _) => reading,
            (None, Some(_)) => odd().unwrap_or_default(),
            (None, None) => same().unwrap_or_default(),
        };
        Some(Picture { pixels: beside_spectrum(&pixels), name: row.file.path.clone(), note })
    }

    /// One sheet for each finding that was seen again.
    pub(super) fn sheets(&self) -> Vec<Plot> {
        let seen = self.findings.iter().zip(&self.pictures).filter(|(_, pictures)| !pictures.is_empty());
        seen.filter_map(|(finding, pictures)| {
            let Outputs { plots, .. } = Self::OUTPUTS;
            let name = plots.iter().find(|plot| plot.strip_prefix("inspect/") == Some(finding.name))?;
            let figure = PicturesFigure {
                title: format!("{} of {} images: {}", finding.n_images, self.images.len(), finding.meaning),
                subtitle: format!(
                    "the {} clearest at {}, each beside its spectrum (zero frequency in the middle, log power)",
                    pictures.len(),
                    self.about.preprocess.size
                ),
                pictures: pictures.clone(),
            };
            Some(Plot::new(name, figure).png_only())
        })
        .collect()
    }
}
