//! Sums of whole numbers held in single precision: lanes of 32 bits where they are wide enough, else of 64.

use multiversion::multiversion;

use super::rounding::{FLUSH_AFTER, round_narrow};

/// Values whose total fits the narrow lanes of a specification: as many as may be added to one of its lanes.
const RUN: usize = FLUSH_AFTER;

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn add_integers_narrow(lanes: &mut [i32], values: &[f32]) -> i64 {
    let mut total = 0;
    for (lanes, values) in lanes.chunks_mut(RUN).zip(values.chunks(RUN)) {
        let mut sum = 0i32;
        for (lane, value) in lanes.iter_mut().zip(values) {
            let value = narrow(*value);
            *lane = lane.wrapping_add(value);
            sum = sum.wrapping_add(value);
        }
        total += i64::from(sum);
    }
    total
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn add_squares_narrow(lanes: &mut [i32], values: &[f32]) -> i64 {
    let mut total = 0;
    for (lanes, values) in lanes.chunks_mut(RUN).zip(values.chunks(RUN)) {
        let mut sum = 0i32;
        for (lane, value) in lanes.iter_mut().zip(values) {
            let square = narrow(value * value);
            *lane = lane.wrapping_add(square);
            sum = sum.wrapping_add(square);
        }
        total += i64::from(sum);
    }
    total
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn add_integers_wide(lanes: &mut [i64], values: &[f32]) -> i64 {
    let mut sum = 0i64;
    for (lane, value) in lanes.iter_mut().zip(values) {
        // Whole numbers below 2²⁴ are exact in `f32`, and the rounder takes them to integers without a conversion call.
        let value = round_narrow(f64::from(*value));
        *lane = lane.wrapping_add(value);
        sum = sum.wrapping_add(value);
    }
    sum
}

#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn add_squares_wide(lanes: &mut [i64], values: &[f32]) -> i64 {
    let mut sum = 0i64;
    for (lane, value) in lanes.iter_mut().zip(values) {
        let square = round_narrow(f64::from(*value) * f64::from(*value));
        *lane = lane.wrapping_add(square);
        sum = sum.wrapping_add(square);
    }
    sum
}

/// A whole number of magnitude below 2²² as an integer, by its bits: conversions saturate, and saturation costs.
#[inline(always)]
fn narrow(value: f32) -> i32 {
    const ROUNDER: f32 = 12_582_912.0; // 1.5 · 2²³
    ((value + ROUNDER).to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32)
}
