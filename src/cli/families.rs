//! Options of the commands about noise families.

use clap::Args;

use super::named::choice;
use crate::analysis::FamilyOptions;
use crate::noise::{ZeroFrequency, family_usages, split_families};

/// Which noise.
#[derive(Debug, Args)]
#[command(next_help_heading = "Noise")]
pub struct FamilyArgs {
    #[arg(
        long = "family",
        value_name = "FAMILY",
        help = format!(
            "A noise family; may be repeated, or separated by commas: {} [default: some of these]",
            family_usages()
        )
    )]
    families: Vec<String>,

    /// Standard deviation of the noise's pixels [default: the dataset's, or 1 without one]
    #[arg(long, value_name = "STD")]
    noise_std: Option<f64>,

    /// What the zero frequency of power-law noise gets: the power of half the lowest frequency, or none as in Cloud
    /// Diffusion
    #[arg(long, value_name = "half|zero", value_parser = choice::<ZeroFrequency>(), default_value_t)]
    dc: ZeroFrequency,

    /// Correlate the channels as the dataset does: noise is drawn along the eigenvectors of its colour covariance
    #[arg(long)]
    color: bool,
}

impl From<&FamilyArgs> for FamilyOptions {
    fn from(args: &FamilyArgs) -> Self {
        Self {
            names: args.families.iter().flat_map(|list| split_families(list)).map(str::to_owned).collect(),
            noise_std: args.noise_std,
            zero_frequency: args.dc,
            color: args.color,
        }
    }
}
