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

use std::ops::Range;

use multiversion::multiversion;

/// Fractional bits of a weight: 8 bits of sample and 2 bits for overshoot leave 22 of 32.
const WEIGHT_BITS: u32 = 32 - 8 - 2;

/// One half in the fixed-point format of a sum, which turns truncation into rounding.
const HALF: i32 = 1 << (WEIGHT_BITS - 1);

/// Rows that are resampled together, a row to each lane of a vector register.
const ROW_BLOCK: usize = 16;

/// One pixel of each row of a block: the rows' red, then their green, then their blue.
type PixelBlock = [u8; 3 * ROW_BLOCK];

/// Samples of a row that are combined with those of other rows together, in registers.
const COLUMN_BLOCK: usize = 32;

/// Axes whose weights are remembered: data sets have few distinct sizes, or so many that it does not matter.
const N_REMEMBERED: usize = 16;

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
#[derive(Debug, Default, Clone)]
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
    /// Computes the weights of `axis`.
    fn compute(&mut self, axis: Axis) {
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

    /// Input samples that the wanted output is made of.
    fn input_range(&self) -> Range<usize> {
        let start = self.spans.first().map_or(0, |span| span.0);
        start..self.spans.last().map_or(start, |(first, n)| first + n)
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

/// Weights of the axes met last.
#[derive(Debug, Default, Clone)]
struct RememberedWeights {
    axes: Vec<Weights>,
    next: usize,
}

impl RememberedWeights {
    /// Where in `axes` the weights of `axis` are; computed if they are not there.
    fn find(&mut self, axis: Axis) -> usize {
        if let Some(i) = self.axes.iter().position(|weights| weights.axis == Some(axis)) {
            return i;
        }
        if self.axes.len() < N_REMEMBERED {
            self.axes.push(Weights::default());
        }
        let i = self.next % self.axes.len().max(1);
        self.next = (i + 1) % N_REMEMBERED;
        self.axes[i].compute(axis);
        i
    }
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
#[derive(Debug, Default, Clone)]
pub(super) struct Resampler {
    weights: RememberedWeights,
    /// A block of source rows, interleaved.
    block: Vec<PixelBlock>,
    /// The same rows resampled.
    resampled: Vec<PixelBlock>,
    /// Rows after the first pass, filled up to whole blocks.
    rows: Vec<u8>,
}

impl Resampler {
    /// Resamples `source` and writes the wanted rectangle of the result, interleaved RGB without gaps, over the front of
    /// `out`.
    pub fn resample(&mut self, source: &Source<'_>, kernel: Kernel, target: &Target, out: &mut Vec<u8>) {
        let row_bytes = target.crop_width * 3;
        let (_, y) = target.origin;
        let (n_in, n_out, n_wanted) = (source.height, target.height, target.crop_height);
        if n_in == n_out {
            return self.resample_rows(source, kernel, target, y..y + n_wanted, out);
        }
        let axis = Axis { kernel, n_in, n_out, start: y, n_wanted };
        let vertical = self.weights.find(axis);
        let wanted_rows = self.weights.axes[vertical].input_range();
        let first_row = wanted_rows.start;
        let mut rows = std::mem::take(&mut self.rows);
        self.resample_rows(source, kernel, target, wanted_rows, &mut rows);
        // The horizontal weights may have taken the place of the vertical ones.
        let vertical = self.weights.find(axis);
        grow(out, n_wanted * row_bytes);
        for (y, out) in out.chunks_exact_mut(row_bytes).take(n_wanted).enumerate() {
            let (first, weights) = self.weights.axes[vertical].of(y);
            combine_rows(&rows[(first - first_row) * row_bytes..], weights, out);
        }
        self.rows = rows;
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
        let weights = &self.weights.axes[horizontal];
        let columns = weights.input_range();
        self.block.resize(columns.len(), [0; 3 * ROW_BLOCK]);
        self.resampled.resize(n_wanted, [0; 3 * ROW_BLOCK]);
        for (y, out) in wanted.clone().step_by(ROW_BLOCK).zip(out.chunks_exact_mut(row_bytes * ROW_BLOCK)) {
            // The last block may have fewer rows: the last one fills the rest and is computed in vain.
            let row = |r: usize| &source.row((y + r).min(wanted.end - 1))[columns.start * 3..columns.end * 3];
            interleave_rows(&std::array::from_fn(row), &mut self.block);
            resample_block(&self.block, columns.start, weights, &mut self.resampled);
            separate_rows(&self.resampled, out);
        }
    }
}

/// Makes `buffer` at least `len` long; what it holds is about to be overwritten.
fn grow(buffer: &mut Vec<u8>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
}

/// Rounds a fixed-point sum (that holds [`HALF`] already) to a sample.
#[inline(always)]
fn to_sample(sum: i32) -> u8 {
    (sum >> WEIGHT_BITS).clamp(0, 255) as u8
}

/// Interleaves rows of equal length: channel `c` of pixel `x` of row `r` goes to `out[x][c·ROW_BLOCK + r]`.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn interleave_rows(rows: &[&[u8]; ROW_BLOCK], out: &mut [PixelBlock]) {
    let n_bytes = out.len() * 3;
    let (out, _) = out.as_flattened_mut().as_chunks_mut::<ROW_BLOCK>();
    for (half, rows) in rows.as_chunks::<8>().0.iter().enumerate() {
        let [a, b, c, d, e, f, g, h] = rows.map(|row| &row[..n_bytes]);
        for (x, out) in out.iter_mut().enumerate() {
            out[half * 8..][..8].copy_from_slice(&[a[x], b[x], c[x], d[x], e[x], f[x], g[x], h[x]]);
        }
    }
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

/// Undoes [`interleave_rows`].
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn separate_rows(block: &[PixelBlock], out: &mut [u8]) {
    let row_bytes = block.len() * 3;
    let (samples, _) = block.as_flattened().as_chunks::<ROW_BLOCK>();
    for (half, out) in out.chunks_exact_mut(row_bytes * 8).enumerate() {
        let mut rows = out.chunks_exact_mut(row_bytes);
        let [a, b, c, d, e, f, g, h] = std::array::from_fn(|_| rows.next().unwrap_or_default());
        for x in 0..row_bytes {
            let s = &samples[x][half * 8..][..8];
            (a[x], b[x], c[x], d[x]) = (s[0], s[1], s[2], s[3]);
            (e[x], f[x], g[x], h[x]) = (s[4], s[5], s[6], s[7]);
        }
    }
}

/// Weighted sum of `weights.len()` rows, one after the other in `rows`, each as long as `out`.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn combine_rows(rows: &[u8], weights: &[i32], out: &mut [u8]) {
    let n = out.len();
    let n_blocked = n - n % COLUMN_BLOCK;
    for (i, block) in out.chunks_exact_mut(COLUMN_BLOCK).enumerate() {
        let mut sums = [HALF; COLUMN_BLOCK];
        for (k, &w) in weights.iter().enumerate() {
            let row = &rows[k * n + i * COLUMN_BLOCK..][..COLUMN_BLOCK];
            for (s, &p) in sums.iter_mut().zip(row) {
                *s += i32::from(p) * w;
            }
        }
        for (o, s) in block.iter_mut().zip(sums) {
            *o = to_sample(s);
        }
    }
    for (x, sample) in out.iter_mut().enumerate().skip(n_blocked) {
        let sum = weights.iter().enumerate().fold(HALF, |sum, (k, &w)| sum + i32::from(rows[k * n + x]) * w);
        *sample = to_sample(sum);
    }
}
