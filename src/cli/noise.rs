//! `specscan noise`: samples of noise families, to look at and to use.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::console::{self, align, short};
use super::exit::ExitStatus;
use super::families::{Families, FamilyArgs};
use super::noise_levels::rounding_power_of;
use super::noise_plots;
use super::progress::Progress;
use super::scan::describe;
use super::session::{Scanned, Session, resolve, write_manifest};
use super::shared::SharedArgs;
use crate::analysis::Resolution;
use super::{interrupt, noise_files::SampleFiles};
use crate::noise::field::Role;
use crate::noise::model::ColorAxes;
use crate::noise::{Noise, SampledNoise, Setting};
use crate::pipeline::noise::draw_samples;
use crate::pipeline::{NoRows, ScanError};
use crate::report::manifest::{Manifest, write_json};
use crate::report::output_dir::OutputDir;
use crate::spectral::{Channels, Grid, Size, ValueRange, Window};
use crate::spectrum::{Preprocess, Standardize};

/// Size of noise without a dataset and without `--resolution`, pixels.
const DEFAULT_SIDE: usize = 256;

/// Samples of noise families, with exactly known spectra
///
/// Writes samples as PNG (to look at; black is −3 and white +3 standard deviations) and as .npy (N×C×H×W floats, to use), noise.json
/// and a sheet of all families side by side. Without an INPUT the noise has pixels of standard deviation 1; with one it has the
/// dataset's, and families can follow its spectrum. Sample i is the same whatever the count and the number of threads.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: specscan noise --family cloud:1.5 --family pyramid --resolution 256 --count 16 -o noise\n          \
                        specscan noise photos --family matched --family cloud:best --color -o noise"
)]
pub struct NoiseArgs {
    /// Samples of each family
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    count: u32,

    /// What samples are written as; may be repeated or separated by commas
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', default_values_t = [SampleFormat::Png, SampleFormat::Npy])]
    format: Vec<SampleFormat>,

    #[command(flatten)]
    families: FamilyArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SampleFormat {
    Png,
    Npy,
}

impl std::fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::Png { "png" } else { "npy" })
    }
}

/// Runs the command.
pub fn run(args: &NoiseArgs) -> Result<ExitStatus> {
    let input = &args.shared.input;
    let has_dataset = !input.inputs.is_empty() || input.files_from.is_some();
    let families = args.families.parse(has_dataset)?;
    if has_dataset { run_with_dataset(args, &families) } else { run_alone(args, &families) }
}

/// Noise that follows a dataset.
fn run_with_dataset(args: &NoiseArgs, families: &Families) -> Result<ExitStatus> {
    let shared = &args.shared;
    let color = args.families.color;
    let input = resolve(shared, args.families.wants())?;
    args.families.check(&input)?;
    let rounding_power = rounding_power_of(&input)?;
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let scanned = session.scan(input, &mut NoRows)?;
    let spectrum = &scanned.spectrum;
    let model = args.families.model(spectrum, rounding_power)?;
    let measured = families.measure_folders(shared, &session.progress, spectrum.preprocess(), color)?;
    let setting = args.families.adjust(model.setting());
    let noises = families.realise(&setting, &measured, shared.output.quiet)?;
    let subtitle = format!("spectrum of {}", describe(spectrum));
    let job = Job { args, out: &session.out, setting, color: model.color.as_ref(), subtitle };
    job.write(&noises, Some(&scanned))?;
    session.finish(&scanned, &[])
}

/// Noise without a dataset.
fn run_alone(args: &NoiseArgs, families: &Families) -> Result<ExitStatus> {
    let shared = &args.shared;
    let started = Instant::now();
    let size = match shared.preprocess.resolution {
        Some(Resolution::Fixed(size)) => size,
        Some(Resolution::Auto) | None => Size::square(DEFAULT_SIDE),
    };
    let channels = shared.preprocess.channels.unwrap_or_default();
    if let Some(option) = shared.preprocess.first_about_values().or(shared.input.first_about_images()) {
        bail!("{option} is about images, and no INPUT was given; leave the option out");
    }
    let grid = Grid::new(size);
    if shared.compute.dry_run {
        let n_bytes = args.count as usize * channels.count() * size.n_pixels() * size_of::<f32>();
        let lines = [format!(
            "{} samples of each family at {size}, {} as .npy",
            args.count,
            indicatif::HumanBytes(n_bytes as u64)
        )];
        console::print_lines(false, &lines)?;
        return Ok(ExitStatus::Done);
    }
    let progress = Progress::new(shared.output.progress, shared.output.quiet);
    let like = Preprocess {
        transform: crate::dataset::Transform::Crop.to_string(),
        size,
        exif: "ignore".to_owned(),
        allow_upscale: false,
        drop_letterbox: false,
        channels,
        range: ValueRange::SIGNED,
        standardize: Standardize::Mean,
        window: Window::None,
    };
    let measured = families.measure_folders(shared, &progress, &like, false)?;
    let setting = args.families.adjust(Setting {
        grid: &grid,
        n_axes: channels.count(),
        dataset: None,
        measured: None,
        zero_frequency: args.families.dc,
        pixel_variance: 1.0,
    });
    let noises = families.realise(&setting, &measured, shared.output.quiet)?;
    let out = OutputDir::create(&shared.output.out)?;
    let subtitle = format!("{size} {}", channels.name());
    Job { args, out: &out, setting, color: None, subtitle }.write(&noises, None)?;
    let manifest =
        Manifest { seed: Some(shared.input.seed), threads: Some(shared.compute.threads()?), ..Manifest::new() };
    write_manifest(&out, started, manifest)?;
    if !shared.output.quiet {
        eprintln!("wrote {} to {}", out.written().join(", "), out.path().display());
    }
    Ok(ExitStatus::Done)
}

/// What is drawn, and where it goes.
struct Job<'a> {
    args: &'a NoiseArgs,
    out: &'a OutputDir,
    setting: Setting<'a>,
    color: Option<&'a ColorAxes>,
    subtitle: String,
}

impl Job<'_> {
    /// Draws and writes all samples of all families.
    fn write(&self, noises: &[Noise], scanned: Option<&Scanned>) -> Result<()> {
        let shared = &self.args.shared;
        let std = self.setting.pixel_variance.sqrt();
        let mut formats = self.args.format.clone();
        if shared.preprocess.channels == Some(Channels::Ycbcr) && formats.contains(&SampleFormat::Png) {
            console::warn(shared.output.quiet, "no PNGs of YCbCr noise: its planes are not red, green and blue");
            formats.retain(|f| *f != SampleFormat::Png);
        }
        let mut files = SampleFiles::new(self.out, &formats, self.setting.grid.size(), std, noises.len())?;
        let mut sheet = Vec::with_capacity(noises.len());
        let mut written = Vec::with_capacity(noises.len());
        for noise in noises {
            let (entry, first) = self.write_family(noise, &mut files)?;
            written.push(entry);
            sheet.push(noise_plots::sample_picture(&noise.spectrum, first));
        }
        let n_clipped: u64 = written.iter().map(|e| e.n_clipped).sum();
        files.remove_stale()?;
        let document = json!({
            "schema_version": 1,
            "seed": shared.input.seed,
            "n_samples": self.args.count,
            "size": self.setting.grid.size(),
            "noise_std": std,
            "color_axes": self.color.map(|c| &c.axes),
            "png_black": -files.png_range(),
            "png_white": files.png_range(),
            "families": written,
            "png_files": files.png_names(),
        });
        write_json(self.out, "noise.json", &document)?;
        noise_plots::sheet(self.out, shared, self.setting.grid.size(), &self.subtitle, std, sheet);
        if shared.output.json {
            return console::print_json(&document);
        }
        let mut lines: Vec<String> = scanned.map(|s| describe(&s.spectrum)).into_iter().collect();
        lines.push(format!(
            "{} samples of each family at {}, pixel deviation {}, seed {}",
            self.args.count,
            self.setting.grid.size(),
            short(std),
            shared.input.seed
        ));
        let mut table = vec![["family", "Δ", "2Δ"].map(str::to_owned).to_vec()];
        for entry in &written {
            let number = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
            table.push(vec![entry.family.clone(), number(entry.delta), number(entry.delta.map(|d| 2.0 * d))]);
        }
        lines.extend(align(&table));
        lines.extend(written.last().map(|entry| match written.len() {
            1 => format!("samples: {}", entry.files),
            _ => format!("samples, of the last family: {}", entry.files),
        }));
        if formats.contains(&SampleFormat::Png) {
            let n_values =
                (noises.len() * self.args.count as usize * self.setting.n_axes * self.setting.grid.size().n_pixels())
                    as f64;
            lines.push(format!(
                "in the PNGs black is {} and white {} (3 standard deviations); {:.2} % of the values lie beyond",
                short(-files.png_range()),
                short(files.png_range()),
                100.0 * n_clipped as f64 / n_values
            ));
        }
        console::print_lines(shared.output.quiet, &lines)
    }

    /// Draws one family; what was written, and the pixels of its first sample.
    fn write_family(&self, noise: &Noise, files: &mut SampleFiles<'_>) -> Result<(FamilyEntry, Vec<f32>)> {
        let shared = &self.args.shared;
        let sampled = SampledNoise::new(noise.sampler.clone(), shared.input.seed, Role::Noise);
        let n_axes = self.setting.n_axes;
        let mut family = files.open(&noise.spectrum.name, n_axes)?;
        let mut first = Vec::new();
        let encoder = family.encoder();
        let finish = |planes: &[f32], sample: &mut DrawnSample| {
            sample.planes.clear();
            sample.planes.extend_from_slice(planes);
            if let Some(color) = self.color {
                color.to_channels(&mut sample.planes);
            }
            encoder.encode(&sample.planes, &mut sample.png, &mut sample.n_clipped);
        };
        let emit = |index: usize, sample: &DrawnSample| {
            if index == 0 {
                first.clone_from(&sample.planes);
            }
            let kept = family.push(index, sample);
            kept.map_err(|source| ScanError::Row { key: format!("sample {index}"), source: source.into() })
        };
        draw_samples(&sampled, self.args.count as usize, shared.compute.threads()?, interrupt::flag(), finish, emit)
            .with_context(|| format!("cannot draw {}", noise.spectrum.name))?;
        let (file_names, n_clipped) = family.commit()?;
        let entry = FamilyEntry {
            family: noise.spectrum.name.clone(),
            delta: noise.spectrum.delta,
            files: file_names,
            n_clipped,
        };
        Ok((entry, first))
    }
}

/// One drawn sample.
#[derive(Debug, Default)]
pub struct DrawnSample {
    /// Channels, one after the other, value.
    pub planes: Vec<f32>,
    /// The PNG, if one is wanted.
    pub png: Vec<u8>,
    /// Values beyond the PNG's black and white.
    pub n_clipped: u64,
}

/// What `noise.json` says of a family.
#[derive(Debug, serde::Serialize)]
struct FamilyEntry {
    family: String,
    delta: Option<f64>,
    files: String,
    n_clipped: u64,
}
