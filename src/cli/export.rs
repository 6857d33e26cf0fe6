//! `specscan export`: the derived arrays of a spectrum, for NumPy and training code.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::console;
use super::exit::ExitStatus;
use super::scan::describe;
use super::session::{Session, Wants, resolve};
use super::shared::{SharedArgs, parse_file_name};
use crate::pipeline::NoRows;
use crate::report::arrays::{NamedArray, planes_array, write_npz, write_safetensors};
use crate::spectrum::{RapsdOf, Spectrum};

/// Export Γ, mean image and RAPSD as arrays
///
/// Arrays (float64): gamma (C×H×W, unshifted, fftfreq order), mean (C×H×W), rapsd and rapsd_se (C×R), freq_cpp and n_modes
/// (R), n_images (1), and the metadata as JSON.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan export out/photos.spectrum --format npz,safetensors -o out")]
pub struct ExportArgs {
    /// File formats
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', default_value = "npz")]
    format: Vec<ArrayFormat>,

    /// Name of the files, without their ending
    #[arg(long, value_name = "NAME", value_parser = parse_file_name, default_value = "spectrum")]
    name: String,

    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ArrayFormat {
    Npz,
    Safetensors,
}

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    let input = resolve(shared, Wants::default())?;
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let scanned = session.scan(input, &mut NoRows)?;
    let spectrum = &scanned.spectrum;
    let arrays = arrays(args, spectrum);
    let meta = json!({
        "schema_version": 1,
        "specscan_version": env!("CARGO_PKG_VERSION"),
        "preprocess": spectrum.preprocess(),
        "counts": spectrum.counts(),
        "content_id": spectrum.content_id(),
        "layout": "two-dimensional spectra are unshifted (fftfreq order); power in value² per mode of the orthonormal DFT",
    })
    .to_string();
    for format in &args.format {
        match format {
            ArrayFormat::Npz => write_npz(&session.out, &format!("{}.npz", args.name), &arrays, &meta)?,
            ArrayFormat::Safetensors => {
                write_safetensors(&session.out, &format!("{}.safetensors", args.name), &arrays, &meta)?;
            }
        }
    }
    if shared.output.json {
        let shapes: serde_json::Map<_, _> = arrays.iter().map(|a| (a.name.to_owned(), json!(a.shape))).collect();
        console::print_json(&json!({"schema_version": 1, "counts": spectrum.counts(), "arrays": shapes}))?;
    } else {
        let mut lines = vec![describe(spectrum)];
        lines.extend(arrays.iter().map(|a| format!("{:<10}{:?}", a.name, a.shape)));
        console::print_lines(shared.output.quiet, &lines)?;
    }
    session.finish(&scanned, &[])
}

fn arrays(args: &ExportArgs, spectrum: &Spectrum) -> Vec<NamedArray> {
    let grid = spectrum.grid();
    let size = grid.size();
    let n_annuli = grid.n_annuli();
    let channels = spectrum.preprocess().channels.count();
    let statistics: Vec<_> = (0..channels).map(|c| spectrum.radial_statistics(RapsdOf::Channel(c))).collect();
    let rapsd = statistics.iter().flat_map(|s| s.mean.clone()).collect();
    let mut arrays = vec![
        planes_array("mean", size.height, size.width, &spectrum.mean_image()),
        NamedArray { name: "rapsd", shape: vec![channels, n_annuli], values: rapsd },
        NamedArray { name: "freq_cpp", shape: vec![n_annuli], values: grid.annulus_frequencies() },
        NamedArray { name: "n_modes", shape: vec![n_annuli], values: grid.modes_per_annulus().to_vec() },
        NamedArray { name: "n_images", shape: vec![1], values: vec![spectrum.n_images() as f64] },
    ];
    match spectrum.mode_covariance() {
        Ok(gamma) => {
            let planes: Vec<_> = gamma.channels.iter().map(|g| grid.to_full_plane(g)).collect();
            arrays.insert(0, planes_array("gamma", size.height, size.width, &planes));
        }
        Err(reason) => console::warn(args.shared.output.quiet, &format!("no array `gamma`: {reason}")),
    }
    if spectrum.n_images() >= 2 {
        let scale = 1.0 / (spectrum.n_images() as f64).sqrt();
        let errors = statistics.iter().flat_map(|s| s.std()).map(|s| s * scale).collect();
        arrays.push(NamedArray { name: "rapsd_se", shape: vec![channels, n_annuli], values: errors });
    }
    arrays
}
