//! Noise of known spectrum: white is flat, the slope of a power law is found again, published distances come out.

use anyhow::Result;

use super::{Check, draw};
use crate::noise::law::fit_law;
use crate::noise::{PublishedDistance, published_distances};
use crate::spectral::{Grid, Size};

/// Pixels on each side of the fields.
const SIDE_PX: usize = 64;
/// Fields drawn of each noise.
const N_FIELDS: u64 = 400;
/// Pairs of fields for the published distances.
const N_PAIRS: u64 = 2000;
/// The published numbers are means over samples themselves, and rounded.
const PUBLISHED_TOLERANCE: f64 = 0.005;

/// All of them.
pub fn all() -> Result<Vec<Check>> {
    let mut checks = vec![is_flat("white")?];
    for (family, delta) in [("white", 0.0), ("pink", 0.5), ("brown", 1.0), ("cloud:1.5", 1.5)] {
        checks.push(has_slope(family, delta)?);
    }
    checks.extend(published_distances(N_PAIRS)?.map(is_as_published));
    Ok(checks)
}

/// White noise of variance 1 has the power 1 in every annulus: the annulus that is furthest off.
fn is_flat(family: &str) -> Result<Check> {
    let grid = Grid::new(Size::square(SIDE_PX));
    let power = grid.radial_mean(&draw::mean_power(&grid, family, N_FIELDS)?);
    // A mode and its conjugate have two numbers between them, so of m modes and n fields the mean power has the
    // variance 2/(m n).
    let deviation = |(power, modes): (&f64, &f64)| (power - 1.0) / (2.0 / (modes * N_FIELDS as f64)).sqrt();
    let deviations = power.iter().zip(grid.modes_per_annulus()).map(deviation);
    let furthest = deviations.fold(0.0, |furthest: f64, d| if d.abs() <= furthest.abs() { furthest } else { d });
    Ok(Check::absolute("white noise flat (std. errors)", furthest, 0.0, 5.0, "standard errors"))
}

/// The Δ of drawn noise is found by the fit.
fn has_slope(family: &str, delta: f64) -> Result<Check> {
    let grid = Grid::new(Size::square(SIDE_PX));
    let fit = fit_law(&grid, &draw::mean_power(&grid, family, N_FIELDS)?)?;
    Ok(Check::absolute(format!("Δ of drawn {family} noise"), fit.delta, delta, 0.02, "Δ"))
}

fn is_as_published(PublishedDistance { name, distance, published }: PublishedDistance) -> Check {
    Check::relative(format!("{name}, published"), distance, published, PUBLISHED_TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_that_is_not_what_it_should_be_is_found_out() {
        assert!(is_flat("white").expect("noise").passed);
        for coloured in ["cloud:0.05", "offset:0.05", "blue"] {
            let check = is_flat(coloured).expect("noise");
            assert!(!check.passed, "{coloured}: {check:?}");
        }
        assert!(has_slope("cloud:0.7", 0.7).expect("noise").passed);
        let check = has_slope("cloud:0.7", 0.75).expect("noise");
        assert!(!check.passed, "{check:?}");
        let distance = PublishedDistance { name: "d", distance: 19.5, published: 19.32 };
        assert!(!is_as_published(distance).passed);
        assert!(is_as_published(PublishedDistance { distance: 19.35, ..distance }).passed);
    }
}
