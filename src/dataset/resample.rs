//! Resampling of 8-bit RGB with Pillow's arithmetic, bit for bit.
//!
//! # Definition
//!
//! Every row is resampled and rounded to 8 bits, then every column; columns come first where the height shrinks by more
//! than twice as many pixels as the width (Pillow 13: photographs more than twice as high as wide). A sample is a sum
//! of samples with the weights of the `weights` module, in 32-bit integers, rounded half up and clamped to `0..=255`.
//! An axis that keeps its length is left alone.
//!
//! The order and the clamping between the passes matter: where a kernel overshoots (a bright edge), the other order
//! differs by tens of levels.
//!
//! # Invariants
//!
//! Only the requested rectangle of the output is computed, from the weights of the whole output: its pixels are those
//! of a full resize followed by a crop.
//!
//! # Cost
//!
//! No allocation once the buffers have grown to the largest image seen. Inner loops are compiled for several
//! instruction sets and chosen when the program starts.
//!
//! # References
//!
//! Pillow 13.0, `src/libImaging/Resample.c` (the 8 bits per channel paths). Versions before 13 take rows first always.

use std::ops::Range;

use multiversion::multiversion;
use wide::u8x16;

use super::buffer::grow;
use super::part::Part;
use super::weights::{Axis, Kernel, RememberedWeights, WEIGHT_BITS, Weights};
use crate::spectral::Size;

/// One half in the fixed-point format of a sum, which turns truncation into rounding.
const HALF: i32 = 1 << (WEIGHT_BITS - 1);

/// Rows that are resampled together, a row to each lane of a vector register.
const ROW_BLOCK: usize = 16;

/// One pixel of each row of a block: the rows' red, then their green, then their blue.
type PixelBlock = [u8; 3 * ROW_BLOCK];

/// Samples of a row that are combined with those of other rows together, in registers.
const COLUMN_BLOCK: usize = 32;

/// An image to be resampled, of which a rectangle is there: interleaved RGB pixels, `stride` bytes from row to row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// From the first pixel that is there on.
    pub pixels: &'a [u8],
    /// Size of the image, pixels.
    pub width: usize,
    pub height: usize,
    pub stride: usize,
    /// Column and row of the first pixel that is there.
    pub origin: (usize, usize),
}

impl<'a> Source<'a> {
    /// What a resize to `target` left, without gaps between rows.
    pub fn left_by(target: &Target, pixels: &'a [u8]) -> Self {
        let Target { width, height, origin, crop_width, .. } = *target;
        Self { pixels, width, height, stride: crop_width * 3, origin }
    }

    /// What is there from a pixel on.
    fn from(&self, x: usize, y: usize) -> &'a [u8] {
        &self.pixels[(y - self.origin.1) * self.stride + (x - self.origin.0) * 3..]
    }

    fn row(&self, y: usize, columns: Range<usize>) -> &'a [u8] {
        &self.from(columns.start, y)[..columns.len() * 3]
    }
}

/// The size an image is resampled to, and the rectangle of it that is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// Size of the whole output, pixels.
    pub width: usize,
    pub height: usize,
    /// Column and row of the wanted rectangle.
    pub origin: (usize, usize),
    /// Size of the wanted rectangle, pixels.
    pub crop_width: usize,
    pub crop_height: usize,
}

impl Target {
    /// The whole output.
    pub fn whole(width: usize, height: usize) -> Self {
        Self { width, height, origin: (0, 0), crop_width: width, crop_height: height }
    }

    /// A part of an output of `size`.
    pub fn part(size: Size, part: &Part) -> Self {
        let (crop_width, crop_height) = (part.columns.len(), part.rows.len());
        Self { width: size.width, height: size.height, origin: part.origin(), crop_width, crop_height }
    }

    /// The axis of the rows of a source of `width`.
    pub fn horizontal(&self, width: usize, kernel: Kernel) -> Axis {
        Axis { kernel, n_in: width, n_out: self.width, start: self.origin.0, n_wanted: self.crop_width }
    }

    /// The axis of the columns of a source of `height`.
    pub fn vertical(&self, height: usize, kernel: Kernel) -> Axis {
        Axis { kernel, n_in: height, n_out: self.height, start: self.origin.1, n_wanted: self.crop_height }
    }

    /// What is taken of a source of `width` and `height`.
    pub fn part_of(&self, width: usize, height: usize, kernel: Kernel) -> Part {
        let (columns, rows) =
            (self.horizontal(width, kernel).input_range(), self.vertical(height, kernel).input_range());
        Part { columns, rows }
    }
}

/// Weights and intermediate rows, recycled from image to image.
#[derive(Debug, Default)]
pub(super) struct Resampler {
    weights: RememberedWeights,
    /// A block of source rows, interleaved.
    block: Vec<PixelBlock>,
    /// The same rows resampled.
    resampled: Vec<PixelBlock>,
    /// Rows after the first pass, filled up to whole blocks.
    rows: Vec<u8>,
    /// The wanted rows after a first pass over columns.
    columns: Vec<u8>,
}

impl Resampler {
    /// Bytes of the intermediate rows.
    pub fn held_bytes(&self) -> usize {
        self.rows.capacity() + self.columns.capacity()
    }

    /// Resamples `source` and writes the wanted rectangle of the result, interleaved RGB without gaps, over the front
    /// of `out`. Of the source it takes the input ranges of both axes.
    pub fn resample(&mut self, source: &Source<'_>, kernel: Kernel, target: &Target, out: &mut Vec<u8>) {
        let row_bytes = target.crop_width * 3;
        let axis = target.vertical(source.height, kernel);
        if axis.n_in == axis.n_out {
            return self.resample_rows(source, kernel, target, axis.input_range(), out);
        }
        if columns_come_first(source, target) {
            return self.resample_columns_first(source, axis, target, out);
        }
        let wanted_rows = axis.input_range();
        let first_row = wanted_rows.start;
        let mut rows = std::mem::take(&mut self.rows);
        self.resample_rows(source, kernel, target, wanted_rows, &mut rows);
        let vertical = self.weights.find(axis);
        grow(out, axis.n_wanted * row_bytes);
        for (y, out) in out.chunks_exact_mut(row_bytes).take(axis.n_wanted).enumerate() {
            let (first, weights) = self.weights.at(vertical).of(y);
            combine_rows(&rows[(first - first_row) * row_bytes..], row_bytes, weights, out);
        }
        self.rows = rows;
    }

    /// The same with the passes in the other order; `vertical` is the axis of the columns.
    fn resample_columns_first(&mut self, source: &Source<'_>, vertical: Axis, target: &Target, out: &mut Vec<u8>) {
        let wanted = target.horizontal(source.width, vertical.kernel).input_range();
        let row_bytes = wanted.len() * 3;
        let mut columns = std::mem::take(&mut self.columns);
        grow(&mut columns, vertical.n_wanted * row_bytes);
        let weights = self.weights.find(vertical);
        for (y, out) in columns.chunks_exact_mut(row_bytes).take(vertical.n_wanted).enumerate() {
            let (first, weights) = self.weights.at(weights).of(y);
            combine_rows(source.from(wanted.start, first), source.stride, weights, out);
        }
        let (width, height, origin) = (source.width, vertical.n_wanted, (wanted.start, 0));
        let resampled = Source { pixels: &columns, width, height, stride: row_bytes, origin };
        self.resample_rows(&resampled, vertical.kernel, target, 0..vertical.n_wanted, out);
        self.columns = columns;
    }

    /// First pass: resamples the source rows `wanted` and writes them over the front of `out`, which is filled up to
    /// whole blocks of rows.
    fn resample_rows(
        &mut self,
        source: &Source<'_>,
        kernel: Kernel,
        target: &Target,
        wanted: Range<usize>,
        out: &mut Vec<u8>,
    ) {
        let row_bytes = target.crop_width * 3;
        grow(out, wanted.len().next_multiple_of(ROW_BLOCK) * row_bytes);
        let axis = target.horizontal(source.width, kernel);
        let columns = axis.input_range();
        if axis.n_in == axis.n_out {
            for (y, out) in wanted.zip(out.chunks_exact_mut(row_bytes)) {
                out.copy_from_slice(source.row(y, columns.clone()));
            }
            return;
        }
        let horizontal = self.weights.find(axis);
        let weights = self.weights.at(horizontal);
        self.block.resize(columns.len(), [0; 3 * ROW_BLOCK]);
        self.resampled.resize(axis.n_wanted, [0; 3 * ROW_BLOCK]);
        for (y, out) in wanted.clone().step_by(ROW_BLOCK).zip(out.chunks_exact_mut(row_bytes * ROW_BLOCK)) {
            // The last block may have fewer rows: the last one fills the rest and is computed in vain.
            let row = |r: usize| source.row((y + r).min(wanted.end - 1), columns.clone());
            interleave_rows(&std::array::from_fn(row), self.block.as_flattened_mut().as_chunks_mut().0);
            resample_block(&self.block, columns.start, weights, &mut self.resampled);
            separate_rows(self.resampled.as_flattened().as_chunks().0, out);
        }
    }
}

/// Whether Pillow resamples columns before rows.
fn columns_come_first(source: &Source<'_>, target: &Target) -> bool {
    let shrinks_by = |n_in: usize, n_out: usize| n_in.saturating_sub(n_out);
    shrinks_by(source.height, target.height) > 2 * shrinks_by(source.width, target.width)
}

/// Rounds a fixed-point sum (that holds [`HALF`] already) to a sample.
#[inline(always)]
fn to_sample(sum: i32) -> u8 {
    (sum >> WEIGHT_BITS).clamp(0, 255) as u8
}

/// Interleaves rows as long as `out`: byte `x` of row `r` goes to `out[x][r]`.
#[multiversion(targets("x86_64+avx2"))]
fn interleave_rows(rows: &[&[u8]; ROW_BLOCK], out: &mut [[u8; ROW_BLOCK]]) {
    for x in square_starts(out.len()) {
        let Some(out) = out[x..].first_chunk_mut::<ROW_BLOCK>() else { break };
        let mut square = [u8x16::ZERO; ROW_BLOCK];
        for (lanes, row) in square.iter_mut().zip(rows) {
            if let Some(bytes) = row[x..].first_chunk() {
                *lanes = u8x16::new(*bytes);
            }
        }
        for (out, lanes) in out.iter_mut().zip(transpose(square)) {
            *out = lanes.to_array();
        }
    }
    if out.len() < ROW_BLOCK {
        for (x, out) in out.iter_mut().enumerate() {
            *out = rows.map(|row| row[x]);
        }
    }
}

/// Undoes [`interleave_rows`]: `out` holds the rows one after the other.
#[multiversion(targets("x86_64+avx2"))]
fn separate_rows(block: &[[u8; ROW_BLOCK]], out: &mut [u8]) {
    let n = block.len();
    for x in square_starts(n) {
        let Some(bytes) = block[x..].first_chunk::<ROW_BLOCK>() else { break };
        let mut square = [u8x16::ZERO; ROW_BLOCK];
        for (lanes, bytes) in square.iter_mut().zip(bytes) {
            *lanes = u8x16::new(*bytes);
        }
        for (out, lanes) in out.chunks_exact_mut(n).zip(transpose(square)) {
            if let Some(out) = out[x..].first_chunk_mut() {
                *out = lanes.to_array();
            }
        }
    }
    if n < ROW_BLOCK {
        for (r, out) in out.chunks_exact_mut(n).enumerate() {
            out.iter_mut().zip(block).for_each(|(out, column)| *out = column[r]);
        }
    }
}

/// Where the squares start that cover `n` columns; none if a square is wider. The last ends with the columns and may
/// overlap the one before it.
fn square_starts(n: usize) -> impl Iterator<Item = usize> {
    let end = if n < ROW_BLOCK { 0 } else { n };
    (0..end).step_by(ROW_BLOCK).map(move |x| x.min(n - ROW_BLOCK))
}

/// Transposes a square of bytes: four perfect shuffles, each of which takes one bit of the row's index to the column's.
#[inline(always)]
fn transpose(square: [u8x16; ROW_BLOCK]) -> [u8x16; ROW_BLOCK] {
    shuffle(shuffle(shuffle(shuffle(square))))
}

#[inline(always)]
fn shuffle(rows: [u8x16; ROW_BLOCK]) -> [u8x16; ROW_BLOCK] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = rows;
    let (low, high) = (u8x16::unpack_low, u8x16::unpack_high);
    [
        low(a, i),
        high(a, i),
        low(b, j),
        high(b, j),
        low(c, k),
        high(c, k),
        low(d, l),
        high(d, l),
        low(e, m),
        high(e, m),
        low(f, n),
        high(f, n),
        low(g, o),
        high(g, o),
        low(h, p),
        high(h, p),
    ]
}

/// Output pixels of interleaved rows, interleaved in the same way. `block` starts at source column `first_column`.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn resample_block(block: &[PixelBlock], first_column: usize, weights: &Weights, out: &mut [PixelBlock]) {
    for (i, out) in out.iter_mut().enumerate() {
        let (first, weights) = weights.of(i);
        let mut sums = [HALF; 3 * ROW_BLOCK];
        for (samples, &w) in block[first - first_column..].iter().zip(weights) {
            for (s, &p) in sums.iter_mut().zip(samples) {
                *s += i32::from(p) * w;
            }
        }
        for (o, s) in out.iter_mut().zip(sums) {
            *o = to_sample(s);
        }
    }
}

/// Weighted sum of `weights.len()` rows, `stride` bytes from one to the next in `rows`, each as long as `out`.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn combine_rows(rows: &[u8], stride: usize, weights: &[i32], out: &mut [u8]) {
    let n = out.len();
    let n_blocked = n - n % COLUMN_BLOCK;
    for (i, block) in out.chunks_exact_mut(COLUMN_BLOCK).enumerate() {
        let mut sums = [HALF; COLUMN_BLOCK];
        for (k, &w) in weights.iter().enumerate() {
            let row = &rows[k * stride + i * COLUMN_BLOCK..][..COLUMN_BLOCK];
            for (s, &p) in sums.iter_mut().zip(row) {
                *s += i32::from(p) * w;
            }
        }
        for (o, s) in block.iter_mut().zip(sums) {
            *o = to_sample(s);
        }
    }
    for (x, sample) in out.iter_mut().enumerate().skip(n_blocked) {
        let sum = weights.iter().enumerate().fold(HALF, |sum, (k, &w)| sum + i32::from(rows[k * stride + x]) * w);
        *sample = to_sample(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_are_interleaved_and_separated_again() {
        for n in (1..40).chain([48, 255, 768]) {
            let rows: Vec<Vec<u8>> =
                (0..ROW_BLOCK).map(|r| (0..n).map(|x| (31 * r + 7 * x + x * x / 3) as u8).collect()).collect();
            let mut block = vec![[0; ROW_BLOCK]; n];
            interleave_rows(&std::array::from_fn(|r| rows[r].as_slice()), &mut block);
            for (x, column) in block.iter().enumerate() {
                for (r, sample) in column.iter().enumerate() {
                    assert_eq!(*sample, rows[r][x], "byte {x} of row {r} of {n}");
                }
            }
            let mut separated = vec![0; n * ROW_BLOCK];
            separate_rows(&block, &mut separated);
            assert_eq!(separated, rows.concat(), "{n}");
        }
    }
}
