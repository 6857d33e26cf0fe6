//! The pictures of `bounds`.

use super::BoundsReport;
use super::report::WasteRow;
use crate::diffusion::ReferenceSchedule;
use crate::report::plot::bounds::BoundsFigure;
use crate::report::plot::waste::WasteFigure;
use crate::report::text::short;

/// Rows of images that a picture of more images than it can show has.
const BOUNDS_ROWS: u64 = 25;

impl BoundsReport {
    /// The bounds of all images, and the ranges of schedules.
    pub(super) fn bounds_figure(&self) -> BoundsFigure {
        let ([low, ..], [.., high]) = (self.sigma_min, self.sigma_max);
        let title = match (low, high) {
            (Some(low), Some(high)) => {
                format!("Useful noise: sigma from {} to {}, enough for 95 % at either end", short(low), short(high))
            }
            _ => "Useful noise of the images".to_owned(),
        };
        let ends = |s: &ReferenceSchedule| Some((s.to_string(), *s.sigmas().last()?, *s.sigmas().first()?));
        BoundsFigure {
            title,
            subtitle: match self.statistics.has_single_images() {
                true => format!("{}; a bar for each image; dashed: 95 % at either end", self.about.describe()),
                false => format!(
                    "{}; shades: where 5, 25, 50, 75 and 95 % of a row's images begin; dashed: 95 % of all at either end",
                    self.about.describe()
                ),
            },
            has_single_images: self.statistics.has_single_images(),
            rows: self.statistics.rows(BOUNDS_ROWS),
            schedules: self.schedules.iter().filter_map(ends).collect(),
            useful: low.zip(high),
            rounding_sigma: (!self.about.are_latents()).then(|| self.rounding_power.sqrt()),
        }
    }

    /// The first schedule that many images need more noise than, beside what it wastes: without waste it may still fall
    /// short.
    fn waste_title(&self) -> String {
        let falls_short = |row: &&WasteRow| row.shortfall_above_share.is_some_and(|share| share >= 0.05);
        match self.waste.iter().find(falls_short) {
            Some(row) => format!(
                "{} wastes {:.0} % of its steps, and is too short for {:.0} % of the images",
                row.schedule,
                100.0 * row.waste_mean.unwrap_or_default(),
                100.0 * row.shortfall_above_share.unwrap_or_default()
            ),
            None => "What schedules spend on the images, and what of it is wasted".to_owned(),
        }
    }

    /// What schedules waste on the images.
    pub(super) fn waste_figure(&self) -> WasteFigure {
        let bars = self.waste.iter();
        let bars = bars.filter_map(|r| Some((r.schedule.clone(), r.waste_below_mean?, r.waste_above_mean?)));
        WasteFigure { title: self.waste_title(), subtitle: self.about.describe(), bars: bars.collect() }
    }
}
