//! The dataset of a run: images to be read, or a saved spectrum, with every option that depends on them settled.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use rand::SeedableRng;
use rand::seq::index;

use super::input_file::load_spectrum;
use super::inputs::note_one_set;
use super::needs::Needs;
use crate::dataset::{
    Damaged, DecodeOptions, Decoder, ExifPolicy, ListFormat, Listing, PreprocessConfig, Preprocessor, Skipped,
    SourceFile, Transform, choose_resolution, list_from_reader, list_inputs,
};
use crate::diffusion::rounding_power;
use crate::pipeline::{Held, Observer, ScanConfig, ScanError, check_memory};
use crate::spectral::{Channels, Size, ValueRange, Window};
use crate::spectrum::{AnalysisConfig, Detail, Preprocess, Spectrum, Standardize};

/// The working size that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Chosen from the images' headers.
    Auto,
    /// Fixed.
    Fixed(Size),
}

/// What to read, and how to prepare it. What is `None` has a default that may depend on the images.
#[derive(Debug, Clone, Default)]
pub struct SourceOptions {
    /// Folders, images, or saved spectra.
    pub inputs: Vec<PathBuf>,
    /// A list of paths in place of inputs; `-` is standard input.
    pub files_from: Option<PathBuf>,
    /// How the paths of that list are told apart.
    pub list_format: ListFormat,
    /// Only the first so many files.
    pub num: Option<usize>,
    /// So many files at random.
    pub sample: Option<usize>,
    /// Seed of that choice.
    pub seed: u64,
    /// Largest number of pixels of an image.
    pub max_pixels: Option<u64>,
    /// What is done with the orientation that cameras write.
    pub exif: Option<ExifPolicy>,
    /// Whether damaged files are used.
    pub damaged: Option<Damaged>,
    /// Working size.
    pub resolution: Option<Resolution>,
    /// How images reach it.
    pub transform: Option<Transform>,
    /// Whether smaller images are enlarged.
    pub allow_upscale: bool,
    /// Whether images with uniform bars are left out.
    pub drop_letterbox: bool,
    /// What is transformed.
    pub channels: Option<Channels>,
    /// What is removed before covariances.
    pub standardize: Option<Standardize>,
    /// Apodisation.
    pub window: Option<Window>,
    /// Values of black and white.
    pub range: Option<ValueRange>,
    /// Workers.
    pub threads: usize,
    /// Bytes that the run may take; no limit if not given.
    pub max_memory_bytes: Option<u64>,
}

impl SourceOptions {
    /// Whether there is anything to read.
    pub fn has_inputs(&self) -> bool {
        !self.inputs.is_empty() || self.files_from.is_some()
    }

    /// The first option about reading files that was given, by its name on the command line.
    pub fn first_about_files(&self) -> Option<&'static str> {
        first_of(&[
            (self.num.is_some(), "--num"),
            (self.sample.is_some(), "--sample"),
            (self.exif.is_some(), "--exif"),
            (self.damaged.is_some(), "--damaged"),
            (self.max_pixels.is_some(), "--max-pixels"),
        ])
    }

    /// The first option about the values of images that was given: noise that is drawn without images has none.
    pub fn first_about_values(&self) -> Option<&'static str> {
        first_of(&[
            (self.drop_letterbox, "--drop-letterbox"),
            (self.standardize.is_some(), "--standardize"),
            (self.window.is_some(), "--window"),
            (self.range.is_some(), "--range"),
        ])
    }

    /// The first option about the preparation of images that was given: a saved spectrum was prepared when it was
    /// scanned.
    fn first_about_preparation(&self) -> Option<&'static str> {
        let about_size = [
            (self.resolution.is_some(), "--resolution"),
            (self.transform.is_some(), "--transform"),
            (self.allow_upscale, "--allow-upscale"),
            (self.channels.is_some(), "--channels"),
        ];
        first_of(&about_size).or(self.first_about_values())
    }
}

/// The name of the first option that was given.
fn first_of(options: &[(bool, &'static str)]) -> Option<&'static str> {
    options.iter().find_map(|(given, name)| given.then_some(*name))
}

/// What a run is about.
#[derive(Debug)]
pub enum Source {
    /// A spectrum, loaded (and merged, if several were given).
    Saved(Arc<Spectrum>),
    /// Images to scan.
    Images(Box<Images>),
}

/// Images, and how to scan them.
#[derive(Debug)]
pub struct Images {
    /// Usable-looking files, in path order.
    pub files: Vec<SourceFile>,
    /// Entries that cannot be opened as images.
    pub skipped: Vec<Skipped>,
    /// Other files beside them.
    pub n_ignored: u64,
    /// Whether the images are read once more after the pass.
    pub second_pass: bool,
    /// Which spectra of them are held together.
    pub held: Held,
    /// How they are scanned.
    pub config: ScanConfig,
}

impl Source {
    /// Finds what `options` point at, and settles every option that depends on it.
    ///
    /// # Errors
    ///
    /// If there is nothing to read, it cannot be read, or options do not go together.
    pub fn open(options: &SourceOptions, needs: Needs, observer: &dyn Observer) -> Result<Self> {
        ensure!(
            options.has_inputs(),
            "no INPUT was given: name a folder of images, image files or a saved spectrum (*.spectrum), or a list with --files-from"
        );
        if let Some(spectra) = saved_spectra(&options.inputs)? {
            if let Some(option) = options.first_about_preparation().or(options.first_about_files()) {
                bail!(
                    "{option} has no effect on a saved spectrum: its images were prepared when it was scanned; leave the option out"
                );
            }
            let (spectrum, n_files) = Self::load_counting(&spectra, false)?;
            note_one_set(&spectra, &n_files, observer);
            return Ok(Self::Saved(Arc::new(spectrum)));
        }
        Ok(Self::Images(Box::new(Images::find(options, needs, observer)?)))
    }

    /// Reads spectra and adds them up; with `allow_shared` even if they hold the same images.
    ///
    /// # Errors
    ///
    /// If one cannot be read, or does not go with those before it.
    pub fn load(paths: &[PathBuf], allow_shared: bool) -> Result<Spectrum> {
        Ok(Self::load_counting(paths, allow_shared)?.0)
    }

    /// The same, with the number of files of each.
    fn load_counting(paths: &[PathBuf], allow_shared: bool) -> Result<(Spectrum, Vec<u64>)> {
        let (first, rest) = paths.split_first().context("no spectrum was given")?;
        let mut merged = load_spectrum(first)?;
        let mut n_files = vec![merged.counts().n_files];
        for path in rest {
            let spectrum = load_spectrum(path)?;
            n_files.push(spectrum.counts().n_files);
            merged
                .merge(&spectrum, allow_shared)
                .with_context(|| format!("cannot merge {} with the spectra before it", path.display()))?;
        }
        Ok((merged, n_files))
    }

    /// How the images are, or were, prepared.
    pub fn preprocess(&self) -> Preprocess {
        match self {
            Self::Saved(spectrum) => spectrum.preprocess().clone(),
            Self::Images(images) => images.config.preprocess_record(),
        }
    }

    /// The working size.
    pub fn size(&self) -> Size {
        self.preprocess().size
    }

    /// The spectrum, if it is saved.
    pub fn saved(&self) -> Option<&Spectrum> {
        match self {
            Self::Saved(spectrum) => Some(spectrum),
            Self::Images(_) => None,
        }
    }

    /// The images, if there are any.
    pub fn images(&self) -> Option<&Images> {
        match self {
            Self::Saved(_) => None,
            Self::Images(images) => Some(images),
        }
    }

    /// Refuses a saved spectrum, for analyses of single images; `whose` says in the message what cannot be had.
    ///
    /// # Errors
    ///
    /// If this is a saved spectrum.
    pub fn require_images(&self, whose: &str) -> Result<&Images> {
        self.images()
            .with_context(|| format!("a saved spectrum holds no single images, and {whose}; give the folder of images"))
    }

    /// Files beside the images that are no images.
    pub fn n_ignored(&self) -> u64 {
        self.images().map_or(0, |images| images.n_ignored)
    }

    /// The power of 8-bit rounding in the images' value range, value² per mode.
    ///
    /// # Errors
    ///
    /// If their powers are in other units.
    pub fn rounding_power(&self) -> Result<f64> {
        let Preprocess { range, standardize, .. } = self.preprocess();
        if standardize == Standardize::Pixel {
            bail!("noise levels are in pixel values, which --standardize pixel removes; leave it out");
        }
        Ok(rounding_power(range.low, range.high))
    }
}

impl Images {
    /// Lists the files and looks at the headers of some.
    fn find(options: &SourceOptions, needs: Needs, observer: &dyn Observer) -> Result<Self> {
        let Listing { files, skipped, n_ignored, n_files_of_inputs, own_outputs } = list(options)?;
        note_one_set(&options.inputs, &n_files_of_inputs, observer);
        if let Some(first) = own_outputs.first() {
            let n = own_outputs.len();
            observer.warned(&format!("left out {n} plots of specscan's own (the first is {first})"));
        }
        let files = choose_files(files, options)?;
        let decode = DecodeOptions {
            max_pixels: options.max_pixels.unwrap_or(DecodeOptions::default().max_pixels),
            exif: options.exif.unwrap_or(ExifPolicy::Ignore),
            damaged: options.damaged.unwrap_or_default(),
            max_memory_bytes: options.max_memory_bytes.unwrap_or(u64::MAX),
        };
        let preprocess = resolve_preprocess(options, &files, &decode, observer)?;
        let analysis = AnalysisConfig {
            size: preprocess.size,
            channels: options.channels.or(needs.channels).unwrap_or_default(),
            window: options.window.unwrap_or(Window::None),
            range: options.range.unwrap_or(ValueRange::SIGNED),
            standardize: options.standardize.or(needs.standardize).unwrap_or_default(),
            detail: if needs.moments { Detail::Full } else { Detail::Power },
            per_channel: needs.per_channel,
            diagonality_side: needs.diagonality_side,
            coherence: needs.coherence,
            keep_spectra: false,
        };
        let config = ScanConfig {
            decode,
            preprocess,
            analysis,
            effective_resolution: needs.effective_resolution,
            detectors: needs.detectors,
            threads: options.threads,
        };
        check_memory(&config, needs.held()).map_err(ScanError::Memory)?;
        Ok(Self { files, skipped, n_ignored, second_pass: needs.second_pass, held: needs.held(), config })
    }

    /// The working image of the file `key`, read once more: its size, and its RGB bytes row by row. None if the file
    /// has changed meanwhile, or is none of these.
    pub fn read_again(&self, key: &str, tile_origin: Option<(usize, usize)>) -> Option<(Size, Vec<u8>)> {
        let file = self.files.iter().find(|file| file.key == key)?;
        let mut decoder = Decoder::new();
        decoder.read(&file.path).ok()?;
        let decoded = decoder.decode(&self.config.decode).ok()?;
        let mut preprocessor = Preprocessor::new(self.config.preprocess).ok()?;
        let mut views = preprocessor.apply(&decoded.image).ok()?;
        let view = views.find(|view| tile_origin.is_none_or(|origin| origin == (view.x_px, view.y_px)))?;
        Some((view.size(), view.rows().flatten().copied().collect()))
    }
}

/// The saved spectra among the inputs; none if the inputs are images.
fn saved_spectra(inputs: &[PathBuf]) -> Result<Option<Vec<PathBuf>>> {
    let is_saved = |path: &PathBuf| path.extension().is_some_and(|e| e == "spectrum") && !path.is_dir();
    match inputs.iter().filter(|p| is_saved(p)).count() {
        0 => Ok(None),
        n if n == inputs.len() => Ok(Some(inputs.to_vec())),
        _ => {
            bail!("saved spectra and images cannot be mixed in one run: scan the images first, then merge the spectra")
        }
    }
}

fn list(options: &SourceOptions) -> Result<Listing> {
    let Some(path) = &options.files_from else { return Ok(list_inputs(&options.inputs)?) };
    if path.as_os_str() == "-" {
        return Ok(list_from_reader(std::io::stdin().lock(), "standard input", options.list_format)?);
    }
    let file = std::fs::File::open(path)
        .with_context(|| format!("cannot open the file list {}; check its path", path.display()))?;
    Ok(list_from_reader(std::io::BufReader::new(file), &path.to_string_lossy(), options.list_format)?)
}

/// The first, or randomly chosen, files; always in path order.
fn choose_files(mut files: Vec<SourceFile>, options: &SourceOptions) -> Result<Vec<SourceFile>> {
    for (option, n) in [("--num", options.num), ("--sample", options.sample)] {
        ensure!(n != Some(0), "{option} 0: at least one file is needed; leave the option out to use all");
    }
    if let Some(n) = options.num {
        files.truncate(n);
    }
    match options.sample {
        Some(n) if n < files.len() => {
            let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(options.seed);
            let mut chosen = index::sample(&mut random, files.len(), n).into_vec();
            chosen.sort_unstable();
            Ok(chosen.into_iter().map(|i| files[i].clone()).collect())
        }
        _ => Ok(files),
    }
}

fn resolve_preprocess(
    options: &SourceOptions,
    files: &[SourceFile],
    decode: &DecodeOptions,
    observer: &dyn Observer,
) -> Result<PreprocessConfig> {
    let found = choose_resolution(files, decode);
    let asked = options.resolution.unwrap_or(Resolution::Auto);
    let (size, untouched) = match (asked, &found) {
        (Resolution::Auto, _) => found.clone().map(|found| (found.size, found.sizes_agree))?,
        (Resolution::Fixed(size), Ok(found)) => (size, found.sizes_agree && found.size == size),
        // With a given size no header is needed; the pass finds out whether any image is usable.
        (Resolution::Fixed(size), Err(_)) => (size, false),
    };
    let config = PreprocessConfig {
        transform: options.transform.unwrap_or(if untouched { Transform::None } else { Transform::CenterCropDhariwal }),
        size,
        allow_upscale: options.allow_upscale,
        drop_letterbox: options.drop_letterbox,
    };
    config.validate()?;
    if let (Resolution::Auto, Ok(found)) = (asked, &found) {
        observer.noted(&found.describe());
    }
    let headers = found.map(|found| found.headers).unwrap_or_default();
    check_headers(&config, &headers, observer)?;
    Ok(config)
}

/// Looks at the sizes of a few images before all are read: if none of them can be used, the run is not begun; if fewer
/// than half can, it says so.
fn check_headers(config: &PreprocessConfig, headers: &[(String, Size)], observer: &dyn Observer) -> Result<()> {
    let mut refused = headers.iter().filter_map(|(key, size)| Some((key, config.accepts(*size).err()?)));
    let Some((key, reason)) = refused.next() else { return Ok(()) };
    let (n_refused, n) = (1 + refused.count(), headers.len());
    if n_refused == n {
        bail!("none of the {n} images looked at can be used (first: {key}: {reason})");
    }
    if 2 * n_refused > n {
        observer.warned(&format!("{n_refused} of the {n} images looked at cannot be used (first: {key}: {reason})"));
    }
    Ok(())
}
