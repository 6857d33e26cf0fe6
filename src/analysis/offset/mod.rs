//! Brightness of the images, the offset noise that matches it, and adjusted offset noise over a schedule (MATH:
//! docs/maths.md §12).

mod figure;
mod report;
mod rows;

use anyhow::{Result, bail, ensure};

pub use report::{AdjustedOffsetSummary, OffsetAtSize, OffsetDocument, OffsetReport, TerminalSnr};
pub use rows::{BrightnessFamilyRow, BrightnessRow};

use self::report::Found;
use super::schedule_file::warn_of_betas;
use super::{Analysis, FamilyOptions, Needs, Run, Scanned, SinkResult, Source};
use crate::diffusion::ReferenceSchedule;
use crate::diffusion::adjusted_offset::{AdjustedOffsetError, AdjustedOffsetStep, adjusted_offset};
use crate::diffusion::brightness::Brightness;
use crate::noise::NoiseSpectrum;
use crate::pipeline::{ImageRow, RowSink};
use crate::spectral::{Channels, ValueRange, Window};
use crate::spectrum::{Spectrum, Standardize};
use crate::stats::brightness::{Sample, histogram};

/// Families that brightness is compared with where none are named.
const FAMILIES: &[&str] = &["white", "cloud:fit", "offset:0.1", "pyramid", "matched"];

/// How bright the images are, and which offset that asks for.
#[derive(Debug, Clone)]
pub struct Offset {
    /// The schedule of the adjusted offset.
    pub schedule: ReferenceSchedule,
    /// What brightness is compared with.
    pub families: FamilyOptions,
}

/// A noise beside the images: its name, and the standard deviations of its pixels and of its brightness, value.
#[derive(Debug, Clone, PartialEq)]
struct NoiseBrightness {
    family: String,
    noise_std: f64,
    brightness_std: f64,
}

impl Offset {
    /// The table of the schedule, or why it has none: it ends in pure noise. It needs nothing of the images.
    ///
    /// # Errors
    ///
    /// If the schedule adds no noise at some step.
    fn adjusted(&self) -> Result<Result<Vec<AdjustedOffsetStep>, AdjustedOffsetError>> {
        match adjusted_offset(&self.schedule) {
            reason @ Err(AdjustedOffsetError::EndsInPureNoise { .. }) => Ok(reason),
            table => Ok(Ok(table?)),
        }
    }

    /// The families made real for the dataset; none if it has no Γ.
    fn noises(&self, run: &Run<'_>, spectrum: &Spectrum) -> Result<Vec<NoiseBrightness>> {
        let families = self.families.parse_or(FAMILIES, true)?;
        let measured = families.measure_folders(&run.desk, spectrum.preprocess())?;
        let model = match self.families.model(spectrum, run.source.rounding_power()?) {
            Ok(model) => model,
            Err(reason) => {
                run.desk.warn(&format!("no noise families: {reason}"));
                return Ok(Vec::new());
            }
        };
        let noises = families.realise(&self.families.adjust(model.setting()), &measured, run.desk.observer)?;
        let brightness = |noise: &NoiseSpectrum| NoiseBrightness {
            family: noise.name.clone(),
            noise_std: noise.pixel_std(&model.grid),
            brightness_std: noise.brightness_variance(&model.grid, model.color.as_ref()).sqrt(),
        };
        Ok(noises.iter().map(|n| brightness(&n.spectrum)).collect())
    }
}

impl Analysis for Offset {
    type Rows = BrightnessRows;
    type Report = OffsetReport;

    fn needs(&self) -> Needs {
        self.families.needs()
    }

    fn check(&self, source: &Source) -> Result<()> {
        self.adjusted().map(drop)?;
        self.families.parse_or(FAMILIES, true)?;
        source.rounding_power()?;
        self.families.check(source)?;
        let prepared = source.preprocess();
        ensure!(
            prepared.channels != Channels::Ycbcr,
            "the brightness of YCbCr is its Y alone, and its channels are no offsets of pixels; use --channels rgb or \
             luma"
        );
        ensure!(prepared.window == Window::None, "brightness is measured without a window; leave --window out");
        ensure!(
            prepared.standardize != Standardize::None,
            "the variance of brightness needs the mean removed, and --standardize none keeps it; leave the option out"
        );
        if let Some(range) = prepared.range.filter(|range| *range != ValueRange::SIGNED) {
            bail!(
                "offsets are relative to noise of unit variance on images in -1:1, and --range is {range}; leave it out"
            );
        }
        Ok(())
    }

    fn rows(&self, run: &Run<'_>) -> Result<BrightnessRows> {
        warn_of_betas(&self.schedule, &run.desk);
        let adjusted = self.adjusted()?;
        if let Err(reason) = &adjusted {
            run.desk.warn(&format!("no adjusted_offset.csv: {reason}"));
        }
        let n_channels = run.source.preprocess().channels.count();
        // Of one channel the overall brightness is that of the channel.
        let n_variables = if n_channels > 1 { n_channels + 1 } else { 1 };
        Ok(BrightnessRows {
            adjusted: adjusted.ok(),
            variables: vec![Vec::new(); n_variables],
            files: FileNumbers::default(),
        })
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, rows: BrightnessRows) -> Result<OffsetReport> {
        let spectrum = &scanned.spectrum;
        let BrightnessRows { adjusted, variables, files } = rows;
        let noises = self.noises(run, spectrum)?;
        let stds: Vec<f64> = noises.iter().map(|n| n.brightness_std).collect();
        let n_pixels = spectrum.grid().size().n_pixels();
        let (brightness, histogram) = match run.source.images() {
            Some(_) => {
                let sample = Sample::new(variables, files.of_images);
                let brightness = Brightness::of_sample(&sample, n_pixels, &stds, run.desk.seed);
                // As trainers draw the constant: for each channel.
                let n_channels = run.source.preprocess().channels.count();
                let pooled: Vec<f64> = (0..n_channels).flat_map(|c| sample.values(c)).copied().collect();
                (brightness, Some(histogram(&pooled)))
            }
            None => {
                let (means, covariance) = (spectrum.channel_means(), spectrum.channel_mean_covariance());
                (Brightness::of_moments(&means, covariance, n_pixels, &stds), None)
            }
        };
        let found = Found { noises, brightness, histogram, adjusted, seed: run.desk.seed };
        Ok(OffsetReport::new(spectrum, &self.schedule, found))
    }
}

/// The brightness of every image, kept for its quantiles; and the table that was made before the pass.
pub struct BrightnessRows {
    adjusted: Option<Vec<AdjustedOffsetStep>>,
    /// One list per channel, the overall brightness last.
    variables: Vec<Vec<f64>>,
    files: FileNumbers,
}

/// The file of each image: rows come in path order, so a new key is a new file.
#[derive(Default)]
struct FileNumbers {
    of_images: Vec<u32>,
    key: String,
}

impl FileNumbers {
    fn push(&mut self, key: &str) {
        let last = self.of_images.last().copied();
        let number = last.map_or(0, |last| if self.key == key { last } else { last + 1 });
        if last != Some(number) {
            key.clone_into(&mut self.key);
        }
        self.of_images.push(number);
    }
}

impl RowSink for BrightnessRows {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let means = row.summary.channel_mean.iter().chain([&row.summary.mean]);
        self.variables.iter_mut().zip(means).for_each(|(list, mean)| list.push(*mean));
        self.files.push(row.key);
        Ok(())
    }
}
