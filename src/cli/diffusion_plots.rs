//! Pictures of brightness, blur and signal-to-noise.

use super::console::short;
use super::plots::write_to;
use super::scan::describe;
use super::session::Session;
use super::shared::SharedArgs;
use super::snr::FamilySnr;
use crate::diffusion::ReferenceSchedule;
use crate::diffusion::adjusted_offset::AdjustedOffsetStep;
use crate::diffusion::blur_noise::{BlurNoise, PUBLISHED_FID, RATIOS};
use crate::diffusion::snr::{Crossing, Emergence, SnrSchedule};
use crate::report::plot::blur_noise::BlurNoiseFigure;
use crate::report::plot::offset::OffsetFigure;
use crate::report::plot::snr::{SnrFigure, SnrPanel};
use crate::spectrum::Spectrum;
use crate::stats::brightness::Sample;

/// Bins of the histogram of brightness, at the most.
const MAX_BINS: usize = 60;
/// Families drawn beside the histogram.
const N_FAMILIES: usize = 5;

/// Draws brightness and adjusted offset as `offset`.
pub fn offset(
    session: &Session<'_>,
    shared: &SharedArgs,
    spectrum: &Spectrum,
    sample: Option<&Sample>,
    noises: &[(String, f64, f64)],
    schedule: &ReferenceSchedule,
    table: Option<&[AdjustedOffsetStep]>,
) {
    let overall = spectrum.preprocess().channels.count();
    let overall = if overall > 1 { overall } else { 0 };
    let (edges, density) = sample.map(|s| histogram(s.values(overall))).unwrap_or_default();
    let steps = table.unwrap_or_default();
    let white = noises.iter().find(|(name, ..)| name == "white").map(|(_, _, std)| *std);
    let spread = sample.map(|s| s.covariance(overall, overall, &vec![1; s.len()]).sqrt());
    let title = match (white, spread) {
        (Some(white), Some(spread)) if white > 0.0 && spread > white => {
            format!("The images' brightness deviates {:.0} times as much as that of white noise", spread / white)
        }
        _ => "Brightness of the images, and the offset that follows it".to_owned(),
    };
    let figure = OffsetFigure {
        title,
        subtitle: match noises.first() {
            Some((_, std, _)) => format!("{}; noise with pixel deviation {}", describe(spectrum), short(*std)),
            None => describe(spectrum),
        },
        edges,
        density,
        families: noises.iter().take(N_FAMILIES).map(|(name, _, std)| (name.clone(), *std)).collect(),
        schedule: schedule.to_string(),
        gamma: steps.iter().map(|s| s.gamma).collect(),
        psi: steps.iter().map(|s| s.psi).collect(),
        phi: steps.iter().map(|s| s.phi).collect(),
    };
    write_to(&session.out, &shared.output.plots, shared.output.quiet, "offset", &figure);
}

/// Edges and densities of a histogram; equal values give one empty bin.
fn histogram(values: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high <= low {
        return (vec![low - 0.05, low + 0.05], vec![0.0]);
    }
    // Twice the cube root: Rice's rule.
    let n_bins = ((2.0 * (values.len() as f64).cbrt()).ceil() as usize).clamp(4, MAX_BINS);
    let width = (high - low) / n_bins as f64;
    let mut density = vec![0.0; n_bins];
    for value in values {
        let bin = (((value - low) / width) as usize).min(n_bins - 1);
        density[bin] += 1.0 / (values.len() as f64 * width);
    }
    ((0..=n_bins).map(|i| low + i as f64 * width).collect(), density)
}

/// A share in percent, with as many digits as it takes.
pub fn percent(share: f64) -> String {
    let text = format!("{:.6}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Draws what blur leaves of each band as `blur_noise`.
pub fn blur_noise(
    session: &Session<'_>,
    shared: &SharedArgs,
    spectrum: &Spectrum,
    blur: &BlurNoise<'_>,
    retain: f64,
    kappa: f64,
    star: Option<f64>,
) {
    let frequency: Vec<f64> = spectrum.grid().annulus_frequencies().into_iter().skip(1).collect();
    let curve = |ratio: f64| (ratio, (1..=frequency.len()).map(|j| blur.retained(j, ratio)).collect::<Vec<_>>());
    let title = match star {
        Some(ratio) => {
            format!("Up to ρ = {ratio:.2} px per value, every band keeps {} % until noise hides it", percent(retain))
        }
        None => "No band has power that blur could empty".to_owned(),
    };
    let range = spectrum.preprocess().range;
    let figure = BlurNoiseFigure {
        title,
        subtitle: format!("{}; noise hides a band at a noise-to-signal ratio of κ = {kappa}", describe(spectrum)),
        curves: RATIOS.map(curve).to_vec(),
        star: star.map(curve),
        // Published ratios are for values in −1:1.
        star_as_published: star.map(|ratio| ratio * 0.5 * range.width()),
        frequency_cycles_per_px: frequency,
        retain,
        published: PUBLISHED_FID.to_vec(),
    };
    write_to(&session.out, &shared.output.plots, shared.output.quiet, "blur_noise", &figure);
}

/// `t/T` of a crossing within the schedule; not a number for others.
fn unit_snr_time(emergence: &Emergence, crossing: Option<Crossing>) -> f64 {
    crossing.filter(|c| c.is_inside).map_or(f64::NAN, |c| emergence.time(&c))
}

/// Draws signal-to-noise ratios of all families as `snr`.
pub fn snr(
    session: &Session<'_>,
    shared: &SharedArgs,
    spectrum: &Spectrum,
    schedule: &str,
    times: &SnrSchedule,
    found: &[FamilySnr],
) {
    let panel = |f: &FamilySnr| SnrPanel {
        name: f.name.clone(),
        note: match f.emergence.spread {
            None => "spread unknown: some never at 1".to_owned(),
            Some(spread) if spread < 1e-9 => "all at once (spread 0)".to_owned(),
            Some(spread) => format!("spread of t/T: {spread:.3}"),
        },
        unit_snr_t: f.emergence.crossings.iter().skip(1).map(|c| unit_snr_time(&f.emergence, *c)).collect(),
        brightness_t: f.emergence.brightness_time(),
        log_ratio: f.emergence.log_ratio.iter().skip(1).copied().collect(),
    };
    let white = found.iter().find(|f| f.name == "white" && f.emergence.spread.is_some());
    let title = match white.and_then(|f| f.emergence.first_and_last_time()) {
        Some((first, last)) => {
            format!("From white noise the first frequency emerges at t/T = {first:.2}, the last at {last:.2}")
        }
        None => "When each frequency emerges from noise".to_owned(),
    };
    let figure = SnrFigure {
        title,
        subtitle: format!("{}, {schedule}; line: SNR = 1; dot: brightness", describe(spectrum)),
        frequency_cycles_per_px: spectrum.grid().annulus_frequencies().into_iter().skip(1).collect(),
        schedule_log_ratio: (1..=times.len()).map(|t| times.log_snr(t, 0.0)).collect(),
        panels: found.iter().map(panel).collect(),
    };
    write_to(&session.out, &shared.output.plots, shared.output.quiet, "snr", &figure);
}
