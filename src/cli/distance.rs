//! `specscan distance`: which noise is closest to the images, by how much, and which images are far from all others.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::exit::ExitStatus;
use super::families::FamilyArgs;
use super::present;
use super::shared::SharedArgs;
use crate::analysis::distance::Distance;
use crate::noise::Metric;

/// Which noise is closest to the images, and which images are odd
///
/// Writes distance.csv (noise families, closest first), distance_images.csv (each image, oddest first), a plot of the
/// families and farthest.png (the oddest images: too little power, too much). Families are ranked by
/// KL(dataset‖noise): a small Mahalanobis distance alone only says that noise is smooth.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan distance photos --resolution 64 --family white,cloud:best")]
pub struct DistanceArgs {
    /// How Γ, the variance of each mode, is taken when families are compared: as measured, its annulus means, or the
    /// fitted power law; may be repeated [default: modes from 64 images on, else radial]
    #[arg(long, value_name = "METRIC")]
    metric: Vec<MetricArg>,

    /// The same for the Mahalanobis distance of single images
    #[arg(long, value_name = "METRIC", default_value = "radial")]
    image_metric: MetricArg,

    /// Number of samples drawn from each family
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    samples: u32,

    /// Also compare with the full covariance of images reduced to at most N pixels per side (distance_full.csv)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=32))]
    full_covariance: Option<u16>,

    #[command(flatten)]
    families: FamilyArgs,

    #[command(flatten)]
    shared: SharedArgs,
}

/// `--metric`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MetricArg {
    Modes,
    Radial,
    PowerLaw,
}

impl From<MetricArg> for Metric {
    fn from(arg: MetricArg) -> Self {
        match arg {
            MetricArg::Modes => Self::Modes,
            MetricArg::Radial => Self::Radial,
            MetricArg::PowerLaw => Self::PowerLaw,
        }
    }
}

/// Runs the command.
pub fn run(args: &DistanceArgs) -> Result<ExitStatus> {
    let distance = Distance {
        metrics: args.metric.iter().map(|metric| (*metric).into()).collect(),
        image_metric: args.image_metric.into(),
        samples: args.samples as usize,
        full_covariance: args.full_covariance.map(usize::from),
        has_pictures: !args.shared.output.plots.formats.0.is_empty(),
        families: (&args.families).into(),
    };
    distance.families.parse(true)?;
    present::run("distance", &args.shared, &distance)
}
