//! `specscan scan`: one streaming pass; every later analysis can start from its `.spectrum` file.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::console::{self, short};
use super::exit::ExitStatus;
use super::plots;
use super::session::{Input, Scanned, Session, Wants, resolve};
use super::shared::{SharedArgs, parse_file_name};
use super::sinks::ImagesTable;
use crate::pipeline::NoRows;
use crate::report::arrays::{planes_array, write_npy};
use crate::report::rows::{gamma_radial_rows, rapsd_rows};
use crate::report::tables::write_table;
use crate::spectrum::{RapsdOf, Spectrum};
use crate::stats::power_law::{Estimator, FitRange};
use crate::stats::spectrum_fit::{ChannelFits, fit_spectrum};

/// Scan images once into a .spectrum file, tables and plots
///
/// Writes NAME.spectrum, images.csv, rapsd.csv, gamma.npy, gamma_radial.csv and plots of the RAPSD and of Γ.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: specscan scan photos --resolution 256 -o out && specscan fit-delta out/photos.spectrum"
)]
pub struct ScanArgs {
    /// Name of the .spectrum file [default: that of the first input]
    #[arg(long, value_name = "NAME", value_parser = parse_file_name)]
    name: Option<String>,

    /// Also sum up the full covariance of images reduced to at most N pixels a side, for `covariance`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=32))]
    diagonality: Option<u16>,

    /// Also sum up cross-channel spectra, for `covariance --coherence`
    #[arg(long)]
    coherence: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &ScanArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    let wants = Wants {
        moments: true,
        diagonality_side: args.diagonality.map(usize::from),
        coherence: args.coherence,
        ..Wants::default()
    };
    let input = resolve(shared, wants)?;
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let scanned = match &input {
        Input::Images(images) => {
            let grid = crate::spectral::Grid::new(images.config.analysis.size);
            let mut table = ImagesTable::create(&session.out, &grid)?;
            let scanned = session.scan(input, &mut table)?;
            table.commit()?;
            scanned
        }
        Input::Saved(_) => session.scan(input, &mut NoRows)?,
    };
    write_results(args, &session, &scanned)
}

fn write_results(args: &ScanArgs, session: &Session<'_>, scanned: &Scanned) -> Result<ExitStatus> {
    let shared = &args.shared;
    let spectrum = &scanned.spectrum;
    let name = args.name.clone().unwrap_or_else(|| default_name(shared));
    let bytes = spectrum.to_bytes()?;
    session.out.write_atomic(&format!("{name}.spectrum"), |file| std::io::Write::write_all(file, &bytes))?;
    write_table(&session.out, "rapsd.csv", rapsd_rows(spectrum, RapsdOf::ChannelMean))?;
    let mut fits = Vec::new();
    match spectrum.mode_covariance() {
        Ok(gamma) => {
            let size = spectrum.grid().size();
            let planes: Vec<_> = gamma.channels.iter().map(|g| spectrum.grid().to_full_plane(g)).collect();
            write_npy(&session.out, "gamma.npy", &planes_array("gamma", size.height, size.width, &planes))?;
            write_table(&session.out, "gamma_radial.csv", gamma_radial_rows(spectrum, &gamma))?;
            fits = fit_spectrum(spectrum, None, &FitRange::for_size(size))?;
            plots::gamma(session, shared, spectrum, &gamma);
        }
        Err(reason) => console::warn(shared.output.quiet, &format!("no gamma.npy and gamma_radial.csv: {reason}")),
    }
    plots::rapsd(session, shared, spectrum, fits.first(), &[]);
    print_summary(shared, spectrum, fits.first())?;
    session.finish(scanned, &["gamma.npy", "gamma_radial.csv"])
}

/// The name of the first input without its ending, or `dataset`.
fn default_name(shared: &SharedArgs) -> String {
    let first = shared.input.inputs.first();
    let path = first.map(|p| p.canonicalize().unwrap_or_else(|_| p.clone()));
    let name = path.as_ref().and_then(|p| if p.is_dir() { p.file_name() } else { p.file_stem() });
    name.and_then(|n| n.to_str()).filter(|n| !n.is_empty()).unwrap_or("dataset").to_owned()
}

/// The head of every summary: what was analysed.
pub fn describe(spectrum: &Spectrum) -> String {
    let p = spectrum.preprocess();
    let n = spectrum.n_images();
    let images = if n == 1 { "image" } else { "images" };
    format!("{n} {images} at {} {}, {}", p.size, p.channels.name(), p.transform)
}

fn print_summary(shared: &SharedArgs, spectrum: &Spectrum, fits: Option<&ChannelFits>) -> Result<()> {
    let deviation = spectrum.color_covariance().ok().map(|covariance| {
        let channels = spectrum.preprocess().channels.count();
        let variances: Vec<f64> = (0..channels).map(|c| covariance[c * channels + c]).collect();
        let overall = (variances.iter().sum::<f64>() / channels as f64).sqrt();
        (overall, variances.iter().map(|v| v.sqrt()).collect::<Vec<_>>())
    });
    let fit = fits.and_then(|f| f.fit(Estimator::Whittle));
    if shared.output.json {
        return console::print_json(&json!({
            "schema_version": 1,
            "counts": spectrum.counts(),
            "preprocess": spectrum.preprocess(),
            "content_id": spectrum.content_id(),
            "channel_means": spectrum.channel_means(),
            "pixel_std": deviation.as_ref().map(|d| d.0),
            "pixel_std_per_channel": deviation.as_ref().map(|d| &d.1),
            "fit": fit,
        }));
    }
    let means: Vec<String> = spectrum.channel_means().into_iter().map(short).collect();
    let mut lines = vec![describe(spectrum), format!("mean value         {}", means.join(" "))];
    if let Some((overall, each)) = deviation {
        let each: Vec<String> = each.into_iter().map(short).collect();
        lines.push(format!("pixel deviation    {} (per channel {})", short(overall), each.join(" ")));
    }
    if let Some(fit) = fit {
        lines.push(format!(
            "power law          Δ = {:.3} [{:.3}, {:.3}], A = {} over f = {} … {} cycles/px (whittle; for these images)",
            fit.delta,
            fit.delta_low95,
            fit.delta_high95,
            short(fit.amplitude),
            short(fit.fitted_cycles_per_px.0),
            short(fit.fitted_cycles_per_px.1)
        ));
    }
    console::print_lines(shared.output.quiet, &lines)
}
