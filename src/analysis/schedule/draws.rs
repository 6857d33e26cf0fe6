//! Schedules drawn from a model. There is no dataset: a desk is enough.

use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail, ensure};
use serde::Serialize;

use super::{Fan, schedule_files};
use crate::analysis::about::SCHEMA_VERSION;
use crate::analysis::schedule_file::read_small;
use crate::analysis::{Desk, Outputs, Report};
use crate::diffusion::sampler::SamplerError;
use crate::diffusion::tight::MAX_SCHEDULE_STEPS;
use crate::diffusion::{ScheduleKind, ScheduleSampler, ScheduleStatistics};
use crate::report::plot::Plot;
use crate::report::schedules::ORDER;
use crate::report::text::short;

/// Schedules to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawSchedules {
    /// The model.
    pub sampler: ScheduleSampler,
    /// How many, 1 or more.
    pub count: u64,
    /// The class; not needed if there is only one.
    pub class: Option<String>,
    /// Points of each schedule, both ends included.
    pub n_steps: usize,
}

/// Most schedules that are drawn at once.
const MAX_COUNT: u64 = 1_000_000;

/// Reads a sampler from its file.
///
/// # Errors
///
/// If there is none that can be used.
pub fn read_sampler(path: &Path) -> Result<ScheduleSampler> {
    let shown = path.display();
    let bytes = read_small(path).with_context(|| format!("cannot read the sampler {shown}; check its path"))?;
    let text = String::from_utf8(bytes)
        .with_context(|| format!("{shown} is no sampler; make one with specscan schedule fit-sampler"))?;
    ScheduleSampler::from_json(&text).map_err(|error| match error {
        SamplerError::NoSampler(reason) => {
            Error::msg(reason).context(format!("{shown} is no sampler; make one with specscan schedule fit-sampler"))
        }
        error => Error::new(error).context(format!("cannot use the sampler {shown}")),
    })
}

impl DrawSchedules {
    /// The class that is drawn from.
    ///
    /// # Errors
    ///
    /// If options are out of range, or the class is unknown or not chosen.
    pub fn check(&self) -> Result<&str> {
        let count = self.count;
        ensure!(count > 0, "--count 0: at least one schedule is drawn");
        ensure!(count <= MAX_COUNT, "--count {count}: at most {MAX_COUNT} schedules are drawn");
        let n_steps = self.n_steps;
        ensure!(
            (2..=MAX_SCHEDULE_STEPS).contains(&n_steps),
            "--steps {n_steps}: a schedule has 2 to {MAX_SCHEDULE_STEPS}"
        );
        let class = match (&self.class, self.sampler.classes.as_slice()) {
            (Some(class), _) => class,
            (None, [only]) => &only.name,
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|c| c.name.as_str()).collect();
                bail!("the sampler has {} classes ({}); choose one with --class", several.len(), names.join(", "));
            }
        };
        self.sampler.drawer(class, 0)?;
        Ok(class)
    }

    /// Draws them with the seed of the desk. Draw `i` of a class is the same whatever the number of draws.
    ///
    /// # Errors
    ///
    /// As [`DrawSchedules::check`], or if a file cannot be written.
    pub fn draw(&self, desk: &Desk<'_>) -> Result<DrawnSchedules> {
        let class = self.check()?;
        let (n_steps, seed) = (self.n_steps, desk.seed);
        let drawer = self.sampler.drawer(class, seed)?;
        let times: Vec<f64> = (0..n_steps).map(|i| i as f64 / (n_steps - 1) as f64).collect();
        let mut files = schedule_files(desk, &times)?;
        let mut statistics = ScheduleStatistics::new(n_steps);
        let prefix = if class.is_empty() { "sample" } else { class };
        for i in 0..self.count {
            let schedule = drawer.draw(i).resampled(n_steps);
            if let Some(files) = &mut files {
                files.push(&format!("{prefix}/{i:06}"), Some(&schedule.logsnr)).map_err(Error::from_boxed)?;
            }
            statistics.add(Some(&schedule.logsnr));
        }
        let meta = serde_json::json!({
            "schema_version": SCHEMA_VERSION,
            "specscan_version": env!("CARGO_PKG_VERSION"),
            "kind": self.sampler.kind,
            "source": self.sampler.source,
            "class": class,
            "seed": seed,
            "order": ORDER,
        });
        files.map(|files| files.commit(&meta.to_string())).transpose()?;
        Ok(DrawnSchedules {
            schema_version: SCHEMA_VERSION,
            class: class.to_owned(),
            count: self.count,
            seed,
            n_steps,
            files: Vec::new(),
            folder: desk.folder.as_ref().map(|folder| folder.path().to_owned()),
            kind: self.sampler.kind,
            fan: Fan::new(&statistics, &times),
        })
    }
}

/// Schedules drawn from a model.
#[derive(Debug, Clone, Serialize)]
pub struct DrawnSchedules {
    /// Version of the report's layout.
    pub schema_version: u32,
    /// Class that was drawn from; empty for a model of all images.
    pub class: String,
    /// How many were drawn.
    pub count: u64,
    /// Seed of the draws.
    pub seed: u64,
    /// Points of each schedule.
    pub n_steps: usize,
    /// What was written; known when all of it is.
    pub files: Vec<String>,
    /// Where it was written.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
    /// Where the schedules spend their steps.
    #[serde(skip)]
    pub kind: ScheduleKind,
    /// How they spread.
    #[serde(skip)]
    pub fan: Fan,
}

impl Report for DrawnSchedules {
    const OUTPUTS: Outputs = super::OUTPUTS;

    fn lines(&self) -> Vec<String> {
        let (low, high) = self.fan.median_ends();
        let Self { count, kind, n_steps, seed, .. } = self;
        let mut lines = vec![
            format!("{count} {kind} schedules of {n_steps} steps drawn with seed {seed}"),
            format!("the median runs from sigma = {} to {}", short(low), short(high)),
            "train or sample with one of them for each image".to_owned(),
        ];
        if let Some(folder) = &self.folder {
            lines.push(format!("wrote {} to {}", self.files.join(", "), folder.display()));
        }
        lines
    }

    fn figures(&self) -> Vec<Plot> {
        let of_class = if self.class.is_empty() { String::new() } else { format!(" of {}", self.class) };
        let (low, high) = self.fan.median_ends();
        let title = format!("Schedules drawn{of_class}: the median runs from σ = {} to {}", short(low), short(high));
        let subtitle = format!("{} {} schedules drawn from a sampler, seed {}", self.count, self.kind, self.seed);
        vec![Plot::new("schedule", self.fan.figure(title, subtitle))]
    }
}
