//! Noise bounds of each image, and what common schedules waste on it (MATH: docs/maths.md §7).

mod figures;
mod report;
mod rows;

use anyhow::{Result, ensure};

pub use report::BoundsReport;
pub use rows::BoundsRows;

use self::report::Found;

use super::{About, Analysis, Needs, Run, Scanned, Source, read_schedule};
use crate::diffusion::bounds::brightness_sigma_max;
use crate::diffusion::{Kappa, ReferenceSchedule};
use crate::spectral::ValueRange;

/// Noise bounds of each image.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// How strictly they are drawn.
    pub kappa: Kappa,
    /// What they are compared with, as [`compared_with`] lists it.
    pub schedules: Vec<ReferenceSchedule>,
}

/// The schedules that bounds are compared with: the standard ones first, in the order of the columns of `bounds.csv`,
/// then those that `texts` name or that are in files of these names.
///
/// # Errors
///
/// If one of them cannot be read.
pub fn compared_with(texts: &[String]) -> Result<Vec<ReferenceSchedule>> {
    let mut schedules = Vec::from(ReferenceSchedule::standard());
    for name in ["flow:50", "flow:50,3", "vp:1000"] {
        schedules.push(name.parse()?);
    }
    for text in texts {
        let mut schedule = read_schedule(text)?;
        if schedule.is_list() && schedules.iter().any(|s| s.to_string() == schedule.to_string()) {
            schedule = schedule.renamed(text);
        }
        if !schedules.contains(&schedule) {
            schedules.push(schedule);
        }
    }
    Ok(schedules)
}

impl Analysis for Bounds {
    type Rows = BoundsRows;
    type Report = BoundsReport;

    fn needs(&self) -> Needs {
        Needs { effective_resolution: true, ..Needs::default() }
    }

    fn check(&self, source: &Source) -> Result<()> {
        source.rounding_power()?;
        source.require_images("bounds are theirs")?;
        ensure!(
            source.size().longer_side() >= 2,
            "images of one pixel have no frequency to bound; give a larger --resolution"
        );
        Ok(())
    }

    fn rows(&self, run: &Run<'_>) -> Result<BoundsRows> {
        if let Some(range) = run.source.preprocess().range.filter(|range| *range != ValueRange::SIGNED) {
            run.desk.warn(&format!("schedules are taken in the units of --range {range}; most are made for -1:1"));
        }
        let table = run.desk.table("bounds.csv")?;
        Ok(BoundsRows::new(
            table,
            &run.source.preprocess(),
            self.kappa,
            run.source.rounding_power()?,
            self.schedules.clone(),
        ))
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: BoundsRows) -> Result<BoundsReport> {
        let spectrum = &scanned.spectrum;
        let brightness = spectrum.mode_covariance().ok();
        let brightness = brightness.map(|gamma| brightness_sigma_max(self.kappa, gamma.channel_mean()[0]));
        let (schedules, statistics, soft, n_soft_reduced) = rows.commit()?;
        let rounding_power = run.source.rounding_power()?;
        let brightness_sigma_max = brightness;
        let found = Found { brightness_sigma_max, schedules, statistics, soft, n_soft_reduced, rounding_power };
        Ok(BoundsReport::new(About::of(spectrum), self.kappa, found))
    }
}
