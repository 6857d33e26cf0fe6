//! `specscan fit-delta`: the power law `Γ = A² f^(−2Δ)` of a dataset, by three estimators.

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use super::console::{self, align, short};
use super::exit::ExitStatus;
use super::scan::describe;
use super::session::{Input, Scanned, Session, Wants, resolve};
use super::shared::SharedArgs;
use super::{interrupt, plots};
use crate::pipeline::{NoRows, centred_radial_statistics};
use crate::report::rows::{fit_rows, local_exponent_rows};
use crate::report::tables::write_table;
use crate::spectral::{Channels, Grid, Size};
use crate::spectrum::{RadialStatistics, Standardize};
use crate::stats::power_law::{Estimator, FitRange};
use crate::stats::spectrum_fit::{ChannelFits, fit_spectrum};

/// Fit the power law Γ = A² f^(−2Δ), with intervals
///
/// Writes fit.csv, local_exponent.csv and a plot. Three estimators: modes (least squares over all modes, as in Cloud Diffusion),
/// radial (generalised least squares over annuli, its interval covers the variation between images) and whittle (maximum
/// likelihood, the most efficient).
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan fit-delta photos --resolution 256 -o out")]
pub struct FitDeltaArgs {
    /// The published recipe of Cloud Diffusion: luma, standardised pixels, cross of 3, no frequency limits
    #[arg(long)]
    paper: bool,

    /// Fit frequencies above this, cycles per pixel [default: 1.5 periods per longer side]
    #[arg(long, value_name = "F", conflicts_with = "paper")]
    fit_low: Option<f64>,

    /// Fit frequencies up to this, cycles per pixel [default: 0.5]
    #[arg(long, value_name = "F", conflicts_with = "paper")]
    fit_high: Option<f64>,

    /// Leave out modes with a wave number of at most A on either axis; `none` keeps them [default: 3]
    #[arg(long, value_name = "A|none", conflicts_with = "paper", value_parser = parse_cross)]
    cross_mask: Option<CrossMask>,

    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Debug, Clone, Copy)]
struct CrossMask(Option<u32>);

fn parse_cross(text: &str) -> Result<CrossMask, String> {
    if text == "none" {
        return Ok(CrossMask(None));
    }
    text.parse().map(|a| CrossMask(Some(a))).map_err(|_| "write a wave number like 3, or none".to_owned())
}

impl FitDeltaArgs {
    fn range(&self, size: Size) -> Result<FitRange> {
        if self.paper {
            return Ok(FitRange::paper());
        }
        let default = FitRange::for_size(size);
        let range = FitRange {
            low_exclusive: self.fit_low.unwrap_or(default.low_exclusive),
            high_inclusive: self.fit_high.unwrap_or(default.high_inclusive),
            cross_mask: self.cross_mask.map_or(default.cross_mask, |c| c.0),
        };
        let (low, high) = (range.low_exclusive, range.high_inclusive);
        ensure!(low >= 0.0 && low < high, "the fit range {low} < f ≤ {high} is empty; give 0 ≤ --fit-low < --fit-high");
        Ok(range)
    }
}

/// Runs the command.
pub fn run(args: &FitDeltaArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    let wants = Wants {
        standardize: args.paper.then_some(Standardize::Pixel),
        channels: args.paper.then_some(Channels::Luma),
        second_pass: true,
        ..Wants::default()
    };
    let input = resolve(shared, wants)?;
    let range = args.range(input.size())?;
    range.check(&Grid::new(input.size()))?;
    if args.paper {
        check_paper(&input)?;
    }
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let scanned = session.scan(input, &mut NoRows)?;
    let spectrum = &scanned.spectrum;
    let centred = centred(&session, &scanned)?;
    let channels = fit_spectrum(spectrum, centred.as_deref(), &range)?;
    let fitted = channels.iter().flat_map(|c| &c.fits).any(|(_, fit)| fit.is_ok());
    ensure!(fitted, "no estimator could fit a power law: {}", first_failure(&channels));
    write_table(&session.out, "fit.csv", fit_rows(&channels))?;
    let local = local_exponent_rows(&channels);
    if local.is_empty() {
        console::warn(shared.output.quiet, "no local_exponent.csv: images of this size have too few annuli for it");
    } else {
        write_table(&session.out, "local_exponent.csv", local)?;
    }
    plots::fit(&session, shared, spectrum, &channels);
    print_summary(args, &scanned, &channels, centred.is_some())?;
    session.finish(&scanned, &["local_exponent.csv"])
}

/// The recipe says how images are prepared, which a saved spectrum cannot make up for.
fn check_paper(input: &Input) -> Result<()> {
    let Input::Saved(spectrum) = input else { return Ok(()) };
    let preprocess = spectrum.preprocess();
    let fits = preprocess.channels == Channels::Luma && preprocess.standardize == Standardize::Pixel;
    ensure!(
        fits,
        "--paper takes luma and standardised pixels, and this spectrum holds {} with the standardisation {}: \
         scan the images with --channels luma --standardize pixel, or leave --paper out",
        preprocess.channels.name(),
        preprocess.standardize
    );
    Ok(())
}

fn first_failure(channels: &[ChannelFits]) -> String {
    let failures = channels.iter().flat_map(|c| &c.fits).filter_map(|(_, fit)| fit.as_ref().err());
    failures.map(ToString::to_string).next().unwrap_or_default()
}

/// The second pass behind the radial estimator's covariance; only images can be read twice, and only where a mean image is
/// removed does it differ from what the first pass left.
fn centred(session: &Session<'_>, scanned: &Scanned) -> Result<Option<Vec<RadialStatistics>>> {
    let spectrum = &scanned.spectrum;
    let Some(images) = &scanned.images else { return Ok(None) };
    if spectrum.preprocess().standardize != Standardize::Mean || spectrum.n_images() < 2 {
        return Ok(None);
    }
    let statistics =
        centred_radial_statistics(&images.files, &images.config, spectrum, &session.progress, interrupt::flag())?;
    Ok(Some(statistics))
}

fn print_summary(args: &FitDeltaArgs, scanned: &Scanned, channels: &[ChannelFits], centred: bool) -> Result<()> {
    let spectrum = &scanned.spectrum;
    if args.shared.output.json {
        let failures: Vec<_> = channels
            .iter()
            .flat_map(|c| c.fits.iter().map(move |(e, fit)| (c.channel, e, fit)))
            .filter_map(|(channel, e, fit)| {
                let reason = fit.as_ref().err()?;
                Some(json!({"channel": channel, "estimator": e.name(), "reason": reason.to_string()}))
            })
            .collect();
        return console::print_json(&json!({
            "schema_version": 1,
            "counts": spectrum.counts(),
            "preprocess": spectrum.preprocess(),
            "fits": fit_rows(channels),
            "failures": failures,
            "radial_covariance": if centred { "of mean-removed images" } else { "of images as they are" },
        }));
    }
    let head = ["channel", "estimator", "Δ", "95 % interval", "2Δ", "A", "r²", "residual", "curved?"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    let mut notes = Vec::new();
    for channel in channels {
        for (estimator, fit) in &channel.fits {
            match fit {
                Ok(fit) => table.push(vec![
                    channel.channel.to_owned(),
                    estimator.name().to_owned(),
                    format!("{:.4}", fit.delta),
                    format!("[{:.4}, {:.4}]", fit.delta_low95, fit.delta_high95),
                    format!("{:.3}", 2.0 * fit.delta),
                    short(fit.amplitude),
                    format!("{:.4}", fit.r2),
                    format!("{:.2} dB", fit.residual_db),
                    fit.curvature_p.map_or(String::new(), |p| if p < 0.05 { "yes" } else { "no" }.to_owned()),
                ]),
                Err(reason) => notes.push(format!("no {estimator} fit of {}: {reason}", channel.channel)),
            }
        }
    }
    let fits = || channels.iter().flat_map(|c| &c.fits).filter_map(|(_, fit)| fit.as_ref().ok());
    let mut lines = vec![describe(spectrum)];
    if let Some(fit) = fits().find(|f| f.estimator != Estimator::Radial).or_else(|| fits().next()) {
        let cross = fit.range.cross_mask.map_or("whole plane".to_owned(), |a| format!("without the cross |k| ≤ {a}"));
        let (low, high) = fit.fitted_cycles_per_px;
        lines.push(format!("Γ = A² f^(−2Δ) over f = {} … {} cycles/px, {cross}", short(low), short(high)));
    }
    lines.extend(align(&table));
    lines.push("intervals of modes and whittle hold for these images, that of radial for all of their kind".to_owned());
    lines.extend(notes);
    console::print_lines(args.shared.output.quiet, &lines)
}
