//! `specscan noise`: samples of noise families, to look at and to use.

use anyhow::{Result, bail};
use clap::Args;

use super::console;
use super::exit::ExitStatus;
use super::families::FamilyArgs;
use super::interrupt;
use super::losses::judge_skips;
use super::named::choice;
use super::present::{self, Presentation};
use super::progress::Progress;
use super::shared::SharedArgs;
use crate::analysis::noise::{NoiseReport, NoiseSamples};
use crate::analysis::{Resolution, SourceOptions};
use crate::report::manifest::Manifest;
use crate::report::samples::SampleFormat;
use crate::spectral::{Channels, Size};

/// Size of noise without a dataset and without `--resolution`, pixels.
const DEFAULT_SIDE: usize = 256;

/// Samples of noise families, with exactly known spectra
///
/// Writes samples as PNG (to look at; black is −3 and white +3 standard deviations) and as .npy (N×C×H×W floats, to
/// use), noise.json and a sheet of all families side by side. Without an INPUT the noise has pixels of standard
/// deviation 1; with one it has the dataset's, and families can follow its spectrum. Sample i is the same whatever the
/// count and the number of threads.
#[derive(Debug, Args)]
#[command(after_help = "Examples: specscan noise --family cloud:1.5,pyramid --resolution 256 --count 16\n          \
                        specscan noise photos --family matched,cloud:best --color")]
pub struct NoiseArgs {
    /// Samples of each family
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    count: u32,

    /// File formats of the samples; may be repeated or separated by commas
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    #[arg(value_parser = choice::<SampleFormat>(), default_values = ["png", "npy"])]
    format: Vec<SampleFormat>,

    #[command(flatten)]
    families: FamilyArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &NoiseArgs) -> Result<ExitStatus> {
    let samples =
        NoiseSamples { count: args.count as usize, formats: args.format.clone(), families: (&args.families).into() };
    let source = args.shared.source()?;
    samples.families.parse(source.has_inputs())?;
    if source.has_inputs() { present::run("noise", &args.shared, &samples) } else { run_alone(args, &samples, &source) }
}

/// Noise without a dataset.
fn run_alone(args: &NoiseArgs, samples: &NoiseSamples, source: &SourceOptions) -> Result<ExitStatus> {
    let shared = &args.shared;
    let size = match source.resolution {
        Some(Resolution::Fixed(size)) => size,
        Some(Resolution::Auto) | None => Size::square(DEFAULT_SIDE),
    };
    let channels: Channels = source.channels.unwrap_or_default();
    if let Some(option) = source.first_about_values().or(source.first_about_files()).or(args
        .shared
        .input
        .by_input
        .then_some("--by-input"))
    {
        bail!("{option} needs images, and no INPUT was given; leave the option out");
    }
    if shared.compute.dry_run {
        let n_bytes = samples.count * channels.count() * size.n_pixels() * size_of::<f32>();
        let n_bytes = indicatif::HumanBytes(n_bytes as u64);
        let line = format!("{} samples of each family at {size}, {n_bytes} as .npy", samples.count);
        console::print_lines(false, &[line])?;
        return Ok(ExitStatus::Done);
    }
    present::recover("noise", shared)?;
    let progress = Progress::new(shared.output.progress, shared.output.quiet);
    // What cannot be had is refused before there is a folder.
    let desk = present::desk("noise", shared, &progress)?;
    let drawing = samples.without_dataset(&desk, size, channels)?;
    let presentation = Presentation::from(&shared.output);
    let desk = presentation.with_folder::<NoiseReport>(desk, &shared.output, &[], [])?;
    interrupt::set_working(true);
    let report = drawing.draw(&desk)?;
    presentation.write(&desk, &report)?;
    let manifest = Manifest { seed: Some(desk.seed), threads: Some(desk.threads), ..Manifest::new() };
    let mut stale = Presentation::stale_names::<NoiseReport>();
    stale.extend(desk.write_skips(&[], &[])?);
    desk.finish(&stale, manifest)?;
    presentation.print(&report)?;
    presentation.say_where::<NoiseReport>(&desk);
    Ok(judge_skips(&desk, presentation.naming(), shared.input.max_skipped, None))
}
