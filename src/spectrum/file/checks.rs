//! What a `.spectrum` file may say: a checksum tells damage from accident, not a forgery or a mistaken program.
//!
//! # Invariants
//!
//! Nothing is allocated by what a header says before the file was seen to hold as much: sides and types are compared
//! with tensors that are there, and what follows from them is in proportion.

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::super::error::SpectrumError;
use super::super::exact::{ExactTensor, TensorSpec};
use super::super::plan::EXTREME_BINS;
use super::super::saved::{Counts, Preprocess};
use crate::spectral::{Size, ValueRange};

/// Longest side of reduced images, pixels: that of `--diagonality`.
const MAX_DIAGONALITY_SIDE_PX: usize = 32;

/// Values of black and white reach this far at most; their fourth powers stay far inside 128 bits of quanta.
const MAX_RANGE_VALUE: f64 = 1e4;

/// Black and white are this far apart at least: that of `--range`.
const MIN_RANGE_WIDTH: f64 = 1e-3;

/// More than any set has, and few enough that the counts of a thousand spectra add up.
const MAX_COUNT: u64 = 1 << 53;

/// Sums of contributions of which none is negative.
pub(super) const NON_NEGATIVE: [&str; 9] = [
    "pixel_square_sum",
    "rapsd_sum",
    "rapsd_outer",
    "rapsd_square_sum",
    "file_rapsd_sum",
    "file_size_square_sum",
    "power_sum",
    "power_square_sum",
    "real_form_norm4_sum",
];

pub(super) fn malformed(what: String) -> SpectrumError {
    SpectrumError::Malformed { what }
}

/// Sizes come from a file and decide how much is planned and allocated, so they are compared with a tensor the file
/// really holds first; value ranges decide the quanta.
pub(super) fn check_preprocess(
    preprocess: &Preprocess,
    diagonality_side: Option<usize>,
    file: &SafeTensors<'_>,
) -> Result<(), SpectrumError> {
    let Size { height, width } = preprocess.size;
    let pixels = tensor(file, "pixel_sum.hi")?;
    let sides = 1..=Size::MAX_SIDE_PX;
    if !sides.contains(&height) || !sides.contains(&width) {
        let most = Size::MAX_SIDE_PX;
        return Err(malformed(format!("the working size {height}x{width}: sides have 1 to {most} pixels")));
    }
    if pixels.shape() != [preprocess.channels.count(), height, width] {
        return Err(malformed(format!(
            "the working size {height}x{width}, which its tensors do not have (their shape is {:?})",
            pixels.shape()
        )));
    }
    if let Some(side) = diagonality_side.filter(|side| !(1..=MAX_DIAGONALITY_SIDE_PX).contains(side)) {
        return Err(malformed(format!(
            "its diagonality of {side} pixels: 1 to {MAX_DIAGONALITY_SIDE_PX} are possible"
        )));
    }
    match preprocess.range {
        None if preprocess.channels.are_latent() => Ok(()),
        Some(ValueRange { low, high })
            if !preprocess.channels.are_latent()
                && high - low >= MIN_RANGE_WIDTH
                && low.abs().max(high.abs()) <= MAX_RANGE_VALUE =>
        {
            Ok(())
        }
        Some(range) => Err(malformed(format!("its value range {range} is impossible"))),
        None => Err(malformed("it has no value range, as only latents have none".to_owned())),
    }
}

/// Files have one image or more, and what is counted of them is no more than there are.
pub(super) fn check_counts(counts: &Counts) -> Result<(), SpectrumError> {
    let Counts { n_images, n_files, n_skipped, n_left_out, n_unread, n_converted, n_warned } = *counts;
    let named = [("n_images", n_images), ("n_skipped", n_skipped), ("n_left_out", n_left_out), ("n_unread", n_unread)];
    if let Some((name, n)) = named.iter().find(|(_, n)| *n > MAX_COUNT) {
        return Err(malformed(format!("its count {name} of {n} is more than any set has")));
    }
    if n_files == 0 || n_files > n_images || n_converted > n_files || n_warned > n_files {
        return Err(malformed(format!("its counts contradict each other: {counts:?}")));
    }
    Ok(())
}

/// Every row of `n_bins` bins counts every image in one of them.
pub(super) fn check_histogram(n_images: u64, histogram: &[u64], n_bins: usize) -> Result<(), SpectrumError> {
    let is_off = |row: &[u64]| row.iter().map(|n| u128::from(*n)).sum::<u128>() != u128::from(n_images);
    if n_images == 0 || histogram.chunks_exact(n_bins).any(is_off) {
        return Err(malformed(format!("its count of {n_images} images does not match its histograms")));
    }
    Ok(())
}

/// No image's weakest band is stronger than its strongest: below every power lie at least as many weakest ones. Both
/// rows count as many images, far fewer than would overflow.
pub(super) fn check_extremes(histogram: &[u64]) -> Result<(), SpectrumError> {
    let (largest, smallest) = histogram.split_at(EXTREME_BINS);
    let running = |row: &[u64]| {
        row.iter()
            .scan(0, |sum: &mut u64, n| {
                Some(*{
                    *sum += n;
                    sum
                })
            })
            .collect::<Vec<_>>()
    };
    if running(largest).iter().zip(running(smallest)).any(|(largest, smallest)| *largest > smallest) {
        return Err(malformed("its images' weakest bands are stronger than their strongest".to_owned()));
    }
    Ok(())
}

/// Both halves of a sum are there, with the shape and the type that they have to have.
pub(super) fn check_tensor(file: &SafeTensors<'_>, spec: &TensorSpec) -> Result<(), SpectrumError> {
    for (suffix, dtype) in [("hi", Dtype::I64), ("lo", Dtype::U64)] {
        let name = format!("{}.{suffix}", spec.name);
        let view = tensor(file, &name)?;
        if view.shape() != spec.shape {
            let shape = view.shape();
            return Err(malformed(format!("`{name}` has the shape {shape:?} instead of {:?}", spec.shape)));
        }
        check_type(&name, &view, dtype)?;
    }
    Ok(())
}

/// The sums are such that images can have.
pub(super) fn check_sums(sums: &ExactTensor, n_images: u64) -> Result<(), SpectrumError> {
    let name = sums.spec.name;
    if NON_NEGATIVE.contains(&name) && sums.totals.iter().any(|total| *total < 0) {
        return Err(malformed(format!("`{name}` is negative somewhere, and nothing that it adds up can be")));
    }
    if name == "vector_outer" && diagonal(&sums.totals).any(|total| total < 0) {
        return Err(malformed(format!("`{name}` has a negative square")));
    }
    // Both factors are far below 2⁶⁴.
    let most = sums.spec.largest_integer.map(|largest| u128::from(largest) * u128::from(n_images));
    if most.is_some_and(|most| sums.totals.iter().any(|total| total.unsigned_abs() > most)) {
        return Err(malformed(format!("`{name}` is larger than {n_images} images can make it")));
    }
    Ok(())
}

/// The squares among the products of all pairs, which are the upper triangle row by row.
fn diagonal(triangle: &[i128]) -> impl Iterator<Item = i128> {
    let mut rest = triangle;
    let mut length = (((8 * triangle.len() + 1) as f64).sqrt() as usize - 1) / 2;
    std::iter::from_fn(move || {
        let (row, after) = rest.split_at_checked(length).filter(|(row, _)| !row.is_empty())?;
        rest = after;
        length -= 1;
        Some(row[0])
    })
}

/// The numbers of a tensor of 64-bit integers.
pub(super) fn read_u64(file: &SafeTensors<'_>, name: &str, dtype: Dtype) -> Result<Vec<u64>, SpectrumError> {
    let view = tensor(file, name)?;
    check_type(name, &view, dtype)?;
    let (words, _) = view.data().as_chunks::<8>();
    Ok(words.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
}

fn check_type(name: &str, view: &TensorView<'_>, dtype: Dtype) -> Result<(), SpectrumError> {
    let found = view.dtype();
    if found == dtype {
        Ok(())
    } else {
        Err(malformed(format!("`{name}` has the type {found:?} instead of {dtype:?}")))
    }
}

fn tensor<'a>(file: &SafeTensors<'a>, name: &str) -> Result<TensorView<'a>, SpectrumError> {
    file.tensor(name).map_err(|error| malformed(error.to_string()))
}
