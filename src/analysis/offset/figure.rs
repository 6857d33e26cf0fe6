//! The pictures of `offset`.

use super::OffsetReport;
use crate::diffusion::adjusted_offset::AdjustedOffsetStep;
use crate::report::plot::adjusted_offset::AdjustedOffsetFigure;
use crate::report::plot::offset::OffsetFigure;
use crate::report::text::short;

/// The strength that trainers suggest.
const USUAL_OFFSET: f64 = 0.1;

impl OffsetReport {
    /// The brightness of the images against that of noise with and without an offset.
    pub(super) fn figure(&self) -> OffsetFigure {
        let about = &self.document.about;
        let (edges, density) = self.histogram.clone().unwrap_or_default();
        let matching = self.document.matching_offset.independent.value;
        let channels = about.preprocess.channels.count();
        // Unit noise with a constant for each channel, as trainers draw it.
        let std = |offset: f64| (offset * offset + 1.0 / about.preprocess.size.n_pixels() as f64).sqrt();
        let usual = (format!("noise_offset {USUAL_OFFSET}"), std(USUAL_OFFSET));
        let own = (matching > 0.0).then(|| (format!("noise_offset {matching:.2}, matches"), std(matching)));
        let means = self.brightness.variables.iter().take(channels).map(|v| v.mean.value);
        let mean = means.sum::<f64>() / channels as f64;
        OffsetFigure {
            title: match matching {
                m if m > 0.0 => format!("noise_offset {m:.2} gives noise the spread of brightness of these images"),
                _ => "The brightness of these images asks for no offset".to_owned(),
            },
            subtitle: format!("{}; noise of unit deviation, its offset drawn for each channel", about.describe()),
            counted: if channels > 1 { "images, each channel" } else { "images" },
            edges,
            density,
            mean: mean.is_finite().then_some(mean),
            noises: [("white noise".to_owned(), std(0.0)), usual].into_iter().chain(own).collect(),
        }
    }

    /// The adjusted offset; none for a schedule that has none.
    pub(super) fn adjusted_figure(&self) -> Option<AdjustedOffsetFigure> {
        let steps = self.adjusted.as_deref()?;
        let column = |of: fn(&AdjustedOffsetStep) -> f64| steps.iter().map(of).collect();
        let middle = steps.get(steps.len() / 2)?;
        Some(AdjustedOffsetFigure {
            title: format!("Half-way to noise {} % of the adjusted offset is in the image", short(100.0 * middle.psi)),
            subtitle: format!("{} steps of {}; ξ is the offset at the end", steps.len(), self.schedule),
            schedule: self.schedule.clone(),
            gamma: column(|s| s.gamma),
            psi: column(|s| s.psi),
            phi: column(|s| s.phi),
        })
    }
}
