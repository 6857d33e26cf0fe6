//! `specscan covariance`: Γ and everything that says how far the images are from a stationary Gaussian set.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::console::{self, align, short};
use super::exit::ExitStatus;
use super::plots;
use super::scan::describe;
use super::session::{Session, Wants, resolve};
use super::shared::SharedArgs;
use crate::pipeline::NoRows;
use crate::report::arrays::{planes_array, write_npy};
use crate::report::manifest::write_json;
use crate::report::output_dir::OutputDir;
use crate::report::rows::{coherence_rows, gamma_radial_rows};
use crate::report::tables::{GammaRadialRow, StreamedTable, write_table};
use crate::spectrum::Spectrum;
use crate::stats::diagonality::Diagonality;
use crate::stats::spectrum_covariance::{ColorCovariance, color_covariance, diagonality};

/// Γ, pseudo-covariance, kurtosis, colour covariance, diagonality
///
/// Writes gamma.npy (C×H×W, fftfreq order), gamma_radial.csv, color.csv, diagonality.json and a heat map of Γ.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan covariance photos --resolution 256 --coherence -o out")]
pub struct CovarianceArgs {
    /// Longest side of the reduced images whose full covariance is taken, pixels; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(0..=32))]
    diagonality: u16,

    /// Also write coherence.csv: cross-channel coherence by frequency
    #[arg(long)]
    coherence: bool,

    #[command(flatten)]
    shared: SharedArgs,
}

/// Runs the command.
pub fn run(args: &CovarianceArgs) -> Result<ExitStatus> {
    let shared = &args.shared;
    let wants = Wants {
        moments: true,
        diagonality_side: (args.diagonality > 0).then_some(usize::from(args.diagonality)),
        coherence: args.coherence,
        ..Wants::default()
    };
    let input = resolve(shared, wants)?;
    let Some(session) = Session::open(shared, &input)? else { return Ok(ExitStatus::Done) };
    let scanned = session.scan(input, &mut NoRows)?;
    let spectrum = &scanned.spectrum;
    let gamma = spectrum.mode_covariance()?;
    let size = spectrum.grid().size();
    let planes: Vec<_> = gamma.channels.iter().map(|g| spectrum.grid().to_full_plane(g)).collect();
    write_npy(&session.out, "gamma.npy", &planes_array("gamma", size.height, size.width, &planes))?;
    let rows = gamma_radial_rows(spectrum, &gamma);
    write_table(&session.out, "gamma_radial.csv", &rows)?;
    let color = color_covariance(spectrum)?;
    write_color(&session.out, &color)?;
    if args.coherence {
        let rows = coherence_rows(spectrum, &gamma)?;
        if rows.is_empty() {
            let reason = "no coherence.csv: the spectrum holds no cross-channel sums; scan with --coherence and several channels";
            console::warn(shared.output.quiet, reason);
        } else {
            write_table(&session.out, "coherence.csv", rows)?;
        }
    }
    let diagonality = diagonality(spectrum)?;
    match &diagonality {
        Some(diagonality) => write_json(&session.out, "diagonality.json", diagonality)?,
        None if args.diagonality > 0 => {
            let reason = "no diagonality.json: the spectrum holds no full covariance; scan with --diagonality 32";
            console::warn(shared.output.quiet, reason);
        }
        None => {}
    }
    plots::gamma(&session, shared, spectrum, &gamma);
    print_summary(shared, spectrum, &rows, &color, diagonality.as_ref())?;
    session.finish(&scanned, &["coherence.csv", "diagonality.json"])
}

/// `color.csv`: the covariance matrix, then eigenvalues with their eigenvectors; columns are named after the channels.
fn write_color(out: &OutputDir, color: &ColorCovariance) -> Result<()> {
    let mut table = StreamedTable::create(out, "color.csv")?;
    let channels = color.channels.iter().map(|c| (*c).to_owned());
    table.push_cells(["kind".to_owned(), "name".to_owned(), "value".to_owned()].into_iter().chain(channels))?;
    let n = color.channels.len();
    for (c, row) in color.covariance.chunks_exact(n).enumerate() {
        let cells = row.iter().map(f64::to_string);
        let head = ["covariance".to_owned(), color.channels[c].to_owned(), String::new()];
        table.push_cells(head.into_iter().chain(cells))?;
    }
    for (i, (value, vector)) in color.eigen.values.iter().zip(&color.eigen.vectors).enumerate() {
        let head = ["eigenvector".to_owned(), (i + 1).to_string(), value.to_string()];
        table.push_cells(head.into_iter().chain(vector.iter().map(f64::to_string)))?;
    }
    Ok(table.commit()?)
}

fn print_summary(
    shared: &SharedArgs,
    spectrum: &Spectrum,
    rows: &[GammaRadialRow],
    color: &ColorCovariance,
    diagonality: Option<&Diagonality>,
) -> Result<()> {
    let first = rows.first().map_or("", |r| r.channel);
    if shared.output.json {
        let summary = diagonality.map(|d| {
            json!({
                "n_dimensions": d.n_dimensions,
                "off_diagonal_energy": d.off_diagonal_energy,
                "off_diagonal_energy_by_chance": d.off_diagonal_energy_by_chance,
                "mean_abs_correlation": d.mean_abs_correlation,
                "mean_abs_correlation_by_chance": d.mean_abs_correlation_by_chance,
            })
        });
        return console::print_json(&json!({
            "schema_version": 1,
            "counts": spectrum.counts(),
            "preprocess": spectrum.preprocess(),
            "gamma_radial": rows.iter().filter(|r| r.channel == first).collect::<Vec<_>>(),
            "color": color,
            "diagonality": summary,
        }));
    }
    let mut lines = vec![describe(spectrum)];
    let head = ["channel", "frequency (cycles/px)", "Γ", "|C|/Γ (0: circular)", "κ4 (2: Gaussian)"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    let optional = |v: Option<f64>| v.map_or(String::new(), short);
    let last = rows.iter().map(|r| r.bin).max().unwrap_or(0);
    for row in
        rows.iter().filter(|r| r.bin == 0 || r.bin == last || (r.bin.is_power_of_two() && r.bin.ilog2() % 2 == 0))
    {
        let frequency = format!("{:.5}", row.frequency_cycles_per_px);
        let (pseudo, kurtosis) = (optional(row.pseudo_covariance_ratio), optional(row.kurtosis));
        table.push(vec![row.channel.to_owned(), frequency, short(row.gamma_mean), pseudo, kurtosis]);
    }
    lines.extend(align(&table));
    if color.channels.len() > 1 {
        lines.push("colour axes (eigenvectors of the channel covariance):".to_owned());
        let total: f64 = color.eigen.values.iter().sum();
        for (value, vector) in color.eigen.values.iter().zip(&color.eigen.vectors) {
            let terms = color.channels.iter().zip(vector).map(|(c, v)| format!("{v:+.3} {c}"));
            let share = if total > 0.0 { 100.0 * value / total } else { 0.0 };
            lines.push(format!("  {share:5.1} %  {}", terms.collect::<Vec<_>>().join(" ")));
        }
    }
    if let Some(d) = diagonality {
        let percent = |v: Option<f64>| v.map_or("unknown".to_owned(), |v| format!("{:.1} %", 100.0 * v));
        lines.push(format!(
            "off the diagonal at {} dimensions: {} of the squared covariance ({} by chance with {} images)",
            d.n_dimensions,
            percent(d.off_diagonal_energy),
            percent(d.off_diagonal_energy_by_chance),
            d.n_images
        ));
    }
    console::print_lines(shared.output.quiet, &lines)
}
