//! Options that every subcommand takes, and their resolution into validated settings.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};

use super::memory;
use super::named::choice;
use crate::analysis::{Resolution, SkipLimit, SourceOptions};
use crate::dataset::{ArrayOptions, Damaged, ExifPolicy, Layout, ListFormat, Transform};
use crate::report::plot::PlotFormat;
use crate::report::plot::page::{Page, parse_width};
use crate::spectral::{Channels, Named, Size, ValueRange, Window};
use crate::spectrum::Standardize;

/// Upper limit of --threads: each worker holds megabytes of buffers and sums.
const MAX_THREADS: usize = 1024;

/// Upper limit of --io-threads: each reader may hold two files open.
const MAX_IO_THREADS: usize = 256;

/// Where images come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// Folders of images (walked recursively), image files, latents (*.npy, *.npz, *.safetensors; folders of them where
    /// there are no images), or saved spectra (*.spectrum)
    #[arg(value_name = "INPUT", help_heading = None::<&str>)]
    pub inputs: Vec<PathBuf>,

    /// Read image paths from FILE, one a line (see --null); `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "inputs")]
    pub files_from: Option<PathBuf>,

    /// Paths in --files-from end in a zero byte, as `find -print0` writes them
    #[arg(short = '0', long)]
    pub null: bool,

    /// One answer for each INPUT, in a folder of its own below --out, and a table of all; otherwise several inputs are
    /// one set
    #[arg(long, conflicts_with = "files_from")]
    pub by_input: bool,

    /// What the answer is headed by, where there are several.
    #[arg(skip)]
    pub heading: Option<String>,

    /// Array to read from .npz and .safetensors files that hold several
    #[arg(long, value_name = "NAME")]
    pub key: Option<String>,

    /// Axes of arrays: n samples, c channels, h rows, w columns [default: nchw or chw; channels last where the last has
    /// at most 4 and the one for channels more; bytes of three axes nhw]
    #[arg(long, value_name = "AXES", value_parser = choice::<Layout>())]
    pub layout: Option<Layout>,

    /// Use only the first N files, in path order
    #[arg(long, alias = "max-images", value_name = "N", conflicts_with = "sample")]
    pub num: Option<usize>,

    /// Use N files chosen at random (see --seed)
    #[arg(long, value_name = "N")]
    pub sample: Option<usize>,

    /// Read files in random order (see --seed) until the standard error of every octave's mean power is below P percent
    /// of it; with --num or --sample, at most those files
    #[arg(long, value_name = "P%", value_parser = percentage)]
    pub until: Option<f64>,

    /// Seed of everything random; it is written to the manifest
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,

    /// How many files may be unusable before the run counts as failed (exit code 1): a number, or a share like 1%.
    /// Images left out by choice (too small, of another size, letterboxed) do not count
    #[arg(long, value_name = "N|P%", default_value = "1%")]
    pub max_skipped: SkipLimit,

    /// Skip images whose header declares more pixels than this [default: 268435456]
    #[arg(long, value_name = "N")]
    pub max_pixels: Option<u64>,

    /// EXIF orientation of the files [default: ignore, as ADM and EDM do]
    #[arg(long, value_name = "POLICY", value_parser = choice::<ExifPolicy>())]
    pub exif: Option<ExifPolicy>,

    /// Damaged JPEG and run-length BMP files; what decoders give of them can be kept [default: skip]
    #[arg(long, value_name = "HOW", value_parser = choice::<Damaged>())]
    pub damaged: Option<Damaged>,
}

/// How images are prepared: what the network would see.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Preparing images")]
pub struct PreprocessArgs {
    /// Working size: N, HxW or `auto` (the common size, else the largest usual one that 99 % of the images reach)
    /// [default: auto]
    #[arg(long, alias = "size", value_name = "N|HxW|auto", value_parser = parse_resolution)]
    pub resolution: Option<Resolution>,

    /// How images are brought to the working size [default: none if sizes agree, else center-crop-dhariwal (alias adm)]
    #[arg(long, value_name = "NAME", value_parser = choice::<Transform>())]
    pub transform: Option<Transform>,

    /// Enlarge images smaller than the working size; their high frequencies then mean nothing
    #[arg(long)]
    pub allow_upscale: bool,

    /// Leave out images with uniform bars on two opposite sides; they are listed in left_out.csv
    #[arg(long)]
    pub drop_letterbox: bool,

    /// Decode JPEGs of over 4 times the working size at 1/2, 1/4 or 1/8 of theirs: faster, other pixels (docs/speed.md)
    #[arg(long)]
    pub decode_scale: bool,

    /// Channels that are analysed [default: rgb]
    #[arg(long, value_name = "CHANNELS", value_parser = choice::<Channels>())]
    pub channels: Option<Channels>,

    /// What is removed before covariances: nothing, the mean image, or (two passes) each pixel's mean and deviation
    /// [default: mean]
    #[arg(long, value_name = "HOW", value_parser = choice::<Standardize>())]
    pub standardize: Option<Standardize>,

    /// Window applied to each image, scaled so that white noise keeps its power [default: none]
    #[arg(long, value_name = "WINDOW", value_parser = choice::<Window>())]
    pub window: Option<Window>,

    /// Pixel values of black and white [default: -1:1]
    #[arg(long, value_name = "LO:HI", value_parser = value_range, allow_hyphen_values = true)]
    pub range: Option<ValueRange>,
}

/// How plots look.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Plots")]
pub struct PlotArgs {
    /// Plot formats, comma-separated: svg, png, pdf, or none
    #[arg(long = "plots", value_name = "FORMATS", default_value = "svg,png")]
    pub formats: PlotFormats,

    /// Width of plots, like 3.4in, 8.6cm or 640px; text stays at 7 points or more [default: 900px]
    #[arg(long, value_name = "WIDTH", value_parser = plot_width)]
    pub plot_width: Option<Page>,

    /// Leave title and subtitle out of plots: papers have captions
    #[arg(long)]
    pub no_title: bool,
}

/// Where results go and how they look.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Folder for tables, plots and a manifest named after the command; created if missing
    #[arg(short, long, value_name = "DIR", default_value = "specscan-out")]
    pub out: PathBuf,

    /// Replace files in --out that no run of specscan wrote, or that were changed since; inputs never
    #[arg(long)]
    pub overwrite: bool,

    /// Print the result as one JSON object instead of a table
    #[arg(long)]
    pub json: bool,

    /// Print only errors (and the JSON object of --json)
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Also print what the answer rests on, and name all files that were written or skipped
    #[arg(short, long)]
    pub verbose: bool,

    /// Progress on stderr; auto: a bar on a terminal, a line every 10 s elsewhere; always: a bar
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub progress: ProgressWhen,

    // Last: its heading would cover what follows.
    #[command(flatten)]
    pub plots: PlotArgs,
}

impl PlotArgs {
    /// What plots are drawn on.
    pub fn page(&self) -> Page {
        Page { has_heading: !self.no_title, ..self.plot_width.unwrap_or_default() }
    }
}

/// How the work is done.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Computing")]
pub struct ComputeArgs {
    /// Worker threads [default: all cores]; the results do not depend on it
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<usize>,

    /// Files read ahead of the workers at once, for slow disks and networks; 0: none [default: 4 where a read takes
    /// long]; the results do not depend on it
    #[arg(long, value_name = "N")]
    pub io_threads: Option<usize>,

    /// Memory that the run may take, like 4GiB; images that take more to decode are skipped, larger sums refused
    /// [default: half of what the machine, its container and ulimit -v allow]
    #[arg(long, value_name = "SIZE", value_parser = memory::parse)]
    pub max_memory: Option<u64>,

    /// Print the plan (files, sizes, preprocessing, memory, time) and stop
    #[arg(long)]
    pub dry_run: bool,
}

impl ComputeArgs {
    /// Memory that the run may take, bytes.
    pub fn max_memory(&self) -> u64 {
        self.max_memory.unwrap_or_else(memory::half_of_all)
    }

    /// The number of readers ahead of the workers.
    pub fn io_threads(&self) -> Result<Option<usize>> {
        match self.io_threads {
            Some(n) if n > MAX_IO_THREADS => {
                bail!("--io-threads {n}: at most {MAX_IO_THREADS} are allowed, since each may hold two files open")
            }
            n => Ok(n),
        }
    }

    /// The number of workers.
    pub fn threads(&self) -> Result<usize> {
        match self.threads {
            Some(0) => bail!("--threads 0: at least one worker is needed; leave the option out to use all cores"),
            Some(n) if n > MAX_THREADS => {
                bail!("--threads {n}: at most {MAX_THREADS} are allowed; more than there are cores gain nothing")
            }
            Some(n) => Ok(n),
            None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        }
    }
}

/// All shared options of a command that analyses images.
#[derive(Debug, Clone, Args)]
pub struct SharedArgs {
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub preprocess: PreprocessArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub compute: ComputeArgs,
}

impl SharedArgs {
    /// What to read, and how to prepare it.
    pub fn source(&self) -> Result<SourceOptions> {
        let (input, preprocess) = (&self.input, &self.preprocess);
        ensure!(
            !input.null || input.files_from.is_some(),
            "--null says how the paths in --files-from end; give the list there, or leave it out"
        );
        Ok(SourceOptions {
            inputs: input.inputs.clone(),
            files_from: input.files_from.clone(),
            list_format: if input.null { ListFormat::Nul } else { ListFormat::Lines },
            arrays: ArrayOptions {
                key: input.key.clone(),
                layout: input.layout,
                max_memory_bytes: Some(self.compute.max_memory()),
            },
            num: input.num,
            sample: input.sample,
            until: input.until,
            seed: input.seed,
            max_pixels: input.max_pixels,
            exif: input.exif,
            damaged: input.damaged,
            resolution: preprocess.resolution,
            transform: preprocess.transform,
            allow_upscale: preprocess.allow_upscale,
            drop_letterbox: preprocess.drop_letterbox,
            decode_scale: preprocess.decode_scale,
            channels: preprocess.channels,
            standardize: preprocess.standardize,
            window: preprocess.window,
            range: preprocess.range,
            threads: self.compute.threads()?,
            io_threads: self.compute.io_threads()?,
            max_memory_bytes: Some(self.compute.max_memory()),
        })
    }
}

/// Reads `--resolution`.
pub fn parse_resolution(text: &str) -> Result<Resolution> {
    if text == "auto" {
        return Ok(Resolution::Auto);
    }
    let side = |s: &str| -> Result<usize> {
        let n: usize = s.trim().parse().map_err(|_| {
            anyhow::anyhow!("`{s}` is not a number of pixels; write 128, 128x192 (height by width) or auto")
        })?;
        ensure!((1..=Size::MAX_SIDE_PX).contains(&n), "{n} pixels is out of range: 1 to {}", Size::MAX_SIDE_PX);
        Ok(n)
    };
    match text.split_once(['x', 'X', '×']) {
        Some((height, width)) => Ok(Resolution::Fixed(Size::new(side(height)?, side(width)?))),
        None => Ok(Resolution::Fixed(Size::square(side(text)?))),
    }
}

/// Reads `--until`, as a share.
fn percentage(text: &str) -> Result<f64> {
    let number = text.strip_suffix('%').context("write a percentage with its sign, like 2%")?;
    let percent: f64 = number.trim().parse().with_context(|| format!("`{number}` is not a number"))?;
    ensure!(percent > 0.0 && percent < 100.0, "a standard error lies between 0% and 100%, like 2%");
    Ok(percent / 100.0)
}

/// Reads `--range`.
fn value_range(text: &str) -> Result<ValueRange> {
    let Some((low, high)) = text.split_once(':') else {
        bail!("write the values of black and white with a colon between them, like -1:1 or 0:1");
    };
    let number = |s: &str| s.trim().parse::<f64>().with_context(|| format!("`{s}` is not a number"));
    let (low, high) = (number(low)?, number(high)?);
    ensure!(low.is_finite() && high.is_finite() && low < high, "black must be a smaller value than white");
    ensure!(low.abs().max(high.abs()) <= 1e4, "values beyond ±10000 leave the range of the exact sums");
    ensure!(high - low >= 1e-3, "black and white must be at least 0.001 apart");
    Ok(ValueRange { low, high })
}

/// `--plots`.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotFormats(pub Vec<PlotFormat>);

impl std::str::FromStr for PlotFormats {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let mut formats = Vec::new();
        for name in text.split(',') {
            let name = name.trim();
            let Some(format) = PlotFormat::from_name(name) else {
                bail!("`{name}` is not a plot format; write svg, png, pdf, some of them like svg,png, or none")
            };
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        Ok(Self(formats))
    }
}

/// Reads `--plot-width`.
fn plot_width(text: &str) -> Result<Page> {
    let width = parse_width(text).context("write a number and its unit: 3.4in, 8.6cm, 86mm or 640px")?;
    Page::of_width(width).context("plots are between 2.5in (240px) and 50in (4800px) wide")
}

/// `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressWhen {
    Auto,
    Never,
    Always,
}

/// The name of a file to be written, without its ending.
pub fn parse_file_name(text: &str) -> Result<String, String> {
    let is_plain = !text.is_empty() && std::path::Path::new(text).file_name() == Some(text.as_ref());
    if is_plain { Ok(text.to_owned()) } else { Err("give a plain name without folders".to_owned()) }
}
