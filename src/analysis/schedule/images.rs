//! A schedule of each image's own.

use anyhow::{Result, ensure};
use serde::Serialize;

use super::{Fan, ScheduleMaker, ScheduleOptions, schedule_files};
use crate::analysis::words::{describe_enough, describe_interval, describe_kappa, wrap};
use crate::analysis::{About, Analysis, Headline, Outputs, Report, Run, Scanned, SinkResult, Source, row_key};
use crate::diffusion::{Kappa, ScheduleKind, ScheduleStatistics};
use crate::pipeline::{ImageRow, RowSink};
use crate::report::plot::Plot;
use crate::report::schedules::ScheduleFiles;
use crate::report::text::{align, short};
use crate::stats::order_interval::QuantileInterval;

/// A schedule of each image's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageSchedules(pub ScheduleOptions);

impl Analysis for ImageSchedules {
    type Rows = ScheduleRows;
    type Report = ImageSchedulesReport;

    fn check(&self, source: &Source) -> Result<()> {
        self.0.plan(source)?;
        ensure!(
            source.images().is_some(),
            "a saved spectrum holds no single images: add --dataset for the schedule of its mean spectrum, \
             or give the folder of images"
        );
        ensure!(
            source.images().is_none_or(|images| images.config.until.is_none()),
            "--until reads a sample, and every image is to have a schedule: leave it out, \
             or add --dataset for the schedule of the mean spectrum"
        );
        Ok(())
    }

    fn rows(&self, run: &Run<'_>) -> Result<ScheduleRows> {
        let plan = self.0.plan(&run.source)?;
        Ok(ScheduleRows {
            files: schedule_files(&run.desk, plan.times())?,
            statistics: ScheduleStatistics::new(plan.times().len()),
            maker: ScheduleMaker::new(plan, self.0.kind),
            key: String::new(),
        })
    }

    fn report(&self, _: &Run<'_>, scanned: &Scanned, rows: ScheduleRows) -> Result<ImageSchedulesReport> {
        let ScheduleRows { files, maker, statistics, .. } = rows;
        files.map(|files| files.commit(&self.0.metadata(&scanned.spectrum))).transpose()?;
        let about = About::of(&scanned.spectrum);
        Ok(ImageSchedulesReport {
            kind: self.0.kind,
            kappa: self.0.kappa,
            n_steps: self.0.n_steps,
            n_flat: statistics.n_flat(),
            sigma_max_median: about
                .independent_images(statistics.n_images() - statistics.n_flat())
                .and_then(|effective| statistics.sigma_max_median(effective)),
            fan: Fan::new(&statistics, maker.plan.times()),
            about,
        })
    }
}

/// The schedule of each image, into files as it comes.
pub struct ScheduleRows {
    files: Option<ScheduleFiles>,
    maker: ScheduleMaker,
    statistics: ScheduleStatistics,
    key: String,
}

impl RowSink for ScheduleRows {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let schedule = self.maker.make(&row.summary.rapsd);
        self.statistics.add(schedule);
        self.files.as_mut().map_or(Ok(()), |files| files.push(row_key(row, &mut self.key), schedule))
    }
}

/// The images' own schedules.
#[derive(Debug, Clone, Serialize)]
pub struct ImageSchedulesReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Where steps are spent.
    pub kind: ScheduleKind,
    /// Between which bounds they run.
    pub kappa: Kappa,
    /// Points of each schedule.
    pub n_steps: usize,
    /// Images without a schedule.
    pub n_flat: u64,
    /// Median of their largest noise levels with the 95 % interval, value; none below five files.
    pub sigma_max_median: Option<QuantileInterval>,
    /// How they spread.
    #[serde(flatten)]
    pub fan: Fan,
}

impl Report for ImageSchedulesReport {
    const OUTPUTS: Outputs = super::OUTPUTS;

    fn headline(&self) -> Option<Headline> {
        let value = self.sigma_max_median.unwrap_or(QuantileInterval::unknown(self.fan.median_ends().1));
        Some(Headline { number: "sigma_max_q50".to_owned(), value })
    }

    fn lines(&self) -> Vec<String> {
        let Fan { t, logsnr_quantiles, n_schedules, .. } = &self.fan;
        let mut lines = vec![format!(
            "{n_schedules} {} schedules of {} steps, {} flat images without",
            self.kind, self.n_steps, self.n_flat
        )];
        lines.extend(wrap(
            "Each runs between the bounds of its own image: train or sample with the row of schedules.npz that has \
             the image's key, \
             or model all of them with fit-sampler.",
        ));
        let n_files = self.about.counts.n_files;
        lines.extend(match self.sigma_max_median {
            Some(median) => wrap(&format!(
                "median sigma_max {}; about {} files, not {n_files}, would halve its width",
                describe_interval(median),
                4 * n_files
            )),
            None => describe_enough(n_files, None).into_iter().collect(),
        });
        lines.push(String::new());
        if let [Some(low), _, Some(median), _, Some(high)] = logsnr_quantiles {
            let head = ["t (0: clean)", "logSNR, 5 %", "median", "95 %", "median sigma"];
            let mut table = vec![head.map(str::to_owned).to_vec()];
            for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
                let i = (share * (t.len() - 1) as f64).round() as usize;
                let sigma = (-0.5 * median[i]).exp();
                let cells = [low[i], median[i], high[i]].map(|l| format!("{l:.2}"));
                table.push(std::iter::once(format!("{:.2}", t[i])).chain(cells).chain([short(sigma)]).collect());
            }
            lines.extend(align(&table));
        }
        lines.push(self.about.describe());
        lines
    }

    fn details(&self) -> Vec<String> {
        describe_kappa(self.kappa).iter().flat_map(|text| wrap(text)).collect()
    }

    fn figures(&self) -> Vec<Plot> {
        let (low, high) = self.fan.median_ends();
        let title = match self.fan.n_schedules {
            0 => "No image has a schedule".to_owned(),
            1 => format!("The image's own schedule runs from σ = {} to {}", short(low), short(high)),
            _ => format!("The median image's own schedule runs from σ = {} to {}", short(low), short(high)),
        };
        let subtitle = format!("{}, a {} schedule for each image", self.about.describe(), self.kind);
        vec![Plot::new("schedule", self.fan.figure(title, subtitle))]
    }
}
