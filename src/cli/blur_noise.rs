//! `specscan blur-noise`: how much blur can go with how much noise before it empties a band that noise has not yet hidden.

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde_json::json;

use super::console::{self, align, short};
use super::diffusion_plots;
use super::exit::ExitStatus;
use super::noise_levels::rounding_power_of;
use super::scan::describe;
use super::session::{Input, Scanned, Session, Wants, resolve};
use super::shared::SharedArgs;
use super::sinks::{BlurRatioTable, BlurRatios};
use crate::diffusion::blur_noise::{BlurNoise, LimitingRatio, PUBLISHED_FID, RATIOS};
use crate::pipeline::NoRows;
use crate::report::diffusion_tables::BlurNoiseRow;
use crate::report::tables::write_table;
use crate::spectrum::order_statistics::quantile;
use crate::spectrum::{RapsdOf, Spectrum, Standardize};

/// Levels of the quantiles over images.
const LEVELS: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// The blur-to-noise ratio at which noise hides each band before blur empties it
///
/// Writes blur_noise.csv (each frequency), blur_noise_images.csv (each image) and a plot. Ratios are pixels of Gaussian blur per unit
/// of noise, for values in the units of --range.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan blur-noise photos --resolution 256 --retain 0.9 -o out")]
pub struct BlurNoiseArgs {
    /// Share of every band's power that blur has to leave until noise hides the band
    #[arg(long, value_name = "SHARE", default_value_t = 0.9)]
    retain: f64,

    /// Noise-to-signal ratio at which noise hides a band
    #[arg(long, value_name = "K", default_value_t = 1.0)]
    kappa: f64,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Everything that was found.
struct Found<'a> {
    rapsd: &'a [f64],
    star: Option<LimitingRatio>,
    /// 95 % interval of the ratio, from the spread of the images' power at the limiting frequency.
    interval: Option<(f64, f64)>,
    rounding_power: f64,
    /// Ratios of the images.
    images: Option<BlurRatios>,
}

/// Runs the command.
pub fn run(args: &BlurNoiseArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    ensure!(args.retain > 0.0 && args.retain < 1.0, "--retain {}: a share between 0 and 1, as 0.9", args.retain);
    ensure!(args.kappa > 0.0 && args.kappa.is_finite(), "--kappa {}: a number above 0", args.kappa);
    let input = resolve(shared, Wants::default())?;
    let rounding_power = rounding_power_of(&input)?;
    let size = input.size();
    if size.longer_side() < 2 {
        bail!("images of one pixel have no frequency to blur; give a larger --resolution");
    }
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let (scanned, images) = scan(args, &session, input, rounding_power)?;
    let spectrum = &scanned.spectrum;
    if spectrum.preprocess().standardize == Standardize::Mean && spectrum.n_images() < 2 {
        bail!(
            "the mean-removed power needs at least 2 images, and there is 1: add images, cut this one with --transform tile, or use --standardize none"
        );
    }
    let rapsd = spectrum.centred_rapsd(RapsdOf::ChannelMean);
    let blur = BlurNoise::new(&rapsd, size.longer_side(), args.kappa);
    let star = blur.largest_ratio(args.retain);
    let found = Found {
        rapsd: &rapsd,
        star,
        interval: star.and_then(|s| interval(spectrum, &rapsd, s)),
        rounding_power,
        images,
    };
    write_table(&session.out, "blur_noise.csv", rows(args, spectrum, &blur, &found))?;
    diffusion_plots::blur_noise(&session, shared, spectrum, &blur, args.retain, args.kappa, star.map(|s| s.ratio));
    print_summary(args, spectrum, &blur, &found)?;
    session.finish(&scanned, &["blur_noise_images.csv"])
}

/// The pass, with the ratio of every image where there are images.
fn scan(
    args: &BlurNoiseArgs,
    session: &Session<'_>,
    input: Input,
    rounding_power: f64,
) -> Result<(Scanned, Option<BlurRatios>)> {
    if matches!(input, Input::Saved(_)) {
        return Ok((session.scan(input, &mut NoRows)?, None));
    }
    let mut table =
        BlurRatioTable::create(&session.out, input.size().longer_side(), args.kappa, args.retain, rounding_power)?;
    let scanned = session.scan(input, &mut table)?;
    Ok((scanned, Some(table.commit()?)))
}

/// The ratio goes with the inverse root of the limiting band's power: its interval by the delta method. None for one image.
fn interval(spectrum: &Spectrum, rapsd: &[f64], star: LimitingRatio) -> Option<(f64, f64)> {
    let std = spectrum.radial_statistics(RapsdOf::ChannelMean).std_of(star.annulus)?;
    let relative = std / (spectrum.n_images() as f64).sqrt() / rapsd[star.annulus];
    let half = 0.5 * 1.96 * relative;
    Some((star.ratio * (-half).exp(), star.ratio * half.exp()))
}

fn rows(args: &BlurNoiseArgs, spectrum: &Spectrum, blur: &BlurNoise<'_>, found: &Found<'_>) -> Vec<BlurNoiseRow> {
    let longer_side = spectrum.grid().size().longer_side() as f64;
    let row = |j: usize| {
        let [quarter, half, one, two, ten] = RATIOS.map(|ratio| blur.retained(j, ratio));
        BlurNoiseRow {
            bin: j,
            frequency_cycles_per_px: j as f64 / longer_side,
            power_mean: found.rapsd[j],
            hidden_sigma: blur.hidden_sigma(j),
            ratio_retaining: blur.ratio_of_band(j, args.retain),
            ratio_emptying: blur.emptying_ratio(j, found.rounding_power),
            retained_0_25: quarter,
            retained_0_5: half,
            retained_1: one,
            retained_2: two,
            retained_10: ten,
        }
    };
    (1..found.rapsd.len()).map(row).collect()
}

fn print_summary(args: &BlurNoiseArgs, spectrum: &Spectrum, blur: &BlurNoise<'_>, found: &Found<'_>) -> Result<()> {
    let longer_side = spectrum.grid().size().longer_side() as f64;
    let quantiles = found.images.as_ref().map(|images| LEVELS.map(|level| quantile(&images.retaining, level)));
    let emptying = found.images.as_ref().map(|images| LEVELS.map(|level| quantile(&images.emptying, level)));
    let (hot, cold) = (blur.hot_sigma(), blur.cold_blur_px(found.rounding_power));
    let first_emptied = blur.least_emptying_ratio(found.rounding_power);
    if args.shared.output.json {
        return console::print_json(&json!({
            "schema_version": 1,
            "counts": spectrum.counts(),
            "preprocess": spectrum.preprocess(),
            "retain": args.retain,
            "kappa": args.kappa,
            "blur_noise_ratio": found.star.map(|s| s.ratio),
            "blur_noise_ratio_low95": found.interval.map(|i| i.0),
            "blur_noise_ratio_high95": found.interval.map(|i| i.1),
            "limiting_cycles_per_px": found.star.map(|s| s.annulus as f64 / longer_side),
            "ratio_emptying_min": first_emptied,
            "quantile_levels": LEVELS,
            "image_ratio_quantiles": quantiles,
            "image_ratio_emptying_quantiles": emptying,
            "n_images_with_ratio": found.images.as_ref().map(|i| i.retaining.len()),
            "hot_sigma": hot,
            "cold_blur_px": cold,
            "rounding_power": found.rounding_power,
            "published_fid": PUBLISHED_FID.map(|(ratio, fid)| json!({"ratio": ratio, "fid": fid})),
        }));
    }
    let mut lines = vec![describe(spectrum)];
    match (found.star, found.interval) {
        (None, _) => lines.push("no band has power: nothing limits the blur".to_owned()),
        (Some(star), interval) => {
            let interval = interval.map_or(String::new(), |(low, high)| format!(" [{low:.4}, {high:.4}]"));
            lines.push(format!(
                "blur-to-noise ratio ρ* = {:.4}{interval} px per value: up to it every band keeps {} % of its power until noise hides it (κ = {})",
                star.ratio,
                diffusion_plots::percent(args.retain),
                args.kappa
            ));
            lines.push(format!("limited at f = {:.4} cycles/px", star.annulus as f64 / longer_side));
        }
    }
    if let (Some(quantiles), Some(emptying)) = (quantiles, emptying) {
        let row = |name: &str, quantiles: [Option<f64>; 5]| -> Vec<String> {
            let cells = quantiles.map(|q| q.map_or("–".to_owned(), |q| format!("{q:.4}")));
            std::iter::once(name.to_owned()).chain(cells).collect()
        };
        let head = ["single images", "5 %", "25 %", "median", "75 %", "95 %"].map(str::to_owned).to_vec();
        lines.extend(align(&[head, row("ρ*", quantiles), row("ρ that empties a band", emptying)]));
    }
    if let Some(ratio) = first_emptied {
        lines.push(format!("from ρ = {} on blur empties a band (8-bit rounding) before noise hides it", short(ratio)));
    }
    lines.push(format!(
        "noise alone (hot, ρ = 0) hides every band at σ = {}; blur alone (cold) empties all of them at {} px",
        short(hot),
        short(cold)
    ));
    console::print_lines(args.shared.output.quiet, &lines)
}
