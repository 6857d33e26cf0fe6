//! The picture of `recommend`: spectrum, bounds and training densities over one axis of noise.

use crate::analysis::About;
use crate::diffusion::NoiseDraws;
use crate::report::plot::recommend::RecommendFigure;
use crate::report::text::short;

/// Of a set with this mean RAPSD (annuli from 0 on, value² per mode) and these ends of useful noise, value.
pub(super) fn figure(
    about: &About,
    bounds: [f64; 2],
    frequencies: &[f64],
    rapsd: &[f64],
    own: NoiseDraws,
) -> RecommendFigure {
    let [low, high] = bounds.map(short);
    let named = [("these images", own), ("EDM", NoiseDraws::EDM), ("flow matching", NoiseDraws::FLOW)];
    RecommendFigure {
        title: format!("These images need noise from σ = {low} to {high}"),
        subtitle: about.describe(),
        bounds,
        frequency_cycles_per_px: frequencies[1..].to_vec(),
        hidden_sigma: rapsd[1..].iter().map(|power| power.sqrt()).collect(),
        densities: named.map(|(whose, draws)| (format!("{whose}: {}", describe(draws)), draws)).to_vec(),
    }
}

/// A normal density as its mean and deviation.
fn describe(draws: NoiseDraws) -> String {
    match draws {
        NoiseDraws::Edm { mean, std } | NoiseDraws::LogitNormal { mean, std } => {
            format!("ln σ ~ N({mean:.2}, {std:.2}²)").replace('-', "−")
        }
        NoiseDraws::FlowShift { shift } => format!("shift {shift}"),
    }
}
