//! Sums over pixels: of the codes and their squares at every position, of channel products, of each image's brightness.

use multiversion::multiversion;

use super::lanes::Lanes;
use super::summary::ImageSummary;
use crate::spectrum::plan::{AnalysisConfig, AnalysisPlan, Detail, at};

/// Splits an image into planes of codes and adds these up, row by row while they are in the first-level cache; leaves
/// the image's mean and standard deviation in `summary`.
pub(super) fn add_pixels<'a>(
    plan: &AnalysisPlan,
    rows: impl Iterator<Item = &'a [u8]>,
    planes: &mut [f32],
    lanes: &mut Lanes,
    summary: &mut ImageSummary,
) {
    let n_pixels = plan.config.size.n_pixels();
    let n = n_pixels as f64;
    let channels = plan.config.channels.count();
    let mut code_sum = [0i64; 3];
    let mut square_sum = [0i128; 3];
    let mut products = [[0.0; 3]; 3];
    let mut start = 0;
    for row in rows {
        plan.config.channels.split_row(row, start, planes);
        let codes = |c: usize| &planes[c * n_pixels + start..][..row.len() / 3];
        for c in 0..channels {
            code_sum[c] += lanes.add_integers(at::PIXEL_SUM, c * n_pixels + start, codes(c));
            let squares = lanes.add_squares(at::PIXEL_SQUARE_SUM, c * n_pixels + start, codes(c));
            square_sum[c] += i128::from(squares);
            if plan.config.detail >= Detail::Power {
                for (d, product) in products[c].iter_mut().enumerate().take(c) {
                    *product += dot(codes(c), codes(d));
                }
            }
        }
        start += row.len() / 3;
    }
    assert_eq!(start, n_pixels, "the rows hold one image");
    // Equality in Cauchy and Schwarz's inequality: all pixels are equal.
    let is_flat = |c: usize| i128::from(code_sum[c]).pow(2) == n_pixels as i128 * square_sum[c];
    summary.flat = (0..channels).all(is_flat);
    (0..channels).for_each(|c| products[c][c] = square_sum[c] as f64);
    let code_sum = code_sum.map(|sum| sum as f64);
    let variance = |c: usize| (products[c][c] / n - (code_sum[c] / n).powi(2)).max(0.0);
    let variance_sum: f64 = (0..channels).map(|c| plan.value_per_code(c).powi(2) * variance(c)).sum();
    // Channel means enter as differences from the first: a grey image has a deviation of exactly zero.
    let channel_mean = |c: usize| plan.value_per_code(c) * code_sum[c] / n;
    let differences = (0..channels).map(|c| channel_mean(c) - channel_mean(0));
    let (sum, squares) = differences.fold((0.0, 0.0), |(s, q), d| (s + d, q + d * d));
    summary.channel_mean.clear();
    summary.channel_mean.extend((0..channels).map(|c| plan.config.middle_value() + channel_mean(c)));
    let middle = plan.config.middle_value();
    let mean_square =
        |c: usize| plan.value_per_code(c).powi(2) * products[c][c] / n + middle * (middle + 2.0 * channel_mean(c));
    summary.channel_mean_square.clear();
    summary.channel_mean_square.extend((0..channels).map(mean_square));
    let n = channels as f64;
    summary.mean = plan.config.middle_value() + channel_mean(0) + sum / n;
    summary.std = ((variance_sum + squares) / n - (sum / n).powi(2)).max(0.0).sqrt();
    if plan.config.detail >= Detail::Power {
        add_colors(&plan.config, &products, lanes);
        add_brightness(&plan.config, &code_sum, lanes);
    }
}

/// Adds the products of the channels, summed over positions.
fn add_colors(config: &AnalysisConfig, products: &[[f64; 3]; 3], lanes: &mut Lanes) {
    let mut pair = 0;
    for (c, products) in products.iter().enumerate().take(config.channels.count()) {
        lanes.add(at::COLOR_OUTER, pair, &products[..=c]);
        pair += c + 1;
    }
}

/// Adds the channels' mean values and their products.
fn add_brightness(config: &AnalysisConfig, code_sum: &[f64; 3], lanes: &mut Lanes) {
    let n_pixels = config.size.n_pixels() as f64;
    let mut mean = [0.0; 3];
    let mut pair = 0;
    for c in 0..config.channels.count() {
        mean[c] = config.middle_value() + config.value_per_code(c) * code_sum[c] / n_pixels;
        lanes.add(at::CHANNEL_MEAN_SUM, c, &mean[c..=c]);
        for d in 0..=c {
            lanes.add(at::CHANNEL_MEAN_OUTER, pair, &[mean[c] * mean[d]]);
            pair += 1;
        }
    }
}

/// The scalar product of two rows; exact for codes, whose products are integers far below 2⁵³ over their number.
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
