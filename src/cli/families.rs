//! Options of the commands about noise families.

use clap::{Args, ValueEnum};

use crate::analysis::FamilyOptions;
use crate::noise::ZeroFrequency;

/// Which noise.
#[derive(Debug, Args)]
#[command(next_help_heading = "Noise")]
pub struct FamilyArgs {
    #[arg(
        long = "family",
        value_name = "FAMILY",
        help = "A noise family; may be repeated: white, cloud:Δ|fit|best (power f^(−2Δ)), cloud-crop:Δ|fit|best (cut from a larger \
                field), pink, brown, blue, offset:s[,shared], pyramid[:discount[,iterations]], matched (the dataset's own Γ), \
                blur-noise:ρ,σ, dir:PATH (measured on noise images) [default: some of these]"
    )]
    families: Vec<String>,

    /// Standard deviation of the noise's pixels [default: the dataset's, or 1 without one]
    #[arg(long, value_name = "STD")]
    noise_std: Option<f64>,

    /// What the zero frequency of power-law noise gets: the power of half the lowest frequency, or none as in Cloud Diffusion
    #[arg(long, value_name = "half|zero", default_value = "half")]
    dc: DcArg,

    /// Noise whose channels are correlated as the dataset's: it has the eigenvectors of the pixel colours' covariance
    #[arg(long)]
    color: bool,
}

/// `--dc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DcArg {
    Half,
    Zero,
}

impl From<DcArg> for ZeroFrequency {
    fn from(arg: DcArg) -> Self {
        match arg {
            DcArg::Half => Self::HalfPeriod,
            DcArg::Zero => Self::Zero,
        }
    }
}

impl From<&FamilyArgs> for FamilyOptions {
    fn from(args: &FamilyArgs) -> Self {
        Self {
            names: args.families.clone(),
            noise_std: args.noise_std,
            zero_frequency: args.dc.into(),
            color: args.color,
        }
    }
}
