//! Several inputs as sets of their own, all prepared alike.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::analysis::{Needs, Resolution, Source, SourceOptions};
use crate::dataset::{ExifPolicy, Transform};
use crate::pipeline::Observer;
use crate::pipeline::observer::Silent;
use crate::spectral::Named;
use crate::spectrum::Preprocess;

/// Opens each of `options.inputs` as a set of its own. Images are prepared like the saved spectra among them, else as
/// `options` say, with one working size that is chosen from all of them together.
///
/// # Errors
///
/// As [`Source::open`], and if images cannot be prepared like a saved spectrum.
pub fn open_sets(options: &SourceOptions, observer: &dyn Observer) -> Result<Vec<Source>> {
    let only = |input: &PathBuf| vec![input.clone()];
    let is_saved = |input: &PathBuf| input.extension().is_some_and(|e| e == "spectrum") && !input.is_dir();
    let (saved, images): (Vec<&PathBuf>, Vec<&PathBuf>) = options.inputs.iter().partition(|input| is_saved(input));
    let mut alike = options.clone();
    if let Some(first) = saved.first() {
        if !images.is_empty() {
            let spectrum = Source::load(&only(first), false)?;
            alike = prepared_like(options, spectrum.preprocess())?;
        }
    } else if options.inputs.len() > 1 {
        let all = Source::open(options, Needs::default(), &Silent)?;
        let preprocess = all.require_images("sets of images were named")?.config.preprocess;
        alike.resolution = Some(Resolution::Fixed(preprocess.size));
        alike.transform = Some(preprocess.transform);
        let (size, transform) = (preprocess.size, preprocess.transform);
        observer.noted(&format!("all sets at {size} by {transform}: one size for all, chosen from their images"));
    }
    let open = |input: &PathBuf| {
        let options = if is_saved(input) { SourceOptions::default() } else { alike.clone() };
        Source::open(&SourceOptions { inputs: only(input), ..options }, Needs::default(), observer)
    };
    options.inputs.iter().map(|input| open(input).with_context(|| format!("in {}", input.display()))).collect()
}

/// The options that prepare images as those of a saved spectrum were; those that were given must agree with it.
pub(in crate::analysis) fn prepared_like(options: &SourceOptions, saved: &Preprocess) -> Result<SourceOptions> {
    let transform = Transform::from_name(&saved.transform)
        .with_context(|| format!("images cannot be prepared by `{}`, as the saved spectrum's were", saved.transform))?;
    let exif =
        ExifPolicy::from_name(&saved.exif).context("the saved spectrum names an EXIF policy of another version")?;
    let asked = [
        ("--transform", options.transform.is_some_and(|t| t != transform)),
        ("--exif", options.exif.is_some_and(|e| e != exif)),
        ("--channels", options.channels.is_some_and(|c| c != saved.channels)),
        ("--window", options.window.is_some_and(|w| w != saved.window)),
        ("--standardize", options.standardize.is_some_and(|s| s != saved.standardize)),
        ("--range", options.range.is_some_and(|r| Some(r) != saved.range)),
        ("--decode-scale", options.decode_scale && !saved.decode_scale),
        ("--resolution", matches!(options.resolution, Some(Resolution::Fixed(size)) if size != saved.size)),
    ];
    let contradiction = asked.iter().find_map(|(name, contradicts)| contradicts.then_some(*name));
    ensure!(
        contradiction.is_none(),
        "{} contradicts the saved spectrum that the images are compared with: leave it out, and they are prepared as \
         the spectrum's were",
        contradiction.unwrap_or_default()
    );
    Ok(SourceOptions {
        transform: Some(transform),
        exif: Some(exif),
        resolution: Some(Resolution::Fixed(saved.size)),
        // Latents have the channels that they have.
        channels: Some(saved.channels).filter(|channels| !channels.are_latent()),
        window: Some(saved.window),
        standardize: Some(saved.standardize),
        range: saved.range,
        allow_upscale: saved.allow_upscale,
        drop_letterbox: saved.drop_letterbox,
        decode_scale: saved.decode_scale,
        ..options.clone()
    })
}
