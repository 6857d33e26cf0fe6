//! Whether specscan and the peer computed the same Γ and RAPSD; a race between different computations proves nothing.

use std::error::Error;

use specscan::spectrum::{RapsdOf, Spectrum};

use super::peer::PeerResults;

/// Largest relative difference of a mode's Γ and of an annulus' RAPSD. Both sides transform in single precision.
const GAMMA_TOLERANCE: f64 = 1e-3;
const RAPSD_TOLERANCE: f64 = 1e-5;

/// Compares the results on the same images and says how close they are.
///
/// # Errors
///
/// If they are not.
pub fn check(ours: &Spectrum, theirs: &PeerResults) -> Result<String, Box<dyn Error>> {
    let gamma = ours.mode_covariance()?;
    let height = ours.grid().size().height;
    let mut gamma_difference = 0.0;
    for (c, channel) in gamma.channels.iter().enumerate() {
        for (i, &value) in channel.iter().enumerate() {
            let other = theirs.gamma.get((c, i % height, i / height)).copied().unwrap_or(f64::NAN);
            gamma_difference = worse(gamma_difference, value, other);
        }
    }
    let mut rapsd_difference = 0.0;
    for (j, &value) in ours.radial_statistics(RapsdOf::ChannelMean).mean.iter().enumerate() {
        let other = theirs.rapsd.get(j).copied().unwrap_or(f64::NAN);
        rapsd_difference = worse(rapsd_difference, value, other);
    }
    let found = format!("largest relative difference of Γ {gamma_difference:.1e}, of RAPSD {rapsd_difference:.1e}");
    if gamma_difference <= GAMMA_TOLERANCE && rapsd_difference <= RAPSD_TOLERANCE {
        Ok(format!("specscan and the peer agree: {found}"))
    } else {
        Err(format!("specscan and the peer disagree: {found}").into())
    }
}

/// The larger of `so_far` and the relative difference of two values; once it is not a number it stays so.
fn worse(so_far: f64, a: f64, b: f64) -> f64 {
    let difference = (a - b).abs() / a.abs();
    if so_far.is_nan() || difference <= so_far { so_far } else { difference }
}
