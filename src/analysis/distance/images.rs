//! How odd each image is among all others: a second pass, the rows of `distance_images.csv`, and the oddest images of
//! either side once more.

use std::collections::HashSet;

use anyhow::Result;
use serde::Serialize;

use super::Distance;
use crate::analysis::{Images, Loss, Run, Scanned, SinkResult, row_key};
use crate::dataset::{SkipReason, Skipped};
use crate::noise::image_distance::ImageDistance;
use crate::noise::odd_images::{OddAnnuli, OddImages, Side};
use crate::noise::{AxesOf, DatasetModel, FullModel, Metric, ModelOptions, Moments};
use crate::pipeline::{Baseline, FirstPass, Halves, ImageRow, Judges, RowSink, ScanOutcome, measure_distances};
use crate::report::plot::pictures::Picture;
use crate::report::plot::pixels::Pixels;
use crate::report::tables::decibels;
use crate::spectrum::Spectrum;
use crate::spectrum::order_statistics::quantile;

/// Images of either side on the page of the farthest.
const N_FARTHEST: usize = 8;

/// Row of `distance_images.csv`: one image, oddest first.
#[derive(Debug, Clone, Serialize)]
pub struct DistanceImagesRow {
    /// Path below the input; tiles have their place in it, `#x,y`.
    pub path: String,
    /// 1 for the oddest.
    pub rank: usize,
    /// Width of the file's image, pixels.
    pub width_px: usize,
    /// Height of the file's image, pixels.
    pub height_px: usize,
    /// Mean value of the working image.
    pub mean: f64,
    /// Standard deviation of the working image, value.
    pub std: f64,
    /// How far ln of its RAPSD lies from that of the others: mean square over annuli, in units of their variance; 1 is
    /// ordinary.
    pub oddness: f64,
    /// Divergence of its RAPSD from the mean of the others', nats per mode.
    pub divergence: f64,
    /// `too smooth`, `too rough`, or `brightness`.
    pub side: Side,
    /// Frequency where it is oddest, cycles per pixel; 0 for brightness.
    pub frequency_oddest_cycles_per_px: f64,
    /// Mahalanobis distance from all other images: large for too much power only.
    pub d: f64,
    /// `d/√D`.
    pub d_normalized: f64,
    /// Frequency of the annulus where the image's power exceeds the set's most, cycles per pixel.
    pub frequency_max_excess_cycles_per_px: f64,
    /// By how much, dB.
    pub max_excess_db: Option<f64>,
    /// `d/√D` in the families' metric, from the half of the set that does not hold the image, or from all others.
    pub d_held_out_normalized: f64,
}

impl DistanceImagesRow {
    /// On which side of the others it lies, and where.
    pub(super) fn describe_side(&self) -> String {
        // Along an axis there is nothing beyond one half.
        let corner = if self.frequency_oddest_cycles_per_px > 0.5 { " (diagonal)" } else { "" };
        match self.side {
            Side::Brightness => self.side.name().to_owned(),
            _ => self.note_side().replacen(" at", " power at", 1) + corner,
        }
    }

    /// The same as a note below a picture, which is narrow.
    fn note_side(&self) -> String {
        let f = self.frequency_oddest_cycles_per_px;
        let digits = if f < 0.01 { 4 } else { 2 };
        match self.side {
            Side::Brightness => self.side.name().to_owned(),
            Side::Smooth => format!("too little at f = {f:.digits$}"),
            Side::Rough => format!("too much at f = {f:.digits$}"),
        }
    }
}

/// How far the images of a set are from it.
#[derive(Debug, Clone)]
pub struct ImageDistances {
    /// The images, oddest first.
    pub rows: Vec<DistanceImagesRow>,
    /// Their distances in the families' metric.
    pub baseline: Option<Moments>,
    /// Their distances from the full covariance of reduced images, where that was asked for.
    pub full_baseline: Option<Moments>,
    /// Median of the squares of these.
    pub baseline_median_square: Option<f64>,
    /// The oddest images of either side that could be read again, one of each file: too little power first.
    pub(super) pictures: Vec<Picture>,
}

/// One image, and where it is read again.
struct MeasuredImage {
    row: DistanceImagesRow,
    distance: ImageDistance,
    file: String,
    tile_origin: Option<(usize, usize)>,
}

/// All images; they are kept until the last is in, because the farthest come first.
struct DistanceRows {
    images: Vec<MeasuredImage>,
    odd: OddImages,
    /// `d²` from the full covariance of reduced images, where that was asked for.
    full_squares: Option<Vec<f64>>,
    n_dimensions: f64,
    longer_side: f64,
    key: String,
}

/// Measures every image, as a baseline of noise in the metric of `families` and in the `full` covariance; none for
/// saved spectra, which hold none.
pub(super) fn measure(
    question: &Distance,
    run: &Run<'_>,
    scanned: &Scanned,
    halves: Option<&Halves>,
    families: &DatasetModel,
    full: &[FullModel],
) -> Result<Option<ImageDistances>> {
    let Some(images) = run.source.images() else { return Ok(None) };
    let spectrum = &*scanned.spectrum;
    let rounding_power = families.rounding_power;
    let model = |spectrum: &Spectrum, metric: Metric, axes: AxesOf| {
        DatasetModel::new(spectrum, ModelOptions { metric: Some(metric), axes, rounding_power })
    };
    let ranking = match model(spectrum, question.image_metric, AxesOf::Given(families.color.clone())) {
        Ok(ranking) => ranking,
        Err(reason) => {
            run.desk.warn(&format!("no distance_images.csv: {reason}"));
            return Ok(None);
        }
    };
    // Halves have the axes of the whole: differences of means are taken along them.
    let half = |spectrum| model(spectrum, families.metric, AxesOf::Given(families.color.clone()));
    let held_out = match halves {
        Some(Halves { spectra: [first, second], .. }) => Some([half(first)?, half(second)?]),
        None => None,
    };
    let baseline = match (&held_out, halves) {
        (Some(models), Some(halves)) => Baseline::HeldOut(models, halves),
        _ => Baseline::Whole(families),
    };
    let judges = Judges { ranking: &ranking, baseline, full };
    let grid = spectrum.grid();
    let mut rows = DistanceRows {
        images: Vec::new(),
        odd: OddImages::new(OddAnnuli::new(grid, rounding_power)),
        full_squares: (!full.is_empty()).then(Vec::new),
        n_dimensions: families.n_dimensions(),
        longer_side: grid.size().longer_side() as f64,
        key: String::new(),
    };
    let (observer, cancel) = (run.desk.observer, run.desk.cancel);
    let first = FirstPass { spectrum, used: &scanned.used };
    // Those that the first pass read.
    let files = &images.files[..scanned.used.len()];
    let outcome = measure_distances(files, &images.config, first, judges, &mut rows, observer, cancel)?;
    run.desk.lost(loss_of(outcome, scanned));
    let (distances, n_lost) = rows.into_distances(images);
    if n_lost > 0 {
        run.desk.warn(&format!("{n_lost} of the farthest images could not be read again for farthest.png"));
    }
    Ok(Some(distances))
}

/// What the second pass lost of the files that the first one used.
fn loss_of(outcome: ScanOutcome, first: &Scanned) -> Loss {
    let known: HashSet<&str> = first.skipped.iter().chain(&first.left_out).map(|s| s.path.as_str()).collect();
    let is_new = |s: &Skipped| !known.contains(s.path.as_str());
    let of_second = |s: Skipped| Skipped { reason: SkipReason::InSecondPass(Box::new(s.reason)), ..s };
    Loss {
        what: "measuring each image".to_owned(),
        skipped: outcome.skipped.into_iter().filter(is_new).map(of_second).collect(),
        left_out: outcome.left_out.into_iter().filter(is_new).map(of_second).collect(),
        n_used: outcome.spectrum.counts().n_files,
    }
}

impl RowSink for DistanceRows {
    fn image(&mut self, row: &ImageRow<'_>) -> SinkResult {
        let not_measured = "the image was not measured; this is a bug, please report it";
        let mut numbers = row.numbers;
        if let Some(squares) = &mut self.full_squares {
            let (square, rest) = numbers.split_first().ok_or(not_measured)?;
            squares.push(*square);
            numbers = rest;
        }
        let (distance, powers) = ImageDistance::from_numbers(numbers).ok_or(not_measured)?;
        let is_new_file = self.images.last().is_none_or(|last| last.file != row.key);
        self.odd.push(powers, row.summary.mean, is_new_file);
        let normalized = |square: f64| (square / self.n_dimensions).sqrt();
        self.images.push(MeasuredImage {
            row: DistanceImagesRow {
                rank: 0,
                width_px: row.width_px,
                height_px: row.height_px,
                mean: row.summary.mean,
                std: row.summary.std,
                // Known when all are in.
                oddness: 0.0,
                divergence: 0.0,
                side: Side::Rough,
                frequency_oddest_cycles_per_px: 0.0,
                d: distance.square.sqrt(),
                d_normalized: normalized(distance.square),
                frequency_max_excess_cycles_per_px: distance.strangest_cycles_per_px,
                max_excess_db: decibels(distance.excess),
                d_held_out_normalized: normalized(distance.baseline_square),
                path: row_key(row, &mut self.key).to_owned(),
            },
            distance,
            file: row.key.to_owned(),
            tile_origin: row.tile_origin,
        });
        Ok(())
    }
}

impl DistanceRows {
    /// Puts the oddest first, equally odd ones in the order of their paths, and reads some of them again; also returns
    /// how many of these could not be read.
    fn into_distances(self, read: &Images) -> (ImageDistances, usize) {
        let mut images = self.images;
        for (image, judged) in images.iter_mut().zip(self.odd.judge()) {
            image.row.oddness = judged.oddness;
            image.row.divergence = judged.divergence;
            image.row.side = judged.side;
            image.row.frequency_oddest_cycles_per_px = judged.annulus as f64 / self.longer_side;
        }
        images.sort_by(|a, b| {
            let by_path = || a.row.path.as_bytes().cmp(b.row.path.as_bytes());
            b.row.oddness.total_cmp(&a.row.oddness).then_with(by_path)
        });
        images.iter_mut().enumerate().for_each(|(i, image)| image.row.rank = i + 1);
        let mut squares: Vec<f64> = images.iter().map(|image| image.distance.baseline_square).collect();
        let baseline = Moments::of(&squares);
        squares.sort_by(f64::total_cmp);
        let of_side = |is_smooth: bool| {
            let of_it = images.iter().filter(move |image| (image.row.side == Side::Smooth) == is_smooth);
            let mut files = HashSet::new();
            of_it.filter(move |image| files.insert(image.file.as_str())).take(N_FARTHEST)
        };
        let (smooth, others) = (of_side(true), of_side(false));
        // Latents are no pictures.
        let n_drawn = if read.config.analysis.channels.are_latent() { 0 } else { usize::MAX };
        let drawn = smooth.chain(others).take(n_drawn);
        let pictures: Vec<Option<Picture>> = drawn.map(|image| image.picture(read)).collect();
        let n_lost = pictures.iter().filter(|picture| picture.is_none()).count();
        let distances = ImageDistances {
            pictures: pictures.into_iter().flatten().collect(),
            rows: images.into_iter().map(|image| image.row).collect(),
            baseline,
            full_baseline: self.full_squares.as_deref().and_then(Moments::of),
            baseline_median_square: quantile(&squares, 0.5),
        };
        (distances, n_lost)
    }
}

impl MeasuredImage {
    /// The image with a caption; none if it cannot be read any more.
    fn picture(&self, read: &Images) -> Option<Picture> {
        let (size, rgb) = read.read_again(&self.file, self.tile_origin)?;
        Some(Picture {
            pixels: Pixels { width: size.width, height: size.height, rgb },
            name: self.row.path.clone(),
            note: match self.row.oddness {
                oddness if oddness > 1.0 => {
                    // The frequency stays in one line.
                    format!("{oddness:.1}, {}", self.row.note_side().replace("f = ", "f\u{a0}=\u{a0}"))
                }
                oddness => format!("{oddness:.1}, ordinary"),
            },
        })
    }
}
