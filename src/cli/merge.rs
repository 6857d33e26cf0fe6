//! `specscan merge`: several spectra into one, exactly as if their images had been scanned together.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::console;
use super::exit::ExitStatus;
use super::scan::describe;
use super::session::{load, write_manifest};
use super::shared::parse_file_name;
use crate::report::manifest::Manifest;
use crate::report::output_dir::OutputDir;

/// Merge .spectrum files into one, exactly
///
/// The result is, byte for byte, what one scan of all the images would have left. The spectra must come from the same
/// preprocessing and from disjoint images.
#[derive(Debug, Args)]
#[command(after_help = "Example: specscan merge shards/*.spectrum --name all -o out")]
pub struct MergeArgs {
    /// Saved spectra
    #[arg(value_name = "SPECTRUM", required = true, num_args = 1..)]
    spectra: Vec<PathBuf>,

    /// Name of the merged .spectrum file
    #[arg(long, value_name = "NAME", value_parser = parse_file_name, default_value = "merged")]
    name: String,

    /// Folder for the merged file; created if missing
    #[arg(short, long, value_name = "DIR", default_value = "specscan-out")]
    out: PathBuf,

    /// Merge even if the spectra share images, which then count twice
    #[arg(long)]
    allow_shared: bool,

    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,

    /// Print nothing but errors (and the object of --json)
    #[arg(short, long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(args: &MergeArgs) -> Result<ExitStatus> {
    let started = std::time::Instant::now();
    let (first, rest) = args.spectra.split_first().context("no spectrum was given")?;
    let mut merged = load(first)?;
    let out = OutputDir::create(&args.out)?;
    for path in rest {
        let spectrum = load(path)?;
        merged
            .merge(&spectrum, args.allow_shared)
            .with_context(|| format!("cannot merge {} with the spectra before it", path.display()))?;
    }
    let bytes = merged.to_bytes()?;
    let file_name = format!("{}.spectrum", args.name);
    out.write_atomic(&file_name, |file| std::io::Write::write_all(file, &bytes))?;
    let path = out.path_of(&file_name);
    let manifest = Manifest {
        preprocess: Some(merged.preprocess().clone()),
        fft_kernel: Some(merged.fft_kernel().to_owned()),
        counts: Some(merged.counts()),
        content_id: Some(merged.content_id()),
        ..Manifest::new()
    };
    write_manifest(&out, started, manifest)?;
    if args.json {
        console::print_json(&json!({
            "schema_version": 1,
            "counts": merged.counts(),
            "preprocess": merged.preprocess(),
            "content_id": merged.content_id(),
            "path": path,
        }))?;
    } else {
        console::print_lines(
            args.quiet,
            &[
                format!("{} from {} spectra", describe(&merged), args.spectra.len()),
                format!("wrote {}", path.display()),
            ],
        )?;
    }
    Ok(ExitStatus::Done)
}
