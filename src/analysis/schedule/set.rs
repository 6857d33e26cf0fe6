//! One schedule for a set: that of its mean spectrum.

use anyhow::{Context, Error, Result};
use serde::Serialize;

use super::{Fan, ScheduleOptions, schedule_files};
use crate::analysis::words::{describe_enough_of, describe_interval, describe_kappa, wrap};
use crate::analysis::{About, Analysis, Headline, Outputs, Report, Run, Scanned, Source};
use crate::diffusion::{Kappa, ScheduleKind, ScheduleStatistics, compute_bounds};
use crate::pipeline::NoRows;
use crate::report::content::Content;
use crate::report::plot::Plot;
use crate::report::text::short;
use crate::spectrum::{RadialStatistics, RapsdOf};
use crate::stats::jackknife::Interval;
use crate::stats::power_law::LinearEstimate;

/// The schedule of a set's mean spectrum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SetSchedule(pub ScheduleOptions);

impl Analysis for SetSchedule {
    type Rows = NoRows;
    type Report = SetScheduleReport;

    fn check(&self, source: &Source) -> Result<()> {
        self.0.plan(source).map(drop)
    }

    fn rows(&self, _: &Run<'_>) -> Result<NoRows> {
        Ok(NoRows)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, _: NoRows) -> Result<SetScheduleReport> {
        let spectrum = &scanned.spectrum;
        let statistics = spectrum.radial_statistics(RapsdOf::ChannelMean);
        let schedule = self.0.plan(&run.source)?.schedule(&statistics.mean, self.0.kind);
        let schedule =
            schedule.context("the mean spectrum of these images is flat: there is no noise level to schedule")?;
        let bounds = compute_bounds(&statistics.mean, self.0.kappa, run.source.rounding_power()?);
        let range = bounds.range().context("the mean spectrum of these images is flat: it has no noise bounds")?;
        // The level of rounding is known.
        let weakest = (!range.floor).then_some(range.weakest_annulus);
        if let Some(mut files) = schedule_files(&run.desk, &schedule.t)? {
            files.push("dataset", Some(&schedule.logsnr)).map_err(Error::from_boxed)?;
            files.commit(&self.0.metadata(spectrum))?;
        }
        let mut alone = ScheduleStatistics::new(self.0.n_steps);
        alone.add(Some(&schedule.logsnr));
        Ok(SetScheduleReport {
            about: About::of(spectrum),
            kind: self.0.kind,
            kappa: self.0.kappa,
            sigma_min: sigma_interval(range.sigma_min, weakest, &statistics),
            sigma_max: sigma_interval(range.sigma_max, Some(range.strongest_annulus), &statistics),
            sigma: schedule.sigma(),
            alpha_bar: schedule.alpha_bar(),
            flow_time: schedule.flow_time(),
            fan: Fan::new(&alone, &schedule.t),
            t: schedule.t,
            logsnr: schedule.logsnr,
        })
    }
}

/// A noise level with its interval: it goes with the root of the mean power of `annulus`.
fn sigma_interval(sigma: f64, annulus: Option<usize>, statistics: &RadialStatistics) -> Interval {
    let Some(annulus) = annulus else { return Interval::unknown(sigma) };
    let mut gradient = vec![0.0; statistics.mean.len()];
    gradient[annulus] = 0.5 / statistics.mean[annulus];
    let LinearEstimate { value, low95, high95, .. } = LinearEstimate::new(sigma.ln(), &gradient, statistics);
    let interval = Interval { value, low95, high95 }.map(f64::exp);
    Interval { value: sigma, ..interval }
}

/// The schedule of a set; also the content of `schedule.json`.
#[derive(Debug, Clone, Serialize)]
pub struct SetScheduleReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Where steps are spent.
    pub kind: ScheduleKind,
    /// Between which bounds it runs.
    pub kappa: Kappa,
    /// Its smallest noise level with the 95 % interval, value; no interval below five files, and at 8-bit rounding.
    pub sigma_min: Interval,
    /// Its largest noise level, likewise.
    pub sigma_max: Interval,
    /// Times, from 0 (clean) to 1 (noise).
    pub t: Vec<f64>,
    /// logSNRs, natural, at these times.
    pub logsnr: Vec<f64>,
    /// Relative noise levels σ/α, value.
    pub sigma: Vec<f64>,
    /// ᾱ of a variance-preserving schedule.
    pub alpha_bar: Vec<f64>,
    /// Times of flow matching.
    pub flow_time: Vec<f64>,
    /// The schedule alone, as a fan.
    #[serde(skip)]
    pub(super) fan: Fan,
}

impl Report for SetScheduleReport {
    const OUTPUTS: Outputs = super::OUTPUTS;

    fn headline(&self) -> Option<Headline> {
        Some(Headline { number: "sigma_max".to_owned(), value: self.sigma_max })
    }

    fn lines(&self) -> Vec<String> {
        let (low, high) = self.fan.median_ends();
        let n_steps = self.t.len();
        let mut lines =
            vec![format!("{} schedule: {n_steps} steps from sigma = {} to {}", self.kind, short(low), short(high))];
        lines.extend(wrap(
            "It spends its steps where the mean spectrum of the set needs them: give the sigmas of schedule.json to a \
             sampler, or \
             bounds its waste.",
        ));
        let n_files = self.about.counts.n_files;
        if self.sigma_max.half_width().is_some() {
            let (low, high) = (describe_interval(self.sigma_min), describe_interval(self.sigma_max));
            lines.extend(wrap(&format!("sigma_min {low}; sigma_max {high}")));
        }
        lines.extend(describe_enough_of(n_files, self.sigma_max).map(|text| match self.sigma_max.half_width() {
            Some(_) => format!("sigma_max: {text}"),
            None => text,
        }));
        lines.extend([String::new(), self.about.describe()]);
        lines
    }

    fn details(&self) -> Vec<String> {
        describe_kappa(self.kappa).iter().flat_map(|text| wrap(text)).collect()
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![Content::json("schedule.json", self)]
    }

    fn figures(&self) -> Vec<Plot> {
        let (low, high) = self.fan.median_ends();
        let title = format!("The schedule of the mean spectrum runs from σ = {} to {}", short(low), short(high));
        let subtitle = format!("{}, {} schedule", self.about.describe(), self.kind);
        vec![Plot::new("schedule", self.fan.figure(title, subtitle))]
    }
}
