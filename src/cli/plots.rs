//! From results to pictures in the output folder. A picture that fails is a warning: the tables it shows are already written.

use super::console::{self, short};
use super::scan::describe;
use super::session::Session;
use super::shared::{PlotFormats, SharedArgs};
use crate::diffusion::{
    BoundsStatistics, ReferenceSchedule, ScheduleKind, ScheduleStatistics, TightPlan, rounding_power,
};
use crate::report::output_dir::OutputDir;
use crate::report::plot::bounds::BoundsFigure;
use crate::report::plot::canvas::Figure;
use crate::report::plot::fit::{EstimateCurve, FitFigure, LocalExponent};
use crate::report::plot::gamma::GammaFigure;
use crate::report::plot::rapsd::{Bands, ChannelCurve, ChannelRole, FitCurve, RapsdFigure};
use crate::report::plot::render;
use crate::report::plot::schedule::ScheduleFigure;
use crate::report::plot::waste::WasteFigure;
use crate::report::rows::RAPSD_LEVELS;
use crate::report::tables::WasteRow;
use crate::spectrum::{ModeCovariance, RapsdOf, Spectrum, Standardize};
use crate::stats::power_law::{Estimator, PowerLawFit};
use crate::stats::spectrum_fit::ChannelFits;

/// Images from which percentile bands say something.
const BANDS_FROM_IMAGES: u64 = 5;

/// Points of a drawn power law: straight on the axes used, so few suffice.
const CURVE_POINTS: usize = 33;

/// Draws the RAPSD of the set as `rapsd`; `channels` are drawn beside the mean.
pub fn rapsd(
    session: &Session<'_>,
    shared: &SharedArgs,
    spectrum: &Spectrum,
    fits: Option<&ChannelFits>,
    channels: &[usize],
) {
    let n = spectrum.n_images();
    let frequency = spectrum.grid().annulus_frequencies();
    let fit = fits.and_then(|f| f.fit(Estimator::Whittle)).map(|fit| {
        let (frequency, power) = curve(fit);
        let label = format!("power law, Δ = {:.2} on {}", fit.delta, range_text(fit));
        FitCurve { label, frequency_cycles_per_px: frequency, power }
    });
    let figure = RapsdFigure {
        title: rapsd_title(spectrum, fits),
        // An image's own RAPSD has no mean image removed, but pixels may have been standardised.
        subtitle: match spectrum.preprocess().standardize {
            Standardize::Pixel => subtitle(spectrum),
            _ => format!("{}, nothing removed", describe(spectrum)),
        },
        power_unit: unit(spectrum),
        mean: spectrum.radial_statistics(RapsdOf::ChannelMean).mean,
        mean_label: if n == 1 { "power".to_owned() } else { format!("mean of {n} images") },
        bands: (n >= BANDS_FROM_IMAGES).then(|| {
            let mut quantiles = spectrum.rapsd_quantiles(RapsdOf::ChannelMean, &RAPSD_LEVELS).into_iter();
            let mut next = || quantiles.next().unwrap_or_default();
            let (q05, q25, _, q75, q95) = (next(), next(), next(), next(), next());
            Bands { q05, q25, q75, q95 }
        }),
        fit,
        rounding_noise_power: rounding_noise_power(spectrum),
        channels: channels.iter().map(|&c| channel_curve(spectrum, c)).collect(),
        frequency_cycles_per_px: frequency,
    };
    write(session, shared, "rapsd", &figure);
}

fn rapsd_title(spectrum: &Spectrum, fits: Option<&ChannelFits>) -> String {
    match fits.and_then(|f| f.fit(Estimator::Whittle)) {
        Some(fit) => format!("Power falls as 1/f^{:.2} on average", 2.0 * fit.delta),
        None if spectrum.n_images() == 1 => "Radially averaged power of the image".to_owned(),
        None => "Radially averaged power of the images".to_owned(),
    }
}

fn channel_curve(spectrum: &Spectrum, c: usize) -> ChannelCurve {
    let name = spectrum.preprocess().channels.names()[c];
    let role = match name {
        "r" => ChannelRole::Red,
        "g" => ChannelRole::Green,
        "b" => ChannelRole::Blue,
        "cb" => ChannelRole::Cb,
        "cr" => ChannelRole::Cr,
        _ => ChannelRole::Luma,
    };
    ChannelCurve { name: name.to_owned(), role, power: spectrum.radial_statistics(RapsdOf::Channel(c)).mean }
}

/// Draws Γ, mean over channels, as `gamma`.
pub fn gamma(session: &Session<'_>, shared: &SharedArgs, spectrum: &Spectrum, gamma: &ModeCovariance) {
    let size = spectrum.grid().size();
    let figure = GammaFigure {
        title: "Diagonal covariance Γ: variance of each Fourier mode over the images".to_owned(),
        subtitle: subtitle(spectrum),
        height: size.height,
        width: size.width,
        power: spectrum.grid().to_full_plane(&gamma.channel_mean()),
        quantity: format!("Γ ({} per mode)", unit(spectrum)),
    };
    write(session, shared, "gamma", &figure);
}

/// Draws the fits of the first channel (the mean over channels, if there are several) as `fit`.
pub fn fit(session: &Session<'_>, shared: &SharedArgs, spectrum: &Spectrum, channels: &[ChannelFits]) {
    let Some(channel) = channels.first() else { return };
    let band = (!channel.radial_power_se.is_empty()).then(|| {
        let ends = |sign: f64| {
            channel.radial_power.iter().zip(&channel.radial_power_se).map(|(p, se)| p + sign * 1.96 * se).collect()
        };
        (ends(-1.0), ends(1.0))
    });
    let local = &channel.local;
    let figure = FitFigure {
        title: channel
            .fit(Estimator::Whittle)
            .map_or("No power law fits".to_owned(), |f| format!("Γ falls as f^(−2Δ) with Δ = {:.2}", f.delta)),
        subtitle: subtitle(spectrum),
        frequency_cycles_per_px: spectrum.grid().annulus_frequencies(),
        power: channel.radial_power.clone(),
        power_label: "Γ, annulus mean".to_owned(),
        power_band95: band,
        estimates: channel.fits.iter().filter_map(|(_, fit)| fit.as_ref().ok()).map(estimate_curve).collect(),
        local: (!local.is_empty()).then(|| LocalExponent {
            frequency_cycles_per_px: local.iter().map(|l| l.frequency_cycles_per_px).collect(),
            delta: local.iter().map(|l| l.delta).collect(),
            low95: local.iter().map(|l| l.delta - 1.96 * l.delta_se).collect(),
            high95: local.iter().map(|l| l.delta + 1.96 * l.delta_se).collect(),
        }),
    };
    write(session, shared, "fit", &figure);
}

fn estimate_curve(fit: &PowerLawFit) -> EstimateCurve {
    let (frequency, power) = curve(fit);
    let interval = (fit.delta_low95, fit.delta_high95);
    EstimateCurve {
        estimator: fit.estimator,
        delta: fit.delta,
        interval95: (interval.0.is_finite() && interval.1.is_finite()).then_some(interval),
        frequency_cycles_per_px: frequency,
        power,
    }
}

/// Frequencies over which a law was fitted, evenly spaced in their logarithm, and the law's power there.
fn curve(fit: &PowerLawFit) -> (Vec<f64>, Vec<f64>) {
    let (low, high) = fit.fitted_cycles_per_px;
    let step = (high / low).ln() / (CURVE_POINTS - 1) as f64;
    let frequency: Vec<f64> = (0..CURVE_POINTS).map(|i| low * (step * i as f64).exp()).collect();
    let power = frequency.iter().map(|f| fit.amplitude * fit.amplitude * f.powf(-2.0 * fit.delta)).collect();
    (frequency, power)
}

fn range_text(fit: &PowerLawFit) -> String {
    format!("{:.3}–{:.2} cycles/px", fit.fitted_cycles_per_px.0, fit.fitted_cycles_per_px.1)
}

/// Images or rows of images that a picture of bounds shows.
const BOUNDS_ROWS: u64 = 200;

/// Draws the bounds of all images, and the ranges of schedules, as `bounds`.
pub fn bounds(
    session: &Session<'_>,
    shared: &SharedArgs,
    spectrum: &Spectrum,
    statistics: &BoundsStatistics,
    schedules: &[(ReferenceSchedule, Vec<f64>)],
    rounding_power: f64,
) {
    let ends = |(schedule, sigmas): &(ReferenceSchedule, Vec<f64>)| {
        Some((schedule.to_string(), *sigmas.last()?, *sigmas.first()?))
    };
    let title = match (statistics.sigma_min_quantile(0.5), statistics.sigma_max_quantile(0.5)) {
        (Some(low), Some(high)) => {
            format!("The median image has use for noise from {} to {}", short(low), short(high))
        }
        _ => "Useful noise of the images".to_owned(),
    };
    let figure = BoundsFigure {
        title,
        subtitle: format!("{}; shades: where 5, 25, 50, 75 and 95 % of a row's images begin", describe(spectrum)),
        rows: statistics.rows(BOUNDS_ROWS),
        schedules: schedules.iter().filter_map(ends).collect(),
        rounding_sigma: rounding_power.sqrt(),
    };
    write(session, shared, "bounds", &figure);
}

/// Draws what schedules waste on the images, as `waste`.
pub fn waste(session: &Session<'_>, shared: &SharedArgs, spectrum: &Spectrum, rows: &[WasteRow]) {
    let bars = rows.iter().filter_map(|r| Some((r.schedule.clone(), r.waste_below_mean?, r.waste_above_mean?)));
    let figure = WasteFigure {
        title: "What schedules spend on the images, and what of it is wasted".to_owned(),
        subtitle: describe(spectrum),
        bars: bars.collect(),
    };
    write(session, shared, "waste", &figure);
}

/// Draws the images' own schedules beside common ones, as `schedule`.
pub fn schedules(
    session: &Session<'_>,
    shared: &SharedArgs,
    spectrum: &Spectrum,
    statistics: &ScheduleStatistics,
    plan: &TightPlan,
    kind: ScheduleKind,
) {
    let title = match (statistics.quantiles(0.5), statistics.n_images()) {
        (Some(median), n) if n > 1 => {
            let sigma = |l: Option<&f64>| short((-0.5 * l.copied().unwrap_or_default()).exp());
            format!("The median image uses noise from {} to {}", sigma(median.first()), sigma(median.last()))
        }
        _ => "A schedule fitted to the spectrum".to_owned(),
    };
    let subtitle = format!("{}, {kind} schedules", describe(spectrum));
    schedule_fan(&session.out, &shared.output.plots, shared.output.quiet, title, subtitle, statistics, plan.times());
}

/// Draws a fan of schedules at `times` beside common ones, as `schedule`.
pub fn schedule_fan(
    out: &OutputDir,
    formats: &PlotFormats,
    quiet: bool,
    title: String,
    subtitle: String,
    statistics: &ScheduleStatistics,
    times: &[f64],
) {
    let n = statistics.n_images() - statistics.n_flat();
    let quantiles = |level| statistics.quantiles(level).unwrap_or_default();
    let figure = ScheduleFigure {
        title,
        subtitle,
        t: statistics.points().iter().map(|&i| times[i]).collect(),
        median: quantiles(0.5),
        median_label: if n == 1 { "schedule".to_owned() } else { format!("median of {n}") },
        bands: (n >= BANDS_FROM_IMAGES).then(|| Bands {
            q05: quantiles(0.05),
            q25: quantiles(0.25),
            q75: quantiles(0.75),
            q95: quantiles(0.95),
        }),
        references: [("EDM, ρ = 7, 0.002 to 80", "edm:65"), ("cosine", "cosine:1000")]
            .into_iter()
            .filter_map(|(label, name)| reference_curve(label, name))
            .collect(),
    };
    write_to(out, formats, quiet, "schedule", &figure);
}

/// A common schedule as logSNR over time, clean first.
fn reference_curve(label: &str, name: &str) -> Option<(String, Vec<f64>, Vec<f64>)> {
    let schedule: ReferenceSchedule = name.parse().ok()?;
    let sigmas = schedule.sigmas();
    let last = (sigmas.len() - 1) as f64;
    let t = (0..sigmas.len()).map(|i| i as f64 / last).collect();
    let logsnr = sigmas.iter().rev().map(|s| -2.0 * s.ln()).collect();
    Some((label.to_owned(), t, logsnr))
}

/// What was analysed, and what was removed.
fn subtitle(spectrum: &Spectrum) -> String {
    let removed = match spectrum.preprocess().standardize {
        Standardize::None => "nothing removed",
        Standardize::Mean => "mean image removed",
        Standardize::Pixel => "pixels standardised",
    };
    format!("{}, {removed}", describe(spectrum))
}

/// Unit of the powers of `spectrum`, before `per mode`.
pub fn unit(spectrum: &Spectrum) -> &'static str {
    match spectrum.preprocess().standardize {
        Standardize::Pixel => "standard deviations²",
        _ => "value²",
    }
}

/// Power of 8-bit rounding noise per mode in the set's value range; none where pixels were standardised.
fn rounding_noise_power(spectrum: &Spectrum) -> Option<f64> {
    let range = spectrum.preprocess().range;
    (spectrum.preprocess().standardize != Standardize::Pixel).then(|| rounding_power(range.low, range.high))
}

/// Writes a figure in every format asked for.
fn write(session: &Session<'_>, shared: &SharedArgs, name: &str, figure: &dyn Figure) {
    write_to(&session.out, &shared.output.plots, shared.output.quiet, name, figure);
}

/// Writes a figure as `name` into `out`, in every one of `formats`.
pub fn write_to(out: &OutputDir, formats: &PlotFormats, quiet: bool, name: &str, figure: &dyn Figure) {
    for format in &formats.0 {
        let file_name = format!("{name}.{format}");
        let written = render(figure, *format)
            .map_err(anyhow::Error::new)
            .and_then(|bytes| Ok(out.write_atomic(&file_name, |file| std::io::Write::write_all(file, &bytes))?));
        if let Err(error) = written {
            console::warn(quiet, &format!("no {file_name}: {error:#}"));
        }
    }
}
