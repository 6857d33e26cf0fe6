//! The dataset of a run: images to be read, or a saved spectrum, with every option that depends on them settled.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use rand::SeedableRng;
use rand::seq::index;

use super::input_file::load_spectrum;
use super::inputs::{note_one_set, warn_of_samples};
use super::lost::with_more;
use super::needs::Needs;
use super::source_options::{Resolution, SourceOptions};
use crate::dataset::{
    ArrayReader, AutoResolution, DecodeOptions, Decoder, ExifPolicy, Listing, PreprocessConfig, Preprocessor, Sample,
    Skipped, SourceFile, Transform, choose_resolution, list_from_reader, list_inputs_with,
};
use crate::diffusion::rounding_power;
use crate::pipeline::{DEFAULT_READERS, Held, Observer, ScanConfig, ScanError, check_memory};
use crate::spectral::{Size, ValueRange, Window};
use crate::spectrum::{AnalysisConfig, Counts, Detail, Preprocess, Spectrum, Standardize};

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
    /// Usable-looking files, in path order; in the order drawn where a sample of them may be enough.
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
            let (spectrum, counts) = Self::load_counting(&spectra, false)?;
            warn_of_samples(&spectra, &counts, observer);
            let n_files: Vec<u64> = counts.iter().map(|counts| counts.n_files).collect();
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

    /// The same, with the counts of each.
    pub(super) fn load_counting(paths: &[PathBuf], allow_shared: bool) -> Result<(Spectrum, Vec<Counts>)> {
        let (first, rest) = paths.split_first().context("no spectrum was given")?;
        let mut merged = load_spectrum(first)?;
        let mut counts = vec![merged.counts()];
        for path in rest {
            let spectrum = load_spectrum(path)?;
            counts.push(spectrum.counts());
            merged
                .merge(&spectrum, allow_shared)
                .with_context(|| format!("cannot merge {} with the spectra before it", path.display()))?;
        }
        Ok((merged, counts))
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

    /// The power of the images' rounding, value² per mode.
    ///
    /// # Errors
    ///
    /// If their powers are in other units.
    pub fn rounding_power(&self) -> Result<f64> {
        let preprocess = self.preprocess();
        if preprocess.standardize == Standardize::Pixel {
            bail!("noise levels are in pixel values, which --standardize pixel removes; leave it out");
        }
        Ok(rounding_power_of(&preprocess))
    }
}

/// The power of rounding, value² per mode: to 8 bits in the value range of images, to the steps of the sums of latents.
pub fn rounding_power_of(preprocess: &Preprocess) -> f64 {
    match preprocess.range {
        Some(range) => rounding_power(range.low, range.high),
        None => preprocess.channels.code_unit(0).powi(2) / 12.0,
    }
}

impl Images {
    /// Lists the files and looks at the headers of some.
    fn find(options: &SourceOptions, needs: Needs, observer: &dyn Observer) -> Result<Self> {
        let Listing { files, latent_channels, skipped, n_ignored, n_files_of_inputs, own_outputs } = list(options)?;
        if latent_channels.is_some() {
            options.check_latents()?;
            ensure!(!needs.detectors, "the detectors look at the pixels of images, and these are latents: give images");
        }
        let preferred = options.channels.or(needs.channels);
        note_one_set(&options.inputs, &n_files_of_inputs, observer);
        if let Some(first) = own_outputs.first() {
            let n = own_outputs.len();
            observer.warned(&format!("left out {n} plots of specscan's own (the first is {first})"));
        }
        let (files, order) = choose_files(files, options)?;
        ensure!(
            !(needs.detectors && options.decode_scale),
            "the detectors look at the files' own pixels, which --decode-scale does not decode: leave it out, and scan a \
             baseline that was made with it once more"
        );
        ensure!(
            needs.other_sides_px.is_empty() || !options.decode_scale,
            "--decode-scale decodes for one size, and --resolutions asks for several: give one of the two"
        );
        let mut decode = DecodeOptions {
            max_pixels: options.max_pixels.unwrap_or(DecodeOptions::default().max_pixels),
            exif: options.exif.unwrap_or(ExifPolicy::Ignore),
            damaged: options.damaged.unwrap_or_default(),
            scaled_for_px: None,
            max_memory_bytes: options.max_memory_bytes.unwrap_or(u64::MAX),
        };
        let preprocess = resolve_preprocess(options, &files, &decode, latent_channels.is_some(), observer)
            .map_err(|error| with_more(error, &skipped))?;
        if options.decode_scale {
            let PreprocessConfig { transform, size, .. } = preprocess;
            ensure!(
                transform.resamples(),
                "--decode-scale is for images that are made smaller, and --transform {transform} takes their pixels as \
                 they are: leave it out, or give --resolution and --transform {}",
                Transform::CenterCropDhariwal
            );
            decode.scaled_for_px = Some(size.width);
        }
        let analysis = AnalysisConfig {
            size: preprocess.size,
            channels: latent_channels.or(preferred).unwrap_or_default(),
            window: options.window.unwrap_or(Window::None),
            range: options.range.unwrap_or(ValueRange::SIGNED),
            standardize: options.standardize.or(needs.standardize).unwrap_or_default(),
            detail: if needs.moments { Detail::Full } else { Detail::Power },
            per_channel: needs.per_channel,
            diagonality_side: needs.diagonality_side,
            coherence: needs.coherence,
            keep_spectra: false,
        };
        let other_sizes = match latent_channels {
            // Latents are not resampled.
            Some(_) => Vec::new(),
            None => other_sizes(&preprocess, &needs.other_sides_px),
        };
        let config = ScanConfig {
            decode,
            preprocess,
            analysis,
            other_sizes,
            // Latents are not blurred as images are: the detector was made for pixels.
            effective_resolution: needs.effective_resolution && latent_channels.is_none(),
            until: options.until,
            detectors: needs.detectors,
            threads: options.threads,
            io_threads: options.io_threads,
        };
        check_memory(&config, needs.held()).map_err(ScanError::Memory)?;
        let files = order.map(|order| order.into_iter().map(|i| files[i].clone()).collect()).unwrap_or(files);
        Ok(Self { files, skipped, n_ignored, second_pass: needs.second_pass, held: needs.held(), config })
    }

    /// The working image of the file `key`, read once more: its size, and its RGB bytes row by row. None if the file
    /// has changed meanwhile, or is none of these, or holds latents.
    pub fn read_again(&self, key: &str, tile_origin: Option<(usize, usize)>) -> Option<(Size, Vec<u8>)> {
        let file = self.files.iter().find(|file| file.key() == key)?;
        let (mut decoder, mut arrays) = (Decoder::new(), ArrayReader::default());
        let image = match file.sample() {
            Some((array, number)) => match arrays.read(file, array, number).ok()? {
                Sample::Image(image) => image,
                Sample::Latent(_) => return None,
            },
            None => {
                decoder.read(file.path()).ok()?;
                decoder.decode(&self.config.decode).ok()?.image
            }
        };
        let mut preprocessor = Preprocessor::new(self.config.preprocess).ok()?;
        let mut views = preprocessor.apply(&image).ok()?;
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
    let Some(path) = &options.files_from else { return Ok(list_inputs_with(&options.inputs, &options.arrays)?) };
    if path.as_os_str() == "-" {
        let name = "standard input";
        return Ok(list_from_reader(std::io::stdin().lock(), name, options.list_format, &options.arrays)?);
    }
    let file = std::fs::File::open(path)
        .with_context(|| format!("cannot open the file list {}; check its path", path.display()))?;
    let reader = std::io::BufReader::new(file);
    Ok(list_from_reader(reader, &path.to_string_lossy(), options.list_format, &options.arrays)?)
}

/// The first, or randomly chosen, files in path order; and the order in which they are read, where that is another.
fn choose_files(mut files: Vec<SourceFile>, options: &SourceOptions) -> Result<(Vec<SourceFile>, Option<Vec<usize>>)> {
    for (option, n) in [("--num", options.num), ("--sample", options.sample)] {
        ensure!(n != Some(0), "{option} 0: at least one file is needed; leave the option out to use all");
    }
    if let Some(n) = options.num {
        files.truncate(n);
    }
    let n = options.sample.unwrap_or(files.len()).min(files.len());
    if n == files.len() && options.until.is_none() {
        return Ok((files, None));
    }
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(options.seed);
    let drawn = index::sample(&mut random, files.len(), n).into_vec();
    let mut chosen = drawn.clone();
    chosen.sort_unstable();
    let place_of = |i: &usize| chosen.partition_point(|other| other < i);
    let order = options.until.map(|_| drawn.iter().map(place_of).collect());
    Ok((chosen.iter().map(|i| files[*i].clone()).collect(), order))
}

fn resolve_preprocess(
    options: &SourceOptions,
    files: &[SourceFile],
    decode: &DecodeOptions,
    are_latent: bool,
    observer: &dyn Observer,
) -> Result<PreprocessConfig> {
    let found = choose_resolution(files, decode, options.io_threads.unwrap_or(DEFAULT_READERS));
    let asked = options.resolution.unwrap_or(Resolution::Auto);
    if let (true, Resolution::Auto, Ok(found)) = (are_latent, asked, &found) {
        check_one_size(found)?;
    }
    let (size, untouched) = match (asked, &found) {
        (Resolution::Auto, _) => found.clone().map(|found| (found.size, found.sizes_agree))?,
        (Resolution::Fixed(size), Ok(found)) => (size, found.sizes_agree && found.size == size),
        // With a given size no header is needed; the pass finds out whether any image is usable.
        (Resolution::Fixed(size), Err(_)) => (size, false),
    };
    let config = PreprocessConfig {
        transform: options.transform.unwrap_or(match untouched || are_latent {
            true => Transform::None,
            false => Transform::CenterCropDhariwal,
        }),
        size,
        allow_upscale: options.allow_upscale,
        drop_letterbox: options.drop_letterbox,
    };
    config.validate()?;
    if let (Resolution::Auto, Ok(found)) = (asked, &found) {
        observer.noted(&found.describe());
        found.held_down().iter().for_each(|held_down| observer.warned(held_down));
    }
    let headers = found.map(|found| found.headers).unwrap_or_default();
    check_headers(&config, &headers, observer)?;
    Ok(config)
}

/// How images are brought to squares of other sides in pixels, each once; none where they are cut: pieces of another
/// size would show other pictures, not the same smaller.
fn other_sizes(preprocess: &PreprocessConfig, sides_px: &[usize]) -> Vec<PreprocessConfig> {
    let transform = match preprocess.transform {
        Transform::Crop | Transform::Tile => return Vec::new(),
        Transform::None => Transform::CenterCropDhariwal,
        resized => resized,
    };
    let mut sizes: Vec<Size> = sides_px.iter().map(|side| Size::square(*side)).collect();
    sizes.sort_by_key(|size| size.longer_side());
    sizes.dedup();
    sizes.retain(|size| *size != preprocess.size);
    sizes.into_iter().map(|size| PreprocessConfig { transform, size, ..*preprocess }).collect()
}

/// Refuses to choose a size for latents of several.
fn check_one_size(found: &AutoResolution) -> Result<()> {
    let Some(((first, size), rest)) = found.headers.split_first() else { return Ok(()) };
    match rest.iter().find(|(_, other)| other != size) {
        None => Ok(()),
        Some((key, other)) => bail!(
            "latents are not resampled, and {first} is {size} while {key} is {other}: give the size to be analysed as \
             --resolution HxW (others are left out), with --transform crop or tile to cut larger ones"
        ),
    }
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
