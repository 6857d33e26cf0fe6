//! Sums over pixels: of the codes at every position, of their squares (at every position where pixels are to be
//! standardised, else of a channel), of channel products, of each image's brightness.

use std::ops::Range;

use multiversion::multiversion;

use super::lanes::Lanes;
use super::summary::ImageSummary;
use crate::spectrum::plan::{AnalysisConfig, AnalysisPlan, Detail, at};

/// Squares of latents' codes whose sum fits 64 bits: each is at most 2⁶⁰.
const SQUARES_AT_ONCE: usize = 7;

/// Products of codes up to this, and the sums of [`PRODUCTS_AT_ONCE`] of them, are exact in single precision.
const LARGEST_BYTE_CODE: u64 = 255;
const PRODUCTS_AT_ONCE: usize = 256;

/// Sums over the pixels of the image at hand.
#[derive(Debug)]
pub(super) struct PixelSums {
    /// Sum of each channel's codes.
    code_sum: Vec<i64>,
    /// Sum of their squares.
    square_sum: Vec<i128>,
    /// Sums of the products of two channels' codes, the lower triangle: rows of 1, 2, … products.
    products: Vec<f64>,
    /// Mean of each channel, value.
    mean: Vec<f64>,
    /// Squares of one row of latents.
    squares: Vec<f64>,
}

/// Position of the products of channel `c` in the lower triangle.
fn triangle(c: usize) -> usize {
    c * (c + 1) / 2
}

impl PixelSums {
    pub fn new(config: &AnalysisConfig) -> Self {
        let n = config.channels.count();
        let width = if config.channels.are_latent() { config.size.width } else { 0 };
        Self {
            code_sum: vec![0; n],
            square_sum: vec![0; n],
            products: vec![0.0; triangle(n)],
            mean: vec![0.0; n],
            squares: Vec::with_capacity(width),
        }
    }

    /// Begins an image.
    pub fn clear(&mut self) {
        self.code_sum.fill(0);
        self.square_sum.fill(0);
        self.products.fill(0.0);
    }

    /// Adds the pixels at the positions `row` of each of `planes`, which are codes: a row, or several short ones, while
    /// these are in the first-level cache. Of latents always one: their products are rounded.
    pub fn add_row(&mut self, plan: &AnalysisPlan, planes: &[f32], row: Range<usize>, lanes: &mut Lanes) {
        let n_pixels = plan.config.size.n_pixels();
        let codes = |c: usize| &planes[c * n_pixels..][row.clone()];
        let product = if plan.config.channels.largest_code() <= LARGEST_BYTE_CODE { dot_of_bytes } else { dot };
        for c in 0..self.code_sum.len() {
            let offset = c * n_pixels + row.start;
            self.code_sum[c] += lanes.add_integers(at::PIXEL_SUM, offset, codes(c));
            self.square_sum[c] += match (plan.config.channels.are_latent(), plan.config.has_pixel_squares()) {
                (true, at_every_pixel) => {
                    let sum = self.square_latents(codes(c));
                    if at_every_pixel {
                        lanes.add(at::PIXEL_SQUARE_SUM, offset, &self.squares);
                    }
                    sum
                }
                (false, true) => i128::from(lanes.add_squares(at::PIXEL_SQUARE_SUM, offset, codes(c))),
                (false, false) => product(codes(c), codes(c)) as i128,
            };
            if plan.config.detail >= Detail::Power {
                for (d, sum) in self.products[triangle(c)..][..c].iter_mut().enumerate() {
                    *sum += product(codes(c), codes(d));
                }
            }
        }
    }

    /// Squares latents' codes, which are too large for lanes of 64 bits, and returns their total. They have 24 digits
    /// each, so their squares are exact.
    fn square_latents(&mut self, codes: &[f32]) -> i128 {
        self.squares.clear();
        self.squares.extend(codes.iter().map(|code| f64::from(*code) * f64::from(*code)));
        let sum = |squares: &[f64]| squares.iter().map(|s| *s as i64).sum::<i64>();
        self.squares.chunks(SQUARES_AT_ONCE).map(|squares| i128::from(sum(squares))).sum()
    }

    /// Adds what the image comes to, and leaves its mean and standard deviation in `summary`.
    pub fn finish(&mut self, plan: &AnalysisPlan, lanes: &mut Lanes, summary: &mut ImageSummary) {
        let n_pixels = plan.config.size.n_pixels();
        let n = n_pixels as f64;
        let channels = plan.config.channels.count();
        let Self { code_sum, square_sum, products, mean, .. } = self;
        // Equality in Cauchy and Schwarz's inequality: all pixels are equal.
        let is_flat = |c: usize| i128::from(code_sum[c]).pow(2) == n_pixels as i128 * square_sum[c];
        summary.flat = (0..channels).all(is_flat);
        (0..channels).for_each(|c| products[triangle(c) + c] = square_sum[c] as f64);
        let variance = |c: usize| (square_sum[c] as f64 / n - (code_sum[c] as f64 / n).powi(2)).max(0.0);
        let variance_sum: f64 = (0..channels).map(|c| plan.value_per_code(c).powi(2) * variance(c)).sum();
        // Channel means enter as differences from the first: a grey image has a deviation of exactly zero.
        let channel_mean = |c: usize| plan.value_per_code(c) * code_sum[c] as f64 / n;
        let differences = (0..channels).map(|c| channel_mean(c) - channel_mean(0));
        let (sum, squares) = differences.fold((0.0, 0.0), |(s, q), d| (s + d, q + d * d));
        mean.iter_mut().enumerate().for_each(|(c, m)| *m = plan.config.middle_value() + channel_mean(c));
        summary.channel_mean.clone_from(mean);
        let middle = plan.config.middle_value();
        let mean_square = |c: usize| {
            plan.value_per_code(c).powi(2) * square_sum[c] as f64 / n + middle * (middle + 2.0 * channel_mean(c))
        };
        summary.channel_mean_square.clear();
        summary.channel_mean_square.extend((0..channels).map(mean_square));
        let n = channels as f64;
        summary.mean = plan.config.middle_value() + channel_mean(0) + sum / n;
        summary.std = ((variance_sum + squares) / n - (sum / n).powi(2)).max(0.0).sqrt();
        if !plan.config.has_pixel_squares() {
            (0..channels).for_each(|c| lanes.add(at::PIXEL_SQUARE_SUM, c, &products[triangle(c) + c..][..1]));
        }
        if plan.config.detail >= Detail::Power {
            lanes.add(at::COLOR_OUTER, 0, products);
            add_brightness(mean, lanes);
        }
    }
}

/// Adds the channels' mean values and their products.
fn add_brightness(mean: &[f64], lanes: &mut Lanes) {
    lanes.add(at::CHANNEL_MEAN_SUM, 0, mean);
    for (c, value) in mean.iter().enumerate() {
        for (d, other) in mean[..=c].iter().enumerate() {
            lanes.add(at::CHANNEL_MEAN_OUTER, triangle(c) + d, &[value * other]);
        }
    }
}

/// As [`dot`], of codes up to [`LARGEST_BYTE_CODE`]: exact without a conversion of each.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn dot_of_bytes(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 16;
    let mut total = 0.0;
    for (a, b) in a.chunks(LANES * PRODUCTS_AT_ONCE).zip(b.chunks(LANES * PRODUCTS_AT_ONCE)) {
        let mut lanes = [0.0f32; LANES];
        let (chunks_a, chunks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest = chunks_a.remainder().iter().zip(chunks_b.remainder()).map(|(x, y)| x * y).sum::<f32>();
        for (chunk_a, chunk_b) in chunks_a.zip(chunks_b) {
            for ((lane, x), y) in lanes.iter_mut().zip(chunk_a).zip(chunk_b) {
                *lane += x * y;
            }
        }
        total += lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>() + f64::from(rest);
    }
    total
}

/// The scalar product of two rows; exact for codes of pixels, whose products are integers far below 2⁵³ over their
/// number.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0.0f64; 8];
    let (chunks_a, chunks_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 =
        chunks_a.remainder().iter().zip(chunks_b.remainder()).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
    for (chunk_a, chunk_b) in chunks_a.zip(chunks_b) {
        for ((lane, x), y) in lanes.iter_mut().zip(chunk_a).zip(chunk_b) {
            *lane += f64::from(*x) * f64::from(*y);
        }
    }
    lanes.iter().sum::<f64>() + rest
}
