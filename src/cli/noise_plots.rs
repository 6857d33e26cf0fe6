//! Pictures of noise: the families side by side, how far they are from the dataset, and the images that are farthest.

use super::console;
use super::noise_files::to_pixels;
use super::plots::write_to;
use super::shared::SharedArgs;
use crate::noise::NoiseSpectrum;
use crate::report::output_dir::OutputDir;
use crate::report::plot::PlotFormat;
use crate::report::plot::distance::{DistanceBar, DistanceFigure};
use crate::report::plot::pictures::{Picture, PicturesFigure};
use crate::spectral::Size;

/// A family's picture on the sheet, before its scale is known: name, Δ, and the planes of a sample.
pub struct SamplePicture {
    name: String,
    delta: Option<f64>,
    planes: Vec<f32>,
}

/// The first sample of a family.
pub fn sample_picture(noise: &NoiseSpectrum, planes: Vec<f32>) -> SamplePicture {
    SamplePicture { name: noise.name.clone(), delta: noise.delta, planes }
}

/// What a power law is called, in words.
pub fn describe_delta(delta: Option<f64>) -> String {
    match delta {
        None => "no power law".to_owned(),
        Some(d) if d < 0.0 => format!("Δ = {d:.2}, power f^{:.2}", -2.0 * d),
        Some(d) => format!("Δ = {d:.2}, power 1/f^{:.2}", 2.0 * d),
    }
}

/// Draws one sample of every family side by side, as `noise`.
pub fn sheet(out: &OutputDir, shared: &SharedArgs, size: Size, subtitle: &str, std: f64, samples: Vec<SamplePicture>) {
    let picture = |s: SamplePicture| Picture {
        pixels: to_pixels(size, &s.planes, 3.0 * std),
        note: describe_delta(s.delta),
        name: s.name,
    };
    let title =
        if samples.len() == 1 { "A sample of noise".to_owned() } else { "Sample 0 of every noise family".to_owned() };
    let figure = PicturesFigure {
        title,
        subtitle: format!("{subtitle}; black is −3, white +3 standard deviations, the same for all"),
        pictures: samples.into_iter().map(picture).collect(),
    };
    write_to(out, &shared.output.plots, shared.output.quiet, "noise", &figure);
}

/// Draws the distances of the families as `distance`.
pub fn distances(
    out: &OutputDir,
    shared: &SharedArgs,
    title: String,
    subtitle: String,
    bars: Vec<DistanceBar>,
    too_smooth: f64,
) {
    let figure = DistanceFigure { title, subtitle, bars, too_smooth };
    write_to(out, &shared.output.plots, shared.output.quiet, "distance", &figure);
}

/// Draws the farthest images as `farthest.png`, if plots are wanted at all.
pub fn farthest(out: &OutputDir, shared: &SharedArgs, subtitle: String, pictures: Vec<Picture>) {
    if shared.output.plots.0.is_empty() {
        return;
    }
    let n = pictures.len();
    let figure = PicturesFigure { title: format!("The {n} images farthest from the set"), subtitle, pictures };
    let formats = super::shared::PlotFormats(vec![PlotFormat::Png]);
    write_to(out, &formats, shared.output.quiet, "farthest", &figure);
    if n == 0 {
        console::warn(shared.output.quiet, "none of the farthest images could be read again for farthest.png");
    }
}
