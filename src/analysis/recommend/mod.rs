//! `recommend`: the settings that a trainer takes, measured on the images (MATH: docs/maths.md §14).
//!
//! There is one pass. Everything but the largest distance of two images, the measured rows of the planner and the rows
//! of classes follows from its sums, so images and their saved spectrum give the same numbers.

mod audit;
pub mod by_class;
mod by_class_text;
mod figure;
mod markdown;
mod measure;
mod pairs;
mod planner;
mod report;
mod setting;
mod setting_list;
mod text;

use anyhow::{Context, Result, ensure};

pub use audit::AuditRow;
pub use by_class::ClassRow;
pub use measure::{ClosestNoise, DecidedBy};
pub use pairs::PairDistances;
pub use planner::PlanRow;
pub use report::RecommendReport;
pub use setting::Setting;

use self::audit::Audited;
use self::by_class::{Classes, Settled};
use self::pairs::PairSample;
use super::rows::class_of;
use super::{Analysis, Needs, Run, Scanned, Source};
use crate::diffusion::{Kappa, NoiseDraws};
use crate::pipeline::{ImageRow, RowSink};
use crate::report::trainers::Trainer;
use crate::spectral::{Channels, ValueRange, Window};
use crate::spectrum::Standardize;

/// Which settings, and what they are compared with.
#[derive(Debug, Clone, Default)]
pub struct Recommend {
    /// How strictly noise bounds are drawn.
    pub kappa: Kappa,
    /// Schedules and training densities to judge beside the usual ones: names, or files of sigmas.
    pub audits: Vec<String>,
    /// Sides for which settings are told as well, pixels.
    pub resolutions: Vec<usize>,
    /// Whether settings are told of each folder below the input as well.
    pub by_class: bool,
    /// Trainers to write files for.
    pub trainers: Vec<Trainer>,
}

/// Largest side that settings are told for, pixels: that of `--resolution`.
const MAX_SIDE_PX: usize = 8192;

impl Recommend {
    /// What is judged: EDM's and flow matching's densities, EDM's and DDPM's steps, then what was asked for.
    ///
    /// # Errors
    ///
    /// If a name is none, and no file.
    pub fn audited(&self) -> Result<Vec<Audited>> {
        Audited::usual_and(&self.audits)
    }

    /// Refuses what cannot be had whatever the images are.
    ///
    /// # Errors
    ///
    /// A side that no image has, and as [`Self::audited`].
    pub fn validate(&self) -> Result<()> {
        for side in &self.resolutions {
            ensure!((2..=MAX_SIDE_PX).contains(side), "--resolutions {side}: sides have 2 to {MAX_SIDE_PX} pixels");
        }
        self.audited().map(drop)
    }
}

impl Analysis for Recommend {
    type Rows = RecommendRows;
    type Report = RecommendReport;

    fn needs(&self) -> Needs {
        // Beside the sums of all classes those of one.
        Needs { other_sides_px: self.resolutions.clone(), by_class: self.by_class, ..Needs::default() }
    }

    fn check(&self, source: &Source) -> Result<()> {
        self.validate()?;
        source.rounding_power()?;
        if self.by_class {
            check_classes(source)?;
        }
        let prepared = source.preprocess();
        ensure!(
            prepared.channels != Channels::Ycbcr,
            "no trainer sees YCbCr as planes of their own; use --channels rgb or luma"
        );
        ensure!(prepared.window == Window::None, "settings are those of whole images; leave --window out");
        ensure!(
            prepared.standardize == Standardize::Mean,
            "settings need the mean image removed from variances; leave --standardize out"
        );
        if let Some(range) = prepared.range {
            ensure!(
                range == ValueRange::SIGNED,
                "settings are for images in -1:1, as trainers have them, and --range is {range}; leave it out"
            );
        }
        ensure!(
            source.size().longer_side() >= 2,
            "images of one pixel have no frequency to set noise by; give a larger --resolution"
        );
        let size = source.size();
        ensure!(
            self.resolutions.is_empty() || size.height == size.width,
            "--resolutions are of square images, and these are {size}; give a square --resolution"
        );
        Ok(())
    }

    fn rows(&self, run: &Run<'_>) -> Result<RecommendRows> {
        let size = run.source.size();
        let dimensions = size.n_pixels() * run.source.preprocess().channels.count();
        let classes =
            || -> Result<Classes> { Ok(Classes::new(size.longer_side(), self.kappa, run.source.rounding_power()?)) };
        let classes = self.by_class.then(classes).transpose()?;
        Ok(RecommendRows { pairs: PairSample::new(dimensions, run.desk.seed), classes })
    }

    fn pass(&self, run: &Run<'_>, rows: &mut RecommendRows) -> Result<Scanned> {
        if !self.by_class {
            return run.scan(rows);
        }
        let (mut settled, rounding_power) = (Vec::new(), run.source.rounding_power()?);
        let scanned = run.scan_classes(rows, |class, spectrum| {
            settled.push(Settled::of(class, spectrum, self.kappa, rounding_power));
        })?;
        if let Some(classes) = &mut rows.classes {
            classes.settled = settled.into_iter().collect::<Result<_>>()?;
        }
        Ok(scanned)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: RecommendRows) -> Result<RecommendReport> {
        let spectrum = &scanned.spectrum;
        ensure!(
            spectrum.n_images() >= 2,
            "settings need the spread of 2 images or more, and there is 1: add images, or cut this one with --transform tile"
        );
        let rounding_power = run.source.rounding_power()?;
        let measured = measure::measure(spectrum, self.kappa, rounding_power)?;
        let measured = measured.context(
            "every image is flat, so there is no noise to recommend; check that the folder holds the training images",
        )?;
        let closest = measure::closest_noise(spectrum, rounding_power, run.desk.observer)?;
        let pairs = pairs::distances(run.source.images(), spectrum, &rows.pairs)?;
        // First what is recommended: it does not reach every image either.
        let own = NoiseDraws::Edm { mean: measured.density.p_mean.value, std: measured.density.p_std.value };
        let own = AuditRow { name: "recommended".to_owned(), ..Audited::Draws(own).row(&measured.bounds) };
        let usual = self.audited()?;
        let audits = std::iter::once(own).chain(usual.iter().map(|audited| audited.row(&measured.bounds))).collect();
        let plan = planner::rows(&self.resolutions, &scanned.at_other_sizes, spectrum, self.kappa, rounding_power);
        let report = RecommendReport::new(spectrum, self.kappa, measured, audits, pairs, plan, closest);
        let by_class = rows.classes.map(Classes::rows).unwrap_or_default();
        Ok(report.with_classes(by_class).with_files(&self.trainers))
    }
}

/// Refuses a set without classes.
fn check_classes(source: &Source) -> Result<()> {
    let images = source.require_images("classes are folders of them")?;
    let mut classes = images.files.iter().map(|file| class_of(&file.key()).to_owned());
    let first = classes.next().unwrap_or_default();
    ensure!(
        classes.any(|class| class != first),
        "--by-class compares the folders below INPUT, and all files lie in `{first}`: give the folder above them"
    );
    ensure!(
        images.config.until.is_none(),
        "--until looks at the whole set, and --by-class at every folder: take --sample N, or leave it out"
    );
    Ok(())
}

/// What is kept of the images beside their sums.
pub struct RecommendRows {
    pairs: PairSample,
    classes: Option<Classes>,
}

impl RowSink for RecommendRows {
    fn image(&mut self, row: &ImageRow<'_>) -> super::SinkResult {
        self.pairs.offer(row);
        self.classes.iter_mut().for_each(|classes| classes.add(row));
        Ok(())
    }
}
