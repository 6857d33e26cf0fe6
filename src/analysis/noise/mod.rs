//! `noise`: samples of noise families, to look at and to use, with a dataset to follow or without one.

mod report;

use anyhow::{Context, Result, ensure};

use super::{About, Analysis, Desk, Families, FamilyOptions, Needs, Run, Scanned, Source};
use crate::dataset::Transform;
use crate::noise::field::Role;
use crate::noise::model::ColorAxes;
use crate::noise::{Noise, SampledNoise, Setting};
use crate::pipeline::noise::draw_samples;
use crate::pipeline::{NoRows, ScanError};
use crate::report::own_results::MAX_SAMPLES;
use crate::report::samples::{Sample, SampleFiles, SampleFormat, to_pixels};
use crate::spectral::{Channels, Grid, Size, ValueRange, Window};
use crate::spectrum::{Preprocess, Standardize};

pub use report::{FamilySamples, NoiseReport};

/// Which noise is drawn, and what is kept of it.
#[derive(Debug, Clone)]
pub struct NoiseSamples {
    /// Samples of each family, at least one.
    pub count: usize,
    /// What samples are written as.
    pub formats: Vec<SampleFormat>,
    /// The families.
    pub families: FamilyOptions,
}

impl NoiseSamples {
    /// The families made real for noise of `size` without a dataset, of unit variance where the options say nothing
    /// else.
    ///
    /// # Errors
    ///
    /// If a family cannot be had.
    pub fn without_dataset(&self, desk: &Desk<'_>, size: Size, channels: Channels) -> Result<Drawing> {
        let families = self.families.parse(false)?;
        self.check_count(&families)?;
        let like = Preprocess {
            transform: Transform::Crop.to_string(),
            size,
            exif: "ignore".to_owned(),
            allow_upscale: false,
            drop_letterbox: false,
            decode_scale: false,
            channels,
            range: Some(ValueRange::SIGNED),
            standardize: Standardize::Mean,
            window: Window::None,
        };
        let measured = families.measure_folders(desk, &like)?;
        let grid = Grid::new(size);
        let setting = self
            .families
            .adjust(Setting { zero_frequency: self.families.zero_frequency, ..Setting::free(&grid, channels.count()) });
        let noises = families.realise(&setting, &measured, desk.observer)?;
        Ok(self.drawing(noises, &setting, channels, None))
    }

    /// Refuses more pictures than a folder's next run could be told of.
    fn check_count(&self, families: &Families) -> Result<()> {
        let n_pictures = families.n().saturating_mul(self.count);
        ensure!(
            n_pictures <= MAX_SAMPLES || !self.formats.contains(&SampleFormat::Png),
            "--count {} would make {n_pictures} PNG files, and a run makes at most {MAX_SAMPLES}; draw them as arrays, \
             one for each family, with --format npy",
            self.count
        );
        Ok(())
    }

    fn drawing(&self, noises: Vec<Noise>, setting: &Setting<'_>, channels: Channels, about: Option<About>) -> Drawing {
        Drawing {
            count: self.count,
            formats: self.formats.clone(),
            noises,
            size: setting.grid.size(),
            channels,
            std: setting.pixel_variance.sqrt(),
            color: setting.dataset.and_then(|dataset| dataset.color.clone()),
            about,
        }
    }
}

impl Analysis for NoiseSamples {
    type Rows = NoRows;
    type Report = NoiseReport;

    fn needs(&self) -> Needs {
        self.families.needs()
    }

    fn check(&self, source: &Source) -> Result<()> {
        self.check_count(&self.families.parse(true)?)?;
        self.families.check(source)?;
        source.rounding_power()?;
        Ok(())
    }

    fn rows(&self, _: &Run<'_>) -> Result<NoRows> {
        Ok(NoRows)
    }

    fn report(&self, run: &Run<'_>, scanned: &Scanned, _: NoRows) -> Result<NoiseReport> {
        let spectrum = &scanned.spectrum;
        let families = self.families.parse(true)?;
        let model = self.families.model(spectrum, run.source.rounding_power()?)?;
        let measured = families.measure_folders(&run.desk, spectrum.preprocess())?;
        let setting = self.families.adjust(model.setting());
        let noises = families.realise(&setting, &measured, run.desk.observer)?;
        let channels = spectrum.preprocess().channels;
        self.drawing(noises, &setting, channels, Some(About::of(spectrum))).draw(&run.desk)
    }
}

/// Noise that is ready to be drawn: nothing is refused any more.
#[derive(Debug)]
pub struct Drawing {
    count: usize,
    formats: Vec<SampleFormat>,
    noises: Vec<Noise>,
    size: Size,
    channels: Channels,
    /// Standard deviation of the pixels, value.
    std: f64,
    color: Option<ColorAxes>,
    /// The dataset that it follows.
    about: Option<About>,
}

impl Drawing {
    /// Draws all samples of all families into the folder, in place of those that an earlier run left there.
    ///
    /// # Errors
    ///
    /// If there is no folder, a file cannot be written, or the work is stopped.
    pub fn draw(mut self, desk: &Desk<'_>) -> Result<NoiseReport> {
        let are_colors = !matches!(self.channels, Channels::Ycbcr | Channels::Latent(_));
        if !are_colors && self.formats.contains(&SampleFormat::Png) {
            let what = if self.channels.are_latent() { "latent" } else { "YCbCr" };
            desk.warn(&format!("no PNGs of {what} noise: its planes are not red, green and blue"));
            self.formats.retain(|f| *f != SampleFormat::Png);
        }
        let mut files = SampleFiles::new(desk.folder()?, &self.formats, self.size, self.std, self.noises.len());
        let families = self.noises.iter().map(|noise| self.draw_family(noise, &mut files, desk));
        let families = families.collect::<Result<Vec<_>>>()?;
        let png_range = files.png_range();
        Ok(NoiseReport {
            schema_version: super::about::SCHEMA_VERSION,
            seed: desk.seed,
            n_samples: self.count,
            size: self.size,
            noise_std: self.std,
            color_axes: self.color.map(|color| color.axes),
            png_black: -png_range,
            png_white: png_range,
            families,
            png_files: files.finish(),
            channels: self.channels,
            about: self.about,
        })
    }

    fn draw_family(&self, noise: &Noise, files: &mut SampleFiles<'_>, desk: &Desk<'_>) -> Result<FamilySamples> {
        let name = &noise.spectrum.name;
        let sampled = SampledNoise::new(noise.sampler.clone(), desk.seed, Role::Noise);
        let range = files.png_range();
        let mut family = files.open(name, self.channels.count())?;
        let encoder = family.encoder();
        let finish = |planes: &[f32], sample: &mut Sample| {
            sample.planes.clear();
            sample.planes.extend_from_slice(planes);
            if let Some(color) = &self.color {
                color.to_channels(&mut sample.planes);
            }
            encoder.encode(sample);
        };
        let mut first = None;
        let emit = |index: usize, sample: &Sample| {
            first.get_or_insert_with(|| to_pixels(self.size, &sample.planes, range));
            let kept = family.push(index, sample);
            kept.map_err(|source| ScanError::Row { key: format!("sample {index}"), source })
        };
        draw_samples(&sampled, self.count, desk.threads, (desk.observer, desk.cancel), finish, emit)
            .with_context(|| format!("cannot draw {name}"))?;
        let (files, n_clipped) = family.commit()?;
        let power = noise.spectrum.radial_mean(&Grid::new(self.size));
        Ok(FamilySamples { family: name.clone(), delta: noise.spectrum.delta, files, n_clipped, first, power })
    }
}
