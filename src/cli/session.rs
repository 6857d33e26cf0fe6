//! What every analysing command does around its own work: check the output folder, find the images or load the spectrum, run the
//! pass, write `run.json` and `skipped.csv`, and judge the skips.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use rand::SeedableRng;
use rand::seq::index;

use super::console;
use super::exit::ExitStatus;
use super::progress::Progress;
use super::shared::{InputArgs, Resolution, SharedArgs};
use super::{interrupt, plan};
use crate::dataset::{
    DecodeOptions, ExifPolicy, Listing, PreprocessConfig, Skipped, SourceFile, Transform, choose_resolution,
    list_from_reader, list_inputs, own_files, own_samples,
};
use crate::pipeline::{Halves, NoRows, RowSink, ScanConfig, ScanOutcome, scan, scan_halves};
use crate::report::manifest::{Manifest, write_json};
use crate::report::output_dir::OutputDir;
use crate::report::tables::{SkippedRow, write_table};
use crate::spectral::{Channels, Size, ValueRange, Window};
use crate::spectrum::{AnalysisConfig, Detail, Spectrum, Standardize};

/// Sums beyond the standard ones that a command needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wants {
    /// Pseudo-power and fourth moments of every mode; what follows needs them too.
    pub moments: bool,
    /// Whether the command reads the images once more after the scan.
    pub second_pass: bool,
    /// The effective resolution of every image.
    pub effective_resolution: bool,
    /// Longest side of the reduced images whose full covariance is summed up, pixels.
    pub diagonality_side: Option<usize>,
    /// Cross-channel spectra.
    pub coherence: bool,
    /// Standardisation in place of the usual default.
    pub standardize: Option<Standardize>,
    /// Channels in place of the usual default.
    pub channels: Option<Channels>,
}

/// What the command line points at.
pub enum Input {
    /// A spectrum, loaded (and merged, if several were given).
    Saved(Box<Spectrum>),
    /// Images to scan.
    Images(Box<Images>),
}

impl Input {
    /// The working size.
    pub fn size(&self) -> Size {
        match self {
            Self::Saved(spectrum) => spectrum.grid().size(),
            Self::Images(images) => images.config.analysis.size,
        }
    }
}

/// Images, and how to scan them.
pub struct Images {
    /// Usable-looking files, in path order.
    pub files: Vec<SourceFile>,
    /// Entries that cannot even be tried.
    pub skipped: Vec<Skipped>,
    /// Files beside them that are no images.
    pub n_ignored: u64,
    /// Whether the command reads the images once more after the scan.
    pub second_pass: bool,
    /// How they are scanned.
    pub config: ScanConfig,
}

/// What a command works on, after the pass.
pub struct Scanned {
    /// The sums.
    pub spectrum: Spectrum,
    /// The images they came from; none for saved spectra.
    pub images: Option<Images>,
    /// Everything that was skipped, in path order.
    pub skipped: Vec<Skipped>,
}

/// One run of a command.
pub struct Session<'a> {
    args: &'a SharedArgs,
    /// The checked output folder.
    pub out: OutputDir,
    /// Shows how far a pass has come.
    pub progress: Progress,
    started: Instant,
}

impl<'a> Session<'a> {
    /// Checks the output folder. With `--dry-run` prints what a run on `input` would do instead; there is no session then.
    pub fn open(args: &'a SharedArgs, input: &Input) -> Result<Option<Self>> {
        if args.compute.dry_run {
            plan::print(args, input)?;
            return Ok(None);
        }
        let started = Instant::now();
        let out = OutputDir::create(&args.output.out)?;
        let progress = Progress::new(args.output.progress, args.output.quiet);
        Ok(Some(Self { args, out, progress, started }))
    }

    /// Runs the pass over images, rows into `sink`; a saved spectrum is handed on as it is.
    pub fn scan(&self, input: Input, sink: &mut dyn RowSink) -> Result<Scanned> {
        match input {
            Input::Saved(spectrum) => Ok(Scanned { spectrum: *spectrum, images: None, skipped: Vec::new() }),
            Input::Images(images) => {
                let outcome = scan(&images.files, &images.config, sink, &self.progress, interrupt::flag())?;
                Ok(into_scanned(*images, outcome))
            }
        }
    }

    /// As [`Session::scan`] without rows, each half of the files on its own where that is possible.
    pub fn scan_halves(&self, input: Input) -> Result<(Scanned, Option<Halves>)> {
        match input {
            Input::Saved(_) => Ok((self.scan(input, &mut NoRows)?, None)),
            Input::Images(images) => {
                let (outcome, halves) = scan_halves(&images.files, &images.config, &self.progress, interrupt::flag())?;
                Ok((into_scanned(*images, outcome), halves))
            }
        }
    }

    /// Writes `skipped.csv` and `run.json`, says where everything is, and judges the skips. Of the files a command writes
    /// only in some runs, `optional`, those of earlier runs are removed: they speak of other images.
    pub fn finish(&self, scanned: &Scanned, optional: &[&str]) -> Result<ExitStatus> {
        let output = &self.args.output;
        if !scanned.skipped.is_empty() {
            let rows = scanned.skipped.iter().map(|s| SkippedRow { path: &s.path, reason: &s.reason });
            write_table(&self.out, "skipped.csv", rows)?;
        }
        for name in optional.iter().chain(&["skipped.csv"]) {
            self.out.remove_stale(name)?;
        }
        let spectrum = &scanned.spectrum;
        let manifest = Manifest {
            preprocess: Some(spectrum.preprocess().clone()),
            fft_kernel: Some(spectrum.fft_kernel().to_owned()),
            counts: Some(spectrum.counts()),
            n_ignored: scanned.images.as_ref().map_or(0, |i| i.n_ignored),
            content_id: Some(spectrum.content_id()),
            seed: Some(self.args.input.seed),
            threads: Some(self.args.compute.threads()?),
            ..Manifest::new()
        };
        write_manifest(&self.out, self.started, manifest)?;
        let mut stderr = std::io::stderr().lock();
        if !output.quiet {
            let files = self.out.written().join(", ");
            writeln!(stderr, "wrote {} to {}", files, self.out.path().display())?;
        }
        self.judge_skips(scanned, &mut stderr)
    }

    fn judge_skips(&self, scanned: &Scanned, stderr: &mut impl Write) -> Result<ExitStatus> {
        let n_skipped = scanned.skipped.len() as u64;
        if n_skipped == 0 {
            return Ok(ExitStatus::Done);
        }
        let output = &self.args.output;
        let total = scanned.spectrum.counts().n_files + n_skipped;
        let listed = self.out.path_of("skipped.csv");
        if !output.quiet {
            let shown = if output.verbose { usize::MAX } else { 3 };
            for skipped in scanned.skipped.iter().take(shown) {
                writeln!(stderr, "skipped {}: {}", skipped.path, skipped.reason)?;
            }
            let left = scanned.skipped.len().saturating_sub(shown);
            if left > 0 {
                writeln!(stderr, "… and {left} more, all in {}", listed.display())?;
            }
        }
        let limit = self.args.input.max_skipped;
        if limit.is_exceeded(n_skipped, total) {
            writeln!(
                stderr,
                "error: {n_skipped} of {total} files were skipped, more than --max-skipped {limit} allows: \
                 repair or remove the files listed in {}, or raise the limit",
                listed.display()
            )?;
            return Ok(ExitStatus::NotAcceptable);
        }
        Ok(ExitStatus::Done)
    }
}

/// The outcome of a pass, with what was skipped before it.
fn into_scanned(images: Images, outcome: ScanOutcome) -> Scanned {
    let mut skipped = images.skipped.clone();
    skipped.extend(outcome.skipped);
    skipped.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    let spectrum = outcome.spectrum.with_listed_skips(images.skipped.len() as u64);
    Scanned { spectrum, images: Some(images), skipped }
}

/// Writes `run.json`: `manifest` with the wall time since `started` and the files in the folder.
pub fn write_manifest(out: &OutputDir, started: Instant, manifest: Manifest) -> Result<()> {
    let manifest = Manifest {
        wall_time_s: started.elapsed().as_secs_f64(),
        earlier_files: earlier_files(out),
        samples: samples(out),
        files: out.written(),
        ..manifest
    };
    Ok(write_json(out, "run.json", &manifest)?)
}

/// Noise samples in the output folder, of this run and of earlier ones.
fn samples(out: &OutputDir) -> Vec<String> {
    let mut all = out.samples();
    let written: std::collections::HashSet<String> = all.iter().cloned().collect();
    let is_left = |name: &String| !written.contains(name) && out.path_of(name).exists();
    all.extend(own_samples(out.path()).into_iter().filter(is_left));
    all
}

/// Files that earlier runs left in the output folder.
fn earlier_files(out: &OutputDir) -> Vec<String> {
    let written = out.written();
    let own = own_files(out.path()).unwrap_or_default().into_iter();
    let is_left = |name: &String| name != "run.json" && !written.contains(name) && out.path_of(name).exists();
    let mut earlier: Vec<String> = own.filter(is_left).collect();
    earlier.sort();
    earlier
}

/// Finds what the command line points at, and settles every option that depends on it.
pub fn resolve(args: &SharedArgs, wants: Wants) -> Result<Input> {
    ensure!(
        !args.input.inputs.is_empty() || args.input.files_from.is_some(),
        "no INPUT was given: name a folder of images, image files or a saved spectrum (*.spectrum), or a list with --files-from"
    );
    if let Some(spectra) = saved_spectra(&args.input)? {
        if let Some(option) = args.preprocess.first_given().or(args.input.first_about_images()) {
            bail!(
                "{option} has no effect on a saved spectrum: its images were prepared when it was scanned; leave the option out"
            );
        }
        return Ok(Input::Saved(Box::new(load_merged(&spectra)?)));
    }
    let listing = list(&args.input)?;
    let Listing { files, skipped, n_ignored, own_outputs } = listing;
    if let Some(first) = own_outputs.first() {
        let n = own_outputs.len();
        console::warn(args.output.quiet, &format!("left out {n} plots of specscan's own (the first is {first})"));
    }
    let files = choose_files(files, &args.input)?;
    let decode = DecodeOptions {
        max_pixels: args.input.max_pixels.unwrap_or(DecodeOptions::default().max_pixels),
        exif: args.input.exif.map_or(ExifPolicy::Ignore, Into::into),
    };
    let preprocess = resolve_preprocess(args, &files, &decode)?;
    let standardize = args.preprocess.standardize.map(Into::into).or(wants.standardize);
    let channels = args.preprocess.channels.map(Into::into).or(wants.channels);
    let analysis = AnalysisConfig {
        size: preprocess.size,
        channels: channels.unwrap_or_default(),
        window: args.preprocess.window.map_or(Window::None, Into::into),
        range: args.preprocess.range.unwrap_or(ValueRange::SIGNED),
        standardize: standardize.unwrap_or_default(),
        detail: if wants.moments { Detail::Full } else { Detail::Power },
        diagonality_side: wants.diagonality_side,
        coherence: wants.coherence,
        keep_spectra: false,
    };
    let threads = args.compute.threads()?;
    let config = ScanConfig { decode, preprocess, analysis, effective_resolution: wants.effective_resolution, threads };
    Ok(Input::Images(Box::new(Images { files, skipped, n_ignored, second_pass: wants.second_pass, config })))
}

/// The saved spectra among the inputs; none if the inputs are images.
fn saved_spectra(input: &InputArgs) -> Result<Option<Vec<PathBuf>>> {
    let is_saved = |path: &PathBuf| path.extension().is_some_and(|e| e == "spectrum") && !path.is_dir();
    let n_saved = input.inputs.iter().filter(|p| is_saved(p)).count();
    match n_saved {
        0 => Ok(None),
        n if n == input.inputs.len() => Ok(Some(input.inputs.clone())),
        _ => {
            bail!("saved spectra and images cannot be mixed in one run: scan the images first, then merge the spectra")
        }
    }
}

/// Reads spectra and adds them up.
pub fn load_merged(paths: &[PathBuf]) -> Result<Spectrum> {
    let mut merged: Option<Spectrum> = None;
    for path in paths {
        let spectrum = load(path)?;
        match &mut merged {
            None => merged = Some(spectrum),
            Some(merged) => merged
                .merge(&spectrum, false)
                .with_context(|| format!("cannot merge {} with the spectra before it", path.display()))?,
        }
    }
    merged.context("no spectrum was given")
}

/// Reads one spectrum.
pub fn load(path: &PathBuf) -> Result<Spectrum> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read {}; check the path of the spectrum", path.display()))?;
    Spectrum::from_bytes(&bytes).with_context(|| format!("cannot use {}", path.display()))
}

fn list(input: &InputArgs) -> Result<Listing> {
    match &input.files_from {
        None => Ok(list_inputs(&input.inputs)?),
        Some(path) if path.as_os_str() == "-" => Ok(list_from_reader(std::io::stdin().lock(), "standard input")?),
        Some(path) => {
            let file = std::fs::File::open(path)
                .with_context(|| format!("cannot open the file list {}; check its path", path.display()))?;
            Ok(list_from_reader(std::io::BufReader::new(file), &path.to_string_lossy())?)
        }
    }
}

/// The first, or randomly chosen, files; always in path order.
fn choose_files(mut files: Vec<SourceFile>, input: &InputArgs) -> Result<Vec<SourceFile>> {
    for (option, n) in [("--num", input.num), ("--sample", input.sample)] {
        if n == Some(0) {
            bail!("{option} 0: at least one file is needed; leave the option out to use all");
        }
    }
    if let Some(n) = input.num {
        files.truncate(n);
    }
    match input.sample {
        Some(n) if n < files.len() => {
            let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(input.seed);
            let mut chosen = index::sample(&mut random, files.len(), n).into_vec();
            chosen.sort_unstable();
            Ok(chosen.into_iter().map(|i| files[i].clone()).collect())
        }
        _ => Ok(files),
    }
}

/// Looks at the sizes of a few images before all are read: if none of them can be used, the run is not begun; if fewer than
/// half can, it says so.
fn check_headers(config: &PreprocessConfig, headers: &[(String, Size)], args: &SharedArgs) -> Result<()> {
    let mut refused = headers.iter().filter_map(|(key, size)| Some((key, config.accepts(*size).err()?)));
    let Some((key, reason)) = refused.next() else { return Ok(()) };
    let n_refused = 1 + refused.count();
    let n = headers.len();
    if n_refused == n {
        bail!("none of the {n} images looked at can be used (first: {key}: {reason})");
    }
    if 2 * n_refused > n {
        let message = format!("{n_refused} of the {n} images looked at cannot be used (first: {key}: {reason})");
        console::warn(args.output.quiet, &message);
    }
    Ok(())
}

fn resolve_preprocess(args: &SharedArgs, files: &[SourceFile], decode: &DecodeOptions) -> Result<PreprocessConfig> {
    let given = &args.preprocess;
    let found = choose_resolution(files, decode);
    let (size, untouched) = match (given.resolution.unwrap_or(Resolution::Auto), &found) {
        (Resolution::Auto, _) => found.clone().map(|found| (found.size, found.sizes_agree))?,
        (Resolution::Fixed(size), Ok(found)) => (size, found.sizes_agree && found.size == size),
        // With a size given no header is needed; whether any image is usable, the pass will tell.
        (Resolution::Fixed(size), Err(_)) => (size, false),
    };
    let transform = given.transform.unwrap_or(if untouched { Transform::None } else { Transform::CenterCropDhariwal });
    let config =
        PreprocessConfig { transform, size, allow_upscale: given.allow_upscale, drop_letterbox: given.drop_letterbox };
    config.validate()?;
    let headers = found.map(|found| found.headers).unwrap_or_default();
    check_headers(&config, &headers, args)?;
    Ok(config)
}
