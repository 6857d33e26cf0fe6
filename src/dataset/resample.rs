//! Resampling of 8-bit RGB with Pillow's arithmetic, bit for bit.
//!
//! # Definition
//!
//! Output sample `i` of an axis resampled from `n` to `m` samples is `Σ_j w_ij p_j`, `w_ij ∝ φ((j + ½ − c_i)/s)` with
//! `s = max(n/m, 1)`, centre `c_i = (i + ½)·n/m` and the weights of one output normalised to sum 1. The kernel `φ` is a
//! [`Kernel`]; dividing its argument by `s` is what makes it an antialiasing filter when the image shrinks.
//!
//! # Conventions
//!
//! Rows first: every row is resampled and rounded to 8 bits, then every column. Weights are rounded to `2⁻²²`, sums are
//! 32-bit integers, rounded half up and clamped to `0..=255`. The order and the clamping between the passes matter: where
//! a kernel overshoots (a bright edge), the other order differs by tens of levels. An axis that keeps its length is left
//! alone.
//!
//! # Invariants
//!
//! Only the requested rectangle of the output is computed, from the weights of the whole output: its pixels are those of
//! a full resize followed by a crop.
//!
//! # Cost
//!
//! No allocation once the buffers have grown to the largest image seen. Inner loops are compiled for several instruction
//! sets and chosen when the program starts.
//!
//! # References
//!
//! Pillow, `src/libImaging/Resample.c` (the 8 bits per channel paths).

use multiversion::multiversion;

/// Fractional bits of a weight: 8 bits of sample and 2 bits for overshoot leave 22 of 32.
const WEIGHT_BITS: u32 = 32 - 8 - 2;

/// One half in the fixed-point format of a sum, which turns truncation into rounding.
const HALF: i32 = 1 << (WEIGHT_BITS - 1);

/// Bytes of a column pass that are summed together, in registers.
const COLUMN_BLOCK: usize = 32;

/// Rows that are resampled together, a row to each lane of a vector register.
const ROW_BLOCK: usize = 16;

/// One pixel of each row of a block: the rows' red, then their green, then their blue.
type PixelBlock = [u8; 3 * ROW_BLOCK];

/// Interpolation kernels that trainers' preprocessing uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    /// Mean over the cell of an output pixel.
    Box,
    /// Keys' cubic convolution with a = −½ (Pillow's `BICUBIC`).
    Bicubic,
    /// Sinc windowed by its own central lobe, three lobes (Pillow's `LANCZOS`).
    Lanczos,
}

impl Kernel {
    /// Half-width of the kernel at scale 1, in samples.
    fn support(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// Kernel value at `x` samples from the centre. Term order follows Pillow, so that roundings agree.
    fn value(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        match self {
            Self::Box if x > -0.5 && x <= 0.5 => 1.0,
            Self::Box => 0.0,
            Self::Bicubic => match x.abs() {
                x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
                x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
                _ => 0.0,
            },
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Lanczos => 0.0,
        }
    }
}

/// `sin(πx)/(πx)`, 1 at zero.
fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * std::f64::consts::PI;
    x.sin() / x
}

/// One axis of a resize: its lengths before and after, and the stretch of the output that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Axis {
    kernel: Kernel,
    n_in: usize,
    n_out: usize,
    start: usize,
    n_wanted: usize,
}

/// Weights of one axis: for each wanted output sample the first input sample and its fixed-point weights.
#[derive(Debug, Default)]
struct Weights {
    /// What the weights were computed for.
    axis: Option<Axis>,
    /// Room for the weights of one output sample in `fixed`.
    stride: usize,
    /// First input sample and number of input samples, for each output sample.
    spans: Vec<(usize, usize)>,
    /// Weights in units of `2⁻²²`, `stride` for each output sample.
    fixed: Vec<i32>,
    /// Weights of one output sample before rounding.
    exact: Vec<f64>,
}

impl Weights {
    /// Computes the weights of `axis`, unless they are the ones already held.
    fn prepare(&mut self, axis: Axis) {
        if self.axis == Some(axis) {
            return;
        }
        let Axis { kernel, n_in, n_out, start, n_wanted } = axis;
        let scale = n_in as f64 / n_out as f64;
        let filter_scale = scale.max(1.0);
        let support = kernel.support() * filter_scale;
        let inverse = 1.0 / filter_scale;
        self.stride = support.ceil() as usize * 2 + 1;
        self.spans.clear();
        self.fixed.clear();
        for i in start..start + n_wanted {
            let center = (i as f64 + 0.5) * scale;
            // Truncation towards zero, as the cast to int in Pillow.
            let first = (center - support + 0.5).max(0.0) as usize;
            let end = ((center + support + 0.5) as usize).min(n_in);
            self.exact.clear();
            self.exact.extend((first..end).map(|j| kernel.value((j as f64 - center + 0.5) * inverse)));
            let sum: f64 = self.exact.iter().sum();
            let norm = if sum == 0.0 { 1.0 } else { sum };
            let filled = self.fixed.len() + self.stride;
            self.fixed.extend(self.exact.iter().map(|w| to_fixed(w / norm)));
            self.fixed.resize(filled, 0);
            self.spans.push((first, end - first));
        }
        self.axis = Some(axis);
    }

    /// First input sample and weights of wanted output sample `i`.
    fn of(&self, i: usize) -> (usize, &[i32]) {
        let (first, n) = self.spans[i];
        (first, &self.fixed[i * self.stride..][..n])
    }
}

/// Rounds a weight to fixed point, halves away from zero.
fn to_fixed(w: f64) -> i32 {
    let scaled = w * f64::from(1u32 << WEIGHT_BITS);
    (if w < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
}

/// Rounds a fixed-point sum (that holds [`HALF`] already) to a sample.
#[inline(always)]
fn to_sample(sum: i32) -> u8 {
    (sum >> WEIGHT_BITS).clamp(0, 255) as u8
}

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
    horizontal: Weights,
    vertical: Weights,
    /// A block of source rows, interleaved.
    block: Vec<PixelBlock>,
    /// The same rows resampled.
    resampled: Vec<PixelBlock>,
    /// Rows after the first pass.
    rows: Vec<u8>,
}

impl Resampler {
    /// Resamples `source` and writes the wanted rectangle of the result, interleaved RGB without gaps, over `out`.
    pub fn resample(&mut self, source: &Source<'_>, kernel: Kernel, target: &Target, out: &mut Vec<u8>) {
        let row_bytes = target.crop_width * 3;
        grow(out, target.crop_height * row_bytes);
        let out = &mut out[..target.crop_height * row_bytes];
        let (x, y) = target.origin;
        if source.height == target.height {
            return self.resample_rows(source, kernel, target, y, out);
        }
        let (n_in, n_out, n_wanted) = (source.height, target.height, target.crop_height);
        self.vertical.prepare(Axis { kernel, n_in, n_out, start: y, n_wanted });
        let (first, _) = self.vertical.of(0);
        let (last_first, last) = self.vertical.of(n_wanted - 1);
        let n_rows = last_first + last.len() - first;
        if source.width == target.width {
            let input = &source.pixels[first * source.stride + x * 3..];
            return self.resample_columns(input, source.stride, row_bytes, out);
        }
        let mut rows = std::mem::take(&mut self.rows);
        grow(&mut rows, n_rows * row_bytes);
        self.resample_rows(source, kernel, target, first, &mut rows[..n_rows * row_bytes]);
        self.resample_columns(&rows, row_bytes, row_bytes, out);
        self.rows = rows;
    }

    /// First pass: resamples source rows from `first_row` on, as many as `out` holds.
    fn resample_rows(
        &mut self,
        source: &Source<'_>,
        kernel: Kernel,
        target: &Target,
        first_row: usize,
        out: &mut [u8],
    ) {
        let row_bytes = target.crop_width * 3;
        let (x, _) = target.origin;
        if source.width == target.width {
            for (y, out) in out.chunks_exact_mut(row_bytes).enumerate() {
                out.copy_from_slice(&source.row(first_row + y)[x * 3..][..row_bytes]);
            }
            return;
        }
        let (n_in, n_out, n_wanted) = (source.width, target.width, target.crop_width);
        self.horizontal.prepare(Axis { kernel, n_in, n_out, start: x, n_wanted });
        self.block.resize(source.width, [0; 3 * ROW_BLOCK]);
        self.resampled.resize(target.crop_width, [0; 3 * ROW_BLOCK]);
        for (i, out) in out.chunks_mut(row_bytes * ROW_BLOCK).enumerate() {
            let y = first_row + i * ROW_BLOCK;
            // The last block may have fewer rows: the last one fills the rest and is computed in vain.
            let last = y + out.len() / row_bytes - 1;
            let rows = std::array::from_fn(|r| source.row((y + r).min(last)));
            interleave_rows(&rows, &mut self.block);
            resample_block(&self.block, &self.horizontal, &mut self.resampled);
            separate_rows(&self.resampled, row_bytes, out);
        }
    }

    /// Second pass, over rows `stride` bytes apart, the first of which is the first that the vertical weights touch.
    fn resample_columns(&self, rows: &[u8], stride: usize, row_bytes: usize, out: &mut [u8]) {
        let (first_row, _) = self.vertical.of(0);
        for (y, out) in out.chunks_exact_mut(row_bytes).enumerate() {
            let (first, weights) = self.vertical.of(y);
            combine_rows(&rows[(first - first_row) * stride..], stride, weights, out);
        }
    }
}

/// Makes `buffer` at least `len` bytes long; what it holds is about to be overwritten.
fn grow(buffer: &mut Vec<u8>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
}

/// Interleaves [`ROW_BLOCK`] rows: channel `c` of pixel `x` of row `r` goes to `out[x][c·ROW_BLOCK + r]`.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn interleave_rows(rows: &[&[u8]; ROW_BLOCK], out: &mut [PixelBlock]) {
    let n_bytes = out.len() * 3;
    let rows = rows.map(|row| &row[..n_bytes]);
    for (x, out) in out.as_flattened_mut().chunks_exact_mut(ROW_BLOCK).enumerate() {
        for (o, row) in out.iter_mut().zip(rows) {
            *o = row[x];
        }
    }
}

/// Output pixels of [`ROW_BLOCK`] interleaved rows, interleaved in the same way.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn resample_block(block: &[PixelBlock], weights: &Weights, out: &mut [PixelBlock]) {
    for (i, out) in out.iter_mut().enumerate() {
        let (first, weights) = weights.of(i);
        let mut sum = [HALF; 3 * ROW_BLOCK];
        for (samples, &w) in block[first..].iter().zip(weights) {
            for (s, &p) in sum.iter_mut().zip(samples) {
                *s += i32::from(p) * w;
            }
        }
        for (o, s) in out.iter_mut().zip(sum) {
            *o = to_sample(s);
        }
    }
}

/// Undoes [`interleave_rows`] for the first `out.len() / row_bytes` rows.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn separate_rows(block: &[PixelBlock], row_bytes: usize, out: &mut [u8]) {
    for (r, row) in out.chunks_exact_mut(row_bytes).enumerate() {
        for (o, samples) in row.iter_mut().zip(block.as_flattened().chunks_exact(ROW_BLOCK)) {
            *o = samples[r];
        }
    }
}

/// Weighted sum of `weights.len()` rows, each `stride` bytes after the one before.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn combine_rows(rows: &[u8], stride: usize, weights: &[i32], out: &mut [u8]) {
    let n = out.len();
    let mut blocks = out.chunks_exact_mut(COLUMN_BLOCK);
    let mut x = 0;
    for block in blocks.by_ref() {
        let mut sum = [HALF; COLUMN_BLOCK];
        for (k, &w) in weights.iter().enumerate() {
            let row = &rows[k * stride + x..][..COLUMN_BLOCK];
            for (s, &p) in sum.iter_mut().zip(row) {
                *s += i32::from(p) * w;
            }
        }
        for (o, s) in block.iter_mut().zip(sum) {
            *o = to_sample(s);
        }
        x += COLUMN_BLOCK;
    }
    for (o, x) in blocks.into_remainder().iter_mut().zip(x..n) {
        let sum = weights.iter().enumerate().fold(HALF, |s, (k, &w)| s + i32::from(rows[k * stride + x]) * w);
        *o = to_sample(sum);
    }
}
