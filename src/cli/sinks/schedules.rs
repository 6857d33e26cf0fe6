//! The images' own schedules: into files as they come, or collected for a model of them.

use super::{SinkResult, row_key};
use crate::diffusion::tight::TightWorkspace;
use crate::diffusion::{ScheduleKind, ScheduleStatistics, TightPlan};
use crate::pipeline::{ImageRow, RowSink};
use crate::report::schedules::ScheduleFiles;

/// The schedule of each image, into files as it comes.
pub struct ScheduleSink<'a> {
    files: ScheduleFiles,
    maker: ScheduleMaker<'a>,
    statistics: ScheduleStatistics,
    key: String,
}

impl<'a> ScheduleSink<'a> {
    /// Fills `files` with schedules of `plan`.
    pub fn new(files: ScheduleFiles, plan: &'a TightPlan, kind: ScheduleKind) -> Self {
        let statistics = ScheduleStatistics::new(plan.times().len());
        Self { files, maker: ScheduleMaker::new(plan, kind), statistics, key: String::new() }
    }

    /// The filled files, and the spread of the schedules.
    pub fn into_parts(self) -> (ScheduleFiles, ScheduleStatistics) {
        (self.files, self.statistics)
    }
}

impl RowSink for ScheduleSink<'_> {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let schedule = self.maker.make(&row.summary.rapsd);
        self.statistics.add(schedule);
        self.files.push(row_key(row, &mut self.key), schedule)
    }
}

/// One schedule after the other in the same memory.
struct ScheduleMaker<'a> {
    plan: &'a TightPlan,
    kind: ScheduleKind,
    workspace: TightWorkspace,
    logsnr: Vec<f64>,
}

impl<'a> ScheduleMaker<'a> {
    fn new(plan: &'a TightPlan, kind: ScheduleKind) -> Self {
        Self { plan, kind, workspace: plan.workspace(), logsnr: vec![0.0; plan.times().len()] }
    }

    /// The schedule of an image with this RAPSD; none if it is flat.
    fn make(&mut self, rapsd: &[f64]) -> Option<&[f64]> {
        let bounds = self.plan.fill(rapsd, self.kind, &mut self.workspace, &mut self.logsnr);
        (!bounds.is_flat()).then_some(&self.logsnr[..])
    }
}

/// The schedules of all images in memory (half a kilobyte each), with the class of each.
pub struct ScheduleCollector<'a> {
    maker: ScheduleMaker<'a>,
    per_class: bool,
    logsnr: Vec<f64>,
    class: Vec<usize>,
    class_names: Vec<String>,
}

impl<'a> ScheduleCollector<'a> {
    /// Collects schedules of `plan`; a class is the folder of an image, or all are one.
    pub fn new(plan: &'a TightPlan, kind: ScheduleKind, per_class: bool) -> Self {
        let maker = ScheduleMaker::new(plan, kind);
        Self { maker, per_class, logsnr: Vec::new(), class: Vec::new(), class_names: Vec::new() }
    }

    /// logSNRs, class of each schedule, and names of the classes that have any.
    pub fn into_parts(self) -> (Vec<f64>, Vec<usize>, Vec<String>) {
        (self.logsnr, self.class, self.class_names)
    }
}

impl RowSink for ScheduleCollector<'_> {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let Some(logsnr) = self.maker.make(&row.summary.rapsd) else { return Ok(()) };
        self.logsnr.extend_from_slice(logsnr);
        let folder = row.key.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let name = if self.per_class { folder } else { "" };
        // Rows come in path order, so a class is mostly that of the row before.
        let known = self.class_names.iter().rposition(|known| known == name);
        let class = known.unwrap_or_else(|| {
            self.class_names.push(name.to_owned());
            self.class_names.len() - 1
        });
        self.class.push(class);
        Ok(())
    }
}
