//! The picture of `offset`.

use super::OffsetReport;
use crate::diffusion::adjusted_offset::AdjustedOffsetStep;
use crate::report::plot::offset::OffsetFigure;
use crate::report::text::short;

/// Families drawn beside the histogram.
const N_FAMILIES: usize = 5;

impl OffsetReport {
    /// Brightness and adjusted offset.
    pub(super) fn figure(&self) -> OffsetFigure {
        let about = &self.document.about;
        let (edges, density) = self.histogram.clone().unwrap_or_default();
        let steps = self.adjusted.as_deref().unwrap_or_default();
        let column = |of: fn(&AdjustedOffsetStep) -> f64| steps.iter().map(of).collect();
        let subtitle = match self.families.first() {
            Some(first) => format!("{}; noise with pixel deviation {}", about.describe(), short(first.noise_std)),
            None => about.describe(),
        };
        OffsetFigure {
            title: self.title(),
            subtitle,
            edges,
            density,
            families: self.families.iter().take(N_FAMILIES).map(|f| (f.family.clone(), f.brightness_std)).collect(),
            schedule: self.schedule.clone(),
            gamma: column(|s| s.gamma),
            psi: column(|s| s.psi),
            phi: column(|s| s.phi),
        }
    }

    fn title(&self) -> String {
        let white = self.families.iter().find(|f| f.family == "white").map(|f| f.brightness_std);
        let overall = self.histogram.as_ref().and(self.brightness.variables.last());
        match (white, overall.map(|v| v.variance.value.sqrt())) {
            (Some(white), Some(spread)) if white > 0.0 && spread > white => {
                format!("The images' brightness deviates {:.0} times as much as that of white noise", spread / white)
            }
            _ => "Brightness of the images, and the offset that follows it".to_owned(),
        }
    }
}
