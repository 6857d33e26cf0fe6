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
use super::weights::{Axis, Kernel, RememberedWeights, WEIGHT_BITS, Weights};

/// One half in the fixed-point format of a sum, which turns truncation into rounding.
const HALF: i32 = 1 << (WEIGHT_BITS - 1);

/// Rows that are resampled together, a row to each lane of a vector register.
const ROW_BLOCK: usize = 16;

/// One pixel of each row of a block: the rows' red, then their green, then their blue.
type PixelBlock = [u8; 3 * ROW_BLOCK];

/// Samples of a row that are combined with those of other rows together, in registers.
const COLUMN_BLOCK: usize = 32;

/// An image to be resampled: `height` rows of `width` interleaved RGB pixels, `stride` bytes from row to row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub pixels: &'a [u8],
    pub width: usize,
    pub height: usize,
    pub stride: usize,
}

impl<'a> Source<'a> {
    /// An image without gaps between rows.
    pub fn whole(pixels: &'a [u8], width: usize, height: usize) -> Self {
        Self { pixels, width, height, stride: width * 3 }
    }

    fn row(&self, y: usize) -> &'a [u8] {
        &self.pixels[y * self.stride..][..self.width * 3]
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
    /// of `out`.
    pub fn resample(&mut self, source: &Source<'_>, kernel: Kernel, target: &Target, out: &mut Vec<u8>) {
        let row_bytes = target.crop_width * 3;
        let (_, y) = target.origin;
        let (n_in, n_out, n_wanted) = (source.height, target.height, target.crop_height);
        if n_in == n_out {
            return self.resample_rows(source, kernel, target, y..y + n_wanted, out);
        }
        let axis = Axis { kernel, n_in, n_out, start: y, n_wanted };
        if columns_come_first(source, target) {
            return self.resample_columns_first(source, axis, target, out);
        }
        let vertical = self.weights.find(axis);
        let wanted_rows = self.weights.at(vertical).input_range();
        let first_row = wanted_rows.start;
        let mut rows = std::mem::take(&mut self.rows);
        self.resample_rows(source, kernel, target, wanted_rows, &mut rows);
        // The horizontal weights may have taken the place of the vertical ones.
        let vertical = self.weights.find(axis);
        grow(out, n_wanted * row_bytes);
        for (y, out) in out.chunks_exact_mut(row_bytes).take(n_wanted).enumerate() {
            let (first, weights) = self.weights.at(vertical).of(y);
            combine_rows(&rows[(first - first_row) * row_bytes..], row_bytes, weights, out);
        }
        self.rows = rows;
    }

    /// The same with the passes in the other order; `vertical` is the axis of the columns.
    fn resample_columns_first(&mut self, source: &Source<'_>, vertical: Axis, target: &Target, out: &mut Vec<u8>) {
        let row_bytes = source.width * 3;
        let mut columns = std::mem::take(&mut self.columns);
        grow(&mut columns, vertical.n_wanted * row_bytes);
        let weights = self.weights.find(vertical);
        for (y, out) in columns.chunks_exact_mut(row_bytes).take(vertical.n_wanted).enumerate() {
            let (first, weights) = self.weights.at(weights).of(y);
            combine_rows(&source.pixels[first * source.stride..], source.stride, weights, out);
        }
        let resampled = Source::whole(&columns, source.width, vertical.n_wanted);
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
        let (x, _) = target.origin;
        let (n_in, n_out, n_wanted) = (source.width, target.width, target.crop_width);
        if n_in == n_out {
            for (y, out) in wanted.zip(out.chunks_exact_mut(row_bytes)) {
                out.copy_from_slice(&source.row(y)[x * 3..][..row_bytes]);
            }
            return;
        }
        let horizontal = self.weights.find(Axis { kernel, n_in, n_out, start: x, n_wanted });
        let weights = self.weights.at(horizontal);
        let columns = weights.input_range();
        self.block.resize(columns.len(), [0; 3 * ROW_BLOCK]);
        self.resampled.resize(n_wanted, [0; 3 * ROW_BLOCK]);
        for (y, out) in wanted.clone().step_by(ROW_BLOCK).zip(out.chunks_exact_mut(row_bytes * ROW_BLOCK)) {
            // The last block may have fewer rows: the last one fills the rest and is computed in vain.
            let row = |r: usize| &source.row((y + r).min(wanted.end - 1))[columns.start * 3..columns.end * 3];
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
fn interleave_rows(rows: &[&[u8]; ROW_BLOCK], out: &mut [[u8; ROW_BLOCK]]) {
    for x in square_starts(out.len()) {
        let Some(out) = out[x..].first_chunk_mut::<ROW_BLOCK>() else { break };
        let square = rows.map(|row| row[x..].first_chunk().copied().unwrap_or_default());
        *out = transpose(&square);
    }
    if out.len() < ROW_BLOCK {
        for (x, out) in out.iter_mut().enumerate() {
            *out = rows.map(|row| row[x]);
        }
    }
}

/// Undoes [`interleave_rows`]: `out` holds the rows one after the other.
fn separate_rows(block: &[[u8; ROW_BLOCK]], out: &mut [u8]) {
    let n = block.len();
    for x in square_starts(n) {
        let Some(square) = block[x..].first_chunk() else { break };
        for (out, row) in out.chunks_exact_mut(n).zip(transpose(square)) {
            if let Some(out) = out[x..].first_chunk_mut() {
                *out = row;
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
fn transpose(square: &[[u8; ROW_BLOCK]; ROW_BLOCK]) -> [[u8; ROW_BLOCK]; ROW_BLOCK] {
    shuffle(shuffle(shuffle(shuffle(square.map(u8x16::new))))).map(|row| row.to_array())
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
