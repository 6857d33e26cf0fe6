//! `recommend`: the settings that a trainer takes, measured on the images (MATH: docs/maths.md §14).
//!
//! Everything but the largest distance of two images and the measured rows of the planner follows from the sums of one
//! pass, so images and their saved spectrum give the same numbers.

mod audit;
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
pub use measure::{ClosestNoise, DecidedBy};
pub use pairs::PairDistances;
pub use planner::PlanRow;
pub use report::RecommendReport;
pub use setting::Setting;

use self::audit::Audited;
use self::pairs::PairSample;
use self::planner::Scans;
use super::{Analysis, Run, Scanned, Source};
use crate::diffusion::Kappa;
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
}

impl Analysis for Recommend {
    type Rows = RecommendRows;
    type Report = RecommendReport;

    fn check(&self, source: &Source) -> Result<()> {
        self.audited()?;
        source.rounding_power()?;
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
        for side in &self.resolutions {
            ensure!((2..=MAX_SIDE_PX).contains(side), "--resolutions {side}: sides have 2 to {MAX_SIDE_PX} pixels");
            let size = source.size();
            ensure!(
                size.height == size.width,
                "--resolutions are of square images, and these are {size}; give a square --resolution"
            );
        }
        Ok(())
    }

    fn rows(&self, run: &Run<'_>) -> Result<RecommendRows> {
        let size = run.source.size();
        let dimensions = size.n_pixels() * run.source.preprocess().channels.count();
        Ok(RecommendRows { pairs: PairSample::new(dimensions, run.desk.seed), scans: Scans::default() })
    }

    fn pass(&self, run: &Run<'_>, rows: &mut RecommendRows) -> Result<Scanned> {
        let scanned = run.scan(rows)?;
        rows.scans = Scans::at(&self.resolutions, run, scanned.spectrum.n_images())?;
        Ok(scanned)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: RecommendRows) -> Result<RecommendReport> {
        let spectrum = &scanned.spectrum;
        ensure!(
            spectrum.n_images() >= 2,
            "settings need the spread of 2 images or more, and there is 1: add images, or cut this one with --transform tile"
        );
        let rounding_power = run.source.rounding_power()?;
        let measured = measure::measure(spectrum, self.kappa, rounding_power, run.desk.observer)?;
        let measured = measured.context(
            "every image is flat, so there is no noise to recommend; check that the folder holds the training images",
        )?;
        let pairs = pairs::distances(run.source.images(), spectrum, &rows.pairs)?;
        let audits = self.audited()?.iter().map(|audited| audited.row(&measured.bounds)).collect();
        let plan = planner::rows(&self.resolutions, &rows.scans, spectrum, self.kappa, rounding_power);
        Ok(RecommendReport::new(spectrum, self.kappa, measured, audits, pairs, plan).with_files(&self.trainers))
    }
}

/// What is kept of the images beside their sums.
pub struct RecommendRows {
    pairs: PairSample,
    scans: Scans,
}

impl RowSink for RecommendRows {
    fn image(&mut self, row: &ImageRow<'_>) -> super::SinkResult {
        self.pairs.offer(row);
        Ok(())
    }
}
