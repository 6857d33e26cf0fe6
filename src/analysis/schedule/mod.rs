//! Noise schedules fitted to images (MATH: docs/maths.md §8): each image's own, the one of their mean spectrum, a model
//! of a set's schedules, and schedules drawn from it.

mod draws;
mod fan;
mod images;
mod sampler;
mod set;

use anyhow::Result;

pub use draws::{DrawSchedules, DrawnSchedules, read_sampler};
pub use fan::Fan;
pub use images::{ImageSchedules, ImageSchedulesReport, ScheduleRows};
pub use sampler::{FitSampler, FitSamplerReport, SamplerClass, ScheduleCollector};
pub use set::{SetSchedule, SetScheduleReport};

use super::{Desk, Outputs, Source};
use crate::diffusion::tight::TightWorkspace;
use crate::diffusion::{Kappa, ScheduleKind, TightPlan};
use crate::report::schedules::{ORDER, ScheduleFiles};
use crate::spectrum::Spectrum;

/// What any command that writes schedules may leave: only the schedule of a set is a document, too.
const OUTPUTS: Outputs = Outputs { files: &["schedules.npz", "schedules.csv", "schedule.json"], plots: &["schedule"] };

/// How schedules are made from spectra.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScheduleOptions {
    /// Where steps are spent.
    pub kind: ScheduleKind,
    /// Points of each schedule, both ends included.
    pub n_steps: usize,
    /// Between which bounds they run.
    pub kappa: Kappa,
}

impl ScheduleOptions {
    fn plan(&self, source: &Source) -> Result<TightPlan> {
        let longer_side = source.size().longer_side();
        Ok(TightPlan::new(longer_side, self.kappa, source.rounding_power()?, self.n_steps)?)
    }

    /// How schedules were made, for the archive.
    fn metadata(&self, spectrum: &Spectrum) -> String {
        serde_json::json!({
            "schema_version": super::about::SCHEMA_VERSION,
            "specscan_version": env!("CARGO_PKG_VERSION"),
            "kind": self.kind,
            "kappa": self.kappa,
            "preprocess": spectrum.preprocess(),
            "counts": spectrum.counts(),
            "order": ORDER,
        })
        .to_string()
    }
}

/// The files of schedules at `times`; none without a folder.
fn schedule_files(desk: &Desk<'_>, times: &[f64]) -> Result<Option<ScheduleFiles>> {
    Ok(desk.folder.as_ref().map(|folder| ScheduleFiles::create(folder, times)).transpose()?)
}

/// One schedule after the other in the same memory.
struct ScheduleMaker {
    plan: TightPlan,
    kind: ScheduleKind,
    workspace: TightWorkspace,
    logsnr: Vec<f64>,
}

impl ScheduleMaker {
    fn new(plan: TightPlan, kind: ScheduleKind) -> Self {
        Self { kind, workspace: plan.workspace(), logsnr: vec![0.0; plan.times().len()], plan }
    }

    /// The schedule of an image with this RAPSD; none if it is flat.
    fn make(&mut self, rapsd: &[f64]) -> Option<&[f64]> {
        let bounds = self.plan.fill(rapsd, self.kind, &mut self.workspace, &mut self.logsnr);
        (!bounds.is_flat()).then_some(&self.logsnr[..])
    }
}
