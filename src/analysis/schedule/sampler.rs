//! A model of a set's schedules, from which others can be drawn.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::{ScheduleMaker, ScheduleOptions};
use crate::analysis::words::wrap;
use crate::analysis::{About, Analysis, Outputs, Report, Run, Scanned, SinkResult, Source};
use crate::diffusion::sampler::{N_POINTS, SamplerData, SamplerSource};
use crate::diffusion::{Kappa, ScheduleKind, ScheduleSampler};
use crate::pipeline::{ImageRow, RowSink};
use crate::report::content::Content;
use crate::report::text::{align, short};

/// A mixture model of a set's schedules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitSampler {
    /// Where the schedules spend their steps.
    pub kind: ScheduleKind,
    /// Between which bounds they run.
    pub kappa: Kappa,
    /// Whether each class, the folder an image lies in, has a model of its own.
    pub per_class: bool,
    /// Largest number of components tried per class.
    pub max_components: usize,
}

impl FitSampler {
    fn schedules(&self) -> ScheduleOptions {
        ScheduleOptions { kind: self.kind, n_steps: N_POINTS, kappa: self.kappa }
    }
}

impl Analysis for FitSampler {
    type Rows = ScheduleCollector;
    type Report = FitSamplerReport;

    fn check(&self, source: &Source) -> Result<()> {
        let most = self.max_components;
        ensure!(most > 0, "--max-components 0: a mixture has at least one component");
        ensure!(most <= MAX_COMPONENTS, "--max-components {most}: at most {MAX_COMPONENTS} are tried");
        self.schedules().plan(source)?;
        source.require_images("a sampler is fitted to theirs").map(drop)
    }

    fn rows(&self, run: &Run<'_>) -> Result<ScheduleCollector> {
        let maker = ScheduleMaker::new(self.schedules().plan(&run.source)?, self.kind);
        let (logsnr, class, class_names) = Default::default();
        Ok(ScheduleCollector { maker, per_class: self.per_class, logsnr, class, class_names })
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: ScheduleCollector) -> Result<FitSamplerReport> {
        let about = About::of(&scanned.spectrum);
        let ScheduleCollector { logsnr, class, class_names, .. } = &rows;
        enough_schedules(class, class_names)?;
        let mut sampler = ScheduleSampler::fit(
            SamplerData { logsnr, class, class_names },
            self.kind,
            self.max_components,
            run.desk.seed,
        )?;
        sampler.source = Some(SamplerSource {
            kappa: self.kappa,
            range: about.preprocess.range,
            resolution: about.preprocess.size.to_string(),
            transform: about.preprocess.transform.clone(),
        });
        let classes = sampler.classes.iter().map(|c| {
            let n_components = c.mixture.components.len();
            (c.name.clone(), SamplerClass { n_schedules: c.n_schedules, n_components })
        });
        Ok(FitSamplerReport {
            kind: self.kind,
            seed: run.desk.seed,
            n_flat: about.counts.n_images - class.len() as u64,
            shape_explained: sampler.shape_explained,
            classes: classes.collect(),
            about,
            sampler,
        })
    }
}

/// Most components of a mixture that are tried: each try takes longer than the one before.
const MAX_COMPONENTS: usize = 64;

/// Schedules below which their mixture is no model: each is six numbers, a component with its covariance 27.
const MIN_SCHEDULES: usize = 30;

/// Refuses classes with too few schedules.
fn enough_schedules(class: &[usize], class_names: &[String]) -> Result<()> {
    ensure!(!class.is_empty(), "every image is flat, and flat images have no schedule to fit a sampler to");
    for (i, name) in class_names.iter().enumerate() {
        let n = class.iter().filter(|c| **c == i).count();
        let whose = if name.is_empty() { "the images have".to_owned() } else { format!("class '{name}' has") };
        ensure!(
            n >= MIN_SCHEDULES,
            "{whose} {n} schedules, and a sampler takes {MIN_SCHEDULES} or more{}: add images, or cut these with \
             --transform tile",
            if name.is_empty() { "" } else { " of each class (all together without --per-class)" }
        );
    }
    Ok(())
}

/// The schedules of all images in memory (half a kilobyte each), with the class of each.
pub struct ScheduleCollector {
    maker: ScheduleMaker,
    per_class: bool,
    logsnr: Vec<f64>,
    class: Vec<usize>,
    class_names: Vec<String>,
}

impl RowSink for ScheduleCollector {
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

/// The model of one class, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SamplerClass {
    /// Schedules it was fitted to.
    pub n_schedules: usize,
    /// Components of its mixture.
    pub n_components: usize,
}

/// A model of a set's schedules.
#[derive(Debug, Clone, Serialize)]
pub struct FitSamplerReport {
    /// Which images.
    #[serde(flatten)]
    pub about: About,
    /// Where the schedules spend their steps.
    pub kind: ScheduleKind,
    /// Seed of the fit.
    pub seed: u64,
    /// Images without a schedule.
    pub n_flat: u64,
    /// Share of the shapes' variance that the coefficients hold, 0 to 1.
    pub shape_explained: f64,
    /// Each class by its name; the empty name stands for all images.
    pub classes: BTreeMap<String, SamplerClass>,
    /// The model.
    #[serde(skip)]
    pub sampler: ScheduleSampler,
}

impl Report for FitSamplerReport {
    const OUTPUTS: Outputs = Outputs { files: &["sampler.json"], plots: &[] };

    fn lines(&self) -> Vec<String> {
        let mut table = vec![["class", "schedules", "components", "cleanest sigma"].map(str::to_owned).to_vec()];
        for class in &self.sampler.classes {
            let name = if class.name.is_empty() { "(all)" } else { &class.name };
            let sigma = (-0.5 * class.logsnr_cleanest).exp();
            let cells = [class.n_schedules.to_string(), class.mixture.components.len().to_string(), short(sigma)];
            table.push(std::iter::once(name.to_owned()).chain(cells).collect());
        }
        let n_schedules = self.about.counts.n_images - self.n_flat;
        let mut lines = vec![format!("sampler of {n_schedules} {} schedules", self.kind)];
        lines.extend(wrap("schedule sample sampler.json draws new ones like them, for images that do not exist yet."));
        lines.extend([String::new(), self.about.describe()]);
        lines.extend(wrap(&format!(
            "{} flat images without a schedule; four coefficients hold {:.1} % of the shapes' variance",
            self.n_flat,
            100.0 * self.shape_explained
        )));
        lines.extend(align(&table));
        lines
    }

    fn tables(&self) -> Vec<Content<'_>> {
        vec![Content::json("sampler.json", &self.sampler)]
    }
}
