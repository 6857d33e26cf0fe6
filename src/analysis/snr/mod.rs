//! When each frequency emerges from a noise along a schedule (MATH: docs/maths.md §14).

mod report;

use anyhow::{Result, ensure};

pub use report::{FamilySnr, SnrCrossingRow, SnrReport};

use super::schedule_file::warn_of_betas;
use super::{About, Analysis, FamilyOptions, Needs, Run, Scanned, Source};
use crate::diffusion::ReferenceSchedule;
use crate::diffusion::adjusted_offset::alpha_bars;
use crate::diffusion::snr::{SnrSchedule, emergence};
use crate::pipeline::NoRows;
use crate::spectrum::{RadialStatistics, RapsdOf};
use crate::stats::power_law::LinearEstimate;

/// Families shown where none are named.
const FAMILIES: &[&str] = &["white", "cloud:fit", "offset:0.1", "matched"];
/// Numbers of `snr.npy` for each family, at the most: half a gigabyte.
const MAX_VALUES: usize = 64 << 20;

/// Signal-to-noise ratio over frequency and time.
#[derive(Debug, Clone)]
pub struct Snr {
    /// The schedule.
    pub schedule: ReferenceSchedule,
    /// The noises.
    pub families: FamilyOptions,
}

impl Snr {
    fn times(&self) -> SnrSchedule {
        SnrSchedule::new(&alpha_bars(&self.schedule))
    }
}

impl Analysis for Snr {
    type Rows = NoRows;
    type Report = SnrReport;

    fn needs(&self) -> Needs {
        self.families.needs()
    }

    fn check(&self, source: &Source) -> Result<()> {
        self.families.parse_or(FAMILIES, true)?;
        source.rounding_power()?;
        self.families.check(source)?;
        let (n_steps, n_annuli) = (self.times().len(), source.size().longer_side() / 2 + 1);
        ensure!(
            n_steps * n_annuli <= MAX_VALUES,
            "{n_steps} steps of {n_annuli} frequencies are too many for snr.npy; give fewer --steps"
        );
        Ok(())
    }

    fn rows(&self, run: &Run<'_>) -> Result<NoRows> {
        warn_of_betas(&self.schedule, &run.desk);
        Ok(NoRows)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, _: NoRows) -> Result<SnrReport> {
        let spectrum = &scanned.spectrum;
        let model = self.families.model(spectrum, run.source.rounding_power()?)?;
        let families = self.families.parse_or(FAMILIES, true)?;
        let measured = families.measure_folders(&run.desk, spectrum.preprocess())?;
        let setting = self.families.adjust(model.setting());
        let noises = families.realise(&setting, &measured, run.desk.observer)?;
        let (times, rapsd) = (self.times(), spectrum.centred_rapsd(RapsdOf::ChannelMean));
        let half_width_ln = half_widths(&rapsd, &spectrum.radial_statistics(RapsdOf::ChannelMean));
        let of_family = |noise: &crate::noise::Noise| {
            let power = noise.spectrum.radial_mean(&model.grid);
            let emergence = emergence(&times, &rapsd, &power);
            let half_widths = emergence.half_widths(&times, &half_width_ln);
            FamilySnr::new(noise.spectrum.name.clone(), emergence, half_widths, power)
        };
        Ok(SnrReport {
            about: About::of(spectrum),
            schedule: self.schedule.to_string(),
            n_steps: times.len(),
            noise_std: setting.pixel_variance.sqrt(),
            families: noises.iter().map(of_family).collect(),
            times,
            rapsd,
        })
    }
}

/// Half the width of the 95 % interval of the logarithm of each annulus' mean power; none where it is unknown.
fn half_widths(rapsd: &[f64], statistics: &RadialStatistics) -> Vec<Option<f64>> {
    let of_annulus = |j: usize| {
        let mut gradient = vec![0.0; rapsd.len()];
        gradient[j] = 1.0 / rapsd[j];
        LinearEstimate::new(rapsd[j].ln(), &gradient, statistics).half_width().filter(|half| half.is_finite())
    };
    (0..rapsd.len()).map(of_annulus).collect()
}
